package dense

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"parley/shared/container"
	"parley/shared/matrix"
)

// The file is a container (shared/container) with the magic "PARLEYDV", version 1 or, where
// the model's fingerprint is known, version 2, without sections. Its numbers, little-endian:
//
//	  12  4  passages
//	  16  4  dim, the length of a vector, 1 to 65,536
//	  20  4  bytes of the space's name, 1 to 255
//	  24  4  CRC-32C of all that follows the header
//	  28  4  in version 2: bytes of the fingerprint, 1 to 255
//
// What follows it:
//
//	space: the name of the model that made the vectors, in UTF-8
//	fingerprint, in version 2: what tells the model from others of the name, in UTF-8
//	scales: for each passage a float32, which its integers are multiplied by
//	vectors: for each passage dim signed bytes, -127 to 127
//
// A scale is the float32 nearest to 1 / sqrt(sum of the integers' squares), so each vector
// has length 1.
//
// Two vectors of the space "bge", in the directions of (1, 0, -1) and (0, .5, .25):
//
//	0000: 50 41 52 4c 45 59 44 56  magic "PARLEYDV"
//	0008: 01 00 00 00  version 1
//	000c: 02 00 00 00  2 passages
//	0010: 03 00 00 00  vectors of 3 values
//	0014: 03 00 00 00  the space's name has 3 bytes
//	0018: 4e bd 67 fc  CRC-32C of what follows the header
//	001c: 4d 57 a7 0f  CRC-32C of the 28 bytes before
//	0020: 62 67 65  space: "bge"
//	0023: d7 71 b6 3b  scales: 1/sqrt(127^2 + 127^2)
//	0027: 8d 69 e6 3b  1/sqrt(127^2 + 64^2)
//	002b: 7f 00 81  vectors: 127, 0, -127
//	002e: 00 7f 40  0, 127, 64

var form = &container.Format{Name: "dense", What: "file of vectors", Magic: "PARLEYDV", Versions: []container.Layout{{Numbers: 16}, {Numbers: 20}}}

const (
	maxDim   = 1 << 16 // matrix's limit for rows of int8
	maxSpace = 255
)

// header returns the file's header for n vectors of length dim, a space's name of space
// bytes, a body with that CRC, and a fingerprint of print bytes.
func header(n, dim, space int, crc uint32, print int) []byte {
	list := []uint32{uint32(n), uint32(dim), uint32(space), crc}
	if print > 0 {
		list = append(list, uint32(print))
	}
	var numbers []byte
	for _, v := range list {
		numbers = binary.LittleEndian.AppendUint32(numbers, v)
	}
	return form.Header(len(list)-3, numbers)
}

// Open checks all of data (lengths, CRCs, each vector's length) and packs the vectors for
// the processor's product. data is not referenced afterwards. An error is a
// *container.FormatError.
func Open(data []byte) (*Vectors, error) {
	file, err := form.Open(data)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	// 64 bits suffice: no sum below exceeds 36 + 2^32 + 255 + 2^31 * (4 + 2^16).
	n, dim, space := int64(le.Uint32(file.Numbers)), int64(le.Uint32(file.Numbers[4:])), int64(le.Uint32(file.Numbers[8:]))
	print := int64(0)
	if file.Version > 1 {
		print = int64(le.Uint32(file.Numbers[16:]))
	}
	spaceAt := int64(form.Versions[file.Version-1].HeaderSize())
	printAt := spaceAt + space
	scalesAt := printAt + print
	rowsAt := scalesAt + 4*n
	switch {
	case n > math.MaxInt32:
		return nil, form.Errorf("header", 12, "%d passages: at most %d are allowed", n, math.MaxInt32)
	case dim < 1 || dim > maxDim:
		return nil, form.Errorf("header", 16, "vectors of %d values: 1 to %d are allowed", dim, maxDim)
	case space < 1 || space > maxSpace:
		return nil, form.Errorf("header", 20, "a name of %d bytes: 1 to %d are allowed", space, maxSpace)
	case print > maxSpace || print < 1 && file.Version > 1:
		return nil, form.Errorf("header", 28, "a fingerprint of %d bytes: 1 to %d are allowed", print, maxSpace)
	case int64(len(data)) != rowsAt+n*dim:
		return nil, form.Errorf("header", int64(len(data)), "the file ends here, wanted %d bytes: truncated, or more follows", rowsAt+n*dim)
	}
	if want, got := le.Uint32(file.Numbers[12:]), container.CRC(file.Body); want != got {
		return nil, form.Errorf("space", spaceAt, "CRC-32C is %08x, want %08x: damaged", got, want)
	}
	if !utf8.Valid(data[spaceAt:scalesAt]) {
		return nil, form.Errorf("space", spaceAt, "the name or the fingerprint is not UTF-8")
	}
	v := &Vectors{n: int(n), dim: int(dim), space: string(data[spaceAt:printAt]), fingerprint: string(data[printAt:scalesAt])}
	q, scales := int8s(data[rowsAt:]), make([]float32, n)
	for i := range scales {
		at := scalesAt + 4*int64(i)
		scales[i] = math.Float32frombits(le.Uint32(data[at:]))
		row := q[i*v.dim : (i+1)*v.dim]
		for _, x := range row {
			if x == -128 {
				return nil, form.Errorf("vectors", rowsAt+int64(i)*dim, "vector %d has a value of -128: at least -127 is allowed", i)
			}
		}
		// This makes products cosines, and every scale a small positive number.
		if want := scaleOf(row); want == 0 || scales[i] != want {
			return nil, form.Errorf("scales", at, "the scale of vector %d is %v, wanted %v, which makes its length 1", i, scales[i], want)
		}
	}
	if n > 0 {
		if v.rows, err = matrix.NewInt8(q, scales, nil, v.n, v.dim); err != nil {
			return nil, form.Errorf("vectors", rowsAt, "%v", err)
		}
	}
	return v, nil
}
