package dense

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
	"unicode/utf8"

	"parley/shared/matrix"
)

// The file, little-endian, without padding:
//
//	header, 60 bytes
//	   0  8  magic "PARLEYDV"
//	   8  4  version, 1
//	  12  4  passages
//	  16  4  dim, the length of a vector, 1 to 65,536
//	  20     three sections, in this order: space, scales, vectors; for each
//	         8  length in bytes
//	         4  CRC-32C
//	  56  4  CRC-32C of the 56 bytes before
//	space: the name of the model that made the vectors, 1 to 255 bytes of UTF-8
//	scales: for each passage a float32, which its integers are multiplied by
//	vectors: for each passage dim signed bytes, -127 to 127
//
// A scale is the float32 nearest to 1 / sqrt(sum of the integers' squares), so that each
// vector has length 1.

const (
	magic      = "PARLEYDV"
	version    = 1
	headerSize = 60
	maxDim     = 1 << 16 // matrix's limit for rows of int8
	maxSpace   = 255
)

const (
	spaceSection = iota
	scalesSection
	vectorsSection
	sections
)

var sectionNames = [sections]string{"space", "scales", "vectors"}

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

type header struct {
	n, dim uint32
	length [sections]int64
	crc    [sections]uint32
}

func (h *header) append(b []byte) []byte {
	from := len(b)
	b = append(b, magic...)
	b = le.AppendUint32(b, version)
	b = le.AppendUint32(b, h.n)
	b = le.AppendUint32(b, h.dim)
	for s := range sections {
		b = le.AppendUint64(b, uint64(h.length[s]))
		b = le.AppendUint32(b, h.crc[s])
	}
	return le.AppendUint32(b, checksum(b[from:]))
}

func parseHeader(data []byte) (h header, err error) {
	fail := func(offset int, format string, args ...any) (header, error) {
		return h, &FormatError{"header", int64(offset), fmt.Sprintf(format, args...)}
	}
	if n := min(len(data), len(magic)); string(data[:n]) != magic[:n] {
		return fail(0, "starts with %s: this is no file of vectors (want %q)", strconv.QuoteToASCII(string(data[:n])), magic)
	}
	if len(data) < headerSize {
		return fail(len(data), "the file ends after %d bytes, within the header of %d: truncated", len(data), headerSize)
	}
	if v := le.Uint32(data[8:]); v != version {
		return fail(8, "version %d: this program reads version %d", v, version)
	}
	if want, got := le.Uint32(data[headerSize-4:]), checksum(data[:headerSize-4]); want != got {
		return fail(headerSize-4, "CRC-32C is %08x, want %08x: damaged", got, want)
	}
	h.n, h.dim = le.Uint32(data[12:]), le.Uint32(data[16:])
	if h.n > math.MaxInt32 {
		return fail(12, "%d passages: at most %d are allowed", h.n, math.MaxInt32)
	}
	if h.dim < 1 || h.dim > maxDim {
		return fail(16, "vectors of %d values: wanted 1 to %d", h.dim, maxDim)
	}
	rest := uint64(len(data) - headerSize)
	for s := range sections {
		at := 20 + 12*s
		n := le.Uint64(data[at:])
		if n > rest {
			return fail(at, "section %s has %d bytes, but only %d follow: truncated", sectionNames[s], n, rest)
		}
		wanted := []uint64{n, 4 * uint64(h.n), uint64(h.n) * uint64(h.dim)}[s]
		if n != wanted || s == spaceSection && (n < 1 || n > maxSpace) {
			return fail(at, "section %s has %d bytes for %d passages of %d values", sectionNames[s], n, h.n, h.dim)
		}
		rest -= n
		h.length[s], h.crc[s] = int64(n), le.Uint32(data[at+8:])
	}
	if rest > 0 {
		return fail(len(data)-int(rest), "%d bytes follow the last section", rest)
	}
	return h, nil
}

// Open checks data whole (lengths, CRCs, each vector's length) and packs it for the
// processor's product: data may be dropped. An error is a *FormatError.
func Open(data []byte) (*Vectors, error) {
	h, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	var body [sections][]byte
	var at [sections]int64 // where each section starts in the file
	offset := int64(headerSize)
	for s := range sections {
		at[s] = offset
		body[s] = data[offset : offset+h.length[s]]
		offset += h.length[s]
		if got := checksum(body[s]); got != h.crc[s] {
			return nil, &FormatError{sectionNames[s], at[s], fmt.Sprintf("CRC-32C is %08x, want %08x: damaged", got, h.crc[s])}
		}
	}
	if !utf8.Valid(body[spaceSection]) {
		return nil, &FormatError{"space", at[spaceSection], "the name is not UTF-8"}
	}
	v := &Vectors{n: int(h.n), dim: int(h.dim), space: string(body[spaceSection])}
	q, scales := int8s(body[vectorsSection]), make([]float32, v.n)
	for i := range scales {
		scales[i] = math.Float32frombits(le.Uint32(body[scalesSection][4*i:]))
		// So a cosine is one, and no scale is anything but a small positive number.
		if want := scaleOf(q[i*v.dim : (i+1)*v.dim]); want == 0 || scales[i] != want {
			return nil, &FormatError{"scales", at[scalesSection] + 4*int64(i), fmt.Sprintf("passage %d has the scale %v, want %v for a vector of length 1", i, scales[i], want)}
		}
	}
	for i, x := range q {
		if x == -128 {
			return nil, &FormatError{"vectors", at[vectorsSection] + int64(i), "a value of -128: at least -127 is allowed"}
		}
	}
	if v.n > 0 {
		if v.rows, err = matrix.NewInt8(q, scales, nil, v.n, v.dim); err != nil {
			return nil, &FormatError{"vectors", at[vectorsSection], err.Error()}
		}
	}
	return v, nil
}
