package encoder

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"testing"

	"parley/shared/conversation"
	"parley/shared/sparse"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew, from the encoder in models/; testdata/shipped.py then says whether its vectors are right")

// golden is testdata/vectors.json: the vectors of the encoder that ships for the
// conversations in testdata/conversations.json, recorded natively, under V8 and under
// wazero, with equal results.
type golden struct {
	Model   string   `json:"model"`   // SHA-256 of model.safetensors
	Own     []string `json:"own"`     // one a conversation: read in the encoder's own form
	Long    []string `json:"long"`    // read at 256 tokens, the history with type 1
	Passage []string `json:"passage"` // its first question as a passage
}

// hash is FNV-1a, 64 bits, over little-endian uint32s: the number of terms, then
// for each its id, its weight's bits and the winning token's index.
func hash(v sparse.Vector, winner []int32) string {
	h := fnv.New64a()
	put := func(x uint32) {
		var b [4]byte
		binary.LittleEndian.PutUint32(b[:], x)
		h.Write(b[:])
	}
	put(uint32(v.L0()))
	for i, t := range v.Terms {
		put(t)
		put(math.Float32bits(v.Weights[i]))
		put(uint32(winner[i]))
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

func conversations(t testing.TB) (names []string, turns [][]conversation.Turn) {
	data, err := os.ReadFile("testdata/conversations.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name  string
		Turns []conversation.Turn
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		names, turns = append(names, c.Name), append(turns, c.Turns)
	}
	return names, turns
}

// Every path gives the recorded bits on real conversations.
func TestVectorsOfTheEncoderThatShips(t *testing.T) {
	files := folder("..", "..", "models", "splade-tiny")
	weights, err := files("model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	model := fmt.Sprintf("%x", sha256.Sum256(weights))
	var want golden
	if data, err := os.ReadFile("testdata/vectors.json"); err == nil {
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
	}
	if want.Model != model && !*update {
		t.Fatalf("models/splade-tiny/model.safetensors is %s, testdata/vectors.json knows %s; if that is meant, run this test with -update", model, want.Model)
	}
	names, turns := conversations(t)
	eachPath(t, func(t *testing.T) {
		e := load(t, files)
		s := e.NewSession()
		got := golden{Model: model}
		for i := range turns {
			for _, c := range []struct {
				to *[]string
				in conversation.Input
			}{
				{&got.Own, conversation.Build(e.Tokenizer, turns[i], e.Query)},
				{&got.Long, conversation.Build(e.Tokenizer, turns[i], conversation.Form{MaxTokens: 256, HistoryType: 1})},
				{&got.Passage, conversation.Passage(e.Tokenizer, turns[i][0].Question, e.PassageTokens)},
			} {
				v, winner, err := s.Encode(c.in)
				if err != nil {
					t.Fatal(err)
				}
				*c.to = append(*c.to, hash(v, winner))
			}
		}
		if *update {
			data, err := json.MarshalIndent(got, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile("testdata/vectors.json", append(data, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
			*update = false // the other paths must agree with the first
			want = got
		}
		for i, name := range names {
			if got.Own[i] != want.Own[i] || got.Long[i] != want.Long[i] || got.Passage[i] != want.Passage[i] {
				t.Errorf("%s: the vector's bits changed: %s %s %s, recorded %s %s %s", name,
					got.Own[i], got.Long[i], got.Passage[i], want.Own[i], want.Long[i], want.Passage[i])
			}
		}
	})
}
