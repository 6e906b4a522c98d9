package respapi

import (
	"testing"

	"picket/cmd/internal/acl"
)

// A subscription that was permitted a moment ago, and waits for the bus while the right to
// it is taken away, is refused: who took the right away looked at the subscriptions there
// were, and this was none of them yet.
func TestARightLostOnTheWayToTheBusIsLost(t *testing.T) {
	h := open(t, nil)
	admin, c := h.connect(t), h.connect(t)
	admin.ask("ACL SETUSER eve on nopass &a +subscribe +ping")
	c.ask("AUTH eve x")

	held, release := make(chan struct{}), make(chan struct{})
	go h.bus.do(func() { close(held); <-release })
	<-held
	c.send("SUBSCRIBE a\r\n" + marker + "\r\n")
	await(t, func() bool { // the first look at the right is behind it
		h.bus.mu.Lock()
		defer h.bus.mu.Unlock()
		return h.bus.orders.len > 0
	})
	err := h.replace(func(u *acl.Users) (*acl.Users, error) { return u.Set("eve", []string{"resetchannels"}) })
	if err != nil {
		t.Fatal(err)
	}
	close(release)
	const want = "-NOPERM this user has no permissions to access one of the channels used as arguments\r\n"
	if got := c.until(endReply); got != want {
		t.Errorf("got %q", got)
	}
	if got := admin.ask("ACL LOG RESET", "ACL DELUSER eve"); got != "+OK\r\n:1\r\n" {
		t.Errorf("got %q", got)
	}
}

// Commands that a deleted user had sent already are not run.
func TestADeletedUsersCommandsAreNotRun(t *testing.T) {
	h := open(t, nil)
	admin, c := h.connect(t), h.connect(t)
	admin.ask("ACL SETUSER eve on nopass +@all &*")
	c.ask("AUTH eve x")
	held, release := make(chan struct{}), make(chan struct{})
	go h.bus.do(func() { close(held); <-release })
	<-held
	c.send("SUBSCRIBE a\r\nSENTINEL FAILOVER mymaster\r\n")
	await(t, func() bool {
		h.bus.mu.Lock()
		defer h.bus.mu.Unlock()
		return h.bus.orders.len > 0
	})
	admin.send("ACL DELUSER eve\r\n" + marker + "\r\n")
	await(t, func() bool { _, ok := h.accounts.users.Load().Get("eve"); return !ok })
	close(release)
	if got := admin.until(endReply); got != ":1\r\n" {
		t.Errorf("got %q", got)
	}
	c.until([]byte("never"))
	if told := h.heard(); len(told) > 0 {
		t.Errorf("the backend was told %q", told)
	}
}
