package plot

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"parley/trainer/train"
)

var update = flag.Bool("update", false, "write testdata/curves.svg anew")

// log returns the log of a run of n steps, with a dev line after each quarter.
func log(n int, from float64) (l train.Log) {
	for i := 1; i <= n; i++ {
		x := float64(i) / float64(n)
		l = append(l, train.Line{"step": float64(i), "loss": from * math.Exp2(-3*x), "kld": from * math.Exp2(-3*x) / 2, "l0": 30 - 10*x,
			"flops": 3 * math.Exp2(-2*x), "l1": 40 - 9*x, "norm": .4 + x/3, "rate": 6e-4 * (1 - x)})
		if i*4%n == 0 {
			l = append(l, train.Line{"step": float64(i), "dev_ndcg10": .3 + x/10, "dev_r100": .7 + x/20, "dev_l0": 30 - 10*x})
		}
	}
	return l
}

func TestCurves(t *testing.T) {
	got := Curves([]Run{{"one", log(12, 3)}, {"two <&> sparse", log(8, 2)}}).SVG()
	const golden = "testdata/curves.svg"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not as before; look at it and run go test ./trainer/plot -update", golden)
	}
	for _, has := range []string{"prefers-color-scheme:dark", "two &lt;&amp;&gt; sparse", ">KLD<", ">FLOPS of queries, before its lambda<", ">L1 of queries, before its lambda<", ">learning rate<", ">dev nDCG@10<"} {
		if !bytes.Contains(got, []byte(has)) {
			t.Errorf("no %q", has)
		}
	}
	if bytes.Contains(got, []byte("InfoNCE")) {
		t.Error("a panel without values")
	}
}

var (
	yTick = regexp.MustCompile(`<path class="grid" d="M\S+ (\S+)h\S+"/><text [^>]*>([0-9.e+-]+)</text>`)
	xTick = regexp.MustCompile(`<text x="(\S+)" y="\S+" text-anchor="middle">([0-9.e+-]+)</text>`)
	curve = regexp.MustCompile(`<path class="curve c([0-9])" d="M([^"]+)"/>`)
)

// readOff reads a panel of a figure as people do: from a point's place between two labels
// of the axis. It returns each curve's values by step, and the value of a tenth, which is
// a coordinate's last decimal.
func readOff(t *testing.T, svg []byte, title string) (curves []map[int]float64, tenth float64) {
	t.Helper()
	_, panel, ok := strings.Cut(string(svg), ">"+title+"<")
	if !ok {
		t.Fatalf("there is no panel %q", title)
	}
	panel, _, _ = strings.Cut(panel, "font-weight")
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	axis := func(ticks [][]string) func(at float64) float64 {
		if len(ticks) < 2 {
			t.Fatalf("%s: an axis with %d labels", title, len(ticks))
		}
		a, b := ticks[0], ticks[len(ticks)-1]
		return func(at float64) float64 {
			return number(a[2]) + (at-number(a[1]))/(number(b[1])-number(a[1]))*(number(b[2])-number(a[2]))
		}
	}
	x, y := axis(xTick.FindAllStringSubmatch(panel, -1)), axis(yTick.FindAllStringSubmatch(panel, -1))
	for _, c := range curve.FindAllStringSubmatch(panel, -1) {
		values := map[int]float64{}
		for _, point := range strings.Split(c[2], "L") {
			at, height, _ := strings.Cut(point, " ")
			step := x(number(at))
			if math.Abs(step-math.Round(step)) > .01 {
				t.Errorf("%s: a point at step %v", title, step)
			}
			values[int(math.Round(step))] = y(number(height))
		}
		curves = append(curves, values)
	}
	return curves, math.Abs(y(.1) - y(0))
}

// The golden figure is also correct: the values read from it equal values computed by hand
// from the formulas of log, at steps where these are simple.
func TestCurvesShowTheLog(t *testing.T) {
	svg, err := os.ReadFile("testdata/curves.svg")
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string][2]map[int]float64{
		"loss":          {{4: 1.5, 8: .75, 12: .375}, {8: .25}},
		"KLD":           {{4: .75, 8: .375, 12: .1875}, {8: .125}},
		"dev nDCG@10":   {{3: .325, 6: .35, 9: .375, 12: .4}, {2: .325, 4: .35, 6: .375, 8: .4}},
		"dev R@100":     {{3: .7125, 6: .725, 9: .7375, 12: .75}, {2: .7125, 4: .725, 6: .7375, 8: .75}},
		"learning rate": {{3: 4.5e-4, 6: 3e-4, 12: 0}, {2: 4.5e-4, 4: 3e-4, 8: 0}},
	} {
		curves, tenth := readOff(t, svg, title)
		if len(curves) != 2 {
			t.Errorf("%s: %d curves", title, len(curves))
			continue
		}
		steps := [2]int{12, 8} // a point each, of the dev set after each quarter
		if strings.HasPrefix(title, "dev") {
			steps = [2]int{4, 4}
		}
		for i, points := range want {
			if len(curves[i]) != steps[i] {
				t.Errorf("%s: curve %d has %d points, want %d", title, i, len(curves[i]), steps[i])
			}
			for step, v := range points {
				if got, ok := curves[i][step]; !ok || math.Abs(got-v) > tenth {
					t.Errorf("%s: curve %d is at %v in step %d, want %v", title, i, got, step, v)
				}
			}
		}
	}
}

// Every log gives a picture that is well-formed, finite and small.
func TestAnyLogIsDrawn(t *testing.T) {
	for name, runs := range map[string][]Run{
		"none":     nil,
		"empty":    {{"x", nil}},
		"one step": {{"x", train.Log{{"step": 1, "loss": 2}}}},
		"level":    {{"x", train.Log{{"step": 1, "loss": 2}, {"step": 2, "loss": 2}}}},
		"zero":     {{"x", train.Log{{"step": 1, "loss": 0}, {"step": 2, "loss": 0}}}},
		"negative": {{"x", train.Log{{"step": 1, "loss": -5e7}, {"step": 2, "loss": 3e-9}}}},
		"huge":     {{"x", train.Log{{"step": 1, "loss": 1e300}, {"step": 2, "loss": -1e300}}}},
		"no number": {{"x", train.Log{{"step": 1, "loss": math.NaN()}, {"step": 2, "loss": math.Inf(1)},
			{"step": 3, "loss": 1}}}},
		"long":  {{"x", log(100_000, 7)}},
		"many":  {{"1", log(9, 1)}, {"2", log(9, 2)}, {"3", log(9, 3)}, {"4", log(9, 4)}, {"5", log(9, 5)}, {"6", log(9, 6)}, {"7", log(9, 7)}},
		"dense": {{"x", train.Log{{"step": 1, "loss": 1}, {"step": 2, "loss": math.Nextafter(1, 2)}}}},
	} {
		svg := Curves(runs).SVG()
		wellFormed(t, name, svg)
		if len(svg) > 30_000 {
			t.Errorf("%s: %d bytes", name, len(svg))
		}
	}
}

// wellFormed fails if an SVG is not XML, or has a coordinate that is not a number.
func wellFormed(t *testing.T, name string, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
		t.Errorf("%s: a coordinate that is no number", name)
	}
}

func TestTicksAreRoundAndSpan(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 10, "0 5 10"}, {0, 8, "0 2 4 6 8"}, {.31, .4, "0.3 0.35 0.4"}, {-3, 3, "-4 -2 0 2 4"}, {5, 5, "2 4 6 8"}, {0, 6e-4, "0 0.0002 0.0004 0.0006"},
	} {
		var got []string
		for _, v := range ticks(c.low, c.high, 4) {
			got = append(got, label(v))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%v to %v: %s, want %s", c.low, c.high, s, c.want)
		}
	}
}

func ExampleCurves() {
	svg := Curves([]Run{{"one", train.Log{{"step": 1, "loss": 2}, {"step": 2, "loss": 1}}}}).SVG()
	fmt.Println(strings.HasPrefix(string(svg), "<svg"))
	// Output: true
}
