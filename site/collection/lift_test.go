package collection

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/shared/collect"
	densetiny "parley/shared/encoder/tiny"
	"parley/shared/lift"
	"parley/site/collection/tiny"
)

// tinyLift returns a lift of random weights for an encoder and a space, as a file.
func tinyLift(t *testing.T, encoder, space string) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	some := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = r.Float32() - .5
		}
		return list
	}
	l, err := lift.New(some(2*densetiny.Dim*densetiny.Dim), some(densetiny.Dim))
	if err != nil {
		t.Fatal(err)
	}
	l.Weight, l.Encoder, l.Space = .3, encoder, space
	data, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// testLift returns a dense encoder and its lift.
func testLift(t *testing.T, enc *LoadedEncoder) (*LoadedDenseEncoder, *LoadedLift) {
	t.Helper()
	files := densetiny.Sentence(enc.Vocab(), denseSettings)
	files[lift.File] = tinyLift(t, enc.Name, "tiny-dense")
	dir := tiny.Put(t, filepath.Join(t.TempDir(), "dense"), files)
	d, err := OpenDense(dir, enc.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	l, err := OpenLift(dir, d)
	if err != nil {
		t.Fatal(err)
	}
	return d, l
}

// The index of a lifted collection has the vectors of each passage, encoded and lifted one by one by what
// dense.bin has, for any number of cores; its other files are as without.
func TestALiftedCollection(t *testing.T) {
	enc := testEncoder(t)
	d, l := testLift(t, enc)
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if _, err := Build(t.Context(), enc, corpus(40), plain, Options{Dense: d}); err != nil {
		t.Fatal(err)
	}
	was := contents(t, plain)
	var want map[string]string
	for _, workers := range []int{1, 3} {
		out := filepath.Join(dir, fmt.Sprint(workers))
		terms := 0
		sum, err := Build(t.Context(), enc, corpus(40), out, Options{Dense: d, Lift: l, Workers: workers, Progress: func(p Progress) {
			if p.Terms {
				terms = p.Total
			}
		}})
		if err != nil || sum.Tokens == 0 || sum.Dense.Tokens == 0 || sum.Lifted != "tiny-dense" || terms != enc.Vocab() {
			t.Fatalf("%+v, %v, %d terms", sum, err, terms)
		}
		got := contents(t, out)
		if want == nil {
			want = got
		}
		equal(t, got, want)
	}
	for name, content := range want {
		if same := content == was[name]; same != (name == "passages.bin" || name == collect.DenseFile) {
			t.Errorf("%s is the same as without a lift: %v", name, same)
		}
	}

	c, err := OpenAll(filepath.Join(dir, "1"))
	if err != nil {
		t.Fatal(err)
	}
	terms, err := lift.ReadTerms(t.Context(), d.Sentence, enc.Vocab(), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	settings := collect.Settings{}
	if err := settings.For(enc.Encoder); err != nil {
		t.Fatal(err)
	}
	e := collect.NewPassageEncoder(enc.Encoder, collect.Settings{Mass: 1})
	by, row := l.NewLifter(terms), make([]float32, d.Dim())
	b := collect.NewBuilder(enc.Vocab(), c.Passages.About())
	for i := range c.Passages.Len() {
		v, _, err := e.Encode(c.Passages.At(i))
		if err == nil {
			c.Dense.Vector(row, i)
			v, err = by.Lift(v.Clone(), row)
		}
		if err == nil {
			err = b.Add(c.Passages.At(i), v.Mass(settings.Mass))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == "index.bin" && string(f.Content) != want[f.Name] {
			t.Error("the index is not that of the passages, lifted one by one")
		}
	}

	// Once more, without making dense vectors: those of the folder lift, and nothing is encoded again.
	out := filepath.Join(dir, "1")
	if sum, err := Build(t.Context(), enc, corpus(40), out, Options{Lift: l}); err != nil || sum.Unchanged != sum.Passages || sum.Tokens != 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	equal(t, contents(t, out), want)
	// Without a lift, it is as it was.
	if _, err := Build(t.Context(), enc, corpus(40), out, Options{}); err != nil {
		t.Fatal(err)
	}
	equal(t, contents(t, out), was)
}

// A run that is stopped while dense vectors are made, or the others, continues, and ends with the same bytes.
func TestAStoppedLiftGoesOn(t *testing.T) {
	defer func(was time.Duration) { syncEvery = was }(syncEvery)
	syncEvery = 0
	enc := testEncoder(t)
	d, l := testLift(t, enc)
	dir := t.TempDir()
	out, once := filepath.Join(dir, "stopped"), filepath.Join(dir, "once")
	const n = 200
	for _, at := range []func(p Progress) bool{
		func(p Progress) bool { return p.Dense && p.Done > 0 },
		func(p Progress) bool { return p.Terms },
		func(p Progress) bool { return !p.Dense && !p.Terms && p.Done > 0 },
	} {
		ctx, stop := context.WithCancel(t.Context())
		_, err := Build(ctx, enc, corpus(n), out, Options{Dense: d, Lift: l, Workers: 2, Progress: func(p Progress) {
			if at(p) {
				stop()
			}
		}})
		stop()
		var stopped *Stopped
		if !errors.As(err, &stopped) || stopped.Dense == 0 {
			t.Fatalf("%v", err)
		}
	}
	if sum, err := Build(t.Context(), enc, corpus(n), out, Options{Dense: d, Lift: l}); err != nil || sum.Resumed == 0 || sum.Dense.Resumed != sum.Passages {
		t.Errorf("%+v, %v", sum, err)
	}
	if _, err := Build(t.Context(), enc, corpus(n), once, Options{Dense: d, Lift: l}); err != nil {
		t.Fatal(err)
	}
	equal(t, contents(t, out), contents(t, once))
}

func TestALiftThatDoesNotBelong(t *testing.T) {
	enc := testEncoder(t)
	d, l := testLift(t, enc)
	out := filepath.Join(t.TempDir(), "c")
	build := func(o Options) error {
		_, err := Build(t.Context(), enc, corpus(5), out, o)
		return err
	}
	open := func(data []byte) error {
		dir := t.TempDir()
		if data != nil {
			if err := os.WriteFile(filepath.Join(dir, lift.File), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		l, err := OpenLift(dir, d)
		if err != nil {
			return err
		}
		return build(Options{Dense: d, Lift: l})
	}
	if err := open(nil); !errors.Is(err, ErrNoLift) {
		t.Error(err)
	}
	narrow, err := lift.New(make([]float32, 8), make([]float32, 2))
	if err != nil {
		t.Fatal(err)
	}
	small, err := narrow.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		"make them, too (--dense)":   build(Options{Lift: l}),
		"lift.safetensors: ":         open([]byte("no file")),
		"for an encoder 2 wide":      open(small),
		`of the encoder "other"`:     open(tinyLift(t, "other", "tiny-dense")),
		`the dense vectors of "oth"`: open(tinyLift(t, enc.Name, "oth")),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one with %q", err, want)
		}
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}
