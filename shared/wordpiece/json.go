package wordpiece

import (
	"encoding/json"
	"errors"
	"fmt"
)

// FromJSON reads a Hugging Face tokenizer.json and refuses one that is not
// BERT's uncased WordPiece, naming the field. Its truncation, its padding and the
// special tokens that it puts around a text are the caller's business.
func FromJSON(data []byte) (*Tokenizer, error) {
	type typed struct {
		Type string `json:"type"`
	}
	var f struct {
		Added []struct {
			ID      int32  `json:"id"`
			Content string `json:"content"`
			Special bool   `json:"special"`
		} `json:"added_tokens"`
		Normalizer struct {
			typed
			Clean   bool  `json:"clean_text"`
			Chinese bool  `json:"handle_chinese_chars"`
			Strip   *bool `json:"strip_accents"` // null: as lowercase
			Lower   bool  `json:"lowercase"`
		} `json:"normalizer"`
		PreTokenizer typed `json:"pre_tokenizer"`
		Model        struct {
			typed
			Unk      string          `json:"unk_token"`
			Prefix   string          `json:"continuing_subword_prefix"`
			MaxChars int             `json:"max_input_chars_per_word"`
			Vocab    json.RawMessage `json:"vocab"` // read when the type is known
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, jsonError(err)
	}
	n, m := &f.Normalizer, &f.Model
	if m.Type == "" && m.Prefix != "" {
		m.Type = "WordPiece" // files of 2020 leave it out
	}
	for _, c := range []struct {
		field     string
		got, want any
	}{
		{"model.type", m.Type, "WordPiece"},
		{"model.unk_token", m.Unk, "[UNK]"},
		{"model.continuing_subword_prefix", m.Prefix, prefix},
		{"model.max_input_chars_per_word", m.MaxChars, maxWord},
		{"normalizer.type", n.Type, "BertNormalizer"},
		{"normalizer.lowercase", n.Lower, true},
		{"normalizer.clean_text", n.Clean, true},
		{"normalizer.handle_chinese_chars", n.Chinese, true},
		{"normalizer.strip_accents", n.Strip == nil || *n.Strip, true},
		{"pre_tokenizer.type", f.PreTokenizer.Type, "BertPreTokenizer"},
	} {
		if c.got != c.want {
			return nil, fmt.Errorf("tokenizer.json: %s is %#v; only %#v, BERT's uncased WordPiece, is known here", c.field, c.got, c.want)
		}
	}
	var vocab map[string]int64
	if err := json.Unmarshal(m.Vocab, &vocab); err != nil {
		return nil, fmt.Errorf("tokenizer.json: model.vocab: %w", err)
	}
	if len(vocab) == 0 {
		return nil, errors.New("tokenizer.json: model.vocab is empty")
	}
	pieces := make([]string, len(vocab))
	taken := make([]bool, len(vocab))
	for p, id := range vocab {
		if id < 0 || id >= int64(len(pieces)) || taken[id] {
			return nil, fmt.Errorf("tokenizer.json: model.vocab: the ids of %d pieces must be 0 to %d, each once; %q has id %d",
				len(pieces), len(pieces)-1, p, id)
		}
		pieces[id], taken[id] = p, true
	}
	for i, a := range f.Added {
		// A special token is read as text where a person typed it, as here.
		// Any other added token would be cut out of the text before all else.
		if id, ok := vocab[a.Content]; !a.Special || !ok || id != int64(a.ID) {
			return nil, fmt.Errorf("tokenizer.json: added_tokens[%d] is %q, id %d: only special tokens that model.vocab holds under the same id are known here",
				i, a.Content, a.ID)
		}
	}
	return build(pieces, "tokenizer.json: model.vocab", "id", 0)
}

// jsonError says where in the file an error of encoding/json is.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("tokenizer.json: byte %d: %w", syntax.Offset, err)
	}
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return fmt.Errorf("tokenizer.json: %s, byte %d: a %s does not belong there", typ.Field, typ.Offset, typ.Value)
	}
	return fmt.Errorf("tokenizer.json: %w", err)
}
