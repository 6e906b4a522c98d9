package sim

import (
	"time"

	"picket/monitor"
	"picket/quorum"
)

// rival is a peer that follows redis-sentinel's rules.
type rival struct {
	w    *World
	id   quorum.ID
	name string
	host int
	addr monitor.Addr
	up   bool
}

func (w *World) addRival(host int, ip string) {
	r := &rival{w: w, id: nodeID(host), host: host, name: "sentinel", addr: monitor.Addr{Host: ip, Port: 26379}, up: true}
	w.rivals = append(w.rivals, r)
}

func (r *rival) location() int      { return r.host }
func (r *rival) alive() bool        { return r.up }
func (r *rival) whenAwake(f func()) { f() }

func (r *rival) hello(monitor.Hello) {}

func (r *rival) isDown(quorum.Question) (down bool, leader quorum.ID, epoch uint64) { return }

func (r *rival) identify(group string) quorum.Answer {
	return quorum.Answer{Peer: r.id, Kind: quorum.KindSentinel}
}

func (r *rival) crash(time.Duration) {}
