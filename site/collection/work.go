package collection

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"

	"parley/shared/collect"
	"parley/shared/durable"
	"parley/shared/recordlog"
	"parley/shared/sparse"
)

// The work file holds the vectors that are done, batch by batch, in the order in
// which they came; dense vectors have one of their own. It is a log (shared/recordlog)
// whose key is a hash of the encoder, the passages' texts and the options, and whose
// records are
//
//	batch     4 bytes  little-endian: the passages batch*16 to batch*16+15
//	payload   the passages' vectors, as collect.AppendVectors or AppendDense writes them
//
// "PLYWORK1", before the log had a package of its own, counted a record's length without
// the batch; such a file is refused, and its batches are made again.
const (
	workMagic = "PLYWORK2"
	batchSize = 16
)

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
	log   *recordlog.Log
	codec codec[V]
	count int     // passages in all
	done  int     // passages on the disk
	ahead int     // passages written since the last sync
	at    []int64 // of each batch: offset of its record's body, 0 where it is missing
	buf   []byte
}

// openWork opens the work file of that key, or begins it.
func openWork[V any](name string, key [32]byte, count int, c codec[V]) (*work[V], error) {
	if uint64(count) > math.MaxUint32 {
		return nil, fmt.Errorf("%d passages are more than an index can number", count)
	}
	w := &work[V]{codec: c, count: count, at: make([]int64, (count+batchSize-1)/batchSize)}
	var err error
	w.log, err = recordlog.Open(name, recordlog.Options{Magic: workMagic, Key: key, Lock: durable.TryLock, Read: func(at int64, body []byte) error {
		batch, vectors, err := w.decode(body)
		if err == nil && w.at[batch] == 0 {
			w.at[batch] = at
			w.done += len(vectors)
		}
		return err
	}})
	var other *recordlog.OtherError
	switch {
	case errors.Is(err, durable.ErrLocked):
		return nil, fmt.Errorf("another run is at work on the same documents (%s is locked): wait for it", name)
	case errors.As(err, &other):
		return nil, fmt.Errorf("%s keeps what an earlier run encoded, in the form of another version of this program: delete it to encode these passages again, or end the run with that version", name)
	case err != nil:
		return nil, err
	}
	return w, nil
}

var errDamaged = errors.New("the record holds no batch of these passages' vectors; delete the file, and they are made again")

// decode reads a record's body.
func (w *work[V]) decode(body []byte) (batch int, vectors []V, err error) {
	if len(body) < 4 || int64(binary.LittleEndian.Uint32(body)) >= int64(len(w.at)) {
		return 0, nil, errDamaged
	}
	batch = int(binary.LittleEndian.Uint32(body))
	vectors, ok := w.codec.read(body[4:], w.size(batch))
	if !ok {
		return 0, nil, errDamaged
	}
	return batch, vectors, nil
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
	var err error
	w.buf = binary.LittleEndian.AppendUint32(w.buf[:0], uint32(batch))
	if w.buf, err = w.codec.append(w.buf, vectors...); err != nil {
		return err
	}
	if w.at[batch], err = w.log.Append(w.buf); err != nil {
		return err
	}
	w.ahead += len(vectors)
	return nil
}

func (w *work[V]) sync() error {
	if w.ahead == 0 {
		return nil
	}
	if err := w.log.Sync(); err != nil {
		return err
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
			body, err := w.log.Body(at)
			var vectors []V
			if err == nil {
				_, vectors, err = w.decode(body)
			}
			if err != nil {
				yield(none, fmt.Errorf("batch %d: %w", b, err))
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

func (w *work[V]) close() { w.log.Close() }

// remove deletes the file, when nothing needs it any more.
func (w *work[V]) remove() error {
	w.close() // Windows deletes no open file
	err := os.Remove(w.log.File().Name())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
