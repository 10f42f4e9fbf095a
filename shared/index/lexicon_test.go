package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"parley/shared/container"
	"parley/shared/example"
	"parley/shared/sparse"
)

func lexicon(t testing.TB, x *Index) *Lexicon {
	t.Helper()
	var b bytes.Buffer
	if err := x.WriteLexicon(&b); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLexicon(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLexiconIsByteForByteAsLaidOut(t *testing.T) {
	x, err := Open(goldenWords(t))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := x.WriteLexicon(&b); err != nil {
		t.Fatal(err)
	}
	if want := example.Bytes(t, "lexicon.go"); !bytes.Equal(b.Bytes(), want) {
		t.Errorf("wrote\n% x, the comment says\n% x", b.Bytes(), want)
	}
}

// A lexicon knows of every term what its index does, and scores a document by its impacts
// as the index does by its postings.
func TestALexiconAnswersAsItsIndex(t *testing.T) {
	x, err := Open(goldenWords(t))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 18))
	var docs []sparse.Vector
	for range 50 {
		docs = append(docs, random(r, 40, 12))
	}
	for _, x := range []*Index{x, open(t, 40, docs...)} {
		l := lexicon(t, x)
		if l.Docs() != x.Docs() || l.Vocab() != x.Vocab() || l.Words() != x.Words() || l.Step() != x.Step() {
			t.Errorf("%d documents, vocabulary %d, %d words; the index has others", l.Docs(), l.Vocab(), l.Words())
		}
		for term := range uint32(x.Vocab() + x.Words() + 2) {
			if l.DF(term) != x.DF(term) || l.Word(term) != x.Word(term) {
				t.Errorf("term %d: %q in %d documents, in the index %q in %d", term, l.Word(term), l.DF(term), x.Word(term), x.DF(term))
			}
		}
		x.EachWord(func(word []byte, term uint32) {
			if got, ok := l.Lookup(word); !ok || got != term {
				t.Errorf("%s is term %d, %v", word, got, ok)
			}
		})
		for range 20 {
			q := random(r, x.Vocab()+x.Words(), 9)
			got, step := l.Factors(q)
			if want, wanted := x.Factors(q); !slices.Equal(got, want) || step != wanted || l.Most(q) != x.Most(q) {
				t.Errorf("factors %v of step %v, in the index %v of %v", got, step, want, wanted)
			}
			for d, impacts := range x.Documents() {
				if got, want := l.Matches(q, impacts), x.Explain(q, uint32(d)); !slices.Equal(got, want) {
					t.Errorf("document %d: %v, in the index %v", d, got, want)
				}
			}
		}
	}
}

// relist returns the example's lexicon with another section of lists, and right sums.
func relist(t testing.TB, lists []byte, numbers ...uint32) []byte {
	file, err := lexiconForm.Open(example.Bytes(t, "lexicon.go"))
	if err != nil {
		t.Fatal(err)
	}
	n := bytes.Clone(file.Numbers)
	for i, v := range numbers {
		binary.LittleEndian.PutUint32(n[4*i:], v)
	}
	words := file.Sections[1].Data
	return slices.Concat(lexiconForm.Header(1, n, container.SumOf(lists), container.SumOf(words)), lists, words)
}

func TestNonsenseIsNoLexicon(t *testing.T) {
	good := []byte{1, 0, 0x80, 2, 2, 0x40, 3, 0, 0x60, 0, 0x9e, 2, 0x2f, 0, 0x9e, 0, 0xc3}
	if _, err := OpenLexicon(relist(t, good)); err != nil {
		t.Fatal(err)
	}
	with := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	for name, data := range map[string][]byte{
		"empty":            nil,
		"an index":         goldenWords(t),
		"a term too high":  relist(t, with(0, 9)),
		"too many of it":   relist(t, with(1, 4)),
		"an impact of 0":   relist(t, with(2, 0)),
		"no last impact":   relist(t, good[:len(good)-1]),
		"more than lists":  relist(t, append(bytes.Clone(good), 0)),
		"more documents":   relist(t, good, 1<<31),
		"an exponent":      relist(t, good, 4, 9, 3, 200),
		"more lists":       relist(t, good, 4, 9, 9),
		"more words":       relist(t, good, 4, 9, 3, 0xfffffffa, 1<<30),
		"a word too many":  relist(t, append(bytes.Clone(good), 0, 9), 4, 9, 3, 0xfffffffa, 5),
		"a word too few":   relist(t, good[:len(good)-2], 4, 9, 3, 0xfffffffa, 3),
		"no varint at all": relist(t, bytes.Repeat([]byte{0xff}, 17)),
	} {
		var wrong *container.FormatError
		if _, err := OpenLexicon(data); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpenLexicon(f *testing.F) {
	f.Add(example.Bytes(f, "lexicon.go"))
	f.Add(relist(f, []byte{1, 0, 0x80, 2, 2, 0x40, 3, 0, 0x60, 0, 0x9e, 2, 0x2f, 0, 0x9e, 0, 0xc3}))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := OpenLexicon(data)
		if err != nil {
			return
		}
		q := sparse.Vector{}
		for term := range uint32(min(l.Vocab()+l.Words(), 1000)) {
			if n := l.DF(term); n < 0 || n > l.Docs() {
				t.Fatalf("term %d is in %d of %d documents", term, n, l.Docs())
			}
			q.Terms, q.Weights = append(q.Terms, term), append(q.Weights, 1)
		}
		_ = fmt.Sprint(l.Factors(q))
		l.Most(q)
	})
}
