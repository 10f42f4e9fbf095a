package encoder

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"parley/shared/conversation"
)

// What testdata/vectors.json records of the encoder that ships is right, too: its vectors
// are near those of testdata/shipped.py, which shares nothing with this program and rounds
// no activation. The bits are TestVectorsOfTheEncoderThatShips' business.
func TestShippedEncoderAgreesWithAnIndependentOne(t *testing.T) {
	data, err := os.ReadFile("testdata/shipped.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Text    string
		IDs     []int32
		Weights map[string]float64 // by term; a term that is not there weighs 0
	}
	if err := json.Unmarshal(data, &all); err != nil || len(all) != 3 {
		t.Fatalf("%d texts, %v", len(all), err)
	}
	e := load(t, folder("..", "..", "models", "splade-tiny"))
	s := e.NewSession()
	for _, c := range all {
		in := conversation.Build(e.Tokenizer, []conversation.Turn{{Question: c.Text}}, e.Query)
		if !slices.Equal(in.IDs, c.IDs) {
			t.Errorf("%q is read as %v, want %v", c.Text, in.IDs, c.IDs)
			continue
		}
		v, _, err := s.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		var worst, both, ours, theirs float64
		for _, w := range c.Weights {
			theirs += w * w
		}
		for i, term := range v.Terms {
			key, w := strconv.Itoa(int(term)), float64(v.Weights[i])
			both, ours = both+w*c.Weights[key], ours+w*w
			worst = max(worst, math.Abs(w-c.Weights[key]))
			delete(c.Weights, key)
		}
		for _, w := range c.Weights {
			worst = max(worst, w)
		}
		// Weights are up to 2; int8 activations move them by hundredths.
		if cosine := both / math.Sqrt(ours*theirs); cosine < .999 || worst > .1 {
			t.Errorf("%q: the cosine is %.5f, a weight differs by %.3f", c.Text, cosine, worst)
		}
	}
}
