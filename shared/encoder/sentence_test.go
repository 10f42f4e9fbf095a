package encoder

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"parley/shared/conversation"
)

// Vectors agree with transformers' (testdata/sentence.py) as far as 8 bits go.
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

// An encoder of the other kind is refused, with a word on what is wanted.
func TestSentenceAndMaskedLMAreToldApart(t *testing.T) {
	if _, err := LoadSentence(folder("testdata", "bert")); err == nil || !strings.Contains(err.Error(), "BertModel") {
		t.Errorf("a masked-LM encoder as a sentence encoder: %v", err)
	}
	if _, err := Load(folder("testdata", "sentence")); err == nil || !strings.Contains(err.Error(), "masked-LM head") {
		t.Errorf("a sentence encoder as a masked-LM one: %v", err)
	}
}
