package browser

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"parley/shared/passages"
)

// media makes the browser prefer a colour scheme and no motion.
func media(scheme string) chromedp.Action[chromedp.Void] {
	return call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// axe is axe-core 4.14.1 (MPL 2.0), which checks the rules of accessibility that
// a program can.
func axe(t testing.TB) string {
	t.Helper()
	f, err := os.Open("testdata/axe.min.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// accessible lets axe look at the page.
func (p *page) accessible(when string) {
	p.t.Helper()
	if !eval[bool](p, `"axe" in window`) {
		eval[bool](p, axe(p.t)+"; true")
	}
	type violation struct{ Id, Help, Nodes string }
	for _, v := range eval[[]violation](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({
		Id: v.id, Help: v.help, Nodes: v.nodes.slice(0, 4).map(n => n.html.slice(0, 160) + " :: " + n.failureSummary).join("\n\t\t")})))`) {
		p.t.Errorf("%s: %s: %s\n\t\t%s", when, v.Id, v.Help, v.Nodes)
	}
}

// accessibleInBoth is accessible in light and in dark.
func (p *page) accessibleInBoth(when string) {
	p.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.do(media(scheme))
		p.accessible(when + ", " + scheme)
	}
}

// inBoth runs a test on the shipped page, opened in light and in dark.
func inBoth(t *testing.T, test func(t *testing.T, p *page)) {
	s := shipped(t)
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			p := blank(t, s)
			p.do(media(scheme))
			p.navigate(s.url())
			test(t, p)
		})
	}
}

func TestAccessible(t *testing.T) {
	inBoth(t, func(t *testing.T, p *page) {
		p.ready()
		p.accessible("the first page")
		p.ask("When was the Eiffel Tower built?")
		p.ask("who designed it?")
		eval[bool](p, `([...document.querySelectorAll(".vector-button")].at(-1).click(), true)`)
		p.wait("the terms", `document.querySelector(".panel .term")`)
		p.allResults()
		p.accessible("a conversation, terms and results open")
		p.click(`article.turn [id^="edit-button-"]`)
		p.wait("the editor", `document.querySelector("[data-editor]")`)
		p.accessible("while a turn is edited")
		p.picture("edit")
		eval[bool](p, `(document.querySelector("[data-cancel]").click(), document.querySelector("details").open = true)`)
		p.click("#new")
		p.settled(0)
		p.accessible("with a notice and the explanation open")
		p.picture("explained")
		// The check must be able to fail.
		eval[bool](p, `(document.querySelector("label[for=q]").remove(), document.querySelector("#q").removeAttribute("placeholder"), true)`)
		if n := eval[int](p, `axe.run().then(r => r.violations.filter(v => v.id === "label").length)`); n != 1 {
			t.Error("a question box without a label passes")
		}
	})
}

// On a phone nothing is wider than the screen.
func TestFitsAPhone(t *testing.T) {
	long := strings.Repeat("Donaudampfschifffahrtsgesellschaft", 8)
	p := over(t, passages.Passage{ID: "1", Title: long, Text: "A " + long + " steams on the Danube. https://example.org/" + strings.Repeat("a/", 200), URL: "https://example.org/"},
		passages.Passage{ID: "2", Title: "Rivers", Text: "The Danube is a river with steamers."})
	fits := func(when string) {
		t.Helper()
		for _, width := range []int64{390, 320} {
			p.do(chromedp.EmulateViewport(width, 700, chromedp.EmulateMobile, chromedp.EmulateTouch))
			got := eval[[]string](p, `(() => {
				const wide = document.documentElement.clientWidth;
				if (document.documentElement.scrollWidth <= wide) return [];
				return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + .5)
					.map(e => e.tagName + "." + e.className + " " + e.getBoundingClientRect().right).slice(-5);
			})()`)
			if len(got) > 0 {
				t.Errorf("%s, %d pixels wide: too wide are %q", when, width, got)
			}
			p.picture(fmt.Sprintf("%s-%d", when, width))
		}
	}
	fits("first page")
	p.paste(quote("what steams on the Danube? " + long))
	p.settled(1)
	eval[bool](p, `(document.querySelector(".vector-button").click(), document.querySelector("details").open = true)`)
	p.wait("the terms", `document.querySelector(".panel .term")`)
	fits("conversation")
	// What is pressed is large enough for a finger (WCAG 2.2, 2.5.8).
	small := eval[[]string](p, `[...document.querySelectorAll("button, summary, textarea")].filter(e => {
		const r = e.getBoundingClientRect();
		return r.width > 0 && (r.height < 24 || r.width < 24);
	}).map(e => e.outerHTML.slice(0, 100))`)
	if len(small) > 0 {
		t.Errorf("too small for a finger: %q", small)
	}
}

// On a wide screen the terms stand beside their turn, and push nothing of it down.
func TestTermsStandBesideTheResults(t *testing.T) {
	p := open(t, shipped(t)).ready()
	p.do(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1440, Height: 900, DeviceScaleFactor: 1}))
	p.ask("When was the Eiffel Tower built?")
	p.ask("who designed it?") // more terms than the results are tall
	eval[bool](p, `([...document.querySelectorAll(".vector-button")].at(-1).click(), true)`)
	p.wait("the terms", `document.querySelector(".panel .term")`)
	type box struct{ Row, Results, Panel, Right float64 }
	got := eval[box](p, `(() => {
		const at = s => document.querySelector("article.turn:last-of-type " + s).getBoundingClientRect();
		return {Row: at(".row").bottom, Results: at(".results").top, Panel: at(".panel").left, Right: at(".results").right};
	})()`)
	if got.Panel < got.Right || got.Results-got.Row > 40 {
		t.Errorf("the results begin %.0f pixels below the row of buttons, the terms %.0f right of them: %+v", got.Results-got.Row, got.Panel-got.Right, got)
	}
}

// The README's picture: two turns, the second with its terms, as they fill a window.
//
//	PARLEY_PICTURES=site/pictures go test -run ThePictureOfTheReadme ./site/browser
func TestThePictureOfTheReadme(t *testing.T) {
	dir := os.Getenv("PARLEY_PICTURES")
	if dir == "" {
		t.Skip("PARLEY_PICTURES names no folder")
	}
	if !filepath.IsAbs(dir) { // tests run in their package's folder
		dir = filepath.Join("..", "..", dir)
	}
	p := open(t, shipped(t)).ready()
	p.do(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1360, Height: 960, DeviceScaleFactor: 1}))
	p.ask("How tall is the Eiffel Tower?")
	p.ask("who designed it?")
	eval[bool](p, `([...document.querySelectorAll(".vector-button")].at(-1).click(), true)`)
	p.wait("the terms", `document.querySelector(".panel .term")`)
	eval[bool](p, `(document.activeElement.blur(), scrollTo({top: 0, behavior: "instant"}), true)`)
	p.wait("the top", `scrollY === 0`)
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "page.png"), png, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}
