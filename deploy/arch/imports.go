package arch

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// checkImports holds a file to the arrows of its package, and the pure core to
// the part of the standard library that does nothing by itself.
func checkImports(s source) {
	list, known := allowed(s.pkg)
	if !known {
		s.report(s.file.Package, "package %s is not part of the design's shape (deploy/arch/rules.go)", s.pkg)
	}
	for _, imp := range s.file.Imports {
		name, _ := strconv.Unquote(imp.Path.Value)
		if ours, ok := strings.CutPrefix(name, module+"/"); ok {
			if ours != s.pkg && !matchesAny(list, ours) && !(s.test && ours == fixtures) {
				s.report(imp.Pos(), "%s may not import %s", s.pkg, ours)
			}
			continue
		}
		checkForeign(s, imp, name)
	}
}

func checkForeign(s source, imp *ast.ImportSpec, name string) {
	owners, owned := only[name]
	mine := slices.Contains(owners, s.pkg) || slices.Contains(owners, s.path)
	isPure := slices.Contains(pure, s.pkg) && !s.test
	switch {
	case isPure && !mine && !slices.Contains(pureImports, name):
		s.report(imp.Pos(), "the pure core may not import %s", name)
	case owned && !mine && name != "net":
		s.report(imp.Pos(), "only %s may import %s", strings.Join(owners, ", "), name)
	}
	if isPure && imp.Name != nil {
		s.report(imp.Pos(), "the pure core imports %s under another name, which hides what it uses", name)
	}
}

// importedAs returns the package that an identifier stands for in a file.
func importedAs(s source, ident string) string {
	for _, imp := range s.file.Imports {
		name, _ := strconv.Unquote(imp.Path.Value)
		local := name[strings.LastIndexByte(name, '/')+1:]
		if local == "v2" {
			local = "rand"
		}
		if local == ident {
			return name
		}
	}
	return ""
}
