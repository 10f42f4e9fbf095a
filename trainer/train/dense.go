package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"parley/shared/importers"
	"parley/trainer/teacher"
)

// A denseTeacher has what a dense student learns from its frozen encoder.
type denseTeacher struct {
	dim      int
	tokens   int                  // the length at which passages are cut
	space    string               // the name of the encoder whose vectors the student learns
	print    string               // its fingerprint; "" where it is not known
	queries  map[string][]float32 // the vectors of the rewrites, each [dim] of length 1
	passages []float32            // [n][dim], if the loss needs candidates
	texts    []string             // the passages that the student reads beside questions, in the order of the steps
	vectors  []float32            // the vectors of texts, [n][dim]
}

// prepareDense reads the frozen dense encoder. It computes the rewrites' vectors, or
// reads them from the cache; if the loss has candidates, it does the same for the
// passages' vectors and their rankings.
func (p *prepared) prepareDense(ctx context.Context, c *Config, stderr io.Writer) error {
	from := cmp.Or(c.DocEncoder, c.Encoder)
	s, sum, err := p.loadSentence(from)
	if err != nil {
		return err
	}
	if err := p.sumStudent(c, from); err != nil {
		return err
	}
	c.Instruction = cmp.Or(c.Instruction, s.Instruction)
	c.Pooling = cmp.Or(c.Pooling, s.Pooling())
	if c.Pooling != s.Pooling() {
		return fmt.Errorf("pooling is %q, but config.json of the teacher %s says %q: their vectors cannot be compared", c.Pooling, from, s.Pooling())
	}
	p.tokenizer = s.Tokenizer
	p.dense = denseTeacher{dim: s.Dim(), tokens: s.PassageTokens, space: cmp.Or(s.Space, filepath.Base(from)), print: s.SpaceFingerprint}

	p.train, p.dev = rewritten("training", p.train, stderr), rewritten("dev", p.dev, stderr)
	if len(p.train) == 0 {
		return errors.New("there is no example to train on: none has a rewrite")
	}
	texts := map[string]bool{}
	for _, list := range [][]importers.Example{p.train, p.dev} {
		for _, e := range list {
			texts[e.Rewrite] = true
		}
	}
	rewrites := slices.Sorted(maps.Keys(texts))
	asked := make([]string, len(rewrites))
	for i, t := range rewrites {
		asked[i] = c.Instruction + t
	}
	v, err := embed(ctx, c, s, sum, asked, s.MaxTokens(), "encoding rewrites", stderr)
	if err != nil {
		return err
	}
	p.dense.queries = map[string][]float32{}
	for i, t := range rewrites {
		p.dense.queries[t] = v[i*s.Dim() : (i+1)*s.Dim()]
	}
	candidates := c.KLD != 0 || c.InfoNCE != 0
	if !candidates && c.PassageTexts == 0 {
		return nil
	}
	passages, err := p.readPassages(c)
	if err != nil {
		return err
	}
	if c.PassageTexts > 0 {
		// The texts for all steps. If there are fewer passages, they are repeated.
		n := c.PassageTexts * c.steps(len(p.train))
		for _, i := range random(c.Seed, 0, 7).Perm(len(p.texts))[:min(n, len(p.texts))] {
			p.dense.texts = append(p.dense.texts, p.texts[i])
		}
		tokens := cmp.Or(c.PassageSize, p.dense.tokens)
		if p.dense.vectors, err = embed(ctx, c, s, sum, p.dense.texts, tokens, "encoding the passages to learn", stderr); err != nil {
			return err
		}
	}
	if !candidates {
		return nil
	}
	if p.dense.passages, err = embed(ctx, c, s, sum, p.texts, p.dense.tokens, "encoding passages", stderr); err != nil {
		return err
	}
	key := teacher.KeyOf(passages.IDs)
	err = p.rankBy(ctx, c, passages.IDs, stderr, "the teacher ranks", func() (func() teacher.Ranker, error) {
		return teacher.Dense(s, p.dense.passages, c.Depth, c.Instruction)
	}, []byte("dense student"), sum, textsKey(p.texts), key[:], fmt.Append(nil, c.Depth, p.dense.tokens), []byte(c.Instruction))
	if err != nil {
		return err
	}
	return p.keepTaught(stderr)
}

// rewritten returns the examples that have a rewrite.
func rewritten(what string, examples []importers.Example, stderr io.Writer) []importers.Example {
	kept := slices.DeleteFunc(slices.Clone(examples), func(e importers.Example) bool { return e.Rewrite == "" })
	if n := len(examples) - len(kept); n > 0 {
		fmt.Fprintf(stderr, "%d of %d %s examples have no rewrite and are left out\n", n, len(examples), what)
	}
	return kept
}
