package index

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
)

// CIFF, the Common Index File Format (Lin et al., arXiv 2003.08276), in which
// search engines exchange indexes: protobuf messages, each after its length as a
// varint.
//
//	Header             1 version, 2 number of lists, 3 number of document records,
//	                   4 lists in all, 5 documents in all, 6 terms in the
//	                   collection, 7 average length (double), 8 description
//	then PostingsList  1 term, 2 document frequency, 3 collection frequency,
//	                   4 Posting, repeated: 1 document, the first as it is, then
//	                   the difference from the one before; 2 term frequency
//	then DocRecord     1 document, 2 its name, 3 its length
//
// Impacts take the place of term frequencies, as is usual for learned sparse vectors; so a
// collection frequency is a sum of impacts, and so is a document's length.
//
// Both kinds of terms use one scale. Frequencies are in the finer of the two steps, which
// is Step unless documents are few and words weigh less than terms. Impacts of the other
// kind are multiplied by the ratio of the steps, a power of two. So the sum of query
// weight x frequency is what Search computes.

// WordPrefix precedes words among a CIFF's terms. No piece of a vocabulary starts with it,
// since the tokenizer cuts at the colon.
const WordPrefix = "word:"

// WriteCIFF writes the index for other engines, with lists in the order of their terms'
// bytes. term names a learned term; a word is named "word:" and the word; doc names a
// document. description is for people.
func (x *Index) WriteCIFF(w io.Writer, term func(uint32) string, doc func(int) string, description string) error {
	for _, l := range []int{0, len(x.terms)} {
		if l < x.Lists() && x.exponentOf(l)-x.unit > 22 {
			return fmt.Errorf("index: one kind of weights has the step 2^%d, the other 2^%d: no frequency counts both", x.exponentOf(l), x.unit)
		}
	}
	lengths := make([]uint64, x.docs)
	total := uint64(0)
	for l := range x.Lists() {
		for d, frequency := range x.frequencies(l) {
			lengths[d] += frequency
			total += frequency
		}
	}
	for d, n := range lengths {
		if n > math.MaxInt32 {
			return fmt.Errorf("index: document %d has the length %d: more than a CIFF can hold", d, n)
		}
	}
	average := 0.0
	if x.docs > 0 {
		average = float64(total) / float64(x.docs)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var m, p []byte
	write := func() { // the message in m, preceded by its length; out keeps the first error
		out.Write(binary.AppendUvarint(nil, uint64(len(m))))
		out.Write(m)
		m = m[:0]
	}

	m = appendNumber(m, 1, 1)
	m = appendNumber(m, 2, uint64(x.Lists()))
	m = appendNumber(m, 3, uint64(x.docs))
	m = appendNumber(m, 4, uint64(x.Lists()))
	m = appendNumber(m, 5, uint64(x.docs))
	m = appendNumber(m, 6, total)
	if average != 0 {
		m = binary.AppendUvarint(m, 7<<3|fixed64)
		m = binary.LittleEndian.AppendUint64(m, math.Float64bits(average))
	}
	m = appendString(m, 8, description)
	write()

	order := make([]int, x.Lists())
	names := make([]string, x.Lists())
	for l := range order {
		order[l] = l
		if t := x.Term(l); t < x.vocab {
			names[l] = term(t)
		} else {
			names[l] = WordPrefix + x.Word(t)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(names[a], names[b]) })
	for i, l := range order {
		if i > 0 && names[l] == names[order[i-1]] {
			return fmt.Errorf("index: terms %d and %d have the same name %q", x.Term(order[i-1]), x.Term(l), names[l])
		}
		cf := uint64(0)
		for _, frequency := range x.frequencies(l) {
			cf += frequency
		}
		m = appendString(m, 1, names[l])
		m = appendNumber(m, 2, uint64(x.DF(x.Term(l))))
		m = appendNumber(m, 3, cf)
		before := uint32(0)
		for d, frequency := range x.frequencies(l) {
			p = appendNumber(p[:0], 1, uint64(d-before))
			p = appendNumber(p, 2, frequency)
			m = appendString(m, 4, p)
			before = d
		}
		write()
	}
	for d, length := range lengths {
		m = appendNumber(m, 1, uint64(d))
		m = appendString(m, 2, doc(d))
		m = appendNumber(m, 3, length)
		write()
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// Unit returns the document weight of a frequency of 1 in what WriteCIFF writes, a power of
// two.
func (x *Index) Unit() float32 { return ldexp(1, x.unit) }

// postings returns the documents of list l in order, each with its impact.
func (x *Index) postings(l int) iter.Seq2[uint32, byte] {
	return func(yield func(uint32, byte) bool) {
		for r := x.first[l]; r < x.first[l+1]; r++ {
			for i := x.start[r]; i < x.start[r+1]; i++ {
				if !yield(x.block[r]<<blockBits|uint32(x.low[i]), x.impact[i]) {
					return
				}
			}
		}
	}
}

// frequencies is postings with impacts in the index's unit.
func (x *Index) frequencies(l int) iter.Seq2[uint32, uint64] {
	shift := x.exponentOf(l) - x.unit
	return func(yield func(uint32, uint64) bool) {
		for d, impact := range x.postings(l) {
			if !yield(d, uint64(impact)<<shift) {
				return
			}
		}
	}
}

// Wire types of protobuf.
const (
	varint  = 0
	fixed64 = 1
	length  = 2
	fixed32 = 5
)

// appendNumber appends a field, unless its value is proto3's default.
func appendNumber(m []byte, field int, v uint64) []byte {
	if v == 0 {
		return m
	}
	m = binary.AppendUvarint(m, uint64(field)<<3|varint)
	return binary.AppendUvarint(m, v)
}

// appendString appends a field with a string or an embedded message, unless it is empty.
func appendString[S string | []byte](m []byte, field int, s S) []byte {
	if len(s) == 0 {
		return m
	}
	m = binary.AppendUvarint(m, uint64(field)<<3|length)
	m = binary.AppendUvarint(m, uint64(len(s)))
	return append(m, s...)
}

// ReadCIFF reads another engine's index. It returns a Builder with its documents, and the
// documents' names. term maps a term's string to its number in a vocabulary of the given
// size; step returns the weight of a frequency of 1, given the header's description. Errors
// in the file are *container.FormatError.
//
// Lists of words, which WriteCIFF names "word:...", are checked and skipped: words are
// made from the texts, by AddWords.
func ReadCIFF(r io.Reader, vocab int, term func(string) (uint32, bool), step func(description string) (float32, error)) (*Builder, []string, error) {
	c := ciffReader{in: bufio.NewReaderSize(r, 1<<16)}
	c.section = "CIFF header"
	var lists, records, docs uint64
	description := ""
	if err := c.message(func(field int, v uint64, s []byte) error {
		switch field {
		case 1:
			if v != 1 {
				return fmt.Errorf("version %d: this program reads version 1", v)
			}
		case 2:
			lists = v
		case 3:
			records = v
		case 5:
			docs = v
		case 8:
			description = string(s)
		}
		return nil
	}); err != nil {
		return nil, nil, err
	}
	unit, err := step(description)
	if err != nil {
		return nil, nil, err
	}
	if !(unit > 0) || unit > maxWeight {
		return nil, nil, fmt.Errorf("index: the step %v is not in (0, 2^32]", unit)
	}
	if records != docs || docs > math.MaxInt32 || lists > math.MaxInt32 {
		return nil, nil, c.fail("%d documents, %d of them recorded, in %d lists: every document must be recorded, and none counted below 0", docs, records, lists)
	}

	b := NewBuilder(vocab)
	b.docs = uint32(docs)
	c.section = "CIFF postings"
	for range lists {
		var l list
		name, df, most := "", uint64(0), b.most
		if err := c.message(func(field int, v uint64, s []byte) error {
			switch field {
			case 1:
				name = string(s)
			case 2:
				df = v
			case 4:
				return b.addCIFF(&l, s, unit)
			}
			return nil
		}); err != nil {
			return nil, nil, err
		}
		t, ok := term(name)
		word := !ok && strings.HasPrefix(name, WordPrefix)
		switch {
		case !word && (!ok || int64(t) >= int64(vocab)):
			return nil, nil, c.fail("the term %s is not in the vocabulary", strconv.QuoteToASCII(name))
		case !word && len(b.lists[t].weights) > 0:
			return nil, nil, c.fail("the term %s has two lists", strconv.QuoteToASCII(name))
		case df != uint64(len(l.weights)):
			return nil, nil, c.fail("the term %s has %d postings, and the document frequency %d", strconv.QuoteToASCII(name), len(l.weights), df)
		}
		if word {
			b.most = most
		} else {
			b.lists[t] = l
		}
	}

	c.section = "CIFF documents"
	var names []string
	for d := range docs {
		id, name := uint64(0), ""
		if err := c.message(func(field int, v uint64, s []byte) error {
			switch field {
			case 1:
				id = v
			case 2:
				name = string(s)
			}
			return nil
		}); err != nil {
			return nil, nil, err
		}
		if id != d {
			return nil, nil, c.fail("record %d is of document %d: records must be in order, and complete", d, id)
		}
		names = append(names, name)
	}
	if _, err := c.in.ReadByte(); err != io.EOF {
		if err != nil {
			return nil, nil, fmt.Errorf("index: %w", err)
		}
		return nil, nil, c.fail("more follows the last record")
	}
	return b, names, nil
}

// addCIFF appends the posting in message m to l.
func (b *Builder) addCIFF(l *list, m []byte, step float32) error {
	var gap, frequency uint64
	if err := fields(m, func(field int, v uint64, _ []byte) error {
		switch field {
		case 1:
			gap = v
		case 2:
			frequency = v
		}
		return nil
	}); err != nil {
		return fmt.Errorf("posting %d: %w", len(l.weights), err)
	}
	if len(l.weights) > 0 {
		// Convert the gap to count from the lowest document that may follow.
		gap--
	}
	weight := float32(frequency) * step
	switch {
	case gap > math.MaxInt32 || uint64(l.next)+gap >= uint64(b.docs):
		return fmt.Errorf("posting %d: documents must increase, up to %d", len(l.weights), int64(b.docs)-1)
	case frequency == 0 || frequency > math.MaxInt32 || !(weight > 0) || weight > maxWeight:
		return fmt.Errorf("posting %d: the term frequency %d is not positive, or its weight out of bounds", len(l.weights), int64(frequency))
	}
	l.gaps = binary.AppendUvarint(l.gaps, gap)
	l.weights = append(l.weights, weight)
	l.next += uint32(gap) + 1
	b.most = max(b.most, weight)
	return nil
}

// A ciffReader reads messages, each preceded by its length.
type ciffReader struct {
	in      *bufio.Reader
	section string
	at      int64 // offset of the current message, at its length
	next    int64
	body    bytes.Buffer
}

func (c *ciffReader) fail(format string, args ...any) error {
	return form.Errorf(c.section, c.at, format, args...)
}

// message reads the next message and calls f for each of its fields. Memory grows with the
// bytes that arrive, not with the length that is claimed.
func (c *ciffReader) message(f func(field int, v uint64, s []byte) error) error {
	c.at = c.next
	n, err := binary.ReadUvarint(c.in)
	if err == nil && n > math.MaxInt32 {
		return c.fail("a message of %d bytes: protobuf allows 2 GiB", n)
	}
	c.body.Reset()
	if err == nil {
		_, err = io.CopyN(&c.body, c.in, int64(n))
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return c.fail("the file ends within a message, or before it: truncated")
	}
	if err != nil {
		return fmt.Errorf("index: %s, byte %d: %w", c.section, c.at, err)
	}
	c.next += int64(len(binary.AppendUvarint(nil, n))) + int64(n)
	if err := fields(c.body.Bytes(), f); err != nil {
		return c.fail("%v", err)
	}
	return nil
}

// fields calls f for each field of a protobuf message. v is a number's bits, s the bytes
// of a string or embedded message; the other of the two is zero.
func fields(m []byte, f func(field int, v uint64, s []byte) error) error {
	for at := 0; at < len(m); {
		key, n := binary.Uvarint(m[at:])
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29-1 {
			return fmt.Errorf("byte %d of the message: no field", at)
		}
		at += n
		var v uint64
		var s []byte
		switch key & 7 {
		case varint, length:
			if v, n = binary.Uvarint(m[at:]); n <= 0 {
				return fmt.Errorf("byte %d of the message: no varint", at)
			}
		case fixed64:
			if n = 8; at+n <= len(m) {
				v = binary.LittleEndian.Uint64(m[at:])
			}
		case fixed32:
			n = 4
		default:
			return fmt.Errorf("byte %d of the message: wire type %d", at, key&7)
		}
		at += n
		if key&7 == length {
			if v > uint64(len(m)-at) {
				return fmt.Errorf("byte %d of the message: a field of %d bytes reaches past the end", at, v)
			}
			s, v = m[at:at+int(v)], 0
			at += len(s)
		}
		if at > len(m) {
			return fmt.Errorf("the message ends within a field")
		}
		if err := f(int(key>>3), v, s); err != nil {
			return err
		}
	}
	return nil
}
