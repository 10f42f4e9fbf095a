package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	tinydense "parley/shared/encoder/tiny"
	"parley/shared/lift"
	"parley/trainer/evaluate"
)

// A matrix is found, and what evaluate measures with it has other weights: those with weight 0 are as they
// were.
func TestALiftIsFoundAndChangesPassages(t *testing.T) {
	dir := tinySet(t)
	for name, content := range tinydense.Sentence(len(tinyVocabulary(t, dir)), `{"name": "tiny", "space": "tiny"}`) {
		put(t, filepath.Join(dir, "dense", name), content)
	}
	put(t, filepath.Join(dir, "asked.txt"), []byte(tinyAnswers))
	put(t, filepath.Join(dir, "rewritten.jsonl"), []byte(`{"id":"1_1","conversation":"1","source":"s","turns":[{"question":"What is tea?"}],"rewrite":"what is the moon"}`+"\n"))
	put(t, filepath.Join(dir, "not.jsonl"), []byte(`{"id":"1_1","conversation":"1","source":"s","turns":[{"question":"Eiffel Tower Paris"}],"rewrite":"x"}`+"\n"))
	line := "lift --encoder DIR/encoder --dense DIR/dense --passages DIR/corpus.jsonl --questions DIR/asked.txt --examples DIR/rewritten.jsonl --exclude DIR/not.jsonl --held-out 1 --out DIR/dense/lift.safetensors"
	out := mustRun(t, dir, line)
	if !strings.Contains(out, "1 questions held out: the mean cosine") {
		t.Error(out)
	}
	file := read(t, filepath.Join(dir, "dense", "lift.safetensors"))
	v, err := lift.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if v.Dim() != tinydense.Dim || v.Weight != 30 || v.Space != "tiny" {
		t.Errorf("length %d, weight %v, of %q", v.Dim(), v.Weight, v.Space)
	}
	if mustRun(t, dir, line); string(read(t, filepath.Join(dir, "dense", "lift.safetensors"))) != string(file) {
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
	const lifted = "--lift DIR/dense "
	_, ranking := run("")
	if _, same := run(lifted + "--lift-weight 0"); same != ranking {
		t.Errorf("a weight of 0 changes the ranking:\n%s\n%s", ranking, same)
	}
	if _, other := run(lifted); other == ranking {
		t.Error("nothing changed")
	}
	if _, same := run(lifted + "--lift-passages DIR/dense"); same == ranking {
		t.Error("nothing changed where another folder reads the passages")
	}

	for name, content := range tinydense.Sentence(len(tinyVocabulary(t, dir)), `{"name": "other"}`) {
		put(t, filepath.Join(dir, "other", name), content)
	}
	put(t, filepath.Join(dir, "other", "lift.safetensors"), file[:len(file)-1])
	for flags, want := range map[string]string{
		"--lift DIR/other":   "lift.safetensors: ",
		"--lift DIR/none":    "none",
		"--lift DIR/encoder": "lift.safetensors",
		"--lift DIR/dense --lift-passages DIR/encoder": "wanted a BertModel",
		"--lift DIR/dense --lift-passages DIR/other":   `wants the dense vectors of "tiny", not of "other"`,
		"--lift-passages DIR/dense":                    "are for --lift",
		"--lift DIR/dense --bm25 --encoder=":           "leave out --bm25",
	} {
		code, _, stderr := trainer(t, dir, "evaluate --cache DIR/cache --encoder DIR/encoder --passages DIR/corpus.jsonl --queries DIR/queries.jsonl --qrels DIR/qrels.tsv "+flags)
		if code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %s; want %q", flags, code, stderr, want)
		}
	}
	for line, want := range map[string]string{
		"lift": "are needed",
		"lift --dense d --passages DIR/corpus.jsonl --out DIR/x":                                            "nothing to learn from",
		"lift --dense d --passages DIR/corpus.jsonl --out DIR/x --questions DIR/asked.txt --lift-weight -1": "0 or more",
		"lift x": "name files with flags",
		"lift --encoder DIR/encoder --dense DIR/dense --passages DIR/corpus.jsonl --questions DIR/asked.txt --held-out 9 --out DIR/x":                   "--held-out is 9",
		"lift --encoder DIR/encoder --dense DIR/dense --terms DIR/other --passages DIR/corpus.jsonl --questions DIR/asked.txt --held-out 1 --out DIR/x": "does not compare with",
	} {
		if code, _, stderr := trainer(t, dir, line); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %s; want %q", line, code, stderr, want)
		}
	}
}
