package passages

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"

	"parley/shared/container"
	"parley/shared/jsontree"
)

// The file is a container (shared/container) with the magic "PARLEYPS", version 1 or, where
// a passage has a page, version 2. Its number, little-endian:
//
//	  12  4  passages
//
// Its sections:
//
//	about: About as JSON
//	ids, titles, texts, urls: for each passage a string in UTF-8, ended by the
//	  byte FF, which no UTF-8 holds
//	     an empty id: the same as the title
//	     an empty url: as about's link says; without a link, none
//	     a url of the byte FE alone: none, although there is a link
//	pages, in version 2: for each passage its page, a uvarint; 0: none
//
// Strings of one kind are stored together, and their ends are marked rather than lengths
// stored, because the file is meant to be compressed with brotli.
//
// Three passages: "A b" with the id "A b", the text "One." and the URL w/A_b; "C" with the
// id 7, the text "Zwö" and the URL u; and one that has nothing but the id 8:
//
//	0000: 50 41 52 4c 45 59 50 53  magic "PARLEYPS"
//	0008: 01 00 00 00  version 1
//	000c: 03 00 00 00  3 passages
//	0010: 20 00 00 00 00 00 00 00 28 33 2c 27  about: 32 bytes, CRC-32C
//	001c: 05 00 00 00 00 00 00 00 28 ac 79 23  ids: 5 bytes, CRC-32C
//	0028: 07 00 00 00 00 00 00 00 c9 88 73 7b  titles: 7 bytes, CRC-32C
//	0034: 0b 00 00 00 00 00 00 00 a5 5e d1 fa  texts: 11 bytes, CRC-32C
//	0040: 05 00 00 00 00 00 00 00 81 bd a3 5a  urls: 5 bytes, CRC-32C
//	004c: 95 56 b6 29  CRC-32C of the header
//	0050: 7b 22 74 69 74 6c 65 22 3a 22 54 22 2c  about: {"title":"T",
//	005d: 22 6c 69 6e 6b 22 3a 22 77 2f 7b 74 69 74 6c 65  "link":"w/{title}"}
//	006d: 7d 22 7d
//	0070: ff  ids: the title
//	0071: 37 ff  7
//	0073: 38 ff  8
//	0075: 41 20 62 ff  titles: A b
//	0079: 43 ff  C
//	007b: ff  none
//	007c: 4f 6e 65 2e ff  texts: One.
//	0081: 5a 77 c3 b6 ff  Zwö
//	0086: ff  none
//	0087: ff  urls: as the link says
//	0088: 75 ff  u
//	008a: fe ff  none, in spite of the link

var form = &container.Format{Name: "passages", What: "file of passages", Magic: "PARLEYPS", Versions: []container.Layout{
	{Numbers: 4, Sections: sectionNames[:sections]},
	{Numbers: 4, Sections: sectionNames[:]},
}}

const (
	end   = 0xff
	noURL = "\xfe"
)

const (
	aboutSection = iota
	firstColumn
	sections = firstColumn + columns // of version 1

	pagesSection = sections
)

const (
	ids = iota
	titles
	texts
	urls
	columns
)

var sectionNames = [sections + 1]string{"about", "ids", "titles", "texts", "urls", "pages"}

// Open checks all of data (lengths, CRCs, UTF-8) and reads it in place. data must not
// change while the store, or a string from it, is in use. Errors are
// *container.FormatError.
func Open(data []byte) (*Store, error) {
	file, err := form.Open(data)
	if err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(file.Numbers)
	if n > math.MaxInt32 {
		return nil, form.Errorf("header", 12, "%d passages: at most %d are allowed", n, math.MaxInt32)
	}
	for i, s := range file.Sections[firstColumn:sections] {
		// Every string takes at least its end mark, so the allocations below are bounded
		// by the file's size.
		if size := uint64(len(s.Data)); size < uint64(n) || size > math.MaxUint32 {
			return nil, form.Errorf("header", s.Entry, "section %s has %d bytes for %d passages", sectionNames[firstColumn+i], size, n)
		}
	}
	s := &Store{n: int(n)}
	about := file.Sections[aboutSection]
	if s.about, err = parseAbout(string(about.Data)); err != nil {
		return nil, form.Errorf("about", about.At, "%v", err)
	}
	for c := range s.columns {
		body := file.Sections[firstColumn+c]
		if s.columns[c], err = split(body.Data, s.n, firstColumn+c, body.At); err != nil {
			return nil, err
		}
	}
	if file.Version > 1 {
		body := file.Sections[pagesSection]
		if s.pages, err = splitPages(body.Data, s.n, body.At); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// splitPages reads the n numbers of the section of pages.
func splitPages(body []byte, n int, at int64) ([]uint32, error) {
	if len(body) < n {
		return nil, form.Errorf("pages", at, "the section has %d bytes for %d passages", len(body), n)
	}
	pages, from := make([]uint32, n), 0
	for i := range pages {
		v, size := binary.Uvarint(body[from:])
		if size <= 0 || v > math.MaxInt32 {
			return nil, form.Errorf("pages", at+int64(from), "passage %d: this is no page", i)
		}
		pages[i] = uint32(v)
		from += size
	}
	if from < len(body) {
		return nil, form.Errorf("pages", at+int64(from), "%d bytes follow the last passage", len(body)-from)
	}
	return pages, nil
}

func parseAbout(body string) (a About, err error) {
	v, err := jsontree.Parse(body)
	if err != nil {
		return a, err
	}
	err = v.Into(map[string]any{
		"title": &a.Title, "source": &a.Source, "licence": &a.Licence, "licence_url": &a.LicenceURL,
		"attribution": &a.Attribution, "link": &a.Link, "of": &a.Of, "encoder": &a.Encoder, "fingerprint": &a.Fingerprint,
	})
	return a, err
}

// split finds the n strings of a section.
func split(body []byte, n, section int, at int64) (column, error) {
	c := column{data: body, start: make([]uint32, n+1)}
	from := 0
	fail := func(offset int, format string, args ...any) (column, error) {
		return c, form.Errorf(sectionNames[section], at+int64(offset), format, args...)
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
