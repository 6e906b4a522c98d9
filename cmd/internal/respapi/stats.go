package respapi

import "sync/atomic"

// stats are counted since the server was made.
type stats struct {
	connections atomic.Int64 // accepted, turned away ones included
	rejected    atomic.Int64 // turned away
	commands    atomic.Int64
	errors      atomic.Int64 // error replies
	dropped     atomic.Int64 // subscribers that did not read
	overBudget  atomic.Int64 // connections closed for what their unfinished commands held
	netIn       atomic.Int64 // bytes
	netOut      atomic.Int64
}
