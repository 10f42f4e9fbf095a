package evaluate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"

	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/progress"
	"parley/shared/sparse"
	"parley/shared/words"
	"parley/trainer/corpus"
	"parley/trainer/exact"
	"parley/trainer/metrics"
)

// An Evaluator measures systems on a set.
type Evaluator struct {
	Set      *Set
	Cache    string   // folder that keeps the passages' vectors, sparse and dense
	Progress *os.File // where progress is shown
}

// A Pruning says what is kept of each passage's vector.
type Pruning struct {
	Mass float64 // this share of its weight, in its heaviest terms; 1: all
	Top  int     // and of these its heaviest; 0: all
}

// EncodePassages returns the vectors of the set's passages by enc, in their order. The
// cache keeps them, unpruned, by a key of the texts, of sum and of a few of the vectors.
func (e *Evaluator) EncodePassages(ctx context.Context, enc *encoder.Encoder, sum [32]byte, keep Pruning) ([]sparse.Vector, error) {
	docs := e.Set.Passages
	// Time goes by text, not by passage: size[i] is what the first i hold, in bytes.
	size := make([]int64, len(docs.Texts)+1)
	for i, t := range docs.Texts {
		size[i+1] = size[i] + int64(len(t))
	}
	var meter *progress.Meter
	fresh := 0
	file, err := docs.Vectors(ctx, enc, sum, e.Cache, func(done int) {
		if meter == nil {
			meter = progress.New(e.Progress, "passages", size[done], size[len(docs.Texts)])
			fresh = len(docs.Texts) - done
		}
		meter.Update(size[done], fmt.Sprintf("%d of %d", done, len(docs.Texts)))
	})
	if err != nil {
		return nil, err
	}
	meter.Done(fmt.Sprintf("%d encoded, %d kept from before", fresh, len(docs.Texts)-fresh))
	all := file.All() // open to the program's end
	if keep.Top > 0 || keep.Mass < 1 {
		all = slices.Clone(all) // the cache's are not touched
	}
	for i, v := range all {
		if keep.Mass < 1 {
			v = v.Mass(keep.Mass)
		}
		if keep.Top > 0 {
			v = v.Top(keep.Top)
		}
		all[i] = v
	}
	return all, nil
}

// An Index is a collection that is searched.
type Index struct {
	// File is index.bin, and Lookup the term of a word in it: both nil where float
	// weights are searched, Lookup also where there are no words.
	File   []byte
	Lookup func(stem []byte) (term uint32, ok bool)
	Terms  int                // learned ones and words
	Docs   *sparse.Activation // of the passages' vectors, words included

	search func(q sparse.Vector, depth int) (hits []metrics.Hit, postings int)
}

// Search returns the best documents for q, at most depth, best first, and the number of
// postings touched, 0 where float weights are searched.
func (x *Index) Search(q sparse.Vector, depth int) (hits []metrics.Hit, postings int) {
	return x.search(q, depth)
}

// NewIndex makes the index that ships of passages' vectors, with their words, weighed by
// BM25, where bm25 is not nil.
func NewIndex(vocab int, vectors []sparse.Vector, of *corpus.Corpus, bm25 *words.BM25) (*Index, error) {
	b := index.NewBuilder(vocab)
	if bm25 != nil {
		b.BM25 = *bm25
	}
	for i, v := range vectors {
		if err := b.Add(v); err != nil {
			return nil, fmt.Errorf("passage %q: %w", of.IDs[i], err)
		}
		if bm25 != nil {
			b.AddWords(of.Parts(i))
		}
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		return nil, err
	}
	opened, err := index.Open(out.Bytes())
	if err != nil {
		return nil, err
	}
	x := OpenIndex(opened, of.IDs, nil)
	x.File = out.Bytes()
	x.Terms = vocab + opened.Words()
	x.Docs = sparse.NewActivation(x.Terms)
	for _, v := range vectors {
		x.Docs.Add(v)
	}
	for t := vocab; t < x.Terms; t++ {
		x.Docs.Hold(uint32(t), opened.DF(uint32(t)))
	}
	if bm25 != nil {
		x.Lookup = opened.Lookup
	}
	return x, nil
}

// OpenIndex searches an index whose documents have the given ids, without those that
// leaveOut names (nil: none). Of what it finds no cost is known: Terms and Docs are
// empty, and so is Lookup.
func OpenIndex(opened *index.Index, ids []string, leaveOut func(id string) bool) *Index {
	hidden := 0
	for _, id := range ids {
		if leaveOut != nil && leaveOut(id) {
			hidden++
		}
	}
	searcher := opened.NewSearcher()
	return &Index{search: func(q sparse.Vector, depth int) (hits []metrics.Hit, postings int) {
		found, cost := searcher.Search(q, depth+hidden)
		for _, h := range found {
			if id := ids[h.Doc]; len(hits) < depth && (leaveOut == nil || !leaveOut(id)) {
				hits = append(hits, metrics.Hit{Doc: id, Score: float64(h.Score)})
			}
		}
		return hits, cost.Postings
	}}
}

// NewExact searches the vectors' float weights, without words.
func NewExact(vocab int, vectors []sparse.Vector, of *corpus.Corpus) *Index {
	all := exact.New(vectors)
	x := &Index{Terms: vocab, Docs: sparse.NewActivation(vocab)}
	for _, v := range vectors {
		x.Docs.Add(v)
	}
	x.search = func(q sparse.Vector, depth int) (hits []metrics.Hit, postings int) {
		for _, h := range all.Search(q, depth) {
			hits = append(hits, metrics.Hit{Doc: of.IDs[h.Doc], Score: h.Score})
		}
		return hits, 0
	}
	return x
}
