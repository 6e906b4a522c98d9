package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"picket/config"
	"picket/monitor"
)

var word = regexp.MustCompile("`([^`]+)`")

// firstCells are the words in backticks of the first cells of all tables whose first
// column has that title, sorted.
func firstCells(p page, title string) []string {
	var list []string
	inside := false
	for _, line := range strings.Split(p.prose, "\n") {
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		cell := strings.TrimSpace(strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")[1])
		if cell == title {
			inside = true
		}
		if inside {
			for _, m := range word.FindAllStringSubmatch(cell, -1) {
				list = append(list, m[1])
			}
		}
	}
	slices.Sort(list)
	return list
}

// same fails for words of the code that the page lacks, and for those it invents.
func same(t *testing.T, p page, documented, inCode []string) {
	t.Helper()
	if len(inCode) == 0 {
		t.Fatal("nothing is found in the code")
	}
	for _, w := range inCode {
		if !slices.Contains(documented, w) {
			t.Errorf("%s has no row for %s", p.name, w)
		}
	}
	for n, w := range documented {
		if !slices.Contains(inCode, w) {
			t.Errorf("%s has a row for %s, which the code does not know", p.name, w)
		}
		if n > 0 && documented[n-1] == w {
			t.Errorf("%s has two rows for %s", p.name, w)
		}
	}
}

// inspect calls see for every node of the Go files of a folder, tests left out.
func inspect(t *testing.T, folder string, see func(ast.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", folder, err)
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
			see(n)
			return true
		})
	}
}

func literal(n ast.Node) string {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return text
}

var eventName = regexp.MustCompile(`^[+-][a-z][a-z-]*[a-z]$`)

// Events are named by constants or where they are published; nothing else in these
// folders is spelled so.
func TestEveryEventIsDocumented(t *testing.T) {
	var names []string
	for _, folder := range []string{"failover", "quorum", "monitor", "config", "cmd/internal/daemon", "cmd/internal/scripts"} {
		inspect(t, folder, func(n ast.Node) {
			if text := literal(n); eventName.MatchString(text) {
				names = append(names, text)
			}
		})
	}
	slices.Sort(names)
	p := readPage(t, "events.md")
	same(t, p, firstCells(p, "event"), slices.Compact(names))
}

func TestEveryReasonIsDocumented(t *testing.T) {
	var reasons []string
	for _, folder := range []string{"monitor", "quorum", "failover"} {
		inspect(t, folder, func(n ast.Node) {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") || len(spec.Values) != 1 {
				return
			}
			if text := literal(spec.Values[0]); text != "" {
				reasons = append(reasons, text)
			}
		})
	}
	slices.Sort(reasons)
	p := readPage(t, "verdicts.md")
	same(t, p, firstCells(p, "reason"), slices.Compact(reasons))
}

func TestEveryVerdictIsDocumented(t *testing.T) {
	var states []string
	for s := monitor.StateUnknown; s <= monitor.StateRoleMismatch; s++ {
		states = append(states, s.String())
	}
	p := readPage(t, "verdicts.md")
	same(t, p, firstCells(p, "verdict"), states)
}

// cmd/internal/cli holds the table itself to what "picket directives" prints.
func TestEveryDirectiveIsDocumented(t *testing.T) {
	var syntax, names []string
	for _, d := range config.Directives() {
		syntax = append(syntax, strings.ReplaceAll(d.Syntax, "|", "\x00"))
		names = append(names, d.Name)
	}
	p := readPage(t, "directives.md")
	same(t, p, firstCells(p, "directive"), syntax)
	differs := firstCells(p, "differs from redis-sentinel")
	if len(differs) == 0 {
		t.Error("no row says where a directive differs from redis-sentinel")
	}
	for _, name := range differs {
		if !slices.Contains(names, name) {
			t.Errorf("directives.md speaks of %s, which is no directive", name)
		}
	}
}

// What pages say of a directive or an option in a configuration file is read by the
// parser itself.
func TestConfigurationExamplesAreAccepted(t *testing.T) {
	read := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.info != "conf sentinel.conf" {
				continue
			}
			read++
			dir := t.TempDir()
			text := strings.ReplaceAll(b.text, "/var/lib/picket", dir)
			text = strings.ReplaceAll(text, "/etc/picket", dir)
			file := filepath.Join(dir, "sentinel.conf")
			write(t, file, text, 0o600)
			for _, m := range regexp.MustCompile(regexp.QuoteMeta(dir)+`/\S+\.sh`).FindAllString(text, -1) {
				write(t, m, "#!/bin/sh\n", fs.FileMode(0o755))
			}
			if _, err := config.Load(file, nil); err != nil {
				t.Errorf("%s:%d: %v", p.name, b.line, err)
			}
		}
	}
	if read == 0 {
		t.Error("no example is read")
	}
}
