package candidates

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/passages"
)

func TestAPronounStandsForTheName(t *testing.T) {
	for _, c := range []struct {
		question, title string
		p               pronoun
		want, name      string
	}{
		{"when was the Eiffel Tower built", "Eiffel Tower", it, "when was it built", "the Eiffel Tower"},
		{"who designed the eiffel tower?", "Eiffel Tower", it, "who designed it?", "the eiffel tower"},
		{"Who did Marie Curie marry?", "Marie Curie", she, "Who did she marry?", "Marie Curie"},
		{"Which city was named after Marie Curie?", "Marie Curie", she, "Which city was named after her?", "Marie Curie"},
		{"When was Abraham Lincoln's son born?", "Abraham Lincoln", he, "When was his son born?", "Abraham Lincoln"},
		{"What was Nirvana 's first album?", "Nirvana (band)", they, "What was their first album?", "Nirvana"},
		{"who built the Eiffel Tower elevators", "Eiffel Tower", it, "", ""},
		{"who won the 1997 Booker Prize", "Booker Prize", it, "", ""},
		{"what is in a diamond-encrusted skull", "Diamond", it, "", ""},
		{"when was Paris founded", "Aris", it, "", ""},
		{"who is Pelé", "Pelé", he, "who is he", "Pelé"},
		{"in Paris", "Paris", it, "", ""},
		{"where is it", "", it, "", ""},
		{"İ when did İİİ x", "i̇i̇i̇", it, "", ""},
	} {
		if got, name := stand(c.question, c.title, c.p); got != c.want || name != c.name {
			t.Errorf("%q about %q: %q, %q; want %q, %q", c.question, c.title, got, name, c.want, c.name)
		}
	}
	for text, want := range map[string]pronoun{
		"It stands in Paris. He built it. It is tall.":           it,
		"He was born. His father knew him. It was cold.":         he,
		"She was born. Her father knew her.":                     she,
		"They play. Their songs made them known.":                they,
		"He and his men saw it. It had its towers. It was his.":  it,
		"Nothing is said of anyone, nor of what anybody did so.": it,
	} {
		if got := pronounOf(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// What was made has a question about the subject before the one with the pronoun, and no
// passage about the subject beside the relevant one.
func TestFollowed(t *testing.T) {
	tower := Passage{Title: "Eiffel Tower", Text: "It was built in 1889. It stands in Paris.", Relevant: true, Sentences: []int{0}}
	ask := func(id, q string, p Passage) Example {
		return Example{ID: id, Source: Answers, Questions: []string{q}, Passages: []Passage{p, {Title: "Other", Text: "x"}}}
	}
	all := []Example{
		ask("a", "when was the Eiffel Tower built", tower),
		ask("b", "who named the Eiffel Tower", tower),
		ask("c", "what is old", tower),
		ask("d", "where is Rome", Passage{Title: "Rome", Text: "A city.", Relevant: true}),
		{ID: "e", Source: Answers, Questions: []string{"when was Rome built"}, Passages: []Passage{{Title: "Rome", Text: "A city."}}},
	}
	var asked []Asked
	for _, e := range all {
		asked = append(asked, Asked{ID: e.ID, Question: e.Questions[0], Answers: []string{"1889"}})
	}
	var seen []string
	find := func(turns []conversation.Turn) ([]passages.Passage, error) {
		seen = append(seen, turns[len(turns)-1].Question)
		return []passages.Passage{{Title: "Eiffel Tower", Text: "About it."}, {Title: "Big Ben", Text: "In London."}, {Title: "Year", Text: "Of 1889."},
			{Title: "A", Text: "a"}, {Title: "B", Text: "b"}}, nil
	}
	made, err := Followed(all, asked, find, 0, 1, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]Example{}
	for _, e := range made {
		if err := e.check(); err != nil || e.Source != Answers {
			t.Errorf("%+v: %v", e, err)
		}
		byID[e.ID] = e
	}
	a, ok := byID["a-followed"]
	if n := len(a.Questions); !ok || n < 2 || a.Questions[n-1] != "when was it built" || a.Questions[n-2] != "who named the Eiffel Tower" {
		t.Fatalf("%+v", made)
	}
	if !reflect.DeepEqual(a.Passages[0], tower) || len(a.Passages) != 3 || a.Passages[1].Title != "Big Ben" {
		t.Errorf("%+v", a.Passages)
	}
	if d := byID["d-followed"]; len(d.Questions) < 2 || d.Questions[len(d.Questions)-2] != "what is Rome" {
		t.Errorf("no other question about Rome is known: %q", d.Questions)
	}
	if _, ok := byID["c-followed"]; ok || len(made) != 3 || byID["b-followed"].Questions[len(byID["b-followed"].Questions)-1] != "who named it" {
		t.Errorf("%d were made: %+v", len(made), made)
	}
	if again, err := Followed(all, asked, find, 0, 1, func(int) {}); err != nil || !reflect.DeepEqual(made, again) {
		t.Errorf("the same seed gives %+v, then %+v", made, again)
	}
	if one, err := Followed(all, asked, find, 1, 1, func(int) {}); err != nil || !reflect.DeepEqual(one, made[:1]) {
		t.Errorf("at most one: %v, %+v", err, one)
	}
	if _, err := Followed(all, asked, func([]conversation.Turn) ([]passages.Passage, error) { return nil, errors.New("broken") }, 0, 1, func(int) {}); err == nil || !strings.Contains(err.Error(), "a: broken") {
		t.Error(err)
	}
}
