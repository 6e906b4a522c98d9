package browser

import (
	"context"
	"flag"
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

var shots = flag.String("shots", "", "folder for screenshots; empty: they are taken and not kept")

var (
	picket lab.Picket // PICKET_BINARY names one that is built already
	// interrupted ends when the tests are told to stop, and with it labs and browsers.
	interrupted context.Context
)

func TestMain(m *testing.M) {
	estate.Work()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	interrupted = ctx
	if os.Getenv("DEPLOY") != "1" {
		return m.Run() // every test skips
	}
	dir, err := os.MkdirTemp("", "picket-browser-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if picket.Binary = os.Getenv("PICKET_BINARY"); picket.Binary == "" {
		picket.Binary = filepath.Join(dir, "picket")
		if out, err := exec.Command("go", "build", "-o", picket.Binary, "picket/cmd/picket").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build picket: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// needChromium skips the test where there is no browser, and returns its path.
func needChromium(t *testing.T) string {
	t.Helper()
	if os.Getenv("DEPLOY") != "1" {
		t.Skip("it runs Chromium: make test-deploy runs it")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no chromium on PATH: install Debian's package chromium")
	return ""
}
