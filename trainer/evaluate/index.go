package evaluate

import (
	"bytes"
	"context"
	"fmt"
	"io"
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
	Cache    string    // the folder in which the passages' vectors are kept, sparse and dense
	Progress io.Writer // where progress is shown
}

// A Pruning says how much of each passage's vector is kept.
type Pruning struct {
	Mass float64 // keep the heaviest terms, up to this share of the weight; 1: all
	Top  int     // of these, keep at most so many; 0: all
}

// EncodePassages returns enc's vectors of the set's passages, in their order. They are
// cached without pruning, by a key made from the texts, sum and a few of the vectors.
func (e *Evaluator) EncodePassages(ctx context.Context, enc *encoder.Encoder, sum [32]byte, keep Pruning) ([]sparse.Vector, error) {
	docs := e.Set.Passages
	// Progress is measured in bytes of text, not in passages: size[i] is the size of the
	// first i.
	size := make([]int64, len(docs.Texts)+1)
	for i, t := range docs.Texts {
		size[i+1] = size[i] + int64(len(t))
	}
	meter := progress.Await(e.Progress, "passages", size[len(docs.Texts)])
	kept := -1
	file, err := docs.Vectors(ctx, enc, sum, e.Cache, func(done int) {
		if kept < 0 {
			kept = done
		}
		meter.Update(size[done], fmt.Sprintf("%d of %d", done, len(docs.Texts)))
	})
	if err != nil {
		return nil, err
	}
	meter.Done(fmt.Sprintf("%d encoded, %d kept from before", len(docs.Texts)-kept, kept))
	return keep.prune(file.All()), nil // the file stays open until the program ends
}

// prune returns what is kept of vectors, which stay as they are.
func (keep Pruning) prune(vectors []sparse.Vector) []sparse.Vector {
	if keep.Top == 0 && keep.Mass >= 1 {
		return vectors
	}
	vectors = slices.Clone(vectors)
	for i, v := range vectors {
		if keep.Mass < 1 {
			v = v.Mass(keep.Mass)
		}
		if keep.Top > 0 {
			v = v.Top(keep.Top)
		}
		vectors[i] = v
	}
	return vectors
}

// An Index is a collection that can be searched.
type Index struct {
	// File is index.bin, and Lookup returns the term of a word in it. Both are nil if float
	// weights are searched; Lookup is also nil if there are no words.
	File   []byte
	Lookup func(stem []byte) (term uint32, ok bool)
	Terms  int                // the number of learned terms and words
	Docs   *sparse.Activation // of the passages' vectors, including words

	search func(q sparse.Vector, depth int) (hits []metrics.Hit, postings int)
}

// Search returns the best documents for q, at most depth, best first, and the number of
// postings that it read, which is 0 if float weights are searched.
func (x *Index) Search(q sparse.Vector, depth int) (hits []metrics.Hit, postings int) {
	return x.search(q, depth)
}

// NewIndex makes the index that ships, from the passages' vectors and, if bm25 is not
// nil, their words weighed by BM25.
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

// OpenIndex returns an Index of an opened file. ids are its documents' ids. Search
// leaves out the documents for which leaveOut is true; nil leaves out none. The cost of
// searches is not known: Terms, Docs and Lookup are empty.
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

// NewExact returns an Index of the vectors' float weights, without words.
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
