// Package encoder is BERT with its masked-LM head, read as SPLADE: token ids in,
// a sparse vector over the vocabulary out.
//
//	weight_j = max over tokens i of log(1 + ReLU(logit_ij))
//
// (Formal et al., SPLADE v2, arXiv 2109.10086, equation 2.)
//
// Float weights are computed in float32, the reference path. Int8 weights (I8 tensors with
// one F32 scale per row) are computed in integers, with activations quantised per token.
// Both give the same bits on every machine: see package matrix.
package encoder

import (
	"errors"
	"fmt"
	"io/fs"
	"math"

	"parley/shared/conversation"
	"parley/shared/matrix"
	"parley/shared/sparse"
	"parley/shared/wordpiece"
)

// Files reads one file of an encoder's folder by name ("config.json", "model.safetensors",
// "vocab.txt", "tokenizer.json", "tokenizer_config.json"). Where there is none, it returns
// an error that wraps fs.ErrNotExist.
type Files func(name string) ([]byte, error)

// An Encoder is a loaded model. It is safe for concurrent use; the memory of a call is in
// a Session.
type Encoder struct {
	Tokenizer *wordpiece.Tokenizer
	Query     conversation.Form // how it reads a conversation (config.json, "parley")
	// QueryTerms is the number of heaviest terms that a query's vector keeps; 0: all.
	QueryTerms int
	// AloneBelow is the topic head's z below which a question is read without its history.
	AloneBelow float32
	// HistoryWords is the factor on the word head's weights of the history's words.
	HistoryWords float32
	// QuestionWords is the weight of each word of the newest question where the encoder
	// has no word head; 0: words are not searched for.
	QuestionWords float32
	// PassageTokens is the length in tokens at which a document is cut.
	PassageTokens int
	Name          string

	config *config
	model  *model
	files  Base // fingerprints of the files that it was loaded from: see LoadOver
	base   *Encoder
}

// Base returns the encoder that this one was loaded over (LoadOver), which reads passages
// for both. An encoder that is whole is its own base.
func (e *Encoder) Base() *Encoder {
	if e.base != nil {
		return e.base
	}
	return e
}

// Load reads an encoder's folder. Float weights give the reference path, int8 weights with
// row scales the shipped one. Every error is a *FileError; for weights that do not fit it
// wraps a *TensorError.
func Load(files Files) (*Encoder, error) {
	vocab := "" // its fingerprint, computed here since each file is read once
	c, t, err := loadFront(func(name string) ([]byte, error) {
		data, err := files(name)
		if name == "vocab.txt" && err == nil {
			vocab = fingerprint(data)
		}
		return data, err
	})
	if err != nil {
		return nil, err
	}
	e, err := assemble(c, t, files, nil)
	if err != nil {
		return nil, err
	}
	e.files.Vocab = vocab
	return e, nil
}

// assemble reads the weights, except a shared word embedding.
func assemble(c *config, t *wordpiece.Tokenizer, files Files, shared *matrix.Weights) (*Encoder, error) {
	if c.bare {
		return nil, blame("config.json", errors.New("encoder: config.json: architectures has BertModel; wanted BertForMaskedLM: a vector over the vocabulary needs the masked-LM head"))
	}
	data, err := files(weightsFile)
	if err != nil {
		return nil, missing(weightsFile, "the weights in Hugging Face's safetensors layout", err)
	}
	m, _, err := loadModel(c, data, shared)
	if err != nil {
		return nil, blame(weightsFile, err)
	}
	history := float32(c.parley.HistoryWords)
	if history == 0 {
		history = 1
	}
	return &Encoder{
		Tokenizer:     t,
		Query:         c.form(),
		QueryTerms:    c.parley.QueryTerms,
		AloneBelow:    float32(c.parley.AloneBelow),
		HistoryWords:  max(history, 0),
		QuestionWords: float32(c.parley.QuestionWords),
		PassageTokens: c.parley.PassageTokens,
		Name:          c.name,
		config:        c,
		model:         m,
		files:         Base{Weights: fingerprint(data)},
	}, nil
}

// loadFront reads config and vocabulary, everything but the weights.
func loadFront(files Files) (*config, *wordpiece.Tokenizer, error) {
	c, err := loadConfig(files)
	if err != nil {
		return nil, nil, err
	}
	t, file, err := loadVocabulary(files)
	if err == nil {
		err = fits(c, t)
	}
	if err != nil {
		return nil, nil, blame(file, err)
	}
	return c, t, nil
}

// loadConfig reads the config.json of an encoder that is whole.
func loadConfig(files Files) (*config, error) {
	data, err := files("config.json")
	if err != nil {
		return nil, missing("config.json", "the model's sizes", err)
	}
	c, err := parseConfig(data)
	if err == nil && c.parley.Base != nil {
		err = fmt.Errorf("encoder: config.json: this encoder shares the word embedding of a base, whose model.safetensors has the fingerprint %s: load it over that", c.parley.Base.Weights)
	}
	return c, blame("config.json", err)
}

// fits returns an error where the vocabulary's size is not the config's.
func fits(c *config, t *wordpiece.Tokenizer) error {
	if t.Size() != c.vocab {
		return fmt.Errorf("encoder: the vocabulary has %d pieces, config.json a vocab_size of %d; they must come from the same model", t.Size(), c.vocab)
	}
	return nil
}

// form returns the way in which the encoder reads a conversation.
func (c *config) form() conversation.Form {
	return conversation.Form{MaxTokens: c.parley.QueryTokens, HistoryType: uint8(c.parley.HistoryTokenType), ReplyTokens: c.parley.ReplyTokens}
}

// loadVocabulary reads vocab.txt or, where there is none, tokenizer.json, and returns
// which. A tokenizer_config.json, if there is one, must agree.
func loadVocabulary(files Files) (t *wordpiece.Tokenizer, file string, err error) {
	switch data, err := files(tokenizerConfig); {
	case err == nil:
		if err := wordpiece.CheckConfig(data); err != nil {
			return nil, tokenizerConfig, fmt.Errorf("encoder: %w", err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, tokenizerConfig, missing(tokenizerConfig, "how the vocabulary is read", err)
	}
	file = "vocab.txt"
	data, err := files(file)
	switch {
	case err == nil:
		t, err = wordpiece.New(data)
	case errors.Is(err, fs.ErrNotExist):
		if data, err = files("tokenizer.json"); err != nil {
			return nil, file, missing(file, "the vocabulary; tokenizer.json would do, too", err)
		}
		file = "tokenizer.json"
		t, err = wordpiece.FromJSON(data)
	default:
		return nil, file, missing(file, "the vocabulary", err)
	}
	if err != nil {
		err = fmt.Errorf("encoder: %w", err)
	}
	return t, file, err
}

const tokenizerConfig = "tokenizer_config.json"

// A FileError names the file of an encoder's folder that is missing or does not fit.
type FileError struct {
	Name string // "config.json", "model.safetensors", "vocab.txt", "tokenizer.json" or "tokenizer_config.json"
	Err  error  // also names the file where its text would not tell
}

func (e *FileError) Error() string { return e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// blame wraps err in a FileError, unless it is nil or one already.
func blame(file string, err error) error {
	if known := (*FileError)(nil); err == nil || errors.As(err, &known) {
		return err
	}
	return &FileError{file, err}
}

func missing(name, what string, err error) error {
	return &FileError{name, fmt.Errorf("encoder: %s (%s) cannot be read: %w", name, what, err)}
}

// Vocab returns the length of the vectors, in terms.
func (e *Encoder) Vocab() int { return e.config.vocab }

// MaxTokens returns the length of the longest input that the encoder can read.
func (e *Encoder) MaxTokens() int { return e.config.positions }

// A Session is the working memory of one goroutine. Its results are valid until its next
// call.
type Session struct {
	e       *Encoder
	scratch matrix.Scratch

	x, y    []float32 // [m][H]
	qkv     []float32 // [m][3][heads][D]
	context []float32 // [m][heads][D]
	inner   []float32 // [m][F]
	best    []float32 // [V]
	row     []int8    // [H]

	terms   []uint32
	weights []float32
	winner  []int32
	top     []float32 // [QueryTerms], of KeepTop

	pooled []float32 // [words][H]
	z      []float32 // [words], and more in between
	word   []float32 // [words]
}

// NewSession returns the working memory of one goroutine.
func (e *Encoder) NewSession() *Session { return &Session{e: e} }

// Encode returns the SPLADE vector of the input, and for each active term the index of the
// token that won it (the first, where several tie). It returns an error for an input that
// the model cannot read, and for damaged weights.
//
//	weight_j = max over tokens i of log(1 + ReLU(logit_ij))
func (s *Session) Encode(in conversation.Input) (v sparse.Vector, winner []int32, err error) {
	return s.encode(in, 0)
}

// EncodeQuery is Encode for a query: it keeps only the QueryTerms heaviest terms (of equal
// weights, the lower terms).
func (s *Session) EncodeQuery(in conversation.Input) (v sparse.Vector, winner []int32, err error) {
	return s.encode(in, s.e.QueryTerms)
}

// encode keeps the most heaviest terms, all where most is 0.
func (s *Session) encode(in conversation.Input, most int) (v sparse.Vector, winner []int32, err error) {
	if err := s.e.check(in); err != nil {
		return v, nil, err
	}
	m, w := len(in.IDs), s.e.model
	y := s.transformed(in)                 // [m][H]
	s.scratch.Max(s.best, y, m, w.decoder) // [V]

	s.terms, s.weights = s.terms[:0], s.weights[:0]
	for j, logit := range s.best[:s.e.config.vocab] {
		if logit > 0 {
			weight := matrix.Log1p(logit)
			if !(weight <= math.MaxFloat32) {
				return v, nil, fmt.Errorf("encoder: the logit of term %d is %v; the weights are damaged", j, logit)
			}
			s.terms, s.weights = append(s.terms, uint32(j)), append(s.weights, weight)
		}
	}
	v = sparse.Vector{Terms: s.terms, Weights: s.weights}
	if most > 0 {
		v, s.top = v.KeepTop(most, s.top)
	}
	s.winner = grow(s.winner, v.L0())
	s.scratch.Winners(s.winner, v.Terms, y, m, w.decoder)
	return v, s.winner, nil
}

// Weigh writes the weights that Encode gives these terms, with the same bits: to[i] is the
// weight of terms[i], 0 where it is not active. The terms must be below Vocab. It does not
// compute the head over the whole vocabulary, which takes most of Encode's time.
func (s *Session) Weigh(to []float32, terms []uint32, in conversation.Input) error {
	if err := s.e.check(in); err != nil {
		return err
	}
	s.scratch.MaxOf(to, terms, s.transformed(in), len(in.IDs), s.e.model.decoder)
	for i, logit := range to[:len(terms)] {
		to[i] = 0
		if logit > 0 {
			if to[i] = matrix.Log1p(logit); !(to[i] <= math.MaxFloat32) {
				return fmt.Errorf("encoder: the logit of term %d is %v; the weights are damaged", terms[i], logit)
			}
		}
	}
	return nil
}

// check returns an error for an input that the model cannot read.
func (e *Encoder) check(in conversation.Input) error {
	c := e.config
	if len(in.IDs) == 0 {
		return errors.New("encoder: the input has no tokens; even an empty text has [CLS] and [SEP]")
	}
	if len(in.Types) != len(in.IDs) {
		return fmt.Errorf("encoder: the input has %d tokens but %d token types", len(in.IDs), len(in.Types))
	}
	if len(in.IDs) > c.positions {
		return fmt.Errorf("encoder: the input has %d tokens, the model reads at most %d; cut it", len(in.IDs), c.positions)
	}
	for i, id := range in.IDs {
		if id < 0 || int(id) >= c.vocab {
			return fmt.Errorf("encoder: token %d has id %d, outside the vocabulary of %d", i, id, c.vocab)
		}
		if t := int(in.Types[i]); t >= max(c.types, 1) {
			return fmt.Errorf("encoder: token %d has type %d; this model has %d token types", i, t, c.types)
		}
	}
	return nil
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// transformed runs the model and returns the decoder's input, [m][H].
func (s *Session) transformed(in conversation.Input) []float32 {
	c, w := s.e.config, s.e.model
	m, x := len(in.IDs), s.hidden(in)
	s.scratch.Linear(s.y, x, m, w.transform) // [m][H] -> [m][H]
	matrix.GELU(s.y)
	matrix.AddNorm(s.y, nil, w.transformLN.gamma, w.transformLN.beta, m, c.hidden, c.eps)
	return s.y
}

// hidden runs the encoder's blocks and returns the last hidden states, [m][H]. Sizes in
// capitals are padded; D is the width of a head.
func (s *Session) hidden(in conversation.Input) []float32 { return s.blocks(in, len(in.IDs)) }

// blocks is hidden for the first rows only: the last block computes no others.
func (s *Session) blocks(in conversation.Input, rows int) []float32 {
	c, w := s.e.config, s.e.model
	m, H, F := len(in.IDs), matrix.Pad(c.hidden), matrix.Pad(c.inner)
	D := matrix.Pad(c.hidden / c.heads)
	A := c.heads * D
	s.x, s.y = grow(s.x, m*H), grow(s.y, m*H)
	s.qkv, s.context = grow(s.qkv, m*3*A), grow(s.context, m*A)
	s.inner = grow(s.inner, m*F)
	s.best, s.row = grow(s.best, matrix.Pad(c.vocab)), grow(s.row, H)
	x, y, q := s.x, s.y, &s.scratch

	// word + type + position, as transformers adds them
	for i, id := range in.IDs {
		r := x[i*H : i*H+H]
		clear(r[c.hidden:])
		w.words.Row(r, int(id), s.row)
		if w.types != nil {
			add(r, w.types[int(in.Types[i])*H:])
		}
		add(r, w.position[i*H:])
	}
	matrix.AddNorm(x, nil, w.embeddingLN.gamma, w.embeddingLN.beta, m, c.hidden, c.eps)

	scale := 1 / float32(math.Sqrt(float64(c.hidden/c.heads)))
	for i := range w.layers {
		l := &w.layers[i]
		q.Linear(s.qkv, x, m, l.qkv)                        // [m][H] -> [m][3][heads][D]
		q.Attention(s.context, s.qkv, m, c.heads, D, scale) // -> [m][heads][D]
		if i == len(w.layers)-1 {
			m = rows
		}
		q.Linear(y, s.context, m, l.out) // -> [m][H]
		matrix.AddNorm(x, y, l.outLN.gamma, l.outLN.beta, m, c.hidden, c.eps)
		q.Linear(s.inner, x, m, l.up) // [m][H] -> [m][F]
		matrix.GELU(s.inner)
		q.Linear(y, s.inner, m, l.down) // -> [m][H]
		matrix.AddNorm(x, y, l.downLN.gamma, l.downLN.beta, m, c.hidden, c.eps)
	}
	return x
}

func add(r, b []float32) {
	b = b[:len(r)]
	for i, v := range b {
		r[i] += v
	}
}

// logits returns every logit, [m][Pad(vocab)], for comparison with other implementations.
func (s *Session) logits(in conversation.Input) ([]float32, error) {
	if err := s.e.check(in); err != nil {
		return nil, err
	}
	out := make([]float32, len(in.IDs)*matrix.Pad(s.e.config.vocab))
	s.scratch.Linear(out, s.transformed(in), len(in.IDs), s.e.model.decoder)
	return out, nil
}
