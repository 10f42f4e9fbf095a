package dense

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strconv"
	"unicode/utf8"

	"parley/shared/matrix"
)

// The file, little-endian, without padding:
//
//	header, 32 bytes
//	   0  8  magic "PARLEYDV"
//	   8  4  version, 1
//	  12  4  passages
//	  16  4  dim, the length of a vector, 1 to 65,536
//	  20  4  bytes of the space's name, 1 to 255
//	  24  4  CRC-32C of all that follows the header
//	  28  4  CRC-32C of the 28 bytes before
//	space: the name of the model that made the vectors, in UTF-8
//	scales: for each passage a float32, which its integers are multiplied by
//	vectors: for each passage dim signed bytes, -127 to 127
//
// A scale is the float32 nearest to 1 / sqrt(sum of the integers' squares), so that each
// vector has length 1.

const (
	magic      = "PARLEYDV"
	version    = 1
	headerSize = 32
	maxDim     = 1 << 16 // matrix's limit for rows of int8
	maxSpace   = 255
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// appendHeader appends the header of n vectors of length dim, a name of space bytes and
// a body of that CRC.
func appendHeader(b []byte, n, dim, space int, crc uint32) []byte {
	from := len(b)
	b = append(b, magic...)
	for _, v := range [...]uint32{version, uint32(n), uint32(dim), uint32(space), crc} {
		b = le.AppendUint32(b, v)
	}
	return le.AppendUint32(b, checksum(b[from:]))
}

// Open checks data whole (lengths, CRCs, each vector's length) and packs it for the
// processor's product: data may be dropped. An error is a *FormatError.
func Open(data []byte) (*Vectors, error) {
	v, err := read(data)
	if err.Msg != "" {
		return nil, &err
	}
	return v, nil
}

// read is Open; err.Msg is "" where there is none.
func read(data []byte) (v *Vectors, err FormatError) {
	err.Section = "header"
	switch n := min(len(data), len(magic)); {
	case string(data[:n]) != magic[:n]:
		err.Msg = "this is no file of vectors: it does not start with " + magic
	case len(data) < headerSize:
		err.Offset, err.Msg = int64(len(data)), "the file ends within the header: truncated"
	case le.Uint32(data[8:]) != version:
		err.Offset, err.Msg = 8, "another version: this program reads version 1"
	case le.Uint32(data[28:]) != checksum(data[:28]):
		err.Offset, err.Msg = 28, damaged
	}
	if err.Msg != "" {
		return nil, err
	}
	// In 64 bits: no sum below exceeds 32 + 255 + 2^31 * (4 + 2^16).
	n, dim, space := int64(le.Uint32(data[12:])), int64(le.Uint32(data[16:])), int64(le.Uint32(data[20:]))
	scalesAt := headerSize + space
	rowsAt := scalesAt + 4*n
	switch {
	case n > math.MaxInt32:
		err.Offset, err.Msg = 12, "more than 2147483647 passages"
	case dim < 1 || dim > maxDim:
		err.Offset, err.Msg = 16, "vectors of no values, or of more than 65536"
	case space < 1 || space > maxSpace:
		err.Offset, err.Msg = 20, "a name of no bytes, or of more than 255"
	case int64(len(data)) != rowsAt+n*dim:
		err.Offset, err.Msg = int64(len(data)), "the file ends here, wanted "+strconv.FormatInt(rowsAt+n*dim, 10)+" bytes: truncated, or more follows"
	case le.Uint32(data[24:]) != checksum(data[headerSize:]):
		err.Section, err.Offset, err.Msg = "space", headerSize, damaged
	case !utf8.Valid(data[headerSize:scalesAt]):
		err.Section, err.Offset, err.Msg = "space", headerSize, "the name is not UTF-8"
	}
	if err.Msg != "" {
		return nil, err
	}
	v = &Vectors{n: int(n), dim: int(dim), space: string(data[headerSize:scalesAt])}
	q, scales := int8s(data[rowsAt:]), make([]float32, n)
	for i := range scales {
		at := scalesAt + 4*int64(i)
		scales[i] = math.Float32frombits(le.Uint32(data[at:]))
		row := q[i*v.dim : (i+1)*v.dim]
		for _, x := range row {
			if x == -128 {
				err.Section, err.Offset, err.Msg = "vectors", rowsAt+int64(i)*dim, "this vector has a value of -128: at least -127 is allowed"
			}
		}
		// So a cosine is one, and every scale a small positive number.
		if want := scaleOf(row); err.Msg == "" && (want == 0 || scales[i] != want) {
			err.Section, err.Offset, err.Msg = "scales", at, "this scale does not make its vector's length 1"
		}
		if err.Msg != "" {
			return nil, err
		}
	}
	if n > 0 {
		var wrong error
		if v.rows, wrong = matrix.NewInt8(q, scales, nil, v.n, v.dim); wrong != nil {
			err.Section, err.Offset, err.Msg = "vectors", rowsAt, wrong.Error()
		}
	}
	return v, err
}

const damaged = "the CRC-32C is another: damaged"
