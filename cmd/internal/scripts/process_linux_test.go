package scripts

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// script writes a shell script and returns its path. Through a copy by another
// process, so that no fork of a parallel test holds it open for writing (ETXTBSY).
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.sh")
	cmd := exec.Command("sh", "-c", `cat > "$1" && chmod 755 "$1"`, "sh", path)
	cmd.Stdin = strings.NewReader("#!/bin/sh\n" + body + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func runScript(t *testing.T, argv ...string) ending {
	t.Helper()
	p, err := Exec{}.Start(argv)
	if err != nil {
		t.Fatal(err)
	}
	signal, code := p.Wait()
	return ending{signal, code}
}

func TestHowRealScriptsEnd(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		path string
		want ending
	}{
		{"success", script(t, "exit 0"), ending{}},
		{"please repeat", script(t, "exit 1"), ending{code: 1}},
		{"another code", script(t, "exit 77"), ending{code: 77}},
		{"a signal", script(t, "kill -TERM $$"), ending{signal: 15}},
		{"no such file", "/no/such/script", ending{code: exitNotRun}},
		{"no program", text, ending{code: exitNotRun}},
		{"a folder", t.TempDir(), ending{code: exitNotRun}},
		{"found only on the PATH", "true", ending{code: exitNotRun}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := runScript(t, tc.path); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestAScriptGetsItsArgumentsFolderAndEnvironment(t *testing.T) {
	t.Setenv("PICKET_TEST_WORD", "from the environment")
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	t.Chdir(dir)
	path := script(t, `{ for a; do echo "[$a]"; done; pwd -P; echo "$PICKET_TEST_WORD"; wc -c; } > "$OUT"`)
	t.Setenv("OUT", out)
	if got := runScript(t, path, "+sdown", "master m 10.0.0.1 6379", "", "$(echo no shell) *"); got != (ending{}) {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	dir, _ = filepath.EvalSymlinks(dir)
	want := "[+sdown]\n[master m 10.0.0.1 6379]\n[]\n[$(echo no shell) *]\n" + dir + "\nfrom the environment\n0\n"
	if got := strings.ReplaceAll(string(text), " 0\n", "0\n"); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Files and sockets of the daemon are none of a script's business. What the process
// that runs the tests was given itself is not looked at.
func TestAScriptInheritsNoFile(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	ours := map[string]bool{}
	for _, fd := range fds {
		n, _ := strconv.Atoi(fd.Name())
		flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
		if target, _ := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && flags&unix.FD_CLOEXEC != 0 && strings.Contains(target, ":[") {
			ours[target] = true
		}
	}
	if len(ours) < 3 {
		t.Fatalf("the test itself is wrong: %v", ours)
	}
	out := filepath.Join(t.TempDir(), "out")
	t.Setenv("OUT", out)
	if got := runScript(t, script(t, `for f in /proc/self/fd/*; do readlink $f; done > "$OUT"; exit 0`)); got != (ending{}) {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for target := range strings.Lines(string(text)) {
		if ours[strings.TrimSpace(target)] {
			t.Errorf("open in a script: %s", target)
		}
	}
}

func TestKillEndsAScriptAndWhatItStarted(t *testing.T) {
	out := filepath.Join(t.TempDir(), "pid")
	t.Setenv("OUT", out)
	p, err := Exec{}.Start([]string{script(t, `sleep 1000 & echo $! > "$OUT.new"; mv "$OUT.new" "$OUT"; wait`)})
	if err != nil {
		t.Fatal(err)
	}
	var child int
	eventually(t, "the script's child", func() bool {
		text, err := os.ReadFile(out)
		child, _ = strconv.Atoi(string(bytes.TrimSpace(text)))
		return err == nil
	})
	p.Kill()
	if signal, _ := p.Wait(); signal != int(syscall.SIGKILL) {
		t.Errorf("signal %d", signal)
	}
	p.Kill() // does nothing now
	eventually(t, "the end of the script's child", func() bool {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(child) + "/stat")
		return err != nil || bytes.Contains(text, []byte(") Z "))
	})
}

func TestManyScriptsLeaveNothingBehind(t *testing.T) {
	count := func(dir string) int {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Skip("no /proc here")
		}
		return len(list)
	}
	path := script(t, "exit 0")
	runScript(t, path) // the runtime opens some files with its first child
	before := count("/proc/self/fd")
	n := &newsreel{}
	r := New(Config{Starter: Exec{}, Clock: clock(), Tell: n.tell})
	defer r.Close()
	const some = 100
	for begun := 0; begun < some; begun++ {
		r.Schedule(path, strconv.Itoa(begun))
	}
	eventually(t, "the end of all scripts", func() bool { return len(n.with("-script-child")) == some })
	if running, queued := r.Counts(); running != 0 || queued != 0 {
		t.Errorf("%d run of %d", running, queued)
	}
	eventually(t, "as many open files as before", func() bool { return count("/proc/self/fd") <= before })
	if zombies := zombiesOf(t, os.Getpid()); zombies != 0 {
		t.Errorf("%d zombies", zombies)
	}
}

// zombiesOf counts the children of a process that nobody has waited for.
func zombiesOf(t *testing.T, pid int) (n int) {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		if len(f) > 1 && f[0] == "Z" && f[1] == strconv.Itoa(pid) {
			n++
		}
	}
	return n
}

// eventually waits for what only other processes can bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}
