package index

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
)

// The file, little-endian, without padding:
//
//	header, 96 bytes
//	   0  8  magic "PARLEYIX"
//	   8  4  version, 2
//	  12  4  documents
//	  16  4  vocabulary
//	  20  4  lists of learned terms: terms of the vocabulary that have postings
//	  24  8  postings, words' included
//	  32  4  exponent, signed: document weight = impact x 2^exponent
//	  36  4  words
//	  40  4  word exponent, signed: as the one before, of words
//	  44     four sections, in this order: lists, documents, impacts, words; for each
//	         8  length in bytes
//	         4  CRC-32C
//	  92  4  CRC-32C of the 92 bytes before
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
// Version 1 is the same without words: bytes 36 to 43 and the fourth section are not
// there, and the header has 76 bytes. An index without words is written so.
//
// A varint is encoding/binary's Uvarint in its shortest form. Documents and
// impacts lie apart because bytes of one kind compress better together: the
// file is meant to be sent through brotli.

const (
	magic      = "PARLEYIX"
	version    = 2 // the newest
	headerSize = 96
)

const (
	listsSection = iota
	documentsSection
	impactsSection
	wordsSection
	sections
)

var sectionNames = [sections]string{"lists", "documents", "impacts", "words"}

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

type header struct {
	version            uint32
	docs, vocab, lists uint32
	postings           uint64
	exponent           int32
	words              uint32
	wordExponent       int32
	length             [sections]int64
	crc                [sections]uint32
}

// size is the header's own, sections their number, and table where they are listed.
func (h *header) size() int     { return h.table() + 12*h.sections() + 4 }
func (h *header) sections() int { return sections - 2 + int(h.version) }
func (h *header) table() int    { return 28 + 8*int(h.version) }

func (h *header) append(b []byte) []byte {
	from := len(b)
	b = append(b, magic...)
	b = le.AppendUint32(b, h.version)
	b = le.AppendUint32(b, h.docs)
	b = le.AppendUint32(b, h.vocab)
	b = le.AppendUint32(b, h.lists)
	b = le.AppendUint64(b, h.postings)
	b = le.AppendUint32(b, uint32(h.exponent))
	if h.version > 1 {
		b = le.AppendUint32(b, h.words)
		b = le.AppendUint32(b, uint32(h.wordExponent))
	}
	for s := range h.sections() {
		b = le.AppendUint64(b, uint64(h.length[s]))
		b = le.AppendUint32(b, h.crc[s])
	}
	return le.AppendUint32(b, checksum(b[from:]))
}

// rawHeader reads the numbers of a header of a known version, sound or not.
func rawHeader(b []byte, version uint32) (h header) {
	h.version = version
	h.docs = le.Uint32(b[12:])
	h.vocab = le.Uint32(b[16:])
	h.lists = le.Uint32(b[20:])
	h.postings = le.Uint64(b[24:])
	h.exponent = int32(le.Uint32(b[32:]))
	if version > 1 {
		h.words = le.Uint32(b[36:])
		h.wordExponent = int32(le.Uint32(b[40:]))
	}
	for s := range h.sections() {
		at := b[h.table()+12*s:]
		h.length[s] = int64(le.Uint64(at))
		h.crc[s] = le.Uint32(at[8:])
	}
	return h
}

func headerError(offset int64, format string, args ...any) error {
	return &FormatError{Section: "header", Offset: offset, Msg: fmt.Sprintf(format, args...)}
}

func parseHeader(data []byte) (h header, err error) {
	if n := min(len(data), len(magic)); string(data[:n]) != magic[:n] {
		return h, headerError(0, "starts with %s: this is no index (want %q)", strconv.QuoteToASCII(string(data[:n])), magic)
	}
	h.version = version
	if len(data) >= 12 {
		h.version = le.Uint32(data[8:])
	}
	if h.version < 1 || h.version > version {
		return h, headerError(8, "version %d: this program reads versions 1 to %d", h.version, version)
	}
	size := h.size()
	if len(data) < size {
		return h, headerError(int64(len(data)), "the file ends after %d bytes, within the header of %d: truncated", len(data), size)
	}
	if want, got := le.Uint32(data[size-4:]), checksum(data[:size-4]); want != got {
		return h, headerError(int64(size-4), "CRC-32C is %08x, want %08x: damaged", got, want)
	}
	h = rawHeader(data, h.version)
	if h.exponent < minExponent || h.exponent > maxExponent {
		return h, headerError(32, "exponent %d is outside %d to %d", h.exponent, minExponent, maxExponent)
	}
	if h.wordExponent < minExponent || h.wordExponent > maxExponent {
		return h, headerError(40, "word exponent %d is outside %d to %d", h.wordExponent, minExponent, maxExponent)
	}
	if h.docs > math.MaxInt32 || h.vocab > math.MaxInt32 {
		return h, headerError(12, "%d documents over a vocabulary of %d: neither may exceed %d", h.docs, h.vocab, math.MaxInt32)
	}
	if h.lists > h.vocab {
		return h, headerError(20, "%d lists over a vocabulary of %d", h.lists, h.vocab)
	}
	if h.words > math.MaxInt32 {
		return h, headerError(36, "%d words: at most %d are allowed", h.words, math.MaxInt32)
	}
	rest := int64(len(data) - size)
	for s, n := range h.length {
		if n < 0 || n > rest {
			return h, headerError(int64(h.table()+12*s), "section %s has %d bytes, but only %d follow: truncated", sectionNames[s], uint64(n), rest)
		}
		rest -= n
	}
	if rest > 0 {
		return h, headerError(int64(len(data))-rest, "%d bytes follow the last section", rest)
	}
	// Every list, posting and word takes at least a byte: what is allocated
	// below is bounded by the file's size.
	if n := h.length[impactsSection]; uint64(n) != h.postings {
		return h, headerError(24, "%d postings, but %d impacts", h.postings, n)
	}
	if n := h.length[documentsSection]; uint64(n) < h.postings {
		return h, headerError(24, "%d postings in %d bytes", h.postings, n)
	}
	if n := h.length[listsSection]; n < 2*int64(h.lists)+int64(h.words) {
		return h, headerError(20, "%d lists of terms and %d of words in %d bytes", h.lists, h.words, n)
	}
	if n := h.length[wordsSection]; n < 3*int64(h.words) || n > math.MaxUint32 {
		return h, headerError(36, "%d words in %d bytes", h.words, n)
	}
	return h, nil
}

// Open checks data whole (lengths, CRCs, order) and reads it: impacts in place,
// documents decoded to 2 bytes a posting. data must not change while the index
// is in use. An error is a *FormatError.
func Open(data []byte) (*Index, error) {
	h, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	var body [sections][]byte
	var at [sections]int64 // where each section starts in the file
	offset := int64(h.size())
	for s := range h.sections() {
		at[s] = offset
		body[s] = data[offset : offset+h.length[s]]
		offset += h.length[s]
		if got := checksum(body[s]); got != h.crc[s] {
			return nil, &FormatError{sectionNames[s], at[s], fmt.Sprintf("CRC-32C is %08x, want %08x: damaged", got, h.crc[s])}
		}
	}
	x := &Index{docs: h.docs, vocab: h.vocab, exponent: int(h.exponent), wordExponent: int(h.wordExponent)}
	x.unit = x.exponent
	if h.words > 0 && (h.lists == 0 || x.wordExponent < x.unit) {
		x.unit = x.wordExponent
	}
	if err := x.words.read(body[wordsSection], at[wordsSection], h.words); err != nil {
		return nil, err
	}
	x.impact = body[impactsSection]
	for i, v := range x.impact {
		if v == 0 {
			return nil, &FormatError{"impacts", at[impactsSection] + int64(i), "an impact of 0"}
		}
	}
	sizes, err := x.readLists(body[listsSection], at[listsSection], h)
	if err != nil {
		return nil, err
	}
	if err := x.readDocuments(body[documentsSection], at[documentsSection], sizes); err != nil {
		return nil, err
	}
	return x, nil
}

// readLists sets x.terms and returns the number of postings of each list.
func (x *Index) readLists(b []byte, at int64, h header) (sizes []uint32, err error) {
	x.terms = make([]uint32, h.lists)
	sizes = make([]uint32, x.lists())
	var next, sum uint64
	p := 0
	fail := func(format string, args ...any) ([]uint32, error) {
		return nil, &FormatError{"lists", at + int64(p), fmt.Sprintf(format, args...)}
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
			return fail("term %d is in %d documents of %d", x.term(l), uint64(size)+1, h.docs)
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
					return &FormatError{"documents", at + int64(p), fmt.Sprintf("posting %d of term %d: no varint", j, x.term(l))}
				}
				gap = uint64(v)
				p += n
			}
			doc := next + gap
			next = doc + 1
			if doc>>blockBits != block {
				// Checked here for the first of each block, below for the last.
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
			return &FormatError{"documents", at + int64(p), fmt.Sprintf("term %d is in document %d of %d", x.term(l), next-1, x.docs)}
		}
		x.top[l] = most
		i += int(size)
	}
	if p < len(b) {
		return &FormatError{"documents", at + int64(p), fmt.Sprintf("%d bytes follow the last posting", len(b)-p)}
	}
	x.first = append(x.first, uint32(len(x.block)))
	x.start = append(x.start, i)
	return nil
}

// uvarint reads a varint of at most 32 bits at b[p:]. It returns the length 0
// where there is none, or not in its shortest form.
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
