package pdf

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// set is a page whose lines are set in a font of one size, each character half as wide as
// high.
func set(size float32, lines ...string) (p Page) {
	p.Height = 842
	y := float32(780)
	for _, line := range lines {
		x := float32(72)
		for _, r := range line {
			if r != ' ' {
				// Widths differ, as in most fonts.
				w := size * (.3 + .4*float32(r%5)/5)
				p.Chars = append(p.Chars, Char{Rune: r, Left: x, Right: x + w, Bottom: y, Top: y + .7*size, Size: size, Weight: 400})
				x += w
				continue
			}
			p.Chars = append(p.Chars, Char{Rune: r, Left: x, Right: x, Bottom: y, Top: y, Size: 1, Weight: -1})
			x += size / 3
		}
		if !strings.HasSuffix(line, "\x02") {
			p.Chars = append(p.Chars, Char{Rune: '\r', Left: x, Bottom: y, Size: 1}, Char{Rune: '\n', Left: x, Bottom: y, Size: 1})
		}
		y -= 1.3 * size
	}
	return p
}

func paragraphs(pages ...Page) (list []string) {
	var r Reader
	for _, p := range pages {
		r.Add(p)
	}
	for _, b := range r.End().Blocks {
		list = append(list, b.Text)
	}
	return list
}

func TestHyphens(t *testing.T) {
	long := "and a line that is as long as the text is wide, so that it ends where the others do"
	for _, c := range []struct{ first, second, want string }{
		{"the light\x02", "house stands " + long, "the lighthouse stands " + long},
		{"the well\x02", "known lamp, a well-known lamp, " + long, "the well-known lamp, a well-known lamp, " + long},
		{"the Anglo\x02", "Saxon " + long, "the Anglo-Saxon " + long},
		{"the state-of\x02", "the-art " + long, "the state-of-the-art " + long},
		{"of COVID\x02", "19 " + long, "of COVID-19 " + long},
		{"the of\ufb01ce", "is below " + long, "the office is below " + long},
	} {
		if got := paragraphs(set(10, c.first, c.second)); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%q and %q: %q, want %q", c.first, c.second, got, c.want)
		}
	}
}

// Pages of whose characters the meaning is unknown are named, as are pictures.
func TestPagesWithoutText(t *testing.T) {
	var r Reader
	r.Add(set(10, strings.Repeat("\ue001\ue002 ", 40)))
	r.Add(Page{Pictures: 1})
	r.Add(Page{})
	r.Add(Page{Pictures: 2})
	if got := r.End(); !reflect.DeepEqual(got, &Text{Pages: 4, Unknown: []int{1}, Pictures: []int{2, 4}}) {
		t.Errorf("%+v", got)
	}
	if got := Ranges([]int{1, 2, 3, 5, 8, 9}); got != "1–3, 5, 8–9" {
		t.Errorf("Ranges gives %q", got)
	}
}

// A running head goes, even on the page that begins a chapter of its own; a line of the
// text that has a number does not.
func TestRunningHeads(t *testing.T) {
	page := func(head, n string) Page {
		p := set(10, head+" "+n)
		for _, c := range set(10, "The text of page "+n+" is this, and no other.").Chars {
			c.Bottom -= 300
			c.Top -= 300
			p.Chars = append(p.Chars, c)
		}
		return p
	}
	got := paragraphs(page("Chapter one", "7"), page("Chapter two", "8"), page("Chapter two", "9"), page("In the year", "1789"))
	want := []string{"The text of page 7 is this, and no other.", "The text of page 8 is this, and no other.", "The text of page 9 is this, and no other.", "In the year 1789", "The text of page 1789 is this, and no other."}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEncoding(t *testing.T) {
	p := Page{Height: 842, Pictures: 3, Chars: []Char{{'ä', 1, 2, 3, 4, 10, 700, 1.5, true}, {-1, float32(math.Inf(1)), 0, 0, 0, 0, -1, 0, false}}}
	b := AppendPage(nil, p)
	if got, err := DecodePage(b); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v; want %+v", got, err, p)
	}
	// The first character of a page of 842 points, byte by byte.
	if want := []byte{0, 0x80, 0x52, 0x44, 3, 0, 0, 0, 0xe4, 0, 0, 0, 0, 0, 0x80, 0x3f}; !slices.Equal(b[:len(want)], want) {
		t.Errorf("% x, want % x", b[:len(want)], want)
	}
	for _, n := range []int{0, 7, 9, 43, 45} {
		if _, err := DecodePage(make([]byte, n)); err == nil {
			t.Errorf("a page of %d bytes was read", n)
		}
	}
}

// A page of very many characters in one place, or in very many lines, takes little time.
func TestTimeIsLinear(t *testing.T) {
	for name, place := range map[string]func(i int) (x, y float32){
		"one place": func(i int) (x, y float32) { return 100, 100 },
		"a stair":   func(i int) (x, y float32) { return float32(i % 500), float32(i) / 100 },
		"far apart": func(i int) (x, y float32) { return float32(i*7919%500) * 40, float32(i * 31 % 800) },
		"a line":    func(i int) (x, y float32) { return float32(i) * 40, 100 },
	} {
		p := Page{Height: 842}
		for i := range 100_000 {
			x, y := place(i)
			p.Chars = append(p.Chars, Char{Rune: 'a' + rune(i%26), Left: x, Right: x + 5, Bottom: y, Top: y + 7, Size: 10, Weight: 400})
		}
		begin := time.Now()
		paragraphs(p, p)
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
}

// FuzzPages: any characters anywhere give blocks whose pages are in order and within them.
func FuzzPages(f *testing.F) {
	f.Add(AppendPage(nil, set(10, "Title", "A line\x02", "goes on.", "1. one", "2. two")), uint8(3))
	f.Add(AppendPage(nil, set(30, "a    b", "c    d", "e    5")), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		p := Page{Height: 842}
		if q, err := DecodePage(data); err == nil {
			p = q
		}
		// Also as the places of letters, of which few are far away.
		for ; len(data) >= 6; data = data[6:] {
			x, y := float32(binary.LittleEndian.Uint16(data)%600), float32(binary.LittleEndian.Uint16(data[2:])%850)
			p.Chars = append(p.Chars, Char{Rune: rune(data[4]), Left: x, Right: x + 5, Bottom: y, Top: y + 7, Size: float32(data[5] % 40), Weight: int32(data[5]) * 4})
		}
		var r Reader
		for range n%5 + 1 {
			r.Add(p)
		}
		page := 0
		for _, b := range r.End().Blocks {
			if len(b.Pages) == 0 || b.Pages[0].At != 0 || strings.TrimSpace(b.Text) == "" || b.Level < 0 || b.Level > 6 {
				t.Fatalf("%+v", b)
			}
			for _, m := range b.Pages {
				if m.At < 0 || m.At > len(b.Text) || m.Page < page || m.Page > r.Pages() {
					t.Fatalf("page %d after page %d: %+v", m.Page, page, b)
				}
				page = m.Page
			}
		}
	})
}
