package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"picket/deploy/lab"
)

// The programs under test. PICKET_BINARY names a picket that is built already;
// without it one is built, with the race detector when the tests have it.
// PICKET_PROGRAM=redis-sentinel runs the scenes under redis-sentinel, which is
// how the scenes themselves are checked.
var (
	picket   lab.Picket
	sentinel lab.RedisSentinel
	program  lab.Program
)

// interrupted ends when the tests are told to stop, and with it every lab.
var interrupted context.Context

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	interrupted = ctx
	redis.SetLogger(quiet{})
	dir, err := os.MkdirTemp("", "picket-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := findPrograms(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// quiet drops go-redis' own log: it writes a line for every failed dial.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func findPrograms(dir string) error {
	bins, err := lab.FindBinaries()
	if err != nil {
		return err
	}
	sentinel = lab.RedisSentinel{Binary: bins.Sentinel}
	if os.Getenv("PICKET_PROGRAM") == sentinel.Name() {
		program = sentinel
		return nil
	}
	picket.Binary = os.Getenv("PICKET_BINARY")
	if picket.Binary == "" {
		picket.Binary = filepath.Join(dir, "picket")
		args := append([]string{"build", "-o", picket.Binary}, raceFlag...)
		out, err := exec.Command("go", append(args, "picket/cmd/picket")...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("build picket: %w\n%s", err, out)
		}
	}
	program = picket
	return nil
}
