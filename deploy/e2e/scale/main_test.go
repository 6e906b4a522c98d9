package scale

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"picket/deploy/estate"
	"picket/deploy/lab"
)

var (
	picket   lab.Picket // PICKET_BINARY names one that is built already
	sentinel lab.RedisSentinel
)

// interrupted ends when the tests are told to stop, and with it every lab.
var interrupted context.Context

func TestMain(m *testing.M) {
	estate.Work()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	interrupted = ctx
	return m.Run()
}

// findPrograms looks for redis-sentinel and builds picket where it is not named.
func findPrograms(dir string) error {
	bins, err := lab.FindBinaries()
	if err != nil {
		return err
	}
	sentinel.Binary = bins.Sentinel
	if picket.Binary = os.Getenv("PICKET_BINARY"); picket.Binary != "" {
		return nil
	}
	picket.Binary = filepath.Join(dir, "picket")
	out, err := exec.Command("go", "build", "-o", picket.Binary, "picket/cmd/picket").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build picket: %w\n%s", err, out)
	}
	return nil
}

// clip keeps the beginning and the end of a long text.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n/2] + "\n[...]\n" + text[len(text)-n/2:]
}
