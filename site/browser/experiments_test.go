package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parley/trainer/plot"
)

// The experiments' page draws what the report wrote; values are told by hover, by
// keyboard and in a table; series can be taken away.
func TestExperiments(t *testing.T) {
	start(t)
	root, _ := build(t)
	golden := filepath.Join(root, "trainer", "experiment", "testdata", "report", "golden", "figures.json")
	s := serveFolder(t, publishRelease(t, release{experiments: golden}))
	p := blank(t, s)
	p.navigate(s.url() + "experiments.html#turns")
	p.wait("the figures", `document.querySelectorAll(".figure").length >= 4 && document.querySelector("#turns").open`)
	if open := eval[int](p, `document.querySelectorAll(".figure[open]").length`); open != 1 {
		t.Errorf("%d figures are unfolded, wanted the one of the address", open)
	}
	eval[bool](p, `(document.querySelector("#tradeoff summary").click(), true)`)
	p.wait("the charts", `document.querySelectorAll("#tradeoff figure.chart canvas").length >= 2`)
	if got := p.text("#tradeoff > p"); got != "Up and to the left is better." {
		t.Errorf("the caption is %q", got)
	}
	// By keyboard, from point to point.
	p.do(chromedp.Focus(chromedp.CSS("#tradeoff .paper")))
	p.press(kb.ArrowRight)
	first := p.text("#tradeoff .tip")
	p.press(kb.ArrowRight)
	var drawn struct{ Figures []plot.Figure }
	b, err := os.ReadFile(golden)
	if err == nil {
		err = json.Unmarshal(b, &drawn)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := drawn.Figures[0].Panels[0].Series[0].Points[0]
	if second := p.text("#tradeoff .tip"); first == second || !strings.Contains(first, fmt.Sprintf("%.3f ± %.3f", at.Y, at.SD)) || !strings.Contains(first, "FLOPS ") {
		t.Errorf("the points are told as %q, %q; the first is %+v", first, second, at)
	}
	// A series is taken away, and brought back.
	keys := `document.querySelectorAll("#tradeoff .keys [aria-pressed=true]").length`
	all := eval[int](p, keys)
	p.do(chromedp.Focus(chromedp.CSS("#tradeoff .keys button")))
	p.press(kb.Enter)
	p.wait("a series to go", fmt.Sprintf(keys+` === %d`, all-1))
	p.do(chromedp.Focus(chromedp.CSS("#tradeoff .paper")))
	p.press(kb.Home)
	if now := p.text("#tradeoff .tip"); now == first {
		t.Errorf("a point of what was taken away is told: %q", now)
	}
	p.do(chromedp.Focus(chromedp.CSS("#tradeoff .keys button")))
	p.press(kb.Enter)
	p.wait("the series to come back", fmt.Sprintf(keys+` === %d`, all))
	if rows := eval[int](p, `document.querySelectorAll("#tradeoff tbody tr").length`); rows < 10 {
		t.Errorf("the table has %d rows", rows)
	}
	eval[bool](p, `(document.querySelector("#tradeoff .table").open = true)`)
	p.accessibleInBoth("the experiments")
	p.look("experiments")
	// What ships leads with what was found, and plays a training.
	o := serveFolder(t, publishRelease(t, release{experiments: filepath.Join(root, "models", "experiments", "figures.json")}))
	ours := blank(t, o)
	ours.navigate(o.url() + "experiments.html")
	ours.wait("the claims", `document.querySelectorAll(".claim .verdict").length === 5 && document.querySelectorAll(".claim canvas").length === 5`)
	step := func() string { return ours.text("[for=course-step]") }
	before := step()
	ours.do(chromedp.Focus(chromedp.CSS("#course-step")))
	ours.press(kb.End)
	if after := step(); before != "Step 0 of 600" || after != "Step 600 of 600" {
		t.Errorf("the course goes from %q to %q", before, after)
	}
	ours.wait("the last step's terms", `document.querySelector(".course .said").textContent.startsWith("After 600 steps: 13 terms")`)
	eval[bool](ours, `(document.querySelector(".course .plain").click(), true)`)
	ours.wait("the course to play", `document.querySelector("[for=course-step]").textContent === "Step 50 of 600"`)
	ours.accessible("what was found")
	// The page leads there, and nowhere where there are none.
	q := open(t, s)
	q.wait("the link", `document.querySelector("a[href='experiments.html']")`)
	r := open(t, serveFolder(t, publishRelease(t, release{encoder: familyOfFour(t)})))
	if eval[bool](r, `!!document.querySelector("a[href='experiments.html']")`) {
		t.Error("a link to figures that are not there")
	}
}
