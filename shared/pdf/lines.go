package pdf

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// A segment is a part of a line without a wide gap in it. Coordinates are as if its text
// were horizontal.
type segment struct {
	text                     string
	left, right, bottom, top float32
	base                     float32 // the line that its letters stand on
	size                     float32 // of most of its characters
	weight                   int32
	hyphen                   bool // its last word goes on in the next line
	fixed                    bool // its font has one width for all characters
	perhaps                  bool // it may have, but there are too few of them
	column                   int  // in which column of the page, from 0 in reading order
}

// A row is what stands on one line of a column.
type row struct {
	segment  // of all parts
	parts    []segment
	colLeft  float32 // the column's edges
	colRight float32
	page     int // from 0
	height   float32
	removed  bool
}

// wideGap is the space, in sizes of the font, that parts a line. Lines that are stretched
// to the margin have narrower ones.
const wideGap = 1.6

// turned returns the characters of a page that are written in its commonest direction, as
// if that were horizontal, and those that are not.
func turned(chars []Char) (list []Char, others []Char) {
	quarter := func(c Char) int { return int(math.Round(float64(c.Angle)/(math.Pi/2))) & 3 }
	var n [4]int
	for _, c := range chars {
		if shown(c.Rune) {
			n[quarter(c)]++
		}
	}
	most := 0
	for q := range n {
		if n[q] > n[most] {
			most = q
		}
	}
	list = make([]Char, 0, len(chars))
	for _, c := range chars {
		// A line's end, and a space that PDFium put there, have no direction.
		if !shown(c.Rune) {
			others = append(others, c)
		} else if quarter(c) != most {
			others = append(others, c)
			continue
		}
		switch most {
		case 1:
			c.Left, c.Right, c.Bottom, c.Top = -c.Top, -c.Bottom, c.Left, c.Right
		case 2:
			c.Left, c.Right, c.Bottom, c.Top = -c.Right, -c.Left, -c.Top, -c.Bottom
		case 3:
			c.Left, c.Right, c.Bottom, c.Top = c.Bottom, c.Top, -c.Right, -c.Left
		}
		list = append(list, c)
	}
	return list, others
}

// shown reports whether a character is drawn.
func shown(r rune) bool { return r > ' ' && r != 0x7f && !unicode.IsSpace(r) }

// unknown reports whether a font does not say what a character means.
func unknown(r rune) bool {
	return r == 0 || r == unicode.ReplacementChar || r >= 0xe000 && r < 0xf900 || r >= 0xf0000 || r > 2 && r < ' ' && r != '\t' && r != '\n' && r != '\r' || r > unicode.MaxRune
}

// segments parts a page's characters at the ends of lines and at wide gaps.
func segments(chars []Char) []segment {
	var out []segment
	var text strings.Builder
	var cur segment
	var bases, middles, steps []float32
	var before Char
	sizes := map[float32]int{}
	weights := map[int32]int{}
	n, fixed := 0, 0
	space := false
	end := func() {
		if n > 0 {
			cur.text = strings.TrimSpace(ligatures.Replace(text.String()))
			cur.size, cur.weight = commonest(sizes), commonest(weights)
			cur.perhaps = len(steps) < 4 || even(middles, steps)
			cur.fixed = fixed*10 >= n*9 || len(steps) > 9 && cur.perhaps
			cur.base = cur.bottom
			if len(bases) > 0 {
				slices.Sort(bases)
				cur.base = bases[len(bases)/2]
			}
			if cur.text != "" {
				out = append(out, cur)
			}
		}
		text.Reset()
		cur, bases, steps, n, fixed, space = segment{}, bases[:0], steps[:0], 0, 0, false
		middles = middles[:0]
		clear(sizes)
		clear(weights)
	}
	for i, c := range chars {
		switch {
		case c.Rune == '\r' && i+1 < len(chars) && chars[i+1].Rune == '\n', c.Rune == '\n':
			end()
			continue
		case c.Rune == 2 || c.Rune == 0xfffe:
			if n > 0 {
				text.WriteByte('-')
				cur.hyphen = true
				cur.right = max(cur.right, c.Right)
			}
			end()
			continue
		case c.Rune == 0xad:
			if i+1 == len(chars) || chars[i+1].Rune == '\r' { // else it is not drawn
				text.WriteByte('-')
				cur.hyphen = true
			}
			continue
		case unicode.IsSpace(c.Rune):
			space = n > 0
			continue
		case !shown(c.Rune) || !finite(c):
			continue
		}
		if n > 0 {
			size := max(c.Size, cur.top-cur.bottom)
			if c.Left-cur.right > wideGap*size || c.Right < cur.left-wideGap*size && !rightToLeft(c.Rune) || c.Bottom > cur.top+size || c.Top < cur.bottom-size {
				end()
			}
		}
		if space && n > 0 {
			text.WriteByte(' ')
		}
		if n > 0 && !space {
			steps = append(steps, (c.Left+c.Right-before.Left-before.Right)/2)
		}
		before = c
		middles = append(middles, (c.Left+c.Right)/2)
		space = false
		text.WriteRune(c.Rune)
		if n == 0 {
			cur.left, cur.right, cur.bottom, cur.top = c.Left, c.Right, c.Bottom, c.Top
		}
		cur.left, cur.right = min(cur.left, c.Left), max(cur.right, c.Right)
		cur.bottom, cur.top = min(cur.bottom, c.Bottom), max(cur.top, c.Top)
		if unicode.IsLetter(c.Rune) && !strings.ContainsRune("gjpqyQ", c.Rune) || unicode.IsDigit(c.Rune) {
			bases = append(bases, c.Bottom)
		}
		sizes[round(c.Size)]++
		weights[c.Weight]++
		if c.Fixed {
			fixed++
		}
		n++
	}
	end()
	return out
}

// even reports whether characters, by their middles, stand on a grid, as they do in a font
// of fixed width. steps are the distances of those without a space between them.
func even(middles, steps []float32) bool {
	list := slices.Clone(steps)
	slices.Sort(list)
	middle, near := list[len(list)/2], 0
	for _, d := range list {
		if d > .8*middle && d < 1.2*middle {
			near++
		}
	}
	if near*4 < len(list)*3 || !(middle > .1) {
		return false
	}
	// The grid fits the whole line, so that an error does not add up.
	first := middles[0]
	last := middles[len(middles)-1] - first
	most := 0
	for _, n := range []float32{-1, 0, 1} {
		width := last / (float32(math.Round(float64(last/middle))) + n)
		on := 0
		for _, m := range middles {
			if at := float64((m - first) / width); math.Abs(at-math.Round(at)) < .2 {
				on++
			}
		}
		most = max(most, on)
	}
	return most*20 >= len(middles)*17
}

func finite(c Char) bool {
	for _, v := range [...]float32{c.Left, c.Right, c.Bottom, c.Top, c.Size} {
		if !(v > -1e6 && v < 1e6) {
			return false
		}
	}
	return true
}

// round rounds a size to half points.
func round(v float32) float32 { return float32(math.Round(float64(v)*2)) / 2 }

func rightToLeft(r rune) bool { return unicode.In(r, unicode.Hebrew, unicode.Arabic) }

var ligatures = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "ft", "ﬆ", "st")

// commonest returns the key of the highest number, the largest of several.
func commonest[K cmp.Ordered](m map[K]int) (best K) {
	n := 0
	for k, v := range m {
		if v > n || v == n && k > best {
			best, n = k, v
		}
	}
	return best
}

// order returns segments in the order in which they are read: where there is a gap from
// top to bottom between columns of text, all that is left of it comes before what is right
// of it. Lines across the gap part what is above them from what is below.
func order(list []segment, depth int) [][]segment {
	x, ok := gutter(list)
	if !ok || depth == 0 {
		return [][]segment{list}
	}
	slices.SortStableFunc(list, func(a, b segment) int { return cmp.Compare(b.base, a.base) })
	var out [][]segment
	var across, left, right []segment
	columns := func() {
		if len(left) > 0 {
			out = append(out, order(left, depth-1)...)
		}
		if len(right) > 0 {
			out = append(out, order(right, depth-1)...)
		}
		left, right = nil, nil
	}
	for _, s := range list {
		switch {
		case s.right <= x:
			left = append(left, s)
		case s.left >= x:
			right = append(right, s)
		default:
			columns()
			across = append(across, s)
			continue
		}
		if len(across) > 0 {
			out = append(out, across)
			across = nil
		}
	}
	if len(across) > 0 {
		columns()
		out = append(out, across)
	}
	columns()
	return out
}

// gutter returns where the gap between two columns of text is, if there is one. The cells
// of a table also stand beside each other, but seldom fill their columns.
func gutter(list []segment) (float32, bool) {
	if len(list) < 8 {
		return 0, false
	}
	lo, hi := list[0].left, list[0].right
	for _, s := range list {
		lo, hi = min(lo, s.left), max(hi, s.right)
	}
	width := hi - lo
	if !(width > 100) {
		return 0, false
	}
	const steps = 200
	// Of each place: how many segments cross it, end left of it, begin right of it.
	var crossing, ends, begins [steps + 1]int
	at := func(x float32) int { return min(max(int((x-lo)/width*steps), 0), steps) }
	for _, s := range list {
		for i := at(s.left); i <= at(s.right); i++ {
			crossing[i]++
		}
		ends[at(s.right)]++
		begins[at(s.left)]++
	}
	best, score := -1, 0
	left := 0
	for i := range crossing {
		if i > 0 {
			left += ends[i-1]
		}
		right := len(list) - left - crossing[i]
		if i < steps/6 || i > steps*5/6 {
			continue
		}
		if n := min(left, right) - 3*crossing[i]; left >= 4 && right >= 4 && n > score {
			best, score = i, n
		}
	}
	if best < 0 {
		return 0, false
	}
	// The middle of the gap.
	last := best
	for last+1 < steps && crossing[last+1] == crossing[best] {
		last++
	}
	x := lo + (float32(best+last)/2+.5)*width/steps
	return x, texts(list, x)
}

// texts reports whether what is left of x and what is right of it are columns of text that
// stand beside each other.
func texts(list []segment, x float32) bool {
	var sides [2][]segment
	for _, s := range list {
		if s.right <= x {
			sides[0] = append(sides[0], s)
		} else if s.left >= x {
			sides[1] = append(sides[1], s)
		}
	}
	var low, high [2]float32
	for i, side := range sides {
		if len(side) < 4 {
			return false
		}
		// A column's own columns, of three, count as one line.
		lo, hi := side[0].left, side[0].right
		low[i], high[i] = side[0].base, side[0].base
		for _, s := range side {
			lo, hi = min(lo, s.left), max(hi, s.right)
			low[i], high[i] = min(low[i], s.base), max(high[i], s.base)
		}
		var widths []float32
		for _, r := range lines(side) {
			w := float32(0)
			for _, p := range r {
				w += p.right - p.left
			}
			widths = append(widths, w)
		}
		slices.Sort(widths)
		if len(widths) < 4 || widths[len(widths)/2] < .6*(hi-lo) {
			return false
		}
	}
	both := min(high[0], high[1]) - max(low[0], low[1])
	return both > .3*min(high[0]-low[0], high[1]-low[1])
}

// lines groups segments that stand on the same line, from the top, each from the left.
func lines(list []segment) [][]segment {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b segment) int { return cmp.Compare(b.base, a.base) })
	var out [][]segment
	for _, s := range list {
		if n := len(out); n > 0 {
			first := out[n-1][0]
			if first.base-s.base < .3*min(first.size, s.size) || first.base-s.base < .1 {
				out[n-1] = append(out[n-1], s)
				continue
			}
		}
		out = append(out, []segment{s})
	}
	for _, l := range out {
		slices.SortStableFunc(l, func(a, b segment) int { return cmp.Compare(a.left, b.left) })
		letters, rtl := 0, 0
		for _, s := range l {
			for _, r := range s.text {
				if unicode.IsLetter(r) {
					if letters++; rightToLeft(r) {
						rtl++
					}
				}
			}
		}
		if rtl*2 > letters {
			slices.Reverse(l)
		}
	}
	return out
}

// rows returns the rows of a page in reading order.
func rows(p Page, number int) (list []row) {
	chars, others := turned(p.Chars)
	for i, column := range order(segments(chars), 3) {
		left, right := edges(column)
		for _, parts := range lines(column) {
			r := row{parts: parts, colLeft: left, colRight: right, page: number, height: p.Height}
			r.segment = parts[0]
			r.column = i
			var text strings.Builder
			longest := len(r.text)
			text.WriteString(r.text)
			for _, s := range parts[1:] {
				r.left, r.right = min(r.left, s.left), max(r.right, s.right)
				r.bottom, r.top = min(r.bottom, s.bottom), max(r.top, s.top)
				if len(s.text) > longest {
					longest, r.size, r.weight = len(s.text), s.size, s.weight
				}
				r.fixed = r.fixed && s.fixed
				r.hyphen = s.hyphen
				text.WriteByte(' ')
				text.WriteString(s.text)
			}
			r.text = text.String()
			list = append(list, r)
		}
	}
	// What is written in another direction, such as a mark in the margin, comes last.
	for slices.ContainsFunc(others, func(c Char) bool { return shown(c.Rune) }) {
		one, rest := turned(others)
		for _, s := range segments(one) {
			list = append(list, row{segment: s, parts: []segment{s}, colLeft: s.left, colRight: s.right, page: number, height: -1})
		}
		others = rest
	}
	return list
}

// edges returns where most lines of a column begin, and where the longest end.
func edges(column []segment) (left, right float32) {
	begin := map[float32]int{}
	right = float32(math.Inf(-1))
	for _, s := range column {
		begin[float32(math.Round(float64(s.left)))]++
		right = max(right, s.right)
	}
	return commonest(begin), right
}
