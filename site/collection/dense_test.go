package collection

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/shared/collect"
	"parley/shared/conversation"
	"parley/shared/dense"
	densetiny "parley/shared/encoder/tiny"
	"parley/shared/family"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/site/collection/tiny"
)

const denseSettings = `{"name": "tiny-dense", "query_tokens": 64, "passage_tokens": 40, "dense_weight": 20, "dense_zero": 0.5}`

func testDense(t *testing.T, enc *LoadedEncoder) *LoadedDenseEncoder {
	t.Helper()
	d, err := OpenDense(tiny.Put(t, filepath.Join(t.TempDir(), "dense"), densetiny.Sentence(enc.Vocab(), denseSettings)), enc.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The dense file has the vectors of each passage encoded separately, for any number of
// cores, and the other files are the same as without it.
func TestDenseVectorsLieBesideTheRest(t *testing.T) {
	enc := testEncoder(t)
	d := testDense(t, enc)
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if _, err := Build(t.Context(), enc, corpus(60), plain, Options{}); err != nil {
		t.Fatal(err)
	}
	if c, err := OpenAll(plain); err != nil || c.Dense != nil || c.Index.Docs() != c.Passages.Len() {
		t.Errorf("%+v, %v", c, err)
	}
	var want map[string]string
	for _, workers := range []int{1, 3} {
		out := filepath.Join(dir, fmt.Sprint(workers))
		var last Progress
		sum, err := Build(t.Context(), enc, corpus(60), out, Options{Dense: d, Workers: workers, Progress: func(p Progress) { last = p }})
		if err != nil {
			t.Fatal(err)
		}
		got := contents(t, out)
		if want == nil {
			want = got
		}
		equal(t, got, want)
		if sum.Dense == nil || sum.Dense.Bytes != len(got[collect.DenseFile]) || sum.Dense.Space != "tiny-dense" || sum.Dense.Tokens == 0 || sum.Tokens == 0 {
			t.Errorf("%+v", sum)
		}
		if !last.Dense || last.Done != sum.Passages || last.Total != sum.Passages || last.Bytes == 0 {
			t.Errorf("%+v", last)
		}
	}
	if len(want) != 4 {
		t.Errorf("%d files", len(want))
	}
	for name, content := range contents(t, plain) {
		if name != "manifest.json" && want[name] != content {
			t.Errorf("%s is another with dense vectors", name)
		}
	}
	c, err := OpenAll(filepath.Join(dir, "1"))
	if err != nil || c.Dense == nil {
		t.Fatal(err)
	}
	b, session, v := dense.NewBuilder("tiny-dense", d.Dim()), d.NewSession(), make([]float32, d.Dim())
	b.Fingerprint = d.Fingerprint
	var in conversation.Input
	for i := range c.Passages.Len() {
		d.Passage(&in, passages.EncoderText(c.Passages.At(i)))
		if err := errors.Join(session.Embed(v, in), b.Add(v)); err != nil {
			t.Fatal(err)
		}
	}
	var bin strings.Builder
	if _, err := b.WriteTo(&bin); err != nil || bin.String() != want[collect.DenseFile] {
		t.Errorf("dense.bin has %d bytes, wanted %d: %v", len(want[collect.DenseFile]), bin.Len(), err)
	}
	// Programs that do not use dense vectors read the collection as before.
	if _, store, err := Open(filepath.Join(dir, "3")); err != nil || store.Len() != c.Passages.Len() {
		t.Error(err)
	}

	// Adding them to an existing collection gives the same folder, and encodes nothing
	// else; so does adding them again.
	for range 2 {
		sum, err := AddDense(t.Context(), enc, plain, Options{Dense: d})
		if err != nil || sum.Tokens != 0 || sum.Dense.Tokens == 0 || sum.IndexBytes != len(want["index.bin"]) {
			t.Fatalf("%+v, %v", sum, err)
		}
		equal(t, contents(t, plain), want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*.work")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A run that is stopped in either stage continues, and ends with the same bytes.
func TestAStoppedDenseRunGoesOn(t *testing.T) {
	defer func(was time.Duration) { syncEvery = was }(syncEvery)
	syncEvery = 0
	enc := testEncoder(t)
	d := testDense(t, enc)
	out, once := filepath.Join(t.TempDir(), "c"), filepath.Join(t.TempDir(), "c")
	const n = 600
	stopAt := func(when func(Progress) bool) *Stopped {
		t.Helper()
		ctx, stop := context.WithCancelCause(t.Context())
		_, err := Build(ctx, enc, corpus(n), out, Options{Dense: d, Workers: 2, Progress: func(p Progress) {
			if when(p) {
				stop(errors.New("enough"))
			}
		}})
		var stopped *Stopped
		if !errors.As(err, &stopped) || !strings.Contains(err.Error(), "dense vectors are kept") {
			t.Fatalf("%v", err)
		}
		return stopped
	}
	if s := stopAt(func(p Progress) bool { return p.Done > 0 }); s.Done == 0 || s.Done >= s.Total || s.Dense != 0 {
		t.Errorf("%+v", s)
	}
	kept := stopAt(func(p Progress) bool { return p.Dense && p.Done > 0 })
	if kept.Done != kept.Total || kept.Dense == 0 || kept.Dense >= kept.Total {
		t.Errorf("%+v", kept)
	}
	sum, err := Build(t.Context(), enc, corpus(n), out, Options{Dense: d})
	if err != nil || sum.Resumed != sum.Passages || sum.Dense.Resumed != kept.Dense {
		t.Errorf("%+v, %v", sum, err)
	}
	if _, err := Build(t.Context(), enc, corpus(n), once, Options{Dense: d}); err != nil {
		t.Fatal(err)
	}
	equal(t, contents(t, out), contents(t, once))

	// So does one that adds to a collection that is there.
	ctx, stop := context.WithCancel(t.Context())
	var stopped *Stopped
	_, err = AddDense(ctx, enc, out, Options{Dense: d, Progress: func(p Progress) {
		if p.Done > 0 {
			stop()
		}
	}})
	if !errors.As(err, &stopped) || stopped.Dense == 0 || stopped.Dense == stopped.Total {
		t.Fatalf("%v", err)
	}
	if sum, err := AddDense(t.Context(), enc, out, Options{Dense: d}); err != nil || sum.Dense.Resumed != stopped.Dense {
		t.Errorf("%+v, %v", sum, err)
	}
	equal(t, contents(t, out), contents(t, once))
}

// Made again without a dense encoder, a collection keeps its dense vectors for as long
// as its passages stay the same.
func TestDenseVectorsStayWithTheirPassages(t *testing.T) {
	enc := testEncoder(t)
	out := filepath.Join(t.TempDir(), "c")
	if _, err := Build(t.Context(), enc, corpus(20), out, Options{Dense: testDense(t, enc)}); err != nil {
		t.Fatal(err)
	}
	was := contents(t, out)
	sum, err := Build(t.Context(), enc, corpus(20), out, Options{Settings: collect.Settings{Mass: .5}})
	now := contents(t, out)
	if err != nil || sum.DenseDropped || sum.Dense.Bytes != len(was[collect.DenseFile]) || now[collect.DenseFile] != was[collect.DenseFile] || now["index.bin"] == was["index.bin"] {
		t.Errorf("%+v, %v", sum, err)
	}
	if c, err := OpenAll(out); err != nil || c.Dense == nil {
		t.Error(err)
	}
	if sum, err = Build(t.Context(), enc, corpus(21), out, Options{}); err != nil || !sum.DenseDropped || sum.Dense != nil {
		t.Errorf("%+v, %v", sum, err)
	}
	if c, err := OpenAll(out); err != nil || c.Dense != nil || len(contents(t, out)) != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	// Someone's own file of that name stays.
	tiny.Put(t, out, map[string][]byte{collect.DenseFile: []byte("notes")})
	if sum, err = Build(t.Context(), enc, corpus(22), out, Options{}); err != nil || sum.DenseDropped || contents(t, out)[collect.DenseFile] != "notes" {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestDenseVectorsThatDoNotBelong(t *testing.T) {
	enc := testEncoder(t)
	d := testDense(t, enc)
	dir := t.TempDir()
	few, many := filepath.Join(dir, "few"), filepath.Join(dir, "many")
	for out, n := range map[string]int{few: 3, many: 30} {
		if _, err := Build(t.Context(), enc, corpus(n), out, Options{Dense: d}); err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(few, collect.DenseFile)
	was, _ := os.ReadFile(at)
	other, _ := os.ReadFile(filepath.Join(many, collect.DenseFile))
	os.WriteFile(at, other, 0o644)
	if _, err := OpenAll(few); err == nil || !strings.Contains(err.Error(), "wrong size") {
		t.Errorf("of another collection: %v", err)
	}
	// Even where a manifest says that they belong together.
	files := []collect.File{}
	for _, name := range []string{"index.bin", "passages.bin", collect.DenseFile} {
		content, _ := os.ReadFile(filepath.Join(few, name))
		files = append(files, collect.File{Name: name, Content: content})
	}
	m, err := collect.Manifest(files)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(few, m.Name)
	manifest, _ := os.ReadFile(list)
	os.WriteFile(list, m.Content, 0o644)
	if _, err := OpenAll(few); err == nil || !strings.Contains(err.Error(), "dense.bin has vectors of ") {
		t.Errorf("of other passages: %v", err)
	}
	os.WriteFile(list, manifest, 0o644)
	os.Remove(at)
	if _, err := OpenAll(few); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	os.WriteFile(at, was, 0o644)
	if _, err := OpenAll(few); err != nil {
		t.Error(err)
	}
	if _, err := AddDense(t.Context(), enc, at, Options{Dense: d}); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("a file: %v", err)
	}
	if _, err := AddDense(t.Context(), enc, filepath.Join(dir, "none"), Options{Dense: d}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no collection: %v", err)
	}
}

func TestADenseEncoderOfAnotherVocabulary(t *testing.T) {
	enc := testEncoder(t)
	files := densetiny.Sentence(enc.Vocab(), denseSettings)
	files["vocab.txt"] = tiny.Files(1)["vocab.txt"]
	dir := tiny.Put(t, filepath.Join(t.TempDir(), "dense"), files)
	if _, err := OpenDense(dir, enc.Tokenizer); err != nil {
		t.Errorf("of the same: %v", err)
	}
	files["vocab.txt"] = []byte(strings.Replace(string(files["vocab.txt"]), "\nwhale\n", "\nwhales\n", 1))
	tiny.Put(t, dir, files)
	if _, err := OpenDense(dir, enc.Tokenizer); err == nil || !strings.Contains(err.Error(), "its vocabulary is not that of the sparse encoder") {
		t.Errorf("of another: %v", err)
	}
	if _, err := OpenDense(encoderFolder(t), enc.Tokenizer); err == nil || !strings.Contains(err.Error(), "BertModel") {
		t.Errorf("a sparse encoder: %v", err)
	}
}

// A family's dense encoder reads conversations, and another folder's may read passages;
// errors say what is missing.
func TestAFamilysDenseEncoder(t *testing.T) {
	dir := t.TempDir()
	if err := tiny.Write(filepath.Join(dir, "tiny"), 1); err != nil {
		t.Fatal(err)
	}
	list := &family.Family{Base: "a", Default: "a", Levels: []family.Level{{Level: message.Level{Name: "a"}, Folder: "tiny"}}}
	open := func() *Encoders {
		t.Helper()
		data, err := list.Encode()
		if err != nil {
			t.Fatal(err)
		}
		tiny.Put(t, dir, map[string][]byte{family.File: data})
		e, err := OpenEncoders(dir)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	fails := func(says string) {
		t.Helper()
		if _, err := open().Dense(); !errors.Is(err, ErrNoDense) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
	}
	fails("names none")
	list.Dense = &family.Dense{Folder: "conv"}
	fails(filepath.Join(dir, "conv") + " is not there")
	base, err := open().Base()
	if err != nil {
		t.Fatal(err)
	}
	tiny.Put(t, filepath.Join(dir, "conv"), densetiny.Sentence(base.Vocab(), `{"name": "conv", "space": "x"}`))
	e := open()
	one, err := e.Dense()
	two, err2 := e.DensePassages()
	if err != nil || err2 != nil || one.Name != "conv" || two.Name != "conv" {
		t.Fatalf("%v, %v", err, err2)
	}
	list.Dense.Passages = "bge"
	if _, err := open().DensePassages(); !errors.Is(err, ErrNoDense) {
		t.Errorf("%v", err)
	}
	tiny.Put(t, filepath.Join(dir, "bge"), densetiny.Sentence(base.Vocab(), `{"name": "x"}`))
	if two, err = open().DensePassages(); err != nil || two.Name != "x" || two.Space != one.Space {
		t.Errorf("%+v, %v", two, err)
	}
	alone, err := OpenEncoders(filepath.Join(dir, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alone.Dense(); !errors.Is(err, ErrNoDense) || !slices.Contains(strings.Fields(err.Error()), "(--dense=FOLDER)") {
		t.Errorf("%v", err)
	}
}
