package main

import (
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/cli"
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
