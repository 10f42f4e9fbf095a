// Package jsontree reads JSON as a tree of values, and writes strings and numbers.
// encoding/json does more, by reflection, and makes each of the page's two programs a tenth
// larger, 76 and 80 kB compressed; the tests compare the two.
package jsontree

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A Kind is the type of a JSON value.
type Kind uint8

const (
	Null Kind = iota // also a missing value
	Bool
	Number
	Text
	Array
	Object
)

func (k Kind) String() string {
	return [...]string{"null", "a truth value", "a number", "a string", "a list", "an object"}[k]
}

// A Value is a parsed JSON value. A missing value is the zero Value.
type Value struct {
	Kind   Kind
	Yes    bool
	Number float64
	Text   string
	List   []Value
	Keys   []string // of an object; List has the values
	At     int      // its byte offset in the text
}

// Get returns the value of a key, the last one where the key is repeated; the zero Value
// where it is missing.
func (v Value) Get(key string) Value {
	for i := len(v.Keys) - 1; i >= 0; i-- {
		if v.Keys[i] == key {
			return v.List[i]
		}
	}
	return Value{}
}

// Int returns the value as a whole number; 0 where it is not one, or beyond 2^53.
func (v Value) Int() int {
	n, _ := v.Whole()
	return int(n)
}

// Whole returns the value as a whole number, and whether it is one. Beyond 2^53, where
// float64 does not represent every integer, it returns the nearest that an int64 can be.
func (v Value) Whole() (n int64, ok bool) {
	if v.Kind != Number || v.Number != math.Trunc(v.Number) {
		return 0, false
	}
	if v.Number >= 1<<63 {
		return math.MaxInt64, true
	}
	return int64(max(v.Number, -1<<63)), true
}

// Into stores fields of an object in variables: pointers to string, bool, int and float64,
// and pointers to pointers to these, which stay nil where a field is missing or null. The
// error names the field of another kind, and its byte offset.
func (v Value) Into(fields map[string]any) error {
	if v.Kind != Object {
		return fmt.Errorf("byte %d: %v, wanted an object", v.At, v.Kind)
	}
	for i, key := range v.Keys {
		to, ok := fields[key]
		x := v.List[i]
		if !ok || x.Kind == Null {
			continue
		}
		want := Text
		switch to := to.(type) {
		case *string:
			*to = x.Text
		case **string:
			*to = &x.Text
		case *bool:
			*to, want = x.Yes, Bool
		case **bool:
			*to, want = &x.Yes, Bool
		case *float64:
			*to, want = x.Number, Number
		case **float64:
			*to, want = &x.Number, Number
		case *int:
			*to, want = x.Int(), Number
		case **int:
			n := x.Int()
			*to, want = &n, Number
		}
		if _, whole := x.Whole(); x.Kind == Number && !whole && !isFloat(to) {
			return fmt.Errorf("byte %d: %s is %v, wanted a whole number", x.At, key, x.Number)
		}
		if x.Kind != want {
			return fmt.Errorf("byte %d: %s is %v, wanted %v", x.At, key, x.Kind, want)
		}
	}
	return nil
}

func isFloat(to any) bool {
	switch to.(type) {
	case *float64, **float64:
		return true
	}
	return false
}

// AppendQuoted appends s to b as a JSON string; invalid UTF-8 becomes U+FFFD.
func AppendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// AppendNumber appends v in the shortest form that reads back as the same float of that
// many bits; null where v is not finite.
func AppendNumber(b []byte, v float64, bits int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, bits)
}

// An Error says at which byte a text is not JSON.
type Error struct{ Offset int }

func (e *Error) Error() string { return "JSON: broken at byte " + strconv.Itoa(e.Offset) }

// Parse reads a text that is one JSON value. An error is an *Error.
func Parse(s string) (Value, error) {
	v, rest, err := ParsePrefix(s)
	if err == nil && rest < len(s) {
		err = &Error{rest}
	}
	if err != nil {
		return Value{}, err
	}
	return v, nil
}

// ParsePrefix reads the value at the beginning of s. rest is the offset of the text that
// follows it and white space.
func ParsePrefix(s string) (v Value, rest int, err error) {
	p := parser{s: s}
	v, ok := p.value()
	if !ok {
		return Value{}, p.at, &Error{p.at}
	}
	p.space()
	return v, p.at, nil
}

type parser struct {
	s     string
	at    int
	depth int
}

func (p *parser) space() {
	for p.at < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) word(w string) bool {
	if strings.HasPrefix(p.s[p.at:], w) {
		p.at += len(w)
		return true
	}
	return false
}

// next skips white space, and then c if it is there; it reports whether it was.
func (p *parser) next(c string) bool {
	p.space()
	return p.word(c)
}

func (p *parser) value() (v Value, ok bool) {
	if p.depth++; p.depth > 100 {
		return v, false
	}
	defer func() { p.depth-- }()
	p.space()
	if p.at == len(p.s) {
		return v, false
	}
	defer func(at int) { v.At = at }(p.at)
	switch c := p.s[p.at]; {
	case c == '{':
		return p.items("{", "}", Object)
	case c == '[':
		return p.items("[", "]", Array)
	case c == '"':
		v.Kind = Text
		v.Text, ok = p.str()
		return v, ok
	case c == '-' || c >= '0' && c <= '9':
		return p.num()
	case p.word("true"):
		return Value{Kind: Bool, Yes: true}, true
	case p.word("false"):
		return Value{Kind: Bool}, true
	case p.word("null"):
		return v, true
	}
	return v, false
}

func (p *parser) items(open, end string, k Kind) (v Value, ok bool) {
	v.Kind = k
	p.word(open)
	if p.next(end) {
		return v, true
	}
	for {
		if k == Object {
			p.space()
			key, ok := p.str()
			if !ok || !p.next(":") {
				return v, false
			}
			v.Keys = append(v.Keys, key)
		}
		item, ok := p.value()
		if !ok {
			return v, false
		}
		v.List = append(v.List, item)
		if p.next(end) {
			return v, true
		}
		if !p.next(",") {
			return v, false
		}
	}
}

func (p *parser) num() (v Value, ok bool) {
	from := p.at
	p.word("-")
	digits := func() bool {
		at := p.at
		for p.at < len(p.s) && p.s[p.at] >= '0' && p.s[p.at] <= '9' {
			p.at++
		}
		return p.at > at
	}
	if !p.word("0") && !digits() {
		return v, false
	}
	if p.word(".") && !digits() {
		return v, false
	}
	if p.word("e") || p.word("E") {
		if !p.word("+") {
			p.word("-")
		}
		if !digits() {
			return v, false
		}
	}
	n, err := strconv.ParseFloat(p.s[from:p.at], 64)
	return Value{Kind: Number, Number: n}, err == nil
}

func (p *parser) str() (string, bool) {
	if !p.word(`"`) {
		return "", false
	}
	from := p.at
	for p.at < len(p.s) && p.s[p.at] != '"' && p.s[p.at] != '\\' && p.s[p.at] >= 0x20 {
		p.at++
	}
	if p.at < len(p.s) && p.s[p.at] == '"' {
		p.at++
		return strings.ToValidUTF8(p.s[from:p.at-1], "\uFFFD"), true
	}
	b := []byte(p.s[from:p.at])
	for p.at < len(p.s) {
		c := p.s[p.at]
		switch {
		case c == '"':
			p.at++
			return strings.ToValidUTF8(string(b), "\uFFFD"), true
		case c < 0x20:
			return "", false
		case c != '\\':
			b = append(b, c)
			p.at++
			continue
		}
		p.at++
		if p.at == len(p.s) {
			return "", false
		}
		if i := strings.IndexByte(`"\/bfnrt`, p.s[p.at]); i >= 0 {
			b = append(b, "\"\\/\b\f\n\r\t"[i])
			p.at++
			continue
		}
		r, ok := p.unicode()
		if !ok {
			return "", false
		}
		if utf16.IsSurrogate(r) {
			at := p.at
			r2 := utf8.RuneError
			if p.word(`\`) {
				if r2, ok = p.unicode(); !ok {
					r2 = utf8.RuneError
				}
			}
			if r = utf16.DecodeRune(r, r2); r == utf8.RuneError {
				p.at = at // a lone surrogate; read the second escape by itself
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return "", false
}

// unicode reads uXXXX.
func (p *parser) unicode() (rune, bool) {
	if p.at+5 > len(p.s) || p.s[p.at] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.at+1:p.at+5], 16, 16)
	if err != nil {
		return 0, false
	}
	p.at += 5
	return rune(n), true
}
