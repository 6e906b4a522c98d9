package arch

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// checkSize holds files and functions to the house's limits.
func checkSize(s source) {
	if n := strings.Count(s.text, "\n"); n > maxFileLines {
		s.report(s.file.Package, "the file has %d lines, more than %d", n, maxFileLines)
	}
	if s.test {
		return
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if lines := s.lines(n); lines > maxFuncLines {
				s.report(n.Pos(), "%s has %d lines, more than %d", n.Name.Name, lines, maxFuncLines)
			}
			checkParameters(s, n.Name, n.Type)
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				if f, ok := m.Type.(*ast.FuncType); ok && len(m.Names) == 1 {
					checkParameters(s, m.Names[0], f)
				}
			}
		}
		return true
	})
}

func checkParameters(s source, name *ast.Ident, f *ast.FuncType) {
	count := 0
	if slices.Contains(imposed, name.Name) {
		return
	}
	for _, p := range f.Params.List {
		count += max(1, len(p.Names))
		if t, ok := p.Type.(*ast.Ident); ok && t.Name == "bool" && name.IsExported() {
			s.report(p.Pos(), "%s has a boolean parameter: the call does not say what it means", name.Name)
		}
	}
	if count > maxParameters {
		s.report(name.Pos(), "%s has %d parameters, more than %d", name.Name, count, maxParameters)
	}
}

var unfinished = regexp.MustCompile(`\b(` + "TO" + "DO|FIX" + `ME|XXX)\b`)

// checkWords looks for notes of unfinished work, and in tests for waiting by the clock.
func checkWords(s source) {
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			if unfinished.MatchString(c.Text) {
				s.report(c.Pos(), "a note of unfinished work: finish it, or write an issue")
			}
		}
	}
	if !s.test || s.pkg == "deploy/e2e" {
		return
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if ok && sel.Sel.Name == "Sleep" && isPackage(s, sel.X, "time") {
			s.report(n.Pos(), "a test that sleeps: wait for what it waits for")
		}
		return true
	})
}

func isPackage(s source, x ast.Expr, pkg string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Obj == nil && importedAs(s, id.Name) == pkg
}
