package conversations

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/shared/judged"
)

func TestFactsAreAskedOfThePassagesThatTellThem(t *testing.T) {
	_, articles := shipped(t)
	text := texts(articles)
	s := Set{}
	s.AddFacts(articles, []string{Facts, FactsHeldOut})
	asked := map[string]map[string]bool{Facts: {}, FactsHeldOut: {}} // the countries that a conversation begins with
	follows := 0
	for split, list := range s {
		if len(list) < 60 {
			t.Errorf("%s has %d conversations", split, len(list))
		}
		for _, c := range list {
			if !strings.HasPrefix(c.ID, split+"-") || len(c.Turns) < 3 {
				t.Errorf("%s has %d turns", c.ID, len(c.Turns))
			}
			for i, turn := range c.Turns {
				g := turn.Gold[0]
				if g.Grade != 2 || !strings.HasPrefix(g.ID, FactbookPrefix) || !strings.Contains(text[g.ID], turn.Reply) {
					t.Errorf("%s: %s does not tell %q", c.QueryID(i), g.ID, turn.Reply)
				}
				if strings.Contains(turn.Question+turn.Rewrite, "{}") || (turn.Kind == judged.First) != (i == 0) {
					t.Errorf("%s: %q, %s", c.QueryID(i), turn.Question, turn.Kind)
				}
				for _, g := range turn.Gold[1:] {
					if g.Grade != 1 || strings.HasPrefix(g.ID, FactbookPrefix) {
						t.Errorf("%s: %v answers in part", c.QueryID(i), g)
					}
				}
				if turn.NeedsContext {
					follows++
				}
				asked[split][strings.Split(g.ID, "/")[1]] = true
			}
		}
	}
	for country := range asked[Facts] {
		if asked[FactsHeldOut][country] {
			t.Errorf("both splits ask about %s", country)
		}
	}
	if follows < 500 {
		t.Errorf("%d questions need the conversation", follows)
	}

	again := Set{}
	again.AddFacts(articles, []string{FactsHeldOut})
	if !reflect.DeepEqual(again[FactsHeldOut], s[FactsHeldOut]) || again[Facts] != nil {
		t.Error("made once more, the conversations are others")
	}
}

// A sentence that names an article, or a currency by its last word, makes it answer in part.
func TestArticlesThatAFactNamesAnswerInPart(t *testing.T) {
	_, articles := shipped(t)
	named := namesOf(articles)
	for _, l := range lands(articles) {
		for _, x := range l.told {
			var ids []string
			for _, g := range answering(l, x, named) {
				ids = append(ids, g.ID)
			}
			switch x.id + " " + facts[x.of].has {
			case "factbook/japan/trade The currency of ":
				if !slices.Contains(ids, "Japanese_yen") || !slices.Contains(ids, "Japan") {
					t.Errorf("%q: %v", x.answer, ids)
				}
			case "factbook/kenya/government The capital of ":
				if !slices.Contains(ids, "Nairobi") || slices.Contains(ids, "Mombasa") {
					t.Errorf("%q: %v", x.answer, ids)
				}
			}
		}
	}
}
