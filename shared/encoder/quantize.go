//go:build !wasip1

// Only the commands quantise: none of this code is in the page's programs.

package encoder

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"

	"parley/shared/safetensors"
)

// Levels are the numbers of quantisation levels: L levels stand for the 2L+1 integers -L
// to L. Fewer levels make a file that compresses better. With 7 or fewer, an integer takes
// 4 bits, which halves the file, and scales have the least squared error (the last row
// below was measured before that: see quantizeHalves). For bge-small-en-v1.5, 12 layers,
// the table shows cosines with onnxruntime's float32 vectors over 200 passages and
// questions (TestSentenceLevels), and megabytes by the integers' entropy (brotli, measured
// for 127 and 127 alone, takes 30.04):
//
//	Matrices  Words  mean    least   MB
//	127       127    .9992   .9982   30.2
//	127        63    .9991   .9975   28.7
//	127        31    .9991   .9982   27.2
//	127        15    .9989   .9977   25.7
//	127         7    .9973   .9820   24.1
//	 63        63    .9986   .9965   26.0
//	 63        31    .9986   .9974   24.5
//	 31        63    .9966   .9940   23.3
//	 31        15    .9963   .9911   20.3
//	 15        63    .9887   .9808   20.5
//	 15        15    .9885   .9816   17.5
//	  7        63    .9510   .9260   17.6
//
// At 127 levels the rounding of weights costs .0002 of the mean; the rounding of
// activations, to 8 bits per token, costs the rest.
type Levels struct {
	Matrices int // of the layers and the head; 1 to 127
	Words    int // the word embedding; 1 to 127
}

// ShippedLevels are the levels that Quantize uses.
var ShippedLevels = Levels{Matrices: 127, Words: 63}

// Quantize turns the files of an encoder's folder into those that ship: int8 weights, and
// nothing that inference does not need. It returns the new files by name: config.json,
// model.safetensors, vocab.txt and, where config.json names a reader, reader.safetensors.
// Equal folders give equal bytes.
//
// Each row of a matrix w becomes integers q and a scale, w ~ scale * q, with
//
//	scale = max|w| / L, rounded up to 8 significant bits
//	q     = round(w / scale), half to even, |q| <= L
//
// L is 127, but 63 for the word embedding, which holds most of the bytes: so brotli
// takes 0.5 MB off splade-tiny's 4.3, while the mean cosine between its vectors and
// the float model's goes from .9993 to .9991 (1,945 MTRAG passages). On MTRAG's 777
// queries over 38,852 passages, int8 against float: last turns nDCG@10 .3086, .3081
// and R@100 .7005, .6976; rewrites .3486, .3479 and .7680, .7686. Rounded
// scales compress, too, and cost nothing, since q is made for them.
//
// Vectors, and the table of token types, stay as they are. set, unless it is nil, becomes
// the key "parley" of config.json; otherwise config.json is kept byte for byte.
func Quantize(files Files, set *Settings) (map[string][]byte, error) {
	return QuantizeTo(ShippedLevels, files, set)
}

// QuantizeTo is Quantize with the given levels.
func QuantizeTo(l Levels, files Files, set *Settings) (map[string][]byte, error) {
	if min(l.Matrices, l.Words) < 1 || max(l.Matrices, l.Words) > 127 {
		return nil, fmt.Errorf("encoder: levels %+v; wanted 1 to 127 of each", l)
	}
	c, t, err := loadFront(files)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	if out["config.json"], err = files("config.json"); err != nil {
		return nil, missing("config.json", "the model's sizes", err)
	}
	if set != nil {
		if out["config.json"], err = withSettings(out["config.json"], set); err != nil {
			return nil, err
		}
		if c, err = parseConfig(out["config.json"]); err != nil {
			return nil, err
		}
	}
	out["vocab.txt"] = t.List()

	data, err := files(weightsFile)
	if err != nil {
		return nil, missing(weightsFile, "the weights in Hugging Face's safetensors layout", err)
	}
	_, used, err := loadModel(c, data, nil)
	if err != nil {
		return nil, err
	}
	tensors, err := int8Tensors(l, c, used, nil)
	if err != nil {
		return nil, err
	}
	if out[weightsFile], err = safetensors.Write(tensors, map[string]string{"format": "pt"}); err != nil {
		return nil, err
	}
	if c.parley.Reader != nil {
		if data, err = files(ReaderFile); err != nil {
			return nil, missing(ReaderFile, "the reader that config.json names", err)
		}
		_, used, err := c.readerWeights(data)
		if err != nil {
			return nil, err
		}
		if tensors, err = int8Tensors(l, c, used, rand.New(rand.NewPCG(1, 1))); err != nil {
			return nil, err
		}
		out[ReaderFile], err = safetensors.Write(tensors, map[string]string{"format": "pt"})
		return out, err
	}
	return out, nil
}

// int8Tensors returns the tensors of the file that ships. dice, unless it is nil, round
// matrices of two integers a byte (see quantizeHalves).
func int8Tensors(l Levels, c *config, used []use, dice *rand.Rand) (tensors []safetensors.Tensor, err error) {
	words := c.names().embeddings + "word_embeddings.weight"
	types := c.names().embeddings + "token_type_embeddings.weight"
	for _, u := range used {
		if !u.matrix || u.DType == safetensors.I8 || u.DType == safetensors.U8 || u.Name == types {
			tensors = append(tensors, u.Tensor)
			continue
		}
		levels := l.Matrices
		if u.Name == words {
			levels = l.Words
		}
		quantize := quantizeRows
		if levels <= mostHalves {
			quantize = func(t safetensors.Tensor, levels int) (q, scale safetensors.Tensor, err error) {
				return quantizeHalves(t, levels, dice)
			}
		}
		q, scale, err := quantize(u.Tensor, levels)
		if err != nil {
			return nil, err
		}
		tensors = append(tensors, q, scale)
	}
	return tensors, nil
}

// inInt8 returns the file of a dense encoder's tensors, whose matrices have float weights,
// quantised.
func inInt8(_ string, c *config, used []use, _ string) ([]byte, error) {
	tensors, err := int8Tensors(ShippedLevels, c, used, nil)
	if err != nil {
		return nil, err
	}
	return safetensors.Write(tensors, map[string]string{"format": "pt"})
}

// quantizeRows returns the matrix [n][k] as I8, and the scales of its rows as F32.
func quantizeRows(t safetensors.Tensor, levels int) (q, scale safetensors.Tensor, err error) {
	w, err := t.Float32s()
	if err != nil {
		return q, scale, err
	}
	n, k := t.Shape[0], t.Shape[1]
	ints, scales := make([]int8, n*k), make([]float32, n)
	for i := range n {
		row := w[i*k : i*k+k]
		var most float32
		for _, v := range row {
			most = max(most, v, -v)
		}
		s := eightBits(most / float32(levels))
		scales[i] = s
		if s == 0 {
			continue
		}
		for j, v := range row {
			// In float64 a quotient of float32s rounds the same way everywhere.
			ints[i*k+j] = int8(math.RoundToEven(float64(v) / float64(s)))
		}
	}
	return safetensors.FromInt8s(t.Name, ints, n, k), safetensors.FromFloat32s(t.Name+".scale", scales, n), nil
}

// mostHalves is the largest number of levels at which two integers fit a byte.
const mostHalves = 7

// quantizeHalves returns the matrix [n][k] as U8, two integers per byte as table reads
// them, and the scales of its rows as F32. So few levels cannot both reach the largest
// weight and distinguish the many small ones. Of forty scales, from a quarter of max|w| /
// L to the whole, it takes the one with the least squared error, and clips larger weights.
//
// dice, unless it is nil, round up or down by chance, with the probabilities that make the
// mean right (Gupta et al. 2015, arXiv 1502.02551, section 3.1). A reader needs it: its
// training begins with weights that are integers times a scale already, and changes most of
// them by less than half of a step. Rounded to the nearest integer, nearly all of
// them fall back to where they began, and the reader has learned nothing.
func quantizeHalves(t safetensors.Tensor, levels int, dice *rand.Rand) (q, scale safetensors.Tensor, err error) {
	w, err := t.Float32s()
	if err != nil {
		return q, scale, err
	}
	n, k := t.Shape[0], t.Shape[1]
	columns := (k + 1) / 2
	bytes, scales := make([]byte, n*columns), make([]float32, n)
	clip := func(q float64) float64 { return min(max(q, -float64(levels)), float64(levels)) }
	round := func(v, s float32) float64 { return clip(math.RoundToEven(float64(v) / float64(s))) }
	chosen := round
	if dice != nil {
		chosen = func(v, s float32) float64 { return clip(math.Floor(float64(v)/float64(s) + dice.Float64())) }
	}
	for i := range n {
		row := w[i*k : i*k+k]
		var most float32
		for _, v := range row {
			most = max(most, v, -v)
		}
		least := math.Inf(1)
		for step := range 40 {
			s := eightBits(most / float32(levels) * float32(52-step) / 52)
			if s == 0 {
				break
			}
			var sum float64
			for _, v := range row {
				d := float64(v) - float64(round(v, s)*float64(s))
				sum += float64(d * d)
			}
			if sum < least {
				least, scales[i] = sum, s
			}
		}
		for j := range 2 * columns {
			x := byte(8)
			if j < k && scales[i] > 0 {
				x = byte(8 + int(chosen(row[j], scales[i])))
			}
			bytes[i*columns+j/2] |= x << (4 * (j & 1))
		}
	}
	return safetensors.Tensor{Name: t.Name, DType: safetensors.U8, Shape: []int{n, columns}, Data: bytes}, safetensors.FromFloat32s(t.Name+".scale", scales, n), nil
}

// eightBits rounds v, which is not negative, up to 8 significant bits.
func eightBits(v float32) float32 {
	return math.Float32frombits((math.Float32bits(v) + 0xFFFF) &^ 0xFFFF)
}

// withSettings returns a config.json with set under the key "parley"; its other keys keep
// their values.
func withSettings(data []byte, set *Settings) ([]byte, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, fmt.Errorf("encoder: config.json: %w", err)
	}
	p, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	keys["parley"] = p
	out, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}
