package conversations

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"parley/shared/judged"
)

// The rules of the set.
const (
	MinConversations = 600
	MinTurns         = 3600
	MinLength        = 3 // turns per conversation
	MaxLength        = 12
	MinMeanLength    = 5.5
	MinHops          = .60 // share of follow-ups, in every split
	MinNeedsContext  = .50 // share of follow-ups, in every split
	MinSwitching     = .25 // share of conversations, in every split
	MinKind          = .02 // share of follow-ups, for every kind, in every split
	MaxDangling      = .01 // share of rewrites; see Dangles
	MaxSentences     = 3   // per reply
	MaxReplyWords    = 75
)

// shares are the splits' shares of the conversations, from which the set may differ
// a little.
var shares = map[string]float64{"train": .70, "dev": .10, "test": .20}

const shareSlack = .02

// Topics are the encyclopedia's topics, and one for its articles without a topic.
var Topics = []string{"Arts", "Biology and health sciences", "Everyday life", "Geography", "History", "Mathematics",
	"People", "Philosophy and religion", "Physical sciences", "Society and social sciences", "Technology", "Uncategorized"}

// A Problem is a fault that Check finds in the set.
type Problem struct {
	File string // "" if the problem is of the whole set or of a split
	Line int
	Turn int // from 1; 0: the conversation as a whole
	Text string
}

func (p Problem) String() string {
	switch {
	case p.File == "":
		return p.Text
	case p.Turn == 0:
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
	}
	return fmt.Sprintf("%s:%d: turn %d: %s", p.File, p.Line, p.Turn, p.Text)
}

// Check returns every problem of a set. article reports whether there is an article
// with an id.
func Check(s Set, article func(id string) bool) []Problem {
	k := checker{article: article, ids: map[string]bool{}, goldOf: map[string]string{}}
	for _, split := range All {
		for i := range s[split] {
			k.conversation(split, &s[split][i])
		}
	}
	for _, split := range All {
		if slices.Contains(Splits, split) || len(s[split]) > 0 {
			k.split(split, s[split])
		}
	}
	k.whole(s)
	k.checkPooled(s)
	k.checkFactbook(s)
	for _, d := range Duplicates(s) {
		of := func(split string, p place) bool { return strings.HasPrefix(p.Conversation.ID, split+"-") }
		if of(Visitors, d.A) && (of("train", d.B) || of(Visitors, d.B)) || of("train", d.A) && of(Visitors, d.B) {
			continue // a question may be asked twice in training, after other questions
		}
		k.at(d.A.Conversation, d.A.Turn, "nearly the question of %s (likeness %.2f): %q, %q", d.B.Conversation.QueryID(d.B.Turn), d.Likeness, d.A.Text, d.B.Text)
	}
	var dangling []place
	rewrites := 0
	for _, split := range All {
		for i := range s[split] {
			c := &s[split][i]
			for j, t := range c.Turns {
				rewrites++
				if Dangles(t.Rewrite) != "" {
					dangling = append(dangling, place{c, j, t.Rewrite})
				}
			}
		}
	}
	if float64(len(dangling)) > MaxDangling*float64(rewrites) {
		k.add("%d of %d rewrites are not understandable alone, more than %.1f %%", len(dangling), rewrites, 100*MaxDangling)
		for _, d := range dangling {
			k.at(d.Conversation, d.Turn, "%q in the rewrite refers to nothing before it: %q", Dangles(d.Text), d.Text)
		}
	}
	return k.problems
}

type checker struct {
	article  func(string) bool
	ids      map[string]bool
	goldOf   map[string]string // the split in which an article is gold
	problems []Problem
}

func (k *checker) add(format string, args ...any) {
	k.problems = append(k.problems, Problem{Text: fmt.Sprintf(format, args...)})
}

// at adds a problem of turn i, from 0; -1 is the conversation as a whole.
func (k *checker) at(c *judged.Conversation, i int, format string, args ...any) {
	k.problems = append(k.problems, Problem{c.File, c.Line, i + 1, fmt.Sprintf(format, args...)})
}

var idForm = regexp.MustCompile(`^(train|dev|test|choice|visitors)-\d\d-\d\d$`)

func (k *checker) conversation(split string, c *judged.Conversation) {
	if !idForm.MatchString(c.ID) || !strings.HasPrefix(c.ID, split+"-") {
		k.at(c, -1, "id %q is not of the form %s-01-01", c.ID, split)
	}
	if k.ids[c.ID] {
		k.at(c, -1, "a second conversation with id %q", c.ID)
	}
	k.ids[c.ID] = true
	if !slices.Contains(Topics, c.Topic) {
		k.at(c, -1, "there is no topic %q", c.Topic)
	}
	if c.Persona == "" {
		k.at(c, -1, "no persona")
	}
	if n := len(c.Turns); n < MinLength || n > MaxLength {
		k.at(c, -1, "%d turns, want %d to %d", n, MinLength, MaxLength)
	}
	for i := range c.Turns {
		k.turn(split, c, i)
	}
}

func (k *checker) turn(split string, c *judged.Conversation, i int) {
	t := &c.Turns[i]
	for name, text := range map[string]string{"question": t.Question, "rewrite": t.Rewrite, "reply": t.Reply} {
		switch {
		case text == "":
			k.at(c, i, "no %s", name)
		case text != strings.TrimSpace(text) || strings.ContainsFunc(text, unicode.IsControl):
			k.at(c, i, "the %s has blanks at its ends or control characters: %q", name, text)
		}
	}
	if !slices.Contains(judged.Kinds, t.Kind) {
		k.at(c, i, "there is no kind %q", t.Kind)
	}
	if (i == 0) != (t.Kind == judged.First) {
		k.at(c, i, "kind %q: the first turn must be %q, and no other turn may be", t.Kind, judged.First)
	}
	if i == 0 && (t.NeedsContext || t.Switch) {
		k.at(c, i, "the first turn has no context, so it cannot need one or switch the topic")
	}
	if t.Kind == judged.TopicSwitch && !t.Switch {
		k.at(c, i, "kind %q without switch", t.Kind)
	}
	if n := sentences(t.Reply); n < 1 || n > MaxSentences {
		k.at(c, i, "a reply of %d sentences, want 1 to %d: %q", n, MaxSentences, t.Reply)
	}
	if n := len(strings.Fields(t.Reply)); n > MaxReplyWords {
		k.at(c, i, "a reply of %d words, want at most %d", n, MaxReplyWords)
	}
	if len(t.Gold) == 0 || t.Gold[0].Grade != 2 {
		k.at(c, i, "no gold article of grade 2")
	}
	if !slices.IsSortedFunc(t.Gold, func(a, b judged.Gold) int { return cmp.Compare(b.Grade, a.Grade) }) {
		k.at(c, i, "gold articles are not sorted by grade")
	}
	home := split
	if split == Visitors {
		home = "train"
	}
	seen := map[string]bool{}
	for _, g := range t.Gold {
		if g.Grade != 1 && g.Grade != 2 {
			k.at(c, i, "grade %d of %q, want 1 or 2", g.Grade, g.ID)
		}
		if seen[g.ID] {
			k.at(c, i, "gold %q twice", g.ID)
		}
		seen[g.ID] = true
		if !k.article(g.ID) {
			k.at(c, i, "there is no article %q", g.ID)
		}
		if other := k.goldOf[g.ID]; other != "" && other != home {
			k.at(c, i, "%q is also gold in %s", g.ID, other)
		}
		k.goldOf[g.ID] = home
	}
}

func (k *checker) split(split string, list []judged.Conversation) {
	s := Measure(list)
	for _, q := range []struct {
		what     string
		is, want float64
	}{
		{"follow-ups with another gold article than the turn before", s.Hops, MinHops},
		{"follow-ups that need the context", s.NeedsContext, MinNeedsContext},
		{"conversations that switch the topic", s.Switching, MinSwitching},
	} {
		if q.is < q.want {
			k.add("%s: %.1f %% %s, want %.0f %% or more", split, 100*q.is, q.what, 100*q.want)
		}
	}
	if s.Length < MinMeanLength {
		k.add("%s: %.2f turns per conversation, want %.1f or more", split, s.Length, MinMeanLength)
	}
	if split == Visitors { // it was not written by kind
		return
	}
	for _, kind := range judged.Kinds[1:] {
		if share := float64(s.Kinds[kind]) / float64(max(1, s.FollowUps)); share < MinKind {
			k.add("%s: %.1f %% of the follow-ups are of kind %s, want %.0f %% or more", split, 100*share, kind, 100*MinKind)
		}
	}
}

// whole checks the rules for train, dev and test together; choice and visitors
// are not among them.
func (k *checker) whole(s Set) {
	var all []judged.Conversation
	for _, split := range Splits {
		all = append(all, s[split]...)
	}
	n := Measure(all)
	if n.Conversations < MinConversations || n.Turns < MinTurns {
		k.add("%d conversations with %d turns, want %d with %d or more", n.Conversations, n.Turns, MinConversations, MinTurns)
	}
	for _, split := range Splits {
		if share := float64(len(s[split])) / float64(max(1, len(all))); math.Abs(share-shares[split]) > shareSlack {
			k.add("%s is %.1f %% of the conversations, want %.0f %%", split, 100*share, 100*shares[split])
		}
	}
	for _, split := range []string{"train", "test"} {
		has := map[string]bool{}
		for _, c := range s[split] {
			has[c.Topic] = true
		}
		for _, topic := range Topics {
			if !has[topic] {
				k.add("%s: no conversation about %s", split, topic)
			}
		}
	}
}

// A sentence ends with . ! or ?, and perhaps a closing quote or bracket, before a
// blank and a capital, digit or quote, or at the end of the text. A full stop after
// an initial or an abbreviation does not end it.
var (
	sentenceEnd  = regexp.MustCompile(`[.!?…]["'”’)\]]*(?:$|\s+["'“‘(\[]*[\p{Lu}\p{N}])`)
	abbreviation = regexp.MustCompile(`(?:^|[\s("“])(?:\p{L}|\p{L}\.\p{L}|(?i:mr|mrs|ms|dr|st|ca|vs|no|nos|jr|sr|mt|gen|op|approx|etc|e\.g|i\.e|al|lt|col|prof|rev|vol|inc|fl|messrs|ft))$`)
)

func sentences(text string) int {
	n := 0
	for _, m := range sentenceEnd.FindAllStringIndex(text, -1) {
		if m[1] == len(text) || text[m[0]] != '.' || !abbreviation.MatchString(text[:m[0]]) {
			n++
		}
	}
	if n == 0 && text != "" {
		n = 1
	}
	return n
}
