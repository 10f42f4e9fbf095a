package converse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"parley/shared/judged"
	"parley/shared/message"
)

// A pair is the beginning of a conversation, and a question that has nothing to do
// with it and stands alone.
type pair struct {
	begin *judged.Conversation
	turns int // of begin that were had
	from  *judged.Conversation
	turn  int // of from that is asked
}

const (
	longestBeginning = 5 // turns
	switchEvery      = 6 // of so many questions one is a topic switch of its conversation; the others are first questions
)

// pairs makes n pairs, or as many as there are; equal seeds give equal pairs.
func pairs(list []judged.Conversation, n, seed int) []pair {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	var firsts, switches []pair
	for i := range list {
		c := &list[i]
		firsts = append(firsts, pair{from: c})
		for j, t := range c.Turns {
			if t.Kind == judged.TopicSwitch && !t.NeedsContext {
				switches = append(switches, pair{from: c, turn: j})
			}
		}
	}
	order := r.Perm(len(list))
	for _, deck := range [][]pair{firsts, switches} {
		r.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	}
	var made []pair
	seen := map[pair]bool{}
	// Where nothing fits, a beginning is passed over; so there is an end in any case.
	for i := 0; len(made) < n && i < 10*n; i++ {
		begin := &list[order[i%len(order)]]
		turns := 1 + r.IntN(min(longestBeginning, len(begin.Turns)))
		deck := firsts
		if i%switchEvery == switchEvery-1 {
			deck = switches
		}
		for k, p := range deck {
			p.begin, p.turns = begin, turns
			if p.unrelated() && !seen[p] {
				// To the end of the deck, so that all questions are asked alike often.
				copy(deck[k:], deck[k+1:])
				deck[len(deck)-1] = pair{from: p.from, turn: p.turn}
				seen[p] = true
				made = append(made, p)
				break
			}
		}
	}
	return made
}

// unrelated says whether the question is of another topic than the beginning, and
// rests on other articles.
func (p pair) unrelated() bool {
	if p.from.ID == p.begin.ID || p.from.Topic == p.begin.Topic {
		return false
	}
	for _, t := range p.begin.Turns[:p.turns] {
		for _, g := range t.Judged() {
			if slices.ContainsFunc(p.from.Turns[p.turn].Judged(), func(h judged.Gold) bool { return h.ID == g.ID }) {
				return false
			}
		}
	}
	return true
}

// A Switched is the report on a split: what a new topic is worth after a
// conversation, and what deciding that it is one costs the follow-ups.
type Switched struct {
	Split   string `json:"split"`
	Encoder string `json:"encoder"`
	Pairs   int    `json:"pairs"`
	// Of the pairs, by how the question is read: shares.
	Alone   float64 `json:"right_alone"` // the right article is first where nothing was said before
	Engine  Reading `json:"engine"`      // as the engine decides
	Whole   Reading `json:"together"`    // with the history
	FollowN int     `json:"follow_ups"`
	// Of the real follow-ups, counts: the engine read so many alone, of which so many
	// need their context; the right article is first read with the history, as the
	// engine decides, and both.
	ReadAlone       int `json:"follow_ups_read_alone"`
	ReadAloneNeeds  int `json:"follow_ups_read_alone_that_need_context"`
	Switches        int `json:"topic_switches"` // follow-ups that the writer labelled so
	SwitchesAlone   int `json:"topic_switches_read_alone"`
	FirstTogether   int `json:"follow_ups_first_together"`
	FirstAsDecided  int `json:"follow_ups_first_as_decided"`
	FirstBoth       int `json:"follow_ups_first_both"`
	FirstBothNeed   int `json:"follow_ups_first_both_that_need_context"`
	TogetherAndNeed int `json:"follow_ups_first_together_that_need_context"`
}

// A Reading is what becomes of a question behind a conversation: shares of the pairs.
type Reading struct {
	Same  float64 `json:"same"`  // its first article is that of the question alone
	Right float64 `json:"right"` // its first article is right
	Alone float64 `json:"alone"` // it was read alone
}

// Switch plays the splits, and asks of each n questions behind the beginning of a
// conversation that they have nothing to do with; equal seeds draw the same. A split with
// fewer such pairs is an error.
func (p *Player) Switch(ctx context.Context, n, seed int) ([]Switched, error) {
	p.begin("questions", p.turns(p.Splits)+n*len(p.Splits))
	var reports []Switched
	for _, split := range p.Splits {
		s := Switched{Split: split, Encoder: p.Engine.Encoder.Name}
		said := map[string][]message.Turn{} // by conversation, with the engine's replies
		err := p.playSplit(ctx, split, 0, func(t Played) error {
			said[t.Of.ID] = t.Asked // its last turn's reply is filled in later
			if t.Place == 0 {
				return nil
			}
			return s.followUp(p, t)
		})
		if err != nil {
			return nil, err
		}
		list := pairs(p.Set[split], n, seed)
		if len(list) < n {
			return nil, fmt.Errorf("%s has %d pairs of a conversation and an unrelated question, not %d: lower --pairs", split, len(list), n)
		}
		for _, of := range list {
			if err := s.pair(p, of, said[of.begin.ID][:of.turns]); err != nil {
				return nil, fmt.Errorf("%s after %d turns of %s: %w", of.from.QueryID(of.turn), of.turns, of.begin.ID, err)
			}
			p.count()
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		s.mean()
		reports = append(reports, s)
	}
	p.meter.Done("")
	return reports, nil
}

// followUp counts what the engine's decision does to a real follow-up, whose answer
// is the one that the engine decided on.
func (s *Switched) followUp(p *Player, played Played) error {
	t, a := played.judged(), played.Answer
	whole := a
	if a.Alone {
		var err error
		if whole, err = p.ask(played.Asked, 1, message.ReadTogether); err != nil {
			return err
		}
	}
	right := rightOnes(gold(t, p.Pooled))
	together, decided := right[firstOf(whole)], right[firstOf(a)]
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	s.FollowN++
	count(&s.ReadAlone, a.Alone)
	count(&s.ReadAloneNeeds, a.Alone && t.NeedsContext)
	count(&s.Switches, t.Kind == judged.TopicSwitch)
	count(&s.SwitchesAlone, a.Alone && t.Kind == judged.TopicSwitch)
	count(&s.FirstTogether, together)
	count(&s.FirstAsDecided, decided)
	count(&s.FirstBoth, together && decided)
	count(&s.TogetherAndNeed, together && t.NeedsContext)
	count(&s.FirstBothNeed, together && decided && t.NeedsContext)
	return nil
}

// pair counts what becomes of a question behind what was said.
func (s *Switched) pair(p *Player, of pair, said []message.Turn) error {
	asked := &of.from.Turns[of.turn]
	question := message.Turn{Question: asked.Question}
	right := rightOnes(gold(asked, p.Pooled))
	alone, err := p.ask([]message.Turn{question}, 1, "")
	if err != nil {
		return err
	}
	s.Pairs++
	if right[firstOf(alone)] {
		s.Alone++
	}
	turns := append(slices.Clone(said), question)
	for _, by := range []struct {
		read string
		to   *Reading
	}{{"", &s.Engine}, {message.ReadTogether, &s.Whole}} {
		a, err := p.ask(turns, 1, by.read)
		if err != nil {
			return err
		}
		if firstOf(a) == firstOf(alone) {
			by.to.Same++
		}
		if right[firstOf(a)] {
			by.to.Right++
		}
		if a.Alone {
			by.to.Alone++
		}
	}
	return nil
}

// mean turns the pairs' counts into shares.
func (s *Switched) mean() {
	n := float64(max(1, s.Pairs))
	s.Alone /= n
	for _, r := range []*Reading{&s.Engine, &s.Whole} {
		r.Same, r.Right, r.Alone = r.Same/n, r.Right/n, r.Alone/n
	}
}
