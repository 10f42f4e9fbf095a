package parts

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"parley/shared/container"
	"parley/shared/example"
	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/sparse"
)

// split writes a collection's parts.
func split(t testing.TB, x *index.Index, p *passages.Store, size Size) (directory []byte, parts map[string][]byte) {
	t.Helper()
	parts = map[string][]byte{}
	directory, err := Write(x, p, size, func(name string, content []byte) error {
		parts[name] = content
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return directory, parts
}

// four is the collection of the example in shared/index/open.go.
func four(t testing.TB) (*index.Index, *passages.Store) {
	t.Helper()
	return collection(t, passages.About{Title: "T"}, 9, []sparse.Vector{
		{Terms: []uint32{1, 4}, Weights: []float32{2, .5}}, {Terms: []uint32{4}, Weights: []float32{1}},
		{}, {Terms: []uint32{4, 8}, Weights: []float32{.25, 1.5}},
	}, []passages.Passage{
		{ID: "a", Title: "Tower", Text: "towers: tea."}, {ID: "b", Text: "Team tea"}, {ID: "c"}, {ID: "d", Title: "Tea", Text: "the bridge"},
	})
}

func collection(t testing.TB, about passages.About, vocab int, vectors []sparse.Vector, texts []passages.Passage) (*index.Index, *passages.Store) {
	t.Helper()
	b, c := index.NewBuilder(vocab), passages.NewBuilder(about)
	for i, v := range vectors {
		if err := errors.Join(b.Add(v), c.Add(texts[i])); err != nil {
			t.Fatal(err)
		}
		b.AddWords(texts[i].Title, texts[i].Text)
	}
	var indexed, stored bytes.Buffer
	_, err := b.WriteTo(&indexed)
	_, err2 := c.WriteTo(&stored)
	x, err3 := index.Open(indexed.Bytes())
	p, err4 := passages.Open(stored.Bytes())
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	return x, p
}

// random is a collection whose terms are as unequal as those of texts.
func random(t testing.TB, docs, vocab int, seed uint64) (*index.Index, *passages.Store) {
	r := rand.New(rand.NewPCG(seed, 7))
	var vectors []sparse.Vector
	var texts []passages.Passage
	for d := range docs {
		weights := map[uint32]float32{}
		for range 5 + r.IntN(20) {
			// The square of a uniform number: low terms are in most documents.
			weights[uint32(float64(vocab)*r.Float64()*r.Float64()*r.Float64())] = float32(r.ExpFloat64()) + .01
		}
		var v sparse.Vector
		for term := range uint32(vocab) {
			if w := weights[term]; w > 0 {
				v.Terms, v.Weights = append(v.Terms, term), append(v.Weights, w)
			}
		}
		vectors = append(vectors, v)
		text := ""
		for range r.IntN(12) {
			text += fmt.Sprintf("wort%d ", int(300*r.Float64()*r.Float64()))
		}
		texts = append(texts, passages.Passage{ID: fmt.Sprint(d), Title: fmt.Sprint("Titel ", d/7), Text: text})
	}
	return collection(t, passages.About{Title: "Random", Link: "https://example.org/{id}"}, vocab, vectors, texts)
}

// give gives what an error says is lacking, and reports whether it was that.
func give(t testing.TB, s *Source, parts map[string][]byte, err error) (gave bool, fetched int) {
	t.Helper()
	var l *Lacking
	if !errors.As(err, &l) {
		if err != nil {
			t.Fatal(err)
		}
		return false, 0
	}
	if len(l.Parts) == 0 {
		t.Fatal("nothing is lacking, and yet there is no result")
	}
	for _, p := range l.Parts {
		if len(parts[p.Name]) != p.Bytes {
			t.Fatalf("part %s has %d bytes, not %d", p.Name, len(parts[p.Name]), p.Bytes)
		}
		if err := s.Give(p.Name, parts[p.Name]); err != nil {
			t.Fatal(err)
		}
		fetched += p.Bytes
	}
	return true, fetched
}

// tiny are sizes that make many parts of a small collection.
var tiny = Size{Part: 64, Piece: 24, Growth: 130, Passage: 3, First: 100}

func TestSearchInPartsFindsWhatTheWholeIndexFinds(t *testing.T) {
	defer func(a, b int) { waveBytes, finishBytes = a, b }(waveBytes, finishBytes)
	waveBytes, finishBytes = 200, 300
	r := rand.New(rand.NewPCG(3, 4))
	for seed := range uint64(4) {
		x, p := random(t, 400, 120, seed)
		directory, parts := split(t, x, p, tiny)
		whole := x.NewSearcher()
		all, fetched, questions := 0, 0, 0
		for _, content := range parts {
			all += len(content)
		}
		for range 60 {
			s, err := Open(directory)
			if err != nil {
				t.Fatal(err)
			}
			q := sparse.Vector{}
			for term := range uint32(x.Vocab() + x.Words()) {
				if r.IntN(25) == 0 {
					q.Terms, q.Weights = append(q.Terms, term), append(q.Weights, float32(r.ExpFloat64()))
				}
			}
			k := 1 + r.IntN(15)
			want, _ := whole.Search(q, k)
			certain := 0
			for {
				got, _, err := s.Search(q, k)
				gave, n := give(t, s, parts, err)
				fetched += n
				if !gave {
					if !slices.Equal(got, want) {
						t.Fatalf("k = %d: hits %v, by the whole index %v", k, got, want)
					}
					break
				}
				l := err.(*Lacking)
				if len(l.Certain) < certain {
					t.Fatalf("%d were certain, now %q", certain, l.Certain)
				}
				certain = len(l.Certain)
				for _, title := range l.Certain {
					if !slices.ContainsFunc(want, func(h index.Hit) bool { return p.At(int(h.Doc)).Title == title }) {
						t.Fatalf("%q was certain, and is not among the best %d", title, k)
					}
				}
			}
			var docs []uint32
			for _, h := range want {
				docs = append(docs, h.Doc)
			}
			for gave := true; gave; {
				var n int
				gave, n = give(t, s, parts, s.Bring(docs))
				fetched += n
			}
			for _, doc := range docs {
				if s.Passage(doc) != p.At(int(doc)) {
					t.Fatalf("passage %d is %+v, want %+v", doc, s.Passage(doc), p.At(int(doc)))
				}
				if got, want := s.Explain(q, doc), x.Explain(q, doc); !slices.Equal(got, want) {
					t.Fatalf("document %d: matches %v, want %v", doc, got, want)
				}
			}
			scores, by := make([]float32, len(docs)), make([]float32, len(docs))
			whole.Scores(by, q, docs)
			if err := s.Scores(scores, q, docs); err != nil || !slices.Equal(scores, by) {
				t.Fatalf("scores %v, %v; want %v", scores, err, by)
			}
			if len(q.Terms) > 0 {
				term := q.Terms[r.IntN(len(q.Terms))]
				holding, err := s.Holding(term, 20)
				for err != nil {
					give(t, s, parts, err)
					holding, err = s.Holding(term, 20)
				}
				if want := x.Holding(nil, term, 20); !slices.Equal(holding, want) {
					t.Fatalf("term %d is in %v, want %v", term, holding, want)
				}
			}
			questions++
		}
		if fetched == 0 || fetched > questions*all*3/4 {
			t.Errorf("%d questions fetched %d bytes of %d", questions, fetched, all)
		}
	}
}

// In a large collection hundreds of thousands of documents can still be among the best when
// the lists have told enough about those that were not seen. A search that lists the parts of
// all of them, and looks for each among those before, keeps a tab busy for minutes.
func TestASearchListsNoMoreCandidatesThanItWouldFetch(t *testing.T) {
	const docs = 1500
	var texts []passages.Passage
	for d := range docs {
		texts = append(texts, passages.Passage{ID: fmt.Sprint(d)})
	}
	x, p := collection(t, passages.About{}, 1, make([]sparse.Vector, docs), texts)
	directory, _ := split(t, x, p, Size{Part: 1 << 10, Piece: 1 << 10, Growth: 100, Passage: 1})
	s, err := Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]candidate, docs)
	for d := range all {
		all[d] = candidate{uint32(d), 1, 2}
	}
	l := &Lacking{}
	open := s.remaining(l, append(all, all...)) // none is listed twice
	if most := finishBytes + 1000; l.bytes > most || len(l.has) != len(l.Parts) || open != len(l.Parts) {
		t.Errorf("%d of %d candidates are looked at, and %d parts of %d bytes listed; wanted an end at %d bytes", open, docs, len(l.Parts), l.bytes, finishBytes)
	}
	finish := finishBytes
	defer func() { finishBytes = finish }()
	finishBytes = 1 << 30
	l = &Lacking{}
	if s.remaining(l, append(all, all...)); len(l.Parts) != docs || len(l.has) != docs {
		t.Errorf("%d parts are listed of %d that are lacking", len(l.Parts), docs)
	}
}

func TestTheSameCollectionMakesTheSameParts(t *testing.T) {
	x, p := random(t, 200, 60, 9)
	a, parts := split(t, x, p, tiny)
	b, again := split(t, x, p, tiny)
	if !bytes.Equal(a, b) || len(parts) != len(again) {
		t.Error("another parts.bin")
	}
	n := 0
	s, err := Open(a)
	if err != nil {
		t.Fatal(err)
	}
	s.Parts(func(name string, size int) {
		n++
		if len(parts[name]) != size || nameOf(parts[name]) != name {
			t.Errorf("part %s: %d bytes, want %d", name, len(parts[name]), size)
		}
	})
	if n < len(parts) || s.About() != p.About() || s.Postings() != x.Postings() || len(s.Questions()) == 0 {
		t.Errorf("%d parts of %d, about %+v, %d postings, questions %q", n, len(parts), s.About(), s.Postings(), s.Questions())
	}
}

func TestFilesAreByteForByteAsLaidOut(t *testing.T) {
	x, p := four(t)
	directory, parts := split(t, x, p, Size{Part: 40, Piece: 20, Growth: 100, Passage: 3, First: 0})
	for file, got := range map[string][]byte{"directory.go": directory, "documents.go": nil, "piece.go": nil} {
		want := example.Bytes(t, file)
		if got == nil {
			got = parts[nameOf(want)]
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the file is\n%swant\n%s", file, hex.Dump(got), hex.Dump(want))
		}
	}
	if t.Failed() {
		for name, content := range parts {
			t.Logf("%s\n%s", name, hex.Dump(content))
		}
	}
}

func FuzzOpen(f *testing.F) {
	x, p := four(f)
	directory, parts := split(f, x, p, Size{Part: 40, Piece: 20, Growth: 100, Passage: 3, First: 30})
	for _, content := range parts {
		f.Add(directory, content)
	}
	f.Fuzz(func(t *testing.T, directory, part []byte) {
		s, err := Open(mend(directoryForm, directory))
		typed(t, err)
		if err != nil {
			return
		}
		s.Parts(func(name string, _ int) {
			form := listsForm
			if len(part) > 8 && string(part[:8]) == documentsForm.Magic {
				form = documentsForm
			}
			err := s.Give(name, mend(form, part))
			typed(t, err)
			if err != nil {
				return
			}
			for i := range s.pieces {
				_, _, err := s.piece(uint32(i))
				typed(t, err)
			}
		})
	})
}

// typed fails the test for an error that does not say where it is.
func typed(t *testing.T, err error) {
	t.Helper()
	if at := (*container.FormatError)(nil); err != nil && (!errors.As(err, &at) || at.Offset < 0) {
		t.Fatalf("%T: %v", err, err)
	}
}

// mend sets the sums that a change made wrong, so that what lies behind them is tested.
func mend(f *container.Format, data []byte) []byte {
	layout := f.Versions[0]
	size := layout.HeaderSize()
	if len(data) < size {
		return data
	}
	data = slices.Clone(data)
	le := binary.LittleEndian
	at := uint64(size)
	for i := range layout.Sections {
		entry := 12 + layout.Numbers + 12*i
		n := le.Uint64(data[entry:])
		if n > uint64(len(data))-at {
			return data
		}
		le.PutUint32(data[entry+8:], container.CRC(data[at:at+n]))
		at += n
	}
	le.PutUint32(data[size-4:], container.CRC(data[:size-4]))
	return data
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	x, p := four(t)
	directory, parts := split(t, x, p, Size{Part: 40, Piece: 20, Growth: 100, Passage: 3, First: 0})
	s, err := Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Give("ab", nil); err == nil || !strings.Contains(err.Error(), `no part "ab"`) {
		t.Errorf("an unknown part: %v", err)
	}
	for name, content := range parts {
		for i := range content {
			bad := slices.Clone(content)
			bad[i] ^= 4
			if err := s.Give(name, bad); err == nil {
				t.Errorf("part %s with byte %d changed is taken", name, i)
			} else {
				typed(t, err)
			}
		}
		if err := s.Give(name, content[:len(content)-1]); err == nil {
			t.Errorf("part %s cut short is taken", name)
		}
		for other, content := range parts { // whole, and another one
			if other != name && len(content) != len(parts[name]) && s.Give(name, content) == nil {
				t.Errorf("part %s is taken for %s", other, name)
			}
		}
	}
	for i := range directory {
		bad := slices.Clone(directory)
		bad[i] ^= 4
		if _, err := Open(bad); err == nil {
			t.Errorf("parts.bin with byte %d changed is taken", i)
		} else {
			typed(t, err)
		}
	}
}

func TestBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := bitWriter{}
	type number struct {
		k uint // 32: gamma
		v uint32
	}
	var all []number
	for range 5000 {
		n := number{uint(r.IntN(33)), r.Uint32() >> r.IntN(32)}
		if n.k == 32 {
			n.v = max(n.v, 1)
			w.gamma(n.v)
		} else {
			n.v = min(n.v, 1<<32-2)
			w.rice(n.k, n.v)
		}
		all = append(all, n)
	}
	b := bitReader{b: w.end()}
	for i, n := range all {
		got := uint32(0)
		if n.k == 32 {
			got = b.gamma()
		} else {
			got = b.rice(n.k)
		}
		if got != n.v || b.bad {
			t.Fatalf("number %d is %d, want %d (k = %d)", i, got, n.v, n.k)
		}
	}
	if !b.ended() {
		t.Error("not at its end")
	}
	b = bitReader{b: w.b[:len(w.b)-3]}
	for _, n := range all {
		if n.k == 32 {
			b.gamma()
		} else {
			b.rice(n.k)
		}
	}
	if !b.bad {
		t.Error("numbers beyond the end are read")
	}
}
