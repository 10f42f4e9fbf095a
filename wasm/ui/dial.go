package main

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"parley/shared/dialogue"
	"parley/shared/message"
)

const (
	chartTurns  = 12 // newest turns on the charts
	dialResults = 5  // shown for each level
	dialTerms   = 8
)

func levelWay(name string) string { return "level " + name }

// tendDial asks a level for a turn: first all levels of the turn looked at, then the
// others, oldest first. Every level reads the same texts, including replies. It reports
// whether it asked.
func (c *Root) tendDial() bool {
	if c.tools.open != "dial" || c.looked() < 0 {
		return false
	}
	order := []int{c.looked()}
	for i := max(0, c.dialogue.Len()-chartTurns); i < c.dialogue.Len(); i++ {
		order = append(order, i)
	}
	for _, i := range order {
		if c.dialogue.Turns()[i].Failure != nil {
			continue
		}
		for _, l := range c.levels() {
			_, ask := c.dialogue.Probe(i, results)
			ask.Level, ask.Stage = l.Name, message.StageSparse // so that only the levels differ
			if c.measure(i, levelWay(l.Name), ask) {
				return true
			}
		}
	}
	return false
}

// DialPanel shows every level of the family side by side.
type DialPanel struct{ Root *Root }

// A LevelView is a level and its results for the turn looked at.
type LevelView struct {
	Name, Title, Ratio, Class, Card string
	InUse                           bool
	Failure                         string
	Terms, Words                    []WordView
	Results                         []RankView
}

// A WordView is a term in the colour of its turn.
type WordView struct{ Class, Text, Spoken string }

// A RankView is a result and whether it moved.
type RankView struct {
	Title, Moved, Spoken, Class string
}

func (c *DialPanel) turn() int {
	if i := c.Root.looked(); i >= 0 {
		return c.Root.dialogue.Turns()[i].ID
	}
	return 0
}

// Levels returns all levels of the family, in order.
func (c *DialPanel) Levels() []LevelView {
	turn := c.turn()
	now := c.Root.measured(turn, levelWay(c.Root.inUse()))
	var views []LevelView
	for n, l := range c.Root.levels() {
		v := LevelView{Name: l.Name, Title: l.Title, InUse: l.Name == c.Root.inUse(), Class: "v" + strconv.Itoa(n%8)}
		if strings.HasPrefix(l.Card, "cards/") {
			v.Card = l.Card
		}
		if l.FLOPS > 0 {
			v.Ratio = "FLOPS\u00a0" + strconv.FormatFloat(l.FLOPS, 'f', 2, 64)
		}
		if v.InUse {
			v.Class += " in-use"
		}
		if m := c.Root.tools.measures[measureKey{turn, levelWay(l.Name)}]; m != nil {
			v.Failure = m.failure
			if m.answer != nil {
				learned, exact := split(m.answer.Terms)
				v.Terms, v.Words = words(learned), words(exact)
				v.Results = ranks(m.answer, now, dialResults, nil)
			}
		}
		views = append(views, v)
	}
	return views
}

// words returns the heaviest terms.
func words(terms []message.Term) []WordView {
	var views []WordView
	for k := range terms[:min(len(terms), dialTerms)] {
		t := &terms[k]
		v := WordView{Class: termClass(t), Text: keyOf(t).String()}
		if !t.Typed {
			v.Spoken = ", added"
		}
		views = append(views, v)
	}
	return views
}

// ranks returns the first results of a, and how they moved against another ranking, which
// may be nil. Results whose ids are in gold answer the question.
func ranks(a, against *message.Answer, most int, gold []string) []RankView {
	var views []RankView
	for k, r := range a.Results[:min(len(a.Results), most)] {
		title, _ := dialogue.Clip(r.Title, 80)
		if title == "" {
			title = r.ID
		}
		v := RankView{Title: title}
		if slices.Contains(gold, r.ID) {
			v.Class = "gold"
			v.Spoken = " answers the question;"
		}
		if against != nil && against != a {
			was := slices.IndexFunc(against.Results, func(o message.Result) bool { return o.ID == r.ID })
			switch {
			case was < 0:
				v.Moved, v.Class = "new", v.Class+" moved"
			case was > k:
				v.Moved, v.Class = "▲"+strconv.Itoa(was-k), v.Class+" moved"
				v.Spoken += " up by " + strconv.Itoa(was-k)
			case was < k:
				v.Moved, v.Class = "▼"+strconv.Itoa(k-was), v.Class+" moved"
				v.Spoken += " down by " + strconv.Itoa(k-was)
			}
		}
		views = append(views, v)
	}
	return views
}

// A cost is one of the numbers by which the levels are compared.
type cost struct {
	name, unit string
	of         func(*Root, *message.Answer) float64
	show       func(float64) string
	chart      bool
	some       bool // its row is hidden where all are 0
}

var costs = []cost{
	{"Active terms", "L0", func(_ *Root, a *message.Answer) float64 { return float64(len(a.Terms)) },
		whole, true, false},
	{"of them, exact words", "", func(_ *Root, a *message.Answer) float64 {
		_, exact := split(a.Terms)
		return float64(len(exact))
	}, whole, false, true},
	// The question's average cost per passage: the sum of p_d over its terms. A search
	// reads every posting of its lists, so this is postings divided by passages.
	{"FLOPS", "per passage", func(c *Root, a *message.Answer) float64 {
		return float64(a.Cost.Postings) / float64(max(c.ready.Passages, 1))
	}, func(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }, true, false},
	{"Postings touched", "", func(_ *Root, a *message.Answer) float64 { return float64(a.Cost.Postings) },
		whole, false, false},
	{"Time", "encode and search", func(_ *Root, a *message.Answer) float64 { return a.Cost.EncodeMS + a.Cost.SearchMS },
		millis, true, false},
	{"of it, search", "", func(_ *Root, a *message.Answer) float64 { return a.Cost.SearchMS },
		func(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "\u00a0ms" }, false, false},
}

func whole(v float64) string { return thousands(int(v)) }

// A RowView is a row of the table.
type RowView struct {
	Name   string
	Cells  []CellView
	Hidden bool
}

// A CellView is a number, with a bar as wide as its share of the largest in the row.
type CellView struct{ Text, Width, Class string }

// Rows returns the numbers of the turn looked at.
func (c *DialPanel) Rows() []RowView {
	var rows []RowView
	for _, k := range costs {
		row := RowView{Name: k.name}
		var most float64
		var values []float64
		for _, l := range c.Root.levels() {
			v := math.NaN()
			if a := c.Root.measured(c.turn(), levelWay(l.Name)); a != nil {
				v = k.of(c.Root, a)
				most = max(most, v)
			}
			values = append(values, v)
		}
		row.Hidden = k.some && most == 0
		for n, v := range values {
			cell := CellView{Text: "…", Width: "0", Class: "v" + strconv.Itoa(n%8)}
			if !math.IsNaN(v) {
				cell.Text = k.show(v)
				if most > 0 {
					cell.Width = strconv.FormatFloat(100*v/most, 'f', 1, 64) + "%"
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// TermsName returns the name of the row with the heaviest terms; exact words have a row of
// their own.
func (c *DialPanel) TermsName() string {
	if c.Exact() {
		return "Heaviest learned terms"
	}
	return "Heaviest terms"
}

// Exact reports whether a level searches for words.
func (c *DialPanel) Exact() bool {
	return slices.ContainsFunc(c.Levels(), func(l LevelView) bool { return len(l.Words) > 0 })
}

// Summary returns a sentence about what the levels share.
func (c *DialPanel) Summary() string {
	levels := c.Root.levels()
	if len(levels) < 2 {
		return ""
	}
	first := c.Root.measured(c.turn(), levelWay(levels[0].Name))
	last := c.Root.measured(c.turn(), levelWay(levels[len(levels)-1].Name))
	if first == nil || last == nil {
		return "Every level reads this conversation."
	}
	same := 0
	for _, r := range last.Results {
		if slices.ContainsFunc(first.Results, func(o message.Result) bool { return o.ID == r.ID }) {
			same++
		}
	}
	return levels[0].Title + " searches for " + countKinds(first) + ", " + levels[len(levels)-1].Title + " for " + countKinds(last) +
		"; of the first " + strconv.Itoa(len(last.Results)) + " results they share " + strconv.Itoa(same) + "."
}

// A Chart shows one cost over the turns, with a line for each level.
type Chart struct {
	Root *Root
	Cost int // index into costs
}

// Measures of the drawing, in units of its viewBox.
const (
	chartWidth  = 260
	chartHeight = 120
	chartLeft   = 8
	chartRight  = 8
	chartTop    = 14
	chartBottom = 18
)

// A LineView is one level's line.
type LineView struct{ Class, D, Dots string }

// A TickView is a turn on the x axis, with the strip on which a click chooses it.
type TickView struct {
	I          int
	N, X       string
	Left, Wide string
	Class      string
}

func (c *Chart) first() int { return max(0, c.Root.dialogue.Len()-chartTurns) }

func (c *Chart) x(i int) float64 {
	n := c.Root.dialogue.Len() - c.first()
	if n < 2 {
		return chartWidth / 2
	}
	return chartLeft + float64(i-c.first())*(chartWidth-chartLeft-chartRight)/float64(n-1)
}

func (c *Chart) values(level string) (values []float64) {
	turns := c.Root.dialogue.Turns()
	for i := c.first(); i < len(turns); i++ {
		v := math.NaN()
		if a := c.Root.measured(turns[i].ID, levelWay(level)); a != nil {
			v = costs[c.Cost].of(c.Root, a)
		}
		values = append(values, v)
	}
	return values
}

func (c *Chart) top() float64 {
	top := 0.0
	for _, l := range c.Root.levels() {
		for _, v := range c.values(l.Name) {
			if v > top { // false for NaN
				top = v
			}
		}
	}
	return top
}

func (c *Chart) Title() string { return costs[c.Cost].name }

// Top returns the label of the upper end of the y axis.
func (c *Chart) Top() string {
	if top := c.top(); top > 0 {
		return costs[c.Cost].show(top)
	}
	return ""
}

// Lines returns the lines of all levels; a value that is not known yet leaves a gap.
func (c *Chart) Lines() []LineView {
	top := max(c.top(), 1e-9)
	var lines []LineView
	for n, l := range c.Root.levels() {
		v := LineView{Class: "line v" + strconv.Itoa(n%8)}
		if l.Name == c.Root.inUse() {
			v.Class += " in-use"
		}
		pen := "M"
		for k, value := range c.values(l.Name) {
			if math.IsNaN(value) {
				pen = "M"
				continue
			}
			x, y := c.x(c.first()+k), chartHeight-chartBottom-value/top*(chartHeight-chartTop-chartBottom)
			at := decimal(x) + " " + decimal(y)
			v.D += pen + at
			v.Dots += "M" + at + "h0"
			pen = "L"
		}
		lines = append(lines, v)
	}
	return lines
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// Ticks returns the turns on the x axis.
func (c *Chart) Ticks() []TickView {
	n := c.Root.dialogue.Len() - c.first()
	wide := float64(chartWidth) / float64(max(n, 1))
	if n > 1 {
		wide = (chartWidth - chartLeft - chartRight) / float64(n-1)
	}
	var ticks []TickView
	for i := c.first(); i < c.Root.dialogue.Len(); i++ {
		t := TickView{I: i, N: strconv.Itoa(i + 1), X: decimal(c.x(i)), Left: decimal(c.x(i) - wide/2), Wide: decimal(wide)}
		if i == c.Root.looked() {
			t.Class = "here"
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// Rule returns the x position of the turn looked at.
func (c *Chart) Rule() string { return decimal(c.x(max(c.Root.looked(), c.first()))) }

// A ReadoutView is a level's value at the turn looked at.
type ReadoutView struct{ Class, Title, Value string }

func (c *Chart) Readout() []ReadoutView {
	i := c.Root.looked()
	if i < 0 {
		return nil
	}
	var views []ReadoutView
	for n, l := range c.Root.levels() {
		v := ReadoutView{"v" + strconv.Itoa(n%8), l.Title, "…"}
		if a := c.Root.measured(c.Root.dialogue.Turns()[i].ID, levelWay(l.Name)); a != nil {
			v.Value = costs[c.Cost].show(costs[c.Cost].of(c.Root, a))
		}
		views = append(views, v)
	}
	return views
}

// Charts returns the costs that are drawn.
func (c *DialPanel) Charts() (charts []int) {
	for k := range costs {
		if costs[k].chart {
			charts = append(charts, k)
		}
	}
	return charts
}

// Turns returns the rows of the table of numbers: each turn on the charts, with every
// value.
func (c *DialPanel) Turns() []RowView {
	var rows []RowView
	turns := c.Root.dialogue.Turns()
	for i := max(0, len(turns)-chartTurns); i < len(turns); i++ {
		row := RowView{Name: "Turn " + strconv.Itoa(i+1)}
		for _, k := range c.Charts() {
			for _, l := range c.Root.levels() {
				text := "…"
				if a := c.Root.measured(turns[i].ID, levelWay(l.Name)); a != nil {
					text = costs[k].show(costs[k].of(c.Root, a))
				}
				row.Cells = append(row.Cells, CellView{Text: text})
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Heads returns the headings of that table's columns.
func (c *DialPanel) Heads() (heads []string) {
	for _, k := range c.Charts() {
		for _, l := range c.Root.levels() {
			heads = append(heads, costs[k].name+", "+l.Title)
		}
	}
	return heads
}
