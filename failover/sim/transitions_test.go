package sim

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// transitions reads the core's sources: every reason that it has a word for, and
// every event that it can publish. The table cannot fall behind the code.
func transitions(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	for _, dir := range []string{"../../monitor", "../../quorum", ".."} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				collect(n, found)
				return true
			})
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func collect(n ast.Node, found map[string]bool) {
	switch n := n.(type) {
	case *ast.ValueSpec:
		if len(n.Names) == 1 && len(n.Values) == 1 && strings.HasPrefix(n.Names[0].Name, "Reason") {
			addText(found, "reason ", n.Values[0])
		}
	case *ast.BasicLit:
		if text := literal(n); len(text) > 2 && (text[0] == '+' || text[0] == '-') && isEventName(text[1:]) {
			found[text] = true
		}
	}
}

func addText(found map[string]bool, prefix string, e ast.Expr) {
	if text := literal(e); text != "" {
		found[prefix+text] = true
	}
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

func isEventName(s string) bool {
	return s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// excepted reads the transitions that no run of the model can reach, each with
// the reason why.
func excepted(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/unreachable")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if what, why, ok := strings.Cut(lines.Text(), ": "); ok && !strings.HasPrefix(what, "Transitions") {
			list[what] = why
		}
	}
	return list
}

// checkTransitions fails on a transition of the core that no run reached, and on
// an exception that was reached or that the core does not have any more. The rare
// ones are demanded from veryLongRun on.
func checkTransitions(t *testing.T, sum Stats) {
	t.Helper()
	reached := sum.Reached
	known := transitions(t)
	except := excepted(t)
	for _, what := range known {
		got := reached[what] > 0
		for k, n := range reached {
			got = got || n > 0 && strings.HasPrefix(k, what+" ")
		}
		_, excused := except[what]
		_, rare := except["~"+what]
		switch {
		case !got && !excused && (!rare || sum.Simulated >= veryLongRun):
			t.Errorf("no run reached %q", what)
		case got && excused:
			t.Errorf("%q is listed as unreachable, and was reached", what)
		}
	}
	for what := range except {
		bare, rare := strings.CutPrefix(what, "~")
		if !slices.Contains(known, bare) {
			t.Errorf("testdata/unreachable lists %q, which the core does not have", what)
		}
		if rare {
			t.Logf("rare: %q was reached %d times", bare, reached[bare])
		}
	}
}

// TestTransitionsTable keeps the list of exceptions in step with the core, without a long run.
func TestTransitionsTable(t *testing.T) {
	known := transitions(t)
	if len(known) < 100 {
		t.Fatalf("only %d transitions were found in the core's sources", len(known))
	}
	for what, why := range excepted(t) {
		if !slices.Contains(known, strings.TrimPrefix(what, "~")) || why == "" {
			t.Errorf("testdata/unreachable: %q: %q", what, why)
		}
	}
}
