package jsontree

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// plain is a value as encoding/json gives it.
func plain(v Value) any {
	switch v.Kind {
	case Bool:
		return v.Yes
	case Number:
		return v.Number
	case Text:
		return v.Text
	case Array:
		list := []any{}
		for _, x := range v.List {
			list = append(list, plain(x))
		}
		return list
	case Object:
		m := map[string]any{}
		for i, key := range v.Keys {
			m[key] = plain(v.List[i])
		}
		return m
	}
	return nil
}

var texts = []string{
	`{"terms":[{"text":"\ud83d\uddfc \ud83d x \udfff \u00e9","weight":1e2}],"tokens":-0.5e-1}`,
	` [ {"a" : [ ] , "b":null}, true,false, -0, 1.5E+3 ] `,
	`{"stage":"a","stage":"b"} x`, `"\ud800A"`, `1e400`, `[1,]`, `{"a"}`, "\"\t\"", "", "nul", `01`, `-`, `[[[]]]`, `"\/\b\f\n\r\t\"\\"`,
}

func FuzzParse(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		v, err := Parse(body)
		var want any
		if e := json.Unmarshal([]byte(body), &want); (e == nil) != (err == nil) {
			// Depth is limited here; a number beyond float64 is an error to both.
			if strings.Count(body, "[")+strings.Count(body, "{") < 90 {
				t.Fatalf("%q: %v, encoding/json says %v", body, err, e)
			}
			return
		}
		if err == nil && utf8.ValidString(body) && !reflect.DeepEqual(plain(v), want) {
			t.Fatalf("%q: %v, encoding/json reads %v", body, plain(v), want)
		}
	})
}

func TestErrorsSayWhere(t *testing.T) {
	for body, at := range map[string]int{"": 0, `{"a":tru}`: 5, `[1,2`: 4, `{} x`: 3} {
		_, err := Parse(body)
		if e, ok := err.(*Error); !ok || e.Offset != at {
			t.Errorf("%q: %v, wanted byte %d", body, err, at)
		}
	}
	v, rest, err := ParsePrefix(` {"a": [7]}  more`)
	if err != nil || rest != 13 || v.At != 1 || v.Get("a").At != 7 || v.Get("a").List[0].At != 8 {
		t.Errorf("%+v, rest %d, %v", v, rest, err)
	}
}

func TestInto(t *testing.T) {
	v, err := Parse(`{"s":"x","b":true,"n":7,"f":1.5,"null":null,"other":[1]}`)
	if err != nil {
		t.Fatal(err)
	}
	var s string
	var ps, missing *string
	var b bool
	var pb *bool
	var n int
	var pn, null *int
	var f float64
	var pf *float64
	for _, fields := range []map[string]any{
		{"s": &s, "b": &b, "n": &n, "f": &f, "null": &null, "missing": &missing},
		{"s": &ps, "b": &pb, "n": &pn, "f": &pf},
	} {
		if err := v.Into(fields); err != nil {
			t.Fatal(err)
		}
	}
	if s != "x" || !b || n != 7 || f != 1.5 || *ps != "x" || !*pb || *pn != 7 || *pf != 1.5 || null != nil || missing != nil {
		t.Error(s, b, n, f, ps, pb, pn, pf, null, missing)
	}
	for want, fields := range map[string]map[string]any{
		"byte 5: s is a string, wanted a number": {"s": &n},
		"byte 28: f is 1.5, wanted a whole":      {"f": &n},
		"byte 13: b is a truth value, wanted":    {"b": &s},
		"byte 52: other is a list, wanted a":     {"other": &pb},
	} {
		if err := v.Into(fields); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, wanted %s", err, want)
		}
	}
	if err := v.Get("n").Into(nil); err == nil || !strings.Contains(err.Error(), "byte 22: a number, wanted an object") {
		t.Error(err)
	}
}

func TestWholeNumbers(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "-7": -7, "9007199254740991": 1<<53 - 1, "9223372036854775807": math.MaxInt64, "1e30": math.MaxInt64, "-1e30": math.MinInt64} {
		v, _ := Parse(text)
		if n, ok := v.Whole(); !ok || n != want {
			t.Errorf("%s: %d, %v", text, n, ok)
		}
	}
	for _, text := range []string{"1.5", `"1"`, "null", "[]"} {
		v, _ := Parse(text)
		if n, ok := v.Whole(); ok || v.Int() != 0 {
			t.Errorf("%s: %d", text, n)
		}
	}
}

func FuzzAppend(f *testing.F) {
	f.Add("a\xff\x00\"\\\u2028", 1e-7)
	f.Add("", math.Inf(1))
	f.Fuzz(func(t *testing.T, s string, v float64) {
		var text string
		if err := json.Unmarshal(AppendQuoted(nil, s), &text); err != nil || text != strings.ToValidUTF8(s, "\uFFFD") && utf8.ValidString(s) {
			t.Fatalf("%q: %q, %v", s, text, err)
		}
		for _, bits := range []int{32, 64} {
			var n *float64
			if err := json.Unmarshal(AppendNumber(nil, v, bits), &n); err != nil {
				t.Fatalf("%v: %v", v, err)
			}
			if n != nil && (bits == 64 && *n != v || bits == 32 && float32(*n) != float32(v) && !math.IsInf(float64(float32(v)), 0)) {
				t.Fatalf("%v became %v", v, *n)
			}
		}
	})
}
