package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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
		.filter(tr => tr.querySelector("th")?.textContent.trim() === %s)
		.flatMap(tr => [...tr.querySelectorAll("td")].map(td => td.innerText.trim()))`, quote(row)))
}

// allKnown is true once every level has read every turn.
const allKnown = `document.querySelector("#dial .side-by-side tbody") && !/…/.test([...document.querySelectorAll("#dial .value, #dial .grid, #dial .numbers td, #dial dd")].map(e => e.textContent).join(""))`

// Every level reads the whole conversation: its figures stand side by side, its terms row
// by row, and the charts go on with the conversation.
func TestTheDial(t *testing.T) {
	p := openFamily(t)
	if eval[bool](p, `!!document.querySelector("section.tools")`) {
		t.Error("instruments before there is anything to look at")
	}
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed it?")
	if eval[bool](p, `!!document.querySelector("#dial > *") || [...document.scripts].some(s => s.src.includes("charts."))`) {
		t.Error("an instrument is open, or loaded, that nobody opened")
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
	for _, row := range []string{"Learned terms", "Postings touched"} {
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
	if got := eval[[]string](p, `[...document.querySelectorAll(".results-table td")].map(e => e.innerText)`); len(got) != 4 || !strings.Contains(got[0], "Eiffel Tower") {
		t.Errorf("results: %q", got)
	}

	// The grid has every learned term of every level: as many lit cells in a column as the
	// level has terms, and the terms of the sparsest level first.
	terms := numbers("Learned terms")
	type column struct {
		Lit, First int // lit cells, and how many of them come before the first dark one
	}
	for k, c := range eval[[]column](p, `[1, 2, 3, 4].map(n => { const lit = [...document.querySelectorAll(".grid tbody tr")].map(r => r.children[n].className === "lit"); return {Lit: lit.filter(Boolean).length, First: lit.concat(false).indexOf(false)}; })`) {
		if c.Lit != terms[k] || k == 3 && c.First != c.Lit {
			t.Errorf("level %d: %+v, and %d terms", k, c, terms[k])
		}
	}
	if got := p.text(".grid .rank-row td"); got != "1" {
		t.Errorf("the answer's rank under the first level is %q", got)
	}
	// By keyboard from term to term, down to the last, which scrolls into view.
	eval[bool](p, `(document.querySelector('.grid [tabindex="0"]').focus(), true)`)
	p.press(kb.End)
	p.wait("the last term", `document.activeElement === [...document.querySelectorAll(".row-term")].at(-1) && (() => { const a = document.activeElement.getBoundingClientRect(), b = document.querySelector(".scroll:has(> .grid)").getBoundingClientRect(); return a.bottom <= b.bottom + 1; })()`)

	// Fewer terms of one level: its figures move at once, and the grid shows what is cut.
	p.do(chromedp.Focus(chromedp.CSS("#keep")))
	p.press(kb.Home)
	p.wait("one term", allKnown+` && document.querySelector(".cut-name").textContent.startsWith("1 of ") && document.querySelectorAll(".grid .cut").length > 0`)
	if cut := eval[[]string](p, `[...document.querySelectorAll("#dial dl.figures dd")].map(e => e.textContent)`); len(cut) != 4 || !strings.Contains(cut[1], "× fewer") {
		t.Errorf("of one term it is said %q", cut)
	}
	p.press(kb.End)
	p.wait("all terms", `document.querySelectorAll(".grid .cut").length === 0`)

	// The charts: told at the point, by keyboard too; and as a table.
	p.do(chromedp.Focus(chromedp.CSS("[aria-label^='Learned terms, against'] ")))
	p.press(kb.Home)
	p.wait("a point", `/turn 1: \d/.test(document.querySelector("[aria-label^='Learned terms, against'] .tip:not([hidden])")?.textContent)`)
	p.ask("what else did he build?")
	p.wait("the third turn", allKnown+` && document.querySelectorAll("#dial .numbers tbody tr").length === 3`)
	if got := eval[int](p, `document.querySelectorAll("#dial .numbers thead th[scope=col]").length`); got != 1+2*4 {
		t.Errorf("the table has %d columns", got)
	}

	// The picker's buttons choose a turn.
	was := p.side("Learned terms")
	p.do(chromedp.Focus(chromedp.CSS("#dial .picker button")))
	p.press(kb.Enter)
	p.wait("the first turn", allKnown+` && document.querySelector("#dial .picker [aria-pressed=true]").innerText.includes("1")`)
	if first := p.side("Learned terms"); slices.Equal(first, was) {
		t.Errorf("turn 1 has the figures of turn 3: %q", first)
	}

	// Time is measured on request: a median and the middle half for each level.
	p.click("#dial .time button")
	p.wait("the times", `document.querySelectorAll("#dial .time td").length === 8`)
	if got := p.text("#dial .time td"); !strings.Contains(got, " to ") {
		t.Errorf("the time of a level is %q", got)
	}

	// Every chart and table is saved in four forms.
	eval[bool](p, `(window.savedFiles = [], URL.createObjectURL = b => { savedFiles.push(b); return "#"; }, HTMLAnchorElement.prototype.click = () => {}, true)`)
	menus := eval[int](p, `(() => { const all = [...document.querySelectorAll("#dial .save")].filter(m => m.checkVisibility()); for (const m of all) for (const b of m.querySelectorAll("button")) b.click(); return all.length; })()`)
	p.wait("the files", fmt.Sprintf(`savedFiles.length === %d`, 4*menus))
	if menus < 6 {
		t.Errorf("%d menus to save with", menus)
	}
	saved := eval[map[string][]int](p, `Promise.all(savedFiles.map(async b => [b.type, b.size])).then(all => Object.fromEntries([...new Set(all.map(a => a[0]))].map(t => [t, all.filter(a => a[0] === t).map(a => a[1])])))`)
	for _, kind := range []string{"image/png", "image/svg+xml", "text/csv", "application/json"} {
		if len(saved[kind]) != menus || slices.Min(saved[kind]) < 50 {
			t.Errorf("%s: %v bytes from %d menus", kind, saved[kind], menus)
		}
	}
	if bad := eval[[]string](p, `Promise.all(savedFiles.filter(b => b.type === "image/svg+xml").map(b => b.text())).then(all => all.filter(s => !s.includes("</text>") || /var\(|NaN/.test(s)))`); len(bad) > 0 {
		t.Errorf("an SVG that depends on the page, or has no numbers: %.300s", bad[0])
	}

	// Set by keyboard, the dial makes another level answer all turns again.
	p.do(chromedp.Focus(chromedp.CSS(".levels input:checked")))
	p.press(kb.ArrowRight)
	p.wait("another level", `document.querySelector(".levels .in-use input").value === "2x"`)
	p.settled(3)
	p.wait("all levels", allKnown)
	p.accessibleInBoth("the dial")
	p.look("dial")
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
	// It is saved, from a menu that can be read, and its words are explained.
	eval[bool](p, `(window.savedFiles = [], URL.createObjectURL = b => { savedFiles.push(b); return "#"; }, HTMLAnchorElement.prototype.click = () => {}, document.querySelector(".compare .save").open = true)`)
	if tall := eval[float64](p, `Math.max(...[...document.querySelectorAll(".compare .save button")].map(b => b.scrollHeight))`); tall > 50 {
		t.Errorf("a button of the menu is %v pixels high", tall)
	}
	eval[bool](p, `(document.querySelectorAll(".compare .save button").forEach(b => b.click()), true)`)
	p.wait("four files", `savedFiles.length === 4`)
	table := eval[string](p, `savedFiles.find(f => f.type === "text/csv").text()`)
	if !strings.HasPrefix(table, `turn 3,Last turn alone,Whole conversation,"Whole conversation, distilled",Rewrite`+"\n") || strings.Count(table, "\n") != 16 {
		t.Errorf("saved is %q", table)
	}
	eval[bool](p, `(document.querySelector('.compare [data-gloss="postings"]').focus(), true)`)
	p.wait("the explanation", `document.querySelector("#gloss-tip").textContent.includes("inverted index") && document.querySelector(".compare .glossary")`)
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
