package index

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/shared/container"
	"parley/shared/example"
	"parley/shared/sparse"
	"parley/shared/words"
)

var goldenTexts = [][2]string{{"", "Tower, towers: tea."}, {"Team", "tea"}, {"", ""}, {"Tea", "the bridge"}}

// goldenBM25 is fixed, even if words.Default changes.
var goldenBM25 = words.BM25{K1: .9, B: .4, Title: 1}

// goldenWords is golden with words, the example in open.go. The impacts of BM25 and the
// CRCs were computed apart from this program, with Python's math.log.
func goldenWords(t testing.TB) []byte { return example.Bytes(t, "open.go") }

func goldenBuilder(t testing.TB) *Builder {
	b := NewBuilder(9)
	b.BM25 = goldenBM25
	for i, d := range goldenDocs {
		if err := b.Add(d); err != nil {
			t.Fatal(err)
		}
		b.AddWords(goldenTexts[i][0], goldenTexts[i][1])
	}
	return b
}

func written(t testing.TB, b *Builder) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := b.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("WriteTo = %d, %v; wrote %d bytes", n, err, out.Len())
	}
	return out.Bytes()
}

func TestWordsAreByteForByteAsLaidOut(t *testing.T) {
	want := goldenWords(t)
	b := goldenBuilder(t)
	for range 2 { // writing changes nothing
		if got := written(t, b); !bytes.Equal(got, want) {
			t.Fatalf("the file is\n%swant\n%s", hex.Dump(got), hex.Dump(want))
		}
	}
	for room := range want {
		w := brokenWriter(room)
		if _, err := b.WriteTo(&w); err == nil {
			t.Fatalf("room for %d bytes, and no error", room)
		}
	}
	x, err := Open(want)
	if err != nil {
		t.Fatal(err)
	}
	if x.Docs() != 4 || x.Vocab() != 9 || x.Postings() != 11 || x.Step() != 1./64 || x.Words() != 4 {
		t.Errorf("Docs %d, Vocab %d, Postings %d, Step %v, Words %d", x.Docs(), x.Vocab(), x.Postings(), x.Step(), x.Words())
	}
	for i, word := range []string{"", "bridg", "tea", "team", "tower", ""} {
		term := uint32(8 + i)
		if got := x.Word(term); got != word {
			t.Errorf("term %d is the word %q, want %q", term, got, word)
		}
		if got, ok := x.Lookup([]byte(word)); ok != (word != "") || ok && got != term {
			t.Errorf("Lookup(%q) = %d, %v", word, got, ok)
		}
	}
	for term, want := range map[uint32]int{4: 3, 9: 1, 10: 3, 12: 1, 13: 0, math.MaxUint32: 0} {
		if got := x.DF(term); got != want {
			t.Errorf("DF(%d) = %d, want %d", term, got, want)
		}
	}
	for _, word := range []string{"a", "bridge", "te", "teal", "teams", "z", strings.Repeat("t", 300)} {
		if term, ok := x.Lookup([]byte(word)); ok {
			t.Errorf("%q is said to be term %d", word, term)
		}
	}
	// Term 4 and "tea": 2 x 1/2 + 42/256, 2 x 1 + 47/256, 2 x 1/4 + 47/256.
	q := vec(4, 2, 10, 1)
	hits, cost := x.NewSearcher().Search(q, 9)
	if want := []Hit{{1, 2 + 47./256}, {0, 1 + 42./256}, {3, .5 + 47./256}}; !slices.Equal(hits, want) {
		t.Errorf("hits %v, want %v", hits, want)
	}
	if want := (Cost{Lists: 2, Postings: 6}); cost != want {
		t.Errorf("cost %v, want %v", cost, want)
	}
	if got, want := x.Explain(q, 1), []Match{{4, 2, 1, 2}, {10, 1, 47. / 256, 47. / 256}}; !slices.Equal(got, want) {
		t.Errorf("matches %v, want %v", got, want)
	}
	// The contents of an index, together with the texts, make the same file again.
	again := NewBuilder(9)
	again.BM25 = goldenBM25
	for i, v := range x.Vectors() {
		again.AddWords(goldenTexts[i][0], goldenTexts[i][1])
		if err := again.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(written(t, again), want) {
		t.Error("its vectors make another file")
	}
}

// text returns random words, few of which are frequent.
func text(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%x ", int(400*math.Pow(r.Float64(), 3))+256)
	}
	return b.String()
}

// withWords returns documents with the weights of their words, by words.Counts.
func withWords(x *Index, docs []sparse.Vector, texts []string) []sparse.Vector {
	var c words.Counts
	out := make([]sparse.Vector, len(docs))
	for i, text := range texts {
		c.Add("", text)
		out[i] = docs[i].Clone()
	}
	for i, word := range c.Words() {
		for d, w := range c.Impacts(word, words.Default) {
			out[d].Terms, out[d].Weights = append(out[d].Terms, x.vocab+uint32(i)), append(out[d].Weights, w)
		}
	}
	return out
}

// question has terms and words, some of them twice, some unknown.
func question(r *rand.Rand, x *Index, n int) sparse.Vector {
	q := random(r, int(x.vocab), n)
	for range r.IntN(6) {
		q.Terms = append(q.Terms, x.vocab+uint32(r.IntN(x.Words()+3)))
		q.Weights = append(q.Weights, 2*r.Float32())
	}
	return q
}

// Learned weights far below and far above the words': the sums are exact in both cases,
// and MaxScore finds the same documents.
func TestSearchWithWordsIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for _, scale := range []float32{1e-8, .01, 1, 1e3, 1e9} {
		for _, n := range []int{1, 2, 60, 900} {
			var docs []sparse.Vector
			var texts []string
			for range n {
				d := random(r, 400, r.IntN(60))
				for i := range d.Weights {
					d.Weights[i] *= scale
				}
				docs, texts = append(docs, d), append(texts, text(r, r.IntN(40)))
			}
			x := openOf(t, 400, docs, texts)
			all := withWords(x, docs, texts)
			s, m := x.NewSearcher(), &maxScorer{x: x}
			for range 60 {
				q, k := question(r, x, r.IntN(40)), 1+r.IntN(n+3)
				hits, _ := s.Search(q, k)
				if want := reference(x, all, q, k); !slices.Equal(hits, want) {
					t.Fatalf("scale %v, %d documents, k = %d: hits %v, want %v", scale, n, k, hits, want)
				}
				if want, _ := m.Search(q, k); !slices.Equal(hits, want) {
					t.Fatalf("scale %v, %d documents, k = %d: hits %v, by MaxScore %v", scale, n, k, hits, want)
				}
				for _, h := range hits {
					matches := x.Explain(q, h.Doc)
					r.Shuffle(len(matches), func(i, j int) { matches[i], matches[j] = matches[j], matches[i] })
					if sum := total(matches); sum != h.Score {
						t.Fatalf("scale %v, document %d: matches sum to %v, the hit's score is %v", scale, h.Doc, sum, h.Score)
					}
					for _, m := range matches {
						if float64(m.Query)*float64(m.Doc) != float64(m.Score) || m.Score <= 0 {
							t.Fatalf("match %+v: the score is not the product", m)
						}
					}
				}
			}
		}
	}
}

// A query of learned terms alone gets the same answer, to the last bit, with and without
// words in the index.
func TestWordsThatAreNotAskedForChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	var docs []sparse.Vector
	var texts []string
	for range 300 {
		docs, texts = append(docs, random(r, 400, 50)), append(texts, text(r, 30))
	}
	a, b := open(t, 400, docs...), openOf(t, 400, docs, texts)
	s, u := a.NewSearcher(), b.NewSearcher()
	for range 50 {
		q := random(r, 400, 40)
		want, cost := s.Search(q, 20)
		if got, c := u.Search(q, 20); !slices.Equal(got, want) || c != cost {
			t.Fatalf("hits %v, want %v; cost %v, want %v", got, want, c, cost)
		}
	}
}

func TestWordsThatWeighNothingLeave(t *testing.T) {
	var docs []sparse.Vector
	var texts []string
	for i := range 2000 {
		docs, texts = append(docs, vec()), append(texts, "everywhere rare"+strconv.Itoa(i))
	}
	x := openOf(t, 9, docs, texts)
	if x.Words() != 2000 || x.Postings() != 2000 {
		t.Errorf("%d words in %d postings", x.Words(), x.Postings())
	}
	if term, ok := x.Lookup([]byte("everywher")); ok {
		t.Errorf("a word of every document is term %d", term)
	}
	if hits, _ := x.NewSearcher().Search(vec(9+7, 1), 3); len(hits) != 1 {
		t.Errorf("%q is in %v", x.Word(9+7), hits)
	}

	// Parameters with which words weigh nothing, or with which the formula divides 0 by 0.
	for _, p := range []words.BM25{{K1: math.Inf(1), B: 1}, {K1: 0, Title: 0}} {
		b := NewBuilder(9)
		b.BM25 = p
		b.Add(vec(1, 1))
		b.AddWords("title", "")
		if x, err := Open(written(t, b)); err != nil || x.Words() != 0 {
			t.Errorf("%+v: %d words, %v", p, x.Words(), err)
		}
	}
}

func TestWordsBelongToDocuments(t *testing.T) {
	b := NewBuilder(9)
	b.Add(vec())
	b.AddWords("", "one")
	b.AddWords("", "two")
	if _, err := b.WriteTo(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "1 documents, and the words of 2") {
		t.Errorf("%v", err)
	}
	b.Add(vec())
	written(t, b)
	b.BM25.B = 2
	if _, err := b.WriteTo(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "b 2") {
		t.Errorf("%v", err)
	}
	// Texts without a word are an index with a list of none.
	x := openOf(t, 9, goldenDocs, []string{"", "the", "", "?"})
	if data := fileOf(t, 9, goldenDocs, []string{"", "the", "", "?"}); x.Words() != 0 || binary.LittleEndian.Uint32(data[8:]) != 2 {
		t.Errorf("%d words, version %d", x.Words(), binary.LittleEndian.Uint32(data[8:]))
	}
	use(t, x)
}

// What is written goes through Vectors and texts to the same bytes, whatever the order
// in which a document's two parts come.
func TestVectorsAndTextsMakeTheSameFile(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	for range 10 {
		var docs []sparse.Vector
		var texts []string
		for range r.IntN(50) {
			docs, texts = append(docs, random(r, 90, r.IntN(9))), append(texts, text(r, r.IntN(9)))
		}
		want := fileOf(t, 90, docs, texts)
		x, err := Open(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := fileOf(t, 90, x.Vectors(), texts); !bytes.Equal(got, want) {
			t.Fatal("another file")
		}
	}
}

func smallWithWords(t testing.TB) []byte {
	r := rand.New(rand.NewPCG(37, 38))
	var docs []sparse.Vector
	var texts []string
	for range 60 {
		docs, texts = append(docs, random(r, 40, 6)), append(texts, text(r, 6))
	}
	return fileOf(t, 40, docs, texts)
}

func TestDamagedWordsAreRefused(t *testing.T) {
	data := smallWithWords(t)
	if x, err := Open(data); err != nil || x.Words() < 5*groupSize {
		t.Fatal(x.Words(), err)
	}
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
	}
}

func TestNonsenseOfWordsIsRefused(t *testing.T) {
	sound := header{version: 2, docs: 4, vocab: 9, lists: 1, postings: 4, exponent: -6, words: 3, wordExponent: -8}
	list := "\x00\x01a\x01\x01b\x00\x01b" // a, ab, b
	body := func(lists, words string) [sections][]byte {
		return [sections][]byte{[]byte(lists), []byte("\x00\x01\x02\x03"), []byte("\x01\x02\x03\x04"), []byte(words)}
	}
	const lists = "\x08\x00\x00\x00\x00"
	x, err := Open(seal(sound, body(lists, list)))
	if err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	use(t, x)
	with := func(f func(*header)) header { g := sound; f(&g); return g }
	long := strings.Repeat("a", 256)
	start := headerSize + 5 + 4 + 4 // of the words
	// A list of 17 words, the last of which begins a group.
	group := func(last string) (h header, b [sections][]byte) {
		for i := range groupSize {
			b[wordsSection] = append(b[wordsSection], "\x00\x01"+string(rune('a'+i))...)
		}
		b[wordsSection] = append(b[wordsSection], last...)
		b[listsSection] = make([]byte, groupSize+1)
		b[documentsSection] = make([]byte, groupSize+1)
		b[impactsSection] = bytes.Repeat([]byte{1}, groupSize+1)
		return header{version: 2, docs: 4, words: groupSize + 1, postings: groupSize + 1}, b
	}
	h, b := group("\x00\x01q")
	if x, err = Open(seal(h, b)); err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	use(t, x)
	h, shares := group("\x01\x01q")
	_, falls := group("\x00\x01p")
	for _, c := range []struct {
		h       header
		body    [sections][]byte
		section string
		offset  int64
		msg     string
	}{
		{with(func(h *header) { h.wordExponent = minExponent - 1 }), body(lists, list), "header", 40, "word exponent -61"},
		{with(func(h *header) { h.words = 1 << 31 }), body(lists, list), "header", 36, "2147483648 words"},
		{with(func(h *header) { h.words = 4 }), body(lists, list), "header", 20, "1 lists of terms and 4 of words in 5 bytes"},
		{with(func(h *header) { h.words = 4 }), body(lists+"\x00", list), "header", 36, "4 words in 9 bytes"},
		{with(func(h *header) { h.words = 2 }), body(lists, list), "words", start + 6, "3 bytes follow"},
		{with(func(h *header) { h.words = 2 }), body(lists, list[:6]), "lists", headerSize + 4, "1 bytes follow"},
		{sound, body("\x08\x00\x00\x04\x00", list), "lists", headerSize + 3, "term 10 is in 5 documents of 4"},
		{sound, body("\x08\x00\x00\x01\x00", list), "lists", headerSize + 5, "hold 5 postings"},
		{sound, body("\x08\x00\x00\x80\x00", list), "lists", headerSize + 3, "list 2 of 4: no varint"},
		{sound, body(lists, "\x00\x01a\x01\x01b\x00\x02b"), "words", start + 6, "no entry"},
		{sound, body(lists, "\x00\x81\x00a\x01\x01b\x00\x01b"), "words", start, "no entry"},
		{sound, body(lists, "\x00\x01a\x01\x01b\x80"+long), "words", start + 6, "no entry"},
		{sound, body(lists, "\x00\x80\x02"+long+"\x00\x01b\x00\x01c"), "words", start, "at most 255"},
		{sound, body(lists, "\x00\x01a\x01\x00\x00\x02bc"), "words", start + 3, "word 1 of 3 is empty"},
		{sound, body(lists, "\x00\x00\x00\x02ab\x00\x02bc"), "words", start, "is empty"},
		{sound, body(lists, "\x00\x01a\x02\x01b\x00\x01b"), "words", start + 3, "shares 2 bytes with one of 1"},
		{sound, body(lists, "\x01\x01a\x01\x01b\x00\x01b"), "words", start, "is not whole"},
		{sound, body(lists, "\x00\x01b\x01\x01b\x00\x01a"), "words", start + 6, "word 2 of 3 is not after"},
		{sound, body(lists, "\x00\x01a\x00\x02ab\x00\x01b"), "words", start + 3, "shares more"},
		{sound, body(lists, "\x00\x01a\x00\x01a\x00\x01b"), "words", start + 3, "not after"}, // a word twice
		{sound, body(lists, "\x00\x01a\x01\x01\xff\x00\x01b"), "words", start + 3, "is not UTF-8"},
		{h, shares, "words", headerSize + 17*3 + 16*3, "not whole"},
		{h, falls, "words", headerSize + 17*3 + 16*3, "word 16 of 17 is not after"},
	} {
		_, err := Open(seal(c.h, c.body))
		var fe *container.FormatError
		if !errors.As(err, &fe) || fe.Section != c.section || fe.Offset != c.offset || !strings.Contains(fe.Msg, c.msg) {
			t.Errorf("error %v, want %s, byte %d, %q", err, c.section, c.offset, c.msg)
		}
	}
}

func TestOtherVersionsAreRefused(t *testing.T) {
	for _, version := range []byte{0, 3, 255} {
		data := smallWithWords(t)
		data[8] = version
		if _, err := Open(data); err == nil || !strings.Contains(err.Error(), "this program reads versions 1 to 2") {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	x, err := Open(smallWithWords(t))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	q := random(rand.New(rand.NewPCG(1, 1)), 40, 20)
	for i := range uint32(x.Words()) {
		all = append(all, []byte(x.Word(x.vocab+i)), []byte(x.Word(x.vocab+i)+"!"))
		q.Terms, q.Weights = append(q.Terms, x.vocab+i), append(q.Weights, 1)
	}
	s := x.NewSearcher()
	s.Search(q, 20)
	if n := testing.AllocsPerRun(20, func() {
		for i, word := range all {
			if _, ok := x.Lookup(word); ok != (i%2 == 0) {
				t.Fatalf("%q: %v", word, ok)
			}
		}
		s.Search(q, 20)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestEachWordAndWhatHoldsIt(t *testing.T) {
	x, err := Open(smallWithWords(t))
	if err != nil {
		t.Fatal(err)
	}
	n, before := 0, ""
	x.EachWord(func(word []byte, term uint32) {
		if string(word) != x.Word(term) || int(term) != x.Vocab()+n || string(word) <= before {
			t.Errorf("word %d is %q of term %d after %q", n, word, term, before)
		}
		n, before = n+1, string(word)
		docs := x.Holding(nil, term, x.Docs())
		if len(docs) != x.DF(term) || !slices.IsSorted(docs) {
			t.Errorf("%q: %v hold it, DF is %d", word, docs, x.DF(term))
		}
		for _, d := range docs {
			if len(x.Explain(sparse.Vector{Terms: []uint32{term}, Weights: []float32{1}}, d)) != 1 {
				t.Errorf("%q: document %d does not hold it", word, d)
			}
		}
		if some := x.Holding([]uint32{99}, term, 1); len(some) != 2 || some[0] != 99 || some[1] != docs[0] {
			t.Errorf("%q: the first is %v of %v", word, some, docs)
		}
	})
	if n != x.Words() {
		t.Errorf("%d of %d words", n, x.Words())
	}
	if docs := x.Holding(nil, uint32(x.Vocab()+x.Words()), 5); docs != nil {
		t.Errorf("no word's documents: %v", docs)
	}
}

func TestAMillionWords(t *testing.T) {
	begin := time.Now()
	b := NewBuilder(1)
	var text strings.Builder
	for d := range 1000 {
		b.Add(vec())
		text.Reset()
		for i := range 1000 {
			text.WriteString(strconv.Itoa(1000000 + 1000*d + i))
			text.WriteByte(' ')
		}
		b.AddWords("", text.String())
	}
	data := written(t, b)
	x, err := Open(data)
	if err != nil || x.Words() != 1000000 || x.Postings() != 1000000 {
		t.Fatal(x.Words(), err)
	}
	for i := 1; i < 1000000; i += 9973 {
		word := strconv.Itoa(1000000 + i)
		if term, ok := x.Lookup([]byte(word)); !ok || term != uint32(1+i) || x.Word(term) != word || x.DF(term) != 1 {
			t.Fatalf("%s is term %d, %v", word, term, ok)
		}
	}
	t.Logf("%d bytes, in %v", len(data), time.Since(begin))
}

// Other engines get words with a prefix, in the same step as the other impacts.
func TestCIFFHasWords(t *testing.T) {
	x, err := Open(written(t, goldenBuilder(t)))
	if err != nil {
		t.Fatal(err)
	}
	// Words have the finer step here, 1/256 to 1/64: learned impacts count four times.
	data := writeCIFF(t, x, func(i uint32) string { return digits[i] })
	var names []string
	frequencies := map[string]uint64{}
	c := ciffReader{in: bufio.NewReader(bytes.NewReader(data))}
	if err := c.message(func(int, uint64, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for range 7 {
		name := ""
		if err := c.message(func(field int, v uint64, s []byte) error {
			switch field {
			case 1:
				name = string(s)
			case 3:
				frequencies[name] = v
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if want := []string{"eight", "four", "one", "word:bridg", "word:tea", "word:team", "word:tower"}; !slices.Equal(names, want) {
		t.Errorf("lists of %q, want %q", names, want)
	}
	for name, want := range map[string]uint64{"one": 4 * 0x80, "four": 4 * 0x70, "word:tea": 0x2a + 2*0x2f, "word:tower": 0xc3} {
		if frequencies[name] != want {
			t.Errorf("%s has the frequency %d, want %d", name, frequencies[name], want)
		}
	}
	// After reading, learned terms are as before; words come from the texts.
	b, docs, err := ReadCIFF(bytes.NewReader(data), 9, digit, always(1./256))
	if err != nil || len(docs) != 4 {
		t.Fatal(docs, err)
	}
	if !bytes.Equal(written(t, b), unhex(t, golden)) {
		t.Error("its learned terms are others")
	}
	b.BM25 = goldenBM25
	for _, text := range goldenTexts {
		b.AddWords(text[0], text[1])
	}
	if !bytes.Equal(written(t, b), goldenWords(t)) {
		t.Error("with the texts it is another index")
	}
	// Steps too far apart.
	if err := openOf(t, 9, []sparse.Vector{vec(1, 1<<32)}, []string{"tea"}).WriteCIFF(&bytes.Buffer{},
		func(i uint32) string { return digits[i] }, strconv.Itoa, ""); err == nil {
		t.Error("weights of 2^32 and words are written in one scale")
	}
}

// BenchmarkWrite is what a page does each time it shows what it has so far: 10,000
// passages of 100 words, of which there are many seldom ones, as in text.
func BenchmarkWrite(b *testing.B) {
	r := rand.New(rand.NewPCG(41, 42))
	with, without := NewBuilder(400), NewBuilder(400)
	for range 10000 {
		d := random(r, 400, 50)
		with.Add(d)
		without.Add(d)
		var text strings.Builder
		for range 100 {
			fmt.Fprintf(&text, "%x ", int(math.Exp(13*r.Float64())))
		}
		with.AddWords("", text.String())
	}
	for _, way := range []struct {
		name string
		b    *Builder
	}{{"Words", with}, {"NoWords", without}} {
		b.Run(way.name, func(b *testing.B) {
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if _, err := way.b.WriteTo(&out); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(out.Len()))
		})
	}
}
