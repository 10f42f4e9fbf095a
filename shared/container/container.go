// Package container is the frame of a collection's files, index.bin, passages.bin and
// dense.bin: a header that identifies the file, and sections with checksums. Each format
// defines its own numbers and sections.
//
// Without padding, numbers little-endian:
//
//	header
//	   0  8  magic
//	   8  4  version
//	  12  n  numbers of the format
//	         for each section, in order
//	           8  length in bytes
//	           4  CRC-32C
//	         4  CRC-32C of the header's bytes before
//	sections, one after the other
//
// The magic and the version determine n and the number of sections. A format without
// sections defines the bytes after the header itself.
//
// A file of the magic "EXAMPLE1" whose one number is 7, with the sections "ab" and "":
//
//	0000: 45 58 41 4d 50 4c 45 31  magic "EXAMPLE1"
//	0008: 01 00 00 00  version 1
//	000c: 07 00 00 00  the format's number
//	0010: 02 00 00 00 00 00 00 00 36 29 a2 e2  first section: 2 bytes, CRC-32C
//	001c: 00 00 00 00 00 00 00 00 00 00 00 00  second section: 0 bytes, CRC-32C
//	0028: d0 28 ab c6  CRC-32C of the 40 bytes before
//	002c: 61 62  the first section, "ab"
package container

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"math"
	"strconv"
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// CRC returns the CRC-32C of b.
func CRC(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// NewCRC returns a hash that computes the CRC-32C of what is written to it.
func NewCRC() hash.Hash32 { return crc32.New(castagnoli) }

// A Format is a kind of file.
type Format struct {
	Name     string // the prefix of every error: "index"
	What     string // what an error calls the file: "this is no index"
	Magic    string // 8 bytes
	Versions []Layout
}

// A Layout describes one version of a format; the first Layout is version 1.
type Layout struct {
	Numbers  int // bytes of the format's numbers
	Sections []string
}

// HeaderSize returns the size of the header in bytes, which is the offset of the first
// section.
func (l Layout) HeaderSize() int { return l.table() + 12*len(l.Sections) + 4 }

// table returns the offset of the list of sections.
func (l Layout) table() int { return 12 + l.Numbers }

// A Sum is a section's entry in the header: its length and CRC-32C.
type Sum struct {
	Length int64
	CRC    uint32
}

// SumOf returns the Sum of a section with the content b.
func SumOf(b []byte) Sum { return Sum{int64(len(b)), CRC(b)} }

// Header returns the header of a file of the version, with the format's numbers and the
// sums of its sections. There must be as many sums as the version has sections.
func (f *Format) Header(version int, numbers []byte, sections ...Sum) []byte {
	b := append([]byte(nil), f.Magic...)
	b = le.AppendUint32(b, uint32(version))
	b = append(b, numbers...)
	for _, s := range sections {
		b = le.AppendUint64(b, uint64(s.Length))
		b = le.AppendUint32(b, s.CRC)
	}
	return le.AppendUint32(b, CRC(b))
}

// A File is an opened file whose header and sections have been checked. Its slices share
// the memory of the data that was opened.
type File struct {
	Version  int
	Numbers  []byte // start at byte 12
	Sections []Section
	Body     []byte // the bytes after the header, in a version without sections
}

// A Section is a part of a file.
type Section struct {
	Data  []byte
	At    int64 // its offset in the file
	Entry int64 // the offset of its entry in the header
}

// Open checks a file's magic, version, lengths and CRCs. In a version without sections it
// checks the header alone. An error is a *FormatError.
func (f *Format) Open(data []byte) (*File, error) {
	layout, version, err := f.header(data)
	if err != nil {
		return nil, err
	}
	size := layout.HeaderSize()
	file := &File{Version: version, Numbers: data[12:layout.table()]}
	if len(layout.Sections) == 0 {
		file.Body = data[size:]
		return file, nil
	}
	at := int64(size)
	for i, name := range layout.Sections {
		entry := layout.table() + 12*i
		n, rest := le.Uint64(data[entry:]), int64(len(data))-at
		if n > uint64(rest) {
			return nil, f.headerError(entry, "section %s has %d bytes, but only %d follow: truncated", name, n, rest)
		}
		file.Sections = append(file.Sections, Section{data[at : at+int64(n)], at, int64(entry)})
		at += int64(n)
	}
	if rest := int64(len(data)) - at; rest > 0 {
		return nil, f.headerError(int(at), "%d bytes follow the last section", rest)
	}
	for i, s := range file.Sections {
		if want, got := le.Uint32(data[s.Entry+8:]), CRC(s.Data); want != got {
			return nil, f.Errorf(layout.Sections[i], s.At, "CRC-32C is %08x, want %08x: damaged", got, want)
		}
	}
	return file, nil
}

// header checks a file's header, and returns the layout of its version.
func (f *Format) header(data []byte) (layout Layout, version int, err error) {
	if n := min(len(data), len(f.Magic)); string(data[:n]) != f.Magic[:n] {
		return layout, 0, f.headerError(0, "starts with %s: this is no %s (want %q)", strconv.QuoteToASCII(string(data[:n])), f.What, f.Magic)
	}
	version = len(f.Versions)
	if len(data) >= 12 {
		v := le.Uint32(data[8:])
		if v < 1 || uint64(v) > uint64(len(f.Versions)) {
			return layout, 0, f.headerError(8, "version %d: this program reads %s", v, f.readable())
		}
		version = int(v)
	}
	layout = f.Versions[version-1]
	size := layout.HeaderSize()
	if len(data) < size {
		return layout, 0, f.headerError(len(data), "the file ends after %d bytes, within the header of %d: truncated", len(data), size)
	}
	if want, got := le.Uint32(data[size-4:]), CRC(data[:size-4]); want != got {
		return layout, 0, f.headerError(size-4, "CRC-32C is %08x, want %08x: damaged", got, want)
	}
	return layout, version, nil
}

// Begin is Open for a file of which only the beginning has come: it checks the header, and
// its sections have their places alone; ends[i] is where section i ends. Lengths are what
// the header says. It returns nil where not even the header is there.
func (f *Format) Begin(data []byte) (file *File, ends []int64, err error) {
	for _, l := range f.Versions {
		if len(data) < l.HeaderSize() {
			return nil, nil, nil
		}
	}
	layout, version, err := f.header(data)
	if err != nil {
		return nil, nil, err
	}
	file = &File{Version: version, Numbers: data[12:layout.table()]}
	at := int64(layout.HeaderSize())
	for i, name := range layout.Sections {
		entry := layout.table() + 12*i
		n := le.Uint64(data[entry:])
		if n > math.MaxInt64-uint64(at) {
			return nil, nil, f.headerError(entry, "section %s has %d bytes: no file has as many", name, n)
		}
		file.Sections = append(file.Sections, Section{At: at, Entry: int64(entry)})
		at += int64(n)
		ends = append(ends, at)
	}
	return file, ends, nil
}

// readable lists the versions that can be read.
func (f *Format) readable() string {
	if len(f.Versions) == 1 {
		return "version 1"
	}
	return fmt.Sprintf("versions 1 to %d", len(f.Versions))
}

// A FormatError says what is wrong with a file, and where.
type FormatError struct {
	Format  string // the format's name
	Section string // "header", or a section's name
	Offset  int64  // in bytes, from the start of the file
	Msg     string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: %s, byte %d: %s", e.Format, e.Section, e.Offset, e.Msg)
}

// Errorf returns a *FormatError about a section, or the "header", at a byte offset in the
// file.
func (f *Format) Errorf(section string, offset int64, format string, args ...any) error {
	return &FormatError{f.Name, section, offset, fmt.Sprintf(format, args...)}
}

func (f *Format) headerError(offset int, format string, args ...any) error {
	return f.Errorf("header", int64(offset), format, args...)
}
