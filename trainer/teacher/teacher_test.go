package teacher

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/recordlog"
	"parley/shared/sparse"
)

var ids = []string{"a", "b", "c"}

func begin(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(context.Background(), path, KeyOf(ids), len(ids))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Lists that were appended are there after the file is opened again, best first. A
// damaged end loses only the damaged lists.
func TestFileSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x", "y.dst")
	f := begin(t, path)
	for id, l := range map[string]List{"q1": {[]uint32{0, 1, 2}, []float32{1, 3, 2}}, "q2": {}} {
		if err := f.Append(id, l); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	whole, _ := os.ReadFile(path)
	for cut := range len(whole) - recordlog.HeaderSize {
		os.WriteFile(path, whole[:len(whole)-cut], 0o644)
		g := begin(t, path)
		for _, id := range g.IDs() {
			l, err := g.Get(id)
			if err != nil {
				t.Fatal(err)
			}
			if id == "q1" && !reflect.DeepEqual(l, List{[]uint32{1, 2, 0}, []float32{3, 2, 1}}) {
				t.Errorf("%d bytes cut: %v", cut, l)
			}
		}
		if cut == 0 && (!g.Has("q1") || !g.Has("q2") || g.Has("q3")) {
			t.Errorf("holds %v", g.IDs())
		}
		if cut > 0 && g.Has("q1") && g.Has("q2") {
			t.Errorf("%d bytes cut, and nothing missing", cut)
		}
		if err := g.Append("q3", List{[]uint32{2}, []float32{1}}); err != nil {
			t.Fatal(err)
		}
		g.Close()
		h := begin(t, path)
		if !h.Has("q3") {
			t.Errorf("%d bytes cut: what was appended then is lost", cut)
		}
		h.Close()
	}
}

// While one process adds to a file, others wait for it; once it is sealed, they can
// open it.
func TestOneAtATimeAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "y.dst")
	f := begin(t, path)
	if err := f.Append("q1", List{[]uint32{0}, []float32{1}}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	if g, err := Open(ctx, path, KeyOf(ids), len(ids)); err == nil {
		g.Close()
		t.Skip("no locks here")
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := f.Append("q2", List{}); err == nil {
		t.Error("appended to a sealed file")
	}
	g := begin(t, path)
	if err := g.Append("q2", List{[]uint32{1}, []float32{2}}); err != nil {
		t.Fatal(err)
	}
	if l, err := f.Get("q1"); err != nil || len(l.Docs) != 1 || f.Has("q2") || !g.Has("q1") {
		t.Errorf("sealed, then grown by another: %v, %v", l, err)
	}
}

func TestFileOfAnotherCollection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "y.dst")
	begin(t, path).Close()
	if _, err := Open(context.Background(), path, KeyOf([]string{"a", "c", "b"}), 3); err == nil || !strings.Contains(err.Error(), "another collection") {
		t.Errorf("error %v", err)
	}
	os.WriteFile(path, []byte("something else altogether, and longer than a header would be"), 0o644)
	if _, err := Open(context.Background(), path, KeyOf(ids), 3); err == nil || !strings.Contains(err.Error(), "not a distillation file") {
		t.Errorf("error %v", err)
	}
	if err := begin(t, filepath.Join(t.TempDir(), "z")).Append("q", List{[]uint32{3}, []float32{1}}); err == nil {
		t.Error("took a passage beyond the collection")
	}
}

func TestImportForeignForms(t *testing.T) {
	folder := t.TempDir()
	want := List{[]uint32{2, 0}, []float32{9.5, 1.25}}
	for name, text := range map[string]string{
		"disco.json": `{"q1": {"a": 1.25, "c": 9.5}, "q2": {}}`,
		"trec.run":   "q1 Q0 c 1 9.5 tag\nq1 Q0 a 2 1.25 tag\n",
	} {
		path := filepath.Join(folder, name)
		os.WriteFile(path, []byte(text), 0o644)
		f := begin(t, filepath.Join(folder, name+".dst"))
		if err := Import(path, ids, f); err != nil {
			t.Fatal(err)
		}
		if l, err := f.Get("q1"); err != nil || !reflect.DeepEqual(l, want) {
			t.Errorf("%s: %v, %v", name, l, err)
		}
		var b bytes.Buffer
		if err := Write(&b, f, ids); err != nil {
			t.Fatal(err)
		}
		again := filepath.Join(folder, "again.json")
		os.WriteFile(again, b.Bytes(), 0o644)
		g := begin(t, filepath.Join(folder, name+".again.dst"))
		if err := Import(again, ids, g); err != nil {
			t.Fatalf("%v in %s", err, b.String())
		}
		if l, _ := g.Get("q1"); !reflect.DeepEqual(l, want) {
			t.Errorf("%s written and read: %v", name, l)
		}
	}
	for text, says := range map[string]string{
		`{"q1": {"x": 1, "a": 2}}`: `"x" of query "q1"`,
		`{"q1": {"a": "high"}}`:    `query "q1"`,
		`{"q1": {"a": 1}`:          "at byte",
		"q1 Q0 a\n":                ":1:",
		"":                         "empty",
	} {
		path := filepath.Join(folder, "bad")
		os.WriteFile(path, []byte(text), 0o644)
		err := Import(path, ids, begin(t, filepath.Join(t.TempDir(), "bad.dst")))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v, wanted %q", text, err, says)
		}
	}
}

func TestFuse(t *testing.T) {
	a := List{[]uint32{0, 1}, []float32{3, 1}}     // standard scores 1, -1
	b := List{[]uint32{2, 0}, []float32{300, 100}} // 1, -1
	if got := Fuse([]List{a}, nil, false); !reflect.DeepEqual(got, a) {
		t.Errorf("one list became %v", got)
	}
	// 0: (1-1)/2, 1: (-1-1)/2, 2: (1-1)/2, on a's scale, of mean 2 and deviation 1.
	if got, want := Fuse([]List{a, b}, nil, false), (List{[]uint32{0, 2, 1}, []float32{2, 2, 1}}); !reflect.DeepEqual(got, want) {
		t.Errorf("mean %v, wanted %v", got, want)
	}
	if got, want := Fuse([]List{a, b}, nil, true), (List{[]uint32{0, 2, 1}, []float32{3, 3, 1}}); !reflect.DeepEqual(got, want) {
		t.Errorf("max %v, wanted %v", got, want)
	}
	// 0: (3-1)/4, 1: -1, 2: (-3+1)/4
	if got, want := Fuse([]List{a, b}, []float64{.75, .25}, false), (List{[]uint32{0, 2, 1}, []float32{2.5, 1.5, 1}}); !reflect.DeepEqual(got, want) {
		t.Errorf("weighted mean %v, wanted %v", got, want)
	}
}

func tiny(t *testing.T) *encoder.Encoder {
	t.Helper()
	e, err := encoder.Load(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join("testdata", name)) })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The lists are the inner products of the encoder's vectors, and a run that was
// stopped continues where it was.
func TestRank(t *testing.T) {
	e := tiny(t)
	s := e.NewSession()
	vector := func(text string) sparse.Vector {
		v, _, err := s.Encode(conversation.Build(e.Tokenizer, []conversation.Turn{{Question: text}}, e.Query))
		if err != nil {
			t.Fatal(err)
		}
		return v.Clone()
	}
	var docs []sparse.Vector
	var names []string
	for _, text := range []string{"a b", "b c d", "e", "f g a", "c c c"} {
		docs, names = append(docs, vector(text)), append(names, text)
	}
	f, err := Open(context.Background(), filepath.Join(t.TempDir(), "x"), KeyOf(names), len(docs))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var queries []Query
	for _, q := range []string{"a", "b d", "g", "e f", "c a b"} {
		queries = append(queries, Query{q, q})
	}
	stopped, stop := context.WithCancel(context.Background())
	err = Rank(stopped, Sparse(e, docs, 3), queries, f, func(done int) {
		if done == 2 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || len(f.IDs()) < 2 {
		t.Fatalf("stopped: %v with %d lists", err, len(f.IDs()))
	}
	fresh := -1
	err = Rank(context.Background(), Sparse(e, docs, 3), queries, f, func(done int) {
		if fresh < 0 {
			fresh = done
		}
	})
	if err != nil || len(f.IDs()) != len(queries) || fresh < 2 {
		t.Fatalf("%v, %d lists, %d kept", err, len(f.IDs()), fresh)
	}
	for _, q := range queries {
		l, err := f.Get(q.ID)
		if err != nil || len(l.Docs) > 3 {
			t.Fatal(l, err)
		}
		for i, d := range l.Docs {
			if want := vector(q.Text).Dot(docs[d]); want < l.Scores[i]*.9999 || want > l.Scores[i]*1.0001 {
				t.Errorf("query %q, passage %d: %v, wanted %v", q.ID, d, l.Scores[i], want)
			}
			if i > 0 && l.Scores[i] > l.Scores[i-1] {
				t.Errorf("query %q: not in order: %v", q.ID, l)
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x")
	file, err := Open(context.Background(), path, KeyOf(ids), len(ids))
	if err != nil {
		f.Fatal(err)
	}
	file.Append("q1", List{[]uint32{0, 1, 2}, []float32{1, 3, 2}})
	file.Close()
	data, _ := os.ReadFile(path)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		os.WriteFile(path, data, 0o644)
		file, err := Open(context.Background(), path, KeyOf(ids), len(ids))
		if err != nil {
			return
		}
		defer file.Close()
		for _, id := range file.IDs() {
			if l, err := file.Get(id); err != nil || len(l.Docs) != len(l.Scores) {
				t.Error(l, err)
			}
		}
	})
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"q1": {"a": 1.25, "c": 9.5}, "q2": {}}`))
	f.Add([]byte("q1 Q0 c 1 9.5 tag\nq1 Q0 a 2 1.25 tag\n"))
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(folder, "in")
		os.WriteFile(path, data, 0o644)
		os.Remove(filepath.Join(folder, "out"))
		file, err := Open(context.Background(), filepath.Join(folder, "out"), KeyOf(ids), len(ids))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		Import(path, ids, file)
	})
}

// A dense teacher's lists are the inner products of the sentence vectors, and the
// vectors are read again from Embed's file.
func TestDense(t *testing.T) {
	s, err := encoder.LoadSentence(func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join("testdata/sentence", name))
	})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"a b", "b c d", "e", "f g a", "c c c"}
	path := filepath.Join(t.TempDir(), "kept")
	var done int
	v, err := Embed(context.Background(), s, texts, 10, path, func(n int) { done = n })
	if err != nil || done != len(texts) || len(v) != len(texts)*s.Dim() {
		t.Fatalf("%d values of %d texts: %v", len(v), done, err)
	}
	again, err := Embed(context.Background(), s, texts, 10, path, func(int) { t.Error("encoded a second time") })
	if err != nil || !reflect.DeepEqual(v, again) {
		t.Fatalf("what was kept is not what was made: %v", err)
	}
	ranker, err := Dense(s, v, 3, "")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ranker()("f g a")
	if err != nil || len(l.Docs) != 3 || l.Docs[0] != 3 || l.Scores[0] < .9999 || l.Scores[0] > 1.0001 {
		t.Fatalf("a passage's own text finds %v, %v", l, err)
	}
	for i, d := range l.Docs {
		var want float32
		for k := range s.Dim() {
			want += v[3*s.Dim()+k] * v[int(d)*s.Dim()+k]
		}
		if want < l.Scores[i]-1e-5 || want > l.Scores[i]+1e-5 || i > 0 && l.Scores[i] > l.Scores[i-1] {
			t.Errorf("%v: document %d has the product %v", l, d, want)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Embed(stopped, s, texts, 10, path+"2", func(int) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
