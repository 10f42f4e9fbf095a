package documents

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonValue is a value of JSON as people's programs write it. Strings share the
// file's memory where they have no escapes.
type jsonValue struct {
	kind byte // 's' string, 'n' number, 'b' true or false, '0' null, '{', '['
	line int
	text string // of a string; of a number as it stands
	keys []string
	list []jsonValue // items; of an object what the keys stand for
}

func (v *jsonValue) get(key string) *jsonValue {
	for i, k := range v.keys {
		if k == key {
			return &v.list[i]
		}
	}
	return nil
}

// A jsonParser reads JSON, and what is often taken for it: NaN, comments, commas too
// many or too few, strings in single quotes or with line ends, several values in a
// file. What is not JSON costs the record that it is in; the next begins where a line
// begins with "{". It passes over no byte twice but for such a rest of a line.
type jsonParser struct {
	name  string
	s     string
	at    int
	depth int // open objects and lists
	lists int // open lists
	notes []Note
	told  map[string]bool
	begin string // what a record may begin with that follows one that is no JSON: "{" and others
	line  int    // of at[counted]
	count int
}

type jsonError struct {
	at    int
	depth int
	why   string
}

// lineOf counts lines; offsets asked for must not go back.
func (p *jsonParser) lineOf(at int) int {
	if at > p.count {
		p.line += strings.Count(p.s[p.count:at], "\n")
		p.count = at
	}
	return 1 + p.line
}

func (p *jsonParser) fail(why string) *jsonError { return &jsonError{p.at, p.depth, why} }

// tell says once what is no JSON but costs nothing.
func (p *jsonParser) tell(why string) {
	if !p.told[why] {
		p.told[why] = true
		p.notes = append(p.notes, Note{File: p.name, Line: p.lineOf(p.at), Why: why, Kept: true})
	}
}

func (p *jsonParser) space() {
	for p.at < len(p.s) {
		switch c := p.s[p.at]; {
		case c <= ' ' || c == 0x7f:
			p.at++
		case strings.HasPrefix(p.s[p.at:], "\uFEFF"):
			p.at += len("\uFEFF")
		case strings.HasPrefix(p.s[p.at:], "//"):
			p.tell("JSON has no comments; what looks like one was passed over")
			p.until("\n")
		case strings.HasPrefix(p.s[p.at:], "/*"):
			p.tell("JSON has no comments; what looks like one was passed over")
			p.until("*/")
		default:
			return
		}
	}
}

func (p *jsonParser) until(end string) {
	if i := strings.Index(p.s[p.at:], end); i >= 0 {
		p.at += i + len(end)
	} else {
		p.at = len(p.s)
	}
}

func (p *jsonParser) peek() byte {
	p.space()
	if p.at == len(p.s) {
		return 0
	}
	return p.s[p.at]
}

func (p *jsonParser) value() (v jsonValue, err *jsonError) {
	c := p.peek()
	v.line = p.lineOf(p.at)
	if c == '{' || c == '[' {
		if p.depth++; p.depth > maxDepth {
			return v, p.fail(fmt.Sprintf("more than %d values within each other", maxDepth))
		}
		v.kind = c
		p.at++
		if c == '{' {
			err = p.object(&v)
		} else {
			p.lists++
			err = p.array(&v)
			p.lists--
		}
		p.depth--
		return v, err
	}
	if c == '"' || c == '\'' {
		v.kind = 's'
		v.text, err = p.str()
		return v, err
	}
	if p.at == len(p.s) {
		return v, p.fail("it ends in the middle of a record")
	}
	word := p.word()
	switch strings.TrimLeft(word, "+-") {
	case "true", "false", "True", "False":
		v.kind = 'b'
	case "null", "None", "undefined":
		v.kind = '0'
	case "NaN", "nan", "Infinity", "Inf", "inf":
		v.kind = '0'
	default:
		if word == "" || strings.Trim(word, "+-.0123456789eE") != "" || strings.Trim(word, "+-.eE") == "" {
			if word == "" {
				return v, p.fail(fmt.Sprintf("%q where a value should be", shortened(p.s[p.at:])))
			}
			p.at -= len(word)
			return v, p.fail(fmt.Sprintf("%q where a value should be", shortened(word)))
		}
		v.kind, v.text = 'n', word
	}
	return v, nil
}

// word takes what a number, a name or a key without quotes is made of.
func (p *jsonParser) word() string {
	begin := p.at
	for p.at < len(p.s) {
		c := p.s[p.at]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("+-._$", c) >= 0 {
			p.at++
			continue
		}
		break
	}
	return p.s[begin:p.at]
}

func shortened(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	n := 0
	for i := range s {
		if n++; n > 12 {
			return s[:i] + "..."
		}
	}
	return s
}

func (p *jsonParser) object(v *jsonValue) *jsonError {
	for {
		var key string
		switch c := p.peek(); c {
		case '}':
			p.at++
			return nil
		case '"', '\'':
			var err *jsonError
			if key, err = p.str(); err != nil {
				return err
			}
		default:
			if key = p.word(); key == "" {
				if p.at == len(p.s) {
					return p.fail("it ends in the middle of a record")
				}
				return p.fail(fmt.Sprintf("%q where a name in quotes should be", shortened(p.s[p.at:])))
			}
		}
		if p.peek() != ':' {
			return p.fail(fmt.Sprintf("no colon after %q", shortened(key)))
		}
		p.at++
		item, err := p.value()
		if err != nil {
			return err
		}
		v.keys = append(v.keys, key)
		v.list = append(v.list, item)
		switch p.peek() {
		case ',':
			p.at++
			if p.peek() == '}' {
				p.tell("a comma before }, which JSON has not; it was passed over")
			}
		case '}':
		case '"':
			p.tell("a comma is missing")
		default:
			if p.at < len(p.s) {
				return p.fail(fmt.Sprintf("%q where a comma should be", shortened(p.s[p.at:])))
			}
			if p.lists > 0 || item.kind != '[' {
				return p.fail("it ends in the middle of a record")
			}
			p.tell("an object has no end: a } is missing")
			return nil
		}
	}
}

func (p *jsonParser) array(v *jsonValue) *jsonError {
	numbers := true
	for {
		c := p.peek()
		if c == ']' {
			p.at++
			if numbers && len(v.list) > 32 {
				v.list = nil // a vector; nothing reads it
			}
			return nil
		}
		if p.at == len(p.s) {
			if p.lists > 1 {
				return p.fail("it ends in the middle of a record")
			}
			p.tell("the list has no end: a ] is missing")
			return nil
		}
		if c == ',' {
			p.tell("a comma too many")
			p.at++
			continue
		}
		begin, depth, line := p.at, p.depth, p.lineOf(p.at)
		if p.lists == 1 {
			p.begins(c)
		}
		item, err := p.value()
		if err != nil && p.lists > 1 {
			return err
		}
		if err != nil {
			p.lost(err, depth, line)
			p.at = max(p.at, begin+1)
			continue
		}
		numbers = numbers && item.kind == 'n'
		v.list = append(v.list, item)
		switch p.peek() {
		case ',':
			p.at++
			if p.peek() == ']' {
				p.tell("a comma before ], which JSON has not; it was passed over")
			}
		case '{', '[', '"':
			p.tell("a comma is missing")
		case ']':
		default:
			if p.at == len(p.s) {
				continue
			}
			err := p.fail(fmt.Sprintf("%q where a comma should be", shortened(p.s[p.at:])))
			if p.lists > 1 {
				return err
			}
			p.lost(err, depth, p.lineOf(p.at))
		}
	}
}

// lost notes a record, which begins in a line, that is no JSON, and goes to where the next may begin: to its
// end where that is in the same line, else to the next line that begins with "{".
func (p *jsonParser) lost(err *jsonError, depth, line int) {
	why := "not JSON: " + err.why
	if at := p.lineOf(err.at); at != line {
		why = fmt.Sprintf("not JSON in line %d: %s", at, err.why)
	}
	if err.depth == 0 {
		why = "not a JSON object"
	}
	p.notes = append(p.notes, Note{File: p.name, Line: line, Why: why})
	p.at, p.depth = err.at, depth
	open := err.depth - depth
	for p.at < len(p.s) && p.s[p.at] != '\n' {
		c := p.s[p.at]
		p.at++
		switch c {
		case '"':
			for p.at < len(p.s) && p.s[p.at] != '"' && p.s[p.at] != '\n' {
				if p.s[p.at] == '\\' && p.at+1 < len(p.s) {
					p.at++
				}
				p.at++
			}
			if p.at < len(p.s) && p.s[p.at] == '"' {
				p.at++
			}
		case '{', '[':
			open++
		case '}', ']':
			if open--; open <= 0 {
				if open < 0 && c == ']' {
					p.at-- // the list's own end
				}
				if p.peek() == ',' {
					p.at++
				}
				return
			}
		case ',':
			if open == 0 {
				return
			}
		}
	}
	from, passed := p.lineOf(p.at), 0
	for p.at < len(p.s) {
		p.at++
		rest := strings.TrimLeft(p.s[p.at:min(len(p.s), p.at+1000)], " \t")
		if rest != "" && (rest[0] == '{' || strings.IndexByte(p.begin, rest[0]) >= 0) {
			break
		}
		if rest != "" && rest[0] != '\n' {
			passed++
		}
		p.until("\n")
		if p.at < len(p.s) {
			p.at--
		}
	}
	if passed > 0 {
		p.notes[len(p.notes)-1].Why += fmt.Sprintf("; %s after line %d may belong to it, and went with it", plural(passed, "line", "lines"), from)
	}
}

// begins notes that records may begin with a byte other than "{".
func (p *jsonParser) begins(c byte) {
	if (c == '"' || c == '[') && strings.IndexByte(p.begin, c) < 0 {
		p.begin += string(c)
	}
}

// str reads a string. A line end in it is taken as it is, but not where the next line
// begins as a record does: then the quotation mark at the end is missing.
func (p *jsonParser) str() (string, *jsonError) {
	quote := p.s[p.at]
	p.at++
	from := p.at
	var b strings.Builder
	for p.at < len(p.s) {
		switch c := p.s[p.at]; c {
		case quote:
			s := p.s[from:p.at]
			p.at++
			if b.Len() == 0 {
				return s, nil
			}
			b.WriteString(s)
			return b.String(), nil
		case '\n':
			if rest := strings.TrimLeft(p.s[p.at:min(len(p.s), p.at+200)], " \t\n"); strings.HasPrefix(rest, "{") || rest == "" || p.depth == 0 && rest[0] == quote {
				return "", p.fail("a string has no end: a quotation mark is missing")
			}
			p.at++
		case '\\':
			b.WriteString(p.s[from:p.at])
			p.at++
			p.escape(&b)
			from = p.at
		default:
			p.at++
		}
	}
	return "", p.fail("a string has no end: a quotation mark is missing")
}

// escape reads what follows a backslash.
func (p *jsonParser) escape(b *strings.Builder) {
	if p.at == len(p.s) {
		return
	}
	c := p.s[p.at]
	if c == 'u' {
		if r, ok := p.hex(); ok {
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if strings.HasPrefix(p.s[p.at:], `\u`) {
					was := p.at
					p.at++
					if second, ok := p.hex(); ok {
						low = second
					}
					if utf16.DecodeRune(r, low) == utf8.RuneError {
						p.at = was
					}
				}
				r = utf16.DecodeRune(r, low)
			}
			b.WriteRune(r)
			return
		}
	}
	r, size := utf8.DecodeRuneInString(p.s[p.at:])
	p.at += size
	switch c {
	case 'n':
		r = '\n'
	case 't', 'b', 'f':
		r = ' '
	case 'r':
		r = '\n'
		if strings.HasPrefix(p.s[p.at:], `\n`) {
			return
		}
	}
	b.WriteRune(r)
}

// hex reads "u" and four digits.
func (p *jsonParser) hex() (r rune, ok bool) {
	if p.at+5 > len(p.s) {
		return 0, false
	}
	for _, c := range []byte(p.s[p.at+1 : p.at+5]) {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if d < 0 || c < '0' || c > '9' && c < 'A' {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	p.at += 5
	return r, true
}

// A jsonReader reads JSON and JSON Lines alike: records one after another, in a list, or
// in lists and objects within others (see shape). It takes a file in parts.
type jsonReader struct {
	p       jsonParser
	t       *records
	first   *jsonValue // the file's only value so far
	values  int
	nothing bool // but white space so far
}

func newJSONReader(name string, want Columns) *jsonReader {
	return &jsonReader{p: jsonParser{name: name, told: map[string]bool{}}, t: newRecords(name, want), nothing: true}
}

// readJSON reads a file as a whole.
func readJSON(name, text string, want Columns) ([]Document, []Note) {
	_, docs, notes := newJSONReader(name, want).read(text, 0, true)
	return docs, notes
}

// read takes the next part of a file, before which there are so many lines. Where it is
// not the last, rest is what of it may belong to a record that is not there as a whole.
func (r *jsonReader) read(text string, before int, last bool) (rest string, docs []Document, notes []Note) {
	p, t := &r.p, r.t
	p.s, p.at, p.depth, p.lists, p.line, p.count, p.notes = text, 0, 0, 0, before, 0, nil
	for p.peek() != 0 || p.at < len(p.s) {
		r.nothing = false
		if c := p.s[p.at]; c == ',' || c == ']' || c == '}' {
			if c == ',' {
				p.tell("a comma between records, which JSON has not; it was passed over")
			} else {
				p.tell(fmt.Sprintf("a %c too many", c))
			}
			p.at++
			continue
		}
		begin, line, noted := p.at, p.lineOf(p.at), len(p.notes)
		p.begins(p.s[begin])
		v, err := p.value()
		if !last && (err != nil && !strings.Contains(p.s[err.at:], "\n{") || err == nil && p.at == len(p.s)) {
			// It may go on in the next part.
			p.depth, p.lists = 0, 0
			p.notes = p.notes[:noted]
			rest = p.s[begin:]
			break
		}
		if err != nil {
			p.lists = 0
			p.lost(err, 0, line)
			p.at = max(p.at, begin+1)
			r.values++
			if r.first != nil {
				t.record(r.first, "")
				r.first = nil
			}
			continue
		}
		switch r.values++; {
		case r.values == 1:
			r.first = &v // whether it is a record or holds them is seen when there are no more
			continue
		case r.first != nil && r.first.kind == '[' && v.kind != '[':
			t.shape(r.first)
		case r.first != nil:
			t.record(r.first, "")
		}
		r.first = nil
		t.record(&v, "")
	}
	if last && r.first != nil {
		t.shape(r.first)
	}
	if last && r.nothing {
		return "", nil, []Note{{File: p.name, Why: "empty"}}
	}
	docs, notes = t.documents(last)
	notes = append(p.notes, notes...)
	slices.SortStableFunc(notes, func(a, b Note) int { return a.Line - b.Line })
	return rest, docs, notes
}
