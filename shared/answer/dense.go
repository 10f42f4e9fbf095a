package answer

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"parley/shared/conversation"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/message"
)

// The second stage compares the conversation's dense vector with each passage's. With both stages a
// passage's score is
//
//	score = sparse score + DenseWeight * (cosine - DenseZero)
//
// for each candidate: the best of the sparse stage and, in a collection small enough to compare
// every passage, the best by cosine. Every candidate gets its exact sparse score and its exact
// cosine, whichever stage found it.
const (
	candidates = 200     // from each stage
	exhaustive = 200_000 // the most passages of a collection in which every one is compared
)

// ErrNoDense is returned where the dense stage was asked for and none is loaded.
var ErrNoDense = errors.New("the dense stage is not loaded: it needs a dense encoder and the vectors of this collection's passages (dense.bin)")

// second is the dense stage's working memory.
type second struct {
	session  *encoder.SentenceSession
	searcher *dense.Searcher
	input    conversation.Input
	query    []float32 // [Dim]
}

// SetDense gives the engine a dense stage, or removes it where both are nil. It returns an error
// for parts that do not belong together or to the engine's collection; the engine then has no dense
// stage. It removes a reader.
func (e *Engine) SetDense(s *encoder.Sentence, v *dense.Vectors) error {
	e.Dense, e.Vectors, e.second = nil, nil, nil
	e.Reader, e.third = nil, nil
	if s == nil && v == nil {
		return nil
	}
	why := ""
	switch {
	case s == nil:
		why = "there is no dense encoder for the collection's dense vectors"
	case v == nil:
		why = "the collection has no dense vectors (dense.bin) for the dense encoder " + s.Name
	case s.Space != v.Space():
		why = "the collection's dense vectors are of " + v.Space() + ", the dense encoder " + s.Name + " compares with those of " + s.Space
	case !v.MadeBy(s.Space, s.SpaceFingerprint):
		why = "the collection's dense vectors are of another model called " + s.Space + " (" + v.Fingerprint() + ") than the one that the dense encoder " + s.Name + " compares with (" + s.SpaceFingerprint + "): make them again"
	case s.Dim() != v.Dim():
		why = "the collection's dense vectors have another length than those of the dense encoder " + s.Name
	case v.Len() != e.lexicon.Docs():
		why = "the collection has another number of dense vectors than of passages; they must be built together"
	case !s.Tokenizer.Same(e.Encoder.Tokenizer):
		why = "the dense encoder " + s.Name + " has another vocabulary than the sparse one; they must share it"
	default:
		e.Dense, e.Vectors = s, v
		return nil
	}
	return errors.New("answer: " + why)
}

// stage returns the stages that answer, given the stage that was asked for and the sparse stage's
// probability of being right.
func (e *Engine) stage(stage string, sure float32) (string, error) {
	d := e.Dense
	switch stage {
	case "":
		if d == nil || d.DenseWeight == 0 || d.SureAbove > 0 && sure >= d.SureAbove {
			return message.StageSparse, nil
		}
		if e.Reader != nil {
			return message.StageRead, nil
		}
		return message.StageBoth, nil
	case message.StageSparse:
		return stage, nil
	case message.StageDense, message.StageBoth, message.StageRead:
		if d == nil {
			return "", ErrNoDense
		}
		if e.Reader == nil && stage == message.StageRead {
			return "", ErrNoReader
		}
		if d.DenseWeight == 0 && stage != message.StageDense {
			return "", errors.New("the dense encoder has no dense_weight in its config.json, so that its scores cannot be added; ask one stage alone")
		}
		return stage, nil
	}
	return "", errors.New("the question is to be answered by stage " + strconv.Quote(stage) + `; wanted "sparse", "dense", "both", "read", or "" to let the engine decide`)
}

// search2 runs the dense stage over turns, for which f holds the sparse query and hits. It replaces
// f's hits by the k best of both stages, or of the dense stage alone.
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
	if weight == 0 { // the weight was never fitted: rank by the cosine itself
		weight, zero = 1, 0
	}
	both := f.stage != message.StageDense

	var near []dense.Hit
	if !both {
		f.hits, near = nil, s.searcher.Best(s.query, k)
	} else if e.Vectors.Len() <= exhaustive {
		near = s.searcher.Best(s.query, candidates)
	}
	// The candidates' numbers, ascending, each once.
	keys := make([]uint64, len(f.hits)+len(near))
	for i, h := range f.hits {
		keys[i] = uint64(h.Doc)
	}
	for i, h := range near {
		keys[len(f.hits)+i] = uint64(h.Doc)
	}
	if both && f.rule.title {
		keys = append(keys, uint64(f.rule.titled))
	}
	slices.Sort(keys)
	docs, n := make([]uint32, len(keys)), 0
	for i, doc := range keys {
		if i == 0 || doc != keys[i-1] {
			docs[n] = uint32(doc)
			n++
		}
	}
	docs, keys = docs[:n], keys[:n]
	scores := make([]float32, n)
	if both {
		if err := e.Source.Scores(scores, f.Vector, docs); err != nil {
			return err
		}
	}
	parts := s.searcher.Cosines(s.query, docs)
	for i, cosine := range parts { // ascending, so that of equal scores the lower number has the greater key
		parts[i] = float32(weight * (cosine - zero))
		scores[i] += parts[i]
		keys[i] = uint64(dense.Order(scores[i]))<<32 | uint64(^uint32(i))
	}
	slices.Sort(keys)
	k = min(k, n)
	f.hits, f.parts = make([]index.Hit, k), make([]float32, k)
	for j := range k {
		i := ^uint32(keys[n-1-j])
		f.hits[j], f.parts[j] = index.Hit{Doc: docs[i], Score: scores[i]}, parts[i]
	}
	if both && f.rule.title { // what is asked about is among the hits that the rule compares
		found := false
		for _, h := range f.hits {
			found = found || h.Doc == f.rule.titled
		}
		if i, ok := slices.BinarySearch(docs, f.rule.titled); ok && !found && k > 0 {
			f.hits[k-1], f.parts[k-1] = index.Hit{Doc: docs[i], Score: scores[i]}, parts[i]
		}
	}
	f.second = time.Since(start)
	return nil
}
