// Package collection turns documents into a folder that can be searched:
//
//	documents --cut--> passages --encode, all cores--> vectors --> index.bin
//	                       \-----------------------------------> passages.bin
//
// and manifest.json, which says what belongs together (shared/bundle).
//
// Encoding takes nearly all of the time. Its results go to a work file beside the
// folder as they come (work.go), and a run that was stopped, by whatever, goes on
// from there. What comes out depends on the documents, the encoder and the options
// alone: not on the number of cores, nor on interruptions.
package collection

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// An Encoder is one that was read from a folder, with the SHA-256 of what was
// read: vectors made by other files are others.
type Encoder struct {
	*encoder.Encoder
	Hash [sha256.Size]byte
}

// OpenEncoder reads an encoder's folder.
func OpenEncoder(dir string) (*Encoder, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	h := sha256.New()
	e, err := encoder.Load(func(name string) ([]byte, error) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			sum := sha256.Sum256(data)
			fmt.Fprintf(h, "%s %x\n", name, sum)
		}
		return data, err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return &Encoder{e, [sha256.Size]byte(h.Sum(nil))}, nil
}

// Options of Build; the zero value has sensible settings.
type Options struct {
	About passages.About // Encoder is filled in
	collect.Settings
	Workers  int                 // goroutines that encode; 0: as many as cores
	Progress func(Progress)      // hears of it about twice a second
	Note     func(string, error) // hears what was left out, by the document's id
}

// Progress says how far encoding is. Passages in Done are on the disk.
type Progress struct {
	Done, Total int
	Resumed     int     // of Done, those that an earlier run made
	Rate        float64 // passages a second, in this run
	Left        time.Duration
}

// A Summary says what Build made.
type Summary struct {
	Out            string  `json:"out"`
	Documents      int     `json:"documents"`
	Passages       int     `json:"passages"`
	Resumed        int     `json:"resumed"`
	Tokens         int     `json:"tokens"` // encoded in this run, markers included
	Postings       int     `json:"postings"`
	IndexBytes     int     `json:"index_bytes"`
	PassagesBytes  int     `json:"passages_bytes"`
	EncodeSeconds  float64 `json:"encode_seconds"`
	PassagesPerSec float64 `json:"passages_per_second"`
	Seconds        float64 `json:"seconds"`
}

// ErrNoPassages is returned where the documents hold no text at all.
var ErrNoPassages = errors.New("there is nothing to index")

// A Stopped error says that encoding ended early, and how much of it is kept.
type Stopped struct {
	Done, Total int
	Err         error
}

func (s *Stopped) Error() string {
	return fmt.Sprintf("stopped: %v; %d of %d passages are kept, and the same command goes on from there", s.Err, s.Done, s.Total)
}

func (s *Stopped) Unwrap() error { return s.Err }

// Build makes the folder out from documents. A document whose id came before is
// left out and noted. Files of other names in out stay as they are.
func Build(ctx context.Context, enc *Encoder, docs iter.Seq[documents.Document], out string, o Options) (*Summary, error) {
	begin := time.Now()
	if err := o.Settings.For(enc.Encoder); err != nil {
		return nil, err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.About.Encoder = enc.Name
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Note == nil {
		o.Note = func(string, error) {}
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
	key := workKey(enc, list, &o)
	w, err := openWork(workName(out, key), key, len(list), enc.Vocab())
	if err != nil {
		return nil, err
	}
	defer w.close()
	encoding := time.Now()
	sum.Resumed = w.done
	err = encode(ctx, enc, list, w, &o, sum)
	if err != nil {
		if w.done > 0 && ctx.Err() != nil {
			return nil, &Stopped{w.done, len(list), context.Cause(ctx)}
		}
		return nil, err
	}
	sum.EncodeSeconds = time.Since(encoding).Seconds()
	if fresh := sum.Passages - sum.Resumed; fresh > 0 {
		sum.PassagesPerSec = float64(fresh) / sum.EncodeSeconds
	}
	if err := assemble(list, w, out, &o, sum); err != nil {
		return nil, err
	}
	sum.Seconds = time.Since(begin).Seconds()
	return sum, w.remove()
}

// cut gives the passages of all documents.
func cut(ctx context.Context, enc *Encoder, docs iter.Seq[documents.Document], o *Options, sum *Summary) ([]passages.Passage, error) {
	c := collect.NewCutter(enc.Encoder, o.Settings)
	var list []passages.Passage
	for d := range docs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		twice := false
		list = append(list, c.Cut(d, func(id string, err error) {
			twice = twice || errors.Is(err, collect.ErrTwice)
			o.Note(id, err)
		})...)
		if !twice {
			sum.Documents++
		}
	}
	return list, nil
}

// workKey tells apart work that gives other vectors.
func workKey(enc *Encoder, list []passages.Passage, o *Options) [sha256.Size]byte {
	h := sha256.New()
	h.Write(enc.Hash[:])
	var n [8]byte
	number := func(i int) {
		binary.LittleEndian.PutUint64(n[:], uint64(i))
		h.Write(n[:])
	}
	number(int(math.Float64bits(o.Mass)))
	number(o.Top)
	number(enc.PassageTokens)
	number(len(list))
	for _, p := range list {
		s := documents.EncoderText(p)
		number(len(s))
		h.Write([]byte(s))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// workName is a hidden file beside out, one for each key.
func workName(out string, key [sha256.Size]byte) string {
	dir, base := filepath.Split(filepath.Clean(out))
	return filepath.Join(dir, "."+base+"-"+hex.EncodeToString(key[:8])+".work")
}

// syncEvery is how often what was encoded is brought to the disk, and reported:
// so much a kill can cost.
var syncEvery = 500 * time.Millisecond

// encode makes the vectors that the work file lacks.
func encode(ctx context.Context, enc *Encoder, list []passages.Passage, w *work, o *Options, sum *Summary) error {
	begin := time.Now()
	report := func() {
		p := Progress{Done: w.done, Total: len(list), Resumed: sum.Resumed}
		if fresh, s := w.done-sum.Resumed, time.Since(begin).Seconds(); fresh > 0 && s > 0 {
			p.Rate = float64(fresh) / s
			p.Left = time.Duration(float64(len(list)-w.done) / p.Rate * float64(time.Second))
		}
		o.Progress(p)
	}
	report()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	missing := w.missing()
	var next, tokens atomic.Int64
	type result struct {
		batch   int
		vectors []sparse.Vector
		err     error
	}
	results := make(chan result, o.Workers)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			e := collect.NewEncoder(enc.Encoder, o.Settings)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(missing) {
					return
				}
				r := result{batch: missing[i]}
				from := r.batch * batchSize
				for j := from; j < min(from+batchSize, len(list)) && ctx.Err() == nil; j++ {
					v, n, err := e.Encode(list[j])
					if err != nil {
						r.err = err
						break
					}
					r.vectors = append(r.vectors, v.Clone())
					tokens.Add(int64(n))
				}
				if ctx.Err() != nil && r.err == nil {
					return // half a batch
				}
				results <- r
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()

	// One goroutine writes. What is reported done has reached the disk.
	var failed error
	last := time.Now()
	for r := range results {
		if failed != nil {
			continue
		}
		failed = r.err
		if failed == nil {
			failed = w.add(r.batch, r.vectors)
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
		return failed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	report()
	return nil
}

// assemble writes the folder from the vectors of the work file.
func assemble(list []passages.Passage, w *work, out string, o *Options, sum *Summary) error {
	b := collect.NewBuilder(w.vocab, o.About)
	for v, err := range w.all() {
		if err != nil {
			return err
		}
		if err := b.Add(list[b.Len()], v); err != nil {
			return err
		}
	}
	files, err := b.Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	// The manifest comes last: until it is there, or where another is, the folder
	// does not verify.
	for _, f := range files {
		if err := durable.WriteFile(filepath.Join(out, f.Name), f.Content); err != nil {
			return err
		}
		switch f.Name {
		case "index.bin":
			sum.IndexBytes = len(f.Content)
			x, err := index.Open(f.Content)
			if err != nil {
				return err
			}
			sum.Postings = x.Postings()
		case "passages.bin":
			sum.PassagesBytes = len(f.Content)
		}
	}
	return nil
}
