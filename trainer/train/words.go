package train

import (
	"slices"

	"parley/shared/conversation"
	"parley/shared/importers"
	"parley/shared/sparse"
	"parley/shared/words"
	"parley/trainer/corpus"
	"parley/trainer/torch"
)

// A lexicon assigns dimensions to the collection's words, after the learned ones and in
// the order of their bytes, as the index does. A nil lexicon has no words.
type lexicon struct {
	vocab  int
	place  map[string]uint32
	reader words.Reader
}

// dims returns the number of dimensions, learned terms and words.
func (x *lexicon) dims() int {
	if x == nil {
		return 0
	}
	return x.vocab + len(x.place)
}

// addWords returns a lexicon of the passages' words, and the passages' vectors with the
// words' impacts after the learned terms.
func addWords(of *corpus.Corpus, docs []sparse.Vector, vocab int) (*lexicon, []sparse.Vector) {
	counts := of.Count()
	list := counts.Words()
	x := &lexicon{vocab: vocab, place: make(map[string]uint32, len(list))}
	more := make([]int, len(docs))
	for _, w := range list {
		for d := range counts.Impacts(w, words.Default) {
			more[d]++
		}
	}
	out := make([]sparse.Vector, len(docs))
	for d, v := range docs {
		n := v.L0() + more[d]
		out[d] = sparse.Vector{Terms: append(make([]uint32, 0, n), v.Terms...), Weights: append(make([]float32, 0, n), v.Weights...)}
	}
	for i, w := range list {
		term := uint32(vocab + i)
		x.place[w] = term
		for d, impact := range counts.Impacts(w, words.Default) {
			out[d].Terms, out[d].Weights = append(out[d].Terms, term), append(out[d].Weights, impact)
		}
	}
	return x, out
}

// terms returns the dimensions of text's words that the collection has, ascending.
func (x *lexicon) terms(text string) []uint32 {
	var terms []uint32
	x.reader.Each(text, func(w []byte, _, _ int) {
		if t, ok := x.place[string(w)]; ok {
			terms = append(terms, t)
		}
	})
	slices.Sort(terms)
	return slices.Compact(terms)
}

// score returns the sum of a document's impacts of words, which is BM25.
func score(terms []uint32, doc sparse.Vector) (sum float32) {
	at := 0
	for _, t := range terms {
		i, ok := slices.BinarySearch(doc.Terms[at:], t)
		if at += i; ok {
			sum += doc.Weights[at]
		}
	}
	return sum
}

// stems returns the stems of text's words.
func (x *lexicon) stems(text string) map[string]bool {
	m := map[string]bool{}
	x.reader.Each(text, func(w []byte, _, _ int) { m[string(w)] = true })
	return m
}

// read returns an input's words as a step reads them.
func (x *lexicon) read(in *conversation.Input, turns []conversation.Turn, rewrite string, buffer *conversation.Words) []torch.Word {
	buffer.Read(in, turns)
	rewritten := x.stems(rewrite)
	list := make([]torch.Word, len(buffer.List))
	for i, w := range buffer.List {
		stem := buffer.Stem(i)
		list[i] = torch.Word{Term: x.place[string(stem)], First: w.First, Last: w.Last, InRewrite: rewritten[string(stem)]}
	}
	return list
}

// builds returns whether a question builds on its history: 1 if its rewrite has words that
// it does not have, and else -1, for unknown, because it may be understandable alone and
// still be about the same topic.
func builds(e *importers.Example, reader *words.Reader) float32 {
	own := map[string]bool{}
	reader.Each(e.Question, func(w []byte, _, _ int) { own[string(w)] = true })
	answer := float32(-1)
	reader.Each(e.Rewrite, func(w []byte, _, _ int) {
		if !own[string(w)] {
			answer = 1
		}
	})
	return answer
}
