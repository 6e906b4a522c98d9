package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"picket/cmd/internal/supervise"
	"picket/config"
	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// manager is systemd's end of the notify socket.
type manager struct {
	*net.UnixConn
	t *testing.T
}

func newManager(t *testing.T) manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "picket-notify-") // t.TempDir is too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); _ = os.RemoveAll(dir) })
	t.Setenv("NOTIFY_SOCKET", path)
	return manager{conn, t}
}

// next is the next message, "" when none comes within the limit.
func (m manager) next(limit time.Duration) string {
	m.t.Helper()
	if err := m.SetReadDeadline(time.Now().Add(limit)); err != nil {
		m.t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := m.Read(buf)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		m.t.Fatal(err)
	}
	return string(buf[:n])
}

// hears waits for a message that holds the text.
func (m manager) hears(text string) string {
	m.t.Helper()
	for {
		got := m.next(20 * time.Second)
		if got == "" {
			m.t.Fatalf("systemd did not hear %q", text)
		}
		if strings.Contains(got, text) {
			return got
		}
	}
}

// service is a daemon that systemd supervises, with a state-dir.
type service struct {
	manager
	port, unused int
	file, state  string
	stop         context.CancelFunc
	ended        chan error
}

// serves starts one that watches one group, and waits for nothing.
func serves(t *testing.T, log *zap.Logger) *service {
	t.Helper()
	s := &service{manager: newManager(t), port: freePort(t), unused: freePort(t), file: filepath.Join(t.TempDir(), "sentinel.conf"), state: t.TempDir(), ended: make(chan error, 1)}
	s.write("")
	cfg := s.load()
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() {
		s.ended <- Run(ctx, Options{Config: cfg, Log: log, Level: zap.NewAtomicLevel(), Version: "test", Supervisor: supervise.Of("systemd")})
	}()
	t.Cleanup(cancel)
	return s
}

// load reads what the next start would find.
func (s *service) load() *config.Config {
	s.t.Helper()
	cfg, err := config.Load(s.file, []string{"--state-dir", s.state})
	if err != nil {
		s.t.Fatal(err)
	}
	return cfg
}

// write makes the file anew, with lines added.
func (s *service) write(lines string) {
	s.t.Helper()
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ngossip-port 0\nsentinel monitor main 127.0.0.1 %d 1\n%s", s.port, s.unused, lines)
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// reload sends SIGHUP to this process and returns what systemd is told at its end.
func (s *service) reload() string {
	s.t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		s.t.Fatal(err)
	}
	s.hears("RELOADING=1\nMONOTONIC_USEC=")
	return s.hears("READY=1")
}

func (s *service) end() {
	s.t.Helper()
	s.stop()
	if err := <-s.ended; err != nil {
		s.t.Error(err)
	}
}

func TestSystemdIsToldWhenClientsAreServedAndWhenNoMore(t *testing.T) {
	s := serves(t, zap.NewNop())
	first := s.hears("READY=1")
	if !strings.Contains(first, "STATUS=watching 1 group: ") || !strings.Contains(first, "no peers known") {
		t.Errorf("the status at the start is %q", first)
	}
	c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(s.port)) // it is open by now: no retry
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	s.stop()
	s.hears("STOPPING=1")
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
}

func TestTheStatusFollowsTheMasters(t *testing.T) {
	s := serves(t, zap.NewNop())
	s.write("sentinel down-after-milliseconds main 100\n")
	s.hears("READY=1")
	s.reload()
	s.hears("down (main)") // sdown or odown
	s.end()
}

// gate lets a test hold the loop where it logs an event.
type gate struct {
	shut atomic.Bool
	open chan struct{}
}

func (g *gate) logger() *zap.Logger {
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{}), zapcore.AddSync(io.Discard), zapcore.InfoLevel)
	return zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
		if e.Message == "event" && g.shut.Load() {
			<-g.open
		}
		return nil
	}))
}

func TestTheWatchdogIsFedByTheLoopAndByNobodyElse(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "400000")
	g := &gate{open: make(chan struct{})}
	s := serves(t, g.logger())
	s.hears("READY=1")
	for range 3 {
		s.hears("WATCHDOG=1")
	}
	c := (&running{port: s.port}).client(t)
	g.shut.Store(true)
	go c.Set(context.Background(), "main", "quorum", "2") // the loop hangs where it logs +set
	fed := 0
	for fed < 100 && s.next(time.Second) != "" { // nothing for a second: ten times its period
		fed++
	}
	if fed == 100 {
		t.Error("the watchdog is fed although the loop is stuck")
	}
	g.shut.Store(false)
	close(g.open)
	s.hears("WATCHDOG=1")
	s.end()
}

func TestAReloadTakesUpTheFile(t *testing.T) {
	s := serves(t, zap.NewNop())
	s.hears("READY=1")
	c := (&running{port: s.port}).client(t)
	if err := c.Set(t.Context(), "main", "parallel-syncs", "3").Err(); err != nil {
		t.Fatal(err)
	}
	s.write("sentinel down-after-milliseconds main 1234\nsentinel monitor second 127.0.0.1 1 1\nmaxclients 77\n")
	if told := s.reload(); !strings.Contains(told, "watching 2 groups") {
		t.Errorf("systemd is told %q", told)
	}
	m, err := c.Master(t.Context(), "main").Result()
	if err != nil || m["down-after-milliseconds"] != "1234" || m["parallel-syncs"] != "3" {
		t.Errorf("down-after %s, parallel-syncs %s, %v: want that of the file and what was SET", m["down-after-milliseconds"], m["parallel-syncs"], err)
	}
	if addr, err := c.GetMasterAddrByName(t.Context(), "second").Result(); err != nil || addr[1] != "1" {
		t.Errorf("the group of the new line: %v, %v", addr, err)
	}
	s.end()
	s.write("") // as it was at the start: what the reload took from the file must not pass for a SET
	next := s.load()
	if len(next.Groups) != 1 || next.Groups[0].Settings.DownAfter != 30*time.Second || next.Groups[0].Settings.ParallelSyncs != 3 {
		t.Errorf("the next start finds %+v", next.Groups)
	}
}

func TestABadFileIsRefusedAndSaidSo(t *testing.T) {
	s := serves(t, zap.NewNop())
	s.hears("READY=1")
	s.write("sentinel down-after-milliseconds main 4321\nsentinel quorum-of-what main 2\n")
	told := s.reload()
	if !strings.Contains(told, "reload refused: "+s.file+" line 6") {
		t.Errorf("systemd is told %q", told)
	}
	c := (&running{port: s.port}).client(t)
	if m, err := c.Master(t.Context(), "main").Result(); err != nil || m["down-after-milliseconds"] != "30000" {
		t.Errorf("down-after %s, %v: a line of the refused file acts", m["down-after-milliseconds"], err)
	}
	s.write("")
	if told := s.reload(); strings.Contains(told, "refused") {
		t.Errorf("after a good file systemd is told %q", told)
	}
	s.end()
}

// A monitor line that is lost in an edit must not end the watch; and a master that the
// file names anew must not replace one that failovers chose.
func TestAReloadNeitherDropsNorMovesAGroup(t *testing.T) {
	s := serves(t, zap.NewNop())
	s.hears("READY=1")
	s.unused++
	s.write("")
	s.reload()
	c := (&running{port: s.port}).client(t)
	if addr, err := c.GetMasterAddrByName(t.Context(), "main").Result(); err != nil || addr[1] != strconv.Itoa(s.unused-1) {
		t.Errorf("the master is %v, %v after its line changed", addr, err)
	}
	if err := os.WriteFile(s.file, []byte(fmt.Sprintf("port %d\nbind 127.0.0.1\ngossip-port 0\n", s.port)), 0o600); err != nil {
		t.Fatal(err)
	}
	if told := s.reload(); !strings.Contains(told, "watching 1 group") {
		t.Errorf("systemd is told %q after the line was deleted", told)
	}
	s.end()
}

func TestTheSummaryNamesWhatIsNotUp(t *testing.T) {
	view := func(name string, change func(*failover.View)) *failover.View {
		v := &failover.View{Settings: failover.Settings{Name: name}}
		v.Master.Verdict.State = monitor.StateUp
		if change != nil {
			change(v)
		}
		return v
	}
	in := func(s monitor.State) func(*failover.View) {
		return func(v *failover.View) { v.Master.Verdict.State = s }
	}
	peers := func(ids ...string) func(*failover.View) {
		return func(v *failover.View) {
			for _, id := range ids {
				v.Peers = append(v.Peers, failover.PeerView{ID: quorum.ID(strings.TrimSuffix(id, "!")), Connected: true, Down: strings.HasSuffix(id, "!")})
			}
		}
	}
	for _, tt := range []struct {
		views []*failover.View
		want  string
	}{
		{nil, "watching no groups"},
		{[]*failover.View{view("a", nil)}, "watching 1 group: 1 up; no peers known"},
		{[]*failover.View{view("a", peers("x", "y")), view("mymaster", in(monitor.StateScriptBlocked)), view("c", peers("x", "y"))},
			"watching 3 groups: 2 up, 1 script-blocked (mymaster); 2 of 2 peers answer"},
		{[]*failover.View{view("a", peers("x")), view("b", peers("x!"))}, "watching 2 groups: 2 up; 0 of 1 peer answer"},
		{[]*failover.View{view("a", func(v *failover.View) { v.Master.Down, v.Master.ODown = true, true }), view("b", func(v *failover.View) { v.FailoverState = "wait_start" }),
			view("c", func(v *failover.View) { v.Master.Down = true }), view("d", in(monitor.StateUnknown))},
			"watching 4 groups: 1 failing over (b), 1 not reached yet (d), 1 odown (a), 1 sdown (c); no peers known"},
		{[]*failover.View{view("e", in(monitor.StateHung)), view("d", in(monitor.StateHung)), view("c", in(monitor.StateHung)), view("b", in(monitor.StateHung)), view("a", in(monitor.StateHung))},
			"watching 5 groups: 5 hung (a b c and 2 more); no peers known"},
	} {
		if got := summarize(tt.views); got != tt.want {
			t.Errorf("got  %q\nwant %q", got, tt.want)
		}
	}
}
