package query

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"parley/shared/conversation"
	"parley/shared/encoder"
)

func load(t testing.TB) *encoder.Encoder {
	t.Helper()
	e, err := encoder.Load(func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join("../../models/splade-tiny", name))
	})
	if err != nil {
		t.Fatal(err)
	}
	e.QuestionWords = .5
	return e
}

// known is a collection that has three words.
func known(stem []byte) (uint32, bool) {
	i := slices.Index([]string{"design", "eiffel", "tower"}, string(stem))
	return uint32(30522 + i), i >= 0
}

var turns = []conversation.Turn{
	{Question: "How tall is the Eiffel Tower?", Reply: "It is a lattice tower."},
	{Question: "Who designed the tower of towers, and which qwxz?"},
}

// Words follow the learned terms, in order, each once, with their origins.
func TestWordsFollowLearnedTerms(t *testing.T) {
	e := load(t)
	r := NewReader(e, known)
	plain, err := NewReader(e, nil).Read(turns, Together)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time in the memory of the first
		q, err := r.Read(turns, Together)
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Vector.Check(30525); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(q.Vector.Terms[:q.Learned], plain.Vector.Terms) || !slices.Equal(q.Vector.Weights[:q.Learned], plain.Vector.Weights) {
			t.Error("words changed the learned terms")
		}
		if got := q.Vector.Terms[q.Learned:]; !slices.Equal(got, []uint32{30522, 30524}) {
			t.Errorf("words %v, want design and tower: of the newest question, and known", got)
		}
		for i := q.Learned; i < q.Vector.L0(); i++ {
			o := q.Origin(i)
			if text := turns[1].Question[o.Start:o.End]; o.Turn != 1 || o.Side != conversation.Question || text != "designed" && text != "tower" || q.Vector.Weights[i] != .5 {
				t.Errorf("term %d weighs %v, from %+v", q.Vector.Terms[i], q.Vector.Weights[i], o)
			}
		}
	}
}

// Alone, no token and no word comes from the history; without a history nothing changes.
func TestAlone(t *testing.T) {
	r := NewReader(load(t), known)
	q, err := r.Read(turns, Alone)
	if err != nil || !q.Alone {
		t.Fatalf("%v, alone %v", err, q.Alone)
	}
	for _, o := range q.Input.From {
		if o.Side != conversation.Marker && o.Turn != 1 {
			t.Fatalf("a token of turn %d was read", o.Turn)
		}
	}
	for _, w := range q.Words.List {
		if w.Turn != 1 {
			t.Fatalf("a word of turn %d was read", w.Turn)
		}
	}
	if q, err = r.Read(turns[1:], Alone); err != nil || q.Alone {
		t.Errorf("%v; without a history there is nothing to be left alone by", err)
	}
	// Without a topic head, Decide never reads a question alone.
	if q, err = r.Read(turns, Decide); err != nil || q.Alone {
		t.Errorf("%v, alone %v", err, q.Alone)
	}
}

func TestReadDoesNotAllocate(t *testing.T) {
	r := NewReader(load(t), known)
	read := func() {
		if _, err := r.Read(turns, Together); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if n := testing.AllocsPerRun(5, read); n > 0 {
		t.Errorf("%v allocations a query", n)
	}
}

func BenchmarkRead(b *testing.B) {
	r := NewReader(load(b), known)
	for b.Loop() {
		if _, err := r.Read(turns, Together); err != nil {
			b.Fatal(err)
		}
	}
}

// The encoder that ships reads a new topic alone, and a follow-up together with the
// history.
func TestDecide(t *testing.T) {
	e, err := encoder.LoadOver(load(t), func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join("../../models/splade-tiny-conv", name))
	})
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(e, known)
	said := []conversation.Turn{
		{Question: "How tall is the Eiffel Tower?", Reply: "The Eiffel Tower is a lattice tower on the Champ de Mars in Paris, France."},
	}
	for question, alone := range map[string]bool{
		"who designed it?":                     false,
		"and when was it built?":               false,
		"what about the one in Tokyo?":         false,
		"Who invented the telephone?":          true,
		"How do vaccines work?":                true,
		"what is the largest desert on earth?": true,
	} {
		q, err := r.Read(append(said[:1:1], conversation.Turn{Question: question}), Decide)
		if err != nil {
			t.Fatal(err)
		}
		if q.Alone != alone {
			t.Errorf("%q is read alone: %v, want %v", question, q.Alone, alone)
		}
	}
}
