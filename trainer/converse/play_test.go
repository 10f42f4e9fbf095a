package converse

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/collect"
	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/judged"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/site/collection/tiny"
)

// tinyEngine returns an engine over articles in the words of the tiny encoder.
func tinyEngine(t *testing.T) *answer.Engine {
	t.Helper()
	dir := t.TempDir()
	if err := tiny.Write(dir, 1); err != nil {
		t.Fatal(err)
	}
	enc, err := encoder.Load(folder.Files(dir))
	if err != nil {
		t.Fatal(err)
	}
	b := collect.NewBuilder(enc.Vocab(), passages.About{Title: "tiny"})
	s := enc.NewSession()
	for _, p := range []passages.Passage{
		{ID: "tower", Title: "Eiffel Tower", Text: "The tower is in Paris, a city of iron. It was designed by the engineer. It is tall by metres."},
		{ID: "tea", Title: "Tea", Text: "Tea is a leaf in hot water. Green tea is of Japan. Black tea is of China."},
		{ID: "whale", Title: "Whale", Text: "The whale is of the sea. The whale was a fish to the ship."},
		{ID: "moon", Title: "Moon", Text: "The moon is in orbit to a planet. The sun is a star."},
	} {
		v, _, err := s.Encode(conversation.Passage(enc.Tokenizer, passages.EncoderText(p), enc.PassageTokens))
		if err == nil {
			err = b.Add(p, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	made, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	x, store, err := collect.Join(made[0].Content, made[1].Content)
	if err != nil {
		t.Fatal(err)
	}
	e, err := answer.New(enc, x, store)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The history has the engine's quotations, as in the page, or the writer's replies.
// A question with nothing to read has no reply.
func TestPlayAsksWithTheRepliesGiven(t *testing.T) {
	e := tinyEngine(t)
	c := &judged.Conversation{ID: "dev-01-01", Turns: []judged.Turn{
		{Question: "eiffel tower paris", Reply: "The tower is in Paris."},
		{Question: "designed by engineer", Reply: "It was designed by the engineer."},
		{Question: "?", Reply: "It."}}}
	p := &Player{Engine: e, Replies: Engine, Progress: os.Stderr}
	var quoted []string
	err := p.Play(c, 0, func(turn Played) error {
		for i, q := range quoted {
			if turn.Asked[i].Reply != q || turn.Asked[i].Question != c.Turns[i].Question {
				t.Errorf("turn %d: %+v in the history, want the reply %q", turn.Place, turn.Asked[i], q)
			}
		}
		if len(turn.Asked) != turn.Place+1 || turn.Asked[turn.Place].Reply != "" {
			t.Errorf("turn %d is asked as %+v", turn.Place, turn.Asked)
		}
		want, err := e.Ask(message.Ask{Turns: turn.Asked})
		if err != nil {
			return err
		}
		r := want.Results[want.Reply]
		quoted = append(quoted, r.Text[r.Quote[0]:r.Quote[1]])
		if got := turn.Answer.Quoted().Quotation(); got != quoted[turn.Place] || got == "" {
			t.Errorf("turn %d: quoted %q, want %q", turn.Place, got, quoted[turn.Place])
		}
		return nil
	})
	if err != nil || len(quoted) != 3 {
		t.Fatal(len(quoted), err)
	}
	p.Replies = Writer
	err = p.Play(c, 0, func(turn Played) error {
		if i := turn.Place; i > 0 && turn.Asked[i-1].Reply != c.Turns[i-1].Reply {
			t.Errorf("turn %d: %+v", i, turn.Asked)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Ask(e, message.Ask{Turns: []message.Turn{{Question: " "}}, K: 1})
	if err != nil || a.Quoted().Quotation() != "" || firstOf(a) != "" {
		t.Errorf("a blank question: %+v, %v", a, err)
	}
}

func TestDefaultLevel(t *testing.T) {
	enc, base, err := DefaultLevel("../../models/family.json")
	if want := filepath.Join("..", "..", "models", "splade-tiny-conv"); err != nil || enc != want || base != filepath.Join("..", "..", "models", "splade-tiny") {
		t.Errorf("%q over %q, %v", enc, base, err)
	}
	if _, _, err := DefaultLevel("nowhere.json"); err == nil || !strings.Contains(err.Error(), "name one with --encoder") {
		t.Error(err)
	}
}
