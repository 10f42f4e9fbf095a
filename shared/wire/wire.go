// Package wire reads and writes the page's messages (shared/message) as JSON, for the
// page's program and its worker. The tests compare it with encoding/json, which wasm/host
// uses (jsontree says why these programs do not). messages.go, which has the fields of the
// messages, is generated from their types.
package wire

import (
	"errors"
	"strconv"

	"parley/shared/jsontree"
	"parley/shared/message"
)

//go:generate go run ./wiregen messages.go

// Asks reads a list of message.Ask.
func Asks(body string) ([]message.Ask, error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return nil, err
	}
	if v.Kind != jsontree.Array {
		return nil, errors.New("JSON: not a list")
	}
	all := make([]message.Ask, len(v.List))
	for i, v := range v.List {
		if err := readAsk(v, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Level reads a message.Level.
func Level(v jsontree.Value) (l message.Level) {
	readLevel(v, &l)
	return l
}

func span(v jsontree.Value) message.Span {
	if len(v.List) != 2 {
		return message.Span{}
	}
	return message.Span{v.List[0].Int(), v.List[1].Int()}
}

// A writer writes objects field by field. It leaves out empty fields; readers read a
// missing field as empty.
type writer struct{ b []byte }

func (w *writer) key(name string) {
	if c := w.b[len(w.b)-1]; c != '{' && c != '[' {
		w.b = append(w.b, ',')
	}
	if name != "" {
		w.b = append(jsontree.AppendQuoted(w.b, name), ':')
	}
}

func (w *writer) text(name, s string) {
	if s != "" {
		w.key(name)
		w.b = jsontree.AppendQuoted(w.b, s)
	}
}

func (w *writer) int(name string, n int) {
	if n != 0 {
		w.key(name)
		w.b = strconv.AppendInt(w.b, int64(n), 10)
	}
}

func (w *writer) float(name string, v float64, bits int) {
	if v != 0 {
		w.key(name)
		w.b = jsontree.AppendNumber(w.b, v, bits)
	}
}

func (w *writer) yes(name string, b bool) {
	if b {
		w.key(name)
		w.b = append(w.b, "true"...)
	}
}

// begin opens an object or a list; its fields or items follow, up to end. An item of a
// list has no name.
func (w *writer) begin(name string, open byte) {
	if len(w.b) > 0 {
		w.key(name)
	}
	w.b = append(w.b, open)
}

func (w *writer) end(c byte) { w.b = append(w.b, c) }

func (w *writer) ints(name string, numbers []int) {
	w.begin(name, '[')
	for _, n := range numbers {
		w.key("")
		w.b = strconv.AppendInt(w.b, int64(n), 10)
	}
	w.end(']')
}

func (w *writer) span(name string, s message.Span) { w.ints(name, s[:]) }

// Rows returns lists of texts as JSON: [["a","b"],...].
func Rows(rows [][]string) string {
	b := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for k, s := range row {
			if k > 0 {
				b = append(b, ',')
			}
			b = jsontree.AppendQuoted(b, s)
		}
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// Vector returns terms as {"tower":2.25,...}, the form in which sparse vectors are
// exchanged. Exact words are in quotation marks, since a piece may have the same spelling.
func Vector(terms []message.Term) string {
	b := []byte{'{'}
	for i, t := range terms {
		if i > 0 {
			b = append(b, ',')
		}
		name := t.Text
		if t.Word {
			name = `"` + name + `"`
		}
		b = append(jsontree.AppendQuoted(b, name), ':')
		b = jsontree.AppendNumber(b, float64(t.Weight), 32)
	}
	return string(append(b, '}'))
}
