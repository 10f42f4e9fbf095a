package trec

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"parley/shared/lines"
)

func reader(t testing.TB, text string) *lines.Reader {
	r, err := lines.NewReader(strings.NewReader(text), "f")
	if err != nil {
		t.Skip(err)
	}
	return r
}

func TestRunSurvivesARoundTrip(t *testing.T) {
	run := Run{
		"q2": {{Doc: "a", Score: 1.5}, {Doc: "b", Score: 1.5}, {Doc: "c", Score: 1e-30}},
		"q1": {{Doc: "x<::>1", Score: -.1}},
	}
	var buf bytes.Buffer
	if err := WriteRun(&buf, run, "parley"); err != nil {
		t.Fatal(err)
	}
	want := "q1 Q0 x<::>1 1 -0.1 parley\n" +
		"q2 Q0 b 1 1.5 parley\nq2 Q0 a 2 1.5 parley\nq2 Q0 c 3 1e-30 parley\n"
	if buf.String() != want {
		t.Errorf("wrote\n%swant\n%s", buf.String(), want)
	}
	got, err := ReadRun(reader(t, buf.String()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, run) { // WriteRun ranked run's hits
		t.Errorf("read %v, want %v", got, run)
	}
}

func TestRunThatTheFormatCannotHoldIsRefused(t *testing.T) {
	for _, c := range []struct{ query, doc, tag string }{
		{"a b", "d", "t"}, {"q", "d\te", "t"}, {"q", "", "t"}, {"q", "d", "my tag"}, {"\u0085", "d", "t"},
	} {
		err := WriteRun(&bytes.Buffer{}, Run{c.query: {{Doc: c.doc}}}, c.tag)
		if err == nil {
			t.Errorf("%q was written", c)
		}
	}
}

func TestBadLinesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"q Q0 d 1 2 t\nq Q0 d 1 2":       "f:2: 5 fields, want 6",
		"q Q0 d 1 two t":                 `f:1: score "two" is not a finite number`,
		"q Q0 d 1 NaN t":                 "f:1: score",
		"q Q0 d 1 1e999 t":               "f:1: score",
		"q Q0 d 1 2 t\n\nq Q0 d 2 1.5 t": `f:3: query "q" has document "d" twice`,
	} {
		if _, err := ReadRun(reader(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"q 0 d":            "f:1: 3 fields, want 4",
		"q 0 d 1.5":        `f:1: grade "1.5" is not a whole number`,
		"q 0 d 1\nq 0 d 0": `f:2: query "q" judges document "d" twice`,
	} {
		if _, err := ReadQrels(reader(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func TestQrels(t *testing.T) {
	got, err := ReadQrels(reader(t, "q 0 d 1\r\nq\t0\te -1\np 0 d 0\n"))
	want := Qrels{"q": {"d": 1, "e": -1}, "p": {"d": 0}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

// Every run that can be read can be written, and reads back the same.
func FuzzRun(f *testing.F) {
	f.Add("q Q0 d 1 2.5 t\nq Q0 e 2 1 t\n")
	f.Add("q Q0 d 1 -0 t\nq Q0 d 2 0x1p-2 t")
	f.Add("\ufeffq Q0 \xff 1 1e-400 t")
	f.Fuzz(func(t *testing.T, text string) {
		run, err := ReadRun(reader(t, text))
		if err != nil {
			return
		}
		var buf bytes.Buffer
		if err := WriteRun(&buf, run, "t"); err != nil {
			t.Fatal(err)
		}
		again, err := ReadRun(reader(t, buf.String()))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, run) {
			t.Errorf("%v became %v", run, again)
		}
	})
}

func FuzzQrels(f *testing.F) {
	f.Add("q 0 d 1\nq 0 e -3\n")
	f.Add("q 0 d\n\n\x1f\x8b")
	f.Fuzz(func(t *testing.T, text string) {
		qrels, err := ReadQrels(reader(t, text))
		if (qrels == nil) == (err == nil) {
			t.Errorf("%v with error %v", qrels, err)
		}
	})
}
