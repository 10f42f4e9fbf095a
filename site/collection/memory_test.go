package collection

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"parley/shared/documents"
	"parley/shared/sparse"
)

// Indexing 50 MB of text takes at most 300 MB of memory. Encoding would take an hour, so
// the vectors are random ones of an ordinary length, as a run before would have left them.
// What is taken to encode is less, and is given back before. PARLEY_MEASURE=1 runs this.
func TestMemoryOfIndexing(t *testing.T) {
	if os.Getenv("PARLEY_MEASURE") == "" {
		t.Skip("this takes a minute: PARLEY_MEASURE=1 runs it")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(25)) // as the command has it
	enc, err := OpenEncoder(filepath.Join("..", "..", "models", "splade-tiny"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, out := filepath.Join(dir, "texts.jsonl"), filepath.Join(dir, "out")
	writeTexts(t, file, 50_000_000)
	read := func() func(func(documents.Document) bool) {
		docs, err := Read([]string{file}, documents.Options{}, "", func(n documents.Note) { t.Error(n) })
		if err != nil {
			t.Fatal(err)
		}
		return docs
	}
	var o Options
	o.fill()
	if err := o.Settings.For(enc.Encoder); err != nil {
		t.Fatal(err)
	}
	func() {
		list, err := cut(context.Background(), enc, read(), &o, &Summary{})
		if err != nil {
			t.Fatal(err)
		}
		key := workKey(enc, &o)
		w, err := openWork(workName(out, key, sparseWork), key, hashTexts(list), sparseCodec(enc.Vocab()))
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		r := rand.New(rand.NewPCG(1, 2))
		for _, h := range w.texts {
			var v sparse.Vector
			for term := r.IntN(300); term < enc.Vocab(); term += 1 + r.IntN(2+term/11) {
				v.Terms, v.Weights = append(v.Terms, uint32(term)), append(v.Weights, .1+2*r.Float32())
			}
			if err := w.add([]textHash{h}, []sparse.Vector{v}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.sync(); err != nil {
			t.Fatal(err)
		}
	}()
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak so far is forgotten
	sum, err := Build(context.Background(), enc, read(), out, o)
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("the system does not say what the program takes")
	}
	kB := 0
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmHWM: %d kB", &kB)
	}
	t.Logf("%d passages, %d postings: %d MB", sum.Passages, sum.Postings, kB/1000)
	if kB > 300_000_000/1024 {
		t.Errorf("%d kB, wanted at most 300 MB", kB)
	}
}

// writeTexts writes n bytes of text, each document of some sentences.
func writeTexts(t *testing.T, name string, n int) {
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := bufio.NewWriter(f)
	words := strings.Fields("the harbour crane lifts boats of twelve tonnes and berths cost euros a night while diesel is sold until six near ropes")
	r := rand.New(rand.NewPCG(3, 4))
	for doc := 0; n > 0; doc++ {
		fmt.Fprintf(b, `{"title": "Document %d", "text": "`, doc)
		for range 40 {
			size := 0
			for range 12 {
				word := words[r.IntN(len(words))]
				if r.IntN(8) == 0 {
					word = fmt.Sprint(word, r.IntN(10_000))
				}
				b.WriteString(word + " ")
				size += len(word) + 1
			}
			b.WriteString("end. ")
			n -= size + 5
		}
		b.WriteString("\"}\n")
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
}
