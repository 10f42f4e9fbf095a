package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/importers"
	"parley/trainer/experiment"
)

// smallGrid writes data and a grid for the encoder of teacher/testdata, whose words are
// letters.
func smallGrid(t *testing.T, dir string) {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 2))
	letters := func(n int) string {
		var w []string
		for range n {
			w = append(w, string(rune('a'+r.IntN(26))))
		}
		return strings.Join(w, " ")
	}
	files := map[string]*bytes.Buffer{}
	line := func(name, format string, args ...any) {
		if files[name] == nil {
			files[name] = &bytes.Buffer{}
		}
		fmt.Fprintf(files[name], format+"\n", args...)
	}
	for i := range 60 {
		line("passages.jsonl", `{"_id": "d%d", "text": %q}`, i, letters(8))
	}
	var list []importers.Example
	for i := range 48 {
		q := letters(3)
		e := importers.Example{ID: fmt.Sprint(i), Conversation: fmt.Sprint(i / 3), Rewrite: q}
		if i%3 > 0 {
			e.History = append(e.History, conversation.Turn{Question: letters(2), Reply: letters(3)})
		}
		list = append(list, e)
		list[i].Question = q[:3]
	}
	files["train.jsonl"] = &bytes.Buffer{}
	if err := importers.Write(files["train.jsonl"], list); err != nil {
		t.Fatal(err)
	}
	line("qrels.tsv", "query-id\tcorpus-id\tscore")
	for c := range 4 {
		for turn := 1; turn <= 3; turn++ {
			id, q := fmt.Sprintf("c%d<::>%d", c, turn), letters(2)
			line("last.jsonl", `{"_id": %q, "text": %q}`, id, q)
			line("rewrite.jsonl", `{"_id": %q, "text": %q}`, id, q+" "+letters(1))
			line("tasks.jsonl", `{"task_id": %q, "turn_id": %d, "user": {"text": %q}, "agent": {"text": %q}}`, id, turn, q, letters(3))
			line("qrels.tsv", "%s\td%d\t1", id, r.IntN(60))
		}
	}
	files["grid.json"] = bytes.NewBufferString(`{
 "base": {"encoder": "teacher/testdata", "examples": ["DATA/train.jsonl"], "passages": ["DATA/passages.jsonl"], "max-tokens": 12, "depth": 40, "from": 3, "to": 30,
  "candidates": 6, "dev-fraction": 0.25, "batch": 4, "epochs": 4, "save-every": 3, "rate": 0.01, "freeze-embedding": false},
 "seeds": [1, 2],
 "evaluations": [{"name": "The small set", "short": "small", "passages": ["DATA/passages.jsonl"], "queries": {"last": ["DATA/last.jsonl"], "rewrite": ["DATA/rewrite.jsonl"]}, "tasks": ["DATA/tasks.jsonl"], "qrels": ["DATA/qrels.tsv"]}],
 "choice": {"name": "The dev set", "short": "dev", "passages": ["DATA/passages.jsonl"], "queries": {"last": ["DATA/last.jsonl"]}, "tasks": ["DATA/tasks.jsonl"], "qrels": ["DATA/qrels.tsv"]},
 "baseline": "main/KLD alone",
 "headline": {"unregularised": "main/full", "among": ["l1"]},
 "experiments": [
  {"name": "baselines", "points": [
   {"label": "BM25", "set": {"system": "bm25", "input": "last"}},
   {"label": "idf", "set": {"system": "idf", "query-tokens": 12}},
   {"label": "base", "set": {"system": "base", "input": "rewrite", "query-tokens": 12}}]},
  {"name": "main", "points": [{"label": "KLD alone", "set": {"distance": 0, "infonce": 0}}, {"label": "full"}]},
  {"name": "l1", "vary": {"l1": [0.1]}},
  {"name": "cut", "vary": {"query-top": [3]}},
  {"name": "int8", "set": {"int8": true}}
 ],
 "figures": [{"name": "turns", "kind": "turns", "title": "By turn", "rows": ["main/full"], "values": ["query_l0"]}]
}`)
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func smallLine(out string) string {
	return "experiment --grid DIR/grid.json --data DIR --cache DIR/cache --threads 1 --work DIR/" + out + " --out DIR/" + out
}

// What needs no training is measured without libtorch, once.
func TestExperimentWithoutTraining(t *testing.T) {
	dir := t.TempDir()
	smallGrid(t, dir)
	if code, _, stderr := trainer(t, dir, smallLine("out")+" --only baselines"); code != 0 {
		t.Fatal(stderr)
	}
	list, err := experiment.ReadResults(filepath.Join(dir, "out"))
	if err != nil || len(list) != 3 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	for _, r := range list {
		m := r.Evaluations["small"]
		if m == nil || m.Queries != 12 || m.Passages != 60 || len(m.Turns) != 3 || (m.Cost == nil) != (r.Settings.Measure.System == experiment.BM25) {
			t.Errorf("%+v: %+v", r.Settings.Measure, m)
		}
		if dev := r.Evaluations["dev"]; (dev != nil) != (r.Settings.Measure.Input != "rewrite") { // it has no rewrites
			t.Errorf("%+v: on the set to choose on: %+v", r.Settings.Measure, dev)
		}
	}
	for _, name := range []string{"summary.json", "figures.json", "results.csv", "tables.md"} {
		if _, err := os.Stat(filepath.Join(dir, "out", name)); err != nil {
			t.Error(err)
		}
	}
	code, out, stderr := trainer(t, dir, smallLine("out")+" --list --json")
	var rows []listed
	if err := json.Unmarshal([]byte(out), &rows); code != 0 || err != nil || len(rows) != 13 {
		t.Fatalf("code %d, %v, %d rows: %s", code, err, len(rows), stderr)
	}
	for _, r := range rows {
		if want := map[bool]string{true: "done", false: "to do"}[r.Experiment == "baselines"]; r.State != want || r.Key == "" || (r.Seconds == 0) != (want == "done") {
			t.Errorf("%+v", r)
		}
	}
	if _, out, _ = trainer(t, dir, smallLine("out")+" --list"); !strings.Contains(out, "3 of 13 done") {
		t.Error(out)
	}
	for line, says := range map[string]string{
		" --only nothing":       `no experiment "nothing"`,
		" --seeds one":          `"one" is not a number`,
		" --json":               "--json needs --list",
		" stray":                `"stray" is no flag`,
		" --grid DIR/qrels.tsv": "qrels.tsv:1",
	} {
		if code, _, stderr := trainer(t, dir, smallLine("out")+line); code == 0 || !strings.Contains(stderr, says) {
			t.Errorf("%s: code %d, %s, wanted %q", line, code, stderr, says)
		}
	}
}
