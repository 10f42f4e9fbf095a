package parts

import (
	"fmt"
	"math/bits"
)

// Numbers are stored in bits, the lowest bit of each byte first.
//
//	gamma(n), n >= 1     as many 0 bits as n has bits after its first, a 1, then these
//	                     bits, the lowest first (Elias gamma)
//	rice(k, n), n >= 0   n >> k 1 bits, a 0, then the k lowest bits of n (Rice); from
//	                     longRun 1 bits on, without a 0, gamma(n + 1) instead

// longRun bounds what a number takes where it is far above what k suits.
const longRun = 24

type bitWriter struct {
	b    []byte
	word uint64
	n    uint // bits in word
}

func (w *bitWriter) put(v uint64, n uint) {
	w.word |= v << w.n
	w.n += n
	for w.n >= 8 {
		w.b = append(w.b, byte(w.word))
		w.word >>= 8
		w.n -= 8
	}
}

// end fills the last byte with 0 bits and returns all bytes.
func (w *bitWriter) end() []byte {
	if w.n > 0 {
		w.b = append(w.b, byte(w.word))
		w.word, w.n = 0, 0
	}
	return w.b
}

func (w *bitWriter) gamma(v uint32) {
	n := uint(bits.Len32(v)) - 1
	w.put(1<<n, n+1)
	w.put(uint64(v)&(1<<n-1), n)
}

func (w *bitWriter) rice(k uint, v uint32) {
	if q := uint(v >> k); q < longRun {
		w.put(1<<q-1, q+1)
		w.put(uint64(v)&(1<<k-1), k)
		return
	}
	w.put(1<<longRun-1, longRun)
	w.gamma(v + 1)
}

// A bitReader reads what a bitWriter wrote. After a read beyond the end, or of a number
// that no writer writes, bad is true and what was read is 0.
type bitReader struct {
	b    []byte
	p    int // the next byte
	word uint64
	n    uint // bits in word
	bad  bool
}

// fill sees to it that word has at least 32 bits, 0 bits beyond the end.
func (r *bitReader) fill() {
	for r.n <= 56 {
		if r.p < len(r.b) {
			r.word |= uint64(r.b[r.p]) << r.n
		}
		r.p++
		r.n += 8
	}
}

func (r *bitReader) skip(n uint) {
	r.word >>= n
	r.n -= n
}

// at returns the number of bits that were read.
func (r *bitReader) at() int { return 8*r.p - int(r.n) }

// ended reports whether all that follows is 0 bits of the last byte, at most 7.
func (r *bitReader) ended() bool {
	r.fill()
	rest := 8*len(r.b) - r.at()
	return !r.bad && r.word == 0 && rest >= 0 && rest < 8
}

// fail notes that what was read is no number.
func (r *bitReader) fail() uint32 {
	r.bad = true
	return 0
}

// bits reads n bits, at most 32.
func (r *bitReader) bits(n uint) uint32 {
	r.fill()
	v := uint32(r.word & (1<<n - 1))
	r.skip(n)
	if r.at() > 8*len(r.b) {
		return r.fail()
	}
	return v
}

func (r *bitReader) gamma() uint32 {
	r.fill()
	n := uint(bits.TrailingZeros64(r.word))
	if n > 31 {
		return r.fail()
	}
	r.skip(n + 1)
	r.fill()
	v := uint32(1)<<n | uint32(r.word&(1<<n-1))
	r.skip(n)
	if r.at() > 8*len(r.b) {
		return r.fail()
	}
	return v
}

func (r *bitReader) rice(k uint) uint32 {
	r.fill()
	q := uint(bits.TrailingZeros64(^r.word))
	if q < longRun {
		r.skip(q + 1)
		r.fill()
		v := uint32(q)<<k | uint32(r.word&(1<<k-1))
		r.skip(k)
		if r.at() > 8*len(r.b) {
			return r.fail()
		}
		return v
	}
	r.skip(longRun)
	v := r.gamma() - 1
	if r.bad || v>>k < longRun {
		return r.fail()
	}
	return v
}

// riceFor returns the k that suits n numbers that are spread over of.
func riceFor(of, n uint32) uint {
	// The mean gap times ln 2, rounded down to a power of two.
	if n == 0 {
		return 0
	}
	return uint(max(bits.Len64(uint64(of)*45426/uint64(n)>>16), 1) - 1)
}

func badNumber(what string, got, most uint32) error {
	return fmt.Errorf("%s %d: at most %d can be", what, got, most)
}
