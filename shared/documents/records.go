package documents

import (
	"errors"
	"fmt"
	"hash/maphash"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A row is a record of a table, or of JSON.
type row struct {
	line  int
	cells []string
	cols  []int  // what column each cell is of; nil: the first, the second and so on
	key   string // its id, where that is not in a column
	parts []section
}

// A section is a part of a record that holds a list of them.
type section struct {
	level      int
	head, text string
}

func (r *row) cell(column int) string {
	if r.cols == nil {
		if column < 0 || column >= len(r.cells) {
			return ""
		}
		return r.cells[column]
	}
	if i := slices.Index(r.cols, column); i >= 0 && column >= 0 {
		return r.cells[i]
	}
	return ""
}

// records are what a table or JSON holds, before it is known which column is what.
type records struct {
	name    string
	want    Columns
	columns []string
	number  map[string]int // of columns by their name, for JSON
	header  int            // line of the header; 0: there is none
	bare    bool           // no header: columns go by number
	rows    []row
	notes   []Note
	pending string // an id that stands before its record

	// Of a file that comes in parts, what was found out.
	known     *plan
	seen      map[string]first // documents by id
	next      map[string]int   // the number behind an id that came again
	seed      maphash.Seed
	again     int // ids that came before
	againLine int
	any       bool            // there were rows
	told      map[string]bool // fields that were said not to be read
}

// first is where an id came first, and of what.
type first struct {
	line int
	hash uint64
}

func newRecords(name string, want Columns) *records {
	return &records{name: name, want: want, number: map[string]int{}, told: map[string]bool{}, seen: map[string]first{}, next: map[string]int{}, seed: maphash.MakeSeed()}
}

func (t *records) note(line int, format string, a ...any) {
	t.notes = append(t.notes, Note{File: t.name, Line: line, Why: fmt.Sprintf(format, a...)})
}

func (t *records) tell(line int, format string, a ...any) {
	t.notes = append(t.notes, Note{File: t.name, Line: line, Why: fmt.Sprintf(format, a...), Kept: true})
}

// A plan says what the columns are, by number; -1, or none: nothing is.
type plan struct {
	columns  int // that were known
	id       int
	ids      []int // where the record has no such field
	title    []int // outermost first
	names    []int // where there is none of these
	text     []int
	links    []int
	question bool // the title is a question, and the text its answer
	named    bool // each text begins with its column's name
}

// unknown says that no column can be told to hold the text.
func (t *records) unknown() error {
	if t.bare {
		return fmt.Errorf("it cannot be told which of the %d columns holds the text; name it by its number", len(t.columns))
	}
	if len(t.columns) == 0 {
		return errors.New("nothing in it is a document with a text")
	}
	return fmt.Errorf("it cannot be told which column holds the text; the columns are: %s; name it", shortList(t.columns))
}

// documents makes documents of the rows, and forgets them; last says that no more come.
func (t *records) documents(last bool) (docs []Document, notes []Note) {
	defer func() { t.rows, t.notes = nil, nil }()
	t.any = t.any || len(t.rows) > 0
	if len(t.rows) == 0 {
		if last && !t.any && len(t.notes) == 0 {
			t.note(0, "no records in it")
		}
		return nil, t.notes
	}
	if t.known == nil || t.known.columns != len(t.columns) {
		p, err := t.plan()
		if err != nil {
			n := Note{File: t.name, Line: t.header, Why: err.Error()}
			if len(t.columns) > 0 {
				n.Ask = t.sample()
			}
			if n.Line == 0 {
				n.Line = t.rows[0].line
			}
			return nil, append(t.notes, n)
		}
		p.columns = len(t.columns)
		t.known = p
	}
	for i := range t.rows {
		r := &t.rows[i]
		d, why := t.document(r, t.known)
		if why != "" {
			t.note(r.line, "%s", why)
			continue
		}
		given := d.ID != ""
		if !given {
			d.ID = fmt.Sprintf("%s:%d", t.name, r.line)
		}
		hash := maphash.String(t.seed, d.Title+"\x00"+d.Text+"\x00"+d.URL)
		if f, ok := t.seen[d.ID]; ok {
			if f.hash == hash {
				t.note(r.line, "the same as line %d", f.line)
				continue
			}
			if given {
				if t.again++; t.again == 1 {
					t.againLine = r.line
				}
			}
			d.ID = t.unused(d.ID, r.line, given)
		}
		t.seen[d.ID] = first{r.line, hash}
		docs = append(docs, d)
	}
	if last && t.again > 0 {
		t.tell(t.againLine, "%s came before, and got the line beside it", plural(t.again, "id", "ids"))
	}
	return docs, t.notes
}

// unused makes another id of one that was used.
func (t *records) unused(id string, line int, given bool) string {
	used := func(id string) bool { _, ok := t.seen[id]; return ok }
	if given {
		if other := fmt.Sprintf("%s:%d", id, line); !used(other) {
			return other
		}
	}
	for n := max(t.next[id], 1) + 1; ; n++ {
		if other := fmt.Sprintf("%s.%d", id, n); !used(other) {
			t.next[id] = n
			return other
		}
	}
}

// document makes one of a row, or says why there is none. Its id is empty where the row
// has none.
func (t *records) document(r *row, p *plan) (d Document, why string) {
	var titles []string
	for _, c := range p.title {
		s := plainCell(r.cell(c))
		if s == "" || slices.ContainsFunc(titles, func(outer string) bool { return strings.Contains(outer, s) }) {
			continue
		}
		titles = append(slices.DeleteFunc(titles, func(outer string) bool { return strings.Contains(s, outer) }), s)
	}
	title := strings.Join(titles, " > ")
	for _, c := range p.names {
		if title == "" {
			title = plainCell(r.cell(c))
		}
	}
	var l layout
	var texts []string
	for _, c := range p.text {
		s := strings.TrimSpace(r.cell(c))
		if s == "" {
			continue
		}
		if p.named {
			l.line(t.columns[c] + ": " + plainCell(s))
			continue
		}
		// A summary that the text has word by word is not said twice.
		texts = slices.DeleteFunc(texts, func(other string) bool { return len(other) < len(s) && strings.Contains(s, other) })
		if !slices.ContainsFunc(texts, func(other string) bool { return strings.Contains(other, s) }) {
			texts = append(texts, s)
		}
	}
	for _, s := range texts {
		l.inLines = false
		l.cell(s)
	}
	for _, part := range r.parts {
		if part.head != "" {
			l.heading(part.level, plainCell(part.head), "")
		}
		l.inLines = false
		l.cell(part.text)
	}
	d = l.document(clean(r.cell(p.id)), title, "")
	for _, c := range p.ids {
		if d.ID == "" && r.cols != nil {
			d.ID = clean(r.cell(c))
		}
	}
	if r.key != "" {
		d.ID = clean(r.key)
	}
	d.Line = r.line
	for _, c := range p.links {
		if d.URL = webURL(r.cell(c)); d.URL != "" {
			break
		}
	}
	switch {
	case d.Text != "":
	case d.Title == "":
		return d, "no text and no title"
	case p.question:
		return d, "the question has no answer"
	}
	return d, ""
}

// cell appends what a cell holds: lines stay lines, HTML and lists become their text.
func (l *layout) cell(s string) {
	if list, ok := cellList(s); ok {
		for _, item := range list {
			l.inLines = false
			l.cell(item)
		}
		return
	}
	if isHTML(s) {
		htmlInto(l, s)
		return
	}
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	l.lines(s)
}

// plainCell is a cell on one line.
func plainCell(s string) string {
	if isHTML(s) {
		var l layout
		htmlInto(&l, s)
		s = l.text.String()
	} else if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	return clean(s)
}

// isHTML reports whether a text is marked up: an element is closed in it, or lines are
// broken by one. A text about tags may name one, too, but rarely closes it.
func isHTML(s string) bool {
	if strings.IndexByte(s, '<') < 0 {
		return false
	}
	low := strings.ToLower(s)
	for _, tag := range []string{"p", "b", "i", "a", "div", "span", "li", "ul", "ol", "strong", "em", "td", "table", "h1", "h2", "h3", "h4", "code", "pre", "blockquote", "u", "sup", "sub"} {
		if strings.Contains(low, "</"+tag+">") && (strings.Contains(low, "<"+tag+">") || strings.Contains(low, "<"+tag+" ")) {
			return true
		}
	}
	return strings.Contains(low, "<br>") || strings.Contains(low, "<br/>") || strings.Contains(low, "<br />") || strings.HasPrefix(low, "<p>")
}

// cellList reads a cell that is a list of texts, as programs write one into a table.
func cellList(s string) (list []string, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) < 4 || s[0] != '[' || s[len(s)-1] != ']' || s[1] != '"' && s[1] != '\'' {
		return nil, false
	}
	p := &jsonParser{s: s, told: map[string]bool{}}
	v, err := p.value()
	if err != nil || p.at != len(s) || len(p.notes) > 0 {
		return nil, false
	}
	for i := range v.list {
		if v.list[i].kind != 's' {
			return nil, false
		}
		list = append(list, v.list[i].text)
	}
	return list, true
}

// plan finds out what the columns are: those that were asked for, then by their names,
// then by what they hold.
func (t *records) plan() (*plan, error) {
	p := &plan{id: -1}
	asked := func(name string) (int, error) {
		if name == "" {
			return -1, nil
		}
		return t.find(name)
	}
	var err error
	if p.id, err = asked(t.want.ID); err != nil {
		return nil, err
	}
	if c, err := asked(t.want.Title); err != nil {
		return nil, err
	} else if c >= 0 {
		p.title = []int{c}
	}
	if c, err := asked(t.want.URL); err != nil {
		return nil, err
	} else if c >= 0 {
		p.links = []int{c}
	}
	if t.want.NoHeader && t.want.Text == "" && t.want.Title == "" && !t.bare {
		t.bare = true
	}
	roles := make([]namedRole, len(t.columns))
	if !t.bare {
		for i, name := range t.columns {
			roles[i] = roleOf(name)
		}
		t.single(roles)
	}
	all := func(want role) (list []int) {
		for i, r := range roles {
			if r.role == want && !slices.Contains(p.title, i) && i != p.id {
				list = append(list, i)
			}
		}
		return list
	}
	best := func(list []int) int {
		at := -1
		for _, i := range list {
			if at < 0 || roles[i].rank < roles[at].rank {
				at = i
			}
		}
		return at
	}
	if p.links == nil {
		for i, r := range roles {
			if r.role == linkRole || strings.Contains(alsoLinks, " "+strings.ToLower(strings.TrimSpace(t.columns[i]))+" ") {
				p.links = append(p.links, i)
			}
		}
	}
	if p.id < 0 {
		ids := all(idRole)
		slices.SortStableFunc(ids, func(a, b int) int { return roles[a].rank - roles[b].rank })
		for _, c := range ids {
			if !t.distinct(c) {
				continue
			}
			if p.id < 0 {
				p.id = c
			} else {
				p.ids = append(p.ids, c)
			}
		}
	}
	questions, answers := all(questionRole), all(answerRole)
	if p.title == nil {
		if c := best(all(titleRole)); c >= 0 {
			p.title = append(p.title, c)
		}
		p.title = append(p.title, all(headingRole)...)
		if c := best(questions); c >= 0 {
			p.title = append(p.title, c)
		}
		if names := all(nameRole); len(p.title) == 0 {
			if c := best(names); c >= 0 {
				p.title = []int{c}
			}
		} else {
			p.names = names
		}
	}
	switch {
	case t.want.Text == "*":
		p.named = true
		for c := range t.columns {
			if c != p.id && !slices.Contains(p.title, c) && !slices.Contains(p.links, c) {
				p.text = append(p.text, c)
			}
		}
		return p, nil
	case t.want.Text != "":
		if p.text, err = t.findAll(t.want.Text); err != nil {
			return nil, err
		}
		p.title = slices.DeleteFunc(p.title, func(c int) bool { return slices.Contains(p.text, c) })
		p.question = len(questions) > 0 && slices.Contains(p.title, questions[0])
		return p, nil
	}
	for c, r := range roles {
		if (r.role == bodyRole || r.role == answerRole) && c != p.id && !slices.Contains(p.title, c) {
			p.text = append(p.text, c)
		}
	}
	// A row without an answer is not quoted as its own question.
	p.question = len(answers) > 0 && len(answers) == len(p.text)
	if t.hasParts() && len(p.text) == 0 {
		return p, nil
	}
	t.byContent(p, roles, questions)
	if len(p.text) == 0 {
		return nil, t.unknown()
	}
	t.aside(p)
	return p, nil
}

// single reads names of one letter, which mean something only together: q and a.
func (t *records) single(roles []namedRole) {
	q, a := -1, -1
	for i, name := range t.columns {
		switch strings.ToLower(strings.Trim(name, " .:")) {
		case "q":
			q = i
		case "a":
			a = i
		}
	}
	if q >= 0 && a >= 0 {
		roles[q], roles[a] = namedRole{questionRole, 0}, namedRole{answerRole, 0}
	}
}

func (t *records) hasParts() bool {
	return slices.ContainsFunc(t.rows, func(r row) bool { return len(r.parts) > 0 })
}

// find gives the column of a name or a number.
func (t *records) find(name string) (int, error) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for i, c := range t.columns {
			if !t.bare && same(clean(c), clean(name)) {
				return i, nil
			}
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(t.columns) {
		return n - 1, nil
	}
	if t.bare {
		return -1, fmt.Errorf("no column %q; without a header they go by number, 1 to %d", name, len(t.columns))
	}
	return -1, fmt.Errorf("no column %q; the columns are: %s", name, shortList(t.columns))
}

// findAll gives the columns of one name, or of several with commas between.
func (t *records) findAll(names string) (list []int, err error) {
	if c, err := t.find(names); err == nil {
		return []int{c}, nil
	} else if !strings.Contains(names, ",") {
		return nil, err
	}
	for name := range strings.SplitSeq(names, ",") {
		c, err := t.find(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// sampled is how many rows tell what a column holds.
const sampled = 200

// distinct reports whether a column names its rows: most of those that differ have a
// value, and another.
func (t *records) distinct(c int) bool {
	seen, rows := map[string]bool{}, map[string]bool{}
	for i := range t.rows[:min(len(t.rows), 10*sampled)] {
		if s := t.rows[i].cell(c); s != "" {
			seen[s] = true
			rows[strings.Join(t.rows[i].cells, "\x00")] = true
		}
	}
	return 2*len(seen) > len(rows)
}

// A profile says what a column holds.
type profile struct {
	filled, words  int
	distinct       int
	numbers        int
	links          int
	questions      int
	sentences      int
	wordsPerFilled float64
}

func (t *records) profile(c int) (p profile) {
	seen := map[string]bool{}
	for i := range t.rows[:min(len(t.rows), sampled)] {
		s := strings.TrimSpace(t.rows[i].cell(c))
		if s == "" {
			continue
		}
		p.filled++
		seen[s] = true
		n := countWords(s)
		p.words += n
		switch {
		case isNumber(s):
			p.numbers++
		case n == 1 && (webURL(s) != "" || strings.HasPrefix(s, "/") || strings.HasPrefix(s, "www.")):
			p.links++
		}
		if strings.HasSuffix(s, "?") || strings.HasSuffix(s, "？") {
			p.questions++
		}
		if r, _ := utf8.DecodeLastRuneInString(s); strings.ContainsRune(".!?。！？", r) && n > 2 {
			p.sentences++
		}
	}
	p.distinct = len(seen)
	if p.filled > 0 {
		p.wordsPerFilled = float64(p.words) / float64(p.filled)
	}
	return p
}

// countWords counts words, of scripts without spaces two characters as one.
func countWords(s string) int {
	n := len(strings.Fields(s))
	wide := 0
	for _, r := range s {
		if r >= 0x2e80 {
			wide++
		}
	}
	return max(n, wide/2)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.,-+ %€$£") == ""
}

// prose reports whether a column holds what people wrote, and not the same in each row.
func (p profile) prose() bool {
	return p.filled > 0 && p.wordsPerFilled >= 5 && 10*p.distinct >= 6*p.filled && 2*p.numbers < p.filled && 2*p.links < p.filled
}

// byContent finds columns by what they hold. Beside a text that its name told, what
// else people wrote belongs to it; where no name did, it must be the only such column,
// or the one after a column of questions.
func (t *records) byContent(p *plan, roles []namedRole, questions []int) {
	profiles := make([]profile, len(t.columns))
	var free, prose []int
	for c := range t.columns {
		if c == p.id || slices.Contains(p.title, c) || slices.Contains(p.text, c) || slices.Contains(p.links, c) || roles[c].role == idRole {
			continue
		}
		profiles[c] = t.profile(c)
		if profiles[c].filled == 0 {
			continue
		}
		free = append(free, c)
		if profiles[c].prose() {
			prose = append(prose, c)
		}
	}
	if len(p.text) > 0 {
		p.text = append(p.text, prose...)
		slices.Sort(p.text)
		return
	}
	say := func(titles, texts []int) {
		p.title, p.text = append(p.title, titles...), texts
		name := func(list []int) string {
			var names []string
			for _, c := range list {
				if t.bare {
					names = append(names, strconv.Itoa(c+1))
				} else {
					names = append(names, t.columns[c])
				}
			}
			return strings.Join(names, ", ")
		}
		what := "column " + name(texts) + " was read as the text"
		if len(titles) > 0 {
			what = "column " + name(titles) + " was read as the title, " + what
		}
		if t.bare {
			what = "no header: " + what
		}
		t.tell(t.header, "%s", what)
	}
	if t.bare {
		// A first column of numbers, or of other short names, numbers the rows.
		if len(free) > 1 && p.id < 0 {
			if f := profiles[free[0]]; f.distinct == f.filled && f.filled == len(t.rows[:min(len(t.rows), sampled)]) && f.wordsPerFilled == 1 && (f.numbers == f.filled || len(free) > 2 && f.questions == 0 || len(free) == 2 && t.codes(free[0])) {
				p.id = free[0]
				free = free[1:]
			}
		}
		free = slices.DeleteFunc(free, func(c int) bool {
			if profiles[c].links == profiles[c].filled {
				p.links = append(p.links, c)
				return true
			}
			return false
		})
		switch {
		case len(free) == 1 && len(p.title) == 0:
			say(nil, free)
		case len(free) == 2 && len(p.title) == 0:
			first, second := profiles[free[0]], profiles[free[1]]
			switch {
			case 2*first.questions >= first.filled:
				say(free[:1], free[1:])
				p.question = true
			case first.wordsPerFilled < second.wordsPerFilled && first.wordsPerFilled <= 12:
				say(free[:1], free[1:])
			case second.wordsPerFilled < first.wordsPerFilled && second.wordsPerFilled <= 6 && first.wordsPerFilled > 8:
				say(free[1:], free[:1])
			}
		}
		return
	}
	switch {
	case len(prose) == 1:
		say(nil, prose)
		p.question = len(questions) > 0
	case len(prose) == 2 && len(p.title) == 0 && 2*profiles[prose[0]].questions >= profiles[prose[0]].filled:
		say(prose[:1], prose[1:])
		p.question = true
	}
}

// codes reports whether a column's values are short names with digits: "d12", "A-7".
func (t *records) codes(c int) bool {
	for i := range t.rows[:min(len(t.rows), sampled)] {
		if s := t.rows[i].cell(c); !strings.ContainsAny(s, "0123456789") || strings.ContainsAny(s, " \t") {
			return false
		}
	}
	return true
}

// aside tells which columns of a table with a header are not read.
func (t *records) aside(p *plan) {
	if t.header == 0 {
		return
	}
	var names []string
	for c, name := range t.columns {
		if c != p.id && !slices.Contains(p.title, c) && !slices.Contains(p.text, c) && !slices.Contains(p.links, c) && t.profile(c).filled > 0 {
			names = append(names, strconv.Quote(clean(name)))
		}
	}
	if len(names) > 0 {
		if len(names) > 12 {
			names = append(names[:12], "...")
		}
		what := "the column %s was not read"
		if len(names) > 1 {
			what = "the columns %s were not read"
		}
		t.tell(t.header, what, strings.Join(names, ", "))
	}
}

// sample gives the first rows, for a person to choose from.
func (t *records) sample() *Sample {
	const most, long = 5, 200
	width := min(len(t.columns), 40)
	s := &Sample{}
	for c := range width {
		if t.bare {
			s.Columns = append(s.Columns, strconv.Itoa(c+1))
		} else {
			s.Columns = append(s.Columns, clean(t.columns[c]))
		}
	}
	for i := range t.rows[:min(len(t.rows), most)] {
		cells := make([]string, width)
		for c := range cells {
			v := clean(t.rows[i].cell(c))
			if len(v) > long {
				v = strings.ToValidUTF8(v[:long], "") + "..."
			}
			cells[c] = v
		}
		s.Rows = append(s.Rows, cells)
	}
	return s
}
