package supervise

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listen is systemd's end of the socket.
func listen(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return conn
}

func heard(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestWhatSystemdIsTold(t *testing.T) {
	for _, where := range []struct{ name, socket string }{
		{"a socket in a folder", filepath.Join(t.TempDir(), "notify")},
		{"an abstract socket", fmt.Sprintf("@picket-notify-%d", os.Getpid())},
	} {
		t.Run(where.name, func(t *testing.T) {
			conn := listen(t, where.socket)
			s := Of("systemd")
			for _, tt := range []struct {
				tell func()
				want string
			}{
				{func() { s.Ready("watching 1 group") }, "READY=1\nSTATUS=watching 1 group"},
				{func() { s.Status("a name\nREADY=1") }, "STATUS=a name READY=1"},
				{s.Alive, "WATCHDOG=1"},
				{s.Stopping, "STOPPING=1\nSTATUS=ending"},
			} {
				tt.tell()
				if got := heard(t, conn); got != tt.want {
					t.Errorf("systemd heard %q, want %q", got, tt.want)
				}
			}
		})
	}
}

// systemd takes a READY=1 that was sent before the reload for its answer unless it knows
// when the reload began.
func TestAReloadNamesItsMoment(t *testing.T) {
	conn := listen(t, filepath.Join(t.TempDir(), "notify"))
	var before, after unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &before); err != nil {
		t.Fatal(err)
	}
	Of("auto").Reloading()
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &after); err != nil {
		t.Fatal(err)
	}
	var at int64
	text := heard(t, conn)
	if _, err := fmt.Sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%d\n", &at); err != nil {
		t.Fatalf("systemd heard %q: %v", text, err)
	}
	if at < before.Nano()/1000 || at > after.Nano()/1000 {
		t.Errorf("the reload began at %d, not between %d and %d", at, before.Nano()/1000, after.Nano()/1000)
	}
}

func TestWhoCountsAsASupervisor(t *testing.T) {
	for _, tt := range []struct {
		mode, socket string
		want         bool
	}{
		{"systemd", "/s", true}, {"auto", "/s", true}, {"no", "/s", false}, {"upstart", "/s", false},
		{"systemd", "", false}, {"auto", "", false},
	} {
		t.Setenv("NOTIFY_SOCKET", tt.socket)
		t.Setenv("UPSTART_JOB", "")
		if got := Of(tt.mode); (got != nil) != tt.want {
			t.Errorf("supervised %s with NOTIFY_SOCKET=%q finds %v", tt.mode, tt.socket, got)
		}
	}
	var nobody *Supervisor
	nobody.Ready("") // and nothing happens
	nobody.Stopping()
}

func TestTheWatchdogIsThatOfThisProcess(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/s")
	s := Of("systemd")
	for _, tt := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"30000000", fmt.Sprint(os.Getpid()), 30 * time.Second},
		{"30000000", "", 30 * time.Second},
		{"30000000", "1", 0},
		{"", "", 0},
		{"soon", "", 0},
	} {
		t.Setenv("WATCHDOG_USEC", tt.usec)
		t.Setenv("WATCHDOG_PID", tt.pid)
		if got := s.Watchdog(); got != tt.want {
			t.Errorf("WATCHDOG_USEC=%s WATCHDOG_PID=%s: %v, want %v", tt.usec, tt.pid, got, tt.want)
		}
	}
}

func TestWhatIsStartedDoesNotFindTheSupervisor(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/s")
	t.Setenv("WATCHDOG_USEC", "1")
	t.Setenv("PICKET_TEST_KEPT", "yes")
	env := Environ()
	for _, line := range env {
		if name, _, _ := strings.Cut(line, "="); name == "NOTIFY_SOCKET" || strings.HasPrefix(name, "WATCHDOG_") {
			t.Errorf("%s is left", name)
		}
	}
	if !slices.Contains(env, "PICKET_TEST_KEPT=yes") {
		t.Error("a variable of the operator is gone")
	}
}
