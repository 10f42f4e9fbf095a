// Package recordlog stores records in a file that only grows and survives a crash. It
// keeps the results of long work, so that a run that was killed continues where it
// stopped.
//
// A file is a header and records, without padding; numbers are little-endian:
//
//	header, 40 bytes
//	   0  8  magic: what the records are, and the version of their form
//	   8 32  key: a hash of all that the records depend on
//	record, 8 bytes and its body
//	   0  4  length of the body in bytes, 1 to 2^28
//	   4  4  CRC-32C of the body
//	   8     body
//
// With the magic "EXAMPLE1", a key of 32 times 6b and the two records "one" and "four",
// the file is
//
//	0000: 45 58 41 4d 50 4c 45 31  magic "EXAMPLE1"
//	0008: 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  key
//	0018: 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b
//	0028: 03 00 00 00  the first record's body has 3 bytes
//	002c: e9 b2 94 2a  its CRC-32C
//	0030: 6f 6e 65  "one"
//	0033: 04 00 00 00  the second record's body has 4 bytes
//	0037: 6e 3a f3 e8  its CRC-32C
//	003b: 66 6f 75 72  "four"
//
// A run that is killed can leave the last record cut off, and a power failure can leave
// zeros in its place; a body is never empty, so zeros are not a record. The first record
// that is cut off or fails its CRC-32C ends the file. Open cuts off that record and
// everything after it, and the owner of the log makes these records again. After a kill,
// these are never records for which Sync had returned. Where a disk damaged a record in
// the middle, the sound records after it are made again, too.
package recordlog

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"parley/shared/durable"
)

const (
	// HeaderSize is the size of the file's header in bytes, and the offset of the first
	// record.
	HeaderSize = 8 + keySize
	// HeadSize is the number of bytes that a record takes in addition to its body.
	HeadSize = 8
	// MaxBody is the largest size of a body in bytes.
	MaxBody = 1 << 28

	keySize = 32
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// Options say which log to open.
type Options struct {
	Magic string   // 8 bytes
	Key   [32]byte // a hash of what the records depend on; records of another key are of no use
	// Replace says to start again where the file has another magic or key. Without it,
	// Open returns a *OtherError for such a file.
	Replace bool
	// Lock locks the file for this process, or returns an error: durable.TryLock, or a
	// wrapped durable.Lock, which waits.
	Lock func(*os.File) error
	// Read, unless nil, is called for each complete record in order. at is the offset of
	// its body, which is valid until Read returns. Open returns Read's error: a sound
	// record that makes no sense was not written by this program.
	Read func(at int64, body []byte) error
}

// An OtherError says that the file is not a log with the wanted magic and key.
type OtherError struct {
	Path  string
	Magic string // the magic of the file; the wanted one where only the key differs
	Want  string
}

func (e *OtherError) Error() string {
	if e.Magic == e.Want {
		return fmt.Sprintf("%s: its records were made of other input; delete it, and they are made again", e.Path)
	}
	return fmt.Sprintf("%s begins with %s, wanted %q: another version of this program wrote it, or it is another file; if it may go, delete it, and its records are made again",
		e.Path, strconv.QuoteToASCII(e.Magic), e.Want)
}

// A Log is an open file of records. One goroutine at a time may append; any number may
// read.
type Log struct {
	f      *os.File
	end    int64
	sealed bool
}

// Open opens the log at path, or creates it and the folders on the way. It cuts off what
// is not complete.
func Open(path string, o Options) (*Log, error) {
	if len(o.Magic) != HeaderSize-keySize {
		return nil, fmt.Errorf("%s: the magic %q has not 8 bytes", path, o.Magic)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	l := &Log{f: f}
	if err = o.Lock(f); err == nil {
		err = l.resume(o)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

// resume reads the contents of the file, and cuts off what is not complete.
func (l *Log) resume(o Options) error {
	info, err := l.f.Stat()
	if err != nil {
		return err
	}
	header := append([]byte(o.Magic), o.Key[:]...)
	r := bufio.NewReaderSize(l.f, 1<<16)
	got := make([]byte, min(int64(len(header)), info.Size()))
	if _, err := io.ReadFull(r, got); err != nil {
		return fmt.Errorf("%s: %w", l.f.Name(), err)
	}
	if bytes.Equal(got, header) {
		if l.end, err = scan(r, info.Size(), o.Read); err != nil {
			return fmt.Errorf("%s, byte %d: %w", l.f.Name(), l.end, err)
		}
		return l.f.Truncate(l.end)
	}
	// A header that was not written completely is a prefix of this one, or zeros.
	begun := bytes.HasPrefix(header, got) || len(bytes.Trim(got, "\x00")) == 0
	if !begun && !o.Replace {
		return &OtherError{l.f.Name(), string(got[:min(len(got), len(o.Magic))]), o.Magic}
	}
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	if _, err := l.f.WriteAt(header, 0); err != nil {
		return err
	}
	l.end = HeaderSize
	return l.f.Sync()
}

// scan reads records from r, which is positioned after the header of a file of that size,
// and returns the end of the last complete one. An error comes from read, for the record
// that begins there.
func scan(r io.Reader, size int64, read func(at int64, body []byte) error) (end int64, err error) {
	end = HeaderSize
	var head [HeadSize]byte
	var body []byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return end, nil
		}
		n := int64(le.Uint32(head[:]))
		if n == 0 || n > MaxBody || n > size-end-HeadSize { // also keeps a damaged length from allocating
			return end, nil
		}
		if int64(cap(body)) < n {
			body = make([]byte, n)
		}
		body = body[:n]
		if _, err := io.ReadFull(r, body); err != nil || crc32.Checksum(body, castagnoli) != le.Uint32(head[4:]) {
			return end, nil
		}
		if read != nil {
			if err := read(end+HeadSize, body); err != nil {
				return end, err
			}
		}
		end += HeadSize + n
	}
}

// Append writes a record and returns the offset of its body. Sync makes it survive a
// crash. Where Append fails, the log is without the record.
func (l *Log) Append(body []byte) (at int64, err error) {
	switch {
	case l.sealed:
		return 0, fmt.Errorf("%s is sealed: nothing can be appended any more", l.f.Name())
	case len(body) == 0 || len(body) > MaxBody:
		return 0, fmt.Errorf("%s: a record of %d bytes: wanted 1 to %d", l.f.Name(), len(body), MaxBody)
	}
	record := make([]byte, 0, HeadSize+len(body))
	record = le.AppendUint32(record, uint32(len(body)))
	record = le.AppendUint32(record, crc32.Checksum(body, castagnoli))
	record = append(record, body...)
	if _, err := l.f.WriteAt(record, l.end); err != nil {
		return 0, err
	}
	at = l.end + HeadSize
	l.end += int64(len(record))
	return at, nil
}

// Body reads the record whose body is at offset at, as Open or Append reported it, and
// checks its CRC again.
func (l *Log) Body(at int64) ([]byte, error) {
	var head [HeadSize]byte
	if _, err := l.f.ReadAt(head[:], at-HeadSize); err != nil {
		return nil, err
	}
	n := int64(le.Uint32(head[:]))
	if n == 0 || n > MaxBody || n > l.end-at {
		return nil, l.damaged(at)
	}
	body := make([]byte, n)
	if _, err := l.f.ReadAt(body, at); err != nil {
		return nil, err
	}
	if crc32.Checksum(body, castagnoli) != le.Uint32(head[4:]) {
		return nil, l.damaged(at)
	}
	return body, nil
}

func (l *Log) damaged(at int64) error {
	return fmt.Errorf("%s, byte %d: the record was damaged since the file was opened; run the command again, which makes it again", l.f.Name(), at-HeadSize)
}

// Sync waits until all records that were appended are on the disk.
func (l *Log) Sync() error { return l.f.Sync() }

// Size returns the size of the file in bytes, up to the end of the last record.
func (l *Log) Size() int64 { return l.end }

// File returns the file itself, for mapping into memory or removal; do not write to it.
func (l *Log) File() *os.File { return l.f }

// Seal ends appending, so that other processes may open the file and append. Records can
// still be read.
func (l *Log) Seal() error {
	l.sealed = true
	return durable.Unlock(l.f)
}

// Close closes the file, which also unlocks it, unless it is mapped into memory; then Seal
// unlocks it.
func (l *Log) Close() error { return l.f.Close() }
