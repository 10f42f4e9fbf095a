package answer

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"parley/shared/message"
)

var tower = message.Ask{Turns: []message.Turn{
	{Question: "How tall is the Eiffel Tower?", Reply: "The tower is 330 metres tall."}, {Question: "who designed it?"},
}}

func ask(t *testing.T, e *Engine, a message.Ask) message.Answer {
	t.Helper()
	got, err := e.Ask(a)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestPartsSumToTheScore(t *testing.T) {
	e := shipped(t)
	a := tower
	a.Explain = true
	got := ask(t, e, a)
	for _, r := range got.Results {
		var sum float32
		for _, p := range r.Parts {
			sum += p.Query * p.Doc
			if w := got.Terms[p.Term].Weight; p.Query < w*.99 || p.Query > w*1.01 {
				t.Errorf("%s: the query's weight of %q is %v, in the parts %v", r.ID, got.Terms[p.Term].Text, w, p.Query)
			}
		}
		if sum != r.Score || len(r.Parts) == 0 {
			t.Errorf("%s: %d parts sum to %v, the score is %v", r.ID, len(r.Parts), sum, r.Score)
		}
		if !slices.IsSortedFunc(r.Parts, func(a, b message.Part) int { return int(b.Query*b.Doc*1e4) - int(a.Query*a.Doc*1e4) }) {
			t.Errorf("%s: the parts are not in order", r.ID)
		}
	}
	// A place is a word of the text whose piece, or stem, is a term that both share; the
	// token that lit a term is a word of its turn.
	found := map[string]bool{}
	for _, r := range got.Results {
		for _, p := range r.Places {
			term, text := got.Terms[p.Term], strings.ToLower(r.Text[p.Start:p.End])
			if !slices.ContainsFunc(r.Parts, func(q message.Part) bool { return q.Term == p.Term }) {
				t.Errorf("%s: %q is no shared term", r.ID, term.Text)
			}
			if !term.Word && text != strings.TrimPrefix(term.Text, "##") {
				t.Errorf("%s: the piece %q is said to stand at %q", r.ID, term.Text, text)
			}
			found[term.Text] = true
		}
	}
	if !found["tower"] {
		t.Errorf("no place of “tower”, but of %v", found)
	}
	for _, term := range got.Terms {
		if from := tower.Turns[max(term.Turn, 0)]; term.Typed && term.Turn >= 0 && !term.Reply && !term.Word {
			if got := strings.ToLower(from.Question[term.Start:term.End]); got != strings.TrimPrefix(term.Text, "##") {
				t.Errorf("%q was lit by %q", term.Text, got)
			}
		}
	}
	if plain := ask(t, e, tower); plain.Results[0].Parts != nil || plain.Results[0].Places != nil || plain.Terms[0].End != 0 {
		t.Error("parts that nobody asked for")
	}
}

func TestBriefResultsAreTheSameOnes(t *testing.T) {
	e := shipped(t)
	a := tower
	a.Brief = true
	full, brief := ask(t, e, tower), ask(t, e, a)
	for i, r := range full.Results {
		b := brief.Results[i]
		if b.ID != r.ID || b.Score != r.Score || b.Title != r.Title || b.Doc != r.Doc || b.Text != "" || b.Marks != nil {
			t.Errorf("%+v", b)
		}
	}
	if len(brief.Terms) != len(full.Terms) || brief.Cost.Postings != full.Cost.Postings {
		t.Errorf("%d terms, %d postings", len(brief.Terms), brief.Cost.Postings)
	}
}

func TestWeightsChangeTheRanking(t *testing.T) {
	e := shipped(t)
	plain := ask(t, e, tower)
	top := plain.Terms[0].Text
	a := tower
	a.Weights = []message.Weight{{Text: top, Factor: 0}, {Text: plain.Terms[1].Text, Factor: 2}, {Text: plain.Terms[2].Text, Factor: -1}, {Text: "no such piece", Factor: 3}}
	got := ask(t, e, a)
	if len(got.Terms) != len(plain.Terms)-2 || got.Terms[0].Text != plain.Terms[1].Text || got.Terms[0].Weight != 2*plain.Terms[1].Weight {
		t.Errorf("terms: %+v", got.Terms[:3])
	}
	if slices.EqualFunc(got.Results, plain.Results, func(a, b message.Result) bool { return a.ID == b.ID && a.Score == b.Score }) {
		t.Error("the ranking stays")
	}
	if again := ask(t, e, tower); again.Terms[0] != plain.Terms[0] {
		t.Error("the next question is weighted, too")
	}
	// Every term removed: nothing is found, and nothing fails.
	a.Weights = nil
	for _, term := range plain.Terms {
		a.Weights = append(a.Weights, message.Weight{Text: term.Text})
	}
	if got := ask(t, e, a); len(got.Terms) != 0 || len(got.Results) != 0 {
		t.Errorf("%d terms, %d results", len(got.Terms), len(got.Results))
	}
}

// A turn without texts is ignored, but the others keep their numbers.
func TestAMaskedTurn(t *testing.T) {
	e := shipped(t)
	masked := message.Ask{Turns: []message.Turn{{Question: "Who painted the Mona Lisa?", Reply: "Leonardo."}, {}, {Question: "how tall is it?"}}}
	without := message.Ask{Turns: []message.Turn{masked.Turns[0], masked.Turns[2]}}
	a, b := ask(t, e, masked), ask(t, e, without)
	if a.Tokens != b.Tokens || len(a.Results) != len(b.Results) || a.Results[0].Score != b.Results[0].Score {
		t.Errorf("%d tokens, %d without the turn", a.Tokens, b.Tokens)
	}
	for i, term := range a.Terms {
		want := b.Terms[i].Turn
		if want == 1 {
			want = 2
		}
		if term.Turn != want {
			t.Errorf("%q is from turn %d, wanted %d", term.Text, term.Turn, want)
		}
	}
}

func TestReadAloneOrTogether(t *testing.T) {
	e := shipped(t)
	question := message.Ask{Turns: []message.Turn{{}, tower.Turns[1]}}
	for _, c := range []struct {
		name  string
		turns []message.Turn
		read  string
		alone bool
		turn  []int // read
	}{
		{"together", tower.Turns, message.ReadTogether, false, []int{0, 1}},
		{"alone", tower.Turns, message.ReadAlone, true, []int{1}},
		{"no history to leave out", tower.Turns[:1], message.ReadAlone, false, []int{0}},
		{"a history without texts", question.Turns, message.ReadAlone, false, []int{1}},
		{"one turn masked", []message.Turn{tower.Turns[0], {}, tower.Turns[1]}, message.ReadTogether, false, []int{0, 2}},
	} {
		a := ask(t, e, message.Ask{Turns: c.turns, Read: c.read})
		if a.Alone != c.alone || !slices.Equal(a.Read, c.turn) {
			t.Errorf("%s: alone %v, turns %v", c.name, a.Alone, a.Read)
		}
	}
	// Read alone, the answer is the same as without a history, and turns keep their
	// numbers.
	a, b := ask(t, e, message.Ask{Turns: tower.Turns, Read: message.ReadAlone}), ask(t, e, question)
	if !slices.Equal(a.Terms, b.Terms) || a.Tokens != b.Tokens || a.Results[0].Score != b.Results[0].Score || a.Dropped {
		t.Errorf("read alone: %d tokens, dropped %v; without a history %d", a.Tokens, a.Dropped, b.Tokens)
	}
	_, err := e.Ask(message.Ask{Turns: tower.Turns, Read: "backwards"})
	if err == nil || !strings.Contains(err.Error(), `read "backwards"; wanted "alone", "together"`) {
		t.Errorf("read backwards: %v", err)
	}
}

// Exact words beside learned terms: each kind has its own weights and postings, adds to
// the score, and can be switched off by itself.
func TestExactWords(t *testing.T) {
	e := shipped(t)
	a := message.Ask{Turns: []message.Turn{{Question: "How high is it?"}, {Question: "Who designed the iron towers?"}}, Explain: true}
	learned := ask(t, e, a)
	e.Encoder.QuestionWords = .75
	got := ask(t, e, a)
	var exact []string
	postings := learned.Cost.Postings
	for _, term := range got.Terms {
		if !term.Word {
			continue
		}
		exact = append(exact, term.Text)
		if term.Turn != 1 || term.Reply || !term.Typed || term.Weight != .75 {
			t.Errorf("%+v", term)
		}
		e.words.Each(term.Text, func(stem []byte, _, _ int) {
			if n, ok := e.Index.Lookup(stem); ok {
				postings += e.Index.DF(n)
			}
		})
	}
	slices.Sort(exact)
	if !slices.Equal(exact, []string{"designed", "iron", "towers"}) || len(got.Terms) != len(learned.Terms)+3 {
		t.Errorf("words %q of %d terms, %d without", exact, len(got.Terms), len(learned.Terms))
	}
	if got.Cost.Postings != postings || got.Cost.Lists != learned.Cost.Lists+3 {
		t.Errorf("cost %+v, without words %+v; wanted %d postings", got.Cost, learned.Cost, postings)
	}
	if !slices.IsSortedFunc(got.Terms, func(a, b message.Term) int { return cmp.Compare(b.Weight, a.Weight) }) {
		t.Error("the terms are not in order")
	}
	both := 0
	for _, r := range got.Results {
		var sum float32
		for _, p := range r.Parts {
			sum += p.Query * p.Doc
			if got.Terms[p.Term].Word {
				both++
			}
		}
		if sum != r.Score {
			t.Errorf("%s: the parts sum to %v, the score is %v", r.ID, sum, r.Score)
		}
	}
	if both == 0 {
		t.Error("no score has an exact word's part")
	}
	// Another form of the word works, too.
	for _, c := range []struct {
		weight  message.Weight
		word    bool
		without string
	}{{message.Weight{Text: "Tower", Word: true}, true, "towers"}, {message.Weight{Text: "iron"}, false, "iron"}} {
		a.Weights = []message.Weight{c.weight}
		left := ask(t, e, a).Terms
		if len(left) != len(got.Terms)-1 || slices.ContainsFunc(left, func(x message.Term) bool { return x.Text == c.without && x.Word == c.word }) {
			t.Errorf("%+v: %d terms of %d", c.weight, len(left), len(got.Terms))
		}
	}
}
