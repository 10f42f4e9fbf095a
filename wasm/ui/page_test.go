package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vugu/vugu"
	"github.com/vugu/vugu/staticrender"

	"parley/shared/message"
)

// A page drives Root as main.go does: answers come from the function answer, and the HTML
// goes only to the test.
type page struct {
	*testing.T
	recorder
	root   *Root
	env    *vugu.BuildEnv
	answer func(message.Ask) message.Answer
	log    []effect // all effects but ask and save
	asks   []message.Ask
	html   string
}

func newPage(t *testing.T) *page {
	env, err := vugu.NewBuildEnv()
	if err != nil {
		t.Fatal(err)
	}
	p := &page{T: t, root: &Root{}, env: env, answer: found}
	p.root.browser = &p.recorder
	p.render()
	return p
}

// An effect is a call of Browser's.
type effect struct {
	do, a, b string
	n        int
}

// recorder implements Browser and records its calls.
type recorder struct{ effects []effect }

func (r *recorder) note(do, a, b string, n int) { r.effects = append(r.effects, effect{do, a, b, n}) }

func (r *recorder) Ask(id int, ask string)     { r.note("ask", ask, "", id) }
func (r *recorder) Save(conversation string)   { r.note("save", conversation, "", 0) }
func (r *recorder) Announce(text string)       { r.note("announce", text, "", 0) }
func (r *recorder) Say(text string)            { r.note("say", text, "", 0) }
func (r *recorder) Notice(text, button string) { r.note("notice", text, button, 0) }
func (r *recorder) Type(text string)           { r.note("type", text, "", 0) }
func (r *recorder) Opened(collection string)   { r.note("opened", collection, "", 0) }
func (r *recorder) Share(conversation, collection, level, rows string) {
	r.note("share", conversation, collection+"\n"+level+"\n"+rows, 0)
}
func (r *recorder) Copy(text string)                           { r.note("copy", text, "", 0) }
func (r *recorder) ScrollTo(id string)                         { r.note("scroll", id, "", 0) }
func (r *recorder) Focus(id string)                            { r.note("focus", id, "", 0) }
func (r *recorder) Edit(id, text string)                       { r.note("edit", id, text, 0) }
func (r *recorder) Fill(id, value string)                      { r.note("fill", id, value, 0) }
func (r *recorder) Lens(rows string)                           { r.note("lens", rows, "", 0) }
func (r *recorder) Compare(table string, looked int)           { r.note("compare", table, "", looked) }
func (r *recorder) Dial(rows string, looked int, level string) { r.note("dial", rows, level, looked) }
func (r *recorder) TickAfter(step int)                         { r.note("tick", "", "", step) }

// take returns the requests to the browser in order, as main.go does.
func (p *page) take() []effect {
	wanted := p.effects
	p.effects = nil
	p.root.ShowNotice()
	wanted = append(p.effects, wanted...)
	p.effects = nil
	return wanted
}

// found returns four results; a question's own text is among them.
func found(ask message.Ask) message.Answer {
	q := ask.Turns[len(ask.Turns)-1].Question
	a := message.Answer{
		Tokens: 12, Cost: message.Cost{EncodeMS: 14.2, SearchMS: .6, Lists: 3, Postings: 5210},
		Terms: []message.Term{
			{Text: "tower", Weight: 2, Turn: len(ask.Turns) - 1, Typed: true},
			{Text: "##ing", Weight: 1, Turn: 0, Reply: true},
			{Text: "and", Weight: .5, Turn: -1},
		},
	}
	for _, id := range []string{"p1", "p2", "p3", "p4"} {
		text := "First of " + id + ". It answers " + q + "."
		a.Results = append(a.Results, message.Result{
			ID: id, Title: "Title " + id, Text: text, URL: "https://example.org/" + id, Score: 9.5,
			Quote: message.Span{len("First of p1. "), len(text)}, Marks: []message.Span{{0, 5}},
		})
	}
	return a
}

func (p *page) render() {
	p.Helper()
	var b bytes.Buffer
	if err := staticrender.New(&b).Render(p.env.RunBuild(p.root)); err != nil {
		p.Fatal(err)
	}
	p.html = b.String()
}

// settle renders and handles effects until there are none.
func (p *page) settle() {
	p.Helper()
	for range 100 {
		p.render()
		effects := p.take()
		if len(effects) == 0 {
			return
		}
		for _, e := range effects {
			switch e.do {
			case "ask":
				var ask message.Ask
				if err := json.Unmarshal([]byte(e.a), &ask); err != nil {
					p.Fatal(err)
				}
				p.asks = append(p.asks, ask)
				body, _ := json.Marshal(p.answer(ask))
				p.root.Message("answer", e.n, string(body))
			case "save":
			default:
				p.log = append(p.log, e)
			}
		}
	}
	p.Fatal("effects without end")
}

func (p *page) ready() {
	p.root.Message("ready", 0, `{"max_tokens":256,"postings":1274331,"memory":57600000,"passages":10033}`)
	p.settle()
}

func (p *page) did(do, a string) bool {
	for _, e := range p.log {
		if e.do == do && strings.Contains(e.a, a) {
			return true
		}
	}
	return false
}

// notice returns the line above the question box, as it was set last.
func (p *page) notice() string {
	for i := len(p.log) - 1; i >= 0; i-- {
		if e := p.log[i]; e.do == "notice" {
			if e.b != "" {
				return e.a + " [" + e.b + "]"
			}
			return e.a
		}
	}
	return ""
}

func (p *page) shows(what string, want bool) {
	p.Helper()
	if strings.Contains(p.html, what) != want {
		p.Errorf("shown %v, want %v: %q in\n%s", !want, want, what, p.html)
	}
}

func (p *page) id(turn int) int { return p.root.dialogue.Turns()[turn].ID }

func TestAQuestionBeforeTheWorkerIsReadyIsAskedThen(t *testing.T) {
	p := newPage(t)
	p.root.Ask("How tall?")
	p.settle()
	p.shows("How tall?", true)
	p.shows("This is asked as soon as everything is loaded.", true)
	if len(p.asks) > 0 {
		t.Fatal("asked a worker that is not ready")
	}
	p.ready()
	p.shows("It answers How tall?.", true)
	p.shows("as soon as", false)
	if !p.did("announce", "Answer to turn 1: It answers How tall?. From Title p1; 4") {
		t.Errorf("not announced: %+v", p.log)
	}
}

func TestTheNewestTurnShowsThreeResultsAndMoreOnDemand(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("a")
	p.settle()
	p.shows("Title p3", true)
	p.shows("Title p4", false)
	p.root.ToggleAllResults(p.id(0))
	p.settle()
	p.shows("Title p4", true)
	p.root.Ask("b")
	p.settle()
	p.shows("quoted above in turn 1", true)
	if n := strings.Count(p.html, `class="excerpt"`); n != 3 {
		t.Errorf("%d results on view; an older turn's are to close", n)
	}
	p.root.ToggleResults(p.id(0))
	p.settle()
	if strings.Count(p.html, "Title p4</a>") != 1 {
		t.Error("the older turn's results did not open")
	}
}

func TestWhatTheEncoderSawOpensOnDemand(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("a")
	p.root.Ask("b")
	p.settle()
	p.shows("5,210", false)
	p.root.ToggleVector(p.id(1))
	p.settle()
	for _, s := range []string{
		"5,210 of 1,274,331", "58\u00a0MB", "14\u00a0ms", "12\u00a0tokens",
		"3\u00a0terms of the vocabulary lit up: 1 from earlier turns, 2 added by the encoder.",
		`class="term h2"`, `class="term h1 added"`, `class="term h0 added"`, ">-ing<", "from the reply in turn 1, added by the encoder", "from the reply quoted in that turn", ">1”<", `width="50.0%"`,
	} {
		p.shows(s, true)
	}
}

func TestAChosenResultBecomesTheReply(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("a")
	p.root.Ask("b")
	p.settle()
	p.asks = nil
	p.root.Choose(p.id(0), "p2")
	p.settle()
	if len(p.asks) != 1 || p.asks[0].Turns[0].Reply != "It answers a." {
		t.Errorf("asked %+v", p.asks)
	}
	p.shows("chosen by you", true)
	p.shows(`href="https://example.org/p2"`, true)
	if !p.did("announce", "The reply to turn 1 is now from Title p2.") || !p.did("announce", "Answers are up to date.") {
		t.Errorf("not announced: %+v", p.log)
	}
}

// The reply that is shown says that it lacks the figure asked for, whoever chose it.
func TestAReplyWithoutTheFigureSaysSo(t *testing.T) {
	p := newPage(t)
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Results[1].NoFigure = true
		return a
	}
	p.root.Message("ready", 0, `{}`)
	p.root.Ask("How tall?")
	p.settle()
	says := func() bool { return strings.Contains(p.html, `<p class="lacks">`+message.NoFigureText) }
	if says() {
		t.Error("the first reply holds a figure")
	}
	p.root.Choose(p.root.dialogue.Turns()[0].ID, "p2")
	p.settle()
	if !says() {
		t.Errorf("the reply chosen holds none: %s", p.html)
	}
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Results[0].NoFigure = true
		return a
	}
	p.root.Ask("How wide?")
	p.settle()
	if !p.did("announce", "It answers How wide?. "+message.NoFigureText+" From Title p1") {
		t.Errorf("not announced: %+v", p.log)
	}
}

// Where nothing answers, a sentence says so in place of a quotation, and the nearest
// articles stand under it; any result can be made the reply all the same.
func TestADoubtedTurnQuotesNothing(t *testing.T) {
	p := newPage(t)
	p.ready()
	doubt := message.DoubtUnsure
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Doubt = doubt
		for k := range a.Results {
			a.Results[k].NoFigure = true
		}
		a.Results[1].Title = ""
		a.Results[2].URL = ""
		for i := range ask.Turns {
			a.Read = append(a.Read, i)
		}
		return a
	}
	p.root.Ask("a")
	p.root.Ask("How tall?")
	p.settle()
	if len(p.asks) != 2 || p.asks[1].Turns[0] != (message.Turn{Question: "a"}) {
		t.Errorf("asked %+v", p.asks)
	}
	p.shows(`<p class="nothing">`+message.Says(doubt)+`</p>`, true)
	p.shows("These articles come nearest:", true)
	p.shows(`href="https://example.org/p1">Title p1</a>`, true)
	p.shows(`href="https://example.org/p2">p2</a>`, true)
	p.shows(`<span>Title p3</span>`, true)
	p.shows("Title p4", false)
	p.shows("Read with turn 1<", true)
	for _, not := range []string{"<blockquote", "<figure", "<mark", `class="lacks"`, "Nothing found", `class="result`, "Read as"} {
		p.shows(not+" ", false)
		p.shows(not+">", false)
	}
	if !p.did("announce", "Answer to turn 2: "+message.Says(doubt)) {
		t.Errorf("not announced: %+v", p.log)
	}
	p.root.Share()
	if e := p.take(); !strings.Contains(e[0].b, `["How tall?","","","","","","","unsure"]`) {
		t.Errorf("shared are %s", e[0].b)
	}

	p.root.ToggleWhy(p.id(1), "p2")
	p.root.ToggleResults(p.id(1))
	p.settle()
	p.shows("<mark>", true)
	p.shows(`aria-pressed="true"`, false)
	p.root.Choose(p.id(1), "p1")
	p.settle()
	p.shows("It answers How tall?.</p>", true)
	p.shows("chosen by you", true)
	p.shows(`class="lacks"`, true)
	p.shows(`class="nothing"`, true) // the turn before
	p.root.Share()
	if e := p.take(); !strings.Contains(e[0].b, `"chosen","",""]]`) {
		t.Errorf("shared are %s", e[0].b)
	}

	for _, doubt = range []string{message.DoubtGreeting, message.DoubtThanks} {
		p := newPage(t)
		p.answer = func(ask message.Ask) message.Answer {
			a := found(ask)
			a.Doubt, a.Cut = doubt, true
			return a
		}
		p.ready()
		p.root.Ask("hello")
		p.settle()
		p.shows(message.Says(doubt), true)
		p.shows("Title", false)
		p.shows(`class="read"`, false)
		if !p.did("announce", "Answer to turn 1: "+message.Says(doubt)) {
			t.Errorf("not announced: %+v", p.log)
		}
	}
}

// What the page says about stages does not contradict a doubt.
func TestADoubtedTurnDoesNotSayThatItStoodOut(t *testing.T) {
	p := newPage(t)
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Stage, a.Doubt = message.StageSparse, message.DoubtUnsure
		return a
	}
	p.ready()
	p.root.Message("dense", 0, "on")
	p.root.Ask("a")
	p.settle()
	p.shows("Searched", false)
}

func TestWordsReadAsOthersAreNamed(t *testing.T) {
	p := newPage(t)
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Spelling = []message.Spelling{{Typed: "<fotosynthesis>", Read: "photosynthesis"}, {Typed: "kilimanjaru", Read: "<Kilimanjaro>"}}
		return a
	}
	p.ready()
	p.root.Ask("fotosynthesis on kilimanjaru?")
	p.settle()
	p.shows(`<p class="note">Read as “photosynthesis” and “&lt;Kilimanjaro&gt;”.</p>`, true)

	// A question of nothing but such a word is not completed by a rule.
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Spelling, a.Read = []message.Spelling{{Typed: "fotosynthesis", Read: "photosynthesis"}}, []int{1}
		return a
	}
	p.root.Ask("fotosynthesis")
	p.settle()
	p.shows("Completed by a rule", false)
	p.shows("Read it with the conversation", false)
}

// A question that was completed can be read with the conversation instead; the instruments ask for what was
// answered.
func TestACompletedQuestionIsReadTheOtherWay(t *testing.T) {
	p := newPage(t)
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		n := len(ask.Turns)
		if a.Read = []int{n - 1}; n > 1 && ask.Read == "" {
			a.Spelling = []message.Spelling{{Typed: ask.Turns[n-1].Question, Read: "the capital of Chile"}}
			a.Completed = true
		} else if ask.Read == message.ReadTogether {
			a.Read = []int{0, 1}
		}
		return a
	}
	p.ready()
	p.root.Ask("capital of Peru")
	p.root.Ask("and Chile?")
	p.settle()
	p.shows("Read as “the capital of Chile”.", true)
	p.shows("Read it with the conversation<", true)
	p.asks = nil
	p.root.ToggleWhy(p.id(1), "p1")
	p.settle()
	if len(p.asks) != 1 || p.asks[0].Read != "" {
		t.Errorf("the instruments ask %+v", p.asks)
	}
	p.asks = nil
	p.root.Reread(p.id(1))
	p.settle()
	if len(p.asks) == 0 || p.asks[0].Read != message.ReadTogether {
		t.Errorf("asked %+v", p.asks)
	}
	p.shows("Read as", false)
	p.shows("Read it alone<", true)
}

func TestAFollowUpIsReadTheOtherWay(t *testing.T) {
	p := newPage(t)
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		n := len(ask.Turns)
		a.Alone = ask.Read == message.ReadAlone && n > 1
		for i := range n {
			if !a.Alone || i == n-1 {
				a.Read = append(a.Read, i)
			}
		}
		if a.Alone {
			a.Results = a.Results[3:]
		}
		return a
	}
	const alone, together = "Read it alone<", "Read it with the conversation<"
	p.ready()
	p.root.Ask("a")
	p.settle()
	p.shows(`class="read"`, false)
	p.root.Ask("b")
	p.root.Ask("c")
	p.settle()
	p.shows("Read with turn 1<", true)
	p.shows("Read with turns 1 and 2<", true)
	if n := strings.Count(p.html, alone); n != 1 {
		t.Errorf("%d turns can be read the other way, want the newest", n)
	}
	p.root.Choose(p.id(2), "p2")
	p.settle()
	p.asks, p.log = nil, nil
	p.root.Reread(p.id(2))
	p.root.Reread(p.id(2)) // while it is asked
	p.settle()
	if len(p.asks) != 1 || p.asks[0].Read != message.ReadAlone || len(p.asks[0].Turns) != 3 {
		t.Errorf("asked %+v", p.asks)
	}
	p.shows("Read alone, as a new topic<", true)
	p.shows("Read with turn 1<", true) // the turn before stays
	p.shows(alone, false)
	p.shows("chosen by you", false)
	if !p.did("announce", "Answer to turn 3: It answers c. From Title p4; 1\u00a0result, read alone, as a new topic.") || p.did("scroll", "") || p.did("focus", "") {
		t.Errorf("%+v", p.log)
	}

	// What was wanted outlives a reload, and an instrument reads the same.
	q := newPage(t)
	q.answer = p.answer
	q.root.Restore(p.root.dialogue.Save())
	q.ready()
	q.shows("Read alone, as a new topic<", true)
	q.asks = nil
	q.root.ToggleWhy(q.id(2), "p4")
	q.root.ToggleWhy(q.id(1), "p1")
	q.settle()
	if len(q.asks) != 2 || q.asks[0].Read != message.ReadAlone || q.asks[1].Read != message.ReadTogether {
		t.Errorf("the instruments ask %+v", q.asks)
	}
	q.shows(together, true)
	q.asks = nil
	q.root.Reread(q.id(2))
	q.settle()
	q.shows(alone, true)
	if next := q.asks[0]; next.Read != message.ReadTogether || next.Explain {
		t.Errorf("asked %+v", next)
	}
	// Of another question nobody has said how to read it.
	q.root.Edit(q.id(2))
	q.root.saveEdit("d")
	q.settle()
	if last := q.root.dialogue.Turns()[2]; last.Read != "" || last.Chosen != "" {
		t.Errorf("%+v", last)
	}
}

func TestEditingAndDeletingAskAgain(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("a")
	p.root.Ask("b")
	p.settle()
	p.root.Edit(p.id(0))
	p.settle()
	p.shows("<form>", true)
	if !p.did("edit", editorID(p.id(0))) {
		t.Error("the editor is not filled in and focused")
	}
	p.root.saveEdit(" ")
	p.settle()
	p.shows("<form>", true)
	p.asks = nil
	p.root.saveEdit("A")
	p.settle()
	p.shows("<form>", false)
	p.shows("It answers A.", true)
	if len(p.asks) != 2 || !p.did("focus", editButtonID(p.id(0))) {
		t.Errorf("asked %d turns, want 2; effects %+v", len(p.asks), p.log)
	}

	p.root.Delete(p.id(0))
	p.settle()
	p.shows("It answers A.", false)
	if p.notice() != "Turn 1 was deleted. [Undo]" {
		t.Errorf("notice %q", p.notice())
	}
	p.root.Act()
	p.settle()
	p.shows("It answers A.", true)
	p.shows("It answers b.", true)
	if p.notice() != "" {
		t.Errorf("notice %q", p.notice())
	}
}

func TestEscapeLeavesTheQuestionAsItWas(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("a")
	p.settle()
	p.root.Edit(p.id(0))
	p.root.CancelEdit()
	p.settle()
	p.shows("<form>", false)
	if !p.did("focus", editButtonID(p.id(0))) {
		t.Error("the focus is lost")
	}
}

func TestAnExampleAsksItsTurnsOneByOne(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Play([]string{"a", "b", "c"})
	p.settle()
	if p.notice() != "Example conversation, turn 1 of 3 [Stop]" {
		t.Errorf("notice %q", p.notice())
	}
	if len(p.asks) != 1 || !p.did("type", "b") {
		t.Fatalf("asked %d, effects %+v", len(p.asks), p.log)
	}
	p.root.Tick(1)
	p.settle()
	p.root.Tick(1) // late, of a step that is over
	p.settle()
	if len(p.asks) != 2 {
		t.Fatalf("asked %d", len(p.asks))
	}
	p.root.Ask("mine") // the visitor takes over
	p.settle()
	p.root.Tick(2)
	p.settle()
	if p.notice() != "" {
		t.Errorf("notice %q", p.notice())
	}
	if n := len(p.asks); n != 3 || p.asks[2].Turns[2].Question != "mine" {
		t.Errorf("asked %+v", p.asks[n-1])
	}
}

func TestAFailureSaysWhyAndCanBeRetried(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("a")
	for _, e := range p.take() {
		if e.do == "ask" {
			p.root.Message("error", e.n, `{"stage":"ask","message":"no <b>memory</b>"}`)
		}
	}
	p.settle()
	p.shows("This could not be answered: no &lt;b&gt;memory&lt;/b&gt;", true)
	p.root.Retry(p.id(0))
	p.settle()
	p.shows("It answers a.", true)
}

func TestADocumentIsTextAndNothingElse(t *testing.T) {
	p := newPage(t)
	p.ready()
	const evil = `<img src=x onerror=alert(1)>`
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		for i := range a.Results {
			a.Results[i] = message.Result{ID: evil + string(rune('a'+i)), Title: evil, Text: evil + " &amp; " + evil, URL: "javascript:alert(1)", Quote: message.Span{0, len(evil)}, Marks: []message.Span{{0, 4}}}
		}
		a.Terms[0].Text = evil
		return a
	}
	p.root.Ask(evil)
	p.settle()
	p.root.ToggleVector(p.id(0))
	p.settle()
	p.shows("<img", false)
	p.shows("javascript:", false)
	p.shows("&lt;img", true)
}

func TestNothingFoundSaysSo(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.answer = func(message.Ask) message.Answer { return message.Answer{} }
	p.root.Ask("a")
	p.settle()
	p.shows("Nothing found.", true)
	p.root.ToggleVector(p.id(0))
	p.settle()
	if !p.did("announce", "Answer to turn 1: nothing found.") {
		t.Errorf("not announced: %+v", p.log)
	}
}

func TestAMegabytePastedIsKeptButNotShown(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask(strings.Repeat("word ", 1<<18))
	p.answer = func(message.Ask) message.Answer { return message.Answer{} }
	p.settle()
	p.shows("1,310,719\u00a0characters", true)
	p.shows("The question is longer than what the encoder reads: its middle was left out.", true)
	if len(p.html) > 20<<10 {
		t.Errorf("%d bytes on view", len(p.html))
	}
}

func TestALongConversationShowsItsNewestTurns(t *testing.T) {
	p := newPage(t)
	p.ready()
	for range 500 {
		p.root.Ask("a")
	}
	for p.root.dialogue.Pending() > 0 {
		for _, e := range p.take() {
			if e.do == "ask" {
				body, _ := json.Marshal(found(message.Ask{Turns: []message.Turn{{}}}))
				p.root.Message("answer", e.n, string(body))
			}
		}
	}
	p.settle()
	if n := strings.Count(p.html, "<article"); n != turnsShown {
		t.Errorf("%d turns on view", n)
	}
	p.shows("Show 12\u00a0earlier turns of 488", true)
	p.root.ShowEarlier()
	p.settle()
	if n := strings.Count(p.html, "<article"); n != 2*turnsShown {
		t.Errorf("%d turns on view", n)
	}
}

func TestALostWorkerIsAskedAgain(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("a")
	p.take() // the question is under way, and the worker dies
	p.root.Message("lost", 0, "")
	p.settle()
	p.shows("as soon as", true)
	p.ready()
	p.shows("It answers a.", true)
}

func TestAnotherCollectionIsAskedEverythingAgain(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("How tall?")
	p.root.Ask("how wide?")
	p.settle()
	asked := len(p.asks)
	p.root.Message("grown", 0, `{"passages":20}`) // more of the same
	p.settle()
	if len(p.asks) != asked {
		t.Errorf("asked again while a collection grew: %+v", p.asks[asked:])
	}
	p.answer = func(message.Ask) message.Answer { return message.Answer{} }
	p.ready()
	p.shows("Nothing found", true)
	p.shows("Title p1", false)
	if len(p.asks) != asked+2 {
		t.Errorf("%d questions after the change, want 2", len(p.asks)-asked)
	}
}

func TestSharingAndOpening(t *testing.T) {
	p := newPage(t)
	p.root.Message("ready", 0, `{"collection":"Notes","encoder":"tiny"}`)
	p.root.Ask("How tall?")
	p.settle()
	p.root.Choose(p.id(0), "p3")
	p.root.Share()
	var shared effect
	for _, e := range p.take() {
		if e.do == "share" {
			shared = e
		}
	}
	if want := "parley 1\ncollection Notes\nlevel tiny\n? How tall?\n= p3"; shared.a != want {
		t.Errorf("the link holds %q, want %q", shared.a, want)
	}
	if want := "Notes\ntiny\n" + `[["How tall?","It answers How tall?.","p3","Title p3","https://example.org/p3","chosen","",""]]`; shared.b != want {
		t.Errorf("the turns are %s, want %s", shared.b, want)
	}

	q := newPage(t)
	q.ready()
	q.root.Ask("Something else")
	q.settle()
	q.root.Message("ready", 0, `{"levels":[{"name":"base"},{"name":"tiny"}],"level":"base"}`)
	q.root.Open(shared.a)
	q.settle()
	if last := q.asks[len(q.asks)-1]; last.Level != "tiny" {
		t.Errorf("asked by level %q", last.Level)
	}
	q.shows("chosen by you", true)
	q.shows("Something else", false)
	if got := q.notice(); got != "Another conversation was opened. [Undo]" {
		t.Errorf("the notice is %q", got)
	}
	q.root.Act()
	q.settle()
	q.shows("Something else", true)
	q.root.Open("nothing")
	q.settle()
	q.shows("Something else", true)
	if !q.did("say", "cannot be read") {
		t.Error("nothing is shown of a link that cannot be read")
	}
	q.log = nil
	q.root.Open("parley 2\n? How tall?")
	q.settle()
	if q.shows("Something else", true); !q.did("say", "newer version") {
		t.Error("nothing is shown of a link of a later version")
	}
	q.root.CopyVector(q.id(0))
	q.settle()
	if !q.did("copy", `{"tower":2,"##ing":1,"and":0.5}`) {
		t.Errorf("%+v", q.log)
	}
}

func TestReloadRestoresTheConversation(t *testing.T) {
	p := newPage(t)
	p.ready()
	p.root.Ask("a")
	p.root.Ask("b")
	p.settle()
	p.root.Choose(p.id(0), "p3")
	p.settle()
	q := newPage(t)
	q.root.Restore(p.root.dialogue.Save())
	q.ready()
	q.shows("chosen by you", true)
	q.shows("It answers b.", true)
}

// go generate would write the same files as those committed.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the generator")
	}
	dir := t.TempDir()
	vugus, _ := filepath.Glob("*.vugu")
	gos, _ := filepath.Glob("*.go")
	for _, name := range append(vugus, gos...) {
		if strings.HasSuffix(name, "_gen.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	helper := filepath.Join(dir, "vugu-helper.js")
	for _, cmd := range [][]string{
		{"go", "tool", "vugugen", "-skip-go-mod", "-skip-main", dir},
		{"go", "run", "./vugushrink", dir},
		{"gofmt", "-w", dir},
		{"go", "run", "./vuguhelper", helper},
	} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(cmd, " "), err, out)
		}
	}
	pairs := map[string]string{helper: "../../site/web/vugu-helper.js"}
	for _, name := range vugus {
		gen := strings.TrimSuffix(name, ".vugu") + "_gen.go"
		pairs[filepath.Join(dir, gen)] = gen
	}
	for want, have := range pairs {
		w, err := os.ReadFile(want)
		if err != nil {
			t.Fatal(err)
		}
		if h, err := os.ReadFile(have); err != nil || !bytes.Equal(w, h) {
			t.Errorf("%s is not what go generate writes (%v): run `make generate`", have, err)
		}
	}
}
