package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readme is the front door, from here.
const readme = "../../README.md"

// block is one fenced block of a page.
type block struct {
	page string
	line int
	info string
	text string
}

// page is the text of one page, its fenced blocks apart.
type page struct {
	name   string // from here
	prose  string // without the blocks
	blocks []block
}

func readPage(t *testing.T, name string) page {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p := page{name: name}
	var open *block
	var prose []string
	for n, line := range strings.Split(string(text), "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			open = &block{page: name, line: n + 1, info: strings.TrimSpace(fence)}
		case isFence:
			p.blocks, open = append(p.blocks, *open), nil
		case open != nil:
			open.text += line + "\n"
		default:
			prose = append(prose, line)
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block is never closed", name, open.line)
	}
	p.prose = strings.Join(prose, "\n")
	return p
}

// pages are all pages, the front door too.
func pages(t *testing.T) []page {
	t.Helper()
	names, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []page
	for _, name := range append([]string{readme}, names...) {
		list = append(list, readPage(t, name))
	}
	return list
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors are the names that a page's headings have, as GitHub makes them.
func anchors(p page) []string {
	var list []string
	for _, m := range heading.FindAllStringSubmatch(p.prose, -1) {
		list = append(list, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return list
}

func TestLinksResolve(t *testing.T) {
	for _, p := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(p.prose, -1) {
			target, anchor, hasAnchor := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := p.name
			if target != "" {
				file = filepath.Join(filepath.Dir(p.name), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", p.name, m[1])
				continue
			}
			if hasAnchor && !slices.Contains(anchors(readPage(t, file)), anchor) {
				t.Errorf("%s: %s has no heading #%s", p.name, file, anchor)
			}
		}
	}
}

func TestEveryPageIsReachedFromTheIndex(t *testing.T) {
	index := readPage(t, "README.md").prose
	for _, p := range pages(t) {
		if p.name != readme && p.name != "README.md" && !strings.Contains(index, "]("+p.name) {
			t.Errorf("README.md has no link to %s", p.name)
		}
	}
	if front := readPage(t, readme).prose; !strings.Contains(front, "](deploy/docs/README.md)") {
		t.Error("the front door has no link to the index")
	}
}

// A shell block says who runs it: see the package's comment.
func TestEveryShellBlockIsRunBySomebody(t *testing.T) {
	runners := []string{"run", "make", "debian", "systemd", "compose"}
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			words := strings.Fields(b.info)
			switch {
			case len(words) == 0:
				t.Errorf("%s:%d: the block does not say what it is", p.name, b.line)
			case slices.Contains([]string{"sh", "bash", "shell", "console"}, words[0]) &&
				(len(words) != 2 || !slices.Contains(runners, words[1])):
				t.Errorf("%s:%d: %q: nobody runs this block", p.name, b.line, b.info)
			}
		}
		for n, line := range strings.Split(p.prose, "\n") {
			if strings.HasPrefix(line, "    ") && strings.TrimLeft(line, " ")[0] != '*' {
				t.Errorf("%s: an indented block, which nobody checks; fence it (line %d of its prose): %s", p.name, n+1, line)
			}
		}
	}
}

var makeCall = regexp.MustCompile("(?m)(?:^|`)make(?: -k)? ([a-z][a-z0-9-]*)")

func TestEveryMakeTargetExists(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	called := 0
	for _, p := range pages(t) {
		text := p.prose
		for _, b := range p.blocks {
			text += "\n" + b.text
		}
		for _, m := range makeCall.FindAllStringSubmatch(text, -1) {
			called++
			if !regexp.MustCompile(`(?m)^` + m[1] + `\s*:`).Match(makefile) {
				t.Errorf("%s: the Makefile has no target %s", p.name, m[1])
			}
		}
	}
	if called == 0 {
		t.Error("no page calls make: the pattern finds nothing")
	}
}
