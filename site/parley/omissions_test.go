package main

import (
	"strings"
	"testing"

	"parley/shared/documents"
)

func TestWhatWasLeftOutIsSaidOnceByKind(t *testing.T) {
	notes := []documents.Note{
		{File: "a.csv", Line: 2, Why: "the question has no answer"},
		{File: "a.csv", Line: 5, Why: "the question has no answer"},
		{File: "b.csv", Line: 2, Why: "the question has no answer"},
		{File: "b.csv", Line: 9, Why: "the question has no answer"},
		{File: "c.txt", Why: "not UTF-8: read as windows-1252", Kept: true},
		{File: "d.jsonl", Line: 3, Why: `not JSON: "x" where a value should be`},
		{File: "d.jsonl", Line: 8, Why: `not JSON: "y" where a value should be`},
		{File: "e.png", Why: "not a format that is read", OtherFormat: true},
		{File: "f.png", Why: "not a format that is read", OtherFormat: true},
	}
	for all, want := range map[bool]string{
		false: `left out: 4 times: the question has no answer (a.csv:2, a.csv:5, b.csv:2 ...)
left out: 2 times: not JSON: "x" where a value should be (d.jsonl:3, d.jsonl:8)
left out: 2 files of other formats: .png 2
note: c.txt: not UTF-8: read as windows-1252
--verbose names all of them
`,
		true: `left out: a.csv:2: the question has no answer
left out: a.csv:5: the question has no answer
left out: b.csv:2: the question has no answer
left out: b.csv:9: the question has no answer
left out: d.jsonl:3: not JSON: "x" where a value should be
left out: d.jsonl:8: not JSON: "y" where a value should be
left out: e.png: not a format that is read
left out: f.png: not a format that is read
note: c.txt: not UTF-8: read as windows-1252
`,
	} {
		o := omissions{all: all}
		for _, n := range notes {
			o.note(n)
		}
		var out strings.Builder
		o.print(&out)
		if out.String() != want {
			t.Errorf("got\n%s\nwant\n%s", out.String(), want)
		}
		if o.total() != 8 {
			t.Errorf("%d left out", o.total())
		}
	}
}

func TestATableThatTellsNothingIsShownWithTheFlag(t *testing.T) {
	var o omissions
	o.note(documents.Note{File: "a.csv", Line: 1, Why: "it cannot be told", Ask: &documents.Sample{Columns: []string{"north", "south"}, Rows: [][]string{{"1", "2"}}}})
	var out strings.Builder
	o.print(&out)
	if !strings.Contains(out.String(), "--column-text NAME") || !strings.Contains(out.String(), "  north | south\n  1 | 2\n") {
		t.Error(out.String())
	}
}
