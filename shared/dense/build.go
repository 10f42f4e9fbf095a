package dense

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"parley/shared/container"
)

// A Builder collects vectors, numbered from 0 in the order in which they are added. It
// takes dim + 4 bytes per vector.
type Builder struct {
	// Fingerprint is that of the model that makes the vectors; "" where it is not known.
	Fingerprint string

	space  string
	dim    int
	scales []byte
	rows   []byte
}

// NewBuilder returns a Builder of vectors of length dim, made by the model that space
// names.
func NewBuilder(space string, dim int) *Builder { return &Builder{space: space, dim: dim} }

// Len returns the number of vectors added.
func (b *Builder) Len() int { return len(b.scales) / 4 }

// Add adds a passage's vector, [dim], of any length but 0, and keeps no reference to it.
// It returns an error, and adds nothing, where v has another number of values, is all
// zeros, or contains NaN or infinity.
func (b *Builder) Add(v []float32) error {
	if len(v) != b.dim {
		return fmt.Errorf("dense: passage %d: a vector of %d values, not %d", b.Len(), len(v), b.dim)
	}
	if b.Len() == math.MaxInt32 {
		return fmt.Errorf("dense: more than %d passages", math.MaxInt32)
	}
	from := len(b.rows)
	b.rows = append(b.rows, make([]byte, b.dim)...)
	scale := quantize(int8s(b.rows[from:]), v)
	if scale == 0 {
		b.rows = b.rows[:from]
		return fmt.Errorf("dense: passage %d: the vector has no direction, or a value that is no number", from/max(b.dim, 1))
	}
	b.scales = binary.LittleEndian.AppendUint32(b.scales, math.Float32bits(scale))
	return nil
}

// WriteTo writes the file and returns its size in bytes. The bytes depend only on what was
// added.
func (b *Builder) WriteTo(w io.Writer) (int64, error) {
	if n := len(b.space); n < 1 || n > maxSpace || !utf8.ValidString(b.space) {
		return 0, fmt.Errorf("dense: the space is called %q; wanted a name of 1 to %d bytes of UTF-8", b.space, maxSpace)
	}
	if b.dim < 1 || b.dim > maxDim {
		return 0, fmt.Errorf("dense: vectors of %d values; wanted 1 to %d", b.dim, maxDim)
	}
	if len(b.Fingerprint) > maxSpace || !utf8.ValidString(b.Fingerprint) {
		return 0, fmt.Errorf("dense: the fingerprint is %q; wanted at most %d bytes of UTF-8", b.Fingerprint, maxSpace)
	}
	body := [][]byte{[]byte(b.space), []byte(b.Fingerprint), b.scales, b.rows}
	sum := container.NewCRC()
	for _, data := range body {
		sum.Write(data)
	}
	head := header(b.Len(), b.dim, len(b.space), sum.Sum32(), len(b.Fingerprint))
	written := int64(0)
	for _, data := range append([][]byte{head}, body...) {
		n, err := w.Write(data)
		written += int64(n)
		if err != nil {
			return written, fmt.Errorf("dense: %w", err)
		}
	}
	return written, nil
}
