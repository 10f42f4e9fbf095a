package collection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/recordlog"
	"parley/shared/sparse"
	"parley/site/collection/tiny"

	"parley/shared/answer"
)

// The test binary is also the child that the kill test kills.
func TestMain(m *testing.M) {
	if out := os.Getenv("PARLEY_TEST_BUILD"); out != "" {
		child(out)
		return
	}
	os.Exit(m.Run())
}

func child(out string) {
	enc, err := OpenEncoder(os.Getenv("PARLEY_TEST_ENCODER"))
	if err == nil {
		syncEvery = 0
		_, err = Build(context.Background(), enc, corpus(killed), out, Options{Workers: 2, Progress: func(p Progress) {
			fmt.Println("done", p.Done)
			time.Sleep(time.Millisecond) // so that the kill comes in time on any machine
		}})
	}
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
}

func encoderFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "encoder")
	if err := tiny.Write(dir, 1); err != nil {
		t.Fatal(err)
	}
	return dir
}

func testEncoder(t *testing.T) *LoadedEncoder {
	t.Helper()
	enc, err := OpenEncoder(encoderFolder(t))
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

var words = strings.Fields(`tower paris iron tall metres designed engineer eiffel tea leaf hot water green black china
	japan river bridge built year city stone ship harbour sea whale fish salt moon planet star sun orbit`)

// corpus returns n documents of random words, some long enough to be cut.
func corpus(n int) iter.Seq[documents.Document] {
	return func(yield func(documents.Document) bool) {
		r := rand.New(rand.NewPCG(7, 7))
		for i := range n {
			var b strings.Builder
			for range 5 + r.IntN(60) {
				b.WriteString(words[r.IntN(len(words))])
				if r.IntN(8) == 0 {
					b.WriteString(". The")
				}
				b.WriteByte(' ')
			}
			if !yield(documents.Document{ID: "doc" + strconv.Itoa(i), Title: words[i%len(words)], Text: strings.TrimSpace(b.String())}) {
				return
			}
		}
	}
}

// contents reads all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && name != madeFile {
			var content []byte
			content, err = os.ReadFile(filepath.Join(dir, name))
			files[name] = string(content)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func equal(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s differs (%d and %d bytes)", name, len(got[name]), len(want[name]))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}

func TestTheFolderDoesNotDependOnTheCores(t *testing.T) {
	enc := testEncoder(t)
	var want map[string]string
	for _, workers := range []int{1, 2, 7} {
		out := filepath.Join(t.TempDir(), "c")
		sum, err := Build(t.Context(), enc, corpus(150), out, Options{Workers: workers, About: passages.About{Title: "Test"}})
		if err != nil {
			t.Fatal(err)
		}
		got := contents(t, out)
		if want == nil {
			want = got
			if sum.Documents != 150 || sum.Passages <= 150 || sum.Postings == 0 || sum.IndexBytes != len(got["index.bin"]) {
				t.Errorf("%+v", sum)
			}
		}
		equal(t, got, want)
	}
	if len(want) != 3 {
		t.Errorf("files: %d", len(want))
	}
}

// The folder must have the vectors of each passage encoded separately.
func TestTheIndexHoldsTheHeaviestTermsOfEachPassage(t *testing.T) {
	enc := testEncoder(t)
	out := filepath.Join(t.TempDir(), "c")
	if _, err := Build(t.Context(), enc, corpus(40), out, Options{Settings: collect.Settings{Mass: .8, Top: 5}}); err != nil {
		t.Fatal(err)
	}
	x, store, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if store.About().Encoder != "tiny-1" {
		t.Errorf("the collection's encoder: %q", store.About().Encoder)
	}
	want := index.NewBuilder(enc.Vocab())
	s := enc.NewSession()
	for i := range store.Len() {
		v, _, err := s.Encode(passageInput(enc, store.At(i)))
		if err != nil {
			t.Fatal(err)
		}
		if v = v.Mass(.8).Top(5); v.L0() == 0 {
			t.Errorf("passage %d has an empty vector", i)
		}
		if err := want.Add(v); err != nil {
			t.Fatal(err)
		}
		want.AddWords(store.At(i).Title, store.At(i).Text)
	}
	var b bytes.Buffer
	if _, err := want.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, out)["index.bin"]; got != b.String() {
		t.Errorf("index.bin is another: %d and %d bytes", len(got), b.Len())
	}
	if x.Docs() != store.Len() {
		t.Errorf("%d documents, %d passages", x.Docs(), store.Len())
	}
	if term, ok := x.Lookup([]byte("harbour")); !ok || x.DF(term) == 0 || x.Words() > len(words) {
		t.Errorf("harbour is term %d of %d words, %v", term, x.Words(), ok)
	}
}

func TestAQuestionFindsItsDocument(t *testing.T) {
	enc := testEncoder(t)
	out := filepath.Join(t.TempDir(), "c")
	docs := []documents.Document{
		{ID: "tea", Title: "Tea", Text: "Tea is a leaf in hot water."},
		{ID: "tower", Title: "Eiffel tower", Text: "The eiffel tower in paris was designed by an engineer."},
		{ID: "whale", Text: "A whale is not a fish in the sea."},
	}
	if _, err := Build(t.Context(), enc, slices.Values(docs), out, Options{}); err != nil {
		t.Fatal(err)
	}
	x, store, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	e, err := answer.New(enc.Encoder, x, store)
	if err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]string{"hot leaf": "tea", "paris engineer": "tower", "fish in the sea": "whale"} {
		a, err := e.Ask(message.Ask{Turns: []message.Turn{{Question: question}}})
		if err != nil || len(a.Results) == 0 || a.Results[0].ID != want {
			t.Errorf("%q: %+v, %v", question, a.Results, err)
		}
	}
}

const killed = 3000 // documents of the kill test

// A run is killed again and again. Each run continues where the one before had reported to
// be, and the result is that of a single run.
func TestAKilledRunLosesNothingItReportedDone(t *testing.T) {
	encoder := encoderFolder(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "killed")
	reported, kills := 0, 0
	for kills < 4 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "PARLEY_TEST_BUILD="+out, "PARLEY_TEST_ENCODER="+encoder)
		pipe, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		first := true
		goal := reported + 600
		for {
			var n int
			if _, err := fmt.Fscanf(pipe, "done %d\n", &n); err != nil {
				break
			}
			if first && n < reported {
				t.Errorf("%d passages were reported done, after the kill only %d are", reported, n)
			}
			first = false
			reported = max(reported, n)
			if n >= goal {
				c.Process.Kill()
			}
		}
		err = c.Wait()
		if err == nil {
			break // it was faster than the kill
		}
		if reported < goal {
			t.Fatalf("the child failed by itself: %v", err)
		}
		kills++
	}
	if kills < 4 {
		t.Fatalf("the child was killed only %d times", kills)
	}
	enc, err := OpenEncoder(encoder)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := Build(t.Context(), enc, corpus(killed), out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Resumed < reported {
		t.Errorf("resumed %d of the %d reported", sum.Resumed, reported)
	}
	once := filepath.Join(dir, "once")
	if _, err := Build(t.Context(), enc, corpus(killed), once, Options{}); err != nil {
		t.Fatal(err)
	}
	equal(t, contents(t, out), contents(t, once))
	if left, _ := filepath.Glob(filepath.Join(dir, ".*.work")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("killed %d times, resumed %d of %d passages", kills, sum.Resumed, sum.Passages)
}

// Whichever part of the last record reached the disk, and whatever was damaged, complete
// records are kept and the rest is made again.
func TestADamagedWorkFileIsCutWhereItIsDamaged(t *testing.T) {
	dir := t.TempDir()
	key := [32]byte{1}
	name := filepath.Join(dir, "w")
	const count = 40 // 3 batches
	texts := make([]textHash, count)
	for i := range texts {
		texts[i][0] = byte(i + 1)
	}
	vectors := func(n int) []sparse.Vector {
		list := make([]sparse.Vector, n)
		for i := range list {
			list[i] = sparse.Vector{Terms: []uint32{0, uint32(i + 1), 99}, Weights: []float32{1, 2, float32(i)}}
		}
		return list
	}
	w, err := openWork(name, key, texts, sparseCodec(100))
	if err != nil {
		t.Fatal(err)
	}
	var ends []int64
	for _, b := range []int{2, 0, 1} {
		of := texts[b*16 : min(b*16+16, count)]
		if err := w.add(of, vectors(len(of))); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, w.log.Size())
	}
	if err := w.sync(); err != nil || w.done != count {
		t.Fatal(w.done, err)
	}
	if _, err := openWork(name, key, texts, sparseCodec(100)); err == nil {
		t.Error("two runs may write to one file")
	}
	i := 0
	for v, err := range w.all() {
		if err != nil || !reflect.DeepEqual(v, vectors(16)[i%16]) {
			t.Fatalf("passage %d: %v %v", i, v, err)
		}
		i++
	}
	w.close()
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	reopen := func(content []byte) int {
		t.Helper()
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
		w, err := openWork(name, key, texts, sparseCodec(100))
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		if len(w.missing()) == 0 != (w.done == count) {
			t.Errorf("%d done, missing %v", w.done, w.missing())
		}
		return w.done
	}
	kept := func(n int64) (done int) {
		for i, end := range ends {
			if n >= end {
				done += []int{8, 16, 16}[i]
			}
		}
		return done
	}
	for n := range whole {
		if got := reopen(whole[:n]); got != kept(int64(n)) {
			t.Fatalf("cut at byte %d: %d passages kept, want %d", n, got, kept(int64(n)))
		}
	}
	for at := recordlog.HeaderSize; at < len(whole); at += 7 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x10
		want := 0
		for i, end := range ends {
			if int64(at) >= end {
				want += []int{8, 16, 16}[i]
			}
		}
		if got := reopen(bad); got != want {
			t.Fatalf("byte %d flipped: %d passages kept, want %d", at, got, want)
		}
	}
	// A work file of the previous version must not be deleted silently.
	older := append([]byte("PLYWORK1"), whole[8:]...)
	if err := os.WriteFile(name, older, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openWork(name, key, texts, sparseCodec(100)); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("a file of another version: %v", err)
	}
	if now, err := os.ReadFile(name); err != nil || !bytes.Equal(now, older) {
		t.Errorf("a file of another version was changed: %v", err)
	}
}

func TestAStoppedRunSaysWhatIsKept(t *testing.T) {
	defer func(was time.Duration) { syncEvery = was }(syncEvery)
	syncEvery = 0
	enc := testEncoder(t)
	out := filepath.Join(t.TempDir(), "c")
	ctx, stop := context.WithCancelCause(t.Context())
	_, err := Build(ctx, enc, corpus(killed), out, Options{Progress: func(p Progress) {
		if p.Done > 0 {
			stop(errors.New("enough"))
		}
	}})
	var stopped *Stopped
	if !errors.As(err, &stopped) || stopped.Done == 0 || stopped.Done >= stopped.Total || !strings.Contains(err.Error(), "enough") {
		t.Fatalf("%v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a folder was written")
	}
	sum, err := Build(t.Context(), enc, corpus(killed), out, Options{})
	if err != nil || sum.Resumed != stopped.Done {
		t.Errorf("%+v %v, want %d resumed", sum, err, stopped.Done)
	}
}

func TestIDsThatComeAgainAreToldApartByTheirFiles(t *testing.T) {
	enc := testEncoder(t)
	var notes []string
	docs := []documents.Document{
		{ID: "1", Text: "tea", File: "a.csv", Line: 2},
		{ID: "1", Text: "ship", File: "b.csv", Line: 2},
		{ID: "1", Text: "tea", File: "c.csv", Line: 7},
		{ID: "1", Text: "sea"},
	}
	out := filepath.Join(t.TempDir(), "c")
	sum, err := Build(t.Context(), enc, slices.Values(docs), out, Options{Note: func(n documents.Note) {
		notes = append(notes, fmt.Sprint(n.Kept, n.Error()))
	}})
	if want := []string{
		"trueb.csv:2: the id 1 is that of a.csv:2, too; it became b.csv/1",
		"falsec.csv:7: the same as a.csv:2",
		"true1: the id 1 is that of a.csv:2, too; it became 1.2",
	}; err != nil || sum.Documents != 3 || !slices.Equal(notes, want) {
		t.Errorf("%+v %v %q", sum, err, notes)
	}
	_, store, err := Open(out)
	if err != nil || store.Len() != 3 || store.At(1).ID != "b.csv/1" || store.At(2).ID != "1.2" {
		t.Errorf("%v, %d passages", err, store.Len())
	}
	if _, err := Build(t.Context(), enc, slices.Values(docs[:0]), out, Options{}); !errors.Is(err, ErrNoPassages) {
		t.Errorf("no documents: %v", err)
	}
}

func TestOpenRefusesAFolderThatIsNotWhole(t *testing.T) {
	enc := testEncoder(t)
	out := filepath.Join(t.TempDir(), "c")
	if _, err := Build(t.Context(), enc, corpus(3), out, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.bin", "passages.bin", "manifest.json"} {
		at := filepath.Join(out, name)
		was, err := os.ReadFile(at)
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(was)
		bad[len(bad)/2] ^= 1
		os.WriteFile(at, bad, 0o644)
		if _, _, err := Open(out); err == nil || !strings.Contains(err.Error(), name) && name != "manifest.json" {
			t.Errorf("%s damaged: %v", name, err)
		}
		os.Remove(at)
		if _, _, err := Open(out); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s missing: %v", name, err)
		}
		os.WriteFile(at, was, 0o644)
	}
	if _, _, err := Open(out); err != nil {
		t.Error(err)
	}
}

func TestPruningThatKeepsNothingIsRefused(t *testing.T) {
	enc := testEncoder(t)
	for _, o := range []collect.Settings{{Mass: -1}, {Mass: 1.5}, {Mass: math.NaN()}, {Top: -1}} {
		if _, err := Build(t.Context(), enc, corpus(1), filepath.Join(t.TempDir(), "c"), Options{Settings: o}); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestProgressEndsWithEverything(t *testing.T) {
	enc := testEncoder(t)
	var last Progress
	sum, err := Build(t.Context(), enc, corpus(30), filepath.Join(t.TempDir(), "c"), Options{Progress: func(p Progress) { last = p }})
	if err != nil || last.Done != sum.Passages || last.Total != sum.Passages {
		t.Errorf("%+v, %+v, %v", last, sum, err)
	}
}

// A run that is stopped ends immediately, whatever it is reading.
func TestStoppingDoesNotWaitForADocument(t *testing.T) {
	dir := t.TempDir()
	if err := tiny.Write(dir, 1); err != nil {
		t.Fatal(err)
	}
	enc, err := OpenEncoder(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	reading, never := make(chan bool), make(chan bool)
	defer close(never)
	go func() {
		<-reading
		stop()
	}()
	begin := time.Now()
	_, err = Build(ctx, enc, func(yield func(documents.Document) bool) {
		close(reading)
		<-never // one that takes for ever
	}, filepath.Join(t.TempDir(), "out"), Options{})
	if d := time.Since(begin); !errors.Is(err, context.Canceled) || d > 5*time.Second {
		t.Errorf("%v after %v", err, d)
	}
}
