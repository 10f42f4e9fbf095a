package lenient

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestNaNIsNull(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a":NaN,"b":[Infinity,-Infinity, 1]}`, `{"a":null,"b":[null,null, 1]}`},
		{`["NaN", "a \"NaN", "b\\", NaN]`, `["NaN", "a \"NaN", "b\\", null]`},
		{"{\"a\": \"cut\n{\"a\": NaN}", "{\"a\": \"cut\n{\"a\": null}"}, // of JSON lines the first is broken
		{`[NaNs, Infinity2, -1, Nan, -Inf`, `[NaNs, Infinity2, -1, Nan, -Inf`},
		{`NaN`, `null`}, {`Na`, `Na`}, {`-`, `-`}, {``, ``},
	} {
		got, err := io.ReadAll(iotest.OneByteReader(NewReader(strings.NewReader(c.in))))
		if err != nil || string(got) != c.want {
			t.Errorf("%q: %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	long := strings.Repeat(`{"a": NaN}`+"\n", 20_000) // longer than any buffer
	got, err := io.ReadAll(NewReader(strings.NewReader(long)))
	if err != nil || string(got) != strings.ReplaceAll(long, "NaN", "null") {
		t.Errorf("%d bytes of %d, %v", len(got), len(long), err)
	}
	if _, err := io.ReadAll(NewReader(iotest.ErrReader(io.ErrNoProgress))); err != io.ErrNoProgress {
		t.Errorf("the reader's error became %v", err)
	}
}

func TestUnmarshal(t *testing.T) {
	var v struct {
		A Text
		B *float64
	}
	if err := Unmarshal([]byte(`{"a": 5, "b": NaN}`), &v); err != nil || v.A != "5" || v.B != nil {
		t.Errorf("%+v, %v", v, err)
	}
	if err := Unmarshal([]byte(`{"a": "NaN", "b": 2}`), &v); err != nil || v.A != "NaN" || *v.B != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	for _, in := range []string{`{"a": NaN`, `{"a": [1]}`, `x`, ``} {
		if Unmarshal([]byte(in), &v) == nil {
			t.Errorf("%s was taken", in)
		}
	}
}

func TestTextAndInt(t *testing.T) {
	for _, c := range []struct {
		in   string
		text Text
		n    Int
		bad  bool // as Int
	}{
		{`"7"`, "7", 7, false}, {`7`, "7", 7, false}, {`7.0`, "7", 7, false}, {`7e1`, "70", 70, false}, {`"7.0"`, "7.0", 7, false},
		{`null`, "", 0, false}, {`""`, "", 0, false}, {`-3`, "-3", -3, false},
		{`9007199254740993`, "9007199254740993", 9007199254740993, false},
		{`7.5`, "7.5", 0, true}, {`true`, "true", 0, true}, {`"null"`, "null", 0, true}, {`1e99`, "1e99", 0, true},
	} {
		var text Text
		if err := json.Unmarshal([]byte(c.in), &text); err != nil || text != c.text {
			t.Errorf("%s as text: %q, %v", c.in, text, err)
		}
		var n Int
		if err := json.Unmarshal([]byte(c.in), &n); (err != nil) != c.bad || err == nil && n != c.n {
			t.Errorf("%s as a number: %d, %v", c.in, n, err)
		}
	}
	for _, in := range []string{`[1]`, `{"a":1}`} {
		var text Text
		var n Int
		if json.Unmarshal([]byte(in), &text) == nil || json.Unmarshal([]byte(in), &n) == nil {
			t.Errorf("%s was taken", in)
		}
	}
}

// Valid JSON stays as it is, wherever the reads split it.
func FuzzReader(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2,"NaN\"",null]}`))
	f.Add([]byte(`{"a":NaN}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := io.ReadAll(NewReader(bytes.NewReader(in)))
		if err != nil {
			t.Fatal(err)
		}
		if json.Valid(in) && !bytes.Equal(got, in) {
			t.Errorf("%q became %q", in, got)
		}
		cut, _ := io.ReadAll(NewReader(iotest.OneByteReader(bytes.NewReader(in))))
		if !bytes.Equal(cut, got) {
			t.Errorf("byte by byte %q, at once %q", cut, got)
		}
	})
}
