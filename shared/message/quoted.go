package message

import (
	"strings"
	"unicode/utf8"
)

// Quoted is the result that a quotes as its reply: that of Reply, the first where Reply is
// none of the results. It is nil where nothing was found, or a doubts that what was found
// answers.
func (a *Answer) Quoted() *Result {
	if a.Doubt != "" || len(a.Results) == 0 {
		return nil
	}
	if a.Reply < 0 || a.Reply >= len(a.Results) {
		return &a.Results[0]
	}
	return &a.Results[a.Reply]
}

// textQuoted bounds what is quoted of a text in bytes where no span of it is named.
const textQuoted = 300

// Quotation is the sentence of r that answers best, without blanks at its ends; where
// Quote does not fit the text, the text's beginning. It is "" for nil.
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
