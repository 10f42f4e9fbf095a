package dialogue

import (
	"strings"
	"unicode/utf8"

	"parley/shared/message"
)

// A Run is a piece of text, highlighted or not.
type Run struct {
	Text string
	Mark bool
}

// Excerpt cuts a result's text to about size bytes around the quoted sentence, at spaces,
// with "…" where something was left out, and marks its matching words. Spans that do not
// fit the text, or are out of order, are ignored.
func Excerpt(r *message.Result, size int) []Run {
	text := r.Text
	a, b := 0, len(text)
	if len(text) > size+size/4 {
		a = r.Quote[0]
		if a < 0 || a >= len(text) || len(text)-a < size/2 {
			a = max(0, min(max(a, 0), len(text)-size))
		}
		if a <= size/8 {
			a = 0
		}
		b = min(len(text), a+size)
		a, b = toSpace(text, a), toSpace(text, b)
		if a >= b {
			a, b = 0, len(clip(text, size)) // no space to cut at
		}
	}

	var runs []Run
	add := func(s string, mark bool) {
		if s == "" {
			return
		}
		if n := len(runs); n > 0 && runs[n-1].Mark == mark {
			runs[n-1].Text += s
			return
		}
		runs = append(runs, Run{s, mark})
	}
	if a > 0 {
		add("… ", false)
	}
	at := a
	for _, m := range r.Marks {
		if m[0] < at || m[1] > b || m[0] >= m[1] || !onRunes(text, m) {
			continue
		}
		add(text[at:m[0]], false)
		add(text[m[0]:m[1]], true)
		at = m[1]
	}
	if at < b {
		add(text[at:b], false)
	}
	if b < len(text) {
		add(" …", false)
	}
	return runs
}

func onRunes(text string, s message.Span) bool {
	return utf8.RuneStart(text[s[0]]) && (s[1] == len(text) || utf8.RuneStart(text[s[1]]))
}

// toSpace moves a position back to just after a space, if one is near.
func toSpace(text string, at int) int {
	if at <= 0 || at >= len(text) {
		return at
	}
	if i := strings.LastIndexAny(text[max(0, at-40):at], " \n\t"); i >= 0 {
		return max(0, at-40) + i + 1
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// Ends shortens text for display to its beginning and its end, together at most n bytes,
// and reports whether it did.
func Ends(text string, n int) (string, bool) {
	if len(text) <= n {
		return text, false
	}
	begin, end := clip(text, n/2), clipStart(text, n/2)
	if i := strings.LastIndexByte(begin, ' '); i > len(begin)/2 { // after a whole word, where there are words
		begin = begin[:i]
	}
	if i := strings.IndexByte(end, ' '); i >= 0 && i < len(end)/2 {
		end = end[i:]
	}
	return strings.TrimSpace(begin) + " … " + strings.TrimSpace(end), true
}

// Clip shortens text for display to its first n bytes at most, and reports whether it did.
func Clip(text string, n int) (string, bool) {
	if len(text) <= n {
		return text, false
	}
	return strings.TrimSpace(clip(text, n)) + " …", true
}
