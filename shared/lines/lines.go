// Package lines reads text files line by line. It decompresses gzip by itself, refuses
// UTF-16 and UTF-32, and counts lines, so that an error can name file and line. Every
// reader of data sets is built on it.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"parley/shared/unpack"
)

// MaxLine is the longest line that is read, in bytes (64 MiB). A file that is not text
// then fails instead of filling the memory.
const MaxLine = 64 << 20

// An Error says what is wrong with a line of a file. All errors of this package have this
// type.
type Error struct {
	File string
	Line int // from 1; 0 if the error is about the whole file
	Msg  string
	Err  error // the cause, or nil
}

func (e *Error) Error() string {
	msg := e.Msg
	if e.Err != nil {
		if msg != "" {
			msg += ": "
		}
		msg += e.Err.Error()
	}
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, msg)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, msg)
}

func (e *Error) Unwrap() error { return e.Err }

// A Reader reads the lines of a file.
type Reader struct {
	name string
	br   *bufio.Reader
	line int
	long []byte // holds a line longer than the buffer
	err  error
}

// NewReader returns a Reader of r's lines; see Text. Errors call the file name. The error
// is an *Error.
func NewReader(r io.Reader, name string) (*Reader, error) {
	br, err := Text(r, name)
	if err != nil {
		return nil, err
	}
	return &Reader{name: name, br: br}, nil
}

// Text returns a reader of r's text, decompressed if r begins with gzip's two bytes; the
// file's name does not matter. If the text is UTF-16 or UTF-32, it returns an *Error that
// calls the file name.
func Text(r io.Reader, name string) (*bufio.Reader, error) {
	br, _, err := unpack.Gzip(r)
	if err != nil {
		return nil, &Error{File: name, Msg: "bad gzip header", Err: err}
	}
	begin, _ := br.Peek(256)
	if encoding := wide(begin); encoding != "" {
		return nil, &Error{File: name, Msg: fmt.Sprintf("this is %s; convert it to UTF-8 first, for example by iconv -f %s -t UTF-8", encoding, encoding)}
	}
	return br, nil
}

// wide returns the name of the encoding of a text that begins with b, if its characters
// have two or four bytes each, or else "". It goes by the byte order mark or, if there is
// none, by the places of the zero bytes, which works for mostly Latin text.
func wide(b []byte) string {
	for _, mark := range []struct{ bytes, encoding string }{
		{"\xff\xfe\x00\x00", "UTF-32LE"}, {"\x00\x00\xfe\xff", "UTF-32BE"}, {"\xff\xfe", "UTF-16LE"}, {"\xfe\xff", "UTF-16BE"},
	} {
		if bytes.HasPrefix(b, []byte(mark.bytes)) {
			return mark.encoding
		}
	}
	b = b[:len(b)&^3]
	var zeros [4]int // by place in four bytes
	for i, c := range b {
		if c == 0 {
			zeros[i%4]++
		}
	}
	of := len(b) / 4
	most := func(places ...int) bool {
		for _, i := range places {
			if 2*zeros[i] <= of {
				return false
			}
		}
		return true
	}
	switch none := zeros[0] == 0; {
	case none && most(1, 2, 3):
		return "UTF-32LE"
	case zeros[3] == 0 && most(0, 1, 2):
		return "UTF-32BE"
	case none && zeros[2] == 0 && most(1, 3):
		return "UTF-16LE"
	case zeros[1]+zeros[3] == 0 && most(0, 2):
		return "UTF-16BE"
	}
	return ""
}

// All yields each line with its number, from 1, without its line end (\n or \r\n) and
// without a byte order mark. It counts empty lines but does not yield them. The bytes are
// valid until the next line. Call Err after the loop.
func (r *Reader) All() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for {
			b, ok := r.next()
			if !ok {
				return
			}
			if len(b) > 0 && !yield(r.line, b) {
				return
			}
		}
	}
}

func (r *Reader) next() ([]byte, bool) {
	r.long = r.long[:0]
	var b []byte
	for {
		part, err := r.br.ReadSlice('\n')
		switch {
		case err == nil || errors.Is(err, io.EOF):
			if len(r.long)+len(part) == 0 && err != nil {
				return nil, false
			}
			b = part
			if len(r.long) > 0 {
				r.long = append(r.long, part...)
				b = r.long
			}
		case errors.Is(err, bufio.ErrBufferFull):
			r.long = append(r.long, part...)
			if len(r.long) > MaxLine {
				r.line++
				r.err = r.Errorf("line is longer than %d MiB: is this a text file?", MaxLine>>20)
				return nil, false
			}
			continue
		default:
			r.line++
			r.err = &Error{File: r.name, Line: r.line, Msg: "cannot read on", Err: err}
			return nil, false
		}
		break
	}
	r.line++
	if r.line == 1 {
		b = bytes.TrimPrefix(b, []byte("\ufeff"))
	}
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r")), true
}

// Err returns the *Error that ended All before the end of the file, or nil.
func (r *Reader) Err() error { return r.err }

// Errorf returns an *Error about the line that All yielded last.
func (r *Reader) Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{File: r.name, Line: r.line, Err: err}
}
