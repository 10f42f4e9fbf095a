package transcript

import (
	"slices"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	saved, err := Write(tower, JSON)
	if err != nil {
		t.Fatal(err)
	}
	md, err := Write(Conversation{Turns: []Exchange{
		{Question: "1. *what* is R&D_2?", Reply: "## 2. none"}, {Question: `why \ "&amp;"?`}, {Question: "User: <b>"}}}, Markdown)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, text string
		want       []string
	}{
		{"JSON", string(saved), []string{"How tall is the Eiffel Tower?", "who designed it?", "why?"}},
		{"Markdown", string(md), []string{"1. *what* is R&D_2?", `why \ "&amp;"?`, "User: <b>"}},
		{"a question a line", "\ufeffWhen was it built?\r\n\r\n  who designed it? \nthanks!\n👍", []string{"When was it built?", "who designed it?", "thanks!", "👍"}},
		{"speakers", "User: when was it\nbuilt?\n\nAssistant: In 1889.\nIt is old.\n**You:** who designed it?\nAI: A firm.", []string{"when was it built?", "who designed it?"}},
		{"questions and answers", "Q: when?\nA: then\nQ:\nwhy?\nA: so", []string{"when?", "why?"}},
		{"colons", "Compare: a and b\nUser: x", []string{"Compare: a and b", "User: x"}},
		{"a reply first", "Bot: Hello!\nUser: when?", []string{"when?"}},
		{"a heading alone", "# notes\nwhen?", []string{"# notes", "when?"}},
	} {
		got, err := Open([]byte(c.text), "f")
		var asked []string
		for _, t := range got.Turns {
			asked = append(asked, t.Question)
		}
		if err != nil || !slices.Equal(asked, c.want) {
			t.Errorf("%s: %q, %v", c.what, asked, err)
		}
	}
	for text, want := range map[string]string{
		"":                          "f: no question",
		" \n":                       "f: no question",
		`{"a": 1}`:                  "no conversation saved by Parley",
		"[1]":                       "transcript:",
		"\xff\xfea\x00":             "f: this is UTF-16LE",
		"a\nb\xff":                  "f:2: this is no text in UTF-8",
		"a\x00b":                    "f:1: this is no text",
		"User:\nBot: x":             "f: no question",
		strings.Repeat("a\n", 1001): "f: 1001 lines",
	} {
		if c, err := Open([]byte(text), "f"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %+v, %v; want %s", text, c.Turns, err, want)
		}
	}
}

// A conversation saved as Markdown keeps its questions, except for white space.
func FuzzOpen(f *testing.F) {
	f.Add("How tall is it?", "## 2. *330* m")
	f.Add("User: a", "b\\")
	f.Add("&amp;#1)", "")
	f.Fuzz(func(t *testing.T, a, b string) {
		Open([]byte(a), "f")
		want := []string{strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")}
		if want[0] == "" || want[1] == "" || strings.ToValidUTF8(a+b, "") != a+b || strings.ContainsRune(a+b, 0) {
			return
		}
		md, err := Write(Conversation{Turns: []Exchange{{Question: a, Reply: b}, {Question: b, Reply: a}}}, Markdown)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Open(md, "f")
		if err != nil || len(got.Turns) != 2 || got.Turns[0].Question != want[0] || got.Turns[1].Question != want[1] {
			t.Errorf("%q became %+v, %v", want, got.Turns, err)
		}
	})
}
