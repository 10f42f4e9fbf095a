package answer

import (
	"slices"
	"time"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/passages"
	"parley/shared/sentence"
	"parley/shared/wordpiece"
)

// This file finds the sentence that answers. It encodes each sentence as a passage of its own,
// under the passage's title, with the encoder that made the index, and scores it as passages are
// scored:
//
//	score = sum over the terms asked of query weight x sentence weight
//
// The terms asked are those that tokens of the newest question won. Terms of the history say what
// the conversation is about, which finds the passage; within the passage, the newest question
// decides. Matching the words of the sentence alone would not connect "how tall" with "330 metres";
// the encoder's expansion does. Encoding takes about 6 ms a result in a tab, so only results that
// can become the reply by themselves are encoded. For the others the words decide (glance).

// historyShare is the factor on the weight of a term that the history won. It is so small that the
// history decides only where the question won no term.
const historyShare = 0.01

// readTokens is the number of tokens of a passage from which sentences are taken; text after them
// is not quoted. Passages are normally shorter.
const readTokens = 512

// sentences scores the sentences of passages for one question.
type sentences struct {
	took     time.Duration // spent on sentences, in one answer
	session  *encoder.Session
	input    conversation.Input
	terms    []uint32  // the terms asked
	asked    []float32 // their weights
	weights  []float32 // of one sentence
	counts   []float32 // for glance, by term: its weight, and the last sentence that had it
	last     []int
	title    []wordpiece.Token
	scores   []float32 // of the sentences of the passage that was scored last
	best     float32   // the highest of scores
	light    []float32 // by term, the weights of the best sentence
	sentence string    // the best sentence
}

// ask sets the terms asked to those that the newest question won in f.
func (s *sentences) ask(f *found, newest int) {
	s.terms, s.asked = s.terms[:0], s.asked[:0]
	for i, t := range f.Vector.Terms[:f.Learned] {
		share := float32(historyShare)
		if o := f.Origin(i); o.Turn == newest && o.Side == conversation.Question {
			share = 1
		}
		s.terms, s.asked = append(s.terms, t), append(s.asked, float32(f.Vector.Weights[i]*share))
	}
	s.weights = append(s.weights[:0], s.asked...)
}

// read encodes and scores the sentences of a passage. It returns the sentences that it scored and
// their scores.
func (s *sentences) read(base *encoder.Encoder, p passages.Passage) ([]sentence.Span, []float32, error) {
	spans := sentence.Split(p.Text)
	s.scores, s.best, s.sentence = s.scores[:0], 0, ""
	s.light = append(s.light[:0], s.weights...)
	clear(s.light)
	if s.session == nil {
		s.session = base.NewSession()
	}
	read := 0
	for i, span := range spans {
		one := passages.Passage{Title: p.Title, Text: p.Text[span.Start:span.End]}
		s.input.Passage(base.Tokenizer, passages.EncoderText(one), base.PassageTokens)
		if read += len(s.input.IDs); read > readTokens && i > 0 {
			return spans[:i], s.scores, nil
		}
		if err := s.session.Weigh(s.weights, s.terms, s.input); err != nil {
			return nil, nil, err
		}
		var score float32
		for k, w := range s.weights {
			score += float32(w * s.asked[k])
		}
		if s.scores = append(s.scores, score); score > s.best {
			s.best, s.sentence = score, one.Text
			copy(s.light, s.weights)
		}
	}
	return spans, s.scores, nil
}

// titleShare is what a piece counts in glance where it stands in the passage's title: the whole
// passage is about it, so it tells sentences apart less.
const titleShare = 0.3

// glance scores the sentences of a passage by the asked terms that they contain, each counted once.
// It takes a hundredth of the time of read, and serves the results that are not encoded. tokens are
// the tokens of the text, up to readTokens.
func (s *sentences) glance(t *wordpiece.Tokenizer, p passages.Passage, tokens []wordpiece.Token) ([]sentence.Span, []float32) {
	spans := sentence.Split(p.Text)
	s.scores = append(s.scores[:0], make([]float32, len(spans))...)
	s.counts = append(s.counts[:0], s.asked...)
	s.title = t.Append(s.title[:0], p.Title, readTokens)
	for _, piece := range s.title {
		if k, ok := slices.BinarySearch(s.terms, uint32(piece.ID)); ok {
			s.counts[k] = s.asked[k] * titleShare
		}
	}
	s.last = append(s.last[:0], make([]int, len(s.terms))...)
	i := 0
	for _, token := range tokens {
		for i < len(spans) && token.Start >= spans[i].End {
			i++
		}
		if i == len(spans) {
			break
		}
		if k, ok := slices.BinarySearch(s.terms, uint32(token.ID)); ok && s.last[k] != i+1 {
			s.last[k] = i + 1
			s.scores[i] += s.counts[k]
		}
	}
	return spans, s.scores
}

// lit reports whether the best sentence of the passage that was read last has the term.
func (s *sentences) lit(term uint32) bool {
	i, ok := slices.BinarySearch(s.terms, term)
	return ok && s.light[i] > 0
}
