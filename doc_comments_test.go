package kafka_test

import (
	"go/ast"
	"testing"
)

// TestDocComments: every exported name says what it is for.
func TestDocComments(t *testing.T) {
	for _, file := range sources(t) {
		bare := func(n ast.Node, name *ast.Ident, comments ...*ast.CommentGroup) {
			for _, c := range comments {
				if c != nil {
					return
				}
			}
			if name.IsExported() {
				t.Errorf("%s: %s has no doc comment", file.set.Position(n.Pos()), name.Name)
			}
		}
		for _, d := range file.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if receiverExported(d) {
					bare(d, d.Name, d.Doc)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						bare(s, s.Name, s.Doc, d.Doc)
					case *ast.ValueSpec:
						for _, name := range s.Names {
							bare(s, name, s.Doc, s.Comment, d.Doc)
						}
					}
				}
			}
		}
	}
}

// receiverExported reports whether a function is one of the package, or a method of an exported type.
func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	receiver := d.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	name, ok := receiver.(*ast.Ident)
	return ok && name.IsExported()
}
