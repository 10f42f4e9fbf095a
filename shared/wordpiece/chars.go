package wordpiece

import "unicode/utf8"

// A kind is the effect of a character on the word being read.
type kind uint8

const (
	joins  kind = iota // joins the word as itself + delta
	turns              // joins the word: alternately as itself + delta and as itself
	solo               // ends the word, and is a word by itself, as itself + delta
	space              // ends the word
	drop               // has no effect
	hangul             // joins the word as the letters of a syllable
	splits             // joins the word as the letters several[itself + delta]
)

// A run is a range of code points of one kind, from first to before the next run's first.
type run struct {
	first rune
	kind  kind
	delta rune
}

// classify returns the kind of r, and what r becomes (for splits, the index in several).
func classify(r rune) (kind, rune) {
	if r < 0 || r > utf8.MaxRune {
		return drop, r
	}
	block := r >> blockBits
	lo, hi := int(blocks[block]), int(blocks[block+1])
	for lo < hi { // the last run that begins at or before r is in lo..hi
		mid := (lo + hi + 1) / 2
		if runs[mid].first <= r {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	switch u := &runs[lo]; u.kind {
	case turns:
		if (r-u.first)&1 == 0 {
			r += u.delta
		}
		return joins, r
	default:
		return u.kind, r + u.delta
	}
}

// Fold returns a character as the tokenizer reads it, in lower case and without its
// accent, and whether it is kept at all (controls and accents are not). A syllable of
// Hangul, and a letter that splits into several, is returned unchanged.
func Fold(r rune) (folded rune, kept bool) {
	switch k, f := classify(r); k {
	case drop:
		return r, false
	case hangul, splits:
		return r, true
	default:
		return f, true
	}
}

// blocks[b] is the run that contains code point b<<blockBits, so that a search looks only
// at the runs of one block.
const blockBits = 7

var blocks = func() (b [utf8.MaxRune>>blockBits + 2]uint16) {
	at := 0
	for i := range b {
		for at+1 < len(runs) && runs[at+1].first <= rune(i)<<blockBits {
			at++
		}
		b[i] = uint16(at)
	}
	return b
}()

// ascii[c] is what byte c < 0x80 becomes where it joins a word, or one of the marks below.
var ascii = func() (a [utf8.RuneSelf]byte) {
	for c := range a {
		switch k, r := classify(rune(c)); k {
		case joins:
			a[c] = byte(r)
		case solo:
			a[c] = asciiSolo
		case space:
			a[c] = asciiSpace
		default:
			a[c] = asciiDrop
		}
	}
	return a
}()

const (
	asciiSolo = utf8.RuneSelf + iota
	asciiSpace
	asciiDrop
)
