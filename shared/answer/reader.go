package answer

import (
	"errors"
	"math"
	"time"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/matrix"
	"parley/shared/passages"
	"parley/shared/sentence"
)

// The third stage reads the question together with each of the first results of both stages. With
// it, a result's score is
//
//	score = score of both stages + Weight * (relevance - the least relevance of those read)
//
// What is added is never negative, so that results that were read stay before all others and change
// places only among themselves.

// ErrNoReader is returned where the reader was asked for and none is loaded.
var ErrNoReader = errors.New("the reader is not loaded: it needs a dense encoder with reader.safetensors and the vectors of this collection's passages (dense.bin)")

// third is the reader's working memory.
type third struct {
	session *encoder.ReaderSession
	read    []readHit // in the order of the hits
	turns   []conversation.Turn
	logits  []float32 // of all sentences read
	share   []float32 // of one passage's sentences
}

// A readHit is what the reader says of a hit.
type readHit struct {
	part      float32 // the reader's part of the hit's score
	relevance float32
	from, to  int // its sentences' logits
}

// SetReader gives the engine a reader for its dense stage, or removes it where r is nil. It returns
// an error for a reader of another dense encoder; the engine then has no reader.
func (e *Engine) SetReader(r *encoder.Reader) error {
	e.Reader, e.third = nil, nil
	switch {
	case r == nil:
	case e.Dense == nil:
		return ErrNoDense
	case !r.BelongsTo(e.Dense):
		return errors.New("answer: the reader belongs to another dense encoder than " + e.Dense.Name)
	default:
		e.Reader = r
	}
	return nil
}

// search3 runs the reader over turns and the first hits of f, which both stages found, and puts
// these in order anew.
func (e *Engine) search3(f *found, turns []conversation.Turn) error {
	start := time.Now()
	s := e.third
	if s == nil {
		s = &third{session: e.Reader.NewSession()}
		e.third = s
	}
	hits := f.hits[:min(len(f.hits), e.Reader.Results)]
	if err := e.bring(hits); err != nil {
		return err
	}
	s.read, s.logits = s.read[:0], s.logits[:0]
	s.turns = append(s.turns[:0], turns...)
	for i := range s.turns {
		s.turns[i].Reply = Said(f.turns[i].Title, s.turns[i].Reply)
	}
	s.session.Ask(s.turns)
	clear(s.turns) // forget
	least := float32(math.MaxFloat32)
	for i, h := range hits {
		p := e.Source.Passage(h.Doc)
		text := passages.EncoderText(p)
		own, spans := len(text)-len(p.Text), sentence.Split(p.Text)
		relevance, logits, err := s.session.Read(text, own, spans)
		if err != nil {
			return err
		}
		if f.says != nil { // the reader confuses places among the largest, too
			relevance += float32(ruleRelevance * f.says[i])
		}
		least = min(least, relevance)
		s.read = append(s.read, readHit{relevance: relevance, from: len(s.logits), to: len(s.logits) + len(logits)})
		s.logits = append(s.logits, logits...)
	}
	for i := range s.read {
		r := &s.read[i]
		r.part = float32(e.Reader.Weight * (r.relevance - least))
		hits[i].Score += r.part
	}
	f.read = s.read
	f.order(len(hits))
	f.third = time.Since(start)
	return nil
}

// Said returns a reply as the reader reads it: as encoders read passages, with the title of the
// passage that it quotes, which often is what the next question is about.
func Said(title, reply string) string {
	if reply == "" {
		return ""
	}
	return passages.EncoderText(passages.Passage{Title: title, Text: reply})
}

// weighSentences adds to the scores of a passage's sentences, in relation to the best, what the
// reader says of them. r is its reading of the passage.
func (e *Engine) weighSentences(scores []float32, r *readHit) {
	weight := e.Reader.SentenceWeight
	if weight == 0 {
		return
	}
	var best float32
	for _, s := range scores {
		best = max(best, s)
	}
	shares := e.third.shares(r)
	for i := range scores {
		if best > 0 {
			scores[i] /= best
		}
		if i < len(shares) {
			scores[i] += float32(weight * shares[i])
		}
	}
}

// shares returns the softmax of the logits of a passage's sentences. A sentence that was not read
// has none.
func (s *third) shares(r *readHit) []float32 {
	logits := s.logits[r.from:r.to]
	s.share = append(s.share[:0], logits...)
	most := float32(math.Inf(-1))
	for _, x := range logits {
		most = max(most, x)
	}
	var sum float32
	for i, x := range logits {
		if s.share[i] = 0; x > float32(math.Inf(-1)) {
			s.share[i] = matrix.Exp(x - most)
			sum += s.share[i]
		}
	}
	if sum > 0 {
		for i := range s.share {
			s.share[i] /= sum
		}
	}
	return s.share
}

// mostLikely returns the greatest share of a sentence.
func (s *third) mostLikely(r *readHit) (most float32) {
	for _, p := range s.shares(r) {
		most = max(most, p)
	}
	return most
}
