//go:build libtorch

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/trainer/experiment"
)

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
