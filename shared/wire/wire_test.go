package wire

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/shared/message"
)

var answer = message.Answer{
	Terms: []message.Term{{Text: "tower", Weight: 2.125, Turn: 0, Typed: true}, {Text: "##ing", Weight: .1, Turn: -1, Reply: true}},
	Reply: 1,
	Results: []message.Result{{
		Doc: 4294967295, ID: "a\"b", Title: "Tüürm 🗼 <b>&amp;", Text: "line\nline\u2028\x01 \\ /", URL: "https://example.org/?a=b&c",
		Score: 1e-7, Quote: message.Span{3, 9}, Marks: []message.Span{{0, 1}, {4, 5}}, NoFigure: true, Dense: -1.5, Read: 2.25,
	}, {}},
	Tokens: 12, Dropped: true, Cut: true, Alone: true, Completed: true, Read: []int{0, 2}, Stage: message.StageBoth, Sure: .25,
	Doubt: message.DoubtUnsure, Answers: .125, Spelling: []message.Spelling{{Typed: "fotosynthesis", Read: "photosynthesis"}},
	Cost: message.Cost{EncodeMS: 14.25, DenseMS: 112.5, ReaderMS: 99.5, ReadMS: 3.5, SearchMS: .5, Lists: 12, Postings: 123456},
}

// Every message is read as encoding/json reads it, and encoding/json reads what is
// written; so a new field of a message must be added here too.
func TestMessagesAreThoseOfEncodingJSON(t *testing.T) {
	same(t, Answer, EncodeAnswer, answer)
	same(t, Answer, EncodeAnswer, fill[message.Answer]())
	same(t, Ready, EncodeReady, message.Ready{Encoder: "e", MaxTokens: 256, Attribution: "a", Postings: 5, SIMD: true, Suggested: []string{"a", "", "é\"\n"}, Levels: []message.Level{{Name: "2x", Ratio: 1e-9}, {FLOPS: 1e300}}})
	same(t, Ready, EncodeReady, fill[message.Ready]())
	same(t, DenseState, EncodeDenseState, message.DenseState{State: message.DenseLoading, Loaded: 1 << 30, Total: 1 << 31})
	same(t, DenseState, EncodeDenseState, fill[message.DenseState]())
	same(t, Failure, EncodeFailure, fill[message.Failure]())
	same(t, Ask, EncodeAsk, fill[message.Ask]())
	same(t, Ask, EncodeAsk,
		message.Ask{K: -10, Read: message.ReadAlone, Weights: []message.Weight{{Text: "ssa-92", Word: true, Factor: .5}}, Turns: []message.Turn{{Question: "a\"\\\n\x00<é🗼", Reply: "r"}, {Question: ""}}})
}

func same[T any](t *testing.T, read func(string) (*T, error), write func(*T) string, v T) {
	t.Helper()
	for _, marshal := range []func() []byte{
		func() []byte { b, _ := json.Marshal(v); return b },
		func() []byte { b, _ := json.MarshalIndent(v, "", "\t"); return b },
		func() []byte { return []byte(write(&v)) },
	} {
		body := marshal()
		got, err := read(string(body))
		var want T
		if e := json.Unmarshal(body, &want); e != nil {
			t.Fatalf("%s: %v", body, e)
		}
		// Empty and missing fields are the same here.
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(v)
		if c, _ := json.Marshal(want); err != nil || !equal(a, b) || !equal(c, b) {
			t.Errorf("%s\n read %s, %v\nwant %s", body, a, err, b)
		}
	}
}

func equal(a, b []byte) bool {
	null := strings.NewReplacer(":null", ":[]")
	return null.Replace(string(a)) == null.Replace(string(b))
}

func TestListsOfAsks(t *testing.T) {
	a := fill[message.Ask]()
	got, err := Asks("[" + EncodeAsk(&a) + ", " + EncodeAsk(&a) + "]")
	if err != nil || !reflect.DeepEqual(got, []message.Ask{a, a}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, body := range []string{"", "{}", "null", "[1]", `[{"turns":[{"question":1}]}]`} {
		if _, err := Asks(body); err == nil {
			t.Errorf("%q is a list of asks", body)
		}
	}
}

// fill returns a value in which no field is zero.
func fill[T any]() (out T) {
	v := reflect.ValueOf(&out).Elem()
	var set func(reflect.Value)
	set = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				set(v.Field(i))
			}
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			set(v.Index(0))
		case reflect.Array:
			for i := range v.Len() {
				set(v.Index(i))
			}
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Float32, reflect.Float64:
			v.SetFloat(1.5)
		case reflect.Uint32:
			v.SetUint(7)
		default:
			v.SetInt(7)
		}
	}
	set(v)
	return out
}

func FuzzReading(f *testing.F) {
	b, _ := json.Marshal(answer)
	f.Add(string(b))
	f.Add(EncodeAsk(new(fill[message.Ask]())))
	f.Add(`{"stage":"a","stage":"b"} x`)
	f.Fuzz(func(t *testing.T, body string) {
		Answer(body)
		Ready(body)
		Failure(body)
		DenseState(body)
		Asks(body)
		if a, err := Ask(body); err == nil {
			if again, err := Ask(EncodeAsk(a)); err != nil || !reflect.DeepEqual(a, again) {
				t.Fatalf("%q: %+v, written and read %+v (%v)", body, a, again, err)
			}
		}
	})
}

func FuzzWriting(f *testing.F) {
	f.Add("a", "b", float32(1))
	f.Add("\xff\x00\"\\", "\u2028", float32(.1))
	f.Fuzz(func(t *testing.T, a, b string, w float32) {
		rows := [][]string{{a, b}, {}, {b}}
		text := Rows(rows)
		var got [][]string
		if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != 3 || len(got[0]) != 2 || len(got[1]) != 0 || got[0][1] != got[2][0] {
			t.Fatalf("%q: %q, %v", text, got, err)
		}
		if utf8.ValidString(a) && got[0][0] != a {
			t.Fatalf("%q became %q", a, got[0][0])
		}
		if f := float64(w); math.IsNaN(f) || math.IsInf(f, 0) {
			return
		}
		var vector map[string]float32
		if err := json.Unmarshal([]byte(Vector([]message.Term{{Text: "x" + a, Weight: w}})), &vector); err != nil {
			t.Fatal(err)
		}
		for _, got := range vector {
			if got != w {
				t.Errorf("%v became %v", w, got)
			}
		}
	})
}
