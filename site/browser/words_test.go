package browser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"parley/shared/family"
)

// familyOfWords is the family's base and default, searching for the newest question's
// words besides, over the collection that ships.
func familyOfWords(t testing.TB) string {
	t.Helper()
	root, _ := build(t)
	ship := filepath.Join(root, "models")
	data, err := os.ReadFile(filepath.Join(ship, family.File))
	if err != nil {
		t.Fatal(err)
	}
	list, err := family.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	list.Levels = slices.DeleteFunc(list.Levels, func(l family.Level) bool { return l.Name != list.Base && l.Name != list.Default })
	dir := t.TempDir()
	write := func(name string, data []byte, err error) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range list.Levels {
		if err := os.CopyFS(filepath.Join(dir, l.Folder), os.DirFS(filepath.Join(ship, l.Folder))); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(l.Folder, "config.json")
		config, err := os.ReadFile(filepath.Join(ship, name))
		if !bytes.Contains(config, []byte(`_head"`)) { // a word head weighs them itself
			config = bytes.Replace(config, []byte(`"parley": {`), []byte(`"parley": {"question_words": 0.75,`), 1)
		}
		write(name, config, err)
	}
	data, err = list.Encode()
	write(family.File, data, err)
	return dir
}

// Exact words are distinguished from learned terms in every instrument, each is switched off for
// itself, and the parts of a score sum to it.
func TestExactWords(t *testing.T) {
	start(t)
	s := serveFolder(t, publishRelease(t, release{encoder: familyOfWords(t)}))
	p := open(t, s).ready()
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed the iron tower?")
	last := `[...document.querySelectorAll("article.turn")].at(-1)`
	eval[bool](p, `(`+last+`.querySelector(".vector-button").click(), true)`)
	p.wait("the words", last+`.querySelector(".term.exact")`)
	type term struct{ Text, Spoken, Group string }
	terms := eval[[]term](p, `[...`+last+`.querySelectorAll(".term")].map(e => ({Text: e.querySelector(".word").textContent,
		Spoken: e.querySelector(".vh").textContent, Group: e.closest(".group").querySelector("h4").textContent}))`)
	for _, want := range []term{{"“tower”", "exact word, from turn 2", "Exact words"}, {"tower", "from turn 2", "Learned terms"}} {
		if !slices.ContainsFunc(terms, func(x term) bool {
			return x.Text == want.Text && x.Group == want.Group && strings.Contains(x.Spoken, want.Spoken)
		}) {
			t.Errorf("no %+v among %+v", want, terms)
		}
	}
	if got := p.text(".vector .summary"); !strings.Contains(got, "learned terms and ") || !strings.Contains(got, "exact words") {
		t.Errorf("the summary: %q", got)
	}
	// Of another shape than a learned term's, without its colour.
	shapes := eval[[]string](p, `[".term:not(.exact):not(.added) .bar", ".term.exact .bar", ".term.added .bar"].map(s => {
		const b = getComputedStyle(`+last+`.querySelector(s));
		return b.borderTopStyle + " " + (b.backgroundColor === "rgba(0, 0, 0, 0)");
	})`)
	if !slices.Equal(shapes, []string{"none false", "solid true", "dashed false"}) {
		t.Errorf("shapes of bars: %q", shapes)
	}

	eval[bool](p, `(`+last+`.querySelector(".why-button").click(), true)`)
	p.wait("the parts", last+`.querySelector(".why .part.exact .product")`)
	sum := func() (parts, score float64) {
		got := eval[[]float64](p, `(() => {
			const rows = [...document.querySelectorAll(".why .part .product")].map(e => e.textContent.match(/= ([\d.]+)$/)).filter(Boolean);
			const text = document.querySelector(".why .summary").textContent;
			const rest = text.match(/add ([\d.]+)\.$/);
			return [rows.reduce((s, m) => s + Number(m[1]), 0) + (rest ? Number(rest[1]) : 0), Number(text.match(/add up to ([\d.]+)\./)[1])];
		})()`)
		return got[0], got[1]
	}
	parts, score := sum()
	if d := parts - score; d > .1 || d < -.1 {
		t.Errorf("the parts add up to %v, the score is %v", parts, score)
	}
	// The word is switched off; the piece that is spelt alike goes on.
	row := func(text string) string {
		return `[...document.querySelectorAll(".why .part")].find(e => e.querySelector(".word").textContent === ` + quote(text) + `)`
	}
	p.look("words-why")
	eval[bool](p, `(`+row("“tower”")+`.querySelector(".off").focus(), true)`)
	p.press(kb.Enter)
	p.wait("the word to be off", row("“tower”")+`.querySelector(".product").textContent === "off"`)
	p.wait("a lower score", fmt.Sprintf(`Number(document.querySelector(".why .summary").textContent.match(/add up to ([\d.]+)\./)?.[1]) < %v`, score))
	if got := eval[string](p, row("tower")+`.querySelector(".product").textContent`); !strings.Contains(got, "=") {
		t.Errorf("the piece: %q", got)
	}
	if parts, now := sum(); parts-now > .1 || now-parts > .1 || now >= score {
		t.Errorf("without the word the parts add up to %v, the score is %v, was %v", parts, now, score)
	}
	p.accessibleInBoth("exact words, why")
	p.click(".trying button")
	eval[bool](p, `(`+last+`.querySelector(".why-button").click(), true)`)
	p.look("words-vector")

	p.click("#open-dial")
	p.wait("all levels", allKnown)
	// The base has the newest question's words ("designed", "iron", "tower"), the head those
	// that its terms on view name.
	exact := 0
	for _, x := range terms {
		if x.Group == "Exact words" {
			exact++
		}
	}
	if got := p.side("Exact words"); !slices.Equal(got, []string{"3", fmt.Sprint(exact)}) || exact == 0 {
		t.Errorf("exact words of each level: %q, on view %d", got, exact)
	}
	p.accessibleInBoth("exact words, the dial")
	p.look("words-dial")
	p.click("#open-compare")
	p.wait("all columns", compared+` && document.querySelectorAll(".way").length === 3`)
	if got := p.text(".way .figure"); !strings.Contains(got, "exact words") {
		t.Errorf("a column: %q", got)
	}
	p.look("words-compare")

	p.navigate(s.url() + "#tour=sparse-vector.2")
	p.wait("the step", `document.querySelector(".tour")?.textContent.includes("Words in quotation marks")`)
	p.look("words-tour")
}
