package quote

import (
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"parley/shared/wordpiece"
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

func tokenizer(t testing.TB) *wordpiece.Tokenizer {
	vocab, err := os.ReadFile("../../models/splade-tiny/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := wordpiece.New(vocab)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// weigh makes a query vector of words, as an encoder with expansion would give it.
func weigh(tok *wordpiece.Tokenizer, terms map[string]float32) []float32 {
	weights := make([]float32, tok.Size())
	for word, w := range terms {
		for _, p := range tok.Append(nil, word, -1) {
			weights[p.ID] = max(weights[p.ID], w)
		}
	}
	return weights
}

const lighthouse = `The Harrow Point Lighthouse is a lighthouse on the northern tip of St. Brannoc's Island, ` +
	`about 12 mi. off the coast. It was designed by the engineer A. J. Whitcombe, who had trained under his uncle, ` +
	`and built of grey granite between 1861 and 1864. The tower stands 41 metres (135 ft) tall and holds a lens of ` +
	`the first order. A storm in 1923 destroyed the keeper's cottage. The light was automated in 1987 and its last ` +
	`keeper, Mr. Tom Ashby, left the island. Today the U.S. company that runs the ferry also offers visits in summer.`

func TestBest(t *testing.T) {
	tok := tokenizer(t)
	for _, c := range []struct {
		asked string
		terms map[string]float32
		want  string // how the sentence begins
	}{
		{"how tall is harrow point lighthouse", map[string]float32{"harrow": 2, "point": 1.2, "lighthouse": 2.1, "tall": 1.8, "height": 1.4, "metres": .8, "feet": .6, "tower": .7}, "The tower stands 41"},
		{"who designed it", map[string]float32{"lighthouse": 1.9, "harrow": 1.6, "designed": 1.7, "designer": 1.2, "architect": 1.1, "engineer": .6}, "It was designed by"},
		{"when was it automated", map[string]float32{"lighthouse": 1.9, "harrow": 1.6, "automated": 1.8, "automatic": 1.2, "when": .3}, "The light was automated"},
		{"what happened to the cottage", map[string]float32{"cottage": 1.8, "lighthouse": 1.4, "storm": .2}, "A storm in 1923"},
		{"what is harrow point lighthouse", map[string]float32{"harrow": 2, "point": 1.2, "lighthouse": 2.1}, "The Harrow Point Lighthouse is"},
		{"nothing in common", map[string]float32{"violin": 2}, "The Harrow Point Lighthouse is"},
		{"no terms", nil, "The Harrow Point Lighthouse is"},
	} {
		s := Best(lighthouse, tok.Append(nil, lighthouse, -1), tok.Append(nil, "Harrow Point Lighthouse", -1), weigh(tok, c.terms), nil)
		if got := lighthouse[s.Start:s.End]; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q...", c.asked, got, c.want)
		}
	}
}

// A sentence that was the reply to an earlier question makes room for another
// that fits nearly as well, and only then.
func TestBestAvoidsWhatWasSaid(t *testing.T) {
	tok := tokenizer(t)
	weights := weigh(tok, map[string]float32{"tower": 1.5, "tall": 1, "lens": 1, "keeper": 2, "last": 1, "cottage": .2})
	tokens := tok.Append(nil, lighthouse, -1)
	best := func(said ...string) string {
		s := Best(lighthouse, tokens, nil, weights, said)
		return lighthouse[s.Start:s.End]
	}
	first := best()
	if !strings.HasPrefix(first, "The tower stands") {
		t.Fatalf("%q", first)
	}
	if second := best("something else", first); !strings.HasPrefix(second, "The light was automated") {
		t.Errorf("after %q: %q", first, second)
	}
	weights = weigh(tok, map[string]float32{"tower": 1.5, "tall": 1, "cottage": .2})
	if again := best(first); again != first {
		t.Errorf("nothing else fits, but the quotation is %q", again)
	}
}

// Any tokens, weights and text give a sentence of the text or nothing.
func TestBestOddInput(t *testing.T) {
	tok := tokenizer(t)
	for _, text := range []string{"", " \n ", "one", ". . .", strings.Repeat("x. ", 10000), "\xff\xfe. \xff"} {
		got := Best(text, tok.Append(nil, text, -1), nil, nil, nil)
		blank := strings.TrimSpace(text) == ""
		if blank != (got == Span{}) {
			t.Errorf("%.10q: %v", text, got)
		}
	}
	tokens := []wordpiece.Token{{ID: -5, Start: 0, End: 1}, {ID: 1 << 30, Start: 1, End: 2}}
	if got := Best("All boys. Can do.", tokens, tokens, []float32{1}, nil); got != (Span{0, 9}) {
		t.Errorf("ids out of range: %v", got)
	}
}

func BenchmarkBest(b *testing.B) {
	tok := tokenizer(b)
	weights := weigh(tok, map[string]float32{"lighthouse": 2, "tall": 2, "height": 1})
	tokens := tok.Append(nil, lighthouse, -1)
	b.SetBytes(int64(len(lighthouse)))
	for b.Loop() {
		Best(lighthouse, tokens, nil, weights, nil)
	}
}
