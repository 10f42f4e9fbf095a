package plot

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"
)

// The marks are at the places that the figure's numbers give.
func TestChartPlacesPoints(t *testing.T) {
	f := Figure{Title: "a < b", Panels: []Panel{{Title: "one", X: "x", LogX: true, Series: []Series{
		{Name: "curve", Kind: Curve, Points: []XY{{X: 1, Y: 0}, {X: 10, Y: 5, SD: 1}, {X: 100, Y: 10}}, Labels: []string{"first"}},
		{Name: "level", Kind: Level, Points: []XY{{X: 0, Y: 5}}},
		{Name: "mark", Kind: Mark, Points: []XY{{X: 10, Y: 5}}},
	}}}}
	h, v, heights := f.Panels[0].scales(100, 50)
	if len(heights) != 6 || heights[5] != 10 {
		t.Errorf("ticks %v", heights)
	}
	if a, b := h.place(10)-h.place(1), h.place(100)-h.place(10); math.Abs(a-b) > 1e-9 {
		t.Errorf("decades are %v and %v wide", a, b)
	}
	if v.place(0) != 50+chartHeight || v.place(10) != 50 {
		t.Errorf("0 is at %v, 10 at %v", v.place(0), v.place(10))
	}
	f.Panels[0].LogY = true
	if _, v, heights := f.Panels[0].scales(0, 0); v.log || len(heights) != 6 {
		t.Error("a logarithmic axis holds 0")
	}
	svg := string(f.SVG())
	for _, want := range []string{"a &lt; b", "curve, first: 1, 0", `stroke-dasharray="5 4"`, "<rect", "mark: 10, 5"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in %s", want, svg)
		}
	}
	if bytes.Contains(f.SVG(), []byte("a < b")) {
		t.Error("a title is not escaped")
	}
}

// A point beyond the axis is drawn as an arrow at its end, with its value. A gap
// begins another line.
func TestChartHoldsThePointsBeyond(t *testing.T) {
	f := Figure{Panels: []Panel{{X: "x", Low: 2, High: 8, Series: []Series{
		{Name: "lines", Kind: Curve, Points: []XY{{X: 1, Y: 3}, {X: 2, Y: 4}, {X: 1, Y: 6, Gap: true}, {X: 2, Y: 7, SD: 3}}},
		{Name: "far", Kind: Mark, Points: []XY{{X: 1, Y: 90, SD: 1}}},
		{Name: "low", Kind: Mark, Points: []XY{{X: 2, Y: 0}}},
	}}}}
	_, v, _ := f.Panels[0].scales(0, 0)
	if v.place(8) != 0 || v.place(2) != chartHeight {
		t.Errorf("2 is at %v, 8 at %v", v.place(2), v.place(8))
	}
	svg := string(f.SVG())
	if n := strings.Count(svg, "h9z"); n != 2 || !strings.Contains(svg, "<title>far: 1, 90</title>") || !strings.Contains(svg, "<title>low: 2, 0</title>") {
		t.Errorf("%d arrows in %s", n, svg)
	}
	line := regexp.MustCompile(`class="curve[^"]*" d="(M\S+ \S+L\S+ \S+M\S+ \S+L\S+ \S+)"`)
	if !line.MatchString(svg) {
		t.Errorf("no two lines in %s", svg)
	}
	wellFormed(t, "beyond", []byte(svg))
}

// Every figure is drawn as well-formed XML with finite numbers.
func TestAnyFigureIsDrawn(t *testing.T) {
	panel := func(p Panel) Figure { return Figure{Panels: []Panel{p}} }
	many := Figure{}
	for i := range 7 {
		many.Panels = append(many.Panels, Panel{Series: []Series{{Name: string(rune('a' + i)), Kind: Curve, Points: []XY{{X: 1, Y: 2}}}}})
	}
	for name, f := range map[string]Figure{
		"none":          {},
		"no series":     panel(Panel{}),
		"no points":     panel(Panel{Series: []Series{{Kind: Curve}, {Kind: Steps}, {Kind: Level}, {Kind: Mark}}}),
		"a level alone": panel(Panel{LogX: true, Series: []Series{{Kind: Level, Points: []XY{{X: 0, Y: 0}}}}}),
		"log of 0":      panel(Panel{LogX: true, Series: []Series{{Kind: Curve, Points: []XY{{X: 0, Y: 1}, {X: 1, Y: 1}}}}}),
		"log of y":      panel(Panel{LogY: true, Series: []Series{{Kind: Curve, Points: []XY{{X: 0, Y: 1}, {X: 1, Y: 1000, SD: 9}}}}}),
		"log of y < 0":  panel(Panel{LogY: true, Series: []Series{{Kind: Curve, Points: []XY{{X: 0, Y: 1, SD: 2}, {X: 1, Y: 1000, SD: 9}}}}}),
		"names":         panel(Panel{Names: []string{"1", "2-3"}, Series: []Series{{Kind: Curve, Points: []XY{{X: 0, Y: 1}, {X: 1, Y: 1, SD: 9}}}}}),
		"many":          many,
	} {
		wellFormed(t, name, f.SVG())
	}
}
