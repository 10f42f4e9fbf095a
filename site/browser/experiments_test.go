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
	p.wait("the figures", `document.querySelectorAll(".figure").length >= 4`)
	if got := eval[int](p, `document.querySelectorAll("#tradeoff .panel-figure svg .curve").length`); got < 4 {
		t.Errorf("%d curves", got)
	}
	if got := p.text("#tradeoff > p"); got != "Up and to the left is better." {
		t.Errorf("the caption is %q", got)
	}
	// By keyboard, from point to point.
	p.do(chromedp.Focus(chromedp.CSS("#tradeoff svg")))
	p.press(kb.ArrowRight)
	first := p.text("#tradeoff output")
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
	if second := p.text("#tradeoff output"); first == second || !strings.Contains(first, fmt.Sprintf("FLOPS %.3f: %.3f ± %.3f", at.X, at.Y, at.SD)) {
		t.Errorf("the points are told as %q, %q", first, second)
	}
	// A series is taken away, and brought back.
	dots := `document.querySelectorAll("#tradeoff .dot").length`
	all := eval[int](p, dots)
	p.do(chromedp.Focus(chromedp.CSS("#tradeoff .keys button")))
	p.press(kb.Enter)
	p.wait("a series to go", `document.querySelector("#tradeoff .keys [aria-pressed=false]")`)
	if now := eval[int](p, dots); now >= all {
		t.Errorf("%d points of %d are left", now, all)
	}
	p.press(kb.Enter)
	p.wait("the series to come back", `!document.querySelector("#tradeoff .keys [aria-pressed=false]")`)
	if now := eval[int](p, dots); now != all {
		t.Errorf("%d points of %d came back", now, all)
	}
	if rows := eval[int](p, `document.querySelectorAll("#tradeoff tbody tr").length`); rows < 10 {
		t.Errorf("the table has %d rows", rows)
	}
	eval[bool](p, `(document.querySelector("#tradeoff details").open = true)`)
	p.accessibleInBoth("the experiments")
	p.look("experiments")
	// The page leads there, and nowhere where there are none.
	q := open(t, s)
	q.wait("the link", `document.querySelector("a[href='experiments.html']")`)
	r := open(t, serveFolder(t, publishRelease(t, release{encoder: familyOfFour(t)})))
	if eval[bool](r, `!!document.querySelector("a[href='experiments.html']")`) {
		t.Error("a link to figures that are not there")
	}
}
