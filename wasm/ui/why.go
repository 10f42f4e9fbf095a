package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vugu/vugu"

	"parley/shared/dialogue"
	"parley/shared/message"
)

// A why is what a reader inspects and tries in one turn: the parts of scores, terms with
// other weights, turns left out. It does not affect the conversation: the reply and later
// turns stay.
type why struct {
	open    map[string]bool     // results whose parts are shown, by ID
	factors map[termKey]float32 // factors that the reader has set on terms' weights
	masked  map[int]bool        // turns left out, by ID

	plain   *message.Answer // with parts and no change
	tried   *message.Answer // with parts and the reader's changes; nil where there are none
	failure string
	changes int // counts the reader's changes, to recognise an outdated answer
	known   int // value of changes that the answers belong to
	state   int // the dialogue's state at that time
	asked   bool
}

func (c *Root) why(turn int) *why {
	if c.tools.whys == nil {
		c.tools.whys = map[int]*why{}
	}
	w := c.tools.whys[turn]
	if w == nil {
		w = &why{open: map[string]bool{}, factors: map[termKey]float32{}, masked: map[int]bool{}, known: -1, state: -1}
		c.tools.whys[turn] = w
	}
	return w
}

func (w *why) trying() bool { return w != nil && len(w.factors)+len(w.masked) > 0 }

// onView returns the answer that is shown: the reader's trial, or the turn's own.
func (c *Root) onView(t *dialogue.Turn) *message.Answer {
	if w := c.tools.whys[t.ID]; w.trying() && w.tried != nil {
		return w.tried
	}
	return t.Answer
}

// tendWhy asks for the parts of scores that are shown, and for trials. It reports whether
// it asked.
func (c *Root) tendWhy() bool {
	for i, t := range c.dialogue.Turns() {
		w := c.tools.whys[t.ID]
		if w == nil || w.asked || t.Failure != nil || len(w.open) == 0 && !w.trying() {
			continue
		}
		if state := c.dialogue.State(); w.plain == nil && w.failure == "" || w.state != state {
			c.ask1(w, i, false)
			return true
		}
		if w.trying() && w.known != w.changes {
			c.ask1(w, i, true)
			return true
		}
	}
	return false
}

func (c *Root) ask1(w *why, i int, try bool) {
	from, ask := c.dialogue.Probe(i, results)
	ask.Level, ask.Explain = c.level, true
	if a := c.dialogue.Turns()[i].Answer; c.dense && a != nil {
		ask.Stage = a.Stage // the same stages as the answer
	}
	if try {
		for j := range ask.Turns {
			if j < len(ask.Turns)-1 && w.masked[c.dialogue.Turns()[from+j].ID] {
				ask.Turns[j] = message.Turn{Begins: ask.Turns[j].Begins} // the other turns are read as before
			}
		}
		for term, f := range w.factors {
			ask.Weights = append(ask.Weights, message.Weight{Text: term.text, Word: term.word, Factor: f})
		}
	}
	state, changes := c.dialogue.State(), w.changes
	w.asked = true
	c.probe(ask, func(a *message.Answer, f *message.Failure) {
		w.asked, w.failure = false, ""
		if f != nil {
			w.failure = f.Message
			w.state, w.known = state, changes
			return
		}
		for k := range a.Terms {
			if a.Terms[k].Turn >= 0 {
				a.Terms[k].Turn += from
			}
		}
		if try {
			w.tried, w.known = a, changes
		} else {
			w.plain, w.state = a, state
			w.tried, w.known = nil, -1
		}
	})
}

// ToggleWhy shows or hides the parts of a result's score.
func (c *Root) ToggleWhy(turn int, result string) {
	w := c.why(turn)
	if w.open[result] {
		delete(w.open, result)
	} else {
		w.open[result] = true
	}
	c.tend()
}

// Weigh multiplies the weight of a term of a turn by factor; 1 is the encoder's own
// weight.
func (c *Root) Weigh(turn int, term termKey, factor float32) {
	w := c.why(turn)
	if factor == 1 {
		delete(w.factors, term)
	} else {
		w.factors[term] = factor
	}
	w.changes++
	c.slide(turn, term, factor)
	c.tend()
}

// slide sets a term's slider under every result that shows it: a slider that a reader has
// moved no longer follows its attribute.
func (c *Root) slide(turn int, term termKey, factor float32) {
	for result := range c.why(turn).open {
		c.browser.Fill(sliderID(turn, result, term), factorText(factor))
	}
}

func sliderID(turn int, result string, term termKey) string {
	return "slider-" + strconv.Itoa(turn) + "-" + strings.ReplaceAll(result+"-"+term.String(), " ", "_")
}

func factorText(f float32) string { return strconv.FormatFloat(float64(f), 'g', -1, 32) }

// Mask leaves an earlier turn out of what a turn reads, or includes it again.
func (c *Root) Mask(turn, earlier int) {
	w := c.why(turn)
	if w.masked[earlier] {
		delete(w.masked, earlier)
	} else {
		w.masked[earlier] = true
	}
	w.changes++
	c.tend()
}

// StopTrying undoes all changes of a turn.
func (c *Root) StopTrying(turn int) {
	w := c.why(turn)
	for term := range w.factors {
		c.slide(turn, term, 1)
	}
	clear(w.factors)
	clear(w.masked)
	w.changes++
	w.tried = nil
	c.browser.Announce("The ranking is the page's own again.")
	c.tend()
}

// TryingText describes the changes of a turn, "" where there are none.
func (c *TurnItem) TryingText() string {
	w := c.Root.tools.whys[c.id()]
	if !w.trying() {
		return ""
	}
	var parts []string
	if n := len(w.factors); n > 0 {
		parts = append(parts, count(n, "term")+" changed")
	}
	var left []string
	for i, t := range c.Root.dialogue.Turns() {
		if w.masked[t.ID] {
			left = append(left, strconv.Itoa(i+1))
		}
	}
	if len(left) > 0 {
		noun := "turn "
		if len(left) > 1 {
			noun = "turns "
		}
		parts = append(parts, noun+strings.Join(left, ", ")+" left out")
	}
	s := "Trying: " + strings.Join(parts, "; ") + ". The reply above stays as it is."
	if w.failure != "" {
		s += " " + w.failure
	}
	return s
}

// WhyPanel shows the parts of a result's score.
type WhyPanel struct {
	Root   *Root
	TurnID int
	Result string // its ID
}

// A PartView is one shared term, or one that is switched off.
type PartView struct {
	Term          termKey
	Text, Class   string
	Product       string
	Width         string
	ID, Factor    string // of the slider
	Label, Spoken string
	Chip, From    string
}

// partsShown is the number of a score's terms that are shown.
const partsShown = 12

// find returns the result of that ID in an answer, if it has its parts.
func find(a *message.Answer, id string) *message.Result {
	if a == nil {
		return nil
	}
	for k := range a.Results {
		if a.Results[k].ID == id {
			return &a.Results[k]
		}
	}
	return nil
}

// part returns what a term adds to a result's score; zero where it adds nothing.
func part(a *message.Answer, r *message.Result, term termKey) (message.Part, bool) {
	if a == nil || r == nil {
		return message.Part{}, false
	}
	for _, p := range r.Parts {
		if p.Term >= 0 && p.Term < len(a.Terms) && keyOf(&a.Terms[p.Term]) == term {
			return p, true
		}
	}
	return message.Part{}, false
}

// now returns the answer whose parts are shown.
func (c *WhyPanel) now() (w *why, a *message.Answer) {
	w = c.Root.why(c.TurnID)
	if w.trying() && w.tried != nil {
		return w, w.tried
	}
	return w, w.plain
}

// terms returns the shared terms: first in the order of the score without changes, so that
// they do not jump while a weight is changed, then those that only the trial shares.
func (c *WhyPanel) terms() (terms []termKey) {
	w, a := c.now()
	for _, from := range []*message.Answer{w.plain, a} {
		r := find(from, c.Result)
		if r == nil {
			continue
		}
		for _, p := range r.Parts {
			if p.Term >= 0 && p.Term < len(from.Terms) && !slices.Contains(terms, keyOf(&from.Terms[p.Term])) {
				terms = append(terms, keyOf(&from.Terms[p.Term]))
			}
		}
	}
	return terms
}

func (c *WhyPanel) Parts() []PartView {
	w, a := c.now()
	r := find(a, c.Result)
	var most float32
	for _, from := range []*message.Answer{w.plain, a} {
		if r := find(from, c.Result); r != nil {
			most = max(most, r.Dense, -r.Dense, r.Rule, r.Read)
			for _, p := range r.Parts {
				most = max(most, p.Query*p.Doc)
			}
		}
	}
	var views []PartView
	if r != nil && r.Dense != 0 {
		views = append(views, PartView{
			Text: "dense vector", Class: "part dense", Product: signed(r.Dense), Width: percent(max(r.Dense, -r.Dense), most),
		})
	}
	if r != nil && r.Rule != 0 {
		views = append(views, PartView{Text: "rule", Class: "part dense", Product: signed(r.Rule), Width: percent(r.Rule, most)})
	}
	if a != nil && a.Stage == message.StageRead && r != nil && r.Read != 0 {
		views = append(views, PartView{Text: "reader", Class: "part dense", Product: signed(r.Read), Width: percent(r.Read, most)})
	}
	terms := c.terms()
	for _, term := range terms[:min(len(terms), partsShown)] {
		factor, changed := w.factors[term]
		if !changed {
			factor = 1
		}
		v := PartView{Term: term, Text: term.String(), Class: "part h0", ID: sliderID(c.TurnID, c.Result, term), Factor: factorText(factor), Chip: "·"}
		v.Label = "Weight of " + v.Text
		v.Spoken = times(factor)
		p, ok := part(a, r, term)
		v.Width = "0"
		v.Product = "off"
		if factor > 0 {
			v.Product = "not in the text that is read now"
		}
		if ok {
			v.Product = fixed(p.Query) + " × " + fixed(p.Doc) + " = " + fixed(p.Query*p.Doc)
			v.Width = percent(p.Query*p.Doc, max(most, 1e-9))
		}
		t := termOf(a, term)
		if t == nil {
			t = termOf(w.plain, term)
		}
		if t != nil {
			v.Class = "part " + termClass(t)
			v.Chip, v.From = termFrom(t)
		}
		if changed {
			v.Class += " changed"
		}
		views = append(views, v)
	}
	return views
}

func termOf(a *message.Answer, term termKey) *message.Term {
	if a != nil {
		for k := range a.Terms {
			if keyOf(&a.Terms[k]) == term {
				return &a.Terms[k]
			}
		}
	}
	return nil
}

func fixed(v float32) string { return strconv.FormatFloat(float64(v), 'f', 2, 32) }

// signed is fixed with a sign; its minus is as wide as its plus.
func signed(v float32) string {
	if v < 0 {
		return "−" + fixed(-v)
	}
	return "+" + fixed(v)
}

func times(f float32) string {
	if f == 0 {
		return "off"
	}
	return factorText(f) + " times"
}

// Sum returns a text about what the parts add up to.
func (c *WhyPanel) Sum() string {
	w, a := c.now()
	if a == nil {
		if w.failure != "" {
			return w.failure
		}
		return "Asking"
	}
	r := find(a, c.Result)
	if r == nil {
		return "This passage is no longer among the first " + strconv.Itoa(results) + "."
	}
	exact, bring := 0, float32(0)
	for _, p := range r.Parts {
		if p.Term >= 0 && p.Term < len(a.Terms) && a.Terms[p.Term].Word {
			exact++
			bring += p.Query * p.Doc
		}
	}
	s := countTerms(len(r.Parts)-exact, exact) + " that the passage shares, query weight × passage weight, add up to " + fixed(r.Score-r.Dense-r.Rule-r.Read) + "."
	if r.Dense != 0 {
		s = "The dense vector adds " + signed(r.Dense) + ": a second encoder compares the meaning of question and passage, whatever words they share. " + s
		if r.Read != 0 {
			s = "The reader adds " + signed(r.Read) + ": it reads question and passage together, word by word, as it does for the first results alone. " + s
		}
	}
	if r.Rule != 0 {
		s += " A rule adds " + signed(r.Rule) + ": it compares the question's words with the passage's title and, where you ask for a fact about a country, the largest, the first or the like, with what the passage says about that."
	}
	if r.Dense != 0 || r.Rule != 0 {
		s += " Together " + fixed(r.Score) + "."
	}
	if exact > 0 {
		s += " The exact words make up " + fixed(bring) + " of it."
	}
	terms := c.terms()
	if rest := terms[min(len(terms), partsShown):]; len(rest) > 0 {
		var sum float32
		n := 0
		for _, term := range rest {
			if p, ok := part(a, r, term); ok {
				sum += p.Query * p.Doc
				n++
			}
		}
		s += " The lightest " + strconv.Itoa(n) + ", not shown, add " + fixed(sum) + "."
	}
	return s
}

// Slide handles a moved slider.
func (c *WhyPanel) Slide(term termKey, event vugu.DOMEvent) {
	f, err := strconv.ParseFloat(event.JSEventTarget().Get("value").String(), 32)
	if err == nil {
		c.Root.Weigh(c.TurnID, term, float32(f))
	}
}

// Off switches a term off, or on again.
func (c *WhyPanel) Off(term termKey) {
	if f, changed := c.Root.why(c.TurnID).factors[term]; changed && f == 0 {
		c.Root.Weigh(c.TurnID, term, 1)
	} else {
		c.Root.Weigh(c.TurnID, term, 0)
	}
}

// Exact reports whether exact words are among the terms shown.
func (c *WhyPanel) Exact() bool {
	return slices.ContainsFunc(c.terms(), func(t termKey) bool { return t.word })
}

func (c *WhyPanel) IsOff(term termKey) bool {
	f, changed := c.Root.why(c.TurnID).factors[term]
	return changed && f == 0
}
