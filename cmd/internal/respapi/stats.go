package respapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync/atomic"
)

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

// password is the one of the user "default". Only its hash is kept, so that
// comparing takes the same time for all guesses.
type password struct {
	hash atomic.Pointer[[sha256.Size]byte]
}

func (p *password) set(text string) {
	if text == "" {
		p.hash.Store(nil)
		return
	}
	h := sha256.Sum256([]byte(text))
	p.hash.Store(&h)
}

func (p *password) isSet() bool { return p.hash.Load() != nil }

// accepts reports whether text is the password; any is when none is set (nopass).
func (p *password) accepts(text string) bool {
	want := p.hash.Load()
	if want == nil {
		return true
	}
	got := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
