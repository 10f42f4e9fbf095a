package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"parley/shared/collect"
	"parley/shared/passages"
)

// A page stores the vectors of a collection in batches until all of them are made. A batch
// says which passages it belongs to, so that its vectors are never used for others,
// whatever else was written under the same keys:
//
//	bytes 0-3    "PBS1" for sparse vectors, "PBD1" for dense ones
//	bytes 4-19   fingerprint of the encoder and the list of passages
//	uvarint      number of the first passage, from 0
//	uvarint      how many follow
//	...          their vectors: collect.AppendVectors, or a file of package dense
//	last 4 bytes CRC-32C of all before, little-endian
//
// For example, one sparse vector with the weight 1 for term 5, of passage 300:
//
//	50 42 53 31 | 16 bytes | ac 02 | 01 | 01 05 00 00 80 3f | 4 bytes
const (
	sparseMagic = "PBS1"
	denseMagic  = "PBD1"
)

// A fingerprint identifies a list of passages and the encoder that reads them.
type fingerprint [16]byte

// fingerprintOf returns the first half of the SHA-256 over the encoder's fingerprint and
// all passages: the id, title, text and address of each, each preceded by its length in
// bytes as a uvarint.
func fingerprintOf(encoder string, list []passages.Passage) (f fingerprint) {
	h := sha256.New()
	b := append(binary.AppendUvarint(nil, uint64(len(encoder))), encoder...)
	h.Write(b)
	for _, p := range list {
		b = b[:0]
		for _, s := range []string{p.ID, p.Title, p.Text, p.URL} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		h.Write(b)
	}
	copy(f[:], h.Sum(nil))
	return f
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendBatch(magic string, of fingerprint, first, n int, vectors []byte) []byte {
	b := append([]byte(magic), of[:]...)
	b = binary.AppendUvarint(b, uint64(first))
	b = binary.AppendUvarint(b, uint64(n))
	b = append(b, vectors...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// errBatch is wrapped by the errors about batches that cannot be used. Their passages are
// encoded again.
var errBatch = errors.New("these vectors cannot be used")

// openBatch returns the vectors of a batch and their number. The batch must start at
// passage first of a list of total passages.
func openBatch(b []byte, magic string, of fingerprint, first, total int) (vectors []byte, n int, err error) {
	head := len(magic) + len(of)
	if len(b) < head+4 || string(b[:len(magic)]) != magic {
		return nil, 0, fmt.Errorf("%w: they do not begin with %q", errBatch, magic)
	}
	end := len(b) - 4
	if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return nil, 0, fmt.Errorf("%w: their checksum is wrong", errBatch)
	}
	if fingerprint(b[len(magic):head]) != of {
		return nil, 0, fmt.Errorf("%w: they are of other passages, or of another encoder", errBatch)
	}
	from, size := binary.Uvarint(b[head:end])
	if size <= 0 {
		return nil, 0, fmt.Errorf("%w: they do not say which passages they are of", errBatch)
	}
	count, more := binary.Uvarint(b[head+size : end])
	if more <= 0 || from != uint64(first) || count > math.MaxInt32 || int(count) > total-first {
		return nil, 0, fmt.Errorf("%w: they begin with passage %d and are %d, where passage %d of %d is next", errBatch, from, count, first, total)
	}
	return b[head+size+more : end], int(count), nil
}

// A Batch is the memory with the vectors made since the last batch.
type Batch struct {
	Piece
	First int `json:"first"`
	Count int `json:"count"` // 0: there are none
}

// batch packs the vectors that encode, or embed where dense is set, has made since the
// last call.
func (d *desk) batch(in struct {
	Dense bool `json:"dense"`
}) (*Batch, error) {
	if in.Dense {
		return d.denseBatch()
	}
	if d.builder == nil {
		return nil, errNotBegun
	}
	n := d.builder.Len() - d.saved
	b := &Batch{First: d.saved, Count: n}
	if n > 0 {
		b.Piece = *d.keep("vectors", appendBatch(sparseMagic, d.fingerprint(), d.saved, n, d.fresh))
		d.saved, d.fresh = d.builder.Len(), nil
	}
	return b, nil
}

func (d *desk) denseBatch() (*Batch, error) {
	s := d.second
	if s == nil {
		return nil, errNoSecond
	}
	b := &Batch{First: s.saved, Count: len(s.fresh)}
	if b.Count > 0 {
		vectors, err := collect.AppendDense(nil, s.enc.Space, s.enc.Dim(), s.fresh...)
		if err != nil {
			return nil, err
		}
		b.Piece = *d.keep("dense", appendBatch(denseMagic, s.of, s.saved, b.Count, vectors))
		s.saved, s.fresh = s.builder.Len(), nil
	}
	return b, nil
}

// resume reads a batch of an earlier run. It returns an error, and changes nothing, for a
// batch that does not continue exactly after the vectors so far, or belongs to other
// passages.
func (d *desk) resume(content []byte) (*Progress, error) {
	if d.builder == nil {
		return nil, errNotBegun
	}
	first := d.builder.Len()
	packed, n, err := openBatch(content, sparseMagic, d.fingerprint(), first, len(d.list))
	if err != nil {
		return nil, err
	}
	vectors, ok := collect.ReadVectors(packed, n, d.encoder.Vocab())
	if !ok {
		return nil, fmt.Errorf("%w: they are damaged", errBatch)
	}
	for i, v := range vectors {
		if err := d.builder.Add(d.list[first+i], v); err != nil {
			return nil, err
		}
	}
	d.saved = d.builder.Len()
	return d.progress(), nil
}

// resumeDense is resume for the vectors of the dense encoder.
func (d *desk) resumeDense(content []byte) (*Progress, error) {
	s := d.second
	if s == nil {
		return nil, errNoSecond
	}
	packed, n, err := openBatch(content, denseMagic, s.of, s.builder.Len(), len(s.list))
	if err != nil {
		return nil, err
	}
	vectors, ok := collect.ReadDense(packed, s.enc.Space, s.enc.Dim(), n)
	if !ok {
		return nil, fmt.Errorf("%w: they are damaged, or not of %s's %d values", errBatch, s.enc.Space, s.enc.Dim())
	}
	for _, v := range vectors {
		if err := s.builder.Add(v); err != nil {
			return nil, err
		}
	}
	s.saved = s.builder.Len()
	return s.progress(), nil
}
