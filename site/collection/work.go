package collection

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"

	"parley/shared/collect"
	"parley/shared/durable"
	"parley/shared/sparse"
)

// The work file holds the vectors that are done, batch by batch, in the order in
// which they came; dense vectors have one of their own. It is only ever appended to; all
// numbers are little-endian.
//
//	magic     8 bytes  "PLYWORK1"
//	key      32 bytes  of the encoder, the passages' texts and the options
//	count     4 bytes  passages in all
//	then records:
//	length    4 bytes  of the payload
//	crc       4 bytes  CRC-32C of batch number and payload
//	batch     4 bytes  the passages batch*16 to batch*16+15
//	payload   the passages' vectors, as collect.AppendVectors or AppendDense writes them
//
// A killed run can leave half a record at the end: it is cut off, and its batch
// made again.
const (
	workMagic  = "PLYWORK1"
	workHeader = 8 + 32 + 4
	record     = 12
	batchSize  = 16
	// maxRecord is far above what 16 vectors over any vocabulary take; a longer
	// one is damage.
	maxRecord = 1 << 28
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A codec writes a batch's vectors, and reads n of them and nothing else.
type codec[V any] struct {
	append func(dst []byte, vectors ...V) ([]byte, error)
	read   func(b []byte, n int) ([]V, bool)
	dense  bool
}

// sparseCodec is that of vectors over a vocabulary.
func sparseCodec(vocab int) codec[sparse.Vector] {
	return codec[sparse.Vector]{
		append: func(dst []byte, vectors ...sparse.Vector) ([]byte, error) {
			return collect.AppendVectors(dst, vectors...), nil
		},
		read: func(b []byte, n int) ([]sparse.Vector, bool) { return collect.ReadVectors(b, n, vocab) },
	}
}

// denseCodec is that of vectors of a space and length.
func denseCodec(space string, dim int) codec[[]float32] {
	return codec[[]float32]{
		append: func(dst []byte, vectors ...[]float32) ([]byte, error) {
			return collect.AppendDense(dst, space, dim, vectors...)
		},
		read:  func(b []byte, n int) ([][]float32, bool) { return collect.ReadDense(b, space, dim, n) },
		dense: true,
	}
}

type work[V any] struct {
	f     *os.File
	codec codec[V]
	count int     // passages in all
	done  int     // passages on the disk
	ahead int     // passages written since the last sync
	at    []int64 // of each batch: offset of its record, 0 where it is missing
	end   int64
	buf   bytes.Buffer
}

// openWork opens the work file of that key, or begins it.
func openWork[V any](name string, key [32]byte, count int, c codec[V]) (*work[V], error) {
	if uint64(count) > math.MaxUint32 {
		return nil, fmt.Errorf("%d passages are more than an index can number", count)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := durable.TryLock(f); err != nil {
		f.Close()
		if errors.Is(err, durable.ErrLocked) {
			err = fmt.Errorf("another run is at work on the same documents (%s is locked): wait for it", name)
		}
		return nil, err
	}
	w := &work[V]{f: f, codec: c, count: count, at: make([]int64, (count+batchSize-1)/batchSize)}
	if err := w.resume(key); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return w, nil
}

// resume reads what there is and cuts off what is not whole.
func (w *work[V]) resume(key [32]byte) error {
	header := make([]byte, 0, workHeader)
	header = append(append(header, workMagic...), key[:]...)
	header = binary.LittleEndian.AppendUint32(header, uint32(w.count))
	got := make([]byte, workHeader)
	_, err := io.ReadFull(w.f, got)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || err == nil && !bytes.Equal(got, header) {
		// New, or not even its header arrived.
		if err := w.f.Truncate(0); err != nil {
			return err
		}
		if _, err := w.f.WriteAt(header, 0); err != nil {
			return err
		}
		w.end = workHeader
		return w.f.Sync()
	}
	if err != nil {
		return err
	}
	w.end = workHeader
	for {
		batch, vectors, size, err := w.read(w.end)
		if err != nil {
			break
		}
		if w.at[batch] == 0 {
			w.at[batch] = w.end
			w.done += len(vectors)
		}
		w.end += size
	}
	return w.f.Truncate(w.end)
}

var errDamaged = errors.New("the record is damaged")

// read reads and checks the record at an offset.
func (w *work[V]) read(at int64) (batch int, vectors []V, size int64, err error) {
	var head [record]byte
	if _, err := w.f.ReadAt(head[:], at); err != nil {
		return 0, nil, 0, err
	}
	length := binary.LittleEndian.Uint32(head[0:])
	batch = int(binary.LittleEndian.Uint32(head[8:]))
	if length > maxRecord || batch >= len(w.at) {
		return 0, nil, 0, errDamaged
	}
	payload := make([]byte, length)
	if _, err := w.f.ReadAt(payload, at+record); err != nil {
		return 0, nil, 0, err
	}
	if checksum(head[8:], payload) != binary.LittleEndian.Uint32(head[4:]) {
		return 0, nil, 0, errDamaged
	}
	vectors, ok := w.codec.read(payload, w.size(batch))
	if !ok {
		return 0, nil, 0, errDamaged
	}
	return batch, vectors, record + int64(length), nil
}

func checksum(batch, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(batch, castagnoli), castagnoli, payload)
}

// size is the number of passages of a batch.
func (w *work[V]) size(batch int) int { return min(batchSize, w.count-batch*batchSize) }

// missing lists the batches that are not there.
func (w *work[V]) missing() []int {
	var list []int
	for b, at := range w.at {
		if at == 0 {
			list = append(list, b)
		}
	}
	return list
}

// add appends a batch; it counts as done after sync.
func (w *work[V]) add(batch int, vectors []V) error {
	payload, err := w.codec.append(nil, vectors...)
	if err != nil {
		return err
	}
	var head [record]byte
	binary.LittleEndian.PutUint32(head[0:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(head[8:], uint32(batch))
	binary.LittleEndian.PutUint32(head[4:], checksum(head[8:], payload))
	w.buf.Reset()
	w.buf.Write(head[:])
	w.buf.Write(payload)
	if _, err := w.f.WriteAt(w.buf.Bytes(), w.end); err != nil {
		return fmt.Errorf("%s: %w", w.f.Name(), err)
	}
	w.at[batch] = w.end
	w.end += int64(w.buf.Len())
	w.ahead += len(vectors)
	return nil
}

func (w *work[V]) sync() error {
	if w.ahead == 0 {
		return nil
	}
	if err := w.f.Sync(); err != nil {
		return fmt.Errorf("%s: %w", w.f.Name(), err)
	}
	w.done += w.ahead
	w.ahead = 0
	return nil
}

// all gives the vectors in the order of the passages.
func (w *work[V]) all() iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		var none V
		for b, at := range w.at {
			_, vectors, _, err := w.read(at)
			if err != nil {
				yield(none, fmt.Errorf("%s, byte %d: %w; delete the file and begin again", w.f.Name(), at, err))
				return
			}
			if len(vectors) != w.size(b) {
				yield(none, fmt.Errorf("%s: batch %d has %d vectors", w.f.Name(), b, len(vectors)))
				return
			}
			for _, v := range vectors {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

func (w *work[V]) close() { w.f.Close() }

// remove deletes the file, when nothing needs it any more.
func (w *work[V]) remove() error {
	w.f.Close() // Windows deletes no open file
	err := os.Remove(w.f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
