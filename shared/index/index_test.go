package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/shared/container"
	"parley/shared/sparse"
)

func vec(pairs ...float32) sparse.Vector {
	var v sparse.Vector
	for i := 0; i < len(pairs); i += 2 {
		v.Terms = append(v.Terms, uint32(pairs[i]))
		v.Weights = append(v.Weights, pairs[i+1])
	}
	return v
}

// random returns a vector of about n terms; low terms are the likeliest, as in text.
func random(r *rand.Rand, vocab, n int) sparse.Vector {
	weights := map[uint32]float32{}
	for range n {
		weights[uint32(float64(vocab)*math.Pow(r.Float64(), 3))] = r.Float32() * 2.7
	}
	var v sparse.Vector
	for t := range weights {
		v.Terms = append(v.Terms, t)
	}
	slices.Sort(v.Terms)
	for _, t := range v.Terms {
		v.Weights = append(v.Weights, max(weights[t], 1e-6))
	}
	return v
}

func file(t testing.TB, vocab int, docs ...sparse.Vector) []byte {
	t.Helper()
	return fileOf(t, vocab, docs, nil)
}

// fileOf returns the file of documents and their texts, if there are any.
func fileOf(t testing.TB, vocab int, docs []sparse.Vector, texts []string) []byte {
	t.Helper()
	b := NewBuilder(vocab)
	for _, d := range docs {
		if err := b.Add(d); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range texts {
		b.AddWords("", text)
	}
	var buf bytes.Buffer
	n, err := b.WriteTo(&buf)
	if err != nil || n != int64(buf.Len()) {
		t.Fatalf("WriteTo = %d, %v; wrote %d bytes", n, err, buf.Len())
	}
	return buf.Bytes()
}

func open(t testing.TB, vocab int, docs ...sparse.Vector) *Index {
	t.Helper()
	return openOf(t, vocab, docs, nil)
}

func openOf(t testing.TB, vocab int, docs []sparse.Vector, texts []string) *Index {
	t.Helper()
	x, err := Open(fileOf(t, vocab, docs, texts))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// goldenDocs are four documents over nine terms, the third one empty. The CRCs in
// golden were computed bit by bit from the polynomial, not by this package.
var goldenDocs = []sparse.Vector{vec(1, 2, 4, .5), vec(4, 1), vec(), vec(1, .004, 4, .25, 8, 1.5)}

const golden = `
	5041524c45594958         magic "PARLEYIX"
	01000000                 version 1
	04000000                 4 documents
	09000000                 vocabulary of 9
	03000000                 3 lists
	0500000000000000         5 postings
	faffffff                 exponent -6: the step is 1/64
	0600000000000000 86cef57c  lists: 6 bytes, CRC-32C
	0500000000000000 b61d8045  documents: 5 bytes, CRC-32C
	0500000000000000 d8559365  impacts: 5 bytes, CRC-32C
	11d66851                 CRC-32C of the header
	                         lists
	01 00                    term 0+1, 1 posting
	02 02                    term 2+2 = 4, 3 postings
	03 00                    term 5+3 = 8, 1 posting
	                         documents
	00                       term 1: document 0 (in document 3, .004 rounds to an impact of 0)
	00 00 01                 term 4: documents 0, 1, 2+1 = 3
	03                       term 8: document 3
	                         impacts
	80                       term 1: 2 = 128/64
	20 40 10                 term 4: 1/2, 1, 1/4
	60                       term 8: 3/2
`

// unhex reads the columns of hex digits of a commented dump: a comment follows
// two spaces at least.
func unhex(t testing.TB, dump string) []byte {
	var digits strings.Builder
	for line := range strings.Lines(dump) {
		line = strings.TrimSpace(line)
		for f := range strings.FieldsSeq(line) {
			if _, err := hex.DecodeString(f); err != nil {
				break
			}
			digits.WriteString(f)
		}
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFileIsByteForByteAsLaidOut(t *testing.T) {
	want := unhex(t, golden)
	got := file(t, 9, goldenDocs...)
	if !bytes.Equal(got, want) {
		t.Errorf("the file is\n%swant\n%s", hex.Dump(got), hex.Dump(want))
	}
	x, err := Open(want)
	if err != nil {
		t.Fatal(err)
	}
	if x.Docs() != 4 || x.Vocab() != 9 || x.Postings() != 5 || x.Step() != 1./64 {
		t.Errorf("Docs %d, Vocab %d, Postings %d, Step %v", x.Docs(), x.Vocab(), x.Postings(), x.Step())
	}
	for term, want := range []int{0, 1, 0, 0, 3, 0, 0, 0, 1, 0} {
		if got := x.DF(uint32(term)); got != want {
			t.Errorf("DF(%d) = %d, want %d", term, got, want)
		}
	}
	hits, cost := x.NewSearcher().Search(vec(1, 1, 4, 2), 9)
	// 2 + 2x.5, 2x1, 2x.25
	if want := []Hit{{0, 3}, {1, 2}, {3, .5}}; !slices.Equal(hits, want) {
		t.Errorf("hits %v, want %v", hits, want)
	}
	if want := (Cost{Lists: 2, Postings: 4}); cost != want {
		t.Errorf("cost %v, want %v", cost, want)
	}
}

// reference scores every document from the definition: all weights rounded as
// the index rounds them, summed in uint64, sorted whole. docs hold words' weights, too
// (withWords).
func reference(x *Index, docs []sparse.Vector, q sparse.Vector, k int) []Hit {
	parts, exponent := x.plan(nil, q)
	weight := map[uint32]uint64{}
	for _, p := range parts {
		weight[p.term] += uint64(p.weight)
	}
	step := func(term uint32) float64 {
		if term < x.vocab {
			return float64(x.Step())
		}
		return math.Ldexp(1, x.wordExponent)
	}
	type scored struct {
		doc   uint32
		score uint64
	}
	var all []scored
	for d, v := range docs {
		var sum uint64
		for i, t := range v.Terms {
			sum += weight[t] * uint64(math.Floor(float64(v.Weights[i])/step(t)+.5))
		}
		if sum > 0 {
			all = append(all, scored{uint32(d), sum})
		}
	}
	slices.SortFunc(all, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.doc, b.doc))
	})
	var hits []Hit
	for _, s := range all[:min(max(k, 0), len(all))] {
		hits = append(hits, Hit{s.doc, float32(math.Ldexp(float64(s.score), exponent+x.unit))})
	}
	return hits
}

func TestSearchIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 2, 50, 700} {
		var docs []sparse.Vector
		for range n {
			d := random(r, 400, r.IntN(60))
			if r.IntN(4) == 0 { // coarse weights, for ties
				for i := range d.Weights {
					d.Weights[i] = 1
				}
			}
			docs = append(docs, d)
		}
		x := open(t, 400, docs...)
		s := x.NewSearcher()
		for _, k := range []int{-1, 0, 1, 10, 100, n, 10 * n} {
			for range 20 {
				q := random(r, 450, r.IntN(60))
				got, cost := s.Search(q, k)
				if want := reference(x, docs, q, k); !slices.Equal(got, want) {
					t.Fatalf("%d documents, k = %d: hits %v, want %v", n, k, got, want)
				}
				scoresAreThoseOfSearch(t, s, q)
				postings := 0
				for _, term := range q.Terms {
					postings += x.DF(term)
				}
				if k > 0 && cost.Postings > postings {
					t.Fatalf("%d postings touched of %d", cost.Postings, postings)
				}
			}
		}
	}
}

// scoresAreThoseOfSearch scores every document separately, the last one first.
func scoresAreThoseOfSearch(t *testing.T, s *Searcher, q sparse.Vector) {
	t.Helper()
	n := s.x.Docs()
	want := make([]float32, n)
	hits, _ := s.Search(q, n)
	for _, h := range hits {
		want[h.Doc] = h.Score
	}
	var docs []uint32
	for d := range n {
		docs = append(docs, uint32(n-1-d))
	}
	got := make([]float32, n)
	s.Scores(got, q, docs)
	most := s.x.Most(q)
	slices.Reverse(got)
	if !slices.Equal(got, want) {
		t.Fatalf("scores %v, want %v", got, want)
	}
	if len(hits) > 0 && !(most >= hits[0].Score) {
		t.Fatalf("the most is %v, the best hit has %v", most, hits[0].Score)
	}
}

// More documents than one block holds, some blocks empty, documents at the
// blocks' edges.
func TestSearchOverManyBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	docs := make([]sparse.Vector, 5*blockSize+3)
	for _, d := range []int{0, 1, blockSize - 1, blockSize, 4*blockSize - 1, 5 * blockSize, 5*blockSize + 2} {
		docs[d] = random(r, 40, 30)
	}
	for range 500 {
		d := r.IntN(2 * blockSize)
		docs[d] = random(r, 40, 30)
	}
	x := open(t, 40, docs...)
	s := x.NewSearcher()
	for _, k := range []int{1, 20, 1000} {
		q := random(r, 40, 20)
		got, _ := s.Search(q, k)
		if want := reference(x, docs, q, k); !slices.Equal(got, want) {
			t.Errorf("k = %d: hits %v, want %v", k, got, want)
		}
		scoresAreThoseOfSearch(t, s, q)
		for _, h := range got {
			if sum := total(x.Explain(q, h.Doc)); sum != h.Score {
				t.Errorf("document %d: matches sum to %v, the hit's score is %v", h.Doc, sum, h.Score)
			}
		}
	}
}

func total(matches []Match) float32 {
	var sum float32
	for _, m := range matches {
		sum += m.Score
	}
	return sum
}

func TestExplainSumsToTheScore(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var docs []sparse.Vector
	for range 300 {
		docs = append(docs, random(r, 400, 50))
	}
	x := open(t, 400, docs...)
	s := x.NewSearcher()
	for range 50 {
		q := random(r, 400, 40)
		hits, _ := s.Search(q, 300)
		for _, h := range hits {
			matches := x.Explain(q, h.Doc)
			r.Shuffle(len(matches), func(i, j int) { matches[i], matches[j] = matches[j], matches[i] })
			if sum := total(matches); sum != h.Score {
				t.Fatalf("document %d: matches sum to %v, the hit's score is %v", h.Doc, sum, h.Score)
			}
			for _, m := range matches {
				if m.Query*m.Doc != m.Score || m.Score <= 0 {
					t.Fatalf("match %+v: the score is not the product", m)
				}
			}
		}
	}
	if m := x.Explain(vec(3, 1), 1<<31); len(m) > 0 {
		t.Errorf("a document that is not there matches: %v", m)
	}
}

func TestScoreIsNearTheDotProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var docs []sparse.Vector
	for range 300 {
		docs = append(docs, random(r, 400, 50))
	}
	x := open(t, 400, docs...)
	s := x.NewSearcher()
	for _, scale := range []float32{1e-6, 1, 1e6} {
		q := random(r, 400, 40)
		for i := range q.Weights {
			q.Weights[i] *= scale
		}
		hits, _ := s.Search(q, 300)
		if len(hits) == 0 {
			t.Fatal("no hits")
		}
		for _, h := range hits {
			want := q.Dot(docs[h.Doc])
			// Half a step a term, and rounding of the query.
			if off := math.Abs(float64(h.Score - want)); off > float64(scale)*2.7*40*float64(x.Step())/2 {
				t.Errorf("scale %v, document %d: score %v, dot product %v", scale, h.Doc, h.Score, want)
			}
		}
	}
}

func TestOddQueries(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := open(t, 9, goldenDocs...)
	s := x.NewSearcher()
	for _, c := range []struct {
		name string
		q    sparse.Vector
		want []uint32
	}{
		{"empty", sparse.Vector{}, nil},
		{"outside the vocabulary", vec(9, 1, 1e9, 1), nil},
		{"no such posting", vec(0, 1), nil},
		{"no positive weight", vec(1, 0, 2, nan, 4, -1, 8, -inf), nil},
		{"infinite weight", vec(1, 1, 8, inf), []uint32{3}}, // beside which 1 is nothing,
		{"largest weight", vec(1, 1, 8, math.MaxFloat32), []uint32{3}},
		{"smallest weight", vec(1, math.SmallestNonzeroFloat32), nil},
		{"more terms than weights", sparse.Vector{Terms: []uint32{8, 4}, Weights: []float32{1}}, []uint32{3}},
		{"terms in no order, twice", sparse.Vector{Terms: []uint32{8, 4, 8}, Weights: []float32{1, 1, 1}}, []uint32{3, 1, 0}},
	} {
		hits, _ := s.Search(c.q, 10)
		var got []uint32
		for _, h := range hits {
			got = append(got, h.Doc)
			if sum := total(x.Explain(c.q, h.Doc)); sum != h.Score || math.IsInf(float64(sum), 0) {
				t.Errorf("%s: document %d: score %v, matches sum to %v", c.name, h.Doc, h.Score, sum)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", c.name, got, c.want)
		}
	}
}

// The documents of an index, read back, make the same index again.
func TestVectorsMakeTheSameFile(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for round := range 30 {
		b := NewBuilder(50)
		for range r.IntN(40) {
			v := sparse.Vector{}
			for term := range uint32(50) {
				if r.IntN(4) == 0 {
					v.Terms, v.Weights = append(v.Terms, term), append(v.Weights, float32(math.Exp(4*r.Float64())))
				}
			}
			if err := b.Add(v); err != nil {
				t.Fatal(err)
			}
		}
		var want, got bytes.Buffer
		if _, err := b.WriteTo(&want); err != nil {
			t.Fatal(err)
		}
		x, err := Open(want.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		again := NewBuilder(50)
		for _, v := range x.Vectors() {
			if err := again.Add(v); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := again.WriteTo(&got); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("round %d: another file (%v)", round, err)
		}
	}
}

func TestIndexOfNothing(t *testing.T) {
	for vocab, docs := range map[int][]sparse.Vector{0: nil, 10: nil, 1: {vec()}, 2: {vec(), vec()}} {
		x := open(t, vocab, docs...)
		if hits, cost := x.NewSearcher().Search(vec(0, 1, 1, 1), 10); len(hits) > 0 || cost != (Cost{}) {
			t.Errorf("%d empty documents: hits %v, cost %v", len(docs), hits, cost)
		}
		if x.Docs() != len(docs) || x.Vocab() != vocab || x.Postings() != 0 || x.DF(0) != 0 {
			t.Errorf("Docs %d, Vocab %d, Postings %d, DF %d", x.Docs(), x.Vocab(), x.Postings(), x.DF(0))
		}
	}
}

func TestImpactsSpanEightBits(t *testing.T) {
	for _, most := range []float32{1e-12, 1e-3, .99, 1, 2.76, 127.6, 255, 256, 1 << 32} {
		x := open(t, 2, vec(0, most, 1, most/2))
		if top := x.impact[0]; top < 128 {
			t.Errorf("the largest weight %v has the impact %d: want 128 to 255", most, top)
		}
		if got := float32(x.impact[0]) * x.Step(); math.Abs(float64(got-most)) > float64(x.Step())/2 {
			t.Errorf("the weight %v is stored as %v", most, got)
		}
	}
}

func TestAddRefusesWhatIsNoVector(t *testing.T) {
	b := NewBuilder(9)
	for _, v := range []sparse.Vector{vec(9, 1), vec(3, 1, 3, 1), vec(3, 0), vec(3, float32(math.Inf(1))), vec(3, 1<<33), {Terms: []uint32{1}}} {
		if err := b.Add(v); err == nil || !strings.Contains(err.Error(), "document 0: ") {
			t.Errorf("Add(%v) = %v, want an error that names document 0", v, err)
		}
	}
	var buf bytes.Buffer
	if _, err := b.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	if x, err := Open(buf.Bytes()); err != nil || x.Docs() != 0 {
		t.Errorf("after refusals: %v, %v", x, err)
	}
}

func TestBytesDependOnTheDocumentsAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	var docs []sparse.Vector
	for range 100 {
		docs = append(docs, random(r, 400, 50))
	}
	first := file(t, 400, docs...)
	b := NewBuilder(400)
	own := sparse.Vector{}
	for _, d := range docs { // the caller's memory is reused
		own.Terms = append(own.Terms[:0], d.Terms...)
		own.Weights = append(own.Weights[:0], d.Weights...)
		if err := b.Add(own); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		var buf bytes.Buffer
		if _, err := b.WriteTo(&buf); err != nil || !bytes.Equal(first, buf.Bytes()) {
			t.Fatalf("other bytes (%v)", err)
		}
	}
}

type brokenWriter int

func (w *brokenWriter) Write(p []byte) (int, error) {
	n := min(len(p), int(*w))
	*w -= brokenWriter(n)
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func TestWriteErrorsAreReturned(t *testing.T) {
	b := NewBuilder(9)
	for _, d := range goldenDocs {
		b.Add(d)
	}
	for room := range len(unhex(t, golden)) {
		w := brokenWriter(room)
		if _, err := b.WriteTo(&w); !errors.Is(err, io.ErrShortWrite) {
			t.Fatalf("room for %d bytes: error %v", room, err)
		}
	}
}

// small is an index small enough to damage at every byte.
func small(t testing.TB) []byte {
	r := rand.New(rand.NewPCG(15, 16))
	var docs []sparse.Vector
	for range 200 {
		docs = append(docs, random(r, 40, 10))
	}
	return file(t, 40, docs...)
}

func refuse(t *testing.T, data []byte, what string, at int) {
	t.Helper()
	var fe *container.FormatError
	if _, err := Open(data); !errors.As(err, &fe) {
		t.Fatalf("%s at %d: error %v, want a *container.FormatError", what, at, err)
	}
	if fe.Section == "" || fe.Msg == "" || fe.Offset < 0 || fe.Offset > int64(len(data)) {
		t.Fatalf("%s at %d: %+v", what, at, fe)
	}
}

func TestDamageIsRefused(t *testing.T) {
	data := small(t)
	for n := range data {
		refuse(t, data[:n], "cut", n)
	}
	refuse(t, append(slices.Clone(data), 0), "a byte too many", len(data))
	for i := range data {
		for bit := range 8 {
			data[i] ^= 1 << bit
			refuse(t, data, "a flipped bit", i)
			data[i] ^= 1 << bit
		}
		for _, v := range []byte{0, 0xff, data[i] + 1} {
			if old := data[i]; v != old {
				data[i] = v
				refuse(t, data, "another byte", i)
				data[i] = old
			}
		}
	}
	if _, err := Open(data); err != nil {
		t.Fatal(err)
	}
}

// headerSize is that of a file with words.
var headerSize = int64(form.Versions[1].HeaderSize())

// seal makes a file of the header's numbers and its sections, with valid CRCs.
func seal(h header, body [sections][]byte) []byte {
	var sums []container.Sum
	for _, b := range body[:h.sections()] {
		sums = append(sums, container.SumOf(b))
	}
	data := form.Header(h.version, h.append(nil), sums...)
	for _, b := range body[:h.sections()] {
		data = append(data, b...)
	}
	return data
}

// Files whose sums are right and whose contents are nonsense.
func TestNonsenseIsRefused(t *testing.T) {
	h := header{version: 1, docs: 4, vocab: 9, lists: 2, postings: 3, exponent: -6}
	body := func(lists, documents, impacts string) [sections][]byte {
		return [sections][]byte{[]byte(lists), []byte(documents), []byte(impacts), nil}
	}
	if _, err := Open(seal(h, body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x02\x03"))); err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	with := func(f func(*header)) header { g := h; f(&g); return g }
	for _, c := range []struct {
		h       header
		body    [sections][]byte
		section string
		offset  int64
		msg     string
	}{
		{with(func(h *header) { h.exponent = maxExponent + 1 }), body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "header", 32, "exponent 26"},
		{with(func(h *header) { h.docs = 1 << 31 }), body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "header", 12, "2147483648 documents"},
		{with(func(h *header) { h.vocab = 1 << 31 }), body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "header", 12, "vocabulary of 2147483648"},
		{with(func(h *header) { h.lists = 10 }), body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "header", 20, "10 lists over a vocabulary of 9"},
		{with(func(h *header) { h.lists = 3 }), body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "header", 20, "3 lists of terms and 0 of words in 4 bytes"},
		{with(func(h *header) { h.postings = 1 << 60 }), body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "header", 24, "postings"},
		{with(func(h *header) { h.postings = 4 }), body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x02\x03\x04"), "header", 24, "4 postings in 3 bytes"},
		{h, body("\x01\x01\x07\x00", "\x00\x02\x03", "\x01\x02\x03"), "lists", 78, "term 9 is outside"},
		{h, body("\x01\x04\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "lists", 77, "in 5 documents of 4"},
		{h, body("\x01\x00\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "lists", 80, "hold 2 postings"},
		{h, body("\x01\x01\x00\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "lists", 80, "1 bytes follow"},
		{h, body("\x01\x01\x80\x00\x00", "\x00\x02\x03", "\x01\x02\x03"), "lists", 78, "no varint"},
		{h, body("\x01\x01\x00\x80", "\x00\x02\x03", "\x01\x02\x03"), "lists", 79, "no varint"},
		{h, body("\x01\x01\x00\x00", "\x00\x03\x03", "\x01\x02\x03"), "documents", 82, "document 4 of 4"},
		{h, body("\x01\x01\x00\x00", "\x00\x02\x84\x80\x04", "\x01\x02\x03"), "documents", 85, "of 4"},
		{h, body("\x01\x01\x00\x00", "\x00\x02\xff\xff\xff\xff\x1f", "\x01\x02\x03"), "documents", 82, "no varint"},
		{h, body("\x01\x01\x00\x00", "\x00\x02\x03\x00", "\x01\x02\x03"), "documents", 83, "1 bytes follow"},
		{h, body("\x01\x01\x00\x00", "\x00\x02\x03", "\x01\x00\x03"), "impacts", 84, "impact of 0"},
	} {
		_, err := Open(seal(c.h, c.body))
		var fe *container.FormatError
		if !errors.As(err, &fe) || fe.Section != c.section || fe.Offset != c.offset || !strings.Contains(fe.Msg, c.msg) {
			t.Errorf("error %v, want %s, byte %d, %q", err, c.section, c.offset, c.msg)
		}
	}
}

func TestSearchDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	var docs, queries []sparse.Vector
	for range 2000 {
		docs = append(docs, random(r, 400, 50))
	}
	for range 10 {
		queries = append(queries, random(r, 400, 60))
	}
	s := open(t, 400, docs...).NewSearcher()
	for _, q := range queries {
		s.Search(q, 100)
	}
	i, wanted, scores := 0, []uint32{1999, 5, 7}, make([]float32, 3)
	if n := testing.AllocsPerRun(100, func() {
		s.Search(queries[i%len(queries)], 100)
		s.Scores(scores, queries[i%len(queries)], wanted)
		i++
	}); n > 0 {
		t.Errorf("%v allocations a query", n)
	}
}

// use calls everything that reads an index.
func use(t *testing.T, x *Index) {
	s := x.NewSearcher()
	q := vec(0, 1, 1, 2, 2, 3, 4, 1, 1e9, 1)
	if n := x.Lists(); n > 0 {
		q = sparse.Vector{}
		for i := range min(n, 50) {
			q.Terms = append(q.Terms, x.Term(i*n/min(n, 50)))
			q.Weights = append(q.Weights, float32(i%7)+.5)
		}
	}
	before := ""
	for i := range uint32(x.Words()) {
		word := x.Word(x.vocab + i)
		if term, ok := x.Lookup([]byte(word)); !ok || term != x.vocab+i || word <= before || !utf8.ValidString(word) || x.DF(term) < 1 {
			t.Fatalf("word %d is %q, after %q; looked up: %d, %v; in %d documents", i, word, before, term, ok, x.DF(term))
		}
		before = word
	}
	hits, _ := s.Search(q, 20)
	for i, h := range hits {
		if int(h.Doc) >= x.Docs() || i > 0 && h.Score > hits[i-1].Score {
			t.Fatalf("hits %v of %d documents", hits, x.Docs())
		}
		if sum := total(x.Explain(q, h.Doc)); sum != h.Score {
			t.Fatalf("document %d: matches sum to %v, the hit's score is %v", h.Doc, sum, h.Score)
		}
	}
}

// FuzzOpen feeds Open the fuzzer's bytes, once as they are and once cut into a
// header and sections with sums that fit.
func FuzzOpen(f *testing.F) {
	f.Add(small(f), uint16(0), uint16(0), uint16(0))
	f.Add(file(f, 9, goldenDocs...), uint16(6), uint16(5), uint16(0))
	f.Add(goldenWords(f), uint16(10), uint16(11), uint16(11))
	f.Add(smallWithWords(f), uint16(0), uint16(0), uint16(0))
	f.Add(file(f, 0), uint16(0), uint16(0), uint16(0))
	f.Add(fileOf(f, 0, goldenDocs[2:3], []string{"x"}), uint16(1), uint16(1), uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, lists, documents, impacts uint16) {
		if x, err := Open(data); err == nil {
			use(t, x)
		}
		if int64(len(data)) < headerSize {
			return
		}
		version := 1 + int(data[8]&1^1) // a sound file's as it is
		h := readHeader(version, data[12:])
		var body [sections][]byte
		rest := data[form.Versions[version-1].HeaderSize():]
		for s, n := range []uint16{lists, documents, impacts} {
			n := min(int(n), len(rest))
			if s == h.sections()-1 { // of version 1
				n = len(rest)
			}
			body[s], rest = rest[:n], rest[n:]
		}
		body[wordsSection] = rest
		h.postings = uint64(len(body[impactsSection]))
		h.exponent = max(minExponent, min(maxExponent, h.exponent))
		h.wordExponent = max(minExponent, min(maxExponent, h.wordExponent))
		if x, err := Open(seal(h, body)); err == nil {
			use(t, x)
		} else if fe := (*container.FormatError)(nil); !errors.As(err, &fe) {
			t.Fatalf("error %v is no *container.FormatError", err)
		}
	})
}

// FuzzSearch feeds Search arbitrary queries: four bytes of term, four of weight.
func FuzzSearch(f *testing.F) {
	x, err := Open(small(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0x80, 0x3f}, 5)
	f.Fuzz(func(t *testing.T, raw []byte, k int) {
		var q sparse.Vector
		for ; len(raw) >= 8; raw = raw[8:] {
			q.Terms = append(q.Terms, binary.LittleEndian.Uint32(raw)%64)
			q.Weights = append(q.Weights, math.Float32frombits(binary.LittleEndian.Uint32(raw[4:])))
		}
		hits, _ := x.NewSearcher().Search(q, k)
		for i, h := range hits {
			if i > 0 && (h.Score > hits[i-1].Score || h.Score == hits[i-1].Score && h.Doc < hits[i-1].Doc) {
				t.Fatalf("hits out of order: %v", hits)
			}
			if sum := total(x.Explain(q, h.Doc)); sum != h.Score || !(sum > 0) || math.IsInf(float64(sum), 0) {
				t.Fatalf("document %d: matches sum to %v, the hit's score is %v", h.Doc, sum, h.Score)
			}
		}
	})
}
