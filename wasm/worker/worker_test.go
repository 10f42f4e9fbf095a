//go:build !wasip1

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/shared/answer"
	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/family"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/safetensors"
	vocabulary "parley/shared/words"
	"parley/wasm/host"
	"parley/wasm/kernel"
	"parley/wasm/reactor"
)

// binary is worker.wasm, built as the site builds it.
var binary = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "parley-worker")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "worker.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, text)
	}
	return os.ReadFile(out)
})

// start returns an instance without files, with the kernel or without.
func start(t testing.TB, simd bool) *host.Worker {
	t.Helper()
	wasm, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	k := kernel.Binary
	if !simd {
		k = nil
	}
	w, err := host.New(context.Background(), wasm, k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

const models = "../../models"

// shipped returns the files in models/, by the worker's names for them.
func shipped(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, at := range map[string]string{
		config:    "splade-tiny/config.json",
		weights:   "splade-tiny/model.safetensors",
		vocab:     "splade-tiny/vocab.txt",
		indexFile: "vital-articles/index.bin",
		textsFile: "vital-articles/passages.bin",
	} {
		b, err := os.ReadFile(filepath.Join(models, at))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	return files
}

// order is the order in which tests pass files.
var order = []string{indexFile, config, weights, vocab, tokenizer, textsFile}

func hand(t testing.TB, w *host.Worker, files map[string][]byte) message.Ready {
	t.Helper()
	for _, name := range order {
		if data, ok := files[name]; ok {
			if err := w.File(name, data); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	ready, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	return ready
}

// encoderFiles are those of the encoder among the worker's.
func encoderFiles(files map[string][]byte) encoder.Files {
	return func(name string) ([]byte, error) {
		if data, ok := files["encoder/"+name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
}

// native returns an engine over the same files.
func native(t testing.TB, files map[string][]byte) *answer.Engine {
	t.Helper()
	e, err := encoder.Load(encoderFiles(files))
	if err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(files[indexFile])
	if err != nil {
		t.Fatal(err)
	}
	p, err := passages.Open(files[textsFile])
	if err != nil {
		t.Fatal(err)
	}
	engine, err := answer.New(e, x, p)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func conversations(t testing.TB) (asks []message.Ask) {
	t.Helper()
	b, err := os.ReadFile("../../shared/answer/testdata/conversations.json")
	if err == nil {
		err = json.Unmarshal(b, &asks)
	}
	if err != nil {
		t.Fatal(err)
	}
	return asks
}

// random conversations of any pieces, of any length.
func random(e *encoder.Encoder, n int) []message.Ask {
	r := rand.New(rand.NewPCG(7, 11))
	text := func() string {
		var b strings.Builder
		for range r.IntN(60) {
			piece, inside := strings.CutPrefix(e.Tokenizer.Piece(int32(r.IntN(e.Vocab()))), "##")
			if !inside {
				b.WriteByte(' ')
			}
			b.WriteString(piece)
		}
		return b.String()
	}
	asks := make([]message.Ask, n)
	for i := range asks {
		for range r.IntN(5) {
			asks[i].Turns = append(asks[i].Turns, message.Turn{Question: text(), Reply: text()})
		}
		asks[i].Turns = append(asks[i].Turns, message.Turn{Question: text() + " why"})
		asks[i].K = r.IntN(101)
	}
	return asks
}

// The worker gives the same bits as native Go, with the kernel and without: token ids,
// vectors, winners, rankings, scores; and so the same answers.
func TestSameBits(t *testing.T) { sameBits(t, shipped(t)) }

// Exact words among the terms, too.
func TestSameBitsWithWords(t *testing.T) {
	files := shipped(t)
	files[config] = bytes.Replace(files[config], []byte(`"parley": {`), []byte(`"parley": {"question_words": 0.75,`), 1)
	if a, err := native(t, files).Ask(question("Who designed the Eiffel Tower?")); err != nil || !slices.ContainsFunc(a.Terms, func(x message.Term) bool { return x.Word }) {
		t.Fatalf("no words among %v, %v", a.Terms, err)
	}
	sameBits(t, files)
}

// Words that come apart from the index, counted in the texts while these come, are the
// index's; joined, they give the same bits. A collection of one's own has no words of the
// site's.
func TestWordsThatComeApart(t *testing.T) {
	files := shipped(t)
	files[config] = bytes.Replace(files[config], []byte(`"parley": {`), []byte(`"parley": {"question_words": 0.75,`), 1)
	asks := conversations(t)[:6]
	want, err := native(t, files).Digest(asks)
	if err != nil {
		t.Fatal(err)
	}
	whole := files[indexFile]
	learned, apart, err := index.Split(whole)
	if err != nil {
		t.Fatal(err)
	}
	done := func(reply []byte) {
		t.Helper()
		if word, body, _ := strings.Cut(string(reply), "\n"); word == "error" {
			t.Fatal(body)
		}
	}
	for _, share := range []int{0, 3, 10} { // tenths of the texts that are counted as they come
		var w worker
		texts := files[textsFile]
		for at, end := 0, len(texts)*share/10; at < end; {
			n := min(300_000, end-at)
			done(w.texts(texts[at : at+n]))
			at += n
		}
		if err := w.add(textsFile, texts); err != nil {
			t.Fatal(err)
		}
		done(w.makeWords())
		if !bytes.Equal(w.counted.file, apart) {
			t.Errorf("of texts that came to %d/10, the words are others than the index's", share)
		}
	}
	w := start(t, true)
	files[indexFile] = learned
	for _, name := range []string{wordsFile, indexFile, textsFile, config, weights, vocab} {
		if err := w.File(name, map[bool][]byte{true: apart, false: files[name]}[name == wordsFile]); err != nil {
			t.Fatal(err)
		}
	}
	digest := func(own uint64) string {
		t.Helper()
		if word, body, err := w.Call("open", nil, own); err != nil || word != "ready" {
			t.Fatalf("%s %s, %v", word, body, err)
		}
		sum, err := w.Digest(asks)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if sum := digest(0); sum != fmt.Sprintf("%016x", want) {
		t.Errorf("digest %s, of a whole index %016x", sum, want)
	}
	files[indexFile] = learned
	without, err := native(t, files).Digest(asks)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{wordsFile, indexFile} { // of the site, and then of one's own
		if err := w.File(name, map[bool][]byte{true: apart, false: learned}[name == wordsFile]); err != nil {
			t.Fatal(err)
		}
	}
	if sum := digest(1); sum != fmt.Sprintf("%016x", without) {
		t.Errorf("digest %s of a collection of one's own without words, natively %016x", sum, without)
	}
	var other vocabulary.Counts
	other.Add("Tea", "of one document")
	if err := errors.Join(w.File(indexFile, learned), w.File(wordsFile, index.OfWords(&other, vocabulary.Default))); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Open(); failure(t, err).File != wordsFile || !strings.Contains(err.Error(), "documents") {
		t.Errorf("words of another collection: %v", err)
	}
}

func sameBits(t *testing.T, files map[string][]byte) {
	t.Helper()
	engine := native(t, files)
	asks := append(conversations(t), random(engine.Encoder, 24)...)
	want, err := engine.Digest(asks)
	if err != nil {
		t.Fatal(err)
	}
	for _, simd := range []bool{true, false} {
		t.Run(fmt.Sprintf("simd=%v", simd), func(t *testing.T) {
			w := start(t, simd)
			ready := hand(t, w, files)
			if ready.SIMD != simd {
				t.Errorf("ready says simd = %v", ready.SIMD)
			}
			sum, err := w.Digest(asks)
			if err != nil {
				t.Fatal(err)
			}
			if sum != fmt.Sprintf("%016x", want) {
				t.Errorf("digest %s, natively %016x", sum, want)
			}
			for _, ask := range asks[:4] {
				got, err := w.Ask(ask)
				if err != nil {
					t.Fatal(err)
				}
				want, err := engine.Ask(ask)
				if err != nil {
					t.Fatal(err)
				}
				got.Cost.EncodeMS, got.Cost.SearchMS, got.Cost.ReadMS = want.Cost.EncodeMS, want.Cost.SearchMS, want.Cost.ReadMS
				g, _ := json.Marshal(got)
				n, _ := json.Marshal(want)
				if !bytes.Equal(g, n) {
					t.Errorf("%v:\n got %.300s\nwant %.300s", ask, g, n)
				}
			}
		})
	}
}

func TestReady(t *testing.T) {
	files := shipped(t)
	w := start(t, true)
	before := len(files[indexFile]) + len(files[textsFile]) + len(files[weights])
	r := hand(t, w, files)
	e := native(t, files)
	if r.Passages != e.Passages.Len() || r.Postings != e.Index.Postings() || r.Encoder != e.Encoder.Name ||
		r.MaxTokens != e.Encoder.Query.MaxTokens || r.Collection != e.Passages.About().Title || r.Licence == "" {
		t.Errorf("%+v", r)
	}
	if r.Memory < int64(before)/2 || r.Memory > w.Memory() {
		t.Errorf("ready says %d bytes, the instance has %d", r.Memory, w.Memory())
	}
	t.Logf("files of %.1f MB; memory after loading %.1f MB", float64(before)/1e6, float64(w.Memory())/1e6)
	if w.Memory() > 64<<20 {
		t.Errorf("the instance has %d bytes", w.Memory())
	}
	memory := w.Memory()
	for range 6 {
		for _, ask := range conversations(t) {
			if _, err := w.Ask(ask); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The collector lets what is dead grow to what lives before it takes it away.
	if w.Memory() > memory+(24<<20) {
		t.Errorf("memory grew from %d to %d bytes", memory, w.Memory())
	}
}

func failure(t *testing.T, err error) message.Failure {
	t.Helper()
	var f *host.Failure
	if !errors.As(err, &f) {
		t.Fatalf("want a failure that the worker reports, got %v", err)
	}
	return f.Failure
}

func question(q string) message.Ask { return message.Ask{Turns: []message.Turn{{Question: q}}} }

// few are the shipped files with a small collection, quick to open.
func few(t testing.TB) map[string][]byte {
	files := shipped(t)
	files[indexFile], files[textsFile] = collection(t, native(t, files).Encoder,
		"The Niger is the main river of West Africa.", "The Nile flows through eleven countries. It is a river.",
		"A bridge spans a river.", strings.Repeat("The tower is tall. ", 300))
	return files
}

func TestMissingFiles(t *testing.T) {
	files := few(t)
	for _, missing := range []string{config, weights, vocab, indexFile, textsFile} {
		w := start(t, true)
		for name, data := range files {
			if name != missing {
				if err := w.File(name, data); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, err := w.Open()
		if f := failure(t, err); f.Stage != "open" || f.File != missing || !strings.Contains(f.Message, "missing") {
			t.Errorf("without %s: %+v", missing, f)
		}
		_, err = w.Ask(question("rivers"))
		if f := failure(t, err); f.Stage != "ask" || !strings.Contains(f.Message, "not loaded") {
			t.Errorf("asked without %s: %+v", missing, f)
		}
		if err := w.File(missing, files[missing]); err != nil { // and now
			t.Fatal(err)
		}
		if _, err := w.Open(); err != nil {
			t.Errorf("%s came late: %v", missing, err)
		}
	}
}

// A wrong file is named, the others stay, and passing the right one repairs it.
func TestWrongFiles(t *testing.T) {
	files := few(t)
	other := func(elem ...string) []byte {
		b, err := os.ReadFile(filepath.Join(append([]string{"../../shared/encoder/testdata"}, elem...)...))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	flipped := bytes.Clone(files[indexFile])
	flipped[len(flipped)/2] ^= 4
	for _, c := range []struct {
		what, file string
		data       []byte
		says       string
	}{
		{"empty", config, nil, "config.json"},
		{"no JSON", config, []byte("<html>"), "config.json"},
		{"another architecture", config, []byte(`{"model_type":"gpt2"}`), "gpt2"},
		{"truncated", weights, files[weights][:len(files[weights])/2], ""},
		{"empty", weights, nil, ""},
		{"of another shape", weights, other("bert", "model.safetensors"), "bert.embeddings"},
		{"of another shape, half of it", weights, other("distilbert", "model.safetensors"), "model.safetensors"},
		{"of another model", vocab, []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n"), "vocabulary"},
		{"no vocabulary", vocab, []byte{0xff, 0xfe}, "vocab"},
		{"truncated", indexFile, files[indexFile][:200], "truncated"},
		{"bit-flipped", indexFile, flipped, "damaged"},
		{"empty", indexFile, nil, "header"},
		{"of passages", indexFile, files[textsFile], "no index"},
		{"truncated", textsFile, files[textsFile][:400], "truncated"},
		{"an index", textsFile, files[indexFile], "no file of passages"},
	} {
		w := start(t, true)
		var err error
		for _, name := range order {
			data, ok := files[name]
			if name == c.file {
				data = c.data
			}
			if ok {
				err = errors.Join(err, w.File(name, data))
			}
		}
		f := failure(t, err)
		if f.Stage != "open" || f.File != c.file || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s %s: %+v", c.file, c.what, f)
		}
		if _, err := w.Open(); failure(t, err).File != c.file {
			t.Errorf("%s %s: opened: %v", c.file, c.what, err)
		}
		if err := w.File(c.file, files[c.file]); err != nil {
			t.Errorf("%s %s, then right: %v", c.file, c.what, err)
			continue
		}
		if _, err := w.Open(); err != nil {
			t.Errorf("%s %s, then right: %v", c.file, c.what, err)
		}
		if a, err := w.Ask(question("rivers of Africa")); err != nil || len(a.Results) < 3 {
			t.Errorf("%s %s, then right: %v", c.file, c.what, err)
		}
	}
}

// A member of a family: the shipped encoder with its first layer's rows reversed.
func member(t testing.TB, files map[string][]byte) (whole, shared map[string][]byte) {
	t.Helper()
	f, err := safetensors.Read(bytes.Clone(files[weights]))
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range f.Tensors {
		if strings.Contains(tensor.Name, "layer.0.") && tensor.DType == safetensors.I8 {
			slices.Reverse(tensor.Data)
		}
	}
	data, err := safetensors.Write(f.Tensors, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole = map[string][]byte{"config.json": files[config], "model.safetensors": data, "vocab.txt": files[vocab]}
	shared, err = encoder.Share(whole, func(name string) ([]byte, error) { return files["encoder/"+name], nil })
	if err != nil {
		t.Fatal(err)
	}
	return whole, shared
}

// A level over its base has the bits of the whole encoder, with the kernel and
// without, whenever it arrives; the base answers beside it.
func TestLevelsHaveTheBitsOfWholeEncoders(t *testing.T) {
	files := shipped(t)
	wholeFiles, shared := member(t, files)
	asks := conversations(t)[:6]
	digests := map[string]string{}
	for level, e := range map[string]map[string][]byte{
		"undistilled": files,
		"2x":          {config: wholeFiles["config.json"], weights: wholeFiles["model.safetensors"], vocab: files[vocab], indexFile: files[indexFile], textsFile: files[textsFile]},
	} {
		sum, err := native(t, e).Digest(asks)
		if err != nil {
			t.Fatal(err)
		}
		digests[level] = fmt.Sprintf("%016x", sum)
	}
	list := []byte(`{"base":"undistilled","default":"2x","levels":[{"name":"undistilled","title":"Undistilled"},{"name":"2x","title":"2×","ratio":2,"flops":1.5,"card":"cards/2x.txt"},{"name":"4x"}]}`)
	const level = "levels/2x/"
	late := []string{config, weights, vocab, indexFile, textsFile, family.File, level + "config.json", level + "model.safetensors"}
	early := []string{level + "model.safetensors", family.File, level + "config.json", textsFile, vocab, weights, indexFile, config}
	for i, order := range [][]string{late, early} {
		w := start(t, i == 0)
		for _, name := range order {
			data := files[name]
			if name == family.File {
				data = list
			}
			if rest, ok := strings.CutPrefix(name, level); ok {
				data = shared[rest]
				_, err := w.Open()
				if f := failure(t, err); i == 0 && (f.File == "" || !strings.Contains(f.Message, "missing")) {
					t.Errorf("opened without the default level: %+v", f)
				}
			}
			if err := w.File(name, data); err != nil {
				t.Fatal(err)
			}
		}
		r, err := w.Open()
		if err != nil {
			t.Fatal(err)
		}
		if r.Level != "2x" || len(r.Levels) != 3 || r.Levels[1] != (message.Level{Name: "2x", Title: "2×", Ratio: 2, FLOPS: 1.5, Card: "cards/2x.txt"}) {
			t.Errorf("ready: %+v", r)
		}
		for _, c := range []struct{ level, digest string }{{"", "2x"}, {"undistilled", "undistilled"}, {"2x", "2x"}} {
			asks := slices.Clone(asks)
			for i := range asks {
				asks[i].Level = c.level
			}
			if got, err := w.Digest(asks); err != nil || got != digests[c.digest] {
				t.Errorf("level %q: digest %s, natively %s (%v)", c.level, got, digests[c.digest], err)
			}
		}
		for says, level := range map[string]string{"missing": "4x", "no such level": "9x"} {
			ask := asks[0]
			ask.Level = level
			_, err := w.Ask(ask)
			if f := failure(t, err); !strings.Contains(f.Message, says) || level == "4x" && f.File != "levels/4x/model.safetensors" {
				t.Errorf("level %s: %+v", level, f)
			}
		}
	}
}

// A wrong file of a level is named; the other levels keep answering.
func TestWrongLevels(t *testing.T) {
	files := few(t)
	_, shared := member(t, files)
	w := start(t, true)
	hand(t, w, files)
	other := bytes.Replace(shared["config.json"], []byte(`"model.safetensors": "`), []byte(`"model.safetensors": "1`), 1)
	for _, c := range []struct {
		what, file, says string
		data             []byte
	}{
		{"another base", "config.json", "was exported for a base", other},
		{"a whole one", "config.json", "names no base", files[config]},
		{"truncated", "model.safetensors", "", shared["model.safetensors"][:300]},
		{"the base's own", "model.safetensors", "it is the base's", files[weights]},
	} {
		var err error
		for _, name := range []string{"config.json", "model.safetensors"} {
			data := shared[name]
			if name == c.file {
				data = c.data
			}
			err = errors.Join(err, w.File("levels/2x/"+name, data))
		}
		if f := failure(t, err); f.File != "levels/2x/"+c.file || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s: %+v", c.what, f)
		}
		if a, err := w.Ask(question("rivers of Africa")); err != nil || len(a.Results) < 3 {
			t.Errorf("%s: the base does not answer: %v", c.what, err)
		}
		if err := w.File("levels/2x/"+c.file, shared[c.file]); err != nil {
			t.Errorf("%s, then right: %v", c.what, err)
		}
		ask := question("rivers of Africa")
		ask.Level = "2x"
		if _, err := w.Ask(ask); err != nil {
			t.Errorf("%s, then right: %v", c.what, err)
		}
	}
	if f := failure(t, w.File("levels/2x/vocab.txt", files[vocab])); !strings.Contains(f.Message, "shares its base's vocabulary") {
		t.Errorf("a vocabulary: %+v", f)
	}
}

func TestFilesOfDifferentSets(t *testing.T) {
	files := shipped(t)
	files[indexFile], _ = collection(t, native(t, files).Encoder, "one text")
	w := start(t, true)
	for name, data := range files {
		if err := w.File(name, data); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Open()
	if f := failure(t, err); f.File != indexFile || !strings.Contains(f.Message, "built together") {
		t.Errorf("%+v", f)
	}
	err = w.File("encoder/pytorch_model.bin", []byte("x"))
	if f := failure(t, err); f.File != "encoder/pytorch_model.bin" || !strings.Contains(f.Message, "no place") {
		t.Errorf("%+v", f)
	}
}

// collection indexes texts.
func collection(t testing.TB, e *encoder.Encoder, texts ...string) (x, p []byte) {
	xb, pb, s := index.NewBuilder(e.Vocab()), passages.NewBuilder(passages.About{Title: "texts"}), e.NewSession()
	for i, text := range texts {
		v, _, err := s.Encode(conversation.Passage(e.Tokenizer, text, e.PassageTokens))
		if err == nil {
			err = errors.Join(xb.Add(v), pb.Add(passages.Passage{ID: fmt.Sprint(i), Text: text}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var xw, pw bytes.Buffer
	if _, err := xb.WriteTo(&xw); err != nil {
		t.Fatal(err)
	}
	if _, err := pb.WriteTo(&pw); err != nil {
		t.Fatal(err)
	}
	return xw.Bytes(), pw.Bytes()
}

func TestSmallCollections(t *testing.T) {
	files := shipped(t)
	e := native(t, files).Encoder
	for n, texts := range [][]string{nil, {"The tower is 300 metres tall. It is made of iron."}} {
		files[indexFile], files[textsFile] = collection(t, e, texts...)
		w := start(t, true)
		if r := hand(t, w, files); r.Passages != n {
			t.Errorf("%d documents: ready says %d", n, r.Passages)
		}
		a, err := w.Ask(question("what is the tower made of?"))
		if err != nil || len(a.Results) != n || len(a.Terms) == 0 {
			t.Errorf("%d documents: %+v, %v", n, a, err)
		}
	}
}

// Requests that no page of ours sends get an error or an answer; the worker then works as
// before.
func TestMalformedRequests(t *testing.T) {
	files := shipped(t)
	w := start(t, true)
	hand(t, w, files)
	before, err := w.Digest(conversations(t)[:3])
	if err != nil {
		t.Fatal(err)
	}
	many := message.Ask{}
	for i := range 500 {
		many.Turns = append(many.Turns, message.Turn{Question: fmt.Sprint("question ", i), Reply: strings.Repeat("reply ", 400)})
	}
	long, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	huge, err := json.Marshal(question(strings.Repeat("how tall is it? ", 1<<16)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ body, want string }{
		{"", "error"}, {"{", "error"}, {"null", "error"}, {"[]", "error"}, {"{}", "error"}, {"\xff\x00", "error"},
		{`{"turns":[]}`, "error"}, {`{"turns":null,"k":3}`, "error"}, {`{"turns":[{"question":""}]}`, "error"},
		{`{"turns":[{"question":" \u0000\u200b"}]}`, "error"}, {`{"turns":[{"question":7}]}`, "error"},
		{`{"turns":[{"question":"x"}],"k":"many"}`, "error"}, {`{"turns":[{"question":"x"}],"k":1e400}`, "error"},
		{`{"turns":[{"question":"x"}],"k":1.5}`, "error"}, {`{"turns":[{"question":"x"}]}{}`, "error"},
		{strings.Repeat("[", 1<<20), "error"},
		{`{"turns":[{"question":"\ud800 river \udc00"}]}`, "answer"},
		{`{"turns":[{"question":"river"}],"k":-9223372036854775808}`, "answer"},
		{`{"turns":[{"question":"river"}],"k":9223372036854775807}`, "answer"},
		{`{"turns":[{},{},{"question":"river"}],"more":{"a":[1]}}`, "answer"},
		{`{"turns":[{"question":"شلال \u202e<b>river</b>"}]}`, "answer"},
		{string(long), "answer"}, {string(huge), "answer"},
	} {
		word, reply, err := w.Call("ask", []byte(c.body))
		if err != nil || word != c.want {
			t.Errorf("%.60q: %s %.200s, %v", c.body, word, reply, err)
		}
		var f message.Failure
		if word == "error" && (json.Unmarshal(reply, &f) != nil || f.Stage != "ask" || f.Message == "") {
			t.Errorf("%.60q: %s", c.body, reply)
		}
	}
	// Calls out of order: nothing reserved, a name longer than the inbox.
	for _, call := range []string{"ask", "digest"} {
		if word, _, err := w.Call(call, nil); err != nil || word != "error" {
			t.Errorf("%s without an inbox: %s, %v", call, word, err)
		}
	}
	for _, n := range []uint64{0, 1, 1 << 31, 1<<32 - 1} {
		if word, _, err := w.Call("file", nil, n); err != nil || word != "error" {
			t.Errorf("file without an inbox: %s, %v", word, err)
		}
	}
	w.File("x", nil) // a file took the engine apart; opening joins it again
	if _, err := w.Open(); err != nil {
		t.Fatal(err)
	}
	after, err := w.Digest(conversations(t)[:3])
	if err != nil || after != before {
		t.Errorf("digest %s before, %s after; %v", before, after, err)
	}
}

// Any request gets a reply of the form that the page reads.
func FuzzAsk(f *testing.F) {
	var w worker
	files := map[string][]byte{}
	for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
		data, err := os.ReadFile(filepath.Join("../../shared/encoder/testdata/bert", name))
		if err != nil {
			f.Fatal(err)
		}
		files["encoder/"+name] = data
	}
	e, err := encoder.Load(encoderFiles(files))
	if err != nil {
		f.Fatal(err)
	}
	files[indexFile], files[textsFile] = collection(f, e, "a first text. And a second sentence.", "another (text)!", "")
	for name, data := range files {
		inbox := append(bytes.Clone(data), name...)
		if reply := w.file(inbox, uint32(len(name))); !bytes.HasPrefix(reply, []byte("done\n")) {
			f.Fatalf("%s: %s", name, reply)
		}
	}
	if reply := w.open(false); !bytes.HasPrefix(reply, []byte("ready\n")) {
		f.Fatalf("%s", reply)
	}
	f.Add([]byte(`{"turns":[{"question":"a text"}],"k":2}`))
	f.Add([]byte(`{"turns":[{"question":"a","reply":"\ud83d"},{"question":"\u0000!"}],"k":-1}`))
	f.Add([]byte(`[1,{"turns":null}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, reply := range [][]byte{w.ask(body), w.digest(body)} {
			word, rest, ok := bytes.Cut(reply, []byte("\n"))
			if !ok || !json.Valid(rest) || bytes.Contains(rest, []byte("internal error")) {
				t.Fatalf("%s", reply)
			}
			if w := string(word); w != "error" && w != "answer" && w != "digest" {
				t.Fatalf("%s", reply)
			}
		}
	})
}

// A panic is reported, and the worker keeps working.
func TestPanicsBecomeErrors(t *testing.T) {
	reply := reactor.Respond("ask", func() (string, string, error) { panic("a defect") })
	word, body, _ := bytes.Cut(reply, []byte("\n"))
	if string(word) != "error" || !bytes.Contains(body, []byte("a defect")) {
		t.Errorf("%s", reply)
	}
}

// A query of 64 tokens, encoded and searched, under wazero.
func BenchmarkAsk64(b *testing.B) {
	files := shipped(b)
	var c map[string]any
	if err := json.Unmarshal(files[config], &c); err != nil {
		b.Fatal(err)
	}
	c["parley"] = map[string]any{"name": "splade-tiny", "query_tokens": 64, "passage_tokens": 256}
	files[config], _ = json.Marshal(c)
	q := strings.Repeat("how tall is the tower of paris ", 12) // cut at 64 tokens
	for _, simd := range []bool{true, false} {
		b.Run(fmt.Sprintf("simd=%v", simd), func(b *testing.B) {
			w := start(b, simd)
			hand(b, w, files)
			a, err := w.Ask(question(q))
			if err != nil {
				b.Fatal(err)
			}
			var encode float64
			for b.Loop() {
				a, err = w.Ask(question(q))
				if err != nil {
					b.Fatal(err)
				}
				encode += a.Cost.EncodeMS
			}
			b.ReportMetric(encode/float64(b.N), "encode-ms/op")
			b.ReportMetric(float64(a.Tokens), "tokens")
		})
	}
}

// A kernel that is not the one that worker.wasm was built for is refused, and not called.
func TestAnotherKernelIsRefused(t *testing.T) {
	wasm, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	// A module of one function without parameters, exported under names.
	other := func(names ...string) []byte {
		exports := []byte{byte(len(names))}
		for _, name := range names {
			exports = slices.Concat(exports, []byte{byte(len(name))}, []byte(name), []byte{0, 0})
		}
		return slices.Concat([]byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x07"),
			[]byte{byte(len(exports))}, exports, []byte("\x0a\x04\x01\x02\x00\x0b"))
	}
	for says, kernel := range map[string][]byte{
		"has no function":       other("none"),
		"takes [] and gives []": other("quantize", "linear_int8", "head_int8", "matmul", "attention", "add_norm", "gelu"),
	} {
		w, err := host.New(context.Background(), wasm, kernel)
		if err == nil {
			w.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
	}
}
