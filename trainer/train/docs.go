//go:build libtorch

package train

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/progress"
	"parley/shared/sparse"
	"parley/trainer/exact"
	"parley/trainer/torch"
)

// A searcher is the collection in which the dev set is ranked: all of it, with the
// frozen encoder's vectors, or the part that measureDocs chooses, with the trained
// encoder's.
type searcher struct {
	*exact.Index
	docs []uint32 // the documents' numbers in the collection; nil if docs is the whole collection
}

func (x searcher) share() searcher { return searcher{x.Index.Share(), x.docs} }

// doc returns the number in the collection of a hit's document.
func (x searcher) doc(hit uint32) uint32 {
	if x.docs == nil {
		return hit
	}
	return x.docs[hit]
}

// loadDoc reads the document encoder that trains from the folder from.
func (r *runner) loadDoc(from string) (err error) {
	if r.doc, err = torch.Load(from, r.device); err != nil {
		return err
	}
	if n := r.passageTokens(); n > r.doc.Config.Positions {
		return fmt.Errorf("doc-tokens is %d, the document encoder has %d positions", n, r.doc.Config.Positions)
	}
	if r.c.Freeze {
		return r.doc.FreezeEmbedding()
	}
	return nil
}

func (r *runner) passageTokens() int {
	if r.c.DocTokens > 0 {
		return r.c.DocTokens
	}
	return r.p.frozen.PassageTokens
}

// passage returns a passage of the collection as the document encoder reads it.
func (r *runner) passage(doc uint32) []int32 {
	return conversation.Passage(r.p.frozen.Tokenizer, r.p.texts[doc], r.passageTokens()).IDs
}

// saveBestDoc writes the document encoder to best/doc.
func (r *runner) saveBestDoc(best string) error {
	folder := filepath.Join(best, "doc")
	settings := encoder.Settings{
		Name:             filepath.Base(r.c.Out) + "-doc",
		QueryTokens:      r.p.frozen.Query.MaxTokens,
		HistoryTokenType: int(r.p.frozen.Query.HistoryType),
		PassageTokens:    r.passageTokens(),
	}
	if err := r.doc.Save(folder, map[string]any{"parley": settings}); err != nil {
		return err
	}
	return copyTokenizer(r.docFolder(), folder)
}

func (r *runner) docFolder() string { return cmp.Or(r.c.DocEncoder, r.c.Encoder) }

// measureDocs encodes the passages in which the dev set is ranked with the document
// encoder as it is now. They are the teacher's first ten for every dev example, and
// others drawn by the seed, up to --dev-passages. It also returns their mean L0.
func (r *runner) measureDocs(ctx context.Context) (x searcher, l0 float64, err error) {
	if x.docs, err = r.devPassages(); err != nil {
		return x, 0, err
	}
	ids := make([][]int32, len(x.docs))
	order := make([]int, len(x.docs)) // by length, so that little is padded
	for i, d := range x.docs {
		ids[i], order[i] = r.passage(d), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(ids[a]) - len(ids[b]) })
	vectors := make([]sparse.Vector, len(x.docs))
	done := 0
	m := progress.New(r.stderr, "encoding passages for the dev set", 0, int64(len(order)))
	for part := range slices.Chunk(order, 64) {
		if err := ctx.Err(); err != nil {
			return x, 0, err
		}
		var list [][]int32
		for _, i := range part {
			list = append(list, ids[i])
		}
		vs, err := r.doc.Encode(list, nil, nil)
		if err != nil {
			return x, 0, err
		}
		for k, i := range part {
			vectors[i] = vs[k]
			l0 += float64(vs[k].L0()) / float64(len(order))
		}
		done += len(part)
		m.Update(int64(done), "")
	}
	m.Done("")
	x.Index = exact.New(vectors)
	return x, l0, nil
}

// devPassages returns the numbers of the passages that measureDocs encodes, increasing.
func (r *runner) devPassages() ([]uint32, error) {
	most := r.c.DevPassages
	if most == 0 {
		most = math.MaxInt
	}
	chosen := make([]bool, len(r.p.texts))
	n := 0
	choose := func(d uint32) {
		if !chosen[d] {
			chosen[d] = true
			n++
		}
	}
	for i := range r.p.dev {
		l, err := r.p.list(&r.p.dev[i])
		if err != nil {
			return nil, err
		}
		for _, d := range l.Docs[:min(relevant, len(l.Docs))] {
			choose(d)
		}
	}
	for _, d := range random(r.c.Seed, 0, 4).Perm(len(chosen)) {
		if n >= most {
			break
		}
		choose(uint32(d))
	}
	docs := make([]uint32, 0, n)
	for d, in := range chosen {
		if in {
			docs = append(docs, uint32(d))
		}
	}
	return docs, nil
}
