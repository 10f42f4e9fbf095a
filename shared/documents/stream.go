package documents

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"parley/shared/unpack"
)

const (
	// part is about how much of a file of records is in memory at a time.
	part = 1 << 20
	// maxRecord bounds a line of JSON.
	maxRecord = 64 << 20
)

// A file can be read anywhere in it.
type file interface {
	io.ReaderAt
	io.ReadSeeker
}

// readAll reads to the end, of about that many bytes, 0 for an unknown number, and says how
// many there were; after an error it returns none. A buffer that grows as it goes would take
// three times what it holds.
func readAll(in io.Reader, size int64) (data []byte, n int, err error) {
	const piece = 1 << 20
	if size == 0 {
		size = piece
	}
	var list [][]byte
	b := make([]byte, 0, size)
	for err == nil {
		if len(b) == cap(b) {
			list, b = append(list, b), make([]byte, 0, piece)
		}
		var k int
		k, err = in.Read(b[len(b):cap(b)])
		b = b[:len(b)+k]
		n += k
	}
	if err != io.EOF {
		return nil, n, err
	}
	if len(list) == 0 {
		return b, n, nil
	}
	data = make([]byte, 0, n)
	for i, part := range append(list, b) {
		data = append(data, part...)
		if i < len(list) {
			list[i] = nil
		}
	}
	return data, n, nil
}

// sizeOf returns the size of a file as far as it is worth reserving memory for.
func sizeOf(f file) int64 {
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0
	}
	size, err := f.Seek(0, io.SeekEnd)
	if _, back := f.Seek(at, io.SeekStart); err != nil || back != nil {
		return 0
	}
	return min(size+bytes.MinRead, 1<<30)
}

func isGzip(in io.ReaderAt) bool {
	var head [2]byte
	n, _ := in.ReadAt(head[:], 0)
	return unpack.IsGzip(head[:n])
}

// Stream reads a file as Read does, of which it gives a document or a note at a time.
// Files of JSON Lines are never in memory as a whole; where one breaks off, or a line
// cannot be read as text, what came before it is given all the same. Of a ZIM archive in
// a file, one article is. What is compressed
// may unpack to unpack.Bound of its size, whatever o.MaxBytes says. A file of no known
// format is not read.
func Stream(name string, r io.Reader, o Options) iter.Seq2[Document, *Note] {
	name = strings.ToValidUTF8(name, "\uFFFD")
	return func(yield func(Document, *Note) bool) {
		all := func(docs []Document, notes []Note) bool {
			for i := range notes {
				if !yield(Document{}, &notes[i]) {
					return false
				}
			}
			for _, d := range docs {
				if !yield(d, nil) {
					return false
				}
			}
			return true
		}
		kind := o.Kind
		if kind == "" {
			kind = KindOf(name)
		}
		if kind == "" {
			all(Read(name, nil, o)) // says so
			return
		}
		if f, ok := r.(file); ok && (isOffice(kind) || kind == ZIM || kind == PDF) {
			if size, err := f.Seek(0, io.SeekEnd); err == nil {
				if _, err := f.Seek(0, io.SeekStart); err == nil && !isGzip(f) {
					if kind == ZIM {
						streamZIM(name, f, size, o)(yield)
						return
					}
					if kind == PDF {
						all(readPDF(name, f, o))
						return
					}
					o.MaxBytes = 0
					all(readOffice(name, f, size, kind, o))
					return
				}
			}
		}
		in, gz, err := unpack.Gzip(r)
		var data []byte
		n := 0
		if err == nil {
			head, _ := in.Peek(4096)
			_, label := unmark(head)
			if kind == JSONL && (label == "" || label == "utf-8") && wide(head) == "" {
				streamLines(name, in, o, all)
				return
			}
			size := int64(0)
			if f, ok := r.(file); ok && !gz {
				size = sizeOf(f)
			}
			data, n, err = readAll(in, size)
		}
		switch {
		case errors.Is(err, unpack.ErrTooMuch):
			err = fmt.Errorf("%w; split the file", err)
		case gz && errors.Is(err, io.ErrUnexpectedEOF):
			err = fmt.Errorf("gzip: the file ends too early, after %d bytes of text; get it again", n)
		}
		if err != nil {
			all(nil, []Note{{File: name, Why: err.Error()}})
			return
		}
		o.Kind = kind
		all(Read(name, data, o))
	}
}

// streamLines reads records a part of the file at a time, each of whole lines. A record
// may take several lines: what is left of a part goes before the next, which is then as
// long, so that little is read twice.
func streamLines(name string, in io.Reader, o Options, all func([]Document, []Note) bool) {
	var buf []byte
	var rest string
	var err error
	d := &decoder{name: name, kind: JSONL, asked: o.Charset}
	r := newJSONReader(name, o.Columns)
	for err == nil {
		n := len(buf)
		seen := n // bytes without a line's end
		buf = append(buf, make([]byte, max(part, len(rest)))...)
		for n < len(buf) && err == nil {
			var k int
			k, err = in.Read(buf[n:])
			n += k
		}
		buf = buf[:n]
		end := n
		if err != io.EOF {
			if end = bytes.LastIndexByte(buf[seen:], '\n') + 1; end > 0 {
				end += seen
			}
		}
		if end == 0 && err == nil {
			if n > maxRecord {
				err = fmt.Errorf("a line of more than %d MiB", maxRecord>>20)
			}
			continue
		}
		text, notes, ok := d.decode(buf[:end])
		if !all(nil, notes) || !ok {
			return
		}
		before := d.lines - strings.Count(rest, "\n")
		d.lines += strings.Count(text, "\n")
		if text = rest + text; len(text) > maxRecord+2*part && rest != "" {
			err = fmt.Errorf("a record of more than %d MiB", maxRecord>>20)
		}
		var docs []Document
		rest, docs, notes = r.read(text, before, err != nil)
		if !all(docs, notes) {
			return
		}
		for _, n := range notes {
			if n.Ask != nil {
				return // every part would ask again
			}
		}
		buf = append(buf[:0], buf[end:]...)
	}
	if err != io.EOF {
		if err == io.ErrUnexpectedEOF {
			err = errors.New("gzip: the file ends too early; get it again")
		}
		all(nil, []Note{{File: name, Line: d.lines + 1, Why: err.Error() + "; the rest of the file was not read"}})
	}
}
