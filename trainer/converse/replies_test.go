package converse

import (
	"reflect"
	"testing"

	"parley/shared/collect"
	"parley/shared/judged"
	"parley/shared/passages"
	"parley/shared/sparse"
)

func TestJudge(t *testing.T) {
	b := collect.NewBuilder(10, passages.About{Title: "judged"})
	for _, p := range []passages.Passage{
		{ID: "a", Title: "A", Text: "The granite tower was finished in 1864. Its lens burns brightly at night. A storm destroyed the cottage."},
		{ID: "b", Title: "B", Text: "The granite tower was finished in 1864. Nothing else is here."},
		{ID: "c", Title: "C", Text: "A harbour."},
		{ID: "factbook/a", Title: "A", Text: "A storm destroyed the cottage. Its lens burns brightly at night."},
		{ID: "factbook/b", Title: "B", Text: "The granite tower was finished in 1864."},
	} {
		if err := b.Add(p, sparse.Vector{Terms: []uint32{1}, Weights: []float32{1}}); err != nil {
			t.Fatal(err)
		}
	}
	made, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	_, articles, err := collect.Join(made[0].Content, made[1].Content)
	if err != nil {
		t.Fatal(err)
	}
	turn := func(reply string) *judged.Turn {
		return &judged.Turn{Reply: reply, Gold: []judged.Gold{{ID: "a", Grade: 2}}, Pooled: []judged.Gold{{ID: "b", Grade: 2}}}
	}
	const tower, lens, storm = "The granite tower was finished in 1864.", "Its lens burns brightly at night.", "A storm destroyed the cottage."
	for _, c := range []struct {
		name, reply, article, quoted string
		pooled, right                bool
	}{
		{"the best sentence", "They finished towers of granite in 1864", "a", tower, false, true},
		{"another of the article", "They finished towers of granite in 1864", "a", lens, false, false},
		{"the same words elsewhere", "They finished towers of granite in 1864", "b", tower, false, false},
		{"elsewhere, but pooled", "They finished towers of granite in 1864", "b", tower, true, true},
		{"one of two as good", "A storm destroyed it; the lens burns.", "a", storm, false, true},
		{"much less than the best", "The lens burns brightly, they say, in the cottage", "a", storm, false, false},
		{"a reply that shares nothing", "Yes.", "a", tower, false, false},
		{"no reply", "They finished it", "", "", false, false},
	} {
		v := newJudge(articles, c.pooled).judge(turn(c.reply), c.article, c.quoted)
		if v.Right != c.right {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
	// A passage of the Factbook is compared with itself, and answers whatever is judged.
	of := turn("They finished towers of granite in 1864, destroyed by storm")
	of.Factbook = []judged.Gold{{ID: "factbook/a", Grade: 2}, {ID: "factbook/b", Grade: 1}}
	for _, c := range []struct {
		article, quoted string
		right           bool
	}{{"factbook/a", storm, true}, {"factbook/a", lens, false}, {"factbook/b", tower, false}, {"a", tower, true}} {
		if v := newJudge(articles, false).judge(of, c.article, c.quoted); v.Right != c.right {
			t.Errorf("%s: %q: %+v", c.article, c.quoted, v)
		}
	}
	if got := rightOnes(gold(of, false)); !reflect.DeepEqual(got, map[string]bool{"a": true, "factbook/a": true}) {
		t.Errorf("right are %v", got)
	}
	if got := rightOnes([]judged.Gold{{ID: "a", Grade: 2}, {ID: "b", Grade: 1}}); !reflect.DeepEqual(got, map[string]bool{"a": true}) {
		t.Errorf("right are %v", got)
	}
	if got := rightOnes([]judged.Gold{{ID: "b", Grade: 1}}); !got["b"] {
		t.Errorf("right are %v", got)
	}
}
