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

// A Builder collects documents, numbered from 0 in the order in which they are added.
//
// It takes 4 bytes per posting and about 1.2 more for the gaps, plus the unused capacity
// of growing slices: 0.7 GB for a million documents of 122 terms. A word's posting takes 3
// bytes, and 2 or 3 more while the index is written.
type Builder struct {
	// BM25 gives the weights of words; NewBuilder sets words.Default.
	BM25 words.BM25

	lists []list // by term
	docs  uint32
	most  float32 // the largest weight of all documents
	words words.Counts
}

// A list is a posting list that grows, with gaps as in the file and weights not yet
// rounded.
type list struct {
	gaps    []byte
	weights []float32
	next    uint32 // the lowest document that may follow
}

// maxWeight is the largest weight allowed: far above any encoder's, and low enough that no
// score overflows.
const maxWeight = 1 << 32

// NewBuilder returns an empty Builder over a vocabulary of the given size.
func NewBuilder(vocab int) *Builder {
	return &Builder{BM25: words.Default, lists: make([]list, max(vocab, 0))}
}

// Add adds a document and keeps no reference to its memory. For a vector that
// sparse.Vector.Check refuses, or a weight above 2^32, it returns an error and adds
// nothing. An empty vector is a document that no query finds.
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

// AddWords counts a document's words. Call it once for each document, in the order of Add,
// or for none; an index without these calls has no words.
func (b *Builder) AddWords(title, text string) { b.words.Add(title, text) }

// Bounds of the exponents of steps; within them every score is a normal float32.
const (
	minExponent = -60
	maxExponent = 25 // maxWeight / 255, rounded up to a power of two
)

// exponentFor returns the exponent of the finest step at which the largest weight fits 8
// bits.
func exponentFor(most float32) int {
	e := minExponent
	for math.Ldexp(float64(most), -e) >= 255.5 {
		e++
	}
	return e
}

// impactOf rounds a weight to a multiple of 2^exponent, halves up. In float64, scaling by
// a power of two and adding a half are exact.
func impactOf(w float32, exponent int) byte {
	return byte(math.Ldexp(float64(w), -exponent) + 0.5)
}

// WriteTo writes the index and returns its size in bytes; the bytes depend only on the
// documents and BM25. It leaves out postings whose impact rounds to 0, and words that have
// no others.
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
	// The header comes first and contains the lengths and sums of the sections, so each
	// section is written twice, the first time only to count.
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

// writeSection writes the learned terms' part of one section, and returns the number of
// their lists and postings.
func (b *Builder) writeSection(w io.Writer, section, exponent int) (lists uint32, postings uint64, err error) {
	var buf []byte
	nextTerm := 0 // the lowest term that may follow
	for t := range b.lists {
		l := &b.lists[t]
		buf = buf[:0]
		kept := uint64(0)
		gaps := l.gaps
		skipped := uint64(0) // documents since the last posting that was kept
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

// A counter counts and sums the bytes written through it.
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
