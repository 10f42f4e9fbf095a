package lines

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func all(t *testing.T, data string) ([]string, []int, error) {
	t.Helper()
	r, err := NewReader(strings.NewReader(data), "f")
	if err != nil {
		return nil, nil, err
	}
	var text []string
	var numbers []int
	for n, b := range r.All() {
		text = append(text, string(b))
		numbers = append(numbers, n)
	}
	return text, numbers, r.Err()
}

func gzipped(s string) string {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	io.WriteString(w, s)
	w.Close()
	return buf.String()
}

func TestLineEndsBlankLinesAndGzip(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	const bom = "\ufeff"
	data := bom + "a\r\n\n  b \n" + long + "\nlast"
	want := []string{"a", "  b ", long, "last"}
	for name, d := range map[string]string{"plain": data, "gzip": gzipped(data)} {
		got, numbers, err := all(t, d)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d lines, %v", name, len(got), err)
		}
		if !slices.Equal(numbers, []int{1, 3, 4, 5}) {
			t.Errorf("%s: numbers %v", name, numbers)
		}
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	r, err := NewReader(strings.NewReader("one\n\nthree\n"), "some.txt")
	if err != nil {
		t.Fatal(err)
	}
	for n := range r.All() {
		if n == 3 {
			err = r.Errorf("no good: %w", io.ErrNoProgress)
		}
	}
	if want := "some.txt:3: no good: " + io.ErrNoProgress.Error(); err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if !errors.Is(err, io.ErrNoProgress) {
		t.Error("the cause is lost")
	}
}

func TestTruncatedGzipIsAnErrorAndKeepsNoHalfLine(t *testing.T) {
	whole := gzipped(strings.Repeat("some line of text\n", 1000))
	got, _, err := all(t, whole[:len(whole)-9])
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want unexpected EOF", err)
	}
	for i, l := range got {
		if l != "some line of text" {
			t.Fatalf("line %d: %q", i+1, l)
		}
	}
	if _, _, err := all(t, whole[:5]); err == nil {
		t.Error("a gzip file of five bytes gave no error")
	}
}

func TestEndlessLineIsRefused(t *testing.T) {
	r, err := NewReader(io.LimitReader(zeros{}, 2*MaxLine), "f")
	if err != nil {
		t.Fatal(err)
	}
	for range r.All() {
		t.Fatal("got a line")
	}
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "f:1: line is longer than 64 MiB") {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// UTF-16 would look like lines of NULs, so it is refused, with the file's name.
func TestWideEncodingsAreRefusedByName(t *testing.T) {
	units := func(text string, size int, big bool) string {
		var b []byte
		for _, r := range text {
			unit := make([]byte, size)
			for i := range unit {
				at := i
				if big {
					at = size - 1 - i
				}
				unit[at] = byte(r >> (8 * i))
			}
			b = append(b, unit...)
		}
		return string(b)
	}
	const text = "who built it?\t1\nwann — später\t2\n"
	for _, c := range []struct {
		encoding string
		size     int
		big      bool
	}{{"UTF-16LE", 2, false}, {"UTF-16BE", 2, true}, {"UTF-32LE", 4, false}, {"UTF-32BE", 4, true}} {
		for _, mark := range []string{"", "\ufeff"} {
			for _, data := range []string{units(mark+text, c.size, c.big), gzipped(units(mark+text, c.size, c.big))} {
				_, _, err := all(t, data)
				if err == nil || !strings.Contains(err.Error(), "f: this is "+c.encoding+";") {
					t.Errorf("%s, mark %q: %v", c.encoding, mark, err)
				}
			}
		}
	}
	for _, data := range []string{"", "a", "ab\n", "a\x00b\n", "a\x00\x00\x00\x00\x00b and more of it\n", "\ufeffwho\n", "später\n"} {
		if _, _, err := all(t, data); err != nil {
			t.Errorf("%q: %v", data, err)
		}
	}
}
