package main

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/shared/dialogue"
	"parley/shared/message"
)

const (
	questionShown = 400 // bytes of a question that are shown
	excerptShown  = 280 // bytes of a result that are shown
	hues          = 8   // colours for turns, .h1 to .h8 in style.css
)

func turnID(id int) string       { return "turn-" + strconv.Itoa(id) }
func editorID(id int) string     { return "edit-" + strconv.Itoa(id) }
func editButtonID(id int) string { return "edit-button-" + strconv.Itoa(id) }
func vectorID(id int) string     { return "vector-" + strconv.Itoa(id) }
func resultsID(id int) string    { return "results-" + strconv.Itoa(id) }

// hue returns the class for a turn's colour; h0 is grey and belongs to no turn.
func hue(turn int) string {
	if turn < 0 {
		return "h0"
	}
	return "h" + strconv.Itoa(turn%hues+1)
}

func onOff(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// count returns a number with its noun: "1 term", "5,210 terms".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(n) + "\u00a0" + noun
}

// thousands returns n with commas between groups of three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// millis returns a duration as text, with two figures where it is short.
func millis(ms float64) string {
	switch {
	case ms < 0.95:
		return "<\u200a1\u00a0ms"
	case ms < 9.95:
		return strconv.FormatFloat(ms, 'f', 1, 64) + "\u00a0ms"
	}
	return thousands(int(ms+.5)) + "\u00a0ms"
}

// spoken returns what a screen reader says about an answer.
func spoken(d *dialogue.Dialogue, i int) string {
	s := "Answer to turn " + strconv.Itoa(i+1) + ": "
	t, r := d.Turns()[i], d.Reply(i)
	if doubt := t.Doubt(); doubt != "" {
		return s + message.Says(doubt)
	}
	read := ""
	if a := t.Answer; a != nil && a.Reading() != "" {
		read = ", " + a.Reading()
	}
	if r == nil {
		return s + "nothing found" + read + "."
	}
	quote, _ := dialogue.Clip(r.Quotation(), 400)
	if r.NoFigure {
		quote += " " + message.NoFigureText
	}
	return s + quote + " From " + r.Title + "; " + count(len(t.Answer.Results), "result") + read + "."
}

// link returns a passage's address if it may be followed, else "".
func link(url string) string {
	if strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://") {
		return url
	}
	return ""
}

// Views of Root, for root.vugu.

// Visible returns the turns that are shown, the newest.
func (c *Root) Visible() []*dialogue.Turn {
	t := c.dialogue.Turns()
	return t[max(0, len(t)-max(c.shown, turnsShown)):]
}

// Hidden is the number of older turns.
func (c *Root) Hidden() int { return c.dialogue.Len() - len(c.Visible()) }

func (c *Root) EarlierText() string {
	return "Show " + count(min(c.Hidden(), turnsShown), "earlier turn") + " of " + thousands(c.Hidden())
}

// notice returns the text above the question box: what is going on, or what just happened
// and can be undone. action is the label of its button.
func (c *Root) notice() (text, action string) {
	switch n := c.dialogue.Pending(); {
	case c.play != nil:
		return "Example conversation, turn " + strconv.Itoa(c.play.at) + " of " + strconv.Itoa(len(c.play.questions)), "Stop"
	case c.undo != nil:
		return c.undo.what, "Undo"
	case n > 1 && c.ready != nil:
		return "Asking " + count(n, "turn") + " again", ""
	}
	return "", ""
}

// TurnItem is one turn: question, reply, results, and what the encoder saw.
type TurnItem struct {
	Root *Root
	Turn *dialogue.Turn
}

func (c *TurnItem) i() int      { return c.Root.index(c.Turn.ID) }
func (c *TurnItem) N() string   { return strconv.Itoa(c.i() + 1) }
func (c *TurnItem) id() int     { return c.Turn.ID }
func (c *TurnItem) Hue() string { return hue(c.i()) }

func (c *TurnItem) Class() string {
	s := "turn " + c.Hue()
	if c.Turn.Stale {
		s += " stale"
	}
	if c.VectorOpen() {
		s += " seen"
	}
	if c.id() == c.Root.onShow {
		s += " on-show"
	}
	return s
}

func (c *TurnItem) Question() string {
	q, _ := dialogue.Ends(c.Turn.Question, questionShown)
	return q
}

// NoteText returns how much of a long question is shown, and which words were replaced; ""
// where there is neither.
func (c *TurnItem) NoteText() string {
	s := ""
	if len(c.Turn.Question) > questionShown {
		s = "The question has " + count(utf8.RuneCountInString(c.Turn.Question), "character") + "; its beginning and its end are shown. "
	}
	if c.Answered() {
		s += c.Turn.Answer.ReadAs()
	}
	return s
}

// says returns the sentence that is shown in place of a quotation, "" where there is one.
func (c *TurnItem) says() string {
	if doubt := c.Turn.Doubt(); doubt != "" || !c.Answered() || c.Found() {
		return message.Says(doubt)
	}
	return "Nothing found. The collection may not have it; try other words."
}

// nearest returns the results listed below that sentence, where a question was asked.
func (c *TurnItem) nearest() []message.Result {
	if doubt := c.Turn.Doubt(); doubt != message.DoubtUnsure && doubt != message.DoubtLanguage {
		return nil
	}
	return c.Turn.Answer.Results[:min(len(c.Turn.Answer.Results), firstResults)]
}

// ReadText returns what the answer was read with, and whether the question was too long;
// "" where there is nothing to say, as for a greeting.
func (c *TurnItem) ReadText() string {
	if doubt := c.Turn.Doubt(); !c.Answered() || doubt != "" && doubt != message.DoubtUnsure {
		return ""
	}
	s := c.Turn.Answer.Reading()
	if c.Turn.Answer.Completed {
		s = "Completed by a rule, and read by itself"
	} else if s != "" {
		s = "R" + s[1:]
	}
	more := ""
	if c.Turn.Answer.Cut {
		more = message.CutText
	}
	if c.Root.dense && !c.Turn.Stale {
		switch c.Turn.Answer.Stage {
		case message.StageBoth:
			more += " Searched with both vectors, sparse and dense."
		case message.StageRead:
			more += " Searched with both vectors, sparse and dense; the first results were then read together with the question."
		case message.StageSparse:
			if c.Turn.Answer.Doubt == "" {
				more += " Searched with the sparse vector alone, whose first result stood out."
			}
		}
	}
	if s != "" && more != "" {
		s += ". "
	}
	return s + strings.TrimSpace(more)
}

// Offers reports whether this turn has the switch of the dense stage: it is the newest
// turn that was answered.
func (c *TurnItem) Offers() bool {
	if r := c.Root.ready; r == nil || r.Dense.Title == "" {
		return false
	}
	turns := c.Root.dialogue.Turns()
	for i := len(turns) - 1; i >= 0; i-- {
		if turns[i].Answer != nil && turns[i].Failure == nil {
			return turns[i] == c.Turn
		}
	}
	return false
}

// RereadText returns the label of the button that asks the turn the other way, "" for no
// button. Only the newest turn has one, since the answers after a turn build on its own.
func (c *TurnItem) RereadText() string {
	a := c.Turn.Answer
	switch {
	case c.i() != c.Root.dialogue.Len()-1:
		return ""
	case a.Alone || a.Completed:
		return "Read it with the conversation"
	case len(a.Read) > 1:
		return "Read it alone"
	}
	return ""
}

// EditorDir leaves out the direction for a very long text: finding it takes a browser
// seconds at each layout.
func (c *TurnItem) EditorDir() string {
	if len(c.Turn.Question) > 20000 {
		return "ltr"
	}
	return "auto"
}

func (c *TurnItem) Editing() bool { return c.Root.editing == c.Turn.ID }
func (c *TurnItem) Answered() bool {
	return c.Turn.Answer != nil && c.Turn.Failure == nil
}
func (c *TurnItem) Found() bool   { return c.Answered() && len(c.Turn.Answer.Results) > 0 }
func (c *TurnItem) Waiting() bool { return c.Turn.Answer == nil && c.Turn.Failure == nil }

func (c *TurnItem) WaitingText() string {
	if c.Root.ready == nil {
		return "This is asked as soon as everything is loaded."
	}
	return "Searching"
}

func (c *TurnItem) FailureText() string {
	f := c.Turn.Failure
	if f == nil {
		return ""
	}
	return "This could not be answered: " + f.Message
}

func (c *TurnItem) reply() *message.Result { return c.Root.dialogue.Reply(c.i()) }

// Quote, Source and SourceLink describe the reply, which must exist.
func (c *TurnItem) Quote() string {
	s, _ := dialogue.Clip(c.reply().Quotation(), 900)
	return s
}

func (c *TurnItem) Source() string     { return c.reply().Title }
func (c *TurnItem) SourceLink() string { return link(c.reply().URL) }

// LacksText says that the quotation lacks the figure that was asked for; "" where it does
// not.
func (c *TurnItem) LacksText() string {
	if r := c.reply(); r != nil && r.NoFigure {
		return message.NoFigureText
	}
	return ""
}

func (c *TurnItem) ChosenText() string {
	if c.Turn.Chosen == "" {
		return ""
	}
	return "chosen by you"
}

func (c *TurnItem) ResultsOpen() bool { return c.Found() && c.Root.resultsOpen(c.id()) }

func (c *TurnItem) ResultsText() string {
	return count(len(c.Turn.Answer.Results), "result")
}

// Results returns the results that are shown.
func (c *TurnItem) Results() []ResultView {
	if !c.ResultsOpen() {
		return nil
	}
	own, shown := c.Turn.Answer, c.Root.onView(c.Turn)
	rs := shown.Results
	if !c.Root.opened(c.id()).allResults {
		rs = rs[:min(len(rs), firstResults)]
	}
	reply := c.reply()
	moves := ranks(shown, own, len(rs), nil)
	var views []ResultView
	for k := range rs {
		v := ResultView{Result: &rs[k], IsReply: reply != nil && rs[k].ID == reply.ID, Moved: moves[k].Moved}
		v.New = v.Moved == "new" // only the trial found it, so it cannot be chosen
		if j, ok := c.Root.dialogue.QuotedIn(c.i(), rs[k].ID); ok {
			v.Quoted = "quoted above in turn " + strconv.Itoa(j+1)
		}
		views = append(views, v)
	}
	return views
}

// MoreText returns the label of the button under the results, "" for no button.
func (c *TurnItem) MoreText() string {
	n := len(c.Root.onView(c.Turn).Results)
	switch {
	case n <= firstResults:
		return ""
	case c.Root.opened(c.id()).allResults:
		return "Show the first " + strconv.Itoa(firstResults) + " only"
	}
	return "Show " + strconv.Itoa(n-firstResults) + " more"
}

func (c *TurnItem) VectorOpen() bool {
	o := c.Root.open[c.id()]
	return c.Answered() && o != nil && o.vector
}

// Figures returns the short text beside the sparkline.
func (c *TurnItem) Figures() string {
	a := c.Turn.Answer
	return count(len(a.Terms), "term") + " · " + millis(took(a))
}

// took returns the whole time that an answer took, in milliseconds.
func took(a *message.Answer) float64 {
	return a.Cost.EncodeMS + a.Cost.SearchMS + a.Cost.ReadMS + a.Cost.DenseMS + a.Cost.ReaderMS
}

// Spark returns the heaviest terms as bars, one path per turn and kind.
func (c *TurnItem) Spark() []SparkPath {
	return spark(c.Turn.Answer.Terms)
}

// A SparkPath is the bars of one colour, which Class names.
type SparkPath struct{ Class, D string }

const (
	sparkBars   = 24
	sparkHeight = 16
)

// spark draws learned terms and then, after a gap, exact words as thin lines; each kind
// has its own scale.
func spark(terms []message.Term) []SparkPath {
	learned, exact := split(terms)
	if len(exact) > 0 {
		exact = exact[:min(len(exact), sparkBars/3)]
		learned = learned[:min(len(learned), sparkBars-1-len(exact))]
	}
	learned = learned[:min(len(learned), sparkBars)]
	var paths []SparkPath
	at := map[string]int{}
	draw := func(terms []message.Term, x int, top float32) {
		for k := range terms {
			class := termClass(&terms[k])
			p, ok := at[class]
			if !ok {
				p = len(paths)
				at[class] = p
				paths = append(paths, SparkPath{Class: class})
			}
			left, wide := 4*(x+k), "3"
			if terms[k].Word {
				left, wide = left+1, "1"
			}
			height := strconv.FormatFloat(float64(1+(sparkHeight-1)*terms[k].Weight/top), 'f', 1, 32)
			paths[p].D += "M" + strconv.Itoa(left) + " 16v-" + height + "h" + wide + "V16z"
		}
	}
	draw(learned, 0, heaviest(learned, 0))
	draw(exact, len(learned)+1, heaviest(exact, 1))
	return paths
}

// ResultView is one result as it is shown.
type ResultView struct {
	*message.Result
	IsReply bool
	Quoted  string
	Moved   string // its change against the page's own ranking, during a trial
	New     bool
}

// ResultItem shows a result.
type ResultItem struct {
	Root   *Root
	TurnID int
	View   ResultView
}

func (c *ResultItem) WhyOpen() bool {
	w := c.Root.tools.whys[c.TurnID]
	return w != nil && w.open[c.View.ID]
}

func (c *ResultItem) Link() string  { return link(c.View.URL) }
func (c *ResultItem) Title() string { return titleOf(*c.View.Result) }
func (c *ResultItem) Score() string { return strconv.FormatFloat(float64(c.View.Score), 'f', 1, 32) }
func (c *ResultItem) Runs() []dialogue.Run {
	return dialogue.Excerpt(c.View.Result, excerptShown)
}

func titleOf(r message.Result) string {
	if r.Title == "" {
		return r.ID
	}
	s, _ := dialogue.Clip(r.Title, 300)
	return s
}

func (c *ResultItem) Class() string {
	if c.View.IsReply {
		return "result is-reply"
	}
	return "result"
}

func (c *ResultItem) ChooseText() string {
	if c.View.IsReply {
		return "The reply above"
	}
	return "Use as reply"
}

func (c *ResultItem) SourceText() string {
	s := "Source"
	if c.View.Collection != "" {
		s += " in " + c.View.Collection
	}
	if c.View.Page > 0 {
		s += ", page " + strconv.Itoa(c.View.Page)
	}
	return s
}

// VectorPanel shows the query vector of a turn: what the encoder saw.
type VectorPanel struct {
	Root *Root
	Turn *dialogue.Turn
}

// A TermView is one bar.
type TermView struct {
	Class, Text, Width, Weight, Chip, Spoken string
	Tab                                      string // one term of a group is a stop of the Tab key
}

// A GroupView is the bars of one kind of terms, with their own scale: the weights of exact
// words cannot be compared with those of learned terms.
type GroupView struct {
	Name, Note, Spoken string // Name and Note are "" where there is one group only
	Terms              []TermView
}

// Groups returns the exact words, which are few, and the learned terms.
func (c *VectorPanel) Groups() []GroupView {
	learned, exact := split(c.Root.onView(c.Turn).Terms)
	top := heaviest(learned, 0)
	group := GroupView{Spoken: "Terms, heaviest first", Terms: c.bars(learned, top)}
	if len(exact) == 0 {
		return []GroupView{group}
	}
	group.Name, group.Note = "Learned terms", "Pieces of the vocabulary. A full bar is "+fixed(top)+"."
	group.Spoken = "Learned terms, heaviest first"
	top = heaviest(exact, 1)
	words := GroupView{Name: "Exact words", Spoken: "Exact words, heaviest first", Terms: c.bars(exact, top),
		Note: "Matched by spelling, apart from endings. They have their own scale: a full bar is " + fixed(top) + "."}
	return []GroupView{words, group}
}

func (c *VectorPanel) bars(terms []message.Term, top float32) []TermView {
	if !c.Root.opened(c.Turn.ID).allTerms {
		terms = terms[:min(len(terms), firstTerms)]
	}
	views := make([]TermView, len(terms))
	for k := range terms {
		t := &terms[k]
		views[k] = TermView{Class: "term " + termClass(t), Text: keyOf(t).String(), Weight: fixed(t.Weight), Width: percent(t.Weight, top)}
		views[k].Chip, views[k].Spoken = termFrom(t)
		views[k].Tab = "-1"
		if k == 0 {
			views[k].Tab = "0"
		}
	}
	return views
}

// Exact reports whether there are exact words.
func (c *VectorPanel) Exact() bool {
	_, exact := split(c.Root.onView(c.Turn).Terms)
	return len(exact) > 0
}

// AllText returns the label of the button under the terms, "" for no button.
func (c *VectorPanel) AllText() string {
	learned, exact := split(c.Root.onView(c.Turn).Terms)
	switch {
	case max(len(learned), len(exact)) <= firstTerms:
		return ""
	case c.Root.opened(c.Turn.ID).allTerms:
		return "Show the heaviest " + strconv.Itoa(firstTerms) + " only"
	}
	return "Show all " + countTerms(len(learned), len(exact))
}

// A LegendView names one colour.
type LegendView struct {
	Class, Chip, Text string
	Turn              int // ID of an earlier turn, which can be left out; 0 for other entries
	Masked            bool
}

// Legend returns the turns that won terms, oldest first.
func (c *VectorPanel) Legend() []LegendView {
	turns := c.Root.dialogue.Turns()
	lit := map[int]bool{}
	markers, replies := false, false
	for _, t := range c.Root.onView(c.Turn).Terms {
		lit[t.Turn] = true
		markers = markers || t.Turn < 0
		replies = replies || t.Reply
	}
	var views []LegendView
	for i, t := range turns {
		w := c.Root.tools.whys[c.Turn.ID]
		masked := w != nil && w.masked[t.ID]
		if lit[i] || masked {
			q, _ := dialogue.Clip(t.Question, 60)
			v := LegendView{Class: hue(i), Chip: strconv.Itoa(i + 1), Text: q, Masked: masked}
			if i < c.Root.index(c.Turn.ID) {
				v.Turn = t.ID
			}
			if masked {
				v.Class += " masked"
			}
			views = append(views, v)
		}
	}
	if replies {
		views = append(views, LegendView{Class: "h0", Chip: "”", Text: "from the reply quoted in that turn"})
	}
	if markers {
		views = append(views, LegendView{Class: "h0", Chip: "·", Text: "from the markers between the texts"})
	}
	return views
}

// Summary returns a sentence about what the bars show.
func (c *VectorPanel) Summary() string {
	a := c.Root.onView(c.Turn)
	here := c.Root.index(c.Turn.ID)
	earlier, added := 0, 0
	for _, t := range a.Terms {
		if t.Turn >= 0 && t.Turn < here {
			earlier++
		}
		if !t.Typed {
			added++
		}
	}
	s := countKinds(a)
	if !c.Exact() {
		s += " of the vocabulary lit up"
	}
	if here > 0 {
		s += ": " + thousands(earlier) + " from earlier turns, "
	} else {
		s += ", "
	}
	return s + thousands(added) + " added by the encoder."
}

// Figures returns the costs of the turn.
func (c *VectorPanel) Figures() []FigureView {
	a := c.Root.onView(c.Turn)
	touched := thousands(a.Cost.Postings)
	if r := c.Root.ready; r != nil && r.Postings > 0 {
		touched += " of " + thousands(r.Postings)
	}
	read := count(a.Tokens, "token")
	if a.Cut {
		read += ", the question’s middle left out"
	}
	if a.Dropped {
		read += ", older text left out"
	}
	figures := []FigureView{
		{"Read", read},
		{"Encoded in", millis(a.Cost.EncodeMS)},
		{"Searched in", millis(a.Cost.SearchMS)},
		{"Sentences read in", millis(a.Cost.ReadMS)},
		{"Active terms", active(a)},
		{"Postings touched", touched},
	}
	if a.Cost.DenseMS > 0 {
		figures = append(figures, FigureView{"Dense vector", millis(a.Cost.DenseMS)})
	}
	if a.Cost.ReaderMS > 0 {
		figures = append(figures, FigureView{"Results read in", millis(a.Cost.ReaderMS)})
	}
	if r := c.Root.ready; r != nil && r.Memory > 0 {
		figures = append(figures, FigureView{"Memory held", thousands(int(r.Memory+5e5)/1e6) + "\u00a0MB"})
	}
	return figures
}

// A FigureView is one cost with its name.
type FigureView struct{ Name, Value string }
