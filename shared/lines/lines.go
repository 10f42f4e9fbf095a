// Package lines reads text files a line at a time, knows where it is, and reads
// through gzip as if it were not there. Every reader of data sets stands on it, so
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

// NewReader reads lines from r, which may be gzip (told by its first two bytes,
// not by a name). name is what errors call it.
func NewReader(r io.Reader, name string) (*Reader, error) {
	br, _, err := unpack.Gzip(r)
	if err != nil {
		return nil, &Error{File: name, Msg: "bad gzip header", Err: err}
	}
	return &Reader{name: name, br: br}, nil
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
