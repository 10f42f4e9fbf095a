package message

import (
	"strings"
	"testing"
)

func TestQuoted(t *testing.T) {
	results := []Result{{ID: "a"}, {ID: "b"}}
	for _, c := range []struct {
		answer Answer
		want   string // the result's id, "" for none
	}{
		{Answer{}, ""},
		{Answer{Results: results}, "a"},
		{Answer{Results: results, Reply: 1}, "b"},
		{Answer{Results: results, Reply: 2}, "a"}, // none of them
		{Answer{Results: results, Reply: -1}, "a"},
		{Answer{Results: results, Reply: 1, Doubt: DoubtUnsure}, ""},
	} {
		got := ""
		if r := c.answer.Quoted(); r != nil {
			got = r.ID
		}
		if got != c.want {
			t.Errorf("%+v quotes %q, want %q", c.answer, got, c.want)
		}
	}
}

func TestQuotation(t *testing.T) {
	none := (*Result)(nil)
	if got := none.Quotation(); got != "" {
		t.Errorf("no result quotes %q", got)
	}
	long := strings.Repeat("x", 299) + "éx" // the 300th byte is inside a character
	for _, c := range []struct {
		text  string
		quote Span
		want  string
	}{
		{"One. Two. Three.", Span{5, 9}, "Two."},
		{"One. Two. Three.", Span{4, 10}, "Two."},
		{"One.", Span{}, "One."}, // no span of it is named
		{"One.", Span{2, 9}, "One."},
		{"One.", Span{-1, 2}, "One."},
		{"", Span{}, ""},
		{long, Span{}, strings.Repeat("x", 299)},
	} {
		if got := (&Result{Text: c.text, Quote: c.quote}).Quotation(); got != c.want {
			t.Errorf("%.20q at %v quotes %q, want %q", c.text, c.quote, got, c.want)
		}
	}
}
