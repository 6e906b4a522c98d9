package gossip

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/memberlist"

	"picket/monitor"
	"picket/quorum"
)

// memberLimit bounds the pool, so that invented members cannot fill memory.
const memberLimit = 256

// nodeName is how memberlist knows a monitor: its id and boot. A monitor that
// restarts is a new node to memberlist, which takes its new address at once and
// lets the old node die; under its id alone it would be refused for as long as
// the others hold its former life to be alive.
func nodeName(id quorum.ID, boot uint64) string {
	return string(id) + "." + strconv.FormatUint(boot, 10)
}

// parseNode copies what a node says of itself.
func parseNode(n *memberlist.Node) (Member, error) {
	id, boot, _ := strings.Cut(n.Name, ".")
	b, err := strconv.ParseUint(boot, 10, 64)
	if err != nil || !monitor.ValidID(id) {
		return Member{}, fmt.Errorf("parse member %.80q: want <id>.<boot>", n.Name)
	}
	return Member{ID: quorum.ID(id), Boot: b, Addr: nodeAddr(n), Alive: true}, nil
}

// roster is our own copy of who lives, filled from memberlist's callbacks:
// what Members returns may not be read while memberlist runs.
type roster struct {
	mu       sync.Mutex
	closed   bool
	couriers map[string]*courier // by node name
}

// add keeps a courier and reports whether who lives under its id changed.
func (r *roster) add(name string, c *courier) (Member, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Member{}, false
	}
	before, _ := r.latest(c.member.ID)
	if old := r.couriers[name]; old != nil {
		old.cancel()
	}
	r.couriers[name] = c
	c.start()
	after, _ := r.latest(c.member.ID)
	return after, after != before
}

// remove ends a courier and reports whether who lives under its id changed: an
// earlier life of a monitor that already runs again changes nothing.
func (r *roster) remove(name string) (Member, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.couriers[name]
	if c == nil {
		return Member{}, false
	}
	before, _ := r.latest(c.member.ID)
	c.cancel()
	delete(r.couriers, name)
	after, lives := r.latest(c.member.ID)
	if !lives {
		after = before
		after.Alive = false
	}
	return after, after != before
}

// latest is the life of a monitor with the highest boot.
func (r *roster) latest(id quorum.ID) (best Member, lives bool) {
	for _, c := range r.couriers {
		if c.member.ID == id && (!lives || c.member.Boot > best.Boot) {
			best, lives = c.member, true
		}
	}
	return best, lives
}

// close ends all couriers and lets no new one start.
func (r *roster) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, c := range r.couriers {
		c.cancel()
	}
	clear(r.couriers)
}

func (r *roster) tell(p parcel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.couriers {
		c.tell(p)
	}
}

func (r *roster) at(a monitor.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.couriers {
		if c.member.Addr == a {
			return true
		}
	}
	return false
}

// full reports whether one more node, not yet known, is too many.
func (r *roster) full(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.couriers[name] == nil && len(r.couriers) >= memberLimit
}
