//go:build libtorch

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/trainer/experiment"
	"parley/trainer/importers"
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
			e.Turns = append(e.Turns, importers.Turn{Question: letters(2), Reply: letters(3)})
		}
		list = append(list, e)
		list[i].Turns = append(list[i].Turns, importers.Turn{Question: q[:3]})
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

// results are the runs' files without what is of the clock alone.
func results(t *testing.T, dir string) map[string]*experiment.Result {
	t.Helper()
	list, err := experiment.ReadResults(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*experiment.Result{}
	for _, r := range list {
		r.Seconds, r.TrainingSeconds = 0, 0
		for _, m := range r.Evaluations {
			if m.Cost != nil {
				m.Cost.SearchMS = 0
			}
			for _, p := range m.Turns {
				if p.Cost != nil {
					p.Cost.SearchMS = 0
				}
			}
		}
		all[r.Key] = r
	}
	return all
}

// A grid that is killed, in the middle of whatever it does, goes on and ends with the
// results of one that was not; what is done is not done again.
func TestKilledExperimentGoesOn(t *testing.T) {
	if dir := os.Getenv("PARLEY_EXPERIMENT_CHILD"); dir != "" {
		if code, _, stderr := trainer(t, dir, smallLine("killed")); code != 0 {
			t.Fatal(stderr)
		}
		return
	}
	dir := t.TempDir()
	smallGrid(t, dir)
	code, _, stderr := trainer(t, dir, smallLine("whole"))
	if code != 0 {
		t.Fatal(stderr)
	}
	whole := results(t, filepath.Join(dir, "whole"))
	// 3 baselines, and 5 rows with 2 seeds of 3 trainings each.
	if len(whole) != 13 {
		t.Errorf("%d results", len(whole))
	}
	for key, r := range whole {
		m := r.Evaluations["small"]
		switch {
		case m == nil || m.Queries != 12 || m.Passages != 60 || len(m.Turns) != 3:
			t.Errorf("%s, %+v: %+v", key, r.Settings.Measure, m)
		case r.Settings.Measure.System != experiment.BM25 && (m.Cost == nil || m.Cost.L0 == 0 || m.Cost.Postings == 0 || m.Scores == nil):
			t.Errorf("%s, %+v: cost %+v, scores %+v", key, r.Settings.Measure, m.Cost, m.Scores)
		case r.Settings.Measure.Top == 3 && m.Cost.L0 > 3:
			t.Errorf("cut to 3 terms, a query has %v", m.Cost.L0)
		case r.Training != "" && (r.Dev == nil || r.Steps != 36 || r.Examples != 36):
			t.Errorf("%s: dev %+v, %d steps, %d examples", key, r.Dev, r.Steps, r.Examples)
		}
	}

	child := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledExperimentGoesOn$")
		cmd.Env = append(os.Environ(), "PARLEY_EXPERIMENT_CHILD="+dir)
		return cmd
	}
	steps := func() (n int) { // of all trainings
		logs, _ := filepath.Glob(filepath.Join(dir, "killed/trainings/*/log.jsonl"))
		for _, path := range logs {
			data, _ := os.ReadFile(path)
			n += bytes.Count(data, []byte("\n"))
		}
		return n
	}
	for _, until := range []int{5, 20, 50, 130} {
		cmd := child()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for begin := time.Now(); time.Since(begin) < time.Minute && steps() < until; {
			time.Sleep(time.Millisecond)
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	if out, err := child().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	killed := results(t, filepath.Join(dir, "killed"))
	if !slices.Equal(slices.Sorted(maps.Keys(killed)), slices.Sorted(maps.Keys(whole))) {
		t.Errorf("results %q, wanted %q", slices.Sorted(maps.Keys(killed)), slices.Sorted(maps.Keys(whole)))
	}
	for key, want := range whole {
		if got := killed[key]; !reflect.DeepEqual(got, want) {
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(want)
			t.Errorf("killed\n%s\nnot killed\n%s", a, b)
		}
	}

	code, out, stderr := trainer(t, dir, smallLine("killed")+" --list")
	if code != 0 || !strings.Contains(out, "13 of 13 done, about 0s left") {
		t.Errorf("%s%s", out, stderr)
	}
	before := steps()
	if code, _, stderr = trainer(t, dir, smallLine("killed")); code != 0 || steps() != before || !strings.Contains(stderr, "13 rows: 13 done, 0 to do") {
		t.Errorf("again: %s", stderr)
	}
	var s experiment.Summary
	data, err := os.ReadFile(filepath.Join(dir, "killed/summary.json"))
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil || s.Missing != 0 || len(s.Rows) != 8 || s.Headline.Unregularised != "main/full" {
		t.Errorf("%v: %s", err, data)
	}
}
