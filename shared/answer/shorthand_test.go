package answer

import (
	"testing"

	"parley/shared/message"
)

func TestShorthand(t *testing.T) {
	for _, c := range []struct{ before, word, want string }{
		{"", "ww2", "World War II"}, {"the", "WW1", "World War I"}, {"in", "wwii", "World War II"},
		{"War", "2", "II"}, {"henry", "8", "VIII"}, {"louis", "14", "XIV"}, {"paul", "2", "II"},
		{"apollo", "11", ""}, {"", "2", ""}, {"war", "1812", ""}, {"war", "0", ""}, {"war", "", ""}, {"henry", "8th", ""}, {"louis", "99999999999999999999", ""},
	} {
		if got := shorthand(c.before, c.word); got != c.want {
			t.Errorf("%q after %q: %q, want %q", c.word, c.before, got, c.want)
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
