package dense

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/shared/container"
	"parley/shared/example"
	"parley/shared/matrix"
)

// unit returns a random vector of length 1.
func unit(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return scaled(v, 1/math.Sqrt(dot(v, v)))
}

func scaled(v []float32, by float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) * by)
	}
	return out
}

func dot(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

func build(t testing.TB, space string, vectors ...[]float32) []byte {
	t.Helper()
	dim := 3
	if len(vectors) > 0 {
		dim = len(vectors[0])
	}
	b := NewBuilder(space, dim)
	for _, v := range vectors {
		if err := b.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if n, err := b.WriteTo(&out); err != nil || n != int64(out.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, out.Len(), err)
	}
	return out.Bytes()
}

func open(t testing.TB, data []byte) *Vectors {
	t.Helper()
	v, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func some(t testing.TB, n, dim int) (*Vectors, [][]float32) {
	r := rand.New(rand.NewPCG(13, 1))
	all := make([][]float32, n)
	for i := range all {
		all[i] = unit(r, dim)
	}
	return open(t, build(t, "a model", all...)), all
}

// The bytes of the example in open.go were computed by a separate program, with Python's
// math.sqrt.
func TestFileIsByteForByteAsLaidOut(t *testing.T) {
	got := build(t, "bge", []float32{1, 0, -1}, []float32{0, .5, .25})
	if want := example.Bytes(t, "open.go"); !bytes.Equal(got, want) {
		t.Errorf("got %x\nwant %x", got, want)
	}
	v := open(t, got)
	if v.Len() != 2 || v.Dim() != 3 || v.Space() != "bge" {
		t.Errorf("%d vectors of %d in %q", v.Len(), v.Dim(), v.Space())
	}
	row := make([]float32, 3)
	if v.Vector(row, 0); row[0] != -row[2] || row[1] != 0 || math.Abs(float64(row[0])-math.Sqrt2/2) > 1e-7 {
		t.Errorf("the first vector is %v", row)
	}
}

func TestCosinesAreThoseOfTheVectors(t *testing.T) {
	for dim, most := range map[int]float64{24: .01, 384: .005} {
		v, all := some(t, 500, dim)
		r := rand.New(rand.NewPCG(1, 2))
		s := v.NewSearcher()
		var worst float64
		for i := range 20 {
			q := unit(r, dim)
			if i == 0 {
				q = all[7]
			}
			for _, h := range s.Best(q, v.Len()) {
				worst = max(worst, math.Abs(float64(h.Cosine)-dot(q, all[h.Doc])))
			}
		}
		if worst > most {
			t.Errorf("of %d values: a cosine is %v off", dim, worst)
		}
	}
}

func TestBestIsInOrder(t *testing.T) {
	v, all := some(t, 300, 24)
	s := v.NewSearcher()
	for _, k := range []int{-1, 0, 1, 10, 299, 300, 1000} {
		got := slices.Clone(s.Best(all[5], k))
		if len(got) != min(max(k, 0), 300) {
			t.Fatalf("%d of %d", len(got), k)
		}
		whole := s.Best(all[5], 300)
		if !slices.Equal(got, whole[:len(got)]) || len(got) > 0 && got[0].Doc != 5 {
			t.Errorf("the best %d are no beginning of all", k)
		}
		if !slices.IsSortedFunc(whole, func(a, b Hit) int {
			if a.Cosine != b.Cosine {
				return int(Order(b.Cosine)>>1) - int(Order(a.Cosine)>>1)
			}
			return int(a.Doc) - int(b.Doc)
		}) {
			t.Error("not in order")
		}
	}
	// Equal vectors: the lower number first, and the last place goes to the lowest.
	a, b := []float32{1, 0, 0}, []float32{0, 1, 0}
	s = open(t, build(t, "x", b, a, b, a, a)).NewSearcher()
	for k, want := range [][]uint32{{}, {1}, {1, 3}, {1, 3, 4}, {1, 3, 4, 0}} {
		got := []uint32{}
		for _, h := range s.Best(a, k) {
			got = append(got, h.Doc)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the best %d are %v, want %v", k, got, want)
		}
	}
}

func TestCosinesOfSomeAreThoseOfAll(t *testing.T) {
	v, _ := some(t, 300, 40)
	q := unit(rand.New(rand.NewPCG(3, 3)), 40)
	s := v.NewSearcher()
	want := make([]float32, 300)
	for _, h := range s.Best(q, 300) {
		want[h.Doc] = h.Cosine
	}
	for _, n := range []int{0, 1, 63, 64, 65, 200} {
		var docs []uint32
		for i := range n {
			docs = append(docs, uint32(i*7%300))
		}
		for i, c := range s.Cosines(q, docs) {
			if c != want[docs[i]] {
				t.Errorf("passage %d of %d: %v, of all %v", docs[i], n, c, want[docs[i]])
			}
		}
	}
}

func TestEveryPathGivesTheSameBits(t *testing.T) {
	was := matrix.Current()
	defer matrix.Use(was)
	var want []Hit
	for _, path := range matrix.Paths() {
		if err := matrix.Use(path); err != nil {
			t.Fatal(err)
		}
		v, all := some(t, 130, 100)
		got := v.NewSearcher().Best(all[9], 130)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s gives other cosines than %s", path, matrix.Paths()[0])
		}
	}
}

// Vectors that were read and added again give the same file, so a growing collection keeps
// its vectors.
func TestVectorsReadAndAddedAgainAreTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	b := NewBuilder("m", 50)
	for range 200 {
		if err := b.Add(scaled(unit(r, 50), math.Exp(20*r.NormFloat64()))); err != nil {
			t.Fatal(err)
		}
	}
	var first, second bytes.Buffer
	b.WriteTo(&first)
	v := open(t, first.Bytes())
	b = NewBuilder(v.Space(), v.Dim())
	row := make([]float32, v.Dim())
	for i := range v.Len() {
		if v.Vector(row, i); math.Abs(dot(row, row)-1) > 1e-5 {
			t.Errorf("vector %d has the length %v squared", i, dot(row, row))
		}
		if err := b.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	if b.WriteTo(&second); !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("another file")
	}
}

func TestAnEmptyCollection(t *testing.T) {
	v := open(t, build(t, "m"))
	s := v.NewSearcher()
	if got := s.Best(make([]float32, 3), 5); v.Len() != 0 || len(got) != 0 || len(s.Cosines(make([]float32, 3), nil)) != 0 {
		t.Errorf("%d vectors, found %v", v.Len(), got)
	}
}

func TestVectorsThatAreNone(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	b := NewBuilder("m", 3)
	for says, v := range map[string][]float32{
		"of 2 values": {1, 2}, "of 0 values": nil, "no direction": {0, 0, 0}, "is no number": {1, nan, 0}, "no number": {1, 2, -inf},
	} {
		if err := b.Add(v); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "passage 0") {
			t.Errorf("%v: %v, wanted %q", v, err, says)
		}
	}
	if err := b.Add([]float32{1e-45, 0, -3e38}); err != nil || b.Len() != 1 {
		t.Errorf("a vector of odd length: %v; %d were added", err, b.Len())
	}
	for says, b := range map[string]*Builder{
		`called ""`: NewBuilder("", 3), "called": NewBuilder(strings.Repeat("x", 256), 3), "UTF-8": NewBuilder("\xff", 3),
		"of 0 values": NewBuilder("m", 0), "of 65537 values": NewBuilder("m", 65537),
	} {
		if _, err := b.WriteTo(new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
	}
}

// sound corrects the CRCs of a changed file, so that the checks behind them are reached.
func sound(data []byte) []byte {
	size := form.Versions[0].HeaderSize()
	if later := form.Versions[1].HeaderSize(); len(data) >= later && data[8] == 2 {
		size = later
	}
	binary.LittleEndian.PutUint32(data[24:], container.CRC(data[size:]))
	binary.LittleEndian.PutUint32(data[size-4:], container.CRC(data[:size-4]))
	return data
}

func TestFilesThatAreRefused(t *testing.T) {
	good := build(t, "bge", []float32{1, 0, -1}, []float32{0, .5, .25})
	with := func(at int, b ...byte) []byte {
		data := bytes.Clone(good)
		copy(data[at:], b)
		return sound(data)
	}
	for _, c := range []struct {
		what, section string
		offset        int64
		data          []byte
	}{
		{"nothing", "header", 0, nil},
		{"another magic", "header", 0, with(0, 'x')},
		{"a part of the magic", "header", 7, good[:7]},
		{"a part of the header", "header", 31, good[:31]},
		{"another version", "header", 8, with(8, 3)},
		{"too many passages", "header", 12, with(12, 0, 0, 0, 0x80)},
		{"no dimension", "header", 16, with(16, 0)},
		{"a huge dimension", "header", 16, with(16, 1, 0, 1)},
		{"no name", "header", 20, with(20, 0)},
		{"a long name", "header", 20, with(20, 0, 1)},
		{"a header of another's", "header", 28, func() []byte { b := with(12, 3); b[28]++; return b }()},
		{"three passages", "header", int64(len(good)), with(12, 3)},
		{"a fourth value", "header", int64(len(good)), with(16, 4)},
		{"the most that the header can say", "header", int64(len(good)), with(12, 0xff, 0xff, 0xff, 0x7f, 0, 0, 1)},
		{"truncated", "header", int64(len(good) - 1), good[:len(good)-1]},
		{"a byte more", "header", int64(len(good) + 1), append(bytes.Clone(good), 0)},
		{"a damaged body", "space", 32, func() []byte { b := bytes.Clone(good); b[45]++; return b }()},
		{"a name of other bytes", "space", 32, with(32, 0xff)},
		{"another scale", "scales", 39, with(39, 0)},
		{"NaN as a scale", "scales", 35, with(35, 0xff, 0xff, 0xff, 0xff)},
		{"another value", "scales", 39, with(47, 1)},
		{"a vector of zeros", "scales", 35, with(43, 0, 0, 0)},
		{"a value of -128", "vectors", 46, with(39, append(binary.LittleEndian.AppendUint32(nil, math.Float32bits(scaleOf([]int8{0, -128, 64}))), 127, 0, 129, 0, 128, 64)...)},
	} {
		_, err := Open(c.data)
		var wrong *container.FormatError
		if !errors.As(err, &wrong) || wrong.Section != c.section || wrong.Offset != c.offset {
			t.Errorf("%s: %v; wanted %s, byte %d", c.what, err, c.section, c.offset)
		}
	}
	for i := range good {
		for bit := range 8 {
			data := bytes.Clone(good)
			data[i] ^= 1 << bit
			if _, err := Open(data); err == nil {
				t.Errorf("byte %d, bit %d may be damaged", i, bit)
			}
		}
		if _, err := Open(good[:i]); err == nil {
			t.Errorf("opened %d bytes of %d", i, len(good))
		}
	}
}

// printed returns a file of one vector, by a model of that fingerprint.
func printed(t testing.TB, space, fingerprint string) []byte {
	t.Helper()
	b := NewBuilder(space, 3)
	b.Fingerprint = fingerprint
	var out bytes.Buffer
	err := b.Add([]float32{1, 2, 3})
	if err == nil {
		_, err = b.WriteTo(&out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Vectors know which model they are of by more than its name, unless they are older.
func TestTheModelIsKnownByItsFingerprint(t *testing.T) {
	good := printed(t, "bge", "7-00c0ffee")
	one, older := open(t, good), open(t, printed(t, "bge", ""))
	if one.Space() != "bge" || one.Fingerprint() != "7-00c0ffee" || one.Len() != 1 || older.Fingerprint() != "" {
		t.Errorf("%q, %q, %d", one.Space(), one.Fingerprint(), one.Len())
	}
	for _, x := range []struct {
		v                  *Vectors
		space, fingerprint string
		want               bool
	}{
		{one, "bge", "7-00c0ffee", true}, {one, "bge", "", true}, {older, "bge", "7-00c0ffee", true},
		{one, "bge", "7-00c0ffef", false}, {one, "minilm", "7-00c0ffee", false}, {older, "minilm", "", false},
	} {
		if got := x.v.MadeBy(x.space, x.fingerprint); got != x.want {
			t.Errorf("%q of %q, asked for %q of %q: %v", x.v.Fingerprint(), x.v.Space(), x.fingerprint, x.space, got)
		}
	}
	for i := range good {
		data := bytes.Clone(good)
		data[i] ^= 1
		if _, err := Open(data); err == nil {
			t.Errorf("byte %d may be damaged", i)
		}
	}
	for name, data := range map[string][]byte{"none": func() []byte { b := bytes.Clone(good); b[28] = 0; return b }(), "a long one": func() []byte { b := bytes.Clone(good); b[29] = 1; return b }()} {
		var wrong *container.FormatError
		if _, err := Open(sound(data)); !errors.As(err, &wrong) || wrong.Offset != 28 {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := NewBuilder("bge", 3)
	b.Fingerprint = strings.Repeat("x", 256)
	if _, err := b.WriteTo(new(bytes.Buffer)); err == nil {
		t.Error("a fingerprint of 256 bytes was written")
	}
}

func TestSearchingAllocatesNothing(t *testing.T) {
	v, all := some(t, 500, 64)
	s, docs := v.NewSearcher(), []uint32{3, 400, 1}
	find := func() { s.Best(all[3], 20); s.Cosines(all[4], docs) }
	find()
	if n := testing.AllocsPerRun(20, find); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A file that opens is one that Builder writes, and can be searched; any other is refused
// with a *container.FormatError.
func FuzzOpen(f *testing.F) {
	f.Add(build(f, "bge", []float32{1, 0, -1}, []float32{0, .5, .25}), true)
	f.Add(build(f, "m"), false)
	f.Add(printed(f, "m", "7-00c0ffee"), true)
	f.Add([]byte(form.Magic+"\x01\x00\x00\x00\xff\xff\xff\x7f\x00\x00\x01\x00"), true)
	f.Fuzz(func(t *testing.T, data []byte, repair bool) {
		if repair && len(data) >= form.Versions[0].HeaderSize() {
			data = sound(bytes.Clone(data))
		}
		v, err := Open(data)
		if err != nil {
			if wrong := (*container.FormatError)(nil); !errors.As(err, &wrong) || wrong.Offset < 0 || wrong.Offset > int64(len(data)) {
				t.Fatalf("%v", err)
			}
			return
		}
		b, row := NewBuilder(v.Space(), v.Dim()), make([]float32, v.Dim())
		b.Fingerprint = v.Fingerprint()
		s := v.NewSearcher()
		for i := range v.Len() {
			v.Vector(row, i)
			if err := b.Add(row); err != nil {
				t.Fatal(err)
			}
			if h := s.Best(row, 1); len(h) != 1 || !(h[0].Cosine > .9 && h[0].Cosine < 1.1) {
				t.Fatalf("vector %d: the nearest is %v", i, h)
			}
		}
		var again bytes.Buffer
		if _, err := b.WriteTo(&again); err != nil {
			t.Fatal(err)
		}
		w := open(t, again.Bytes())
		if v.rows, w.rows = nil, nil; !reflect.DeepEqual(v, w) {
			t.Fatalf("%+v, written again %+v", v, w)
		}
	})
}

// 10,033 passages of 384 values, like the built-in collection.
func BenchmarkBest(b *testing.B) {
	v, all := some(b, 10_033, 384)
	s := v.NewSearcher()
	b.ReportAllocs()
	for b.Loop() {
		s.Best(all[17], 200)
	}
}

func BenchmarkOpen(b *testing.B) {
	_, all := some(b, 10_033, 384)
	data := build(b, "m", all...)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Open(data); err != nil {
			b.Fatal(err)
		}
	}
}
