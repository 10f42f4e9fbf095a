//go:build libtorch

package torch

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	lib "github.com/sugarme/gotch/libtch"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/sparse"
)

// withHeads is the golden file's encoder and batch with both heads, words in every query,
// some of them in the documents, and dimensions 48 to 53 for them.
func withHeads(t *testing.T) (*golden, *Model, *Batch) {
	t.Helper()
	g := readGolden(t)
	e := load(t, "testdata/bert")
	for _, h := range []string{WordHead, TopicHead} {
		if err := e.AddHead(h, 3); err != nil {
			t.Fatal(err)
		}
	}
	// Wide weights, so that the words differ.
	err := within(onCPU, func(s *scope) {
		s.noGrad(func() {
			for _, h := range []string{WordHead, TopicHead} {
				for _, n := range []string{"dense.weight", "out.weight"} {
					p := e.params[h+n]
					lib.AtCopy_(p.c, s.times(p, 20).c)
				}
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	b := g.batch()
	b.Dims = 54
	b.Builds = []float32{1, 0, -1}
	b.Words = [][]Word{
		{{Term: 49, First: 1, Last: 2, InRewrite: true}, {Term: 48, First: 3, Last: 3}, {Term: 49, First: 5, Last: 6}},
		{{Term: 0, First: 1, Last: 1}, {Term: 52, First: 2, Last: 2, InRewrite: true}},
		{{Term: 50, First: 1, Last: 4, InRewrite: true}, {Term: 53, First: 7, Last: 7}, {Term: 51, First: 6, Last: 6}},
	}
	for i, list := range b.Frozen {
		for k := range list {
			v := sparse.Vector{Terms: slices.Clone(list[k].Terms), Weights: slices.Clone(list[k].Weights)}
			for term := uint32(48); term < 54; term++ {
				if (int(term)+i+k)%2 == 0 {
					v.Terms, v.Weights = append(v.Terms, term), append(v.Weights, float32(term-46)/3)
				}
			}
			list[k] = v
		}
	}
	for i := range b.Docs {
		b.TeacherWords = append(b.TeacherWords, []float32{float32(i), .5, 2, 1})
	}
	return g, e, b
}

// The gradients of every term of the loss with words or topics equal differences of the
// loss. The terms of words have gradients only in their head.
func TestGradientsOfHeadsEqualDifferences(t *testing.T) {
	g, e, b := withHeads(t)
	tr := newTrainer(t, e, nil, AdamW{})
	share := make([]float32, 54)
	for i := range share {
		share[i] = float32(i%5) / 5
	}
	for name, l := range map[string]Loss{
		"words":    {Words: 1},
		"topic":    {Topic: 1},
		"word_kld": {WordKLD: 1, Temperature: g.Temperature},
		"postings": {Query: Regulariser{Postings: 1, Share: share}},
	} {
		t.Run(name, func(t *testing.T) {
			_, grads := gradientsOf(t, tr, tr.loss(b, l))
			loss := func() float64 {
				parts, _ := gradientsOf(t, tr, tr.loss(b, l))
				return parts["loss"]
			}
			checked, reached := 0, 0
			for _, n := range slices.Sorted(maps.Keys(e.params)) {
				if l.Topic == 0 && !strings.HasPrefix(n, WordHead) {
					if grads["query."+n] != nil && l.Query.Postings == 0 {
						t.Errorf("a gradient reaches %s: the word head must read without moving", n)
					}
					continue
				}
				grad := grads["query."+n]
				for _, i := range []int{0, 1, 2, 3, len(grad) / 3, len(grad) / 2, len(grad) - 2, len(grad) - 1} {
					if i < 0 || i >= len(grad) || grad[i] == 0 || n == e.Config.names().word {
						continue
					}
					const step = 2e-3
					var at [2]float64
					for k, d := range []float64{step, -step} {
						move(t, e, n, i, d)
						at[k] = loss()
						move(t, e, n, i, -d)
					}
					want, got := (at[0]-at[1])/(2*step), float64(grad[i])
					if checked++; math.Abs(want) > 1e-3 {
						reached++
					}
					if math.Abs(got-want) > .02*math.Max(math.Abs(want), .05) {
						t.Errorf("%s[%d]: gradient %.5f, differences say %.5f", n, i, got, want)
					}
				}
			}
			if checked < 8 || reached < 4 {
				t.Errorf("%d gradients were compared, %d of them above .001", checked, reached)
			}
		})
	}
}

// move adds d to an element of a parameter.
func move(t *testing.T, e *Model, name string, i int, d float64) {
	t.Helper()
	err := within(onCPU, func(s *scope) {
		s.noGrad(func() {
			p := e.params[name]
			v := s.toFloats(p)
			if s.err != nil {
				return
			}
			v[i] += float32(d)
			var shape []int
			for _, n := range p.shape() {
				shape = append(shape, int(n))
			}
			lib.AtCopy_(p.c, s.floats(v, shape...).c)
			s.check("copy")
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Package encoder reads what Save wrote, and computes the same weights of words and
// topics.
func TestHeadsEqualInference(t *testing.T) {
	g, e, b := withHeads(t)
	folder := t.TempDir()
	settings := encoder.Settings{QueryTokens: 16, PassageTokens: 16, HistoryTokenType: 1, WordHead: true, TopicHead: true}
	if err := e.Save(folder, map[string]any{"parley": settings}); err != nil {
		t.Fatal(err)
	}
	vocab := []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
	for i := len(g.Logits["bert"][:43]); i > 0; i-- {
		vocab = append(vocab, "w"+string(rune('a'+i%26))+string(rune('a'+i/26))+"\n"...)
	}
	own, err := encoder.Load(func(name string) ([]byte, error) {
		if name == "vocab.txt" {
			return vocab, nil
		}
		return os.ReadFile(filepath.Join(folder, name))
	})
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := e.Encode(g.IDs, g.Types, b.Words)
	if err != nil {
		t.Fatal(err)
	}
	topics, err := e.Topic(g.IDs, g.Types)
	if err != nil {
		t.Fatal(err)
	}
	session, active := own.NewSession(), 0
	for i := range g.IDs {
		in := conversation.Input{IDs: g.IDs[i], Types: g.Types[i], From: make([]conversation.Origin, len(g.IDs[i]))}
		if _, _, err := session.EncodeQuery(in); err != nil {
			t.Fatal(err)
		}
		var words conversation.Words
		want := map[uint32]float32{}
		for _, w := range b.Words[i] {
			words.List = append(words.List, conversation.Word{First: w.First, Last: w.Last})
		}
		for k, w := range session.WordWeights(&in, &words) {
			if term := b.Words[i][k].Term; term > 0 {
				want[term] = max(want[term], w)
			}
		}
		for k, term := range vectors[i].Terms {
			if term >= 48 {
				active++
				if got := vectors[i].Weights[k]; math.Abs(float64(got-want[term])) > 1e-4 {
					t.Errorf("sequence %d: word %d weighs %v here, %v in package encoder", i, term, got, want[term])
				}
				delete(want, term)
			}
		}
		for term, w := range want {
			if w > 1e-6 {
				t.Errorf("sequence %d: word %d weighs nothing here, %v in package encoder", i, term, w)
			}
		}
		if z, ok := session.Topic(&in); !ok || math.Abs(float64(z-topics[i])) > 1e-4 {
			t.Errorf("sequence %d: topic %v here, %v in package encoder", i, topics[i], z)
		}
	}
	if active < 3 {
		t.Errorf("only %d words weigh anything: the test shows little", active)
	}
}
