package encoder

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
)

// Vectors agree with transformers' (testdata/sentence.py) as closely as 8 bits allow.
func TestSentence(t *testing.T) {
	s, err := LoadSentence(folder("testdata", "sentence"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/sentence/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		IDs    []int32   `json:"ids"`
		Vector []float32 `json:"vector"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	session := s.NewSession()
	got := make([]float32, s.Dim())
	for _, c := range cases {
		if err := session.Embed(got, conversation.Input{IDs: c.IDs, Types: make([]uint8, len(c.IDs))}); err != nil {
			t.Fatal(err)
		}
		var dot, square float64
		for i, v := range got {
			dot += float64(v) * float64(c.Vector[i])
			square += float64(v) * float64(v)
		}
		if dot < .999 || math.Abs(square-1) > 1e-5 {
			t.Errorf("%d tokens: cosine %.5f with transformers', length^2 %.6f", len(c.IDs), dot, square)
		}
	}
	if err := session.Embed(got, conversation.Input{}); err == nil {
		t.Error("embedded nothing")
	}
}

// An encoder of the other kind is refused, with an error that says which kind is wanted.
func TestSentenceAndMaskedLMAreToldApart(t *testing.T) {
	if _, err := LoadSentence(folder("testdata", "bert")); err == nil || !strings.Contains(err.Error(), "BertModel") {
		t.Errorf("a masked-LM encoder as a sentence encoder: %v", err)
	}
	if _, err := Load(folder("testdata", "sentence")); err == nil || !strings.Contains(err.Error(), "masked-LM head") {
		t.Errorf("a sentence encoder as a masked-LM one: %v", err)
	}
}

// tinySentence loads the tiny sentence encoder with a key "parley".
func tinySentence(t *testing.T, parley string) (*Sentence, error) {
	t.Helper()
	files := folder("testdata", "sentence")
	c, err := files("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return LoadSentence(with(files, map[string][]byte{"config.json": []byte(strings.Replace(string(c), "{", `{"parley": `+parley+`,`, 1))}))
}

func TestSentenceSettings(t *testing.T) {
	s, err := tinySentence(t, `{"name": "tiny", "space": "big", "pooling": "cls", "instruction": "find: ", "query_tokens": 20, "history_token_type": 1, "reply_tokens": -1,
		"passage_tokens": 6, "passage_token_type": 1, "dense_weight": 2.5, "dense_zero": 0.5, "sure_above": 0.75}`)
	if err != nil {
		t.Fatal(err)
	}
	want := Sentence{Tokenizer: s.Tokenizer, Query: conversation.Form{MaxTokens: 20, HistoryType: 1, ReplyTokens: -1}, Instruction: "find: ", Space: "big", Name: "tiny",
		PassageTokens: 6, Fingerprint: s.Fingerprint, DenseWeight: 2.5, DenseZero: .5, SureAbove: .75, passageType: 1, e: s.e}
	if *s != want || s.Fingerprint == "" {
		t.Errorf("%+v", s)
	}
	var in conversation.Input
	if s.Passage(&in, "abc def ghi"); len(in.IDs) != 6 || slices.ContainsFunc(in.Types, func(t uint8) bool { return t != 1 }) || in.IDs[5] != 3 {
		t.Errorf("a passage: %v, types %v", in.IDs, in.Types)
	}
	text := func(turns ...conversation.Turn) (out string) {
		s.Conversation(&in, turns)
		for i, id := range in.IDs {
			out += strings.TrimPrefix(s.Tokenizer.Piece(id), "##")
			if i > 0 && in.Types[i] != in.Types[i-1] {
				out += "|"
			}
		}
		return out
	}
	for _, c := range []struct {
		want  string
		turns []conversation.Turn
	}{
		{"[CLS][SEP]", nil},
		{"[CLS]find[UNK]why[SEP]", []conversation.Turn{{Question: "why"}}},
		{"[CLS]find[UNK]why[SEP]", []conversation.Turn{{}, {Question: "why"}}},
		{"[CLS]find[UNK]why[SEP]", []conversation.Turn{{Reply: "of which nothing is read"}, {Question: "why"}}},
		{"[CLS]why[SEP]w|ho[SEP]", []conversation.Turn{{Question: "who", Reply: "me"}, {Question: "why"}}},
	} {
		if got := text(c.turns...); got != c.want {
			t.Errorf("%+v: %s, want %s", c.turns, got, c.want)
		}
	}
	if s, err = tinySentence(t, `{"name": "tiny"}`); err != nil || s.Space != "tiny" || s.Query.MaxTokens != 32 || s.PassageTokens != 32 || s.DenseWeight != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if s.SpaceFingerprint != s.Fingerprint {
		t.Errorf("a space of its own has the fingerprint %q, it has %q", s.SpaceFingerprint, s.Fingerprint)
	}
	if other, err := tinySentence(t, `{"name": "tiny", "space": "big", "space_fingerprint": "7-0-0"}`); err != nil || other.SpaceFingerprint != "7-0-0" || other.Fingerprint != s.Fingerprint {
		t.Errorf("%+v, %v", other, err)
	}
	for says, parley := range map[string]string{
		`pooling is "max"`: `{"pooling": "max"}`, "passage_token_type is 2": `{"passage_token_type": 2}`, "dense_weight is -1": `{"dense_weight": -1}`,
		"dense_zero is 1.5": `{"dense_zero": 1.5}`, "sure_above is 2": `{"sure_above": 2}`, "more than 255 bytes": `{"space": "` + strings.Repeat("x", 300) + `"}`,
		`no setting "dense_wait"`: `{"dense_wait": 1}`, "instruction is a number": `{"instruction": 1}`,
	} {
		if _, err := tinySentence(t, parley); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", parley, err)
		}
	}
}

// CLS pooling takes the first token's last hidden state. The last block computes no other
// row, which changes no bit of it.
func TestSentencePooling(t *testing.T) {
	s, err := tinySentence(t, `{"pooling": "cls"}`)
	if err != nil {
		t.Fatal(err)
	}
	session, to := s.NewSession(), make([]float32, s.Dim())
	for n := 1; n <= s.MaxTokens(); n += 5 {
		in := conversation.Input{Types: make([]uint8, n)}
		for i := range n {
			in.IDs = append(in.IDs, int32(2+i))
		}
		first := session.s.hidden(in)[:s.Dim()]
		var square float64
		for _, v := range first {
			square += float64(v) * float64(v)
		}
		want := make([]float32, s.Dim())
		for i, v := range first {
			want[i] = float32(float64(v) / math.Sqrt(square))
		}
		if err := session.Embed(to, in); err != nil || !slices.Equal(to, want) {
			t.Errorf("%d tokens: %v, want %v (%v)", n, to, want, err)
		}
	}
}

// The folder that ships, in int8 and without a vocabulary of its own, gives the same bits
// as the float folder, which is quantised when it is loaded.
func TestSentenceThatShips(t *testing.T) {
	files := folder("testdata", "sentence")
	whole, err := LoadSentence(files)
	if err != nil {
		t.Fatal(err)
	}
	small, err := Quantize(files, &Settings{Name: "tiny", QueryTokens: 16, PassageTokens: 16, Pooling: Mean})
	if err != nil {
		t.Fatal(err)
	}
	delete(small, "vocab.txt")
	over, err := LoadSentenceOver(whole.Tokenizer, inMemory(small))
	if err != nil {
		t.Fatal(err)
	}
	var in conversation.Input
	a, b := make([]float32, whole.Dim()), make([]float32, whole.Dim())
	over.Passage(&in, "a text of a few words, cut")
	if err := errors.Join(whole.NewSession().Embed(a, in), over.NewSession().Embed(b, in)); err != nil || !slices.Equal(a, b) || len(in.IDs) != 16 {
		t.Errorf("%d tokens: %v, as floats %v (%v)", len(in.IDs), b, a, err)
	}
	if _, err := LoadSentenceOver(load(t, folder("testdata", "bert")).Tokenizer, inMemory(small)); err == nil || !strings.Contains(err.Error(), "65 pieces") {
		t.Errorf("over another vocabulary: %v", err)
	}
	if _, err := LoadSentence(inMemory(small)); err == nil || !strings.Contains(err.Error(), "vocab.txt") {
		t.Errorf("without a vocabulary: %v", err)
	}
}
