package answer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/shared/message"
	"parley/shared/sentence"
)

func TestAQuestionAsksForARank(t *testing.T) {
	for question, want := range map[string]string{
		"largest planet": "1 largest planet",
		"what's the second biggest city in Peru?": "2 largest cit / peru",
		"the 3rd-longest river":                   "3 longest river",
		"What is the largest hot desert?":         "1 largest hot desert",
		"and the smallest?":                       "1 smallest",
		"third oldest":                            "3 oldest",
		"which rivers are the longest":            "1 longest river",
		"Which city in Texas is the biggest":      "1 largest cit",
		"longest river in South America":          "1 longest river / south america",
		"what's Saturn's largest moon":            "1 largest moon / saturn",
		"the most populous country in Africa":     "1 most populous countr / africa",
		"Most people are what?":                   "",
		"Who was the first king of Hungary?":      "1 first king / hungary",
		"35th president of the US":                "35 first president / us",
		"what is the first of the four":           "",
		"one of the first cars":                   "",
		"who climbed it first":                    "",
		"Name one of the largest lakes":           "",
		"Who stayed in office longest?":           "",
		"the nearest the ship came":               "1 nearest",
		"what is a forest":                        "",
		"which test is the best":                  "",
		"":                                        "",
		strings.Repeat("x ", 300) + "largest":     "",
	} {
		got := ""
		if a, ok := asksRank(question); ok {
			of := strings.Fields(a.of)
			if of[0] != "most" {
				of = of[:1]
			}
			got = fmt.Sprint(a.place, " ", strings.Join(append(of, a.what...), " "))
			if len(a.among) > 0 {
				got += " / " + strings.Join(a.among, " ")
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", question, got, want)
		}
	}
}

func TestAPassageNamesARank(t *testing.T) {
	for _, c := range []struct {
		question, text string
		want           float32
	}{
		{"largest planet", "Jupiter is the fifth planet from the Sun, and the largest in the Solar System.", 1},
		{"largest planet", "Pluto was a planet. It is the ninth-largest known planet.", -1},
		{"largest planet", "Pluto was a planet. It is the ninth-largest known object.", 0}, // another sentence
		{"largest planets", "The ninth-largest planet is cold. Jupiter, a gas planet, is the biggest.", 1},
		{"largest planet", "It is one of the three largest planets.", 0},
		{"largest planet", "Mercury is the smallest planet.", 0},
		{"second highest mountain", "Everest is the highest mountain.", -1},
		{"second highest mountain", "K2 is the second-tallest mountain.", 1},
		{"2nd highest mountain", "It is the 12th-highest mountain.", -1},
		{"and the smallest?", "It is the smallest.", 1},
		{"and the smallest?", "", 0},

		// The noun stands by the superlative.
		{"largest ocean", "The Yenisei is the largest river system to drain into the Arctic Ocean.", 0},
		{"largest ocean", "The Pacific is the largest and deepest of the five oceans.", 1},
		{"deepest lake", "At its deepest point Lake Erie is 64 m deep.", 0},
		{"second largest continent", "Africa is the world's second-largest and second-most populous continent.", 1},
		{"biggest city in Canada", "The largest cities of Canada are Toronto and Montreal.", 1},
		{"second biggest city in Canada", "The largest cities of Canada are Toronto and Montreal.", .5},

		// The first and the 35th.
		{"first president of the United States", "John F. Kennedy was the 35th president of the United States.", -1},
		{"first president of the United States", "George Washington was the first president of the United States, from 1789 to 1797.", 1},
		{"first president", "Nnamdi Azikiwe was the first president of Nigeria from 1963 to 1966.", 0},
		{"first Roman emperor", "Augustus was the first Roman emperor from 27 BC until his death in AD 14.", 1},
		{"first Roman emperor", "Francis was the first emperor of Austria.", 0},
		{"biggest rodent in the world", "It is the largest living rodent, native to all countries in South America.", 1},
		{"first man in space", "Gagarin was the first human in space.", 1},
		{"largest planet", "A dwarf has more mass than the biggest gas planets.", 0}, // tells no place

		// Where it holds.
		{"longest river", "The Yangtze is the longest river in China.", .25},
		{"longest river in the world", "The Yangtze is the longest river in China and the third-longest in the world.", -1},
		{"longest river in China", "The Yangtze is the longest river in China and the third-longest in the world.", 1},
		{"longest river in Africa", "The Nile is a north-flowing river in northeast Africa. It is the longest river in the world.", 1},
		{"longest river in Europe", "The Nile is a river in northeast Africa. It is the longest river in the world.", .5},
		{"largest country in Africa", "Algeria is the largest country in Africa and the tenth-largest in the world.", 1},
		{"Africa's highest mountain", "Kilimanjaro is the highest African mountain, the highest mountain in Africa.", 1},
		{"biggest city in Germany", "Munich is the largest city of the German state of Bavaria.", .5},
		{"highest mountain in the world", "It is the highest mountain of an island on Earth.", .25}, // of islands
		{"highest mountain", "Elbrus is the highest mountain of the Caucasus Mountains.", .25},
		{"tallest animal", "It is the tallest, and the second-largest, animal in North America.", .25},
		{"biggest rodent in the world", "It is the largest living rodent, native to all countries in South America.", 1},
		{"first man in space", "He was the first person to journey into outer space.", 1},
		{"tallest tree", "The subfamily has the largest and tallest trees in the world.", .5},
		{"largest city in Texas", "Houston is the most populous city in the U.S. state of Texas.", 1},
		{"largest lake in Asia", "It is the largest lake in Western Asia.", .5},
		{"most populous city", "Rio is the second-most-populous city in Brazil.", -.8},
		{"most populous city in Brazil", "Rio is the second-most-populous city in Brazil.", -1},
	} {
		a, ok := asksRank(c.question)
		if got := a.ranked(c.text, sentence.Split(c.text)); !ok || got != c.want {
			t.Errorf("%q, %q: %v, want %v", c.question, c.text, got, c.want)
		}
	}
}

// In every stage but the dense one alone, the passage that names the place comes before one that names
// another, and its gain is a part of the score.
func TestThePlaceAskedForIsAPartOfTheScore(t *testing.T) {
	e := threeStages(t)
	for _, stage := range []string{message.StageSparse, message.StageBoth, message.StageRead, message.StageDense} {
		a := turns("largest city")
		a.K, a.Explain, a.Stage = 30, true, stage
		gained := 0
		for i, r := range ask(t, e, a).Results {
			var sum float32
			for _, p := range r.Parts {
				sum += p.Query * p.Doc
			}
			if sum = sum + r.Dense; sum+r.Rule+r.Read != r.Score && stage != message.StageDense {
				t.Errorf("%s, result %d: the parts sum to %v, the score is %v", stage, i, sum+r.Rule+r.Read, r.Score)
			}
			if r.Rule < 0 || r.Rule > 2*ruleWeight || i >= ruled && r.Rule != 0 {
				t.Errorf("%s, result %d: the place adds %v", stage, i, r.Rule)
			}
			if r.Rule >= ruleWeight/2 {
				gained++
			}
		}
		a.NoRules = true
		for _, r := range ask(t, e, a).Results {
			if r.Rule != 0 {
				t.Errorf("%s: without rules, %s gains %v", stage, r.ID, r.Rule)
			}
		}
		if (gained > 0) == (stage == message.StageDense) {
			t.Errorf("%s: %d passages name the place", stage, gained)
		}
	}
}

func FuzzRanked(f *testing.F) {
	f.Add("second largest city in Texas", "The second-largest city of the state of Texas is here. Most populous.")
	f.Add("which is the biggest", "most least s of the in")
	f.Fuzz(func(t *testing.T, question, text string) {
		if a, ok := asksRank(question); ok {
			if n := a.ranked(text, sentence.Split(text)); n < -1 || n > 1 {
				t.Errorf("%q, %q: %v", question, text, n)
			}
		}
	})
}

// Questions for a place that visitors might ask (testdata/places.tsv: question, the articles that
// answer), asked of the built-in collection.
func TestPlacesInTheCollection(t *testing.T) {
	e := shipped(t)
	lines := strings.Split(strings.TrimSpace(string(load(t, "testdata", "places.tsv"))), "\n")
	right, before := 0, 0
	for _, line := range lines {
		question, articles, _ := strings.Cut(line, "\t")
		a := turns(question)
		a.K, a.Brief = ruled, true
		gold := strings.Split(articles, ",")
		f, err := e.find(a)
		if err != nil {
			t.Fatal(err)
		}
		first := func(score func(i int) float32) string {
			best := 0
			for i := range f.hits {
				if score(i) > score(best) {
					best = i
				}
			}
			return e.Source.Passage(f.hits[best].Doc).ID
		}
		if slices.Contains(gold, first(func(i int) float32 { return f.hits[i].Score })) {
			right++
		}
		if slices.Contains(gold, first(func(i int) float32 {
			if f.rules == nil {
				return f.hits[i].Score
			}
			return f.hits[i].Score - f.rules[i]
		})) {
			before++
		}
	}
	t.Logf("of %d, %d right; %d without the rule", len(lines), right, before)
	if right < 45 || before > 25 {
		t.Errorf("of %d, %d right, wanted at least 45; %d without the rule, wanted at most 25", len(lines), right, before)
	}
}
