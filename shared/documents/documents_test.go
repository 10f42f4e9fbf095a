package documents

import (
	"bytes"
	"compress/gzip"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// read reads a file that must give no note.
func read(t *testing.T, name, data string, o Options) []Document {
	t.Helper()
	docs, notes := Read(name, []byte(data), o)
	for _, n := range notes {
		t.Errorf("unexpected note: %v", n)
	}
	return withoutLines(docs)
}

// withoutLines forgets where records begin, for tests of what is in them.
func withoutLines(docs []Document) []Document {
	for i := range docs {
		docs[i].Line = 0
	}
	return docs
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\ngot  %+q\nwant %+q", got, want)
	}
}

func zipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

func TestJSONLInBEIRFormKeepsIDsTitlesAndLinks(t *testing.T) {
	const data = `{"_id":"MED-10","title":"Statin Use","text":"Recent studies.\nA second line.","metadata":{"url":"https://example.org/10"}}

{"id":17,"contents":"Pyserini's\u00a0 names","url":"http://example.org/17"}
{"title":"Only a title","metadata":"odd"}
`
	want := []Document{
		{ID: "MED-10", Title: "Statin Use", Text: "Recent studies.\nA second line.", URL: "https://example.org/10"},
		{ID: "17", Text: "Pyserini's names", URL: "http://example.org/17"},
		{ID: "corpus.jsonl:4", Title: "Only a title"},
	}
	same(t, read(t, "corpus.jsonl", data, Options{}), want)
	want[2].ID = "corpus.jsonl.gz:4"
	same(t, read(t, "corpus.jsonl.gz", zipped(t, data), Options{}), want)
}

func TestBadRecordsAreNotedByLineAndTheRestIsRead(t *testing.T) {
	docs, notes := Read("a.jsonl", []byte("{\"_id\":\"1\",\"text\":\"one\"}\n{\"_id\":\"2\",\n[1]\n{\"_id\":\"4\"}\n{\"_id\":\"5\",\"text\":\"five\"}"), Options{})
	same(t, docs, []Document{{ID: "1", Text: "one", Line: 1}, {ID: "5", Text: "five", Line: 5}})
	var got []string
	for _, n := range notes {
		got = append(got, n.Error())
	}
	same(t, got, []string{
		`a.jsonl:2: not JSON in line 3: "[1]" where a name in quotes should be`,
		"a.jsonl:4: no text and no title",
	})
}

func TestJSONArrayCountsLines(t *testing.T) {
	docs, notes := Read("a.json", []byte("[\n{\"text\":\"one\"},\n\n{\"text\":\"two\"}, 7,\n{\"text\": oops}]"), Options{})
	same(t, docs, []Document{{ID: "a.json:2", Text: "one", Line: 2}, {ID: "a.json:4", Text: "two", Line: 4}})
	if len(notes) != 2 || notes[0].Line != 4 || notes[1].Line != 5 {
		t.Errorf("notes: %v", notes)
	}
}

// A link is shown to people: nothing but the web's own schemes may pass.
func TestOnlyWebLinksSurvive(t *testing.T) {
	for _, bad := range []string{"javascript:alert(1)", "data:text/html,x", " JaVaScript:x", "//host/x", "file:///etc/passwd", "https://a b", "ftp://x"} {
		if got := webURL(bad); got != "" {
			t.Errorf("webURL(%q) = %q", bad, got)
		}
	}
	for _, good := range []string{"https://example.org/a?b=c#d", "HTTP://example.org"} {
		if got := webURL(good); got != good {
			t.Errorf("webURL(%q) = %q", good, got)
		}
	}
}

func TestMarkdownLosesItsMarkupAndKeepsItsHeadings(t *testing.T) {
	const data = `---
title: "The *guide*"
url: https://example.org/guide
---
# The *guide*

Some **bold** text with a [link](https://x) and ` + "`code_span`" + `,
wrapped &amp; escaped \* once. ![A tower](t.png)<br>x <b>y</b>

## Install

- one
- two
  - nested
1. first

> quoted

    code line 1
    code line 2

| a | b |
|---|---|
| 1 | *2* |

<div>raw <script>alert(1)</script>html</div>
`
	docs := read(t, "docs/guide.md", data, Options{})
	same(t, docs[0].Title, "The *guide*")
	same(t, docs[0].URL, "https://example.org/guide")
	// The heading says "The guide", the front matter has literal stars: both stay.
	same(t, docs[0].Text, strings.Join([]string{
		"The guide",
		"Some bold text with a link and code_span, wrapped & escaped * once. A tower x y",
		"Install",
		"one\ntwo\nnested",
		"first",
		"quoted",
		"code line 1\ncode line 2",
		"a, b\n1, 2",
		"raw html",
	}, "\n\n"))
	for _, h := range docs[0].Headings {
		if s := docs[0].Text[h.Start:h.End]; s != "The guide" && s != "Install" {
			t.Errorf("heading %q", s)
		}
	}
}

func TestMarkdownTitleIsNotRepeatedInItsText(t *testing.T) {
	same(t, read(t, "x.md", "# Tea\n\nHot.\n\n## Green\n\nLeaf.", Options{}), []Document{{
		ID: "x.md", Title: "Tea", Text: "Hot.\n\nGreen\n\nLeaf.", Headings: []Heading{{Start: 6, End: 11, Level: 2}},
	}})
	same(t, read(t, "notes/how-to_x.md", "Just text.", Options{})[0].Title, "how to x")
}

// goldmark would take seconds to minutes for each of these.
func TestTangledMarkdownIsReadAsText(t *testing.T) {
	for _, part := range []string{"> ", "1. ", "- > ", "[a](", "[", "![", "[a]: b\n"} {
		if !tangled(strings.Repeat(part, 20_000)) {
			t.Errorf("%q again and again is not tangled", part)
		}
	}
	links := strings.Repeat("- [a link](https://example.org) (see [1])\n", 20_000)
	for name, plain := range map[string]string{
		"links": links, "rule": strings.Repeat("- ", 5000), "code": strings.Repeat("    x[0] = (1\n\n", 5000), "quotation": "> > > > deep\n",
	} {
		if tangled(plain) {
			t.Errorf("%s: tangled", name)
		}
	}
}

func TestHTMLKeepsWhatIsReadAndDropsWhatIsAround(t *testing.T) {
	const data = `<!doctype html><html><head><title>Tea &mdash; My Site</title>
<link rel=canonical href="https://example.org/tea"><style>p{}</style></head><body>
<header><nav>Home</nav></header><div role=navigation>menu</div>
<main><h1>Tea</h1><p>Hot &lt;b&gt; <i>leaf</i>
water.<p hidden>secret<p style="display: none">secret
<script>alert("secret")</script>
<h2 id="green tea">Green</h2><ul><li>one<li><p>two</p></ul>
<table><tr><th>a<th>b<tr><td>1<td>2</table><pre>x
y</pre><form>secret</form>line one<br>line two</main>
<aside>secret</aside><footer>secret</footer></body></html>`
	docs := read(t, "tea.html", data, Options{})
	if strings.Contains(docs[0].Text, "secret") || strings.Contains(docs[0].Text, "menu") {
		t.Errorf("kept what no reader sees: %q", docs[0].Text)
	}
	same(t, docs[0], Document{
		ID: "tea.html", Title: "Tea", URL: "https://example.org/tea",
		Text:     "Hot <b> leaf water.\n\nGreen\n\none\ntwo\n\na, b\n1, 2\n\nx\ny\n\nline one\n\nline two",
		Headings: []Heading{{Start: 21, End: 26, Level: 2, Anchor: "green tea"}},
		Tables:   []Table{{Start: 37, Header: 41, End: 46}},
	})
}

func TestAPageIsNamedByItsFirstHeadingWhereItsTitleHoldsIt(t *testing.T) {
	d := read(t, "a.html", "<title>Closures - The Book</title><h2>Closures</h2><p>x", Options{})
	same(t, [2]string{d[0].Title, d[0].Text}, [2]string{"Closures", "x"})
	d = read(t, "a.html", "<title>The Book</title><h2>Closures</h2><p>x", Options{})
	same(t, [2]string{d[0].Title, d[0].Text}, [2]string{"The Book", "Closures\n\nx"})
}

func TestAPageThatAsksNotToBeIndexed(t *testing.T) {
	docs, notes := Read("print.html", []byte(`<meta name="robots" content="noindex, nofollow"><p>x`), Options{})
	if len(docs) != 0 || len(notes) != 1 || !strings.Contains(notes[0].Why, "noindex") || notes[0].Kept {
		t.Errorf("%v %v", docs, notes)
	}
	// A page that somebody saved is not lost: the wish is one to search engines.
	docs, notes = Read("recipes/bread.html", []byte(`<meta name="robots" content="noindex"><title>Bread</title><p>Flour and water.`), Options{})
	if len(docs) != 1 || docs[0].Text != "Flour and water." || len(notes) != 1 || !notes[0].Kept || !strings.Contains(notes[0].Why, "noindex") {
		t.Errorf("%v %v", docs, notes)
	}
}

func TestHTMLInADeclaredLatinCharsetIsDecoded(t *testing.T) {
	docs := read(t, "a.html", "<meta charset=\"iso-8859-1\"><p>caf\xe9 \x80 5", Options{})
	same(t, docs[0].Text, "café € 5")
	docs = read(t, "a.html", "<meta http-equiv=Content-Type content='text/html; charset=iso-8859-15'><p>caf\xe9 \xa4 5", Options{})
	same(t, docs[0].Text, "café € 5")
	docs = read(t, "a.html", "<meta charset=Shift_JIS><p>\x93\xfa\x96\x7b\x8c\xea", Options{})
	same(t, docs[0].Text, "日本語")
}

func TestCSVColumnsAreFoundByTheirNames(t *testing.T) {
	want := []Document{
		{ID: "1", Title: "Tea", Text: "Hot, \"wet\"\nleaf", URL: "https://example.org"},
		{ID: "t.csv:5", Text: "no id"},
	}
	same(t, read(t, "t.csv", "Link,ID,Name,Body\nhttps://example.org,1,Tea,\"Hot, \"\"wet\"\"\nleaf\"\n\n,,,no id\n", Options{}), want)
	same(t, read(t, "t.csv", "Link;ID;Name;Body\nhttps://example.org;1;Tea;\"Hot, \"\"wet\"\"\nleaf\"\n\n;;;no id\n", Options{}), want)
	same(t, read(t, "t.tsv", "text\tid\na \"quote\tx", Options{}), []Document{{ID: "x", Text: `a "quote`}})
	same(t, read(t, "t.csv", "x,y\n1,2", Options{Columns: Columns{Text: "Y", ID: "1"}}), []Document{{ID: "1", Text: "2"}})
	same(t, read(t, "t.csv", "1,2", Options{Columns: Columns{Text: "2", NoHeader: true}}), []Document{{ID: "t.csv:1", Text: "2"}})
}

func TestCSVWithoutATextColumnSaysWhichThereAre(t *testing.T) {
	for want, o := range map[string]Options{
		"it cannot be told which column holds the text; the columns are: a, b; name it":  {},
		`no column "c"; the columns are: a, b`:                                           {Columns: Columns{Text: "c"}},
		`no column "9"; without a header they go by number, 1 to 2`:                      {Columns: Columns{Text: "9", NoHeader: true}},
		"it cannot be told which of the 2 columns holds the text; name it by its number": {Columns: Columns{NoHeader: true}},
	} {
		docs, notes := Read("t.csv", []byte("a,b\n1,2\n"), o)
		if len(docs) != 0 || len(notes) != 1 || notes[0].Why != want || notes[0].Line != 1 {
			t.Errorf("got %v, want %s", notes, want)
		}
	}
}

func TestPlainTextJoinsWrappedLines(t *testing.T) {
	same(t, read(t, "a/my_notes.txt", "My title\r\n\r\nfirst line\r\nsecond  line.\r\n\r\n\r\nNew paragraph.", Options{}),
		[]Document{{ID: "a/my_notes.txt", Title: "My title", Text: "first line second line.\n\nNew paragraph."}})
	same(t, read(t, "a/my_notes.txt", "Only a line", Options{}), []Document{{ID: "a/my_notes.txt", Title: "my notes", Text: "Only a line"}})
	same(t, read(t, "u.txt", "\xff\xfeH\x00i\x00 \x00\x34\xd8\x1e\xdd", Options{})[0].Text, "Hi 𝄞")
}

func TestFilesThatCannotBeReadSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"a.bin":      {"x", "a.bin: not a format that is read (JSONL, JSON, Markdown, HTML, CSV, TSV, DOCX, ODT, PPTX, XLSX, EPUB, EML, ZIM, PDF, text)"},
		"a.txt":      {"\x89PNG\r\n\x1a\n", "a.txt: a binary file (it begins as a PNG image does)"},
		"b.txt":      {"ab\x00\x01\x02\x03\x04\xfe", "b.txt: a binary file (5 of its 8 bytes are control characters)"},
		"c.md":       {"", "c.md: empty"},
		"c.html":     {"<script>x</script>", "c.html: no text in the page (is it made by a script?)"},
		"d.jsonl.gz": {zipped(t, strings.Repeat("x", 5000))[:30], "d.jsonl.gz: gzip: the file ends too early, after 4903 bytes of text; get it again"},
	} {
		docs, notes := Read(name, []byte(c.data), Options{})
		if len(docs) != 0 || len(notes) != 1 || notes[0].Error() != c.want {
			t.Errorf("%s: %v, want %s", name, notes, c.want)
		}
	}
	_, notes := Read("bomb.txt.gz", []byte(zipped(t, strings.Repeat("x", 5000))), Options{MaxBytes: 4999})
	if len(notes) != 1 || !strings.Contains(notes[0].Why, "more than 4999 bytes") {
		t.Errorf("a file that unpacks to too much: %v", notes)
	}
}

// isTidy reports whether a text is blocks with an empty line between them, whose lines
// end with no blank, of no characters that control anything. Lines of code may be indented.
func isTidy(text string) bool {
	if !utf8.ValidString(text) || strings.Trim(text, "\n") != text || strings.Contains(text, "\n\n\n") {
		return false
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimRightFunc(line, unicode.IsSpace) != line {
			return false
		}
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' || unseen(r) })
}

// FuzzRead: no input makes a reader panic; what it reads is UTF-8 without
// control characters, and headings are where they say.
func FuzzRead(f *testing.F) {
	for _, seed := range []struct{ name, data string }{
		{"a.jsonl", `{"_id":"1","title":"T","text":"x\n\ny","metadata":{"url":"https://x"}}`},
		{"a.json", `[{"text":"x"},{"text":1}]`},
		{"a.md", "---\ntitle: x\n---\n# A\n\nb\n\n- c\n\n```\nd\n```\n\n|a|\n|-|\n|b|\n\n<p>x"},
		{"a.md", "+++\ntitle = 'x'\n+++\n:::tip T\n\n[[a|b]] %%c%% $d_e$ {#f}\n\n:::\n\n!!! note \"x\"\n    y\n\n[^1]: z\n\n{{< tab \"x\" >}}{% y %}"},
		{"a.mdx", "import A from 'a'\n\n<Tabs>\n  <TabItem label=\"x\">\n    ```\n    a\n      b\n    ```\n  </TabItem>\n</Tabs>\n\n{a}{/* b */}\n\n```{note} T\n:a: b\nx\n```"},
		{"a.html", "<main><h1>A<a class=headerlink href=#a>¶</a></h1><div class=tabs role=tablist><a role=tab href=#p>T</a></div><div id=p role=tabpanel hidden>x</div><details><summary>q</summary>a</details><table><tr><td class=linenos><pre>1</pre><td><pre>a\n  b</pre></table><form><p>c</form></main><nav>n</nav>"},
		{"a.html", "<?xml version='1.0'?><title>x - y</title><p>a<math><annotation encoding=tex>b</annotation></math><sup class=reference>1</sup><button>c?</button><p style='display:none'>d"},
		{"a.html", "<h1>A</h1><p>b<ul><li>c<table><tr><td>d</table><pre>e\nf</pre>"},
		{"a.csv", "id,text\n1,\"a\nb\"\n2,c"},
		{"a.tsv", "id\ttext\n1\t\"a \"\"b\"\"\""},
		{"a.csv", "sep=;\nTitle above\nFrage;Antwort\nx?;\"<p>y</p>\nz?;\"a\nb\""},
		{"a.json", `{"data":[{"title":"T","sections":[{"heading":"H","text":["a","b"]},]},{"q":NaN}]} {"x":"\u00e9`},
		{"a.json", `{"a":{"name":"x","acceptedAnswer":{"text":"y"}},"b":{"title":"z","_source":{"body":"w"}}}`},
		{"a.txt", "caf\xe9 \x93x\x94"},
		{"a.txt", "\xff\xfea\x00\x00\xd8"},
		{"a.txt", "A\n\nb\nc"},
	} {
		f.Add(seed.name, []byte(seed.data))
	}
	f.Fuzz(checkRead)
}

// checkRead reads a file, and fails where what comes out is no document.
func checkRead(t *testing.T, name string, data []byte) {
	docs, notes := Read(name, data, Options{MaxBytes: 1 << 20})
	for _, n := range notes {
		if n.Why == "" || n.Line < 0 {
			t.Fatalf("note %+v", n)
		}
	}
	for _, d := range docs {
		if d.Title == "" && d.Text == "" {
			t.Fatal("an empty document")
		}
		if !utf8.ValidString(d.ID + d.Title + d.Text + d.URL) {
			t.Fatalf("not UTF-8: %+v", d)
		}
		if !isTidy(d.Text) {
			t.Fatalf("text is not tidy: %q", d.Text)
		}
		last := 0
		for _, h := range d.Headings {
			if h.Start < last || h.End <= h.Start || h.End > len(d.Text) || h.Level < 1 || h.Level > 6 {
				t.Fatalf("heading %+v in %q", h, d.Text)
			}
			last = h.End
		}
		checkCut(t, d, 12)
	}
}
