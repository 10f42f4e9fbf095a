package answer

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"parley/shared/message"
)

func TestSpelling(t *testing.T) {
	e := shipped(t)
	for question, want := range map[string][]message.Spelling{
		"wat is fotosynthesis":      {{Typed: "fotosynthesis", Read: "photosynthesis"}},
		"how high is Kilimanjero?":  {{Typed: "Kilimanjero", Read: "Kilimanjaro"}},
		"einstien and beethovan":    {{Typed: "einstien", Read: "Einstein"}, {Typed: "beethovan", Read: "Beethoven"}},
		"the captial of Peru":       {{Typed: "captial", Read: "capital"}},
		"Its populaton":             {{Typed: "populaton", Read: "population"}},
		"its presidnet":             {{Typed: "presidnet", Read: "president"}},
		"indpendence of Egpyt":      {{Typed: "indpendence", Read: "independence"}, {Typed: "Egpyt", Read: "Egypt"}},
		"what is the goverment":     {{Typed: "goverment", Read: "government"}}, // not the stem of governess
		"what makes nothern lights": {{Typed: "nothern", Read: "northern"}},
		"when did the dinasours go": {{Typed: "dinasours", Read: "dinosaurs"}},
		"the largest planit":        {{Typed: "planit", Read: "planet"}},
		"who is Edward Snowden":     nil, // a known name
		"films of Jim Carrey":       nil, // a name, not carry
		"how to use a thimble":      nil, // known words that the collection does not hold
		"a glutton may suffocate":   nil,
		"what is photosynthesis":    nil,
		"my bloke has no lockers":   nil, // words that the collection does not hold
		"kto wynalazł telefon":      nil,
		"asdfgh":                    nil,
		"":                          nil,
	} {
		a, err := e.Ask(turns(question))
		if err != nil && question != "" {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a.Spelling, want) {
			t.Errorf("%q: %v, want %v", question, a.Spelling, want)
		}
	}
	a, err := e.Ask(turns("wat is fotosynthesis"))
	if err != nil || a.Results[0].Title != "Photosynthesis" {
		t.Errorf("%v, %v", err, a.Results)
	}
}

// PARLEY_QUESTIONS=FILE go test -v -run WhatIsRespelt ./shared/answer prints which words of the
// file's questions, one a line, are read as another, for reading by eye, and how many.
func TestWhatIsRespelt(t *testing.T) {
	file := os.Getenv("PARLEY_QUESTIONS")
	if file == "" {
		t.Skip("PARLEY_QUESTIONS=a file of questions says which words of them are read as others")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e := shipped(t)
	questions, read := 0, 0
	for q := range strings.Lines(string(data)) {
		_, done, err := e.spell(turns(strings.TrimSpace(q)).Turns, true)
		if err != nil {
			t.Fatal(err)
		}
		questions++
		for _, r := range done {
			read++
			t.Logf("%s > %s: %s", r.Typed, r.Read, strings.TrimSpace(q))
		}
	}
	t.Logf("%d words of %d questions are read as another", read, questions)
}

// A replaced word stays replaced when it is part of the history, is reported only in its
// own turn, and has a lower weight among the exact words.
func TestSpellingOfTheHistory(t *testing.T) {
	e := shipped(t)
	a, err := e.Ask(turns("how high is kilimanjero", "It is high.", "in which country is it?"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Spelling != nil {
		t.Errorf("told again: %v", a.Spelling)
	}
	if a.Results[0].Title != "Mount Kilimanjaro" {
		t.Errorf("first is %s", a.Results[0].Title)
	}
	word := func(question string) float32 {
		e.Encoder.QuestionWords = 1
		defer func() { e.Encoder.QuestionWords = 0 }()
		a, err := e.Ask(turns(question))
		if err != nil {
			t.Fatal(err)
		}
		for _, term := range a.Terms {
			if term.Word && term.Text == "kilimanjaro" {
				return term.Weight
			}
		}
		t.Fatalf("%s: no such word in %v", question, a.Terms)
		return 0
	}
	if typed, read := word("kilimanjaro"), word("kilimanjero"); !(read < typed && read > 0) {
		t.Errorf("a word weighs %v as it is, %v as it was read", typed, read)
	}
}
