package passages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
	"unicode/utf8"

	"parley/shared/jsontree"
)

// The file, little-endian, without padding:
//
//	header, 80 bytes
//	   0  8  magic "PARLEYPS"
//	   8  4  version, 1
//	  12  4  passages
//	  16     five sections, in this order: about, ids, titles, texts, urls; each
//	         8  length in bytes
//	         4  CRC-32C
//	  76  4  CRC-32C of the 76 bytes before
//	about: About as JSON
//	ids, titles, texts, urls: for each passage a string in UTF-8, ended by the
//	  byte FF, which no UTF-8 holds
//	     an empty id: the same as the title
//	     an empty url: as about's link says; without a link, none
//	     a url of the byte FE alone: none, although there is a link
//
// Strings of one kind lie together, and ends are marked rather than lengths
// stored, because the file is meant to be sent through brotli.

const (
	magic      = "PARLEYPS"
	version    = 1
	headerSize = 80

	end   = 0xff
	noURL = "\xfe"
)

const (
	aboutSection = iota
	firstColumn
	sections = firstColumn + columns
)

const (
	ids = iota
	titles
	texts
	urls
	columns
)

var sectionNames = [sections]string{"about", "ids", "titles", "texts", "urls"}

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

type header struct {
	passages uint32
	length   [sections]int64
	crc      [sections]uint32
}

func (h *header) append(b []byte) []byte {
	from := len(b)
	b = append(b, magic...)
	b = le.AppendUint32(b, version)
	b = le.AppendUint32(b, h.passages)
	for s := range sections {
		b = le.AppendUint64(b, uint64(h.length[s]))
		b = le.AppendUint32(b, h.crc[s])
	}
	return le.AppendUint32(b, checksum(b[from:]))
}

func parseHeader(data []byte) (h header, err error) {
	fail := func(offset int, format string, args ...any) (header, error) {
		return h, &FormatError{"header", int64(offset), fmt.Sprintf(format, args...)}
	}
	if n := min(len(data), len(magic)); string(data[:n]) != magic[:n] {
		return fail(0, "starts with %s: this is no file of passages (want %q)", strconv.QuoteToASCII(string(data[:n])), magic)
	}
	if len(data) < headerSize {
		return fail(len(data), "the file ends after %d bytes, within the header of %d: truncated", len(data), headerSize)
	}
	if v := le.Uint32(data[8:]); v != version {
		return fail(8, "version %d: this program reads version %d", v, version)
	}
	if want, got := le.Uint32(data[headerSize-4:]), checksum(data[:headerSize-4]); want != got {
		return fail(headerSize-4, "CRC-32C is %08x, want %08x: damaged", got, want)
	}
	h.passages = le.Uint32(data[12:])
	if h.passages > math.MaxInt32 {
		return fail(12, "%d passages: at most %d are allowed", h.passages, math.MaxInt32)
	}
	rest := uint64(len(data) - headerSize)
	for s := range sections {
		at := 16 + 12*s
		n := le.Uint64(data[at:])
		if n > rest {
			return fail(at, "section %s has %d bytes, but only %d follow: truncated", sectionNames[s], n, rest)
		}
		// Every string takes at least its end: what is allocated later is bounded
		// by the file's size.
		if s >= firstColumn && (n < uint64(h.passages) || n > math.MaxUint32) {
			return fail(at, "section %s has %d bytes for %d passages", sectionNames[s], n, h.passages)
		}
		rest -= n
		h.length[s], h.crc[s] = int64(n), le.Uint32(data[at+8:])
	}
	if rest > 0 {
		return fail(len(data)-int(rest), "%d bytes follow the last section", rest)
	}
	return h, nil
}

// Open checks data whole (lengths, CRCs, UTF-8) and reads it in place; errors are
// *FormatError. data must not change while the store, or a string from it, is in
// use.
func Open(data []byte) (*Store, error) {
	h, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	s := &Store{n: int(h.passages)}
	at := int64(headerSize)
	for i := range sections {
		body := data[at : at+h.length[i]]
		if got := checksum(body); got != h.crc[i] {
			return nil, &FormatError{sectionNames[i], at, fmt.Sprintf("CRC-32C is %08x, want %08x: damaged", got, h.crc[i])}
		}
		if i == aboutSection {
			if s.about, err = parseAbout(string(body)); err != nil {
				return nil, &FormatError{"about", at, err.Error()}
			}
		} else if s.columns[i-firstColumn], err = split(body, s.n, i, at); err != nil {
			return nil, err
		}
		at += h.length[i]
	}
	return s, nil
}

func parseAbout(body string) (a About, err error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return a, err
	}
	err = v.Into(map[string]any{
		"title": &a.Title, "source": &a.Source, "licence": &a.Licence, "licence_url": &a.LicenceURL,
		"attribution": &a.Attribution, "link": &a.Link, "encoder": &a.Encoder,
	})
	return a, err
}

// split finds the n strings of a section.
func split(body []byte, n, section int, at int64) (column, error) {
	c := column{data: body, start: make([]uint32, n+1)}
	from := 0
	fail := func(offset int, format string, args ...any) (column, error) {
		return c, &FormatError{sectionNames[section], at + int64(offset), fmt.Sprintf(format, args...)}
	}
	for i := range n {
		length := bytes.IndexByte(body[from:], end)
		if length < 0 {
			return fail(len(body), "the section ends before passage %d of %d", i, n)
		}
		if s := body[from : from+length]; !utf8.Valid(s) && !(section == firstColumn+urls && string(s) == noURL) {
			return fail(from+invalid(string(s)), "passage %d is not UTF-8", i)
		}
		from += length + 1
		c.start[i+1] = uint32(from)
	}
	if from < len(body) {
		return fail(from, "%d bytes follow the last passage", len(body)-from)
	}
	return c, nil
}
