package experiment

import (
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"parley/trainer/metrics"
)

// enoughSeeds is the number of seeds from which a trained row is published; with
// fewer, it is preliminary.
const enoughSeeds = 3

// A Summary is summary.json. It has means over the seeds of every row, in the order of
// the grid. The page's view of experiments reads it, and figures.json (plot.Figure).
type Summary struct {
	// The headline, on the first evaluation: how many times fewer FLOPS the level has
	// than the student without a regulariser, and which share of that one's Recall@100
	// it loses (.01 is 1 %). Seeds is 0 if it is not measured yet.
	FLOPSRatio    float64         `json:"flops_ratio"`
	Recall100Drop float64         `json:"recall100_drop"`
	Seeds         int             `json:"seeds"`
	Headline      HeadlineFigures `json:"headline"`
	Baseline      string          `json:"baseline"` // the row with which gains and p-values compare
	Evaluations   []SetSize       `json:"evaluations"`
	// Choices are the further sets for choosing settings on which any row is measured.
	Choices []SetSize `json:"choices,omitempty"`
	Rows    []Line    `json:"rows"`
	Missing int       `json:"missing"` // the number of the grid's results that do not exist yet
}

// HeadlineFigures compare a regularised level with the student without a regulariser.
type HeadlineFigures struct {
	Unregularised string `json:"unregularised"`
	// Level is the level with the fewest FLOPS on Grid.Choice among those that lose at
	// most mostLost of R@100 there.
	Level       string                `json:"level"`
	Choice      string                `json:"choice,omitempty"` // the name of that set
	Chosen      *Comparison           `json:"chosen,omitempty"` // the comparison on that set
	Evaluations map[string]Comparison `json:"evaluations,omitempty"`
}

// A Comparison compares a level with the student without a regulariser, by means over
// the seeds. Drops are shares: .01 is 1 %.
type Comparison struct {
	FLOPSRatio    float64 `json:"flops_ratio"`
	Recall100Drop float64 `json:"recall100_drop"`
	NDCG10Drop    float64 `json:"ndcg10_drop"`
}

// A SetSize is the size of an evaluation.
type SetSize struct {
	Short    string `json:"short"`
	Name     string `json:"name"`
	Queries  int    `json:"queries"`
	Passages int    `json:"passages"`
}

// A Line is a row over its seeds.
type Line struct {
	Experiment  string             `json:"experiment"`
	Label       string             `json:"label"`
	Varied      map[string]float64 `json:"varied,omitempty"`
	Trained     bool               `json:"trained"`
	Seeds       int                `json:"seeds"`
	Preliminary bool               `json:"preliminary,omitempty"` // trained with fewer than 3 seeds
	Dev         *DevStats          `json:"dev,omitempty"`
	// TrainingSeconds is the time of the steps alone.
	TrainingSeconds *Stat                `json:"training_seconds,omitempty"`
	Evaluations     map[string]*SetStats `json:"evaluations"`
	// Choices are the figures on Grid.Choices. A set is missing until all seeds are
	// measured on it.
	Choices map[string]*SetStats `json:"choices,omitempty"`

	choice  *SetStats // the figures on Grid.Choice; nil until all seeds are measured there
	results []*Result
}

// A Stat is a mean over the seeds and their standard deviation (of a sample; 0 for one
// seed), to six decimals.
type Stat struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
}

type DevStats struct {
	NDCG10 Stat `json:"ndcg_cut_10"`
	R100   Stat `json:"recall_100"`
	L0     Stat `json:"l0"`
}

// SetStats are a row's figures on one evaluation.
type SetStats struct {
	Metrics map[string]Stat `json:"metrics"`
	Cost    *CostStats      `json:"cost,omitempty"`
	// Gains are the gains over the baseline, for the measures that are kept by query.
	Gains map[string]Gain `json:"gains,omitempty"`
	// Against is the comparison with the row that the experiment names.
	Against *Comparison `json:"against,omitempty"`
	AUC     *Stat       `json:"auc,omitempty"` // see Scores

	turns []turnStats // figures.json has those that are drawn
}

type CostStats struct {
	L0       Stat `json:"query_l0"`
	FLOPS    Stat `json:"flops"`
	Postings Stat `json:"postings"`
	SearchMS Stat `json:"search_ms"`
}

// A Gain is the difference between a row and the baseline: the mean over the queries
// of the difference of the seeds' means, its 95 % interval (bootstrap over the
// queries), and the p-value of the paired randomisation test.
type Gain struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	P    float64 `json:"p"`
}

// turnStats are the figures of the queries of one range of turns.
type turnStats struct {
	name    string
	queries int
	metrics map[string]Stat
	cost    *CostStats
}

// Name returns EXPERIMENT/LABEL.
func (l *Line) Name() string { return l.Experiment + "/" + l.Label }

// Report makes summary.json, figures.json and figures/*.svg, results.csv, tables.md,
// and the text between README.md's markers, from the results in dir.
func Report(g *Grid, dir string, stderr io.Writer) error {
	results, err := ReadResults(dir)
	if err != nil {
		return err
	}
	s, err := Summarise(g, results, stderr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "figures"), 0o755); err != nil {
		return err
	}
	if err := writeLine(filepath.Join(dir, "summary.json"), s); err != nil {
		return err
	}
	if err := writeTables(g, s, dir); err != nil {
		return err
	}
	if err := writeFigures(g, s, dir); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stderr, "%d results, %d missing: %s\n", len(results), s.Missing, filepath.Join(dir, "summary.json"))
	return err
}

// Summarise finds each row's results by their settings, and computes the means.
func Summarise(g *Grid, results []*Result, stderr io.Writer) (*Summary, error) {
	rows, err := g.Rows()
	if err != nil {
		return nil, err
	}
	of := map[string]*Result{}
	for _, r := range results {
		k := r.Settings.canonical()
		if of[k] != nil {
			return nil, fmt.Errorf("runs/%s and runs/%s have the same settings but different data; delete the one that is out of date", of[k].Key+packedEnd, r.Key+packedEnd)
		}
		of[k] = r
	}
	s := &Summary{Baseline: g.Baseline}
	at := map[string]int{}
	used := map[*Result]bool{}
	for _, x := range g.Experiments { // in the grid's order, not the order of running
		for i := range rows {
			r := &rows[i]
			if r.Experiment != x.Name {
				continue
			}
			k, ok := at[r.Name()]
			if !ok {
				k = len(s.Rows)
				at[r.Name()] = k
				s.Rows = append(s.Rows, Line{Experiment: r.Experiment, Label: r.Label, Varied: r.Varied, Trained: r.Trained()})
			}
			res := of[r.Settings().canonical()]
			if res == nil {
				s.Missing++
				continue
			}
			used[res] = true
			s.Rows[k].results = append(s.Rows[k].results, res)
		}
	}
	if n := len(results) - len(used); n > 0 && stderr != nil {
		fmt.Fprintf(stderr, "%d results are left out, because they belong to no row of the grid\n", n)
	}
	s.Rows = slices.DeleteFunc(s.Rows, func(l Line) bool { return len(l.results) == 0 })
	for i := range s.Rows {
		if err := s.Rows[i].summarise(g); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Rows[i].Name(), err)
		}
	}
	s.Evaluations, s.Choices = s.sizes(g.Evaluations), s.sizes(g.Choices)
	if err := s.compare(); err != nil {
		return nil, err
	}
	for _, x := range g.Experiments {
		if other := s.row(x.Against); other != nil {
			for _, l := range s.of(x.Name) {
				for short, st := range l.Evaluations {
					st.Against = compared(other.Evaluations[short], st)
				}
			}
		}
	}
	s.headline(g)
	return s, nil
}

// sizes returns the sizes of the sets on which any row is measured.
func (s *Summary) sizes(sets []Evaluation) []SetSize {
	var sizes []SetSize
	for _, e := range sets {
		for i := range s.Rows {
			if of := s.Rows[i].measured(e.Short); len(of) > 0 {
				sizes = append(sizes, SetSize{e.Short, e.Name, of[0].Queries, of[0].Passages})
				break
			}
		}
	}
	return sizes
}

func (s *Summary) row(name string) *Line {
	for i := range s.Rows {
		if s.Rows[i].Name() == name {
			return &s.Rows[i]
		}
	}
	return nil
}

// StatOf returns the statistics of values, one per seed.
func StatOf(values []float64) Stat {
	var st Stat
	n := float64(len(values))
	for _, v := range values {
		st.Mean += v / n
	}
	if len(values) > 1 {
		var sum float64
		for _, v := range values {
			sum += (v - st.Mean) * (v - st.Mean)
		}
		st.SD = math.Sqrt(sum / (n - 1))
	}
	return Stat{six(st.Mean), six(st.SD)}
}

// over returns the statistics of one value per element of list.
func over[T any](list []T, value func(T) float64) Stat {
	values := make([]float64, len(list))
	for i, x := range list {
		values[i] = value(x)
	}
	return StatOf(values)
}

func metricStats(list []map[string]float64) map[string]Stat {
	out := map[string]Stat{}
	for key := range list[0] {
		out[key] = over(list, func(m map[string]float64) float64 { return m[key] })
	}
	return out
}

func costStats(list []*Cost) *CostStats {
	if slices.Contains(list, nil) {
		return nil
	}
	return &CostStats{
		L0:       over(list, func(c *Cost) float64 { return c.L0 }),
		FLOPS:    over(list, func(c *Cost) float64 { return c.FLOPS }),
		Postings: over(list, func(c *Cost) float64 { return c.Postings }),
		SearchMS: over(list, func(c *Cost) float64 { return c.SearchMS }),
	}
}

func (l *Line) summarise(g *Grid) error {
	l.Seeds = len(l.results)
	l.Preliminary = l.Trained && l.Seeds < enoughSeeds
	if l.Trained {
		st := over(l.results, func(r *Result) float64 { return r.TrainingSeconds })
		l.TrainingSeconds = &st
		if !slices.ContainsFunc(l.results, func(r *Result) bool { return r.Dev == nil }) {
			l.Dev = &DevStats{
				over(l.results, func(r *Result) float64 { return r.Dev.NDCG10 }),
				over(l.results, func(r *Result) float64 { return r.Dev.R100 }),
				over(l.results, func(r *Result) float64 { return r.Dev.L0 }),
			}
		}
	}
	l.Evaluations = map[string]*SetStats{}
	for _, e := range g.Evaluations {
		of := l.measured(e.Short)
		if len(of) == 0 {
			continue
		}
		if len(of) < len(l.results) {
			return fmt.Errorf("of %d results, only %d are measured on %q; run trainer experiment again", len(l.results), len(of), e.Short)
		}
		st := setStats(of)
		if st == nil {
			return fmt.Errorf("its results are of different queries of %q; run trainer experiment again", e.Short)
		}
		l.Evaluations[e.Short] = st
	}
	if g.Choice != nil {
		l.choice = l.whole(g.Choice.Short)
	}
	for _, e := range g.Choices {
		if st := l.whole(e.Short); st != nil {
			if l.Choices == nil {
				l.Choices = map[string]*SetStats{}
			}
			l.Choices[e.Short] = st
		}
	}
	return nil
}

// whole returns the row's figures on a set for choosing settings; nil until all seeds
// are measured.
func (l *Line) whole(evaluation string) *SetStats {
	if of := l.measured(evaluation); len(of) == len(l.results) {
		return setStats(of)
	}
	return nil
}

// measured returns the row's figures on a set, for the seeds that have been measured.
func (l *Line) measured(evaluation string) []*Measured {
	var of []*Measured
	for _, r := range l.results {
		if m := r.Evaluations[evaluation]; m != nil {
			of = append(of, m)
		}
	}
	return of
}

// setStats returns the statistics of results; nil if they are of different queries.
func setStats(of []*Measured) *SetStats {
	st := &SetStats{}
	var all []map[string]float64
	var costs []*Cost
	for _, m := range of {
		if m.Queries != of[0].Queries || len(m.Turns) != len(of[0].Turns) {
			return nil
		}
		all, costs = append(all, m.Metrics), append(costs, m.Cost)
	}
	st.Metrics, st.Cost = metricStats(all), costStats(costs)
	for t := range of[0].Turns {
		var parts []map[string]float64
		var costs []*Cost
		for _, m := range of {
			parts, costs = append(parts, m.Turns[t].Metrics), append(costs, m.Turns[t].Cost)
		}
		st.turns = append(st.turns, turnStats{of[0].Turns[t].Name, of[0].Turns[t].Queries, metricStats(parts), costStats(costs)})
	}
	if !slices.ContainsFunc(of, func(m *Measured) bool { return m.Scores == nil }) {
		auc := over(of, func(m *Measured) float64 { return m.Scores.AUC })
		st.AUC = &auc
	}
	return st
}

// perQuery returns the means over the seeds, by query.
func (l *Line) perQuery(evaluation, key string) ([]float64, error) {
	var sum []float64
	for _, r := range l.results {
		m := r.Evaluations[evaluation]
		values, err := Unpack(m.PerQuery[key], m.Queries)
		if err != nil {
			return nil, fmt.Errorf("runs/%s: %s, %s: %w", r.Key+packedEnd, evaluation, key, err)
		}
		if sum == nil {
			sum = make([]float64, len(values))
		}
		for i, v := range values {
			sum[i] += v / float64(len(l.results))
		}
	}
	return sum, nil
}

// trials is the number of trials in the significance tests.
const trials = 10000

// compare tests every row against the baseline, on all cores.
func (s *Summary) compare() error {
	base := s.row(s.Baseline)
	if base == nil {
		return nil
	}
	errs := make([]error, len(s.Rows))
	var wg sync.WaitGroup
	limit := make(chan bool, runtime.GOMAXPROCS(0))
	for i := range s.Rows {
		l := &s.Rows[i]
		if l == base {
			continue
		}
		wg.Go(func() {
			limit <- true
			defer func() { <-limit }()
			errs[i] = l.compare(base)
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("%s: %w", s.Rows[i].Name(), err)
		}
	}
	return nil
}

func (l *Line) compare(base *Line) error {
	for short, st := range l.Evaluations {
		if base.Evaluations[short] == nil {
			continue
		}
		st.Gains = map[string]Gain{}
		for _, m := range Packed {
			key := metrics.Keys[m]
			a, err := base.perQuery(short, key)
			if err != nil {
				return err
			}
			b, err := l.perQuery(short, key)
			if err != nil {
				return err
			}
			d, err := metrics.Compare(a, b, packedError, trials, 1)
			if err != nil {
				return err
			}
			st.Gains[key] = Gain{six(d.Mean), six(d.Low), six(d.High), six(d.P)}
		}
	}
	return nil
}

// mostLost is the share of R@100 that the headline's level may lose on the set on
// which it is chosen.
const mostLost = .01

// headline chooses the level and compares it.
func (s *Summary) headline(g *Grid) {
	s.Headline.Unregularised = g.Headline.Unregularised
	without := s.row(g.Headline.Unregularised)
	if without == nil || without.choice == nil {
		return
	}
	var level *Line
	for i := range s.Rows {
		l := &s.Rows[i]
		if !slices.Contains(g.Headline.Among, l.Experiment) || l.Seeds < without.Seeds {
			continue
		}
		c := compared(without.choice, l.choice)
		if c == nil || c.Recall100Drop > mostLost || level != nil && c.FLOPSRatio <= s.Headline.Chosen.FLOPSRatio {
			continue
		}
		level, s.Headline.Chosen = l, c
	}
	if level == nil {
		return
	}
	s.Headline.Level, s.Headline.Choice = level.Name(), g.Choice.Name
	s.Seeds = min(level.Seeds, without.Seeds)
	s.Headline.Evaluations = map[string]Comparison{}
	for _, e := range g.Evaluations {
		if c := compared(without.Evaluations[e.Short], level.Evaluations[e.Short]); c != nil {
			s.Headline.Evaluations[e.Short] = *c
			if e.Short == g.Evaluations[0].Short {
				s.FLOPSRatio, s.Recall100Drop = c.FLOPSRatio, c.Recall100Drop
			}
		}
	}
}

// compared compares b with a on one set. It returns nil if either is not measured, or
// finds nothing.
func compared(a, b *SetStats) *Comparison {
	if a == nil || b == nil || a.Cost == nil || b.Cost == nil {
		return nil
	}
	drop := func(key string) float64 { return six(1 - b.Metrics[key].Mean/a.Metrics[key].Mean) }
	c := &Comparison{six(a.Cost.FLOPS.Mean / b.Cost.FLOPS.Mean), drop(metrics.Keys[metrics.R100]), drop(metrics.Keys[metrics.NDCG10])}
	if !finite(c.FLOPSRatio) || !finite(c.Recall100Drop) || !finite(c.NDCG10Drop) {
		return nil
	}
	return c
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
