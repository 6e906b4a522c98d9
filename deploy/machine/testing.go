package machine

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Boot boots a machine with systemd as its first process, waits until that has started
// what it starts, and ends it with the test. It skips the test where that cannot be.
func Boot(t *testing.T) *Machine {
	t.Helper()
	return boot(t, systemctlReady, "/lib/systemd/systemd")
}

// Bare is a machine whose first process sleeps: a root to install packages into. It
// skips the test where that cannot be.
func Bare(t *testing.T) *Machine {
	t.Helper()
	return boot(t, func(*Machine, context.Context) bool { return true }, "sleep", "infinity")
}

func boot(t *testing.T, ready func(*Machine, context.Context) bool, argv ...string) *Machine {
	t.Helper()
	Needs(t)
	m, err := start(image(t), argv...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if err := m.up(t.Context(), func(ctx context.Context) bool { return ready(m, ctx) }); err != nil {
		t.Fatal(err)
	}
	return m
}

// systemctlReady reports whether the boot is over. A unit that failed is for the test to judge.
func systemctlReady(m *Machine, ctx context.Context) bool {
	state, _ := m.Run(ctx, "systemctl", "is-system-running")
	state = strings.TrimSpace(state)
	return state == "running" || state == "degraded"
}

// Needs skips the test, and says why, unless it was asked for with DEPLOY=1 and this
// machine can boot another one.
func Needs(t *testing.T) {
	t.Helper()
	if os.Getenv("DEPLOY") != "1" {
		t.Skip("it boots a Debian machine: make test-deploy runs it")
	}
	if os.Getuid() != 0 {
		t.Skip("booting a Debian machine needs root")
	}
	for _, program := range []string{"unshare", "nsenter", "mount", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("booting a Debian machine needs %s (packages util-linux, mount, tar)", program)
		}
	}
	image(t)
}

// image is the tarball that get-debian.sh makes.
func image(t *testing.T) string {
	t.Helper()
	tarball := filepath.Join(Root(t), ".cache", "debian", "bookworm.tar")
	if _, err := os.Stat(tarball); err != nil {
		t.Skip("there is no Debian root to boot: deploy/machine/get-debian.sh makes it, and says why it did not")
	}
	return tarball
}

// Root is the folder of this repository.
func Root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("the tests do not run in the repository")
	return ""
}
