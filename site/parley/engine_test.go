package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/bundle"
	"parley/shared/cli"
	"parley/shared/index"
	"parley/shared/remote"
	"parley/site/collection"
	"parley/site/collection/tiny"
	"parley/site/engine"
	"parley/site/serve"
)

// A file of SQLite is an engine, too: search, chat and a run answer from it as from the
// collection, and need the encoder alone.
func TestAnEngineAnswersAsTheCollection(t *testing.T) {
	b := newBench(t)
	out := filepath.Join(b.dir, "sqlite")
	must(t, "", b.with("export", "--to", "sqlite", "--out", out)...)
	engine := []string{"--encoder", b.encoder, "--engine", filepath.Join(out, "parley.db")}
	plain := func(out string) string { // without times
		var kept []string
		for _, line := range strings.Split(out, "\n") {
			if !strings.Contains(line, " ms") && !strings.Contains(line, `_ms"`) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "\n")
	}
	for _, line := range [][]string{
		{"search", "--json", "-t", "how tall is the eiffel tower?", "who designed it?"},
		{"search", "--json", "--read", "alone", "a whale in the see"},
		{"search", "nothing"},
		{"chat"},
	} {
		stdin := ""
		if line[0] == "chat" {
			stdin = "how tall is the eiffel tower?\nwho designed it?\n:terms\n"
		}
		got := must(t, stdin, append(line, engine...)...)
		if want := must(t, stdin, b.with(line...)...); plain(got) != plain(want) {
			t.Errorf("%v:\n%s\nfrom the collection:\n%s", line, got, want)
		}
	}
	if out := must(t, "is tea a leaf?\n:source\n", append([]string{"chat"}, engine...)...); !strings.Contains(out, "passage 1 of 1") {
		t.Error(out)
	}
	for _, line := range [][]string{
		append([]string{"search", "--collection", b.collection, "tea"}, engine...),
		append([]string{"chat", "--stage", "both"}, engine...),
		{"load"}, {"load", "--to", "http://localhost:1", "--shards", "-1"}, {"load", "--to", "x", "y"},
	} {
		if code, _, err := parley(t, "", line...); code != cli.Usage {
			t.Errorf("%v: exit code %d, %s", line, code, err)
		}
	}
	if code, _, err := parley(t, "", b.with("load", "--to", filepath.Join(out, "parley.db"))...); code != cli.Failed || !strings.Contains(err, "parley export --to sqlite") {
		t.Errorf("load into a file: %d %s", code, err)
	}
	if code, _, err := parley(t, "", "search", "--encoder", b.encoder, "--engine", filepath.Join(b.dir, "none.db"), "tea"); code != cli.Failed || !strings.Contains(err, "none.db") {
		t.Errorf("no file: %d %s", code, err)
	}
}

// A CIFF that was exported becomes the same collection again.
func TestAnExportedCIFFIsImported(t *testing.T) {
	b := newBench(t)
	out, again, texts := filepath.Join(b.dir, "ciff"), filepath.Join(b.dir, "again"), filepath.Join(b.dir, "texts.jsonl")
	must(t, "", b.with("export", "--to", "ciff", "--out", out)...)
	_, p, err := collection.Open(b.collection)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range p.Len() {
		p := p.At(i)
		line, _ := json.Marshal(map[string]any{"_id": p.ID, "title": p.Title, "text": p.Text, "metadata": map[string]string{"url": p.URL}})
		lines.Write(append(line, '\n'))
	}
	if err := os.WriteFile(texts, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(out, "index.ciff.gz")
	must(t, "", "import", "ciff", file, "--encoder", b.encoder, "--texts", texts, "--title", "Test", "--out", again)
	for _, name := range []string{"index.bin", "passages.bin"} {
		got, err := os.ReadFile(filepath.Join(again, name))
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := os.ReadFile(filepath.Join(b.collection, name)); !bytes.Equal(got, want) {
			t.Errorf("%s is another", name)
		}
	}
	for _, line := range [][]string{{"import"}, {"import", "lucene", file}, {"import", "ciff"}, {"import", "ciff", file, "--step", "-1"}} {
		if code, _, err := parley(t, "", line...); code != cli.Usage {
			t.Errorf("%v: exit code %d, %s", line, code, err)
		}
	}
	if code, _, err := parley(t, "", "import", "ciff", texts, "--encoder", b.encoder, "--out", again); code != cli.Failed || !strings.Contains(err, "texts.jsonl") {
		t.Errorf("no CIFF: %d %s", code, err)
	}
}

// A page is served with an engine where both are of one collection, and not otherwise.
func TestAPageIsServedWithItsOwnEngine(t *testing.T) {
	b := newBench(t)
	out := filepath.Join(b.dir, "sqlite")
	must(t, "", b.with("export", "--to", "sqlite", "--out", out)...)
	db := filepath.Join(out, "parley.db")
	live, err := engine.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	programs := filepath.Join(b.dir, "programs")
	for _, name := range []string{"ui.wasm", "worker.wasm", "engine.wasm", "files.wasm", "pdfium.wasm", "wasm_exec.js"} {
		tiny.Put(t, programs, map[string][]byte{name: []byte("stand-in for " + name)})
	}
	own, asking := filepath.Join(b.dir, "own"), filepath.Join(b.dir, "asking")
	must(t, "", b.with("build", "--compress", "none", "--wasm", programs, "--out", own)...)
	must(t, "", "build", "--encoder", b.encoder, "--engine", db, "--compress", "none", "--wasm", programs, "--out", asking)
	if err := sameCollection(asking, live); err != nil {
		t.Error(err)
	}
	if code, _, err := parley(t, "", "serve", "--engine", db, own); code != cli.Failed || !strings.Contains(err, "has its own collection, and asks no engine") || !strings.Contains(err, "parley build --engine") {
		t.Errorf("its own collection: %d %s", code, err)
	}
	site := filepath.Join(asking, "site.json")
	content, err := os.ReadFile(site)
	if err != nil {
		t.Fatal(err)
	}
	lexicon, _ := live.Files()
	other := bytes.ReplaceAll(content, []byte(bundle.Of("", "", lexicon).SHA256), []byte(strings.Repeat("0", 64)))
	if err := os.WriteFile(site, other, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, err := parley(t, "", "serve", "--engine", db, asking); code != cli.Failed || !strings.Contains(err, "of another collection than the engine's") {
		t.Errorf("another collection: %d %s", code, err)
	}
	answer := answers(live)
	if _, err := answer(t.Context(), `{"k":1}`); !errors.As(err, new(*serve.BadQuestion)) {
		t.Errorf("no question: %v", err)
	}
	q := []index.Factor{{Term: uint32(live.Lexicon.Vocab()), Weight: 3}} // the first word
	data, err := answer(t.Context(), remote.Question(q, 2))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := remote.Decode(data, q); err != nil || len(found) == 0 || found[0].Passage.Text == "" {
		t.Errorf("%+v, %v", found, err)
	}
}
