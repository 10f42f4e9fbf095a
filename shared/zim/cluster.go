package zim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

const (
	// maxBlob is the most bytes that are read of one entry.
	maxBlob = 64 << 20
	// maxCluster is the most bytes to which a packed cluster may unpack. Writers make
	// clusters of 2 MiB, or of one large entry.
	maxCluster = 256 << 20
	// maxWindow is the most memory of a decoder: xz -9 and zstd --ultra need 64 and 128
	// MiB.
	maxWindow = 128 << 20
	// maxList is the most blobs of a cluster.
	maxList = 1 << 22
)

var errTooMuch = errors.New("it unpacks to more than is read of one")

// decoders are reused, since making one takes longer than decoding most clusters.
type decoders struct {
	zstd *zstd.Decoder
	xz   *xz.Reader
}

func (d *decoders) open(kind byte, in io.Reader) (io.Reader, error) {
	var err error
	switch kind {
	case 4:
		if d.xz == nil {
			d.xz, err = xz.NewReader(in, maxWindow)
		} else {
			err = d.xz.Reset(in)
		}
		if err != nil {
			d.xz = nil
			return nil, err
		}
		d.xz.Multistream(false) // the next cluster follows
		return d.xz, nil
	case 5:
		if d.zstd == nil {
			d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, err
			}
		}
		return d.zstd, d.zstd.Reset(in)
	case 2, 3:
		return nil, errors.New("it is packed by zlib or bzip2, as no writer has done since 2013; make the file again with zimrecreate")
	}
	return nil, fmt.Errorf("its kind of compression, %d, is unknown", kind)
}

// A cluster returns the blobs of one cluster, in order, so it is unpacked once and at most
// one blob is in memory.
type cluster struct {
	a      *Archive
	start  int64 // of the cluster in the file
	packed bool
	in     io.Reader // at offset read; nil: plain, and read in place
	read   uint64    // bytes of the content that were read
	ends   []uint64  // positions of the blobs, and of the end
	buf    []byte
}

func (a *Archive) cluster(d *decoders, number uint32, buf []byte) (*cluster, error) {
	if number >= a.clusters {
		return nil, &FormatError{a.packs, fmt.Sprintf("there is no cluster %d: the archive has %d", number, a.clusters), nil}
	}
	slot := a.packs + int64(number)*8
	b, err := a.positions.bytes(slot, 8)
	if err != nil {
		return nil, err
	}
	at := binary.LittleEndian.Uint64(b)
	if at < headerSize || at >= uint64(a.end) {
		return nil, &FormatError{slot, fmt.Sprintf("cluster %d is said to be at byte %d, of %d", number, at, a.end), nil}
	}
	c := &cluster{a: a, start: int64(at), buf: buf}
	var kind [1]byte
	if _, err := a.r.ReadAt(kind[:], c.start); err != nil {
		return nil, &FormatError{c.start, "the file cannot be read", err}
	}
	content := io.NewSectionReader(a.r, c.start+1, a.end-c.start-1)
	size := uint64(a.end - c.start - 1)
	var in io.Reader = content
	if pack := kind[0] & 15; pack > 1 {
		c.packed = true
		size = maxCluster
		if c.in, err = d.open(pack, content); err != nil {
			return nil, &FormatError{c.start, fmt.Sprintf("cluster %d cannot be unpacked", number), err}
		}
		in = c.in
	}
	width := 4
	if kind[0]&16 != 0 {
		width = 8
	}
	return c, c.readEnds(in, width, number, size)
}

// readEnds reads the list of positions; size is the largest possible size of the cluster's
// content.
func (c *cluster) readEnds(in io.Reader, width int, number uint32, size uint64) error {
	bad := func(why string, err error) error {
		return &FormatError{c.start, fmt.Sprintf("cluster %d: %s", number, why), err}
	}
	next := func(b []byte) uint64 {
		if width == 8 {
			return binary.LittleEndian.Uint64(b)
		}
		return uint64(binary.LittleEndian.Uint32(b))
	}
	var first [8]byte
	if _, err := io.ReadFull(in, first[:width]); err != nil {
		return bad("its list of blobs cannot be read", err)
	}
	length := next(first[:])
	if n := length / uint64(width); n < 1 || n > maxList || length%uint64(width) != 0 || length > size {
		return bad(fmt.Sprintf("its list of blobs is said to take %d bytes", length), nil)
	}
	c.ends = append(c.ends, length)
	var part [1 << 12]byte // memory grows with the bytes that arrive, not with the length that is claimed
	for left := length - uint64(width); left > 0; {
		b := part[:min(left, uint64(len(part)))]
		if _, err := io.ReadFull(in, b); err != nil {
			return bad("its list of blobs cannot be read", err)
		}
		left -= uint64(len(b))
		for ; len(b) > 0; b = b[width:] {
			end := next(b)
			if end < c.ends[len(c.ends)-1] || end > size {
				if end > size && c.packed {
					return bad("its blobs are too large", errTooMuch)
				}
				return bad(fmt.Sprintf("blob %d is said to end at %d, which is before it begins or beyond the file", len(c.ends)-1, end), nil)
			}
			c.ends = append(c.ends, end)
		}
	}
	c.read = length
	return nil
}

// blob reads a blob of at most most bytes, which is valid until the next call. In a packed
// cluster, each blob must come after the one before.
func (c *cluster) blob(number uint32, most uint64) ([]byte, error) {
	if uint64(number)+1 >= uint64(len(c.ends)) {
		return nil, &FormatError{c.start, fmt.Sprintf("the cluster has %d blobs, none of number %d", len(c.ends)-1, number), nil}
	}
	from, to := c.ends[number], c.ends[number+1]
	if to-from > most {
		return nil, &FormatError{c.start, fmt.Sprintf("blob %d has %d bytes; at most %d are read", number, to-from, most), errTooMuch}
	}
	in := c.in
	if !c.packed {
		in = io.NewSectionReader(c.a.r, c.start+1+int64(from), int64(to-from))
	} else {
		n, err := io.CopyN(io.Discard, in, int64(from-c.read))
		c.read += uint64(n)
		if err != nil {
			return nil, &FormatError{c.start, "the cluster cannot be unpacked", whole(err)}
		}
	}
	// The claimed length is trusted only as far as bytes arrive.
	c.buf = c.buf[:0]
	for need := to - from; need > 0; {
		have := len(c.buf)
		grow := int(min(need, 1<<20))
		if cap(c.buf)-have < grow {
			next := make([]byte, have, min(uint64(2*have+grow), to-from))
			copy(next, c.buf)
			c.buf = next
		}
		c.buf = c.buf[:have+grow]
		n, err := io.ReadFull(in, c.buf[have:])
		c.read += uint64(n)
		if err != nil {
			return nil, &FormatError{c.start, fmt.Sprintf("blob %d cannot be read", number), whole(err)}
		}
		need -= uint64(n)
	}
	return c.buf, nil
}

// whole turns an early end into an error.
func whole(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Read returns the content of an entry, at most 64 MiB. A redirect has no content.
func (a *Archive) Read(e Entry) ([]byte, error) { return a.read(e, maxBlob) }

func (a *Archive) read(e Entry, most uint64) ([]byte, error) {
	if e.Type == "" {
		return nil, &FormatError{e.at, fmt.Sprintf("the entry %q has no content of its own", e.Path), nil}
	}
	var d decoders
	defer d.close()
	c, err := a.cluster(&d, e.cluster, nil)
	if err != nil {
		return nil, err
	}
	return c.blob(e.blob, most)
}

func (d *decoders) close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}
