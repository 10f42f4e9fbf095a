package answer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/shared/conversation"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/wordpiece"
)

// The second stage. Of a passage it knows the cosine of its vector with the
// conversation's, and with both stages
//
//	score = sparse score + DenseWeight * (cosine - DenseZero)
//
// of the candidates: the best of the sparse stage and, in a collection that is not too
// large to compare every passage, the best by cosine. Each candidate has its exact sparse
// score and its exact cosine, whichever of the two proposed it.
const (
	candidates = 200     // of each stage
	exhaustive = 200_000 // passages up to which every one is compared
)

// ErrNoDense says that the dense stage was asked for and is not there.
var ErrNoDense = errors.New("the dense stage is not loaded: it needs a dense encoder and the vectors of this collection's passages (dense.bin)")

// A second is the dense stage's working memory.
type second struct {
	session  *encoder.SentenceSession
	searcher *dense.Searcher
	input    conversation.Input
	query    []float32 // [Dim]

	keys   []uint64 // numbers of the candidates, then their scores in order
	docs   []uint32 // the candidates, ascending
	scores []float32
	hits   []index.Hit
	parts  []float32 // what the stage adds to each of hits
}

// SetDense gives the engine a dense stage, or takes it away where both are nil. It
// refuses parts that do not belong together; the engine then has none.
func (e *Engine) SetDense(s *encoder.Sentence, v *dense.Vectors) error {
	e.Dense, e.Vectors, e.second = nil, nil, nil
	switch {
	case s == nil && v == nil:
		return nil
	case s == nil:
		return fmt.Errorf("answer: the collection has dense vectors, but there is no dense encoder; both are needed")
	case v == nil:
		return fmt.Errorf("answer: the collection has no dense vectors (dense.bin) for the dense encoder %s; index it with that", s.Name)
	case s.Space != v.Space():
		return fmt.Errorf("answer: the collection's dense vectors are of %s, the dense encoder %s compares with those of %s; index it with that", v.Space(), s.Name, s.Space)
	case s.Dim() != v.Dim():
		return fmt.Errorf("answer: the collection's dense vectors have %d values, those of the dense encoder %s %d; they must come from the same model", v.Dim(), s.Name, s.Dim())
	case v.Len() != e.Passages.Len():
		return fmt.Errorf("answer: the collection has %d passages, but dense vectors of %d; they must be built together", e.Passages.Len(), v.Len())
	case !sameVocabulary(s.Tokenizer, e.Encoder.Tokenizer):
		return fmt.Errorf("answer: the dense encoder %s has another vocabulary than the encoder %s", s.Name, e.Encoder.Name)
	}
	e.Dense, e.Vectors = s, v
	return nil
}

func sameVocabulary(a, b *wordpiece.Tokenizer) bool {
	if a == b {
		return true
	}
	if a.Size() != b.Size() {
		return false
	}
	for id := range int32(a.Size()) {
		if a.Piece(id) != b.Piece(id) {
			return false
		}
	}
	return true
}

// stage says which stages answer where stage was asked for and the sparse one is sure
// with that probability.
func (e *Engine) stage(stage string, sure float32) (string, error) {
	switch {
	case stage == message.StageSparse, stage == "" && (e.Dense == nil || e.Dense.DenseWeight == 0):
		return message.StageSparse, nil
	case stage != "" && stage != message.StageDense && stage != message.StageBoth:
		return "", fmt.Errorf(`the question is to be answered by stage %q; wanted %q, %q, %q, or "" to let the engine decide`, stage, message.StageSparse, message.StageDense, message.StageBoth)
	case e.Dense == nil:
		return "", ErrNoDense
	case stage == message.StageBoth && e.Dense.DenseWeight == 0:
		return "", fmt.Errorf("the dense encoder %s has no dense_weight in its config.json, so that its scores cannot be added; ask for stage %q or %q", e.Dense.Name, message.StageSparse, message.StageDense)
	case stage != "":
		return stage, nil
	case e.Dense.SureAbove > 0 && sure >= e.Dense.SureAbove:
		return message.StageSparse, nil
	}
	return message.StageBoth, nil
}

// search2 runs the dense stage over turns, of which f was read and found, and makes k hits
// of what both stages, or the dense one alone, found.
func (e *Engine) search2(f *found, turns []conversation.Turn, k int) error {
	start := time.Now()
	s := e.second
	if s == nil {
		s = &second{session: e.Dense.NewSession(), searcher: e.Vectors.NewSearcher(), query: make([]float32, e.Dense.Dim())}
		e.second = s
	}
	if f.Alone {
		clear(turns[:len(turns)-1])
	}
	e.Dense.Conversation(&s.input, turns)
	if err := s.session.Embed(s.query, s.input); err != nil {
		return err
	}
	weight, zero := e.Dense.DenseWeight, e.Dense.DenseZero
	if weight == 0 { // never fitted: the cosine itself
		weight, zero = 1, 0
	}
	add := func(cosine float32) float32 { return float32(weight * (cosine - zero)) }

	best := s.hits[:0]
	s.parts = s.parts[:0]
	if f.stage == message.StageDense {
		for _, h := range s.searcher.Best(s.query, k) {
			score := add(h.Cosine)
			best, s.parts = append(best, index.Hit{Doc: h.Doc, Score: score}), append(s.parts, score)
		}
	} else {
		s.keys, s.docs = s.keys[:0], s.docs[:0]
		for _, h := range f.hits {
			s.keys = append(s.keys, uint64(h.Doc))
		}
		if e.Vectors.Len() <= exhaustive {
			for _, h := range s.searcher.Best(s.query, candidates) {
				s.keys = append(s.keys, uint64(h.Doc))
			}
		}
		slices.Sort(s.keys)
		for i, doc := range s.keys {
			if i == 0 || doc != s.keys[i-1] {
				s.docs = append(s.docs, uint32(doc))
			}
		}
		for len(s.scores) < len(s.docs) {
			s.scores = append(s.scores, 0)
		}
		e.searcher.Scores(s.scores, f.Vector, s.docs)
		cosines := s.searcher.Cosines(s.query, s.docs)
		s.keys = s.keys[:0]
		for i := range s.docs { // ascending: of equal scores, the lower number's key is greater
			score := s.scores[i] + add(cosines[i])
			s.keys = append(s.keys, uint64(dense.Order(score))<<32|uint64(^uint32(i)))
		}
		slices.Sort(s.keys)
		for _, key := range slices.Backward(s.keys[max(0, len(s.keys)-k):]) {
			i := ^uint32(key)
			part := add(cosines[i])
			best, s.parts = append(best, index.Hit{Doc: s.docs[i], Score: s.scores[i] + part}), append(s.parts, part)
		}
	}
	s.hits = best
	f.hits, f.parts, f.second = best, s.parts, time.Since(start)
	return nil
}
