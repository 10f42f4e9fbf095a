package collection

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"parley/shared/collect"
	"parley/shared/dense"
	"parley/shared/encoder/folder"
	"parley/shared/lift"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// A LoadedLift is a lift (package lift) that was read from a dense encoder's folder, with the encoder, which
// is asked for the terms, and a SHA-256 of both.
type LoadedLift struct {
	*lift.Lift
	By   *LoadedDenseEncoder
	Hash [sha256.Size]byte
}

// ErrNoLift is wrapped by OpenLift's error for a folder without a lift.
var ErrNoLift = errors.New("the dense encoder has no " + lift.File + " (trainer lift makes it)")

// ErrNothingToLiftBy is returned by Build where there is a lift, but no dense vectors.
var ErrNothingToLiftBy = errors.New("a lift needs the passages' dense vectors, and the folder has none of these passages: make them, too (--dense)")

// OpenLift reads the lift of a dense encoder that was read from dir.
func OpenLift(dir string, by *LoadedDenseEncoder) (*LoadedLift, error) {
	data, err := folder.Files(dir)(lift.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoLift)
	}
	if err != nil {
		return nil, err
	}
	l, err := lift.Open(data)
	if err == nil && l.Dim() != by.Dim() {
		err = fmt.Errorf("it is for an encoder %d wide; this one is %d wide", l.Dim(), by.Dim())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, lift.File), err)
	}
	return &LoadedLift{l, by, sha256.Sum256(slices.Concat(data, by.Hash[:]))}, nil
}

// liftKey returns the key of vectors that o.Lift changes, whose key is otherwise key. kept is the
// dense.bin that stays, nil where o.Dense makes one.
func liftKey(key [sha256.Size]byte, enc *LoadedEncoder, kept []byte, o *Options) ([sha256.Size]byte, error) {
	var space, print string
	var dim int
	switch {
	case o.Dense != nil:
		space, print, dim = o.Dense.Space, o.Dense.SpaceFingerprint, o.Dense.Dim()
	case kept != nil:
		v, err := dense.Open(kept)
		if err != nil {
			return key, err
		}
		space, print, dim = v.Space(), v.Fingerprint(), v.Dim()
	default:
		return key, ErrNothingToLiftBy
	}
	if err := o.Lift.Fits(enc.Name, space, dim); err != nil {
		return key, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%x %x %q %q", key, o.Lift.Hash, space, print)
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// liftedWorker returns encoders of the passages in list, for encode. They lift the vectors by those in
// dense.bin, rounded as they are there, so that a folder's files say what they were made of.
func liftedWorker(ctx context.Context, enc *LoadedEncoder, list []passages.Passage, bin []byte, o *Options) (func() func(i int) (sparse.Vector, int, error), error) {
	vectors, err := dense.Open(bin)
	if err != nil {
		return nil, err
	}
	var last time.Time
	terms, err := lift.ReadTerms(ctx, o.Lift.By.Sentence, enc.Vocab(), func(done int) {
		if time.Since(last) >= syncEvery {
			last = time.Now()
			o.Progress(Progress{Terms: true, Done: done, Total: enc.Vocab()})
		}
	})
	if err != nil {
		return nil, err
	}
	return func() func(i int) (sparse.Vector, int, error) {
		e, by, row := collect.NewPassageEncoder(enc.Encoder, o.Settings), o.Lift.NewLifter(terms), make([]float32, vectors.Dim())
		return func(i int) (sparse.Vector, int, error) {
			v, n, err := e.EncodeWhole(list[i])
			if err != nil {
				return v, n, err
			}
			vectors.Vector(row, i)
			if v, err = by.Lift(v, row); err != nil {
				return v, n, fmt.Errorf("passage %q: %w", list[i].ID, err)
			}
			return e.Prune(v).Clone(), n, nil
		}
	}, nil
}
