package candidates

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/importers"
	"parley/shared/passages"
)

// A teacher that finds what it is told to, and reads the numbers in its map.
type teacher struct {
	found map[string][]passages.Passage // by the newest question
	read  map[string]float32            // by text
	asked []string
}

func (t *teacher) Find(turns []conversation.Turn) ([]passages.Passage, error) {
	q := turns[len(turns)-1].Question
	if q == "broken" {
		return nil, errors.New("no index")
	}
	return t.found[q], nil
}

func (t *teacher) Read(question string, p passages.Passage) (float32, []float32, error) {
	t.asked = append(t.asked, question+": "+p.Text)
	return t.read[p.Text], []float32{0, 3}, nil
}

// The relevant passage is the one about the rewrite's subject that the teacher prefers; the
// others are about something else, as the conversation finds them.
func TestRewritten(t *testing.T) {
	p := func(title, text string) passages.Passage { return passages.Passage{Title: title, Text: text} }
	const full, short = "When was the Eiffel Tower built?", "When was it built?"
	k := &teacher{
		found: map[string][]passages.Passage{
			full:             {p("Louvre", "Not it."), p("Eiffel Tower", "Lifts. Stairs."), p("Eiffel Tower", "Tall. Of 1889."), p("Eiffel Tower", "Third."), p("Eiffel Tower", "Fourth.")},
			short:            {p("Eiffel Tower", "Tall. Of 1889."), p("Big Ben", "1."), p("Louvre", "2."), p("Rome", "3."), p("Oslo", "4.")},
			"Is Oslo doubt?": {p("Oslo", "4.")},
		},
		read: map[string]float32{"Not it.": 9, "Lifts. Stairs.": 1, "Tall. Of 1889.": 2, "Fourth.": 9, "4.": -1},
	}
	before := []conversation.Turn{{Question: "What is the Eiffel Tower?", Reply: "A tower."}}
	list := []importers.Example{
		{ID: "a", History: before, Question: short, Rewrite: full},
		{ID: "first", Question: full, Rewrite: full},
		{ID: "none", History: before, Question: short},
		{ID: "doubt", History: before, Question: short, Rewrite: "Is Oslo doubt?"},
		{ID: "empty", History: before, Question: short, Rewrite: "unknown"},
	}
	made, err := Rewritten(list, k.Find, k.Read, 0, 1, func(int) {})
	if err != nil || len(made) != 1 {
		t.Fatalf("%v, %+v", err, made)
	}
	e := made[0]
	if err := e.check(); err != nil || e.ID != "a" || e.Source != Rewrites || !reflect.DeepEqual(e.Questions, []string{"What is the Eiffel Tower?", short}) {
		t.Errorf("%+v: %v", e, err)
	}
	if want := (Passage{Title: "Eiffel Tower", Text: "Tall. Of 1889.", Relevant: true, Sentences: []int{1}}); !reflect.DeepEqual(e.Passages[0], want) {
		t.Errorf("relevant is %+v", e.Passages[0])
	}
	if len(e.Passages) != 4 || e.Passages[1].Title != "Big Ben" {
		t.Errorf("%+v", e.Passages)
	}
	for _, asked := range k.asked {
		if strings.Contains(asked, "Not it") || strings.Contains(asked, "Fourth") || strings.HasPrefix(asked, short) {
			t.Errorf("the teacher read %q", asked)
		}
	}
	if again, err := Rewritten(list, k.Find, k.Read, 0, 1, func(int) {}); err != nil || !reflect.DeepEqual(made, again) {
		t.Errorf("the same seed gives %+v, then %+v", made, again)
	}
	list[0].Rewrite = "broken"
	if _, err := Rewritten(list, k.Find, k.Read, 0, 1, func(int) {}); err == nil || !strings.Contains(err.Error(), "a: no index") {
		t.Error(err)
	}
}

func TestASentenceStandsOut(t *testing.T) {
	inf := float32(math.Inf(-1)) // of a sentence that was not read
	for _, c := range []struct {
		logits []float32
		want   int
	}{{nil, -1}, {[]float32{1}, 0}, {[]float32{1, 1, 1}, -1}, {[]float32{0, 3, 1}, 1}, {[]float32{inf, inf}, -1}, {[]float32{inf, 2}, 1}} {
		if got := standsOut(c.logits); got != c.want {
			t.Errorf("%v: %d, want %d", c.logits, got, c.want)
		}
	}
}
