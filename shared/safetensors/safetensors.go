// Package safetensors reads and writes Hugging Face's tensor files.
//
//	0            uint64, little endian: H, the header's length in bytes
//	8            header: a JSON object, padded with spaces to a multiple of 8
//	             {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...,
//	              "__metadata__": {"KEY": "VALUE", ...}}
//	8 + H        the tensors' bytes: row-major, little endian, each at
//	             data_offsets from here, without gaps or overlap, to the end
//
// https://github.com/huggingface/safetensors
//
// Example: an int8 matrix w with a scale for each row, as in a model that ships
// (package encoder lists the names of a model's tensors):
//
//	0000: 78 00 00 00 00 00 00 00  the header has 120 bytes
//	0008: 7b 22 77 2e 73 63 61 6c 65 22 3a 7b 22 64 74 79  {"w.scale":{"dty
//	0018: 70 65 22 3a 22 46 33 32 22 2c 22 73 68 61 70 65  pe":"F32","shape
//	0028: 22 3a 5b 32 5d 2c 22 64 61 74 61 5f 6f 66 66 73  ":[2],"data_offs
//	0038: 65 74 73 22 3a 5b 30 2c 38 5d 7d 2c 22 77 22 3a  ets":[0,8]},"w":
//	0048: 7b 22 64 74 79 70 65 22 3a 22 49 38 22 2c 22 73  {"dtype":"I8","s
//	0058: 68 61 70 65 22 3a 5b 32 2c 33 5d 2c 22 64 61 74  hape":[2,3],"dat
//	0068: 61 5f 6f 66 66 73 65 74 73 22 3a 5b 38 2c 31 34  a_offsets":[8,14
//	0078: 5d 7d 7d 20 20 20 20 20  ]}}
//	0080: 00 00 00 3f 00 00 80 3e  w.scale: .5, .25
//	0088: 7f 00 81  w: 127, 0, -127, which stand for 63.5, 0, -63.5
//	008b: 40 9c 01  64, -100, 1, which stand for 16, -25, .25
package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"parley/shared/jsontree"
)

// maxHeader is the reference implementation's limit on the header, in bytes.
const maxHeader = 100_000_000

// An Error says what is wrong with a file: the tensor, if the fault is in one,
// and the byte offset in the file.
type Error struct {
	Tensor  string // "" if the fault is not in a tensor
	Offset  int64
	Problem string
}

func (e *Error) Error() string {
	if e.Tensor == "" {
		return fmt.Sprintf("safetensors: at byte %d: %s", e.Offset, e.Problem)
	}
	return fmt.Sprintf("safetensors: tensor %q, at byte %d: %s", e.Tensor, e.Offset, e.Problem)
}

// A DType is the type of a tensor's elements, spelled as in the format.
type DType string

const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U64  DType = "U64"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// Size returns the width of one element in bytes, or 0 if this package does not
// know the type.
func (d DType) Size() int {
	switch d {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case F16, BF16, I16, U16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

// A Tensor is a named array. Data is row-major and little endian. In the result
// of Read, it points into the file's bytes.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Data  []byte

	offset int64 // of Data in the file, for errors
}

// Len returns the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Float32s returns the elements of a floating tensor (F64, F32, F16, BF16) as
// float32. If the tensor has another type, or a value is not finite, the error
// is an *Error.
func (t Tensor) Float32s() ([]float32, error) {
	n, d := t.Len(), t.Data
	out := make([]float32, n)
	switch t.DType {
	case F32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(d[4*i:]))
		}
	case F16:
		for i := range out {
			out[i] = half(binary.LittleEndian.Uint16(d[2*i:]))
		}
	case BF16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(d[2*i:])) << 16)
		}
	case F64:
		for i := range out {
			out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(d[8*i:])))
		}
	default:
		return nil, &Error{t.Name, t.offset, fmt.Sprintf("is %s, wanted a floating type (F32, F16, BF16, F64)", t.DType)}
	}
	for i, v := range out {
		if math.Float32bits(v)&0x7F800000 == 0x7F800000 {
			return nil, &Error{t.Name, t.offset + int64(i*t.DType.Size()), fmt.Sprintf("element %d is not finite; the weights are damaged", i)}
		}
	}
	return out, nil
}

// Int8s returns the elements of an I8 tensor. They are in the file's own memory
// and must not be changed. If the tensor has another type, the error is an
// *Error.
func (t Tensor) Int8s() ([]int8, error) {
	if t.DType != I8 {
		return nil, &Error{t.Name, t.offset, fmt.Sprintf("is %s, wanted I8", t.DType)}
	}
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(t.Data))), len(t.Data)), nil
}

// half converts an IEEE 754 binary16 to float32.
func half(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // zero or denormal: frac * 2^-24, exact in float32
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7F800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// A File is a parsed file.
type File struct {
	Tensors  []Tensor // in the order of their bytes
	Metadata map[string]string

	byName map[string]int
}

// Tensor returns the tensor with the given name, and whether there is one.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

type entry struct {
	DType   DType
	Shape   []int64
	Offsets []uint64
}

func entryOf(v jsontree.Value) (e entry, err error) {
	if err := v.Into(map[string]any{"dtype": (*string)(&e.DType)}); err != nil {
		return e, err
	}
	whole := func(key string, least int64, add func(int64)) error {
		list := v.Get(key)
		if list.Kind != jsontree.Array && list.Kind != jsontree.Null {
			return fmt.Errorf("byte %d: %s is %v, wanted a list", list.At, key, list.Kind)
		}
		for _, x := range list.List {
			n, ok := x.Whole()
			if !ok || n < least {
				return fmt.Errorf("byte %d: %s contains something other than whole numbers from %d on", x.At, key, least)
			}
			add(n)
		}
		return nil
	}
	if v.Get("shape").Kind == jsontree.Array {
		e.Shape = []int64{}
	}
	if err := whole("shape", math.MinInt64, func(n int64) { e.Shape = append(e.Shape, n) }); err != nil {
		return e, err
	}
	err = whole("data_offsets", 0, func(n int64) { e.Offsets = append(e.Offsets, uint64(n)) })
	return e, err
}

// Read parses a file and checks every bound. The tensors point into data.
// Errors are of type *Error.
func Read(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, &Error{Problem: fmt.Sprintf("the file ends after %d bytes, before its header; fetch it again", len(data))}
	}
	h := binary.LittleEndian.Uint64(data)
	if h > maxHeader {
		return nil, &Error{Problem: fmt.Sprintf("the header claims %d bytes, more than the format's limit of %d; this is not a safetensors file", h, maxHeader)}
	}
	if h > uint64(len(data)-8) {
		return nil, &Error{Problem: fmt.Sprintf("the header claims %d bytes, the file has %d; it is cut off, fetch it again", h, len(data)-8)}
	}
	header, body := data[8:8+h], data[8+h:]
	f := &File{byName: map[string]int{}}
	bad := func(off int64, format string, args ...any) error {
		return &Error{Offset: 8 + off, Problem: fmt.Sprintf(format, args...)}
	}

	list, rest, err := jsontree.ParsePrefix(string(header))
	if list.Kind != jsontree.Object && (err == nil || !bytes.HasPrefix(header, []byte("{"))) {
		return nil, bad(0, "the header is not a JSON object; this is not a safetensors file")
	}
	if err != nil {
		return nil, bad(int64(rest), "the header is not JSON: %v", err)
	}
	if len(bytes.TrimRight(header[rest:], " ")) != 0 {
		return nil, bad(int64(rest), "something follows the header's JSON object")
	}
	for i, name := range list.Keys { // in order: a map would let a duplicate pass
		v := list.List[i]
		at := int64(v.At)
		if name == "__metadata__" {
			if f.Metadata != nil {
				return nil, bad(at, "__metadata__ is in the header twice")
			}
			f.Metadata = map[string]string{}
			if v.Kind != jsontree.Object && v.Kind != jsontree.Null {
				return nil, bad(at, "__metadata__ does not map strings to strings: it is %v", v.Kind)
			}
			for k, key := range v.Keys {
				if v.List[k].Kind != jsontree.Text {
					return nil, bad(int64(v.List[k].At), "__metadata__ does not map strings to strings: %q is %v", key, v.List[k].Kind)
				}
				f.Metadata[key] = v.List[k].Text
			}
			continue
		}
		e, err := entryOf(v)
		if err != nil {
			return nil, &Error{name, 8 + at, fmt.Sprintf("its header entry does not parse: %v", err)}
		}
		if _, dup := f.byName[name]; dup {
			return nil, &Error{name, 8 + at, "is in the header twice"}
		}
		t, err := e.tensor(name, 8+at, body, 8+int64(h))
		if err != nil {
			return nil, err
		}
		f.byName[name] = 0
		f.Tensors = append(f.Tensors, t)
	}

	// No gaps, no overlap, nothing left over: in order of offset, each tensor
	// starts where the one before it ended.
	slices.SortStableFunc(f.Tensors, func(a, b Tensor) int {
		if a.offset != b.offset {
			return int(min(max(a.offset-b.offset, -1), 1))
		}
		return len(a.Data) - len(b.Data) // empty tensors first
	})
	next := 8 + int64(h)
	for i, t := range f.Tensors {
		if t.offset != next {
			return nil, &Error{t.Name, t.offset, fmt.Sprintf("starts here, but the tensor before it ends at byte %d", next)}
		}
		next += int64(len(t.Data))
		f.byName[t.Name] = i
	}
	if next != int64(len(data)) {
		return nil, bad(next-8, "the last %d bytes belong to no tensor", int64(len(data))-next)
	}
	return f, nil
}

// tensor checks a header entry against the body, and returns the tensor. at is
// the entry's offset in the file, base the body's.
func (e *entry) tensor(name string, at int64, body []byte, base int64) (Tensor, error) {
	bad := func(format string, args ...any) (Tensor, error) {
		return Tensor{}, &Error{name, at, fmt.Sprintf(format, args...)}
	}
	width := uint64(e.DType.Size())
	if width == 0 {
		return bad("unknown dtype %q", e.DType)
	}
	if e.Shape == nil {
		return bad("has no shape")
	}
	if len(e.Offsets) != 2 {
		return bad("data_offsets has %d numbers, wanted 2", len(e.Offsets))
	}
	lo, hi := e.Offsets[0], e.Offsets[1]
	if lo > hi {
		return bad("data_offsets [%d, %d] run backwards", lo, hi)
	}
	if hi > uint64(len(body)) {
		return bad("ends at byte %d of the data, which has %d; the file is cut off, fetch it again", hi, len(body))
	}
	// This cannot overflow: want is checked before each product. A dimension of
	// 0 makes it 0.
	want := width
	shape := make([]int, len(e.Shape))
	for i, d := range e.Shape {
		if d < 0 {
			return bad("shape %v has a negative dimension", e.Shape)
		}
		if d > math.MaxInt32 {
			return bad("shape %v has a dimension beyond 2^31", e.Shape)
		}
		shape[i] = int(d)
		if want > uint64(math.MaxInt64)/uint64(max(d, 1)) {
			return bad("shape %v overflows", e.Shape)
		}
		want *= uint64(d)
	}
	if want != hi-lo {
		return bad("shape %v of %s takes %d bytes, data_offsets give %d", e.Shape, e.DType, want, hi-lo)
	}
	return Tensor{name, e.DType, shape, body[lo:hi:hi], base + int64(lo)}, nil
}

// FromFloat32s returns an F32 tensor of a copy of v.
func FromFloat32s(name string, v []float32, shape ...int) Tensor {
	d := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(d[4*i:], math.Float32bits(x))
	}
	return Tensor{Name: name, DType: F32, Shape: shape, Data: d}
}

// FromInt8s returns an I8 tensor of a copy of v.
func FromInt8s(name string, v []int8, shape ...int) Tensor {
	d := make([]byte, len(v))
	for i, x := range v {
		d[i] = byte(x)
	}
	return Tensor{Name: name, DType: I8, Shape: shape, Data: d}
}
