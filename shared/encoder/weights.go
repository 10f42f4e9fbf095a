package encoder

import (
	"fmt"

	"parley/shared/matrix"
	"parley/shared/safetensors"
)

// A TensorError says which tensor of which file does not fit, and why.
type TensorError struct {
	File, Tensor string
	Problem      string
}

func (e *TensorError) Error() string {
	return fmt.Sprintf("encoder: %s: tensor %q %s", e.File, e.Tensor, e.Problem)
}

const weightsFile = "model.safetensors"

// tensorReader reads tensors from a file. It keeps the first error as err, after which
// every call returns nothing.
type tensorReader struct {
	name string // of the file
	file *safetensors.File
	err  error
	used []use // the tensors read, in order: Quantize writes just these
}

// A use is a tensor that the model needs; matrix says whether it may be int8.
type use struct {
	safetensors.Tensor
	matrix bool
}

func (r *tensorReader) fail(name, format string, args ...any) {
	if r.err == nil {
		r.err = &TensorError{r.name, name, fmt.Sprintf(format, args...)}
	}
}

func (r *tensorReader) has(name string) bool {
	_, ok := r.file.Tensor(name)
	return ok
}

// tensor returns a tensor that must exist with the given shape. why names the key of
// config.json that requires it.
func (r *tensorReader) tensor(name, why string, shape ...int) (safetensors.Tensor, bool) {
	t, ok := r.file.Tensor(name)
	if !ok {
		r.fail(name, "is missing, wanted shape %v (%s); is this a masked-LM checkpoint, saved whole?", shape, why)
		return t, false
	}
	same := len(t.Shape) == len(shape)
	for i := 0; same && i < len(shape); i++ {
		same = t.Shape[i] == shape[i]
	}
	if !same {
		r.fail(name, "has shape %v, wanted %v (%s); config.json and %s must come from the same model", t.Shape, shape, why, r.name)
	}
	return t, same
}

// vector returns a vector of n floats, padded with zeros for package matrix.
func (r *tensorReader) vector(name, why string, n int) []float32 {
	t, ok := r.tensor(name, why, n)
	if !ok || r.err != nil {
		return nil
	}
	r.used = append(r.used, use{t, false})
	v, err := t.Float32s()
	if err != nil {
		r.fail(name, "cannot be read: %v", err)
		return nil
	}
	return append(v, make([]float32, matrix.Pad(n)-n)...)
}

// A table is a matrix in the file's form, row-major: int8 with a scale per row, or floats.
type table struct {
	n, k  int
	int8  []int8
	scale []float32
	float []float32
}

// table reads a matrix of n rows. An I8 tensor NAME comes with NAME.scale, F32, one per
// row; so does a U8 tensor, [n][(k+1)/2], each of whose bytes holds the integers + 8 of
// two columns in 4 bits each, the lower column in the lower half.
func (r *tensorReader) table(name, why string, n, k int) (w table) {
	w.n, w.k = n, k
	columns := k
	halves := isPacked(r.file, name)
	if halves {
		columns = (k + 1) / 2
	}
	t, ok := r.tensor(name, why, n, columns)
	if !ok || r.err != nil {
		return w
	}
	r.used = append(r.used, use{t, true})
	switch {
	case halves:
		w.int8 = make([]int8, n*k)
		for i := range n {
			for j := range k {
				w.int8[i*k+j] = int8(t.Data[i*columns+j/2]>>(4*(j&1))&15) - 8
			}
		}
	case t.DType != safetensors.I8:
		var err error
		if w.float, err = t.Float32s(); err != nil {
			r.fail(name, "cannot be read: %v", err)
		}
		return w
	default:
		w.int8, _ = t.Int8s()
	}
	s, ok := r.tensor(name+".scale", "one for each row of an I8 matrix", n)
	if !ok {
		return w
	}
	r.used = append(r.used, use{s, false})
	var err error
	if w.scale, err = s.Float32s(); err != nil {
		r.fail(name+".scale", "cannot be read: %v", err)
		return w
	}
	for i, v := range w.scale {
		if v < 0 {
			r.fail(name+".scale", "is %v at row %d; a scale must not be negative", v, i)
			return w
		}
	}
	return w
}

// isPacked reports whether the file has the matrix with two integers per byte.
func isPacked(file *safetensors.File, name string) bool {
	t, ok := file.Tensor(name)
	return ok && t.DType == safetensors.U8
}

// stack joins tables of equal width, one below the other.
func (r *tensorReader) stack(name string, parts ...table) table {
	out := table{k: parts[0].k}
	for _, p := range parts {
		if (p.int8 == nil) != (parts[0].int8 == nil) {
			r.fail(name, "is int8 or float where its neighbours query, key and value are not; quantise all three or none")
			return out
		}
		out.n += p.n
		out.int8 = append(out.int8, p.int8...)
		out.scale = append(out.scale, p.scale...)
		out.float = append(out.float, p.float...)
	}
	return out
}

// spreadRows inserts zero rows between the heads' parts, so that each head has wide rows
// and vector operations need no remainders. Zero rows and columns change no result.
func (t table) spreadRows(heads, wide int) table {
	part := t.n / heads
	out := table{n: heads * wide, k: t.k}
	for h := range heads {
		if t.int8 != nil {
			out.int8 = append(out.int8, t.int8[h*part*t.k:(h+1)*part*t.k]...)
			out.int8 = append(out.int8, make([]int8, (wide-part)*t.k)...)
			out.scale = append(out.scale, t.scale[h*part:(h+1)*part]...)
			out.scale = append(out.scale, make([]float32, wide-part)...)
		} else {
			out.float = append(out.float, t.float[h*part*t.k:(h+1)*part*t.k]...)
			out.float = append(out.float, make([]float32, (wide-part)*t.k)...)
		}
	}
	return out
}

// spreadColumns does the same with columns.
func (t table) spreadColumns(heads, wide int) table {
	part, k := t.k/heads, heads*wide
	out := table{n: t.n, k: k, scale: t.scale}
	if t.int8 != nil {
		out.int8 = make([]int8, t.n*k)
	} else {
		out.float = make([]float32, t.n*k)
	}
	for i := range t.n {
		for h := range heads {
			from, to := i*t.k+h*part, i*k+h*wide
			if t.int8 != nil {
				copy(out.int8[to:], t.int8[from:from+part])
			} else {
				copy(out.float[to:], t.float[from:from+part])
			}
		}
	}
	return out
}

// weights packs a table for package matrix. bias may be longer than the rows (padded) or
// nil.
func (r *tensorReader) weights(name string, t table, bias []float32) *matrix.Weights {
	if r.err != nil {
		return nil
	}
	if bias != nil {
		bias = bias[:t.n]
	}
	var w *matrix.Weights
	var err error
	if t.int8 != nil {
		w, err = matrix.NewInt8(t.int8, t.scale, bias, t.n, t.k)
	} else {
		w, err = matrix.NewFloat32(t.float, bias, t.n, t.k)
	}
	if err != nil {
		r.fail(name, "cannot be used: %v", err)
	}
	return w
}

// norm is the gain and offset of a layer normalisation.
type norm struct{ gamma, beta []float32 }

// norm reads one, under its current name or that of TensorFlow's checkpoints.
func (r *tensorReader) norm(name, why string, n int) norm {
	if r.has(name + ".gamma") {
		return norm{r.vector(name+".gamma", why, n), r.vector(name+".beta", why, n)}
	}
	return norm{r.vector(name+".weight", why, n), r.vector(name+".bias", why, n)}
}

// layer is one block of the encoder. D is the padded width of a head.
type layer struct {
	qkv    *matrix.Weights // [3*heads*D][hidden]
	out    *matrix.Weights // [hidden][heads*D]
	outLN  norm            // [hidden]
	up     *matrix.Weights // [inner][hidden]
	down   *matrix.Weights // [hidden][inner]
	downLN norm            // [hidden]
}

// model is everything that is read from model.safetensors.
type model struct {
	words       *matrix.Weights // [vocab][hidden], read by row; also the decoder where tied
	position    []float32       // [positions][Pad(hidden)]
	types       []float32       // [types][Pad(hidden)]
	embeddingLN norm
	layers      []layer
	transform   *matrix.Weights // [hidden][hidden]
	transformLN norm
	decoder     *matrix.Weights // [vocab][hidden], with the output bias
	wordHead    *head           // nil: none
	topicHead   *head
}

// names of the tensors, in BERT's and DistilBERT's files.
type names struct {
	embeddings, layer                 string
	query, key, value, out, outLN     string // after layer
	up, down, downLN                  string
	transform, transformLN, projector string
	bias, untiedBias                  string // of the output; an untied decoder has a bias of its own
}

var bertNames = names{
	embeddings: "bert.embeddings.", layer: "bert.encoder.layer.%d.",
	query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
	out: "attention.output.dense", outLN: "attention.output.LayerNorm",
	up: "intermediate.dense", down: "output.dense", downLN: "output.LayerNorm",
	transform: "cls.predictions.transform.dense", transformLN: "cls.predictions.transform.LayerNorm",
	projector: "cls.predictions.decoder.weight",
	bias:      "cls.predictions.bias", untiedBias: "cls.predictions.decoder.bias",
}

var distilNames = names{
	embeddings: "distilbert.embeddings.", layer: "distilbert.transformer.layer.%d.",
	query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin",
	out: "attention.out_lin", outLN: "sa_layer_norm",
	up: "ffn.lin1", down: "ffn.lin2", downLN: "output_layer_norm",
	transform: "vocab_transform", transformLN: "vocab_layer_norm",
	projector: "vocab_projector.weight",
	bias:      "vocab_projector.bias",
}

func (c *config) names() *names {
	if c.distil {
		return &distilNames
	}
	if c.bare {
		return &names{
			embeddings: "embeddings.", layer: "encoder.layer.%d.",
			query: bertNames.query, key: bertNames.key, value: bertNames.value, out: bertNames.out, outLN: bertNames.outLN,
			up: bertNames.up, down: bertNames.down, downLN: bertNames.downLN,
		}
	}
	return &bertNames
}

// loadModel reads every tensor that the config asks for, ignores others (a pooler,
// position ids), and also returns the list of those that it read. shared is the word
// embedding of a member's base, nil where the encoder is whole.
func loadModel(c *config, data []byte, shared *matrix.Weights) (*model, []use, error) {
	file, err := safetensors.Read(data)
	if err != nil {
		return nil, nil, fmt.Errorf("encoder: %s: %w", weightsFile, err)
	}
	r, n, m := &tensorReader{name: weightsFile, file: file}, c.names(), &model{}
	H, why := c.hidden, c.why()

	wordsName := n.embeddings + "word_embeddings.weight"
	var words table
	switch {
	case shared == nil:
		words = r.table(wordsName, fmt.Sprintf("vocab_size %d, %s", c.vocab, why), c.vocab, H)
	case r.has(wordsName):
		r.fail(wordsName, "is there, though config.json says that it is the base's")
	case shared.N != c.vocab || shared.K != H:
		r.fail(wordsName, "is [%d %d] in the base, wanted [%d %d]", shared.N, shared.K, c.vocab, H)
	}
	m.position = r.rows(n.embeddings+"position_embeddings.weight", fmt.Sprintf("max_position_embeddings %d, %s", c.positions, why), c.positions, H)
	if c.types > 0 {
		m.types = r.rows(n.embeddings+"token_type_embeddings.weight", fmt.Sprintf("type_vocab_size %d, %s", c.types, why), c.types, H)
	}
	m.embeddingLN = r.norm(n.embeddings+"LayerNorm", why, H)

	m.layers = r.layers(c, 0, c.layers)

	if c.bare {
		m.words = r.weights(n.embeddings+"word_embeddings.weight", words, nil)
		if r.err != nil {
			return nil, nil, r.err
		}
		return m, r.used, nil
	}
	wt, bt := r.table(n.transform+".weight", why, H, H), r.vector(n.transform+".bias", why, H)
	m.transform = r.weights(n.transform+".weight", wt, bt)
	m.transformLN = r.norm(n.transformLN, why, H)
	bias := n.bias
	if n.untiedBias != "" && r.has(n.untiedBias) && (!c.tied || !r.has(bias)) {
		bias = n.untiedBias
	}
	whyVocab := fmt.Sprintf("vocab_size %d", c.vocab)
	b := r.vector(bias, whyVocab, c.vocab)
	switch {
	case r.has(n.projector) && !(c.tied && r.same(n.projector, wordsName)):
		m.decoder = r.weights(n.projector, r.table(n.projector, whyVocab+", "+why, c.vocab, H), b)
		if m.words = shared; shared == nil {
			m.words = r.weights(wordsName, words, nil)
		}
	case !c.tied && !r.has(n.projector):
		r.fail(n.projector, "is missing, though config.json has tie_word_embeddings false")
	case shared != nil:
		m.words = shared
		if r.err == nil {
			m.decoder, r.err = shared.WithBias(b[:c.vocab])
		}
	default:
		m.decoder = r.weights(wordsName, words, b)
		m.words = m.decoder
	}
	if c.parley.WordHead {
		m.wordHead = r.head(wordHead, `"word_head"`, H, H)
	}
	if c.parley.TopicHead {
		m.topicHead = r.head(topicHead, `"topic_head"`, H, 3*H)
	}
	if r.headless(c); r.err != nil {
		return nil, nil, r.err
	}
	return m, r.used, nil
}

// why names the key of config.json that most shapes follow from.
func (c *config) why() string {
	if c.distil {
		return fmt.Sprintf("dim %d", c.hidden)
	}
	return fmt.Sprintf("hidden size %d", c.hidden)
}

// layers reads so many blocks, from the one with the number first.
func (r *tensorReader) layers(c *config, first, count int) (list []layer) {
	n, H, D, why := c.names(), c.hidden, matrix.Pad(c.hidden/c.heads), c.why()
	for i := first; i < first+count && r.err == nil; i++ {
		p := fmt.Sprintf(n.layer, i)
		dense := func(name string, rows, columns int) (table, []float32) {
			why := fmt.Sprintf("%s, inner size %d, %d layers", why, c.inner, count)
			return r.table(p+name+".weight", why, rows, columns), r.vector(p+name+".bias", why, rows)
		}
		var l layer
		wq, bq := dense(n.query, H, H)
		wk, bk := dense(n.key, H, H)
		wv, bv := dense(n.value, H, H)
		wo, bo := dense(n.out, H, H)
		wu, bu := dense(n.up, c.inner, H)
		wd, bd := dense(n.down, H, c.inner)
		l.outLN, l.downLN = r.norm(p+n.outLN, why, H), r.norm(p+n.downLN, why, H)
		if r.err != nil {
			break
		}
		qkv := r.stack(p+n.query+".weight", wq, wk, wv)
		if r.err != nil {
			break
		}
		bias := table{n: 3 * H, k: 1, float: append(append(bq[:H:H], bk[:H]...), bv[:H]...)}
		l.qkv = r.weights(p+n.query+".weight", qkv.spreadRows(3*c.heads, D), bias.spreadRows(3*c.heads, D).float)
		l.out = r.weights(p+n.out+".weight", wo.spreadColumns(c.heads, D), bo)
		l.up = r.weights(p+n.up+".weight", wu, bu)
		l.down = r.weights(p+n.down+".weight", wd, bd)
		list = append(list, l)
	}
	return list
}

// rows reads a table for lookup by row, as floats, [n][Pad(k)].
func (r *tensorReader) rows(name, why string, n, k int) []float32 {
	t := r.table(name, why, n, k)
	if r.err != nil {
		return nil
	}
	K := matrix.Pad(k)
	out := make([]float32, n*K)
	for i := range n {
		for j := range k {
			if t.int8 != nil {
				out[i*K+j] = float32(float32(t.int8[i*k+j]) * t.scale[i])
			} else {
				out[i*K+j] = t.float[i*k+j]
			}
		}
	}
	return out
}

// same reports whether two tensors have the same bytes, as where a file contains a tied
// decoder.
func (r *tensorReader) same(a, b string) bool {
	x, _ := r.file.Tensor(a)
	y, _ := r.file.Tensor(b)
	if x.DType != y.DType || string(x.Data) != string(y.Data) {
		return false
	}
	if x.DType != safetensors.I8 && x.DType != safetensors.U8 {
		return true
	}
	x, _ = r.file.Tensor(a + ".scale")
	y, _ = r.file.Tensor(b + ".scale")
	return string(x.Data) == string(y.Data)
}
