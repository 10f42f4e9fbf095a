// Package unpack reads gzip and zip files that may be made to exhaust memory: a kilobyte
// can unpack to a megabyte of zeros, and a zip's index may claim any size. Text and
// vectors do not compress to a hundredth of their size, so a file that unpacks to far more
// than its size is refused before it fills the memory.
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
	// Max is the number of bytes to which any file may unpack, however small it is.
	Max = 256 << 20
	// Ratio is how many times its own size a larger file may unpack to, where it is read
	// as a stream or by a command.
	Ratio = 16
)

// ErrTooMuch is wrapped by the error for a file that unpacks to more than the bounds.
var ErrTooMuch = errors.New("too much unpacked")

// Bound returns the number of bytes to which a file of packed bytes may unpack.
func Bound(packed int64) int64 { return max(Max, packed*Ratio) }

// IsGzip reports whether a file that begins with head is gzip.
func IsGzip(head []byte) bool { return bytes.HasPrefix(head, []byte{0x1f, 0x8b}) }

// Gzip returns a reader of r's content, unpacked if r begins as gzip does; gz reports
// whether it does. Reading ends with ErrTooMuch after more bytes than Bound allows for the
// bytes read from r.
func Gzip(r io.Reader) (unpacked *bufio.Reader, gz bool, err error) { return gunzip(r, Bound) }

func gunzip(r io.Reader, bound func(packed int64) int64) (unpacked *bufio.Reader, gz bool, err error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := b.Peek(2); !IsGzip(magic) {
		return b, false, nil
	}
	in := &counter{r: b}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, true, fmt.Errorf("gzip: %w", err)
	}
	return bufio.NewReaderSize(&bounded{z, in, bound, 0}, 1<<16), true, nil
}

// A counter counts the packed bytes. It also reads single bytes, since gzip would
// otherwise put its own buffer before it.
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

// Zip returns the files of an archive of size bytes, by their names without folders. most
// is the number of bytes to which all together may unpack. Errors name the file.
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
		// The size in the index need not be true, but no more than that is read, and a buffer
		// of that size needs no room to grow. DEFLATE packs to a 1032nd at most.
		n := f.UncompressedSize64
		switch {
		case n > uint64(left):
			return nil, fmt.Errorf("%s: %w: more than %d bytes", f.Name, ErrTooMuch, most)
		case n/1032 > uint64(size):
			return nil, fmt.Errorf("%s: %w: %d bytes cannot be packed in %d", f.Name, zip.ErrFormat, n, size)
		}
		in, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		data := make([]byte, n)
		if _, err = io.ReadFull(in, data); err == nil {
			// The end, where the checksum is compared; or more than the index says.
			if _, err = in.Read(make([]byte, 1)); err == io.EOF {
				err = nil
			} else if err == nil {
				err = zip.ErrFormat
			}
		}
		in.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		left -= int64(n)
		files[path.Base(f.Name)] = data
	}
	return files, nil
}
