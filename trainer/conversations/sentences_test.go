package conversations

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/judged"
	"parley/shared/sentence"
)

// The judgements that ship are of sentences in the articles, for 600 turns of dev and
// test. Every judged turn has a sentence that answers at least in part.
func TestShippedSentences(t *testing.T) {
	set, articles := shipped(t)
	cut := map[string]map[string]bool{}
	for i := range articles.Len() {
		p := articles.At(i)
		cut[p.ID] = map[string]bool{}
		for _, s := range sentence.Split(p.Text) {
			cut[p.ID][oneLine(p.Text[s.Start:s.End])] = true
		}
	}
	judged, err := ReadSentences("sentences.tsv", set)
	if err != nil {
		t.Fatal(err)
	}
	turns := map[string]int{}
	for query, of := range judged {
		split, _, _ := strings.Cut(query, "-")
		turns[split]++
		some := false
		for article, sentences := range of {
			for s := range sentences {
				some = true
				if !cut[article][s] {
					t.Errorf("%s: %s has no sentence %q", query, article, s)
				}
			}
		}
		if !some {
			t.Errorf("%s: no sentence answers", query)
		}
	}
	if turns["dev"] < 250 || turns["test"] < 250 || len(turns) != 2 {
		t.Errorf("judged turns: %v", turns)
	}
}

func TestSentencesThatAreRefused(t *testing.T) {
	set := Set{"dev": {{ID: "dev-1", Turns: make([]judged.Turn, 2)}}}
	file := filepath.Join(t.TempDir(), "sentences.tsv")
	for _, c := range []struct{ lines, want string }{
		{"query\n", "the header"},
		{"dev-1<::>1\tA\t2\n", "want query, article, grade"},
		{"dev-1<::>1\tA\t3\tIt is.\n", "want query, article, grade"},
		{"dev-1<::>1\tA\t0\tIt is.\n", "want query, article, grade"},
		{"dev-1<::>1\tA\t1\t\n", "want query, article, grade"},
		{"dev-1<::>3\tA\t1\tIt is.\n", `no query "dev-1<::>3"`},
		{"dev-1<::>1\tA\t1\tIt is.\ndev-1<::>1\tA\t2\tIt is.\n", "already judged"},
		{"dev-1<::>1\tA\t1\tIt is.\ndev-1<::>1\tA\t0\t\n", "already judged"},
		{"dev-1<::>1\tA\t0\t\ndev-1<::>1\tA\t1\tIt is.\n", "already judged"},
	} {
		if c.lines != "query\n" {
			c.lines = sentencesHead + "\n" + c.lines
		}
		if err := os.WriteFile(file, []byte(c.lines), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSentences(file, set); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v; want %q", c.lines, err, c.want)
		}
	}
	good := sentencesHead + "\ndev-1<::>1\tA\t2\tIt is.\ndev-1<::>1\tA\t1\tIt was.\ndev-1<::>1\tB\t0\t\n"
	if err := os.WriteFile(file, []byte(good), 0o666); err != nil {
		t.Fatal(err)
	}
	judged, err := ReadSentences(file, set)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query, article, quoted string
		grade                  int
		ok                     bool
	}{
		{"dev-1<::>1", "A", "It was.", 1, true},
		{"dev-1<::>1", "A", "It was. It is.", 2, true},
		{"dev-1<::>1", "A", "It will be.", 0, true},
		{"dev-1<::>1", "B", "It is.", 0, true},
		{"dev-1<::>1", "C", "It is.", 0, false},
		{"dev-1<::>2", "A", "It is.", 0, false},
	} {
		if grade, ok := judged.Grade(c.query, c.article, c.quoted); grade != c.grade || ok != c.ok {
			t.Errorf("%v: %d, %v", c, grade, ok)
		}
	}
}
