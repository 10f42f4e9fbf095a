package browser

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const lastRead = `[...document.querySelectorAll("article.turn")].at(-1).querySelector(".read")`

// One click asks the newest turn again the other way: the answer is replaced where it
// stands, the focus and the turns before it stay, and a reload keeps the choice.
func TestAFollowUpIsReadTheOtherWay(t *testing.T) {
	p := open(t, shipped(t)).ready()
	first := p.ask("When was the Eiffel Tower built?")
	if eval[bool](p, `!!document.querySelector(".read")`) {
		t.Error("of a first question it is said what was read with it")
	}
	together := p.ask("who designed it?")
	reads := func(want string) {
		t.Helper()
		p.wait("to be read: "+want, fmt.Sprintf(`%s?.innerText.startsWith(%s)`, lastRead, quote(want)))
		p.settled(2)
	}
	reads("Read with turn 1")
	button := lastRead + `.querySelector("button")`
	if name := squeeze(eval[string](p, button+`.textContent`)); name != "Read it alone: turn 2" {
		t.Errorf("the button is called %q", name)
	}

	p.tab(true, "the button", `e === `+button)
	eval[bool](p, `(window.testTop = `+lastRead+`.closest("article").getBoundingClientRect().top, true)`)
	p.press(kb.Enter)
	reads("Read alone, as a new topic")
	turns := p.turns()
	if slices.Equal(turns[1].Titles, together.Titles) {
		t.Errorf("read alone it finds the same: %q", turns[1].Titles)
	}
	if turns[0].Quote != first.Quote {
		t.Errorf("the first turn became %+v", turns[0])
	}
	if !eval[bool](p, `document.activeElement === `+button) {
		t.Error("the focus is lost")
	}
	if moved := eval[float64](p, lastRead+`.closest("article").getBoundingClientRect().top - window.testTop`); moved < -1 || moved > 1 {
		t.Errorf("the turn moved by %v pixels", moved)
	}

	p.do(chromedp.Reload())
	p.ready()
	reads("Read alone, as a new topic")
	eval[bool](p, `(`+button+`.click(), true)`)
	reads("Read with turn 1")
	if got := p.turns()[1]; got.Quote != together.Quote || !slices.Equal(got.Titles, together.Titles) {
		t.Errorf("read together again it is %+v, was %+v", got, together)
	}

	// Of the turns, the newest has the button.
	p.ask("what else did he work on?")
	if n := eval[int](p, `document.querySelectorAll(".read").length * 10 + document.querySelectorAll(".read button").length`); n != 21 {
		t.Errorf("2 turns say what they were read with and one has a button; got %d", n)
	}
}

// A message longer than the input is read to its end, however long it is.
func TestTheEndOfALongQuestionIsRead(t *testing.T) {
	p := open(t, shipped(t)).ready()
	words := "The children in my class like to build things. "
	for i, n := range []int{20, 3000} { // 1 KB, and 140 KB
		p.paste(quote(strings.Repeat(words, n) + "My question is about the Eiffel Tower in Paris."))
		p.settled(i + 1)
		if got := eval[string](p, lastRead+`.innerText`); !strings.Contains(got, "longer than what the encoder reads: its middle was left out") {
			t.Errorf("%d sentences: %q", n, got)
		}
		eval[bool](p, `([...document.querySelectorAll(".vector-button")].at(-1).click(), true)`)
		p.wait("the terms", fmt.Sprintf(`document.querySelectorAll(".panel:not([hidden]) .vector").length === %d`, i+1))
		shown := eval[string](p, `[...document.querySelectorAll("article.turn .question .words")].at(-1).textContent`)
		if !strings.HasPrefix(shown, words) || !strings.HasSuffix(shown, "My question is about the Eiffel Tower in Paris.") || len(shown) > 500 {
			t.Errorf("%d sentences: on view is %q", n, shown)
		}
		terms := eval[[]string](p, `[...[...document.querySelectorAll(".panel:not([hidden])")].at(-1).querySelectorAll(".term .word")].map(e => e.innerText)`)
		if !slices.Contains(terms, "tower") || !slices.Contains(terms, "children") {
			t.Errorf("%d sentences: not both ends are read: %q", n, terms)
		}
	}
}

func TestHowATurnWasReadLooks(t *testing.T) {
	inBoth(t, func(t *testing.T, p *page) {
		p.ready()
		p.ask("When was the Eiffel Tower built?")
		p.ask("who designed it?")
		p.ask("what else did he work on?")
		look := func(what string) {
			t.Helper()
			p.accessible(what)
			for _, width := range []int64{1440, 360} {
				p.do(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 600}))
				if eval[bool](p, `document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
					t.Errorf("%s: wider than %d pixels", what, width)
				}
				p.picture(fmt.Sprintf("%s-%d", what, width))
			}
		}
		look("together")
		eval[bool](p, `(`+lastRead+`.querySelector("button").click(), true)`)
		p.wait("the other answer", lastRead+`.innerText.startsWith("Read alone")`)
		p.settled(3)
		look("alone")
		if os.Getenv("PARLEY_PICTURES") != "" {
			p.paste(quote(strings.Repeat("The children in my class like to build things. ", 20) + "How high is the Eiffel Tower?"))
			p.settled(4)
			look("long")
		}
	})
}
