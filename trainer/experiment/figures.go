package experiment

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/durable"
	"parley/trainer/metrics"
	"parley/trainer/plot"
)

// A FigureSpec describes a figure: figures/NAME.svg, and an entry in figures.json.
type FigureSpec struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Caption is what a reader must know to understand the figure.
	Caption string `json:"caption"`
	// Kind is one of
	//
	//	tradeoff  Values against FLOPS: a curve for each experiment of Series, of several lines
	//	          if it varies several settings; a mark for each row of Rows
	//	vary      Values against what the experiments of Series vary; Rows are horizontal lines
	//	turns     Values by the turn: a curve for each row of Rows
	//	scores    the distributions of positives' and negatives' scores, a panel for each row of Rows
	Kind   string   `json:"kind"`
	Series []string `json:"series"`
	Rows   []string `json:"rows"`
	Values []string `json:"values"` // the keys of metrics or costs
	// Span cuts a tradeoff's curves: it leaves out points with more than Span times
	// fewer FLOPS than the first of Rows, because they would flatten everything
	// before.
	Span float64 `json:"span"`
}

// valueNames are the titles of panels, by value.
var valueNames = func() map[string]string {
	m := map[string]string{"query_l0": "active terms (L0)", "flops": "FLOPS", "postings": "postings a query", "search_ms": "search, ms"}
	for i, key := range metrics.Keys {
		m[key] = metrics.Names[i]
	}
	return m
}()

func (f *FigureSpec) check(g *Grid, rows map[string]bool) error {
	if f.Name == "" || filepath.Base(f.Name) != f.Name {
		return fmt.Errorf("figure %q: its name must be possible for a file", f.Name)
	}
	if !slices.Contains([]string{"tradeoff", "vary", "turns", "scores"}, f.Kind) {
		return fmt.Errorf("figure %q: kind %q: want tradeoff, vary, turns or scores", f.Name, f.Kind)
	}
	for _, v := range f.Values {
		if valueNames[v] == "" {
			return fmt.Errorf("figure %q: there is no value %q", f.Name, v)
		}
	}
	for _, name := range f.Rows {
		if !rows[name] {
			return fmt.Errorf("figure %q: there is no row %q; a row's name is EXPERIMENT/LABEL", f.Name, name)
		}
	}
	for _, name := range f.Series {
		if !slices.ContainsFunc(g.Experiments, func(e Experiment) bool { return e.Name == name }) {
			return fmt.Errorf("figure %q: there is no experiment %q", f.Name, name)
		}
	}
	return nil
}

// value returns the value of metrics or cost with the given key, and whether there
// is one.
func value(m map[string]Stat, c *CostStats, key string) (Stat, bool) {
	if st, ok := m[key]; ok || c == nil {
		return st, ok
	}
	switch key {
	case "query_l0":
		return c.L0, true
	case "flops":
		return c.FLOPS, true
	case "postings":
		return c.Postings, true
	case "search_ms":
		return c.SearchMS, true
	}
	return Stat{}, false
}

// writeFigures writes the figures for which there are results.
func writeFigures(g *Grid, s *Summary, dir string) error {
	figures := []plot.Figure{}
	for i := range g.Figures {
		f := s.figure(&g.Figures[i])
		path := filepath.Join(dir, "figures", f.Name+".svg")
		if len(f.Panels) == 0 {
			if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
				return err
			}
			continue
		}
		figures = append(figures, f)
		if err := durable.WriteFile(path, f.SVG()); err != nil {
			return err
		}
	}
	return writeLine(filepath.Join(dir, "figures.json"), struct {
		Figures []plot.Figure `json:"figures"`
	}{figures})
}

func (s *Summary) figure(spec *FigureSpec) plot.Figure {
	f := plot.Figure{Name: spec.Name, Title: spec.Title, Caption: spec.Caption}
	add := func(p plot.Panel) {
		p.Series = slices.DeleteFunc(p.Series, func(s plot.Series) bool {
			return len(s.Points) == 0 || spec.Kind == "vary" && s.Kind == plot.Curve && len(s.Points) == 1 // a single value shows no variation
		})
		if slices.ContainsFunc(p.Series, func(s plot.Series) bool { return s.Kind != plot.Level }) {
			f.Panels = append(f.Panels, p)
		}
	}
	if spec.Kind == "scores" {
		for _, name := range spec.Rows {
			for _, e := range s.Evaluations {
				if l := s.row(name); l != nil {
					add(l.scores(e))
				}
			}
		}
		return f
	}
	for _, key := range spec.Values {
		for _, e := range s.Evaluations {
			title := valueNames[key] + ": " + e.Name
			switch spec.Kind {
			case "tradeoff":
				add(s.tradeoff(spec, e, key, title))
			case "vary":
				add(s.varied(spec, e, key, title))
			case "turns":
				add(s.byTurn(spec, e, key, title))
			}
		}
	}
	return f
}

// title returns a row's name for a figure that does not name the experiment.
func (l *Line) title() string {
	if l.Preliminary {
		return l.Label + " (preliminary)"
	}
	return l.Label
}

// of returns the experiment's lines.
func (s *Summary) of(experiment string) []*Line {
	var lines []*Line
	for i := range s.Rows {
		if s.Rows[i].Experiment == experiment {
			lines = append(lines, &s.Rows[i])
		}
	}
	return lines
}

func (s *Summary) tradeoff(spec *FigureSpec, e SetSize, key, title string) plot.Panel {
	p := plot.Panel{Title: title, X: "FLOPS", LogX: true}
	point := func(to *plot.Series, l *Line, gap bool) (drawn bool) {
		st := l.Evaluations[e.Short]
		if st == nil || st.Cost == nil || st.Cost.FLOPS.Mean <= 0 {
			return false
		}
		v, drawn := value(st.Metrics, st.Cost, key)
		if drawn {
			to.Points = append(to.Points, plot.XY{X: st.Cost.FLOPS.Mean, Y: v.Mean, SD: v.SD, Gap: gap})
			to.Labels = append(to.Labels, l.title())
		}
		return drawn
	}
	flops := func(l *Line) float64 {
		if l != nil {
			if st := l.Evaluations[e.Short]; st != nil && st.Cost != nil {
				return st.Cost.FLOPS.Mean
			}
		}
		return 0
	}
	for _, name := range spec.Series {
		curve := plot.Series{Name: name, Kind: plot.Curve}
		lines := s.of(name)
		slices.SortStableFunc(lines, func(a, b *Line) int {
			return cmp.Or(slices.Compare(a.held(), b.held()), cmp.Compare(flops(a), flops(b)))
		})
		var before *Line // the last line that was drawn
		for _, l := range lines {
			if spec.Span != 0 && len(spec.Rows) != 0 && spec.Span*flops(l) < flops(s.row(spec.Rows[0])) {
				continue
			}
			if point(&curve, l, before != nil && !slices.Equal(l.held(), before.held())) {
				before = l
			}
		}
		p.Series = append(p.Series, curve)
	}
	for _, name := range spec.Rows {
		if l := s.row(name); l != nil {
			mark := plot.Series{Name: l.title(), Kind: plot.Mark}
			point(&mark, l, false)
			p.Series = append(p.Series, mark)
		}
	}
	p.Low, p.High = heights(p.Series)
	return p
}

// held returns the settings that stay the same along a curve if an experiment
// varies several: all except the last by name.
func (l *Line) held() []float64 {
	var held []float64
	names := sortedKeys(l.Varied)
	for _, name := range names[:max(0, len(names)-1)] {
		held = append(held, l.Varied[name])
	}
	return held
}

// heights returns the range of the curves and of the marks near them; a mark far
// away would flatten all curves. It returns 0, 0 if no mark is far away.
func heights(series []plot.Series) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	each := func(kind plot.Kind, visit func(bottom, top float64)) {
		for _, s := range series {
			for _, q := range s.Points {
				if s.Kind == kind {
					visit(q.Y-q.SD, q.Y+q.SD)
				}
			}
		}
	}
	each(plot.Curve, func(bottom, top float64) { low, high = min(low, bottom), max(high, top) })
	far, near := false, (high-low)/2
	bottomMost, topMost := low-near, high+near
	each(plot.Mark, func(bottom, top float64) {
		if bottom < bottomMost || top > topMost {
			far = true
		} else {
			low, high = min(low, bottom), max(high, top)
		}
	})
	if !far || math.IsInf(near, 0) {
		return 0, 0
	}
	return six(low), six(high)
}

func (s *Summary) varied(spec *FigureSpec, e SetSize, key, title string) plot.Panel {
	p := plot.Panel{Title: title}
	low, high := 0.0, 0.0
	var fields []string
	for _, name := range spec.Series {
		curve := plot.Series{Name: name, Kind: plot.Curve}
		for _, l := range s.of(name) {
			st := l.Evaluations[e.Short]
			if st == nil || len(l.Varied) != 1 {
				continue
			}
			v, ok := value(st.Metrics, st.Cost, key)
			if !ok {
				continue
			}
			field := sortedKeys(l.Varied)[0]
			x := l.Varied[field]
			if !slices.Contains(fields, field) {
				fields = append(fields, field)
			}
			if low == 0 || x < low {
				low = x
			}
			high = max(high, x)
			curve.Points = append(curve.Points, plot.XY{X: x, Y: v.Mean, SD: v.SD})
			curve.Labels = append(curve.Labels, l.title())
		}
		p.Series = append(p.Series, curve)
	}
	p.X = strings.Join(fields, ", ")
	p.LogX = low > 0 && high >= 4*low
	for _, name := range spec.Rows {
		l := s.row(name)
		if l == nil || l.Evaluations[e.Short] == nil {
			continue
		}
		st := l.Evaluations[e.Short]
		if v, ok := value(st.Metrics, st.Cost, key); ok {
			p.Series = append(p.Series, plot.Series{Name: l.title(), Kind: plot.Level, Points: []plot.XY{{X: 0, Y: v.Mean, SD: v.SD}}})
		}
	}
	return p
}

func (s *Summary) byTurn(spec *FigureSpec, e SetSize, key, title string) plot.Panel {
	// The costs of the undistilled base are many times the others'.
	p := plot.Panel{Title: title, X: "turn of the conversation", LogY: slices.Contains([]string{"query_l0", "flops", "postings", "search_ms"}, key)}
	for _, name := range spec.Rows {
		l := s.row(name)
		if l == nil || l.Evaluations[e.Short] == nil {
			continue
		}
		curve := plot.Series{Name: l.title(), Kind: plot.Curve}
		for i, t := range l.Evaluations[e.Short].turns {
			if len(p.Names) <= i {
				p.Names = append(p.Names, turnName(t.name))
			}
			if v, ok := value(t.metrics, t.cost, key); ok {
				curve.Points = append(curve.Points, plot.XY{X: float64(i), Y: v.Mean, SD: v.SD})
				curve.Labels = append(curve.Labels, fmt.Sprintf("%s, %d queries", t.name, t.queries))
			}
		}
		p.Series = append(p.Series, curve)
	}
	return p
}

// turnName returns the label at the axis: 5-6 for "turns 5-6".
func turnName(name string) string {
	_, n, _ := strings.Cut(name, " ")
	return cmp.Or(n, name)
}

// scores returns a panel with the shares of positives and negatives by score, over
// all seeds.
func (l *Line) scores(e SetSize) plot.Panel {
	p := plot.Panel{Title: l.title() + ": " + e.Name, X: "score"}
	var sums [2][]float64
	width := 0.0
	for _, r := range l.results {
		m := r.Evaluations[e.Short]
		if m == nil || m.Scores == nil || width != 0 && m.Scores.Width != width {
			return p
		}
		width = m.Scores.Width
		for i, bins := range [][]int{m.Scores.Positives, m.Scores.Negatives} {
			for k, n := range bins {
				if len(sums[i]) <= k {
					sums[i] = append(sums[i], 0)
				}
				sums[i][k] += float64(n)
			}
		}
	}
	for i, name := range []string{"relevant passages", "others, ranks 11 to 960 of the rewrite"} {
		steps := plot.Series{Name: name, Kind: plot.Steps}
		var sum float64
		for _, n := range sums[i] {
			sum += n
		}
		for k, n := range sums[i] {
			steps.Points = append(steps.Points, plot.XY{X: width * float64(k), Y: six(n / sum)})
		}
		if sum > 0 {
			steps.Points = append(steps.Points, plot.XY{X: width * float64(len(sums[i])), Y: 0})
			p.Series = append(p.Series, steps)
		}
	}
	return p
}
