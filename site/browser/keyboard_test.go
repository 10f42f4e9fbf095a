package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tab presses Tab, or Shift+Tab, until the focused element meets the condition on
// e, as a person does who has no mouse.
func (p *page) tab(back bool, what, js string) {
	p.t.Helper()
	var held []chromedp.Modifier
	if back {
		held = append(held, chromedp.ModifierShift)
	}
	var seen []string
	for range 120 {
		p.press(kb.Tab, held...)
		if eval[bool](p, `(e => !!(`+js+`))(document.activeElement)`) {
			if !eval[bool](p, `document.activeElement.matches(":focus-visible")`) {
				p.t.Errorf("%s has the focus, and nothing shows it", what)
			}
			return
		}
		seen = append(seen, eval[string](p, `(e => e.id || e.innerText || e.tagName)(document.activeElement)`))
	}
	p.t.Fatalf("120 times Tab did not lead to %s, but through %q", what, seen)
}

// focused fails the test if the focus fell back to the document.
func (p *page) focused(after string) {
	p.t.Helper()
	if eval[bool](p, `document.activeElement === document.body || document.activeElement === null`) {
		p.t.Errorf("the focus is lost after %s", after)
	}
}

func TestEverythingByKeyboard(t *testing.T) {
	p := open(t, shipped(t)).ready()

	// Ask, and ask again.
	p.tab(false, "the question box", `e.id === "q"`)
	p.press("Who discovered penicillin?\r")
	p.settled(1)
	p.focused("asking")
	if !eval[bool](p, `document.activeElement.id === "q"`) {
		p.tab(false, "the question box", `e.id === "q"`)
	}
	p.press("which prize did he get for it?\r")
	before := p.settled(2)

	// Open the terms of the newest turn.
	p.tab(true, "the newest turn's terms", `e.matches(".vector-button")`)
	p.press(kb.Enter)
	p.wait("the terms", `[...document.querySelectorAll("article.turn")].at(-1).querySelector(".term")`)
	p.focused("opening the terms")
	p.press(kb.Enter)
	p.wait("the terms to be closed", `!document.querySelector(".panel:not([hidden]) .term")`)

	// Choose another reply for it.
	p.tab(false, "a result to choose", `e.matches(".choose[aria-pressed=false]")`)
	p.press(" ")
	p.wait("another reply", `document.body.innerText.includes("chosen by you")`)
	after := p.settled(2)
	if after[1].Source == before[1].Source {
		t.Errorf("the reply is still from %q", after[1].Source)
	}
	p.focused("choosing a reply")

	// Edit the first turn: given up with Escape, then done.
	p.tab(true, "the first turn's Edit", `e.id.startsWith("edit-button-") && e.closest("li") === document.querySelector(".turns > li")`)
	p.press(kb.Enter)
	p.wait("the editor", `document.activeElement.matches("[data-editor]")`)
	p.press(kb.Escape)
	p.wait("the editor to be closed", `!document.querySelector("[data-editor]")`)
	p.focused("giving up an edit")
	if !eval[bool](p, `document.activeElement.id.startsWith("edit-button-")`) {
		p.tab(true, "the first turn's Edit", `e.id.startsWith("edit-button-")`)
	}
	p.press(kb.Enter)
	p.wait("the editor", `document.activeElement.matches("[data-editor]")`)
	p.press("Who discovered radium?\r") // the old text is selected
	p.wait("the edited turn", `document.querySelector("article.turn .words").textContent === "Who discovered radium?"`)
	p.settled(2)
	p.focused("editing")

	// Delete it, and bring it back.
	p.tab(false, "the first turn's Delete", `e.innerText.startsWith("Delete") && e.closest("li") === document.querySelector(".turns > li")`)
	p.press(kb.Enter)
	p.settled(1)
	p.focused("deleting")
	if !eval[bool](p, `/Undo/.test(document.activeElement.innerText)`) {
		p.tab(false, "Undo", `/Undo/.test(e.innerText)`)
	}
	p.press(kb.Enter)
	p.settled(2)
	p.focused("undoing")

	// Begin anew, with the colours changed on the way.
	p.tab(true, "the colours", `e.id === "theme"`)
	p.press(kb.Enter)
	if theme := eval[string](p, `document.documentElement.dataset.theme`); theme == "auto" {
		t.Error("the colours did not change")
	}
	p.tab(true, "New conversation", `e.id === "new"`)
	p.press(kb.Enter)
	p.settled(0)
	p.focused("beginning anew")

	// An example is one key away, and Escape stops it.
	p.tab(false, "an example", `e.matches("[data-example]")`)
	p.press(kb.Enter)
	p.wait("the example's first turn", `document.querySelector("article.turn blockquote")`)
	p.focused("starting an example")
}

// What changes is said to screen readers.
func TestChangesAreAnnounced(t *testing.T) {
	p := open(t, shipped(t)).ready()
	eval[bool](p, `(window.testSaid = "", new MutationObserver(() => {
		window.testSaid += document.getElementById("live").textContent + "\n";
	}).observe(document.getElementById("live"), {childList: true, characterData: true, subtree: true}), true)`)
	said := func(want string) {
		t.Helper()
		p.wait("to be said: "+want, `window.testSaid.includes(`+quote(want)+`)`)
	}
	p.ask("Who discovered penicillin?")
	said("Alexander Fleming")
	p.click("#submit")
	said("Type a question first")
	p.click(`article.turn [id^="edit-button-"]`)
	p.wait("the editor", `document.activeElement.matches("[data-editor]")`)
	p.press("Who discovered radium?\r")
	said("Turn 1 changed")
	p.settled(1)
	p.click("#new")
	said("New conversation")
	if role := eval[string](p, `document.getElementById("live").getAttribute("role") + " " + document.getElementById("live").ariaLive`); !strings.Contains(role, "status") || !strings.Contains(role, "polite") {
		t.Errorf("the spoken line is %q", role)
	}
}
