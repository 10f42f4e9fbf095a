package parley

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "parley"

// foreign are the standard packages that shared does without: its packages run in a
// browser, where there is no system.
var foreign = []string{"os", "net", "syscall", "C", "plugin", "runtime/cgo"}

// A rule is a line of the table in ARCHITECTURE.md.
type rule struct {
	imports    []string            // folders of the project, "wasm/host"
	exceptions map[string][]string // of its packages: other libraries, or what is foreign
}

var (
	row       = regexp.MustCompile("(?m)^\\| `([a-z]+)/` \\|.*\\| ([^|]*) \\|$")
	exception = regexp.MustCompile("`([^`]+)` \\(([^)]*)\\)")
	quoted    = regexp.MustCompile("`([^`]+)`")
)

// rules reads the table: a row's third column names what the folder imports.
func rules(t *testing.T) map[string]rule {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	names := func(s string) (list []string) {
		for _, m := range quoted.FindAllStringSubmatch(s, -1) {
			list = append(list, m[1])
		}
		return list
	}
	all := map[string]rule{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		r := rule{exceptions: map[string][]string{}}
		allowed, exceptions, _ := strings.Cut(m[2], "Exceptions:")
		if m[1] == "shared" { // what is quoted there is what it does without
			for _, name := range names(allowed) {
				if !slices.Contains(foreign, name) {
					t.Errorf("ARCHITECTURE.md says that shared does without %s; this test does not know that", name)
				}
			}
		} else {
			r.imports = names(allowed)
		}
		for _, e := range exception.FindAllStringSubmatch(exceptions, -1) {
			r.exceptions[e[1]] = names(e[2])
		}
		all[m[1]] = r
	}
	if want := []string{"models", "shared", "site", "trainer", "wasm"}; !slices.Equal(slices.Sorted(maps.Keys(all)), want) {
		t.Fatalf("the table of ARCHITECTURE.md has rules for %v, wanted %v", slices.Sorted(maps.Keys(all)), want)
	}
	return all
}

// imports lists what the Go files below a folder import, tests left out and build tags
// ignored: a package's folder, and an import path with a file that has it.
func imports(t *testing.T, folder string, f func(pkg, path, file string)) {
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range parsed.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			f(path.Dir(filepath.ToSlash(name)), p, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// within says whether an import path is name or below it.
func within(path, name string) bool { return path == name || strings.HasPrefix(path, name+"/") }

func TestImportsAreThoseOfTheTable(t *testing.T) {
	graph := map[string]map[string]bool{} // folder: folders that it imports
	for folder, r := range rules(t) {
		graph[folder] = map[string]bool{}
		needed := map[string]bool{}
		allowed := func(to string, list []string, path string) bool {
			i := slices.IndexFunc(list, func(name string) bool { return within(path, name) })
			if i >= 0 {
				needed[to+" import "+list[i]] = true
			}
			return i >= 0
		}
		imports(t, folder, func(pkg, path, file string) {
			if path == module && !allowed(folder, r.imports, ".") {
				t.Errorf("%s imports what is embedded at the root; ARCHITECTURE.md allows %s %v", file, folder, r.imports)
			}
			if project, ok := strings.CutPrefix(path, module+"/"); ok {
				if to, _, _ := strings.Cut(project, "/"); to != folder {
					graph[folder][to] = true
					if !allowed(folder, r.imports, project) {
						t.Errorf("%s imports %s; ARCHITECTURE.md allows %s %v", file, path, folder, r.imports)
					}
				}
				return
			}
			if folder != "shared" {
				return
			}
			first, _, _ := strings.Cut(path, "/")
			standard := !strings.Contains(first, ".")
			if standard && !slices.ContainsFunc(foreign, func(name string) bool { return within(path, name) }) {
				return
			}
			name := strings.TrimPrefix(pkg, "shared/")
			if !allowed(name, r.exceptions[name], path) {
				t.Errorf("%s imports %s: shared does without, and ARCHITECTURE.md has no such exception for %s", file, path, name)
			}
		})
		r.exceptions[folder] = r.imports
		for to, list := range r.exceptions {
			for _, name := range list {
				if may := to + " import " + name; !needed[may] {
					t.Errorf("ARCHITECTURE.md lets %s, which nothing there does", may)
				}
			}
		}
	}

	var visit func(folder string, before []string)
	visit = func(folder string, before []string) {
		if i := slices.Index(before, folder); i >= 0 {
			t.Fatalf("folders import each other in a circle: %v", append(before[i:], folder))
		}
		for to := range graph[folder] {
			visit(to, append(before[:len(before):len(before)], folder))
		}
	}
	for folder := range graph {
		visit(folder, nil)
	}
}
