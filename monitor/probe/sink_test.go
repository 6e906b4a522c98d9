package probe

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"picket/monitor"
)

// recorder is a Sink that keeps everything, and lets a test wait for something.
type recorder struct {
	mu      sync.Mutex
	reports []monitor.Report
	infos   []monitor.InfoReport
	hellos  []string
	changed chan struct{}
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{})} }

func (r *recorder) note(add func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) Observed(_ string, m monitor.Report) {
	r.note(func() { r.reports = append(r.reports, m) })
}

func (r *recorder) Informed(_ string, m monitor.InfoReport) {
	r.note(func() { r.infos = append(r.infos, m) })
}

func (r *recorder) HelloHeard(_ string, _ monitor.Addr, payload string) {
	r.note(func() { r.hellos = append(r.hellos, payload) })
}

// mark returns how many reports there are, for waiting for one that comes after.
func (r *recorder) mark() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.reports)
}

func (r *recorder) since(mark int) []monitor.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]monitor.Report(nil), r.reports[mark:]...)
}

// await waits until ok holds of what was recorded; ok runs under the lock.
func (r *recorder) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		done, changed := ok(), r.changed
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("never saw %s; last reports: %+v", what, tail(r.since(0)))
		}
	}
}

func tail(rs []monitor.Report) []monitor.Report { return rs[max(0, len(rs)-5):] }

// report waits for a report after mark that ok accepts, and returns it.
func (r *recorder) report(t *testing.T, what string, mark int, ok func(monitor.Report) bool) monitor.Report {
	t.Helper()
	var found monitor.Report
	r.await(t, what, func() bool {
		for _, m := range r.reports[mark:] {
			if ok(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// info waits for the n-th INFO report, counting from 1.
func (r *recorder) info(t *testing.T, n int) monitor.InfoReport {
	t.Helper()
	r.await(t, "an INFO report", func() bool { return len(r.infos) >= n })
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.infos[n-1]
}

func replied(with monitor.Reply) func(monitor.Report) bool {
	return func(r monitor.Report) bool { return r.Kind == monitor.ReportReplied && r.Reply == with }
}

func pending(with monitor.Ack) func(monitor.Report) bool {
	return func(r monitor.Report) bool { return r.Kind == monitor.ReportPending && r.Ack == with }
}

func kind(k monitor.ReportKind) func(monitor.Report) bool {
	return func(r monitor.Report) bool { return r.Kind == k }
}

// testLinks are Links whose answers a test can change while they are in use.
type testLinks struct {
	dial  func(context.Context, monitor.Addr) (net.Conn, error)
	hello monitor.Hello

	mu         sync.Mutex
	user, pass string
	renamed    map[string]string
}

func (l *testLinks) Dial(ctx context.Context, a monitor.Addr) (net.Conn, error) {
	return l.dial(ctx, a)
}

func (l *testLinks) Credentials(string) (string, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.user, l.pass
}

func (l *testLinks) login(user, pass string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.user, l.pass = user, pass
}

func (l *testLinks) Command(_, name string) string {
	if to, ok := l.renamed[name]; ok {
		return to
	}
	return name
}

func (l *testLinks) Announce(string) monitor.Hello { return l.hello }

const myID = "0123456789abcdef0123456789abcdef01234567"

func testHello() monitor.Hello {
	return monitor.Hello{Peer: monitor.Addr{Port: 26379}, ID: myID, Group: "g", Master: monitor.Addr{Host: "127.0.0.1", Port: 1}}
}

// clock counts from a second before it was made, so that no instant is Never.
func clock() func() monitor.Instant {
	start := time.Now().Add(-time.Second)
	return func() monitor.Instant { return monitor.Instant(time.Since(start)) }
}

func startsWith(prefix string) func(string) bool {
	return func(s string) bool { return strings.HasPrefix(s, prefix) }
}
