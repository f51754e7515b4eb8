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
	"hangup.go:add": "hangupWatch, for all clients together: the last one's Close waits for it",
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
	for _, name := range strings.Fields("go.mod go.sum kafka.go producer.go consumer.go commit.go offsetreset.go errors.go testdata " +
		"README.md LICENSE DESIGN.md CHANGELOG.md CONTRIBUTING.md CONFIGURATION.md DIVERGENCES.md MIGRATION.md .ci/run") {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

// TestFileMap: the table of files in DESIGN.md has a row for each file of the package, and no row for none.
func TestFileMap(t *testing.T) {
	text, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "## Files")
	if !ok {
		t.Fatal("DESIGN.md has no section that begins with ## Files")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	missing := sources(t)
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.Contains(cells[1], ".go") {
			continue
		}
		for pattern := range strings.SplitSeq(cells[1], ",") {
			pattern = strings.TrimSpace(pattern)
			names, err := filepath.Glob(pattern)
			if err != nil || len(names) == 0 {
				t.Errorf("DESIGN.md lists %s, which matches no file: %v", pattern, err)
			}
			for _, name := range names {
				delete(missing, name)
			}
		}
	}
	for name := range missing {
		t.Errorf("the table of files in DESIGN.md does not name %s", name)
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
