package experiment

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tiny is a grid over files in a folder of data.
const tiny = `{
 "about": ["a test's"],
 "base": {"encoder": "DATA/encoder", "examples": ["DATA/train-*.jsonl"], "passages": ["DATA/passages.jsonl"], "infonce": 0},
 "seeds": [1, 2],
 "evaluations": [{"name": "The test set", "short": "test", "passages": ["DATA/passages.jsonl"], "queries": {"last": ["DATA/queries.jsonl"]}, "tasks": ["DATA/tasks.jsonl"], "qrels": ["DATA/qrels.tsv"]}],
 "baseline": "main/KLD alone",
 "headline": {"unregularised": "main/full", "among": ["l1"]},
 "experiments": [
  {"name": "later", "stage": 2, "set": {"candidates": 3}},
  {"name": "baselines", "stage": 1, "points": [{"label": "BM25", "set": {"system": "bm25", "input": "last"}}, {"label": "rewrite", "set": {"system": "base", "input": "rewrite"}}]},
  {"name": "main", "stage": 1, "points": [{"label": "KLD alone", "set": {"distance": 0}}, {"label": "full"}]},
  {"name": "l1", "stage": 2, "vary": {"l1": [0.01, 1e-1]}},
  {"name": "cut", "stage": 2, "seeds": [1], "vary": {"query-top": [2], "query-threshold": [0.5, 1]}}
 ]
}`

func writeGrid(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "grid.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func readGrid(t testing.TB, text string) *Grid {
	t.Helper()
	g, err := ReadGrid(writeGrid(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestRowsStandStageByStageAndSeedBySeed(t *testing.T) {
	rows, err := readGrid(t, tiny).Rows()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range rows {
		got = append(got, rows[i].Name()+" "+string(rune('0'+rows[i].Seed)))
		if rows[i].Trained() && rows[i].Train.Seed != rows[i].Seed {
			t.Errorf("%s: trains with seed %d", got[i], rows[i].Train.Seed)
		}
	}
	want := []string{
		"baselines/BM25 0", "baselines/rewrite 0", "main/KLD alone 1", "main/full 1", "main/KLD alone 2", "main/full 2",
		"later/later 1", "l1/l1 0.01 1", "l1/l1 1e-1 1", "cut/query-threshold 0.5, query-top 2 1", "cut/query-threshold 1, query-top 2 1",
		"later/later 2", "l1/l1 0.01 2", "l1/l1 1e-1 2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if l := rows[8]; l.Train.L1 != .1 || l.Train.InfoNCE != 0 || l.Train.Distance != .1 || l.Varied["l1"] != .1 {
		t.Errorf("%s: %+v, varied %v", l.Name(), l.Train, l.Varied)
	}
	if c := rows[9]; c.Measure.Top != 2 || c.Measure.Threshold != .5 {
		t.Errorf("%s: %+v", c.Name(), c.Measure)
	}
	some, err := Select(rows, []string{"baselines", "l1/l1 0.01"}, []int{2})
	if err != nil || len(some) != 3 || some[2].Seed != 2 {
		t.Errorf("%d rows selected, %v", len(some), err)
	}
	if _, err := Select(rows, []string{"nothing"}, nil); err == nil {
		t.Error("an experiment that there is not was selected")
	}
}

func TestGridRefuses(t *testing.T) {
	for says, change := range map[string][2]string{
		`unknown field "nothing"`:    {`"about"`, `"nothing"`},
		`unknown field "infonse"`:    {`"infonce": 0`, `"infonse": 0`},
		`unknown field "l3"`:         {`{"l1": [0.01`, `{"l3": [0.01`},
		"no row \"main/KLD\"":        {`"baseline": "main/KLD alone"`, `"baseline": "main/KLD"`},
		"two rows are called":        {`{"label": "full"}`, `{"label": "KLD alone"}`},
		"without / and comma":        {`"name": "later"`, `"name": "main"`},
		"system \"bm52\"":            {`"bm25"`, `"bm52"`},
		"candidates is 0":            {`"candidates": 3`, `"candidates": 0`},
		"there must be at least one": {`"seeds": [1, 2]`, `"seeds": []`},
		"seed 0":                     {`"seeds": [1, 2]`, `"seeds": [0]`},
		"no experiment \"l2\"":       {`"among": ["l1"]`, `"among": ["l2"]`},
		"passages, queries and qr":   {`"qrels": ["DATA/qrels.tsv"]`, `"qrels": []`},
		"grid.json:3:":               {`"examples": [`, `"examples": [[`},
	} {
		if !strings.Contains(tiny, change[0]) {
			t.Errorf("%q is not in the grid", change[0])
		}
		_, err := ReadGrid(writeGrid(t, strings.Replace(tiny, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q for %q: error %v, wanted %q", change[1], change[0], err, says)
		}
	}
}

// The grid that ships only names existing rows, and every regulariser has at least
// six lambdas.
func TestShippedGrid(t *testing.T) {
	g, err := ReadGrid("grid.json")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := g.Rows()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"l1", "flops", "entropy"} {
		of, err := Select(rows, []string{name}, []int{1})
		if err != nil || len(of) < 6 {
			t.Errorf("%s: %d lambdas, %v", name, len(of), err)
		}
	}
	if len(g.Seeds) < enoughSeeds {
		t.Errorf("%d seeds", len(g.Seeds))
	}
}

// A result's settings, read from its file, are those of the row.
func TestSettingsSurviveTheirFile(t *testing.T) {
	rows, err := readGrid(t, tiny).Rows()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for i := range rows {
		s := rows[i].Settings()
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Settings
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if back.canonical() != s.canonical() {
			t.Errorf("%s: %s came back as %s", rows[i].Name(), s.canonical(), back.canonical())
		}
		name := rows[i].Name() + string(rune('0'+rows[i].Seed))
		if other := seen[s.canonical()]; other != "" {
			t.Errorf("%s and %s have the same settings", name, other)
		}
		seen[s.canonical()] = name
	}
}

func TestPackKeepsValues(t *testing.T) {
	values := []float64{0, 1, .5, 1. / 3, .123456, 1, 0, 0, 0}
	back, err := Unpack(Pack(values), len(values))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if math.Abs(back[i]-v) > .5/65535 {
			t.Errorf("%v came back as %v", v, back[i])
		}
	}
	for _, n := range []int{len(values) - 1, len(values) + 1} {
		if _, err := Unpack(Pack(values), n); err == nil {
			t.Errorf("%d values read as %d", len(values), n)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(Pack([]float64{.1, .2}), 2)
	f.Add("", 0)
	f.Add("AAAA", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n = n % 1000; n < 0 {
			n = -n
		}
		values, err := Unpack(s, n)
		if err == nil && len(values) != n {
			t.Errorf("%d values of %d", len(values), n)
		}
	})
}

func FuzzGrid(f *testing.F) {
	f.Add(tiny)
	f.Add(`{"seeds":[1],"experiments":[{"name":"x","vary":{"l1":[null,"a",{}]}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		g := &Grid{}
		if strict([]byte(text), g) == nil {
			g.check() // must not panic
		}
	})
}
