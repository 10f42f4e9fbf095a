package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"parley/shared/collect"
	"parley/shared/encoder"
	sentences "parley/shared/encoder/tiny"
	"parley/shared/passages"
)

// embedding has a desk begin the dense vectors of passages.
func embedding(t *testing.T, texts []byte, more map[string][]byte) *desk {
	t.Helper()
	d := opened(t)
	for name, content := range sentences.Sentence(d.encoder.Vocab(), `{"name": "dense", "space": "tests"}`) {
		give(t, d, "dense/"+name, content)
	}
	give(t, d, "collection/passages.bin", texts)
	for name, content := range more {
		give(t, d, name, content)
	}
	p, err := d.dense(struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Done != 0 || p.Total == 0 {
		t.Fatalf("begun: %+v", p)
	}
	return d
}

// texts is passages.bin of some texts.
func texts(t *testing.T, list ...string) []byte {
	t.Helper()
	b := passages.NewBuilder(passages.About{Title: "Notes"})
	for _, s := range list {
		if err := b.Add(passages.Passage{ID: s, Text: s}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// whole makes all vectors, and gives dense.bin.
func whole(t *testing.T, d *desk) []byte {
	t.Helper()
	if _, err := d.embed(slice{1e9}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.vectors(struct{}{}); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(d.kept)
}

func TestDenseVectorsAreTheCommandLines(t *testing.T) {
	list := []string{"tea is a leaf", "the sun is a star", "a whale is not a fish", "an iron tower in paris"}
	d := embedding(t, texts(t, list...), nil)
	e := collect.NewDensePassageEncoder(d.second.enc)
	var vectors [][]float32
	for _, s := range list {
		v, _, err := e.Encode(passages.Passage{ID: s, Text: s})
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, slices.Clone(v))
	}
	want, err := collect.AppendDense(nil, "tests", sentences.Dim, vectors...)
	if err != nil {
		t.Fatal(err)
	}
	if got := whole(t, d); !bytes.Equal(got, want) {
		t.Error("dense.bin is not what the command line writes")
	}
	if _, err := d.embed(slice{}); err == nil {
		t.Error("it goes on after the end")
	}

	// Cut off after two passages, it goes on from there and ends the same.
	d = embedding(t, texts(t, list...), nil)
	var kept [][]byte
	for n := range 2 {
		p, err := d.embed(slice{})
		if err != nil || p.Done != n+1 {
			t.Fatalf("%+v, %v", p, err)
		}
		kept = append(kept, d.saves(t, true))
	}
	if _, err := d.vectors(struct{}{}); err == nil || !strings.Contains(err.Error(), "2 of 4") {
		t.Errorf("half of it is given as all: %v", err)
	}
	d = embedding(t, texts(t, list...), nil)
	for _, k := range kept {
		give(t, d, "dense", k)
	}
	if d.second.builder.Len() != 2 {
		t.Fatalf("%d vectors are there", d.second.builder.Len())
	}
	if got := whole(t, d); !bytes.Equal(got, want) {
		t.Error("cut off, it ends otherwise")
	}
}

// What a collection held before it grew is not encoded again.
func TestDenseVectorsOfPassagesThatStay(t *testing.T) {
	before, after := texts(t, "one", "two", "three"), texts(t, "three", "zero", "one")
	older := whole(t, embedding(t, before, nil))
	d := embedding(t, after, map[string][]byte{"older/passages.bin": before, "older/dense.bin": older})
	if len(d.second.older) != 3 {
		t.Fatalf("%d passages are remembered", len(d.second.older))
	}
	got := whole(t, d)
	if want := whole(t, embedding(t, after, nil)); !bytes.Equal(got, want) {
		t.Error("with what was there before, other vectors come out")
	}
	// Vectors that do not fit are made again.
	for name, more := range map[string]map[string][]byte{
		"other passages": {"older/passages.bin": texts(t, "one"), "older/dense.bin": older},
		"damaged":        {"older/passages.bin": before, "older/dense.bin": older[:40]},
		"no passages":    {"older/dense.bin": older},
	} {
		if d := embedding(t, after, more); len(d.second.older) != 0 {
			t.Errorf("%s: %d passages are remembered", name, len(d.second.older))
		}
	}
}

func TestDenseVectorsThatAreRefused(t *testing.T) {
	list := texts(t, "one", "two")
	made := whole(t, embedding(t, list, nil))
	d := embedding(t, texts(t, "one"), nil)
	other, err := collect.AppendDense(nil, "another", sentences.Dim, make1(sentences.Dim))
	if err != nil {
		t.Fatal(err)
	}
	pack := func(n int, vectors []byte) []byte { return appendBatch(denseMagic, d.second.of, 0, n, vectors) }
	one, err := collect.AppendDense(nil, "tests", sentences.Dim, make1(sentences.Dim))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"more than passages": pack(2, made), "damaged": pack(1, one[:len(one)-1]), "of another space": pack(1, other), "without a batch": one,
		"of other passages": appendBatch(denseMagic, fingerprint{}, 0, 1, one), "not the next": appendBatch(denseMagic, d.second.of, 1, 0, one),
	} {
		if _, err := d.file("dense", content); !errors.Is(err, errBatch) || d.second.builder.Len() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.file("dense", pack(1, one)); err != nil {
		t.Error(err)
	}
	d = opened(t)
	if _, err := d.file("dense", made); err == nil {
		t.Error("vectors before anything was begun are taken")
	}
	give(t, d, "collection/passages.bin", list)
	if _, err := d.dense(struct{}{}); err == nil {
		t.Error("it begins without an encoder's files")
	}
	if _, err := (&desk{}).dense(struct{}{}); err == nil {
		t.Error("it begins without the base")
	}
	// An encoder of another vocabulary.
	for name, content := range sentences.Sentence(d.encoder.Vocab()+1, `{}`) {
		give(t, d, "dense/"+name, content)
	}
	give(t, d, "collection/passages.bin", list)
	if _, err := d.dense(struct{}{}); err == nil {
		t.Error("an encoder of another vocabulary is taken")
	}
}

func make1(n int) []float32 {
	v := make([]float32, n)
	v[0] = 1
	return v
}

// A collection is packed, and opened again, with its dense vectors.
func TestDenseVectorsGoWithTheCollection(t *testing.T) {
	d := opened(t)
	d.begin(Begin{"Notes"})
	read(t, d)
	files := finished(t, d)
	s, err := encoder.LoadSentenceOver(d.encoder.Tokenizer, sentences.Files(sentences.Sentence(d.encoder.Vocab(), `{"name": "dense", "space": "tests"}`)))
	if err != nil || s.Space != "tests" {
		t.Fatal(s, err)
	}
	files[collect.DenseFile] = whole(t, embedding(t, files["passages.bin"], nil))
	for name, content := range files {
		give(t, d, "collection/"+name, content)
	}
	if _, err := d.pack(struct{}{}); err != nil {
		t.Fatal(err)
	}
	give(t, d, "collection/notes.zip", slices.Clone(d.kept))
	a, err := d.adopt(struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) != 3 || a.Files[2].Name != collect.DenseFile || !bytes.Equal(d.made[2].Content, files[collect.DenseFile]) {
		t.Errorf("adopted %+v", a.Files)
	}
}
