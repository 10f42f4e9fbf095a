package web

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// Turns keep one colour each in every instrument. Against paper and panels each has 4.5:1,
// and any two differ by 15 of CIELAB for normal eyes and for those without one kind of
// cones, as Machado, Oliveira and Fernandes (2009) simulate them.
func TestTurnsHaveColoursThatEveryoneCanTell(t *testing.T) {
	style, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) (schemes [2][3]float64) {
		m := regexp.MustCompile(`--` + name + `: light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`).FindSubmatch(style)
		if m == nil {
			t.Fatalf("style.css has no --%s for both schemes", name)
		}
		for k := range schemes {
			for i := range 3 {
				v, _ := strconv.ParseUint(string(m[k+1][2*i:2*i+2]), 16, 8)
				c := float64(v) / 255
				if schemes[k][i] = math.Pow((c+.055)/1.055, 2.4); c <= .04045 {
					schemes[k][i] = c / 12.92
				}
			}
		}
		return schemes
	}
	luminance := func(c [3]float64) float64 { return .2126*c[0] + .7152*c[1] + .0722*c[2] }
	lab := func(c [3]float64) [3]float64 {
		f := func(v float64) float64 {
			if v > .008856 {
				return math.Cbrt(v)
			}
			return 7.787*v + 16./116
		}
		x, y, z := f((.4124*c[0]+.3576*c[1]+.1805*c[2])/.95047), f(luminance(c)), f((.0193*c[0]+.1192*c[1]+.9505*c[2])/1.08883)
		return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
	}
	eyes := map[string][3][3]float64{
		"normal":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"protanopia":   {{.152286, 1.052583, -.204868}, {.114503, .786281, .099216}, {-.003882, -.048116, 1.051998}},
		"deuteranopia": {{.367322, .860646, -.227968}, {.280085, .672501, .047413}, {-.011820, .042940, .968881}},
		"tritanopia":   {{1.255528, -.076749, -.178779}, {-.078411, .930809, .147602}, {.004733, .691367, .303900}},
	}
	for scheme, name := range []string{"light", "dark"} {
		var turns [][3]float64
		for i := 1; i <= 8; i++ {
			c := read(fmt.Sprint("h", i))[scheme]
			turns = append(turns, c)
			for _, under := range []string{"paper", "raised", "on-hue"} {
				a, b := luminance(c), luminance(read(under)[scheme])
				if ratio := (max(a, b) + .05) / (min(a, b) + .05); ratio < 4.5 {
					t.Errorf("%s: turn %d has %.2f:1 with --%s", name, i, ratio, under)
				}
			}
		}
		for eye, m := range eyes {
			var seen [][3]float64
			for _, c := range turns {
				var s [3]float64
				for i := range 3 {
					s[i] = min(1, max(0, m[i][0]*c[0]+m[i][1]*c[1]+m[i][2]*c[2]))
				}
				seen = append(seen, lab(s))
			}
			for i := range seen {
				for j := range i {
					d := math.Hypot(math.Hypot(seen[i][0]-seen[j][0], seen[i][1]-seen[j][1]), seen[i][2]-seen[j][2])
					if d < 15 {
						t.Errorf("%s, %s: turns %d and %d differ by %.1f", name, eye, j+1, i+1, d)
					}
				}
			}
		}
	}
}
