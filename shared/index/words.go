package index

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"parley/shared/words"
)

// A wordList is the file's section of words. Each entry leaves out the beginning that the
// word shares with the word before; each 16th entry is complete, so the list can be
// searched in place, at the cost of a quarter of a byte per word.
type wordList struct {
	data  []byte // shares the file's memory
	n     uint32
	heads []uint32 // offset in data of words 0, 16, 32 ...
}

const (
	groupBits = 4
	groupSize = 1 << groupBits
	longest   = 255 // bytes of a word
)

// appendWord appends the entry of word after the word before; "" makes a complete entry.
func appendWord(b []byte, before, word string) []byte {
	shared := 0
	for shared < min(len(before), len(word)) && before[shared] == word[shared] {
		shared++
	}
	b = binary.AppendUvarint(b, uint64(shared))
	b = binary.AppendUvarint(b, uint64(len(word)-shared))
	return append(b, word[shared:]...)
}

// entry reads the entry at b[p:]. It returns how many bytes are shared, the bytes that
// follow, and the offset of the next entry, 0 where this is not an entry.
func entry(b []byte, p int) (shared int, rest []byte, next int) {
	s, n := uvarint(b, p)
	if n == 0 {
		return 0, nil, 0
	}
	p += n
	length, n := uvarint(b, p)
	if n == 0 {
		return 0, nil, 0
	}
	p += n
	if uint64(s)+uint64(length) > longest || int(length) > len(b)-p {
		return 0, nil, 0
	}
	return int(s), b[p : p+int(length)], p + int(length)
}

// read checks a section of n words that starts at byte at of the file, and keeps it.
func (w *wordList) read(b []byte, at int64, n uint32) error {
	w.data, w.n = b, n
	w.heads = make([]uint32, 0, (uint64(n)+groupSize-1)>>groupBits)
	var memory [longest]byte
	word := memory[:0]
	p := 0
	fail := func(format string, args ...any) error {
		return form.Errorf("words", at+int64(p), format, args...)
	}
	for i := range n {
		shared, rest, next := entry(b, p)
		switch {
		case next == 0:
			return fail("word %d of %d: no entry of two varints and a word of at most %d bytes", i, n, longest)
		case len(rest) == 0:
			return fail("word %d of %d is empty, or the beginning of the one before", i, n)
		case i%groupSize == 0:
			if shared != 0 {
				return fail("word %d of %d begins a group, and is not whole", i, n)
			}
			if bytes.Compare(rest, word) <= 0 {
				return fail("word %d of %d is not after the one before", i, n)
			}
			w.heads = append(w.heads, uint32(p))
		case shared > len(word):
			return fail("word %d of %d shares %d bytes with one of %d", i, n, shared, len(word))
		case shared < len(word) && rest[0] <= word[shared]:
			// One more shared byte would have been left out; a lower one would sort
			// before.
			return fail("word %d of %d is not after the one before, or shares more with it", i, n)
		}
		word = append(word[:shared], rest...)
		if !utf8.Valid(word) {
			return fail("word %d of %d is not UTF-8", i, n)
		}
		p = next
	}
	if p < len(b) {
		return fail("%d bytes follow the last word", len(b)-p)
	}
	return nil
}

// at returns word i.
func (w *wordList) at(i uint32) string {
	var memory [longest]byte
	word := memory[:0]
	p := int(w.heads[i>>groupBits])
	for range i%groupSize + 1 {
		shared, rest, next := entry(w.data, p)
		word, p = append(word[:shared], rest...), next
	}
	return string(word)
}

// find returns the number of a word, and whether the list has it.
func (w *wordList) find(word []byte) (uint32, bool) {
	// Groups before low start with word or a word before it; groups from high on start
	// with a word after it.
	low, high := 0, len(w.heads)
	for low < high {
		middle := (low + high) / 2
		if _, head, _ := entry(w.data, int(w.heads[middle])); bytes.Compare(head, word) <= 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 {
		return 0, false
	}
	var memory [longest]byte
	got := memory[:0]
	i := uint32(low-1) << groupBits
	p := int(w.heads[low-1])
	for end := min(i+groupSize, w.n); i < end; i++ {
		shared, rest, next := entry(w.data, p)
		got, p = append(got[:shared], rest...), next
		if c := bytes.Compare(got, word); c >= 0 {
			return i, c == 0
		}
	}
	return 0, false
}

// wordLists hold the words' part of each section of a file.
type wordLists struct {
	body     [sections][]byte
	n        uint32
	postings uint64
	exponent int
}

// listWords returns the lists of words, and the words that have one.
func listWords(c *words.Counts, by words.BM25) (w wordLists) {
	all := c.Words()
	most := float32(0)
	for _, word := range all {
		for _, weight := range c.Impacts(word, by) {
			if weight > most { // false for NaN
				most = weight
			}
		}
	}
	w.exponent = exponentFor(most)
	before := ""
	for _, word := range all {
		kept := uint64(0)
		next := uint32(0) // the lowest document that may follow
		for doc, weight := range c.Impacts(word, by) {
			// 0 / 0, where the parameters make a word count for nothing.
			if !(weight > 0) || impactOf(weight, w.exponent) == 0 {
				continue
			}
			w.body[documentsSection] = binary.AppendUvarint(w.body[documentsSection], uint64(doc-next))
			w.body[impactsSection] = append(w.body[impactsSection], impactOf(weight, w.exponent))
			next = doc + 1
			kept++
		}
		if kept == 0 {
			continue
		}
		if w.n%groupSize == 0 {
			before = ""
		}
		w.body[wordsSection] = appendWord(w.body[wordsSection], before, word)
		w.body[listsSection] = binary.AppendUvarint(w.body[listsSection], kept-1)
		before = word
		w.n++
		w.postings += kept
	}
	return w
}
