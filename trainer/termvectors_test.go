package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	tinydense "parley/shared/encoder/tiny"
	"parley/shared/termvectors"
	"parley/trainer/evaluate"
)

// The terms' vectors are found, and what evaluate measures with them has other weights: those with weight 0
// are as they were.
func TestTermVectorsAreFoundAndLiftPassages(t *testing.T) {
	dir := tinySet(t)
	for name, content := range tinydense.Sentence(len(tinyVocabulary(t, dir)), `{"name": "tiny", "space": "tiny"}`) {
		put(t, filepath.Join(dir, "dense", name), content)
	}
	put(t, filepath.Join(dir, "asked.txt"), []byte(tinyAnswers))
	put(t, filepath.Join(dir, "rewritten.jsonl"), []byte(`{"id":"1_1","conversation":"1","source":"s","turns":[{"question":"What is tea?"}],"rewrite":"what is the moon"}`+"\n"))
	put(t, filepath.Join(dir, "not.jsonl"), []byte(`{"id":"1_1","conversation":"1","source":"s","turns":[{"question":"Eiffel Tower Paris"}],"rewrite":"x"}`+"\n"))
	line := "term-vectors --encoder DIR/encoder --dense DIR/dense --passages DIR/corpus.jsonl --questions DIR/asked.txt --examples DIR/rewritten.jsonl --exclude DIR/not.jsonl --held-out 1 --out DIR/terms.safetensors"
	out := mustRun(t, dir, line)
	if !strings.Contains(out, "1 questions held out: the mean cosine") {
		t.Error(out)
	}
	file := read(t, filepath.Join(dir, "terms.safetensors"))
	v, err := termvectors.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if v.Terms() != len(tinyVocabulary(t, dir)) || v.Dim() != tinydense.Dim || v.Weight != 30 || v.Dense != "tiny" {
		t.Errorf("%d terms of length %d, weight %v, of %q", v.Terms(), v.Dim(), v.Weight, v.Dense)
	}
	if mustRun(t, dir, line); string(read(t, filepath.Join(dir, "terms.safetensors"))) != string(file) {
		t.Error("a second run wrote something else")
	}

	put(t, filepath.Join(dir, "queries.jsonl"), []byte(`{"_id":"1","text":"tea"}`+"\n"))
	put(t, filepath.Join(dir, "qrels.tsv"), []byte("query-id\tcorpus-id\tscore\n1\t"+tinyArticles[0].ID+"\t1\n"))
	run := func(flags string) (o evaluate.Outcome, ranking string) {
		t.Helper()
		line := "evaluate --json --no-words --run DIR/a.run --cache DIR/cache --encoder DIR/encoder --passages DIR/corpus.jsonl --queries DIR/queries.jsonl --qrels DIR/qrels.tsv " + flags
		if err := json.Unmarshal([]byte(mustRun(t, dir, line)), &o); err != nil {
			t.Fatal(err)
		}
		return o, string(read(t, filepath.Join(dir, "a.run")))
	}
	const lift = "--term-vectors DIR/terms.safetensors --term-vectors-dense DIR/dense "
	plain, ranking := run("")
	if _, same := run(lift + "--lift-weight 0"); same != ranking {
		t.Errorf("a weight of 0 changes the ranking:\n%s\n%s", ranking, same)
	}
	if _, other := run(lift); other == ranking {
		t.Error("nothing changed")
	}
	if gained, _ := run(lift + "--lift-above 0 --lift-weight .1"); gained.Cost.DocL0 <= plain.Cost.DocL0 {
		t.Errorf("no term was gained: L0 %v, before %v", gained.Cost.DocL0, plain.Cost.DocL0)
	}

	put(t, filepath.Join(dir, "broken"), file[:len(file)-1])
	for flags, want := range map[string]string{
		"--term-vectors DIR/broken --term-vectors-dense DIR/dense":                              "broken: ",
		"--term-vectors DIR/none --term-vectors-dense DIR/dense":                                "none",
		"--term-vectors DIR/terms.safetensors --term-vectors-dense DIR/encoder":                 "wanted a BertModel",
		"--term-vectors DIR/terms.safetensors":                                                  "give both",
		"--term-vectors DIR/terms.safetensors --term-vectors-dense DIR/dense --bm25 --encoder=": "not with --bm25",
	} {
		code, _, stderr := trainer(t, dir, "evaluate --cache DIR/cache --encoder DIR/encoder --passages DIR/corpus.jsonl --queries DIR/queries.jsonl --qrels DIR/qrels.tsv "+flags)
		if code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %s; want %q", flags, code, stderr, want)
		}
	}
	for line, want := range map[string]string{
		"term-vectors": "are needed",
		"term-vectors --dense d --passages DIR/corpus.jsonl --out DIR/x":                                     "nothing to learn from",
		"term-vectors --dense d --passages DIR/corpus.jsonl --out DIR/x --questions DIR/asked.txt --ridge 0": "--ridge above 0",
		"term-vectors x": "name files with flags",
		"term-vectors --encoder DIR/encoder --dense DIR/dense --passages DIR/corpus.jsonl --questions DIR/asked.txt --held-out 9 --out DIR/other": "--held-out is 9",
	} {
		if code, _, stderr := trainer(t, dir, line); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %s; want %q", line, code, stderr, want)
		}
	}
}
