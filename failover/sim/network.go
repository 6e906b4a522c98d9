package sim

import "time"

// traffic is what the network carries; faults strike each kind separately.
type traffic uint8

const (
	resp   traffic = iota // TCP: what is lost is sent again, and nothing is reordered within a link
	gossip                // datagrams: lost, doubled, reordered
	kinds
)

// path is one direction between two hosts.
type path struct {
	cut     bool
	since   time.Duration // when it last began or ended to be faulty
	slow    time.Duration // added to every delay
	loss    float64
	doubled float64
}

func (p *path) clean() bool { return !p.cut && p.slow == 0 && p.loss == 0 }

// network joins hosts, numbered from 0.
type network struct {
	w     *World
	hosts int
	paths [kinds][]path
	dark  []bool // hosts without power: they answer nothing, not even a refusal
	when  []time.Duration
}

func newNetwork(w *World, hosts int) *network {
	n := &network{w: w, hosts: hosts, dark: make([]bool, hosts), when: make([]time.Duration, hosts)}
	for k := range n.paths {
		n.paths[k] = make([]path, hosts*hosts)
	}
	return n
}

func (n *network) path(k traffic, from, to int) *path { return &n.paths[k][from*n.hosts+to] }

// change applies f to one direction and notes when.
func (n *network) change(k traffic, from, to int, f func(*path)) {
	p := n.path(k, from, to)
	f(p)
	p.since = n.w.now
}

// open reports whether what leaves from now can arrive.
func (n *network) open(k traffic, from, to int) bool {
	return from == to || !n.dark[from] && !n.dark[to] && !n.path(k, from, to).cut
}

// both reports whether both directions are open.
func (n *network) both(k traffic, a, b int) bool { return n.open(k, a, b) && n.open(k, b, a) }

// cleanFor reports whether RESP between two hosts has had no fault for d.
func (n *network) cleanFor(a, b int, d time.Duration) bool {
	if n.dark[a] || n.dark[b] {
		return false
	}
	for _, p := range []*path{n.path(resp, a, b), n.path(resp, b, a)} {
		if !p.clean() || n.w.now-p.since < d && p.since > 0 {
			return false
		}
	}
	return n.w.now-n.when[a] >= d && n.w.now-n.when[b] >= d
}

func (n *network) delay(k traffic, from, to int) time.Duration {
	if from == to {
		return 20 * time.Microsecond
	}
	d := 100*time.Microsecond + time.Duration(n.w.rng.Int64N(int64(400*time.Microsecond)))
	if k == gossip {
		d += time.Duration(n.w.rng.Int64N(int64(200 * time.Millisecond))) // memberlist's gossip interval
	}
	if slow := n.path(k, from, to).slow; slow > 0 {
		d += slow/2 + time.Duration(n.w.rng.Int64N(int64(slow)))
	}
	return d
}

func (n *network) lost(k traffic, from, to int) bool {
	if !n.open(k, from, to) {
		return true
	}
	p := n.path(k, from, to)
	return p.loss > 0 && n.w.rng.Float64() < p.loss
}

// packet carries f once, or not at all: a SYN, a RST, a FIN.
func (n *network) packet(from, to int, f func()) {
	if !n.lost(resp, from, to) {
		n.w.after(n.delay(resp, from, to), f)
	}
}

const (
	firstRTO = 200 * time.Millisecond
	giveUp   = 10 * time.Minute
	maxRTO   = 30 * time.Second
)

// segment carries f over TCP: sent again with a doubling timeout until it
// arrives, given up after ten minutes.
func (n *network) segment(from, to int, f func()) {
	n.transmit(from, to, &transmission{run: f, rto: firstRTO})
}

type transmission struct {
	run   func()
	rto   time.Duration
	spent time.Duration
}

func (n *network) transmit(from, to int, t *transmission) {
	if !n.lost(resp, from, to) {
		n.w.after(n.delay(resp, from, to), t.run)
		return
	}
	if t.spent += t.rto; t.spent > giveUp {
		return
	}
	wait := t.rto
	t.rto = min(2*t.rto, maxRTO)
	n.w.after(wait, func() { n.transmit(from, to, t) })
}

// datagram carries f over gossip: not at all, once or twice.
func (n *network) datagram(from, to int, f func()) {
	if n.lost(gossip, from, to) {
		return
	}
	n.w.after(n.delay(gossip, from, to), f)
	if p := n.path(gossip, from, to); p.doubled > 0 && n.w.rng.Float64() < p.doubled {
		n.w.after(n.delay(gossip, from, to)+time.Second, f)
	}
}

// heal ends every fault of the network.
func (n *network) heal() {
	for k := range n.paths {
		for i := range n.paths[k] {
			if p := &n.paths[k][i]; !p.clean() || p.doubled > 0 {
				*p = path{since: n.w.now}
			}
		}
	}
	for i := range n.dark {
		n.power(i, true)
	}
}

// power switches a host on or off.
func (n *network) power(host int, on bool) {
	if n.dark[host] == on {
		n.dark[host], n.when[host] = !on, n.w.now
	}
}
