package wordpiece

import (
	"errors"
	"fmt"

	"parley/shared/jsontree"
)

// CheckConfig returns an error, which names the field, for a Hugging Face
// tokenizer_config.json with settings that read text differently from this package. A
// cased vocabulary has do_lower_case false there, while its vocab.txt may show nothing of
// it.
func CheckConfig(data []byte) error {
	f, err := jsontree.Parse(string(data))
	if err != nil {
		return fmt.Errorf("tokenizer_config.json: %w", err)
	}
	lower, basic, chinese := true, true, true
	var strip *bool // null: as do_lower_case
	if err := f.Into(map[string]any{"do_lower_case": &lower, "do_basic_tokenize": &basic, "tokenize_chinese_chars": &chinese, "strip_accents": &strip}); err != nil {
		return fmt.Errorf("tokenizer_config.json: %w", err)
	}
	for _, c := range []struct {
		field string
		set   bool
	}{{"do_lower_case", lower}, {"do_basic_tokenize", basic}, {"tokenize_chinese_chars", chinese}, {"strip_accents", strip == nil || *strip}} {
		if !c.set {
			return fmt.Errorf("tokenizer_config.json: %s is false; only true, BERT's uncased WordPiece, is known here", c.field)
		}
	}
	return nil
}

// FromJSON reads a Hugging Face tokenizer.json. It returns an error that names the field
// where that is not BERT's uncased WordPiece. It ignores truncation, padding and the
// special tokens around a text, which are up to the caller.
func FromJSON(data []byte) (*Tokenizer, error) {
	f, err := jsontree.Parse(string(data))
	if err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	var modelType, unk, continuing, normalizer, preTokenizer string
	var maxChars int
	var clean, chinese, lower bool
	var strip *bool // null: as lowercase
	for _, part := range []struct {
		name   string
		fields map[string]any
	}{
		{"normalizer", map[string]any{"type": &normalizer, "clean_text": &clean, "handle_chinese_chars": &chinese, "strip_accents": &strip, "lowercase": &lower}},
		{"pre_tokenizer", map[string]any{"type": &preTokenizer}},
		{"model", map[string]any{"type": &modelType, "unk_token": &unk, "continuing_subword_prefix": &continuing, "max_input_chars_per_word": &maxChars}},
	} {
		if v := f.Get(part.name); v.Kind != jsontree.Null {
			if err := v.Into(part.fields); err != nil {
				return nil, fmt.Errorf("tokenizer.json: %s: %w", part.name, err)
			}
		}
	}
	if modelType == "" && continuing != "" {
		modelType = "WordPiece" // files of 2020 leave it out
	}
	for _, c := range []struct {
		field     string
		got, want any
	}{
		{"model.type", modelType, "WordPiece"},
		{"model.unk_token", unk, "[UNK]"},
		{"model.continuing_subword_prefix", continuing, prefix},
		{"model.max_input_chars_per_word", maxChars, maxWord},
		{"normalizer.type", normalizer, "BertNormalizer"},
		{"normalizer.lowercase", lower, true},
		{"normalizer.clean_text", clean, true},
		{"normalizer.handle_chinese_chars", chinese, true},
		{"normalizer.strip_accents", strip == nil || *strip, true},
		{"pre_tokenizer.type", preTokenizer, "BertPreTokenizer"},
	} {
		if c.got != c.want {
			return nil, fmt.Errorf("tokenizer.json: %s is %#v; only %#v, BERT's uncased WordPiece, is known here", c.field, c.got, c.want)
		}
	}
	pairs := f.Get("model").Get("vocab")
	if pairs.Kind != jsontree.Object {
		return nil, fmt.Errorf("tokenizer.json: model.vocab is %v; wanted an object of pieces and ids", pairs.Kind)
	}
	vocab := make(map[string]int64, len(pairs.Keys))
	for i, p := range pairs.Keys {
		id, ok := pairs.List[i].Whole()
		if !ok {
			return nil, fmt.Errorf("tokenizer.json: model.vocab: byte %d: %v, wanted a whole number", pairs.List[i].At, pairs.List[i].Kind)
		}
		vocab[p] = id
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
	for i, v := range f.Get("added_tokens").List {
		var a struct {
			ID      int
			Content string
			Special bool
		}
		if err := v.Into(map[string]any{"id": &a.ID, "content": &a.Content, "special": &a.Special}); err != nil {
			return nil, fmt.Errorf("tokenizer.json: added_tokens[%d]: %w", i, err)
		}
		// A special token that a person typed is read as text, as in this package. Any
		// other added token would be cut out of the text first.
		if id, ok := vocab[a.Content]; !a.Special || !ok || id != int64(a.ID) {
			return nil, fmt.Errorf("tokenizer.json: added_tokens[%d] is %q, id %d: only special tokens that model.vocab holds under the same id are known here",
				i, a.Content, a.ID)
		}
	}
	return build(pieces, "tokenizer.json: model.vocab", "id", 0)
}
