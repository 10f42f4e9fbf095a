package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"parley/shared/encoder"
	"parley/shared/importers"
	"parley/shared/progress"
	"parley/trainer/corpus"
	"parley/trainer/teacher"
)

// embed returns the texts' vectors by a dense encoder whose checksum is sum, [n][Dim].
// The cache keeps them.
func embed(ctx context.Context, c *Config, by *encoder.Sentence, sum []byte, texts []string, tokens int, what string, stderr io.Writer) ([]float32, error) {
	of := sha256.Sum256(slices.Concat(sum, textsKey(texts), fmt.Append(nil, tokens)))
	if err := os.MkdirAll(c.Cache, 0o777); err != nil {
		return nil, err
	}
	path := filepath.Join(c.Cache, fmt.Sprintf("%x.dense", of[:8]))
	m := progress.Await(stderr, what, int64(len(texts)))
	v, err := teacher.Embed(ctx, by, texts, tokens, path, func(done int) { m.Update(int64(done), "") })
	if err == nil {
		m.Done(fmt.Sprintf("%d", len(texts)))
	}
	return v, err
}

// rankBy opens or makes a teacher's ranking of the passages, whose ids are given, for
// all rewrites. key differs for each teacher.
func (p *prepared) rankBy(ctx context.Context, c *Config, ids []string, stderr io.Writer, what string, ranker func() (func() teacher.Ranker, error), key ...[]byte) error {
	f, err := teacher.Open(ctx, rankingPath(c, key...), teacher.KeyOf(ids), len(ids))
	if err != nil {
		return err
	}
	p.lists = append(p.lists, f)
	var todo []teacher.Query
	seen := map[string]bool{}
	for _, list := range [][]importers.Example{p.train, p.dev} {
		for _, e := range list {
			if id := byRewrite(&e); e.Rewrite != "" && !seen[id] {
				seen[id] = true
				todo = append(todo, teacher.Query{ID: id, Text: e.Rewrite})
			}
		}
	}
	if !slices.ContainsFunc(todo, func(q teacher.Query) bool { return !f.Has(q.ID) }) {
		return f.Seal()
	}
	by, err := ranker()
	if err != nil {
		return err
	}
	m := progress.Await(stderr, what, int64(len(todo)))
	if err := teacher.Rank(ctx, by, todo, f, func(done int) { m.Update(int64(done), "") }); err != nil {
		return err
	}
	m.Done(fmt.Sprintf("%d rewrites", len(todo)))
	return f.Seal()
}

// rank opens or makes the teachers' rankings. frozen is the checksum of the frozen
// encoder's files.
func (p *prepared) rank(ctx context.Context, c *Config, passages *corpus.Corpus, frozen [32]byte, stderr io.Writer) error {
	if len(c.Teachers) > 0 {
		return p.openRankings(ctx, c, passages.IDs)
	}
	key := teacher.KeyOf(passages.IDs)
	depth := fmt.Append(nil, c.Depth)
	err := p.rankBy(ctx, c, passages.IDs, stderr, "the teacher ranks", func() (func() teacher.Ranker, error) {
		return teacher.Sparse(p.frozen, p.docs, c.Depth), nil
	}, []byte("own"), frozen[:], key[:], depth)
	if err != nil || c.Dense == "" {
		return err
	}
	p.shares = []float64{1 - c.DenseShare, c.DenseShare}
	dense, sum, err := p.loadSentence(c.Dense)
	if err != nil {
		return err
	}
	texts := textsKey(passages.Texts)
	return p.rankBy(ctx, c, passages.IDs, stderr, "the dense teacher ranks", func() (func() teacher.Ranker, error) {
		v, err := embed(ctx, c, dense, sum, passages.Texts, c.DenseTokens, "encoding passages for the dense teacher", stderr)
		if err != nil {
			return nil, err
		}
		return teacher.Dense(dense, v, c.Depth, "")
	}, []byte("dense"), sum, texts, key[:], depth, fmt.Append(nil, c.DenseTokens))
}

// openRankings opens the rankings in c.Teachers, which other programs made. The cache
// keeps them in this program's form.
func (p *prepared) openRankings(ctx context.Context, c *Config, ids []string) error {
	p.rankingOf = func(e *importers.Example) string { return e.ID }
	// Data sets may have ids in common.
	whose := map[string]string{}
	for _, e := range slices.Concat(p.train, p.dev) {
		if other, again := whose[e.ID]; again {
			return fmt.Errorf("both %[2]q and %[3]q have the id %[1]q, so a ranking in --teachers would apply to both", e.ID, other, e.Source)
		}
		whose[e.ID] = e.Source
	}
	key := teacher.KeyOf(ids)
	open := func(path string) (*teacher.File, error) { return teacher.Open(ctx, path, key, len(ids)) }
	for _, from := range c.Teachers {
		if err := p.sum(from); err != nil {
			return err
		}
		at := rankingPath(c, []byte(p.sums[from]), key[:])
		if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
			if err := importRanking(from, at, ids, open); err != nil {
				return err
			}
		}
		f, err := open(at)
		if err != nil {
			return err
		}
		p.lists = append(p.lists, f)
		if err := f.Seal(); err != nil {
			return err
		}
	}
	return nil
}

// rankingPath returns the path in the cache of the ranking that depends on all parts of
// key.
func rankingPath(c *Config, key ...[]byte) string {
	h := sha256.New()
	for _, b := range key {
		h.Write(b)
	}
	return filepath.Join(c.Cache, fmt.Sprintf("%x.ranking", h.Sum(nil)[:8]))
}

// importRanking makes the file at from another program's ranking. The file gets its name
// only when it is complete, so that half a ranking never looks like a whole one. If two
// runs do this at the same time, the second waits in open, and then finds the file.
func importRanking(from, at string, ids []string, open func(path string) (*teacher.File, error)) error {
	part := at + ".part"
	f, err := open(part)
	if err != nil {
		return err
	}
	defer f.Close()
	defer os.Remove(part) // after the rename, this does nothing
	if _, err := os.Stat(at); err == nil {
		return nil
	}
	if err := teacher.Import(from, ids, f); err != nil {
		return err
	}
	return os.Rename(part, at)
}

// textsKey returns a key of a collection that depends on its passages' texts.
func textsKey(texts []string) []byte {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d ", len(t))
		io.WriteString(h, t)
	}
	return h.Sum(nil)
}

// textID returns an id for a ranking that depends on the question's text, so that runs
// can share the ranking.
func textID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

// byRewrite returns the id of an example's ranking, made from the text that the teacher
// reads.
func byRewrite(e *importers.Example) string { return textID(e.Rewrite) }

// list returns the teachers' fused ranking for an example.
func (p *prepared) list(e *importers.Example) (teacher.List, error) {
	id := p.rankingOf(e)
	var lists []teacher.List
	var shares []float64
	for i, f := range p.lists {
		l, err := f.Get(id)
		if err != nil {
			return l, err
		}
		if len(l.Docs) > 0 {
			lists = append(lists, l)
			if p.shares != nil {
				shares = append(shares, p.shares[i])
			}
		}
	}
	if len(lists) == 0 {
		return teacher.List{}, nil
	}
	return teacher.Fuse(lists, shares, p.fuse == "max"), nil
}

// keepTaught drops the examples for which no teacher ranked passages.
func (p *prepared) keepTaught(stderr io.Writer) (err error) {
	if p.train, err = p.taught("training", p.train, stderr); err != nil {
		return err
	}
	if len(p.train) == 0 {
		return errors.New("there is no example to train on: none has a rewrite (or a ranking in --teachers)")
	}
	p.dev, err = p.taught("dev", p.dev, stderr)
	return err
}

// taught returns the examples for which a teacher ranked at least two passages.
func (p *prepared) taught(what string, examples []importers.Example, stderr io.Writer) ([]importers.Example, error) {
	var kept []importers.Example
	for i := range examples {
		l, err := p.list(&examples[i])
		if err != nil {
			return nil, err
		}
		if len(l.Docs) >= 2 {
			kept = append(kept, examples[i])
		}
	}
	if n := len(examples) - len(kept); n > 0 {
		fmt.Fprintf(stderr, "%d of %d %s examples are left out, because they have no ranking (no rewrite, or no ranking in --teachers)\n", n, len(examples), what)
	}
	return kept, nil
}
