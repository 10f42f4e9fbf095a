package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A term that has the focus, or the pointer, shows the words that lit it and those that it
// matched; a word under the pointer shows its terms.
func TestTermsShowTheirWords(t *testing.T) {
	p := openFamily(t)
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed it?")
	last := `[...document.querySelectorAll("article.turn")].at(-1)`
	eval[bool](p, `(`+last+`.querySelector(".vector-button").click(), true)`)
	p.wait("the terms", last+`.querySelector(".term[data-term=tower]") && document.querySelector(".lens-tip")`)
	marked := `[...CSS.highlights.get("lens")].map(String)`

	eval[bool](p, `(`+last+`.querySelector(".term[data-term=tower]").focus(), true)`)
	p.wait("the words", marked+`.length > 1`)
	got := eval[[]string](p, marked)
	if slices.ContainsFunc(got, func(s string) bool { return strings.ToLower(s) != "tower" }) {
		t.Errorf("“tower” marks %q", got)
	}
	if inTurns := eval[[]bool](p, `["article.turn:first-of-type, li:first-child article.turn", ".excerpt"].map(s => [...CSS.highlights.get("lens")].some(r => r.startContainer.parentElement.closest(s)))`); !inTurns[0] || !inTurns[1] {
		t.Errorf("marked in the first turn, in a passage: %v", inTurns)
	}
	if tip := p.text(".lens-tip"); !strings.Contains(strings.ToLower(tip), "lit by “tower” in") || !strings.Contains(tip, "turn 1") || !strings.Contains(tip, "stands in the text of") {
		t.Errorf("it is told as %q", tip)
	}
	// From term to term by arrows; away with the focus.
	p.press(kb.ArrowDown)
	p.wait("another term", `document.activeElement.matches(".term") && document.activeElement.dataset.term !== "tower" && !document.querySelector(".lens-tip").textContent.startsWith("tower")`)
	eval[bool](p, `(document.activeElement.blur(), true)`)
	p.wait("no marks", marked+`.length === 0`)

	// The other way round: the word “designed”.
	at := eval[[]float64](p, fmt.Sprintf(`(() => { const n = %s.querySelector(".question .words").firstChild, r = new Range(), i = n.data.indexOf("designed"); r.setStart(n, i); r.setEnd(n, i + 8); const b = r.getBoundingClientRect(); scrollBy(0, b.y - 300); const c = r.getBoundingClientRect(); return [c.x + c.width / 2, c.y + c.height / 2]; })()`, last))
	p.do(call(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: "mouseMoved", X: at[0], Y: at[1]}))
	p.wait("its terms", last+`.querySelector(".term.lit-now[data-term=designed]")`)
	if tip := p.text(".lens-tip"); !strings.HasPrefix(tip, "“designed” lights ") {
		t.Errorf("the word is told as %q", tip)
	}
	// And by keyboard: a text that has the focus is gone through word by word.
	p.press(kb.Escape)
	p.do(chromedp.Focus(chromedp.CSS("#open-compare"))) // the keyboard was used last
	p.press(kb.Tab)
	eval[bool](p, `(`+last+`.querySelector(".question .words").focus({focusVisible: true}), true)`)
	p.wait("the first word", `document.querySelector(".lens-tip").textContent.startsWith("“who” lights ") && document.querySelector(".lens-tip").textContent.endsWith("Arrow keys go from word to word.")`)
	p.press(kb.ArrowRight)
	p.wait("the second word", last+`.querySelector(".term.lit-now[data-term=designed]") && `+marked+`.join() === "designed"`)
	p.press(kb.End)
	p.wait("the last word", marked+`.join() === "it" && /^“it” lights .+\.$/.test(document.querySelector(".lens-tip").textContent)`)
	if !eval[bool](p, `document.querySelector(".lens-tip").matches("[role=status][aria-live=polite]") && getComputedStyle(document.querySelector(".lens-tip")).display !== "none"`) {
		t.Error("what is told is not announced")
	}
	p.accessibleInBoth("a word and its terms")

	// Words of the instruments explain themselves.
	eval[bool](p, `(document.querySelector('[data-gloss="Postings touched"]').focus(), true)`)
	p.wait("the explanation", `!document.querySelector("#gloss-tip").hidden && document.querySelector("#gloss-tip").textContent.includes("inverted index") && document.activeElement.getAttribute("aria-describedby") === "gloss-tip"`)
	p.press(kb.Escape)
	p.wait("it to go", `document.querySelector("#gloss-tip").hidden`)
}
