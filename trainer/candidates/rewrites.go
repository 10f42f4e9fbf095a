package candidates

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"parley/shared/conversation"
	"parley/shared/importers"
	"parley/shared/passages"
	"parley/shared/sentence"
)

// A Teacher finds passages, and judges them for a question that is understandable alone.
type Teacher interface {
	// Find returns the best passages for the newest of the turns, Found of them.
	Find(turns []conversation.Turn) ([]passages.Passage, error)
	// Read returns the logit of whether a passage answers the question, and those of its
	// sentences (sentence.Split): all of them, or those that begin early enough to be read.
	Read(question string, p passages.Passage) (relevance float32, sentences []float32, err error)
}

const (
	taughtRead   = 3  // of the rewrite's results about its subject, so many are read
	taughtOthers = 3  // passages about something else in an example
	oneSentence  = .5 // share of the softmax that makes a sentence the one that answers
)

// Rewritten makes examples from conversations with rewrites, at most most of them (0: no
// limit): the teacher judges by the rewrite, and the example has the conversation, so a
// reader learns to see in the conversation what the rewrite says. So the encoders learn,
// too (DiSCo, arXiv 2410.14609), from scores where this takes the teacher's word.
//
// Relevant is the passage that the teacher prefers among the rewrite's first results whose
// title the rewrite names, if its logit is above 0; and so is its sentence, if one has half
// of the softmax. The others are what the conversation finds first about anything else.
// First questions, and those without a rewrite, are left out. The examples come in an order
// drawn by the seed; done is called with their number after each.
func Rewritten(list []importers.Example, t Teacher, most int, seed uint64, done func(examples int)) ([]Example, error) {
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
		e, ok, err := rewritten(x, t, rand.New(rand.NewPCG(seed^4, uint64(i))))
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
func rewritten(x *importers.Example, t Teacher, r *rand.Rand) (e Example, ok bool, err error) {
	found, err := t.Find([]conversation.Turn{{Question: x.Rewrite}})
	if err != nil {
		return e, false, err
	}
	var right Passage
	var most float32
	read := 0
	for _, p := range found {
		if read == taughtRead {
			break
		}
		if !names(x.Rewrite, p.Title) {
			continue
		}
		read++
		relevance, sentences, err := t.Read(x.Rewrite, p)
		if err != nil {
			return e, false, err
		}
		if relevance <= most {
			continue
		}
		most = relevance
		right = Passage{Title: p.Title, Text: p.Text, Relevant: true}
		if k := standsOut(sentences); k >= 0 && k < len(sentence.Split(p.Text)) {
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
	list, err := t.Find(x.Turns())
	if err != nil {
		return e, false, err
	}
	var wrong []passages.Passage
	for _, p := range list {
		if !names(x.Rewrite, p.Title) {
			wrong = append(wrong, p)
		}
	}
	e.add(wrong, taughtOthers, r)
	return e, len(e.Passages) > 1, nil
}

// add adds n of the passages, which do not answer: the first, and others.
func (e *Example) add(wrong []passages.Passage, n int, r *rand.Rand) {
	if len(wrong) > n {
		rest := wrong[1:]
		r.Shuffle(len(rest), func(a, b int) { rest[a], rest[b] = rest[b], rest[a] })
		wrong = wrong[:n]
	}
	for _, p := range wrong {
		e.Passages = append(e.Passages, Passage{Title: p.Title, Text: p.Text})
	}
}

// names reports whether a question names what a passage is about: its title, without what
// is in brackets.
func names(question, title string) bool {
	title, _, _ = strings.Cut(title, " (")
	name := plain(title)
	return len(name) > 3 && strings.Contains(plain(question), name)
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
	if best < 0 || 1/sum < oneSentence {
		return -1
	}
	return best
}
