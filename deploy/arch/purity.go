package arch

import (
	"go/ast"
	"go/token"
	"slices"
)

// checkPurity looks in the pure core for what has an effect or depends on more
// than its arguments.
func checkPurity(s source) {
	if s.test || !slices.Contains(pure, s.pkg) {
		return
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			s.report(n.Pos(), "a goroutine in the pure core")
		case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
			s.report(n.Pos(), "a channel in the pure core")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				s.report(n.Pos(), "a channel in the pure core")
			}
		case *ast.SelectorExpr:
			checkSelector(s, n)
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") && id.Obj == nil {
				s.report(n.Pos(), "output in the pure core")
			}
		}
		return true
	})
}

func checkSelector(s source, sel *ast.SelectorExpr) {
	id, ok := sel.X.(*ast.Ident)
	if !ok || id.Obj != nil { // a local variable that is named like a package
		return
	}
	pkg := importedAs(s, id.Name)
	names := impure[pkg]
	if len(names) == 0 {
		return
	}
	allow := names[0] == "+"
	if allow != slices.Contains(names, sel.Sel.Name) {
		s.report(sel.Pos(), "the pure core may not use %s.%s", pkg, sel.Sel.Name)
	}
}
