package encoder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// config is what the code needs to know of config.json, in one form for both
// architectures.
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

// Settings is how an encoder wants to be used: the key "parley" of config.json.
type Settings struct {
	Name             string `json:"name,omitempty"`
	QueryTokens      int    `json:"query_tokens"`           // length of a conversation, markers included
	HistoryTokenType int    `json:"history_token_type"`     // token type of all after the first [SEP]
	ReplyTokens      int    `json:"reply_tokens,omitempty"` // first tokens of each reply that are read; 0: all
	PassageTokens    int    `json:"passage_tokens"`         // length of a document
	Base             *Base  `json:"base,omitempty"`         // of a family's member: see Over
}

// defaults hold where config.json has no key "parley", or leaves some out.
var defaults = Settings{QueryTokens: 256, PassageTokens: 256}

// A size is one of the model's dimensions and the key that gives it.
type size struct {
	to, from *int
	key      string
}

// parseConfig reads a config.json and refuses what this package cannot compute,
// naming the key.
func parseConfig(data []byte) (*config, error) {
	bad := func(format string, args ...any) (*config, error) {
		return nil, fmt.Errorf("encoder: config.json: "+format, args...)
	}
	var f struct {
		Architectures []string `json:"architectures"`
		ModelType     string   `json:"model_type"`
		VocabSize     *int     `json:"vocab_size"`
		Positions     *int     `json:"max_position_embeddings"`
		PositionType  string   `json:"position_embedding_type"`
		IsDecoder     bool     `json:"is_decoder"`
		Tied          *bool    `json:"tie_word_embeddings"`
		Name          string   `json:"_name_or_path"`

		// BERT's names
		Hidden *int     `json:"hidden_size"`
		Layers *int     `json:"num_hidden_layers"`
		Heads  *int     `json:"num_attention_heads"`
		Inner  *int     `json:"intermediate_size"`
		Act    *string  `json:"hidden_act"`
		Types  *int     `json:"type_vocab_size"`
		Eps    *float64 `json:"layer_norm_eps"`

		// DistilBERT's
		Dim        *int    `json:"dim"`
		NLayers    *int    `json:"n_layers"`
		NHeads     *int    `json:"n_heads"`
		HiddenDim  *int    `json:"hidden_dim"`
		Activation *string `json:"activation"`

		Pruned map[string]json.RawMessage `json:"pruned_heads"`
		Parley json.RawMessage            `json:"parley"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return bad("%w", err)
	}
	c := &config{name: f.Name, tied: f.Tied == nil || *f.Tied, eps: 1e-12}
	switch f.ModelType {
	case "bert":
	case "distilbert":
		c.distil = true
	default:
		return bad("model_type is %q; only bert and distilbert are known here", f.ModelType)
	}
	if want := map[bool]string{false: "BertForMaskedLM", true: "DistilBertForMaskedLM"}[c.distil]; f.Architectures != nil && !slices.Contains(f.Architectures, want) {
		c.bare = !c.distil && slices.Contains(f.Architectures, "BertModel")
		if !c.bare {
			return bad("architectures is %q; wanted %s: a vector over the vocabulary needs the masked-LM head", f.Architectures, want)
		}
	}
	if f.PositionType != "" && f.PositionType != "absolute" {
		return bad("position_embedding_type is %q; only absolute is known here", f.PositionType)
	}
	if f.IsDecoder {
		return bad("is_decoder is true; only encoders, in which every token sees every other, are known here")
	}
	if len(f.Pruned) > 0 {
		return bad("pruned_heads is not empty; save the model with all its heads")
	}
	act, actKey := f.Act, "hidden_act"
	sizes := []size{
		{&c.vocab, f.VocabSize, "vocab_size"},
		{&c.positions, f.Positions, "max_position_embeddings"},
	}
	if c.distil {
		act, actKey = f.Activation, "activation"
		sizes = append(sizes, size{&c.hidden, f.Dim, "dim"}, size{&c.layers, f.NLayers, "n_layers"},
			size{&c.heads, f.NHeads, "n_heads"}, size{&c.inner, f.HiddenDim, "hidden_dim"})
	} else {
		sizes = append(sizes, size{&c.hidden, f.Hidden, "hidden_size"}, size{&c.layers, f.Layers, "num_hidden_layers"},
			size{&c.heads, f.Heads, "num_attention_heads"}, size{&c.inner, f.Inner, "intermediate_size"},
			size{&c.types, f.Types, "type_vocab_size"})
		if f.Eps != nil {
			c.eps = float32(*f.Eps)
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
	if f.Parley != nil {
		dec := json.NewDecoder(bytes.NewReader(f.Parley))
		dec.DisallowUnknownFields() // a misspelt setting must not pass for a default
		if err := dec.Decode(&c.parley); err != nil {
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

func (s *Settings) check(c *config) error {
	if s.QueryTokens < 3 {
		return fmt.Errorf("query_tokens is %d; wanted at least 3, for [CLS], one token and [SEP]", s.QueryTokens)
	}
	if s.PassageTokens < 3 {
		return fmt.Errorf("passage_tokens is %d; wanted at least 3, for [CLS], one token and [SEP]", s.PassageTokens)
	}
	if t := s.HistoryTokenType; t < 0 || t > 255 || t > 0 && t >= c.types {
		return fmt.Errorf("history_token_type is %d; this encoder has %d token types", t, c.types)
	}
	if s.ReplyTokens < 0 {
		return fmt.Errorf("reply_tokens is %d; wanted 0, for all of a reply, or more", s.ReplyTokens)
	}
	if s.Base != nil && (!isFingerprint(s.Base.Weights) || !isFingerprint(s.Base.Vocab)) {
		return fmt.Errorf("base is %+v; wanted the fingerprints of its model.safetensors and vocab.txt, as 231508-0a1b2c3d", *s.Base)
	}
	return nil
}
