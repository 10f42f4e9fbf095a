package answer

import (
	"fmt"
	"strings"
	"testing"

	"parley/shared/sentence"
)

func TestAQuestionAsksForARank(t *testing.T) {
	for question, want := range map[string]string{
		"largest planet": "1 largest planet",
		"what's the second biggest city in Peru?": "2 largest city",
		"the 3rd-longest river":                   "3 longest river",
		"What is the largest hot desert?":         "1 largest hot desert",
		"and the smallest?":                       "1 smallest",
		"third oldest":                            "3 oldest",
		"which rivers are the longest":            "1 longest",
		"Name one of the largest lakes":           "",
		"Who stayed in office longest?":           "",
		"the nearest the ship came":               "1 nearest",
		"what is a forest":                        "",
		"which test is the best":                  "",
		"":                                        "",
		strings.Repeat("x ", 300) + "largest":     "",
	} {
		got := ""
		if r, what, ok := asksRank(question); ok {
			got = strings.TrimSpace(fmt.Sprint(r.place, " ", strings.Fields(r.of)[0], " ", strings.Join(what, " ")))
		}
		if got != want {
			t.Errorf("%q: %q, want %q", question, got, want)
		}
	}
}

func TestAPassageNamesARank(t *testing.T) {
	for _, c := range []struct {
		question, text string
		want           int
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
	} {
		r, what, ok := asksRank(c.question)
		if got := ranked(c.text, sentence.Split(c.text), r, what); !ok || got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.question, c.text, got, c.want)
		}
	}
}
