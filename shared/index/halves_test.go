package index

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"parley/shared/sparse"
	vocabulary "parley/shared/words"
)

// wordsAlone writes the words of documents over no vocabulary.
func wordsAlone(t *testing.T, b *Builder, texts [][2]string) []byte {
	t.Helper()
	for _, d := range texts {
		if err := b.Add(sparse.Vector{}); err != nil {
			t.Fatal(err)
		}
		b.AddWords(d[0], d[1])
	}
	return written(t, b)
}

// The halves of the example are the example without words, and its words; joined, they are
// the whole.
func TestHalvesOfTheExample(t *testing.T) {
	whole := goldenWords(t)
	learned, words, err := Split(whole)
	if err != nil {
		t.Fatal(err)
	}
	if want := unhex(t, golden); !bytes.Equal(learned, want) {
		t.Errorf("the learned terms are\n%swant\n%s", hex.Dump(learned), hex.Dump(want))
	}
	b := NewBuilder(0)
	b.BM25 = goldenBM25
	if want := wordsAlone(t, b, goldenTexts); !bytes.Equal(words, want) {
		t.Errorf("the words are\n%swant\n%s", hex.Dump(words), hex.Dump(want))
	}
	var counts vocabulary.Counts
	for _, d := range goldenTexts {
		counts.Add(d[0], d[1])
	}
	if got := OfWords(&counts, goldenBM25); !bytes.Equal(got, words) {
		t.Errorf("the words, counted, are\n%swant\n%s", hex.Dump(got), hex.Dump(words))
	}
	joins(t, whole, learned, words)
}

func joins(t *testing.T, whole, learned, words []byte) {
	t.Helper()
	var x [3]*Index
	for i, data := range [][]byte{whole, learned, words} {
		var err error
		if x[i], err = Open(data); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Join(x[1], x[2])
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, x[0]) {
		t.Errorf("joined it is\n%+v\nand the whole\n%+v", got, x[0])
	}
}

func TestHalvesAreWhatTheirPartsMake(t *testing.T) {
	for _, c := range []struct {
		docs  []sparse.Vector
		texts []string
	}{
		{[]sparse.Vector{vec(1, 2), vec()}, []string{"the", "tea"}},
		{[]sparse.Vector{vec(), vec()}, []string{"tea", "tea with milk"}}, // no learned terms
	} {
		whole := fileOf(t, 40, c.docs, c.texts)
		learned, words, err := Split(whole)
		if err != nil {
			t.Fatal(err)
		}
		if want := file(t, 40, c.docs...); !bytes.Equal(learned, want) {
			t.Errorf("%q: other learned terms", c.texts)
		}
		joins(t, whole, learned, words)
	}
	whole := smallWithWords(t)
	learned, words, err := Split(whole)
	if err != nil {
		t.Fatal(err)
	}
	joins(t, whole, learned, words)
	// Many documents, so that lists have several runs.
	b := NewBuilder(3)
	for d := range 3 * blockSize / 2 {
		if err := b.Add(vec(float32(d%3), float32(1+d%7))); err != nil {
			t.Fatal(err)
		}
		b.AddWords("", []string{"tea", "milk tea", "sugar"}[d%3])
	}
	whole = written(t, b)
	if learned, words, err = Split(whole); err != nil {
		t.Fatal(err)
	}
	joins(t, whole, learned, words)
}

func TestWhatIsNoHalf(t *testing.T) {
	if learned, words, err := Split(unhex(t, golden)); learned != nil || words != nil || err != nil {
		t.Errorf("an index without words was split: %x, %x, %v", learned, words, err)
	}
	if _, _, err := Split(goldenWords(t)[:90]); err == nil {
		t.Error("half a file was split")
	}
	learned, words, err := Split(goldenWords(t))
	if err != nil {
		t.Fatal(err)
	}
	index := func(data []byte) *Index {
		x, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	terms, list, whole := index(learned), index(words), index(goldenWords(t))
	for says, halves := range map[string][2]*Index{
		"has words":        {whole, list},
		"no vocabulary":    {terms, whole},
		"of 4 documents":   {index(file(t, 9, vec(1, 2))), list},
		"and this one has": {terms, terms},
	} {
		if _, err := Join(halves[0], halves[1]); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}
