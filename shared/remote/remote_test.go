package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/shared/container"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// collection returns an index of three documents over five terms.
func collection(t testing.TB) (*index.Index, *index.Lexicon) {
	t.Helper()
	b := index.NewBuilder(5)
	for _, v := range []sparse.Vector{
		{Terms: []uint32{1, 3}, Weights: []float32{2, 1}},
		{Terms: []uint32{3}, Weights: []float32{1}},
		{Terms: []uint32{2, 3}, Weights: []float32{.5, 1}},
	} {
		if err := b.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	var file, lexicon bytes.Buffer
	if _, err := b.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := x.WriteLexicon(&lexicon); err != nil {
		t.Fatal(err)
	}
	l, err := index.OpenLexicon(lexicon.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return x, l
}

// found returns documents as an engine would, in the order given.
func found(x *index.Index, docs ...uint32) (all []Found) {
	for d, impacts := range x.Documents() {
		if slices.Contains(docs, uint32(d)) {
			all = append(all, Found{Doc: uint32(d), Impacts: slices.Clone(impacts), Passage: passages.Passage{ID: string(rune('a' + d)), Title: "T", Text: "text"}})
		}
	}
	slices.SortFunc(all, func(a, b Found) int { return slices.Index(docs, a.Doc) - slices.Index(docs, b.Doc) })
	return all
}

func TestASourceOrdersByScoreThenDocument(t *testing.T) {
	x, l := collection(t)
	q := sparse.Vector{Terms: []uint32{3, 4}, Weights: []float32{1, 1}} // no document has term 4
	var asked []index.Factor
	s := New(l, func(q []index.Factor, k int) ([]Found, error) {
		asked = q
		return found(x, 2, 0, 1), nil // of equal scores, in another order
	})
	got, cost, err := s.Search(q, 2)
	want, wanted := x.NewSearcher().Search(q, 2)
	if err != nil || !slices.Equal(got, want) || cost != wanted || got[0].Doc != 0 {
		t.Errorf("%v %+v, %v; wanted %v %+v", got, cost, err, want, wanted)
	}
	if factors, _ := x.Factors(q); !slices.Equal(asked, factors) {
		t.Errorf("asked %v, wanted %v", asked, factors)
	}
	if err := s.Bring([]uint32{0, 1, 2}); err != nil || s.Passage(1).ID != "b" || !slices.Equal(s.Explain(q, 1), x.Explain(q, 1)) {
		t.Errorf("%v, %+v, %v", err, s.Passage(1), s.Explain(q, 1))
	}
	if s.Bring([]uint32{3}) == nil || s.Passage(3) != (passages.Passage{}) || s.Explain(q, 3) != nil {
		t.Error("a document that was not found")
	}
	if s.Scores(nil, q, nil) == nil {
		t.Error("it has scores for the dense stage")
	}
	if docs, err := s.Holding(3, 2); err != nil || !slices.Equal(docs, []uint32{2, 0, 1}) || asked[0] != (index.Factor{Term: 3, Weight: 1}) {
		t.Errorf("%v, %v, asked %v", docs, err, asked)
	}
}

func TestWhatAnEngineReturnsIsChecked(t *testing.T) {
	x, l := collection(t)
	q := sparse.Vector{Terms: []uint32{1}, Weights: []float32{1}}
	down := errors.New("down")
	for says, ask := range map[string]Ask{
		"shares no term":         func([]index.Factor, int) ([]Found, error) { return found(x, 0, 1), nil },
		"returned document 9 of": func([]index.Factor, int) ([]Found, error) { f := found(x, 0); f[0].Doc = 9; return f, nil },
		"down":                   func([]index.Factor, int) ([]Found, error) { return nil, down },
	} {
		if _, _, err := New(l, ask).Search(q, 3); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
	}
	never := New(l, func([]index.Factor, int) ([]Found, error) { t.Error("asked for nothing"); return nil, nil })
	for _, q := range []sparse.Vector{{}, {Terms: []uint32{4}, Weights: []float32{1}}} {
		if hits, _, err := never.Search(q, 3); err != nil || len(hits) > 0 {
			t.Errorf("%v, %v", hits, err)
		}
	}
}

func TestQuestionAndAnswerSurviveTheWay(t *testing.T) {
	x, _ := collection(t)
	q := []index.Factor{{Term: 1, Weight: 512}, {Term: 3, Weight: 7}}
	body := Question(q, 10)
	if body != `{"k":10,"v":{"1":512,"3":7}}` || !json.Valid([]byte(body)) {
		t.Error(body)
	}
	got, k, err := ParseQuestion(body)
	if err != nil || k != 10 || !slices.Equal(got, q) {
		t.Errorf("%v, %d, %v", got, k, err)
	}
	want := found(x, 2, 0)
	want[0].Impacts = want[0].Impacts[1:] // without a term that was not asked for
	data, err := Encode(q, found(x, 2, 0))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Decode(data, q); err != nil || !reflect.DeepEqual(back, want) {
		t.Errorf("%+v, %v; wanted %+v", back, err, want)
	}
	var wrong *container.FormatError
	if _, err := Decode(data, q[:1]); !errors.As(err, &wrong) {
		t.Errorf("the answer to another question: %v", err)
	}
	for i := range data {
		data[i] ^= 1
		if _, err := Decode(data, q); !errors.As(err, &wrong) {
			t.Errorf("bit %d: %v", i, err)
		}
		data[i] ^= 1
	}
}

func TestBadQuestionsAreRefused(t *testing.T) {
	for _, body := range []string{"", "{}", `{"k":1}`, `{"k":0,"v":{"1":1}}`, `{"k":201,"v":{"1":1}}`, `{"k":1,"v":{}}`, `{"k":1,"v":[1]}`, `{"k":1,"v":{"1":0}}`,
		`{"k":1,"v":{"1":1.5}}`, `{"k":1,"v":{"1":-1}}`, `{"k":1,"v":{"2":1,"1":1}}`, `{"k":1,"v":{"1":1,"1":1}}`, `{"k":1,"v":{"x":1}}`, `{"k":1,"v":{"-1":1}}`,
		`{"k":1,"v":{"4294967296":1}}`, `{"k":1,"v":{"1":16777216}}`, `{"k":1,"v":{"1":16000000,"2":16000000}}`, `{"k":1,"v":{"1":1}} more`} {
		if q, _, err := ParseQuestion(body); err == nil {
			t.Errorf("%s is %v", body, q)
		}
	}
}

func FuzzParseQuestion(f *testing.F) {
	f.Add(`{"k":10,"v":{"1":512,"3":7}}`)
	f.Fuzz(func(t *testing.T, body string) {
		q, k, err := ParseQuestion(body)
		if err != nil {
			return
		}
		if again, n, err := ParseQuestion(Question(q, k)); err != nil || n != k || !slices.Equal(again, q) {
			t.Errorf("%s is %v and %v, %v", body, q, again, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	x, _ := collection(f)
	q := []index.Factor{{Term: 1, Weight: 512}, {Term: 3, Weight: 7}}
	data, err := Encode(q, found(x, 2, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := Decode(data, q)
		if err != nil {
			return
		}
		encoded, err := Encode(q, all)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Decode(encoded, q); err != nil || !reflect.DeepEqual(again, all) {
			t.Errorf("%+v is %+v, %v", all, again, err)
		}
	})
}
