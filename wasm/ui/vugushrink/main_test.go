package main

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// generated is what vugugen makes of the page's components, by path.
func generated(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	components, _ := filepath.Glob("../*.vugu")
	sources, _ := filepath.Glob("../*.go")
	for _, source := range append(sources, components...) {
		if strings.HasSuffix(source, "_gen.go") || strings.HasSuffix(source, "_test.go") {
			continue
		}
		data, err := os.ReadFile(source)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(source)), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "tool", "vugugen", "-skip-go-mod", "-skip-main", dir).CombinedOutput(); err != nil {
		t.Fatalf("vugugen: %v\n%s", err, out)
	}
	files := map[string]string{}
	names, _ := filepath.Glob(filepath.Join(dir, "*_gen.go"))
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(data)
	}
	if len(files) != len(components) || len(files) == 0 {
		t.Fatalf("%d files of %d components", len(files), len(components))
	}
	return files
}

// What is checked in is what `go generate` makes.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	made, err := shrink(generated(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range made {
		want, err := format.Source([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join("..", filepath.Base(name))); err != nil || string(got) != string(want) {
			t.Errorf("wasm/ui/%s is not what its component makes (%v); run `make generate`", filepath.Base(name), err)
		}
	}
}

// Code of another form than the edits expect is refused, whichever part of it differs.
func TestCodeOfAnotherFormIsRefused(t *testing.T) {
	files := generated(t)
	for _, change := range [][2]string{
		{"vgparent.AppendChild(vgn)", "vgparent.Append(vgn)"},
		{"vugu.VGNodeType(1)", "vugu.TextNode"},
		{"vugu.VGNodeType(3)", "vugu.ElementNode"},
		{`Namespace: "", `, ""},
		{"vgn.AddAttrInterface(", "vgn.AddAttr("},
		{"vgn.SetInnerHTML(", "vgn.SetInner("},
		{"// TODO: ", "// "},
		{`vugu.HTML("What the encoder saw")`, `vugu.HTML("What \x3Cem\x3Ethe\x3C/em\x3E encoder saw")`},
		{`vugu.HTML("What the encoder saw")`, `vugu.HTML("What &amp; saw")`},
	} {
		changed, there := map[string]string{}, false
		for name, text := range files {
			there = there || strings.Contains(text, change[0])
			changed[name] = strings.ReplaceAll(text, change[0], change[1])
		}
		if !there {
			t.Errorf("no component's code has %q any more; take another text", change[0])
		} else if _, err := shrink(changed); err == nil {
			t.Errorf("%q in place of %q was not noticed", change[1], change[0])
		}
	}
	made, err := shrink(files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shrink(made); err == nil {
		t.Error("what is shrunk already was not noticed")
	}
}
