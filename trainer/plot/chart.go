// Package plot draws figures as SVG, such as the training curves of runs. A picture is
// small, needs no script, and follows the reader's light or dark scheme.
package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Figure has panels, two per row, under one legend. It is the JSON in figures.json;
// SVG returns its picture. Series with the same name have the same colour in all
// panels.
type Figure struct {
	Name    string  `json:"name"` // the name of its file
	Title   string  `json:"title"`
	Caption string  `json:"caption,omitempty"` // what a reader must know; it is not in the picture
	Panels  []Panel `json:"panels"`
}

// A Panel is one plot.
type Panel struct {
	Title string `json:"title"`
	X     string `json:"x"` // the title of the horizontal axis
	LogX  bool   `json:"log_x,omitempty"`
	LogY  bool   `json:"log_y,omitempty"`
	// Low and High are the ends of the vertical axis, if they are not both 0. Points
	// beyond them are drawn at the end, as arrows.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
	// Names are at x = 0, 1, 2, ... of an axis without numbers.
	Names  []string `json:"names,omitempty"`
	Series []Series `json:"series"`
}

// A Series is a list of points in one colour.
type Series struct {
	Name   string   `json:"name"`
	Kind   Kind     `json:"kind"`
	Points []XY     `json:"points"`
	Labels []string `json:"labels,omitempty"` // one per point, shown on hovering
}

// An XY is a point and the standard deviation of its Y. All are finite.
type XY struct {
	X  float64 `json:"x"`
	Y  float64 `json:"y"`
	SD float64 `json:"sd,omitempty"`
	// Gap breaks the line before this point, so that a curve may have several lines.
	Gap bool `json:"gap,omitempty"`
}

// A Kind says how a series is drawn.
type Kind string

const (
	Curve Kind = "curve" // points, and a line through them
	Line  Kind = "line"  // only the line, for many points
	Mark  Kind = "mark"  // only points
	Level Kind = "level" // a dashed line across, at the first point's height
	Steps Kind = "steps" // a histogram's outline; X is a bin's left edge
)

// The sizes of a panel in SVG units.
const (
	chartLeft, chartRight = 52, 16
	chartWidth            = 340
	chartHeight           = 210
	chartAbove            = 30
	chartBelow            = 48
	legendLine            = 18
)

// colours are Okabe and Ito's, for light and for dark schemes. Colour-blind readers
// can tell them apart. Some are lighter, so that they are visible on a dark
// background.
var colours = [][2]string{{"#0072b2", "#56b4e9"}, {"#d55e00", "#ff9d5c"}, {"#009e73", "#3fd1a5"}, {"#aa4c86", "#e08fc0"}, {"#8a6d00", "#e6c229"}, {"#444444", "#cccccc"}}

// SVG returns the figure as a picture. Equal figures give equal bytes.
func (f *Figure) SVG() []byte {
	var names []string
	var kinds []Kind
	for _, p := range f.Panels {
		for _, s := range p.Series {
			if !slices.Contains(names, s.Name) {
				names, kinds = append(names, s.Name), append(kinds, s.Kind)
			}
		}
	}
	across := min(2, max(1, len(f.Panels)))
	down := (len(f.Panels) + across - 1) / across
	panelWidth, panelHeight := chartLeft+chartWidth+chartRight, chartAbove+chartHeight+chartBelow
	width := across * panelWidth
	legend := 30 + legendLine*((len(names)+across-1)/across)
	height := legend + down*panelHeight

	var b bytes.Buffer
	begin(&b, width, height, f.Title, len(names))
	fmt.Fprintf(&b, `<text x="12" y="18" font-weight="600">%s</text>`+"\n", escape(f.Title))
	for i, name := range names {
		x, y := 12+i%across*panelWidth, 40+legendLine*(i/across)
		switch kinds[i] {
		case Level:
			fmt.Fprintf(&b, `<path class="curve c%d" stroke-dasharray="%s" d="M%d %dh24"/>`, i%len(colours), dashed, x, y-4)
		case Curve, Line, Steps:
			fmt.Fprintf(&b, `<path class="curve %s" d="M%d %dh24"/>`, class(i), x, y-4)
		}
		b.WriteString(kinds[i].dot(i, float64(x+12), float64(y-4), ""))
		fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", x+32, y, escape(name))
	}
	for i := range f.Panels {
		f.Panels[i].draw(&b, names, i%across*panelWidth+chartLeft, legend+i/across*panelHeight+chartAbove)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// dashed is the dash pattern of a level.
const dashed = "5 4"

// dot returns a point of a series as SVG: a disc for a curve, a square for a mark.
// title is shown on hovering.
func (k Kind) dot(name int, x, y float64, title string) string {
	if title != "" {
		title = "<title>" + escape(title) + "</title>"
	}
	switch k {
	case Curve:
		return fmt.Sprintf(`<circle class="c%d dot" cx="%s" cy="%s" r="3">%s</circle>`, name%len(colours), number(x), number(y), title)
	case Mark:
		return fmt.Sprintf(`<rect class="c%d dot" x="%s" y="%s" width="7" height="7">%s</rect>`, name%len(colours), number(x-3.5), number(y-3.5), title)
	}
	return ""
}

// arrow returns a point beyond an end of the axis: a triangle that points there.
func arrow(name int, x, y float64, up bool, title string) string {
	tip := 5
	if up {
		tip = -5
	}
	return fmt.Sprintf(`<path class="c%d dot" d="M%s %sl-4.5 %dh9z"><title>%s</title></path>`, name%len(colours), number(x), number(y+float64(tip)), -2*tip, escape(title))
}

// A scale converts a quantity to SVG units, from at, over length (negative: upwards).
// Values beyond low or high are moved to that end.
type scale struct {
	low, high  float64
	log        bool
	at, length float64
}

func (s scale) place(v float64) float64 {
	low, high := s.low, s.high
	v = min(max(v, low), high)
	if s.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return s.at + s.length*(v-low)/(high-low)
}

// draw draws a panel with its drawing area at x, y.
func (p *Panel) draw(b *bytes.Buffer, names []string, x, y int) {
	h, v, heights := p.scales(x, y)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="600">%s</text>`+"\n", x, y-10, escape(p.Title))
	for _, t := range heights {
		at := number(v.place(t))
		fmt.Fprintf(b, `<path class="grid" d="M%d %sh%d"/><text x="%d" y="%s" text-anchor="end">%s</text>`+"\n", x, at, chartWidth, x-6, number(v.place(t)+4), label(t))
	}
	for i, t := range p.marks(h) {
		name := label(t)
		if p.Names != nil {
			name = p.Names[i]
		}
		at := number(h.place(t))
		fmt.Fprintf(b, `<path class="grid" d="M%s %dv4"/><text x="%s" y="%d" text-anchor="middle">%s</text>`+"\n", at, y+chartHeight, at, y+chartHeight+16, escape(name))
	}
	fmt.Fprintf(b, `<path class="grid" d="M%d %dh%d"/><text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n",
		x, y+chartHeight, chartWidth, x+chartWidth/2, y+chartHeight+34, escape(p.X))
	for _, s := range p.Series {
		s.draw(b, slices.Index(names, s.Name), h, v)
	}
}

// scales returns the axes, which contain every point and its deviation, and the ticks
// of the vertical one.
func (p *Panel) scales(x, y int) (h, v scale, heights []float64) {
	h = scale{math.Inf(1), math.Inf(-1), p.LogX, float64(x), chartWidth}
	v = scale{math.Inf(1), math.Inf(-1), p.LogY, float64(y + chartHeight), -chartHeight}
	for _, s := range p.Series {
		for i, q := range s.Points {
			if s.Kind != Level {
				h.low, h.high = math.Min(h.low, q.X), math.Max(h.high, q.X)
			}
			if s.Kind != Level || i == 0 {
				v.low, v.high = math.Min(v.low, q.Y-q.SD), math.Max(v.high, q.Y+q.SD)
			}
		}
		if s.Kind == Steps && len(s.Points) > 0 {
			v.low = math.Min(v.low, 0)
		}
	}
	if math.IsInf(h.low, 0) { // there are only levels
		h.low, h.high = 0, 1
	}
	if math.IsInf(v.low, 0) {
		v.low, v.high = 0, 1
	}
	if p.Low < p.High {
		v.low, v.high = p.Low, p.High
	}
	if v.log = v.log && v.low > 0; v.log {
		v.low, v.high = v.low/1.05, v.high*1.05
		heights = decades(v.low, v.high)
	} else {
		heights = ticks(v.low, v.high, 5)
		v.low, v.high = math.Min(v.low, heights[0]), math.Max(v.high, heights[len(heights)-1])
	}
	switch {
	case p.Names != nil:
		h.low, h.high = -.4, float64(len(p.Names))-.6
	case p.LogX && h.low > 0:
		h.low, h.high = h.low/1.15, h.high*1.15
	default:
		h.log = false
		pad := math.Max((h.high-h.low)*.03, 1e-9)
		h.low, h.high = h.low-pad, h.high+pad
	}
	return h, v, heights
}

// decades returns the ticks of a logarithmic axis: 1, 2 and 5 times the powers of ten.
func decades(low, high float64) (all []float64) {
	for e := math.Floor(math.Log10(low)); e <= math.Log10(high); e++ {
		for _, m := range []float64{1, 2, 5} {
			if t := m * math.Pow(10, e); t >= low && t <= high {
				all = append(all, t)
			}
		}
	}
	return all
}

// marks returns the ticks of the horizontal axis.
func (p *Panel) marks(h scale) []float64 {
	var all []float64
	switch {
	case p.Names != nil:
		for i := range p.Names {
			all = append(all, float64(i))
		}
	case h.log:
		return decades(h.low, h.high)
	default:
		for _, t := range ticks(h.low, h.high, 5) {
			if t >= h.low && t <= h.high {
				all = append(all, t)
			}
		}
	}
	return all
}

func (s *Series) draw(b *bytes.Buffer, name int, h, v scale) {
	if len(s.Points) == 0 {
		return
	}
	if s.Kind == Level {
		fmt.Fprintf(b, `<path class="curve c%d" stroke-dasharray="%s" d="M%s %sh%s"><title>%s: %s</title></path>`+"\n",
			name%len(colours), dashed, number(h.at), number(v.place(s.Points[0].Y)), number(h.length), escape(s.Name), short(s.Points[0].Y))
		return
	}
	var line strings.Builder
	for i, q := range s.Points {
		x, y := number(h.place(q.X)), number(v.place(q.Y))
		switch {
		case s.Kind == Steps && i > 0:
			fmt.Fprintf(&line, "H%sV%s", x, y)
		case i == 0 || q.Gap:
			fmt.Fprintf(&line, "M%s %s", x, y)
		default:
			fmt.Fprintf(&line, "L%s %s", x, y)
		}
	}
	if s.Kind != Mark {
		fmt.Fprintf(b, `<path class="curve %s" d="%s"/>`+"\n", class(name), line.String())
	}
	if s.Kind == Steps || s.Kind == Line {
		return
	}
	for i, q := range s.Points {
		x := number(h.place(q.X))
		beyond := q.Y < v.low || q.Y > v.high
		if q.SD > 0 && !beyond {
			fmt.Fprintf(b, `<path class="curve c%d" d="M%s %sV%s"/>`, name%len(colours), x, number(v.place(q.Y-q.SD)), number(v.place(q.Y+q.SD)))
		}
		title := s.Name
		if i < len(s.Labels) && s.Labels[i] != "" && s.Labels[i] != title {
			title += ", " + s.Labels[i]
		}
		title = fmt.Sprintf("%s: %s, %s", title, short(q.X), short(q.Y))
		if beyond {
			b.WriteString(arrow(name, h.place(q.X), v.place(q.Y), q.Y > v.high, title) + "\n")
		} else {
			b.WriteString(s.Kind.dot(name, h.place(q.X), v.place(q.Y), title) + "\n")
		}
	}
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// begin writes the beginning of an SVG, with the colours of n series.
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

// class returns the CSS classes of a series: its colour, and a dash if an earlier
// series has that colour.
func class(series int) string {
	c := fmt.Sprintf("c%d", series%len(colours))
	if d := series / len(colours); d > 0 {
		return fmt.Sprintf(`%s" stroke-dasharray="%d 3`, c, 2+4*d)
	}
	return c
}

// ticks returns round numbers from low to high, in at most about n steps.
func ticks(low, high float64, n int) []float64 {
	if high-low <= 1e-9*math.Max(math.Abs(low), math.Abs(high)) { // too flat to show a difference
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
	for i := math.Floor(low/unit + 1e-9); ; i++ { // runs at most n+2 times
		marks = append(marks, i*unit)
		if i*unit >= high-unit*1e-9 {
			return marks
		}
	}
}

// number formats a coordinate, rounded to a tenth.
func number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// label formats a tick's number with six digits, so that 3*0.1 becomes 0.3.
func label(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a Buffer never fails
	return b.String()
}
