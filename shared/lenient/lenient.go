// Package lenient reads JSON as data sets contain it: with Python's NaN, and with numbers
// where other files have strings.
package lenient

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// NewReader returns a reader of r's JSON in which null replaces NaN, Infinity and
// -Infinity, which JSON does not have. All else, strings included, stays as it is. A line
// feed ends a string, so that in JSON lines a broken line does not affect the next one.
func NewReader(r io.Reader) io.Reader { return &reader{r: bufio.NewReaderSize(r, 1<<16)} }

type reader struct {
	r               *bufio.Reader
	quoted, escaped bool   // inside a string; after a backslash in it
	buffer          []byte // the memory of rest
	rest            []byte // converted, but not yet returned by Read
	err             error
}

func (n *reader) Read(p []byte) (int, error) {
	if len(n.rest) == 0 {
		n.fill()
	}
	if len(n.rest) == 0 {
		return 0, n.err
	}
	k := copy(p, n.rest)
	n.rest = n.rest[k:]
	return k, nil
}

// fill converts the next 32 KiB or so, or what is left before n.err.
func (n *reader) fill() {
	out := n.buffer[:0]
	for n.err == nil && len(out) < 32<<10 {
		c, err := n.r.ReadByte()
		if err != nil {
			n.err = err
			break
		}
		switch {
		case n.quoted:
			n.quoted = c != '\n' && (c != '"' || n.escaped)
			n.escaped = c == '\\' && !n.escaped
		case c == '"':
			n.quoted, n.escaped = true, false
		case c == 'N' && n.follows("aN"), c == 'I' && n.follows("nfinity"), c == '-' && n.follows("Infinity"):
			out = append(out, "null"...)
			continue
		}
		out = append(out, c)
	}
	n.buffer, n.rest = out, out
}

// follows reports whether word comes next and no letter or digit follows it. If so, it
// skips word.
func (n *reader) follows(word string) bool {
	b, _ := n.r.Peek(len(word) + 1)
	if len(b) < len(word) || string(b[:len(word)]) != word {
		return false
	}
	if len(b) > len(word) {
		if c := b[len(word)]; c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' {
			return false
		}
	}
	n.r.Discard(len(word))
	return true
}

// Unmarshal does what json.Unmarshal does, on data as NewReader converts it.
func Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	if data, e := io.ReadAll(NewReader(bytes.NewReader(data))); e == nil {
		err = json.Unmarshal(data, v)
	}
	return err
}

// A Text is a JSON string. It also accepts a number, true or false, as they are written,
// and null, which is "". A whole number is written without a point and an exponent,
// because pandas writes 7 as 7.0 if its column has gaps. A list or an object is an error.
type Text string

func (t *Text) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		return json.Unmarshal(b, (*string)(t))
	case '{', '[':
		return fmt.Errorf("%.20s is neither a string nor a number", b)
	case 'n':
		*t = ""
		return nil
	}
	*t = Text(b)
	if i, ok := whole(string(b)); ok {
		*t = Text(strconv.FormatInt(i, 10))
	}
	return nil
}

// An Int is a whole number. It also accepts a string that contains one, and null, which
// is 0.
type Int int

func (n *Int) UnmarshalJSON(b []byte) error {
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	if t == "" {
		*n = 0
		return nil
	}
	i, ok := whole(string(t))
	if !ok {
		return fmt.Errorf("%q is not a whole number", t)
	}
	*n = Int(i)
	return nil
}

// whole parses s as a number without a fraction that a float64 represents exactly.
func whole(s string) (int64, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}
