package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/cli"
	"parley/trainer/evaluate"
)

// A small benchmark: the gold passage shares words with the question, or, for
// c<::>2, only with the turn before it.
var benchmark = map[string]string{
	"corpus.jsonl": `{"_id":"eiffel","title":"Eiffel Tower","text":"The Eiffel Tower is a tower of wrought iron in Paris."}
{"_id":"bridge","title":"Tower Bridge","text":"Tower Bridge crosses the Thames in London."}
{"_id":"otter","title":"Otter","text":"Otters are swimming mammals."}
`,
	"queries.jsonl": `{"_id":"c<::>1","text":"|user|: otters swimming"}
{"_id":"c<::>2","text":"|user|: why?"}
{"_id":"unjudged<::>1","text":"|user|: Paris"}
`,
	"qrels.tsv":   "query-id\tcorpus-id\tscore\nc<::>1\totter\t1\nc<::>2\totter\t1\n",
	"tasks.jsonl": `{"task_id":"c<::>1","turn_id":1,"user":{"text":"otters swimming"},"agent":{"text":"Yes, otters."}}` + "\n" + `{"task_id":"c<::>2","turn_id":2,"user":{"text":"why?"},"agent":{"text":"-"}}`,
}

func setUp(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range benchmark {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// trainer runs the command line with DIR replaced by dir.
func trainer(t *testing.T, dir, line string) (code int, stdout, stderr string) {
	t.Helper()
	var out [2]*os.File
	for i := range out {
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		out[i] = f
	}
	args := strings.Fields(line)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	code = program.Run(context.Background(), cli.Streams{In: strings.NewReader(""), Out: out[0], Err: out[1]}, args)
	var text [2]string
	for i, f := range out {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		text[i] = string(b)
	}
	return code, text[0], text[1]
}

const data = " --passages DIR/corpus.jsonl --queries DIR/queries.jsonl --qrels DIR/qrels.tsv --tasks DIR/tasks.jsonl"

func TestBM25FindsTheFollowUpOnlyInItsConversation(t *testing.T) {
	dir := setUp(t)
	for input, want := range map[string]float64{"last": .5, "conversation": 1} {
		code, out, stderr := trainer(t, dir, "evaluate --bm25 --json --input "+input+data)
		var got evaluate.Outcome
		if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil {
			t.Fatalf("code %d, %v, %s", code, err, stderr)
		}
		if got.Metrics["recip_rank"] != want || got.Queries != 2 || got.Docs != 3 {
			t.Errorf("%s: %+v, want MRR %v", input, got, want)
		}
	}
}

// A judged question that no file asks counts as 0, as does one that found nothing; they
// are told apart.
func TestQuestionsNotAskedAreNotThoseThatFoundNothing(t *testing.T) {
	dir := setUp(t)
	for name, text := range map[string]string{
		"queries.jsonl": `{"_id":"1","text":"otters"}` + "\n" + `{"_id":2,"text":"zebras"}`,
		"qrels.tsv":     "query-id\tcorpus-id\tscore\n1\totter\t1\n2\totter\t1\n3\totter\t1\n4\tbridge\t1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const line = "evaluate --bm25 --passages DIR/corpus.jsonl --queries DIR/queries.jsonl --qrels DIR/qrels.tsv"
	code, out, stderr := trainer(t, dir, line+" --json")
	var got evaluate.Outcome
	if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil || got.Queries != 4 || got.Missing != 1 || got.Unasked != 2 || got.Metrics["recip_rank"] != .25 {
		t.Errorf("code %d, %v, %s, %+v", code, err, stderr, got)
	}
	if _, out, _ := trainer(t, dir, line); !strings.Contains(out, "1 queries found nothing") || !strings.Contains(out, "2 judged queries are in no file of queries") {
		t.Error(out)
	}
}

func TestEncoderIsMeasuredAndItsVectorsAreKept(t *testing.T) {
	dir := setUp(t)
	line := "evaluate --encoder ../shared/encoder/testdata/bert --cache DIR/cache --input conversation" + data
	code, first, stderr := trainer(t, dir, line+" --run DIR/a.run")
	if code != 0 || !strings.Contains(stderr, "3 encoded, 0 kept") {
		t.Fatalf("code %d, %s", code, stderr)
	}
	for _, column := range []string{"nDCG@10", "R@100", "FLOPS", "bytes/doc"} {
		if !strings.Contains(first, column) {
			t.Errorf("no column %s in\n%s", column, first)
		}
	}
	if _, _, stderr := trainer(t, dir, line); !strings.Contains(stderr, "0 encoded, 3 kept") {
		t.Errorf("encoded again: %s", stderr)
	}

	// The rounded index and the float weights agree on what stands first.
	trainer(t, dir, line+" --float --run DIR/b.run")
	var top [2]string
	for i, name := range []string{"a.run", "b.run"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		top[i] = strings.Join(strings.Fields(string(b))[:4], " ")
	}
	if top[0] != top[1] {
		t.Errorf("index: %s; float: %s", top[0], top[1])
	}

	// Passages' vectors do not depend on the query's form.
	if _, _, stderr := trainer(t, dir, line+" --query-tokens 8 --history-type 1 --top 4"); !strings.Contains(stderr, "0 encoded, 3 kept") {
		t.Errorf("encoded again: %s", stderr)
	}
}

func TestCompareSaysWhatIsGained(t *testing.T) {
	dir := setUp(t)
	for _, input := range []string{"last", "conversation"} {
		if code, _, stderr := trainer(t, dir, "evaluate --bm25 --run DIR/"+input+" --input "+input+data); code != 0 {
			t.Fatal(stderr)
		}
	}
	code, out, stderr := trainer(t, dir, "compare --json --qrels DIR/qrels.tsv DIR/last DIR/conversation")
	var got map[string]evaluate.Comparison
	if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil {
		t.Fatalf("code %d, %v, %s", code, err, stderr)
	}
	if c := got["recip_rank"]; c.A != .5 || c.B != 1 || c.Gain != .5 || c.Relative != 1 || c.Low != 0 || c.High != 1 {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(stderr, "no answer to 1 of 2 queries") {
		t.Errorf("the unanswered query is not named: %s", stderr)
	}
}

func TestWrongUseAndBadDataAreTold(t *testing.T) {
	dir := setUp(t)
	if err := os.WriteFile(filepath.Join(dir, "bad.jsonl"), []byte("{\"_id\":\"1\",\"text\":\"a\"}\nnonsense\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]struct {
		code int
		text string
	}{
		"":                                      {2, "Usage: trainer COMMAND"},
		"sing":                                  {2, `no command "sing"`},
		"evaluate":                              {2, "--encoder DIR or --bm25"},
		"evaluate --bm25 --encoder x" + data:    {2, "either --encoder DIR or --bm25"},
		"evaluate --bm25":                       {2, "no --passages"},
		"evaluate --bm25 --passages none.jsonl": {2, "no file none.jsonl"},
		"evaluate --bm25 --input turns" + data:  {2, `--input "turns"`},
		"evaluate --bm25 --query-tokens 2" + data:                 {2, "at least 3 tokens"},
		"evaluate --bm25 DIR/corpus.jsonl":                        {2, "is no flag"},
		"evaluate --encoder DIR/none" + data:                      {1, "none: no such file"},
		"evaluate --encoder DIR" + data:                           {1, "config.json"},
		"evaluate --bm25" + data + " --passages DIR/bad.jsonl":    {1, "bad.jsonl:2: not a JSON object"},
		"evaluate --bm25" + data + " --passages DIR/corpus.jsonl": {1, `corpus.jsonl:1: passage "eiffel" is here for the second time`},
		"compare --qrels DIR/qrels.tsv DIR/a":                     {2, "1 runs, want 2"},
		"compare DIR/a DIR/b":                                     {2, "no --qrels"},
		"compare --qrels DIR/qrels.tsv DIR/corpus.jsonl DIR/b":    {1, "corpus.jsonl:1: "},
	} {
		code, _, stderr := trainer(t, dir, line)
		if code != want.code || !strings.Contains(stderr, want.text) {
			t.Errorf("trainer %s: code %d, %q; want %d, %q", line, code, stderr, want.code, want.text)
		}
	}
}

func TestPlotDrawsAFigure(t *testing.T) {
	dir := setUp(t)
	for name, text := range map[string]string{
		"growth.json": `{"title":"Growth","panels":[{"title":"ms","x":"passages","log_x":true,"series":[{"name":"Parley","kind":"curve","points":[{"x":10,"y":1},{"x":100,"y":2}]}]}]}`,
		"other.json":  `{"docs":10000}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := trainer(t, dir, "plot DIR/growth.json --out DIR/growth.svg"); code != 0 {
		t.Fatal(stderr)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "growth.svg"))
	if err != nil || !strings.Contains(string(svg), ">Parley<") {
		t.Errorf("%v: %s", err, svg)
	}
	if code, _, stderr := trainer(t, dir, "plot DIR/other.json --out DIR/other.svg"); code != 1 || !strings.Contains(stderr, "describes no figure") {
		t.Errorf("%d: %s", code, stderr)
	}
}

func TestHelpHasExamples(t *testing.T) {
	for _, c := range program.Commands {
		for _, flag := range []string{" --help", " -h"} {
			code, out, _ := trainer(t, "", c.Name+flag)
			if code != 0 || !strings.Contains(out, "Examples:\n") || !strings.Contains(out, "\n  trainer "+c.Name) ||
				!strings.Contains(out, "Exit codes: ") {
				t.Errorf("%s%s: code %d, %q", c.Name, flag, code, out)
			}
			// The flags of its examples exist.
			for example := range strings.SplitSeq(strings.ReplaceAll(c.Examples, "\\\n", ""), "\n") {
				words := strings.Fields(example)
				for _, word := range words {
					if words[0] == "trainer" && words[1] == c.Name && strings.HasPrefix(word, "-") && !strings.Contains(out, " "+word+" ") {
						t.Errorf("%s has no %s, which an example gives: %s", c.Name, word, example)
					}
				}
			}
		}
	}
}

// The flags of a training are made from the fields of its settings; shells offer folders
// (16) and files (0) for them where they should, and nothing (4) for the rest.
func TestShellsCompleteTheFlagsOfATraining(t *testing.T) {
	for flag, want := range map[string]string{"--out": ":16", "--doc-encoder": ":16", "--passages": ":0", "--config": ":0", "--fuse": ":4", "--rate": ":4"} {
		var out strings.Builder
		code := program.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard}, []string{"__complete", "train", flag, ""})
		if code != cli.OK || !strings.HasPrefix(out.String(), want+"\n") {
			t.Errorf("%s completes to %d %q, wanted %s", flag, code, out.String(), want)
		}
	}
}

func TestShellsCompleteTheValuesOfFlags(t *testing.T) {
	for line, want := range map[string]string{
		"evaluate --input ": "last\nconversation\nquestions\nrewrite\n:4\n", "evaluate --read ": "alone\ndecide\ntogether\n:4\n", "evaluate --by ": "turn\ndomain\n:4\n",
		"evaluate --stage ": "sparse\ndense\nboth\nread\n:4\n", "conversations --replies ": "engine\nwriter\n:4\n",
	} {
		var out strings.Builder
		program.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard}, append([]string{"__complete"}, strings.Split(line, " ")...))
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s completes to %q, wanted %q", line, out.String(), want)
		}
	}
}

// What an answering server, one that refuses a question, and none make of a file.
func TestRewriteCommand(t *testing.T) {
	dir := t.TempDir()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "Last question: why so long") {
			http.Error(w, "too long for this model", http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, `{"choices": [{"message": {"content": "When was Ada first?"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 50, "completion_tokens": 6}}`)
	}))
	defer server.Close()
	examples := `{"id": "1_1", "conversation": "1", "turns": [{"question": "Who was first?"}], "rewrite": "Who was first?"}
{"id": "1_2", "conversation": "1", "turns": [{"question": "Who was first?", "reply": "Ada."}, {"question": "when"}]}
{"id": "1_3", "conversation": "1", "turns": [{"question": "why so long"}]}
`
	if err := os.WriteFile(filepath.Join(dir, "x.jsonl"), []byte(examples), 0o666); err != nil {
		t.Fatal(err)
	}
	line := "rewrite --url " + server.URL + "/v1 --model m --examples DIR/x.jsonl --out DIR/y.jsonl --json --retries 0"
	for _, want := range []string{`{"asked":1,"cached":0,"failed":1,"prompt_tokens":50,"completion_tokens":6,"cached_prompt_tokens":0,"cached_completion_tokens":0}`,
		`{"asked":0,"cached":1,"failed":1,"prompt_tokens":0,"completion_tokens":0,"cached_prompt_tokens":50,"cached_completion_tokens":6}`} {
		code, out, stderr := trainer(t, dir, line)
		if code != 0 || strings.TrimSpace(out) != want || !strings.Contains(stderr, `not rewritten: 1_3: `) || !strings.Contains(stderr, "too long for this model") {
			t.Errorf("code %d, %s, %s; wanted %s", code, out, stderr, want)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "y.jsonl"))
	if err != nil || !strings.Contains(string(data), `{"question":"when"}],"rewrite":"When was Ada first?"}`) || strings.Count(string(data), `"rewrite"`) != 2 {
		t.Errorf("%s, %v", data, err)
	}
	server.Close()
	code, _, stderr := trainer(t, dir, strings.Replace(line, "y.jsonl", "z.jsonl", 1))
	if code != 1 || !strings.Contains(stderr, "no server answers at "+server.URL) || !strings.Contains(stderr, "0 answers are in ") {
		t.Errorf("without a server: code %d, %s", code, stderr)
	}
}
