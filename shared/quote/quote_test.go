package quote

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func split(text string) []string {
	var out []string
	for _, s := range Sentences(text) {
		out = append(out, text[s.Start:s.End])
	}
	return out
}

// "|" marks where a sentence must end; every other place is within one.
func TestSentences(t *testing.T) {
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
		spans := Sentences(text)
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

func FuzzSentences(f *testing.F) {
	for _, s := range []string{"", "a. B", "St. John (b. 1880. x) came.\n\n- y\n", "\xff.\xff A", "([)].[1] \u3000。x", "1889.The "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, s := range Sentences(text) {
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

const lighthouse = `The Harrow Point Lighthouse is a lighthouse on the northern tip of St. Brannoc's Island, ` +
	`about 12 mi. off the coast. It was designed by the engineer A. J. Whitcombe, who had trained under his uncle, ` +
	`and built of grey granite between 1861 and 1864. The tower stands 41 metres (135 ft) tall and holds a lens of ` +
	`the first order. A storm in 1923 destroyed the keeper's cottage. The light was automated in 1987 and its last ` +
	`keeper, Mr. Tom Ashby, left the island. Today the U.S. company that runs the ferry also offers visits in summer.`

func TestBest(t *testing.T) {
	spans := Sentences(lighthouse)
	sentence := func(i, j int) string { return lighthouse[spans[i].Start:spans[j].End] }
	if len(spans) != 6 {
		t.Fatal(spans)
	}
	for _, c := range []struct {
		what   string
		scores []float32
		said   []string
		want   string
	}{
		{"the highest score", []float32{1, 2, 9, 2, 3, 1}, nil, sentence(2, 2)},
		{"of equal ones the first", []float32{1, 5, 1, 5, 1, 5}, nil, sentence(1, 1)},
		{"nothing fits", []float32{0, 0, 0, 0, 0, 0}, nil, sentence(0, 0)},
		{"the next fits nearly as well", []float32{0, 0, 9, 8, 0, 0}, nil, sentence(2, 3)},
		{"not the one before", []float32{0, 0, 8, 9, 0, 0}, nil, sentence(3, 3)},
		{"no neighbour, though it fits as well", []float32{0, 0, 9, 0, 9, 0}, nil, sentence(2, 2)},
		{"the next does not fit well enough", []float32{0, 0, 9, 6, 0, 0}, nil, sentence(2, 2)},
		{"what was said makes room", []float32{0, 0, 9, 0, 8, 0}, []string{"Hm.", sentence(2, 2)}, sentence(4, 4)},
		{"what was said in a pair, too", []float32{0, 0, 9, 9, 0, 8}, []string{sentence(2, 3)}, sentence(5, 5)},
		{"unless nothing else fits", []float32{0, 0, 9, 0, 2, 0}, []string{sentence(2, 2)}, sentence(2, 2)},
		{"what was said joins nothing", []float32{0, 0, 9, 8.5, 0, 0}, []string{sentence(3, 3)}, sentence(2, 2)},
	} {
		s := Best(lighthouse, spans, c.scores, c.said)
		if got := lighthouse[s.Start:s.End]; got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if s := Best("", nil, nil, nil); s != (Span{}) {
		t.Errorf("no sentence: %v", s)
	}
	long := strings.Repeat("many words ", 25) + "first. " + strings.Repeat("Many words ", 25) + "second."
	if s := Best(long, Sentences(long), []float32{1, 1}, nil); s.End-s.Start > pairBytes {
		t.Errorf("a pair of %d bytes is quoted", s.End-s.Start)
	}
}
