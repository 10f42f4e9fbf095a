// Package converse plays the project's conversations (package conversations) as
// visitors would have them: turn by turn, through the page's engine, with the engine's
// replies in the history. It measures how often the engine is right.
//
//	measure.go  how well the articles are ranked, with the data set's history
//	play.go     plays a conversation turn by turn
//	replies.go  whether the reply is from the right article and the right sentence
//	switch.go   how a new topic is read
//	quote.go    whether the quotation answers, by judged sentences
//	sure.go     how often the sparse stage is right, and how well it estimates that
//	doubt.go    whether inputs without an answer are recognised
//	candidates.go  examples to train the reader on
package converse

import (
	"context"
	"fmt"
	"io"
	"slices"

	"parley/shared/answer"
	"parley/shared/judged"
	"parley/shared/message"
	"parley/shared/progress"
	"parley/trainer/conversations"
)

// The replies in the history that the engine reads.
const (
	Engine = "engine" // the engine's own, as in the page
	Writer = "writer" // those of the data set
)

// A Player plays conversations.
type Player struct {
	Engine  *answer.Engine
	Set     conversations.Set
	Splits  []string // the splits to report on
	Replies string   // Engine or Writer
	Stage   string   // the stages that answer (message.Ask.Stage)
	Pooled  bool     // also use the judgements of pooled.tsv

	Progress io.Writer // where progress is shown

	meter *progress.Meter
	done  int64
}

// A Played is a turn of a conversation after it was played.
type Played struct {
	Of     *judged.Conversation
	Place  int            // the turn's place, from 0
	Asked  []message.Turn // oldest first; valid until the next turn is played
	Answer message.Answer
}

// judged returns the turn as the data set has it.
func (t *Played) judged() *judged.Turn { return &t.Of.Turns[t.Place] }

// Play plays a conversation, with k results per turn (0: as many as the page asks for),
// and calls hear after each turn. The reply is one of the first three results.
func (p *Player) Play(c *judged.Conversation, k int, hear func(Played) error) error {
	var turns []message.Turn
	for i, t := range c.Turns {
		turns = append(turns, message.Turn{Question: t.Question})
		a, err := p.ask(turns, k, "")
		if err == nil {
			err = hear(Played{c, i, turns, a})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.QueryID(i), err)
		}
		turns[i].Reply = t.Reply
		if p.Replies == Engine {
			turns[i].Quote(a.Quoted())
		}
		turns[i].Begins = a.Begins
	}
	return nil
}

// playSplit plays all conversations of a split, and counts the turns as done.
func (p *Player) playSplit(ctx context.Context, split string, k int, hear func(Played) error) error {
	for i := range p.Set[split] {
		err := p.Play(&p.Set[split][i], k, func(t Played) error {
			p.count()
			if err := hear(t); err != nil {
				return err
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) ask(turns []message.Turn, k int, read string) (message.Answer, error) {
	return Ask(p.Engine, message.Ask{Turns: turns, K: k, Read: read, Stage: p.Stage})
}

// turns returns the number of turns in the splits.
func (p *Player) turns(splits []string) (n int) {
	for _, split := range splits {
		for _, c := range p.Set[split] {
			n += len(c.Turns)
		}
	}
	return n
}

// begin starts the progress meter, with total things to do; count counts one as done.
func (p *Player) begin(what string, total int) {
	p.meter, p.done = progress.New(p.Progress, what, 0, int64(total)), 0
}

func (p *Player) count() {
	p.done++
	p.meter.Update(p.done, "")
}

// gold returns the articles that answer a turn, and the passages of the Factbook that
// answer it fully. The latter are always included, because the engine has them.
func gold(t *judged.Turn, pooled bool) []judged.Gold {
	all := slices.Clone(t.Gold)
	if pooled {
		all = t.Judged()
	}
	for _, g := range t.Factbook {
		if g.Grade == 2 {
			all = append(all, g)
		}
	}
	return all
}

// rightOnes returns the gold articles with the turn's highest grade.
func rightOnes(gold []judged.Gold) map[string]bool {
	top := 0
	for _, g := range gold {
		top = max(top, g.Grade)
	}
	ids := map[string]bool{}
	for _, g := range gold {
		if g.Grade == top {
			ids[g.ID] = true
		}
	}
	return ids
}

// A Group is a group of turns, a row of the tables.
type Group struct {
	Name  string
	holds func(c *judged.Conversation, turn int) bool
}

// Groups lists all groups in the order of the tables.
var Groups = func() []Group {
	g := []Group{
		{"all", func(*judged.Conversation, int) bool { return true }},
		{"follow-ups", func(_ *judged.Conversation, i int) bool { return i > 0 }},
		{"hop", func(c *judged.Conversation, i int) bool { return i > 0 && c.Hops(i) }},
		{"stay", func(c *judged.Conversation, i int) bool { return i > 0 && !c.Hops(i) }},
		{"needs context", func(c *judged.Conversation, i int) bool { return c.Turns[i].NeedsContext }},
	}
	for _, k := range judged.Kinds {
		g = append(g, Group{string(k), func(c *judged.Conversation, i int) bool { return c.Turns[i].Kind == k }})
	}
	for _, d := range []struct {
		name     string
		from, to int
	}{{"turn 2", 2, 2}, {"turn 3", 3, 3}, {"turn 4", 4, 4}, {"turns 5-6", 5, 6}, {"turns 7-8", 7, 8}, {"turns 9-12", 9, 12}} {
		g = append(g, Group{d.name, func(_ *judged.Conversation, i int) bool { return d.from <= i+1 && i+1 <= d.to }})
	}
	return g
}()
