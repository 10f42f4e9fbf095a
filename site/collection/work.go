package collection

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"parley/shared/collect"
	"parley/shared/durable"
	"parley/shared/passages"
	"parley/shared/recordlog"
	"parley/shared/sparse"
)

// The work file keeps the vectors that are done, batch by batch, in the order in which
// they were made; dense vectors have a work file of their own. It is a log
// (shared/recordlog) whose key is a hash of the encoder and the options, and whose records
// are
//
//	n         4 bytes  little-endian: how many passages
//	texts     n times 16 bytes: the beginning of the SHA-256 of each passage's text
//	payload   their vectors, as collect.AppendVectors or AppendDense writes them
//
// A vector belongs to a text, not to a position in the list, so when one document has
// changed, the vectors of the others can still be used.
//
// Files with the magic "PLYWORK1" or "PLYWORK2" were for one list of passages only. Such a
// file is refused, and its batches are made again.
const (
	workMagic = "PLYWORK3"
	batchSize = 16
)

// A textHash identifies the text of a passage that encoders read.
type textHash [16]byte

func hashText(p passages.Passage) textHash {
	sum := sha256.Sum256([]byte(passages.EncoderText(p)))
	return textHash(sum[:16])
}

func hashTexts(list []passages.Passage) []textHash {
	hashes := make([]textHash, len(list))
	for i, p := range list {
		hashes[i] = hashText(p)
	}
	return hashes
}

// A codec writes a batch's vectors, and reads exactly n of them.
type codec[V any] struct {
	append func(dst []byte, vectors ...V) ([]byte, error)
	read   func(b []byte, n int) ([]V, bool)
	dense  bool
}

// sparseCodec returns the codec for vectors over a vocabulary.
func sparseCodec(vocab int) codec[sparse.Vector] {
	return codec[sparse.Vector]{
		append: func(dst []byte, vectors ...sparse.Vector) ([]byte, error) {
			return collect.AppendVectors(dst, vectors...), nil
		},
		read: func(b []byte, n int) ([]sparse.Vector, bool) { return collect.ReadVectors(b, n, vocab) },
	}
}

// denseCodec returns the codec for vectors of a space and length.
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
	texts []textHash          // of all passages
	times map[textHash]int    // number of passages with each text
	at    map[textHash]record // position of each text's vector
	done  int                 // passages whose vectors are on the disk
	ahead int                 // passages whose vectors were written after the last sync
	buf   []byte
}

// A record is the position of one vector: its number in the body at an offset.
type record struct {
	body  int64
	which int
}

// openWork opens the work file of that key, or creates it.
func openWork[V any](name string, key [32]byte, texts []textHash, c codec[V]) (*work[V], error) {
	if uint64(len(texts)) > math.MaxUint32 {
		return nil, fmt.Errorf("%d passages are more than an index can number", len(texts))
	}
	w := &work[V]{codec: c, texts: texts, times: make(map[textHash]int, len(texts)), at: make(map[textHash]record, len(texts))}
	for _, h := range texts {
		w.times[h]++
	}
	var err error
	w.log, err = recordlog.Open(name, recordlog.Options{Magic: workMagic, Key: key, Lock: durable.TryLock, Read: func(at int64, body []byte) error {
		of, _, err := w.decode(body)
		for i, h := range of {
			w.done += w.found(h, record{at, i})
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

// found records the position of a text's vector; it returns the number of passages that
// wait for it.
func (w *work[V]) found(h textHash, at record) int {
	if _, ok := w.at[h]; ok || w.times[h] == 0 {
		return 0
	}
	w.at[h] = at
	return w.times[h]
}

var errDamaged = errors.New("the record holds no batch of vectors; delete the file, and they are made again")

// decode decodes a record's body.
func (w *work[V]) decode(body []byte) (of []textHash, vectors []V, err error) {
	const size = len(textHash{})
	if len(body) < 4 || uint64(binary.LittleEndian.Uint32(body))*uint64(size) > uint64(len(body)-4) {
		return nil, nil, errDamaged
	}
	of = make([]textHash, binary.LittleEndian.Uint32(body))
	for i := range of {
		of[i] = textHash(body[4+i*size:])
	}
	vectors, ok := w.codec.read(body[4+len(of)*size:], len(of))
	if !ok {
		return nil, nil, errDamaged
	}
	return of, vectors, nil
}

// missing returns the first passage of each text that has no vector.
func (w *work[V]) missing() []int {
	var list []int
	seen := map[textHash]bool{}
	for i, h := range w.texts {
		if _, ok := w.at[h]; !ok && !seen[h] {
			seen[h] = true
			list = append(list, i)
		}
	}
	return list
}

// add appends the vectors of texts; they count as done after sync.
func (w *work[V]) add(of []textHash, vectors []V) error {
	var err error
	w.buf = binary.LittleEndian.AppendUint32(w.buf[:0], uint32(len(of)))
	for _, h := range of {
		w.buf = append(w.buf, h[:]...)
	}
	if w.buf, err = w.codec.append(w.buf, vectors...); err != nil {
		return err
	}
	at, err := w.log.Append(w.buf)
	if err != nil {
		return err
	}
	for i, h := range of {
		w.ahead += w.found(h, record{at, i})
	}
	return nil
}

// seed adds those vectors of an older collection, given with their texts, that passages
// wait for; it returns the number of these passages.
func (w *work[V]) seed(n int, text func(i int) textHash, vector func(i int) V) (passages int, err error) {
	var of []textHash
	var vectors []V
	before := w.done + w.ahead
	write := func() error {
		if len(of) == 0 {
			return nil
		}
		err := w.add(of, vectors)
		of, vectors = of[:0], vectors[:0]
		return err
	}
	for i := range n {
		h := text(i)
		if _, ok := w.at[h]; ok || w.times[h] == 0 || slices.Contains(of, h) {
			continue
		}
		of, vectors = append(of, h), append(vectors, vector(i))
		if len(of) == batchSize {
			if err := write(); err != nil {
				return 0, err
			}
		}
	}
	if err := write(); err != nil {
		return 0, err
	}
	passages = w.done + w.ahead - before
	return passages, w.sync()
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

// all iterates over the vectors in the order of the passages.
func (w *work[V]) all() iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		var none V
		var vectors []V // decoded from the body at
		at := int64(-1)
		for i, h := range w.texts {
			r, ok := w.at[h]
			if !ok {
				yield(none, fmt.Errorf("passage %d has no vector", i))
				return
			}
			if r.body != at {
				body, err := w.log.Body(r.body)
				if err == nil {
					_, vectors, err = w.decode(body)
				}
				if err != nil {
					yield(none, fmt.Errorf("passage %d: %w", i, err))
					return
				}
				at = r.body
			}
			if !yield(vectors[r.which], nil) {
				return
			}
		}
	}
}

func (w *work[V]) close() { w.log.Close() }

// remove deletes the file when it is no longer needed.
func (w *work[V]) remove() error {
	w.close() // Windows cannot delete open files
	err := os.Remove(w.log.File().Name())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// workName returns a hidden file in the folder out, or beside it while there is no such
// folder, one for each key: the parent of out need not be writable.
func workName(out string, key [sha256.Size]byte, ending string) string {
	beside, base := filepath.Split(filepath.Clean(out))
	name := "." + base + "-" + hex.EncodeToString(key[:8]) + ending
	if _, err := os.Stat(filepath.Join(beside, name)); err == nil {
		return filepath.Join(beside, name) // it was created before the folder
	}
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		return filepath.Join(out, name)
	}
	return filepath.Join(beside, name)
}

// Extensions of work files, for the two kinds of vectors.
const (
	sparseWork = ".work"
	denseWork  = ".dense.work"
)

var workHash = regexp.MustCompile(`^-[0-9a-f]{16}$`)

// removeStale deletes the work files of out that runs with other options, or of another
// version, left, unless a run has them open.
func removeStale(out, ending string) {
	beside, base := filepath.Split(filepath.Clean(out))
	for _, dir := range []string{filepath.Clean(beside + "."), out} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			rest, ok := strings.CutPrefix(e.Name(), "."+base)
			rest, ends := strings.CutSuffix(rest, ending)
			if !ok || !ends || !workHash.MatchString(rest) || !e.Type().IsRegular() {
				continue
			}
			name := filepath.Join(dir, e.Name())
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			if err != nil {
				continue
			}
			if err = durable.TryLock(f); err == nil {
				os.Remove(name)
			}
			f.Close()
		}
	}
}
