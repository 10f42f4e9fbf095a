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

// Stream reads a file as Read does, of which it gives a document or a note at a time.
// Files of JSON Lines are never in memory as a whole; where one breaks off, or a line
// cannot be read as text, what came before it is given all the same. What is compressed
// may unpack to unpack.Bound of its size, whatever o.MaxBytes says. A file of no known
// format is not read.
func Stream(name string, r io.Reader, o Options) iter.Seq2[Document, *Note] {
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
		in, gz, err := unpack.Gzip(r)
		var data []byte
		if err == nil {
			bom, _ := in.Peek(2)
			utf16 := string(bom) == "\xff\xfe" || string(bom) == "\xfe\xff"
			if kind == JSONL && !utf16 {
				streamLines(name, in, all)
				return
			}
			var b bytes.Buffer
			_, err = b.ReadFrom(in)
			data = b.Bytes()
		}
		switch {
		case errors.Is(err, unpack.ErrTooMuch):
			err = fmt.Errorf("%w; split the file", err)
		case gz && errors.Is(err, io.ErrUnexpectedEOF):
			err = fmt.Errorf("gzip: the file ends too early, after %d bytes of text; get it again", len(data))
		}
		if err != nil {
			all(nil, []Note{{File: name, Why: err.Error()}})
			return
		}
		o.Kind = kind
		all(Read(name, data, o))
	}
}

// streamLines reads records a part of the file at a time, each of whole lines.
func streamLines(name string, in io.Reader, all func([]Document, []Note) bool) {
	var buf []byte
	var err error
	line := 0
	for err == nil {
		n := len(buf)
		seen := n // bytes without a line's end
		buf = append(buf, make([]byte, part)...)
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
		text, why, at := decode(buf[:end], JSONL)
		if why != "" {
			all(nil, []Note{{File: name, Line: line + at, Why: why}})
			return
		}
		if !all(readJSONL(name, text, line)) {
			return
		}
		line += strings.Count(text, "\n")
		buf = append(buf[:0], buf[end:]...)
	}
	if err != io.EOF {
		if err == io.ErrUnexpectedEOF {
			err = errors.New("gzip: the file ends too early; get it again")
		}
		all(nil, []Note{{File: name, Line: line + 1, Why: err.Error() + "; the rest of the file was not read"}})
	}
}
