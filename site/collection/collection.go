// Package collection turns documents into a folder that can be searched:
//
//	documents --cut--> passages --encode, all cores--> vectors --> index.bin
//	                       \-----------------------------------> passages.bin
//	                        \--dense encoder, all cores--> vectors --> dense.bin, where it is wanted
//
// and manifest.json, which lists the files that belong together (shared/bundle).
//
// Encoding takes nearly all of the time. Its results go to work files as they are made
// (work.go), and a run that was interrupted in any way continues from there, even after
// documents have changed. The output depends only on the documents, the encoders and the
// options, not on the number of cores or on interruptions. There is one exception, unless
// Options.Anew is set: Build uses what the folder already has from the same encoder. It
// takes the vectors of unchanged passages from the folder's index, where they have 8 bits,
// so they are rounded once more if the largest weight of all has changed. It keeps dense
// vectors as long as all passages are the same.
package collection

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// A LoadedEncoder is an encoder that was read from a folder, with the SHA-256 of the files
// that were read: other files make other vectors.
type LoadedEncoder struct {
	*encoder.Encoder
	Hash [sha256.Size]byte
}

// OpenEncoder reads an encoder's folder, verified as folder.Files does.
func OpenEncoder(dir string) (*LoadedEncoder, error) {
	files, err := folder.Open(dir)
	if err != nil {
		return nil, err
	}
	e, err := loaded(files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return e, nil
}

// ReadEncoder is OpenEncoder for files from any source.
func ReadEncoder(files encoder.Files) (*LoadedEncoder, error) { return loaded(folder.Sum(files)) }

func loaded(files *folder.Summed) (*LoadedEncoder, error) {
	e, err := encoder.Load(files.Read)
	if err != nil {
		return nil, err
	}
	return &LoadedEncoder{e, files.All()}, nil
}

// Options of Build; the zero value stands for the defaults.
type Options struct {
	About passages.About // Build sets Encoder and Fingerprint
	collect.Settings
	Dense *LoadedDenseEncoder // also makes dense vectors; nil: none
	// Lift changes the passages' vectors by their dense ones; nil: nothing does. The dense ones
	// are those that Dense makes or, without it, those that the folder has.
	Lift     *LoadedLift
	Workers  int                  // number of goroutines that encode; 0: as many as cores
	Progress func(Progress)       // is called about twice a second
	Anew     bool                 // encode everything, even what the folder has
	Note     func(documents.Note) // is called for what was left out of the documents or renamed
}

// fill sets the defaults.
func (o *Options) fill() {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Note == nil {
		o.Note = func(documents.Note) {}
	}
}

// Progress is the state of encoding. Passages in Done are on the disk.
type Progress struct {
	Dense       bool // of the dense vectors, which come after the sparse ones; with a lift, before them
	Terms       bool // of the terms that a lift needs; nothing of them is on the disk
	Done, Total int
	Resumed     int     // of Done, those made by an earlier run
	Rate        float64 // passages per second, in this run
	Bytes       int64   // size of the work file
}

// A Summary describes what Build made.
type Summary struct {
	Out           string `json:"out"`
	Documents     int    `json:"documents"`
	Passages      int    `json:"passages"`
	Postings      int    `json:"postings"`
	WithoutTerms  int    `json:"without_terms,omitempty"` // passages for which the encoder gave no term
	IndexBytes    int    `json:"index_bytes"`
	PassagesBytes int    `json:"passages_bytes"`
	// Unchanged is the number of passages that have the same text as before in the folder
	// and were not encoded again.
	Unchanged int `json:"unchanged"`
	Encoded
	Seconds float64       `json:"seconds"`
	Dense   *DenseSummary `json:"dense,omitempty"`
	// DenseDropped says that the folder had dense vectors of other passages, which were
	// removed.
	DenseDropped bool `json:"dense_dropped,omitempty"`
	// Lifted names the dense encoder whose lift changed the passages' weights; "": none did.
	Lifted string `json:"lifted,omitempty"`
}

// Encoded says what making the passages' vectors took.
type Encoded struct {
	Resumed        int     `json:"resumed"`
	Tokens         int     `json:"tokens"` // encoded in this run, markers included
	EncodeSeconds  float64 `json:"encode_seconds"`
	PassagesPerSec float64 `json:"passages_per_second"`
}

// ErrNoPassages is returned where the documents contain no text.
var ErrNoPassages = errors.New("there is nothing to index")

// A Stopped error says that encoding ended early, and how much of it is kept.
type Stopped struct {
	Done, Total int
	Dense       int // number of dense vectors that are kept; -1: none were wanted
	Err         error
}

func (s *Stopped) Error() string {
	dense := ""
	if s.Dense >= 0 {
		dense = fmt.Sprintf(" and %d dense vectors", s.Dense)
	}
	return fmt.Sprintf("stopped: %v; %d of %d passages%s are kept, and the same command goes on from there", s.Err, s.Done, s.Total, dense)
}

func (s *Stopped) Unwrap() error { return s.Err }

// Build makes the folder out from documents, which it ranges over in a goroutine of its
// own, at most until ctx ends. A document that came before is left out, and one whose id
// came before gets another id; both are noted. Files of other names in out stay as they
// are.
func Build(ctx context.Context, enc *LoadedEncoder, docs iter.Seq[documents.Document], out string, o Options) (*Summary, error) {
	begin := time.Now()
	if err := o.Settings.For(enc.Encoder); err != nil {
		return nil, err
	}
	o.About.Encoder, o.About.Fingerprint = enc.Name, enc.Fingerprint()
	o.fill()
	if err := mayWrite(out); err != nil {
		return nil, err
	}

	sum := &Summary{Out: out}
	list, err := cut(ctx, enc, docs, &o, sum)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNoPassages
	}
	sum.Passages = len(list)
	var dense []byte // dense.bin
	if o.Dense == nil {
		if dense, sum.DenseDropped = keepDense(out, list); dense != nil {
			sum.Dense = &DenseSummary{Bytes: len(dense)}
		}
	}
	key := workKey(enc, &o)
	if o.Lift != nil {
		if key, err = liftKey(key, enc, dense, &o); err != nil {
			return nil, err
		}
		sum.Lifted = o.Lift.By.Name
	}
	w, err := openWork(workName(out, key, sparseWork), key, hashTexts(list), sparseCodec(enc.Vocab()))
	if err != nil {
		return nil, err
	}
	defer w.close()
	if !o.Anew {
		if sum.Unchanged, err = reuse(w, out, key); err != nil {
			return nil, err
		}
	}
	stopped := func(err error, dense int) error {
		if w.done+dense > 0 && ctx.Err() != nil {
			return &Stopped{w.done, len(list), dense, context.Cause(ctx)}
		}
		return err
	}
	var second *work[[]float32]
	kept := -1
	if o.Dense != nil {
		if second, err = openDenseWork(o.Dense, w.texts, out); err != nil {
			return nil, err
		}
		defer second.close()
		kept = second.done
	}
	makeDense := func() error {
		if second == nil {
			return nil
		}
		sum.Dense, dense, err = encodeDense(ctx, list, second, &o)
		kept = second.done
		return err
	}
	makeSparse := func() error {
		worker := func() func(i int) (sparse.Vector, int, error) {
			e := collect.NewPassageEncoder(enc.Encoder, o.Settings)
			return func(i int) (sparse.Vector, int, error) {
				v, n, err := e.Encode(list[i])
				return v.Clone(), n, err
			}
		}
		if o.Lift != nil && len(w.missing()) > 0 {
			if worker, err = liftedWorker(ctx, enc, list, dense, &o); err != nil {
				return err
			}
		}
		sum.Encoded, err = encode(ctx, list, w, &o, worker)
		sum.Resumed -= sum.Unchanged
		return err
	}
	steps := []func() error{makeSparse, makeDense}
	if o.Lift != nil { // it needs the dense vectors
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, stopped(err, kept)
		}
	}
	if err := assemble(list, w, enc.Vocab(), dense, out, key, &o, sum); err != nil {
		return nil, err
	}
	sum.Seconds = time.Since(begin).Seconds()
	if second != nil {
		if err := second.remove(); err != nil {
			return nil, err
		}
		removeStale(out, denseWork)
	}
	if err := w.remove(); err != nil {
		return nil, err
	}
	removeStale(out, sparseWork)
	return sum, nil
}

// cut returns the passages of all documents. It returns when ctx ends, even while a
// document is being read; that reading then continues in the background to its end.
func cut(ctx context.Context, enc *LoadedEncoder, docs iter.Seq[documents.Document], o *Options, sum *Summary) ([]passages.Passage, error) {
	c := collect.NewCutter(enc.Encoder, o.Settings)
	type cutting struct {
		list  []passages.Passage
		notes []documents.Note
	}
	read := make(chan cutting)
	go func() {
		defer close(read)
		for d := range docs {
			var r cutting
			r.list = c.Cut(d, func(n documents.Note) { r.notes = append(r.notes, n) })
			select {
			case read <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	var list []passages.Passage
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case r, more := <-read:
			if !more {
				return list, ctx.Err()
			}
			list = append(list, r.list...)
			for _, n := range r.notes {
				o.Note(n)
			}
			if len(r.list) > 0 {
				sum.Documents++
			}
		}
	}
}

// workKey returns a hash of everything that affects the vectors of a text.
func workKey(enc *LoadedEncoder, o *Options) [sha256.Size]byte {
	h := sha256.New()
	h.Write(enc.Hash[:])
	for _, n := range []uint64{math.Float64bits(o.Mass), uint64(o.Top), uint64(enc.PassageTokens)} {
		h.Write(binary.LittleEndian.AppendUint64(nil, n))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// syncEvery is how often results are written to the disk and reported; a kill loses at
// most that much work.
var syncEvery = 500 * time.Millisecond

// encode makes the vectors that the work file lacks. worker returns each goroutine's
// encoder of passage i, whose results must not change afterwards.
func encode[V any](ctx context.Context, list []passages.Passage, w *work[V], o *Options, worker func() func(i int) (V, int, error)) (sum Encoded, err error) {
	begin := time.Now()
	sum.Resumed = w.done
	report := func() {
		p := Progress{Dense: w.codec.dense, Done: w.done, Total: len(list), Resumed: sum.Resumed, Bytes: w.log.Size()}
		if fresh, s := w.done-sum.Resumed, time.Since(begin).Seconds(); fresh > 0 && s > 0 {
			p.Rate = float64(fresh) / s
		}
		o.Progress(p)
	}
	report()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	missing := w.missing()
	batches := (len(missing) + batchSize - 1) / batchSize
	var next, tokens atomic.Int64
	type result struct {
		of      []textHash
		vectors []V
		err     error
	}
	results := make(chan result, o.Workers)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			encode := worker()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= batches {
					return
				}
				var r result
				for _, j := range missing[i*batchSize : min((i+1)*batchSize, len(missing))] {
					if ctx.Err() != nil {
						break
					}
					v, n, err := encode(j)
					if err != nil {
						r.err = err
						break
					}
					r.of, r.vectors = append(r.of, w.texts[j]), append(r.vectors, v)
					tokens.Add(int64(n))
				}
				if ctx.Err() != nil && r.err == nil {
					return // an incomplete batch
				}
				results <- r
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()

	// One goroutine writes. Passages that are reported as done are on the disk.
	var failed error
	last := time.Now()
	for r := range results {
		if failed != nil {
			continue
		}
		failed = r.err
		if failed == nil {
			failed = w.add(r.of, r.vectors)
		}
		if failed == nil && time.Since(last) >= syncEvery {
			failed = w.sync()
			last = time.Now()
			report()
		}
		if failed != nil {
			stop()
		}
	}
	sum.Tokens = int(tokens.Load())
	if err := w.sync(); failed == nil {
		failed = err
	}
	if failed != nil {
		return sum, failed
	}
	if err := ctx.Err(); err != nil {
		return sum, err
	}
	report()
	sum.EncodeSeconds = time.Since(begin).Seconds()
	if fresh := len(list) - sum.Resumed; fresh > 0 {
		sum.PassagesPerSec = float64(fresh) / sum.EncodeSeconds
	}
	return sum, nil
}

// assemble writes the folder from the vectors of the work file, and empties list. dense is
// its dense.bin, nil where it has none.
func assemble(list []passages.Passage, w *work[sparse.Vector], vocab int, dense []byte, out string, key [sha256.Size]byte, o *Options, sum *Summary) error {
	b := collect.NewBuilder(vocab, o.About)
	for v, err := range w.all() {
		if err != nil {
			return err
		}
		n := b.Len()
		if err := b.Add(list[n], v); err != nil {
			return err
		}
		list[n] = passages.Passage{} // b has the texts now, so the input's memory can be freed
	}
	if err := b.Hollow(); err != nil {
		return err
	}
	sum.WithoutTerms = b.Without()
	files, err := b.Finish()
	if err != nil {
		return err
	}
	if dense != nil {
		files[len(files)-1] = collect.File{Name: collect.DenseFile, Content: dense}
		m, err := collect.Manifest(files)
		if err != nil {
			return err
		}
		files = append(files, m)
	}
	set := map[string][]byte{}
	for _, f := range files {
		set[f.Name] = f.Content
		switch f.Name {
		case "index.bin":
			sum.IndexBytes = len(f.Content)
			set[madeFile] = made(key, f.Content)
			x, err := index.Open(f.Content)
			if err != nil {
				return err
			}
			sum.Postings = x.Postings()
		case "passages.bin":
			sum.PassagesBytes = len(f.Content)
		}
	}
	var drop []string
	if sum.DenseDropped {
		drop = append(drop, collect.DenseFile)
	}
	return durable.PublishFiles(out, set, drop...)
}
