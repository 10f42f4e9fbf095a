package browser

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/shared/conversation"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/site/collection"
)

// collect makes a collection's folder of a few passages, encoded by the encoder
// that ships.
func collect(t testing.TB, docs ...passages.Passage) string {
	t.Helper()
	root, _ := build(t)
	e, err := collection.OpenEncoder(filepath.Join(root, "models", "splade-tiny"))
	if err != nil {
		t.Fatal(err)
	}
	x, p, s := index.NewBuilder(e.Vocab()), passages.NewBuilder(passages.About{Title: "A few texts"}), e.NewSession()
	for _, d := range docs {
		v, _, err := s.Encode(conversation.Passage(e.Tokenizer, d.Title+"\n"+d.Text, e.PassageTokens))
		if err == nil {
			err = errors.Join(x.Add(v), p.Add(d))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	for name, part := range map[string]io.WriterTo{"index.bin": x, "passages.bin": p} {
		var b bytes.Buffer
		if _, err := part.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// over opens a page over a few passages.
func over(t testing.TB, docs ...passages.Passage) *page {
	t.Helper()
	return open(t, serveFolder(t, publishRelease(t, release{collection: collect(t, docs...)}))).ready()
}

// paste puts text into the box, as the clipboard does, and asks it. js is an
// expression for the text.
func (p *page) paste(js string) {
	p.t.Helper()
	eval[bool](p, `(() => {
		const q = document.querySelector("#q");
		q.value = `+js+`;
		q.dispatchEvent(new InputEvent("input", {bubbles: true, inputType: "insertFromPaste"}));
		q.form.requestSubmit();
		return true;
	})()`)
}

func TestHTMLInDocumentsIsTextAndNeverRuns(t *testing.T) {
	const evil = `<script>window.hacked = 1</script><img src=x onerror="window.hacked=2"><svg onload="window.hacked=3"> Otters &amp; <b>beavers</b> swim in rivers.`
	p := over(t,
		passages.Passage{ID: "<i>1</i>", Title: `<img src=x onerror="window.hacked=4">Otters`, Text: evil, URL: `javascript:window.hacked=5`},
		passages.Passage{ID: "2", Title: "Towers", Text: "Towers are tall."},
	)
	got := p.ask("which animals swim in rivers?")
	if want := `<img src=x onerror="window.hacked=4">Otters`; got.Source != want {
		t.Errorf("the source reads %q, want %q", got.Source, want)
	}
	shown := p.text("article.turn .result")
	for _, want := range []string{"<script>window.hacked = 1</script>", "onerror=", "&amp;", "<b>beavers</b>"} {
		if !strings.Contains(shown+got.Quote, want) {
			t.Errorf("%q is not shown as text in %q", want, shown)
		}
	}
	if n := eval[int](p, `document.querySelectorAll("#app img, #app script, #app b, #app i, #app [onload], #app [href^=javascript]").length`); n != 0 {
		t.Errorf("%d elements came out of a document", n)
	}
	// A question is anyone's text too.
	p.ask(`<img src=x onerror="window.hacked=6">`)
	if hacked := eval[any](p, `window.hacked ?? null`); hacked != nil {
		t.Errorf("a document's script ran: %v", hacked)
	}
}

func TestCollectionsOfNoneAndOne(t *testing.T) {
	p := over(t)
	if got := p.ask("Is there anything?"); got.Quote != "" || !strings.Contains(p.text("article.turn"), "Nothing found") {
		t.Errorf("an empty collection replies %+v", got)
	}
	if got := p.ask("and now?"); got.Failure != "" {
		t.Errorf("%+v", got)
	}

	p = over(t, passages.Passage{ID: "1", Title: "Towers", Text: "Towers are tall buildings."})
	if got := p.ask("what is tall?"); got.Source != "Towers" || !slices.Equal(got.Titles, []string{"Towers"}) {
		t.Errorf("a collection of one replies %+v", got)
	}
}

func TestAnEmptyQuestionIsNotAsked(t *testing.T) {
	p := open(t, shipped(t)).ready()
	for _, text := range []string{`""`, `"   "`, `"\n\n\t"`, `"\u00a0"`} {
		p.paste(text)
		p.wait("a hint", `document.querySelector("#said").textContent.includes("Type a question")`)
	}
	if n := len(p.turns()); n != 0 {
		t.Errorf("%d turns", n)
	}
	// Text without a word that the encoder reads is a question, and says so.
	p.paste(`"\u200b\u200d"`)
	if got := p.settled(1)[0]; got.Failure == "" {
		t.Errorf("a question without a word: %+v", got)
	}
	if got := p.ask("When was the Eiffel Tower built?"); got.Source != "Eiffel Tower" {
		t.Errorf("the question after it: %+v", got)
	}
}

func TestAMegabytePasted(t *testing.T) {
	p := open(t, shipped(t)).ready()
	begin := time.Now()
	p.paste(`"When was the Eiffel Tower built? " + "And what else is there to say about towers? ".repeat(25000)`)
	if got := p.settled(1)[0]; got.Failure != "" || got.Quote == "" {
		t.Errorf("%+v", got)
	}
	t.Logf("a megabyte was answered in %v", time.Since(begin).Round(time.Millisecond))
	if shown := len(p.text("article.turn .words")); shown > 2000 {
		t.Errorf("%d bytes of the question are on view", shown)
	}
	if !strings.Contains(p.text("article.turn .note"), "characters") {
		t.Error("nothing says that the question is shown in part")
	}
	// One word of a megabyte, which no tokenizer can split.
	p.paste(`"x".repeat(1 << 20)`)
	p.settled(2)
	if got := p.ask("When was the Eiffel Tower built?"); got.Failure != "" {
		t.Errorf("the question after it: %+v", got)
	}
}

func TestOddUnicode(t *testing.T) {
	p := open(t, shipped(t)).ready()
	for i, js := range []string{
		`"When was the \ud800 Eiffel \udc00\udc00 Tower\ud83d built"`,       // lone surrogates
		`"كم يبلغ ارتفاع برج إيفل؟ Eiffel Tower"`,                           // right to left
		`"\u202eEiffel Tower\u202c \u2066built\u2069"`,                      // direction overrides
		`"E\u0301iffel Tower\u0000 \u00ad built \ufeff?"`,                   // combining, NUL, soft hyphen, BOM
		`"👩‍👩‍👧‍👦 Eiffel Tower 🗼 高さ"`,                                       // joined emoji, CJK
		`"Eiffel Tower ".padEnd(300, "\u0301")`,                             // 280 accents on one letter
		`"[SEP] [CLS] [MASK] [PAD] [UNK] when was the Eiffel Tower built?"`, // text, all of it
	} {
		p.paste(js)
		got := p.settled(i + 1)[i]
		if got.Failure != "" || !slices.Contains(got.Titles, "Eiffel Tower") {
			t.Errorf("%s: %+v", js, got)
		}
	}
	// A right-to-left question runs from the right.
	if dir := eval[string](p, `getComputedStyle(document.querySelectorAll("article.turn .question")[1]).direction`); dir != "rtl" {
		t.Errorf("the Arabic question runs %s", dir)
	}
}

func TestFiveHundredTurns(t *testing.T) {
	p := open(t, shipped(t)).ready()
	begin := time.Now()
	eval[bool](p, `(() => {
		for (let i = 1; i <= 500; i++) {
			document.querySelector("#q").value = i < 500 ? "what about tower " + i + "?" : "When was the Eiffel Tower built?";
			document.querySelector("#ask").requestSubmit();
		}
		return true;
	})()`)
	t.Logf("500 questions were taken in %v", time.Since(begin).Round(time.Millisecond))
	const last = `(() => {
		const a = [...document.querySelectorAll("article.turn")].at(-1);
		return !!(a?.querySelector(".words").textContent === "When was the Eiffel Tower built?" && a.querySelector("blockquote") && a.ariaBusy !== "true");
	})()`
	for time.Since(begin) < 3*time.Minute && !eval[bool](p, last) { // half a minute on two slow cores, longer beside other tests
		time.Sleep(200 * time.Millisecond)
	}
	p.wait("the last of 500 turns", last)
	all := time.Since(begin)
	t.Logf("and answered in %v", all.Round(time.Millisecond))
	turns := p.turns()
	if got := turns[len(turns)-1]; !slices.Contains(got.Titles, "Eiffel Tower") {
		t.Errorf("turn 500: %+v", got)
	}
	// The page stays quick: one more question, and an edit at the end.
	begin = time.Now()
	p.do(focusBox)
	p.press("who designed it?\r")
	p.wait("turn 501", `(() => {
		const a = [...document.querySelectorAll("article.turn")].at(-1);
		return a.querySelector(".words").textContent === "who designed it?" && a.querySelector("blockquote") && a.ariaBusy !== "true";
	})()`)
	took := time.Since(begin)
	t.Logf("turn 501 was answered in %v", took.Round(time.Millisecond))
	if took > all/5 {
		t.Errorf("turn 501 took %v, the 500 before it %v", took, all)
	}
	if eval[bool](p, `[...document.querySelectorAll(".ask .number")].some(n => n.scrollHeight > n.clientHeight + 1)`) {
		t.Errorf("the number of a turn does not stand on one line")
	}
	if shown := len(p.turns()); shown > 100 {
		t.Errorf("%d turns are on view at once", shown)
	}
	// Earlier turns can be looked up.
	p.click(".earlier button")
	p.wait("earlier turns", fmt.Sprintf(`document.querySelectorAll("article.turn").length > %d`, len(turns)))
}
