package lab

import "fmt"

// Program is a kind of monitor: which command runs it, and what its
// configuration says beside Sentinel's own directives.
type Program interface {
	// Name is how tables call it.
	Name() string
	// Argv is the command that runs a monitor with the configuration file conf.
	Argv(conf string) []string
	// Lines are configuration lines that only this program has.
	Lines(host string, gossipPort int) []string
}

// Picket runs Picket's own monitor.
type Picket struct {
	Binary string // path of the picket program
}

// Name returns "picket".
func (Picket) Name() string { return "picket" }

// Argv runs the daemon as redis-sentinel is run, with the file alone.
func (p Picket) Argv(conf string) []string { return []string{p.Binary, conf} }

// Lines fix the gossip port: the default could meet another lab's.
func (Picket) Lines(host string, gossipPort int) []string {
	return []string{fmt.Sprintf("gossip-port %d", gossipPort), "gossip-bind " + host}
}

// RedisSentinel runs redis-sentinel.
type RedisSentinel struct {
	Binary string // path of redis-sentinel, or of redis-server
}

// Name returns "redis-sentinel".
func (RedisSentinel) Name() string { return "redis-sentinel" }

// Argv names the mode too, so that a redis-server will do.
func (s RedisSentinel) Argv(conf string) []string { return []string{s.Binary, conf, "--sentinel"} }

// Lines returns none.
func (RedisSentinel) Lines(string, int) []string { return nil }
