package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/durable/killed"
	sentences "parley/shared/encoder/tiny"
	"parley/site/collection"
	"parley/site/collection/tiny"
)

// killTests say which test kills a command while it writes.
var killTests = map[string]string{
	"search": "TestAKilledCommandLeavesWhatWasThere", "chat": "TestAKilledCommandLeavesWhatWasThere",
	"index": "TestAKilledCommandLeavesWhatWasThere", "quantize": "TestAKilledCommandLeavesWhatWasThere",
	"import": "TestAKilledCommandLeavesWhatWasThere",
	"export": "TestAKilledExportContinues in site/engine", "load": "TestAKilledLoadContinues in site/engine",
	"build": "TestAKilledBuildLeavesAVersion in site/publish",
	"serve": "writes nothing", "models": "writes nothing", "check": "writes nothing",
}

func TestEveryCommandThatWritesIsKilled(t *testing.T) {
	var names []string
	for _, c := range commands {
		names = append(names, c.Name)
	}
	killed.Covered(t, names, killTests)
}

// A command that is killed at any moment leaves what was there before, or all that it
// writes. A line that ends in "<" and a text has that as its input.
func TestAKilledCommandLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	at := func(name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	run := func(t *testing.T, line []string) {
		stdin := ""
		if i := slices.Index(line, "<"); i >= 0 {
			line, stdin = line[:i], line[i+1]
		}
		must(t, stdin, line...)
	}
	var writers []killed.Writer
	if !killed.Child() {
		writers = killable(t, at, run)
	}
	killed.Test(t, run, writers...)
}

// killable makes what the commands read, and returns those whose kills are tested here.
func killable(t *testing.T, at func(...string) string, run func(*testing.T, []string)) []killed.Writer {
	for i, name := range []string{"one", "two"} {
		if err := tiny.Write(at(name), uint64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	texts := map[string]string{"a": "The tower in paris is tall.\n\n", "b": "A whale is not a fish in the sea.\n\n"}
	for name, text := range texts {
		put(t, at(name+".txt"), "Title\n\n"+strings.Repeat(text, 60))
		put(t, at(name+".tsv"), "q1\t"+strings.TrimSpace(text)+"\n")
		run(t, []string{"index", "--encoder", at("one"), "--out", at("collection-" + name), at(name + ".txt")})
		run(t, []string{"export", "--to", "ciff", "--encoder", at("one"), "--collection", at("collection-" + name), "--out", at("ciff-" + name)})
	}
	enc, err := collection.OpenEncoder(at("one"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cls", "mean"} {
		files := sentences.Sentence(enc.Vocab(), `{"name": "dense", "space": "dense-`+name+`", "pooling": "`+name+`", "dense_weight": 5}`)
		tiny.Put(t, at("dense-"+name), files)
	}
	pair := func(line func(one, two string) []string) [2][]string {
		return [2][]string{line("a", "cls"), line("b", "mean")}
	}
	run(t, []string{"index", "--encoder", at("one"), "--out", at("dense", "out"), at("a.txt")})
	return []killed.Writer{
		{Name: "index", Out: at("index", "out"), Lines: pair(func(text, _ string) []string {
			return []string{"index", "--encoder", at("one"), "--out", at("index", "out"), at(text + ".txt")}
		})},
		{Name: "index --dense", Out: at("dense", "out"), Lines: pair(func(_, dense string) []string {
			return []string{"index", "--encoder", at("one"), "--dense=" + at("dense-"+dense), "--out", at("dense", "out")}
		})},
		{Name: "quantize", Out: at("quantize", "out"), Lines: [2][]string{{"quantize", at("one"), at("quantize", "out")}, {"quantize", at("two"), at("quantize", "out")}}},
		{Name: "import", Out: at("import", "out"), Lines: pair(func(text, _ string) []string {
			return []string{"import", "ciff", at("ciff-"+text, "index.ciff.gz"), "--encoder", at("one"), "--out", at("import", "out")}
		})},
		{Name: "search --trec", Out: at("search", "out"), Lines: pair(func(text, _ string) []string {
			return []string{"search", "--encoder", at("one"), "--collection", at("collection-" + text), "--queries", at(text + ".tsv"), "--trec", at("search", "out")}
		})},
		{Name: "chat", Out: at("chat", "out.json"), Lines: pair(func(text, _ string) []string {
			return []string{"chat", "--encoder", at("one"), "--collection", at("collection-" + text), "<", texts[text][:20] + "?\n:save " + at("chat", "out.json") + "\n"}
		})},
	}
}

func put(t *testing.T, at, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
