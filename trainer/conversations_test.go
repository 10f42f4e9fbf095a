package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/trainer/converse"
	"parley/trainer/evaluate"
)

const ourSet = " --data conversations --articles ../models/vital-articles --encoder ../models/splade-tiny"

func TestConversationsCheckPrintsTheTables(t *testing.T) {
	code, out, stderr := trainer(t, "", "conversations check"+ourSet)
	if code != 0 {
		t.Fatalf("code %d: %s%s", code, out, stderr)
	}
	for _, want := range []string{"| turns a conversation ", "| kind ellipsis ", "| Geography ", "| choice |"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var got struct {
		Splits map[string]struct{ Turns int }
	}
	if _, out, _ = trainer(t, "", "conversations check --json"+ourSet); json.Unmarshal([]byte(out), &got) != nil || got.Splits["test"].Turns == 0 {
		t.Errorf("--json prints %.200s", out)
	}
}

func TestConversationsCheckFailsOnAProblem(t *testing.T) {
	dir := t.TempDir()
	for _, split := range []string{"train", "dev", "test"} {
		data, err := os.ReadFile(filepath.Join("conversations", split+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if split == "dev" {
			data = []byte(strings.Replace(string(data), `"kind":"pronoun"`, `"kind":"noun"`, 1))
		}
		if err := os.WriteFile(filepath.Join(dir, split+".jsonl"), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	code, out, stderr := trainer(t, dir, "conversations check"+strings.Replace(ourSet, "--data conversations", "--data DIR", 1))
	if code != 1 || !strings.Contains(out, `dev.jsonl:1: turn `) || !strings.Contains(out, `there is no kind "noun"`) || !strings.Contains(stderr, "1 problems") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

// What export writes, evaluate reads, and finds what measure finds; import reads the
// set itself.
func TestConversationsAreMeasuredAsEvaluateMeasures(t *testing.T) {
	dir := t.TempDir()
	if code, _, stderr := trainer(t, dir, "conversations export DIR"+ourSet); code != 0 {
		t.Fatal(stderr)
	}
	code, out, stderr := trainer(t, dir, "conversations measure --json --splits dev --pool DIR/pool.tsv"+ourSet)
	var rows []converse.Measured
	if err := json.Unmarshal([]byte(out), &rows); code != 0 || err != nil || len(rows) != 6 {
		t.Fatalf("code %d, %v, %d rows, %s", code, err, len(rows), stderr)
	}
	for _, r := range rows[:3] { // BM25
		queries := "last"
		if r.Input == "rewrite" {
			queries = "rewrite"
		}
		code, out, stderr := trainer(t, dir, "evaluate --bm25 --json --passages DIR/corpus.jsonl --tasks DIR/dev/tasks.jsonl --qrels DIR/dev/qrels.txt --input "+r.Input+" --queries DIR/dev/queries_"+queries+".jsonl")
		var got evaluate.Outcome
		if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil {
			t.Fatalf("code %d, %v, %s", code, err, stderr)
		}
		if want := r.NDCG["all"]; math.Abs(got.Metrics["ndcg_cut_10"]-want) > 1e-9 || got.Queries != r.Turns["all"] || want <= 0 {
			t.Errorf("%s: nDCG@10 of %d queries is %v by evaluate, of %d %v by measure", r.Input, got.Queries, got.Metrics["ndcg_cut_10"], r.Turns["all"], want)
		}
	}
	pool, err := os.ReadFile(filepath.Join(dir, "pool.tsv"))
	if err != nil || !strings.HasPrefix(string(pool), "query-id\tcorpus-id\tgrade\ndev-") || !strings.Contains(string(pool), "\t2\n") {
		t.Errorf("pool: %v, %.100s", err, pool)
	}
	code, out, stderr = trainer(t, dir, "import parley conversations/dev.jsonl --json --vocab ../models/splade-tiny/vocab.txt")
	var read struct{ Turns, Rewritten, Unread int }
	if err := json.Unmarshal([]byte(out), &read); code != 0 || err != nil || read.Turns != rows[0].Turns["all"] || read.Rewritten != read.Turns || read.Unread != 0 {
		t.Errorf("import: code %d, %v, %+v, %s", code, err, read, stderr)
	}
	if i := slices.IndexFunc(rows, func(r converse.Measured) bool { return r.System == "splade-tiny" && r.Input == "rewrite" }); i < 0 || rows[i].NDCG["all"] < .5 {
		t.Errorf("the shipped encoder does not find the rewrites' articles: %+v", rows)
	}
}

// The split to choose on is measured as the others are, with the judgements of the
// pool where they are asked for, and exported together with dev.
func TestTheSplitToChooseOnIsMeasured(t *testing.T) {
	ndcg := map[string]float64{}
	for _, flag := range []string{"", " --pooled"} {
		code, out, stderr := trainer(t, "", "conversations measure --json --splits choice"+flag+ourSet)
		var rows []converse.Measured
		if err := json.Unmarshal([]byte(out), &rows); code != 0 || err != nil || len(rows) != 6 || rows[0].Split != "choice" || rows[0].Turns["all"] == 0 {
			t.Fatalf("code %d, %v, %d rows, %s", code, err, len(rows), stderr)
		}
		ndcg[flag] = rows[0].NDCG["all"]
	}
	if ndcg[""] <= 0 || ndcg[""] == ndcg[" --pooled"] {
		t.Errorf("nDCG@10 without and with the pooled judgements: %v", ndcg)
	}
}

func TestConversationsWrongUse(t *testing.T) {
	for line, want := range map[string]string{
		"conversations":                                 "want check, export, measure, converse, switch, sure, quote or doubt",
		"conversations sing":                            "want check, export DIR, measure, converse, switch, sure, quote or doubt",
		"conversations export" + ourSet:                 "want check, export DIR, measure, converse, switch, sure, quote or doubt",
		"conversations measure --splits tests" + ourSet: `there is no "tests"`,
	} {
		if code, _, stderr := trainer(t, "", line); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("trainer %s: code %d, %q; want %q", line, code, stderr, want)
		}
	}
	if code, out, _ := trainer(t, "", "conversations --help"); code != 0 || !strings.Contains(out, "Examples:\n  trainer ") {
		t.Errorf("help: code %d, %q", code, out)
	}
}
