package sentence

import (
	"runtime/debug"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func split(text string) []string {
	var out []string
	for _, s := range Split(text) {
		out = append(out, text[s.Start:s.End])
	}
	return out
}

// "|" marks where a sentence must end; every other place is within one.
func TestSplit(t *testing.T) {
	for _, marked := range []string{
		"",
		"One.",
		"no full stop at all",
		"The tower is in Paris.| It was built from 1887 to 1889.",
		"It is 330 m (1,083 ft. to the tip) tall.| Dr. Smith and Mrs. Jones climbed it on Jan. 5.| They came back.",
		"St. Louis is a city in the U.S. state of Missouri.| It lies on the Mississippi.",
		"She moved to the U.S.| She stayed there until 1950.",
		"J. R. R. Tolkien wrote it.| C. S. Lewis read it first.",
		"J.R.R. Tolkien and George R.R. Martin are writers.| Both use initials.",
		"The church was begun c. 1889 and finished in 1901.| The spire is 3.5 m wide.",
		"Pi is 3.14159.| E is 2.71828.",
		"He was born in Washington, D.C.| His father was a baker.",
		"Mount Saint Vincent (est. 1847) and Apple Inc. Cupertino signed.| It closed in 1999.",
		"World War I.| It began in 1914.",
		"Pope Leo I.| The pope met Attila.",
		"\"Is it far?\" she asked.| \"Not at all!\"| He left.",
		"Yahoo! was founded in 1994.| What is it now?| A brand.",
		"He said: \"I came.\"| She did not.",
		"The painter (born in 1840. He died in 1926) worked in Giverny.| Water lilies followed.",
		"An unmatched ( must not matter.| The next sentence stands.",
		"First line\nof a wrapped paragraph.| Second sentence\nof it.|\n\nAnother paragraph without a stop|\n\nThe last",
		"Shopping:|\n- apples|\n- pears, e.g. Conference|\n- plums.",
		"1. Open the lid.|\n2. Pour the water.",
		"It opened in 1889.|The tower was new and tall.",
		"Use Node.js or example.com for v1.2.3.| The end.",
		"Fish, birds, etc.| Most are edible.",
		"Answer No. 5 is right.| The answer is no.| It was never yes.",
		"So it goes... and on.| Wait...| What?!| Yes.",
		"The reign was long.[1][23]| The war was short.[4]",
		"東京は日本の首都です。|人口は約1400万人です。|本当？|はい。",
		"ما هي عاصمة فرنسا؟| باريس هي العاصمة.",
		"भारत एक देश है।| दिल्ली राजधानी है।",
	} {
		want := []string{}
		for _, s := range strings.Split(marked, "|") {
			if s = strings.TrimSpace(s); s != "" {
				want = append(want, s)
			}
		}
		got := split(strings.ReplaceAll(marked, "|", ""))
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("\n got %q\nwant %q", got, want)
		}
	}
}

// Text without full stops is cut at clauses, else at words, else between runes.
func TestLongSentences(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("a word and another, ", 200),
		strings.Repeat("word ", 1000),
		strings.Repeat("長", 1000),
		strings.Repeat("\xff", 5000),
	} {
		spans := Split(text)
		if len(spans) < 2 {
			t.Errorf("%.20q...: %d parts", text, len(spans))
		}
		for _, s := range spans {
			if s.End-s.Start > maxSentence {
				t.Errorf("%.20q...: part of %d bytes", text, s.End-s.Start)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[s.Start:s.End]) {
				t.Errorf("%.20q...: cut within a rune at %v", text, s)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "a. B", "St. John (b. 1880. x) came.\n\n- y\n", "\xff.\xff A", "([)].[1] \u3000。x", "1889.The "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, s := range Split(text) {
			if s.Start < end || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("span %v after %d of %d bytes", s, end, len(text))
			}
			if strings.TrimSpace(text[end:s.Start]) != "" {
				t.Fatalf("text left out before %v: %q", s, text[end:s.Start])
			}
			if r, _ := utf8.DecodeRuneInString(text[s.Start:]); unicode.IsSpace(r) {
				t.Fatalf("%v begins with a blank", s)
			}
			end = s.End
		}
		if strings.TrimSpace(text[end:]) != "" {
			t.Fatalf("text left out at the end: %q", text[end:])
		}
	})
}

// Ten megabytes without the end of a sentence, in a megabyte of stack, which is what a
// browser gives; where that is not enough, Go ends the test's process.
func TestNoEndOfASentence(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(1 << 20))
	for _, text := range []string{strings.Repeat("a", 10<<20), strings.Repeat("one, two three ", 10<<20/15)} {
		done := make(chan []Span)
		go func() { done <- Split(text) }() // on a stack of its own
		end := 0
		for _, s := range <-done {
			if s.Start < end || s.End-s.Start > maxSentence || strings.TrimSpace(text[end:s.Start]) != "" {
				t.Fatalf("%v after %d", s, end)
			}
			end = s.End
		}
		if strings.TrimSpace(text[end:]) != "" {
			t.Errorf("it ends at byte %d of %d", end, len(text))
		}
	}
}
