package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestMeanOverSeeds(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"both-seed1.json":  `{"queries": 4, "passages": 9, "metrics": {"recip_rank": 0.5, "ndcg_cut_10": 0.40, "recall_10": 1, "recall_100": 1}, "cost": {"flops": 1, "stages": {"dense_share": 0.5}}, "parts": [{"name": "turn 1", "queries": 2, "metrics": {"ndcg_cut_10": 0.2}}]}`,
		"both-seed2.json":  `{"queries": 4, "passages": 9, "metrics": {"recip_rank": 0.5, "ndcg_cut_10": 0.44, "recall_10": 1, "recall_100": 1}, "cost": {"flops": 3, "stages": {"dense_share": 1}}, "parts": [{"name": "turn 1", "queries": 2, "metrics": {"ndcg_cut_10": 0.4}}]}`,
		"sparse.json":      `{"queries": 4, "passages": 9, "metrics": {"ndcg_cut_10": 0.25}}`,
		"other-seed1.json": `{"queries": 4, "passages": 9, "metrics": {"ndcg_cut_10": 0.25}}`,
		"other-seed2.json": `{"queries": 5, "passages": 9, "metrics": {"ndcg_cut_10": 0.25}}`,
		"none.json":        `{}`,
	} {
		put(t, filepath.Join(dir, name), []byte(text))
	}
	out := mustRun(t, dir, "mean --parts DIR/sparse.json DIR/both-seed1.json DIR/both-seed2.json")
	var rows [][]string
	for line := range strings.Lines(out) {
		var cells []string
		for _, c := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(c))
		}
		rows = append(rows, cells)
	}
	for i, want := range map[int]string{
		2: "sparse,4,1,0.0000,0.2500,0.0000,0.0000,,",
		3: "both,4,2,0.5000 ± 0.0000,0.4200 ± 0.0283,1.0000 ± 0.0000,1.0000 ± 0.0000,2.00,75 %",
		4: "- turn 1,2,2,0.0000 ± 0.0000,0.3000 ± 0.1414,0.0000 ± 0.0000,0.0000 ± 0.0000,,",
	} {
		if i >= len(rows) || strings.Join(rows[i], ",") != want {
			t.Errorf("row %d is not %s:\n%s", i, want, out)
		}
	}
	for args, want := range map[string]string{
		"mean DIR/other-seed1.json DIR/other-seed2.json": "5 queries over 9 passages, another seed of other has 4",
		"mean DIR/none.json":                             "no queries",
		"mean":                                           "no files",
	} {
		if code, _, complaint := trainer(t, dir, args); code == 0 || !strings.Contains(complaint, want) {
			t.Errorf("%s: exit code %d, %s", args, code, complaint)
		}
	}
}
