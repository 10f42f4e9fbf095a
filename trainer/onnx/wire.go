package onnx

import (
	"encoding/binary"
	"fmt"
)

// An Error says what is wrong with a file, and at which byte.
type Error struct {
	Offset  int64
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("onnx: at byte %d: %s", e.Offset, e.Problem) }

func bad(at int, format string, args ...any) error {
	return &Error{int64(at), fmt.Sprintf(format, args...)}
}

// Protobuf's wire format (https://protobuf.dev/programming-guides/encoding): a message
// is a list of fields. Each is a varint, number<<3 | kind, and a value:
//
//	kind 0  a varint: 7 bits per byte, lowest first; the top bit is set if more follow
//	     1  8 bytes, little endian
//	     2  a varint, n, and n bytes: text, bytes, a message, or packed numbers
//	     5  4 bytes, little endian
//
// A model's weights need no more of protobuf than that, so this package does without the
// protobuf module, its generated code and its registry of types.
const (
	varint  = 0
	fixed64 = 1
	length  = 2
	fixed32 = 5
)

// A field is a field of a message. at is its offset in the file, start that of body.
type field struct {
	number, kind int
	value        uint64 // for kinds 0, 1 and 5
	body         []byte // for kind 2; in the file's own memory
	at, start    int
}

// eachField calls f with the fields of the message in data. base is the offset of data
// in the file. message is the message's name in errors.
func eachField(message string, data []byte, base int, f func(field) error) error {
	for i := 0; i < len(data); {
		x := field{at: base + i}
		tag, n := binary.Uvarint(data[i:])
		if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29-1 {
			return bad(x.at, "%s: no field begins here; the file is damaged, or not an ONNX file", message)
		}
		i += n
		x.number, x.kind, x.start = int(tag>>3), int(tag&7), base+i
		left := len(data) - i
		short := func() error {
			return bad(x.at, "%s: field %d ends after the end of its message; the file is cut off, fetch it again", message, x.number)
		}
		switch x.kind {
		case varint:
			if x.value, n = binary.Uvarint(data[i:]); n <= 0 {
				return short()
			}
		case fixed64:
			if n = 8; left < n {
				return short()
			}
			x.value = binary.LittleEndian.Uint64(data[i:])
		case fixed32:
			if n = 4; left < n {
				return short()
			}
			x.value = uint64(binary.LittleEndian.Uint32(data[i:]))
		case length:
			size, head := binary.Uvarint(data[i:])
			if head <= 0 || size > uint64(left-head) {
				return short()
			}
			n = head + int(size)
			x.start += head
			x.body = data[i+head : i+n : i+n]
		default:
			return bad(x.at, "%s: field %d is of wire kind %d, which ONNX does not use; the file is damaged, or not an ONNX file", message, x.number, x.kind)
		}
		i += n
		if err := f(x); err != nil {
			return err
		}
	}
	return nil
}

// want returns an error if the field has not the given kind.
func (x field) want(message string, kind int) error {
	if x.kind != kind {
		return bad(x.at, "%s: field %d is of wire kind %d, wanted %d; the file is damaged, or not an ONNX file", message, x.number, x.kind, kind)
	}
	return nil
}

// ints appends the field's whole numbers to to: one, or many if they are packed.
func (x field) ints(message string, to []int64) ([]int64, error) {
	if x.kind == varint {
		return append(to, int64(x.value)), nil
	}
	if err := x.want(message, length); err != nil {
		return nil, err
	}
	for i := 0; i < len(x.body); {
		v, n := binary.Uvarint(x.body[i:])
		if n <= 0 {
			return nil, bad(x.start+i, "%s: field %d: there is no number here; the file is damaged", message, x.number)
		}
		to, i = append(to, int64(v)), i+n
	}
	return to, nil
}
