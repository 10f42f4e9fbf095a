package browser

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	pages "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/shared/link"
	"parley/site/serve"
)

// window gives the page's window another size.
func (p *page) window(width, height int64) {
	p.t.Helper()
	p.do(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1}))
}

// toured waits until a view of the tour is there: its text, and what the text is about.
func (p *page) toured(address string) {
	p.t.Helper()
	p.wait("the view "+address, `location.hash === `+quote("#tour="+address)+` && document.querySelector(".tour")?.dataset.view === `+quote(strings.TrimSuffix(address, "&present"))+` && document.querySelector(".tour .text:not([aria-busy])")
		&& !document.querySelector("#app [aria-busy=true], #app .waiting:not([hidden])") && ![...document.querySelectorAll("#dial .value")].some(v => v.textContent === "…")`)
}

// tourViews are all views of the tour, and what each is about.
var tourViews = [][2]string{
	{"sparse-vector", ".turn.on-show"},
	{"sparse-vector.2", ".turn.on-show .groups"},
	{"sparse-vector.3", ".turn.on-show .results"},
	{"follow-ups", ".turn.on-show"},
	{"follow-ups.2", ".turn.on-show"},
	{"follow-ups.3", ".turn.on-show"},
	{"follow-ups.4", ".turn.on-show .legend"},
	{"distillation", ".turn.on-show"},
	{"distillation.2", ".instrument.compare .ways"},
	{"regulariser", ".turn.on-show"},
	{"regulariser.2", "#dial .grid"},
	{"cost", ".turn.on-show"},
	{"cost.2", "#dial .side-by-side"},
	{"cost.3", "#dial #keep"},
	{"discussion", ""},
}

// hidden returns what of the tour's card is out of sight, and whether what it is about is,
// once the page has come to rest.
func (p *page) hidden(about string) (bad []string) {
	p.t.Helper()
	for end := time.Now().Add(patience / 4); ; time.Sleep(50 * time.Millisecond) {
		if bad = p.hiddenNow(about); len(bad) == 0 || time.Now().After(end) {
			return bad
		}
	}
}

func (p *page) hiddenNow(about string) []string {
	p.t.Helper()
	return eval[[]string](p, `new Promise(done => requestAnimationFrame(() => setTimeout(() => {
		const bad = [], card = document.querySelector(".tour").getBoundingClientRect();
		for (const css of [".tour", "#tour-title", ".tour .text", ".tour .next", ".tour .end"]) {
			const r = document.querySelector(css).getBoundingClientRect();
			if (r.top < -.5 || r.left < -.5 || r.bottom > innerHeight + .5 || r.right > innerWidth + .5 || r.height < 8) bad.push(css + " at " + [r.left, r.top, r.right, r.bottom].map(Math.round));
		}
		for (const b of document.querySelectorAll(".tour .buttons > :not([inert])")) {
			const words = new Range();
			words.selectNodeContents(b);
			if (words.getClientRects().length > 1) bad.push("in two lines: " + b.textContent);
		}
		for (const part of [.1, .3, .5, .7, .9]) { // nothing of the page lies over the card
			const over = document.elementFromPoint(card.left + card.width * part, card.top + card.height * part);
			if (!over?.closest(".tour")) bad.push("over the card: " + over?.outerHTML.slice(0, 80));
		}
		const text = document.querySelector(".tour .text"), about = `+quote(about)+`;
		if (about && text.scrollHeight > text.clientHeight + 1) bad.push("the text is " + text.scrollHeight + " pixels high in a place of " + text.clientHeight);
		if (about) {
			const r = document.querySelector(about).getBoundingClientRect();
			const beside = card.height >= innerHeight - 1, bottom = beside ? innerHeight : card.top, left = beside ? card.right : 0;
			const seen = Math.min(r.bottom, bottom) - Math.max(r.top, 0);
			if (seen < Math.min(r.height, .55 * bottom) - 1 || r.left < left - 1) bad.push(about + ": of " + Math.round(r.height) + " pixels " + Math.round(seen) + " are seen of a view of " + Math.round(bottom) + ", from " + Math.round(r.left));
		}
		if (document.documentElement.scrollWidth > innerWidth) bad.push("the page is wider than the window");
		done(bad);
	}, 130)))`)
}

// The explanation and Next are in sight in every window, with what they speak of beside
// them: on a small phone, on a laptop, and on one at a zoom of 200 %.
func TestTheTour(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("a question of one's own")
	own := eval[string](p, `sessionStorage.getItem(Object.keys(sessionStorage).find(k => k.startsWith("parley.conversation")))`)
	windows := [][2]int64{{360, 640}, {1366, 625}, {683, 312}}
	p.window(1366, 625)
	eval[bool](p, `(document.querySelector(".tour-steps a").click(), true)`)
	for n, v := range tourViews {
		p.toured(v[0])
		for k := range windows {
			w := windows[(n+k)%len(windows)] // each view comes in another size first
			p.window(w[0], w[1])
			if bad := p.hidden(v[1]); len(bad) > 0 {
				t.Errorf("%s, %d x %d: %q", v[0], w[0], w[1], bad)
			}
			p.picture(fmt.Sprintf("%s-%dx%d", v[0], w[0], w[1]))
		}
		if n == 1 || n == 3 {
			p.accessibleInBoth("the tour, " + v[0])
		}
		switch v[0] {
		case "sparse-vector":
			if got := p.text(".turn .row"); strings.Contains(got, "terms") && eval[string](p, `getComputedStyle(document.querySelector(".turn .row")).visibility`) != "hidden" {
				t.Errorf("the answer is told before the question: %q", got)
			}
			p.press("2")
		case "sparse-vector.2":
			if got := p.text(".tour .verdict"); got != "You said: 10 to 50. 13 of 30,522 are not zero." {
				t.Errorf("verdict %q", got)
			}
		case "follow-ups.2": // without its context the question fails, for all to see
			if got := p.turns()[1]; got.Source != "Kra–Dai languages" || !strings.Contains(p.text(".tour .text"), "not among the first 100") {
				t.Errorf("read alone: %+v, %q", got, p.text(".tour .text"))
			}
		case "follow-ups.3":
			if got := p.turns()[1]; got.Source != "Peru: people and society" || !strings.Contains(p.text(".tour .text"), "is first") {
				t.Errorf("read together: %+v, %q", got, p.text(".tour .text"))
			}
		case "regulariser":
			p.press("1")
		case "regulariser.2":
			if got := p.text(".tour .verdict"); got != "You said: nobel. “history” went dark." {
				t.Errorf("verdict %q", got)
			}
			terms := eval[[]string](p, `[...document.querySelectorAll(".tour .text p")].map(e => e.textContent)`)
			if len(terms) < 2 || !strings.Contains(strings.Join(terms, " "), "Of 34 learned terms, 7 are left") {
				t.Errorf("said %q", terms)
			}
		case "discussion":
			if got := squeeze(p.text(".tour dl")); !strings.Contains(got, "You said: 10 to 50. 13 of 30,522 are not zero.") || !strings.Contains(got, "No prediction.") {
				t.Errorf("kept: %q", got)
			}
		}
		if n+1 < len(tourViews) {
			p.do(chromedp.Focus(chromedp.CSS(".tour .next")))
			p.press(kb.Enter)
		}
	}
	if !eval[bool](p, `document.querySelector(".tour .next").inert`) {
		t.Error("there is a view after the last")
	}
	// At the end the visitor has again what was there before.
	p.window(1366, 625)
	p.click(".tour .end")
	p.wait("the end", `!document.querySelector(".tour") && location.hash === "" && document.activeElement.id === "q"`)
	if got := p.settled(1); got[0].Question != "a question of one's own" {
		t.Errorf("after the tour: %+v", got)
	}
	if now := eval[string](p, `sessionStorage.getItem(Object.keys(sessionStorage).find(k => k.startsWith("parley.conversation")))`); now != own {
		t.Errorf("stored %q, before %q", now, own)
	}
}

// Opened by its address, a view needs nothing before it; the levels that the tour has
// shown are there without a network; and a visitor's own collection comes back.
func TestTheTourAndACollectionOfOnesOwnOffline(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready().installed().openDocuments()
	p.give("#pick-folder", write(t, "garden", garden))
	p.encoded("garden")
	p.press(kb.Escape)
	p.wait("the collection", `document.querySelector("#status-text").textContent.includes("garden")`)
	own := p.ask("where is the spade?")
	if !strings.Contains(own.Quote, "shed") {
		t.Fatalf("the visitor's own collection: %+v", own)
	}
	eval[bool](p, `(location.hash = "#tour=regulariser.2", true)`)
	p.toured("regulariser.2")
	if got := p.turns(); len(got) != 4 || got[3].Source != "Maxim Gorky" {
		t.Errorf("the tour asks %+v", got)
	}
	s.stop()
	p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
	p.do(chromedp.Reload())
	p.toured("regulariser.2")
	if got := p.text(".tour .text"); !strings.Contains(got, "7 are left") {
		t.Errorf("offline: %q", got)
	}
	eval[bool](p, `(location.hash = "#tour=follow-ups.3", true)`)
	p.toured("follow-ups.3")
	if got := p.turns(); got[1].Source != "Peru: people and society" {
		t.Errorf("offline: %+v", got)
	}
	p.press(kb.Escape) // is the page's own key here
	p.click(".tour .end")
	p.wait("the visitor's own conversation", `document.documentElement.classList.contains("own") && document.querySelectorAll("article.turn").length === 1`)
	p.wait("its answer", `document.querySelector("blockquote")?.innerText.trim() === `+quote(own.Quote))
}

// A teacher who has only visited the page has the whole lesson without a network: every
// level, and the handout's answers.
func TestTheTourFirstOpenedOffline(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready().installed()
	s.stop()
	p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")
	for address, want := range map[string]string{"regulariser.2": "7 are left", "cost.2": "over 777 (MTRAG pooled collection)", "discussion": "It touches 47,268"} {
		eval[bool](p, `(location.hash = `+quote("#tour="+address)+`, true)`)
		p.toured(address)
		if got := p.text(".tour .text"); !strings.Contains(got, want) {
			t.Errorf("%s: %q", address, got)
		}
	}
	eval[bool](p, `(location.hash = "#handout=lesson&answers", true)`)
	p.wait("the answers", `document.querySelector(".leaf")?.textContent.includes("10.6 times fewer")`)
}

// A presentation shows one thing at a time, by keys, and each has an address that shows
// the same to someone else.
func TestPresentation(t *testing.T) {
	s := shipped(t)
	p := open(t, s).ready()
	p.ask("How many people live in Peru?")
	p.ask("which languages do they speak?")
	p.window(1366, 625)
	eval[bool](p, `(location.hash = "#present", true)`)
	at := func(q *page, what string) {
		t.Helper()
		q.wait(what, `location.hash.startsWith("#present=`+what+`&c=") && !document.querySelector("#app [aria-busy=true], #app .waiting:not([hidden])") && document.querySelector(".slides select").selectedIndex >= 0`)
	}
	at(p, "turn.1")
	for _, what := range []string{"vector.1", "results.1", "turn.2", "vector.2"} {
		p.press(kb.ArrowRight)
		at(p, what)
	}
	visible := `[...document.querySelectorAll("#q, .masthead .tools, .colophon, .openers, .acts, .reply, .results, .instrument, .vector")].filter(e => e.checkVisibility()).map(e => e.className || e.id)`
	p.wait("the vector alone", `JSON.stringify(`+visible+`) === '["vector"]'`)
	if px := eval[float64](p, `parseFloat(getComputedStyle(document.documentElement).fontSize)`); px < 19 {
		t.Errorf("the type is %v pixels large", px)
	}
	p.accessibleInBoth("a presentation")
	p.press(kb.End)
	at(p, "dial.2")
	p.wait("the dial alone", `JSON.stringify(`+visible+`) === '["instrument dial"]'`)
	p.picture("dial")
	address := eval[string](p, "location.href")

	q := blank(t, s)
	q.navigate(address)
	at(q, "dial.2")
	q.wait("the same conversation", `document.querySelector(".instrument.dial") && document.querySelectorAll("article.turn").length === 2`)
	q.press(kb.ArrowLeft)
	at(q, "compare.2")
	q.press(kb.Escape)
	q.wait("the page", `!document.querySelector(".slides") && location.hash === "" && document.querySelector("#q").checkVisibility()`)

	// The lesson, too, in large type; its text stays in sight.
	eval[bool](p, `(location.hash = "#tour=follow-ups.2&present", true)`)
	p.toured("follow-ups.2&present")
	for _, w := range [][2]int64{{1366, 625}, {1024, 768}, {360, 640}} {
		p.window(w[0], w[1])
		if bad := p.hidden(".turn.on-show"); len(bad) > 0 {
			t.Errorf("%d x %d: %q", w[0], w[1], bad)
		}
	}
	p.press(kb.ArrowRight)
	p.toured("follow-ups.3&present")
	p.press(kb.Escape)
	p.wait("the page", `!document.querySelector(".tour") && location.hash === ""`)
}

// Handouts are printed: of the conversation, and of the lesson without and with answers.
func TestHandouts(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.ask("How many people live in Peru?")
	p.ask("which languages do they speak?")
	for hash, wants := range map[string][]string{
		"#handout":                {"How many people live in Peru?", "2 which languages do they speak?", "“The languages spoken in Peru are Spanish", "https://web.archive.org/web/2025/", "Read as “the languages spoken in Peru”. 18 learned terms and 3 exact words touched 30,565 postings", "Found first: 1. Peru: people and society"},
		"#handout=lesson":         {"1. What is a sparse vector?", "a few hundred", "3. What sparsity costs", "in your own words"},
		"#handout=lesson&answers": {"13 of 30,522 are not zero", "Answer: ", "λ 0.4, 7 terms: 7 terms, 4,464 postings, rank 3", "10.6 times fewer postings; the article falls from rank 1 to 3"},
	} {
		eval[bool](p, `(location.hash = `+quote(hash)+`, true)`)
		p.wait("the handout", `location.hash === `+quote(hash)+` && document.querySelector(".leaf #handout-title") && !document.querySelector(".handout-bar .primary").disabled`)
		got := squeeze(p.text(".leaf"))
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q: %s", hash, want, got)
			}
		}
		if hash == "#handout=lesson" && strings.Contains(got, "13 of 30,522") {
			t.Error("the worksheet tells the answers")
		}
		p.accessible(hash)
		p.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
		if shown := eval[[]string](p, `[...document.querySelectorAll("button, textarea, .masthead, main, .colophon")].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 80))`); len(shown) > 0 {
			t.Errorf("%s, on paper: %q", hash, shown)
		}
		p.do(media("light"))
		err := chromedp.Do(p.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			pdf, err := cdp.Call(ctx, t, pages.PrintToPDF, pages.PrintToPDFParams{})
			if err == nil && len(pdf.Data) < 10000 {
				err = fmt.Errorf("a PDF of %d bytes", len(pdf.Data))
			}
			return err
		}))
		if err != nil {
			t.Errorf("%s: %v", hash, err)
		}
	}
	eval[bool](p, `([...document.querySelectorAll(".handout-bar button")].at(-1).click(), true)`)
	p.wait("the page", `!document.querySelector(".handout") && location.hash === "" && document.querySelector("main").checkVisibility()`)
	if got := p.settled(2); got[1].Source != "Peru: people and society" {
		t.Errorf("after the handouts: %+v", got)
	}
}

// A page of an origin that was named shows the conversation alone, or one instrument, in a
// frame; for any other the page stays shut (TestPromisesHoldWithoutHeaders).
func TestEmbedding(t *testing.T) {
	folder := publishRelease(t, release{})
	course, other := newServer(t, nil), newServer(t, nil)
	page := serve.Handler(folder, "self")
	fragment, err := link.Conversation{Turns: []link.Asked{{Question: "How many people live in Peru?"}}}.Fragment()
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/course.html" {
			framing("./?embed#present=vector.1&"+fragment).ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	}))
	p := blank(t, s)
	p.window(900, 700)
	p.navigate(s.url() + "course.html")
	inside := `document.querySelector("iframe").contentDocument`
	p.wait("the vector in the frame", inside+`.querySelector(".vector .term") && !`+inside+`.querySelector("#app [aria-busy=true]")`)
	p.wait("nothing else in it", `[...`+inside+`.querySelectorAll("#q, .masthead .tools, .vector, .slides, .reply, .colophon")].filter(e => e.checkVisibility()).map(e => e.className).join() === "vector,slides"`)
	if got := eval[string](p, inside+`.querySelector(".slides .outside").href`); !strings.HasPrefix(got, s.url()+"#present=vector.1&c=") {
		t.Errorf("it leads out to %s", got)
	}

	// From another origin; and not from one that was not named.
	for _, c := range []struct {
		by     *server
		starts bool
	}{{course, true}, {other, false}} {
		mine := newServer(t, serve.Handler(folder, strings.TrimSuffix(course.url(), "/")))
		c.by.handler = framing(mine.url() + "?embed")
		q := blank(t, c.by)
		q.expect("off origin", "frame-ancestors")
		q.navigate(c.by.url())
		q.wait("the frame", `document.title === "loaded"`)
		for end := time.Now().Add(patience); c.starts && len(mine.requests("app/worker.")) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		}
		if got := len(mine.requests("app/worker.")); got > 0 != c.starts {
			t.Errorf("in a frame of %s it asks for its worker %d times", c.by.url(), got)
		}
	}
}
