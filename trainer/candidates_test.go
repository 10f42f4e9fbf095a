package main

import (
	"path/filepath"
	"strings"
	"testing"

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

func TestCandidatesWrongUse(t *testing.T) {
	dir := t.TempDir()
	for line, want := range map[string]string{
		"candidates --splits dev":                                          "no --out",
		"candidates --out DIR/x":                                           "nothing to make examples of",
		"candidates --answers DIR --out DIR/x":                             "give both",
		"candidates --splits devs --out DIR/x":                             `there is no "devs"`,
		"candidates --splits dev --base b --out DIR/x":                     "give both",
		"candidates --splits dev --stage both --out DIR/x":                 "needs --dense",
		"candidates --splits dev --questions -1 --out DIR/x":               "negative",
		"candidates dev":                                                   "name files with flags",
		"reader --out DIR/x --encoder e":                                   "examples is",
		"reader --resume":                                                  "--resume needs --out",
		"reader x":                                                         "is no flag",
		"reader --out DIR/x --encoder e --examples DIR/none --layers many": "layers",
	} {
		if code, _, stderr := trainer(t, dir, line); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("trainer %s: code %d, %q; want %q", line, code, stderr, want)
		}
	}
}
