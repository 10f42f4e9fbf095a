package conversations

import "parley/shared/judged"

// Stats describe a split, or a part of one.
type Stats struct {
	Conversations int                 `json:"conversations"`
	Turns         int                 `json:"turns"`
	FollowUps     int                 `json:"follow_ups"`
	Length        float64             `json:"turns_conversation"` // mean
	Lengths       map[int]int         `json:"lengths"`            // the number of conversations by their number of turns
	Kinds         map[judged.Kind]int `json:"kinds"`
	Switches      int                 `json:"switches"`
	Switching     float64             `json:"switching"`     // share of the conversations that switch the topic
	Hops          float64             `json:"hops"`          // share of the follow-ups
	NeedsContext  float64             `json:"needs_context"` // share of the follow-ups
	Articles      int                 `json:"gold_articles"` // the number of different ones
	Golds         float64             `json:"golds_turn"`    // mean per turn, both grades
	Dangling      int                 `json:"dangling"`      // rewrites that are not understandable alone by the rule of Dangles
	// Mean lengths in tokens; 0 from Measure, which has no tokenizer.
	Question float64 `json:"tokens_question"`
	Rewrite  float64 `json:"tokens_rewrite"`
	Reply    float64 `json:"tokens_reply"`
}

// Measure returns the figures of conversations, without lengths in tokens.
func Measure(list []judged.Conversation) Stats { return Describe(list, func(string) int { return 0 }) }

// Describe returns the figures of conversations. count returns a text's length in
// tokens.
func Describe(list []judged.Conversation, count func(string) int) Stats {
	s := Stats{Conversations: len(list), Lengths: map[int]int{}, Kinds: map[judged.Kind]int{}}
	articles := map[string]bool{}
	var hops, needs, golds, switching int
	var question, rewrite, reply int
	for i := range list {
		c := &list[i]
		s.Turns += len(c.Turns)
		s.Lengths[len(c.Turns)]++
		switches := 0
		for j, t := range c.Turns {
			s.Kinds[t.Kind]++
			golds += len(t.Gold)
			for _, g := range t.Gold {
				articles[g.ID] = true
			}
			question += count(t.Question)
			rewrite += count(t.Rewrite)
			reply += count(t.Reply)
			if Dangles(t.Rewrite) != "" {
				s.Dangling++
			}
			if j == 0 {
				continue
			}
			s.FollowUps++
			if c.Hops(j) {
				hops++
			}
			if t.NeedsContext {
				needs++
			}
			if t.Switch {
				switches++
			}
		}
		s.Switches += switches
		if switches > 0 {
			switching++
		}
	}
	mean := func(n, of int) float64 { return float64(n) / float64(max(1, of)) }
	s.Length = mean(s.Turns, s.Conversations)
	s.Switching = mean(switching, s.Conversations)
	s.Hops, s.NeedsContext = mean(hops, s.FollowUps), mean(needs, s.FollowUps)
	s.Articles, s.Golds = len(articles), mean(golds, s.Turns)
	s.Question, s.Rewrite, s.Reply = mean(question, s.Turns), mean(rewrite, s.Turns), mean(reply, s.Turns)
	return s
}
