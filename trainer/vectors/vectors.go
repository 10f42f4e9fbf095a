// Package vectors keeps the sparse vectors of a collection on disk, so that a
// collection is encoded once, and an encoding that was stopped goes on where it
// was.
//
// A file is a header and blocks, all numbers little-endian:
//
//	header  magic "PRLYVEC1", key [32]byte
//	block   docs uint32, bytes uint32, crc uint32 (CRC-32C of the body), body
//	body    for each document: n uint32, n terms uint32, n weights float32
//
// Every number is at a multiple of four bytes, so that the vectors need not be read:
// the file is mapped into memory and they lie in the mapping. A million passages of
// 200 terms, 1.6 GB, cost 48 MB of heap, and as much of the system's page cache as it
// can spare; opening them, every CRC and term checked, took 14 s on two cores that
// were busy ten times over (go test ./trainer/exact -run Million -million -v).
//
// The key says what the vectors were made of: equal keys, equal vectors. A block
// that is cut off or damaged ends the file; it and what follows are made again.
package vectors

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"unsafe"

	"parley/shared/durable"
	"parley/shared/sparse"
)

const (
	magic     = "PRLYVEC1"
	maxBlock  = 1 << 28 // bytes
	headerLen = len(magic) + 32
	headLen   = 12 // of a block
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Key tells apart vectors made of other texts or by another encoder.
type Key [32]byte

// A File is a growing list of vectors. One goroutine at a time may use it.
type File struct {
	f       *os.File // nil once sealed
	end     int64
	vocab   int
	vectors []sparse.Vector
	parts   []*mapping // of the file, in which the vectors lie
	buf     bytes.Buffer
}

// Open reads the file at path, or begins it where there is none, where its key
// is another, or where it is no such file. vocab bounds the terms. While another
// process is adding to the file, Open waits.
func Open(ctx context.Context, path string, key Key, vocab int) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	file := &File{f: f, vocab: vocab}
	if err = durable.Lock(ctx, f); err == nil {
		err = file.resume(key)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// resume takes in what the file holds, and cuts off what is damaged.
func (file *File) resume(key Key) error {
	info, err := file.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() >= int64(headerLen) {
		m, err := mapFile(file.f, 0, info.Size())
		if err != nil {
			return err
		}
		file.parts = append(file.parts, m)
		var end int
		file.vectors, end = scan(m.data, key, file.vocab)
		file.end = int64(end)
	}
	// What is cut off lies in the mapping, too, where nothing points to it.
	if err := file.f.Truncate(file.end); err != nil {
		return err
	}
	if file.end == 0 {
		if _, err := file.f.WriteAt(append([]byte(magic), key[:]...), 0); err != nil {
			return err
		}
		file.end = int64(headerLen)
	}
	return nil
}

// scan finds the vectors of all whole blocks of a file, and where these end; 0 where
// the file must be begun again. The vectors lie in data where the machine counts as
// the file does, else they are copies.
func scan(data []byte, key Key, vocab int) (all []sparse.Vector, end int) {
	if len(data) < headerLen || string(data[:len(magic)]) != magic || Key(data[len(magic):headerLen]) != key {
		return nil, 0
	}
	block := func(end int) (docs, length int, ok bool) {
		if len(data)-end < headLen {
			return 0, 0, false
		}
		docs, length = int(binary.LittleEndian.Uint32(data[end:])), int(binary.LittleEndian.Uint32(data[end+4:]))
		return docs, length, length <= len(data)-end-headLen && length%4 == 0 && docs <= length/4
	}
	docs := 0 // so that all has just the memory it needs
	for end := headerLen; ; {
		n, length, ok := block(end)
		if !ok {
			break
		}
		docs += n
		end += headLen + length
	}
	all = make([]sparse.Vector, 0, docs)
	end = headerLen
	for {
		n, length, ok := block(end)
		if !ok {
			return all, end
		}
		body := data[end+headLen:][:length]
		if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(data[end+8:]) {
			return all, end
		}
		whole := len(all)
		if all, ok = decode(all, words(body), n, vocab); !ok {
			return all[:whole], end
		}
		end += headLen + length
	}
}

// decode appends the vectors of a block's body.
func decode(all []sparse.Vector, body []uint32, docs, vocab int) ([]sparse.Vector, bool) {
	for range docs {
		if len(body) == 0 || int(body[0]) > (len(body)-1)/2 {
			return all, false
		}
		n := int(body[0])
		v := sparse.Vector{Terms: body[1 : 1+n : 1+n], Weights: floats(body[1+n : 1+2*n])}
		if v.Check(vocab) != nil {
			return all, false
		}
		all, body = append(all, v), body[1+2*n:]
	}
	return all, len(body) == 0
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
	if file.f == nil {
		return errors.New("the vectors' file is sealed: nothing can be appended any more")
	}
	b := &file.buf
	b.Reset()
	b.Write(make([]byte, headLen))
	for i, v := range block {
		if err := v.Check(file.vocab); err != nil {
			return fmt.Errorf("vector %d: %w", len(file.vectors)+i, err)
		}
		binary.Write(b, binary.LittleEndian, uint32(v.L0()))
		binary.Write(b, binary.LittleEndian, v.Terms)
		binary.Write(b, binary.LittleEndian, v.Weights)
	}
	out := b.Bytes()
	body := out[headLen:]
	if len(body) > maxBlock {
		return fmt.Errorf("a block of %d bytes is too large: append fewer vectors at a time", len(body))
	}
	binary.LittleEndian.PutUint32(out[0:], uint32(len(block)))
	binary.LittleEndian.PutUint32(out[4:], uint32(len(body)))
	binary.LittleEndian.PutUint32(out[8:], crc32.Checksum(body, castagnoli))
	if _, err := file.f.WriteAt(out, file.end); err != nil {
		return err
	}
	if err := file.f.Sync(); err != nil {
		return err
	}
	from := file.end + headLen
	file.end += int64(len(out))
	if len(body) == 0 {
		return nil
	}
	m, err := mapFile(file.f, from, file.end)
	if err != nil {
		return err
	}
	file.parts = append(file.parts, m)
	var ok bool
	if file.vectors, ok = decode(file.vectors, words(m.data), len(block), file.vocab); !ok {
		return fmt.Errorf("%s: what was written is not what is read", file.f.Name())
	}
	return nil
}

// Seal ends the appending: other processes may open the file and add to it. The
// vectors stay.
func (file *File) Seal() error {
	if file.f == nil {
		return nil
	}
	f := file.f
	file.f = nil
	err := durable.Unlock(f) // the mapping would keep it
	if e := f.Close(); err == nil {
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
