package compat_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const peer = "github.com/confluentinc/confluent-kafka-go/v2"

// TestReplace builds a program and a library that were written for the peer's import path, without cgo, with nothing
// but a replace line, and runs the program.
func TestReplace(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"app", "lib"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("testdata", name))); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "lib", "go.mod"), "module example.com/lib\n\ngo 1.26\n\nrequire "+peer+" v2.15.0\n")
	write(t, filepath.Join(dir, "app", "go.mod"), fmt.Sprintf(`module example.com/app

go 1.26

require (
	%[1]s v2.15.0
	example.com/lib v0.0.0
)

replace (
	%[1]s => %[2]s
	github.com/purego-kafka/kafka => %[3]s
	example.com/lib => ../lib
)
`, peer, here, filepath.Dir(here)))
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "app", "go.sum"), string(sums))
	run := exec.CommandContext(t.Context(), "go", "run", "-mod=mod", ".")
	run.Dir = filepath.Join(dir, "app")
	run.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasSuffix(string(out), "messages 3\n") {
		t.Errorf("the program printed %q", out)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-mod=mod", "-deps", "-f", "{{if .CgoFiles}}{{.ImportPath}}{{end}}", ".")
	list.Dir, list.Env = run.Dir, append(os.Environ(), "CGO_ENABLED=1", "GOFLAGS=")
	out, err = list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(string(out)) {
		if strings.Contains(pkg, ".") { // the standard library's own use of cgo is optional
			t.Errorf("%s needs cgo", pkg)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
