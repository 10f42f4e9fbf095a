package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"parley/shared/bundle"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/trainer/evaluate"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// aRun is the folder of a run that has ended, as trainer train leaves it. Its best
// encoder is the tiny one of teacher/testdata.
func aRun(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var best []bundle.File
	files := map[string][]byte{
		"run/run.json":              []byte(`{"out":"/home/someone/runs/one","encoder":"/home/someone/base","examples":["/home/someone/data/a.jsonl"],"passages":["p.jsonl"],"max-tokens":14,"freeze-embedding":true}`),
		"run/provenance.json":       []byte(`{"revision":"0123abc","modified":true,"go":"go1.26","train_examples":40,"dev_examples":8,"passages":60,"sha256":{"/home/someone/data/a.jsonl":"aa","p.jsonl":"bb"}}`),
		"run/checkpoint/state.json": []byte(`{"step":20,"epoch":2,"best":0.6,"best_epoch":1,"ended":true}`),
		"run/log.jsonl": []byte(`{"step":1,"epoch":1,"loss":3,"l0":9}
{"step":10,"epoch":1,"loss":2,"l0":7}
{"step":10,"epoch":1,"dev_ndcg10":0.5,"dev_r100":0.7,"dev_l0":8}
{"step":20,"epoch":2,"loss":1.5,"l0":6}
{"step":20,"epoch":2,"dev_ndcg10":0.4,"dev_r100":0.7,"dev_l0":7}
`),
	}
	for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
		data, err := os.ReadFile(filepath.Join("teacher/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "config.json" {
			data = bytes.Replace(data, []byte("{"), []byte(`{"parley":{"name":"one","query_tokens":14,"history_token_type":1,"passage_tokens":12},`), 1)
		}
		files["run/best/"+name] = data
		best = append(best, bundle.Of(name, name, data))
	}
	m, err := bundle.New(best)
	if err != nil {
		t.Fatal(err)
	}
	files["run/best.json"] = m.Encode()
	for name, data := range files {
		put(t, filepath.Join(dir, name), data)
	}
	return dir
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		put(t, path, got)
	}
	if want := read(t, path); !bytes.Equal(got, want) {
		t.Errorf("%s is not as before (go test ./trainer -update writes it anew):\n%s", path, got)
	}
}

func mustRun(t *testing.T, dir, line string) string {
	t.Helper()
	code, out, stderr := trainer(t, dir, line)
	if code != 0 {
		t.Fatalf("trainer %s: code %d, %s", line, code, stderr)
	}
	return out
}

// ranksOfOtter reads from a TREC run on which ranks the benchmark's relevant passage
// stands.
func ranksOfOtter(t *testing.T, run string) (ranks [2]int) {
	t.Helper()
	for line := range strings.Lines(string(read(t, run))) {
		f := strings.Fields(line)
		if f[2] != "otter" {
			continue
		}
		rank, err := strconv.Atoi(f[3])
		if err != nil {
			t.Fatal(err)
		}
		ranks[map[string]int{"c<::>1": 0, "c<::>2": 1}[f[0]]] = rank
	}
	return ranks
}

func TestExportWritesWhatShips(t *testing.T) {
	dir := aRun(t)
	for name, text := range benchmark {
		put(t, filepath.Join(dir, name), []byte(text))
	}
	put(t, filepath.Join(dir, "note.md"), []byte("\nThe data are made up.\n"))
	// Figures of the encoder before and after it is quantised, of another and of BM25.
	line := "evaluate --json --cache DIR/cache --input conversation" + data
	mustRun(t, dir, "export --licence MIT DIR/run DIR/first")
	for name, of := range map[string]string{"float": "--encoder DIR/run/best", "int8": "--encoder DIR/first",
		"other": "--encoder ../shared/encoder/testdata/bert", "words": "--bm25"} {
		out := mustRun(t, dir, line+" --run DIR/"+name+".run "+of)
		put(t, filepath.Join(dir, name+".json"), []byte(out))
	}
	figures := " --figures DIR/int8.json,DIR/float.json,DIR/other.json,DIR/words.json"
	mustRun(t, dir, "export DIR/run DIR/out --licence MIT --note DIR/note.md --name tiny"+figures)
	card := read(t, filepath.Join(dir, "out/README.md"))
	golden(t, "card.md", card)
	// What was computed by hand. Each of the two questions has one relevant passage of
	// three. BM25 finds it first both times; this encoder finds it second and third: the
	// reciprocal ranks 1/2 and 1/3 are .4167 on average, and nDCG 1/log2(3) = .6309 and
	// 1/log2(4) = .5 are .5655. The other encoder finds it third both times.
	for _, want := range []string{
		"| int8 | this encoder | conversation | 2 | 0.4167 | 0.5655 | 0.5655 | 0.5655 | 1.0000 | 1.0000 | 1.0000 |",
		"| float | this encoder, before it was quantised | conversation | 2 | 0.4167 | 0.5655 |",
		"| other | another encoder, testdata/bert | conversation | 2 | 0.3333 | 0.5000 | 0.5000 | 0.5000 | 1.0000 |",
		"| words | BM25 | conversation | 2 | 1.0000 | 1.0000 | 1.0000 | 1.0000 | 1.0000 | 1.0000 | 1.0000 | | |\n",
		// The lines of aRun's log, and its provenance.
		"| 1 | 0.5000 | 0.7000 | 8.0 |\n| 2 | 0.4000 | 0.7000 | 7.0 |\n",
		"40 examples, 60 passages to rank, 20 steps; the encoder is that after epoch 1.",
		"| data/a.jsonl | `aa` |\n| p.jsonl | `bb` |\n",
		// By sha256sum and wc of teacher/testdata/vocab.txt: 48 words.
		"| vocab.txt | 141 | `ad96e48e98401a47c167db860e901d20e09eef738576f637646033f358474011` |",
		"a sparse vector over a vocabulary of 48",
	} {
		if !bytes.Contains(card, []byte(want)) {
			t.Errorf("the card does not say %q", want)
		}
	}
	for name, ranks := range map[string][2]int{"int8": {2, 3}, "float": {2, 3}, "other": {3, 3}, "words": {1, 1}} {
		if got := ranksOfOtter(t, filepath.Join(dir, name+".run")); got != ranks {
			t.Errorf("%s ranks what is relevant %v, want %v", name, got, ranks)
		}
	}

	enc, _, err := evaluate.Load(filepath.Join(dir, "out"), "")
	if err != nil {
		t.Fatal(err)
	}
	if enc.Name != "tiny" || enc.Query.MaxTokens != 14 || enc.Query.HistoryType != 1 || enc.PassageTokens != 12 {
		t.Errorf("it reads as %q, %+v, %d", enc.Name, enc.Query, enc.PassageTokens)
	}
	m, err := bundle.Parse(read(t, filepath.Join(dir, "out/manifest.json")))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(os.DirFS(filepath.Join(dir, "out"))); err != nil || len(m.Files) != 3 {
		t.Errorf("%d files, %v", len(m.Files), err)
	}

	// The same run gives the same bytes, over what was there, too.
	mustRun(t, dir, "export --licence MIT --note DIR/note.md --name tiny"+figures+" DIR/run DIR/again")
	mustRun(t, dir, "export --licence MIT --note DIR/note.md --name tiny"+figures+" DIR/run DIR/first")
	for _, name := range []string{"config.json", "model.safetensors", "vocab.txt", "README.md", "manifest.json"} {
		want := read(t, filepath.Join(dir, "out", name))
		for _, other := range []string{"again", "first"} {
			if !bytes.Equal(want, read(t, filepath.Join(dir, other, name))) {
				t.Errorf("%s/%s differs", other, name)
			}
		}
	}
}

// An encoder that keeps some terms is measured with those alone, and its card tells
// figures with more of them apart.
func TestExportKeepsTheHeaviestTerms(t *testing.T) {
	dir := aRun(t)
	for name, text := range benchmark {
		put(t, filepath.Join(dir, name), []byte(text))
	}
	mustRun(t, dir, "export --licence MIT --query-terms 2 DIR/run DIR/cut")
	enc, _, err := evaluate.Load(filepath.Join(dir, "cut"), "")
	if err != nil || enc.QueryTerms != 2 {
		t.Fatalf("%+v, %v", enc, err)
	}
	line := "evaluate --json --cache DIR/cache --input conversation --encoder DIR/cut" + data
	l0 := map[string]float64{}
	for name, flags := range map[string]string{"own": "", "all": " --query-terms 0", "three": " --query-terms 3"} {
		out := mustRun(t, dir, line+flags)
		put(t, filepath.Join(dir, name+".json"), []byte(out))
		var o evaluate.Outcome
		if err := json.Unmarshal([]byte(out), &o); err != nil {
			t.Fatal(err)
		}
		l0[name] = o.Cost.QueryL0
	}
	if !(l0["own"] == 2 && l0["three"] == 3 && l0["all"] > 3) {
		t.Errorf("active terms %v", l0)
	}
	mustRun(t, dir, "export --licence MIT --query-terms 2 --figures DIR/own.json,DIR/all.json,DIR/three.json DIR/run DIR/cut")
	card := string(read(t, filepath.Join(dir, "cut/README.md")))
	for _, want := range []string{"of which it keeps the 2 heaviest terms.", "| own | this encoder |", "| all | this encoder, with all terms |", "| three | this encoder, with 3 terms |"} {
		if !strings.Contains(card, want) {
			t.Errorf("the card does not say %q:\n%s", want, card)
		}
	}
}

// A member of a family is measured over its base as the whole encoder is alone.
func TestExportSharesABase(t *testing.T) {
	dir := aRun(t)
	for name, text := range benchmark {
		put(t, filepath.Join(dir, name), []byte(text))
	}
	mustRun(t, dir, "export --licence MIT DIR/run DIR/whole")
	mustRun(t, dir, "export --licence MIT DIR/run DIR/member") // whole at first: what is left out must go
	mustRun(t, dir, "export --licence MIT --share DIR/whole DIR/run DIR/member")
	if _, err := os.Stat(filepath.Join(dir, "member/vocab.txt")); err == nil {
		t.Error("the vocabulary is still there")
	}
	var of [2]evaluate.Outcome
	line := "evaluate --json --cache DIR/cache --input conversation" + data
	for i, encoder := range []string{" --encoder DIR/whole", " --encoder DIR/member --base DIR/whole"} {
		if err := json.Unmarshal([]byte(mustRun(t, dir, line+encoder)), &of[i]); err != nil {
			t.Fatal(err)
		}
	}
	if of[0].Encoder != of[1].Encoder || of[0].Metrics["ndcg_cut_10"] != of[1].Metrics["ndcg_cut_10"] {
		t.Errorf("whole %+v, over its base %+v", of[0], of[1])
	}
	if code, _, stderr := trainer(t, dir, line+" --encoder DIR/member"); code != 1 || !strings.Contains(stderr, "shares the word embedding of a base") {
		t.Errorf("alone: code %d, %s", code, stderr)
	}
	// Another base.
	whole, err := encoder.Quantize(folder.Files("../shared/encoder/testdata/bert"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range whole {
		put(t, filepath.Join(dir, "other", name), data)
	}
	if code, _, stderr := trainer(t, dir, "export --licence MIT --share DIR/other DIR/run DIR/third"); code != 1 || !strings.Contains(stderr, "another vocab.txt") {
		t.Errorf("over another: code %d, %s", code, stderr)
	}
}

// A document encoder that was trained, too, ships beside the query encoder, in doc/.
func TestExportWritesBothEncoders(t *testing.T) {
	dir := aRun(t)
	var list []bundle.File
	for _, folder := range []string{"", "doc/"} {
		for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
			data := read(t, filepath.Join(dir, "run/best", name))
			put(t, filepath.Join(dir, "run/best", folder+name), data)
			list = append(list, bundle.Of(folder+name, folder+name, data))
		}
	}
	m, err := bundle.New(list)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "run/best.json"), m.Encode())
	config := read(t, filepath.Join(dir, "run/run.json"))
	put(t, filepath.Join(dir, "run/run.json"), bytes.Replace(config, []byte("{"), []byte(`{"train-docs":true,`), 1))
	mustRun(t, dir, "export --licence MIT DIR/run DIR/out")
	for folder, name := range map[string]string{"out": "out", "out/doc": "out-doc"} {
		enc, _, err := evaluate.Load(filepath.Join(dir, folder), "")
		if err != nil {
			t.Fatal(err)
		}
		if enc.Name != name || enc.PassageTokens != 12 {
			t.Errorf("%s is called %q and reads %d tokens of a passage", folder, enc.Name, enc.PassageTokens)
		}
		m, err := bundle.Parse(read(t, filepath.Join(dir, folder, "manifest.json")))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Verify(os.DirFS(filepath.Join(dir, folder))); err != nil || len(m.Files) != 3 {
			t.Errorf("%s: %d files, %v", folder, len(m.Files), err)
		}
	}
	if card := read(t, filepath.Join(dir, "out/README.md")); !bytes.Contains(card, []byte("by the encoder in `doc/`")) || bytes.Contains(card, []byte("stayed as it was")) {
		t.Errorf("the card:\n%s", card)
	}
	os.Remove(filepath.Join(dir, "run/best/doc/vocab.txt"))
	if code, _, stderr := trainer(t, dir, "export --licence MIT DIR/run DIR/again"); code != 1 || !strings.Contains(stderr, "doc/vocab.txt") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func TestExportRefusesWhatIsNotDoneOrNotIntact(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		line   string
		code   int
		says   string
	}{
		{"no run", nil, "--licence MIT DIR DIR/out", 1, "is not the folder of a run"},
		{"no licence", nil, "DIR/run DIR/out", 2, "--licence"},
		{"one folder", nil, "--licence MIT DIR/run", 2, "want 2: RUN and OUT"},
		{"onto itself", nil, "--licence MIT DIR/run DIR/run/best", 2, "give another folder"},
		{"not ended", func(d string) error {
			return os.WriteFile(d+"/run/checkpoint/state.json", []byte(`{"step":7}`), 0o644)
		}, "", 1, "has not ended, it is at step 7"},
		{"no checkpoint", func(d string) error { return os.Remove(d + "/run/checkpoint/state.json") }, "", 1, "no checkpoint yet"},
		{"other weights", func(d string) error {
			data := read(t, d+"/run/best/model.safetensors")
			data[len(data)-1] ^= 1
			return os.WriteFile(d+"/run/best/model.safetensors", data, 0o644)
		}, "", 1, "is not what the run wrote"},
		{"a file gone", func(d string) error { return os.Remove(d + "/run/best/vocab.txt") }, "", 1, "vocab.txt"},
		{"no sums", func(d string) error { return os.Remove(d + "/run/best.json") }, "", 1, "train it again"},
		{"no log", func(d string) error { return os.Remove(d + "/run/log.jsonl") }, "", 1, "log.jsonl"},
		{"not a log", func(d string) error { return os.WriteFile(d+"/run/log.jsonl", []byte("{}\nx\n"), 0o644) }, "", 1, "log.jsonl:1: "},
		{"figures that are none", func(d string) error { return os.WriteFile(d+"/f.json", []byte("{}"), 0o644) },
			"--licence MIT --figures DIR/f.json DIR/run DIR/out", 1, "no queries"},
		{"a note that is none", func(d string) error { return os.WriteFile(d+"/n", []byte("a\xff"), 0o644) },
			"--licence MIT --note DIR/n DIR/run DIR/out", 1, "not text"},
		{"another field", func(d string) error { return os.WriteFile(d+"/run/run.json", []byte(`{"colour":1}`), 0o644) }, "", 1, "colour"},
	} {
		dir := aRun(t)
		if c.damage != nil {
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
		}
		if c.line == "" {
			c.line = "--licence MIT DIR/run DIR/out"
		}
		code, _, stderr := trainer(t, dir, "export "+c.line)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: code %d, %q; want %d, %q", c.name, code, stderr, c.code, c.says)
		}
		if _, err := os.Stat(filepath.Join(dir, "out/manifest.json")); err == nil {
			t.Errorf("%s: an encoder was written all the same", c.name)
		}
	}
}

// A run from before best.json is verified by its checkpoint, where that can be.
func TestExportVerifiesAnOldRunByItsCheckpoint(t *testing.T) {
	dir := aRun(t)
	os.Remove(filepath.Join(dir, "run/best.json"))
	put(t, filepath.Join(dir, "run/checkpoint/state.json"), []byte(`{"step":20,"epoch":2,"best_epoch":2,"ended":true}`))
	weights := read(t, filepath.Join(dir, "run/best/model.safetensors"))
	put(t, filepath.Join(dir, "run/checkpoint/model.safetensors"), weights)
	mustRun(t, dir, "export --licence MIT DIR/run DIR/out")
	weights[len(weights)-1] ^= 1
	put(t, filepath.Join(dir, "run/checkpoint/model.safetensors"), weights)
	if code, _, stderr := trainer(t, dir, "export --licence MIT DIR/run DIR/out"); code != 1 || !strings.Contains(stderr, "not those of the checkpoint") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func TestPlotDrawsARun(t *testing.T) {
	dir := aRun(t)
	mustRun(t, dir, "plot DIR/run --out DIR/a.svg")
	if svg := read(t, filepath.Join(dir, "a.svg")); !bytes.HasPrefix(svg, []byte("<svg")) || !bytes.Contains(svg, []byte(">run</text>")) {
		t.Errorf("%.200s", svg)
	}
	// While a run writes, its last line may not be whole.
	log := read(t, filepath.Join(dir, "run/log.jsonl"))
	put(t, filepath.Join(dir, "run/log.jsonl"), append(log, `{"step":2`...))
	mustRun(t, dir, "plot --out DIR/a.svg DIR/run DIR/run")
	put(t, filepath.Join(dir, "run/log.jsonl"), nil)
	for line, want := range map[string]string{
		"plot DIR/run":                  "no --out",
		"plot --out DIR/a.svg":          "no run",
		"plot --out DIR/a.svg DIR/run":  "has not made a step yet",
		"plot --out DIR/a.svg DIR/none": "log.jsonl",
	} {
		if code, _, stderr := trainer(t, dir, line); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %s", line, code, stderr)
		}
	}
}
