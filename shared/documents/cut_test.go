package documents

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/shared/passages"
)

// words counts as the tests' tokenizer: words, long ones several times.
func words(s string) int {
	n := 0
	for _, w := range strings.Fields(s) {
		n += 1 + len(w)/20
	}
	return n
}

// letters is a text without its spaces, to compare what was kept.
func letters(s string) string { return strings.Join(strings.Fields(s), "") }

// checkCut cuts d and checks what holds of every cut.
func checkCut(t *testing.T, d Document, limit int) []passages.Passage {
	t.Helper()
	cut := Cut(d, limit, words)
	if len(cut) == 0 {
		t.Fatalf("no passage of %+v", d)
	}
	seen := map[string]bool{}
	at := 0 // in letters(d.Text)
	all := letters(d.Text)
	for _, p := range cut {
		if seen[p.ID] {
			t.Fatalf("id %q twice", p.ID)
		}
		seen[p.ID] = true
		if !strings.HasPrefix(p.Title, d.Title) {
			t.Fatalf("title %q does not begin with %q", p.Title, d.Title)
		}
		if !utf8.ValidString(p.Text) {
			t.Fatalf("a character was cut: %q", p.Text)
		}
		// Nothing is lost but headings that the title repeats, and the order stays.
		body := letters(p.Text)
		for _, table := range d.Tables { // a header that is repeated
			if rest, ok := strings.CutPrefix(p.Text, d.Text[table.Start:table.Header]+"\n"); ok && (!strings.Contains(all[at:], body) || len(letters(d.Text[:table.Header])) <= at) {
				body = letters(rest)
				break
			}
		}
		parts := strings.Split(p.Title, " > ")
		slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
		i, skipped := -1, ""
		for from := 0; ; from = i + 1 { // what the title repeats may hold the same letters
			next := strings.Index(all[min(at+from, len(all)):], body)
			if next < 0 {
				break
			}
			i = from + next
			skipped = all[at : at+i]
			for _, part := range parts {
				skipped = strings.ReplaceAll(skipped, letters(part), "")
			}
			if strings.Contains(letters(p.Title), skipped) { // of a long heading, a half
				skipped = ""
			}
			if skipped == "" || body == "" {
				break
			}
		}
		if i < 0 {
			t.Fatalf("%q is not in the rest of the document", p.Text)
		}
		if skipped != "" {
			t.Fatalf("lost %q before %q", skipped, p.Text)
		}
		at += i + len(body)
	}
	if rest := all[at:]; rest != "" && len(d.Headings) == 0 {
		t.Fatalf("lost %q at the end", rest)
	}
	return cut
}

func sentences(n, words int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "Sentence%d", i)
		b.WriteString(strings.Repeat(" word", words-2))
		b.WriteString(" end.")
	}
	return b.String()
}

func TestADocumentThatFitsStaysWhole(t *testing.T) {
	d := Document{ID: "a", Title: "T", Text: "One. Two.\n\nThree.", URL: "https://x"}
	for _, limit := range []int{0, 4, 1000} {
		cut := Cut(d, limit, words)
		if len(cut) != 1 || cut[0] != (passages.Passage{ID: "a", Title: "T", Text: d.Text, URL: d.URL}) {
			t.Errorf("limit %d: %+v", limit, cut)
		}
	}
}

func TestLongTextIsCutEvenlyBetweenSentences(t *testing.T) {
	// 21 sentences of 10 words, 200 a passage with the title: not 19 and 2.
	cut := checkCut(t, Document{ID: "a", Title: "Title", Text: sentences(21, 10)}, 200)
	for _, p := range cut {
		if got := DocumentID(p.ID); got != "a" {
			t.Errorf("passage %s is of document %q", p.ID, got)
		}
	}
	if len(cut) != 2 || cut[0].ID != "a#1" || cut[1].ID != "a#2" {
		t.Fatalf("%d passages", len(cut))
	}
	for _, p := range cut {
		if n := words(p.Text); n < 90 || n > 120 || !strings.HasSuffix(p.Text, "end.") {
			t.Errorf("a passage of %d words: %q", n, p.Text)
		}
	}
}

func TestParagraphsAreCutBetweenRatherThanWithin(t *testing.T) {
	text := sentences(8, 10) + "\n\n" + sentences(11, 10)
	cut := checkCut(t, Document{ID: "a", Title: "Title", Text: text}, 130)
	if len(cut) != 2 || words(cut[0].Text) != 80 {
		t.Errorf("%d passages, first of %d words", len(cut), words(cut[0].Text))
	}
}

func TestSectionsGiveTheirHeadingsToTheTitle(t *testing.T) {
	d, _ := Read("g.md", []byte("# Guide\n\n"+sentences(3, 10)+"\n\n## Install\n\n"+sentences(9, 10)+
		"\n\n### Linux\n\n"+sentences(9, 10)+"\n\n## Use\n\nShort one.\n\n## More\n\nAlso short."), Options{})
	var got []string
	for _, p := range checkCut(t, d[0], 100) {
		got = append(got, fmt.Sprintf("%s: %.9s", p.Title, p.Text))
	}
	want := []string{"Guide: Sentence0", "Guide > Install: Sentence0", "Guide > Install > Linux: Sentence0", "Guide: Use\n\nShor"}
	same(t, got, want)
}

func TestAHeadingThatRepeatsTheOneAboveIsNotSaidTwice(t *testing.T) {
	d, _ := Read("g.md", []byte("# T\n\n"+sentences(9, 10)+"\n\n## Use\n\n### Use\n\n"+sentences(9, 10)), Options{})
	cut := checkCut(t, d[0], 100)
	if last := cut[len(cut)-1]; last.Title != "T > Use" || !strings.HasPrefix(last.Text, "Sentence0") {
		t.Errorf("%+v", last)
	}
}

func TestAHeadingStaysWithWhatItHeads(t *testing.T) {
	for _, filler := range []int{5, 6, 7, 8, 9, 10, 11} {
		d, _ := Read("g.md", []byte("# T\n\n"+sentences(filler, 10)+"\n\n## Two words\n\n"+sentences(1, 10)+"\n\n"+sentences(9, 10)), Options{})
		for _, p := range checkCut(t, d[0], 100) {
			if strings.HasSuffix(p.Text, "Two words") {
				t.Errorf("filler %d: a passage ends with a heading: %q", filler, p.Text)
			}
		}
	}
}

func TestLongTablesRepeatTheirHeader(t *testing.T) {
	markdown, page := "# Fees\n\nWhat things cost.\n\n| Thing | Price |\n|---|---|\n", "<h1>Fees</h1><p>What things cost.<table><thead><tr><td>Thing<td>Price</thead>"
	for i := range 40 {
		markdown += fmt.Sprintf("| thing %d | %d euros |\n", i, i)
		page += fmt.Sprintf("<tr><td>thing %d<td>%d euros", i, i)
	}
	for name, data := range map[string]string{"a.md": markdown + "\nAll in cash.", "a.html": page + "</table><p>All in cash."} {
		d, _ := Read(name, []byte(data), Options{})
		cut := checkCut(t, d[0], 40)
		if len(cut) < 4 {
			t.Fatalf("%s: %d passages", name, len(cut))
		}
		for i, p := range cut {
			if n := strings.Count(p.Text, "Thing, Price\n"); n != 1 {
				t.Errorf("%s: passage %d has the header %d times: %q", name, i, n, p.Text)
			}
			if n := words(p.Title) + words(p.Text); n > 40 {
				t.Errorf("%s: %d tokens", name, n)
			}
		}
		if last := cut[len(cut)-1].Text; !strings.HasPrefix(last, "Thing, Price\n") || !strings.HasSuffix(last, "39 euros\n\nAll in cash.") {
			t.Errorf("%s: the last passage is %q", name, last)
		}
	}
}

func TestHTMLAnchorsLeadToTheSection(t *testing.T) {
	d, _ := Read("a.html", []byte(`<link rel=canonical href=https://x/y><h1>T</h1><p>`+sentences(9, 10)+`<h2 id="a b">S</h2><p>`+sentences(9, 10)), Options{})
	cut := checkCut(t, d[0], 100)
	if len(cut) != 2 || cut[0].URL != "https://x/y" || cut[1].URL != "https://x/y#a%20b" {
		t.Errorf("%+v", cut)
	}
}

func TestTextWithoutSentencesIsStillCut(t *testing.T) {
	for name, text := range map[string]string{
		"words":      strings.Repeat("word ", 5000),
		"no spaces":  strings.Repeat("x", 5000),
		"wide":       strings.Repeat("語", 5000),
		"lines":      strings.Repeat("a line\n", 3000),
		"long title": sentences(30, 20),
	} {
		d := Document{ID: "a", Title: "T", Text: strings.TrimSpace(text)}
		if name == "long title" {
			d.Title = strings.TrimSpace(strings.Repeat("title ", 500))
		}
		for _, p := range checkCut(t, d, 50) {
			if n := words(p.Text); n > 50 {
				t.Errorf("%s: a passage of %d tokens", name, n)
			}
		}
	}
}

func TestNoPassageIsLongerThanTheLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b strings.Builder
		for range r.IntN(40) {
			switch r.IntN(4) {
			case 0:
				fmt.Fprintf(&b, "%s Heading %d\n\n", strings.Repeat("#", 1+r.IntN(4)), r.IntN(100))
			case 1:
				fmt.Fprintf(&b, "| one%d | %s |\n|---|---|\n%s\n", b.Len(), strings.Repeat("two ", r.IntN(20)), strings.Repeat("| "+sentences(1+r.IntN(3), 2+r.IntN(20))+" | x |\n", r.IntN(12)))
			default:
				b.WriteString(sentences(1+r.IntN(6), 2+r.IntN(20)) + "\n\n")
			}
		}
		docs, _ := Read("a.md", []byte(b.String()), Options{})
		for _, d := range docs {
			for _, p := range checkCut(t, d, 60) {
				if n := words(p.Title) + words(p.Text); n > 60 {
					t.Errorf("%d tokens: %+v", n, p)
				}
			}
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("a title alone is too long", "", uint8(3))
	f.Add("title", "One. Two three four five.\n\nSix", uint8(3))
	f.Fuzz(func(t *testing.T, title, text string, limit uint8) {
		if !utf8.ValidString(text) {
			return
		}
		checkCut(t, Document{ID: "a", Title: clean(title), Text: blocks(text)}, 1+int(limit))
	})
}

func BenchmarkCut(b *testing.B) {
	d := Document{ID: "a", Title: "Title", Text: strings.Repeat(sentences(8, 20)+"\n\n", 200)}
	b.SetBytes(int64(len(d.Text)))
	for b.Loop() {
		Cut(d, 190, words)
	}
}
