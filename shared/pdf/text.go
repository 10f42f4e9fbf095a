package pdf

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Block is a paragraph, a heading, or lines that stay lines.
type Block struct {
	Text  string
	Level int    // of a heading, 1 (highest) to 6; 0: text
	Kind  Kind   // of text
	Pages []Mark // the page that it begins on, and those that it goes on to
}

// A Kind of block.
type Kind uint8

const (
	Paragraph Kind = iota
	Item           // of a list
	Header         // the first row of a table, which says what its columns are
	Row            // of a table
	Code           // lines with their indentation
)

// A Mark says that the text from an offset on is on a page, counted from 1.
type Mark struct{ At, Page int }

// A Text is what a file says.
type Text struct {
	Blocks []Block
	Pages  int
	// Repeated are lines that were left out because they stand at the head or foot of
	// several pages, page numbers excepted.
	Repeated []string
	Pictures []int // pages that have a picture and no text, from 1
	Unknown  []int // pages of whose characters many are unknown, and which were left out
}

// A Reader gathers the pages of a file, in order.
type Reader struct {
	text  Text
	rows  []row
	chars int
}

// Add adds the next page.
func (r *Reader) Add(p Page) {
	r.text.Pages++
	n, bad := 0, 0
	for _, c := range p.Chars {
		if unknown(c.Rune) {
			bad++
		} else if shown(c.Rune) {
			n++
		}
	}
	switch {
	case bad > 20 && bad*4 > n:
		r.text.Unknown = append(r.text.Unknown, r.text.Pages)
		return
	case n == 0:
		if p.Pictures > 0 {
			r.text.Pictures = append(r.text.Pictures, r.text.Pages)
		}
		return
	}
	if bad > 0 {
		p.Chars = slices.DeleteFunc(slices.Clone(p.Chars), func(c Char) bool { return unknown(c.Rune) })
	}
	r.chars += n
	r.rows = append(r.rows, rows(p, r.text.Pages-1)...)
}

// Pages returns how many pages were added.
func (r *Reader) Pages() int { return r.text.Pages }

// Chars returns how many characters were added.
func (r *Reader) Chars() int { return r.chars }

// End returns the text of the pages.
func (r *Reader) End() *Text {
	r.repeated()
	r.rows = slices.DeleteFunc(r.rows, func(w row) bool { return w.removed })
	r.contents()
	r.rows = slices.DeleteFunc(r.rows, func(w row) bool { return w.removed })
	c := composer{rows: r.rows}
	r.text.Blocks = c.compose()
	return &r.text
}

// repeated removes running heads and feet: lines near the edge of a page that say the same,
// except for numbers, at the same height of several pages; and those that have the page's
// number.
func (r *Reader) repeated() {
	type key struct {
		text string
		at   int
	}
	where := map[key][]int{}
	offsets := map[int]int{} // of the printed number from the page's: how many lines
	var margin []int
	for i, w := range r.rows {
		if w.height <= 0 || w.bottom > .12*w.height && w.top < .88*w.height {
			continue
		}
		margin = append(margin, i)
		k := key{masked(w.text), int(w.base / 6)}
		where[k] = append(where[k], i)
		for _, n := range numbersAtEnds(w.text) {
			offsets[n-w.page]++
		}
	}
	offset, lines := 0, 0
	for o, n := range offsets {
		if n > lines || n == lines && o < offset {
			offset, lines = o, n
		}
	}
	numbered := lines >= 3 || lines == r.text.Pages && lines == 2
	told := map[string]bool{}
	for _, i := range margin {
		w := &r.rows[i]
		k := key{masked(w.text), int(w.base / 6)}
		// A line may be a little higher on some pages.
		pages := map[int]bool{}
		for d := -1; d <= 1; d++ {
			for _, j := range where[key{k.text, k.at + d}] {
				pages[r.rows[j].page] = true
			}
		}
		hasNumber := numbered && slices.Contains(numbersAtEnds(w.text), offset+w.page) && utf8.RuneCountInString(w.text) <= 100
		twice := len(pages) == 2 && r.text.Pages == 2
		if w.removed = len(pages) >= 3 || twice || hasNumber; !w.removed {
			continue
		}
		if name := strings.Trim(k.text, "# -–—.|/·•"); letters(name) > 3 && !pageNumber.MatchString(k.text) && !told[name] {
			told[name] = true
			r.text.Repeated = append(r.text.Repeated, w.text)
		}
	}
}

var (
	number     = regexp.MustCompile(`[0-9]+|\b[ivxlc]+\b`)
	endNumber  = regexp.MustCompile(`^[-–—|·\s]*([0-9]{1,5})\b|\b([0-9]{1,5})[-–—|·\s]*$`)
	pageNumber = regexp.MustCompile(`^(page|seite|p\.|s\.)? ?#( ?(of|/|von) ?#)?$`)
)

// masked returns a line with a sign for each number.
func masked(s string) string { return number.ReplaceAllString(strings.ToLower(s), "#") }

// numbersAtEnds returns the numbers that a line begins and ends with.
func numbersAtEnds(s string) (list []int) {
	for _, m := range endNumber.FindAllStringSubmatch(s, -1) {
		if n, err := strconv.Atoi(m[1] + m[2]); err == nil {
			list = append(list, n)
		}
	}
	return list
}

var leaders = regexp.MustCompile(`(\s?[.…·_]){4,}\s*([0-9]+|[ivxlc]+)$`)

// contents removes tables of contents: runs of lines that lead to a page number by dots.
func (r *Reader) contents() {
	from := 0
	for i := 0; i <= len(r.rows); i++ {
		if i < len(r.rows) && leaders.MatchString(r.rows[i].text) {
			continue
		}
		if i-from >= 3 {
			for j := from; j < i; j++ {
				r.rows[j].removed = true
			}
		}
		from = i + 1
	}
}

// A composer makes blocks of rows.
type composer struct {
	rows  []row
	body  float32 // the size of most of the text
	bold  int32   // the weight from which a line is bold; 0: none is
	pitch map[float32]float32
	// listings says that rows in a font of fixed width are listings, since most are not.
	listings bool
	sizes    []float32       // of headings, the largest first
	words    map[string]bool // of the text, except parts of hyphenated ones

	blocks []Block
	text   strings.Builder
	marks  []Mark
	last   *row // of the open paragraph
}

func (c *composer) compose() []Block {
	c.measure()
	for i := 0; i < len(c.rows); i++ {
		r := &c.rows[i]
		switch {
		case c.code(i):
			i = c.verbatim(i)
		case c.tabular(i):
			c.end()
			var cells []string
			for _, p := range r.parts {
				cells = append(cells, p.text)
			}
			kind := Row
			if c.heads(i) {
				kind = Header
			}
			c.single(strings.Join(cells, ", "), 0, kind, r.page)
		case c.level(r) > 0:
			i = c.heading(i)
		case c.starts(r):
			c.end()
			fallthrough
		default:
			c.add(r)
		}
	}
	c.end()
	return c.blocks
}

// measure finds out what is usual in the text.
func (c *composer) measure() {
	sizes, weights := map[float32]int{}, map[int32]int{}
	pitches := map[float32]map[float32]int{}
	c.words = map[string]bool{}
	for i := range c.rows {
		r := &c.rows[i]
		n := utf8.RuneCountInString(r.text)
		sizes[r.size] += n
		weights[r.weight] += n
		if i > 0 {
			if b := &c.rows[i-1]; b.page == r.page && b.column == r.column && b.size == r.size && b.base > r.base {
				if pitches[r.size] == nil {
					pitches[r.size] = map[float32]int{}
				}
				pitches[r.size][round(b.base-r.base)]++
			}
		}
		list := strings.FieldsFunc(r.text, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' })
		for j, w := range list {
			if j > 0 && (j < len(list)-1 || !r.hyphen) {
				c.words[strings.ToLower(strings.Trim(w, "-"))] = true
			}
		}
	}
	// Short lines of a listing stand beside longer ones.
	fixed := 0
	like := func(i, j int) bool {
		a, b := &c.rows[i], &c.rows[j]
		return a.perhaps && b.fixed && a.page == b.page && a.column == b.column && a.size == b.size
	}
	for i := 1; i < len(c.rows); i++ {
		c.rows[i].fixed = c.rows[i].fixed || like(i, i-1)
	}
	for i := len(c.rows) - 2; i >= 0; i-- {
		c.rows[i].fixed = c.rows[i].fixed || like(i, i+1)
	}
	for _, r := range c.rows {
		if r.fixed {
			fixed++
		}
	}
	c.listings = fixed*2 <= len(c.rows)
	c.body = commonest(sizes)
	if w := commonest(weights); w > 0 && w < 600 {
		c.bold = max(600, w+150)
	}
	c.pitch = map[float32]float32{}
	for size, m := range pitches {
		c.pitch[size] = min(commonest(m), 2.6*size)
	}
	heads := map[float32]bool{}
	for _, r := range c.rows {
		if r.size >= 1.15*c.body && letters(r.text) > 1 {
			heads[r.size] = true
		}
	}
	for s := range heads {
		c.sizes = append(c.sizes, s)
	}
	slices.SortFunc(c.sizes, func(a, b float32) int { return cmp.Compare(b, a) })
}

func letters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// level returns the level of a row that is a heading, 0 for any other.
func (c *composer) level(r *row) int {
	if letters(r.text) < 2 || utf8.RuneCountInString(r.text) > 200 {
		return 0
	}
	if i := slices.Index(c.sizes, r.size); i >= 0 {
		return min(i+1, 5)
	}
	// A bold line of its own: what follows begins anew.
	if c.bold > 0 && r.weight >= c.bold && r.size >= .95*c.body && utf8.RuneCountInString(r.text) <= 100 && !strings.ContainsAny(r.text[len(r.text)-1:], ".,;") && !marker.MatchString(r.text) {
		return min(len(c.sizes)+1, 6)
	}
	return 0
}

// heading adds the heading that begins with row i, and returns its last row.
func (c *composer) heading(i int) int {
	first := &c.rows[i]
	level := c.level(first)
	text := first.text
	n := 1
	for ; i+1 < len(c.rows); i++ {
		next, prev := &c.rows[i+1], &c.rows[i]
		if n == 4 || next.page != first.page || next.column != first.column || next.size != first.size || c.level(next) != level || prev.base-next.base > 1.6*first.size || prev.base-next.base <= 0 || numbered.MatchString(next.text) {
			break
		}
		text = c.join(text, prev.hyphen, next.text)
		n++
	}
	c.end()
	if n == 4 && level > len(c.sizes) { // a bold paragraph
		c.single(text, 0, Paragraph, first.page)
		return i
	}
	c.single(text, level, Paragraph, first.page)
	return i
}

var (
	numbered = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*\.?\s`)
	marker   = regexp.MustCompile(`^([•▪‣◦●○■□–—*·-]|\(?([0-9]{1,3}|[a-zA-Z]|[ivx]+)[.)]|\[[0-9A-Za-z+]{1,12}\])\s`)
	ended    = regexp.MustCompile(`[.!?:;…。！？]["'”’»)\]]*$`)
)

// maxParagraph bounds a paragraph, which takes time by its square.
const maxParagraph = 1 << 14

// starts reports whether a row begins a paragraph.
func (c *composer) starts(r *row) bool {
	b := c.last
	switch {
	case b == nil:
		return true
	case b.hyphen:
		return false
	case (marker.MatchString(r.text) || len(r.parts) > 1 && marker.MatchString(r.parts[0].text+" ")) && (len(r.parts) > 1 || !strings.HasPrefix(r.text, "–") && !strings.HasPrefix(r.text, "—") && !strings.HasPrefix(r.text, "-") || r.left > r.colLeft):
		return true
	case r.size > 1.08*b.size || r.size < .92*b.size:
		return true
	case r.height < 0 || b.height < 0, c.text.Len() > maxParagraph:
		return true
	}
	width := b.colRight - b.colLeft
	short := b.right < b.colRight-.12*width && ended.MatchString(b.text)
	if b.page != r.page || b.column != r.column {
		// A paragraph goes on in the next column or page unless it has ended.
		begin, _ := utf8.DecodeRuneInString(r.text)
		return ended.MatchString(b.text) && (short || r.left > r.colLeft+.8*r.size || !unicode.IsLower(begin)) || b.right < b.colRight-.3*width && !unicode.IsLower(begin)
	}
	pitch := c.pitch[r.size]
	if pitch == 0 {
		pitch = 1.3 * r.size
	}
	indent := r.left-b.left > .8*r.size && r.left-b.left < 6*r.size && !c.wasMarked()
	return b.base-r.base > 1.22*pitch || b.base < r.base || indent || short
}

// wasMarked reports whether the open paragraph is an item of a list, whose further lines
// may be indented.
func (c *composer) wasMarked() bool { return marker.MatchString(c.text.String()) }

// add adds a row to the open paragraph.
func (c *composer) add(r *row) {
	if c.last == nil {
		c.marks = []Mark{{0, r.page + 1}}
		c.text.WriteString(r.text)
	} else {
		s := c.join(c.text.String(), c.last.hyphen, r.text)
		if c.last.page != r.page {
			c.marks = append(c.marks, Mark{max(len(s)-len(r.text), 0), r.page + 1})
		}
		c.text.Reset()
		c.text.WriteString(s)
	}
	c.last = r
}

// join joins two lines. A word that was hyphenated is one word, unless the text has it
// with its hyphen elsewhere, or only its parts.
func (c *composer) join(a string, hyphen bool, b string) string {
	if !hyphen && strings.HasSuffix(a, "-") && len(a) > 1 {
		before, _ := utf8.DecodeLastRuneInString(a[:len(a)-1])
		after, _ := utf8.DecodeRuneInString(b)
		hyphen = unicode.IsLetter(before) && unicode.IsLower(after)
	}
	if !hyphen {
		if cjk(a, b) {
			return a + b
		}
		return a + " " + b
	}
	i := strings.LastIndexFunc(a[:len(a)-1], func(r rune) bool { return !unicode.IsLetter(r) && r != '-' }) + 1
	j := strings.IndexFunc(b, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' })
	if j < 0 {
		j = len(b)
	}
	left, right := strings.ToLower(strings.TrimLeft(a[i:len(a)-1], "-")), strings.ToLower(b[:j])
	first, _ := utf8.DecodeRuneInString(b)
	switch {
	case !unicode.IsLetter(first) || unicode.IsUpper(first): // COVID-\n19, Anglo-\nSaxon
		return a + b
	case c.words[left+right]:
	case c.words[left+"-"+right] || strings.Contains(left, "-"): // part of a chain: state-of-the-art
		return a + b
	}
	return a[:len(a)-1] + b
}

// cjk reports whether a line's end and the next line's beginning are of a script without
// spaces.
func cjk(a, b string) bool {
	x, _ := utf8.DecodeLastRuneInString(a)
	y, _ := utf8.DecodeRuneInString(b)
	return ideograph(x) && ideograph(y)
}

func ideograph(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r < 0x3040 || r >= 0xff00 && r < 0xff61
}

// end ends the open paragraph.
func (c *composer) end() {
	if c.last == nil {
		return
	}
	kind := Paragraph
	if c.wasMarked() {
		kind = Item
	}
	c.blocks = append(c.blocks, Block{Text: c.text.String(), Kind: kind, Pages: c.marks})
	c.text.Reset()
	c.last, c.marks = nil, nil
}

func (c *composer) single(text string, level int, kind Kind, page int) {
	c.blocks = append(c.blocks, Block{Text: text, Level: level, Kind: kind, Pages: []Mark{{0, page + 1}}})
}

// mostCells bounds the cells of a row that are compared with others.
const mostCells = 40

// tabular reports whether a row is one of a table: the row before it or after it has its
// cells in the same places.
func (c *composer) tabular(i int) bool {
	r := &c.rows[i]
	if len(r.parts) < 2 || len(r.parts) == 2 && marker.MatchString(r.parts[0].text+" ") || r.height < 0 {
		return false
	}
	for _, j := range []int{i - 1, i + 1} {
		if j < 0 || j >= len(c.rows) {
			continue
		}
		o := &c.rows[j]
		if o.page != r.page || o.column != r.column || len(o.parts) < 2 {
			continue
		}
		same := 0
		for _, p := range r.parts[1:min(len(r.parts), mostCells)] {
			for _, q := range o.parts[1:min(len(o.parts), mostCells)] {
				if near(p.left, q.left, r.size) || near(p.right, q.right, r.size) || near((p.left+p.right)/2, (q.left+q.right)/2, r.size) {
					same++
					break
				}
			}
		}
		if same*2 >= min(len(r.parts), len(o.parts), mostCells)-1 && same > 0 {
			return true
		}
	}
	return false
}

// heads reports whether a row of a table says what its columns are: it is the first, and
// has no number, and the next has one.
func (c *composer) heads(i int) bool {
	r := &c.rows[i]
	return (i == 0 || !c.tabular(i-1) || c.rows[i-1].page != r.page) && i+1 < len(c.rows) && c.tabular(i+1) &&
		!strings.ContainsAny(r.text, "0123456789") && strings.ContainsAny(c.rows[i+1].text, "0123456789")
}

func near(a, b, size float32) bool { return a-b < .5*size && b-a < .5*size }

// code reports whether a row is of a listing: in a font of fixed width where most of the
// text is not.
func (c *composer) code(i int) bool { return c.listings && c.rows[i].fixed && c.rows[i].height > 0 }

// verbatim adds the listing that begins with row i, and returns its last row.
func (c *composer) verbatim(i int) int {
	first := &c.rows[i]
	left := first.left
	end := i
	for end+1 < len(c.rows) {
		next := &c.rows[end+1]
		if !c.code(end+1) || next.page != first.page || next.column != first.column {
			break
		}
		left = min(left, next.left)
		end++
	}
	c.end()
	var lines []string
	for j := i; j <= end; j++ {
		r := &c.rows[j]
		width := .6 * r.size
		if n := utf8.RuneCountInString(r.parts[0].text); n > 1 {
			width = (r.parts[0].right - r.parts[0].left) / float32(n)
		}
		if width < .1 {
			width = .1
		}
		line := strings.Repeat(" ", min(int((r.left-left)/width+.5), 60))
		lines = append(lines, line+r.text)
		if pitch := c.pitch[r.size]; j < end && pitch > 0 && r.base-c.rows[j+1].base > 1.6*pitch {
			lines = append(lines, "")
		}
	}
	c.single(strings.Join(lines, "\n"), 0, Code, first.page)
	return end
}

// Ranges writes numbers of pages as people do: "3–5, 9".
func Ranges(pages []int) string {
	var b strings.Builder
	for i := 0; i < len(pages); {
		j := i
		for j+1 < len(pages) && pages[j+1] == pages[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if fmt.Fprintf(&b, "%d", pages[i]); j > i {
			fmt.Fprintf(&b, "–%d", pages[j])
		}
		i = j + 1
	}
	return b.String()
}
