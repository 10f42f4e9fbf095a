package answer

import (
	"slices"
	"strings"
	"testing"

	"parley/shared/message"
	"parley/shared/passages"
)

func TestAQuestionAsksForAFact(t *testing.T) {
	for _, c := range []struct {
		question string
		tells    string // "" if it asks for no fact of a country alone
		country  string
	}{
		{"What is the capital of Australia?", "The capital of ", "Australia"},
		{"population of the US", "The population of ", "United States"},
		{"what's the currency in Côte d'Ivoire", "The currency of ", "Ivory Coast"},
		{"what do people in Papua New Guinea speak", "The languages spoken in ", "Papua New Guinea"},
		{"how many people live in Chad right now?", "The population of ", "Chad"},
		{"How many people in Mali can read and write?", "The literacy rate of ", "Mali"},
		{"highest mountain in the czech republic", "The highest point of ", "Czechia"},
		{"flag of Saint Kitts and Nevis", "The flag of ", "Saint Kitts and Nevis"},
		{"the French president", "The president of ", "France"},
		{"who is the king of england now", ", head of state", "United Kingdom"},

		{"who was the first president of Brazil", "", ""}, // the passages know the offices of today
		{"who was king of england in 1200", "", ""},
		{"population of New Jersey", "", ""},
		{"highest mountain in South America", "", ""},
		{"is Canada bigger than Russia", "", ""},
		{"what language did the ancient people of Egypt speak", "", ""},
		{"capital punishment in Japan", "", ""},
		{"is Napoleon of France the king he wanted to be", "", ""},
		{"tell us the population", "", ""},
		{"capital", "", ""},
		{"", "", ""},
		{strings.Repeat("capital of Chad ", 99), "", ""},
	} {
		a := asksFact(c.question)
		switch {
		case !a.sure():
			if c.tells != "" {
				t.Errorf("%q asks for no fact, wanted %q of %s; %d other words", c.question, c.tells, c.country, a.rest)
			}
		case a.tells != c.tells || a.country != c.country:
			t.Errorf("%q asks for %q of %s, wanted %q of %s", c.question, a.tells, a.country, c.tells, c.country)
		}
	}
}

// The fact or the country comes from the question before, if nothing else can be meant.
func TestAQuestionIsCompleted(t *testing.T) {
	for _, c := range []struct {
		before, title, question string
		want                    string // "" if it stays
	}{
		{"capital of France", "France: government", "and Chile?", "the capital of Chile"},
		{"capital of France", "France: government", "and its population?", "the population of France"},
		{"capital of France", "France: government", "what about the philippines", "the capital of the Philippines"},
		{"capital of France", "France: government", "Is it a monarchy?", "the government of France"},
		{"tell me about Peru", "Peru", "how big is it", "the area of Peru"},
		{"which country has the most people", "India: demographics", "what language do they speak there", "the languages spoken in India"},
		{"who built machu picchu in peru", "Machu Picchu", "what language do the people speak", "the languages spoken in Peru"},
		{"who built machu picchu in peru", "Machu Picchu", "what's the capital of that country", "the capital of Peru"},
		{"how old are the pyramids of Egypt", "Egyptian pyramids", "which city is the country's capital?", "the capital of Egypt"},

		{"where is the Eiffel Tower in France", "Eiffel Tower", "how big is it", ""}, // the tower
		{"where is the Eiffel Tower in France", "Eiffel Tower", "where is it", ""},
		{"what is Toyota of Japan", "Toyota", "who is its leader", ""},
		{"tell me about the Inca empire in Peru", "Inca Empire", "what was its capital", ""},
		{"who was Napoleon of France", "Napoleon", "what language did he speak", ""},
		{"inflation in Germany", "Germany: economy", "what is inflation", ""}, // what that is
		{"who painted the Mona Lisa", "Mona Lisa", "and in Italy?", ""},
		{"capital of France", "France: government", "is German a language of Austria", ""}, // two others
		{"capital of France", "France: government", "who won between Brazil and Germany", ""},
		{"capital of France", "France: government", "what are people from Libya called?", ""}, // complete
		{"capital of France", "France: government", "France?", ""},
		{"how does photosynthesis work", "Photosynthesis", "and the population?", ""},
	} {
		turns := []message.Turn{{Question: c.before, Title: c.title}, {Question: c.question}}
		if got := completed(turns); got != c.want {
			t.Errorf("after %q, %q is read as %q, wanted %q", c.before, c.question, got, c.want)
		}
	}
	farther := []message.Turn{{Question: "capital of Bolivia"}, {Question: "why does it have two"}, {Question: "which countries surround the country"}}
	if got := completed(farther); got != "the neighbors of Bolivia" {
		t.Errorf("the country of the question before the last: read as %q", got)
	}
	if got := completed(farther[:1]); got != "" {
		t.Errorf("a first question is read as %q", got)
	}
}

// What was completed is told to people, in place of words of it that were misspelt, and is searched for as
// if it had been typed.
func TestACompletedQuestionIsReadAsIfTyped(t *testing.T) {
	e := shipped(t)
	ask2 := func(question string) message.Answer {
		return ask(t, e, message.Ask{Turns: []message.Turn{{Question: "capital of Norway", Reply: "The capital of Norway is Oslo.", Title: "Norway: government"}, {Question: question}}})
	}
	a, typed := ask2("and the populaton?"), ask(t, e, turns("the population of Norway"))
	if want := []message.Spelling{{Typed: "and the populaton?", Read: "the population of Norway"}}; !slices.Equal(a.Spelling, want) {
		t.Errorf("read as %v, wanted %v", a.Spelling, want)
	}
	if misspelt := ask(t, e, turns("fotosynthesis")); !a.Completed || typed.Completed || misspelt.Completed {
		t.Errorf("completed: %v; as typed, %v; a misspelt word, %v", a.Completed, typed.Completed, misspelt.Completed)
	}
	if len(typed.Spelling) > 0 || a.Results[0].ID != "factbook/norway/population" || a.Results[0].Score != typed.Results[0].Score {
		t.Errorf("first is %s with %v, as typed %v (%v)", a.Results[0].ID, a.Results[0].Score, typed.Results[0].Score, typed.Spelling)
	}
	if a.Answers != certain || a.Doubt != "" {
		t.Errorf("the fact that is asked for answers with a probability of %v, doubt %q", a.Answers, a.Doubt)
	}
	quoted := a.Results[0].Text[a.Results[0].Quote[0]:a.Results[0].Quote[1]]
	if !strings.HasPrefix(quoted, "The population of Norway") {
		t.Errorf("quoted is %q", quoted)
	}
}

// Conversations about facts as visitors might have them (testdata/facts.tsv: the questions of each, the last
// of which is tested, and the passages of the Factbook that answer it, or "-" if none of that country does).
// Two writers wrote them who did not know the rule; the rule was mended afterwards by what both sets showed.
func TestFactsInTheCollection(t *testing.T) {
	e := byDefault(t)
	facts, right, without, others, left := 0, 0, 0, 0, 0
	for line := range strings.Lines(string(load(t, "testdata", "facts.tsv"))) {
		questions, gold, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			t.Fatalf("facts.tsv: no tab in %q", line)
		}
		for _, rules := range []bool{true, false} {
			answers := play(t, e, message.Ask{NoRules: !rules}, strings.Split(questions, " | ")...)
			a := answers[len(answers)-1]
			if strings.HasPrefix(gold, "-") {
				if rules {
					others++
					if a.Results[0].Rule < 2*factWeight && !a.Completed {
						left++
					} else {
						t.Logf("%s: %s, read as %v", questions, a.Results[0].ID, a.Spelling)
					}
				}
				continue
			}
			is := slices.Contains(strings.Split(gold, ","), strings.TrimPrefix(a.Results[0].ID, "factbook/"))
			switch {
			case !rules && is:
				without++
			case rules:
				facts++
				if is {
					right++
				} else {
					t.Logf("%s: %s, read as %v, wanted %s", questions, a.Results[0].ID, a.Spelling, gold)
				}
			}
		}
	}
	t.Logf("of %d facts %d right, %d without rules; of %d other questions %d left alone", facts, right, without, others, left)
	if right < 214 || others-left > 0 {
		t.Errorf("of %d facts %d right, wanted at least 214; of %d other questions %d left alone, wanted all", facts, right, others, left)
	}
}

// Every fact is told by passages of the collection, and completes a question so that it asks for that fact
// of that country.
func TestEveryFactIsToldAndAskedFor(t *testing.T) {
	e := shipped(t)
	for i := range facts {
		f := &facts[i]
		a := asksFact(f.name + " " + withArticle("Philippines"))
		if a.fact != f || a.country != "Philippines" || a.rest != 0 {
			t.Errorf("%q asks for %v of %q, with %d other words", f.name, a.fact, a.country, a.rest)
		}
		told := 0
		for k := range e.Passages.Len() {
			p := e.Passages.At(k)
			if a := (factAsked{fact: f, country: countryOf(p.Title)}); a.country != "" && a.fits([]passages.Passage{p}) != nil {
				told++
			}
		}
		if told < 20 && f.name != "the public debt of" { // which completes a question all the same
			t.Errorf("%q is told of %d countries", f.name, told)
		}
	}
	for _, p := range []string{"World: demographics", "Eiffel Tower", "", ":"} {
		if c := countryOf(p); c != "" {
			t.Errorf("a passage %q is about %q", p, c)
		}
	}
}

func FuzzCompleted(f *testing.F) {
	f.Add("capital of France", "France: government", "and its population?")
	f.Add("us", "|", "the us ’ \xff")
	f.Fuzz(func(t *testing.T, before, title, question string) {
		turns := []message.Turn{{Question: before, Title: title}, {Question: question}}
		if as := completed(turns); as != "" {
			a := asksFact(as)
			if !a.sure() {
				t.Errorf("after %q (%q), %q is read as %q, which asks for no fact", before, title, question, as)
			}
		}
	})
}

func BenchmarkCompleted(b *testing.B) {
	turns := []message.Turn{{Question: "who built the great wall of China and how long did that take?"}, {Question: "what are the official languages over there"}}
	b.ReportAllocs()
	for b.Loop() {
		completed(turns)
	}
}
