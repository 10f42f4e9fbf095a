package index

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"math"

	"parley/shared/container"
	"parley/shared/sparse"
	"parley/shared/words"
)

// A Builder collects documents, numbered from 0 in the order they are added.
//
// It needs 4 bytes a posting and about 1.2 more for the gaps, plus what growing
// slices leave unused: for a million documents of 122 terms 0.7 GB. A word's posting
// takes 3 bytes, and while the index is written 2 or 3 more.
type Builder struct {
	// BM25 weighs the words; NewBuilder sets words.Default.
	BM25 words.BM25

	lists []list // by term
	docs  uint32
	most  float32 // the largest weight of all
	words words.Counts
}

// A list is a posting list that grows: gaps as in the file, weights unrounded.
type list struct {
	gaps    []byte
	weights []float32
	next    uint32 // the lowest document that may follow
}

// maxWeight bounds what a weight may be: far above any encoder's, and low
// enough that no score overflows.
const maxWeight = 1 << 32

// NewBuilder makes an index over a vocabulary of the given size.
func NewBuilder(vocab int) *Builder {
	return &Builder{BM25: words.Default, lists: make([]list, max(vocab, 0))}
}

// Add adds a document and keeps nothing of its memory. A vector that Check
// refuses, or a weight above 2^32, is an error and adds nothing; an empty vector
// is a document that no query finds.
func (b *Builder) Add(doc sparse.Vector) error {
	if err := doc.Check(len(b.lists)); err != nil {
		return fmt.Errorf("index: document %d: %w", b.docs, err)
	}
	for i, w := range doc.Weights {
		if w > maxWeight {
			return fmt.Errorf("index: document %d: term %d has the weight %v: at most 2^32 is allowed", b.docs, doc.Terms[i], w)
		}
	}
	if b.docs == math.MaxInt32 {
		return fmt.Errorf("index: more than %d documents", b.docs)
	}
	for i, t := range doc.Terms {
		l := &b.lists[t]
		l.gaps = binary.AppendUvarint(l.gaps, uint64(b.docs-l.next))
		l.weights = append(l.weights, doc.Weights[i])
		l.next = b.docs + 1
		b.most = max(b.most, doc.Weights[i])
	}
	b.docs++
	return nil
}

// AddWords counts a document's words. It is called once for each document, in the order
// of Add, or for none: then the index has no words.
func (b *Builder) AddWords(title, text string) { b.words.Add(title, text) }

// The exponents of steps lie between these: every score is then a normal float32.
const (
	minExponent = -60
	maxExponent = 25 // maxWeight / 255, rounded up to a power of two
)

// exponentFor is that of the finest step in which the largest weight fits 8 bits.
func exponentFor(most float32) int {
	e := minExponent
	for math.Ldexp(float64(most), -e) >= 255.5 {
		e++
	}
	return e
}

// impactOf rounds a weight to a multiple of 2^exponent, halves up. Scaling by a
// power of two and adding a half are exact in float64.
func impactOf(w float32, exponent int) byte {
	return byte(math.Ldexp(float64(w), -exponent) + 0.5)
}

// WriteTo writes the index; the bytes depend on the documents and BM25 alone. Postings
// whose impact rounds to 0 are left out, and with the last of them a word.
func (b *Builder) WriteTo(w io.Writer) (int64, error) {
	h := header{version: 1, docs: b.docs, vocab: uint32(len(b.lists)), exponent: int32(exponentFor(b.most))}
	var of wordLists
	if n := b.words.Len(); n > 0 {
		if n != int(b.docs) {
			return 0, fmt.Errorf("index: there are %d documents, and the words of %d", b.docs, n)
		}
		if err := b.BM25.Check(); err != nil {
			return 0, fmt.Errorf("index: %w", err)
		}
		of = listWords(&b.words, b.BM25)
		h.version, h.words, h.wordExponent = 2, of.n, int32(of.exponent)
	}
	// The header comes first and holds lengths and sums of what follows: so each
	// section is written twice, once to count.
	var sums []container.Sum
	for s := range h.sections() {
		c := counter{sum: container.NewCRC()}
		lists, postings, err := b.writeSection(&c, s, int(h.exponent))
		if err != nil {
			return 0, err
		}
		h.lists, h.postings = lists, postings+of.postings
		c.Write(of.body[s])
		sums = append(sums, container.Sum{Length: c.n, CRC: c.sum.Sum32()})
	}
	out := bufio.NewWriterSize(w, 1<<16)
	c := counter{to: out, sum: container.NewCRC()}
	if _, err := c.Write(form.Header(h.version, h.append(nil), sums...)); err != nil {
		return c.n, fmt.Errorf("index: %w", err)
	}
	for s := range h.sections() {
		_, _, err := b.writeSection(&c, s, int(h.exponent))
		if err == nil {
			_, err = c.Write(of.body[s])
		}
		if err != nil {
			return c.n, fmt.Errorf("index: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return c.n - int64(out.Buffered()), fmt.Errorf("index: %w", err)
	}
	return c.n, nil
}

// writeSection writes what one section of the file has of learned terms, and counts
// their lists and postings.
func (b *Builder) writeSection(w io.Writer, section, exponent int) (lists uint32, postings uint64, err error) {
	var buf []byte
	nextTerm := 0 // the lowest term that may follow
	for t := range b.lists {
		l := &b.lists[t]
		buf = buf[:0]
		kept := uint64(0)
		gaps := l.gaps
		skipped := uint64(0) // documents passed since the last posting kept
		for _, weight := range l.weights {
			gap, n := binary.Uvarint(gaps)
			gaps = gaps[n:]
			impact := impactOf(weight, exponent)
			if impact == 0 {
				skipped += gap + 1
				continue
			}
			switch section {
			case documentsSection:
				buf = binary.AppendUvarint(buf, skipped+gap)
			case impactsSection:
				buf = append(buf, impact)
			}
			skipped = 0
			kept++
		}
		if kept == 0 {
			continue
		}
		if section == listsSection {
			buf = binary.AppendUvarint(buf, uint64(t-nextTerm))
			buf = binary.AppendUvarint(buf, kept-1)
		}
		nextTerm = t + 1
		lists++
		postings += kept
		if _, err := w.Write(buf); err != nil {
			return 0, 0, err
		}
	}
	return lists, postings, nil
}

// A counter counts and sums what passes through it.
type counter struct {
	to  io.Writer // nil: nowhere
	n   int64
	sum hash.Hash32
}

func (c *counter) Write(p []byte) (int, error) {
	n := len(p)
	var err error
	if c.to != nil {
		n, err = c.to.Write(p)
	}
	c.n += int64(n)
	c.sum.Write(p[:n])
	return n, err
}
