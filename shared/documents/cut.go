package documents

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/shared/passages"
	"parley/shared/sentence"
)

// Cut cuts a document into passages of at most limit tokens, title included, as
// count counts them. Each passage repeats the title, and under headings says
// where it stands: "Title > Heading > Heading". A passage that begins within a table
// begins with the table's header.
//
// A document that fits stays whole and keeps its id; else the passages are
// "id#1", "id#2" and so on. limit <= 0 never cuts.
//
// Where to cut is the cheapest way over the whole document: passages should be
// full, begin under a heading rather than at a paragraph, there rather than
// within one, and not run over headings; within a sentence only where a sentence
// alone is too long.
func Cut(d Document, limit int, count func(string) int) []passages.Passage {
	one := passages.Passage{ID: d.ID, Title: d.Title, Text: d.Text, URL: d.URL, Page: d.page(0)}
	if limit <= 0 || d.Text == "" {
		return []passages.Passage{one}
	}
	// Few texts have more than a token for each byte and marker; those that
	// surely fit are not counted.
	if len(d.Title)+len(d.Text) < limit || count(d.Title)+count(d.Text) <= limit {
		return []passages.Passage{one}
	}
	c := cutter{doc: d, limit: limit, count: count}
	c.outline()
	c.split()
	cuts := c.cheapest()
	out := make([]passages.Passage, 0, len(cuts))
	for i, end := range cuts {
		start := 0
		if i > 0 {
			start = cuts[i-1]
		}
		if p, ok := c.passage(start, end); ok {
			out = append(out, p)
		}
	}
	if len(out) == 1 {
		out[0].ID = d.ID
		return out
	}
	for i := range out {
		out[i].ID = fmt.Sprintf("%s#%d", d.ID, i+1)
	}
	return out
}

// page returns the number of the page that a place in the text is on; 0: it has no pages.
func (d *Document) page(at int) int {
	i, _ := slices.BinarySearchFunc(d.Pages, at+1, func(p Page, at int) int { return p.Start - at })
	if i == 0 {
		if len(d.Pages) == 0 {
			return 0
		}
		i = 1
	}
	return d.Pages[i-1].Number
}

var passageNumber = regexp.MustCompile(`#[0-9]+$`)

// DocumentID is the id of the document that a passage is of: Cut's the other way round.
func DocumentID(passage string) string { return passageNumber.ReplaceAllString(passage, "") }

// What a unit begins, and so how good a place to cut is before it.
type boundary uint8

const (
	atHeading boundary = iota
	atBlock            // a paragraph or a line
	atSentence
	inSentence
	afterHeading // a heading must not be parted from what it heads
)

// A unit is the smallest part that is never cut: mostly a sentence.
type unit struct {
	start, end int // of the text
	tokens     int
	section    int  // 0: before the first heading; else 1 + its heading
	heading    bool // it is that heading itself
	table      int  // 0: none, or its header; else 1 + the table that it is a row of
	before     boundary
}

type cutter struct {
	doc   Document
	limit int
	count func(string) int

	units []unit
	// Of each section: the headings it stands under, outermost first, and the
	// tokens that remain beside its title.
	paths [][]int
	room  []int
	heads []int // tokens of each table's header; 0 where it is too long to be repeated
}

// outline finds the path of each section, and what room its title leaves. A
// title takes half of the limit at most, in count; the encoder cuts the rest.
func (c *cutter) outline() {
	n := len(c.doc.Headings)
	c.paths, c.room = make([][]int, n+1), make([]int, n+1)
	title := c.count(c.doc.Title)
	tokens := make([]int, n)
	var path []int
	for _, t := range c.doc.Tables {
		head := c.count(c.doc.Text[t.Start:t.Header])
		if head > c.limit/4 {
			head = 0
		}
		c.heads = append(c.heads, head)
	}
	c.room[0] = max(c.limit-title, c.limit/2, 1)
	for i, h := range c.doc.Headings {
		tokens[i] = c.count(c.doc.Text[h.Start:h.End]) + 1 // and its ">"
		for len(path) > 0 && c.doc.Headings[path[len(path)-1]].Level >= h.Level {
			path = path[:len(path)-1]
		}
		path = append(path, i)
		sum := title
		for _, j := range path {
			sum += tokens[j]
		}
		// The outer headings go first where all together are long.
		short := path
		for len(short) > 1 && sum > c.limit/3 {
			sum -= tokens[short[0]]
			short = short[1:]
		}
		c.paths[i+1] = append([]int(nil), short...)
		c.room[i+1] = max(c.limit-sum, c.limit/2, 1)
	}
}

// split cuts the text into units.
func (c *cutter) split() {
	text := c.doc.Text
	heading, table := 0, 0
	before := atBlock
	for start := 0; start < len(text); {
		end := start + strings.IndexByte(text[start:], '\n')
		if end < start {
			end = len(text)
		}
		switch {
		case start == end: // the empty line between blocks
		case heading < len(c.doc.Headings) && c.doc.Headings[heading].Start == start:
			heading++
			if before != afterHeading {
				before = atHeading
			}
			c.add(unit{start: start, end: end, section: heading, heading: true, before: before})
			before = afterHeading
		default:
			for table < len(c.doc.Tables) && c.doc.Tables[table].End <= start {
				table++
			}
			within := 0
			if table < len(c.doc.Tables) && c.doc.Tables[table].Header < start {
				within = table + 1
			}
			spans := sentence.Split(text[start:end])
			for i := range spans {
				to := end
				if i+1 < len(spans) {
					to = start + spans[i+1].Start
				}
				from := start + spans[i].Start
				if i == 0 {
					from = start // with what a line of code is indented by
				}
				c.add(unit{start: from, end: to, section: heading, table: within, before: before})
				before = atSentence
			}
			before = atBlock
		}
		start = end + 1
	}
}

// add appends a unit, halved where it alone is too long.
func (c *cutter) add(u unit) {
	text := c.doc.Text[u.start:u.end]
	u.tokens = c.count(text)
	if u.heading {
		u.tokens++ // ">", should it move to the title
	}
	if u.tokens > c.roomFor(u) {
		if at := middle(text); at > 0 {
			left, right := u, u
			left.end = u.start + at
			right.start, right.before = left.end, inSentence
			c.add(left)
			c.add(right)
			return
		}
	}
	c.units = append(c.units, u)
}

// roomFor is the room of a passage that begins with u.
func (c *cutter) roomFor(u unit) int {
	room := c.room[u.section]
	if u.table > 0 {
		room = max(room-c.heads[u.table-1], 1)
	}
	return room
}

// middle is the place to halve s: after the space nearest its middle, or between
// two characters where there is none near.
func middle(s string) int {
	half := len(s) / 2
	for d := 0; d < half; d++ {
		if s[half-d] == ' ' {
			return half - d + 1
		}
		if s[half+d] == ' ' && half+d+1 < len(s) {
			return half + d + 1
		}
	}
	for half < len(s) && !utf8.RuneStart(s[half]) {
		half++
	}
	if half == len(s) {
		return 0
	}
	return half
}

// cheapest gives the ends of the passages, as indexes of units.
//
// cost[i] is the least cost of the units before i. A passage of n tokens with
// room for r costs (r-n)^2/r, so two half-full ones are dearer than one full;
// the other prices are shares of the limit.
func (c *cutter) cheapest() []int {
	price := [...]int{atHeading: 0, atBlock: c.limit / 8, atSentence: c.limit / 3, inSentence: 2 * c.limit, afterHeading: 8 * c.limit}
	n := len(c.units)
	cost, from := make([]int, n+1), make([]int, n+1)
	for i := 1; i <= n; i++ {
		cost[i] = math.MaxInt
		tokens, over := 0, 0
		for j := i - 1; j >= 0; j-- {
			u := c.units[j]
			tokens += u.tokens
			r := c.roomFor(u)
			if j < i-1 && tokens > c.limit {
				break
			}
			if j == i-1 || tokens <= r {
				short := max(r-tokens, 0)
				sum := cost[j] + short*short/r + over
				if j > 0 {
					sum += price[u.before]
				}
				if sum < cost[i] {
					cost[i], from[i] = sum, j
				}
			}
			over += c.crossing(j)
		}
	}
	var ends []int
	for i := n; i > 0; i = from[i] {
		ends = append(ends, i)
	}
	slices.Reverse(ends)
	return ends
}

// crossing is the price of joining unit j to the one before it.
func (c *cutter) crossing(j int) int {
	if c.units[j].before == atHeading {
		return c.limit / 2
	}
	return 0
}

// passage makes one of units[from:to]; it is not ok where nothing is left.
func (c *cutter) passage(from, to int) (passages.Passage, bool) {
	units := c.units[from:to]
	// The title names the headings over all of the text. The passage may begin with
	// some of them, which then need not be repeated; those after the first words
	// stay where they are, and out of the title.
	lead := 0
	for lead < len(units)-1 && units[lead].heading {
		lead++
	}
	path := c.paths[units[lead].section]
	for _, u := range units[lead:] {
		path = common(path, c.paths[u.section])
	}
	for len(units) > 1 && units[0].heading && slices.Contains(path, units[0].section-1) {
		units = units[1:]
	}
	start, end := units[0].start, units[len(units)-1].end
	for i, h := range path {
		if c.doc.Headings[h].Start >= start {
			path = path[:i]
			break
		}
	}
	p := passages.Passage{Title: c.doc.Title, URL: c.doc.URL, Page: c.doc.page(start)}
	p.Text = strings.TrimRightFunc(strings.TrimLeft(c.doc.Text[start:end], "\n"), unicode.IsSpace)
	if t := units[0].table; t > 0 && c.heads[t-1] > 0 && p.Text != "" {
		p.Text = c.doc.Text[c.doc.Tables[t-1].Start:c.doc.Tables[t-1].Header] + "\n" + p.Text
	}
	last := c.doc.Title
	for _, i := range path {
		h := c.doc.Headings[i]
		if heading := c.doc.Text[h.Start:h.End]; !strings.EqualFold(heading, last) {
			if p.Title != "" {
				p.Title += " > "
			}
			p.Title += heading
			last = heading
		}
		if h.Anchor != "" && p.URL != "" && !strings.Contains(c.doc.URL, "#") {
			p.URL = c.doc.URL + "#" + fragment(h.Anchor)
		}
	}
	return p, p.Text != ""
}

// common is the common beginning of two paths.
func common(a, b []int) []int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// fragment escapes what may not stand in the fragment of a URL.
func fragment(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>`%#", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
