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

// widths and schemes that the instruments are looked at in.
func (p *page) look(what string) {
	p.t.Helper()
	for _, width := range []int64{360, 768, 1440} {
		for _, scheme := range []string{"light", "dark"} {
			p.do(chromedp.EmulateViewport(width, 900), media(scheme))
			wide := eval[[]string](p, `(() => {
				const wide = document.documentElement.clientWidth;
				if (document.documentElement.scrollWidth <= wide) return [];
				return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + .5)
					.map(e => e.tagName + "." + e.className + " " + e.getBoundingClientRect().right).slice(-5);
			})()`)
			if len(wide) > 0 {
				p.t.Errorf("%s, %d pixels wide: too wide are %q", what, width, wide)
			}
			p.picture(fmt.Sprintf("%s-%d-%s", what, width, scheme))
		}
	}
	p.do(chromedp.EmulateViewport(1200, 900))
}

// family opens a page over four levels.
func openFamily(t testing.TB) *page {
	t.Helper()
	start(t)
	return open(t, serveFolder(t, publishRelease(t, release{encoder: familyOfFour(t)}))).ready()
}

// side reads a line of the dial's table, level by level.
func (p *page) side(row string) []string {
	p.t.Helper()
	return eval[[]string](p, fmt.Sprintf(`[...document.querySelectorAll(".side-by-side tbody tr")]
		.filter(tr => tr.querySelector("th").textContent.trim() === %s)
		.flatMap(tr => [...tr.querySelectorAll("td")].map(td => td.innerText.trim()))`, quote(row)))
}

const allKnown = `document.querySelector(".side-by-side") && ![...document.querySelectorAll(".side-by-side .value, .readout .value, .numbers td")].some(e => e.textContent === "…")`

// Every level reads the whole conversation; its figures stand side by side, and the
// charts go on with the conversation.
func TestTheDial(t *testing.T) {
	p := openFamily(t)
	if eval[bool](p, `!!document.querySelector("section.tools")`) {
		t.Error("instruments before there is anything to look at")
	}
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed it?")
	if eval[bool](p, `!!document.querySelector(".instrument")`) {
		t.Error("an instrument is open that nobody opened")
	}
	p.click("#open-dial")
	p.wait("all levels", allKnown)
	numbers := func(row string) (n []int) {
		for _, s := range p.side(row) {
			var v int
			fmt.Sscan(strings.ReplaceAll(s, ",", ""), &v)
			n = append(n, v)
		}
		return n
	}
	for _, row := range []string{"Active terms", "Postings touched"} {
		n := numbers(row)
		if len(n) != 4 || !(n[0] > n[1] && n[1] > n[2] && n[2] > n[3] && n[3] > 0) {
			t.Errorf("%s: %v", row, n)
		}
	}
	// FLOPS of a question is the number of postings that it touches per passage.
	for k, s := range p.side("FLOPS") {
		if want := fmt.Sprintf("%.2f", float64(numbers("Postings touched")[k])/12297); s != want {
			t.Errorf("FLOPS %s, wanted %s", s, want)
		}
	}
	if got := p.side("First results"); len(got) != 4 || !strings.Contains(got[0], "Eiffel Tower") {
		t.Errorf("results: %q", got)
	}

	// The native engine says the same of another level than the one that answers.
	terms := numbers("Active terms")
	shown := p.turns()
	if got := len(shown); got != 2 {
		t.Fatalf("%d turns", got)
	}

	// The charts: three, a line a level, a point a turn; the newest turn's values below.
	lines := eval[[]string](p, `[...document.querySelectorAll(".chart .line:not(.dots)")].map(l => l.getAttribute("d"))`)
	if len(lines) != 3*4 || slices.ContainsFunc(lines, func(d string) bool { return strings.Count(d, "L") != 1 }) {
		t.Errorf("lines: %q", lines)
	}
	if got := eval[int](p, `parseInt(document.querySelector(".readout .value").textContent)`); got != terms[0] {
		t.Errorf("the chart says %d terms, the table %d", got, terms[0])
	}
	p.ask("what else did he build?")
	p.wait("the third turn on the charts", allKnown+` && document.querySelector(".chart .line").getAttribute("d").split("L").length === 3`)

	// By keyboard: the picker's buttons choose a turn. By mouse: over a chart.
	was := p.side("Active terms")
	p.do(chromedp.Focus(chromedp.CSS(".picker button")))
	p.press(kb.Enter)
	p.wait("the first turn", `document.querySelector(".picker [aria-pressed=true]").innerText.includes("1") && document.querySelector(".chart text.here").textContent === "1"`)
	if first := p.side("Active terms"); slices.Equal(first, was) {
		t.Errorf("turn 1 has the figures of turn 3: %q", first)
	}
	at := eval[[]float64](p, `(() => { document.querySelector(".chart").scrollIntoView({block: "center"}); const r = document.querySelectorAll(".chart .strip")[1].getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`)
	p.do(call(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: "mouseMoved", X: at[0], Y: at[1]}))
	p.wait("the second turn", `document.querySelector(".chart text.here").textContent === "2"`)

	// The numbers are there as a table, for whoever sees no chart.
	if got := eval[[]int](p, `[document.querySelectorAll(".numbers tbody tr").length, document.querySelectorAll(".numbers thead th[scope=col]").length]`); !slices.Equal(got, []int{3, 12}) {
		t.Errorf("the table has %v rows and columns", got)
	}

	// Set by keyboard, the dial makes another level answer all turns again.
	p.do(chromedp.Focus(chromedp.CSS(".levels input:checked")))
	p.press(kb.ArrowRight)
	p.wait("another level", `document.querySelector(".levels .in-use input").value === "2x"`)
	p.settled(3)
	p.wait("all levels", allKnown)
	if got := eval[string](p, `document.querySelector("article.turn:first-child .vector-button .figures, .vector-button .figures").textContent`); !strings.HasPrefix(got, fmt.Sprint(numbersOf(p, "Turn 1")[2])) {
		t.Errorf("the first turn now has %q", got)
	}

	p.accessibleInBoth("the dial")
	p.look("dial")
}

// numbersOf reads a line of the charts' table.
func numbersOf(p *page, row string) []string {
	p.t.Helper()
	return eval[[]string](p, fmt.Sprintf(`[...document.querySelectorAll(".numbers tbody tr")]
		.filter(tr => tr.querySelector("th").textContent.trim() === %s)
		.flatMap(tr => [...tr.querySelectorAll("td")].map(td => td.textContent.trim()))`, quote(row)))
}

const compared = `document.querySelector(".ways") && !document.querySelector(".ways .waiting:not([hidden])")`

// On an example, whose rewrite and answers are known, every column says where an
// answer stands; a rewrite of one's own takes the place of the known one.
func TestCompare(t *testing.T) {
	p := openFamily(t)
	eval[bool](p, `(document.querySelectorAll("[data-example]")[0].click(), true)`)
	p.settled(3)
	p.click("#open-compare")
	p.wait("all columns", compared+` && document.querySelectorAll(".way").length === 4`)
	read := func(css string) []string {
		return eval[[]string](p, fmt.Sprintf(`[...document.querySelectorAll(%s)].map(e => e.innerText.trim())`, quote(css)))
	}
	if got := read(".way h4"); !slices.Equal(got, []string{"Last turn alone", "Whole conversation", "Whole conversation, distilled", "Rewrite"}) {
		t.Errorf("columns: %q", got)
	}
	if got := read(".way .rank"); len(got) != 4 || slices.ContainsFunc(got, func(s string) bool { return !strings.HasPrefix(s, "What answers:") }) {
		t.Errorf("ranks: %q", got)
	}
	if got := p.text(".gold-text"); !strings.Contains(got, "Gustave Eiffel") {
		t.Errorf("what answers: %q", got)
	}
	if got := eval[string](p, `document.querySelector("#rewrite").value`); !strings.Contains(got, "What did Gustave Eiffel do") {
		t.Errorf("the field holds %q", got)
	}
	// The first turn stands alone already: its rewrite ranks as it does.
	eval[bool](p, `(document.querySelector(".picker button").click(), true)`)
	p.wait("the first turn", compared+` && document.querySelector("#rewrite").value.startsWith("How tall is the Eiffel Tower")`)
	columns := eval[[]string](p, `[...document.querySelectorAll(".way ol")].map(e => [...e.querySelectorAll("li > :first-child")].map(s => s.textContent).join("; "))`)
	if columns[0] != columns[3] || columns[0] == "" {
		t.Errorf("the same text ranks as %q and %q", columns[0], columns[3])
	}
	// One's own.
	p.do(chromedp.Focus(chromedp.CSS("#rewrite")))
	eval[bool](p, `(document.querySelector("#rewrite").select(), true)`)
	p.press("How deep is the Mariana Trench?\r")
	p.wait("one's own rewrite", compared+` && [...document.querySelectorAll(".way")].at(-1).innerText.includes("Mariana")`)
	if got := read(".way:last-child .ranks .moved"); len(got) == 0 {
		t.Error("nothing moved for another question")
	}
	// The whole page may be used without an example.
	p.click("#new")
	p.settled(0)
	p.ask("Who discovered penicillin?")
	p.wait("columns without a rewrite", compared+` && document.querySelectorAll(".way").length === 3`)
	if got := read(".way .rank:not([hidden])"); len(got) != 0 {
		t.Errorf("ranks of what is not known: %q", got)
	}

	eval[bool](p, `(document.querySelector("#new").click(), true)`)
	p.settled(0)
	eval[bool](p, `(document.querySelectorAll("[data-example]")[0].click(), true)`)
	p.settled(3)
	p.wait("all columns", compared+` && document.querySelectorAll(".way").length === 4`)
	p.accessibleInBoth("comparing")
	p.look("compare")
}

// Of a result, the shared terms add up to the score; a term switched off, or a turn
// left out, changes the ranking at once, and only there.
func TestWhy(t *testing.T) {
	p := openFamily(t)
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed it?")
	before := p.turns()[1]
	last := `[...document.querySelectorAll("article.turn")].at(-1)`
	p.click("article.turn:last-of-type .why-button, li:last-child .why-button")
	p.wait("the parts", `document.querySelectorAll(".why .part .product").length > 5`)
	// Query weight times passage weight, bar by bar, up to the score.
	sum := eval[[]float64](p, `(() => {
		const rows = [...document.querySelectorAll(".why .part")].map(r => r.querySelector(".product").textContent.match(/([\d.]+) × ([\d.]+) = ([\d.]+)/).slice(1).map(Number));
		const text = document.querySelector(".why .summary").textContent;
		const rest = text.match(/add ([\d.]+)\.$/);
		return [rows.reduce((s, r) => s + r[2], 0) + (rest ? Number(rest[1]) : 0), Number(text.match(/add up to ([\d.]+)\./)[1]), Math.max(...rows.map(r => Math.abs(r[0] * r[1] - r[2])))];
	})()`)
	if d := sum[0] - sum[1]; d > .1 || d < -.1 || sum[2] > .05 {
		t.Errorf("the parts add up to %v, the score is %v; products are off by up to %v", sum[0], sum[1], sum[2])
	}
	if got := p.text(".why .part .chip"); got != "1" && got != "2" && !strings.HasPrefix(got, "1") {
		t.Errorf("the heaviest term is from turn %q", got)
	}
	// Switch the heaviest terms off, by keyboard.
	for n := range 3 {
		eval[bool](p, fmt.Sprintf(`(document.querySelectorAll(".why .part .off")[%d].focus(), true)`, n))
		p.press(kb.Enter)
		p.wait("the term to be off", fmt.Sprintf(`document.querySelectorAll(".why .part .product")[%d].textContent === "off"`, n))
	}
	if got := p.text(".trying"); !strings.Contains(got, "3\u00a0terms changed") {
		t.Errorf("said of it: %q", got)
	}
	p.wait("another ranking", last+`.querySelector(".result .score").innerText !== `+quote(fmt.Sprint(before.Titles)))
	if now := p.turns()[1]; now.Quote != before.Quote || now.Source != before.Source {
		t.Errorf("the reply changed: %+v", now)
	}
	moved := eval[int](p, `[...document.querySelectorAll(".result .move")].filter(e => e.textContent).length`)
	scores := eval[string](p, last+`.querySelector(".result .score").innerText`)
	if moved == 0 && scores == "" {
		t.Error("nothing moved")
	}
	// A slider: the focus stays on it while the ranking follows.
	eval[bool](p, `(document.querySelectorAll(".why .part input")[4].focus(), true)`)
	p.press(kb.ArrowRight)
	p.press(kb.ArrowRight)
	p.wait("one and a half times", `document.querySelector(".trying").textContent.includes("4\u00a0terms") && document.activeElement.getAttribute("aria-valuetext") === "1.5 times"`)
	p.accessibleInBoth("why")
	p.look("why")
	// Back to what it was.
	p.click(".trying button")
	p.wait("the page's own ranking", `!document.querySelector(".trying")`)
	if now := p.turns()[1]; !slices.Equal(now.Titles, before.Titles) {
		t.Errorf("results %q, before %q", now.Titles, before.Titles)
	}

	// Mask the first turn: the follow-up no longer finds the tower.
	eval[bool](p, `(`+last+`.querySelector(".vector-button").click(), true)`)
	p.wait("the legend", last+`.querySelector(".legend .mask:not([hidden])")`)
	eval[bool](p, `(`+last+`.querySelector(".legend .mask:not([hidden])").focus(), true)`)
	p.press(kb.Enter)
	p.wait("the turn left out", `document.querySelector(".trying")?.textContent.includes("turn 1 left out") && ![...`+last+`.querySelectorAll(".result h3")].some(h => h.textContent.includes("Eiffel Tower"))`)
	if lit := eval[[]string](p, `[...`+last+`.querySelectorAll(".term .chip")].map(c => c.textContent)`); slices.Contains(lit, "1") {
		t.Errorf("terms are lit by %q, though turn 1 is left out", lit)
	}
	p.look("mask")
}

// Each step of the tour is an address of its own, and shows its instrument on the
// real page.
func TestTheTour(t *testing.T) {
	start(t)
	s := serveFolder(t, publishRelease(t, release{encoder: familyOfFour(t)}))
	p := open(t, s).ready()
	p.ask("a question of one's own")
	steps := eval[[]string](p, `[...document.querySelectorAll(".tour-steps a")].map(a => a.getAttribute("href"))`)
	if len(steps) != 5 {
		t.Fatalf("steps: %q", steps)
	}
	shows := map[string]string{
		"#tour=sparse-vector": `document.querySelector(".panel:not([hidden]) .term")`,
		"#tour=follow-ups":    compared + ` && document.querySelectorAll(".way").length === 4`,
		"#tour=distillation":  compared + ` && document.querySelectorAll(".way .rank:not([hidden])").length === 4`,
		"#tour=regulariser":   allKnown,
		"#tour=cost":          allKnown + ` && document.querySelectorAll(".chart text").length === 3 * 5`,
	}
	eval[bool](p, `(document.querySelector(".tour-steps a").click(), true)`)
	for n, step := range steps {
		title := eval[string](p, fmt.Sprintf(`document.querySelectorAll(".tour-steps a")[%d].textContent`, n))
		p.wait("the step", `document.querySelector("#tour-title")?.textContent === `+quote(title)+` && location.hash === `+quote(step))
		p.wait("what it shows", shows[step])
		p.accessible("the tour, " + step)
		p.look("tour-" + strings.TrimPrefix(step, "#tour="))
		if n+1 < len(steps) {
			p.do(chromedp.Focus(chromedp.CSS(".tour .next")))
			p.press(kb.Enter)
		}
	}
	if eval[bool](p, `!document.querySelector(".tour .next").hidden`) {
		t.Error("there is a next step after the last")
	}
	p.click(".tour button")
	p.wait("the end", `!document.querySelector(".tour") && location.hash === "" && document.activeElement.id === "q"`)

	// Opened by its address, a step needs nothing before it.
	q := blank(t, s)
	q.navigate(s.url() + "#tour=follow-ups")
	q.wait("the step", `document.querySelector("#tour-title")?.textContent.includes("follow-ups")`)
	q.wait("what it shows", shows["#tour=follow-ups"])
}
