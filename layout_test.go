package kafka_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goroutineOwners are the functions that may start a goroutine, each with who waits for it. All others use tasks.run.
var goroutineOwners = map[string]string{
	"client.go:run": "tasks.run, the owner of a client's goroutines: Close waits for them",
}

func TestGoroutinesHaveOwners(t *testing.T) {
	seen := map[string]bool{}
	for name, file := range sources(t) {
		for _, d := range file.syntax.Decls {
			ast.Inspect(d, func(n ast.Node) bool {
				if g, ok := n.(*ast.GoStmt); ok {
					where := name + ":" + declName(d)
					seen[where] = true
					if goroutineOwners[where] == "" {
						t.Errorf("%s: a goroutine in %s that nobody is known to wait for: start it with tasks.run, or name its owner in goroutineOwners",
							file.set.Position(g.Pos()), declName(d))
					}
				}
				return true
			})
		}
	}
	for where := range goroutineOwners {
		if !seen[where] {
			t.Errorf("goroutineOwners lists %s, where no goroutine starts any more", where)
		}
	}
}

// TestFiles: the files that readers and tools look for by name are at the root.
func TestFiles(t *testing.T) {
	for _, name := range strings.Fields("go.mod go.sum kafka.go errors.go testdata DIVERGENCES.md") {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

// source is a file of the package, tests apart.
type source struct {
	set    *token.FileSet
	syntax *ast.File
}

func sources(t *testing.T) map[string]source {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no Go files here: %v", err)
	}
	files := map[string]source{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = source{set, syntax}
	}
	return files
}

// declName is the name of a function or method, "var" for a declaration of another kind.
func declName(d ast.Decl) string {
	if f, ok := d.(*ast.FuncDecl); ok {
		return f.Name.Name
	}
	return "var"
}
