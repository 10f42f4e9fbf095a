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
// The key says what the vectors were made of: equal keys, equal vectors. A block
// that is cut off or damaged ends the file; it and what follows are made again.
package vectors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"

	"parley/shared/sparse"
)

const (
	magic     = "PRLYVEC1"
	maxBlock  = 1 << 28 // bytes
	headerLen = len(magic) + 32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Key tells apart vectors made of other texts or by another encoder.
type Key [32]byte

// A File is a growing list of vectors. One goroutine at a time may use it.
type File struct {
	f       *os.File
	vectors []sparse.Vector
	buf     bytes.Buffer
}

// Open reads the file at path, or begins it where there is none, where its key
// is another, or where it is no such file. vocab bounds the terms.
func Open(path string, key Key, vocab int) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	file := &File{f: f}
	var end int64
	info, err := f.Stat()
	if err == nil {
		file.vectors, end, err = read(f, info.Size(), key, vocab)
	}
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil && end == 0 {
		_, err = f.WriteAt(append([]byte(magic), key[:]...), 0)
		end = int64(headerLen)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return file, nil
}

// read takes in all whole blocks of a file of the given size and returns where
// they end; 0 where the file must be begun again.
func read(f io.Reader, size int64, key Key, vocab int) (all []sparse.Vector, end int64, err error) {
	r := bufio.NewReaderSize(f, 1<<16)
	header := make([]byte, headerLen)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, 0, onlyEOF(err)
	}
	if string(header[:len(magic)]) != magic || Key(header[len(magic):]) != key {
		return nil, 0, nil
	}
	end = int64(headerLen)
	var head [12]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return all, end, onlyEOF(err)
		}
		docs := binary.LittleEndian.Uint32(head[0:])
		length := binary.LittleEndian.Uint32(head[4:])
		if int64(length) > size-end-int64(len(head)) {
			return all, end, nil
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(r, body); err != nil {
			return all, end, onlyEOF(err)
		}
		if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(head[8:]) {
			return all, end, nil
		}
		block, ok := decode(body, int(docs), vocab)
		if !ok {
			return all, end, nil
		}
		all = append(all, block...)
		end += int64(len(head)) + int64(length)
	}
}

func onlyEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func decode(body []byte, docs, vocab int) ([]sparse.Vector, bool) {
	if docs > len(body)/4 {
		return nil, false
	}
	block := make([]sparse.Vector, docs)
	for i := range block {
		if len(body) < 4 {
			return nil, false
		}
		n := int(binary.LittleEndian.Uint32(body))
		body = body[4:]
		if n > len(body)/8 {
			return nil, false
		}
		v := sparse.Vector{Terms: make([]uint32, n), Weights: make([]float32, n)}
		for j := range n {
			v.Terms[j] = binary.LittleEndian.Uint32(body[4*j:])
			v.Weights[j] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*(n+j):]))
		}
		if v.Check(vocab) != nil {
			return nil, false
		}
		body = body[8*n:]
		block[i] = v
	}
	return block, len(body) == 0
}

// All gives the vectors, in the order that they were appended.
func (file *File) All() []sparse.Vector { return file.vectors }

// Append writes a block of vectors and syncs it: when Append returns, the block
// survives a crash. File keeps the vectors; do not change them afterwards.
func (file *File) Append(block []sparse.Vector) error {
	b := &file.buf
	b.Reset()
	b.Write(make([]byte, 12))
	for _, v := range block {
		binary.Write(b, binary.LittleEndian, uint32(v.L0()))
		binary.Write(b, binary.LittleEndian, v.Terms)
		binary.Write(b, binary.LittleEndian, v.Weights)
	}
	out := b.Bytes()
	body := out[12:]
	if len(body) > maxBlock {
		return fmt.Errorf("a block of %d bytes is too large: append fewer vectors at a time", len(body))
	}
	binary.LittleEndian.PutUint32(out[0:], uint32(len(block)))
	binary.LittleEndian.PutUint32(out[4:], uint32(len(body)))
	binary.LittleEndian.PutUint32(out[8:], crc32.Checksum(body, castagnoli))
	if _, err := file.f.Write(out); err != nil {
		return err
	}
	if err := file.f.Sync(); err != nil {
		return err
	}
	file.vectors = append(file.vectors, block...)
	return nil
}

func (file *File) Close() error { return file.f.Close() }
