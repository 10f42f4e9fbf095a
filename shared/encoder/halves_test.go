package encoder

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/safetensors"
)

// halved quantises the sentence encoder of testdata to 4 bits, and change may spoil its
// tensors.
func halved(t *testing.T, change func([]safetensors.Tensor) []safetensors.Tensor) Files {
	t.Helper()
	files, err := QuantizeTo(Levels{7, 7}, folder("testdata", "sentence"), nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(files[weightsFile])
	if err != nil {
		t.Fatal(err)
	}
	if files[weightsFile], err = safetensors.Write(change(f.Tensors), nil); err != nil {
		t.Fatal(err)
	}
	return with(nil, files)
}

// Two integers per byte give the same bits as one integer per byte.
func TestHalvesAreTheIntegersThatTheyStandFor(t *testing.T) {
	packed := 0
	both := []Files{
		halved(t, func(list []safetensors.Tensor) []safetensors.Tensor { return list }),
		halved(t, func(list []safetensors.Tensor) []safetensors.Tensor {
			for i, x := range list {
				if x.DType != safetensors.U8 {
					continue
				}
				packed++
				n, columns := x.Shape[0], x.Shape[1]
				k := 2 * columns // all widths of this encoder are even
				ints := make([]int8, n*k)
				for j, b := range x.Data {
					ints[2*j], ints[2*j+1] = int8(b&15)-8, int8(b>>4)-8
				}
				list[i] = safetensors.FromInt8s(x.Name, ints, n, k)
			}
			return list
		}),
	}
	if packed != 14 { // six matrices of each of two layers, words and positions; token types stay
		t.Errorf("%d matrices are packed", packed)
	}
	var vectors [2][]float32
	for i, files := range both {
		s, err := LoadSentence(files)
		if err != nil {
			t.Fatal(err)
		}
		vectors[i] = make([]float32, s.Dim())
		if err := s.NewSession().Embed(vectors[i], conversation.Passage(s.Tokenizer, "a b c d e", 12)); err != nil {
			t.Fatal(err)
		}
	}
	for j := range vectors[0] {
		if vectors[0][j] != vectors[1][j] {
			t.Fatalf("%v and %v", vectors[0], vectors[1])
		}
	}
}

// The scale is the one with the least error, and no worse than that of the largest weight;
// an odd column's other half says 0.
func TestQuantizeHalves(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n, k = 5, 129
	w := make([]float32, n*k)
	for i := range w[:4*k] { // the last row is all zeros
		w[i] = float32(r.NormFloat64())
	}
	q, scale, err := quantizeHalves(safetensors.FromFloat32s("w", w, n, k), 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := scale.Float32s()
	saved := 0.0
	if q.DType != safetensors.U8 || q.Shape[0] != n || q.Shape[1] != 65 || len(q.Data) != n*65 {
		t.Fatalf("%s %v, %d bytes", q.DType, q.Shape, len(q.Data))
	}
	for i := range n {
		var most, got, plain float64
		for _, v := range w[i*k : i*k+k] {
			most = max(most, math.Abs(float64(v)))
		}
		for j := range k {
			x := float64(q.Data[i*65+j/2]>>(4*(j&1))&15) - 8
			if math.Abs(x) > 7 {
				t.Fatalf("row %d: an integer of %v", i, x)
			}
			v := float64(w[i*k+j])
			got += math.Pow(v-x*float64(s[i]), 2)
			if most > 0 {
				step := most / 7
				plain += math.Pow(v-math.RoundToEven(v/step)*step, 2)
			}
		}
		saved = max(saved, 1-got/plain)
		if got > 1.001*plain {
			t.Errorf("row %d: a squared error of %.3f, where the largest weight's scale has %.3f", i, got, plain)
		}
		if q.Data[i*65+64]>>4 != 8 {
			t.Errorf("row %d: the half beyond its end is not 0", i)
		}
	}
	if saved < .2 {
		t.Errorf("no row's error is a fifth smaller than with the largest weight's scale, the best is by %.2f", saved)
	}
	if s[4] != 0 {
		t.Errorf("the row of zeros has the scale %v", s[4])
	}
}

func TestHalvesThatDoNotFit(t *testing.T) {
	for what, change := range map[string]func(x *safetensors.Tensor){
		"has shape [57 11], wanted [57 12]": func(x *safetensors.Tensor) { x.Shape, x.Data = []int{57, 11}, x.Data[:57*11] },
		"has shape [57 24], wanted [57 12]": func(x *safetensors.Tensor) { x.Shape, x.Data = []int{57, 24}, append(x.Data, x.Data...) },
	} {
		_, err := LoadSentence(halved(t, func(list []safetensors.Tensor) []safetensors.Tensor {
			for i := range list {
				if list[i].Name == "embeddings.word_embeddings.weight" {
					change(&list[i])
				}
			}
			return list
		}))
		if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "embeddings.word_embeddings.weight") {
			t.Errorf("%v, wanted %s", err, what)
		}
	}
	_, err := LoadSentence(halved(t, func(list []safetensors.Tensor) (kept []safetensors.Tensor) {
		for _, x := range list {
			if x.Name != "embeddings.word_embeddings.weight.scale" {
				kept = append(kept, x)
			}
		}
		return kept
	}))
	if err == nil || !strings.Contains(err.Error(), `"embeddings.word_embeddings.weight.scale" is missing`) {
		t.Errorf("without scales: %v", err)
	}
}

// Weights that were trained from integers times a scale, and changed by a fifth of a step,
// keep that change on average where dice round them, and lose it where they do not.
func TestDiceKeepSmallChanges(t *testing.T) {
	const k, step, change = 4096, 0.25, 0.05
	w := make([]float32, k)
	for j := range w {
		w[j] = float32(j%13-6)*step + change
	}
	w[0] = 7 * step // so that the scale is the step
	mean := func(dice *rand.Rand) float64 {
		q, scale, err := quantizeHalves(safetensors.FromFloat32s("w", w, 1, k), 7, dice)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := scale.Float32s()
		if s[0] != step {
			t.Fatalf("scale %v", s[0])
		}
		var sum float64
		for j := 1; j < k; j++ {
			x := float64(q.Data[j/2]>>(4*(j&1))&15) - 8
			if before := float64(j%13 - 6); x != before && x != before+1 {
				t.Fatalf("column %d: %v steps became %v", j, before, x)
			}
			sum += x*step - float64(j%13-6)*step
		}
		return sum / (k - 1)
	}
	if got := mean(nil); got != 0 {
		t.Errorf("to the nearest integer, weights changed by %v", got)
	}
	if got := mean(rand.New(rand.NewPCG(1, 1))); math.Abs(got-change) > .01 {
		t.Errorf("by dice, weights changed by %v on average; they were changed by %v", got, change)
	}
	a, _, _ := quantizeHalves(safetensors.FromFloat32s("w", w, 1, k), 7, rand.New(rand.NewPCG(1, 1)))
	b, _, _ := quantizeHalves(safetensors.FromFloat32s("w", w, 1, k), 7, rand.New(rand.NewPCG(1, 1)))
	if !bytes.Equal(a.Data, b.Data) {
		t.Error("the same dice gave other bytes")
	}
}
