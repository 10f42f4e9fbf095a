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
// with it and is understandable alone.
type pair struct {
	begin *judged.Conversation
	turns int // how many turns of begin come first
	from  *judged.Conversation
	turn  int // the turn of from that is asked
}

const (
	longestBeginning = 5 // in turns
	switchEvery      = 6 // one in so many questions is a topic switch of its conversation; the others are first questions
)

// pairs returns n pairs, or as many as there are. Equal seeds give equal pairs.
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
	// A beginning without a fitting question is skipped; the limit ends the loop in
	// any case.
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
				// Move it to the end of the deck, so that all questions are asked
				// equally often.
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

// unrelated reports whether the question is of another topic than the beginning, and
// based on other articles.
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

// A Switched is the report on a split: what the engine gains on a new topic after a
// conversation, and what follow-ups lose when it takes them for one.
type Switched struct {
	Split   string `json:"split"`
	Encoder string `json:"encoder"`
	Pairs   int    `json:"pairs"`
	// The next three are shares of the pairs, by how the question is read.
	Alone   float64 `json:"right_alone"` // the right article is first if nothing was said before
	Engine  Reading `json:"engine"`      // as the engine decides
	Whole   Reading `json:"together"`    // with the history
	FollowN int     `json:"follow_ups"`
	// The rest are counts of the real follow-ups. The engine read ReadAlone of them
	// alone, some of which need their context. The right article is first with the
	// history, as the engine decides, and in both cases.
	ReadAlone       int `json:"follow_ups_read_alone"`
	ReadAloneNeeds  int `json:"follow_ups_read_alone_that_need_context"`
	Switches        int `json:"topic_switches"` // follow-ups that the writer labelled as topic switches
	SwitchesAlone   int `json:"topic_switches_read_alone"`
	FirstTogether   int `json:"follow_ups_first_together"`
	FirstAsDecided  int `json:"follow_ups_first_as_decided"`
	FirstBoth       int `json:"follow_ups_first_both"`
	FirstBothNeed   int `json:"follow_ups_first_both_that_need_context"`
	TogetherAndNeed int `json:"follow_ups_first_together_that_need_context"`
}

// A Reading has the shares of the pairs, for one way to read the question after a
// conversation.
type Reading struct {
	Same  float64 `json:"same"`  // its first article is that of the question alone
	Right float64 `json:"right"` // its first article is right
	Alone float64 `json:"alone"` // it was read alone
}

// Switch plays the splits. In each it asks n questions after the beginning of a
// conversation that they have nothing to do with; equal seeds draw the same questions.
// A split with fewer such pairs is an error.
func (p *Player) Switch(ctx context.Context, n, seed int) ([]Switched, error) {
	p.begin("questions", p.turns(p.Splits)+n*len(p.Splits))
	var reports []Switched
	for _, split := range p.Splits {
		s := Switched{Split: split, Encoder: p.Engine.Encoder.Name}
		said := map[string][]message.Turn{} // by conversation, with the engine's replies
		err := p.playSplit(ctx, split, 0, func(t Played) error {
			said[t.Of.ID] = t.Asked // the reply of its last turn is filled in later
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
			return nil, fmt.Errorf("%s has %d pairs of a conversation and an unrelated question, fewer than %d; lower --pairs", split, len(list), n)
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

// followUp counts the effect of the engine's decision on a real follow-up. The
// follow-up's answer is the one by that decision.
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

// pair counts the answers to a question after what was said.
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

// mean converts the counts of pairs into shares.
func (s *Switched) mean() {
	n := float64(max(1, s.Pairs))
	s.Alone /= n
	for _, r := range []*Reading{&s.Engine, &s.Whole} {
		r.Same, r.Right, r.Alone = r.Same/n, r.Right/n, r.Alone/n
	}
}
