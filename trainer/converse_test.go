package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/beir"
	"parley/shared/collect"
	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/passages"
	"parley/site/collection/tiny"
	"parley/trainer/conversations"
	"parley/trainer/converse"
)

// Articles in the words of the tiny encoder, and conversations about them.
var tinyArticles = []passages.Passage{
	{ID: "tower", Title: "Eiffel Tower", Text: "The tower is in Paris, a city of iron. It was designed by the engineer. It is tall by metres."},
	{ID: "tea", Title: "Tea", Text: "Tea is a leaf in hot water. Green tea is of Japan. Black tea is of China."},
	{ID: "whale", Title: "Whale", Text: "The whale is of the sea. The whale was a fish to the ship."},
	{ID: "moon", Title: "Moon", Text: "The moon is in orbit to a planet. The sun is a star."},
}

const tinyConversations = `{"id":"dev-01-01","topic":"Arts","persona":"p","turns":[
{"question":"eiffel tower paris","rewrite":"eiffel tower paris","reply":"The tower is in Paris.","gold":[{"id":"tower","grade":2}],"kind":"first"},
{"question":"designed by engineer","rewrite":"who designed the eiffel tower","reply":"It was designed by the engineer.","gold":[{"id":"tower","grade":2},{"id":"tea","grade":1}],"kind":"pronoun","needs_context":true},
{"question":"?","rewrite":"a","reply":"It.","gold":[{"id":"whale","grade":2}],"kind":"ellipsis"}]}
{"id":"dev-02-01","topic":"Everyday life","persona":"p","turns":[
{"question":"tea leaf hot water","rewrite":"tea leaf","reply":"Tea is a leaf in hot water.","gold":[{"id":"tea","grade":2}],"kind":"first"},
{"question":"moon orbit planet","rewrite":"moon orbit","reply":"The moon is in orbit.","gold":[{"id":"moon","grade":2}],"kind":"topic-switch","switch":true}]}
`

// tinySet writes an encoder, articles and conversations into DIR/{encoder,articles,data}.
func tinySet(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := tiny.Write(filepath.Join(dir, "encoder"), 1); err != nil {
		t.Fatal(err)
	}
	enc, err := encoder.Load(folder.Files(filepath.Join(dir, "encoder")))
	if err != nil {
		t.Fatal(err)
	}
	b := collect.NewBuilder(enc.Vocab(), passages.About{Title: "tiny"})
	s := enc.NewSession()
	var corpus []string
	for _, p := range tinyArticles {
		d := beir.Document{ID: p.ID, Title: p.Title, Text: p.Text}
		v, _, err := s.Encode(conversation.Passage(enc.Tokenizer, d.Passage(), enc.PassageTokens))
		if err == nil {
			err = b.Add(p, v)
		}
		if err != nil {
			t.Fatal(err)
		}
		line, _ := json.Marshal(map[string]string{"_id": p.ID, "title": p.Title, "text": p.Text})
		corpus = append(corpus, string(line)+"\n")
	}
	made, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{"data/train.jsonl": "", "data/test.jsonl": "", "corpus.jsonl": strings.Join(corpus, ""),
		"data/dev.jsonl": strings.ReplaceAll(tinyConversations, "\n{\"question\"", "{\"question\"")}
	for _, f := range made {
		content["articles/"+f.Name] = string(f.Content)
	}
	for name, text := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err == nil {
			err = os.WriteFile(path, []byte(text), 0o666)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func tinyEngine(t *testing.T, dir string) *answer.Engine {
	t.Helper()
	articles, err := conversations.Articles(filepath.Join(dir, "articles"))
	if err != nil {
		t.Fatal(err)
	}
	files := converse.Files{Encoder: filepath.Join(dir, "encoder"), Articles: filepath.Join(dir, "articles")}
	e, err := files.Engine(t.Context(), articles, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const tinyFlags = " --data DIR/data --articles DIR/articles --encoder DIR/encoder"

func TestConverseCommand(t *testing.T) {
	dir := tinySet(t)
	line := "conversations converse --json --out DIR/turns.jsonl" + tinyFlags
	code, out, stderr := trainer(t, dir, line)
	var reports []converse.Replied
	if err := json.Unmarshal([]byte(out), &reports); code != 0 || err != nil || len(reports) != 1 {
		t.Fatalf("code %d, %v, %s", code, err, stderr)
	}
	r := reports[0]
	if r.Split != "dev" || r.Replies != "engine" || r.Turns["all"] != 5 || r.Turns["first"] != 2 || r.Turns["needs context"] != 1 || r.Shares["first"]["first"] != 1 {
		t.Errorf("%+v", r)
	}
	data, err := os.ReadFile(filepath.Join(dir, "turns.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var turns []converse.RepliedTurn
	for l := range bytes.Lines(data) {
		var u converse.RepliedTurn
		if err := json.Unmarshal(l, &u); err != nil {
			t.Fatal(err)
		}
		turns = append(turns, u)
	}
	if len(turns) != 5 || turns[0].ID != "dev-01-01<::>1" || !turns[0].First || !turns[0].Three || !turns[0].Reply || turns[0].Article != "tower" ||
		!turns[0].Sentence.Right || !strings.HasPrefix(turns[0].Replied, "The tower") || turns[2].Sentence.Right {
		t.Errorf("%+v", turns)
	}
	right := 0
	for _, u := range turns {
		if u.Reply {
			right++
		}
	}
	if got := r.Shares["reply"]["all"]; got != float64(right)/5 {
		t.Errorf("the reply is right in %v, by the file in %d of 5", got, right)
	}
	if _, again, _ := trainer(t, dir, line); again != out {
		t.Error("a second run printed something else")
	}
	code, out, _ = trainer(t, dir, "conversations converse --replies writer"+tinyFlags)
	if code != 0 || !strings.Contains(out, "| dev, tiny-1, writer's replies ") || !strings.Contains(out, "| topic-switch ") || !strings.Contains(out, "| -") {
		t.Errorf("code %d:\n%s", code, out)
	}
}

func TestSwitchCommand(t *testing.T) {
	dir := tinySet(t)
	code, out, stderr := trainer(t, dir, "conversations switch --splits dev --pairs 3 --json"+tinyFlags)
	var reports []converse.Switched
	if err := json.Unmarshal([]byte(out), &reports); code != 0 || err != nil || len(reports) != 1 {
		t.Fatalf("code %d, %v, %s", code, err, stderr)
	}
	if r := reports[0]; r.Pairs != 3 || r.Alone != 1 || r.FollowN != 3 || r.Switches != 1 || r.FirstBoth > r.FirstTogether {
		t.Errorf("%+v", r)
	}
	if code, out, stderr = trainer(t, dir, "conversations switch --splits dev --pairs 3"+tinyFlags); code != 0 || !strings.Contains(out, "| dev, tiny-1 ") || !strings.Contains(out, "as the engine decides") {
		t.Errorf("code %d, %s\n%s", code, stderr, out)
	}
	if code, _, stderr = trainer(t, dir, "conversations switch --splits dev --pairs 300"+tinyFlags); code != 1 || !strings.Contains(stderr, "fewer than 300; lower --pairs") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func TestConverseWrongUse(t *testing.T) {
	dir := tinySet(t)
	for line, want := range map[string]string{
		"conversations converse --splits tests" + tinyFlags: `there is no "tests"; there are train, dev, test, choice`,
		"conversations converse --replies me" + tinyFlags:   `--replies "me": want engine or writer`,
		"conversations switch --pairs 0" + tinyFlags:        "--pairs 0: at least 1",
		"conversations converse --base DIR/encoder":         "give both",
		"conversations converse dev":                        "want check, export DIR, measure, converse, switch, sure, quote or doubt",
	} {
		if code, _, stderr := trainer(t, dir, line); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("trainer %s: code %d, %q; want %q", line, code, stderr, want)
		}
	}
	if code, _, stderr := trainer(t, dir, "conversations converse --data DIR/data --articles DIR/articles --encoder ../models/splade-tiny"); code != 1 || !strings.Contains(stderr, "same model") {
		t.Errorf("an encoder of another vocabulary: code %d, %s", code, stderr)
	}
}
