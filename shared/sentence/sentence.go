// Package sentence splits texts into sentences. Passages are cut at sentences, and replies
// quote them.
package sentence

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Span is a byte range of a text.
type Span struct{ Start, End int }

// maxSentence is the length in bytes above which a sentence is cut at a clause or a word:
// quotations must be short even from texts without full stops (tables, logs, poems).
const maxSentence = 600

// Split returns the sentences of text in order, without the blanks between them. It needs
// no language model: a sentence ends at . ! ? or a similar mark, followed by a blank (or
// by nothing, in scripts that put none), unless the full stop belongs to an abbreviation,
// an initial or a number, or is in parentheses. A blank line and a list item always begin
// a new sentence. A mistake makes a quotation too long or too short, never a wrong byte
// range.
func Split(text string) []Span {
	var spans []Span
	start := 0
	add := func(end int) {
		spans = appendCut(spans, text, start, end)
		start = end
	}
	closing := -1 // end of the current parenthesis
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		next := i + n
		switch {
		case r == '\n':
			if startsBlock(text[next:]) {
				add(next)
				closing = -1
			}
		case i < closing:
			// A stop within parentheses does not end the sentence around them.
		case r == '(':
			if c := closingParen(text[next:]); c >= 0 {
				closing = next + c
			}
		case r == '。' || r == '！' || r == '？' || r == '｡':
			next = skipClosers(text, next)
			add(next)
		case isTerminator(r):
			for next < len(text) { // "?!", "..."
				t, w := utf8.DecodeRuneInString(text[next:])
				if !isTerminator(t) {
					break
				}
				next += w
			}
			after := skipClosers(text, next)
			if endsSentence(text[start:], i-start, next-start, after-start) {
				next = after
				add(next)
			}
		}
		i = next
	}
	if start < len(text) {
		add(len(text))
	}
	return spans
}

func isTerminator(r rune) bool {
	switch r {
	case '.', '!', '?', '…', '؟', '۔', '।', '॥', '‽':
		return true
	}
	return false
}

// skipClosers skips quotation marks, brackets and footnote marks ("[12]") that belong to
// the sentence before them, and returns the position after them.
func skipClosers(text string, i int) int {
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch r {
		case '"', '\'', ')', ']', '}', '”', '’', '»', '」', '』', '）':
			i += n
			continue
		case '[':
			if j := strings.IndexByte(text[i:min(len(text), i+8)], ']'); j > 1 && isDigits(text[i+1:i+j]) {
				i += j + 1
				continue
			}
		}
		break
	}
	return i
}

// closingParen returns the offset of the ")" for a parenthesis that opened just before
// rest, -1 where there is none near: a lone "(" must not take in the rest of the text.
func closingParen(rest string) int {
	depth := 1
	for i := 0; i < len(rest) && i < 300; i++ {
		switch rest[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		case '\n':
			if startsBlock(rest[i+1:]) {
				return -1
			}
		}
	}
	return -1
}

// startsBlock reports whether the line at the beginning of rest starts a paragraph or a
// list item; any other newline counts as a blank.
func startsBlock(rest string) bool {
	line, _, _ := strings.Cut(rest, "\n")
	line = strings.TrimSpace(line)
	if line == "" {
		return true
	}
	for _, bullet := range []string{"- ", "* ", "+ ", "• ", "– ", "#", "|", "> "} {
		if strings.HasPrefix(line, bullet) {
			return true
		}
	}
	digits := 0
	for digits < len(line) && digits < 3 && line[digits] >= '0' && line[digits] <= '9' {
		digits++
	}
	return digits > 0 && digits+1 < len(line) &&
		(line[digits] == '.' || line[digits] == ')') && line[digits+1] == ' '
}

// endsSentence reports whether the terminator text[stop:end], with its closers up to
// after, ends the sentence.
func endsSentence(text string, stop, end, after int) bool {
	if after == len(text) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(text[after:])
	if !unicode.IsSpace(r) {
		// "1889.The tower": the blank was lost in extraction. Only after long lower-case
		// words and years, so that "Node.js", "3.14" and "e.g." stay in one piece.
		return after == end && text[stop] == '.' && end == stop+1 && unicode.IsUpper(r) &&
			gluedWord(text[:stop]) && startsLower(text[after+utf8.RuneLen(r):])
	}
	next := strings.TrimLeftFunc(text[after:], unicode.IsSpace)
	next = strings.TrimLeft(next, "\"'([{“‘«")
	first, _ := utf8.DecodeRuneInString(next)
	if unicode.IsLower(first) {
		return false // "Yahoo! was", "approx. ten", "he said ... and"
	}
	if text[stop] != '.' || end != stop+1 {
		return true
	}
	if strings.TrimSpace(text[:stop]) == "" || isDigits(strings.TrimSpace(text[:stop])) {
		return false // the number of a list item
	}
	word := text[:stop]
	if i := strings.LastIndexFunc(word, func(r rune) bool {
		return unicode.IsSpace(r) || r == '(' || r == '[' || r == '"' || r == '“' || r == '—' || r == '–'
	}); i >= 0 {
		_, n := utf8.DecodeRuneInString(word[i:])
		word = word[i+n:]
	}
	word = strings.TrimLeft(word, "'‘")
	lower := strings.ToLower(word)
	if neverLast[lower] {
		return false
	}
	if lower == "no" || lower == "nos" || lower == "art" || lower == "fig" {
		return !unicode.IsDigit(first) // "No. 5", but "The answer is no. It ..."
	}
	if mayBeLast[lower] || isInitial(word) {
		return starters[firstWord(next)]
	}
	return true
}

// isInitial reports whether word is one letter ("J"), or letters with stops between them
// ("U.S", "J.R.R").
func isInitial(word string) bool {
	for {
		r, n := utf8.DecodeRuneInString(word)
		if n == 0 || !unicode.IsLetter(r) {
			return false
		}
		word = word[n:]
		if word == "" {
			return true
		}
		if word[0] != '.' {
			return false
		}
		word = word[1:]
	}
}

func gluedWord(before string) bool {
	n := 0
	for n < len(before) {
		c := before[len(before)-1-n]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			break
		}
		n++
	}
	// A word of four letters or more, or a year, that is not part of an address.
	return n >= 4 && (n == len(before) || before[len(before)-1-n] == ' ' || before[len(before)-1-n] == '-')
}

func startsLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r) || r == ' '
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func firstWord(s string) string {
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }); i >= 0 {
		s = s[:i]
	}
	if len(s) > 16 {
		return ""
	}
	return strings.ToLower(s)
}

// appendCut appends text[start:end] without the blanks at its ends, in parts of at most
// maxSentence bytes.
func appendCut(spans []Span, text string, start, end int) []Span {
	for {
		start, end = trim(text, start, end)
		if start == end {
			return spans
		}
		if end-start <= maxSentence {
			return append(spans, Span{start, end})
		}
		cut := cutAt(text[start:])
		from, to := trim(text, start, start+cut)
		spans = append(spans, Span{from, to})
		start += cut
	}
}

// trim returns the range text[start:end] without the blanks at its ends.
func trim(text string, start, end int) (int, int) {
	for start < end {
		r, n := utf8.DecodeRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		start += n
	}
	for start < end {
		r, n := utf8.DecodeLastRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= n
	}
	return start, end
}

// cutAt returns where to cut a text longer than maxSentence that does not begin with a
// blank: after a clause or a word, or else between two characters.
func cutAt(text string) int {
	window := text[:maxSentence]
	for _, at := range []string{"; ", ": ", ", ", " ", "\n"} {
		if i := strings.LastIndex(window, at); i >= maxSentence/3 {
			return i + len(at)
		}
	}
	cut := maxSentence
	for cut > maxSentence-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return cut
}

func words(s string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// In lower case, without the last full stop.
var (
	// neverLast: a name, a number or a date follows these.
	neverLast = words(`dr mr mrs ms messrs mme mlle prof st ste gen col lt sgt cpl capt cmdr maj adm rev fr hon gov
		sen rep pres amb mt vs v c ca circa cf e.g i.e eg ie approx est fl vol vols pp ed eds trans lit transl viz
		figs eq eqs sec ch jan feb mar apr jun jul aug sept sep oct nov dec op pron abbr arr feat`)
	// mayBeLast: these end a sentence only where the next word looks like a beginning.
	mayBeLast = words(`inc ltd co corp plc llc jr sr esq al ph.d m.d b.a m.a b.sc m.sc d.c u.s u.s.a u.k u.n
		a.m p.m am pm b.c a.d b.c.e c.e dept univ assn ave blvd rd hwy sq mi ft km cm mm kg lb lbs oz hr hrs min
		mins sec secs gov't intl nat'l`)
	// starters begin English sentences far more often than they follow an abbreviation
	// inside one.
	starters = words(`the a an in on at it its he she his her they their this that these those there we our you i
		by for from after before since during when while where as with under over although though because if but and
		however its many most some several both one two it's according today later to of between both through until
		such other another all each following who what which how why is are was were no not`)
)
