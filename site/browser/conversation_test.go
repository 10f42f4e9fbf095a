package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"parley/shared/message"
)

// A turn as it is shown on the page.
type turn struct {
	Question string
	Quote    string   // the reply
	Source   string   // the title of its article
	Titles   []string // of the results on view
	Failure  string
}

const readTurns = `[...document.querySelectorAll("article.turn")].map(a => ({
	Question: a.querySelector(".question .words")?.textContent ?? "",
	Quote: a.querySelector("blockquote")?.innerText.trim() ?? "",
	Source: a.querySelector("figcaption .from")?.innerText.trim() ?? "",
	Titles: [...a.querySelectorAll(".result h3")].map(h => h.innerText.trim()),
	Failure: a.querySelector(".failure")?.innerText ?? "",
}))`

func (p *page) turns() []turn {
	p.t.Helper()
	return eval[[]turn](p, readTurns)
}

// ready waits until questions can be answered.
func (p *page) ready() *page {
	p.t.Helper()
	p.wait("the page to be ready", isReady)
	return p
}

const isReady = `document.querySelector("#status").dataset.state === "ready"`

// settled waits until n turns are on the page, all answered.
func (p *page) settled(n int) []turn {
	p.t.Helper()
	p.wait(fmt.Sprintf("%d answered turns", n), isSettled(n))
	return p.turns()
}

func isSettled(n int) string {
	return fmt.Sprintf(`(() => {
		const a = [...document.querySelectorAll("article.turn")];
		return a.length === %d && a.every(t => t.ariaBusy !== "true" && t.querySelector("blockquote, .nothing, .failure"));
	})()`, n)
}

// ask types a question into the box, presses Enter, and returns the turn that it becomes.
func (p *page) ask(question string) turn {
	p.t.Helper()
	n := len(p.turns())
	p.do(focusBox)
	p.press(question + "\r")
	turns := p.settled(n + 1)
	return turns[n]
}

// allResults opens every result of the last turn and returns their titles.
func (p *page) allResults() []string {
	p.t.Helper()
	// Where nothing seems to answer the question, they are folded away.
	p.wait("the results", `(() => {
		const button = [...document.querySelectorAll("article.turn")].at(-1).querySelector(".results-button"), open = button?.ariaExpanded !== "false";
		if (!open) button.click();
		return open;
	})()`)
	eval[bool](p, `(() => {
		const last = [...document.querySelectorAll("article.turn")].at(-1);
		const more = last.querySelector(".results .more button");
		if (more && /more/.test(more.textContent)) more.click();
		return true;
	})()`)
	p.wait("all results", `(() => {
		const last = [...document.querySelectorAll("article.turn")].at(-1);
		return !/more/.test(last.querySelector(".results .more button")?.textContent ?? "");
	})()`)
	turns := p.turns()
	return turns[len(turns)-1].Titles
}

// A follow-up is understood in its conversation: the right article is among the results
// shown, and when the same question is asked by itself it is not.
func TestFollowUpsWorkOnlyInContext(t *testing.T) {
	s := shipped(t)
	for _, conversation := range [][]struct{ question, article string }{
		{
			{"When was the Eiffel Tower built?", "Eiffel Tower"},
			{"who designed it?", "Eiffel Tower"},
			{"what did he do after his retirement?", "Gustave Eiffel"},
		},
		{
			{"Who discovered penicillin?", "Alexander Fleming"},
			{"what does it work against?", "Alexander Fleming"},
		},
		{
			{"How many people live in Peru?", "Peru: demographics"},
			{"which languages do they speak?", "Peru: people and society"},
		},
		{
			{"Who was Cleopatra?", "Cleopatra"},
			{"how did she die?", "Cleopatra"},
		},
	} {
		t.Run(conversation[0].question, func(t *testing.T) {
			p := open(t, s).ready()
			for i, c := range conversation {
				if got := p.ask(c.question); !slices.Contains(got.Titles, c.article) {
					t.Errorf("turn %d, %q: %q are on view, not %q", i+1, c.question, got.Titles, c.article)
				}
			}
			for _, c := range conversation[1:] {
				p.click("#new")
				p.settled(0)
				if got := p.ask(c.question); slices.Contains(got.Titles, c.article) {
					t.Errorf("%q alone finds %q", c.question, got.Titles)
				}
			}
		})
	}
}

// The conversation that the README promises.
func TestEiffelTower(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("How tall is the Eiffel Tower?")
	// The article as it stands in the collection does not say, nor does the reply.
	if got := p.text("article.turn .lacks"); got != message.NoFigureText {
		t.Errorf("under a reply without the height stands %q", got)
	}
	if said := eval[string](p, `document.getElementById("live").textContent`); !strings.Contains(said, message.NoFigureText) {
		t.Errorf("screen readers hear %q", said)
	}
	got := p.ask("who designed it?")
	if got.Source != "Eiffel Tower" || !strings.Contains(got.Quote, "whose company designed and built") {
		t.Errorf("the reply is %q, of %q", got.Quote, got.Source)
	}
	if n := eval[int](p, `document.querySelectorAll(".lacks").length`); n != 1 {
		t.Errorf("%d replies lack a figure", n)
	}
	link := eval[string](p, `document.querySelectorAll("article.turn")[1].querySelector("figcaption a")?.href ?? "nothing"`)
	if link != "https://en.wikipedia.org/wiki/Eiffel_Tower" {
		t.Errorf("the source links to %q", link)
	}
	// The reply is a quotation: it stands in the article word for word.
	text := eval[string](p, `document.querySelectorAll("article.turn")[1].querySelector(".result.is-reply").innerText`)
	if !strings.Contains(squeeze(text), squeeze(strings.Trim(got.Quote, "“”…"))) {
		t.Errorf("the quotation %q does not stand in %q", got.Quote, text)
	}
	if said := eval[string](p, `document.getElementById("live").textContent`); !strings.Contains(said, "whose company designed") {
		t.Errorf("screen readers hear %q", said)
	}
	// A passage that was quoted is marked where it is found again.
	if tag := p.text("article.turn:nth-of-type(1) .tag") + eval[string](p, `document.querySelectorAll("article.turn")[1].querySelector(".tag")?.innerText ?? ""`); !strings.Contains(tag, "quoted above in turn 1") {
		t.Errorf("the passage of turn 1 is marked %q in turn 2", tag)
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestExamplesAreOneClickAway(t *testing.T) {
	p := open(t, shipped(t)).ready()
	if n := eval[int](p, `document.querySelectorAll("[data-example]").length`); n < 3 {
		t.Fatalf("%d examples", n)
	}
	asked := eval[[]string](p, `[...document.querySelector("[data-example]").querySelectorAll("[data-q]")].map(s => s.textContent.trim())`)
	p.click("[data-example]")
	turns := p.settled(len(asked))
	for i, q := range asked {
		if turns[i].Question != q || turns[i].Quote == "" {
			t.Errorf("turn %d: %+v, want %q answered", i+1, turns[i], q)
		}
	}
}

func TestTermsSayWhereTheyComeFrom(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed it?")
	eval[bool](p, `([...document.querySelectorAll(".vector-button")].at(-1).click(), true)`)
	p.wait("the terms", `document.querySelector(".panel .terms .term")`)
	type term struct{ Text, Class, Spoken string }
	terms := eval[[]term](p, `[...document.querySelectorAll(".panel .terms .term")].map(e => ({
		Text: e.querySelector(".word").textContent, Class: e.className, Spoken: e.querySelector(".vh").textContent}))`)
	find := func(text string) term {
		for _, x := range terms {
			if x.Text == text {
				return x
			}
		}
		t.Fatalf("no term %q among %+v", text, terms)
		return term{}
	}
	if x := find("tower"); !strings.Contains(x.Class, "h1") || !strings.Contains(x.Spoken, "turn 1") {
		t.Errorf("%+v: want the colour and the name of turn 1", x)
	}
	if x := find("designed"); !strings.Contains(x.Class, "h2") || strings.Contains(x.Class, "added") {
		t.Errorf("%+v: want the colour of turn 2, and not added", x)
	}
	added := 0
	for _, x := range terms {
		if strings.Contains(x.Class, "added") && strings.Contains(x.Spoken, "added by the encoder") {
			added++
		}
	}
	if added == 0 {
		t.Errorf("no term is marked as added: %+v", terms)
	}
	cost := squeeze(p.text(".panel .figures"))
	for _, want := range []string{"Encoded in", "ms", "Active terms", "Postings touched"} {
		if !strings.Contains(cost, want) {
			t.Errorf("the costs lack %q: %s", want, cost)
		}
	}
}

// The next turn builds on the reply, so another reply changes it.
func TestAnyResultCanBeTheReply(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("tallest buildings in the world")
	before := p.ask("when was it opened?")
	eval[bool](p, `(document.querySelector(".results-button").getAttribute("aria-expanded") === "true" || document.querySelector(".results-button").click(), true)`)
	p.wait("the first turn's results", `document.querySelector("article.turn .choose[aria-pressed=false]")`)
	other := eval[string](p, `document.querySelector("article.turn .result:not(.is-reply) h3").innerText`)
	p.click("article.turn .choose[aria-pressed=false]")
	p.wait("the chosen reply", fmt.Sprintf(`document.querySelector("article.turn figcaption .from").innerText.trim() === %s`, quote(other)))
	turns := p.settled(2)
	if turns[0].Source != other || !strings.Contains(p.text("article.turn figcaption"), "chosen by you") {
		t.Errorf("turn 1 replies from %q, want %q, chosen by you", turns[0].Source, other)
	}
	if slices.Equal(turns[1].Titles, before.Titles) {
		t.Errorf("turn 2 did not change with the reply before it: %q", before.Titles)
	}
}

func TestEditingOrDeletingATurnAsksTheRestAgain(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("Who discovered penicillin?")
	if got := p.ask("which prize did he get for it?"); got.Source != "Alexander Fleming" {
		t.Fatalf("%+v", got)
	}
	p.click("article.turn [id^=edit-button-]")
	p.wait("the editor", `document.activeElement.matches("[data-editor]")`)
	p.do(chromedp.SetValue(chromedp.CSS("[data-editor]"), "Who developed the theory of relativity?"))
	p.press("\r")
	p.wait("the edited turn", `document.querySelector("article.turn .words").textContent.includes("relativity")`)
	turns := p.settled(2)
	if turns[1].Question != "which prize did he get for it?" || slices.Contains(turns[1].Titles, "Alexander Fleming") {
		t.Errorf("after the edit turn 2 is %+v", turns[1])
	}

	// Without the first turn, the follow-up stands alone; undone, it doesn't.
	eval[bool](p, `([...document.querySelectorAll("article.turn button")].find(b => b.innerText.startsWith("Delete")).click(), true)`)
	alone := p.settled(1)[0]
	if slices.Equal(alone.Titles, turns[1].Titles) {
		t.Errorf("the follow-up finds the same without the turn before it: %q", alone.Titles)
	}
	p.click("#status-button")
	if back := p.settled(2); !slices.Equal(back[1].Titles, turns[1].Titles) {
		t.Errorf("brought back, turn 2 is %+v, was %+v", back[1], turns[1])
	}
}

func TestAReloadKeepsTheConversation(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("When was the Eiffel Tower built?")
	before := p.ask("who designed it?")
	p.do(chromedp.Reload())
	after := p.ready().settled(2)
	if after[1].Question != before.Question || after[1].Quote != before.Quote || after[1].Source != before.Source {
		t.Errorf("after the reload turn 2 is %+v, was %+v", after[1], before)
	}
}
