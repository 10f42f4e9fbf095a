package torch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// A Config is the part of a Hugging Face config.json that determines an encoder's shape.
// The encoder is a BertForMaskedLM, a DistilBertForMaskedLM, or a BertModel, which has no
// masked-LM head.
type Config struct {
	Distil       bool
	Bare         bool // a BertModel, whose tensors' names have no "bert."
	Vocab        int
	Width        int // of a token's vector, H
	Layers       int
	Heads        int
	Inner        int     // width of the feed-forward layer
	Positions    int     // the longest input in tokens
	Types        int     // the number of token types; 0 for DistilBERT, which has none
	Eps          float64 // epsilon of layer norms
	Tied         bool    // the output embedding is the input embedding
	InitialRange float64 // the standard deviation of new weights
}

// ParseConfig reads a config.json. It returns an error for models, activations and
// position embeddings that this package would compute wrongly.
func ParseConfig(data []byte) (Config, error) {
	raw := struct {
		Type          string   `json:"model_type"`
		Architectures []string `json:"architectures"`
		Vocab         int      `json:"vocab_size"`
		Positions     int      `json:"max_position_embeddings"`
		Range         float64  `json:"initializer_range"`
		Tied          *bool    `json:"tie_word_embeddings"`
		Decoder       bool     `json:"is_decoder"`
		// BERT
		Hidden    int     `json:"hidden_size"`
		BLayers   int     `json:"num_hidden_layers"`
		BHeads    int     `json:"num_attention_heads"`
		Inner     int     `json:"intermediate_size"`
		Types     int     `json:"type_vocab_size"`
		Eps       float64 `json:"layer_norm_eps"`
		Act       string  `json:"hidden_act"`
		Position  string  `json:"position_embedding_type"`
		Embedding int     `json:"embedding_size"`
		// DistilBERT
		Dim        int    `json:"dim"`
		DLayers    int    `json:"n_layers"`
		DHeads     int    `json:"n_heads"`
		DInner     int    `json:"hidden_dim"`
		Activation string `json:"activation"`
	}{}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &raw); err != nil {
		return Config{}, fmt.Errorf("config.json: %w", err)
	}
	c := Config{Bare: raw.Type == "bert" && slices.Equal(raw.Architectures, []string{"BertModel"}), Vocab: raw.Vocab, Positions: raw.Positions, InitialRange: raw.Range, Tied: raw.Tied == nil || *raw.Tied, Eps: 1e-12}
	act := raw.Act
	switch raw.Type {
	case "bert":
		c.Width, c.Layers, c.Heads, c.Inner, c.Types = raw.Hidden, raw.BLayers, raw.BHeads, raw.Inner, raw.Types
		if raw.Eps != 0 {
			c.Eps = raw.Eps
		}
	case "distilbert":
		c.Distil = true
		c.Width, c.Layers, c.Heads, c.Inner = raw.Dim, raw.DLayers, raw.DHeads, raw.DInner
		act = raw.Activation
	default:
		return c, fmt.Errorf("config.json: model_type is %q; bert and distilbert can be trained", raw.Type)
	}
	if c.InitialRange == 0 {
		c.InitialRange = 0.02
	}
	if act != "gelu" && act != "" {
		return c, fmt.Errorf("config.json: the activation is %q; only gelu is known", act)
	}
	if raw.Position != "" && raw.Position != "absolute" {
		return c, fmt.Errorf("config.json: position_embedding_type is %q; only absolute is known", raw.Position)
	}
	if raw.Decoder {
		return c, fmt.Errorf("config.json: is_decoder is true; wanted an encoder")
	}
	const most = 1 << 24
	for _, f := range []struct {
		name string
		v    int
	}{{"vocab_size", c.Vocab}, {"width", c.Width}, {"number of layers", c.Layers}, {"number of heads", c.Heads},
		{"inner width", c.Inner}, {"max_position_embeddings", c.Positions}} {
		if f.v <= 0 || f.v > most {
			return c, fmt.Errorf("config.json: the %s is %d", f.name, f.v)
		}
	}
	if c.Width%c.Heads != 0 {
		return c, fmt.Errorf("config.json: width %d is not a multiple of %d heads", c.Width, c.Heads)
	}
	if !(c.Eps > 0 && c.Eps < 1) || !(c.InitialRange > 0 && c.InitialRange < 10) || c.Types < 0 || math.IsNaN(c.Eps) {
		return c, fmt.Errorf("config.json: layer_norm_eps %g, initializer_range %g or type_vocab_size %d is out of range", c.Eps, c.InitialRange, c.Types)
	}
	return c, nil
}

// A param is a parameter: its name in Hugging Face's layout, and its shape.
type param struct {
	name  string
	shape []int
	norm  bool // a layer norm's weight, which starts at 1
}

// A layerNames has the names of one transformer layer's parameters. Each is the prefix of
// a linear map or a norm, before ".weight" and ".bias".
type layerNames struct{ query, key, value, out, norm1, inner, outer, norm2 string }

// A names has the prefixes of the parameters in one of the two layouts.
type names struct {
	word, position, kind, norm string // embeddings; kind: token types, or ""
	layers                     []layerNames
	transform, transformNorm   string // the head's hidden layer
	bias                       string // of the head's output, [V]
	decoder                    string // of the head's output, [V,H], if it is not tied
}

func (c Config) names() names {
	var n names
	bert := "bert."
	if c.Bare {
		bert = ""
	}
	if c.Distil {
		n = names{
			word: "distilbert.embeddings.word_embeddings.weight", position: "distilbert.embeddings.position_embeddings.weight",
			norm: "distilbert.embeddings.LayerNorm", transform: "vocab_transform", transformNorm: "vocab_layer_norm",
			bias: "vocab_projector.bias", decoder: "vocab_projector.weight",
		}
	} else {
		n = names{
			word: bert + "embeddings.word_embeddings.weight", position: bert + "embeddings.position_embeddings.weight",
			kind: bert + "embeddings.token_type_embeddings.weight", norm: bert + "embeddings.LayerNorm",
		}
		if !c.Bare {
			n.transform, n.transformNorm = "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm"
			n.bias, n.decoder = "cls.predictions.bias", "cls.predictions.decoder.weight"
		}
	}
	for i := range c.Layers {
		if c.Distil {
			p := fmt.Sprintf("distilbert.transformer.layer.%d.", i)
			n.layers = append(n.layers, layerNames{p + "attention.q_lin", p + "attention.k_lin", p + "attention.v_lin", p + "attention.out_lin",
				p + "sa_layer_norm", p + "ffn.lin1", p + "ffn.lin2", p + "output_layer_norm"})
		} else {
			p := fmt.Sprintf("%sencoder.layer.%d.", bert, i)
			n.layers = append(n.layers, layerNames{p + "attention.self.query", p + "attention.self.key", p + "attention.self.value", p + "attention.output.dense",
				p + "attention.output.LayerNorm", p + "intermediate.dense", p + "output.dense", p + "output.LayerNorm"})
		}
	}
	return n
}

// architecture returns the name of the model in Hugging Face's library.
func (c Config) architecture() string {
	switch {
	case c.Distil:
		return "DistilBertForMaskedLM"
	case c.Bare:
		return "BertModel"
	}
	return "BertForMaskedLM"
}

// params returns all parameters, in a fixed order.
func (c Config) params() []param {
	n, h := c.names(), c.Width
	ps := []param{{name: n.word, shape: []int{c.Vocab, h}}, {name: n.position, shape: []int{c.Positions, h}}}
	if n.kind != "" && c.Types > 0 {
		ps = append(ps, param{name: n.kind, shape: []int{c.Types, h}})
	}
	norm := func(p string) {
		ps = append(ps, param{name: p + ".weight", shape: []int{h}, norm: true}, param{name: p + ".bias", shape: []int{h}})
	}
	linear := func(p string, out, in int) {
		ps = append(ps, param{name: p + ".weight", shape: []int{out, in}}, param{name: p + ".bias", shape: []int{out}})
	}
	norm(n.norm)
	for _, l := range n.layers {
		linear(l.query, h, h)
		linear(l.key, h, h)
		linear(l.value, h, h)
		linear(l.out, h, h)
		norm(l.norm1)
		linear(l.inner, c.Inner, h)
		linear(l.outer, h, c.Inner)
		norm(l.norm2)
	}
	if c.Bare {
		return ps
	}
	linear(n.transform, h, h)
	norm(n.transformNorm)
	ps = append(ps, param{name: n.bias, shape: []int{c.Vocab}})
	if !c.Tied {
		ps = append(ps, param{name: n.decoder, shape: []int{c.Vocab, h}})
	}
	return ps
}
