package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/cli"
	densetiny "parley/shared/encoder/tiny"
	"parley/shared/family"
	"parley/shared/lift"
	"parley/shared/message"
	"parley/site/collection"
	"parley/site/collection/tiny"
)

// denseFolder returns the folder of a dense encoder for the bench, without a vocabulary of
// its own.
func (b bench) denseFolder(t *testing.T, parley string) string {
	t.Helper()
	enc, err := collection.OpenEncoder(b.encoder)
	if err != nil {
		t.Fatal(err)
	}
	return tiny.Put(t, filepath.Join(b.dir, "dense"), densetiny.Sentence(enc.Vocab(), parley))
}

const denseSettings = `{"name": "tiny-dense", "query_tokens": 64, "passage_tokens": 48, "dense_weight": 20, "dense_zero": 0.5}`

// denseBench returns a bench whose collection has dense vectors and whose encoder weights
// words.
func denseBench(t *testing.T) (b bench, dense string) {
	t.Helper()
	b = newBench(t)
	at := filepath.Join(b.encoder, "config.json")
	config, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	config = []byte(strings.Replace(string(config), `"name":"tiny-1"`, `"name":"tiny-1","question_words":0.75`, 1))
	tiny.Put(t, b.encoder, map[string][]byte{"config.json": config})
	dense = b.denseFolder(t, denseSettings)
	must(t, "", "index", "--dense="+dense, "--encoder", b.encoder, "--out", b.collection, "--title", "Test", filepath.Join(b.dir, "docs"))
	return b, dense
}

func TestIndexMakesDenseVectorsAndAddsThem(t *testing.T) {
	b, dense := denseBench(t)
	files := func() (all string) {
		for _, name := range []string{"index.bin", "passages.bin", "dense.bin", "manifest.json"} {
			content, err := os.ReadFile(filepath.Join(b.collection, name))
			if err != nil {
				t.Fatal(err)
			}
			all += fmt.Sprintf("%x\n", content)
		}
		return all
	}
	want := files()
	if out := must(t, "", "index", "--encoder", b.encoder, "--out", b.collection, "--title", "Test", filepath.Join(b.dir, "docs")); !strings.Contains(out, "those of before, since the passages are the same") || files() != want {
		t.Error(out)
	}
	out := must(t, "", "index", "--encoder", b.encoder, "--out", b.collection, "--title", "Test", filepath.Join(b.dir, "docs", "tea.md"))
	if !strings.Contains(out, "dense vectors were dropped; parley index --dense --out") {
		t.Error(out)
	}
	must(t, "", "index", "--encoder", b.encoder, "--out", b.collection, "--title", "Test", filepath.Join(b.dir, "docs"))
	out = must(t, "", "index", "--dense="+dense, "--out", b.collection, "--encoder", b.encoder)
	if !strings.Contains(out, "3 passages in ") || !strings.Contains(out, "dense vectors 0.00 MB, by tiny-dense, in ") || files() != want {
		t.Error(out)
	}
	var sum collection.Summary
	if err := json.Unmarshal([]byte(must(t, "", "index", "--json", "--dense="+dense, "--out", b.collection, "--encoder", b.encoder)), &sum); err != nil || sum.Dense == nil || sum.Dense.Space != "tiny-dense" || sum.Dense.Bytes == 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	docs := filepath.Join(b.dir, "docs")
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{cli.Usage, []string{"--dense", dense, docs}, "write --dense=" + dense},
		{cli.Usage, []string{"--dense=" + dense, "--mass", ".5"}, "--mass is for documents, and none are named"},
		{cli.Failed, []string{"--dense=" + dense, "--out", filepath.Join(b.dir, "none")}, "is no collection to add dense vectors to"},
		{cli.Failed, []string{"--dense=" + docs, docs}, "there is no dense encoder in this folder"},
		{cli.Failed, []string{"--dense", docs}, "no dense encoder is installed"},
		{cli.Failed, []string{"--dense=" + b.encoder, docs}, "wanted a BertModel"},
	} {
		if code, _, said := parley(t, "", append([]string{"index", "--encoder", b.encoder}, c.args...)...); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%v: %d %s", c.args, code, said)
		}
	}
}

// A lift changes what the first stage finds, and is refused where it cannot be.
func TestIndexLifts(t *testing.T) {
	b, dense := denseBench(t)
	docs := filepath.Join(b.dir, "docs")
	if code, _, said := parley(t, "", "index", "--lift", "--dense="+dense, "--encoder", b.encoder, "--out", b.collection, docs); code != cli.Failed || !strings.Contains(said, "has no lift.safetensors") {
		t.Errorf("%d %s", code, said)
	}
	matrix, mean := make([]float32, 2*densetiny.Dim*densetiny.Dim), make([]float32, densetiny.Dim)
	for i := range matrix {
		matrix[i] = float32(i%7-3) / 9
	}
	l, err := lift.New(matrix, mean)
	if err != nil {
		t.Fatal(err)
	}
	l.Weight, l.Encoder, l.Space = .3, "tiny-1", "tiny-dense"
	data, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	tiny.Put(t, dense, map[string][]byte{lift.File: data})
	before := b.answer(t, "whale")
	must(t, "", "index", "--lift", "--dense="+dense, "--encoder", b.encoder, "--out", b.collection, docs)
	if after := b.answer(t, "whale"); after.Results[0].Score == before.Results[0].Score {
		t.Errorf("the score is %v, as before", after.Results[0].Score)
	}
	if out := must(t, "", "index", "--lift", "--dense="+dense, "--encoder", b.encoder, "--out", b.collection, docs); !strings.Contains(out, "3 passages are as they were") || !strings.Contains(out, "lifted by tiny-dense") {
		t.Error(out)
	}
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{cli.Usage, []string{"--lift", "--dense=" + dense}, "--lift is for documents, and none are named"},
		{cli.Failed, []string{"--lift", docs}, "no dense encoder is installed"},
	} {
		if code, _, said := parley(t, "", append([]string{"index", "--encoder", b.encoder, "--out", b.collection}, c.args...)...); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%v: %d %s", c.args, code, said)
		}
	}
}

// Quantising a dense encoder gives a dense encoder, with its settings.
func TestExportTakesADenseEncoder(t *testing.T) {
	b := newBench(t)
	dense, small := b.denseFolder(t, denseSettings), filepath.Join(b.dir, "small")
	vocab, err := os.ReadFile(filepath.Join(b.encoder, "vocab.txt"))
	if err != nil {
		t.Fatal(err)
	}
	tiny.Put(t, dense, map[string][]byte{"vocab.txt": vocab})
	must(t, "", "quantize", dense, small, "--passage-tokens", "30")
	must(t, "", "index", "--dense="+small, "--encoder", b.encoder, "--out", b.collection)
	if a := b.answer(t, "--dense", small, "--stage", "dense", "whale"); a.Stage != message.StageDense {
		t.Errorf("%+v", a)
	}
}

func (b bench) answer(t *testing.T, args ...string) (a message.Answer) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, "", b.with(append([]string{"search", "--json"}, args...)...)...)), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSearchByStages(t *testing.T) {
	b, dense := denseBench(t)
	for stage, says := range map[string]string{
		"sparse": "searched with the sparse vector alone", "dense": "searched with the dense vector alone", "both": "searched with both vectors, sparse and dense", "": "searched with both vectors",
	} {
		args := []string{"--dense", dense, "--stage", stage, "whale"}
		a := b.answer(t, args...)
		want := stage
		if stage == "" {
			want = message.StageBoth
		}
		if a.Stage != want || (a.Cost.DenseMS > 0) != (want != message.StageSparse) {
			t.Errorf("%q: %s in %v ms", stage, a.Stage, a.Cost.DenseMS)
		}
		if out := must(t, "", b.with(append([]string{"search"}, args...)...)...); !strings.Contains(out, says) {
			t.Errorf("%q: %s", stage, out)
		}
	}
	// Where there is one stage, stages are not mentioned.
	if a := b.answer(t, "whale"); a.Stage != message.StageSparse || a.Cost.DenseMS != 0 {
		t.Errorf("%+v", a)
	}
	if out := must(t, "", b.with("search", "whale")...); strings.Contains(out, "searched with") {
		t.Error(out)
	}
}

// The reader of a dense encoder's folder answers where the dense stage does. Where it is
// missing or damaged, the other stages answer, unless it was asked for.
func TestSearchWithAReader(t *testing.T) {
	b, dense := denseBench(t)
	search := func(args ...string) (code int, out, said string) {
		return parley(t, "", b.with(append([]string{"search", "--dense", dense, "whale"}, args...)...)...)
	}
	if code, _, said := search("--stage", "read"); code != cli.Failed || !strings.Contains(said, "the reader: "+dense+": the dense encoder has no reader") {
		t.Errorf("without one: %d %s", code, said)
	}
	if code, out, said := search(); code != cli.OK || said != "" || !strings.Contains(out, "searched with both vectors") || strings.Contains(out, "were then read") {
		t.Errorf("without one: %d %s %s", code, out, said)
	}

	enc, err := collection.OpenEncoder(b.encoder)
	if err != nil {
		t.Fatal(err)
	}
	files := densetiny.WithReader(densetiny.Sentence(enc.Vocab(), strings.Replace(denseSettings, "}", ", "+densetiny.ReaderSettings+"}", 1)))
	tiny.Put(t, dense, files)
	for _, stage := range []string{"", "read"} {
		if a := b.answer(t, "--dense", dense, "--stage", stage, "whale"); a.Stage != message.StageRead || a.Cost.ReaderMS <= 0 {
			t.Errorf("%q: %s in %v ms", stage, a.Stage, a.Cost.ReaderMS)
		}
	}
	if _, out, _ := search(); !strings.Contains(out, "the first results were then read together with the question") || !strings.Contains(out, "ms reader; ") {
		t.Error(out)
	}
	if out := must(t, ":stage both\n:stage read\nwhale\n:stage both\n", b.with("chat", "--dense", dense)...); strings.Count(out, "were then read") != 1 {
		t.Error(out)
	}

	// Damaged, and not there.
	tiny.Put(t, dense, map[string][]byte{"reader.safetensors": files["model.safetensors"]})
	for range 2 {
		if code, out, said := search(); code != cli.OK || !strings.Contains(out, "A whale is not a fish") || !strings.Contains(said, "the first results are not read once more: "+dense+": encoder: reader.safetensors") {
			t.Errorf("%d %s %s", code, out, said)
		}
		if code, _, said := search("--stage", "read"); code != cli.Failed || !strings.Contains(said, "reader.safetensors") {
			t.Errorf("%d %s", code, said)
		}
		os.Remove(filepath.Join(dense, "reader.safetensors"))
	}
}

// Where the dense stage was asked for, an error says what is missing; otherwise the sparse
// stage answers.
func TestADenseStageThatIsMissing(t *testing.T) {
	b, dense := denseBench(t)
	refused := func(code int, says string, args ...string) {
		t.Helper()
		if got, _, said := parley(t, "", b.with(append([]string{"search", "whale"}, args...)...)...); got != code || !strings.Contains(said, says) {
			t.Errorf("%v: %d %s", args, got, said)
		}
	}
	stands := func(says string, args ...string) {
		t.Helper()
		code, out, said := parley(t, "", b.with(append([]string{"search", "whale"}, args...)...)...)
		if code != cli.OK || !strings.Contains(out, "A whale is not a fish") || says == "" && said != "" || !strings.Contains(said, says) {
			t.Errorf("%v: %d %s %s", args, code, out, said)
		}
	}
	refused(cli.Usage, "--stage best: wanted sparse, dense, both or read", "--stage", "best")
	refused(cli.Failed, "no dense encoder is installed", "--stage", "dense")
	refused(cli.Failed, "no dense encoder in this folder", "--dense", filepath.Join(b.dir, "none"))
	stands("")
	stands("", "--stage", "sparse")

	// A family's encoder whose vectors belong to another space than the collection's.
	fam := filepath.Join(b.dir, "family")
	if err := os.CopyFS(filepath.Join(fam, "tiny"), os.DirFS(b.encoder)); err != nil {
		t.Fatal(err)
	}
	list := family.Family{Base: "a", Default: "a", Levels: []family.Level{{Level: message.Level{Name: "a"}, Folder: "tiny"}}, Dense: &family.Dense{Title: "Better", Folder: "dense"}}
	data, err := list.Encode()
	if err != nil {
		t.Fatal(err)
	}
	tiny.Put(t, fam, map[string][]byte{family.File: data})
	b.encoder = fam
	stands("") // its folder is not there
	refused(cli.Failed, filepath.Join(fam, "dense")+" is not there", "--stage", "both")
	if out := must(t, "", b.with("models")...); !strings.Contains(out, "dense: no dense encoder is installed") || !strings.Contains(out, "\ndense vectors of tiny-dense\n") {
		t.Error(out)
	}
	if err := os.CopyFS(filepath.Join(fam, "dense"), os.DirFS(dense)); err != nil {
		t.Fatal(err)
	}
	if a := b.answer(t, "whale"); a.Stage != message.StageBoth {
		t.Errorf("installed: %s", a.Stage)
	}
	if out := must(t, "", b.with("models")...); !strings.Contains(out, "passages and questions, in a second stage") {
		t.Error(out)
	}
	var parts struct{ Dense listedDense }
	if err := json.Unmarshal([]byte(must(t, "", b.with("models", "--json")...)), &parts); err != nil || !parts.Dense.Installed || parts.Dense.Space != "tiny-dense" || parts.Dense.Title != "Better" {
		t.Errorf("%+v, %v", parts, err)
	}
	config, _ := os.ReadFile(filepath.Join(dense, "config.json"))
	tiny.Put(t, filepath.Join(fam, "dense"), map[string][]byte{"config.json": []byte(strings.Replace(string(config), `"tiny-dense"`, `"other"`, 1))})
	stands("the sparse stage answers alone: answer: the collection's dense vectors are of tiny-dense")
	refused(cli.Failed, "the dense encoder other compares with", "--stage", "dense")
	if out := must(t, "", b.with("models")...); !strings.Contains(out, "it wants those of other") {
		t.Error(out)
	}

	// Damaged vectors.
	at := filepath.Join(b.collection, "dense.bin")
	was, _ := os.ReadFile(at)
	tiny.Put(t, b.collection, map[string][]byte{"dense.bin": append(was[:len(was)-1:len(was)-1], was[len(was)-1]^1)})
	stands("the sparse stage answers alone: " + b.collection + `: bundle: "dense.bin": wrong SHA-256`)
	refused(cli.Failed, "wrong SHA-256", "--dense", dense)

	// No vectors.
	must(t, "", "index", "--encoder", b.encoder, "--out", b.collection, filepath.Join(b.dir, "docs", "sea.jsonl"))
	stands("")
	refused(cli.Failed, "`parley index --dense --out "+b.collection+" --encoder "+b.encoder+"` adds them", "--stage", "dense")
	if out := must(t, "", b.with("models")...); !strings.Contains(out, "no dense vectors; ") {
		t.Error(out)
	}
	if out := must(t, "whale\n:stage dense\n:stage auto\n", b.with("chat")...); !strings.Contains(strings.Join(strings.Fields(out), " "), "There is no dense stage: "+b.collection+": the collection has no dense vectors") || strings.Count(out, "“A whale") != 2 {
		t.Error(out)
	}
}

func TestChatByStages(t *testing.T) {
	b, dense := denseBench(t)
	out := must(t, ":stage\n:stage best\n:stage dense\nwhale\n:stage sparse\n:stage both\neiffel tower\n:stage auto\n", b.with("chat", "--dense", dense, "--stage", "sparse")...)
	at := 0
	for _, want := range []string{
		"it is sparse.", "it is sparse.", "The stage is dense.", "with the dense vector alone", "with the sparse vector alone", "with both vectors", "read with turn 1\n  searched with both vectors", "with both vectors",
	} {
		i := strings.Index(out[at:], want)
		if i < 0 {
			t.Fatalf("no %q in its place in\n%s", want, out)
		}
		at += i + len(want)
	}
	if n := strings.Count(out, "? whale"); n != 1 {
		t.Errorf("asked %d times:\n%s", n, out)
	}
	if !strings.Contains(out, "ms dense stage") {
		t.Error(out)
	}
}

// The built page offers the second stage, unless it is to be left out.
func TestBuildWithADenseStage(t *testing.T) {
	b, dense := denseBench(t)
	wasm := tiny.Put(t, filepath.Join(b.dir, "wasm"), map[string][]byte{"ui.wasm": nil, "worker.wasm": nil, "files.wasm": nil, "pdfium.wasm": nil, "wasm_exec.js": []byte("go")})
	args := b.with("build", "--wasm", wasm, "--out", filepath.Join(b.dir, "dist"), "--compress", "none")
	says := "better answers: 0.0"
	if out := must(t, "", append(args, "--dense", dense)...); !strings.Contains(out, says) || !strings.Contains(out, "loaded on request") {
		t.Error(out)
	}
	if out := must(t, "", args...); strings.Contains(out, says) {
		t.Error(out)
	}
	if code, _, said := parley(t, "", append(args, "--dense", dense, "--no-dense")...); code != cli.Usage || !strings.Contains(said, "exclude each other") {
		t.Errorf("%d %s", code, said)
	}
}

// A run ranks as search does: words, history and stages included.
func TestARunRanksAsSearchDoes(t *testing.T) {
	b, dense := denseBench(t)
	queries := filepath.Join(b.dir, "q.jsonl")
	os.WriteFile(queries, []byte(`{"_id":"a","text":"hot leaf"}
{"_id":"b","turns":[{"question":"eiffel tower","reply":"paris"},{"question":"who designed the whale?"}]}
`), 0o644)
	words := false
	for _, stage := range []string{"", "sparse", "dense", "both"} {
		var want strings.Builder
		for id, args := range map[string][]string{"a": {"hot", "leaf"}, "b": {"-t", "eiffel tower", "-r", "paris", "who designed the whale?"}} {
			a := b.answer(t, append([]string{"--dense", dense, "--stage", stage}, args...)...)
			for i, r := range a.Results {
				fmt.Fprintf(&want, "%s Q0 %s %d %g tiny-1\n", id, r.ID, i+1, r.Score)
			}
			for _, term := range a.Terms {
				words = words || term.Word
			}
		}
		got := must(t, "", b.with("search", "--dense", dense, "--stage", stage, "--trec", "-", "--queries", queries)...)
		for _, line := range strings.SplitAfter(want.String(), "\n") {
			if !strings.Contains(got, line) {
				t.Errorf("stage %q: no %q in\n%s", stage, line, got)
			}
		}
		if len(got) != want.Len() {
			t.Errorf("stage %q: %d bytes, wanted %d", stage, len(got), want.Len())
		}
	}
	if !words {
		t.Error("no word was searched for")
	}
}
