package systemd

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"picket/deploy/lab"
	"picket/deploy/machine"
)

// patience bounds each wait in the machine: twice what the watchdog and a restart take.
const patience = 90 * time.Second

// config is what an operator writes.
const config = `port 26379
sentinel monitor mymaster 127.0.0.1 6379 1
sentinel down-after-milliseconds mymaster 2000
sentinel notification-script mymaster /etc/picket/notify.sh
`

// notify is a script that does what the unit lets it: it writes where the state is.
const notify = `#!/bin/sh
echo "$1 $2" >>"$STATE_DIRECTORY/events"
env >"$STATE_DIRECTORY/environment"
`

// host is a booted machine with Redis and Picket as services.
type host struct {
	machine *machine.Machine
	*testing.T
	ctx context.Context
}

// on is the same host in a test below.
func (h *host) on(t *testing.T) *host { return &host{h.machine, t, h.ctx} }

// sh runs a shell command in the machine that must succeed.
func (h *host) sh(command string) string {
	h.Helper()
	out, err := h.machine.Run(h.ctx, "sh", "-c", command)
	if err != nil {
		h.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// until waits for the output of a shell command to be as wanted, whether it succeeds or not.
func (h *host) until(command string, ok func(out string) bool) string {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.ctx, patience)
	defer cancel()
	last := ""
	err := lab.Poll(ctx, command, func(ctx context.Context) bool {
		last, _ = h.machine.Run(ctx, "sh", "-c", command)
		return ok(strings.TrimSpace(last))
	})
	if err != nil {
		h.Fatalf("%v; it printed last: %s\n%s", err, last, h.sh("journalctl --no-pager -n 40"))
	}
	return strings.TrimSpace(last)
}

func holding(text string) func(string) bool {
	return func(out string) bool { return strings.Contains(out, text) }
}

// property is one of a unit's, as systemctl show tells it.
func (h *host) property(unit, name string) string {
	h.Helper()
	return h.sh("systemctl show --value -p " + name + " " + unit)
}

// status waits until systemctl status shows a text.
func (h *host) status(text string) {
	h.Helper()
	h.until("systemctl show --value -p StatusText picket", holding(text))
}

func (h *host) put(path string, mode os.FileMode, text string) {
	h.Helper()
	if err := h.machine.Write(h.ctx, path, mode, []byte(text)); err != nil {
		h.Fatal(err)
	}
}

func (h *host) bring(from, to string) {
	h.Helper()
	if err := h.machine.Copy(h.ctx, from, to); err != nil {
		h.Fatal(err)
	}
}

// program is the picket to install: the one that make built, or one that is built now.
func program(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PICKET_BINARY"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "picket")
	cmd := exec.Command("go", "build", "-o", path, "picket/cmd/picket")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// newHost boots a machine with Debian's Redis running.
func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{machine.Boot(t), t, t.Context()}
	h.sh("dpkg -i $(ls /var/cache/apt/archives/*.deb | grep -v /redis-sentinel_)") // which would take the port
	h.until("redis-cli ping", holding("PONG"))
	return h
}

// install puts Picket where its package puts it, and starts it.
func (h *host) install() {
	h.Helper()
	h.bring(program(h.T), "/usr/bin/picket")
	for _, unit := range units {
		h.bring(unit, "/lib/systemd/system/"+unit)
	}
	h.bring("sysusers.conf", "/usr/lib/sysusers.d/picket.conf")
	h.sh("systemd-sysusers /usr/lib/sysusers.d/picket.conf")
	h.put("/etc/picket/sentinel.conf", 0o644, config)
	h.put("/etc/picket/notify.sh", 0o755, notify)
	h.sh("systemctl daemon-reload && systemctl enable --now picket")
}

// sum tells whether anything below /etc/picket was touched: content, times, owners, names.
const sum = `cd /etc/picket && find . -type f -exec sha256sum {} + | sort && find . -printf '%p %u %g %m %T@\n' | sort`

func TestTheServiceUnderARealManager(t *testing.T) {
	h := newHost(t)
	h.install()
	h.status("watching 1 group: 1 up; no peers known")
	t.Run("its user and place", func(t *testing.T) { h.on(t).ownUserAndPlace() })
	t.Run("units are right where they are installed", func(t *testing.T) { h.on(t).analyzed() })
	t.Run("journal", func(t *testing.T) { h.on(t).journal() })
	t.Run("reload", func(t *testing.T) { h.on(t).reload() })
	before := h.sh(sum)
	t.Run("script", func(t *testing.T) { h.on(t).script() })
	t.Run("redis dies and returns", func(t *testing.T) { h.on(t).redisRestarts() })
	t.Run("several on one host", func(t *testing.T) { h.on(t).several() })
	t.Run("kill -9", func(t *testing.T) { h.on(t).killed() })
	t.Run("watchdog", func(t *testing.T) { h.on(t).watchdog() })
	t.Run("stop", func(t *testing.T) { h.on(t).stopped() })
	if after := h.sh("rm -f /etc/picket/two.conf /etc/picket/three.conf; " + sum); withoutFolder(after) != withoutFolder(before) {
		t.Errorf("/etc/picket was written: before\n%s\nafter\n%s", before, after)
	}
}

// withoutFolder drops the line of /etc/picket itself: its time changed with those of the others.
func withoutFolder(listing string) string {
	var kept []string
	for line := range strings.Lines(listing) {
		if !strings.HasPrefix(line, ". ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func (h *host) ownUserAndPlace() {
	pid := h.property("picket", "MainPID")
	if user := h.sh("stat -c %U /proc/" + pid); user != "picket" {
		h.Errorf("it runs as %s, want picket", user)
	}
	if got := h.sh("stat -c '%U %a' /var/lib/picket /var/lib/picket/state.conf"); got != "picket 700\npicket 600" {
		h.Errorf("owner and mode of the state are %q", got)
	}
	if after := h.property("picket", "After"); !strings.Contains(after, "redis-server.service") || !strings.Contains(after, "network-online.target") {
		h.Errorf("it starts after %s", after)
	}
	if limit := h.property("picket", "LimitNOFILE"); limit != "65536" {
		h.Errorf("it may open %s files", limit)
	}
}

func (h *host) analyzed() {
	if out := h.sh("systemd-analyze verify --man=no picket.service picket@two.service 2>&1"); out != "" {
		h.Errorf("verify says %s", out)
	}
	if score := exposed(h.T, h.sh("systemd-analyze security picket.service")); score > highestExposure {
		h.Errorf("the running service scores %.1f, more than %.1f", score, highestExposure)
	}
}

func (h *host) journal() {
	h.sh("redis-cli -p 26379 sentinel set mymaster quorum 1")
	h.until("journalctl -u picket -p warning -o cat", holding(`"event": "+set"`))
	if out := h.sh("journalctl -u picket -p warning -o cat"); strings.Contains(out, "monitor starts") {
		h.Errorf("news stand among the warnings:\n%s", out)
	}
	fields := h.sh(`journalctl -u picket -o json | grep 'monitor starts'`)
	for _, want := range []string{`"PRIORITY":"5"`, `"MESSAGE":"monitor starts `, `"SYSLOG_IDENTIFIER":"picket"`} {
		if !strings.Contains(fields, want) {
			h.Errorf("the journal's entry has no %s: %s", want, fields)
		}
	}
}

func (h *host) reload() {
	changed := strings.Replace(config, "2000", "2500", 1)
	h.put("/etc/picket/sentinel.conf", 0o644, changed+"sentinel nonsense mymaster 1\n")
	h.sh("systemctl reload picket")
	h.status("reload refused: /etc/picket/sentinel.conf line 5")
	h.until("journalctl -u picket -p err -o cat", holding("Unrecognized sentinel configuration statement"))
	const downAfter = "redis-cli -p 26379 sentinel master mymaster | grep -A1 '^down-after-milliseconds$'"
	if got := h.sh(downAfter); !strings.HasSuffix(got, "2000") {
		h.Errorf("after a refused reload: %s", got)
	}
	h.put("/etc/picket/sentinel.conf", 0o644, changed)
	h.sh("systemctl reload picket")
	h.until(downAfter, holding("2500"))
	h.until("systemctl show --value -p StatusText picket", func(out string) bool { return !strings.Contains(out, "refused") })
	h.until("systemctl is-active picket", func(out string) bool { return out == "active" })
}

func (h *host) script() {
	h.sh("redis-cli -p 26379 sentinel set mymaster quorum 1")
	h.until("cat /var/lib/picket/events", holding("+set master mymaster 127.0.0.1 6379 quorum 1"))
	if env := h.sh("cat /var/lib/picket/environment"); strings.Contains(env, "NOTIFY_SOCKET") || strings.Contains(env, "WATCHDOG") {
		h.Errorf("the script finds what is between systemd and picket:\n%s", env)
	}
}

func (h *host) redisRestarts() {
	h.sh("systemctl stop redis-server")
	h.status("(mymaster)")
	h.sh("systemctl start redis-server")
	h.status("watching 1 group: 1 up")
}

// restarted waits for another process in the place of one, and for its doors to be open.
func (h *host) restarted(pid string) {
	h.Helper()
	h.until("systemctl show --value -p MainPID picket", func(out string) bool { return out != pid && out != "0" })
	h.until("systemctl is-active picket", func(out string) bool { return out == "active" })
}

// several runs two more monitors beside the first. They find each other through their master.
func (h *host) several() {
	for name, port := range map[string]string{"two": "26380", "three": "26381"} {
		h.put("/etc/picket/"+name+".conf", 0o644, "port "+port+"\nsentinel monitor mymaster 127.0.0.1 6379 1\n")
		h.sh("systemctl start picket@" + name)
		if got := h.sh("stat -c '%U %a' /var/lib/picket/" + name + "/state.conf"); got != "picket 600" {
			h.Errorf("owner and mode of %s's state are %q", name, got)
		}
	}
	h.status("2 of 2 peers answer")
}

func (h *host) id(port string) string { return h.sh("redis-cli -p " + port + " sentinel myid") }

// killed lets the first monitor vote for the second, and then asks for the third: what it
// promised before a kill -9 it must keep.
func (h *host) killed() {
	ask := func(port string) string {
		return h.sh("redis-cli -p 26379 sentinel is-master-down-by-addr 127.0.0.1 6379 7 " + h.id(port))
	}
	vote, id, pid := ask("26380"), h.id("26379"), h.property("picket", "MainPID")
	if !strings.Contains(vote, h.id("26380")) {
		h.Fatalf("no vote was given: %s", vote)
	}
	h.sh("kill -9 " + pid)
	h.restarted(pid)
	if got := h.id("26379"); got != id {
		h.Errorf("its id is %s, was %s", got, id)
	}
	h.status("2 of 2 peers answer")
	if again := ask("26381"); again != vote {
		h.Errorf("asked again in epoch 7 it votes\n%s\nand had voted\n%s", again, vote)
	}
	if state := h.sh("cat /var/lib/picket/state.conf"); !strings.Contains(state, "sentinel leader-epoch mymaster 7") || !strings.Contains(state, "sentinel current-epoch 7") {
		h.Errorf("the state is\n%s", state)
	}
	if n := h.property("picket", "NRestarts"); n != "1" {
		h.Errorf("systemd restarted it %s times", n)
	}
	h.sh("systemctl stop picket@two picket@three")
	if state := h.property("picket", "ActiveState"); state != "active" {
		h.Errorf("the first one is %s after the others stopped", state)
	}
}

// watchdog stops the process as a deadlock of its loop would.
func (h *host) watchdog() {
	pid := h.property("picket", "MainPID")
	inside, err := strconv.Atoi(pid)
	if err != nil {
		h.Fatal(err)
	}
	if err := syscall.Kill(h.machine.PID(inside), syscall.SIGSTOP); err != nil {
		h.Fatal(err)
	}
	began := time.Now()
	h.restarted(pid)
	h.Logf("restarted %.0f s after it stopped", time.Since(began).Seconds())
	if log := h.sh("journalctl -u picket -o cat"); !strings.Contains(log, "Watchdog timeout") || !strings.Contains(log, "SIGABRT: abort") {
		h.Errorf("no watchdog, or no goroutines, in the journal:\n%s", log)
	}
	h.status("watching 1 group: 1 up")
}

func (h *host) stopped() {
	began := time.Now()
	h.sh("systemctl stop picket")
	if took := time.Since(began); took > 5*time.Second {
		h.Errorf("stopping took %v", took)
	}
	if got := h.property("picket", "Result") + " " + h.property("picket", "ExecMainStatus"); got != "success 0" {
		h.Errorf("it ended with %s", got)
	}
	if got := h.sh("systemctl is-active redis-server"); got != "active" {
		h.Errorf("Redis is %s after Picket stopped", got)
	}
}
