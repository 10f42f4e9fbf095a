package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/vugu/vugu"

	"parley/shared/dialogue"
	"parley/shared/message"
	"parley/shared/wire"
)

// An example is what the page knows about a question that it offers: the question
// rewritten to stand alone, and the passages that answer it.
type example struct {
	rewrite string
	gold    []string // ids
}

// SetExamples sets the page's examples: one line per question, with tabs between the
// question, its rewrite and the ids of the passages that answer it.
func (c *Root) SetExamples(lines string) {
	c.examples = map[string]example{}
	for line := range strings.SplitSeq(lines, "\n") {
		if f := strings.Split(line, "\t"); len(f) == 3 && f[1] != "" {
			c.examples[f[0]] = example{f[1], strings.Fields(f[2])}
		}
	}
}

// known returns what is known about turn i.
func (c *Root) known(i int) example {
	e := c.examples[c.dialogue.Turns()[i].Question]
	if typed, ok := c.tools.rewrites[c.dialogue.Turns()[i].ID]; ok {
		e.rewrite = typed
	}
	return e
}

const (
	compareDepth   = 100 // the most results of an answer of the worker
	compareResults = 5
	compareSaved   = 10
)

// A way is one way of reading a turn, shown as a column.
type way struct {
	name, note string
	key        string // the key of its measure
	ask        func(i int) message.Ask
	inUse      bool // the page reads it this way
	stage      bool // a way of searching, not of reading
}

// ways returns the columns. The base reads the last turn alone and the rewrite, since it
// was trained for single questions. With a dense stage, the sparse stage alone searches
// for these, and three more columns differ only in the stage.
func (c *Root) ways(i int) []way {
	base, inUse := "", c.inUse()
	a := c.dialogue.Turns()[i].Answer
	together := a == nil || !a.Alone && !a.Completed // otherwise a column of the whole conversation is the page's own
	if l := c.levels(); len(l) > 0 {
		base = l[0].Name
	}
	stage := ""
	if c.dense {
		stage = message.StageSparse
	}
	alone := func(text string) message.Ask {
		return message.Ask{Turns: []message.Turn{{Question: text}}, K: compareDepth, Level: base, Stage: stage}
	}
	whole := func(level string) func(int) message.Ask {
		return func(i int) message.Ask {
			_, ask := c.dialogue.Request(i, compareDepth)
			ask.Level, ask.Read, ask.Stage = level, message.ReadTogether, stage
			return ask
		}
	}
	list := []way{
		{"Last turn alone", "what was said before is left out", "last", func(i int) message.Ask {
			_, ask := c.dialogue.Request(i, compareDepth)
			return alone(ask.Turns[len(ask.Turns)-1].Question)
		}, false, false},
		{"Whole conversation", "read by an encoder for single questions", "whole " + base, whole(base), !c.dense && together && inUse == base, false},
	}
	if base != "" {
		level := inUse
		if level == base {
			level = c.levels()[min(1, len(c.levels())-1)].Name
		}
		if level != base {
			list = append(list, way{"Whole conversation, distilled", "level: " + c.levelTitle(level), "whole " + level, whole(level), !c.dense && together && level == inUse, false})
		}
	}
	if r := c.known(i).rewrite; r != "" {
		list = append(list, way{"Rewrite", "“" + r + "”", "rewrite " + r, func(int) message.Ask { return alone(r) }, false, false})
	}
	if c.dense {
		for _, s := range [][3]string{
			{message.StageSparse, "Sparse", "a weight for each term, nearly all of them zero"},
			{message.StageDense, "Dense", "a few hundred numbers, none of which stands for a word"},
			{message.StageBoth, "Both", "the two scores added"},
		} {
			list = append(list, way{s[1], s[2], "stage " + s[0], func(i int) message.Ask {
				_, ask := c.dialogue.Probe(i, compareDepth)
				ask.Level, ask.Stage = c.level, s[0]
				return ask
			}, a != nil && a.Stage == s[0], true})
		}
	}
	return list
}

// tendCompare asks for one column that is not known yet. It reports whether it asked.
func (c *Root) tendCompare() bool {
	i := c.looked()
	if c.tools.open != "compare" || i < 0 {
		return false
	}
	for _, w := range c.ways(i) {
		if c.measure(i, w.key, w.ask(i)) {
			return true
		}
	}
	return false
}

// saveCompare hands the columns to site/web/compare.js, which saves them, as a table: a row
// for each figure and each of the first results, a column for each way.
func (c *Root) saveCompare() {
	i := c.looked()
	if c.tools.open != "compare" || i < 0 {
		return
	}
	turn, gold := c.dialogue.Turns()[i].ID, c.known(i).gold
	names := []string{"turn " + strconv.Itoa(i+1), "read", "learned terms", "exact words", "postings", "what answers"}
	for k := range compareSaved {
		names = append(names, "result "+strconv.Itoa(k+1))
	}
	table := make([][]string, len(names))
	for n, name := range names {
		table[n] = []string{name}
	}
	for _, w := range c.ways(i) {
		column := make([]string, len(names))
		column[0], column[1] = w.name, w.note
		if a := c.measured(turn, w.key); a != nil {
			if a.Stage != message.StageDense {
				learned, exact := split(a.Terms)
				column[2], column[3], column[4] = strconv.Itoa(len(learned)), strconv.Itoa(len(exact)), strconv.Itoa(a.Cost.Postings)
			}
			if len(gold) > 0 {
				column[5], _ = goldRank(a, gold)
			}
			for k, r := range ranks(a, nil, compareSaved, nil) {
				column[6+k] = r.Title
			}
		}
		for n := range table {
			table[n] = append(table[n], column[n])
		}
	}
	c.browser.Compare(wire.Rows(table), i)
}

// ComparePanel shows ways of reading a turn in columns.
type ComparePanel struct{ Root *Root }

// A WayView is a column.
type WayView struct {
	Name, Note, Class string
	Figures           []WayFigure
	Failure           string
	Gold, GoldClass   string // rank of the best passage that answers; "" where those are not known
	Results           []RankView
	Waiting           bool
}

// A WayFigure is one figure of a column, and the word of the glossary that explains it.
// One column's figures are stops of the Tab key; the others have the same words.
type WayFigure struct{ Text, Gloss, Tab string }

// Dense reports whether there are ways of searching to compare.
func (c *ComparePanel) Dense() bool { return c.Root.dense }

// Ways returns the columns: ways of searching where stages is set, else ways of reading.
func (c *ComparePanel) Ways(stages bool) []WayView {
	i := c.Root.looked()
	if i < 0 {
		return nil
	}
	ways := c.Root.ways(i)
	turn, gold := c.Root.dialogue.Turns()[i].ID, c.Root.known(i).gold
	var own *message.Answer
	for _, w := range ways {
		if w.inUse {
			own = c.Root.measured(turn, w.key)
		}
	}
	var views []WayView
	for _, w := range ways {
		if w.stage != stages {
			continue
		}
		v := WayView{Name: w.name, Note: w.note, Class: "way"}
		if w.inUse {
			v.Class += " in-use"
		}
		m := c.Root.tools.measures[measureKey{turn, w.key}]
		switch {
		case m == nil || m.answer == nil && m.failure == "":
			v.Waiting = true
		case m.answer == nil:
			v.Failure = m.failure
		default:
			v.Results = ranks(m.answer, own, compareResults, gold)
			tab := "-1"
			if len(views) == 0 || w.inUse {
				tab = "0"
			}
			if m.answer.Stage != message.StageDense {
				learned, exact := split(m.answer.Terms)
				v.Figures = append(v.Figures, WayFigure{count(len(learned), "learned term"), "learned term", tab})
				if len(exact) > 0 {
					v.Figures = append(v.Figures, WayFigure{count(len(exact), "exact word"), "exact word", tab})
				}
				v.Figures = append(v.Figures, WayFigure{thousands(m.answer.Cost.Postings) + "\u00a0postings", "postings", tab})
			}
			if stages {
				v.Figures = append(v.Figures, WayFigure{millis(took(m.answer)), "time", tab})
			}
			if len(gold) > 0 {
				v.Gold, v.GoldClass = goldRank(m.answer, gold)
			}
		}
		views = append(views, v)
	}
	return views
}

// A RankView is a result and whether it moved.
type RankView struct {
	Title, Moved, Spoken, Class string
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

// goldRank returns the rank of the best passage that answers, as text and class.
func goldRank(a *message.Answer, gold []string) (text, class string) {
	at := slices.IndexFunc(a.Results, func(r message.Result) bool { return slices.Contains(gold, r.ID) })
	switch {
	case at < 0:
		return "not among the first " + strconv.Itoa(compareDepth), "rank missing"
	case at == 0:
		return "first", "rank found"
	}
	return "rank " + strconv.Itoa(at+1), "rank"
}

// GoldText names the passages that answer.
func (c *ComparePanel) GoldText() string {
	i := c.Root.looked()
	if i < 0 {
		return ""
	}
	found := map[string]string{} // titles of what some way found, by id
	for key, m := range c.Root.tools.measures {
		if key.turn == c.Root.dialogue.Turns()[i].ID && m.answer != nil {
			for _, r := range m.answer.Results {
				found[r.ID] = r.Title
			}
		}
	}
	var titles []string
	for _, id := range c.Root.known(i).gold {
		titles = append(titles, cmp.Or(found[id], strings.ReplaceAll(id, "_", " ")))
	}
	if len(titles) == 0 {
		return ""
	}
	return "Judged to answer this: " + strings.Join(titles, "; ") + "."
}

// fillRewrite writes the rewrite of the turn looked at into its field, once, so that it
// keeps what is typed there.
func (c *Root) fillRewrite() {
	i := c.looked()
	if c.tools.open != "compare" || !c.ToolsShown() {
		c.tools.filled = 0
		return
	}
	if id := c.dialogue.Turns()[i].ID; id != c.tools.filled {
		c.tools.filled = id
		c.browser.Fill("rewrite", c.known(i).rewrite)
	}
}

// SaveRewrite handles the submitted form of the rewrite.
func (c *ComparePanel) SaveRewrite(event vugu.DOMEvent) {
	event.PreventDefault()
	c.Root.setRewrite(event.JSEventTarget().Call("querySelector", "textarea").Get("value").String())
}

func (c *Root) setRewrite(text string) {
	i := c.looked()
	if i < 0 {
		return
	}
	if c.tools.rewrites == nil {
		c.tools.rewrites = map[int]string{}
	}
	c.tools.rewrites[c.dialogue.Turns()[i].ID] = dialogue.Clean(text)
	c.tend()
}
