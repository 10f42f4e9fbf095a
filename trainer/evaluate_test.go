package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parley/trainer/evaluate"
)

func TestPartsOfTheQueries(t *testing.T) {
	dir := setUp(t)
	for by, want := range map[string]string{
		"turn":   "turn 1:1:1 turn 2:1:0",
		"domain": "qrels:2:0.5",
	} {
		var got evaluate.Outcome
		if err := json.Unmarshal([]byte(mustRun(t, dir, "evaluate --bm25 --json --by "+by+data)), &got); err != nil {
			t.Fatal(err)
		}
		var parts []string
		for _, p := range got.Parts {
			v, _ := json.Marshal(p.Metrics["recip_rank"])
			n, _ := json.Marshal(p.Queries)
			parts = append(parts, p.Name+":"+string(n)+":"+string(v))
		}
		if s := strings.Join(parts, " "); s != want {
			t.Errorf("by %s: %s, want %s", by, s, want)
		}
	}
	// Two files are two domains, named by what they do not share.
	put(t, filepath.Join(dir, "qrels_x_dev.tsv"), []byte("query-id\tcorpus-id\tscore\nc<::>1\totter\t1\n"))
	put(t, filepath.Join(dir, "qrels_y_dev.tsv"), []byte("query-id\tcorpus-id\tscore\nc<::>2\totter\t1\n"))
	out := mustRun(t, dir, "evaluate --bm25 --by domain --passages DIR/corpus.jsonl --queries DIR/queries.jsonl --qrels DIR/qrels_*.tsv")
	if rows := strings.Split(out, "\n"); !strings.HasPrefix(strings.TrimSpace(rows[2]), "x  ") || !strings.HasPrefix(strings.TrimSpace(rows[3]), "y  ") {
		t.Errorf("\n%s", out)
	}
	if code, _, stderr := trainer(t, dir, "evaluate --bm25 --by colour"+data); code != 2 || !strings.Contains(stderr, `--by "colour"`) {
		t.Errorf("code %d, %s", code, stderr)
	}
	put(t, filepath.Join(dir, "queries.jsonl"), []byte(`{"_id":"plain","text":"otters"}`))
	put(t, filepath.Join(dir, "qrels.tsv"), []byte("query-id\tcorpus-id\tscore\nplain\totter\t1\n"))
	if code, _, stderr := trainer(t, dir, "evaluate --bm25 --by turn"+data); code != 2 || !strings.Contains(stderr, `query "plain" does not say its turn`) {
		t.Errorf("code %d, %s", code, stderr)
	}
}

// The WebAssembly that ships ranks as this program does: the whole encoder, in int8
// and in float, and one over its base.
func TestWorkerRanksAsThisProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds worker.wasm")
	}
	dir := aRun(t)
	for name, text := range benchmark {
		put(t, filepath.Join(dir, name), []byte(text))
	}
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", filepath.Join(dir, "worker.wasm"), "../wasm/worker")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	mustRun(t, dir, "export --licence MIT DIR/run DIR/whole")
	mustRun(t, dir, "export --licence MIT --share DIR/whole DIR/run DIR/member")
	line := "evaluate --cache DIR/cache --input conversation" + data
	for _, encoder := range []string{"DIR/run/best", "DIR/whole", "DIR/member --base DIR/whole", "../models/splade-tiny"} {
		mustRun(t, dir, line+" --run DIR/wasm.run --wasm DIR/worker.wasm --encoder "+encoder)
		mustRun(t, dir, line+" --run DIR/native.run --encoder "+encoder)
		native, wasm := read(t, filepath.Join(dir, "native.run")), read(t, filepath.Join(dir, "wasm.run"))
		if len(wasm) == 0 || string(native) != string(wasm) {
			t.Errorf("%s: native\n%swasm\n%s", encoder, native, wasm)
		}
	}
	for args, want := range map[string]string{
		"--wasm DIR/worker.wasm --float --encoder DIR/whole": "leave out",
		"--wasm DIR/run.json --encoder DIR/whole":            "run.json",
		"--wasm DIR/corpus.jsonl --encoder DIR/whole":        "corpus.jsonl: host: worker.wasm",
		"--wasm DIR/worker.wasm --encoder DIR/member":        "shares the word embedding",
	} {
		if code, _, stderr := trainer(t, dir, line+" "+args); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %s", args, code, stderr)
		}
	}
}
