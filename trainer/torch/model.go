//go:build libtorch

package torch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
	"github.com/sugarme/gotch/pickle"

	"parley/shared/durable"
	"parley/shared/encoder/folder"
	"parley/shared/safetensors"
)

// #include "../libtorch/extra.h"
import "C"

// A Model is a trainable encoder on one device. It is not safe for concurrent use.
// Close frees its memory.
type Model struct {
	Config Config
	raw    map[string]any // config.json as it was read, for Save
	device int
	order  []param
	params map[string]tensor
	frozen map[string]bool
	sieve  *sieve // of the output's rows at its last use
	// frozenBelow is the number of lower layers that are frozen together with all that is
	// below them, so that no gradient flows through their states.
	frozenBelow int
}

// Load reads a Hugging Face folder: config.json and model.safetensors, which are
// verified if there is a manifest, or else pytorch_model.bin. Weights of any floating
// type become float32. device is a result of Device.
func Load(dir string, device int) (*Model, error) {
	data, err := folder.Files(dir)("config.json")
	if err != nil {
		return nil, err
	}
	e, err := empty(data, device)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	file := filepath.Join(dir, "model.safetensors")
	read := func(path string) (map[string]weights, error) { return readSafetensors(path, false) }
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		file = filepath.Join(dir, "pytorch_model.bin")
		read = readPickle
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s has neither model.safetensors nor pytorch_model.bin", dir)
		}
	}
	found, err := read(file)
	if err == nil {
		err = e.fill(found)
	}
	if err != nil {
		e.Close()
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return e, nil
}

// New makes an encoder with random weights from a config.json: normally distributed
// with the config's initializer_range, biases 0, norms 1, as BERT begins.
func New(config []byte, device int, seed uint64) (*Model, error) {
	e, err := empty(config, device)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, 0))
	found := map[string]weights{}
	for _, p := range e.order {
		v := make([]float32, product(p.shape))
		for i := range v {
			switch {
			case p.norm:
				v[i] = 1
			case len(p.shape) == 2:
				v[i] = float32(r.NormFloat64() * e.Config.InitialRange)
			}
		}
		found[p.name] = weights{v, p.shape}
	}
	if err := e.fill(found); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func empty(config []byte, device int) (*Model, error) {
	c, err := ParseConfig(config)
	if err != nil {
		return nil, err
	}
	e := &Model{Config: c, device: device, params: map[string]tensor{}, frozen: map[string]bool{}}
	if err := json.Unmarshal(config, &e.raw); err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	e.order = c.params()
	return e, nil
}

// A weights is a tensor that is read from or written to a file.
type weights struct {
	v     []float32
	shape []int
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// readSafetensors reads the floats of a file. Where it ships, matrices may be integers with
// scales, which become floats; otherwise integers are an error.
func readSafetensors(path string, ships bool) (map[string]weights, error) {
	data, err := folder.Files(filepath.Dir(path))(filepath.Base(path))
	if err != nil {
		return nil, err
	}
	f, err := safetensors.Read(data)
	if err != nil {
		return nil, err
	}
	found := map[string]weights{}
	for _, t := range f.Tensors {
		switch t.DType {
		case safetensors.F64, safetensors.F32, safetensors.F16, safetensors.BF16:
			v, err := t.Float32s()
			if err != nil {
				return nil, err
			}
			found[t.Name] = weights{v, t.Shape}
		case safetensors.I8, safetensors.U8:
			if !ships {
				return nil, fmt.Errorf("tensor %q has integers: this encoder is quantised for shipping; train from its float original", t.Name)
			}
			if found[t.Name], err = scaled(f, t); err != nil {
				return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
			}
		}
	}
	return found, nil
}

// readPickle reads a pytorch_model.bin with gotch, which panics on some files.
func readPickle(path string) (found map[string]weights, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not a PyTorch state dict: %v", p)
		}
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all, err := pickle.Decode(path)
	if err != nil {
		return nil, err
	}
	found = map[string]weights{}
	for name, t := range all {
		shape := []int{}
		for _, d := range t.MustSize() {
			shape = append(shape, int(d))
		}
		v := make([]float32, 0, product(shape))
		for _, x := range t.Float64Values() {
			v = append(v, float32(x))
		}
		t.MustDrop()
		found[name] = weights{v, shape}
	}
	return found, nil
}

// fill makes the parameters from the tensors of a file.
func (e *Model) fill(found map[string]weights) error {
	for name, w := range found { // checkpoints of 2018 to 2020 have the names gamma and beta
		if s, ok := strings.CutSuffix(name, "LayerNorm.gamma"); ok {
			found[s+"LayerNorm.weight"] = w
		} else if s, ok := strings.CutSuffix(name, "LayerNorm.beta"); ok {
			found[s+"LayerNorm.bias"] = w
		}
	}
	bias := e.Config.names().bias
	if _, ok := found[bias]; !ok && !e.Config.Distil && !e.Config.Bare {
		if w, ok := found["cls.predictions.decoder.bias"]; ok {
			found[bias] = w
		}
	}
	for _, head := range []string{WordHead, TopicHead} {
		if _, ok := found[head+"out.bias"]; ok {
			e.order = append(e.order, e.Config.headParams(head)...)
		}
	}
	if _, ok := found[RelevanceHead+"bias"]; ok {
		e.order = append(e.order, e.Config.readerParams()...)
	}
	return e.make(found, e.order)
}

// make makes parameters from the tensors of a file.
func (e *Model) make(found map[string]weights, params []param) error {
	return within(e.device, func(s *scope) {
		for _, p := range params {
			w, ok := found[p.name]
			if !ok {
				s.fail(fmt.Errorf("tensor %q is missing, which a %s of this config has", p.name, e.Config.architecture()))
				return
			}
			if !slices.Equal(w.shape, p.shape) {
				s.fail(fmt.Errorf("tensor %q has shape %v, config.json asks for %v", p.name, w.shape, p.shape))
				return
			}
			if i := slices.IndexFunc(w.v, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }); i >= 0 {
				s.fail(fmt.Errorf("tensor %q: element %d is %v", p.name, i, w.v[i]))
				return
			}
			t := s.keep(s.floats(w.v, w.shape...))
			if s.err != nil {
				return
			}
			e.params[p.name] = t
			if C.parley_require_grad(unsafe.Pointer(t.c), 1) == 0 {
				s.check("requires_grad")
			}
		}
	})
}

// keep removes a tensor from the scope, which then does not free it.
func (s *scope) keep(t tensor) tensor {
	if s.err != nil {
		return tensor{}
	}
	s.made = slices.DeleteFunc(s.made, func(c lib.Ctensor) bool { return c == t.c })
	return t
}

// Close frees the parameters.
func (e *Model) Close() {
	for _, t := range e.params {
		lib.AtFree(t.c)
	}
	e.params = nil
}

// FreezeBelow freezes the layers below the given one, and all embeddings except the
// token types'.
func (e *Model) FreezeBelow(layer int) error {
	n := e.Config.names()
	prefixes := []string{n.word, n.position, n.norm + "."}
	for _, l := range n.layers[:min(max(layer, 0), len(n.layers))] {
		for _, p := range []string{l.query, l.key, l.value, l.out, l.norm1, l.inner, l.outer, l.norm2} {
			prefixes = append(prefixes, p+".")
		}
	}
	for _, p := range e.order {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(p.name, prefix) }) {
			if err := e.freeze(p.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// FreezeTypes freezes the token types' embeddings.
func (e *Model) FreezeTypes() error {
	if e.Config.Types == 0 {
		return nil
	}
	return e.freeze(e.Config.names().kind)
}

// FreezeEmbedding freezes the tied embedding [V,H], nine tenths of a small encoder, so
// that several encoders can share it.
func (e *Model) FreezeEmbedding() error {
	if !e.Config.Tied {
		return errors.New("the embedding is not tied to the output (tie_word_embeddings is false), so freezing it would share only half")
	}
	return e.freeze(e.Config.names().word)
}

func (e *Model) freeze(name string) error {
	return within(e.device, func(s *scope) {
		if C.parley_require_grad(unsafe.Pointer(e.params[name].c), 0) == 0 {
			s.check("requires_grad")
		}
		e.frozen[name] = true
	})
}

// Size returns the number of parameters, and the number of those that train.
func (e *Model) Size() (all, trained int) {
	for _, p := range e.order {
		all += product(p.shape)
		if !e.frozen[p.name] {
			trained += product(p.shape)
		}
	}
	return all, trained
}

// Weights reads the parameters from the device, as tensors with Hugging Face's names.
func (e *Model) Weights() ([]safetensors.Tensor, error) {
	var out []safetensors.Tensor
	err := within(e.device, func(s *scope) {
		for _, p := range e.order {
			out = append(out, safetensors.FromFloat32s(p.name, s.toFloats(e.params[p.name]), p.shape...))
		}
	})
	return out, err
}

// Save writes config.json and model.safetensors into a folder. Each file is written
// completely or not at all. extra are fields to add to the config. The caller must
// copy the tokenizer's files.
func (e *Model) Save(folder string, extra map[string]any) error {
	tensors, err := e.Weights()
	if err != nil {
		return err
	}
	data, err := safetensors.Write(tensors, map[string]string{"format": "pt"})
	if err != nil {
		return err
	}
	config := map[string]any{}
	for k, v := range e.raw {
		config[k] = v
	}
	delete(config, "torch_dtype")
	config["dtype"] = "float32"
	config["architectures"] = []string{e.Config.architecture()}
	for k, v := range extra {
		config[k] = v
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(folder, "model.safetensors"), data); err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(folder, "config.json"), append(text, '\n'))
}

// inputs is a batch of token sequences, padded to one length.
type inputs struct {
	b, t   int
	length []int // the number of tokens of each, without padding
	// question is the number of tokens of each before the first one that is not of
	// type 0: those of the newest question, if the history has a type of its own.
	question []int
	ids      tensor // [B,T]
	types    tensor // [B,T]; not set without token types
	mask     tensor // [B,1,1,T] float: 0 at tokens, the lowest float at padding
}

// pad pads sequences to one length. types may be nil, which means all 0.
func (e *Model) pad(s *scope, ids [][]int32, types [][]uint8) inputs {
	in := inputs{b: len(ids)}
	for _, x := range ids {
		in.t = max(in.t, len(x))
		in.length = append(in.length, len(x))
	}
	for i, x := range ids {
		n := len(x)
		if types != nil {
			if k := slices.IndexFunc(types[i], func(t uint8) bool { return t != 0 }); k >= 0 {
				n = k
			}
		}
		in.question = append(in.question, n)
	}
	if in.t == 0 || in.t > e.Config.Positions {
		s.fail(fmt.Errorf("a batch of %d sequences, the longest of %d tokens; 1 to %d fit", in.b, in.t, e.Config.Positions))
		return in
	}
	id := make([]int64, in.b*in.t)
	kind := make([]int64, in.b*in.t)
	mask := make([]float32, in.b*in.t)
	for i, x := range ids {
		row := i * in.t
		for j := range in.t {
			if j >= len(x) {
				mask[row+j] = -math.MaxFloat32
				continue
			}
			if x[j] < 0 || int(x[j]) >= e.Config.Vocab {
				s.fail(fmt.Errorf("sequence %d: token id %d is not in the vocabulary of %d", i, x[j], e.Config.Vocab))
				return in
			}
			id[row+j] = int64(x[j])
			if types != nil {
				if e.Config.Types > 0 && int(types[i][j]) >= e.Config.Types {
					s.fail(fmt.Errorf("sequence %d: token type %d, the encoder has %d", i, types[i][j], e.Config.Types))
					return in
				}
				kind[row+j] = int64(types[i][j])
			}
		}
		if len(x) == 0 {
			s.fail(fmt.Errorf("sequence %d has no tokens", i))
			return in
		}
	}
	in.ids = s.ints(id, in.b, in.t)
	if e.Config.Types > 0 {
		in.types = s.ints(kind, in.b, in.t)
	}
	in.mask = s.floats(mask, in.b, 1, 1, in.t)
	return in
}

// hidden returns the states of the head's hidden layer, [B*T,H], which output's
// embedding is multiplied with.
func (e *Model) hidden(s *scope, in inputs) tensor { return e.transform(s, e.body(s, in)) }

// transform computes the masked-LM head's hidden layer, [B*T,H] -> [B*T,H].
func (e *Model) transform(s *scope, x tensor) tensor {
	n := e.Config.names()
	p := func(name string) tensor { return e.params[name] }
	y := s.gelu(s.linear(x, p(n.transform+".weight"), p(n.transform+".bias")))
	return s.layerNorm(y, p(n.transformNorm+".weight"), p(n.transformNorm+".bias"), e.Config.Eps)
}

// body computes the layers of the encoder and returns the last hidden states, [B*T,H].
// It never uses dropout.
func (e *Model) body(s *scope, in inputs) tensor {
	c, n := e.Config, e.Config.names()
	b, t, h := in.b, in.t, c.Width
	p := func(name string) tensor { return e.params[name] }
	linear := func(x tensor, name string) tensor { return s.linear(x, p(name+".weight"), p(name+".bias")) }
	norm := func(x tensor, name string) tensor { return s.layerNorm(x, p(name+".weight"), p(name+".bias"), c.Eps) }

	x := s.embedding(p(n.word), in.ids)            // [B,T,H]
	x = s.add(x, s.narrow(p(n.position), 0, 0, t)) // + [T,H]
	if c.Types > 0 {
		x = s.add(x, s.embedding(p(n.kind), in.types))
	}
	x = s.reshape(norm(x, n.norm), b*t, h) // [B*T,H]
	split := func(x tensor) tensor {       // [B,heads,T,H/heads]
		return s.transpose(s.reshape(x, b, t, c.Heads, h/c.Heads), 1, 2)
	}
	for i, l := range n.layers {
		begin := len(s.made)
		a := s.attention(split(linear(x, l.query)), split(linear(x, l.key)), split(linear(x, l.value)), in.mask)
		a = s.reshape(s.transpose(a, 1, 2), b*t, h)
		x = norm(s.add(linear(a, l.out), x), l.norm1)
		f := linear(s.gelu(linear(x, l.inner)), l.outer)
		x = norm(s.add(f, x), l.norm2)
		if i < e.frozenBelow {
			s.free(begin, x) // no gradient needs it
		}
	}
	return x
}

// output returns the head's output embedding [V,H] and bias [V].
func (e *Model) output() (weight, bias tensor) {
	n := e.Config.names()
	if e.Config.Tied {
		return e.params[n.word], e.params[n.bias]
	}
	return e.params[n.decoder], e.params[n.bias]
}

// Logits returns the masked-LM logits of one sequence, row-major [T,V].
func (e *Model) Logits(ids []int32, types []uint8) ([]float32, error) {
	var out []float32
	err := within(e.device, func(s *scope) {
		s.noGrad(func() {
			w, b := e.output()
			var tt [][]uint8
			if types != nil {
				tt = [][]uint8{types}
			}
			out = s.toFloats(s.linear(e.hidden(s, e.pad(s, [][]int32{ids}, tt)), w, b))
		})
	})
	return out, err
}
