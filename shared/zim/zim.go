// Package zim reads ZIM archives, the format in which Kiwix stores Wikipedia and other
// sites for offline reading (https://wiki.openzim.org/wiki/ZIM_file_format).
//
// All numbers are little-endian; positions are bytes from the file's beginning.
//
//	header, 80 bytes:
//	  0  magic         4  72173914
//	  4  major         2  5 or 6
//	  6  minor         2  from 1 on, the namespaces are the new ones
//	  8  uuid         16
//	 24  entries       4
//	 28  clusters      4
//	 32  path list     8  position of a position of 8 bytes for each entry, by namespace and path
//	 40  title list    8  position of an entry's number of 4 bytes for each, by title; not read here
//	 48  cluster list  8  position of a position of 8 bytes for each cluster
//	 56  MIME list     8  position of types, each ended by a zero; an empty one ends the list
//	 64  main page     4  an entry's number
//	 68  layout page   4
//	 72  checksum      8  position of an MD5 of all before it, which ends the file
//
//	entry (dirent):
//	  0  type          2  number in the MIME list; ffff: a redirect, fffe and fffd: no content
//	  2  extra length  1
//	  3  namespace     1
//	  4  revision      4
//	  8  cluster       4  of a redirect: the number of the entry that it leads to
//	 12  blob          4  number within the cluster; not there in a redirect
//	     path             ended by a zero
//	     title            ended by a zero; empty: the same as the path
//
//	cluster:
//	  0  kind          1  low 4 bits: 0 and 1 plain, 4 xz, 5 zstd; 16: positions have 8 bytes, else 4
//	  1  positions        of each blob, and of the last one's end, from here on; the first
//	                      one is the length of this list
//	     blobs
//
// Namespaces, old: A articles, I images, - layout, M metadata, X indexes. New: C content
// of any kind, M metadata, W well-known entries, X indexes; the entries that readers look
// up ("front articles") are numbered in X/listing/titleOrdered/v1, 4 bytes each.
//
// Archives are not trusted: every position is checked, unpacking is bounded, and errors
// are of type *FormatError, with the position.
package zim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	magic      = 72173914
	headerSize = 80

	redirect  = 0xffff
	noContent = 0xfffd // the smallest type without content

	// maxNames is the largest entry in bytes: its path, title and the fields before them.
	maxNames = 1 << 16
	// maxTypes is the largest MIME list in bytes.
	maxTypes = 1 << 20
	// maxSteps is the longest chain of redirects.
	maxSteps = 16
	// minStep and maxStep bound how many bytes are read from the file at a time.
	minStep, maxStep = 1 << 9, 1 << 17
)

// A FormatError says where a file is not a ZIM archive of the form above, or is
// incomplete.
type FormatError struct {
	Offset int64 // bytes from the beginning
	Why    string
	Err    error // the error of reading or unpacking; may be nil
}

func (e *FormatError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("zim: at byte %d: %s: %v", e.Offset, e.Why, e.Err)
	}
	return fmt.Sprintf("zim: at byte %d: %s", e.Offset, e.Why)
}

func (e *FormatError) Unwrap() error { return e.Err }

// ErrNotThere is returned where an archive has no such entry.
var ErrNotThere = errors.New("zim: no such entry")

// An Archive is an open file. Methods may be called by one goroutine at a time.
type Archive struct {
	Major, Minor int

	r                 io.ReaderAt
	size              int64
	entries, clusters uint32
	paths, packs      int64 // offsets of the lists of positions
	end               int64 // end of the last cluster
	types             []string
	positions, names  window
}

// An Entry is an archive's entry for one path.
type Entry struct {
	Namespace byte
	Path      string
	Title     string // "": the same as the path
	Type      string // MIME type; "" for a redirect, and where there is no content

	number        uint32
	redirect      bool
	target        uint32
	cluster, blob uint32
	at            int64
}

// Redirect reports whether the entry leads to another.
func (e Entry) Redirect() bool { return e.redirect }

// Open reads the header of an archive of size bytes, and its list of MIME types. An error
// is a *FormatError.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	var h [headerSize]byte
	if n, err := r.ReadAt(h[:], 0); n < len(h) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if n < 4 || binary.LittleEndian.Uint32(h[:]) == magic {
			return nil, &FormatError{0, "no whole header; get the file again", err}
		}
	}
	le := binary.LittleEndian
	if le.Uint32(h[:]) != magic {
		return nil, &FormatError{0, "this is no ZIM file", nil}
	}
	a := &Archive{
		Major: int(le.Uint16(h[4:])), Minor: int(le.Uint16(h[6:])),
		r: r, size: size, entries: le.Uint32(h[24:]), clusters: le.Uint32(h[28:]),
	}
	if a.Major != 5 && a.Major != 6 {
		return nil, &FormatError{4, fmt.Sprintf("version %d.%d; versions 5 and 6 are read", a.Major, a.Minor), nil}
	}
	// list checks the position of a list of count positions.
	list := func(at int, count uint32, what string) (int64, error) {
		from := le.Uint64(h[at:])
		if from > uint64(size) || uint64(count)*8 > uint64(size)-from {
			return 0, &FormatError{int64(at), fmt.Sprintf("the list of %d %s, from byte %d on, is beyond the file's end at %d; the file is not whole: get it, or its other parts, again", count, what, from, size), nil}
		}
		return int64(from), nil
	}
	var err error
	if a.paths, err = list(32, a.entries, "paths"); err != nil {
		return nil, err
	}
	if a.packs, err = list(48, a.clusters, "clusters"); err != nil {
		return nil, err
	}
	a.end = size
	if sum := le.Uint64(h[72:]); sum >= headerSize {
		if sum > uint64(size) || uint64(size)-sum < 16 {
			return nil, &FormatError{72, fmt.Sprintf("the file ends at byte %d, before its checksum at %d; it is not whole: get it, or its other parts, again", size, sum), nil}
		}
		a.end = int64(sum)
	}
	a.positions = window{r: r, size: size}
	a.names = window{r: r, size: size}
	return a, a.readTypes(le.Uint64(h[56:]))
}

func (a *Archive) readTypes(from uint64) error {
	if from < headerSize || from >= uint64(a.size) {
		return &FormatError{56, fmt.Sprintf("the list of MIME types, at byte %d, is not in the file of %d bytes", from, a.size), nil}
	}
	in := io.NewSectionReader(a.r, int64(from), min(a.size-int64(from), maxTypes))
	list, err := io.ReadAll(in)
	if err != nil {
		return &FormatError{int64(from), "the list of MIME types cannot be read", err}
	}
	for len(a.types) < noContent {
		name, rest, ok := bytes.Cut(list, []byte{0})
		if !ok {
			return &FormatError{int64(from), "the list of MIME types does not end", nil}
		}
		if len(name) == 0 {
			return nil
		}
		a.types = append(a.types, string(name))
		list = rest
	}
	return &FormatError{int64(from), "too many MIME types", nil}
}

// Len returns the number of entries in all namespaces.
func (a *Archive) Len() int { return int(a.entries) }

// Entry returns the entry of a number below Len; entries are in the order of namespace and
// path.
func (a *Archive) Entry(number int) (Entry, error) {
	var e Entry
	slot := a.paths + int64(number)*8
	if number < 0 || uint64(number) >= uint64(a.entries) {
		return e, &FormatError{slot, fmt.Sprintf("there is no entry %d: the archive has %d", number, a.entries), nil}
	}
	b, err := a.positions.bytes(slot, 8)
	if err != nil {
		return e, err
	}
	at := binary.LittleEndian.Uint64(b)
	if at < headerSize || at > uint64(a.size) {
		return e, &FormatError{slot, fmt.Sprintf("entry %d is said to be at byte %d, of %d", number, at, a.size), nil}
	}
	return a.readEntry(uint32(number), int64(at))
}

func (a *Archive) readEntry(number uint32, at int64) (Entry, error) {
	e := Entry{number: number, at: at}
	head, err := a.names.bytes(at, 12)
	if err != nil {
		return e, err
	}
	le := binary.LittleEndian
	kind, skip := le.Uint16(head), 12
	e.Namespace = head[3]
	switch {
	case kind == redirect:
		e.redirect, e.target = true, le.Uint32(head[8:])
	case kind >= noContent:
		skip = 8
	case int(kind) >= len(a.types):
		return e, &FormatError{at, fmt.Sprintf("entry %d is of the MIME type %d, of %d", number, kind, len(a.types)), nil}
	default:
		e.Type, e.cluster, skip = a.types[kind], le.Uint32(head[8:]), 16
	}
	for length := 256; ; length *= 4 {
		b, err := a.names.upTo(at, length)
		if err != nil {
			return e, err
		}
		if len(b) > skip {
			path, rest, ok := bytes.Cut(b[skip:], []byte{0})
			title, _, whole := bytes.Cut(rest, []byte{0})
			if ok && whole {
				if skip == 16 {
					e.blob = le.Uint32(b[12:])
				}
				e.Path, e.Title = text(path), text(title)
				return e, nil
			}
		}
		if len(b) < length || length >= maxNames {
			return e, &FormatError{at, fmt.Sprintf("the names of entry %d do not end", number), nil}
		}
	}
}

func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// Find returns the entry of a path; ErrNotThere where there is none.
func (a *Archive) Find(namespace byte, path string) (Entry, error) {
	low, high := 0, int(a.entries)
	for low < high {
		middle := int(uint(low+high) / 2)
		e, err := a.Entry(middle)
		if err != nil {
			return e, err
		}
		switch {
		case e.Namespace == namespace && e.Path == path:
			return e, nil
		case e.Namespace < namespace || e.Namespace == namespace && e.Path < path:
			low = middle + 1
		default:
			high = middle
		}
	}
	return Entry{}, ErrNotThere
}

// Follow returns the entry that e leads to, through any chain of redirects except a
// circle; e itself, if it is no redirect.
func (a *Archive) Follow(e Entry) (Entry, error) {
	from := e
	for range maxSteps {
		if !e.redirect {
			return e, nil
		}
		next, err := a.Entry(int(e.target))
		if err != nil {
			return e, err
		}
		e = next
	}
	return e, &FormatError{from.at, fmt.Sprintf("the redirect %q leads in a circle, or over more than %d others", from.Path, maxSteps), nil}
}

// Metadata returns the content of M/name ("Title", "Language", "Date", "Creator",
// "License", "Source"); "" where it is missing or cannot be read.
func (a *Archive) Metadata(name string) string {
	e, err := a.Find('M', name)
	if err == nil {
		e, err = a.Follow(e)
	}
	if err != nil {
		return ""
	}
	content, err := a.read(e, maxNames)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(text(content))
}

// A window is the part of a file that was read last: entries are stored one after another.
type window struct {
	r    io.ReaderAt
	size int64
	at   int64
	buf  []byte
}

// bytes returns the n bytes at a position, valid until the next call.
func (w *window) bytes(at int64, n int) ([]byte, error) {
	b, err := w.upTo(at, n)
	if err == nil && len(b) < n {
		err = &FormatError{at, "the file ends here, within an entry or a list", io.ErrUnexpectedEOF}
	}
	return b, err
}

// upTo returns n bytes, or as many as there are.
func (w *window) upTo(at int64, n int) ([]byte, error) {
	n = int(min(int64(n), max(w.size-at, 0)))
	if at < w.at || at+int64(n) > w.at+int64(len(w.buf)) {
		step := minStep // it grows as long as reading goes forward, and not where it jumps
		if at >= w.at && at <= w.at+int64(len(w.buf)) {
			step = min(max(2*len(w.buf), minStep), maxStep)
		}
		want := int(min(int64(max(step, n)), max(w.size-at, 0)))
		if cap(w.buf) < want {
			w.buf = make([]byte, want)
		}
		w.at, w.buf = at, w.buf[:want]
		if k, err := w.r.ReadAt(w.buf, at); k < want {
			w.buf = w.buf[:0]
			return nil, &FormatError{at, "the file cannot be read", err}
		}
	}
	from := at - w.at
	return w.buf[from : from+int64(n)], nil
}
