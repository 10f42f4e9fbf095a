package answer

import (
	"strings"
	"testing"

	"parley/shared/message"
)

func TestComplete(t *testing.T) {
	for question, want := range map[string]bool{
		"What is the capital of Australia?": true, "who was Marie Curie": true, "How high is Kilimanjaro?": true,
		"and how many people live in Australia?": false, "what about Australia?": false, "How about the Nile?": false,
		"how many people live there?": false, "Who designed it?": false, "Is this one taller than Everest?": false,
		"Kenya": false, "the capital": false, "": false, "?!": false,
	} {
		if got := complete(question); got != want {
			t.Errorf("%q: %v", question, got)
		}
	}
}

func TestBegun(t *testing.T) {
	begins, none := message.Turn{Begins: true}, message.Turn{}
	for i, c := range []struct {
		turns []message.Turn
		want  int
	}{
		{[]message.Turn{none}, 0},
		{[]message.Turn{begins}, 0},
		{[]message.Turn{none, none, none}, 0},
		{[]message.Turn{none, begins, none}, 1},
		{[]message.Turn{none, begins, begins, none, none}, 2},
		{[]message.Turn{none, begins, begins}, 1}, // the newest hides nothing from itself
	} {
		if got := begun(c.turns); got != c.want {
			t.Errorf("%d: %d, want %d", i, got, c.want)
		}
	}
}

// play asks the questions one after the other, and sends back what each answer says of
// its turn. It returns the answers.
func play(t *testing.T, e *Engine, ask message.Ask, questions ...string) (answers []message.Answer) {
	t.Helper()
	var said []message.Turn
	for _, q := range questions {
		said = append(said, message.Turn{Question: q})
		ask.Turns = said
		a, err := e.Ask(ask)
		if err != nil {
			t.Fatalf("%q: %v", q, err)
		}
		last := &said[len(said)-1]
		last.Quote(a.Quoted())
		last.Begins = a.Begins
		answers = append(answers, a)
	}
	return answers
}

// After two questions about Mozart and one about Beethoven, a follow-up is about the
// latter.
func TestBegins(t *testing.T) {
	e := byDefault(t)
	questions := []string{"when was Mozart born?", "where did he die?", "when was Beethoven born?", "what is he famous for?"}
	got := play(t, e, message.Ask{}, questions...)
	for i, want := range []bool{false, false, true, false} {
		if got[i].Begins != want {
			t.Errorf("%q begins something: %v", questions[i], got[i].Begins)
		}
	}
	last := got[3]
	if title := last.Results[0].Title; !strings.Contains(title, "Beethoven") {
		t.Errorf("the follow-up finds %s", title)
	}
	if len(last.Read) != 2 || last.Read[0] != 2 {
		t.Errorf("the follow-up was read with turns %v", last.Read)
	}
	if named := play(t, e, message.Ask{}, "how large is Kenya?", "Who was Marie Curie?"); !named[1].Begins {
		t.Error("a question that names Marie Curie begins nothing")
	}
	if thanks := play(t, e, message.Ask{}, "when was Mozart born?", "thanks!", "where did he die?"); thanks[1].Begins || thanks[2].Read[0] != 0 {
		t.Errorf("thanks begin something: %v; and the next question is read with %v", thanks[1].Begins, thanks[2].Read)
	}
}

// Where the reader says that a question goes with those before it, it begins nothing.
func TestTogetherBeginsNothing(t *testing.T) {
	e := byDefault(t)
	ask := turns("How large is Kenya?", "", "how large is Australia?")
	ask.Read = message.ReadTogether
	a, err := e.Ask(ask)
	if err != nil || a.Begins {
		t.Errorf("%v, begins %v", err, a.Begins)
	}
}
