// Package vectors keeps the sparse vectors of a collection on disk, so that a
// collection is encoded once, and an encoding that was stopped goes on where it
// was.
//
// A file is a log (shared/recordlog) with the magic "PRLYVEC2", whose key says what the
// vectors were made of: equal keys, equal vectors. A record is a block of vectors, all
// numbers little-endian:
//
//	for each document: n uint32, n terms uint32, n weights float32
//
// Every number is at a multiple of four bytes, so that the vectors need not be read:
// the file is mapped into memory and they lie in the mapping. A million passages of
// 200 terms, 1.6 GB, cost 48 MB of heap, and as much of the system's page cache as it
// can spare (go test ./trainer/exact -run Million -million -v).
//
// "PRLYVEC1" had the number of documents in a block's head, and is not read any more. A
// file of another form or key is begun again: this is a cache.
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

// A Key tells apart vectors made of other texts or by another encoder.
type Key [32]byte

// A File is a growing list of vectors. One goroutine at a time may use it.
type File struct {
	log     *recordlog.Log
	sealed  bool
	vocab   int
	vectors []sparse.Vector
	parts   []*mapping // of the file, in which the vectors lie
	buf     bytes.Buffer
}

// Open reads the file at path, or begins it where there is none, where its key
// is another, or where it is no such file. vocab bounds the terms. While another
// process is adding to the file, Open waits.
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

// take decodes the vectors of a block, which lie in body where the machine counts as the
// file does, else they are copies.
func (file *File) take(body []byte) error {
	all, ok := decode(file.vectors, words(body), file.vocab)
	if !ok || len(body)%4 != 0 {
		return errors.New("this is no block of vectors over the vocabulary")
	}
	file.vectors = all
	return nil
}

// decode appends the vectors of a block's body.
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

// words reads little-endian numbers of four bytes: data itself where the machine has
// them so, else a copy.
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

// floats are the same bits as float32.
func floats(bits []uint32) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(bits))), len(bits))
}

// All gives the vectors, in the order that they were appended. They may not be
// changed, and are valid until Close.
func (file *File) All() []sparse.Vector { return file.vectors }

// Append writes a block of vectors and syncs it: when Append returns, the block
// survives a crash. The vectors are copied.
func (file *File) Append(block []sparse.Vector) error {
	if file.sealed {
		return errors.New("the vectors' file is sealed: nothing can be appended any more")
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
		return fmt.Errorf("%s, byte %d: what was written is not what is read: %w", file.log.File().Name(), at, err)
	}
	return nil
}

// Seal ends the appending: other processes may open the file and add to it. The
// vectors stay.
func (file *File) Seal() error {
	if file.sealed {
		return nil
	}
	file.sealed = true
	err := file.log.Seal() // the mapping would keep the lock
	if e := file.log.Close(); err == nil {
		err = e
	}
	return err
}

// Close seals the file and takes the vectors back: none of All's may be used any more.
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
