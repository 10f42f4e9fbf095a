package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/shared/message"
)

// family answers as levels would: the further along, the fewer terms.
func family(p *page) {
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Terms = a.Terms[:3-len(ask.Level)%3]
		for k := range a.Results {
			a.Results[k].Parts = []message.Part{{Term: 0, Query: 2, Doc: 4.25}}
			if len(ask.Weights) > 0 {
				a.Results[k].ID = fmt.Sprint("w", k)
			}
		}
		return a
	}
	p.root.Message("ready", 0, `{"max_tokens":256,"postings":1274331,"passages":10033,"level":"b","levels":[
		{"name":"a","title":"Undistilled","flops":4,"card":"cards/a.txt"},{"name":"b","title":"Distilled","flops":3,"ratio":1},{"name":"b2","title":"Two","flops":1.5,"ratio":2,"card":"https://elsewhere"}]}`)
	p.settle()
}

// levelsAsked are the levels of the probes, in order.
func (p *page) levelsAsked() (names []string) {
	for _, a := range p.asks {
		if a.Brief {
			names = append(names, a.Level)
		}
	}
	return names
}

// handed returns the rows that the dial got last: of each turn its index, its question,
// what to ask, and so on.
func (p *page) handed() (rows [][]string, level string, looked int) {
	p.Helper()
	for i := len(p.log) - 1; i >= 0; i-- {
		if e := p.log[i]; e.do == "dial" {
			if err := json.Unmarshal([]byte(e.a), &rows); err != nil {
				p.Fatal(err)
			}
			return rows, e.b, e.n
		}
	}
	return nil, "", -1
}

func TestTheDialIsHandedTheConversation(t *testing.T) {
	p := newPage(t)
	family(p)
	p.root.Ask("one")
	p.root.Ask("two")
	p.settle()
	if rows, _, _ := p.handed(); rows != nil {
		t.Errorf("handed over before it is opened: %q", rows)
	}
	p.root.OpenTool("dial")
	p.settle()
	rows, level, looked := p.handed()
	if len(rows) != 2 || level != "b" || looked != 1 {
		t.Fatalf("level %q, turn %d, rows %q", level, looked, rows)
	}
	if last := rows[1]; last[0] != "1" || last[1] != "two" || last[3] != "0" || last[5] != "p1" || last[6] != "Title p1" {
		t.Errorf("the newest turn: %q", last)
	}
	var ask message.Ask
	if err := json.Unmarshal([]byte(rows[1][2]), &ask); err != nil {
		t.Fatal(err)
	}
	if len(ask.Turns) != 2 || ask.Turns[0].Reply == "" || ask.K != 100 || !ask.Brief || ask.Stage != message.StageSparse {
		t.Errorf("to ask: %+v", ask)
	}
	if n := len(p.levelsAsked()); n > 0 {
		t.Errorf("the page itself asks %d probes for the dial", n)
	}
	p.root.LookAt(0)
	p.settle()
	if _, _, looked := p.handed(); looked != 0 {
		t.Errorf("turn %d is looked at", looked)
	}
	// Another level answers: all turns again, and then the dial gets the new replies.
	p.asks = nil
	p.root.SetLevel("b2")
	p.settle()
	if rows, level, _ := p.handed(); len(p.asks) != 2 || p.asks[0].Level != "b2" || level != "b2" || len(rows) != 2 {
		t.Errorf("level %q, rows %q, asked %+v", level, rows, p.asks)
	}
	p.asks = nil
	p.root.SetLevel("b2")
	p.settle()
	if len(p.asks) > 0 {
		t.Error("the same level again asks again")
	}
}

func TestProbesAreAskedAgainOfANewWorker(t *testing.T) {
	p := newPage(t)
	family(p)
	p.root.Ask("one")
	p.settle()
	p.root.OpenTool("compare")
	p.take() // asked, and never answered
	p.root.Message("lost", 0, "")
	p.asks = nil
	family(p)
	if got := p.levelsAsked(); len(got) != 3 {
		t.Errorf("asked levels %q", got)
	}
	p.root.Message("answer", 1, `{}`) // of the worker that is gone
}

func TestNoInstrumentAsksBeforeItIsOpened(t *testing.T) {
	p := newPage(t)
	family(p)
	p.root.Ask("one")
	p.root.Ask("two")
	p.settle()
	if len(p.asks) != 2 || strings.Contains(p.html, `class="instrument compare`) || p.did("dial", "") || !strings.Contains(p.html, `id="open-dial"`) {
		t.Errorf("asked %d times: %s", len(p.asks), p.html)
	}
}

func TestCompareAsksEveryWay(t *testing.T) {
	p := newPage(t)
	p.root.SetExamples("who?\tWho built the tower?\tp2 p9\nalone\t\t")
	family(p)
	p.root.Ask("the tower")
	p.root.Ask("who?")
	p.settle()
	p.asks = nil
	p.root.OpenTool("compare")
	p.settle()
	var ways []string
	for _, a := range p.asks {
		ways = append(ways, fmt.Sprint(len(a.Turns), " ", a.Turns[len(a.Turns)-1].Question, " ", a.Level, " ", a.K))
	}
	if !slices.Equal(ways, []string{"1 who? a 100", "2 who? a 100", "2 who? b 100", "1 Who built the tower? a 100"}) {
		t.Errorf("asked %q", ways)
	}
	if !strings.Contains(p.html, "rank 2") || !strings.Contains(p.html, "Judged to answer this: Title p2; p9.") || !p.did("fill", "rewrite") {
		t.Errorf("what answers is not told: %s", p.html)
	}
	var saved [][]string
	for _, e := range p.log {
		if e.do == "compare" {
			saved = nil
			if err := json.Unmarshal([]byte(e.a), &saved); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(saved) != 16 || strings.Join(saved[0], "|") != "turn 2|Last turn alone|Whole conversation|Whole conversation, distilled|Rewrite" ||
		saved[4][1] != "5210" || saved[5][4] != "rank 2" || saved[6][3] != "Title p1" || saved[7][3] != "Title p2" {
		t.Errorf("saved is %q", saved)
	}
	p.asks = nil
	p.root.setRewrite(" Who made it? ")
	p.settle()
	if len(p.asks) != 1 || p.asks[0].Turns[0].Question != "Who made it?" {
		t.Errorf("asked %+v", p.asks)
	}
	p.root.LookAt(0)
	p.settle()
	if strings.Contains(p.html, "Judged to answer") {
		t.Error("the first turn has the second's answers")
	}
}

func TestWhyAsksForPartsAndTriesChanges(t *testing.T) {
	p := newPage(t)
	family(p)
	p.root.Ask("one")
	p.root.Ask("two")
	p.settle()
	p.asks = nil
	turns := p.root.dialogue.Turns()
	p.root.ToggleWhy(turns[1].ID, "p1")
	p.settle()
	if len(p.asks) != 1 || !p.asks[0].Explain || !strings.Contains(p.html, "2.00 × 4.25 = 8.50") {
		t.Errorf("asked %+v: %s", p.asks, p.html)
	}
	p.root.Weigh(turns[1].ID, termKey{text: "tower"}, 0)
	p.settle()
	if a := p.asks[len(p.asks)-1]; len(a.Weights) != 1 || a.Weights[0] != (message.Weight{Text: "tower"}) || !strings.Contains(p.html, "1\u00a0term changed") || !strings.Contains(p.html, "new") {
		t.Errorf("asked %+v: %s", a, p.html)
	}
	if r := p.root.dialogue.Reply(1); r.ID != "p1" {
		t.Errorf("the reply is from %s", r.ID)
	}
	p.root.Mask(turns[1].ID, turns[0].ID)
	p.settle()
	if a := p.asks[len(p.asks)-1]; len(a.Turns) != 2 || a.Turns[0] != (message.Turn{}) || a.Turns[1].Question != "two" || !strings.Contains(p.html, "turn 1 left out") {
		t.Errorf("asked %+v: %s", a, p.html)
	}
	n := len(p.asks)
	p.root.StopTrying(turns[1].ID)
	p.settle()
	if len(p.asks) != n || strings.Contains(p.html, "Trying:") {
		t.Errorf("asked %d times more: %s", len(p.asks)-n, p.html)
	}
}

// withWords answers with exact words, of which one is spelt as a piece is.
func withWords(p *page) {
	family(p)
	p.answer = func(ask message.Ask) message.Answer {
		a := found(ask)
		a.Terms = append(a.Terms, message.Term{Text: "tower", Word: true, Typed: true, Weight: .75, Turn: len(ask.Turns) - 1},
			message.Term{Text: "iron", Word: true, Typed: true, Weight: .5, Turn: 0, Reply: true})
		for k := range a.Results {
			a.Results[k].Score = 12
			a.Results[k].Parts = []message.Part{{Term: 0, Query: 2, Doc: 4}, {Term: 3, Query: .75, Doc: 4}, {Term: 4, Query: .5, Doc: 2}}
		}
		return a
	}
}

func TestExactWordsLookUnlikeLearnedTerms(t *testing.T) {
	p := newPage(t)
	withWords(p)
	p.root.Ask("one")
	p.root.Ask("two")
	p.settle()
	p.shows("“tower”", false) // nothing of it in the conversation itself
	turn := p.root.dialogue.Turns()[1].ID
	p.root.ToggleVector(turn)
	p.settle()
	for _, want := range []string{
		"3\u00a0learned terms and 2\u00a0exact words: 2 from earlier turns, ", "3 learned, 2\u00a0exact",
		">Exact words<", "They have their own scale: a full bar is 1.00.", ">Learned terms<", "A full bar is 2.00.",
		">“tower”<", `class="term h2 exact"`, `width="75.0%"`, "exact word, from turn 2", "exact word, from the reply in turn 1", ">“exact word”<",
	} {
		p.shows(want, true)
	}
	p.root.ToggleWhy(turn, "p1")
	p.settle()
	for _, want := range []string{
		"1\u00a0learned term and 2\u00a0exact words that the passage shares, query weight × passage weight, add up to 12.00. The exact words make up 4.00 of it.",
		"0.75 × 4.00 = 3.00", `class="part h2 exact"`,
	} {
		p.shows(want, true)
	}
	// The word and the piece are switched off one without the other.
	p.root.Weigh(turn, termKey{"tower", true}, 0)
	p.settle()
	if a := p.asks[len(p.asks)-1]; len(a.Weights) != 1 || a.Weights[0] != (message.Weight{Text: "tower", Word: true}) {
		t.Errorf("asked %+v", a.Weights)
	}
	p.root.Weigh(turn, termKey{"tower", false}, 2)
	p.settle()
	p.shows("2\u00a0terms changed", true)
	p.root.StopTrying(turn)
	p.root.OpenTool("compare")
	p.settle()
	p.shows(`<span data-gloss="learned term" tabindex="0">3`+"\u00a0"+`learned terms</span><span data-gloss="exact word" tabindex="0">2`+"\u00a0"+`exact words</span><span data-gloss="postings" tabindex="0">5,210`, true)
	p.log = nil
	p.root.CopyVector(turn)
	p.settle()
	if !p.did("copy", `{"tower":2,"##ing":1,"and":0.5,"\"tower\"":0.75,"\"iron\"":0.5}`) {
		t.Errorf("copied %+v", p.log)
	}
}

// Words are thin lines, a gap behind the terms.
func TestSparkOfWords(t *testing.T) {
	var terms []message.Term
	for range 40 {
		terms = append(terms, message.Term{Weight: 2, Typed: true})
	}
	if got := spark(terms); len(got) != 1 || strings.Count(got[0].D, "M") != sparkBars {
		t.Errorf("%+v", got)
	}
	terms = append(terms, message.Term{Word: true, Typed: true, Weight: .5})
	got := spark(terms)
	if len(got) != 2 || strings.Count(got[0].D, "M") != sparkBars-2 || got[1] != (SparkPath{"h1 exact", "M93 16v-8.5h1V16z"}) {
		t.Errorf("%+v", got)
	}
}

// A script leads through the page: Show singles one thing of one turn out.
func TestShow(t *testing.T) {
	p := newPage(t)
	family(p)
	p.root.Ask("mine")
	p.settle()
	const text = "parley 1\n? one\n? two\nread alone"
	p.root.Show(text, "vector", 1)
	p.settle()
	if n := strings.Count(p.html, "on-show"); p.root.dialogue.Len() != 2 || n != 1 || strings.Count(p.html, `class="vector"`) != 1 || p.asks[len(p.asks)-1].Read != "alone" {
		t.Errorf("%d turns, %d on show: %s", p.root.dialogue.Len(), n, p.html)
	}
	n := len(p.asks)
	p.root.Show(text, "compare", 0)
	p.settle()
	if p.root.tools.open != "compare" || p.root.looked() != 1 || strings.Contains(p.html, `class="vector"`) {
		t.Errorf("%q of turn %d is open", p.root.tools.open, p.root.looked())
	}
	for _, a := range p.asks[n:] {
		if !a.Brief {
			t.Error("the same conversation is asked again")
		}
	}
	p.root.Show("", "dial", 9) // no such turn: the newest
	p.settle()
	if p.root.tools.open != "dial" || p.root.looked() != 1 {
		t.Errorf("%q of turn %d is open", p.root.tools.open, p.root.looked())
	}
	p.root.Show("parley 1\nlevel b2\n? one\n? two\nread alone", "results", 2)
	p.settle()
	if p.root.inUse() != "b2" || p.root.tools.open != "" || strings.Count(p.html, `class="result"`) == 0 {
		t.Errorf("level %s, %q is open", p.root.inUse(), p.root.tools.open)
	}
	p.root.Show(text, "turn", 2) // names no level: the page's own
	p.settle()
	if p.root.inUse() != "b" || strings.Contains(p.html, `class="result"`) {
		t.Errorf("level %s: %s", p.root.inUse(), p.html)
	}
	p.root.Show("nothing of ours", "turn", 1)
	p.settle()
	if p.root.dialogue.Len() != 2 || !p.did("say", "This conversation cannot be read: it was made by a newer version, or is damaged.") {
		t.Error("damaged text is not told")
	}
	p.root.Show("", "", 0)
	p.settle()
	if strings.Contains(p.html, "on-show") {
		t.Error("something is still singled out")
	}
	p.root.New()
	p.root.Show("", "turn", 1)
	p.settle()
}

// A reload keeps the level with the conversation.
func TestALevelIsKept(t *testing.T) {
	p := newPage(t)
	family(p)
	p.root.Ask("one")
	p.settle()
	p.root.SetLevel("b2")
	saved := ""
	for _, e := range p.take() {
		if e.do == "save" {
			saved = e.a
		}
	}
	q := newPage(t)
	q.root.Restore(saved)
	q.settle()
	family(q)
	if q.root.inUse() != "b2" || len(q.asks) != 1 || q.asks[0].Level != "b2" {
		t.Errorf("level %q, asked %+v", q.root.inUse(), q.asks)
	}
}
