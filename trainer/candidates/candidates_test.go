package candidates

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/passages"
)

func file(t *testing.T, name, text string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{path}
}

func TestWriteThenRead(t *testing.T) {
	want := []Example{
		{ID: "a<::>2", Source: Conversations, Questions: []string{"who?", "when & where?"}, Replies: []string{"A\nHe."}, Passages: []Passage{
			{Title: "A", Text: "One is here. Two is there.", Relevant: true, Sentences: []int{0, 1}}, {Text: "Another."}}},
		{ID: "b", Source: Unanswerable, Questions: []string{"hello"}, Passages: []Passage{{Title: "B", Text: "x"}}},
	}
	var b bytes.Buffer
	if err := Write(&b, want); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "when & where?") || strings.Count(b.String(), "\n") != 2 {
		t.Errorf("written:\n%s", b.String())
	}
	got, err := Read(file(t, "x.jsonl", b.String()))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %+v", err, got)
	}
	if !want[0].Relevant() || want[1].Relevant() {
		t.Error("of the two, the first alone has a relevant passage")
	}
}

func TestReadRefusesWhatIsNoExample(t *testing.T) {
	for line, want := range map[string]string{
		`{`: "not an example",
		`{"questions":["q"],"passages":[{"text":"x"}],"colour":1}`:                                      "colour",
		`{"questions":[" "],"passages":[{"text":"x"}]}`:                                                 "no question",
		`{"questions":["q"],"replies":["r"],"passages":[{"text":"x"}]}`:                                 "a reply to its newest",
		`{"questions":["q"],"passages":[]}`:                                                             "no passage",
		`{"questions":["q"],"passages":[{"text":"One.","sentences":[0]}]}`:                              "not relevant",
		`{"questions":["q"],"passages":[{"text":"One.","relevant":true,"sentences":[1]}]}`:              "not ascending numbers",
		`{"questions":["q"],"passages":[{"text":"One is. Two is.","relevant":true,"sentences":[1,1]}]}`: "not ascending numbers",
		`{"questions":["q"],"passages":[{"text":"One is. Two is.","relevant":true,"sentences":[-1]}]}`:  "not ascending numbers",
	} {
		_, err := Read(file(t, "x.jsonl", `{"questions":["q"],"passages":[{"text":"x"}]}`+"\n"+line+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.jsonl:2") {
			t.Errorf("%s: %v, want %q in line 2", line, err, want)
		}
	}
}

func TestReadAskedReadsBothForms(t *testing.T) {
	got, err := ReadAsked(file(t, "q.txt", `who won	['Linda Davis']
where is it	["the captain's wheel", 'Rio \'X\'', 'a\xa0b']
what sport	"['Boxing', ""Prize 'fight'""]"
nothing	[]
{"question": "which team", "answer": ["Denver Broncos", "Broncos"]}
`))
	want := []Asked{
		{"q.txt:1", "who won", []string{"Linda Davis"}},
		{"q.txt:2", "where is it", []string{"the captain's wheel", "Rio 'X'", "a b"}},
		{"q.txt:3", "what sport", []string{"Boxing", "Prize 'fight'"}},
		{"q.txt:4", "nothing", nil},
		{"q.txt:5", "which team", []string{"Denver Broncos", "Broncos"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%q\n%q", err, got, want)
	}
	for line, want := range map[string]string{
		"who won": "a tab", "who\tx": "not a list", "who\t['x": "not a list", "who\t['x' 'y']": "not a list", "who\t[x]": "not a list", "who\t['x]": "not a list",
		"\t['x']": "no question", `{"question": 1}`: "not a question",
	} {
		if _, err := ReadAsked(file(t, "q.txt", line+"\n")); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "q.txt:1") {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}

// The first passage with an answer among the best is relevant; what has the answer in its
// title is neither relevant nor not.
func TestAnswered(t *testing.T) {
	p := func(title, text string) passages.Passage { return passages.Passage{Title: title, Text: text} }
	none := p("Other", "Nothing is said here.")
	found := map[string][]passages.Passage{
		"relevant":    {none, p("Paris", "A city."), p("Tower", "It is old. It is in PARIS, France. All know paris."), p("Seine", "Paris again."), p("Tea", "A leaf.")},
		"part":        {p("A", "Parisian things."), none},
		"two parts":   {p("A", "He met Linda. Davis was there."), none},
		"late":        {none, none, none, none, none, none, none, none, p("A", "Paris."), none},
		"no other":    {p("A", "Paris.")},
		"nothing":     nil,
		"too short":   {p("A", "x."), none},
		"no answer":   {none, none},
		"another one": {p("A", "Paris is here. It is."), none},
	}
	answers := map[string][]string{"two parts": {"Linda Davis"}, "too short": {"x"}, "no answer": nil}
	var asked []Asked
	for _, q := range []string{"relevant", "part", "two parts", "late", "no other", "nothing", "too short", "no answer", "another one"} {
		a := Asked{ID: q, Question: q, Answers: []string{"Paris"}}
		if other, ok := answers[q]; ok {
			a.Answers = other
		}
		asked = append(asked, a)
	}
	rank := func(turns []conversation.Turn) ([]passages.Passage, error) { return found[turns[0].Question], nil }
	counted := 0
	all, err := Answered(asked, rank, 0, 1, func(n int) { counted = n })
	if err != nil || counted != len(all) {
		t.Fatalf("%v, %d examples, %d were counted", err, len(all), counted)
	}
	byID := map[string]Example{}
	for _, e := range all {
		if err := e.check(); err != nil || e.Source != Answers || len(e.Questions) != 1 {
			t.Errorf("%+v: %v", e, err)
		}
		byID[e.ID] = e
	}
	e := byID["relevant"]
	if len(e.Passages) != 3 || e.Passages[0].Title != "Tower" || !reflect.DeepEqual(e.Passages[0].Sentences, []int{1, 2}) || e.Passages[1].Title != "Other" || e.Passages[2].Title != "Tea" {
		t.Errorf("%+v", e)
	}
	if e := byID["another one"]; len(e.Passages) != 2 || !e.Relevant() || !reflect.DeepEqual(e.Passages[0].Sentences, []int{0}) {
		t.Errorf("%+v", e)
	}
	for _, q := range []string{"two parts", "late", "no other", "nothing", "too short", "no answer"} {
		if e, ok := byID[q]; ok && e.Relevant() {
			t.Errorf("%s: %+v", q, e)
		}
	}
	again, err := Answered(asked, rank, 0, 1, func(int) {})
	if err != nil || !reflect.DeepEqual(all, again) {
		t.Errorf("the same seed gives %+v, then %+v", all, again)
	}
	if some, err := Answered(asked, rank, 1, 1, func(int) {}); err != nil || !reflect.DeepEqual(some, all[:1]) {
		t.Errorf("at most one: %v, %+v", err, some)
	}
	if _, err := Answered(asked, func([]conversation.Turn) ([]passages.Passage, error) { return nil, errors.New("broken") }, 0, 1, func(int) {}); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Error(err)
	}
}

// About an eighth of the questions without an answer become examples of nothing relevant.
func TestAnsweredKeepsSomeUnanswered(t *testing.T) {
	var asked []Asked
	for i := range 2000 {
		asked = append(asked, Asked{ID: fmt.Sprint(i), Question: "q", Answers: []string{"Paris"}})
	}
	all, err := Answered(asked, func([]conversation.Turn) ([]passages.Passage, error) {
		return []passages.Passage{{Text: "a"}, {Text: "b"}, {Text: "c"}, {Text: "d"}}, nil
	}, 0, 1, func(int) {})
	if err != nil || len(all) < 200 || len(all) > 280 {
		t.Fatalf("%v, %d examples of 2,000", err, len(all))
	}
	seconds := map[string]int{}
	for _, e := range all {
		if len(e.Passages) != 2 || e.Relevant() || e.Passages[0].Text != "a" {
			t.Fatalf("%+v", e)
		}
		seconds[e.Passages[1].Text]++
	}
	if len(seconds) != 3 {
		t.Errorf("the second passages are %v", seconds)
	}
}
