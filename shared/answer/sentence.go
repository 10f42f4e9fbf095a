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

// Which sentence answers? Each is encoded as a passage of its own, under the passage's
// title, by the encoder that made the index, and scored as passages are:
//
//	score = sum over the terms asked of query weight x sentence weight
//
// The terms asked are those that the newest question lit. Those of the history say what
// the conversation is about, which finds the passage; within it, what is asked now
// decides. Against the words of the sentence alone, with which the reply was chosen
// before, expansion bridges "how tall" and "330 metres". It takes about 6 ms a result in a
// tab, so only those that can become the reply of themselves are read; of the others the
// words still decide.

// historyShare is what a term of the history counts: so little that it decides only where
// the question lit nothing.
const historyShare = 0.01

// readTokens bounds what of a passage is read for a sentence: what lies beyond is not
// quoted. Passages are shorter, unless someone's are not.
const readTokens = 512

// A sentences reads the sentences of passages for one question.
type sentences struct {
	took     time.Duration // of an answer
	session  *encoder.Session
	input    conversation.Input
	terms    []uint32  // asked
	asked    []float32 // their weights
	weights  []float32 // of one sentence
	counts   []float32 // at a glance: what a term counts, and the sentence that had it last
	last     []int
	title    []wordpiece.Token
	scores   []float32 // of a passage's
	best     float32   // the highest of these
	light    []float32 // the weights of the sentence that has it
	sentence string    // that sentence
}

// ask takes the terms of the question that f was read from.
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

// read scores the sentences of a passage, of which it gives those that it read.
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

// titleShare is what a piece of the passage's title counts at a glance: all of it is about
// that.
const titleShare = 0.3

// glance scores the sentences of a passage by the asked terms that stand in them, each
// once: what is done for results that are not read, in a hundredth of the time. tokens are
// those of the text, as far as it is looked at.
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

// lit says whether the best sentence of the passage read last has a term that was asked.
func (s *sentences) lit(term uint32) bool {
	i, ok := slices.BinarySearch(s.terms, term)
	return ok && s.light[i] > 0
}
