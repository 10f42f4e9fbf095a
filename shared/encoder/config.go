package encoder

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"parley/shared/jsontree"
)

// config is what the code needs from config.json, in one form for both architectures.
type config struct {
	distil bool
	bare   bool // a BertModel: no masked-LM head, and names without "bert."

	vocab     int     // vocab_size
	hidden    int     // hidden_size, dim
	layers    int     // num_hidden_layers, n_layers
	heads     int     // num_attention_heads, n_heads
	inner     int     // intermediate_size, hidden_dim
	positions int     // max_position_embeddings
	types     int     // type_vocab_size; 0 where there are no token types
	eps       float32 // layer_norm_eps
	tied      bool    // the decoder is the word embedding, unless the file has its own

	name   string
	parley Settings
}

// Settings say how an encoder is to be used: the key "parley" of config.json.
type Settings struct {
	Name             string  `json:"name,omitempty"`
	QueryTokens      int     `json:"query_tokens"`             // length of a conversation, markers included
	HistoryTokenType int     `json:"history_token_type"`       // token type of all after the first [SEP]
	ReplyTokens      int     `json:"reply_tokens,omitempty"`   // first tokens of each reply that are read; 0: all, -1: none
	QueryTerms       int     `json:"query_terms,omitempty"`    // heaviest terms that a conversation's vector keeps; 0: all
	WordHead         bool    `json:"word_head,omitempty"`      // it weights the conversation's words: see heads.go
	TopicHead        bool    `json:"topic_head,omitempty"`     // it recognises questions that build on what was said
	AloneBelow       float64 `json:"alone_below,omitempty"`    // the topic head's z below which a question is read without its history
	HistoryWords     float64 `json:"history_words,omitempty"`  // factor on the word head's weights of the history's words; 0: 1, below 0: words of the history do not count
	QuestionWords    float64 `json:"question_words,omitempty"` // without a word head: the weight of a word of the newest question
	PassageTokens    int     `json:"passage_tokens"`           // length at which a document is cut
	Base             *Base   `json:"base,omitempty"`           // only in a family's member: see Over

	// The rest is for a dense encoder, a Sentence.
	Pooling          string  `json:"pooling,omitempty"`            // Mean or CLS; "": Mean
	Instruction      string  `json:"instruction,omitempty"`        // put before a question without history
	Space            string  `json:"space,omitempty"`              // the model whose passages' vectors can be compared with its own; "": this one, by its name
	SpaceFingerprint string  `json:"space_fingerprint,omitempty"`  // Sentence.Fingerprint of that model, where it is another
	PassageTokenType int     `json:"passage_token_type,omitempty"` // token type of all tokens of a passage
	DenseWeight      float64 `json:"dense_weight,omitempty"`       // a passage's score is its sparse score + dense_weight * (cosine - dense_zero)
	DenseZero        float64 `json:"dense_zero,omitempty"`
	SureAbove        float64 `json:"sure_above,omitempty"` // the sparse stage's probability of being right at or above which the dense one is skipped; 0: never

	Reader *ReaderSettings `json:"reader,omitempty"` // the folder has a reader, too: see Reader
}

// Values of Settings.Pooling: which of the last hidden states make a Sentence's vector.
const (
	Mean = "mean" // the mean over all tokens
	CLS  = "cls"  // the first token's
)

// defaults are used where config.json has no key "parley", or the key leaves a field out.
var defaults = Settings{QueryTokens: 256, PassageTokens: 256}

// A size is one of the model's dimensions and the key that contains it.
type size struct {
	to, from *int
	key      string
}

// parseConfig reads a config.json. It returns an error that names the key for what this
// package cannot compute.
func parseConfig(data []byte) (*config, error) {
	bad := func(format string, args ...any) (*config, error) {
		return nil, fmt.Errorf("encoder: config.json: "+format, args...)
	}
	var modelType, positionType, name string
	var isDecoder bool
	var tied *bool
	var eps *float64
	var act, activation *string // BERT's and DistilBERT's
	var vocab, positions, hidden, layers, heads, inner, types, dim, nLayers, nHeads, hiddenDim *int
	f, err := jsontree.Parse(string(data))
	if err == nil {
		err = f.Into(map[string]any{
			"model_type": &modelType, "vocab_size": &vocab, "max_position_embeddings": &positions,
			"position_embedding_type": &positionType, "is_decoder": &isDecoder, "tie_word_embeddings": &tied, "_name_or_path": &name,
			// BERT's names
			"hidden_size": &hidden, "num_hidden_layers": &layers, "num_attention_heads": &heads,
			"intermediate_size": &inner, "hidden_act": &act, "type_vocab_size": &types, "layer_norm_eps": &eps,
			// DistilBERT's
			"dim": &dim, "n_layers": &nLayers, "n_heads": &nHeads, "hidden_dim": &hiddenDim, "activation": &activation,
		})
	}
	if err != nil {
		return bad("%w", err)
	}
	c := &config{name: name, tied: tied == nil || *tied, eps: 1e-12}
	switch modelType {
	case "bert":
	case "distilbert":
		c.distil = true
	default:
		return bad("model_type is %q; only bert and distilbert are known here", modelType)
	}
	if want := map[bool]string{false: "BertForMaskedLM", true: "DistilBertForMaskedLM"}[c.distil]; !named(f.Get("architectures"), want) {
		c.bare = !c.distil && named(f.Get("architectures"), "BertModel")
		var got []string
		for _, a := range f.Get("architectures").List {
			got = append(got, a.Text)
		}
		if !c.bare {
			return bad("architectures is %q; wanted %s: a vector over the vocabulary needs the masked-LM head", got, want)
		}
	}
	if positionType != "" && positionType != "absolute" {
		return bad("position_embedding_type is %q; only absolute is known here", positionType)
	}
	if isDecoder {
		return bad("is_decoder is true; only encoders, in which every token sees every other, are known here")
	}
	if len(f.Get("pruned_heads").Keys) > 0 {
		return bad("pruned_heads is not empty; save the model with all its heads")
	}
	actKey := "hidden_act"
	sizes := []size{
		{&c.vocab, vocab, "vocab_size"},
		{&c.positions, positions, "max_position_embeddings"},
	}
	if c.distil {
		act, actKey = activation, "activation"
		sizes = append(sizes, size{&c.hidden, dim, "dim"}, size{&c.layers, nLayers, "n_layers"},
			size{&c.heads, nHeads, "n_heads"}, size{&c.inner, hiddenDim, "hidden_dim"})
	} else {
		sizes = append(sizes, size{&c.hidden, hidden, "hidden_size"}, size{&c.layers, layers, "num_hidden_layers"},
			size{&c.heads, heads, "num_attention_heads"}, size{&c.inner, inner, "intermediate_size"},
			size{&c.types, types, "type_vocab_size"})
		if eps != nil {
			c.eps = float32(*eps)
		}
	}
	if act != nil && *act != "gelu" && *act != "gelu_python" {
		return bad("%s is %q; only gelu, in its exact form, is known here", actKey, *act)
	}
	for _, s := range sizes {
		if s.from == nil {
			return bad("%s is missing", s.key)
		}
		if *s.from < 1 || *s.from > math.MaxInt32 {
			return bad("%s is %d; wanted a positive number", s.key, *s.from)
		}
		*s.to = *s.from
	}
	if c.hidden%c.heads != 0 {
		return bad("the hidden size %d is not a multiple of the %d attention heads", c.hidden, c.heads)
	}
	if !(c.eps >= 0 && c.eps < 1) {
		return bad("layer_norm_eps is %v; wanted a small positive number such as 1e-12", c.eps)
	}

	c.parley = defaults
	if p := f.Get("parley"); p.Kind != jsontree.Null {
		if err := c.parley.read(p); err != nil {
			return bad("parley: %w", err)
		}
	}
	if err := c.parley.check(c); err != nil {
		return bad("parley: %w", err)
	}
	c.parley.QueryTokens = min(c.parley.QueryTokens, c.positions)
	c.parley.PassageTokens = min(c.parley.PassageTokens, c.positions)
	if c.parley.Name != "" {
		c.name = c.parley.Name
	}
	return c, nil
}

// named reports whether a list of names contains one, or is missing.
func named(list jsontree.Value, name string) bool {
	return list.Kind == jsontree.Null || slices.ContainsFunc(list.List, func(v jsontree.Value) bool { return v.Text == name })
}

// read reads the settings of v. It refuses unknown names: a misspelt one must not count as
// the default.
func (s *Settings) read(v jsontree.Value) error {
	fields := map[string]any{
		"name": &s.Name, "query_tokens": &s.QueryTokens,
		"history_token_type": &s.HistoryTokenType, "reply_tokens": &s.ReplyTokens,
		"query_terms": &s.QueryTerms, "passage_tokens": &s.PassageTokens,
		"word_head": &s.WordHead, "topic_head": &s.TopicHead, "alone_below": &s.AloneBelow, "history_words": &s.HistoryWords, "question_words": &s.QuestionWords,
		"pooling": &s.Pooling, "instruction": &s.Instruction, "space": &s.Space, "space_fingerprint": &s.SpaceFingerprint, "passage_token_type": &s.PassageTokenType,
		"dense_weight": &s.DenseWeight, "dense_zero": &s.DenseZero, "sure_above": &s.SureAbove,
	}
	for i, key := range v.Keys {
		if fields[key] == nil && key != "base" && key != "reader" {
			return unknown(v, i)
		}
	}
	if r := v.Get("reader"); r.Kind != jsontree.Null {
		s.Reader = &ReaderSettings{}
		if err := s.Reader.read(r); err != nil {
			return errors.New("reader: " + err.Error())
		}
	}
	if base := v.Get("base"); base.Kind != jsontree.Null {
		s.Base = &Base{}
		if err := base.Into(map[string]any{"model.safetensors": &s.Base.Weights, "vocab.txt": &s.Base.Vocab}); err != nil {
			return err
		}
	}
	return v.Into(fields)
}

func unknown(v jsontree.Value, i int) error {
	return fmt.Errorf("byte %d: there is no setting %q", v.List[i].At, v.Keys[i])
}

func (s *Settings) check(c *config) error {
	if s.QueryTokens < 3 {
		return fmt.Errorf("query_tokens is %d; wanted at least 3, for [CLS], one token and [SEP]", s.QueryTokens)
	}
	if s.PassageTokens < 3 {
		return fmt.Errorf("passage_tokens is %d; wanted at least 3, for [CLS], one token and [SEP]", s.PassageTokens)
	}
	for i, t := range [...]int{s.HistoryTokenType, s.PassageTokenType} {
		if t < 0 || t > 255 || t > 0 && t >= c.types {
			return fmt.Errorf("%s is %d; this encoder has %d token types", [...]string{"history_token_type", "passage_token_type"}[i], t, c.types)
		}
	}
	if s.ReplyTokens < -1 {
		return fmt.Errorf("reply_tokens is %d; wanted -1, for no replies, 0, for all of them, or more", s.ReplyTokens)
	}
	if s.QueryTerms < 0 {
		return fmt.Errorf("query_terms is %d; wanted 0, for all terms of a conversation's vector, or more", s.QueryTerms)
	}
	if !(s.HistoryWords <= 100) {
		return fmt.Errorf("history_words is %v; wanted at most 100", s.HistoryWords)
	}
	if s.Pooling != "" && s.Pooling != Mean && s.Pooling != CLS {
		return errors.New("pooling is " + strconv.Quote(s.Pooling) + "; wanted mean or cls")
	}
	if len(s.Space) > 255 || len(s.SpaceFingerprint) > 255 {
		return errors.New("space is a name of more than 255 bytes, or space_fingerprint is longer")
	}
	for _, x := range [...]struct {
		key            string
		v, least, most float64
	}{
		{"question_words", s.QuestionWords, 0, 100}, {"dense_weight", s.DenseWeight, 0, 1e4}, {"dense_zero", s.DenseZero, -1, 1}, {"sure_above", s.SureAbove, 0, 1},
	} {
		if !(x.v >= x.least && x.v <= x.most) {
			return fmt.Errorf("%s is %v; wanted %v to %v", x.key, x.v, x.least, x.most)
		}
	}
	if s.Reader != nil {
		if err := s.Reader.check(c); err != nil {
			return errors.New("reader: " + err.Error())
		}
	}
	if s.Base != nil && (!isFingerprint(s.Base.Weights) || !isFingerprint(s.Base.Vocab)) {
		return fmt.Errorf("base is %+v; wanted the fingerprints of its model.safetensors and vocab.txt, as 231508-0a1b2c3d", *s.Base)
	}
	return nil
}
