// Package quote picks the part of a passage that answers a question best, which the page
// quotes as its reply: a sentence, or two that belong together.
package quote

import (
	"strings"

	"parley/shared/sentence"
)

// Constants of the choice, fitted to the judged sentences of our dev conversations
// (trainer/conversations/sentences.tsv; `trainer conversations quote` measures them).
const (
	saidShare = 0.8 // factor on the score of a sentence that was a reply already
	// The sentence after the best is quoted too where it has this share of the best one's
	// score and both together have at most pairBytes: the answer may be in either, or in
	// both. The sentence before is not: the next question is read with the beginning of
	// the reply, which should be the best sentence.
	pairShare = 0.75
	pairBytes = 420
)

// Best returns the part of text that answers best: of spans, which are sentences of text
// in order, the one with the highest score (of equal ones the first), joined with the next
// one where that scores nearly as well. A sentence that stands in one of said, the replies
// so far, answered another question: its score is lowered, and it is not joined. Best
// returns an empty span only where spans is empty.
func Best(text string, spans []sentence.Span, scores []float32, said []string) sentence.Span {
	if len(spans) == 0 {
		return sentence.Span{}
	}
	score := func(i int) (s float32, heard bool) {
		if s = scores[i]; heardIn(said, text[spans[i].Start:spans[i].End]) {
			return saidShare * s, true
		}
		return s, false
	}
	best := 0
	top, heard := score(0)
	for i := 1; i < len(spans); i++ {
		if s, h := score(i); s > top {
			best, top, heard = i, s, h
		}
	}
	pair := spans[best]
	if heard || !(top > 0) {
		return pair
	}
	if next := best + 1; next < len(spans) {
		both := sentence.Span{Start: pair.Start, End: spans[next].End}
		if s, heard := score(next); s >= pairShare*top && !heard && both.End-both.Start <= pairBytes {
			return both
		}
	}
	return pair
}

// heardIn reports whether a sentence stands in one of the replies.
func heardIn(said []string, sentence string) bool {
	for _, reply := range said {
		if strings.Contains(reply, sentence) {
			return true
		}
	}
	return false
}
