// Package wordpiece is BERT's uncased WordPiece tokenizer. It gives the same ids, and the
// same ranges of the text, as Hugging Face's tokenizers (BertNormalizer, BertPreTokenizer,
// WordPiece).
//
// A text is read once, left to right. Each character is dropped (controls, accents,
// U+FFFD, bytes that are not UTF-8), ends a word (white space), is a word by itself
// (punctuation, CJK ideographs), or joins the current word, in lower case and without its
// accents. Each word is then split greedily into the longest pieces in the vocabulary. A
// word that cannot be split, or is longer than 100 characters, becomes [UNK].
//
// The effect of each character is in a table, made by passing every character to
// tokenizers (table.py), so it depends neither on Go's version of Unicode nor on a
// browser's.
//
// One step of tokenizers is left out: it sorts combining marks (NFD). Nearly all of these
// it then drops, so sorting changes nothing. Where a word contains marks that are not
// dropped (Balinese, musical notation) in an order that is not canonical, the word keeps
// that order here, and its range is that of its own characters, which tokenizers gets
// wrong. BERT's vocabulary has no piece with such a mark: the word is [UNK] either way.
package wordpiece

import (
	"math"
	"unicode/utf8"
)

// A Token is one piece of a text: its vocabulary id and the byte range
// text[Start:End] that it came from.
// Ranges are in order, but tokens can share a character: the syllable "각" is read as three
// letters, and each can be a token. A range includes dropped characters only between
// characters that were kept.
// a range only between characters that were kept.
type Token struct {
	ID         int32
	Start, End int
}

// Append appends the tokens of text to dst, at most max of them (max < 0: all). It stops
// reading there, so the cost of a huge paste is bounded. It adds no special token, and
// "[SEP]" in text is ordinary text.
//
// It allocates only to grow dst.
func (t *Tokenizer) Append(dst []Token, text string, max int) []Token {
	full := math.MaxInt
	if max >= 0 && max < full-len(dst) {
		full = len(dst) + max
	}
	var w word
	for i := 0; i < len(text) && len(dst) < full; {
		start := i
		if c := text[i]; c < utf8.RuneSelf {
			i++
			switch c := ascii[c]; c {
			case asciiDrop:
			case asciiSpace:
				dst = t.appendWord(dst, &w, full)
			case asciiSolo:
				dst = t.appendWord(dst, &w, full)
				w.add(rune(text[start]), start, i)
				dst = t.appendWord(dst, &w, full)
			default:
				w.addByte(c, start)
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:]) // U+FFFD where it is not UTF-8
		i += size
		k, r := classify(r)
		switch k {
		case drop:
		case space:
			dst = t.appendWord(dst, &w, full)
		case solo:
			dst = t.appendWord(dst, &w, full)
			w.add(r, start, i)
			dst = t.appendWord(dst, &w, full)
		case joins:
			w.add(r, start, i)
		case splits:
			for _, r := range several[r] {
				w.add(r, start, i)
			}
		case hangul: // The Unicode Standard, 3.12
			s := r - 0xac00
			w.add(0x1100+s/588, start, i)
			w.add(0x1161+s%588/28, start, i)
			if s%28 != 0 {
				w.add(0x11a7+s%28, start, i)
			}
		}
	}
	return t.appendWord(dst, &w, full)
}

// endBytes is the number of bytes at a text's end that AppendEnd reads per token: far more
// than words have in any language, so only white space or noise can use them up.
const endBytes = 64

// AppendEnd appends the last tokens of text to dst, at most max of them, in order: those
// that end the result of Append. So that the end of a huge paste costs no more than its
// beginning, it reads at most endBytes per token, from the beginning of a word; where
// these hold fewer tokens, it appends fewer.
func (t *Tokenizer) AppendEnd(dst []Token, text string, max int) []Token {
	if max <= 0 {
		return dst
	}
	before := len(dst)
	start := 0
	for width := 8 * min(max, len(text)); ; width *= 2 {
		start = wordBegin(text, len(text)-width)
		dst = t.Append(dst[:before], text[start:], -1)
		if len(dst)-before >= max || start == 0 || width/endBytes >= max {
			break
		}
	}
	if extra := len(dst) - before - max; extra > 0 {
		dst = append(dst[:before], dst[before+extra:]...)
	}
	for i := before; i < len(dst); i++ {
		dst[i].Start += start
		dst[i].End += start
	}
	return dst
}

// wordBegin returns the first position at or after at where a word can begin, whatever
// stands before it: after white space, or at a character that is a word by itself.
func wordBegin(text string, at int) int {
	if at <= 0 {
		return 0
	}
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch k, _ := classify(r); k {
		case solo:
			return at
		case space:
			return at + size
		}
		at += size
	}
	return at
}

// maxWord is the number of characters above which a word is [UNK]
// (max_input_chars_per_word in tokenizer.json).
const maxWord = 100

// A word is the current word as the vocabulary spells it, and where each of its characters
// came from. For a word longer than maxWord it keeps only the range.
type word struct {
	n     int // number of characters, including those above maxWord
	start int // its range in the text
	end   int
	bytes [maxWord * utf8.UTFMax]byte
	at    [maxWord + 1]uint16 // at[i] is the offset in bytes of character i; at[n] the length
	from  [maxWord]span       // from[i] is the range of character i in the text

	hash [maxWord]uint32 // of bytes[at[i]:at[j+1]], for the i being split
	ids  [maxWord]int32  // the pieces found
	upto [maxWord]uint8  // for each piece, the character at which it ends
}

type span struct{ start, end int }

// addByte is add for an ASCII character.
func (w *word) addByte(c byte, start int) {
	if w.n < maxWord {
		at := w.at[w.n]
		w.bytes[at] = c
		w.at[w.n+1] = at + 1
		w.from[w.n] = span{start, start + 1}
	}
	if w.n == 0 {
		w.start = start
	}
	w.end = start + 1
	w.n++
}

func (w *word) add(r rune, start, end int) {
	if w.n < maxWord {
		at := w.at[w.n]
		w.at[w.n+1] = at + uint16(utf8.EncodeRune(w.bytes[at:], r))
		w.from[w.n] = span{start, end}
	}
	if w.n == 0 {
		w.start = start
	}
	w.end = end
	w.n++
}

// appendWord appends the pieces of w while dst has fewer than full tokens, and empties w.
func (t *Tokenizer) appendWord(dst []Token, w *word, full int) []Token {
	n := w.n
	if n == 0 || len(dst) >= full {
		return dst
	}
	w.n = 0
	pieces := 0
	if n <= maxWord {
		pieces = t.split(w, n)
	}
	if pieces == 0 {
		return append(dst, Token{t.special.Unk, w.start, w.end})
	}
	first := 0
	for i := 0; i < pieces && len(dst) < full; i++ {
		next := int(w.upto[i])
		dst = append(dst, Token{w.ids[i], w.from[first].start, w.from[next-1].end})
		first = next
	}
	return dst
}

// split splits the n characters of w greedily into the longest pieces, from the left, and
// returns their number: 0 where the vocabulary lacks one.
func (t *Tokenizer) split(w *word, n int) int {
	pieces := 0
	for i := 0; i < n; {
		key := &t.initial
		if i > 0 {
			key = &t.continuing
		}
		// Hash every prefix of the rest that may be a piece.
		begin, h, j := w.at[i], key.seed, i
		for ; j < n && int(w.at[j+1]-begin) <= key.longest; j++ {
			for _, c := range w.bytes[w.at[j]:w.at[j+1]] {
				h = hashByte(h, c)
			}
			w.hash[j] = h
		}
		id := int32(-1)
		for ; j > i; j-- {
			if id = key.find(t.pieces, w.hash[j-1], w.bytes[begin:w.at[j]]); id >= 0 {
				break
			}
		}
		if id < 0 {
			return 0
		}
		w.ids[pieces], w.upto[pieces] = id, uint8(j)
		pieces++
		i = j
	}
	return pieces
}
