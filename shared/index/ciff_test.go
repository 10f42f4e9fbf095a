package index

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"parley/shared/container"
	"parley/shared/sparse"
)

// goldenCIFF is goldenDocs, written by Google's protobuf: testdata/ciff.py.
const goldenCIFF = `
	1e 0801100318042003280430d0023900000000000055404206676f6c64656e
	11 0a05656967687410011860220408031060
	1a 0a04666f75721003187022021020220408011040220408021010
	0f 0a036f6e6510011880012203108001
	07 1202643018a001
	08 0801120264311840
	06 080212026432
	08 0803120264331870
`

var digits = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight"}

func always(step float32) func(string) (float32, error) {
	return func(string) (float32, error) { return step, nil }
}

func digit(name string) (uint32, bool) {
	i := slices.Index(digits, name)
	return uint32(i), i >= 0
}

func writeCIFF(t testing.TB, x *Index, term func(uint32) string) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := x.WriteCIFF(&buf, term, func(i int) string { return fmt.Sprint("d", i) }, "golden"); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestCIFFIsWhatProtobufWrites(t *testing.T) {
	want := unhex(t, goldenCIFF)
	got := writeCIFF(t, open(t, 9, goldenDocs...), func(i uint32) string { return digits[i] })
	if !bytes.Equal(got, want) {
		t.Errorf("wrote\n%x\nwant\n%x", got, want)
	}
	b, names, err := ReadCIFF(bytes.NewReader(want), 9, digit, always(1./64))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"d0", "d1", "d2", "d3"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	var buf bytes.Buffer
	if _, err := b.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	if want := file(t, 9, goldenDocs...); !bytes.Equal(buf.Bytes(), want) {
		t.Errorf("read as the index\n%x\nwant\n%x", buf.Bytes(), want)
	}
}

func TestCIFFGivesBackTheIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	name := func(i uint32) string { return fmt.Sprint(i * 7 % 1000) }
	number := func(s string) (i uint32, ok bool) {
		for i := range uint32(1000) {
			if name(i) == s {
				return i, true
			}
		}
		return 0, false
	}
	for _, n := range []int{0, 1, 300, blockSize + 5} {
		docs := make([]sparse.Vector, n)
		for range min(n, 300) {
			docs[r.IntN(n)] = random(r, 1000, 30)
		}
		first := file(t, 1000, docs...)
		x, err := Open(first)
		if err != nil {
			t.Fatal(err)
		}
		b, names, err := ReadCIFF(bytes.NewReader(writeCIFF(t, x, name)), 1000, number, always(x.Step()))
		if err != nil || len(names) != n {
			t.Fatalf("%d documents: %d names, %v", n, len(names), err)
		}
		var second bytes.Buffer
		if _, err := b.WriteTo(&second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second.Bytes()) {
			t.Errorf("%d documents: the index changed on its way through CIFF", n)
		}
	}
}

func TestCIFFRefuses(t *testing.T) {
	data := unhex(t, goldenCIFF)
	for n := range data {
		var fe *container.FormatError
		if _, _, err := ReadCIFF(bytes.NewReader(data[:n]), 9, digit, always(1)); !errors.As(err, &fe) {
			t.Fatalf("cut at %d: error %v", n, err)
		}
	}
	for _, c := range []struct{ old, new, want string }{
		{"0801 1003", "0802 1003", "CIFF header, byte 0: version 2"},
		{"1804 2003", "1805 2003", "every document must be recorded"},
		{"0a05 6569", "0a05 6669", `CIFF postings, byte 31: the term "fight" is not in the vocabulary`},
		{"0a03 6f6e65", "0a03 666f75", `the term "fou" is not`},
		{"1001 1860", "1002 1860", "has 1 postings, and the document frequency 2"},
		{"0803 1060", "0804 1060", "byte 31: posting 0: documents must increase, up to 3"},
		{"0801 1040", "0800 1040", "posting 1: documents must increase"},
		{"0803 1060", "0803 1000", "term frequency 0"},
		{"0803 1060", "0803 0860", "posting 0: documents must increase"},
		{"0a05 6569", "0a06 6569", "of the message"},
		{"0801 1202", "0802 1202", "CIFF documents, byte 100: record 1 is of document 2"},
		{"6433 1870", "6433 1b70", "wire type 3"},
	} {
		hex := strings.ReplaceAll(goldenCIFF, " ", "")
		old, new := strings.ReplaceAll(c.old, " ", ""), strings.ReplaceAll(c.new, " ", "")
		if strings.Count(hex, old) != 1 {
			t.Fatalf("%s is in the file %d times", c.old, strings.Count(hex, old))
		}
		_, _, err := ReadCIFF(bytes.NewReader(unhex(t, strings.Replace(hex, old, new, 1))), 9, digit, always(1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: error %v, want %q", c.new, c.old, err, c.want)
		}
	}
	if _, _, err := ReadCIFF(bytes.NewReader(append(data, 0)), 9, digit, always(1)); err == nil {
		t.Error("a byte too many is accepted")
	}
	if _, _, err := ReadCIFF(io.MultiReader(bytes.NewReader(data[:40]), brokenReader{}), 9, digit, always(1)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a broken reader: error %v", err)
	}
	same := func(uint32) string { return "same" }
	if err := open(t, 9, goldenDocs...).WriteCIFF(io.Discard, same, func(int) string { return "" }, ""); err == nil {
		t.Error("terms of the same name are written")
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

func FuzzReadCIFF(f *testing.F) {
	f.Add(unhex(f, goldenCIFF), float32(1./64))
	f.Fuzz(func(t *testing.T, data []byte, step float32) {
		b, names, err := ReadCIFF(bytes.NewReader(data), 9, digit, always(step))
		if err != nil {
			return
		}
		var buf bytes.Buffer
		if _, err := b.WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		x, err := Open(buf.Bytes())
		if err != nil || x.Docs() != len(names) {
			t.Fatalf("%d names, %v", len(names), err)
		}
		use(t, x)
	})
}
