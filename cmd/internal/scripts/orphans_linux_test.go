package scripts

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"picket/deploy/lab"
)

// The test runs itself in a process of its own, which inherits orphans as the first
// process of a container does: it would take those of other tests too.
func TestOrphansOfScriptsAreWaitedForAndScriptsAreNot(t *testing.T) {
	if os.Getenv("PICKET_TEST_ORPHANS") == "" {
		again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		again.Env = append(os.Environ(), "PICKET_TEST_ORPHANS=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip("no process can be made to inherit orphans: ", err)
	}
	note := t.TempDir() + "/orphan"
	leaves, fails := script(t, `sleep 0.2 & echo $! >"$1"`), script(t, "exit 77")
	done := make(chan struct{})
	defer close(done)
	go AdoptOrphans(done)
	if end := runScript(t, leaves, note); end != (ending{}) {
		t.Errorf("the script that leaves an orphan ended with %+v", end)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if end := runScript(t, fails); end.code != 77 {
				t.Errorf("a script that exits with 77 ended with %+v", end)
			}
		})
	}
	all.Wait()
	pid, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := lab.Poll(ctx, "the orphan is waited for", func(context.Context) bool {
		_, err := os.Stat("/proc/" + strings.TrimSpace(string(pid)))
		return os.IsNotExist(err)
	}); err != nil {
		t.Error(err)
	}
}
