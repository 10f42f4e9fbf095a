package experiment

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/importers"
	"parley/trainer/metrics"
	"parley/trainer/plot"
)

var update = flag.Bool("update", false, "make the report's runs and golden files anew; independent.py beside them then says whether they are right")

const readme = "# A report\n<!-- begin headline -->\nold\n<!-- end -->\nWords stay.\n<!-- begin l1 -->\n<!-- end -->\n<!-- begin data -->\n<!-- end -->\n"

// makeRuns writes the runs of the golden report, with random figures that are always the
// same.
func makeRuns(t *testing.T, g *Grid, dir string) {
	rows, err := g.Rows()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(4, 2))
	for i := range rows {
		row := &rows[i]
		// One is not there yet, so a row is preliminary.
		if row.Experiment == "temperature" || row.Label == "l1 0.02" && row.Seed == 3 {
			continue
		}
		res := &Result{Key: fmt.Sprintf("%016x", i+1), Settings: row.Settings(), Revision: "abc", Evaluations: map[string]*Measured{}}
		if row.Trained() {
			res.Training, res.Data = res.Key, map[string]string{"DATA/train.jsonl": "00"}
			res.Examples, res.Steps, res.TrainingSeconds = 100, 12, 10+r.Float64()
			res.Dev = &Dev{Examples: 10, BestEpoch: 1, NDCG10: .6, R100: .9 - .25*row.Train.L1, L0: 30 - 200*row.Train.L1}
		}
		for _, e := range g.measured() {
			if e.Has(row.Measure.Input) {
				res.Evaluations[e.Short] = makeMeasured(r, row)
			}
		}
		if m := res.Evaluations[g.Choice.Short]; m != nil {
			m.Metrics["recall_100"] = .9 - .25*row.Train.L1
		}
		if err := writeResult(dir, res); err != nil {
			t.Fatal(err)
		}
	}
}

func makeMeasured(r *rand.Rand, row *Row) *Measured {
	const queries = 24
	m := &Measured{Data: "00", Queries: queries, Passages: 1234, Metrics: map[string]float64{}, PerQuery: map[string]string{}}
	cost := func() *Cost {
		if row.Measure.System == BM25 {
			return nil
		}
		return &Cost{L0: 25 - 150*row.Train.L1 + r.Float64(), FLOPS: 3 / (1 + 50*row.Train.L1) * (1 + .1*r.Float64()), Postings: 1000 * r.Float64(), SearchMS: r.Float64()}
	}
	for k := range metrics.Measures {
		m.Metrics[metrics.Keys[k]] = .5 + .3*r.Float64()
	}
	for _, k := range Packed {
		values := make([]float64, queries)
		for i := range values {
			values[i] = math.Round(4*r.Float64()) / 4
		}
		if row.Measure.System == Base { // clearly better than the others
			for i := range values {
				values[i] = 1
			}
		}
		m.PerQuery[metrics.Keys[k]] = Pack(values)
		m.Metrics[metrics.Keys[k]] = StatOf(values).Mean
	}
	m.Cost = cost()
	for _, name := range []string{"turn 1", "turns 2-3", "turns 4 on"} {
		t := TurnPart{Name: name, Queries: queries / 3, Metrics: map[string]float64{}, Cost: cost()}
		for k := range metrics.Measures {
			t.Metrics[metrics.Keys[k]] = r.Float64()
		}
		m.Turns = append(m.Turns, t)
	}
	if m.Cost != nil {
		m.Scores = &Scores{Width: .5, Positives: []int{0, 1, 3, 2}, Negatives: []int{5, r.IntN(9), 1}, AUC: .9}
	}
	return m
}

// An independent is testdata/report/independent.json, which independent.py, beside it,
// computes from the same runs.
type independent struct {
	Headline struct {
		Level       string
		Chosen      Comparison
		Evaluations map[string]Comparison
	}
	Rows map[string]map[string]*SetStats // by name, evaluation
}

// The golden file is also correct: an independent program computes the same figures for
// the summary, and the tables and figures have them.
func TestReportAgreesWithAnIndependentOne(t *testing.T) {
	const here = "testdata/report"
	var want independent
	data, err := os.ReadFile(filepath.Join(here, "independent.json"))
	if err == nil {
		err = json.Unmarshal(data, &want)
	}
	var got Summary
	if data, e := os.ReadFile(filepath.Join(here, "golden/summary.json")); err == nil {
		err = errors.Join(e, json.Unmarshal(data, &got))
	}
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want, by float64) {
		t.Helper()
		if !(math.Abs(got-want) <= by) {
			t.Errorf("%s: %v, the independent one is %v", what, got, want)
		}
	}
	const rounded = 6e-7 // figures have six decimals
	stat := func(what string, got, want Stat) {
		t.Helper()
		near(what, got.Mean, want.Mean, rounded)
		near(what+", deviation", got.SD, want.SD, rounded)
	}
	if len(got.Rows) != len(want.Rows) {
		t.Errorf("%d rows, the independent report has %d", len(got.Rows), len(want.Rows))
	}
	gains := 0
	for _, l := range got.Rows {
		if len(l.Evaluations) != len(want.Rows[l.Name()]) {
			t.Errorf("%s: on %d sets, independently on %d", l.Name(), len(l.Evaluations), len(want.Rows[l.Name()]))
		}
		for short, s := range l.Evaluations {
			w, what := want.Rows[l.Name()][short], l.Name()+" on "+short+": "
			if w == nil || len(s.Metrics) != len(w.Metrics) || len(s.Gains) != len(w.Gains) || (s.Cost == nil) != (w.Cost == nil) {
				t.Fatalf("%s%+v, independently %+v", what, s, w)
			}
			for key := range w.Metrics {
				stat(what+key, s.Metrics[key], w.Metrics[key])
			}
			if w.Cost != nil {
				stat(what+"L0", s.Cost.L0, w.Cost.L0)
				stat(what+"FLOPS", s.Cost.FLOPS, w.Cost.FLOPS)
				stat(what+"postings", s.Cost.Postings, w.Cost.Postings)
				stat(what+"milliseconds", s.Cost.SearchMS, w.Cost.SearchMS)
			}
			for key, w := range w.Gains {
				g := s.Gains[key]
				gains++
				near(what+key+", gain", g.Mean, w.Mean, rounded)
				// Four standard errors of a share of 10,000 draws; two steps of the
				// lattice that means of 24 values lie on, which are multiples of 1/24.
				near(what+key+", p", g.P, w.P, 4*math.Sqrt(w.P*(1-w.P)/trials)+2./trials)
				near(what+key+", low", g.Low, w.Low, 2./24/24*1.5)
				near(what+key+", high", g.High, w.High, 2./24/24*1.5)
			}
		}
	}
	if gains != 22 {
		t.Errorf("%d gains were compared, want 22", gains)
	}
	if got.Headline.Level != want.Headline.Level {
		t.Errorf("the headline's level is %s, independently %s", got.Headline.Level, want.Headline.Level)
	}
	compare := func(what string, got, want Comparison) {
		// The report compares means of six decimals.
		near(what+", FLOPS", got.FLOPSRatio, want.FLOPSRatio, 5e-6)
		near(what+", R@100", got.Recall100Drop, want.Recall100Drop, 5e-6)
		near(what+", nDCG@10", got.NDCG10Drop, want.NDCG10Drop, 5e-6)
	}
	compare("the chosen level", *got.Headline.Chosen, want.Headline.Chosen)
	for short, w := range want.Headline.Evaluations {
		compare("the headline on "+short, got.Headline.Evaluations[short], w)
	}

	tables, err := os.ReadFile(filepath.Join(here, "golden/tables.md"))
	if err != nil {
		t.Fatal(err)
	}
	figure, err := os.ReadFile(filepath.Join(here, "golden/figures/tradeoff.svg"))
	if err != nil {
		t.Fatal(err)
	}
	third := func(s Stat) string { // as tables have it: .514 ± .042
		return strings.ReplaceAll(fmt.Sprintf("%.3f ± %.3f", s.Mean, s.SD), "0.", ".")
	}
	for _, name := range []string{"main/KLD alone", "main/full", "l1/l1 0.1"} {
		for short, s := range want.Rows[name] {
			_, label, _ := strings.Cut(name, "/")
			row := fmt.Sprintf("| %s | 3 | %s | %s | %s", label, third(s.Metrics["recip_rank"]), third(s.Metrics["ndcg_cut_3"]), third(s.Metrics["ndcg_cut_10"]))
			if !strings.Contains(string(tables), row) {
				t.Errorf("%s on %s: tables.md has no row %q", name, short, row)
			}
			point := fmt.Sprintf(": %.4g, %.4g</title>", s.Cost.FLOPS.Mean, s.Metrics["recall_100"].Mean)
			if !strings.Contains(string(figure), point) {
				t.Errorf("%s on %s: tradeoff.svg has no point %q", name, short, point)
			}
		}
	}
}

// The report of fixed results does not change, byte for byte.
func TestReportIsGolden(t *testing.T) {
	const here = "testdata/report"
	g, err := ReadGrid(filepath.Join(here, "grid.json"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.RemoveAll(filepath.Join(here, "runs")); err != nil {
			t.Fatal(err)
		}
		makeRuns(t, g, here)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "runs"), os.DirFS(filepath.Join(here, "runs"))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "README.md"), readme)
	if err := WriteDataSets(dir, []DataSet{{Name: "DATA/train", Use: "train", Stats: importers.Stats{Conversations: 10, Turns: 1234, Rewritten: 1200, PerConv: 123.4, Question: 8.25, Rewrite: 10, Whole: 99.96}}}); err != nil {
		t.Fatal(err)
	}
	// An old figure that nothing is there for any more goes.
	write(t, filepath.Join(dir, "figures/none.svg"), "old")
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	if err := Report(g, dir, stderr); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join(here, "golden")
	if *update {
		if err := os.RemoveAll(golden); err != nil {
			t.Fatal(err)
		}
	}
	var made []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		if err != nil || d.IsDir() || strings.HasPrefix(name, "runs/") || name == "stderr" || name == "data.json" {
			return err
		}
		made = append(made, name)
		got, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if *update {
			write(t, filepath.Join(golden, name), string(got))
			return nil
		}
		want, err := os.ReadFile(filepath.Join(golden, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what it was; if it should differ: go test ./trainer/experiment -run Golden -update. Now:\n%.2000s", name, got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"README.md", "figures/lambda.svg", "figures/scores.svg", "figures/tradeoff.svg", "figures/turns.svg", "figures.json", "results.csv", "summary.json", "tables.md"}
	if !slices.Equal(made, want) {
		t.Errorf("the report is %q, wanted %q", made, want)
	}
	// Again, over its own files: nothing changes.
	before, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Report(g, dir, stderr); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "README.md")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a second report changes README.md: %v", err)
	}
}

func summary(t *testing.T) *Summary {
	t.Helper()
	g, err := ReadGrid("testdata/report/grid.json")
	if err != nil {
		t.Fatal(err)
	}
	results, err := ReadResults("testdata/report")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Summarise(g, results, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSummarySays(t *testing.T) {
	s := summary(t)
	if s.Missing != 1+3 {
		t.Errorf("%d results are missing, wanted 4", s.Missing)
	}
	if l := s.row("l1/l1 0.02"); !l.Preliminary || l.Seeds != 2 {
		t.Errorf("two seeds: %+v", l)
	}
	for _, name := range []string{"baselines/BM25", "main/full"} {
		if s.row(name).Preliminary {
			t.Errorf("%s is preliminary", name)
		}
	}
	// On the set to choose on L1 .1 loses 2.8 %, .02 .6 % but has too few seeds, .01 .3
	// %.
	if s.Headline.Level != "l1/l1 0.01" || s.Headline.Choice != "The third set" || math.Abs(s.Headline.Chosen.Recall100Drop-.0025/.9) > 1e-6 || s.Seeds != 3 {
		t.Errorf("the headline's level is %+v", s.Headline)
	}
	a, b := s.row("main/full").Evaluations["first"], s.row("l1/l1 0.01").Evaluations["first"]
	if want := a.Cost.FLOPS.Mean / b.Cost.FLOPS.Mean; math.Abs(s.FLOPSRatio-want) > 1e-6 {
		t.Errorf("flops_ratio %v, wanted %v", s.FLOPSRatio, want)
	}
	if want := (a.Metrics["recall_100"].Mean - b.Metrics["recall_100"].Mean) / a.Metrics["recall_100"].Mean; math.Abs(s.Recall100Drop-want) > 1e-6 {
		t.Errorf("recall100_drop %v, wanted %v", s.Recall100Drop, want)
	}
	if g := s.row("baselines/base | rewrite").Evaluations["first"].Gains["recall_100"]; !(g.P < .001 && g.Low > 0 && math.Abs(g.Mean-(1-s.row("main/KLD alone").Evaluations["first"].Metrics["recall_100"].Mean)) < 1e-4) {
		t.Errorf("what finds everything gains %+v", g)
	}
	if s.row("main/KLD alone").Evaluations["first"].Gains != nil {
		t.Error("the baseline is compared with itself")
	}
}

// Further sets for choosing settings have a table of their own, in which figures that are
// not measured are missing. They change nothing else in the report.
func TestFurtherSetsHaveTheirOwnTable(t *testing.T) {
	read := func(further bool) (*Grid, *Summary) {
		g, err := ReadGrid("testdata/report/grid.json")
		if err != nil {
			t.Fatal(err)
		}
		results, err := ReadResults("testdata/report")
		if err != nil {
			t.Fatal(err)
		}
		if further {
			set := g.Evaluations[0]
			set.Name, set.Short, set.Queries = "The further set", "further", map[string][]string{"last": {"DATA/q"}}
			set.Tasks = []string{"DATA/t"}
			g.Choices = []Evaluation{set}
			one := false // a row lacks a seed
			for _, r := range results {
				if r.Settings.Train["l1"] == .02 || r.Settings.Measure.Input == "rewrite" {
					continue
				}
				if r.Settings.Train["l1"] == .01 && !one {
					one = true
					continue
				}
				m := *r.Evaluations["first"]
				m.Metrics = map[string]float64{"ndcg_cut_10": .25, "recall_100": .75}
				r.Evaluations["further"] = &m
			}
		}
		s, err := Summarise(g, results, nil)
		if err != nil {
			t.Fatal(err)
		}
		return g, s
	}
	g, without := read(false)
	if without.Choices != nil || strings.Contains(without.markdown(g, "l1"), "Sets to choose") {
		t.Error("a table of sets that there are not")
	}
	g, s := read(true)
	if len(s.Choices) != 1 || s.Choices[0].Name != "The further set" || s.Choices[0].Queries != 24 {
		t.Errorf("the sets are %+v", s.Choices)
	}
	if s.Headline.Level != without.Headline.Level || s.FLOPSRatio != without.FLOPSRatio || s.Missing != without.Missing {
		t.Errorf("the headline is %+v, without the further set %+v", s.Headline, without.Headline)
	}
	table := s.markdown(g, "l1")
	rest, ok := strings.CutPrefix(table, without.markdown(g, "l1"))
	if !ok {
		t.Fatalf("the tables before it differ:\n%s", table)
	}
	for _, want := range []string{"| | seeds | The third set: nDCG@10 | R@100 | FLOPS | The further set: nDCG@10 | R@100 | FLOPS |\n|---|---:|---:|---:|---:|---:|---:|---:|\n", "| *missing* | | |\n", "| .250 ± .000 | .750 ± .000 |"} {
		if !strings.Contains(rest, want) {
			t.Errorf("no %q in\n%s", want, rest)
		}
	}
	if n := strings.Count(rest, "*missing*"); n != 2 {
		t.Errorf("%d rows are missing, wanted those of .01 and .02:\n%s", n, rest)
	}
	if base := s.choices(g, "baselines"); !strings.Contains(base, "| – | | |\n") {
		t.Errorf("a row whose input the set has not:\n%s", base)
	}
	csv, err := csvTable(s)
	if err != nil || !strings.Contains(string(csv), ",The further set,") {
		t.Errorf("results.csv: %v", err)
	}
	if l := s.row("l1/l1 0.02"); l.Choices != nil {
		t.Errorf("what was not measured has %+v", l.Choices)
	}
}

// numpy.std(ddof=1) of 1, 2, 4 is 1.5275252316519465.
func TestStat(t *testing.T) {
	if st := StatOf([]float64{1, 2, 4}); st.Mean != 2.333333 || st.SD != 1.527525 {
		t.Errorf("%+v", st)
	}
	if st := StatOf([]float64{3}); st != (Stat{3, 0}) {
		t.Errorf("one value: %+v", st)
	}
}

func TestReportRefuses(t *testing.T) {
	g, err := ReadGrid("testdata/report/grid.json")
	if err != nil {
		t.Fatal(err)
	}
	read := func() []*Result {
		results, err := ReadResults("testdata/report")
		if err != nil {
			t.Fatal(err)
		}
		return results
	}
	for says, change := range map[string]func([]*Result) []*Result{
		"same settings but different data": func(r []*Result) []*Result {
			again := *r[3]
			again.Key = "other"
			return append(r, &again)
		},
		"run trainer experiment again": func(r []*Result) []*Result {
			delete(r[4].Evaluations, "second")
			return r
		},
		"bytes for": func(r []*Result) []*Result {
			r[5].Evaluations["first"].PerQuery["recall_100"] = Pack([]float64{1})
			return r
		},
	} {
		if _, err := Summarise(g, change(read()), nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, wanted %q", err, says)
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "README.md")
	write(t, path, "<!-- begin nowhere -->\n<!-- end -->\n")
	if err := renew(path, nil); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("an unknown marker: %v", err)
	}
}

// A span removes the points beyond it, and nothing else.
func TestTradeoffSpans(t *testing.T) {
	s := summary(t)
	spec := FigureSpec{Name: "t", Kind: "tradeoff", Series: []string{"l1"}, Rows: []string{"main/full"}, Values: []string{"recall_100"}}
	// L1 .1 has about six times fewer FLOPS than without, .02 twice.
	for span, want := range map[float64]int{0: 3, 8: 3, 4: 2} {
		spec.Span = span
		if f := s.figure(&spec); len(f.Panels[0].Series[0].Points) != want || len(f.Panels[0].Series[1].Points) != 1 {
			t.Errorf("a span of %v: %+v", span, f.Panels[0].Series)
		}
	}
}

// Marks far from all curves do not stretch the axis; near ones do.
func TestHeightsAreTheCurves(t *testing.T) {
	curve := plot.Series{Kind: plot.Curve, Points: []plot.XY{{Y: 1}, {Y: 2, SD: .5}}}
	mark := func(y float64) plot.Series { return plot.Series{Kind: plot.Mark, Points: []plot.XY{{Y: y}}} }
	for _, c := range []struct {
		marks     []plot.Series
		low, high float64
	}{
		{nil, 0, 0},
		{[]plot.Series{mark(1.5), mark(3)}, 0, 0},
		{[]plot.Series{mark(30), mark(3)}, 1, 3},
		{[]plot.Series{mark(.5), mark(0)}, .5, 2.5},
	} {
		if low, high := heights(append(c.marks, curve)); low != c.low || high != c.high {
			t.Errorf("%v: %v to %v, want %v to %v", c.marks, low, high, c.low, c.high)
		}
	}
	if low, high := heights([]plot.Series{mark(1), mark(9)}); low != 0 || high != 0 {
		t.Errorf("marks alone: %v to %v", low, high)
	}
}
