package answer

import (
	"bytes"
	"testing"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// wordsOf is an index of words alone, and its passages.
func wordsOf(t *testing.T, texts ...[2]string) (*index.Index, *passages.Store) {
	t.Helper()
	b, p := index.NewBuilder(9), passages.NewBuilder(passages.About{})
	for _, text := range texts {
		if err := p.Add(passages.Passage{ID: text[0], Title: text[0], Text: text[1]}); err != nil {
			t.Fatal(err)
		}
		if err := b.Add(sparse.Vector{}); err != nil {
			t.Fatal(err)
		}
		b.AddWords(text[0], text[1])
	}
	var indexed, stored bytes.Buffer
	if _, err := b.WriteTo(&indexed); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WriteTo(&stored); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(indexed.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	store, err := passages.Open(stored.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return x, store
}

func TestByWords(t *testing.T) {
	x, p := wordsOf(t,
		[2]string{"Tea", "Tea is a drink. It came to Europe by ship."},
		[2]string{"Eiffel Tower", "It stands in Paris. The tower is 330 metres tall. Millions see it each year."},
		[2]string{"Tower Bridge", "A bridge in London with two towers."})
	a, err := ByWords(x, p, "How tall is the Eiffel tower, the tower of Paris?", 2)
	if err != nil || len(a.Results) != 2 || a.Results[0].Title != "Eiffel Tower" || a.Results[1].Title != "Tower Bridge" {
		t.Fatalf("%+v, %v", a.Results, err)
	}
	r := a.Results[0]
	if got := r.Text[r.Quote[0]:r.Quote[1]]; got != "The tower is 330 metres tall." || !(r.Score > a.Results[1].Score) {
		t.Errorf("%q of score %v, before %v", got, r.Score, a.Results[1].Score)
	}
	for _, q := range []string{"", "?!", "zzz", "\xff"} {
		if a, err := ByWords(x, p, q, 2); err != nil || a.Results == nil || len(a.Results) != 0 {
			t.Errorf("%q: %+v, %v", q, a, err)
		}
	}
	if _, other := wordsOf(t, [2]string{"One", "text"}); other.Len() == 1 {
		if _, err := ByWords(x, other, "tea", 2); err == nil {
			t.Error("words of another collection were used")
		}
	}
}
