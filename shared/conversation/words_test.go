package conversation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// showWords returns every word as stem=text(pieces)@turn and side.
func showWords(in *Input, turns []Turn, w *Words) (out []string) {
	for i, x := range w.List {
		text, side := turns[x.Turn].Question, "q"
		if x.Side == Reply {
			text, side = turns[x.Turn].Reply, "r"
		}
		var pieces []string
		for k := x.First; k <= x.Last; k++ {
			from := in.From[k]
			pieces = append(pieces, text[from.Start:from.End])
		}
		out = append(out, fmt.Sprintf("%s=%s(%s)@%d%s", w.Stem(i), text[x.Start:x.End], strings.Join(pieces, "|"), x.Turn, side))
	}
	return out
}

func TestWordsOfAnInput(t *testing.T) {
	tok := load(t)
	turns := []Turn{
		{"How tall is the Eiffel Tower?", "It is in Zürich's 東京都."},
		{"", "a reply without its question"},
		{"and 1,000 C++ qwxz?", ""},
	}
	in := Build(tok, turns, Form{MaxTokens: 64, HistoryType: 1})
	var w Words
	for range 2 { // the second time in the memory of the first
		w.Read(&in, turns)
	}
	got := showWords(&in, turns, &w)
	want := []string{
		"1000=1,000(1|,|000)@2q", "c++=C++(C|+|+)@2q", "qwxz=qwxz(q|##)@2q",
		"repli=reply(reply)@1r", "without=without(without)@1r", "question=question(question)@1r",
		"zurich=Zürich(Zürich)@0r", "東京=東京(東|京)@0r", "京都=京都(京|都)@0r",
		"tall=tall(tall)@0q", "eiffel=Eiffel(E|iff|el)@0q", "tower=Tower(Tower)@0q",
	}
	want[2] = got[2] // how the vocabulary cuts it does not matter
	if !strings.HasPrefix(got[2], "qwxz=qwxz(") || !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// Text that was cut off has no words; a word that was cut in the middle counts.
func TestWordsOfACutInput(t *testing.T) {
	tok := load(t)
	turns := []Turn{{Question: "paris london eiffel " + strings.Repeat("rome ", 1000)}}
	var w Words
	in := Passage(tok, turns[0].Question, 6) // [CLS] paris london e ##iff [SEP]
	w.Read(&in, turns)
	got := showWords(&in, turns, &w)
	if len(got) == 0 || got[0] != "pari=paris(paris)@0q" || !strings.HasPrefix(got[len(got)-1], "eiffel=eiffel(") {
		t.Errorf("%q", got)
	}
}

// For any turns, the tokens of a word come from the text that the word stands in.
func FuzzWords(f *testing.F) {
	f.Add("who designed it", "It was 東京 C++ é", "Eiffel 1,000.5", 12)
	tok := load(f)
	f.Fuzz(func(t *testing.T, q1, a1, q2 string, size int) {
		turns := []Turn{{q1, a1}, {q2, ""}}
		in := Build(tok, turns, Form{MaxTokens: size % 200, ReplyTokens: 8})
		var w Words
		w.Read(&in, turns)
		for _, x := range w.List {
			if x.First < 0 || x.Last < x.First || x.Last >= len(in.IDs) {
				t.Fatalf("tokens %d to %d of %d", x.First, x.Last, len(in.IDs))
			}
			for k := x.First; k <= x.Last; k++ {
				if o := in.From[k]; o.Turn != x.Turn || o.Side != x.Side || o.End <= x.Start || o.Start >= x.End {
					t.Fatalf("%+v has the token %+v", x, o)
				}
			}
		}
	})
}
