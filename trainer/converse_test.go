package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/collect"
	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/judged"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/site/collection/tiny"
	"parley/trainer/beir"
	"parley/trainer/conversations"
	"parley/trainer/evaluate"
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
	enc, err := encoder.Load(evaluate.Folder(filepath.Join(dir, "encoder")))
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
	e, err := conversationEngine(t.Context(), filepath.Join(dir, "encoder"), "", filepath.Join(dir, "articles"), articles, evaluate.Dense{}, "", os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const tinyFlags = " --data DIR/data --articles DIR/articles --encoder DIR/encoder"

// The history holds what the engine quoted, as the page's does, or what the writer
// wrote; a question that holds nothing to read has no reply.
func TestConverseAsksWithTheRepliesGiven(t *testing.T) {
	dir := tinySet(t)
	e := tinyEngine(t, dir)
	set, err := conversations.Open(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	c := &set["dev"][0]
	var quoted []string
	err = converse(e, c, repliesEngine, "", 0, func(turn int, asked []message.Turn, a message.Answer) error {
		for i, q := range quoted {
			if asked[i].Reply != q || asked[i].Question != c.Turns[i].Question {
				t.Errorf("turn %d: %+v in the history, want the reply %q", turn, asked[i], q)
			}
		}
		if len(asked) != turn+1 || asked[turn].Reply != "" {
			t.Errorf("turn %d is asked as %+v", turn, asked)
		}
		want, err := e.Ask(message.Ask{Turns: asked})
		if err != nil {
			return err
		}
		r := want.Results[want.Reply]
		quoted = append(quoted, r.Text[r.Quote[0]:r.Quote[1]])
		if got := quotation(a); got != quoted[turn] || got == "" {
			t.Errorf("turn %d: quoted %q, want %q", turn, got, quoted[turn])
		}
		return nil
	})
	if err != nil || len(quoted) != 3 {
		t.Fatal(len(quoted), err)
	}
	err = converse(e, c, repliesWriter, "", 0, func(turn int, asked []message.Turn, _ message.Answer) error {
		if turn > 0 && asked[turn-1].Reply != c.Turns[turn-1].Reply {
			t.Errorf("turn %d: %+v", turn, asked)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := ask(e, []message.Turn{{Question: " "}}, 1, "", "")
	if err != nil || quotation(a) != "" || firstOf(a) != "" {
		t.Errorf("a blank question: %+v, %v", a, err)
	}
}

func TestJudge(t *testing.T) {
	b := collect.NewBuilder(10, passages.About{Title: "judged"})
	for _, p := range []passages.Passage{
		{ID: "a", Title: "A", Text: "The granite tower was finished in 1864. Its lens burns brightly at night. A storm destroyed the cottage."},
		{ID: "b", Title: "B", Text: "The granite tower was finished in 1864. Nothing else is here."},
		{ID: "c", Title: "C", Text: "A harbour."},
		{ID: "factbook/a", Title: "A", Text: "A storm destroyed the cottage. Its lens burns brightly at night."},
		{ID: "factbook/b", Title: "B", Text: "The granite tower was finished in 1864."},
	} {
		if err := b.Add(p, oneTerm()); err != nil {
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

func TestConverseCommand(t *testing.T) {
	dir := tinySet(t)
	line := "conversations converse --json --out DIR/turns.jsonl" + tinyFlags
	code, out, stderr := trainer(t, dir, line)
	var reports []conversed
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
	var turns []conversedTurn
	for l := range bytes.Lines(data) {
		var u conversedTurn
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
	var reports []switching
	if err := json.Unmarshal([]byte(out), &reports); code != 0 || err != nil || len(reports) != 1 {
		t.Fatalf("code %d, %v, %s", code, err, stderr)
	}
	if r := reports[0]; r.Pairs != 3 || r.Alone != 1 || r.FollowN != 3 || r.Switches != 1 || r.FirstBoth > r.FirstTogether {
		t.Errorf("%+v", r)
	}
	if code, out, stderr = trainer(t, dir, "conversations switch --splits dev --pairs 3"+tinyFlags); code != 0 || !strings.Contains(out, "| dev, tiny-1 ") || !strings.Contains(out, "as the engine decides") {
		t.Errorf("code %d, %s\n%s", code, stderr, out)
	}
	if code, _, stderr = trainer(t, dir, "conversations switch --splits dev --pairs 300"+tinyFlags); code != 1 || !strings.Contains(stderr, "not 300: lower --pairs") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

// Of our own conversations there are enough pairs, of beginnings of every length, and
// they are unrelated and always the same.
func TestPairs(t *testing.T) {
	set, err := conversations.Open("conversations")
	if err != nil {
		t.Fatal(err)
	}
	for _, split := range []string{"dev", "test"} {
		list := pairs(set[split], 400, 1)
		if len(list) != 400 || !reflect.DeepEqual(list, pairs(set[split], 400, 1)) || reflect.DeepEqual(list, pairs(set[split], 400, 2)) {
			t.Fatalf("%s: %d pairs", split, len(list))
		}
		lengths, switches, questions := map[int]int{}, 0, map[string]int{}
		for _, p := range list {
			lengths[p.turns]++
			questions[p.from.QueryID(p.turn)]++
			asked := p.from.Turns[p.turn]
			if p.turn > 0 {
				switches++
				if asked.Kind != judged.TopicSwitch {
					t.Errorf("%s is %s", p.from.QueryID(p.turn), asked.Kind)
				}
			}
			if asked.NeedsContext || p.from.Topic == p.begin.Topic || p.from.ID == p.begin.ID {
				t.Errorf("%s after %s", p.from.QueryID(p.turn), p.begin.ID)
			}
			for _, turn := range p.begin.Turns[:p.turns] {
				for _, g := range turn.Gold {
					if slices.Contains(asked.Gold, g) {
						t.Errorf("%s after %s: both rest on %s", p.from.QueryID(p.turn), p.begin.ID, g.ID)
					}
				}
			}
		}
		for n := 1; n <= longestBeginning; n++ {
			if lengths[n] < 40 {
				t.Errorf("%s: %d beginnings of %d turns", split, lengths[n], n)
			}
		}
		most := 0
		for _, n := range questions {
			most = max(most, n)
		}
		if switches < 50 || switches > 100 || most > 8 {
			t.Errorf("%s: %d topic switches; a question stands %d times", split, switches, most)
		}
	}
}

// What deciding costs and gains is counted where the engine reads a follow-up alone.
func TestFollowUpCounts(t *testing.T) {
	e := tinyEngine(t, tinySet(t))
	asked := []message.Turn{{Question: "tea leaf hot water", Reply: "Tea is a leaf in hot water."}, {Question: "tea"}}
	turn := &judged.Turn{Kind: judged.TopicSwitch, NeedsContext: true, Gold: []judged.Gold{{ID: "tea", Grade: 2}}}
	wrong := message.Answer{Alone: true, Results: []message.Result{{ID: "moon"}}}
	var s switching
	if err := s.followUp(e, turn, asked, wrong); err != nil {
		t.Fatal(err)
	}
	want := switching{FollowN: 1, ReadAlone: 1, ReadAloneNeeds: 1, Switches: 1, SwitchesAlone: 1, FirstTogether: 1, TogetherAndNeed: 1}
	if s != want {
		t.Errorf("%+v, want %+v", s, want)
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

func TestDefaultLevel(t *testing.T) {
	enc, base, err := defaultLevel("../models/family.json")
	if want := filepath.Join("..", "models", "splade-tiny-conv"); err != nil || enc != want || base != filepath.Join("..", "models", "splade-tiny") {
		t.Errorf("%q over %q, %v", enc, base, err)
	}
	if _, _, err := defaultLevel("nowhere.json"); err == nil || !strings.Contains(fmt.Sprint(err), "name one with --encoder") {
		t.Error(err)
	}
}
