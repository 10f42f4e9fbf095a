package converse

import (
	"reflect"
	"slices"
	"testing"

	"parley/shared/judged"
	"parley/shared/message"
	"parley/trainer/conversations"
)

// The project's conversations give enough pairs, with beginnings of every length. The
// pairs are unrelated, and always the same.
func TestPairs(t *testing.T) {
	set, err := conversations.Open("../conversations")
	if err != nil {
		t.Fatal(err)
	}
	for _, split := range []string{"dev", "test"} {
		list := pairs(set[split], 400, 1)
		if len(list) != 400 || !reflect.DeepEqual(list, pairs(set[split], 400, 1)) || reflect.DeepEqual(list, pairs(set[split], 400, 2)) {
			t.Fatalf("%s: %d pairs", split, len(list))
		}
		lengths, switches, questions := map[int]int{}, 0, map[string]int{}
		for _, p := range list {
			lengths[p.turns]++
			questions[p.from.QueryID(p.turn)]++
			asked := p.from.Turns[p.turn]
			if p.turn > 0 {
				switches++
				if asked.Kind != judged.TopicSwitch {
					t.Errorf("%s is %s", p.from.QueryID(p.turn), asked.Kind)
				}
			}
			if asked.NeedsContext || p.from.Topic == p.begin.Topic || p.from.ID == p.begin.ID {
				t.Errorf("%s after %s", p.from.QueryID(p.turn), p.begin.ID)
			}
			for _, turn := range p.begin.Turns[:p.turns] {
				for _, g := range turn.Gold {
					if slices.Contains(asked.Gold, g) {
						t.Errorf("%s after %s: both rest on %s", p.from.QueryID(p.turn), p.begin.ID, g.ID)
					}
				}
			}
		}
		for n := 1; n <= longestBeginning; n++ {
			if lengths[n] < 40 {
				t.Errorf("%s: %d beginnings of %d turns", split, lengths[n], n)
			}
		}
		most := 0
		for _, n := range questions {
			most = max(most, n)
		}
		if switches < 50 || switches > 100 || most > 8 {
			t.Errorf("%s: %d topic switches; a question stands %d times", split, switches, most)
		}
	}
}

// The gain and the loss of deciding are counted for follow-ups that the engine reads
// alone.
func TestFollowUpCounts(t *testing.T) {
	p := &Player{Engine: tinyEngine(t)}
	asked := []message.Turn{{Question: "tea leaf hot water", Reply: "Tea is a leaf in hot water."}, {Question: "tea"}}
	turn := judged.Turn{Kind: judged.TopicSwitch, NeedsContext: true, Gold: []judged.Gold{{ID: "tea", Grade: 2}}}
	wrong := message.Answer{Alone: true, Results: []message.Result{{ID: "moon"}}}
	var s Switched
	if err := s.followUp(p, Played{&judged.Conversation{Turns: []judged.Turn{{}, turn}}, 1, asked, wrong}); err != nil {
		t.Fatal(err)
	}
	want := Switched{FollowN: 1, ReadAlone: 1, ReadAloneNeeds: 1, Switches: 1, SwitchesAlone: 1, FirstTogether: 1, TogetherAndNeed: 1}
	if s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
}
