// Package words splits texts into words, which are the exact dimensions of a vector beside
// the learned ones, and computes the BM25 weights of a collection's words.
//
//	words.go   text -> words, each with its byte range
//	porter.go  a word -> its stem
//	bm25.go    the words of passages -> impacts
//
// A word is a run of letters, digits and marks, in lower case and without accents as the
// encoder's tokenizer folds them (package wordpiece), so that Zurich finds Zürich. Words
// of a-z alone are stemmed by Porter's algorithm. English stop words are left out. In
// scripts without blanks between words (Han, kana, Thai, Lao, Khmer, Burmese) every pair
// of neighbouring characters is a word. In addition:
//
//   - A full stop between digits belongs to the number ("3.14"), a comma before three
//     of them is dropped ("10,000" is "10000").
//   - Letters with full stops between them are one word ("U.S." is "us").
//   - "++" and "#" after letters belong to them ("C++", "F#").
//   - Of a word longer than 64 bytes the first 64 count.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/shared/wordpiece"
)

// maxWord is the length in bytes at which a word is cut: a longer string is rarely a word,
// and a collection stores each of them.
const maxWord = 64

// A Reader splits texts into words; it holds the memory of one goroutine.
type Reader struct {
	word []byte
	pair []byte
}

// Each calls visit for every word of text, in order, with its byte range text[start:end].
// word is valid until visit returns. After warm-up, Each allocates nothing.
func (r *Reader) Each(text string, visit func(word []byte, start, end int)) {
	w := r.word[:0]
	var start, end int // of the word in the text
	letters := 0       // characters of the word since its last full stop
	digits := false    // it has only digits
	flush := func() {
		if len(w) > 0 && !stop[string(w)] {
			w = stem(w)
			visit(w, start, end)
		}
		w, letters = w[:0], 0
	}
	// The last character, if its script has no blanks between words, and whether it is in
	// no pair yet.
	var before rune
	var beforeStart, beforeEnd int
	alone := false
	endPairs := func() {
		if before != 0 && alone {
			r.pair = utf8.AppendRune(r.pair[:0], before)
			visit(r.pair, beforeStart, beforeEnd)
		}
		before = 0
	}
	for i := 0; i < len(text); {
		at := i
		c, size := utf8.DecodeRuneInString(text[i:])
		i += size
		c, kept := wordpiece.Fold(c)
		if !kept {
			continue
		}
		if unblanked(c) {
			flush()
			if before != 0 {
				r.pair = utf8.AppendRune(utf8.AppendRune(r.pair[:0], before), c)
				visit(r.pair, beforeStart, i)
			}
			alone = before == 0
			before, beforeStart, beforeEnd = c, at, i
			continue
		}
		endPairs()
		if unicode.IsLetter(c) || unicode.IsNumber(c) || unicode.IsMark(c) {
			if len(w) == 0 {
				start, digits = at, true
			}
			digits = digits && '0' <= c && c <= '9'
			w = appendFolded(w, c)
			letters++
			end = i
			continue
		}
		if len(w) == 0 {
			continue
		}
		next, nextSize := utf8.DecodeRuneInString(text[i:])
		switch {
		case c == '.' && isDigit(w[len(w)-1]) && '0' <= next && next <= '9':
			if digits = false; len(w) < maxWord {
				w = append(w, '.')
			}
			continue
		case c == ',' && digits && thousand(text[i:]):
			continue
		case c == '.' && letters == 1 && !digits && unicode.IsLetter(next) && !wordFollows(text[i+nextSize:]):
			letters = 0
			continue
		case digits:
		case c == '#' && !wordFollows(text[i:]):
			w, end = append(w, '#'), i
		case c == '+' && next == '+' && !wordFollows(text[i+1:]):
			w, end = append(w, "++"...), i+1
		}
		flush()
	}
	endPairs()
	flush()
	r.word = w[:0]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// thousand reports whether rest begins with exactly three digits.
func thousand(rest string) bool {
	return len(rest) >= 3 && isDigit(rest[0]) && isDigit(rest[1]) && isDigit(rest[2]) &&
		(len(rest) == 3 || !isDigit(rest[3]))
}

// wordFollows reports whether rest begins with a letter or a digit.
func wordFollows(rest string) bool {
	c, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsLetter(c) || unicode.IsNumber(c)
}

// appendFolded appends a character, up to maxWord bytes in all. A letter that has no
// accent to drop, such as ß, is spelt as people do without that key.
func appendFolded(w []byte, c rune) []byte {
	s := ""
	switch c {
	case 'ß':
		s = "ss"
	case 'æ':
		s = "ae"
	case 'œ':
		s = "oe"
	case 'ø':
		s = "o"
	case 'ł':
		s = "l"
	case 'đ', 'ð':
		s = "d"
	case 'þ':
		s = "th"
	case 'ı':
		s = "i"
	case 'ħ':
		s = "h"
	}
	switch {
	case s != "" && len(w)+len(s) <= maxWord:
		return append(w, s...)
	case s == "" && len(w)+utf8.RuneLen(c) <= maxWord:
		return utf8.AppendRune(w, c)
	}
	return w
}

// unblanked reports whether c belongs to a script without blanks between words.
func unblanked(c rune) bool {
	switch {
	case c < 0x0e00:
		return false
	case c <= 0x0eff, // Thai, Lao
		0x1000 <= c && c <= 0x109f, // Burmese
		0x1780 <= c && c <= 0x17d3: // Khmer, without its punctuation
		return unicode.IsLetter(c) || unicode.IsMark(c)
	case c == 0x3005, c == 0x3007, // 々 〇
		0x3041 <= c && c <= 0x30ff && c != 0x30fb, // kana, without the dot between words
		0x31f0 <= c && c <= 0x31ff,
		0x3400 <= c && c <= 0x4dbf, 0x4e00 <= c && c <= 0x9fff, 0xf900 <= c && c <= 0xfaff, // Han
		0xff66 <= c && c <= 0xff9d, // kana of half width
		0x20000 <= c && c <= 0x323af:
		return true
	}
	return false
}

// Stop reports whether a word, in lower case, is a stop word.
func Stop(word string) bool { return stop[word] }

// stop holds Snowball's English stop words and the parts of contractions ("don't" gives
// "don" and "t"). Questions are full of "what", "who" and "how", which are not in Lucene's
// list of 33; the longer list gains .02 nDCG@10 on MTRAG.
var stop = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`i me my myself we our ours ourselves you your yours
		yourself yourselves he him his himself she her hers herself it its itself they
		them their theirs themselves what which who whom this that these those am is are
		was were be been being have has had having do does did doing would should could
		ought a an the and but if or because as until while of at by for with about
		against between into through during before after above below to from up down in
		out on off over under again further then once here there when where why how all
		any both each few more most other some such no nor not only own same so than too
		very cannot s t d m ll re ve isn aren wasn weren hasn haven hadn don doesn didn
		won wouldn shan shouldn couldn mustn let`) {
		m[w] = true
	}
	return m
}()
