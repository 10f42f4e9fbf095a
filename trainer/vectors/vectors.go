// Package vectors keeps the sparse vectors of a collection on disk, so that a
// collection is encoded only once and an encoding that was stopped can continue.
//
// A file is a log (shared/recordlog) with the magic "PRLYVEC2". Its key stands for all
// that the vectors depend on: equal keys mean equal vectors. A record is a block of
// vectors. All numbers are little-endian:
//
//	for each document: n uint32, n terms uint32, n weights float32
//
// Every number is at a multiple of four bytes. So the vectors need no decoding: the
// file is mapped into memory, and they are used there. A million passages of 200 terms,
// 1.6 GB, take 48 MB of heap, and as much of the system's page cache as is free (go
// test ./trainer/exact -run Million -million -v).
//
// "PRLYVEC1" had the number of documents at the head of a block, and is no longer read.
// The file is a cache: one of another form or with another key is begun again.
package vectors

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"parley/shared/durable"
	"parley/shared/recordlog"
	"parley/shared/sparse"
)

const magic = "PRLYVEC2"

// A Key differs for vectors of other texts or of another encoder.
type Key [32]byte

// A File is a list of vectors that grows. Only one goroutine at a time may use it.
type File struct {
	log     *recordlog.Log
	sealed  bool
	vocab   int
	vectors []sparse.Vector
	parts   []*mapping // the parts of the file with the vectors
	buf     bytes.Buffer
}

// Open opens the file at path. It begins a new one if there is none, if its key
// differs, or if it is not such a file. vocab is the number of terms in the vocabulary.
// While another process adds to the file, Open waits.
func Open(ctx context.Context, path string, key Key, vocab int) (*File, error) {
	var blocks [][2]int64 // offset and length of each record's body
	file := &File{vocab: vocab}
	var err error
	file.log, err = recordlog.Open(path, recordlog.Options{
		Magic: magic, Key: key, Replace: true,
		Lock: func(f *os.File) error { return durable.Lock(ctx, f) },
		Read: func(at int64, body []byte) error {
			blocks = append(blocks, [2]int64{at, int64(len(body))})
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	if len(blocks) > 0 {
		m, err := mapFile(file.log.File(), 0, file.log.Size())
		if err != nil {
			file.Close()
			return nil, err
		}
		file.parts = append(file.parts, m)
		for _, b := range blocks {
			if err := file.take(m.data[b[0] : b[0]+b[1]]); err != nil {
				file.Close()
				return nil, fmt.Errorf("%s, byte %d: %w; delete the file", path, b[0], err)
			}
		}
	}
	return file, nil
}

// take decodes the vectors of a block. They stay in body if the machine has the file's
// byte order; otherwise they are copies.
func (file *File) take(body []byte) error {
	all, ok := decode(file.vectors, words(body), file.vocab)
	if !ok || len(body)%4 != 0 {
		return errors.New("this is not a block of vectors over the vocabulary")
	}
	file.vectors = all
	return nil
}

// decode appends the vectors of a block's body to all. It returns false if the body is
// not valid.
func decode(all []sparse.Vector, body []uint32, vocab int) ([]sparse.Vector, bool) {
	for len(body) > 0 {
		if int(body[0]) > (len(body)-1)/2 {
			return all, false
		}
		n := int(body[0])
		v := sparse.Vector{Terms: body[1 : 1+n : 1+n], Weights: floats(body[1+n : 1+2*n])}
		if v.Check(vocab) != nil {
			return all, false
		}
		all, body = append(all, v), body[1+2*n:]
	}
	return all, true
}

// words returns little-endian numbers of four bytes: data itself if the machine has
// that byte order, else a copy.
func words(data []byte) []uint32 {
	n := len(data) / 4
	if n == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(data))
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 && uintptr(p)%4 == 0 {
		return unsafe.Slice((*uint32)(p), n)
	}
	copied := make([]uint32, n)
	for i := range copied {
		copied[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return copied
}

// floats returns bits as float32, in the same memory.
func floats(bits []uint32) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(bits))), len(bits))
}

// All returns the vectors in the order in which they were appended. They must not be
// changed, and are valid until Close.
func (file *File) All() []sparse.Vector { return file.vectors }

// Append writes a block of vectors and syncs it: when Append returns, the block
// survives a crash. Append copies the vectors.
func (file *File) Append(block []sparse.Vector) error {
	if file.sealed {
		return errors.New("the vectors' file is sealed; nothing can be appended to it")
	}
	b := &file.buf
	b.Reset()
	for i, v := range block {
		if err := v.Check(file.vocab); err != nil {
			return fmt.Errorf("vector %d: %w", len(file.vectors)+i, err)
		}
		binary.Write(b, binary.LittleEndian, uint32(v.L0()))
		binary.Write(b, binary.LittleEndian, v.Terms)
		binary.Write(b, binary.LittleEndian, v.Weights)
	}
	if b.Len() == 0 {
		return nil
	}
	if b.Len() > recordlog.MaxBody {
		return fmt.Errorf("a block of %d bytes is too large: append fewer vectors at a time", b.Len())
	}
	at, err := file.log.Append(b.Bytes())
	if err == nil {
		err = file.log.Sync()
	}
	if err != nil {
		return err
	}
	m, err := mapFile(file.log.File(), at, file.log.Size())
	if err != nil {
		return err
	}
	file.parts = append(file.parts, m)
	if err := file.take(m.data); err != nil {
		return fmt.Errorf("%s, byte %d: the block that was just written reads back differently: %w", file.log.File().Name(), at, err)
	}
	return nil
}

// Seal ends the appending, so that other processes may open the file and add to it. The
// vectors stay valid.
func (file *File) Seal() error {
	if file.sealed {
		return nil
	}
	file.sealed = true
	err := file.log.Seal() // without this, the mapping would keep the lock
	if e := file.log.Close(); err == nil {
		err = e
	}
	return err
}

// Close seals the file and frees the vectors. Those from All must not be used after it.
func (file *File) Close() error {
	err := file.Seal()
	for _, m := range file.parts {
		if e := m.close(); err == nil {
			err = e
		}
	}
	file.vectors, file.parts = nil, nil
	return err
}
