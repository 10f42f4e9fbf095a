package candidates

import (
	"fmt"
	"math"
	"math/rand/v2"

	"parley/shared/conversation"
	"parley/shared/importers"
	"parley/shared/passages"
)

// A Judge returns the logit of whether a passage answers a question that is understandable
// alone, and those of its sentences (sentence.Split), -Inf for those that begin too late to
// be read.
type Judge func(question string, p passages.Passage) (relevance float32, sentences []float32, err error)

const (
	taughtRead   = 3  // of the rewrite's results about its subject, so many are read
	taughtOthers = 3  // passages about something else in an example
	oneSentence  = .5 // share of the softmax that makes a sentence the one that answers
)

// Rewritten makes examples from conversations with rewrites, at most most of them (0: no
// limit): a teacher reads the rewrite, and the example has the conversation, so a
// reader learns to see in the conversation what the rewrite says. So the encoders learn,
// too (DiSCo, arXiv 2410.14609), from scores where this takes the teacher's word.
//
// Relevant is the passage that the teacher prefers among the rewrite's first results whose
// title the rewrite names, if its logit is above 0; and so is its sentence, if one has half
// of the softmax. The others are what the conversation finds first about anything else.
// First questions, and those without a rewrite, are left out. The examples come in an order
// drawn by the seed; done is called with their number after each.
func Rewritten(list []importers.Example, find Find, judge Judge, most int, seed uint64, done func(examples int)) ([]Example, error) {
	var all []Example
	for _, i := range rand.New(rand.NewPCG(seed, 3)).Perm(len(list)) {
		if most > 0 && len(all) == most {
			break
		}
		x := &list[i]
		if len(x.History) == 0 || x.Rewrite == "" {
			continue
		}
		// A generator for each, so that one does not change the next.
		e, ok, err := rewritten(x, find, judge, rand.New(rand.NewPCG(seed^4, uint64(i))))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", x.ID, err)
		}
		if ok {
			all = append(all, e)
			done(len(all))
		}
	}
	return all, nil
}

// rewritten makes an example of a question, if the teacher knows a passage.
func rewritten(x *importers.Example, find Find, judge Judge, r *rand.Rand) (e Example, ok bool, err error) {
	found, err := find([]conversation.Turn{{Question: x.Rewrite}})
	if err != nil {
		return e, false, err
	}
	var right Passage
	var most float32
	looked := 0
	for _, p := range found {
		if looked == taughtRead {
			break
		}
		if !names(x.Rewrite, p.Title) {
			continue
		}
		looked++
		relevance, sentences, err := judge(x.Rewrite, p)
		if err != nil {
			return e, false, err
		}
		if relevance <= most {
			continue
		}
		most = relevance
		right = Passage{Title: p.Title, Text: p.Text, Relevant: true}
		if k := standsOut(sentences); k >= 0 {
			right.Sentences = []int{k}
		}
	}
	if !right.Relevant {
		return e, false, nil
	}
	e = Example{ID: x.ID, Source: Rewrites, Passages: []Passage{right}}
	for _, turn := range x.Turns() {
		e.Questions = append(e.Questions, turn.Question)
	}
	for _, turn := range x.History {
		e.Replies = append(e.Replies, turn.Reply)
	}
	list, err := find(x.Turns())
	if err != nil {
		return e, false, err
	}
	var wrong []Passage
	for _, p := range list {
		if !names(x.Rewrite, p.Title) {
			wrong = append(wrong, Passage{Title: p.Title, Text: p.Text})
		}
	}
	e.Passages = append(e.Passages, Draw(wrong, 1, taughtOthers, r)...)
	return e, len(wrong) > 0, nil
}

// standsOut returns the number of the sentence that has at least oneSentence of the
// softmax, or -1.
func standsOut(logits []float32) int {
	best := -1
	for i, x := range logits {
		if best < 0 || x > logits[best] {
			best = i
		}
	}
	var sum float64
	for _, x := range logits {
		sum += math.Exp(float64(x) - float64(logits[best]))
	}
	if 1/sum >= oneSentence { // not so where no sentence was read, and the sum is no number
		return best
	}
	return -1
}
