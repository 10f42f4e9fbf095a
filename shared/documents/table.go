package documents

import (
	"slices"
	"strconv"
	"strings"
)

// A tableReader cuts a text into records and fields.
//
// CSV: a field that begins with a quotation mark ends at the next one that a separator
// or a line end follows; two are one; others are text. Where that mark is missing, the
// field would swallow what follows: if a later field begins in it, or nothing ends it,
// the first mark is text, the field ends with its separator or line, and notes say so.
//
// TSV has quotation marks by the same rule, but only around a whole field, all doubled
// within; in others they are text, as are a lone one's followers.
type tableReader struct {
	name      string
	s         string
	comma     byte
	at        int
	line      int
	wasted    int // bytes read twice, for marks without an end
	lastClose int // where the last mark that can end a field is
	notes     []Note
}

func newTableReader(name, s string, comma byte) *tableReader {
	r := &tableReader{name: name, s: s, comma: comma, line: 1, lastClose: -1}
	for i := len(s) - 1; i >= 0; {
		i = strings.LastIndexByte(s[:i+1], '"')
		if i < 0 || r.ends(i+1) {
			r.lastClose = i
			break
		}
		i--
	}
	return r
}

// ends reports whether a field ends at an offset.
func (r *tableReader) ends(at int) bool {
	return at >= len(r.s) || r.s[at] == r.comma || r.s[at] == '\n'
}

// next gives the next record and its line, nil at the end. Empty lines are passed over.
func (r *tableReader) next() (fields []string, line int) {
	for r.at < len(r.s) {
		if r.s[r.at] == '\n' {
			r.at++
			r.line++
			continue
		}
		line = r.line
		for {
			fields = append(fields, r.field())
			if r.at >= len(r.s) {
				break
			}
			c := r.s[r.at]
			r.at++
			if c == '\n' {
				r.line++
				break
			}
			if r.at == len(r.s) {
				fields = append(fields, "")
			}
		}
		return fields, line
	}
	return nil, r.line
}

// field reads one, and leaves r.at at what ended it.
func (r *tableReader) field() string {
	begin := r.at
	quoted := begin
	if r.comma != '\t' {
		for quoted < len(r.s) && r.s[quoted] == ' ' {
			quoted++
		}
	}
	if quoted < len(r.s) && r.s[quoted] == '"' {
		if s, ok := r.quoted(quoted); ok {
			return s
		}
	}
	r.at = begin
	if i := strings.IndexAny(r.s[r.at:], string([]byte{r.comma, '\n'})); i >= 0 {
		r.at += i
	} else {
		r.at = len(r.s)
	}
	return r.s[begin:r.at]
}

// quoted reads the field whose mark is at begin; ok is false where it does not end.
func (r *tableReader) quoted(begin int) (s string, ok bool) {
	broken := func() {
		if r.comma != '\t' {
			r.notes = append(r.notes, Note{File: r.name, Line: r.line, Why: "a quotation mark is not closed; it was taken as text", Kept: true})
		}
	}
	if begin >= r.lastClose || r.wasted > 8*len(r.s)+1<<16 {
		broken()
		return "", false
	}
	var b strings.Builder
	from, lines := begin+1, 0
	for i := begin + 1; i < len(r.s); i++ {
		switch r.s[i] {
		case '\n':
			lines++
			if i+2 < len(r.s) && r.s[i+1] == '"' && r.comma != '\t' && r.opens(i+1) {
				r.wasted += i - begin
				broken()
				return "", false
			}
		case r.comma:
			if lines > 0 && (r.comma == '\t' || i+2 < len(r.s) && r.s[i+1] == '"' && r.opens(i+1)) {
				r.wasted += i - begin
				broken()
				return "", false
			}
		case '"':
			switch {
			case i+1 < len(r.s) && r.s[i+1] == '"':
				// One within; or an empty one's end, which is the field's, too.
				b.WriteString(r.s[from : i+1])
				i++
				from = i + 1
			case r.ends(i + 1):
				b.WriteString(r.s[from:i])
				r.at = i + 1
				r.line += lines
				return b.String(), true
			case r.comma == '\t':
				r.wasted += i - begin
				return "", false
			}
		}
	}
	r.wasted += len(r.s) - begin
	broken()
	return "", false
}

// opens reports whether a mark begins a field rather than ends one or stands for one.
func (r *tableReader) opens(at int) bool {
	c := r.s[at+1]
	return c != '"' && c != r.comma && c != '\n' && c != ' '
}

// sepLine reads the line "sep=;" that Excel writes and obeys.
func sepLine(text string) (comma byte, rest string, ok bool) {
	line, rest, _ := strings.Cut(text, "\n")
	line = strings.Trim(strings.TrimSpace(line), `"`)
	if low := strings.ToLower(line); strings.HasPrefix(low, "sep=") && len(line) == len("sep=")+1 {
		return line[4], rest, true
	}
	if line == "sep=" { // a tab, trimmed
		return '\t', rest, true
	}
	return 0, text, false
}

// separator tells commas from the semicolons, tabs and bars that others write: by what
// cuts the first records into equally many fields, and finds a header.
func separator(text string, kind Kind) byte {
	const records = 30
	head := text[:min(len(text), 1<<16)]
	candidates := []byte(",;\t|")
	if kind == TSV {
		candidates = []byte("\t,;|")
	}
	best, most := candidates[0], 0.0
	for _, c := range candidates {
		r := newTableReader("", head, c)
		widths := map[int]int{}
		n, known := 0, 0
		for fields, _ := r.next(); fields != nil && n < records; fields, _ = r.next() {
			n++
			widths[len(fields)]++
			if n <= headerWithin && len(fields) > 1 {
				known = max(known, knownNames(fields))
			}
		}
		score := 0.0
		for width, count := range widths {
			if width > 1 {
				score = max(score, float64(count)/float64(n))
			}
		}
		score += float64(2 * min(known, 3))
		if score > most {
			best, most = c, score
		}
	}
	return best
}

// headerWithin is in how many of the first records a header is looked for.
const headerWithin = 10

// knownNames counts the roles that a record's fields name; 0 where one of them is too
// long for a name.
func knownNames(fields []string) int {
	var roles []role
	for _, f := range fields {
		f = clean(f)
		if len(f) > 60 || strings.HasSuffix(f, ".") || strings.HasSuffix(f, "?") || strings.HasSuffix(f, "!") {
			return 0
		}
		if r := roleOf(f); r.role != noRole && !slices.Contains(roles, r.role) {
			roles = append(roles, r.role)
		}
	}
	lower := func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), "q") }
	if len(roles) == 0 && slices.ContainsFunc(fields, lower) {
		return 1
	}
	return len(roles)
}

// looksLikeTable reports whether plain text is a table that Excel saved as "Unicode
// text": a header with tabs that names a text, and as many tabs in each line.
func looksLikeTable(text string) bool {
	head := text[:min(len(text), 1<<16)]
	line, _, _ := strings.Cut(head, "\n")
	if !strings.Contains(line, "\t") {
		return false
	}
	r := newTableReader("", head, '\t')
	header, _ := r.next()
	named := 0
	for _, f := range header {
		switch roleOf(f).role {
		case bodyRole, answerRole, titleRole, questionRole, idRole:
			named++
		}
	}
	if named < 2 {
		return false
	}
	n := 0
	for fields, _ := r.next(); fields != nil && n < 20; fields, _ = r.next() {
		if len(fields) != len(header) && r.at < len(head) {
			return false
		}
		n++
	}
	return n > 0
}

func readTable(name, text string, kind Kind, want Columns) ([]Document, []Note) {
	if strings.TrimSpace(text) == "" {
		return nil, []Note{{File: name, Why: "empty"}}
	}
	skipped := 0
	comma, rest, ok := sepLine(text)
	if ok {
		text, skipped = rest, 1
	} else {
		comma = separator(text, kind)
	}
	t := newRecords(name, want)
	r := newTableReader(name, text, comma)
	r.line += skipped
	var rows []row
	for fields, line := r.next(); fields != nil; fields, line = r.next() {
		if slices.ContainsFunc(fields, func(f string) bool { return strings.TrimSpace(f) != "" }) {
			rows = append(rows, row{line: line, cells: fields})
		}
	}
	t.table(rows, string(comma))
	docs, notes := t.documents(true)
	notes = append(r.notes, notes...)
	slices.SortStableFunc(notes, func(a, b Note) int { return a.Line - b.Line })
	return docs, notes
}

// table takes rows, of which one may be a header. comma joins the fields that a row has
// too many.
func (t *records) table(rows []row, comma string) {
	if len(rows) == 0 {
		return
	}
	at := t.findHeader(rows)
	width := 0
	if at >= 0 {
		t.header = rows[at].line
		for _, c := range rows[at].cells {
			t.columns = append(t.columns, clean(c))
		}
		for len(t.columns) > 0 && t.columns[len(t.columns)-1] == "" { // a comma at the end of each line
			t.columns = t.columns[:len(t.columns)-1]
		}
		var above []string
		for _, r := range rows[:at] {
			above = append(above, clean(strings.Join(r.cells, " ")))
		}
		if at > 0 {
			t.tell(rows[0].line, "what stands above the header was not read: %s", strconv.Quote(shortList(above)))
		}
		rows = rows[at+1:]
		width = len(t.columns)
	} else {
		t.bare = true
		counts := map[int]int{}
		for _, r := range rows[:min(len(rows), sampled)] {
			counts[len(r.cells)]++
		}
		for w, n := range counts {
			if n > counts[width] || n == counts[width] && w > width {
				width = w
			}
		}
		t.columns = make([]string, width)
		for i := range t.columns {
			t.columns[i] = "column " + strconv.Itoa(i+1)
		}
	}
	t.rows = rows
	t.widen(width, comma)
	if at >= 0 && len(rows) == 0 {
		t.note(t.header, "a header, and nothing under it")
	}
}

func shortList(list []string) string {
	s := strings.Join(list, ", ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}

// widen mends rows of more fields than the header has: a separator stands in a text
// without quotation marks. The fields of the text go together again.
func (t *records) widen(width int, comma string) {
	if width == 0 {
		return
	}
	text := width - 1
	for i := width - 1; i >= 0 && !t.bare; i-- {
		if r := roleOf(t.columns[i]).role; r == bodyRole || r == answerRole {
			text = i
			break
		}
	}
	first, n := 0, 0
	for i := range t.rows {
		r := &t.rows[i]
		for len(r.cells) > width && strings.TrimSpace(r.cells[len(r.cells)-1]) == "" {
			r.cells = r.cells[:len(r.cells)-1]
		}
		if more := len(r.cells) - width; more > 0 {
			if n++; n == 1 {
				first = r.line
			}
			cells := append(slices.Clone(r.cells[:text]), strings.Join(r.cells[text:text+more+1], comma))
			r.cells = append(cells, r.cells[text+more+1:]...)
		}
	}
	if n > 0 {
		t.tell(first, "%s more fields than there are columns; they were joined in column %d", plural(n, "row has", "rows have"), text+1)
	}
}

// findHeader gives the row that is the header, -1 where there is none.
func (t *records) findHeader(rows []row) int {
	if t.want.NoHeader {
		return -1
	}
	head := rows[:min(len(rows), headerWithin)]
	// One that has a column that was asked for by name.
	for _, asked := range []string{t.want.Text, t.want.Title, t.want.ID, t.want.URL} {
		if _, err := strconv.Atoi(asked); err == nil {
			continue
		}
		for i, r := range head {
			if asked != "" && slices.ContainsFunc(r.cells, func(c string) bool { return strings.EqualFold(clean(c), clean(asked)) }) {
				return i
			}
		}
	}
	for i, r := range head {
		if knownNames(r.cells) >= 2 {
			return i
		}
	}
	// Lines with a title, or nothing but one field, above it.
	width := 0
	for _, r := range head {
		width = max(width, filled(r.cells))
	}
	for i, r := range head {
		if filled(r.cells) < min(width, 2) {
			continue
		}
		if knownNames(r.cells) > 0 || !t.isData(r.cells, rows[i+1:]) {
			return i
		}
		return -1
	}
	return -1
}

func filled(cells []string) (n int) {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

// isData reports whether a first row is of what follows rather than names it: it has a
// sentence, or a number where all others have one, too.
func (t *records) isData(cells []string, rest []row) bool {
	for c, cell := range cells {
		cell = clean(cell)
		if countWords(cell) >= 5 || strings.HasSuffix(cell, "?") || strings.HasSuffix(cell, ".") && countWords(cell) > 1 || webURL(cell) != "" {
			return true
		}
		if isNumber(cell) && len(rest) > 0 {
			all := true
			for i := range rest[:min(len(rest), sampled)] {
				all = all && isNumber(strings.TrimSpace(rest[i].cell(c)))
			}
			if all {
				return true
			}
		}
	}
	return false
}
