package onnx

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/shared/safetensors"
)

// A Bert is a BERT encoder without a head, Hugging Face's BertModel.
type Bert struct {
	Vocab, Positions, Types      int
	Hidden, Layers, Heads, Inner int
	Eps                          float32 // the epsilon of the layer normalisations
	Producer                     string  // the program that wrote the file
	// Tensors are its weights in float32, with the names and shapes that BertModel
	// saves. A pooler is left out.
	Tensors []safetensors.Tensor
}

// Read returns the BERT encoder in an ONNX file. Its tensors do not point into data.
// heads is the number of attention heads if other files say it, else 0; the graph
// itself usually does. Read refuses anything but a BERT encoder in floats, and says
// what it is. Errors are of type *Error.
//
// Vectors and embeddings are found by their names. The weight of a Linear is found by
// its use, because exporters store most of them transposed under a new name
// ("onnx::MatMul_1525"). The operand of a MatMul is stored as [in][out]; that of a Gemm
// with transB, or of a Transpose before the MatMul, as [out][in], as BertModel saves
// it. Which Linear it belongs to follows from its own name, from the node's
// ("/encoder/layer.0/intermediate/dense/MatMul"), or from the bias that is added to the
// product. If several of these say it, they must agree.
func Read(data []byte, heads int) (*Bert, error) {
	g, err := parse(data)
	if err != nil {
		return nil, err
	}
	b := &builder{graph: g, values: map[string]*tensor{}, from: map[string]*node{}, adds: map[string]*node{}}
	for _, step := range []func() error{b.architecture, b.operators, b.link, b.sizes, b.matrices, b.normalisations, func() error { return b.heads(heads) }} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.build()
}

type builder struct {
	*graph
	values map[string]*tensor // weights and constants
	from   map[string]*node   // the node that computes a value
	adds   map[string]*node   // the Add that has the value as input
	prefix string             // of the weights' names, such as "bert."
	out    Bert
	linear map[string]*matrix
}

// signs are parts of the names of weights that show another architecture.
var signs = []struct{ part, name string }{
	{"transformer.layer.", "DistilBERT"}, {"albert_layer", "ALBERT"}, {"rel_embeddings", "DeBERTa"},
	{"relative_attention_bias", "MPNet or T5"}, {"h.0.attn.", "a decoder, GPT-2"}, {"decoder.layer", "an encoder with a decoder"},
	{"decoder.block", "an encoder with a decoder, T5"}, {"layers.0.self_attn", "a decoder"}, {"tok_embeddings", "ModernBERT"},
	{"emb_ln", "NomicBERT"}, {"vision_model", "a model of pictures"}, {"cls.predictions", "BERT with its masked-LM head"},
}

func (b *builder) architecture() error {
	for _, t := range b.weights {
		for _, s := range signs {
			if strings.Contains(t.name, s.part) {
				return bad(t.at, "tensor %q belongs to %s; wanted a BERT encoder without a head", t.name, s.name)
			}
		}
	}
	return nil
}

// known are the operators in exports of BERT.
var known = strings.Fields(`Add And Cast Concat Constant ConstantOfShape Div Equal Erf Expand Gather Gelu Gemm Identity
	IsNaN LayerNormalization MatMul Mul Not Pow Range ReduceMean Reshape Shape Slice Softmax Sqrt Squeeze Sub Tanh
	Transpose Unsqueeze Where`)

// quantised are operators of models with 8 or fewer bits.
var quantised = strings.Fields(`DynamicQuantizeLinear QuantizeLinear DequantizeLinear MatMulInteger QLinearMatMul
	DynamicQuantizeMatMul MatMulIntegerToFloat MatMulNBits MatMulBnb4 QAttention QGemm QEmbedLayerNormalization
	DynamicQuantizeLSTM QLinearAdd GatherBlockQuantized`)

func (b *builder) operators() error {
	softmax, gelu, tanh := 0, 0, 0
	for i := range b.nodes {
		n := &b.nodes[i]
		switch {
		case slices.Contains(quantised, n.op):
			return bad(n.at, "the model is quantised (operator %s), so its weights are already rounded; give the float file", n.op)
		case n.domain != "" && n.domain != "ai.onnx":
			return bad(n.at, "operator %s of %s: the graph was rewritten for one program, as onnxruntime's optimizer does; give the file as it was exported", n.op, n.domain)
		case n.op == "Trilu":
			return bad(n.at, "operator Trilu: this is a decoder, whose tokens see only earlier ones; wanted an encoder, BERT")
		case n.op == "CumSum":
			return bad(n.at, "operator CumSum: RoBERTa, MPNet and similar models count positions with it; wanted BERT")
		case !slices.Contains(known, n.op):
			return bad(n.at, "operator %q (node %q) is not part of BERT, the only architecture known here", n.op, n.name)
		case n.op == "Softmax":
			softmax++
		case n.op == "Erf":
			gelu++
		case n.op == "Tanh":
			tanh++
		case n.op == "Gelu":
			if a, ok := n.attribute("approximate"); ok && a.s != "none" {
				return bad(n.at, "operator Gelu approximates it by %q; only the exact gelu is known here", a.s)
			}
			gelu++
		}
	}
	if gelu != softmax || tanh > 1 { // a pooler has one Tanh
		return bad(0, "%d layers of attention and %d exact gelus (Erf), %d Tanh; BERT has one gelu per layer, and other activations are not known here", softmax, gelu, tanh)
	}
	b.out.Producer, b.out.Layers = b.producer, softmax
	return nil
}

// link finds what each node's inputs are.
func (b *builder) link() error {
	for i := range b.weights {
		t := &b.weights[i]
		if _, twice := b.values[t.name]; twice {
			return bad(t.at, "a second tensor %q", t.name)
		}
		b.values[t.name] = t
	}
	for i := range b.nodes {
		n := &b.nodes[i]
		for _, o := range n.outputs {
			if (b.from[o] != nil || b.values[o] != nil) && o != "" {
				return bad(n.at, "node %q computes %q, which another node computes, too", n.name, o)
			}
			b.from[o] = n
		}
		switch {
		case n.op == "Add":
			for _, v := range n.inputs {
				b.adds[v] = n
			}
		case len(n.outputs) != 1:
		case n.op == "Constant":
			if a, ok := n.attribute("value"); ok && a.t != nil {
				b.values[n.outputs[0]] = a.t
			}
		case n.op == "Identity" && len(n.inputs) == 1:
			// Exporters store equal tensors only once.
			if t := b.values[n.inputs[0]]; t != nil {
				b.values[n.outputs[0]] = t
			}
		}
	}
	return nil
}

const wordEmbedding = "embeddings.word_embeddings.weight"

// sizes reads the model's sizes from the shapes of embeddings and biases.
func (b *builder) sizes() error {
	var words string
	for _, name := range slices.Sorted(maps.Keys(b.values)) {
		if strings.HasSuffix(name, wordEmbedding) {
			if words != "" {
				return bad(b.values[name].at, "two word embeddings, %q and %q; wanted one encoder", words, name)
			}
			words = name
		}
	}
	if words == "" {
		return bad(0, "tensor %q is missing among %d; wanted BERT, exported with Hugging Face's names", wordEmbedding, len(b.weights))
	}
	b.prefix = strings.TrimSuffix(words, wordEmbedding)
	for _, x := range []struct {
		name string
		to   [2]*int
	}{
		{wordEmbedding, [2]*int{&b.out.Vocab, &b.out.Hidden}},
		{"embeddings.position_embeddings.weight", [2]*int{&b.out.Positions, &b.out.Hidden}},
		{"embeddings.token_type_embeddings.weight", [2]*int{&b.out.Types, &b.out.Hidden}},
	} {
		t, err := b.named(x.name)
		if err != nil {
			return err
		}
		if len(t.dims) != 2 || t.dims[0] < 1 || t.dims[1] < 1 || *x.to[1] != 0 && *x.to[1] != t.dims[1] {
			return bad(t.at, "tensor %q has shape %v; wanted two dimensions, of which the second is the hidden size %d", x.name, t.dims, *x.to[1])
		}
		*x.to[0], *x.to[1] = t.dims[0], t.dims[1]
	}
	t, err := b.named("encoder.layer.0.intermediate.dense.bias")
	if err != nil {
		return err
	}
	if len(t.dims) != 1 || t.dims[0] < 1 {
		return bad(t.at, "tensor %q has shape %v; wanted one dimension, the inner size", "encoder.layer.0.intermediate.dense.bias", t.dims)
	}
	b.out.Inner = t.dims[0]
	more := b.prefix + fmt.Sprintf("encoder.layer.%d.", b.out.Layers)
	for _, name := range slices.Sorted(maps.Keys(b.values)) {
		if strings.HasPrefix(name, more) {
			return bad(b.values[name].at, "tensor %q: the graph has %d layers of attention, the weights have more", name, b.out.Layers)
		}
	}
	return nil
}

// named returns a weight that must exist.
func (b *builder) named(name string) (*tensor, error) {
	t := b.values[b.prefix+name]
	if t == nil {
		return nil, bad(0, "tensor %q is missing: wanted all of BERT, exported with Hugging Face's names", b.prefix+name)
	}
	return t, nil
}

// A matrix is the weight of a Linear.
type matrix struct {
	*tensor
	transposed bool // stored as [in][out]
}

var nodeName = regexp.MustCompile(`(?:^|/)(encoder/layer\.\d+/(?:attention/self/(?:query|key|value)|attention/output/dense|intermediate/dense|output/dense)|pooler/dense)/(?:MatMul|Gemm)$`)

// matrices finds the weight of every Linear.
func (b *builder) matrices() error {
	b.linear = map[string]*matrix{}
	for i := range b.nodes {
		n := &b.nodes[i]
		if n.op != "MatMul" && n.op != "Gemm" || len(n.inputs) < 2 || len(n.outputs) != 1 {
			continue
		}
		m, own, err := b.operand(n)
		if err != nil {
			return err
		}
		if m == nil {
			continue // queries times keys, and attention times values
		}
		var bias string
		if n.op == "Gemm" && len(n.inputs) > 2 {
			bias = n.inputs[2]
		} else if add := b.adds[n.outputs[0]]; add != nil && len(add.inputs) == 2 {
			if bias = add.inputs[0]; bias == n.outputs[0] {
				bias = add.inputs[1]
			}
		}
		var names []string
		if s, ok := strings.CutPrefix(own, b.prefix); ok && strings.HasSuffix(s, ".weight") {
			names = append(names, s)
		}
		if s := nodeName.FindStringSubmatch(n.name); s != nil {
			names = append(names, strings.ReplaceAll(s[1], "/", ".")+".weight")
		}
		if s, ok := strings.CutPrefix(bias, b.prefix); ok && strings.HasSuffix(s, ".bias") && b.values[bias] != nil {
			names = append(names, strings.TrimSuffix(s, "bias")+"weight")
		}
		if names = slices.Compact(names); len(names) == 0 {
			return bad(n.at, "node %q multiplies with the matrix %q; neither its name nor the node's nor its bias says which of BERT's matrices it is", n.name, own)
		}
		if len(names) > 1 {
			return bad(n.at, "node %q multiplies with the matrix %q, which by its names is both %s and %s", n.name, own, names[0], names[1])
		}
		if old := b.linear[names[0]]; old != nil && *old != *m {
			return bad(n.at, "node %q multiplies with %s, but another node has another tensor for it", n.name, names[0])
		}
		b.linear[names[0]] = m
	}
	return nil
}

// operand returns the matrix that a node multiplies with, and its name in the file; nil
// if both inputs are computed.
func (b *builder) operand(n *node) (m *matrix, name string, err error) {
	if t := b.values[n.inputs[0]]; t != nil {
		return nil, "", bad(n.at, "node %q has the matrix %q on the left; BERT's are on the right", n.name, n.inputs[0])
	}
	name = n.inputs[1]
	m = &matrix{b.values[name], true}
	if from := b.from[name]; m.tensor == nil && from != nil && from.op == "Transpose" && len(from.inputs) == 1 {
		if a, ok := from.attribute("perm"); ok && !slices.Equal(a.ints, []int64{1, 0}) {
			return nil, "", nil
		}
		name = from.inputs[0]
		m = &matrix{b.values[name], false}
	}
	if m.tensor == nil {
		return nil, "", nil
	}
	if len(m.dims) != 2 {
		return nil, "", bad(n.at, "node %q multiplies with %q of shape %v; wanted a matrix", n.name, name, m.dims)
	}
	if n.op == "Gemm" {
		if a, _ := n.attribute("transA"); a.i != 0 {
			return nil, "", bad(n.at, "node %q transposes its input; BERT's nodes do not", n.name)
		}
		for _, factor := range []string{"alpha", "beta"} {
			if a, ok := n.attribute(factor); ok && a.f != 1 {
				return nil, "", bad(n.at, "node %q multiplies by %s %v, which BERT's do not", n.name, factor, a.f)
			}
		}
		if a, _ := n.attribute("transB"); a.i != 0 {
			m.transposed = !m.transposed
		}
	}
	return m, name, nil
}

// normalisations reads the number that layer normalisations add to the variance. It is
// an attribute of LayerNormalization, or the constant in mean -> Add -> Sqrt.
func (b *builder) normalisations() error {
	count := 0
	found := func(n *node, eps float32) error {
		if count++; count == 1 {
			b.out.Eps = eps
		}
		if eps != b.out.Eps || !(eps >= 0 && eps < 1) {
			return bad(n.at, "node %q: layer_norm_eps is %v, elsewhere %v; wanted one small number", n.name, eps, b.out.Eps)
		}
		return nil
	}
	for i := range b.nodes {
		n := &b.nodes[i]
		switch n.op {
		case "LayerNormalization":
			eps := float32(1e-5) // ONNX's default value
			if a, ok := n.attribute("epsilon"); ok {
				eps = a.f
			}
			if err := found(n, eps); err != nil {
				return err
			}
		case "Sqrt":
			if len(n.inputs) != 1 {
				continue
			}
			add := b.from[n.inputs[0]]
			if add == nil || add.op != "Add" || len(add.inputs) != 2 {
				continue
			}
			for i, in := range add.inputs {
				mean := b.from[add.inputs[1-i]]
				t := b.values[in]
				if mean == nil || mean.op != "ReduceMean" || t == nil || t.kind != typeFloat || len(t.raw) != 4 {
					continue
				}
				eps, err := t.floats32(in)
				if err == nil {
					err = found(n, eps[0])
				}
				if err != nil {
					return err
				}
			}
		}
	}
	if want := 2*b.out.Layers + 1; count != want {
		return bad(0, "%d layer normalisations; BERT of %d layers has %d", count, b.out.Layers, want)
	}
	return nil
}

// heads reads the number of attention heads from a Reshape that splits the hidden
// states: [batch, tokens, heads, width]. said is the number in another file, or 0.
func (b *builder) heads(said int) error {
	for i := range b.nodes {
		n := &b.nodes[i]
		if n.op != "Reshape" || len(n.inputs) != 2 {
			continue
		}
		shape := b.whole(n.inputs[1])
		if len(shape) != 4 {
			continue
		}
		h, wide := shape[2], shape[3]
		if h < 1 || h > int64(b.out.Hidden) || b.out.Hidden%int(h) != 0 || wide != -1 && wide != int64(b.out.Hidden)/h {
			continue
		}
		if b.out.Heads != 0 && b.out.Heads != int(h) {
			return bad(n.at, "node %q makes %d attention heads, an earlier one %d; wanted the same number in all layers", n.name, h, b.out.Heads)
		}
		b.out.Heads = int(h)
	}
	switch {
	case b.out.Heads == 0 && said == 0:
		return bad(0, "no Reshape says how many attention heads there are; give num_attention_heads in a config.json beside the file")
	case b.out.Heads == 0:
		b.out.Heads = said
	case said != 0 && said != b.out.Heads:
		return bad(0, "the graph has %d attention heads, config.json says %d; they must be of the same model", b.out.Heads, said)
	}
	if b.out.Heads < 1 || b.out.Hidden%b.out.Heads != 0 {
		return bad(0, "%d attention heads do not divide the hidden size %d", b.out.Heads, b.out.Hidden)
	}
	return nil
}

// unknown stands for a number that is known only when the graph runs.
const unknown = -2

// whole returns a value as whole numbers, with unknown for those that are not
// constants.
func (b *builder) whole(value string) []int64 {
	if t := b.values[value]; t != nil {
		return t.ints
	}
	n := b.from[value]
	if n == nil || n.op != "Concat" {
		return nil
	}
	var all []int64
	for _, in := range n.inputs {
		if from := b.from[in]; from != nil && from.op == "Unsqueeze" && len(from.inputs) > 0 {
			in = from.inputs[0] // a number that becomes a list of one
		}
		if t := b.values[in]; t != nil {
			all = append(all, t.ints...)
		} else {
			all = append(all, unknown)
		}
		if len(all) > maxDims {
			return nil
		}
	}
	return all
}

// floats32 returns the elements of a weight. name is its name in errors.
func (t *tensor) floats32(name string) ([]float32, error) {
	if t.elsewhere {
		return nil, bad(t.at, "tensor %q is in another file; give the model in one file (onnx.save_model with save_as_external_data=False)", name)
	}
	d, ok := map[int]safetensors.DType{typeFloat: safetensors.F32, typeFloat16: safetensors.F16, typeBFloat16: safetensors.BF16}[t.kind]
	if !ok {
		kind := typeNames[t.kind]
		if kind == "" {
			kind = "of type " + strconv.Itoa(t.kind)
		}
		return nil, bad(t.at, "tensor %q is %s; wanted floats; the weights of a quantised model are already rounded", name, kind)
	}
	v, err := safetensors.Tensor{Name: name, DType: d, Shape: t.dims, Data: t.raw}.Float32s()
	if err != nil {
		return nil, bad(t.at, "tensor %q has an element that is not finite; the weights are damaged", name)
	}
	return v, nil
}

// build collects the weights, which must be all that BERT has.
func (b *builder) build() (*Bert, error) {
	o := &b.out
	take := func(name string, t *tensor, transposed bool, shape ...int) error {
		stored := slices.Clone(shape)
		if transposed {
			slices.Reverse(stored)
		}
		if !slices.Equal(t.dims, stored) {
			return bad(t.at, "tensor %q, which is %s, has shape %v, wanted %v", t.name, name, t.dims, stored)
		}
		v, err := t.floats32(name)
		if err != nil {
			return err
		}
		if transposed {
			rows, columns := shape[0], shape[1]
			w := make([]float32, len(v))
			for i := range rows {
				for j := range columns {
					w[i*columns+j] = v[j*rows+i]
				}
			}
			v = w
		}
		o.Tensors = append(o.Tensors, safetensors.FromFloat32s(name, v, shape...))
		return nil
	}
	vector := func(name string, shape ...int) error {
		t, err := b.named(name)
		if err != nil {
			return err
		}
		return take(name, t, false, shape...)
	}
	linear := func(name string, out, in int) error {
		m := b.linear[name+".weight"]
		if m == nil {
			return bad(0, "the matrix %q is missing: no node multiplies with it", name+".weight")
		}
		delete(b.linear, name+".weight")
		if err := take(name+".weight", m.tensor, m.transposed, out, in); err != nil {
			return err
		}
		return vector(name+".bias", out)
	}
	norm := func(name string) error {
		if err := vector(name+".weight", o.Hidden); err != nil {
			return err
		}
		return vector(name+".bias", o.Hidden)
	}
	steps := []func() error{
		func() error { return vector(wordEmbedding, o.Vocab, o.Hidden) },
		func() error { return vector("embeddings.position_embeddings.weight", o.Positions, o.Hidden) },
		func() error { return vector("embeddings.token_type_embeddings.weight", o.Types, o.Hidden) },
		func() error { return norm("embeddings.LayerNorm") },
	}
	for i := range o.Layers {
		p := fmt.Sprintf("encoder.layer.%d.", i)
		for _, name := range []string{"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"} {
			steps = append(steps, func() error { return linear(p+name, o.Hidden, o.Hidden) })
		}
		steps = append(steps,
			func() error { return norm(p + "attention.output.LayerNorm") },
			func() error { return linear(p+"intermediate.dense", o.Inner, o.Hidden) },
			func() error { return linear(p+"output.dense", o.Hidden, o.Inner) },
			func() error { return norm(p + "output.LayerNorm") })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	delete(b.linear, "pooler.dense.weight")
	for _, name := range slices.Sorted(maps.Keys(b.linear)) {
		return nil, bad(b.linear[name].at, "the matrix %q is not part of an encoder without a head; wanted a BertModel", name)
	}
	return o, nil
}
