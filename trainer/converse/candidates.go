package converse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/answer"
	"parley/shared/judged"
	"parley/shared/message"
	"parley/shared/sentence"
	"parley/trainer/candidates"
	"parley/trainer/conversations"
)

const (
	candidateResults = 10 // results that an example's passages are drawn from
	candidateWrong   = 4  // of them without a grade: the first two, and two others
	candidateNone    = 3  // results of an input that nothing answers
)

// Candidates plays the splits and makes an example for the reader of every turn that has
// a right article, and of every unanswerable input. dir has unanswerable.jsonl. Turns for
// which excluded returns true, given question and rewrite, are left out. seed draws the
// results that are not right.
func (p *Player) Candidates(ctx context.Context, dir string, seed uint64, excluded func(texts ...string) bool) ([]candidates.Example, error) {
	none, err := conversations.ReadUnanswerable(filepath.Join(dir, "unanswerable.jsonl"), p.Set)
	if err != nil {
		return nil, err
	}
	none = slices.DeleteFunc(none, func(u conversations.Unanswerable) bool { return !slices.Contains(p.Splits, u.Split) })
	j := newJudge(p.Engine.Passages, p.Pooled)
	p.begin("turns", p.turns(p.Splits)+len(none))
	var all []candidates.Example
	said := map[string][]message.Turn{} // conversations with the replies that they were given
	for _, split := range p.Splits {
		turn := 0
		err := p.playSplit(ctx, split, candidateResults, func(t Played) error {
			turn++
			said[t.Of.ID] = slices.Clone(t.Asked)
			if excluded(t.judged().Question, t.judged().Rewrite) {
				return nil
			}
			// A generator for each turn, so that one does not change the next.
			if e, ok := j.candidates(t, rand.New(rand.NewPCG(seed, uint64(turn)))); ok {
				all = append(all, e)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, u := range none {
		before := said[u.After]
		asked := append(slices.Clone(before[:min(u.Turns, len(before))]), message.Turn{Question: u.Question})
		a, err := p.ask(asked, candidateNone, "")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.ID, err)
		}
		p.count()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := candidates.Example{ID: u.ID, Source: candidates.Unanswerable}
		e.Questions, e.Replies = read(asked, &a)
		for _, r := range a.Results {
			e.Passages = append(e.Passages, candidates.Passage{Title: r.Title, Text: r.Text})
		}
		if len(e.Passages) > 0 && !excluded(u.Question) {
			all = append(all, e)
		}
	}
	p.meter.Done(fmt.Sprintf("%d examples", len(all)))
	return all, nil
}

// read returns what the reader is given of a conversation: the newest question alone where
// it was read alone.
func read(asked []message.Turn, a *message.Answer) (questions, replies []string) {
	if a.Alone {
		asked = asked[len(asked)-1:]
	}
	for _, t := range asked {
		questions = append(questions, t.Question)
		replies = append(replies, answer.Said(t.Title, t.Reply))
	}
	return questions, replies[:len(replies)-1]
}

// candidates makes the example of a turn, if one of its right articles is known.
func (j *judge) candidates(t Played, r *rand.Rand) (e candidates.Example, ok bool) {
	e = candidates.Example{ID: t.Of.QueryID(t.Place), Source: candidates.Conversations}
	e.Questions, e.Replies = read(t.Asked, &t.Answer)
	graded := map[string]bool{}
	known := gold(t.judged(), j.pooled)
	for _, g := range known {
		graded[g.ID] = true
	}
	right := rightOnes(known)
	facts := strings.HasPrefix(t.Of.ID, conversations.Facts) // of these, all is known
	var answers *candidates.Passage
	var wrong []candidates.Passage
	for _, result := range t.Answer.Results {
		p := candidates.Passage{Title: result.Title, Text: result.Text}
		if right[result.ID] && answers == nil {
			answers = &p
		}
		if !graded[result.ID] && (facts || !mayTell(result.ID, result.Title, t.judged().Rewrite)) {
			wrong = append(wrong, p)
		}
	}
	for _, g := range known {
		if n, found := j.number[g.ID]; found && right[g.ID] && answers == nil {
			article := j.articles.At(n)
			answers = &candidates.Passage{Title: article.Title, Text: article.Text}
		}
	}
	if answers == nil {
		return e, false
	}
	answers.Relevant, answers.Sentences = true, j.sentences(t.judged(), answers.Text)
	e.Passages = append([]candidates.Passage{*answers}, candidates.Draw(wrong, candidateWrong/2, candidateWrong, r)...)
	return e, true
}

// mayTell reports whether a passage is one of the Factbook's about a country that the
// question names. In the conversations to train on, nobody judged these, and many answer.
func mayTell(id, title, rewrite string) bool {
	return isFactbook(id) && strings.Contains(strings.ToLower(rewrite), strings.ToLower(conversations.Country(title)))
}

// sentences returns the numbers of the text's sentences that are nearly as like the
// writer's reply as the best of them; nil if none is like it.
func (j *judge) sentences(t *judged.Turn, text string) (list []int) {
	likeness := j.likeness(t)
	var values []float64
	for _, s := range sentence.Split(text) {
		values = append(values, likeness(text[s.Start:s.End]))
	}
	if len(values) == 0 || slices.Max(values) <= 0 {
		return nil
	}
	enough := nearBest * slices.Max(values)
	for i, v := range values {
		if v >= enough {
			list = append(list, i)
		}
	}
	return list
}
