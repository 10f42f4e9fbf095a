package wordpiece

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	tok := load(t)
	if tok.Size() != 30522 {
		t.Errorf("%d pieces", tok.Size())
	}
	if got, want := tok.Special(), (Special{Pad: 0, Unk: 100, Cls: 101, Sep: 102, Mask: 103}); got != want {
		t.Errorf("special ids %+v, want %+v", got, want)
	}
	for id, want := range map[int32]string{-1: "", 0: "[PAD]", 2075: "##ing", 30521: "##～", 30522: ""} {
		if got := tok.Piece(id); got != want {
			t.Errorf("piece %d is %q, want %q", id, got, want)
		}
	}
}

// small is a smallest vocabulary that is accepted, with a few more pieces.
const small = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n##\n#\nto\n##wer\n##w\n##er\ntower\n"

func TestNewReadsLines(t *testing.T) {
	for name, vocab := range map[string]string{
		"as it is":      small,
		"no last break": strings.TrimSuffix(small, "\n"),
		"CR LF":         strings.ReplaceAll(small, "\n", "\r\n"),
	} {
		tok, err := New([]byte(vocab))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text := "tower To ## wer"
		got := describe(tok, text, tok.Append(nil, text, -1))
		if want := "tower⟨tower⟩ to⟨To⟩ #⟨#⟩ #⟨#⟩ [UNK]⟨wer⟩ "; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ vocab, want string }{
		{"", `vocab.txt: empty`},
		{"\n", `vocab.txt: line 1: empty piece`},
		{"a\n\nb\n", `vocab.txt: line 2: empty piece`},
		{"a\nb\xff\n", `vocab.txt: line 2: "b\xff" is not UTF-8`},
		{small + "to\n", `vocab.txt: line 13: "to" stands already at line 8`},
		{small + "##er\n", `vocab.txt: line 13: "##er" stands already at line 11`},
		{small + "##E\n", `vocab.txt: line 13: "##E" has a capital, so the vocabulary is cased; only BERT's uncased WordPiece is known here`},
		{"[PAD]\n[UNK]\n[CLS]\nx\n", `vocab.txt: no [SEP], [MASK] among its 4 pieces: this is not a vocabulary of BERT's uncased WordPiece`},
		{"<pad>\n<s>\n▁the\n", `vocab.txt: no [PAD], [UNK], [CLS], [SEP], [MASK] among its 3 pieces: this is not a vocabulary of BERT's uncased WordPiece`},
	} {
		if _, err := New([]byte(c.vocab)); err == nil || err.Error() != c.want {
			t.Errorf("%q:\n got %v\nwant %s", c.vocab, err, c.want)
		}
	}
}

func TestCheckConfig(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`{"do_lower_case": true, "strip_accents": null, "tokenize_chinese_chars": true, "tokenizer_class": "BertTokenizer", "model_max_length": 1e30}`, ""},
		{`{}`, ""},
		{`{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}`, "tokenizer_config.json: do_lower_case is false; only true, BERT's uncased WordPiece, is known here"},
		{`{"do_lower_case": true, "strip_accents": false}`, "tokenizer_config.json: strip_accents is false; only true, BERT's uncased WordPiece, is known here"},
		{`{"tokenize_chinese_chars": false}`, "tokenizer_config.json: tokenize_chinese_chars is false; only true, BERT's uncased WordPiece, is known here"},
		{`{"do_basic_tokenize": false}`, "tokenizer_config.json: do_basic_tokenize is false; only true, BERT's uncased WordPiece, is known here"},
		{`{"do_lower_case": "no"}`, "tokenizer_config.json: byte 18: do_lower_case is a string, wanted a truth value"},
		{`{"do_lower`, "tokenizer_config.json: JSON: broken at byte 10"},
	} {
		got := ""
		if err := CheckConfig([]byte(c.config)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.config, got, c.want)
		}
	}
}

// object returns a tokenizer.json of the small vocabulary.
func object() map[string]any {
	vocab := map[string]any{}
	for i, p := range strings.Fields(small) {
		vocab[p] = i
	}
	return map[string]any{
		"version":      "1.0",
		"truncation":   map[string]any{"max_length": 512},
		"added_tokens": []any{map[string]any{"id": 2, "content": "[CLS]", "special": true}},
		"normalizer": map[string]any{"type": "BertNormalizer", "clean_text": true,
			"handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"},
		"model": map[string]any{"type": "WordPiece", "unk_token": "[UNK]",
			"continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab},
	}
}

// with sets a field of object, named as in errors, and returns it as JSON.
func with(t *testing.T, field string, value any) []byte {
	t.Helper()
	root := object()
	at, path := root, strings.Split(field, ".")
	for _, key := range path[:len(path)-1] {
		at = at[key].(map[string]any)
	}
	if field != "" {
		at[path[len(path)-1]] = value
	}
	data, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFromJSON(t *testing.T) {
	for _, data := range [][]byte{
		with(t, "", nil),
		with(t, "normalizer.strip_accents", true),
		with(t, "model.type", nil), // files of 2020
		with(t, "added_tokens", nil),
	} {
		tok, err := FromJSON(data)
		if err != nil {
			t.Errorf("%s: %v", data, err)
			continue
		}
		if tok.Size() != 12 || tok.Special() != (Special{0, 1, 2, 3, 4}) || tok.Piece(8) != "##wer" {
			t.Errorf("%d pieces, special %+v, piece 8 %q", tok.Size(), tok.Special(), tok.Piece(8))
		}
	}
}

func TestFromJSONRefuses(t *testing.T) {
	for _, c := range []struct {
		field string
		value any
		want  string
	}{
		{"model.type", "BPE", `tokenizer.json: model.type is "BPE"; only "WordPiece"`},
		{"model.unk_token", "<unk>", `tokenizer.json: model.unk_token is "<unk>"; only "[UNK]"`},
		{"model.continuing_subword_prefix", "@@", `tokenizer.json: model.continuing_subword_prefix is "@@"; only "##"`},
		{"model.max_input_chars_per_word", 200, `tokenizer.json: model.max_input_chars_per_word is 200; only 100`},
		{"model.vocab", []any{}, `tokenizer.json: model.vocab is a list; wanted an object`},
		{"model.vocab", map[string]any{}, `tokenizer.json: model.vocab is empty`},
		{"model.vocab.extra", 3, `tokenizer.json: model.vocab: the ids of 13 pieces must be 0 to 12, each once; "`},
		{"model.vocab.extra", 99, `tokenizer.json: model.vocab: the ids of 13 pieces must be 0 to 12, each once; "extra" has id 99`},
		{"model.vocab.extra", -1, `tokenizer.json: model.vocab: the ids of 13 pieces must be 0 to 12, each once; "extra" has id -1`},
		{"model.vocab.##X", 12, `tokenizer.json: model.vocab: id 12: "##X" has a capital`},
		{"model", nil, `tokenizer.json: model.type is ""; only "WordPiece"`},
		{"model", "x", `tokenizer.json: model: byte `},
		{"normalizer.type", "NFC", `tokenizer.json: normalizer.type is "NFC"; only "BertNormalizer"`},
		{"normalizer.lowercase", false, `tokenizer.json: normalizer.lowercase is false; only true`},
		{"normalizer.clean_text", false, `tokenizer.json: normalizer.clean_text is false; only true`},
		{"normalizer.handle_chinese_chars", false, `tokenizer.json: normalizer.handle_chinese_chars is false; only true`},
		{"normalizer.strip_accents", false, `tokenizer.json: normalizer.strip_accents is false; only true`},
		{"pre_tokenizer.type", "Whitespace", `tokenizer.json: pre_tokenizer.type is "Whitespace"; only "BertPreTokenizer"`},
		{"pre_tokenizer", nil, `tokenizer.json: pre_tokenizer.type is ""; only "BertPreTokenizer"`},
		{"added_tokens", []any{map[string]any{"id": 12, "content": "<q>", "special": true}},
			`tokenizer.json: added_tokens[0] is "<q>", id 12: only special tokens that model.vocab holds under the same id are known here`},
		{"added_tokens", []any{map[string]any{"id": 7, "content": "to", "special": false}}, `tokenizer.json: added_tokens[0] is "to", id 7`},
	} {
		_, err := FromJSON(with(t, c.field, c.value))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s = %v:\n got %v\nwant %s...", c.field, c.value, err, c.want)
		}
	}
	if _, err := FromJSON([]byte(`{"model": `)); err == nil || err.Error() != "tokenizer.json: JSON: broken at byte 10" {
		t.Errorf("cut short: %v", err)
	}
}

// A tokenizer.json and the vocab.txt beside it are the same tokenizer. The variable names
// a folder that has both.
func TestFolder(t *testing.T) {
	dir := os.Getenv("PARLEY_TOKENIZER")
	if dir == "" {
		t.Skip("PARLEY_TOKENIZER names no folder")
	}
	var toks [2]*Tokenizer
	for i, f := range []struct {
		name string
		read func([]byte) (*Tokenizer, error)
	}{{"vocab.txt", New}, {"tokenizer.json", FromJSON}} {
		data, err := os.ReadFile(dir + "/" + f.name)
		if err != nil {
			t.Fatal(err)
		}
		if toks[i], err = f.read(data); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(toks[0].pieces, toks[1].pieces) || toks[0].special != toks[1].special {
		t.Error("vocab.txt and tokenizer.json differ")
	}
}

func FuzzNew(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("a\r\n\n##A\n"))
	f.Fuzz(func(t *testing.T, vocab []byte) {
		tok, err := New(vocab)
		if err != nil {
			return
		}
		for id := range int32(tok.Size()) {
			if tok.Piece(id) == "" {
				t.Fatalf("piece %d is empty", id)
			}
		}
		checkTokens(t, tok, string(vocab), tok.Append(nil, string(vocab), -1))
	})
}

func FuzzFromJSON(f *testing.F) {
	data, err := json.Marshal(object())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"model":{"type":"WordPiece","vocab":{"a":0}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if tok, err := FromJSON(data); err == nil {
			checkTokens(t, tok, string(data), tok.Append(nil, string(data), -1))
		}
	})
}

func BenchmarkNew(b *testing.B) {
	vocab := readVocab(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(vocab); err != nil {
			b.Fatal(err)
		}
	}
}
