package answer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/encoder"
	"parley/shared/message"
	"parley/shared/passages"
)

func TestSmallTalk(t *testing.T) {
	for question, want := range map[string]string{
		"hi": message.DoubtGreeting, "Hello!": message.DoubtGreeting, "good morning": message.DoubtGreeting, "bye": message.DoubtGreeting,
		"hey there": message.DoubtGreeting, "Dear Sir or Madam,": message.DoubtGreeting,
		"thanks!": message.DoubtThanks, "Thank you very much": message.DoubtThanks, "ok": message.DoubtThanks, "great, thanks": message.DoubtThanks,
		"Hello, what is photosynthesis?": "", "thanks, and when was it built?": "", "who wrote Hello Dolly": "", "what is it": "",
		"Good Friday": "", "": "", "?": "", "is it really so": "", "okapi": "", "Hi-fi": "",
		strings.Repeat("hello ", 100): "", "I was right all along, thanks.": message.DoubtThanks,
		"thank you, tell me about tea": "", "is Thanksgiving a holiday": "", "who said thank you for smoking": "",
	} {
		if got := smallTalk(question); got != want {
			t.Errorf("%q: %q, want %q", question, got, want)
		}
	}
}

func TestOtherLanguages(t *testing.T) {
	e := shipped(t)
	for _, q := range []string{
		"warum ist der Himmel blau", "quelle est la capitale de l'Australie ?", "¿quién escribió el Quijote?", "chi ha dipinto la Gioconda?",
		"wie is de koning van spanje", "hur många planeter finns det", "kto wynalazł telefon", "кто написал войну и мир", "東京の人口は？", "ما هي عاصمة فرنسا",
	} {
		if !e.otherLanguage(q) {
			t.Errorf("%q is taken for English", q)
		}
	}
	for _, q := range []string{
		"why is the sky blue", "who wrote war and peace", "hi", "eiffel tower", "what does coup d'état mean", "who was Ludwig van Beethoven",
		"is Rio de Janeiro the capital?", "La Scala", "what is the meaning of c'est la vie", "", "???", "12345",
	} {
		if e.otherLanguage(q) {
			t.Errorf("%q is not taken for English", q)
		}
	}
}

// byDefault returns an engine with the default level.
func byDefault(t testing.TB) *Engine {
	t.Helper()
	base := shipped(t)
	enc, err := encoder.LoadOver(base.Encoder, func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(models, "splade-tiny-conv", name))
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(enc, base.Index, base.Passages)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestIsAbout(t *testing.T) {
	e := shipped(t)
	for _, c := range []struct {
		question, title string
		want            bool
	}{
		{"volcanoes", "Volcano", true}, {"tell me about volcanoes", "Volcano", true}, {"What is a volcano?", "Volcano", true},
		{"eiffel tower", "Eiffel Tower", true}, {"who was Einstein", "Albert Einstein", true},
		{"what time is it", "Time", false}, {"do sharks sleep", "Shark", false}, {"what is it", "It", false}, {"", "Time", false}, {"volcano", "", false},
		{strings.Repeat("volcano ", 100), "Volcano", false},
	} {
		if got := e.IsAbout(c.question, c.title); got != c.want {
			t.Errorf("%q, %q: %v", c.question, c.title, got)
		}
	}
}

// Questions that the collection cannot answer get no quotation; those that it can answer
// get one.
func TestDoubt(t *testing.T) {
	e := byDefault(t)
	for question, want := range map[string]string{
		"How tall is the Eiffel Tower?": "", "what is photosynthesis": "", "eiffel tower": "", "who painted the mona lisa?": "",
		"when did the second world war end": "", "capital of Australia": "", "How many people live in Kenya?": "",
		"asdf jkl qwer": message.DoubtUnsure, "asdf": message.DoubtUnsure, "what is the weather in paris today": message.DoubtUnsure, "tell me about volcanoes": "", "🙂": message.DoubtUnsure,
		"how do I reset my password here": message.DoubtUnsure,
		"thanks!":                         message.DoubtThanks, "hello": message.DoubtGreeting,
		"warum ist der himmel blau": message.DoubtLanguage,
	} {
		a, err := e.Ask(turns(question))
		if err != nil {
			t.Fatalf("%q: %v", question, err)
		}
		if a.Doubt != want {
			t.Errorf("%q: doubt %q with %.3f, want %q", question, a.Doubt, a.Answers, want)
		}
		if (a.Doubt == "") != (message.Says(a.Doubt) == "") {
			t.Errorf("%q: %q is said", question, message.Says(a.Doubt))
		}
	}
}

// Over few passages the engine doubts little. It does not doubt where nothing was found,
// which the page says in its own words.
func TestDoubtOverSmallCollections(t *testing.T) {
	enc := openEncoder(t)
	lamp := passages.Passage{ID: "lamp", Title: "Lamp", Text: "A lamp gives light. It was invented in 1879."}
	tea := passages.Passage{ID: "tea", Title: "Tea", Text: "Tea is a drink made of leaves. It comes from China."}
	for _, docs := range [][]passages.Passage{nil, {lamp}, {lamp, tea}} {
		e := over(t, enc, docs...)
		for _, question := range []string{"when was the lamp invented?", "where is the lamp?", "who drinks"} {
			if a, err := e.Ask(turns(question)); err != nil || a.Doubt != "" {
				t.Errorf("%d passages: %v, %q has doubt %q with %v", len(docs), err, question, a.Doubt, a.Answers)
			}
		}
		if a, err := e.Ask(turns("thanks!")); err != nil || a.Doubt != message.DoubtThanks {
			t.Errorf("%d passages: %v, doubt %q", len(docs), err, a.Doubt)
		}
	}
	if Trusted(0) != 0 || Trusted(fewToDoubt/2) != .5 || Trusted(1e6) != 1 {
		t.Error("the threshold does not grow with the collection")
	}
}

// Features are finite, as many as the coefficients, the same each time, and within bounds
// for any input.
func TestAnswerFeatures(t *testing.T) {
	e := shipped(t)
	for _, ask := range append(conversations(t), turns("?"), turns("x"), turns(strings.Repeat("word ", 3000)), turns("how tall is it", "", "and, then?")) {
		x, stage, err := e.AnswerFeatures(ask)
		if err == ErrNoQuestion || x == nil {
			continue
		}
		if err != nil || stage != message.StageSparse || len(x) != int(answerFeatures) || x[one] != 1 {
			t.Fatal(err, stage, x)
		}
		for i, v := range x {
			if !(v >= -1 && v <= 10) {
				t.Errorf("%v: feature %d is %v", ask.Turns, i, v)
			}
		}
		if p := Answers(x, stage); !(p >= 0 && p <= 1) {
			t.Errorf("%v: %v", ask.Turns, p)
		}
		again, _, _ := e.AnswerFeatures(ask)
		if !slices.Equal(x, again) {
			t.Errorf("%v: other features the second time", ask.Turns)
		}
	}
}
