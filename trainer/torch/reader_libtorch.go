//go:build libtorch

package torch

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/safetensors"
)

func (c Config) readerParams() []param {
	var list []param
	for _, head := range []string{RelevanceHead, SentenceHead} {
		list = append(list, param{name: head + "weight", shape: []int{1, c.Width}}, param{name: head + "bias", shape: []int{1}})
	}
	return list
}

// NewReader makes a reader of a dense encoder's folder, which may be one that ships: its
// integers become floats. The reader has the encoder's first lower layers, which are
// frozen as its embeddings are, and begins with the next layers of the encoder as its own
// and with random heads. If further is true, it begins instead with the layers and heads of
// the reader that the folder has already, which may have more lower layers.
func NewReader(dir string, lower, layers int, further bool, device int, seed uint64) (*Model, error) {
	data, err := folder.Files(dir)("config.json")
	if err != nil {
		return nil, err
	}
	var raw map[string]any
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("%s: config.json: %w", dir, err)
	}
	if all, ok := raw["num_hidden_layers"].(float64); !ok || lower < 0 || layers < 1 || lower+layers > int(all) {
		return nil, fmt.Errorf("%s has %v layers; %d lower ones and %d of the reader's own were asked for", dir, raw["num_hidden_layers"], lower, layers)
	}
	if further {
		if err := fits(raw, lower, layers); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
	}
	raw["num_hidden_layers"] = lower + layers
	delete(raw, "parley") // how the dense encoder is used
	if data, err = json.Marshal(raw); err != nil {
		return nil, err
	}
	e, err := empty(data, device)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if !e.Config.Bare || e.Config.Types < 2 {
		return nil, fmt.Errorf("%s: a reader begins with a BertModel of two token types", dir)
	}
	found, err := readSafetensors(filepath.Join(dir, "model.safetensors"), true)
	if err == nil {
		r := rand.New(rand.NewPCG(seed, 2))
		for _, p := range e.Config.readerParams() {
			v := make([]float32, product(p.shape))
			if len(p.shape) == 2 {
				for i := range v {
					v[i] = float32(r.NormFloat64() * e.Config.InitialRange)
				}
			}
			found[p.name] = weights{v, p.shape}
		}
		if further {
			var has map[string]weights
			has, err = readSafetensors(filepath.Join(dir, encoder.ReaderFile), true)
			maps.Copy(found, has)
		}
	}
	if err == nil {
		err = e.fill(found)
	}
	if err == nil {
		err = e.FreezeReader(lower)
	}
	if err != nil {
		e.Close()
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return e, nil
}

// fits returns an error if the reader in an encoder's config.json is not one to begin from.
func fits(raw map[string]any, lower, layers int) error {
	parley, _ := raw["parley"].(map[string]any)
	reader, ok := parley["reader"].(map[string]any)
	if !ok {
		return errors.New("there is no reader to train further; config.json names none")
	}
	itsLower, _ := reader["lower_layers"].(float64)
	its, _ := reader["layers"].(float64)
	if float64(lower) > itsLower || float64(lower+layers) != itsLower+its {
		return fmt.Errorf("its reader has %v lower layers and %v of its own; trained further, it has as many in all, and no more lower ones (%d and %d were asked for)", itsLower, its, lower, layers)
	}
	return nil
}

// FreezeReader freezes a reader's embeddings and its lower layers.
func (e *Model) FreezeReader(lower int) error {
	if err := e.FreezeBelow(lower); err != nil {
		return err
	}
	e.frozenBelow = min(lower, e.Config.Layers)
	return e.FreezeTypes()
}

// scaled returns the floats that a matrix of integers in f stands for. In U8, a byte has the
// integers + 8 of two columns, the lower column in the lower half.
func scaled(f *safetensors.File, t safetensors.Tensor) (w weights, err error) {
	scales, ok := f.Tensor(t.Name + ".scale")
	if !ok || len(t.Shape) != 2 {
		return w, errors.New("it has integers, but no scales")
	}
	scale, err := scales.Float32s()
	if err == nil && len(scale) != t.Shape[0] {
		err = fmt.Errorf("there are %d scales for %d rows", len(scale), t.Shape[0])
	}
	if err != nil {
		return w, err
	}
	n, columns := t.Shape[0], t.Shape[1]
	if t.DType == safetensors.I8 {
		v := make([]float32, n*columns)
		for i := range v {
			v[i] = float32(int8(t.Data[i])) * scale[i/columns]
		}
		return weights{v, t.Shape}, nil
	}
	v := make([]float32, 0, 2*n*columns)
	for i, b := range t.Data {
		s := scale[i/columns]
		v = append(v, float32(int(b&15)-8)*s, float32(int(b>>4)-8)*s)
	}
	return weights{v, []int{n, 2 * columns}}, nil
}

// read returns the last hidden states, [N*T,H] in float32.
func (e *Model) read(s *scope, in inputs) tensor { return s.float(e.body(s, in)) }

// linearHead returns a head's logits, [N,H] -> [N]. It is not a product of matrices, which
// mixed precision would round.
func (e *Model) linearHead(s *scope, head string, x tensor) tensor {
	return s.add(s.sumLast(s.mul(x, e.params[head+"weight"])), e.params[head+"bias"])
}

// relevance returns the pairs' logits, [N].
func (e *Model) relevance(s *scope, in inputs, x tensor) tensor {
	first := s.narrow(s.reshape(x, in.b, in.t, e.Config.Width), 1, 0, 1)
	return e.linearHead(s, RelevanceHead, s.reshape(first, in.b, e.Config.Width))
}

// sentences returns the logits of all sentences, one pair's after another's, [S]. There
// must be one.
func (e *Model) sentences(s *scope, in inputs, x tensor, of [][]Span) tensor {
	var token, sentence []int64 // each token's row of x, and the sentence that it belongs to
	var share []float32
	n := 0
	for b, list := range of {
		for _, span := range list {
			for i := span.First; i < span.End; i++ {
				token, sentence = append(token, int64(b*in.t+i)), append(sentence, int64(n))
				share = append(share, 1/float32(span.End-span.First))
			}
			n++
		}
	}
	rows := s.mul(s.indexSelect(x, 0, s.ints(token, len(token))), s.floats(share, len(share), 1))
	means := s.indexAdd(s.zeros(n, e.Config.Width), 0, s.ints(sentence, len(sentence)), rows)
	return e.linearHead(s, SentenceHead, means)
}

// check returns an error if the batch is not valid.
func (b *ReaderBatch) check() error {
	n := len(b.IDs)
	if n == 0 {
		return errors.New("an empty batch")
	}
	if len(b.Types) != n || len(b.Example) != n || len(b.Relevant) != n || len(b.Sentences) != n || len(b.Right) != n {
		return fmt.Errorf("the batch has %d pairs, but %d, %d, %d, %d and %d entries in Types, Example, Relevant, Sentences and Right", n, len(b.Types), len(b.Example), len(b.Relevant), len(b.Sentences), len(b.Right))
	}
	for i := range n {
		if len(b.Types[i]) != len(b.IDs[i]) || len(b.Right[i]) != len(b.Sentences[i]) {
			return fmt.Errorf("pair %d: %d tokens and %d types, %d sentences and %d entries in Right", i, len(b.IDs[i]), len(b.Types[i]), len(b.Sentences[i]), len(b.Right[i]))
		}
		if i > 0 && b.Example[i] < b.Example[i-1] {
			return fmt.Errorf("pair %d: the examples' numbers are not ascending", i)
		}
		if err := checkSpans(b.Sentences[i], len(b.IDs[i])); err != nil {
			return fmt.Errorf("pair %d: %w", i, err)
		}
	}
	return nil
}

func checkSpans(list []Span, tokens int) error {
	for _, s := range list {
		if s.First < 0 || s.End <= s.First || s.End > tokens {
			return fmt.Errorf("a sentence has the tokens %d to %d of %d", s.First, s.End, tokens)
		}
	}
	return nil
}

// A choice is a list of logits, some of which are right.
type choice struct{ right, wrong []int }

// rightOnes returns the mean over choices of -ln(sum over right e^x / sum over all e^x).
func (s *scope) rightOnes(x tensor, choices []choice) tensor {
	width := 0
	for _, c := range choices {
		width = max(width, len(c.right)+len(c.wrong))
	}
	var at []int64           // the right ones first, then the wrong ones, then any
	var all, right []float32 // absent for those that do not count
	for _, c := range choices {
		for k := range width {
			i, a, r := 0, float32(absent), float32(absent)
			switch {
			case k < len(c.right):
				i, a, r = c.right[k], 0, 0
			case k < len(c.right)+len(c.wrong):
				i, a = c.wrong[k-len(c.right)], 0
			}
			at, all, right = append(at, int64(i)), append(all, a), append(right, r)
		}
	}
	n := len(choices)
	x = s.reshape(s.indexSelect(x, 0, s.ints(at, len(at))), n, width)
	// With x_0 right, ln sum e^x = x_0 - ln softmax(x)_0, over all and over the right ones.
	first := func(hide []float32) tensor {
		return s.narrow(s.logSoftmax(s.add(x, s.floats(hide, n, width))), 1, 0, 1)
	}
	return s.times(s.sum(s.sub(first(right), first(all))), 1/float64(n))
}

// readerLoss returns the loss of a batch, and its terms.
func (t *Trainer) readerLoss(b *ReaderBatch) objective {
	return func(s *scope) (tensor, map[string]tensor, Parts) {
		if err := b.check(); err != nil {
			s.fail(err)
			return tensor{}, nil, nil
		}
		e := t.Query
		in := e.pad(s, b.IDs, b.Types)
		x := e.read(s, in)
		relevance := e.relevance(s, in, x)
		parts := map[string]tensor{}
		target := make([]float32, len(b.Relevant))
		var lists []choice
		for i, is := range b.Relevant {
			if i == 0 || b.Example[i] != b.Example[i-1] {
				lists = append(lists, choice{})
			}
			c := &lists[len(lists)-1]
			if is {
				target[i] = 1
				c.right = append(c.right, i)
			} else {
				c.wrong = append(c.wrong, i)
			}
		}
		total := s.crossEntropy(relevance, target)
		parts[readerPairs] = total
		decided := func(c choice) bool { return len(c.right) > 0 && len(c.wrong) > 0 }
		if lists = slices.DeleteFunc(lists, func(c choice) bool { return !decided(c) }); len(lists) > 0 {
			parts[readerList] = s.rightOnes(relevance, lists)
			total = s.add(total, parts[readerList])
		}
		var judged [][]Span
		var texts []choice
		n := 0
		for i, list := range b.Sentences {
			var c choice
			for k, right := range b.Right[i] {
				if right {
					c.right = append(c.right, n+k)
				} else {
					c.wrong = append(c.wrong, n+k)
				}
			}
			if !b.Relevant[i] || len(list) < 2 || len(c.right) == 0 {
				judged = append(judged, nil)
				continue
			}
			judged, texts = append(judged, list), append(texts, c)
			n += len(list)
		}
		if len(texts) > 0 {
			parts[readerSentences] = s.rightOnes(e.sentences(s, in, x, judged), texts)
			total = s.add(total, parts[readerSentences])
		}
		return total, parts, nil
	}
}

// StepReader does what Step does, for a reader.
func (t *Trainer) StepReader(b *ReaderBatch, rate float64) (Parts, error) {
	return t.take(t.readerLoss(b), rate)
}

// Relevance returns the logits of pairs, and those of their sentences, without gradients.
// mixed is as in AdamW.Mixed.
func (e *Model) Relevance(ids [][]int32, types [][]uint8, of [][]Span, mixed bool) (relevance []float32, sentences [][]float32, err error) {
	for i, list := range of {
		if err := checkSpans(list, len(ids[i])); err != nil {
			return nil, nil, fmt.Errorf("pair %d: %w", i, err)
		}
	}
	err = within(e.device, func(s *scope) {
		s.noGrad(func() {
			s.mixed(mixed, true)
			in := e.pad(s, ids, types)
			x := e.read(s, in)
			s.mixed(mixed, false)
			relevance = s.toFloats(e.relevance(s, in, x))
			var flat []float32
			if slices.ContainsFunc(of, func(list []Span) bool { return len(list) > 0 }) {
				flat = s.toFloats(e.sentences(s, in, x, of))
			}
			if s.err != nil {
				return
			}
			for _, list := range of {
				sentences = append(sentences, flat[:len(list)])
				flat = flat[len(list):]
			}
		})
	})
	return relevance, sentences, err
}
