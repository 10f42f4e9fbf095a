package documents

import (
	"bytes"
	"reflect"
	"testing"

	"parley/shared/passages"
)

func TestSourceOf(t *testing.T) {
	b := passages.NewBuilder(passages.About{Title: "T"})
	for _, p := range []passages.Passage{
		{ID: "a.md#1", Title: "Roses", Text: "One.", URL: "https://x.example/a"},
		{ID: "a.md#2", Title: "Roses > Care", Text: "Two.", URL: "https://x.example/a#care"},
		{ID: "a.md#3", Title: "Roses > Care > Pests", Text: "Three.", Page: 4},
		{ID: "b.md#1", Title: "Tulips", Text: "Four."},
		{ID: "b.md#3", Title: "Tulips", Text: "Another document's, whose id ends like that."},
		{ID: "faq.csv:7", Title: "When?", Text: "In October."},
		{ID: "7", Text: "Seven."},
	} {
		if err := b.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	s, err := passages.Open(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	roses := []Part{{"", "One.", 0}, {"Care", "Two.", 0}, {"Care > Pests", "Three.", 4}}
	for id, want := range map[string]Source{
		"a.md#1":    {Title: "Roses", Place: "a.md", URL: "https://x.example/a", Parts: roses},
		"a.md#3":    {Title: "Roses", Place: "a.md", URL: "https://x.example/a", At: 2, Parts: roses},
		"b.md#1":    {Title: "Tulips", Place: "b.md", Parts: []Part{{"", "Four.", 0}}},
		"faq.csv:7": {Title: "When?", Place: "faq.csv", Line: 7, Parts: []Part{{"", "In October.", 0}}},
		"7":         {Place: "7", Parts: []Part{{"", "Seven.", 0}}},
	} {
		if got, ok := SourceOf(s, id); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", id, got, want)
		}
	}
	if _, ok := SourceOf(s, "a.md"); ok {
		t.Error("a passage that is not there was found")
	}
}
