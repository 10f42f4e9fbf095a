package documents

import (
	"strings"
	"unicode"
)

// clean puts s on one line: every run of white space becomes one space; control
// characters, and those that only say where a line may break, go.
func clean(s string) string {
	tidy := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			tidy = false
			break
		}
	}
	if tidy {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = true
			continue
		case unicode.IsControl(r), unseen(r):
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// unseen reports whether a character is a place to break a word, or a mark of byte order.
func unseen(r rune) bool { return r == '\u200b' || r == '\u00ad' || r == '\u2060' || r == '\ufeff' }

// letterKey is what two texts have in common that differ in signs and capitals alone.
func letterKey(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// A layout gathers a document's text, block by block.
type layout struct {
	text     strings.Builder
	headings []Heading
	tables   []Table
	pages    []Page
	inTable  bool // the last of tables has no end yet
	inLines  bool // the last block takes further lines
}

// block adds a block of its own: a paragraph.
func (l *layout) block(s string) { l.add(clean(s), "\n\n"); l.inLines = false }

// line adds a line to a block of lines: an item of a list, a row of a table.
func (l *layout) line(s string) {
	if s = clean(s); s == "" {
		return
	}
	sep := "\n\n"
	if l.inLines {
		sep = "\n"
	}
	l.add(s, sep)
	l.inLines = true
}

// lines adds the lines of a text; an empty one ends a block of them.
func (l *layout) lines(s string) {
	for line := range strings.SplitSeq(s, "\n") {
		if line = clean(line); line == "" {
			l.inLines = false
		} else {
			l.line(line)
		}
	}
}

// row adds a row of a table. A header begins the table that the rows after it are of,
// until endTable.
func (l *layout) row(s string, header bool) {
	if s = clean(s); s == "" {
		return
	}
	l.line(s)
	if header && !l.inTable {
		l.inTable = true
		l.tables = append(l.tables, Table{Start: l.text.Len() - len(s), Header: l.text.Len()})
	}
}

// endTable ends a table, and the block of its lines.
func (l *layout) endTable() {
	l.inLines = false
	if !l.inTable {
		return
	}
	l.inTable = false
	last := &l.tables[len(l.tables)-1]
	if last.End = l.text.Len(); last.End == last.Header { // no row under it
		l.tables = l.tables[:len(l.tables)-1]
	}
}

// verbatim adds a block whose lines stay lines, with their indentation: code. What
// all lines are indented by goes, and so do empty lines around it and all but one of
// those within.
func (l *layout) verbatim(s string) {
	var list []string
	indent := -1
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimRightFunc(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\t' || unseen(r) {
				return -1
			}
			return r
		}, line), unicode.IsSpace)
		if line == "" {
			if len(list) > 0 && list[len(list)-1] != "" {
				list = append(list, "")
			}
			continue
		}
		list = append(list, line)
		if n := len(line) - len(strings.TrimLeft(line, " \t")); indent < 0 || n < indent {
			indent = n
		}
	}
	same := true // tabs here and spaces there: nothing is common to all
	for _, line := range list {
		same = same && (line == "" || line[:indent] == list[0][:indent])
	}
	for i, line := range list {
		if line != "" && same {
			list[i] = line[indent:]
		}
	}
	if n := len(list); n > 0 && list[n-1] == "" {
		list = list[:n-1]
	}
	l.add(strings.Join(list, "\n"), "\n\n")
	l.inLines = false
}

func (l *layout) heading(level int, s, anchor string) {
	if s = clean(s); s == "" {
		return
	}
	l.add(s, "\n\n")
	l.inLines = false
	l.headings = append(l.headings, Heading{Start: l.text.Len() - len(s), End: l.text.Len(), Level: level, Anchor: anchor})
}

func (l *layout) add(s, sep string) {
	if s == "" {
		return
	}
	if l.text.Len() > 0 {
		l.text.WriteString(sep)
	}
	l.text.WriteString(s)
}

// append adds what another one has gathered.
func (l *layout) append(more *layout) {
	if l.inTable {
		l.endTable()
	}
	if more.inTable {
		more.endTable()
	}
	l.add(more.text.String(), "\n\n")
	l.inLines = false
	at := l.text.Len() - more.text.Len()
	for _, h := range more.headings {
		h.Start += at
		h.End += at
		l.headings = append(l.headings, h)
	}
	for _, t := range more.tables {
		l.tables = append(l.tables, Table{t.Start + at, t.Header + at, t.End + at})
	}
}

// document makes a document of what was gathered. A first heading, or paragraph, that says
// the same as the title would only be repeated, and goes.
func (l *layout) document(id, title, url string) Document {
	if l.inTable {
		l.endTable()
	}
	d := Document{ID: id, Title: title, Text: l.text.String(), URL: url, Headings: l.headings, Tables: l.tables, Pages: l.pages}
	first, rest, more := strings.Cut(d.Text, "\n\n")
	if !strings.EqualFold(first, title) {
		return d
	}
	skip := len(d.Text) - len(rest)
	if len(d.Headings) > 0 && d.Headings[0].Start == 0 {
		d.Headings = d.Headings[1:]
	} else if !more {
		return d // nothing but a paragraph
	}
	d.Text = rest
	for i := range d.Headings {
		d.Headings[i].Start -= skip
		d.Headings[i].End -= skip
	}
	for i := range d.Tables {
		d.Tables[i].Start -= skip
		d.Tables[i].Header -= skip
		d.Tables[i].End -= skip
	}
	for i := range d.Pages {
		d.Pages[i].Start = max(d.Pages[i].Start-skip, 0)
	}
	return d
}

// first gives the text of the first heading of level 1, "" without one.
func (l *layout) first() string {
	for _, h := range l.headings {
		if h.Level == 1 {
			return l.text.String()[h.Start:h.End]
		}
	}
	return ""
}

// blocks tidies text that came as a whole (a JSON field, a table's cell): its
// lines stay lines, empty lines stay paragraphs.
func blocks(s string) string {
	if !strings.Contains(s, "\n") {
		return clean(s)
	}
	var l layout
	l.lines(s)
	return l.text.String()
}
