package words

import (
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"parley/shared/matrix"
)

// BM25 holds the parameters of the formula
//
//	impact(w, d) = idf(w) tf / (tf + K1 (1 - B + B |d| / avg))
//	idf(w)       = ln(1 + (N - df + .5) / (df + .5))
//
// which is Robertson and Zaragoza (2009) with Lucene's idf and, as in Lucene since version
// 8, without the constant factor k1 + 1. tf counts a word of the title Title times (BM25F
// of the same paper, with one length for both fields: |d| is the number of words in title
// and text, avg its mean).
type BM25 struct{ K1, B, Title float64 }

// Default has the K1 and B of Anserini and BEIR; Title was chosen on a dev set.
var Default = BM25{K1: .9, B: .4, Title: 2}

// Counts are the word counts of a collection's passages, numbered from 0 in the order in
// which they are added. The zero value has no passages. A posting takes about 3 bytes.
type Counts struct {
	lists   map[string]*list
	lengths []uint32 // number of words in each passage
	total   uint64   // number of words in all passages
	reader  Reader
}

// A list holds a word's postings. Each is a varint, (passage - lowest possible) x 2, plus
// 1 where the title has the word; then one byte for the count in the text and, in that
// case, one for the count in the title. A count stops at 255.
type list struct {
	data []byte
	n    int
	next uint32 // the lowest passage that may follow

	text, title uint8 // counts in the passage that is being added
}

// Add adds a passage's words.
func (c *Counts) Add(title, text string) {
	if c.lists == nil {
		c.lists = map[string]*list{}
	}
	doc, n := uint32(len(c.lengths)), uint32(0)
	var touched []*list
	count := func(of func(*list) *uint8) func([]byte, int, int) {
		return func(word []byte, _, _ int) {
			l := c.lists[string(word)]
			if l == nil {
				l = &list{}
				c.lists[string(word)] = l
			}
			if l.text == 0 && l.title == 0 {
				touched = append(touched, l)
			}
			if t := of(l); *t < math.MaxUint8 {
				*t++
			}
			n++
		}
	}
	c.reader.Each(title, count(func(l *list) *uint8 { return &l.title }))
	c.reader.Each(text, count(func(l *list) *uint8 { return &l.text }))
	for _, l := range touched {
		gap := uint64(doc-l.next) << 1
		if l.title > 0 {
			gap |= 1
		}
		l.data = append(binary.AppendUvarint(l.data, gap), l.text)
		if l.title > 0 {
			l.data = append(l.data, l.title)
		}
		l.n++
		l.next, l.text, l.title = doc+1, 0, 0
	}
	c.lengths = append(c.lengths, n)
	c.total += uint64(n)
}

// Len returns the number of passages.
func (c *Counts) Len() int { return len(c.lengths) }

// Words returns the words of all passages, in the order of their bytes.
func (c *Counts) Words() []string { return slices.Sorted(maps.Keys(c.lists)) }

// DF returns the number of passages that contain word.
func (c *Counts) DF(word string) int {
	if l := c.lists[word]; l != nil {
		return l.n
	}
	return 0
}

// Impacts iterates over the passages that contain word, in order, with the word's impact
// in each. The bits are the same on every machine.
func (c *Counts) Impacts(word string, p BM25) iter.Seq2[uint32, float32] {
	return func(yield func(uint32, float32) bool) {
		l := c.lists[word]
		if l == nil {
			return
		}
		df, n := float64(l.n), float64(len(c.lengths))
		idf := float64(matrix.Log1p(float32((n - df + .5) / (df + .5))))
		avg := float64(c.total) / n
		// The conversions below forbid fusing products into sums.
		flat, slope := p.K1*float64(1-p.B), p.K1*p.B/avg
		doc := uint32(0)
		for data := l.data; len(data) > 0; doc++ {
			gap, size := binary.Uvarint(data)
			tf := float64(data[size])
			data = data[size+1:]
			if gap&1 != 0 {
				tf += float64(p.Title * float64(data[0]))
				data = data[1:]
			}
			doc += uint32(gap >> 1)
			norm := float64(slope * float64(c.lengths[doc]))
			if !yield(doc, float32(idf*tf/(tf+(flat+norm)))) {
				return
			}
		}
	}
}

// Check returns an error for parameters outside the formula's range.
func (p BM25) Check() error {
	if !(p.K1 >= 0) || !(p.B >= 0 && p.B <= 1) || !(p.Title >= 0) {
		return fmt.Errorf("words: BM25 with k1 %v, b %v and titles counting %v times: wanted k1 and titles of 0 or more, b from 0 to 1", p.K1, p.B, p.Title)
	}
	return nil
}
