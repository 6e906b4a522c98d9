package debian

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"picket/deploy/machine"
)

// host is a booted Debian 12.
type host struct {
	t *testing.T
	m *machine.Machine
}

func boot(t *testing.T) host { return host{t, machine.Boot(t)} }

// try runs a shell script as root. Nothing here takes so long on a machine that is
// overloaded.
func (h host) try(script string) (string, error) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 90*time.Second)
	defer cancel()
	out, err := h.m.Run(ctx, "sh", "-ec", script)
	return strings.TrimSpace(out), err
}

// run is try for what must succeed.
func (h host) run(script string) string {
	h.t.Helper()
	out, err := h.try(script)
	if err != nil {
		journal, _ := h.try("journalctl --no-pager -n 40 2>&1 || true")
		h.t.Fatalf("%v\njournal:\n%s", err, journal)
	}
	return out
}

// want runs a script and compares what it prints.
func (h host) want(script, want string) {
	h.t.Helper()
	if got := h.run(script); got != want {
		h.t.Errorf("%s\nprinted %q, want %q", script, got, want)
	}
}

// fail wants each of some scripts to fail.
func (h host) fail(scripts ...string) {
	h.t.Helper()
	for _, script := range scripts {
		if out, err := h.try(script); err == nil {
			h.t.Errorf("%s did not fail, it printed %q", script, out)
		}
	}
}

// until repeats a shell condition until it holds.
func (h host) until(condition string) {
	h.t.Helper()
	h.run("n=0; until " + condition + "; do n=$((n+1)); [ $n -lt 300 ] || { echo 'never: " + strings.ReplaceAll(condition, "'", "") + "'; exit 1; }; sleep 0.1; done")
}

// step is one part of a test that stands on those before it.
type step struct {
	name string
	run  func(host)
}

func runSteps(h host, steps []step) {
	for _, s := range steps {
		if !h.t.Run(s.name, func(t *testing.T) { s.run(host{t, h.m}) }) {
			return
		}
	}
}

// install copies a package to the host and installs it as an administrator does.
func (h host) install(path string) string {
	h.t.Helper()
	if err := h.m.Copy(h.t.Context(), path, "/root/picket.deb"); err != nil {
		h.t.Fatal(err)
	}
	return h.run("cd /root && apt-get install -qq -y ./picket.deb </dev/null 2>&1")
}

// files lists what lies on the host, but for what is the journal's, dpkg's and apt's own.
func (h host) files() string {
	h.t.Helper()
	return h.run(`find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /root -o -path /var/log ` +
		`-o -path /var/cache/apt -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd/timers \) -prune -o -print | LC_ALL=C sort`)
}

// added are the lines of b that are not in a.
func added(a, b string) []string {
	had := map[string]bool{}
	for line := range strings.Lines(a) {
		had[strings.TrimSpace(line)] = true
	}
	var list []string
	for line := range strings.Lines(b) {
		if line = strings.TrimSpace(line); !had[line] {
			list = append(list, line)
		}
	}
	return list
}

const (
	mainPID     = `systemctl show -P MainPID picket`
	myID        = `grep -E '^sentinel myid' /var/lib/picket/state.conf`
	monitorRuns = "grep -qsx picket /proc/[0-9]*/comm"

	group = "\nsentinel monitor mymaster 127.0.0.1 6399 1\nsentinel auth-pass mymaster p4ss\n"
)

func TestAPackageLivesOnACleanDebian(t *testing.T) {
	machine.Needs(t)
	old, newer := deb(t, "1.0.0"), deb(t, "1.1.0")
	h := boot(t)
	clean := h.files()
	var id, conf string
	runSteps(h, []step{
		{"install", func(h host) {
			h.install(old)
			h.want("systemctl is-active picket; systemctl is-enabled picket", "active\nenabled")
			h.want("picket ping", "PONG")
			h.want("picket --version", "picket 1.0.0")
			h.want("stat -c %U /proc/$("+mainPID+")", "picket")
			h.want("stat -c '%a %U:%G %n' /etc/picket /etc/picket/sentinel.conf", "750 root:picket /etc/picket\n640 root:picket /etc/picket/sentinel.conf")
			h.want("stat -c '%a %U:%G' /var/lib/picket /var/lib/picket/state.conf | cut -c2-", "00 picket:picket\n00 picket:picket")
			h.want("getent passwd picket | cut -d: -f6,7; getent shadow picket | cut -d: -f2", "/var/lib/picket:/usr/sbin/nologin\n!")
			h.fail("runuser -u nobody -- cat /etc/picket/sentinel.conf")
		}},
		{"configure", func(h host) {
			h.run("printf '" + strings.ReplaceAll(group, "\n", `\n`) + "' >>/etc/picket/sentinel.conf")
			h.run("printf 'port 26380\nbind 127.0.0.1\n' >/etc/picket/two.conf")
			h.run("systemctl reload picket && systemctl start picket@two")
			h.want("picket ping; picket ping 127.0.0.1:26380", "PONG\nPONG")
			h.until("grep -q mymaster /var/lib/picket/state.conf")
			id, conf = h.run(myID), h.run("cat /etc/picket/sentinel.conf")
		}},
		{"upgrade", func(h host) {
			before, two := h.run(mainPID), h.run(mainPID+"@two")
			h.install(newer)
			h.want("picket --version", "picket 1.1.0")
			h.want("systemctl is-active picket picket@two; systemctl is-enabled picket", "active\nactive\nenabled")
			if h.run(mainPID) == before || h.run(mainPID+"@two") == two {
				h.t.Error("a monitor was not started again with the new program")
			}
			h.want("picket ping", "PONG")
			h.want("cat /etc/picket/sentinel.conf", conf)
			h.want("stat -c '%a %U:%G' /etc/picket/sentinel.conf", "640 root:picket")
			h.want(myID, id)
		}},
		{"install again where services must not start", func(h host) {
			h.run("systemctl stop picket@two; printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d")
			before := h.run(mainPID)
			h.run("cd /root && apt-get install -qq -y --reinstall ./picket.deb </dev/null 2>&1; rm /usr/sbin/policy-rc.d")
			h.want(mainPID, before)
		}},
		{"disabled by the administrator", func(h host) {
			h.run("systemctl disable --now picket 2>&1")
			h.run("cd /root && apt-get install -qq -y --reinstall ./picket.deb </dev/null 2>&1")
			h.want("systemctl is-active picket || true; systemctl is-enabled picket || true", "inactive\ndisabled")
			h.run("systemctl enable --now picket 2>&1")
		}},
		{"remove", func(h host) {
			h.run("apt-get remove -qq -y picket </dev/null 2>&1")
			h.fail(monitorRuns, "command -v picket", "systemctl cat picket")
			h.want("cat /etc/picket/sentinel.conf", conf)
			h.want(myID, id)
		}},
		{"and install again", func(h host) {
			h.install(newer)
			h.want("systemctl is-active picket; systemctl is-enabled picket; picket ping", "active\nenabled\nPONG")
			h.want("cat /etc/picket/sentinel.conf", conf)
			h.want(myID, id)
		}},
		{"purge", func(h host) {
			h.run("apt-get purge -qq -y picket </dev/null 2>&1")
			h.fail(monitorRuns)
			// The user stays, and the tools that make users keep their backups.
			for _, left := range added(clean, h.files()) {
				if !regexp.MustCompile(`^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$`).MatchString(left) {
					h.t.Errorf("%s is left", left)
				}
			}
			h.want("getent passwd picket | cut -d: -f1; dpkg-query -W picket 2>/dev/null || true", "picket")
			h.want("systemctl --failed --no-legend", "")
		}},
	})
}
