package kafka_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// updating reports whether -update was given. The flag is defined in a test file of the package itself.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// TestAPI compares what this package exports with what the peer exports, one fact a line: testdata/api.txt has the
// names, types and values, testdata/api_order.txt the order of fields and whether values compare with ==. All of it
// must be here; what is here beside it must be in testdata/api_added.txt, which -update writes.
func TestAPI(t *testing.T) {
	pkg := ownPackage(t)
	peer, own := lines(t, "testdata/api.txt"), apiOf(pkg)
	for _, l := range append(missingFrom(peer, own), differingLayouts(lines(t, "testdata/api_order.txt"), layoutOf(pkg))...) {
		t.Errorf("missing or different: %s", l)
	}
	added := missingFrom(own, peer)
	const golden = "testdata/api_added.txt"
	if updating() {
		if err := os.WriteFile(golden, []byte(strings.Join(added, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	listed := lines(t, golden)
	for _, l := range missingFrom(added, listed) {
		t.Errorf("added, but not in %s (run the test with -update): %s", golden, l)
	}
	for _, l := range missingFrom(listed, added) {
		t.Errorf("in %s, but not in the package (run the test with -update): %s", golden, l)
	}
}

// TestAPINames guards the comparison itself: it must see a fact of every kind.
func TestAPINames(t *testing.T) {
	own := apiOf(ownPackage(t))
	for _, l := range []string{
		"pkg kafka, const OffsetEnd = -1",
		"pkg kafka, const OffsetEnd Offset",
		"pkg kafka, const AlterOperationSet ideal-int",
		"pkg kafka, func NewError(ErrorCode, string, bool) Error",
		"pkg kafka, func WriteErrorCodes(*os.File)",
		"pkg kafka, method (Error) Code() ErrorCode",
		"pkg kafka, method (*Message) String() string",
		"pkg kafka, type ACLBindingFilter = ACLBinding",
		"pkg kafka, type ConfigValue interface {}",
		"pkg kafka, type Event interface { String }",
		"pkg kafka, type Handle interface, unexported methods",
		"pkg kafka, type Message struct, Opaque interface{}",
		"pkg kafka, type ErrorCode int",
	} {
		if !slices.Contains(own, l) {
			t.Errorf("not found: %s", l)
		}
	}
	if order := "pkg kafka, order Header { Key, Value } not comparable"; !slices.Contains(layoutOf(ownPackage(t)), order) {
		t.Errorf("not found: %s", order)
	}
}

func lines(t *testing.T, file string) []string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var ls []string
	for l := range bytes.Lines(b) {
		if s := strings.TrimSpace(string(l)); s != "" {
			ls = append(ls, s)
		}
	}
	return ls
}

// missingFrom returns the lines of a that b lacks, sorted.
func missingFrom(a, b []string) (out []string) {
	have := map[string]bool{}
	for _, l := range b {
		have[l] = true
	}
	for _, l := range a {
		if !have[l] {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return out
}

// differingLayouts returns the layouts of the peer that ours do not keep: exported fields in their order, and
// comparability. How many unexported fields there are can't be observed, save that there are some.
func differingLayouts(peer, own []string) (out []string) {
	hidden := regexp.MustCompile(`\b_(, _)*\b`)
	norm := func(l string) string { return hidden.ReplaceAllString(l, "_") }
	have := map[string]bool{}
	for _, l := range own {
		have[norm(l)] = true
	}
	for _, l := range peer {
		if !have[norm(l)] {
			out = append(out, l)
		}
	}
	return out
}

// ownPackage type-checks the package in this directory, without function bodies. Of imports only the standard library
// is loaded: no other module's type is in the API, and if one were it would show as invalid.
var ownPackageOnce *types.Package

func ownPackage(t *testing.T) *types.Package {
	t.Helper()
	if ownPackageOnce != nil {
		return ownPackageOnce
	}
	set := token.NewFileSet()
	var files []*ast.File
	for name := range sources(t) {
		if ok, err := build.Default.MatchFile(".", name); err != nil || !ok {
			continue // for another platform
		}
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	conf := types.Config{
		IgnoreFuncBodies: true,
		Importer:         stdOnly{importer.ForCompiler(token.NewFileSet(), "source", nil), map[string]*types.Package{}},
		Error:            func(error) {}, // names of the packages that are not loaded
	}
	pkg, _ := conf.Check("kafka", set, files, nil)
	if pkg == nil {
		t.Fatal("the package can't be type-checked")
	}
	ownPackageOnce = pkg
	return pkg
}

type stdOnly struct {
	std   types.Importer
	empty map[string]*types.Package
}

func (s stdOnly) Import(path string) (*types.Package, error) {
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return s.std.Import(path)
	}
	if s.empty[path] == nil {
		s.empty[path] = types.NewPackage(path, path[strings.LastIndex(path, "/")+1:])
		s.empty[path].MarkComplete()
	}
	return s.empty[path], nil
}

// api collects facts.
type api struct {
	pkg   *types.Package
	facts []string
}

func (a *api) add(format string, args ...any) {
	a.facts = append(a.facts, "pkg kafka, "+fmt.Sprintf(format, args...))
}

var emptyInterface = regexp.MustCompile(`\bany\b`)

// typ prints a type with this package's names unqualified, function types without parameter names.
func (a *api) typ(t types.Type) string {
	if s, ok := t.(*types.Signature); ok {
		return "func" + a.signature(s)
	}
	s := types.TypeString(t, func(p *types.Package) string {
		if p == a.pkg {
			return ""
		}
		return p.Name()
	})
	return emptyInterface.ReplaceAllString(s, "interface{}")
}

func (a *api) signature(s *types.Signature) string {
	list := func(vars *types.Tuple, variadic bool) string {
		parts := make([]string, vars.Len())
		for i := range parts {
			t := vars.At(i).Type()
			if variadic && i == len(parts)-1 {
				parts[i] = "..." + a.typ(t.(*types.Slice).Elem())
			} else {
				parts[i] = a.typ(t)
			}
		}
		return strings.Join(parts, ", ")
	}
	out := "(" + list(s.Params(), s.Variadic()) + ")"
	switch s.Results().Len() {
	case 0:
		return out
	case 1:
		return out + " " + a.typ(s.Results().At(0).Type())
	}
	return out + " (" + list(s.Results(), false) + ")"
}

func apiOf(pkg *types.Package) []string {
	a := &api{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		if !token.IsExported(name) {
			continue
		}
		switch o := pkg.Scope().Lookup(name).(type) {
		case *types.Const:
			a.constant(o)
		case *types.Var:
			a.add("var %s %s", name, a.typ(o.Type()))
		case *types.Func:
			a.add("func %s%s", name, a.signature(o.Signature()))
		case *types.TypeName:
			a.typeName(o)
		}
	}
	slices.Sort(a.facts)
	return slices.Compact(a.facts)
}

func (a *api) constant(o *types.Const) {
	kind := a.typ(o.Type())
	if b, ok := o.Type().(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		kind = strings.Replace(b.Name(), "untyped ", "ideal-", 1)
	}
	a.add("const %s %s", o.Name(), kind)
	if o.Val().Kind() != constant.Unknown {
		a.add("const %s = %s", o.Name(), o.Val().ExactString())
	}
}

func (a *api) typeName(o *types.TypeName) {
	name := o.Name()
	if o.IsAlias() {
		t := o.Type()
		if al, ok := t.(*types.Alias); ok {
			t = al.Rhs()
		}
		a.add("type %s = %s", name, a.typ(t))
		return
	}
	switch u := o.Type().Underlying().(type) {
	case *types.Interface:
		a.interfaceType(name, u)
		return
	case *types.Struct:
		a.add("type %s struct", name)
		for f := range u.Fields() {
			if f.Exported() && f.Embedded() {
				a.add("type %s struct, embedded %s", name, a.typ(f.Type()))
			} else if f.Exported() {
				a.add("type %s struct, %s %s", name, f.Name(), a.typ(f.Type()))
			}
		}
	default:
		a.add("type %s %s", name, a.typ(u))
	}
	// A method is listed with T where T's method set has it, else with *T.
	onValue := types.NewMethodSet(o.Type())
	for m := range types.NewMethodSet(types.NewPointer(o.Type())).Methods() {
		if !m.Obj().Exported() {
			continue
		}
		receiver := "*" + name
		if onValue.Lookup(m.Obj().Pkg(), m.Obj().Name()) != nil {
			receiver = name
		}
		a.add("method (%s) %s%s", receiver, m.Obj().Name(), a.signature(m.Obj().(*types.Func).Signature()))
	}
}

func (a *api) interfaceType(name string, u *types.Interface) {
	var names []string
	hidden := false
	for m := range u.Methods() {
		if !m.Exported() {
			hidden = true
			continue
		}
		names = append(names, m.Name())
		a.add("type %s interface, %s%s", name, m.Name(), a.signature(m.Signature()))
	}
	slices.Sort(names)
	switch {
	case hidden:
		a.add("type %s interface, unexported methods", name)
	case len(names) == 0:
		a.add("type %s interface {}", name)
	default:
		a.add("type %s interface { %s }", name, strings.Join(names, ", "))
	}
}

// layoutOf lists what keyless literals, == and map keys depend on; unexported fields are "_".
func layoutOf(pkg *types.Package) []string {
	a := &api{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		o, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || !o.Exported() || o.IsAlias() {
			continue
		}
		s, ok := o.Type().Underlying().(*types.Struct)
		if !ok {
			continue
		}
		var fields []string
		for f := range s.Fields() {
			if f.Exported() {
				fields = append(fields, f.Name())
			} else {
				fields = append(fields, "_")
			}
		}
		comparable := "not comparable"
		if types.Comparable(s) {
			comparable = "comparable"
		}
		a.add("order %s { %s } %s", name, strings.Join(fields, ", "), comparable)
	}
	return a.facts
}
