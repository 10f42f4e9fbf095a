package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"parley/shared/collect"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/passages"
)

// A second makes the dense vectors of a collection's passages, in order.
type second struct {
	list    []passages.Passage
	older   map[passages.Passage]int // passages that have a vector
	vectors *dense.Vectors           // their vectors
	enc     *encoder.Sentence
	worker  *collect.DensePassageEncoder
	builder *dense.Builder
	tokens  int
	spent   time.Duration
	of      fingerprint // of list
	saved   int         // passages whose vectors are in a batch
	fresh   [][]float32 // vectors made since then
}

var errNoSecond = errors.New("no dense vectors were begun")

// dense starts the dense vectors of the passages in collection/passages.bin. Where
// older/passages.bin was given, identical passages get their vectors from older/dense.bin.
func (d *desk) dense(struct{}) (*Progress, error) {
	d.second = nil
	files, older := d.given("collection/"), d.given("older/")
	if d.encoder == nil {
		return nil, errNoEncoder
	}
	e, err := encoder.LoadSentenceOver(d.encoder.Tokenizer, func(name string) ([]byte, error) {
		if content, ok := d.parts["dense/"+name]; ok {
			return content, nil
		}
		return nil, fs.ErrNotExist
	})
	if err != nil {
		return nil, err
	}
	d.parts = nil
	store, err := passages.Open(files["passages.bin"])
	if err != nil {
		return nil, err
	}
	s := &second{list: slices.Collect(all(store)), enc: e, worker: collect.NewDensePassageEncoder(e), builder: dense.NewBuilder(e.Space, e.Dim())}
	s.of = fingerprintOf(e.Fingerprint, s.list)
	s.builder.Fingerprint = e.SpaceFingerprint
	if older["dense.bin"] != nil {
		s.remember(older)
	}
	d.second = s
	return s.progress(), nil
}

// remember reads the older collection's vectors. Files that do not fit are ignored, and
// their vectors are made again.
func (s *second) remember(older map[string][]byte) {
	store, err := passages.Open(older["passages.bin"])
	if err != nil {
		return
	}
	v, err := collect.JoinDense(older["dense.bin"], store)
	if err != nil || !v.MadeBy(s.enc.Space, s.enc.SpaceFingerprint) || v.Dim() != s.enc.Dim() {
		return
	}
	s.builder.Fingerprint = v.Fingerprint() // some vectors are theirs: no more is known than of them
	s.vectors, s.older = v, map[passages.Passage]int{}
	for i := range store.Len() {
		s.older[store.At(i)] = i
	}
}

func (s *second) progress() *Progress {
	return &Progress{Done: s.builder.Len(), Total: len(s.list), Tokens: s.tokens, MS: float64(s.spent) / 1e6}
}

// embed makes vectors for about ms milliseconds, at least one. batch returns them.
func (d *desk) embed(in struct {
	MS float64 `json:"ms"`
}) (*Progress, error) {
	s := d.second
	if s == nil {
		return nil, errNoSecond
	}
	begin := time.Now()
	end := begin.Add(time.Duration(in.MS * 1e6))
	for s.builder.Len() < len(s.list) {
		p := s.list[s.builder.Len()]
		v := make([]float32, s.enc.Dim())
		if i, ok := s.older[p]; ok {
			s.vectors.Vector(v, i)
		} else {
			fresh, n, err := s.worker.Encode(p)
			if err != nil {
				return nil, err
			}
			copy(v, fresh)
			s.tokens += n
		}
		if err := s.builder.Add(v); err != nil {
			return nil, err
		}
		s.fresh = append(s.fresh, v)
		if time.Now().After(end) {
			break
		}
	}
	s.spent += time.Since(begin)
	return s.progress(), nil
}

// vectors returns dense.bin once all vectors are made, and drops the encoder.
func (d *desk) vectors(struct{}) (*Piece, error) {
	s := d.second
	if s == nil {
		return nil, errNoSecond
	}
	if n := s.builder.Len(); n < len(s.list) {
		return nil, fmt.Errorf("only %d of %d passages have a dense vector", n, len(s.list))
	}
	var out bytes.Buffer
	if _, err := s.builder.WriteTo(&out); err != nil {
		return nil, err
	}
	d.second = nil
	return d.keep(collect.DenseFile, out.Bytes()), nil
}
