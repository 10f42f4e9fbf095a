// Package unpack reads gzip and zip that may be made to exhaust who reads them: a
// kilobyte unpacks to a megabyte of zeros, and a zip's index may promise any size. Text
// and vectors do not shrink to a hundredth; what unpacks to far more than it was is
// refused before it is in memory.
package unpack

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
)

const (
	// Max is how many bytes anything may unpack to, however small it was.
	Max = 256 << 20
	// Ratio is how many times its size anything larger may unpack to, where it is read
	// as a stream or by a command.
	Ratio = 16
)

// ErrTooMuch is what wraps where more unpacks than the bounds allow.
var ErrTooMuch = errors.New("too much unpacked")

// Bound is how many bytes what is packed in so many may unpack to.
func Bound(packed int64) int64 { return max(Max, packed*Ratio) }

// Gzip reads r, unpacked where it begins as gzip does; gz says whether it does. Reading
// ends with ErrTooMuch where more was unpacked than Bound allows for what was read.
func Gzip(r io.Reader) (unpacked *bufio.Reader, gz bool, err error) { return gunzip(r, Bound) }

func gunzip(r io.Reader, bound func(packed int64) int64) (unpacked *bufio.Reader, gz bool, err error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := b.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return b, false, nil
	}
	in := &counter{r: b}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, true, fmt.Errorf("gzip: %w", err)
	}
	return bufio.NewReaderSize(&bounded{z, in, bound, 0}, 1<<16), true, nil
}

// A counter counts the packed bytes. It reads single bytes, too, or gzip would put a
// buffer of its own before it.
type counter struct {
	r *bufio.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

type bounded struct {
	z     io.Reader
	in    *counter
	bound func(packed int64) int64
	n     int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.z.Read(p)
	b.n += int64(n)
	if most := b.bound(b.in.n); b.n > most {
		return 0, fmt.Errorf("gzip: %w: more than %d bytes from %d", ErrTooMuch, most, b.in.n)
	}
	return n, err
}

// Zip gives the files of an archive of size bytes, by their names without folders; most
// bounds what they may unpack to together.
func Zip(r io.ReaderAt, size, most int64) (map[string][]byte, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	left := most
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		// What the index says of the size need not be true: it is a hint for memory where
		// the packed bytes can hold it.
		var data bytes.Buffer
		if n := f.UncompressedSize64; n <= uint64(left) && n <= 8*uint64(size) {
			data.Grow(int(n) + bytes.MinRead)
		}
		_, err = data.ReadFrom(io.LimitReader(in, left+1))
		in.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if left -= int64(data.Len()); left < 0 {
			return nil, fmt.Errorf("%s: %w: more than %d bytes", f.Name, ErrTooMuch, most)
		}
		files[path.Base(f.Name)] = data.Bytes()
	}
	return files, nil
}
