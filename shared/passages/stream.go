package passages

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"parley/shared/container"
)

// A Stream reads the titles and texts of a file while it comes, so that what can be done
// with them is done by the time the file is whole. It checks the header alone: Open says
// whether the file is right. Titles come before texts, so a passage is there as soon as its
// text is. The zero value waits for the first byte.
type Stream struct {
	file  *container.File
	ends  []int64
	n     int    // passages that the header promises
	next  int    // the passage that is read next
	rest  []byte // what has come and is not read yet; before the texts, the whole beginning
	at    int64  // the offset in the file of the text that is read next, once texts come
	names []byte // titles that are not read yet
}

// Len returns the number of passages that were visited.
func (s *Stream) Len() int { return s.next }

// Add takes the bytes that come next, and visits each passage that they complete, in order.
// title and text are valid until visit returns.
func (s *Stream) Add(data []byte, visit func(title, text string)) error {
	s.rest = append(s.rest, data...)
	if s.file == nil {
		file, ends, err := form.Begin(s.rest)
		if file == nil {
			return err
		}
		s.file, s.ends, s.n = file, ends, int(binary.LittleEndian.Uint32(file.Numbers))
	}
	body := func(column int) (from, to int64) {
		c := firstColumn + column
		return s.file.Sections[c].At, s.ends[c]
	}
	from, to := body(texts)
	if s.at == 0 {
		if int64(len(s.rest)) < from {
			return nil
		}
		first, last := body(titles)
		s.names = bytes.Clone(s.rest[first:last])
		s.rest, s.at = bytes.Clone(s.rest[from:]), from
	}
	read := 0
	for s.next < s.n {
		name := bytes.IndexByte(s.names, end)
		length := bytes.IndexByte(s.rest[read:], end)
		if name < 0 || length < 0 || s.at+int64(length) >= to {
			break
		}
		visit(borrow(s.names[:name]), borrow(s.rest[read:read+length]))
		s.names = s.names[name+1:]
		s.at += int64(length) + 1
		read += length + 1
		s.next++
	}
	s.rest = s.rest[:copy(s.rest, s.rest[read:])]
	return nil
}

func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
