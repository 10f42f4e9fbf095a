package index

import (
	"encoding/binary"
	"math"

	"parley/shared/container"
)

// The file is a container (shared/container) with the magic "PARLEYIX". Its numbers,
// little-endian:
//
//	  12  4  documents
//	  16  4  vocabulary
//	  20  4  lists of learned terms: terms of the vocabulary that have postings
//	  24  8  postings, words' included
//	  32  4  exponent, signed: document weight = impact x 2^exponent
//	  36  4  words
//	  40  4  word exponent, signed: as the one before, of words
//
// Its sections:
//
//	lists: for each list of a learned term, in order of its term, two varints
//	     term - lowest that it could be (the term before it + 1; at first 0)
//	     postings - 1
//	  then for each word, in order, one
//	     postings - 1
//	documents: for each posting, list after list, one varint
//	     document - lowest that it could be (the document before it + 1; at the
//	     start of a list 0)
//	impacts: for each posting, in the same order, one byte, 1 to 255
//	words: for each word, in the order of their bytes,
//	     varint: bytes that it begins with as the word before does, as many as there
//	     are; but 0 for each 16th word, the first among them
//	     varint: bytes that follow
//	     these bytes
//	  A word is UTF-8 and has 1 to 255 bytes.
//
// This is version 2. Version 1 is the same without words: bytes 36 to 43 and the fourth
// section are not there. An index without words is written so.
//
// A varint is encoding/binary's Uvarint in its shortest form. Documents and
// impacts lie apart because bytes of one kind compress better together: the
// file is meant to be sent through brotli.
//
// Four documents over a vocabulary of nine terms, the third without terms. Term 1 weighs 2
// in document 0; term 4 weighs .5, 1 and .25 in documents 0, 1 and 3; term 8 weighs 1.5
// in document 3. Their texts are "Tower, towers: tea.", "Team tea", nothing, and
// "Tea the bridge"; BM25 weighs their words with k1 = .9 and b = .4:
//
//	0000: 50 41 52 4c 45 59 49 58  magic "PARLEYIX"
//	0008: 02 00 00 00  version 2
//	000c: 04 00 00 00  4 documents
//	0010: 09 00 00 00  vocabulary of 9
//	0014: 03 00 00 00  3 lists of learned terms
//	0018: 0b 00 00 00 00 00 00 00  postings: 11
//	0020: fa ff ff ff  exponent -6
//	0024: 04 00 00 00  4 words
//	0028: f8 ff ff ff  word exponent -8: their step is 1/256
//	002c: 0a 00 00 00 00 00 00 00 c7 b1 26 11  lists: 10 bytes, CRC-32C
//	0038: 0b 00 00 00 00 00 00 00 54 7f b7 d9  documents: 11 bytes, CRC-32C
//	0044: 0b 00 00 00 00 00 00 00 65 95 41 4f  impacts: 11 bytes, CRC-32C
//	0050: 15 00 00 00 00 00 00 00 92 c5 f3 6d  words: 21 bytes, CRC-32C
//	005c: ca 08 a6 b2  CRC-32C of the header
//	0060: 01 00 02 02 03 00  lists: term 1, 1 posting; term 4, 3; term 8, 1
//	0066: 00 02 00 00  words: 1 posting, 3, 1, 1
//	006a: 00 00 00 01 03  documents: of term 1, 0; of term 4, 0, 1, 3; of term 8, 3
//	006f: 03  bridg: document 3
//	0070: 00 00 01  tea: documents 0, 1, 2+1 = 3
//	0073: 01  team: document 1
//	0074: 00  tower: document 0
//	0075: 80 20 40 10 60  impacts: 2, .5, 1, .25 and 1.5 in steps of 1/64
//	007a: 9e  bridg: .617
//	007b: 2a 2f 2f  tea: .165, .183, .183
//	007e: 9e  team: .617
//	007f: c3  tower: .763
//	0080: 00 05 62 72 69 64 67  words: bridg, whole
//	0087: 00 03 74 65 61  tea, which shares nothing
//	008c: 03 01 6d  tea m
//	008f: 01 04 6f 77 65 72  t ower

var form = &container.Format{Name: "index", What: "index", Magic: "PARLEYIX", Versions: []container.Layout{
	{Numbers: 24, Sections: sectionNames[:wordsSection]},
	{Numbers: 32, Sections: sectionNames[:]},
}}

const (
	listsSection = iota
	documentsSection
	impactsSection
	wordsSection
	sections
)

var sectionNames = [sections]string{"lists", "documents", "impacts", "words"}

// header is the file's numbers.
type header struct {
	version            int
	docs, vocab, lists uint32
	postings           uint64
	exponent           int32
	words              uint32
	wordExponent       int32
}

// sections returns the number of sections in the header's version.
func (h *header) sections() int { return len(form.Versions[h.version-1].Sections) }

// append appends the numbers to b.
func (h *header) append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, h.docs)
	b = le.AppendUint32(b, h.vocab)
	b = le.AppendUint32(b, h.lists)
	b = le.AppendUint64(b, h.postings)
	b = le.AppendUint32(b, uint32(h.exponent))
	if h.version > 1 {
		b = le.AppendUint32(b, h.words)
		b = le.AppendUint32(b, uint32(h.wordExponent))
	}
	return b
}

// readHeader reads the numbers of a version, without checking them.
func readHeader(version int, b []byte) header {
	le := binary.LittleEndian
	h := header{
		version: version, docs: le.Uint32(b), vocab: le.Uint32(b[4:]), lists: le.Uint32(b[8:]),
		postings: le.Uint64(b[12:]), exponent: int32(le.Uint32(b[20:])),
	}
	if version > 1 {
		h.words = le.Uint32(b[24:])
		h.wordExponent = int32(le.Uint32(b[28:]))
	}
	return h
}

// check returns an error for numbers that contradict each other or the sections. Every
// list, posting and word takes at least a byte, so allocations are bounded by the file's
// size.
func (h *header) check(body *[sections][]byte) error {
	fail := func(offset int64, format string, args ...any) error {
		return form.Errorf("header", offset, format, args...)
	}
	size := func(s int) uint64 { return uint64(len(body[s])) }
	switch {
	case h.exponent < minExponent || h.exponent > maxExponent:
		return fail(32, "exponent %d is outside %d to %d", h.exponent, minExponent, maxExponent)
	case h.wordExponent < minExponent || h.wordExponent > maxExponent:
		return fail(40, "word exponent %d is outside %d to %d", h.wordExponent, minExponent, maxExponent)
	case h.docs > math.MaxInt32 || h.vocab > math.MaxInt32:
		return fail(12, "%d documents over a vocabulary of %d: neither may exceed %d", h.docs, h.vocab, math.MaxInt32)
	case h.lists > h.vocab:
		return fail(20, "%d lists over a vocabulary of %d", h.lists, h.vocab)
	case h.words > math.MaxInt32:
		return fail(36, "%d words: at most %d are allowed", h.words, math.MaxInt32)
	case size(impactsSection) != h.postings:
		return fail(24, "%d postings, but %d impacts", h.postings, size(impactsSection))
	case size(documentsSection) < h.postings:
		return fail(24, "%d postings in %d bytes", h.postings, size(documentsSection))
	case size(listsSection) < 2*uint64(h.lists)+uint64(h.words):
		return fail(20, "%d lists of terms and %d of words in %d bytes", h.lists, h.words, size(listsSection))
	case size(wordsSection) < 3*uint64(h.words) || size(wordsSection) > math.MaxUint32:
		return fail(36, "%d words in %d bytes", h.words, size(wordsSection))
	}
	return nil
}

// Open checks all of data (lengths, CRCs, order) and reads it: impacts in place, documents
// decoded to 2 bytes per posting. data must not change while the index is in use. An error
// is a *container.FormatError.
func Open(data []byte) (*Index, error) {
	file, err := form.Open(data)
	if err != nil {
		return nil, err
	}
	h := readHeader(file.Version, file.Numbers)
	var body [sections][]byte
	var at [sections]int64 // offset of each section in the file
	for i, s := range file.Sections {
		body[i], at[i] = s.Data, s.At
	}
	if err := h.check(&body); err != nil {
		return nil, err
	}
	x := &Index{Lexicon: Lexicon{docs: h.docs, vocab: h.vocab, exponent: int(h.exponent), wordExponent: int(h.wordExponent)}}
	x.setUnit(h.lists, h.words)
	if err := x.words.read(body[wordsSection], at[wordsSection], h.words); err != nil {
		return nil, err
	}
	x.impact = body[impactsSection]
	for i, v := range x.impact {
		if v == 0 {
			return nil, form.Errorf("impacts", at[impactsSection]+int64(i), "an impact of 0")
		}
	}
	sizes, err := x.readLists(body[listsSection], at[listsSection], h)
	if err != nil {
		return nil, err
	}
	x.df = sizes
	if err := x.readDocuments(body[documentsSection], at[documentsSection], sizes); err != nil {
		return nil, err
	}
	return x, nil
}

// readLists sets x.terms and returns the number of postings in each list.
func (x *Index) readLists(b []byte, at int64, h header) (sizes []uint32, err error) {
	x.terms = make([]uint32, h.lists)
	sizes = make([]uint32, x.Lists())
	var next, sum uint64
	p := 0
	fail := func(format string, args ...any) ([]uint32, error) {
		return nil, form.Errorf("lists", at+int64(p), format, args...)
	}
	for l := range sizes {
		if l < len(x.terms) {
			gap, n := uvarint(b, p)
			if n == 0 {
				return fail("list %d of %d: no varint", l, len(sizes))
			}
			if next+uint64(gap) >= uint64(h.vocab) {
				return fail("list %d of %d: term %d is outside the vocabulary of %d", l, h.lists, next+uint64(gap), h.vocab)
			}
			x.terms[l] = uint32(next) + gap
			next = uint64(x.terms[l]) + 1
			p += n
		}
		size, n := uvarint(b, p)
		if n == 0 {
			return fail("list %d of %d: no varint", l, len(sizes))
		}
		if size >= h.docs {
			return fail("term %d is in %d documents of %d", x.Term(l), uint64(size)+1, h.docs)
		}
		sizes[l] = size + 1
		sum += uint64(size) + 1
		p += n
	}
	if p < len(b) {
		return fail("%d bytes follow the last list", len(b)-p)
	}
	if sum != h.postings {
		return fail("the lists hold %d postings, the header says %d", sum, h.postings)
	}
	return sizes, nil
}

// readDocuments decodes the postings' documents into runs.
func (x *Index) readDocuments(b []byte, at int64, sizes []uint32) error {
	x.first = make([]uint32, 0, len(sizes)+1)
	x.top = make([]byte, len(sizes))
	x.block = make([]uint32, 0, len(sizes))
	x.start = make([]int, 0, len(sizes)+1)
	x.low = make([]uint16, len(x.impact))
	p, i := 0, 0
	for l, size := range sizes {
		x.first = append(x.first, uint32(len(x.block)))
		low, impact := x.low[i:i+int(size)], x.impact[i:i+int(size)]
		next := uint64(0)
		block := uint64(math.MaxUint64)
		most := byte(0)
		for j := range low {
			var gap uint64
			if p < len(b) && b[p] < 0x80 {
				gap = uint64(b[p])
				p++
			} else {
				v, n := uvarint(b, p)
				if n == 0 {
					return form.Errorf("documents", at+int64(p), "posting %d of term %d: no varint", j, x.Term(l))
				}
				gap = uint64(v)
				p += n
			}
			doc := next + gap
			next = doc + 1
			if doc>>blockBits != block {
				// This checks the first document of each block; the last is checked below.
				if doc >= uint64(x.docs) {
					break
				}
				block = doc >> blockBits
				x.block = append(x.block, uint32(block))
				x.start = append(x.start, i+j)
			}
			low[j] = uint16(doc)
			most = max(most, impact[j])
		}
		if next > uint64(x.docs) {
			return form.Errorf("documents", at+int64(p), "term %d is in document %d of %d", x.Term(l), next-1, x.docs)
		}
		x.top[l] = most
		i += int(size)
	}
	if p < len(b) {
		return form.Errorf("documents", at+int64(p), "%d bytes follow the last posting", len(b)-p)
	}
	x.first = append(x.first, uint32(len(x.block)))
	x.start = append(x.start, i)
	return nil
}

// uvarint reads a varint of at most 32 bits at b[p:] and returns its length, 0 where there
// is none or it is not in its shortest form.
func uvarint(b []byte, p int) (v uint32, n int) {
	for shift := 0; p+n < len(b); shift += 7 {
		c := b[p+n]
		n++
		if shift == 28 && c > 0x0f {
			return 0, 0
		}
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			if c == 0 && n > 1 {
				return 0, 0
			}
			return v, n
		}
	}
	return 0, 0
}
