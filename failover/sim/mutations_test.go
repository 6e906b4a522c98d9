package sim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mutation is one deliberately broken core: a sentence, then files of the core
// with a text in each that is replaced.
type mutation struct {
	name  string
	what  string
	edits []edit
}

type edit struct{ file, old, new string }

var errMutation = errors.New("a mutation is a sentence, then for each edit a file, <<<, the old text, ===, the new text, >>>")

func readMutation(name string) (mutation, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return mutation{}, err
	}
	what, rest, _ := strings.Cut(string(raw), "\n")
	m := mutation{name: filepath.Base(name), what: what}
	for rest != "" {
		file, after, ok := strings.Cut(rest, "\n<<<\n")
		body, next, ok2 := strings.Cut(after, ">>>\n")
		old, replacement, ok3 := strings.Cut(body, "===\n")
		if !ok || !ok2 || !ok3 {
			return mutation{}, errMutation
		}
		m.edits = append(m.edits, edit{file, old, replacement})
		rest = next
	}
	return m, nil
}

// TestMutations plants each broken core with go test -overlay: every patch must
// still apply and, with MUTATIONS=1, be caught within MUTATION_SECONDS (20): by
// the scene that has its name, else by the exploration or by chance.
func TestMutations(t *testing.T) {
	names, err := filepath.Glob("testdata/mutations/*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no mutations: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			m, err := readMutation(name)
			if err != nil {
				t.Fatal(err)
			}
			overlay := plant(t, m)
			if os.Getenv("MUTATIONS") != "" {
				mustBeCaught(t, m, overlay)
			}
		})
	}
}

// plant writes the broken files and the overlay that puts them in place.
func plant(t *testing.T, m mutation) string {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for n, e := range m.edits {
		path, err := filepath.Abs(filepath.Join("..", "..", e.file))
		if err != nil {
			t.Fatal(err)
		}
		source := path
		if earlier, ok := replace[path]; ok {
			source = earlier
		}
		raw, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if c := strings.Count(string(raw), e.old); c != 1 {
			t.Fatalf("%s: the text to replace occurs %d times:\n%s", e.file, c, e.old)
		}
		broken := filepath.Join(dir, fmt.Sprintf("%d.go", n))
		if err := os.WriteFile(broken, []byte(strings.Replace(string(raw), e.old, e.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[path] = broken
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}

func mustBeCaught(t *testing.T, m mutation, overlay string) {
	t.Helper()
	binary := filepath.Join(filepath.Dir(overlay), "sim.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay", overlay, "-c", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%s: it does not build: %v\n%s", m.what, err, out)
	}
	began := time.Now()
	for _, tests := range []string{"^TestScenes$/^" + m.name + "$", "^TestExplore", "^TestSim$"} {
		run := exec.CommandContext(t.Context(), binary, "-test.run", tests, "-test.failfast", "-from", "1", "-first", "-workers", "2")
		run.Env = append(os.Environ(), "SIM_SECONDS="+cmp.Or(os.Getenv("MUTATION_SECONDS"), "20"))
		if out, err := run.CombinedOutput(); err != nil {
			t.Logf("%s: caught after %s\n%s", m.what, time.Since(began).Round(100*time.Millisecond), firstLines(string(out)))
			return
		}
	}
	t.Errorf("%s: not caught in %s", m.what, time.Since(began).Round(time.Second))
}

// firstLines returns the lines that say what was broken.
func firstLines(out string) string {
	var kept []string
	for line := range strings.SplitSeq(out, "\n") {
		if strings.Contains(line, "_test.go:") && len(kept) < 2 {
			kept = append(kept, strings.TrimSpace(line))
		}
	}
	return strings.Join(kept, "\n")
}
