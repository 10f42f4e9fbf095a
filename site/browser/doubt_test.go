package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"parley/shared/message"
	"parley/shared/transcript"
)

// doubting makes every answer of the worker's doubt from now on, and read a word as
// another.
func (p *page) doubting(doubt string) {
	p.t.Helper()
	eval[bool](p, `(() => {
		const handle = window.testHandle ??= parley.handle;
		parley.handle = (op, body, ...rest) => handle(op, op === "answer" ? JSON.stringify({...JSON.parse(body),
			reply: 0, doubt: `+quote(doubt)+`, spelling: [{typed: "fotosynthesis", read: "photosynthesis"}]}) : body, ...rest);
		return true;
	})()`)
}

const lastTurn = `[...document.querySelectorAll("article.turn")].at(-1)`

// Where nothing answers, a sentence stands in place of the quotation, with the nearest
// articles; any result can be made the reply all the same.
func TestADoubtedTurn(t *testing.T) {
	inBoth(t, func(t *testing.T, p *page) {
		p.ready()
		p.ask("When was the Eiffel Tower built?")
		p.doubting(message.DoubtUnsure)
		got := p.ask("how does fotosynthesis pay its rent?")
		if got.Quote != "" || got.Source != "" || len(got.Titles) > 0 {
			t.Errorf("%+v", got)
		}
		text := eval[string](p, lastTurn+`.innerText`)
		for _, want := range []string{"Read as “photosynthesis”.", message.Says(message.DoubtUnsure), "These articles come nearest:"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %q", want, text)
			}
		}
		p.wait("the sentence to be told", `document.querySelector("#live").textContent.includes(`+quote(message.Says(message.DoubtUnsure))+`)`)
		near := eval[[]string](p, `[...`+lastTurn+`.querySelectorAll(".nearest a[href^=http]")].map(a => a.textContent)`)
		if len(near) != 3 {
			t.Errorf("nearest are %q", near)
		}
		p.accessible("a doubted turn")
		p.doubting(message.DoubtThanks)
		p.ask("thanks!")
		if text := eval[string](p, lastTurn+`.querySelector(".reply").innerText`); text != message.Says(message.DoubtThanks) {
			t.Errorf("thanks are answered by %q", text)
		}
		for _, width := range []int64{1440, 360} {
			p.do(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 600}))
			if eval[bool](p, `document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
				t.Errorf("wider than %d pixels", width)
			}
			p.picture(fmt.Sprint(width))
		}
		p.do(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1200, Height: 900, DeviceScaleFactor: 1}))

		// Saved, it is marked as no quotation.
		p.openShare()
		file, content := p.saved(func() {
			eval[bool](p, `([...document.querySelectorAll("#share-panel button")].find(b => b.textContent === "Markdown").click(), true)`)
		})
		if !strings.Contains(string(content), "\n*"+message.Says(message.DoubtUnsure)+"*\n") {
			t.Errorf("%s: %s", file, content)
		}
		_, content = p.saved(func() {
			eval[bool](p, `([...document.querySelectorAll("#share-panel button")].find(b => b.textContent === "JSON").click(), true)`)
		})
		var c transcript.Conversation
		if err := json.Unmarshal(content, &c); err != nil || c.Turns[0].Doubt != "" || c.Turns[1].Doubt != message.DoubtUnsure || c.Turns[1].Reply != "" {
			t.Errorf("%s, %v", content, err)
		}
		eval[bool](p, `(document.querySelector("#share-panel").close(), true)`)

		// A result is chosen: the turn has a reply, and the next is asked with it.
		p.doubting(message.DoubtUnsure)
		second := `document.querySelectorAll("article.turn")[1]`
		eval[bool](p, `(`+second+`.querySelector(".results-button").click(), true)`)
		p.wait("the results", second+`.querySelector(".choose")`)
		eval[bool](p, `(`+second+`.querySelector(".choose").click(), true)`)
		p.wait("the reply", second+`.querySelector("figcaption")?.innerText.includes("chosen by you")`)
		if got := p.settled(3)[1]; got.Quote == "" || got.Source != near[0] {
			t.Errorf("chosen was the first of %q: %+v", near, got)
		}
	})
}
