// Package gen makes the source of compat's package kafka out of the exported API of the real one.
package gen

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

const target = "github.com/purego-kafka/kafka"

// Source parses the package in dir and returns a package that re-exports it: types as aliases, so that values flow
// both ways, constants by value, functions as calls.
func Source(dir string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	g := generator{fset: token.NewFileSet(), imports: map[string]bool{}}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(g.fset, name, src, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		g.file(file)
	}
	return g.format()
}

type generator struct {
	fset    *token.FileSet
	imports map[string]bool // paths that signatures need
	types   []string
	consts  []string
	vars    []string
	funcs   []string
}

func (g *generator) file(file *ast.File) {
	paths := map[string]string{}
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		paths[name] = path
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.IsExported() {
				g.function(d, paths)
			}
		case *ast.GenDecl:
			g.declaration(d)
		}
	}
}

func (g *generator) declaration(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				g.types = append(g.types, synopsis(s.Doc, d.Doc, s.Name.Name)+fmt.Sprintf("type %s = kafka.%[1]s\n", s.Name.Name))
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if !name.IsExported() {
					continue
				}
				line := fmt.Sprintf("\t%s = kafka.%[1]s\n", name.Name)
				if d.Tok == token.CONST {
					g.consts = append(g.consts, line)
				} else {
					g.vars = append(g.vars, line)
				}
			}
		}
	}
}

// function writes a call with the same signature. Its types have the same names in both packages.
func (g *generator) function(d *ast.FuncDecl, paths map[string]string) {
	ast.Inspect(d.Type, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && paths[id.Name] != "" {
				g.imports[paths[id.Name]] = true
			}
		}
		return true
	})
	var args []string
	for _, field := range d.Type.Params.List {
		_, variadic := field.Type.(*ast.Ellipsis)
		for _, name := range field.Names {
			arg := name.Name
			if variadic {
				arg += "..."
			}
			args = append(args, arg)
		}
	}
	var signature bytes.Buffer
	_ = printer.Fprint(&signature, g.fset, d.Type)
	call := fmt.Sprintf("kafka.%s(%s)", d.Name.Name, strings.Join(args, ", "))
	if d.Type.Results != nil {
		call = "return " + call
	}
	g.funcs = append(g.funcs, fmt.Sprintf("%sfunc %s%s { %s }\n", synopsis(d.Doc, nil, d.Name.Name), d.Name.Name,
		strings.TrimPrefix(signature.String(), "func"), call))
}

// synopsis is the first sentence of a comment; the whole of it is where the name is declared.
func synopsis(own, group *ast.CommentGroup, name string) string {
	if own == nil {
		own = group
	}
	text := ""
	if own != nil {
		text = new(doc.Package).Synopsis(own.Text())
	}
	if text == "" {
		text = name + " is that of the real package."
	}
	return "// " + text + "\n"
}

func (g *generator) format() ([]byte, error) {
	for _, list := range [][]string{g.types, g.consts, g.vars, g.funcs} {
		sort.Slice(list, func(i, j int) bool { return code(list[i]) < code(list[j]) })
	}
	var b bytes.Buffer
	b.WriteString("// Code generated from the exported API of " + target + ". DO NOT EDIT.\n\npackage kafka\n\nimport (\n")
	var imports []string
	for path := range g.imports {
		imports = append(imports, path)
	}
	sort.Strings(imports)
	for _, path := range imports {
		fmt.Fprintf(&b, "\t%q\n", path)
	}
	fmt.Fprintf(&b, "\n\t%q\n)\n\n", target)
	fmt.Fprintf(&b, "// The constants of %s.\nconst (\n%s)\n\n", target, strings.Join(g.consts, ""))
	if len(g.vars) > 0 {
		fmt.Fprintf(&b, "// The variables of %s.\nvar (\n%s)\n\n", target, strings.Join(g.vars, ""))
	}
	b.WriteString(strings.Join(g.types, "\n") + "\n" + strings.Join(g.funcs, "\n"))
	return format.Source(b.Bytes())
}

// code is a declaration without its comment.
func code(decl string) string {
	if i := strings.Index(decl, "\n"); i >= 0 && strings.HasPrefix(decl, "//") {
		return decl[i+1:]
	}
	return decl
}
