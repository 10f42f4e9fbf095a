package swap

import (
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/importers"
)

func example(rewrite string, questions ...string) *importers.Example {
	e := &importers.Example{ID: "1_2", Conversation: "1", Source: "cast", Rewrite: rewrite}
	last := len(questions) - 1
	for _, q := range questions[:last] {
		e.History = append(e.History, conversation.Turn{Question: q, Reply: "It is " + q})
	}
	e.Question = questions[last]
	return e
}

func TestCarried(t *testing.T) {
	for _, c := range []struct {
		want, rewrite string
		questions     []string
	}{
		{"Eiffel Tower", "When was the Eiffel Tower built?", []string{"What is the Eiffel Tower?", "When was it built?"}},
		{"Eiffel Tower", "How high is the Eiffel Tower's top?", []string{"tell me of the eiffel tower", "how high is its top"}},
		{"Lord of the Rings", "Who wrote the Lord of the Rings?", []string{"What is the Lord of the Rings about?", "Who wrote it?"}},
		{"", "Who wrote the Lord of the Rings?", []string{"What is the Lord of the Rings about?", "Who wrote the Lord of the Rings?"}}, // nothing is carried
		{"", "When was it built?", []string{"What is a tower?", "When was it built?"}},                                                 // no name
		{"", "Is the Pantheon in Rome?", []string{"What is pantheonism?", "Is it in Rome?"}},                                           // within a word
		{"", "When was the Eiffel Tower built?", []string{"When was the Eiffel Tower built?"}},                                         // no history
		{"Apollo 11", "Who flew on Apollo 11 first?", []string{"What was Apollo 11?", "Who flew on it first?"}},
		{"", "", []string{"What was Apollo 11?", "Who flew on it first?"}},
		{"Örebro", "Where is Örebro exactly?", []string{"What is örebro?", "Where exactly?"}},
	} {
		if got := Carried(example(c.rewrite, c.questions...)); got != c.want {
			t.Errorf("%q after %q carries %q, wanted %q", c.rewrite, c.questions, got, c.want)
		}
	}
}

func TestSwap(t *testing.T) {
	n := NewNames([]string{"Kilimanjaro (mountain)", "Kilimanjaro", "1984", strings.Repeat("x", 61)}, 1)
	if n.Len() != 1 {
		t.Fatalf("%d names are drawn from, wanted Kilimanjaro alone", n.Len())
	}
	e := example("When did Barack Obama's term end?", "Who is Barack Obama?", "Where was Obama born?", "When did his term end?")
	got, ok := n.Swap(e)
	if !ok {
		t.Fatal("nothing was swapped")
	}
	if got.Rewrite != "When did Kilimanjaro's term end?" || got.History[0].Question != "Who is Kilimanjaro?" ||
		got.History[1].Question != "Where was Kilimanjaro born?" || got.History[1].Reply != "It is Where was Kilimanjaro born?" || got.Question != "When did his term end?" {
		t.Errorf("%+v", got)
	}
	if got.ID != "1_2-swapped" || got.Conversation != "1-swapped" || got.Source != "cast-swapped" {
		t.Errorf("it is called %q, %q, %q", got.ID, got.Conversation, got.Source)
	}
	if e.Rewrite != "When did Barack Obama's term end?" || e.History[0].Question != "Who is Barack Obama?" {
		t.Errorf("the example itself became %+v", e)
	}
	if _, ok := n.Swap(example("What is a tower?", "What is a tower?")); ok {
		t.Error("a question without history was swapped")
	}
}

// Equal seeds give equal names.
func TestSeeds(t *testing.T) {
	titles := []string{"A", "B", "C", "D", "E", "F", "G", "H"}
	draw := func(seed int) (s string) {
		n := NewNames(titles, seed)
		for range 12 {
			e, _ := n.Swap(example("Is the Louvre far?", "What is the Louvre?", "Is it far?"))
			s += e.Rewrite
		}
		return s
	}
	if draw(1) != draw(1) || draw(1) == draw(2) {
		t.Error("the seed does not decide")
	}
}

func FuzzSwap(f *testing.F) {
	f.Add("What is the Eiffel Tower?", "When was it built?", "When was the Eiffel Tower built?")
	f.Add("İstanbul İ", "ı?", "Is İstanbul İ far?")
	n := NewNames([]string{"Kilimanjaro", "Ⱥ"}, 1)
	f.Fuzz(func(t *testing.T, first, asked, rewrite string) {
		e := example(rewrite, first, asked)
		name := Carried(e)
		got, ok := n.Swap(e)
		if ok != (name != "") {
			t.Fatalf("%q is carried, and swapped: %v", name, ok)
		}
		if ok && got.Rewrite == e.Rewrite && len(strings.ToLower(rewrite)) == len(rewrite) && !strings.Contains(rewrite, "Kilimanjaro") && !strings.Contains(rewrite, "Ⱥ") {
			t.Fatalf("%q stays in %q", name, got.Rewrite)
		}
	})
}
