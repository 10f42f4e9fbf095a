package message

import (
	"strings"
	"unicode/utf8"
)

// Quoted returns the result that a quotes as its reply: the result that Reply names, the
// first where Reply is out of range. It is nil where nothing was found, or a doubts that a
// result answers.
func (a *Answer) Quoted() *Result {
	if a.Doubt != "" || len(a.Results) == 0 {
		return nil
	}
	if a.Reply < 0 || a.Reply >= len(a.Results) {
		return &a.Results[0]
	}
	return &a.Results[a.Reply]
}

// Quote makes the quotation of r the turn's reply; nil is none.
func (t *Turn) Quote(r *Result) {
	t.Reply, t.Title = r.Quotation(), ""
	if r != nil {
		t.Title = r.Title
	}
}

// textQuoted is the most bytes that are quoted of a text where Quote names no span of it.
const textQuoted = 300

// Quotation returns the sentence of r that answers best, without blanks at its ends. Where
// Quote does not fit the text, it returns the text's beginning; for nil, "".
func (r *Result) Quotation() string {
	if r == nil {
		return ""
	}
	a, b := r.Quote[0], r.Quote[1]
	if a < 0 || b > len(r.Text) || a >= b {
		a, b = 0, len(r.Text)
		if b > textQuoted {
			for b = textQuoted; b > 0 && !utf8.RuneStart(r.Text[b]); b-- {
			}
		}
		return r.Text[:b]
	}
	return strings.TrimSpace(r.Text[a:b])
}
