package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/shared/message"
)

// decode is what encoding/json makes of body, or false where it does not fit.
func decode[T any](body string) (*T, bool) {
	v := new(T)
	return v, json.Unmarshal([]byte(body), v) == nil
}

var answer = message.Answer{
	Terms: []message.Term{{Text: "tower", Weight: 2.125, Turn: 0, Typed: true}, {Text: "##ing", Weight: .1, Turn: -1, Reply: true}},
	Reply: 1,
	Results: []message.Result{{
		Doc: 4294967295, ID: "a\"b", Title: "Tüürm 🗼 <b>&amp;", Text: "line\nline\u2028\x01 \\ /", URL: "https://example.org/?a=b&c",
		Score: 1e-7, Quote: message.Span{3, 9}, Marks: []message.Span{{0, 1}, {4, 5}},
	}, {}},
	Tokens: 12, Dropped: true,
	Cost: message.Cost{EncodeMS: 14.25, SearchMS: .5, Lists: 12, Postings: 123456},
}

func TestMessagesAreReadAsEncodingJSONReadsThem(t *testing.T) {
	b, _ := json.Marshal(answer)
	got, err := Answer(string(b))
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := decode[message.Answer](string(b)); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	ready := message.Ready{Encoder: "e", MaxTokens: 256, Collection: "c", Passages: 10033, Licence: "CC", LicenceURL: "u", Attribution: "a", Postings: 5, SIMD: true}
	b, _ = json.MarshalIndent(ready, "", "\t")
	if got, err := Ready(string(b)); err != nil || !reflect.DeepEqual(*got, ready) {
		t.Errorf("%+v, %v", got, err)
	}
	failure := message.Failure{Stage: "verify", File: "f", Message: "m"}
	b, _ = json.Marshal(failure)
	if got, err := Failure(string(b)); err != nil || *got != failure {
		t.Errorf("%+v, %v", got, err)
	}
}

// A field that message gains must be read here too.
func TestEveryFieldOfAMessageIsRead(t *testing.T) {
	for _, body := range []any{fill(reflect.TypeFor[message.Answer]()), fill(reflect.TypeFor[message.Ready]()), fill(reflect.TypeFor[message.Failure]())} {
		b, _ := json.Marshal(body)
		var got any
		var err error
		switch body.(type) {
		case message.Answer:
			p, e := Answer(string(b))
			got, err = *p, e
		case message.Ready:
			p, e := Ready(string(b))
			got, err = *p, e
		case message.Failure:
			p, e := Failure(string(b))
			got, err = *p, e
		}
		if err != nil || !reflect.DeepEqual(got, body) {
			t.Errorf("\n got %+v, %v\nwant %+v", got, err, body)
		}
	}
}

// fill makes a value with nothing in it zero.
func fill(typ reflect.Type) any {
	v := reflect.New(typ).Elem()
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
	return v.Interface()
}

func TestAskIsWrittenForEncodingJSON(t *testing.T) {
	ask := message.Ask{K: 10, Turns: []message.Turn{{Question: "a\"\\\n\x00<é🗼", Reply: "r"}, {Question: ""}}}
	got, ok := decode[message.Ask](Ask(ask))
	if !ok || !reflect.DeepEqual(*got, ask) {
		t.Errorf("%s: %+v", Ask(ask), got)
	}
}

func FuzzReading(f *testing.F) {
	b, _ := json.Marshal(answer)
	f.Add(string(b))
	f.Add(`{"terms":[{"text":"\ud83d\uddfc \ud83d x \udfff \u00e9","weight":1e2}],"tokens":-0.5e-1}`)
	f.Add(` [ {"a" : [ ] , "b":null}, true,false, -0, 1.5E+3 ] `)
	f.Add(`{"stage":"a","stage":"b"} x`)
	f.Add(`"\ud800A"`)
	f.Fuzz(func(t *testing.T, body string) {
		_, err := parse(body)
		if valid := json.Valid([]byte(body)); valid != (err == nil) && strings.Count(body, "[")+strings.Count(body, "{") < 90 && !outOfRange(body) {
			t.Fatalf("%q: %v, encoding/json says %v", body, err, valid)
		}
		var s string
		if json.Unmarshal([]byte(body), &s) == nil && strings.HasPrefix(strings.TrimSpace(body), `"`) {
			v, _ := parse(body)
			if v.text != s && utf8.ValidString(body) {
				t.Fatalf("%q: read %q, encoding/json %q", body, v.text, s)
			}
		}
		Answer(body)
		Ready(body)
		Failure(body)
		ReadPairs(body)
	})
}

// outOfRange: a number beyond float64 is well-formed JSON, and an error here.
func outOfRange(body string) bool {
	var v any
	err := json.Unmarshal([]byte(body), &v)
	return err != nil && strings.Contains(err.Error(), "number")
}

func FuzzWriting(f *testing.F) {
	f.Add("a", "b")
	f.Add("\xff\x00\"\\", "\u2028")
	f.Fuzz(func(t *testing.T, a, b string) {
		var want [][2]string
		text := Pairs([]Pair{{a, b}, {b, a}})
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		got, err := ReadPairs(text)
		if err != nil || len(got) != 2 || [2]string(got[0]) != want[0] || got[1][0] != want[0][1] {
			t.Fatalf("%q: %q, %v; encoding/json %q", text, got, err, want)
		}
		if utf8.ValidString(a) && got[0][0] != a {
			t.Fatalf("%q became %q", a, got[0][0])
		}
	})
}
