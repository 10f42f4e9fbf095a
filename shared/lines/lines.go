// Package lines reads text files a line at a time, knows where it is, reads through
// gzip as if it were not there, and refuses what is not UTF-8 but UTF-16. Every reader of data sets stands on it, so
// that every error names file and line.
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

// MaxLine bounds one line (64 MiB): a file that is not text should fail, not
// fill the memory.
const MaxLine = 64 << 20

// An Error says what is wrong with a line of a file.
type Error struct {
	File string
	Line int // from 1; 0: the file as a whole
	Msg  string
	Err  error // the cause, where there is one
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

// A Reader gives the lines of a file.
type Reader struct {
	name string
	br   *bufio.Reader
	line int
	long []byte // holds a line longer than the buffer
	err  error
}

// NewReader reads lines from r; see Text. name is what errors call it.
func NewReader(r io.Reader, name string) (*Reader, error) {
	br, err := Text(r, name)
	if err != nil {
		return nil, err
	}
	return &Reader{name: name, br: br}, nil
}

// Text reads r, through gzip where it is that (told by its first two bytes, not by a
// name). What is UTF-16 or UTF-32 is refused; name is what the error calls it.
func Text(r io.Reader, name string) (*bufio.Reader, error) {
	br, _, err := unpack.Gzip(r)
	if err != nil {
		return nil, &Error{File: name, Msg: "bad gzip header", Err: err}
	}
	begin, _ := br.Peek(256)
	if encoding := wide(begin); encoding != "" {
		return nil, &Error{File: name, Msg: fmt.Sprintf("this is %s; convert it to UTF-8 first, as by iconv -f %s -t UTF-8", encoding, encoding)}
	}
	return br, nil
}

// wide names the encoding of a text that begins so, where its characters have two or four
// bytes each: by its byte order mark or, without one, by where its zeros are, for mostly
// Latin text.
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

// All yields the lines with their numbers, from 1; without the line end (\n or
// \r\n) and without a byte order mark. Empty lines are left out but counted. The
// bytes are valid until the next line. After the loop, ask Err.
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

// Err is what ended the lines before the end of the file, if anything did.
func (r *Reader) Err() error { return r.err }

// Errorf is an error about the line last yielded.
func (r *Reader) Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{File: r.name, Line: r.line, Err: err}
}
