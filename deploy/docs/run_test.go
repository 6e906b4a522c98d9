package docs

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"picket/deploy/lab"
)

// tours are pages whose blocks one shell runs, in this order; the last block of the
// first page comes at the end, for it takes away what the tour started.
var tours = map[string][]string{
	"running": {"running.md", "verdicts.md", "events.md", "scripts.md"},
	"migrate": {"migrate.md"},
}

// tourLimit is far more than the 15 s that a tour takes: a shared machine may be slow.
// Another program may take a port before the tour does: then it has other ones.
const (
	tourLimit = 80 * time.Second
	tourTries = 3
)

func TestCommandsRunAsWritten(t *testing.T) {
	path := programs(t)
	toured := map[string]bool{}
	for name, list := range tours {
		for _, page := range list {
			toured[page] = true
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := runnable(t, list)
			for try := 1; !walk(t, path, steps); try++ {
				if try == tourTries {
					t.Fatal("other programs take the ports, again and again")
				}
				t.Log("another program had taken a port: once more, with others")
			}
		})
	}
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.info == "sh run" && !toured[p.name] {
				t.Errorf("%s:%d: the page is in no tour", p.name, b.line)
			}
		}
	}
}

// step is a block to run and what it must print, if the page says so.
type step struct {
	block
	want string
}

// runnable are the steps of a tour. The last block of the first page takes away what
// the tour started, and runs last.
func runnable(t *testing.T, list []string) []step {
	t.Helper()
	var steps []step
	var last step
	for n, name := range list {
		blocks := readPage(t, name).blocks
		var own []step
		for i, b := range blocks {
			if b.info != "sh run" {
				continue
			}
			s := step{block: b}
			if i+1 < len(blocks) && blocks[i+1].info == "output" {
				s.want = blocks[i+1].text
			}
			own = append(own, s)
		}
		if len(own) == 0 {
			t.Fatalf("%s has nothing to run", name)
		}
		if n == 0 {
			last, own = own[len(own)-1], own[:len(own)-1]
		}
		steps = append(steps, own...)
	}
	return append(steps, last)
}

var portVariable = regexp.MustCompile(`\$\{([A-Z]+):-(\d+)\}`)

// walk runs the steps in one shell and looks at what each printed. It reports false
// when a port was taken.
func walk(t *testing.T, path string, steps []step) bool {
	t.Helper()
	dir := t.TempDir()
	env := append(os.Environ(), "PATH="+path, "LC_ALL=C")
	shown := map[string]string{} // the port that was free to the one of the page
	script := "set -e -o pipefail\n"
	for n, s := range steps {
		for _, m := range portVariable.FindAllStringSubmatch(s.text, -1) {
			n, err := lab.FreePort()
			if err != nil {
				t.Fatal(err)
			}
			port := strconv.Itoa(n)
			env, shown[port] = append(env, m[1]+"="+port), m[2]
		}
		script += fmt.Sprintf("echo %d > ../step\n{\n%s} > ../out.%d 2>&1\n", n, s.text, n)
	}
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "script"), script, 0o644)
	ctx, cancel := context.WithTimeout(t.Context(), tourLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", filepath.Join(dir, "script"))
	cmd.Dir, cmd.Env = work, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left running
	if err != nil && portTaken(t, work) {
		return false
	}
	if err != nil {
		failed(t, dir, steps, err)
		return true
	}
	for n, s := range steps {
		got := printed(t, dir, n)
		for port, page := range shown {
			got = strings.ReplaceAll(got, port, page)
		}
		compare(t, s, got)
	}
	return true
}

// portTaken reports whether a program of the tour found its port taken.
func portTaken(t *testing.T, work string) bool {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(work, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(logs, func(name string) bool {
		text, err := os.ReadFile(name)
		return err == nil && strings.Contains(strings.ToLower(string(text)), "address already in use")
	})
}

// failed tells which block ended the shell, and what it printed.
func failed(t *testing.T, dir string, steps []step, err error) {
	t.Helper()
	at, readErr := os.ReadFile(filepath.Join(dir, "step"))
	n, numErr := strconv.Atoi(strings.TrimSpace(string(at)))
	if readErr != nil || numErr != nil {
		t.Fatalf("%v before the first block", err)
	}
	s := steps[n]
	t.Errorf("%s:%d: %v\n%s--- printed:\n%s", s.page, s.line, err, s.text, printed(t, dir, n))
	logs, globErr := filepath.Glob(filepath.Join(dir, "work", "*.log"))
	if globErr != nil {
		t.Fatal(globErr)
	}
	for _, name := range logs {
		text, _ := os.ReadFile(name)
		t.Logf("%s ends with:\n%s", filepath.Base(name), text[max(0, len(text)-3000):])
	}
}

func printed(t *testing.T, dir string, n int) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("out.%d", n)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	terminal = regexp.MustCompile(`(?m)^\s*(\d+\) )+|"`)       // what redis-cli adds on a terminal
	varying  = regexp.MustCompile(`\d+( ms)|(-ms=)\d+`)        // differs from run to run
	digits   = regexp.MustCompile(`\b[0-9a-f]{40}\b|<\d+ ms>`) // ids
)

// plain drops from a line what may differ between a page and a run of it.
func plain(line string) string {
	line = terminal.ReplaceAllString(strings.TrimSpace(line), "")
	return digits.ReplaceAllString(varying.ReplaceAllString(line, "N$1$2"), "ID")
}

// compare looks for each line of the page in what was printed, in order.
func compare(t *testing.T, s step, got string) {
	t.Helper()
	lines := strings.Split(got, "\n")
	for _, want := range strings.Split(strings.TrimSpace(s.want), "\n") {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(plain(want)), `\.\.\.`, ".*")
		if pattern == "" || pattern == ".*" {
			continue
		}
		match := regexp.MustCompile("^" + pattern + "$")
		n := 0
		for n < len(lines) && !match.MatchString(plain(lines[n])) {
			n++
		}
		if n == len(lines) {
			t.Errorf("%s:%d: the page says that this is printed: %s\n--- but it is:\n%s", s.page, s.line, want, got)
			return
		}
		lines = lines[n+1:]
	}
}

// programs builds picket and returns a PATH with it and Redis.
func programs(t *testing.T) string {
	t.Helper()
	bins, err := lab.FindBinaries()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "picket"), "picket/cmd/picket").CombinedOutput()
	if err != nil {
		t.Fatalf("build picket: %v\n%s", err, out)
	}
	list := []string{dir, filepath.Dir(bins.Server), filepath.Dir(bins.CLI), filepath.Dir(bins.Sentinel), os.Getenv("PATH")}
	return strings.Join(list, string(os.PathListSeparator))
}

func write(t *testing.T, name, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
