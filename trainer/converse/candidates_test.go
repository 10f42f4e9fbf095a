package converse

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/shared/judged"
	"parley/trainer/candidates"
	"parley/trainer/conversations"
)

func TestCandidates(t *testing.T) {
	e := tinyEngine(t)
	gold := func(id string) []judged.Gold { return []judged.Gold{{ID: id, Grade: 2}} }
	set := conversations.Set{"dev": {{ID: "dev-01-01", Turns: []judged.Turn{
		{Question: "eiffel tower paris", Rewrite: "eiffel tower paris", Reply: "It was designed by the engineer.", Gold: append(gold("tower"), judged.Gold{ID: "whale", Grade: 1})},
		{Question: "tea leaf", Rewrite: "tea leaf", Reply: "Tea is a leaf in hot water.", Gold: gold("tea")},
		{Question: "moon orbit", Rewrite: "moon orbit", Reply: "?", Gold: gold("moon")},
		{Question: "sun star", Rewrite: "sun star", Reply: "A star.", Gold: gold("gone")},
	}}}}
	dir := t.TempDir()
	none := `{"id":"none-dev-1","split":"dev","kind":"thanks","after":"dev-01-01","turns":2,"question":"the tower is of tea"}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "unanswerable.jsonl"), []byte(none), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &Player{Engine: e, Set: set, Splits: []string{"dev"}, Replies: Engine, Progress: os.Stderr}
	excluded := func(texts ...string) bool { return slices.Contains(texts, "tea leaf") }
	all, err := p.Candidates(t.Context(), dir, 1, excluded)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, x := range all {
		ids = append(ids, x.ID)
	}
	if !reflect.DeepEqual(ids, []string{"dev-01-01<::>1", "dev-01-01<::>3", "none-dev-1"}) {
		t.Fatalf("examples of %v", ids)
	}
	// The sentence that answers is the one most like the reply; what has a grade is not
	// among the others.
	first := all[0]
	if first.Source != candidates.Conversations || !first.Passages[0].Relevant || first.Passages[0].Title != "Eiffel Tower" || !reflect.DeepEqual(first.Passages[0].Sentences, []int{1}) {
		t.Errorf("%+v", first)
	}
	for _, x := range first.Passages[1:] {
		if x.Relevant || x.Title == "Whale" || x.Title == "Eiffel Tower" {
			t.Errorf("beside the relevant passage: %+v", x)
		}
	}
	// A reply like no sentence judges none.
	if moon := all[1].Passages[0]; moon.Title != "Moon" || !moon.Relevant || moon.Sentences != nil {
		t.Errorf("%+v", moon)
	}
	last := all[2]
	if last.Source != candidates.Unanswerable || last.Relevant() || len(last.Passages) == 0 || len(last.Passages) > 3 || last.Questions[len(last.Questions)-1] != "the tower is of tea" {
		t.Errorf("%+v", last)
	}
	// Replies are the engine's, with the titles that they quote.
	if len(last.Replies) != len(last.Questions)-1 || len(last.Replies) == 0 || !strings.HasPrefix(last.Replies[0], "Eiffel Tower\n") && !strings.HasPrefix(last.Replies[len(last.Replies)-1], "Tea") {
		t.Errorf("replies %q", last.Replies)
	}
	again, err := p.Candidates(t.Context(), dir, 1, excluded)
	if err != nil || !reflect.DeepEqual(again, all) {
		t.Errorf("a second time, %v: %+v", err, again)
	}
}
