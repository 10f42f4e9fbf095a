package encoder

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/safetensors"
)

// headed returns testdata/bert with both heads, whose weights follow a rule. change,
// unless nil, may then alter the heads' tensors and the settings.
func headed(t testing.TB, change func(tensors map[string]*safetensors.Tensor, set map[string]any)) Files {
	t.Helper()
	files := folder("testdata", "bert")
	config, err := files("config.json")
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(config, &keys); err != nil {
		t.Fatal(err)
	}
	H := int(keys["hidden_size"].(float64))
	tensors := map[string]*safetensors.Tensor{}
	fill := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(math.Sin(float64(i*7+len(name)))) / 2
		}
		tensor := safetensors.FromFloat32s(name, v, shape...)
		tensors[name] = &tensor
	}
	fill(wordHead+"dense.weight", H, H)
	fill(topicHead+"dense.weight", H, 3*H)
	for _, h := range []string{wordHead, topicHead} {
		fill(h+"dense.bias", H)
		fill(h+"out.weight", 1, H)
		fill(h+"out.bias", 1)
	}
	set := map[string]any{"query_tokens": 12, "passage_tokens": 12, "history_token_type": 1, "word_head": true, "topic_head": true}
	if change != nil {
		change(tensors, set)
	}
	keys["parley"] = set
	if config, err = json.Marshal(keys); err != nil {
		t.Fatal(err)
	}
	data, err := files(weightsFile)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(bytes.Clone(data))
	if err != nil {
		t.Fatal(err)
	}
	all := f.Tensors
	for _, tensor := range tensors {
		all = append(all, *tensor)
	}
	if data, err = safetensors.Write(all, nil); err != nil {
		t.Fatal(err)
	}
	return with(files, map[string][]byte{"config.json": config, weightsFile: data})
}

// config.json and model.safetensors must agree about heads; the error names the one that
// is wrong.
func TestHeadsThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(map[string]*safetensors.Tensor, map[string]any)
		says   []string
	}{
		"missing": {func(x map[string]*safetensors.Tensor, _ map[string]any) {
			for name := range x {
				if strings.HasPrefix(name, wordHead) {
					delete(x, name)
				}
			}
		}, []string{"parley.words.dense.weight", "missing", "word_head"}},
		"a part is missing": {func(x map[string]*safetensors.Tensor, _ map[string]any) { delete(x, topicHead+"out.bias") },
			[]string{"parley.topic.out.bias", "missing"}},
		"wrong shape": {func(x map[string]*safetensors.Tensor, _ map[string]any) {
			tensor := safetensors.FromFloat32s(wordHead+"dense.weight", make([]float32, 6), 2, 3)
			x[wordHead+"dense.weight"] = &tensor
		}, []string{"parley.words.dense.weight", "[2 3]", "word_head"}},
		"not named": {func(_ map[string]*safetensors.Tensor, set map[string]any) { delete(set, "topic_head") },
			[]string{"parley.topic.", "config.json does not name"}},
		"not finite": {func(x map[string]*safetensors.Tensor, _ map[string]any) {
			tensor := safetensors.FromFloat32s(wordHead+"out.bias", []float32{float32(math.NaN())}, 1)
			x[wordHead+"out.bias"] = &tensor
		}, []string{"parley.words.out.bias"}},
		"question_words": {func(_ map[string]*safetensors.Tensor, set map[string]any) { set["question_words"] = -1 },
			[]string{"question_words is -1"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(headed(t, c.change))
			if err == nil {
				t.Fatal("it loads")
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}

// Heads change no learned term. A word's weight depends on its pieces, and the history's
// words on their type.
func TestHeads(t *testing.T) {
	e, err := Load(headed(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Load(headed(t, func(x map[string]*safetensors.Tensor, set map[string]any) {
		clear(x)
		delete(set, "word_head")
		delete(set, "topic_head")
		set["question_words"] = .5
	}))
	if err != nil {
		t.Fatal(err)
	}
	if !e.SearchesWords() || !plain.SearchesWords() {
		t.Error("an encoder with a head, and one with question_words, search for words")
	}
	in := conversation.Input{IDs: []int32{2, 7, 9, 3, 8, 3}, Types: []uint8{0, 0, 0, 0, 1, 1}, From: []conversation.Origin{
		{Turn: -1}, {Turn: 1, Side: conversation.Question}, {Turn: 1, Side: conversation.Question, Start: 1}, {Turn: -1}, {Turn: 0, Side: conversation.Reply}, {Turn: -1}}}
	words := &conversation.Words{List: []conversation.Word{
		{Origin: in.From[1], First: 1, Last: 2}, {Origin: in.From[1], First: 1, Last: 1}, {Origin: in.From[2], First: 2, Last: 2}, {Origin: in.From[4], First: 4, Last: 4}}}
	s, p := e.NewSession(), plain.NewSession()
	v, _, err := s.EncodeQuery(in)
	if err != nil {
		t.Fatal(err)
	}
	u, _, err := p.EncodeQuery(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Terms) == 0 || len(v.Terms) != len(u.Terms) || v.Dot(u) != u.Dot(u) {
		t.Error("heads changed the learned terms")
	}
	w := s.WordWeights(&in, words)
	some := false
	for i, x := range w {
		if x < 0 || x != x {
			t.Errorf("word %d weighs %v", i, x)
		}
		some = some || x > 0 && x != w[0]
	}
	if !some {
		t.Errorf("%v: words do not differ", w)
	}
	if got := p.WordWeights(&in, words); got[0] != .5 || got[2] != .5 || got[3] != 0 {
		t.Errorf("%v: question_words are for the newest question", got)
	}
	z, ok := s.Topic(&in)
	if !ok || z == 0 {
		t.Errorf("topic %v, %v", z, ok)
	}
	if _, ok := p.Topic(&in); ok {
		t.Error("an encoder without a topic head tells topics")
	}
	in.Types[4] = 0
	if _, _, err := s.EncodeQuery(in); err != nil {
		t.Fatal(err)
	}
	if again, _ := s.Topic(&in); again == z {
		t.Error("the history's type makes no difference")
	}
}
