package encoder

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/matrix"
	"parley/shared/safetensors"
)

// tinyModels are random models with every logit as transformers computes it;
// testdata/tiny.py made them. They cover both architectures, float32, bfloat16
// and float16, tied and untied decoders, old and new names of the layer norms,
// and sizes that no vector width divides.
var tinyModels = []string{"bert", "bert-untied", "distilbert"}

func folder(elem ...string) Files {
	return func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(append(elem, name)...))
	}
}

// with serves files with some of them replaced.
func with(files Files, changed map[string][]byte) Files {
	return func(name string) ([]byte, error) {
		if b, ok := changed[name]; ok {
			if b == nil {
				return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
			}
			return b, nil
		}
		if files == nil {
			return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		}
		return files(name)
	}
}

type reference struct {
	IDs    []int32     `json:"ids"`
	Types  []int       `json:"types"`
	Logits [][]float32 `json:"logits"`
}

func (r *reference) input() conversation.Input {
	in := conversation.Input{IDs: r.IDs}
	for _, t := range r.Types {
		in.Types = append(in.Types, uint8(t))
	}
	return in
}

func references(t testing.TB, path string) (out []reference) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// eachPath runs a test once for every path of package matrix.
func eachPath(t *testing.T, f func(t *testing.T)) {
	was := matrix.Current()
	defer matrix.Use(was)
	for _, p := range matrix.Paths() {
		if err := matrix.Use(p); err != nil {
			t.Fatal(err)
		}
		t.Run(string(p), f)
	}
}

func load(t testing.TB, files Files) *Encoder {
	t.Helper()
	e, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestLogitsEqualTransformers(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, name := range tinyModels {
			e := load(t, folder("testdata", name))
			s := e.NewSession()
			for _, ref := range references(t, filepath.Join("testdata", name, "logits.json.gz")) {
				got, err := s.logits(ref.input())
				if err != nil {
					t.Fatal(err)
				}
				V := matrix.Pad(e.Vocab())
				for i, row := range ref.Logits {
					for j, want := range row {
						if d := math.Abs(float64(got[i*V+j] - want)); !(d <= 1e-4) {
							t.Fatalf("%s, %d tokens: logit [%d][%d] is %v, transformers gives %v", name, len(ref.IDs), i, j, got[i*V+j], want)
						}
					}
				}
			}
		}
	})
}

// pooled computes Encode by its definition, from all logits.
func pooled(e *Encoder, logits []float32, m int) (weights []float32) {
	V := matrix.Pad(e.Vocab())
	for j := range e.Vocab() {
		best := float32(0)
		for i := range m {
			best = max(best, logits[i*V+j])
		}
		weights = append(weights, matrix.Log1p(best))
	}
	return weights
}

// For the float models and for their quantised versions: the vector equals the pooled
// logits exactly, and each winner has its term's maximum.
func TestEncodePoolsTheLogits(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, name := range tinyModels {
			small, err := Quantize(folder("testdata", name), nil)
			if err != nil {
				t.Fatal(err)
			}
			for kind, files := range map[string]Files{"float": folder("testdata", name), "int8": with(nil, small)} {
				e := load(t, files)
				s := e.NewSession()
				for _, ref := range references(t, filepath.Join("testdata", name, "logits.json.gz")) {
					in := ref.input()
					all, err := s.logits(in)
					if err != nil {
						t.Fatal(err)
					}
					want := pooled(e, all, len(in.IDs))
					v, winner, err := s.Encode(in)
					if err != nil {
						t.Fatal(err)
					}
					if err := v.Check(e.Vocab()); err != nil {
						t.Fatal(err)
					}
					if len(winner) != v.L0() {
						t.Fatalf("%d winners for %d terms", len(winner), v.L0())
					}
					for i, term := range v.Terms {
						if v.Weights[i] != want[term] {
							t.Fatalf("%s %s: term %d has weight %v, its pooled logits %v", name, kind, term, v.Weights[i], want[term])
						}
						logit := all[int(winner[i])*matrix.Pad(e.Vocab())+int(term)]
						if matrix.Log1p(logit) != want[term] {
							t.Fatalf("%s %s: token %d did not win term %d", name, kind, winner[i], term)
						}
						want[term] = 0
					}
					for term, w := range want {
						if w > 0 {
							t.Fatalf("%s %s: term %d is missing, weight %v", name, kind, term, w)
						}
					}
				}
			}
		}
	})
}

func TestInt8IsCloseToFloat(t *testing.T) {
	for _, name := range tinyModels {
		small, err := Quantize(folder("testdata", name), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, b := load(t, folder("testdata", name)).NewSession(), load(t, with(nil, small)).NewSession()
		for _, ref := range references(t, filepath.Join("testdata", name, "logits.json.gz")) {
			v, _, err := a.Encode(ref.input())
			if err != nil {
				t.Fatal(err)
			}
			u, _, err := b.Encode(ref.input())
			if err != nil {
				t.Fatal(err)
			}
			cos := float64(v.Dot(u)) / math.Sqrt(float64(v.Dot(v))*float64(u.Dot(u)))
			if !(cos > 0.995) {
				t.Errorf("%s, %d tokens: cosine %v", name, len(ref.IDs), cos)
			}
		}
	}
}

func TestQuantizeIsDeterministicAndIdempotent(t *testing.T) {
	set := &Settings{Name: "x", QueryTokens: 32, PassageTokens: 20}
	a, err := Quantize(folder("testdata", "bert"), set)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Quantize(with(nil, a), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s changes when a quantised folder is quantised again", name)
		}
	}
	e := load(t, with(nil, a))
	if e.Name != "x" || e.Query.MaxTokens != 32 || e.PassageTokens != 20 || e.Query.HistoryType != 0 {
		t.Errorf("settings came back as %+v", e)
	}
	f, err := safetensors.Read(a["model.safetensors"])
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range f.Tensors {
		if len(x.Shape) == 2 && x.DType != safetensors.I8 && !strings.Contains(x.Name, "token_type") {
			t.Errorf("%s is still %s", x.Name, x.DType)
		}
		if x.DType != safetensors.I8 {
			continue
		}
		most := int8(127)
		if strings.Contains(x.Name, "word_embeddings") {
			most = 63
		}
		w, _ := x.Int8s()
		for i, v := range w {
			if v > most || v < -most {
				t.Fatalf("%s: element %d is %d, beyond %d", x.Name, i, v, most)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	e := load(t, folder("testdata", "bert"))
	if e.Query.MaxTokens != 32 || e.Query.HistoryType != 1 || e.PassageTokens != 40 || e.MaxTokens() != 40 {
		t.Errorf("got %+v, passages %d, of at most %d", e.Query, e.PassageTokens, e.MaxTokens())
	}
	e = load(t, folder("testdata", "distilbert"))
	if e.Query.MaxTokens != 40 || e.Query.HistoryType != 0 || e.PassageTokens != 40 {
		t.Errorf("defaults: got %+v, passages %d", e.Query, e.PassageTokens)
	}
}

func TestTokenizerJSONServesWithoutVocab(t *testing.T) {
	// The reference vocabulary, as a tokenizer.json.
	vocab, _ := folder("testdata", "bert")("vocab.txt")
	ids := map[string]int{}
	for i, p := range strings.Split(strings.TrimSpace(string(vocab)), "\n") {
		ids[p] = i
	}
	pieces, _ := json.Marshal(ids)
	tok := fmt.Appendf(nil, `{"added_tokens":[],"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
		"pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":%s}}`, pieces)
	files := with(folder("testdata", "bert"), map[string][]byte{"vocab.txt": nil, "tokenizer.json": tok})
	load(t, files)
	out, err := Quantize(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out["vocab.txt"], vocab) {
		t.Error("vocab.txt made of tokenizer.json differs")
	}
}

// edit replaces text in a file of the tiny BERT.
func edit(t *testing.T, name, old, new string) map[string][]byte {
	t.Helper()
	b, err := folder("testdata", "bert")(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(old)) {
		t.Fatalf("%s does not hold %q", name, old)
	}
	return map[string][]byte{name: bytes.Replace(b, []byte(old), []byte(new), 1)}
}

// tensors rewrites the tiny BERT's weights.
func tensors(t *testing.T, change func(map[string]safetensors.Tensor)) map[string][]byte {
	t.Helper()
	b, _ := folder("testdata", "bert")("model.safetensors")
	f, err := safetensors.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]safetensors.Tensor{}
	for _, x := range f.Tensors {
		all[x.Name] = x
	}
	change(all)
	var list []safetensors.Tensor
	for _, x := range all {
		list = append(list, x)
	}
	if b, err = safetensors.Write(list, nil); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"model.safetensors": b}
}

func TestLoadSaysWhatDoesNotFit(t *testing.T) {
	weights, _ := folder("testdata", "bert")("model.safetensors")
	const query = "bert.encoder.layer.1.attention.self.query.weight"
	for _, c := range []struct {
		changed map[string][]byte
		want    []string
	}{
		{map[string][]byte{"config.json": nil}, []string{"config.json", "not exist"}},
		{map[string][]byte{"model.safetensors": nil}, []string{"model.safetensors", "not exist"}},
		{map[string][]byte{"vocab.txt": nil}, []string{"vocab.txt", "tokenizer.json would do"}},
		{map[string][]byte{"tokenizer_config.json": []byte(`{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}`)}, []string{"tokenizer_config.json: do_lower_case is false"}},
		{map[string][]byte{"vocab.txt": []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\n")}, []string{"7 pieces", "65"}},
		{map[string][]byte{"model.safetensors": weights[:len(weights)/2]}, []string{"model.safetensors", "cut off"}},
		{map[string][]byte{"config.json": []byte("{")}, []string{"config.json"}},
		{edit(t, "config.json", `"model_type": "bert"`, `"model_type": "roberta"`), []string{"model_type", "roberta"}},
		{edit(t, "config.json", `"BertForMaskedLM"`, `"BertModel"`), []string{"architectures", "BertModel", "masked-LM"}},
		{edit(t, "config.json", `"hidden_act": "gelu"`, `"hidden_act": "relu"`), []string{"hidden_act", "relu"}},
		{edit(t, "config.json", `"hidden_size": 20`, `"hidden_size": 20, "position_embedding_type": "relative_key"`), []string{"position_embedding_type"}},
		{edit(t, "config.json", `"is_decoder": false`, `"is_decoder": true`), []string{"is_decoder"}},
		{edit(t, "config.json", `"hidden_size": 20`, `"hidden_size": 24`), []string{`"bert.embeddings.word_embeddings.weight"`, "[65 20]", "[65 24]", "hidden size 24"}},
		{edit(t, "config.json", `"hidden_size": 20`, `"hidden_size": 21`), []string{"21", "multiple"}},
		{edit(t, "config.json", `"hidden_size": 20,`, ``), []string{"hidden_size is missing"}},
		{edit(t, "config.json", `"hidden_size": 20`, `"hidden_size": -20`), []string{"hidden_size is -20"}},
		{edit(t, "config.json", `"num_hidden_layers": 2`, `"num_hidden_layers": 3`), []string{"bert.encoder.layer.2.", "missing", "3 layers"}},
		{edit(t, "config.json", `"intermediate_size": 37`, `"intermediate_size": 38`), []string{"intermediate.dense.weight", "[37 20]", "[38 20]"}},
		{edit(t, "config.json", `"query_tokens"`, `"query_token"`), []string{"parley", "query_token"}},
		{edit(t, "config.json", `"history_token_type": 1`, `"history_token_type": 2`), []string{"history_token_type is 2"}},
		{edit(t, "config.json", `"history_token_type": 1`, `"history_token_type": 1, "reply_tokens": -2`), []string{"reply_tokens is -2"}},
		{edit(t, "config.json", `"history_token_type": 1`, `"history_token_type": 1, "query_terms": -1`), []string{"query_terms is -1"}},
		{edit(t, "config.json", `"query_tokens": 32`, `"query_tokens": 2`), []string{"query_tokens is 2"}},
		{edit(t, "config.json", `"tie_word_embeddings": true`, `"tie_word_embeddings": false`), []string{"cls.predictions.decoder.weight", "missing"}},
		{tensors(t, func(m map[string]safetensors.Tensor) { delete(m, query) }), []string{query, "missing"}},
		{tensors(t, func(m map[string]safetensors.Tensor) {
			m[query] = safetensors.FromInt8s(query, make([]int8, 400), 20, 20)
		}), []string{query + ".scale", "missing", "I8"}},
		{tensors(t, func(m map[string]safetensors.Tensor) {
			m[query] = safetensors.FromInt8s(query, make([]int8, 400), 20, 20)
			m[query+".scale"] = safetensors.FromFloat32s(query+".scale", make([]float32, 20), 20)
		}), []string{query, "neighbours"}},
		{tensors(t, func(m map[string]safetensors.Tensor) {
			const up = "bert.encoder.layer.0.intermediate.dense.weight"
			m[up] = safetensors.FromInt8s(up, make([]int8, 37*20), 37, 20)
			s := make([]float32, 37)
			s[3] = -1
			m[up+".scale"] = safetensors.FromFloat32s(up+".scale", s, 37)
		}), []string{"intermediate.dense.weight.scale", "row 3"}},
		{tensors(t, func(m map[string]safetensors.Tensor) {
			x := m[query]
			x.DType, x.Data = safetensors.I32, append([]byte(nil), x.Data...)
			m[query] = x
		}), []string{query, "I32"}},
		{tensors(t, func(m map[string]safetensors.Tensor) {
			x := m[query]
			x.Data = append([]byte(nil), x.Data...)
			copy(x.Data[8:], "\x00\x00\xc0\x7f") // NaN
			m[query] = x
		}), []string{query, "element 2", "not finite"}},
	} {
		_, err := Load(with(folder("testdata", "bert"), c.changed))
		if err == nil {
			t.Errorf("want %q, got no error", c.want)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q does not say %q", err, w)
			}
		}
		// The file to blame is the one that was changed, or the weights that do not fit a
		// changed config.json.
		var wrong *FileError
		if te := (*TensorError)(nil); !errors.As(err, &wrong) {
			t.Errorf("%q blames no file", err)
		} else if _, ok := c.changed[wrong.Name]; !ok && !(wrong.Name == weightsFile && errors.As(err, &te)) {
			t.Errorf("%q blames %s", err, wrong.Name)
		}
	}
	var te *TensorError
	_, err := Load(with(folder("testdata", "bert"), tensors(t, func(m map[string]safetensors.Tensor) { delete(m, query) })))
	if !errors.As(err, &te) || te.Tensor != query {
		t.Errorf("%v is no TensorError of %s", err, query)
	}
}

func TestEncodeQueryKeepsTheHeaviestTerms(t *testing.T) {
	e := load(t, with(folder("testdata", "bert"), edit(t, "config.json", `"history_token_type": 1`, `"history_token_type": 1, "query_terms": 5`)))
	if e.QueryTerms != 5 {
		t.Fatalf("config.json says 5 terms, it reads as %d", e.QueryTerms)
	}
	s := e.NewSession()
	cut := false
	for _, ref := range references(t, "testdata/bert/logits.json.gz") {
		v, winner, err := s.Encode(ref.input())
		if err != nil {
			t.Fatal(err)
		}
		all, won := v.Clone(), map[uint32]int32{}
		for i, term := range v.Terms {
			won[term] = winner[i]
		}
		for _, e.QueryTerms = range []int{1, 5, all.L0(), all.L0() + 1, 0} {
			want := all
			if e.QueryTerms > 0 {
				want = all.Top(e.QueryTerms)
				cut = cut || want.L0() < all.L0()
			}
			v, winner, err := s.EncodeQuery(ref.input())
			if err != nil || !slices.Equal(v.Terms, want.Terms) || !slices.Equal(v.Weights, want.Weights) {
				t.Fatalf("%d terms of %v: %v, %v", e.QueryTerms, all, v, err)
			}
			for i, term := range v.Terms {
				if winner[i] != won[term] {
					t.Fatalf("%d terms: token %d won term %d, before it was %d", e.QueryTerms, winner[i], term, won[term])
				}
			}
		}
	}
	if !cut {
		t.Error("no vector was cut")
	}
}

func TestEncodeRefusesInputOutOfRange(t *testing.T) {
	e := load(t, folder("testdata", "bert"))
	s := e.NewSession()
	for _, c := range []struct {
		in   conversation.Input
		want string
	}{
		{conversation.Input{}, "no tokens"},
		{conversation.Input{IDs: []int32{1, 2}, Types: []uint8{0}}, "2 tokens but 1 token types"},
		{conversation.Input{IDs: []int32{1, 65}, Types: []uint8{0, 0}}, "id 65"},
		{conversation.Input{IDs: []int32{-1}, Types: []uint8{0}}, "id -1"},
		{conversation.Input{IDs: []int32{1}, Types: []uint8{2}}, "type 2"},
		{conversation.Input{IDs: make([]int32, 41), Types: make([]uint8, 41)}, "at most 40"},
	} {
		if _, _, err := s.Encode(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	d := load(t, folder("testdata", "distilbert")).NewSession()
	if _, _, err := d.Encode(conversation.Input{IDs: []int32{1}, Types: []uint8{1}}); err == nil {
		t.Error("a token type passed where the model has none")
	}
}

func randomInput(r *rand.Rand, e *Encoder, m int) conversation.Input {
	var in conversation.Input
	for range m {
		in.IDs = append(in.IDs, int32(r.IntN(e.Vocab())))
		in.Types = append(in.Types, uint8(r.IntN(max(e.config.types, 1))))
	}
	return in
}

// Weigh gives single terms the same weights as Encode.
func TestWeighIsEncodeOfSomeTerms(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 2))
		small, err := Quantize(folder("testdata", "bert"), nil)
		if err != nil {
			t.Fatal(err)
		}
		for kind, files := range map[string]Files{"float": folder("testdata", "bert"), "int8": with(nil, small)} {
			e := load(t, files)
			s, in := e.NewSession(), randomInput(r, e, 20)
			v, _, err := s.Encode(in)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float32, e.Vocab())
			for i, term := range v.Terms {
				want[term] = v.Weights[i]
			}
			terms, got := []uint32{}, make([]float32, e.Vocab()+1)
			for j := e.Vocab() - 1; j >= 0; j -= 1 + r.IntN(2) { // in any order
				terms = append(terms, uint32(j))
			}
			if err := s.Weigh(got, terms, in); err != nil {
				t.Fatal(err)
			}
			for i, term := range terms {
				if got[i] != want[term] {
					t.Fatalf("%s: term %d weighs %v, Encode gives %v", kind, term, got[i], want[term])
				}
			}
			if n := testing.AllocsPerRun(20, func() { s.Weigh(got, terms, in) }); n != 0 {
				t.Errorf("%s: %v allocations", kind, n)
			}
			in.IDs[0] = -1
			if err := s.Weigh(got, terms, in); err == nil {
				t.Errorf("%s: an input that cannot be read has weights", kind)
			}
		}
	})
}

func TestEncodeAllocatesNothingOnceWarm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	eachPath(t, func(t *testing.T) {
		small, err := Quantize(folder("testdata", "bert"), nil)
		if err != nil {
			t.Fatal(err)
		}
		for kind, files := range map[string]Files{"float": folder("testdata", "bert"), "int8": with(nil, small)} {
			e := load(t, files)
			e.QueryTerms = 3
			s := e.NewSession()
			long, short := randomInput(r, e, 40), randomInput(r, e, 9)
			s.Encode(long)
			s.EncodeQuery(long)
			if n := testing.AllocsPerRun(20, func() { s.Encode(short); s.Encode(long); s.EncodeQuery(long) }); n != 0 {
				t.Errorf("%s: %v allocations, three calls", kind, n)
			}
		}
	})
}

func FuzzConfig(f *testing.F) {
	for _, name := range tinyModels {
		b, _ := folder("testdata", name)("config.json")
		f.Add(b)
	}
	f.Add([]byte(`{"model_type":"bert","parley":{"query_tokens":-1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data)
		if err != nil {
			return
		}
		if c.heads < 1 || c.hidden%c.heads != 0 || c.parley.QueryTokens > c.positions || c.parley.PassageTokens > c.positions {
			t.Errorf("accepted %+v", c)
		}
	})
}
