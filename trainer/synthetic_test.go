package main

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/trainer/evaluate"
)

// What synthetic writes, evaluate reads; what is gold for people's questions is left out.
func TestSyntheticConversationsAreAnEvaluation(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"mtrag/human/qrels_a.tsv":            "query-id\tcorpus-id\tscore\nh<::>1\tp1\t1\n",
		"mtrag/passages/a.jsonl.gz":          `{"id":"p1","title":"","text":"Secret gold."}` + "\n" + `{"id":"p2","title":"","text":"Credit cards."}` + "\n",
		"mtrag/synthetic/synthetic.jsonl.gz": `{"task_id":"c<::>1","input":[{"speaker":"user","text":"what is a debit?"}],"targets":[{"text":"An entry."}],"contexts":[{"text":"A debit is an entry."},{"text":"Secret gold."}]}` + "\n",
		"lead.jsonl":                         `{"id":"1-0","title":"Otter","text":"Otters swim."}` + "\n" + `{"id":"1-1","title":"Otter","text":"They eat fish."}` + "\n",
		"other/human/none":                   "",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if strings.HasSuffix(name, ".gz") {
			z := gzip.NewWriter(f)
			z.Write([]byte(text))
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
		} else if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	code, out, stderr := trainer(t, dir, "synthetic --mtrag DIR/mtrag --distractors DIR/lead.jsonl --first 1 --out DIR/out --json")
	var got struct {
		Passages, Gold, Queries, Unasked int
		LeftOut                          int `json:"left_out"`
	}
	if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil || got.Passages != 2 || got.Gold != 1 || got.LeftOut != 1 || got.Queries != 1 || got.Unasked != 0 {
		t.Fatalf("code %d, %v, %+v, %s", code, err, got, stderr)
	}
	code, out, stderr = trainer(t, dir, "evaluate --bm25 --json --input conversation --passages DIR/out/corpus.jsonl --tasks DIR/out/tasks.jsonl --queries DIR/out/queries_last.jsonl --qrels DIR/out/qrels.tsv")
	var measured evaluate.Outcome
	if err := json.Unmarshal([]byte(out), &measured); code != 0 || err != nil || measured.Queries != 1 || measured.Metrics["recip_rank"] != 1 {
		t.Errorf("code %d, %v, %+v, %s", code, err, measured, stderr)
	}
	for line, says := range map[string]string{
		"synthetic --out DIR/out":                   "want --mtrag and --out",
		"synthetic stray":                           `"stray" is no flag`,
		"synthetic --mtrag DIR/other --out DIR/out": "has no human/qrels_*.tsv",
	} {
		if code, _, stderr := trainer(t, dir, line); code == 0 || !strings.Contains(stderr, says) {
			t.Errorf("%s: code %d, %s; want %q", line, code, stderr, says)
		}
	}
}
