package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/encoder"
	dense "parley/shared/encoder/tiny"
	"parley/trainer/candidates"
)

const tinyAnswers = "what is tea\t['leaf']\nwhere is the moon\t['orbit']\neiffel tower paris\t['engineer']\n"

func TestCandidatesCommand(t *testing.T) {
	dir := tinySet(t)
	put(t, filepath.Join(dir, "data/unanswerable.jsonl"), []byte(`{"id":"none-dev-1","split":"dev","kind":"specific","question":"whale tea"}`+"\n"))
	put(t, filepath.Join(dir, "asked.txt"), []byte(tinyAnswers))
	put(t, filepath.Join(dir, "not.jsonl"), []byte(`{"id":"1_1","conversation":"1","source":"s","turns":[{"question":"What is TEA?"}],"rewrite":"moon orbit"}`+"\n"))
	line := "candidates --splits dev --answers DIR/asked.txt --collection DIR/articles --exclude DIR/not.jsonl --out DIR/made.jsonl" + tinyFlags
	out := mustRun(t, dir, line)
	all, err := candidates.Read([]string{filepath.Join(dir, "made.jsonl")})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range all {
		ids = append(ids, e.ID)
	}
	made := strings.Join(ids, " ")
	for _, id := range []string{"dev-01-01<::>1", "dev-02-01<::>1", "none-dev-1"} {
		if !strings.Contains(made, id) {
			t.Errorf("no example %s among %s", id, made)
		}
	}
	// The excluded question and rewrite, and what has no letter to search for.
	for _, id := range []string{"dev-02-01<::>2", "asked.txt:1"} {
		if strings.Contains(made, id) {
			t.Errorf("there is an example %s, which is excluded: %s", id, made)
		}
	}
	if !strings.Contains(out, "conversations") || !strings.Contains(out, "unanswerable        1 examples,      0 with a relevant passage") {
		t.Error(out)
	}
	first := read(t, filepath.Join(dir, "made.jsonl"))
	if mustRun(t, dir, line); string(read(t, filepath.Join(dir, "made.jsonl"))) != string(first) {
		t.Error("a second run wrote something else")
	}
}

// A rewrite is judged by the reader of the dense encoder's folder, and needs one.
func TestCandidatesOfRewrites(t *testing.T) {
	dir := tinySet(t)
	const turn = `{"id":"NAME","conversation":"1","source":"s","turns":[{"question":"what is NAME?","reply":"a thing"},{"question":"where is it?"}],"rewrite":"where is NAME?"}` + "\n"
	var turns string
	for _, a := range tinyArticles {
		turns += strings.ReplaceAll(turn, "NAME", strings.ToLower(a.Title))
	}
	put(t, filepath.Join(dir, "rewrites.jsonl"), []byte(turns))
	with := dense.WithReader(dense.Sentence(len(tinyVocabulary(t, dir)), `{"name": "tiny", "space": "tiny", "dense_weight": 1, `+dense.ReaderSettings+"}"))
	// The biases of its heads, .1 and nowhere else, become 9: everything is relevant to it.
	with[encoder.ReaderFile] = bytes.ReplaceAll(with[encoder.ReaderFile], []byte{0xcd, 0xcc, 0xcc, 0x3d}, []byte{0, 0, 0x10, 0x41})
	for name, data := range with {
		put(t, filepath.Join(dir, "dense", name), data)
	}
	line := "candidates --rewrites DIR/rewrites.jsonl --collection DIR/articles --encoder DIR/encoder --dense DIR/dense --out DIR/made.jsonl"
	mustRun(t, dir, line)
	all, err := candidates.Read([]string{filepath.Join(dir, "made.jsonl")})
	if err != nil || len(all) == 0 {
		t.Fatalf("%v, %d examples", err, len(all))
	}
	for _, e := range all {
		if n := len(e.Questions); e.Source != candidates.Rewrites || n != 2 || e.Questions[1] != "where is it?" || !strings.EqualFold(e.Passages[0].Title, e.ID) || !e.Passages[0].Relevant {
			t.Errorf("%+v", e)
		}
	}
	settings := strings.ReplaceAll(string(with["config.json"]), ", "+dense.ReaderSettings, "")
	put(t, filepath.Join(dir, "dense/config.json"), []byte(settings))
	if code, _, stderr := trainer(t, dir, line); code != 1 || !strings.Contains(stderr, "has none") {
		t.Errorf("without a reader: code %d, %q", code, stderr)
	}
}

// tinyVocabulary returns the pieces of the tiny encoder in DIR/encoder.
func tinyVocabulary(t *testing.T, dir string) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(string(read(t, filepath.Join(dir, "encoder/vocab.txt")))), "\n")
}

func TestCandidatesWrongUse(t *testing.T) {
	dir := t.TempDir()
	for line, want := range map[string]string{
		"candidates --splits dev":                                "no --out",
		"candidates --out DIR/x":                                 "nothing to make examples of",
		"candidates --answers DIR --out DIR/x":                   "give both",
		"candidates --splits devs --out DIR/x":                   `there is no "devs"`,
		"candidates --splits dev --base b --out DIR/x":           "give both",
		"candidates --splits dev --stage both --out DIR/x":       "needs --dense",
		"candidates --splits dev --questions -1 --out DIR/x":     "negative",
		"candidates --splits dev --follow-ups -1 --out DIR/x":    "negative",
		"candidates --rewrites DIR --out DIR/x":                  "give both",
		"candidates --rewrites DIR --collection DIR --out DIR/x": "by the reader of --dense",
		"candidates dev":                 "name files with flags",
		"reader --out DIR/x --encoder e": "examples is",
		"reader --resume":                "--resume needs --out",
		"reader x":                       "is no flag",
		"reader --out DIR/x --encoder e --examples DIR/none --layers many": "layers",
	} {
		if code, _, stderr := trainer(t, dir, line); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("trainer %s: code %d, %q; want %q", line, code, stderr, want)
		}
	}
}
