package answer

import (
	"strings"
	"testing"

	"parley/shared/message"
)

func TestAQuestionAsksForNothingButAName(t *testing.T) {
	for _, c := range []struct {
		question string
		alone    bool
		want     string
	}{
		{"What is poetry?", false, "poetr"},
		{"what are volcanos", false, "volcano"},
		{"who was the Buddha", false, "buddha"},
		{"What's DNA?", false, "dna"},
		{"whats dna", false, "dna"},
		{"tell me about Iceland", false, "iceland"},
		{"Iceland", true, "iceland"},
		{"Iceland", false, ""}, // after "the capital of Norway"
		{"and Iceland?", true, "and iceland"},
		{"who invented it", true, "who invented it"}, // no title
		{"what is", false, ""},
		{"the", true, ""},
		{"", true, ""},
		{strings.Repeat("x ", 300), true, ""},
	} {
		if got := asksWhatIs(c.question, c.alone); got != c.want {
			t.Errorf("%q, alone %v: %q, want %q", c.question, c.alone, got, c.want)
		}
	}
}

func TestAQuestionAsksSomethingOfASubject(t *testing.T) {
	for _, c := range []struct{ question, name, or string }{
		{"how old is the universe?", "universe", ""},
		{"population of Paris", "", "pari"},
		{"how long is the Amazon river", "amazon river", "amazon"},
		{"when was the Eiffel Tower built", "eiffel tower", ""},
		{"who is the king of pop", "", ""},
		{"king of pop", "", ""},
		{"how old is it", "", ""},
		{"population of France", "", ""}, // a fact of a country
		{"why do cats purr", "", ""},
		{"", "", ""},
	} {
		asked := asksFact(c.question)
		if name, or := asked.subject(); name != c.name || or != c.or {
			t.Errorf("%q: %q or %q, want %q or %q", c.question, name, or, c.name, c.or)
		}
	}
}

// Asked what something is, the engine answers from the article that has this title.
func TestWhatIs(t *testing.T) {
	e := shipped(t)
	titles, right, before := 0, 0, 0
	for i := 7; i < e.Passages.Len(); i += 61 {
		p := e.Source.Passage(uint32(i))
		if strings.ContainsAny(p.Title, ":(") {
			continue
		}
		titles++
		a := message.Ask{Turns: []message.Turn{{Question: "what is " + strings.ToLower(p.Title)}}, K: ruled, Brief: true}
		f, err := e.find(a)
		if err != nil {
			t.Fatal(err)
		}
		first := 0
		for i := range f.hits {
			if f.rules != nil && f.hits[i].Score-f.rules[i] > f.hits[first].Score-f.rules[first] {
				first = i
			}
		}
		if e.Source.Passage(f.hits[0].Doc).Title == p.Title {
			right++
		}
		if e.Source.Passage(f.hits[first].Doc).Title == p.Title {
			before++
		}
	}
	t.Logf("of %d titles, %d first; %d without the rule", titles, right, before)
	if titles < 100 || right < titles*98/100 || before == right {
		t.Errorf("of %d titles, %d first; %d without the rule", titles, right, before)
	}
}

// Of sentences, the one that names the place is quoted.
func TestTheSentenceThatNamesThePlaceIsQuoted(t *testing.T) {
	e := shipped(t)
	for question, begins := range map[string]string{
		"largest city in brazil": "The largest cities of Brazil are ",
		"biggest planet of all":  "Jupiter is the fifth planet from the Sun, and the largest ",
	} {
		a := ask(t, e, turns(question))
		r := a.Results[a.Reply]
		if quoted := r.Text[r.Quote[0]:r.Quote[1]]; !strings.HasPrefix(quoted, begins) {
			t.Errorf("%q: %s: %q", question, r.Title, quoted)
		}
	}
}
