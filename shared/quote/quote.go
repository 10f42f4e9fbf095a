// Package quote picks what of a passage answers a question best, for the page to quote as
// its reply: a sentence, or two that belong together.
package quote

import (
	"strings"

	"parley/shared/sentence"
)

// Figures of the choice, from the judged sentences of our dev conversations
// (trainer/conversations/sentences.tsv; `trainer conversations quote` measures them).
const (
	saidShare = 0.8 // what a sentence counts that the conversation has heard already
	// The sentence after the best is quoted, too, where it has this share of its score and
	// both together are not longer than pairBytes: the answer may stand in either, or in
	// both. Not the one before: of a reply, what is asked next is read with the beginning,
	// and that should be the best sentence's.
	pairShare = 0.75
	pairBytes = 420
)

// Best gives the part of text that answers best: the one of spans, which are sentences of
// text in order, that has the highest score (of equal ones the first), with the next one
// where it fits nearly as well. A sentence that stands in one of said, the replies so far,
// comes behind others nearly as good, and joins none: it was the answer to another
// question. Best is empty only where spans are.
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

// heardIn says whether a sentence stands in one of the replies.
func heardIn(said []string, sentence string) bool {
	for _, reply := range said {
		if strings.Contains(reply, sentence) {
			return true
		}
	}
	return false
}
