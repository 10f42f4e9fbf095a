package answer

import (
	"testing"

	"parley/shared/message"
)

func TestShorthand(t *testing.T) {
	for _, c := range []struct{ question, read string }{
		{"ww2", "World War II"}, {"the WW1?", "the World War I?"}, {"wwii vs wwi", "World War II vs World War I"},
		{"World War 2", "World War II"}, {"world war two causes", "world war II causes"}, {"world war one", "world war I"}, {"war 2", "war II"},
		{"who won the first world war", "who won the World War I"}, {"Second World War", "World War II"}, {"the 2nd world war", "the World War II"},
		{"NYC", "New York City"}, {"mlk's dream", "Martin Luther King Jr.'s dream"}, {"what was the ussr?", "what was the Soviet Union?"},
		{"henry 8", "henry VIII"}, {"henry 8 wives", "henry VIII wives"}, {"louis 14", "louis XIV"}, {"paul 2", "paul II"},
		{"who was henry the eighth", "who was henry VIII"}, {"henry the 8th's wives", "henry VIII's wives"}, {"louis 14th", "louis XIV"},
		{"was elizabeth the first married?", "was elizabeth I married?"}, {"philip the second of spain", "philip II of spain"}, {"charles the twelfth", "charles XII"},
		{"george the third and the americas", "george III and the americas"},

		{question: "apollo 11"}, {question: "2"}, {question: "war 1812"}, {question: "war 0"}, {question: "war"}, {question: "war, 2 years later"}, {question: "a war one side of which lost"},
		{question: "louis 99999999999999999999"}, {question: "henry 1234"}, {question: "henry the great"}, {question: "henry the twenty"}, {question: "henry eighth"},
		{question: "was elizabeth the first queen of england"}, {question: "was mary the first of them"}, {question: "was edward the first of his line"}, {question: "elizabeth, the first"},
		{question: "the first world cup"}, {question: "first world wars"}, {question: "george 20th century"}, {question: "the 1st"}, {question: "\u00e9lizabeth 1"}, {question: ""},
	} {
		want := c.read
		if want == "" {
			want = c.question
		}
		got, last := "", 0
		for _, s := range shorthand(c.question) {
			got += c.question[last:s.start] + s.as
			last = s.end
		}
		if got += c.question[last:]; got != want {
			t.Errorf("%q: %q, want %q", c.question, got, want)
		}
	}
}

// The page says what a shorthand was read as, and what it means is found.
func TestShorthandIsReadAsWhatItMeans(t *testing.T) {
	e := shipped(t)
	for _, c := range []struct{ question, typed, read, title string }{
		{"who was louis 14", "14", "XIV", "Louis XIV"},
		{"who was henry 8?", "8", "VIII", "Henry VIII"},
		{"what was ww2", "ww2", "World War II", "World War II"},
		{"what is World War 2?", "2", "II", "World War II"},
		{"when did mlk die", "mlk", "Martin Luther King Jr.", "Martin Luther King Jr."},
		{"how many people live in nyc", "nyc", "New York City", "New York City"},
		{"when did world war one start", "one", "I", "World War I"},
		{"when did the first world war start", "first world war", "World War I", "World War I"},
		{"who was henry the eighth", "the eighth", "VIII", "Henry VIII"},
		{"louis the 14th", "the 14th", "XIV", "Louis XIV"},
	} {
		a := ask(t, e, turns(c.question))
		if len(a.Spelling) != 1 || a.Spelling[0] != (message.Spelling{Typed: c.typed, Read: c.read}) || a.Results[0].Title != c.title {
			t.Errorf("%q: read as %v, first %q", c.question, a.Spelling, a.Results[0].Title)
		}
	}
	for _, question := range []string{"when did apollo 11 land?", "what happened in war, 2 years later", "henry 1234"} {
		if a := ask(t, e, turns(question)); len(a.Spelling) > 0 {
			t.Errorf("%q: read as %v", question, a.Spelling)
		}
	}
}

// Whatever is typed, the stretches are parts of it, in order.
func FuzzShorthand(f *testing.F) {
	for _, s := range []string{"henry the 8th's wives", "ww1 and ww2", "the 1st world war", "louis 14th", "\xff the first", "élizabeth the first"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, question string) {
		last := 0
		for _, s := range shorthand(question) {
			if s.start < last || s.end <= s.start || s.end > len(question) || s.as == "" {
				t.Fatalf("%q: %+v after %d", question, s, last)
			}
			last = s.end
		}
	})
}
