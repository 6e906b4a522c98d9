package machine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func run(t *testing.T, m *Machine, argv ...string) string {
	t.Helper()
	out, err := m.Run(t.Context(), argv...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func TestAMachineBootsWithSystemdAsItsFirstProcess(t *testing.T) {
	m := Boot(t)
	if got := run(t, m, "cat", "/proc/1/comm"); got != "systemd" {
		t.Errorf("the first process is %q, want systemd", got)
	}
	if got := run(t, m, "systemctl", "--failed", "--no-legend"); got != "" {
		t.Errorf("units failed:\n%s", got)
	}
	if got := run(t, m, "hostname"); got != "machine" {
		t.Errorf("the host name is %q, want machine", got)
	}
	// A sandbox of every kind that a hardened unit asks for.
	run(t, m, "systemd-run", "--quiet", "--wait", "--pipe", "-p", "DynamicUser=yes", "-p", "ProtectSystem=strict", "-p", "PrivateDevices=yes",
		"-p", "ProtectProc=invisible", "-p", "PrivateUsers=yes", "-p", "SystemCallFilter=@system-service", "-p", "PrivateNetwork=yes", "true")
	if _, err := m.Run(t.Context(), "sh", "-c", "echo 1 >/proc/sys/vm/overcommit_memory"); err == nil {
		t.Error("the machine can write settings of the kernel that it shares")
	}
}

func TestFilesAreBroughtIntoAMachine(t *testing.T) {
	m := Bare(t)
	from := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(from, []byte("#!/bin/sh\necho \"it runs: $1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	// /var/run is an absolute link in Debian: it must not lead out of the machine.
	if err := m.Copy(t.Context(), from, "/var/run/picket-test/program"); err != nil {
		t.Fatal(err)
	}
	if got := run(t, m, "/run/picket-test/program", "yes"); got != "it runs: yes" {
		t.Errorf("the program printed %q", got)
	}
	if err := m.Write(t.Context(), "/etc/picket-test", 0o640, []byte("a = 1\n")); err != nil {
		t.Fatal(err)
	}
	if got := run(t, m, "stat", "-c", "%a %s", "/etc/picket-test"); got != "640 6" {
		t.Errorf("mode and size are %q, want 640 6", got)
	}
	if _, err := os.Stat("/run/picket-test"); err == nil {
		t.Error("the file was written outside of the machine")
	}
}

func TestACommandThatFailsSaysSo(t *testing.T) {
	m := Bare(t)
	_, err := m.Run(t.Context(), "sh", "-c", "echo no such luck >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "no such luck") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error %v, want the exit status and what was printed", err)
	}
}

func TestNothingOutlivesAMachine(t *testing.T) {
	m := Bare(t)
	inside, err := strconv.Atoi(run(t, m, "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"))
	if err != nil {
		t.Fatal(err)
	}
	outside := m.PID(inside)
	if outside == 0 {
		t.Fatal("the process is not found from outside")
	}
	m.Close()
	if err := syscall.Kill(outside, 0); err == nil {
		t.Error("a process of the machine outlived it")
	}
	left, err := os.ReadFile("/proc/self/mounts")
	if err == nil && strings.Contains(string(left), "picket-machine") {
		t.Errorf("mounts are left:\n%s", left)
	}
}
