package transcript

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"golang.org/x/net/html"

	"parley/shared/message"
)

var tower = Conversation{Version: Version, Collection: "Vital articles", Encoder: "splade-tiny", Turns: []Exchange{
	{Question: "How tall is the Eiffel Tower?", Reply: "The tower is 330 metres tall.", ID: "Eiffel_Tower", Title: "Eiffel Tower", URL: "https://en.wikipedia.org/wiki/Eiffel_Tower"},
	{Question: "who designed it?", Reply: "It is named after Gustave Eiffel.", ID: "Eiffel_Tower", Title: "Eiffel Tower", Chosen: true},
	{Question: "why?", Read: "together"},
}}

func TestJSONIsReadAgain(t *testing.T) {
	data, err := Write(tower, JSON)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(data)
	if err != nil || !reflect.DeepEqual(got, tower) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMarkdown(t *testing.T) {
	data, err := Write(tower, Markdown)
	const want = `# How tall is the Eiffel Tower?

## 1. How tall is the Eiffel Tower?

> The tower is 330 metres tall.

— [Eiffel Tower](<https://en.wikipedia.org/wiki/Eiffel_Tower>)

## 2. who designed it?

> It is named after Gustave Eiffel.

— Eiffel Tower

## 3. why?

Nothing was found.

---

Found in Vital articles by splade-tiny. Every reply is a quotation.
`
	if err != nil || string(data) != want {
		t.Errorf("%s\n%v", data, err)
	}
}

// Text that was shown in place of a quotation is marked as such.
func TestADoubtedTurn(t *testing.T) {
	c := Conversation{Version: Version, Collection: "Notes", Encoder: "tiny", Turns: []Exchange{{Question: "thanks!", Doubt: message.DoubtThanks}, {Question: "why?", Doubt: "of a newer version"}}}
	md, err := Write(c, Markdown)
	if want := "\n## 1. thanks!\n\n*" + message.Says(message.DoubtThanks) + "*\n\n## 2. why?\n\nNothing was found.\n"; err != nil || !strings.Contains(string(md), want) ||
		strings.Contains(string(md), "\n>") || !strings.HasSuffix(string(md), "Every reply is a quotation; what stands in italics is none.\n") {
		t.Errorf("%s\n%v", md, err)
	}
	data, err := Write(c, JSON)
	if err != nil || !strings.Contains(string(data), `"doubt": "thanks"`) {
		t.Errorf("%s\n%v", data, err)
	}
	if got, err := Read(data); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v, %v", got, err)
	}
	topics, err := Write(c, TREC)
	if err != nil || strings.Contains(string(topics), "passage") || strings.Contains(string(topics), "canonical") {
		t.Errorf("%s\n%v", topics, err)
	}
}

func TestWhatIsNoTranscriptIsRefused(t *testing.T) {
	for _, s := range []string{``, `[]`, `{}`, `{"turns":[{"question":"a"}]}`, `{"parley":2,"turns":[{"question":"a"}]}`, `{"parley":1,"turns":[]}`} {
		if _, err := Read([]byte(s)); err == nil {
			t.Errorf("%s was taken", s)
		}
	}
}

// For any question, Markdown shows it as text, and TREC's topics contain it unchanged.
func FuzzWrite(f *testing.F) {
	f.Add("How tall is it?", "It is *330* m, <b>tall</b> & `old`.", "A_b [c](d)", "https://x.org/>)[a](b)")
	f.Add("# 1. a\n> b", "- x", "", "javascript:alert(1)")
	f.Add("1. a", "0) b", "12. c", "1)")
	f.Add("\xc6", "\xbd", "0", "0") // valid only together: JSON would write other characters
	f.Fuzz(func(t *testing.T, question, reply, title, url string) {
		for _, s := range []string{question, reply, title, url} {
			if !utf8.ValidString(s) {
				return
			}
		}
		c := Conversation{Turns: []Exchange{{Question: question, Reply: reply, Title: title, URL: url}}}
		md, err := Write(c, Markdown)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := goldmark.Convert(md, &out); err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(strings.NewReader(out.String()))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			switch n.Data {
			case "img", "script", "code", "em", "strong", "pre", "ul", "ol", "b":
				if n.Type == html.ElementNode {
					t.Errorf("%v became <%s>:\n%s", c, n.Data, md)
				}
			}
		}
		topics, err := Write(c, TREC)
		if err != nil {
			t.Fatal(err)
		}
		var list []struct {
			Turn []struct {
				Raw string `json:"raw_utterance"`
			}
		}
		if err := json.Unmarshal(topics, &list); err != nil || list[0].Turn[0].Raw != question {
			t.Errorf("%q: %v\n%s", question, err, topics)
		}
	})
}
