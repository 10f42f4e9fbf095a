package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley/shared/cli"
	"parley/shared/encoder"
	"parley/shared/family"
	"parley/shared/link"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/transcript"
	"parley/site/collection"
	"parley/site/collection/tiny"
)

// parley runs a command line and returns its exit code and its output.
func parley(t *testing.T, stdin string, args ...string) (code int, out, err string) {
	t.Helper()
	var o, e bytes.Buffer
	code = commandLine.Run(t.Context(), cli.Streams{In: strings.NewReader(stdin), Out: &o, Err: &e}, args)
	return code, o.String(), e.String()
}

// must runs a command line that must succeed, and returns its output.
func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	code, out, err := parley(t, stdin, args...)
	if code != cli.OK {
		t.Fatalf("parley %s: exit code %d\n%s", strings.Join(args, " "), code, err)
	}
	return out
}

// A bench is a folder with a tiny encoder and a small collection.
type bench struct{ dir, encoder, collection string }

func newBench(t *testing.T) bench {
	t.Helper()
	dir := t.TempDir()
	b := bench{dir, filepath.Join(dir, "encoder"), filepath.Join(dir, "collection")}
	if err := tiny.Write(b.encoder, 1); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"tea.md":    "# Tea\n\nTea is a leaf in hot water. It was built by the sun.\n",
		"tower.txt": "Eiffel tower\n\nThe eiffel tower in paris is tall. It was designed by an engineer.\n",
		"sea.jsonl": `{"_id":"whale","title":"Whale","text":"A whale is not a fish in the sea.","metadata":{"url":"https://example.org/whale"}}` + "\nbroken\n",
	} {
		at := filepath.Join(dir, "docs", name)
		os.MkdirAll(filepath.Dir(at), 0o755)
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, _, err := parley(t, "", "index", "--encoder", b.encoder, "--out", b.collection, "--title", "Test", filepath.Join(dir, "docs"))
	if code != cli.OK || !strings.Contains(err, "left out: sea.jsonl:2: not a JSON object") {
		t.Fatalf("index: %d %s", code, err)
	}
	return b
}

// with adds the bench's folders to a command line.
func (b bench) with(args ...string) []string {
	return append(args[:1:1], append([]string{"--encoder", b.encoder, "--collection", b.collection}, args[1:]...)...)
}

func TestEveryCommandHasHelpWithExamples(t *testing.T) {
	overview := must(t, "", "help")
	for _, c := range commands {
		if !strings.Contains(overview, c.Summary) {
			t.Errorf("the overview lacks %s", c.Name)
		}
		out := must(t, "", c.Name, "--help")
		if out != must(t, "", "help", c.Name) {
			t.Errorf("help %s and %s --help differ", c.Name, c.Name)
		}
		for _, want := range []string{"Usage: parley " + c.Name, "Flags:", "Examples:\n  parley"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s --help lacks %q:\n%s", c.Name, want, out)
			}
		}
		// The examples' flags exist.
		for _, flag := range regexp.MustCompile(`(?m)^parley .*$`).FindAllString(c.Examples, -1) {
			for _, word := range strings.Fields(strings.Split(flag, "|")[0]) {
				word, _, _ = strings.Cut(word, "=")
				if strings.HasPrefix(word, "-") && !strings.Contains(out, " "+word) {
					t.Errorf("%s: the example's %s is no flag", c.Name, word)
				}
			}
		}
	}
}

func TestExitCodes(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		code int
		args []string
		want string // of standard error
	}{
		{cli.Usage, nil, "Usage: parley COMMAND"},
		{cli.Usage, []string{"ask"}, `there is no command "ask"`},
		{cli.Usage, []string{"search"}, "no question"},
		{cli.Usage, []string{"check"}, "no folder to check"},
		{cli.Usage, []string{"search", "--deep", "x"}, "unknown flag: --deep"},
		{cli.Usage, []string{"search", "-r", "a reply"}, "-r comes after the -t"},
		{cli.Usage, []string{"search", "--trec", "x"}, "a run needs --trec and --queries"},
		{cli.Usage, []string{"search", "--read", "both", "x"}, "--read both: wanted alone or together"},
		{cli.Usage, []string{"search", "--trec", "x", "--queries", "y", "--read", "alone"}, "--read is for one question"},
		{cli.Usage, []string{"index"}, "nothing to index"},
		{cli.Usage, []string{"index", "--mass", "2", "."}, "wanted a share"},
		{cli.Usage, []string{"index", "--as", "docs", "."}, "--as docs: wanted one of [jsonl json"},
		{cli.Usage, []string{"export", "--to", "lucene", "--out", "x"}, `--to: there is no form "lucene"`},
		{cli.Usage, []string{"index", "--passage-tokens", "-5", "."}, "--passage-tokens -5"},
		{cli.Usage, []string{"index", "--workers", "-2", "."}, "--workers -2"},
		{cli.Usage, []string{"index", "--encoder", b.encoder, filepath.Join(b.dir, "nowhere")}, "no such file or folder"},
		{cli.Usage, []string{"build", "--compress", "hard"}, "wanted one of"},
		{cli.Usage, []string{"quantize", b.encoder, b.encoder}, "another than the folder to read"},
		{cli.Failed, []string{"search", "--encoder", "nowhere", "x"}, "`parley quantize` makes one"},
		{cli.Failed, []string{"search", "--encoder", b.encoder, "--collection", b.encoder, "x"}, "manifest.json"},
		{cli.Failed, []string{"serve", b.encoder}, "`parley build --out"},
		{cli.Failed, b.with("search", "\u0001"), "the question is empty"},
		{cli.Failed, []string{"index", "--encoder", b.encoder, "--out", filepath.Join(b.dir, "none"), filepath.Join(b.dir, "encoder", "model.safetensors")}, "nothing to index"},
	} {
		code, out, err := parley(t, "", c.args...)
		if code != c.code || !strings.Contains(err, c.want) {
			t.Errorf("parley %v: exit code %d, %s", c.args, code, err)
		}
		if out != "" {
			t.Errorf("parley %v: standard output %q", c.args, out)
		}
	}
}

func TestExportMakesInt8AndKeepsTheSettings(t *testing.T) {
	b := newBench(t)
	out := filepath.Join(b.dir, "small")
	must(t, "", "quantize", b.encoder, out, "--query-tokens", "20", "--history-type", "1")
	data, err := os.ReadFile(filepath.Join(out, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Parley encoder.Settings }
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	if want := (encoder.Settings{Name: "tiny-1", QueryTokens: 20, HistoryTokenType: 1, PassageTokens: 48}); config.Parley != want {
		t.Errorf("%+v, want %+v", config.Parley, want)
	}
	size := func(dir string) int64 {
		info, err := os.Stat(filepath.Join(dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	if size(out) > size(b.encoder)/2 {
		t.Errorf("%d bytes of %d", size(out), size(b.encoder))
	}
	if got := must(t, "", "search", "--encoder", out, "--collection", b.collection, "hot leaf"); !strings.Contains(got, "> 1") || !strings.Contains(got, "Tea") {
		t.Errorf("%s", got)
	}
}

func TestSearchShowsTheQuotationItsSourceAndTheCost(t *testing.T) {
	b := newBench(t)
	out := must(t, "", b.with("search", "whale", "in", "the", "sea?", "-k", "2")...)
	for _, want := range []string{"“A whale is not a fish in the sea.”", "Whale  https://example.org/whale", "> 1 ", "active terms"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colours, and no terminal")
	}
}

// The quoted sentence may lack the figure that was asked for: search and chat say so, and
// chat does for a picked result, too.
func TestAReplyWithoutTheFigureSaysSo(t *testing.T) {
	b := newBench(t)
	says := "\n  " + message.NoFigureText + "\n"
	if out := must(t, "", b.with("search", "how tall is the eiffel tower?")...); !strings.Contains(out, says) {
		t.Error(out)
	}
	if out := must(t, "how tall is the eiffel tower?\n:pick 2\n", b.with("chat")...); strings.Count(out, says) != 2 {
		t.Error(out)
	}
	if out := must(t, "", b.with("search", "how do you like the eiffel tower?")...); strings.Contains(out, message.NoFigureText) {
		t.Error(out)
	}
}

// Where nothing answers, a sentence says so; the turn has no reply until one is picked.
func TestADoubtedTurnQuotesNothing(t *testing.T) {
	b := newBench(t)
	e, err := openEngine(t.Context(), sources{encoder: b.encoder, collections: []string{b.collection}}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c := &chat{e: e, k: 5, absent: e.absent, page: page{w: &out}}
	show := func(question, doubt string) message.Answer {
		t.Helper()
		a, err := e.Ask(message.Ask{Turns: []message.Turn{{Question: question}}})
		if err != nil {
			t.Fatal(err)
		}
		a.Doubt, a.Reply = doubt, 0
		a.Spelling = []message.Spelling{{Typed: "eifel", Read: "eiffel"}}
		out.Reset()
		c.said.Ask(question)
		c.show("", a)
		return a
	}
	next := func() message.Ask {
		c.said.Ask("who designed it?")
		n := c.said.Len() - 1
		defer c.said.Delete(n)
		return c.request(n, "")
	}

	a := show("eiffel tower", message.DoubtUnsure)
	text := out.String()
	for _, want := range []string{"\n  Read as “eiffel”.\n  " + message.Says(message.DoubtUnsure) + "\n\n  Nearest:\n  1  Eiffel tower\n", "active terms"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Count(text, "“") != 1 {
		t.Errorf("a quotation in\n%s", text)
	}
	if next := next(); len(next.Turns) != 2 || next.Turns[0] != (message.Turn{Question: "eiffel tower"}) {
		t.Errorf("asked %+v", next)
	}
	md, saved := filepath.Join(b.dir, "talk.md"), filepath.Join(b.dir, "talk.json")
	c.save(md)
	if text, _ := os.ReadFile(md); !strings.Contains(string(text), "\n*"+message.Says(message.DoubtUnsure)+"*\n") {
		t.Errorf("%s", text)
	}

	c.pick("1")
	if next := next(); next.Turns[0].Reply == "" || next.Turns[0].Reply != a.Results[0].Quotation() {
		t.Errorf("asked %+v", next)
	}
	c.save(saved)
	data, _ := os.ReadFile(saved)
	if got, err := transcript.Read(data); err != nil || got.Turns[0].Doubt != "" || !got.Turns[0].Chosen || got.Turns[0].ID != "tower.txt" {
		t.Errorf("%+v, %v", got, err)
	}
	c.link()
	if shared, err := link.Open(regexp.MustCompile(`#c=[\w-]+`).FindString(out.String())); err != nil || shared.Turns[0].Chosen != "tower.txt" {
		t.Errorf("%+v, %v", shared, err)
	}

	show("hello", message.DoubtGreeting)
	if text := out.String(); !strings.Contains(text, message.Says(message.DoubtGreeting)) || strings.Contains(text, "Nearest") || strings.Contains(text, "read with") {
		t.Error(text)
	}

	// Search prints the results as always, after the sentence.
	out.Reset()
	c.page.answer(&a)
	if text := out.String(); !strings.HasPrefix(text, "  Read as “eiffel”.\n  "+message.Says(message.DoubtUnsure)+"\n\n  1  ") || strings.Contains(text, "\n> ") {
		t.Error(text)
	}
}

func TestSearchReadsAConversation(t *testing.T) {
	b := newBench(t)
	ask := func(args ...string) message.Answer {
		t.Helper()
		var a message.Answer
		if err := json.Unmarshal([]byte(must(t, "", b.with(append([]string{"search", "--json"}, args...)...)...)), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := ask("-t", "eiffel tower", "who", "designed", "it?"); a.Results[0].ID != "tower.txt" {
		t.Errorf("%+v", a.Results[0])
	}
	withReply := ask("-t", "eiffel tower", "-r", "whale salt", "who designed it?")
	lit := false
	for _, term := range withReply.Terms {
		lit = lit || term.Text == "whale" && term.Turn == 0 && term.Reply
	}
	if !lit {
		t.Errorf("the given reply lit nothing: %+v", withReply.Terms)
	}
	if a := ask("-t", "eiffel tower", "--read", "alone", "whale"); !a.Alone || len(a.Read) != 1 || a.Read[0] != 1 {
		t.Errorf("read alone: %v, %v", a.Alone, a.Read)
	}
	if a := ask("-t", "eiffel tower", "--read", "together", "whale"); a.Alone || len(a.Read) != 2 {
		t.Errorf("read together: %v, %v", a.Alone, a.Read)
	}
	out := must(t, "", b.with("search", "-t", "eiffel tower", "--read", "alone", strings.Repeat("whale ", 200))...)
	if !strings.Contains(out, "\n  read alone, as a new topic\n  The question is longer than what the encoder reads: its middle was left out.\n") {
		t.Error(out)
	}
}

func TestSearchWritesARun(t *testing.T) {
	b := newBench(t)
	queries := filepath.Join(b.dir, "q.jsonl")
	os.WriteFile(queries, []byte(`{"_id":"q 1","text":"hot leaf"}
{"id":"q2","turns":[{"question":"eiffel tower","reply":"paris"},{"question":"who designed it?"}]}
`), 0o644)
	out := must(t, "", b.with("search", "--trec", "-", "--queries", queries, "-k", "2")...)
	line := regexp.MustCompile(`^\S+ Q0 \S+ [12] [0-9.]+ tiny-1$`)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, l := range lines {
		if !line.MatchString(l) {
			t.Errorf("line %q", l)
		}
	}
	if !strings.HasPrefix(lines[0], "q%201 Q0 tea.md 1 ") || !strings.Contains(out, "q2 Q0 tower.txt 1 ") {
		t.Errorf("%s", out)
	}
	tsv := filepath.Join(b.dir, "q.tsv")
	os.WriteFile(tsv, []byte("7\thot leaf\n"), 0o644)
	file := filepath.Join(b.dir, "my.run")
	must(t, "", b.with("search", "--trec", file, "--queries", tsv)...)
	if got, _ := os.ReadFile(file); !strings.HasPrefix(string(got), "7 Q0 tea.md 1 ") {
		t.Errorf("%s", got)
	}
	for content, want := range map[string]string{
		"7 no tab\n":       "q.tsv:1: want an id, a tab and a question",
		"7\ta\n\n7\tb\n":   `q.tsv:3: query "7" is here for the second time; the first is on line 1`,
		"\thot leaf\n":     "q.tsv:1: the query has no id",
		"":                 "holds no query",
		"a\thot\nb\tleaf}": "",
	} {
		os.WriteFile(tsv, []byte(content), 0o644)
		code, _, err := parley(t, "", b.with("search", "--trec", "-", "--queries", tsv)...)
		if (code == cli.OK) != (want == "") || !strings.Contains(err, want) {
			t.Errorf("%q: %d %s", content, code, err)
		}
	}
}

// An error says what a file of queries in JSON lacks.
func TestSearchRefusesQueriesOfARun(t *testing.T) {
	b := newBench(t)
	queries := filepath.Join(b.dir, "q.jsonl")
	for content, want := range map[string]string{
		`{"_id":"a","text":"tea"}` + "\n{":                "q.jsonl:2: not a JSON object",
		`{"text":"tea"}`:                                  `q.jsonl:1: no "_id"`,
		`{"_id":"a"}`:                                     `q.jsonl:1: "a" has no "text" and no "turns"`,
		`{"_id":"a","turns":[]}`:                          `q.jsonl:1: "a" has no "text" and no "turns"`,
		`{"_id":"a","text":""}`:                           `the text of query "a" is empty`,
		strings.Repeat(`{"id":"a","text":"tea"}`+"\n", 2): `q.jsonl:2: query "a" is here for the second time; the first is on line 1`,
	} {
		os.WriteFile(queries, []byte(content), 0o644)
		code, _, err := parley(t, "", b.with("search", "--trec", "-", "--queries", queries)...)
		if code == cli.OK || !strings.Contains(err, want) {
			t.Errorf("%q: %d %s", content, code, err)
		}
	}
}

// Passages of one document are one line of a run by documents.
func TestARunByDocumentsNamesEachOnce(t *testing.T) {
	b := newBench(t)
	long := filepath.Join(b.dir, "long")
	os.MkdirAll(long, 0o755)
	os.WriteFile(filepath.Join(long, "a.txt"), []byte(strings.Repeat("tea leaf water hot green. ", 40)), 0o644)
	os.WriteFile(filepath.Join(long, "b.txt"), []byte("tea."), 0o644)
	out := filepath.Join(b.dir, "long-collection")
	must(t, "", "index", "--encoder", b.encoder, "--out", out, "--passage-tokens", "40", long)
	queries := filepath.Join(b.dir, "q.tsv")
	os.WriteFile(queries, []byte("q\ttea\n"), 0o644)
	passages := must(t, "", "search", "--encoder", b.encoder, "--collection", out, "--trec", "-", "--queries", queries)
	if strings.Count(passages, "a.txt#") < 3 {
		t.Errorf("passages: %s", passages)
	}
	docs := must(t, "", "search", "--encoder", b.encoder, "--collection", out, "--trec", "-", "--queries", queries, "--documents")
	if strings.Count(docs, "\n") != 2 || strings.Count(docs, "a.txt ") != 1 {
		t.Errorf("documents: %s", docs)
	}
}

// A conversation shared in a chat can be asked elsewhere, and one that was saved can be
// read again.
func TestChatSharesTheConversation(t *testing.T) {
	b := newBench(t)
	md, saved := filepath.Join(b.dir, "talk.md"), filepath.Join(b.dir, "talk.json")
	out := must(t, ":save x\neiffel tower?\nwho designed it?\n:pick 2\n:link\n:save "+md+"\n:save "+saved+"\n:save "+filepath.Join(b.dir, "none", "x.md")+"\n", b.with("chat")...)
	fragment := regexp.MustCompile(`#c=[\w-]+`).FindString(out)
	c, err := link.Open(fragment)
	if err != nil || len(c.Turns) != 2 || c.Turns[1].Question != "who designed it?" || c.Turns[1].Chosen == "" {
		t.Fatalf("%q: %+v, %v", fragment, c, err)
	}
	text, _ := os.ReadFile(md)
	if !strings.Contains(string(text), "## 2. who designed it?") {
		t.Errorf("%s", text)
	}
	raw, _ := os.ReadFile(saved)
	if got, err := transcript.Read(raw); err != nil || got.Turns[1].ID != c.Turns[1].Chosen || !got.Turns[1].Chosen {
		t.Errorf("%+v, %v", got, err)
	}
	if !strings.Contains(out, ":save takes the name") || !strings.Contains(out, "not saved: ") {
		t.Errorf("%s", out)
	}
	again := must(t, ":link\n", b.with("chat", "--link", "https://example.org/#"+fragment[1:])...)
	if got := regexp.MustCompile(`#c=[\w-]+`).FindString(again); got != fragment {
		t.Errorf("asked again it is %s, was %s:\n%s", got, fragment, again)
	}
	var e strings.Builder
	if code := commandLine.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: &e}, b.with("chat", "--link", "nothing")); code != cli.Usage {
		t.Errorf("%d %s", code, e.String())
	}
}

// A conversation that was saved, or written by hand, is asked again.
func TestChatOpensAFile(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	saved, md, text := filepath.Join(dir, "a.json"), filepath.Join(dir, "a.md"), filepath.Join(dir, "a.txt")
	first := must(t, "eiffel tower?\nwho designed it?\n:pick 2\n:link\n:save "+saved+"\n:save "+md+"\n", b.with("chat")...)
	if err := os.WriteFile(text, []byte("Me: eiffel tower?\nBot: Tall.\nMe: who designed it?\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	fragment := regexp.MustCompile(`#c=[\w-]+`)
	if out := must(t, ":link\n", b.with("chat", "--open", saved)...); fragment.FindString(out) != fragment.FindString(first) {
		t.Errorf("it is another conversation:\n%s", out)
	}
	for _, name := range []string{md, text} {
		if out := must(t, "", b.with("chat", "--open", name)...); strings.Count(out, "? eiffel tower?") != 1 || strings.Count(out, "? who designed it?") != 1 || strings.Contains(out, "Tall") {
			t.Errorf("%s:\n%s", name, out)
		}
	}
	for _, args := range [][]string{{"--open", filepath.Join(dir, "none")}, {"--open", saved, "--link", "https://x.org/" + fragment.FindString(first)}} {
		var e strings.Builder
		if code := commandLine.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: &e}, b.with(append([]string{"chat"}, args...)...)); code == 0 {
			t.Errorf("%v was taken", args)
		}
	}
}

// A result names its file, and its document can be read around it.
func TestChatShowsTheSource(t *testing.T) {
	b := newBench(t)
	var long strings.Builder
	long.WriteString("# Ships\n\n")
	for _, part := range []string{"Whale", "Harbour", "Storm"} {
		fmt.Fprintf(&long, "## %s\n\n", part)
		for range 40 {
			fmt.Fprintf(&long, "The %s is in the sea. ", strings.ToLower(part))
		}
		long.WriteString("\n\n")
	}
	docs := t.TempDir()
	for name, content := range map[string]string{"log/ships.md": long.String(), "faq.csv": "question,answer\nIs tea hot?,Tea is a leaf in hot water.\n"} {
		at := filepath.Join(docs, name)
		os.MkdirAll(filepath.Dir(at), 0o755)
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.collection = filepath.Join(t.TempDir(), "collection")
	if code, _, err := parley(t, "", "index", "--encoder", b.encoder, "--out", b.collection, docs); code != cli.OK {
		t.Fatalf("index: %d %s", code, err)
	}
	out := must(t, ":source\ntea\n:source 9\n:source 1\nstorm\n:source\n", b.with("chat")...)
	for _, want := range []string{"There is no result yet", ":source takes the number of a result, 1 to ", "faq.csv, line 2", "> Tea is a leaf in hot water.", "log/ships.md", "passage ", ": Storm", "> The storm is in the sea."} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestChatFollowsTheConversation(t *testing.T) {
	b := newBench(t)
	out := must(t, "eiffel tower?\nwho designed it?\n:pick 2\n:pick 9\n:terms\n:undo\n:undo\n:undo\n\n:new\n:what\n:help\n!\x1b]0;x\x07\n:quit\nnever read\n", b.with("chat")...)
	for _, want := range []string{
		"? eiffel tower?", "“It was designed by an engineer.”", "? who designed it?", "(quoted before)", "turn 1",
		":pick takes the number of a result", "Taken back: who designed it?", "There is nothing to take back",
		"A new conversation.\n  For example: Tell me about ", "There is no :what", ":quit     end",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") || strings.Contains(out, "never read") {
		t.Errorf("%q", out)
	}
}

func TestChatReadsTheLastQuestionTheOtherWay(t *testing.T) {
	b := newBench(t)
	out := must(t, "eiffel tower?\n:alone\nwhale?\n:alone\n:terms\n:together\n:link\n", b.with("chat")...)
	parts := strings.Split(out, "“")
	if len(parts) != 5 {
		t.Fatal(out)
	}
	for i, want := range []string{"", "There is no question with anything said before it", "read with turn 1\n", "read alone, as a new topic\n", "read with turn 1\n"} {
		if !strings.Contains(parts[i], want) {
			t.Errorf("after reply %d there is no %q in\n%s", i, want, out)
		}
	}
	c, err := link.Open(regexp.MustCompile(`#c=[\w-]+`).FindString(out))
	if err != nil || len(c.Turns) != 2 || c.Turns[1].Read != message.ReadTogether || c.Turns[0].Read != "" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestNothingOfADocumentCommandsTheTerminal(t *testing.T) {
	if got := printable("a\x1b[31mb\u009bc\u202ed\ne"); got != "a[31mbcd e" {
		t.Errorf("%q", got)
	}
}

func TestWrapBreaksBetweenWords(t *testing.T) {
	if got := wrap("one two three four", "  ", 12); got != "  one two\n  three four" {
		t.Errorf("%q", got)
	}
	if got := wrap("one two", "", 0); got != "one two" {
		t.Errorf("%q", got)
	}
}

func TestIndexPrintsWhatAProgramCanRead(t *testing.T) {
	b := newBench(t)
	csv := filepath.Join(b.dir, "faq.csv")
	os.WriteFile(csv, []byte("no,q,a\n1,Tea?,leaf\n2,Sea?,salt\n"), 0o644)
	out := filepath.Join(b.dir, "faq")
	var sum struct {
		Documents, Passages int
		LeftOut             int `json:"left_out"`
	}
	if err := json.Unmarshal([]byte(must(t, "", "index", csv, "--json", "--encoder", b.encoder, "--out", out,
		"--column-id", "no", "--column-title", "q", "--column-text", "a")), &sum); err != nil {
		t.Fatal(err)
	}
	if sum.Documents != 2 || sum.Passages != 2 || sum.LeftOut != 0 {
		t.Errorf("%+v", sum)
	}
	_, store, err := collection.Open(out)
	if err != nil || store.At(1).Title != "Sea?" || store.At(1).ID != "2" {
		t.Errorf("%+v %v", store.At(1), err)
	}
}

func TestWhatAZIMSaysIsTheCollectionsUnlessAFlagDoes(t *testing.T) {
	const archive = "../../shared/zim/testdata/plain.zim"
	about := passages.About{Licence: "CC0"}
	var said bytes.Buffer
	if pages := describeZIM(&said, []string{archive, "no.zim", "notes.md"}, &about); pages != 3 || about != (passages.About{Licence: "CC0"}) {
		t.Errorf("of several paths, %d pages and %+v", pages, about)
	}
	want := archive + ": Two places, language eng, of 2026-11-01, by Wikipedia, licence CC BY-SA 4.0, from https://en.wikipedia.org\n"
	if said.String() != want {
		t.Errorf("said %q, wanted %q", said.String(), want)
	}
	describeZIM(&said, []string{archive}, &about)
	if want := (passages.About{Title: "Two places", Source: "https://en.wikipedia.org", Licence: "CC0", Attribution: "Wikipedia"}); about != want {
		t.Errorf("of one, %+v, wanted %+v", about, want)
	}
}

func TestAStoppedIndexSaysHowToGoOn(t *testing.T) {
	b := newBench(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var o, e bytes.Buffer
	code := commandLine.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: &o, Err: &e}, []string{"index", "--encoder", b.encoder, "--out", filepath.Join(b.dir, "x"), filepath.Join(b.dir, "docs")})
	if code != cli.Failed || !strings.Contains(e.String(), "cancel") {
		t.Errorf("%d %s", code, e.String())
	}
}

// The whole path: build a page with a collection of one's own, serve it, fetch it.
func TestBuildAndServe(t *testing.T) {
	b := newBench(t)
	wasm := filepath.Join(b.dir, "wasm")
	os.MkdirAll(wasm, 0o755)
	for _, name := range []string{"ui.wasm", "worker.wasm", "files.wasm", "pdfium.wasm", "wasm_exec.js"} {
		os.WriteFile(filepath.Join(wasm, name), []byte(name), 0o644)
	}
	dist := filepath.Join(b.dir, "dist")
	out := must(t, "", b.with("build", "--wasm", wasm, "--out", dist, "--compress", "fast", "--title", "Mine")...)
	if !strings.Contains(out, "first page") || !strings.Contains(out, "encoder, index, texts") {
		t.Errorf("%s", out)
	}
	again := filepath.Join(b.dir, "again")
	must(t, "", b.with("build", "--from", dist, "--out", again, "--compress", "fast", "--title", "Mine")...)
	for _, name := range []string{"index.html", "sw.js", "site.json"} {
		x, _ := os.ReadFile(filepath.Join(dist, name))
		y, _ := os.ReadFile(filepath.Join(again, name))
		if !bytes.Equal(x, y) {
			t.Errorf("%s differs when built from the folder", name)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	code := make(chan int)
	go func() {
		code <- commandLine.Run(ctx, cli.Streams{In: strings.NewReader(""), Out: write, Err: io.Discard}, []string{"serve", dist, "--addr", "localhost:0"})
	}()
	var url string
	if _, err := fmt.Fscan(read, &url); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, read)
	client := &http.Client{Timeout: 10 * time.Second}
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if !strings.Contains(string(page), "<title>Mine</title>") || res.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s", page)
	}
	stop()
	if c := <-code; c != cli.OK {
		t.Errorf("exit code %d", c)
	}
}

// The base of a family indexes; any of its levels answers.
func TestLevels(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "tiny"), os.DirFS(b.encoder)); err != nil {
		t.Fatal(err)
	}
	files := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(b.encoder, name)) }
	whole := map[string][]byte{}
	for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
		whole[name], _ = files(name)
	}
	member, err := encoder.Share(whole, files)
	if err != nil {
		t.Fatal(err)
	}
	list := family.Family{Base: "undistilled", Default: "2x", Levels: []family.Level{
		{Level: message.Level{Name: "undistilled"}, Folder: "tiny"}, {Level: message.Level{Name: "2x"}, Folder: "member"},
	}}
	if member[family.File], err = list.Encode(); err != nil {
		t.Fatal(err)
	}
	for name, data := range member {
		at := filepath.Join(dir, "member", name)
		if name == family.File {
			at = filepath.Join(dir, name)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "notes")
	must(t, "", "index", "--encoder", dir, "--out", out, filepath.Join(b.dir, "docs"))
	want := must(t, "", "search", "--encoder", b.encoder, "--collection", out, "--trec", "-", "--queries", queryFile(t))
	for _, level := range [][]string{nil, {"--level", "undistilled"}, {"--level", "2x"}} {
		// The member is the base itself, so they agree.
		got := must(t, "", append([]string{"search", "--encoder", dir, "--collection", out, "--trec", "-", "--queries", queryFile(t)}, level...)...)
		if got != want || got == "" {
			t.Errorf("level %v: %s, wanted %s", level, got, want)
		}
		if got := must(t, "tea\n", append([]string{"chat", "--encoder", dir, "--collection", out}, level...)...); !strings.Contains(got, "Tea is a leaf") {
			t.Errorf("level %v: %s", level, got)
		}
	}
	code, _, said := parley(t, "", "search", "--encoder", dir, "--collection", out, "--level", "3x", "tea")
	if code != cli.Usage || !strings.Contains(said, "there are undistilled, 2x") {
		t.Errorf("level 3x: %d %s", code, said)
	}
	code, _, said = parley(t, "", "search", "--encoder", b.encoder, "--collection", out, "--level", "2x", "tea")
	if code == cli.OK || !strings.Contains(said, "no levels") {
		t.Errorf("a level of a single encoder: %d %s", code, said)
	}
}

func queryFile(t *testing.T) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "q.tsv")
	if err := os.WriteFile(at, []byte("1\ttea in hot water\n2\twhale\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestCheckSaysWhatIsInsideAndWhatIsWrong(t *testing.T) {
	b := newBench(t)
	out := must(t, "", "check", b.collection, b.encoder)
	for _, want := range []string{b.collection + ": a collection", `"Test", made by the encoder`, "no dense vectors", b.encoder + ": an encoder", "every file is whole"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	at := filepath.Join(b.collection, "index.bin")
	data, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(at, data, 0o666); err != nil {
		t.Fatal(err)
	}
	code, out, _ := parley(t, "", "check", "--json", b.collection)
	var list []checked
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != cli.Failed || len(list) != 1 || list[0].OK || !strings.Contains(list[0].Wrong[0], "index.bin") {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
}

// Several collections are searched as one, and each result says which it is from.
func TestSearchInSeveralCollections(t *testing.T) {
	b := newBench(t)
	dir := filepath.Join(b.dir, "logs")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ship.md"), []byte("# The ship\n\nThe ship of iron is in the harbour.\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	logs := filepath.Join(b.dir, "logbook")
	must(t, "", "index", "--encoder", b.encoder, "--out", logs, "--title", "Logbook", dir)
	out := must(t, "", append(b.with("search", "whale ship iron harbour sea"), "--collection", logs)...)
	for _, want := range []string{"Logbook: ship.md", "> 1 "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var a message.Answer
	if err := json.Unmarshal([]byte(must(t, "", append(b.with("search", "--json", "whale ship iron harbour sea"), "--collection", logs)...)), &a); err != nil {
		t.Fatal(err)
	}
	from := map[string]bool{}
	for _, r := range a.Results {
		from[r.Collection] = true
	}
	if len(from) != 2 || !from["Logbook"] {
		t.Errorf("results from %v", from)
	}
}
