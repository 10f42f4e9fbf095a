// Package plot draws runs' logs as one SVG: panels above each other, a curve a run.
// It is small, needs no script, and follows the reader's light or dark scheme.
package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"

	"parley/trainer/train"
)

// A Run is a log and the name that the legend has for it.
type Run struct {
	Name string
	Log  train.Log
}

// A panel is one quantity over the steps.
type panel struct {
	title, key string
	dev        bool // on the dev set: a point an epoch, not a line of every step
}

// The panels, from the top; one that no run has a value for is left out. The parts of
// the loss stand between its sum and the dev set, as they are logged: before they are
// multiplied by their weights and lambdas.
var panels = []panel{
	{"loss", "loss", false},
	{"KLD", "kld", false}, {"BKL", "bkl", false}, {"GKL", "gkl", false},
	{"InfoNCE", "infonce", false}, {"MarginMSE", "margin_mse", false}, {"distance to the teacher's vector", "distance", false},
	{"FLOPS of queries, before its lambda", "flops", false}, {"L1 of queries, before its lambda", "l1", false},
	{"entropy of queries, before its lambda", "entropy", false}, {"anti-zero term of queries, before its lambda", "anti_zero", false},
	{"FLOPS of documents, before its lambda", "doc_flops", false}, {"L1 of documents, before its lambda", "doc_l1", false},
	{"entropy of documents, before its lambda", "doc_entropy", false},
	{"L0 of queries, training", "l0", false}, {"L0 of documents, training", "doc_l0", false},
	{"dev nDCG@10", "dev_ndcg10", true}, {"dev R@100", "dev_r100", true},
	{"dev L0 of queries", "dev_l0", true}, {"dev L0 of documents", "dev_doc_l0", true},
	{"gradient's norm, before clipping", "norm", false},
	{"learning rate", "rate", false},
}

// Sizes in SVG units; a panel's drawing area is plotWidth x plotHeight.
const (
	left, right    = 58, 14
	plotWidth      = 488
	plotHeight     = 96
	above, between = 22, 40
	legendLine     = 18
	points         = 200 // of a curve: more steps are averaged together
	early          = .05 // part of the steps whose values may lie beyond the scale
)

// colours, of light and of dark schemes: Okabe and Ito's, which stay apart for the
// colour-blind, lightened where they would drown.
var colours = [][2]string{{"#0072b2", "#56b4e9"}, {"#d55e00", "#ff9d5c"}, {"#009e73", "#3fd1a5"}, {"#aa4c86", "#e08fc0"}, {"#8a6d00", "#e6c229"}, {"#444444", "#cccccc"}}

type point struct{ x, y float64 }

// SVG draws the runs. Equal logs give equal bytes.
func SVG(runs []Run) []byte {
	var shown []panel
	most := 1.0
	for _, r := range runs {
		for _, l := range r.Log {
			most = math.Max(most, l["step"])
		}
	}
	for _, p := range panels {
		for _, r := range runs {
			if len(p.points(r.Log)) > 0 {
				shown = append(shown, p)
				break
			}
		}
	}
	width := left + plotWidth + right
	top := legendLine*len(runs) + 12
	height := top + len(shown)*(above+plotHeight+between)

	var b bytes.Buffer
	begin(&b, width, height, "Training curves", len(runs))
	for i, r := range runs {
		y := legendLine*i + 14
		fmt.Fprintf(&b, `<path class="curve %s" d="M%d %dh24"/><text x="%d" y="%d">%s</text>`+"\n", class(i), left, y-4, left+32, y, escape(r.Name))
	}
	fmt.Fprintf(&b, `<text x="%d" y="14" text-anchor="end">by step</text>`+"\n", left+plotWidth)
	for i, p := range shown {
		p.draw(&b, runs, top+i*(above+plotHeight+between)+above, most)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// begin opens an SVG and defines the colours of n curves.
func begin(b *bytes.Buffer, width, height int, label string, n int) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n", width, height, width, height, escape(label))
	b.WriteString("<style>\nsvg{background:#fff;color:#222;font:12px system-ui,sans-serif}\ntext{fill:currentColor}\n.grid{stroke:currentColor;stroke-opacity:.15}\n.curve{fill:none;stroke-width:1.5;stroke-linejoin:round}\n")
	for i := range min(n, len(colours)) {
		fmt.Fprintf(b, ".c%d{stroke:%s}.c%d.dot{fill:%s}\n", i, colours[i][0], i, colours[i][0])
	}
	b.WriteString("@media(prefers-color-scheme:dark){svg{background:#161616;color:#ddd}")
	for i := range min(n, len(colours)) {
		fmt.Fprintf(b, ".c%d{stroke:%s}.c%d.dot{fill:%s}", i, colours[i][1], i, colours[i][1])
	}
	b.WriteString("}\n</style>\n")
}

// class is a run's colour; a dash tells those apart that share one.
func class(run int) string {
	c := fmt.Sprintf("c%d", run%len(colours))
	if d := run / len(colours); d > 0 {
		return fmt.Sprintf(`%s" stroke-dasharray="%d 3`, c, 2+4*d)
	}
	return c
}

// points are the panel's values, thinned to means of equal stretches of steps.
func (p panel) points(log train.Log) []point {
	var all []point
	for _, l := range log {
		if v, ok := l[p.key]; ok && l.Dev() == p.dev && !math.IsNaN(v) && !math.IsInf(v, 0) {
			all = append(all, point{l["step"], v})
		}
	}
	if p.dev || len(all) <= points {
		return all
	}
	var thin []point
	for i := range points {
		part := all[i*len(all)/points : (i+1)*len(all)/points]
		var mean point
		for _, q := range part {
			mean.x += q.x / float64(len(part))
			mean.y += q.y / float64(len(part))
		}
		thin = append(thin, mean)
	}
	return thin
}

// draw draws a panel whose drawing area begins at y.
func (p panel) draw(b *bytes.Buffer, runs []Run, y int, most float64) {
	curves := make([][]point, len(runs))
	low, high := math.Inf(1), math.Inf(-1)
	for i, r := range runs {
		curves[i] = p.points(r.Log)
		for _, q := range curves[i] {
			// The first steps are far off and would flatten all that follows: they
			// do not count for the scale, and are drawn along its edge.
			if q.x < early*most && len(curves[i]) >= points/2 {
				continue
			}
			low, high = math.Min(low, q.y), math.Max(high, q.y)
		}
	}
	marks := ticks(low, high, 4)
	low, high = math.Min(low, marks[0]), math.Max(high, marks[len(marks)-1])
	at := func(q point) (float64, float64) {
		v := math.Max(low, math.Min(high, q.y))
		return left + plotWidth*q.x/most, float64(y) + plotHeight*(high-v)/(high-low)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="600">%s</text>`+"\n", left, y-8, escape(p.title))
	for _, v := range marks {
		_, h := at(point{0, v})
		fmt.Fprintf(b, `<path class="grid" d="M%d %sh%d"/><text x="%d" y="%s" text-anchor="end">%s</text>`+"\n", left, number(h), plotWidth, left-6, number(h+4), label(v))
	}
	for _, v := range ticks(0, most, 5) {
		if v > most {
			break
		}
		x, _ := at(point{v, low})
		fmt.Fprintf(b, `<text x="%s" y="%d" text-anchor="middle">%s</text>`+"\n", number(x), y+plotHeight+15, label(v))
	}
	for i, c := range curves {
		if len(c) == 0 {
			continue
		}
		var d strings.Builder
		for j, q := range c {
			x, h := at(q)
			fmt.Fprintf(&d, "%c%s %s", "ML"[min(j, 1)], number(x), number(h))
		}
		fmt.Fprintf(b, `<path class="curve %s" d="%s"/>`+"\n", class(i), d.String())
		if p.dev {
			for _, q := range c {
				x, h := at(q)
				fmt.Fprintf(b, `<circle class="c%d dot" cx="%s" cy="%s" r="2.5"><title>step %s: %s</title></circle>`+"\n",
					i%len(colours), number(x), number(h), label(q.x), strconv.FormatFloat(q.y, 'g', 4, 64))
			}
		}
	}
}

// ticks are round numbers, at most about n steps apart, that span low to high.
func ticks(low, high float64, n int) []float64 {
	if high-low <= 1e-9*math.Max(math.Abs(low), math.Abs(high)) { // level, as far as can be seen
		pad := math.Max(math.Abs(low)/2, 1e-9)
		low, high = low-pad, high+pad
	}
	unit := math.Pow(10, math.Floor(math.Log10((high-low)/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if unit*m*float64(n) >= high-low {
			unit *= m
			break
		}
	}
	var marks []float64
	for i := math.Floor(low/unit + 1e-9); ; i++ { // at most n+2 times
		marks = append(marks, i*unit)
		if i*unit >= high-unit*1e-9 {
			return marks
		}
	}
}

// number is a coordinate, to a tenth.
func number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// label is a tick's: six digits, so that 3*0.1 reads 0.3.
func label(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a Buffer never fails
	return b.String()
}
