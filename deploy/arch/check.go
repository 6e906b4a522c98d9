package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// source is one parsed Go file.
type source struct {
	path  string // slash-separated, from the root
	pkg   string // its folder
	test  bool
	text  string
	file  *ast.File
	fset  *token.FileSet
	found *[]string
}

// report notes a finding at a place in the file.
func (s source) report(pos token.Pos, format string, args ...any) {
	*s.found = append(*s.found, fmt.Sprintf("%s:%d: %s", s.path, s.fset.Position(pos).Line, fmt.Sprintf(format, args...)))
}

// lines is how many lines a piece of the file takes.
func (s source) lines(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

// Check reads every Go file of a tree and returns what breaks a rule, one
// finding a line, sorted. The error says which file could not be read or parsed.
func Check(tree fs.FS) ([]string, error) {
	var found []string
	sources, err := load(tree, &found)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		checkImports(s)
		checkPurity(s)
		checkSize(s)
		checkWords(s)
	}
	found = append(found, checkPackages(sources)...)
	top, err := checkTop(tree)
	found = append(found, top...)
	slices.Sort(found)
	return found, err
}

func load(tree fs.FS, found *[]string) ([]source, error) {
	var sources []source
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		s := source{path: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			text: string(text), fset: token.NewFileSet(), found: found}
		s.file, err = parser.ParseFile(s.fset, name, text, parser.ParseComments)
		if err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
		sources = append(sources, s)
		return nil
	})
	return sources, err
}

// checkPackages holds every folder with Go files to a doc.go that documents the
// package, and to a name that says something.
func checkPackages(sources []source) []string {
	var found []string
	documented := map[string]bool{}
	for _, s := range sources {
		documented[s.pkg] = documented[s.pkg] || (path.Base(s.path) == "doc.go" && s.file.Doc != nil)
		stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.path), ".go"), "_test")
		if slices.Contains(vague, stem) {
			found = append(found, s.path+": the name says nothing of what the file owns")
		}
	}
	for pkg, ok := range documented {
		if !ok {
			found = append(found, pkg+": no doc.go with a package comment")
		}
		if slices.Contains(vague, path.Base(pkg)) {
			found = append(found, pkg+": the name says nothing of what the package owns")
		}
	}
	return found
}

func checkTop(tree fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, fmt.Errorf("read the top level: %w", err)
	}
	var found []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			found = append(found, e.Name()+": does not belong at the top level")
		}
	}
	return found, nil
}
