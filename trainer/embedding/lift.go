package embedding

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"

	"parley/shared/cores"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/lift"
	"parley/shared/progress"
	"parley/shared/sparse"
	"parley/trainer/teacher"
)

// A Lift is what a dense encoder adds to the passages' sparse vectors (package lift). If Dense is "",
// nothing.
type Lift struct {
	Dense    string  // the folder of the dense encoder that has lift.File
	Passages string  // the folder of the dense encoder that reads passages; "": the same
	Weight   float64 // replaces the file's own; -1: its own
}

// A Lifting is an opened Lift.
type Lifting struct {
	// Sum tells it from others, with which the vectors would be others.
	Sum [sha256.Size]byte

	lift       *lift.Lift
	own, reads *encoder.Sentence
	ownSum     []byte // of own
	vocabulary int
	sum        []byte // of reads
}

// Open reads the folders. The vectors to lift are those of the encoder of.
func (l *Lift) Open(of *encoder.Encoder) (*Lifting, error) {
	name := filepath.Join(l.Dense, lift.File)
	data, err := folder.Files(l.Dense)(lift.File)
	if err != nil {
		return nil, err
	}
	o := &Lifting{vocabulary: of.Vocab()}
	if o.lift, err = lift.Open(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if l.Weight >= 0 {
		o.lift.Weight = float32(l.Weight)
	}
	if o.own, o.sum, err = Load(l.Dense, of.Tokenizer); err != nil {
		return nil, err
	}
	o.ownSum, o.reads = o.sum, o.own
	if l.Passages != "" {
		if o.reads, o.sum, err = Load(l.Passages, of.Tokenizer); err != nil {
			return nil, err
		}
	}
	if err := o.lift.Fits(of.Name, o.reads.Space, o.reads.Dim()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if o.own.Dim() != o.lift.Dim() {
		return nil, fmt.Errorf("%s is for an encoder %d wide; this one is %d wide", name, o.lift.Dim(), o.own.Dim())
	}
	h := sha256.New()
	fmt.Fprintf(h, "%x %x %x %v", data, o.ownSum, o.sum, o.lift.Weight)
	o.Sum = [sha256.Size]byte(h.Sum(nil))
	return o, nil
}

// terms returns what the dense encoder says of the vocabulary's terms. The folder cache keeps it.
func (l *Lifting) terms(ctx context.Context, cache string, progressTo io.Writer) (*lift.Terms, error) {
	width := 2 * l.lift.Dim()
	h := sha256.New()
	fmt.Fprintf(h, "%x %d %q %s", l.ownSum, l.vocabulary, l.own.Instruction, l.own.Pooling()) // config.json is not in ownSum
	path := filepath.Join(cache, fmt.Sprintf("%x.terms", h.Sum(nil)[:8]))
	rows, err := teacher.Kept(path, l.vocabulary, width, func() ([]float32, error) {
		meter := progress.Await(progressTo, "terms", int64(l.vocabulary))
		terms, err := lift.ReadTerms(ctx, l.own, l.vocabulary, func(done int) { meter.Update(int64(done), "") })
		if err != nil {
			return nil, err
		}
		meter.Done(fmt.Sprint(l.vocabulary))
		return terms.Rows(), nil
	})
	return lift.NewTerms(rows, width), err
}

// Apply returns the vectors of texts, lifted. The folder cache keeps the texts' dense vectors for the next
// call.
func (l *Lifting) Apply(ctx context.Context, vectors []sparse.Vector, texts []string, cache string, progressTo io.Writer) ([]sparse.Vector, error) {
	dense, err := Passages(ctx, l.reads, l.sum, texts, cache, progressTo)
	if err != nil {
		return nil, err
	}
	terms, err := l.terms(ctx, cache, progressTo)
	if err != nil {
		return nil, err
	}
	dim := l.reads.Dim()
	out := make([]sparse.Vector, len(vectors))
	if err := cores.Each(ctx, len(vectors), func() (func(i int) error, error) {
		lifter := l.lift.NewLifter(terms)
		return func(i int) error {
			v, err := lifter.Lift(vectors[i], dense[i*dim:(i+1)*dim])
			out[i] = v.Clone()
			return err
		}, nil
	}, nil); err != nil {
		return nil, err
	}
	return out, nil
}
