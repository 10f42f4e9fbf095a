package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"parley/shared/durable/killed"
	tinydense "parley/shared/encoder/tiny"
)

// killTests say which test kills a command while it writes.
var killTests = map[string]string{
	"export": "TestAKilledCommandLeavesWhatWasThere", "unpack": "TestAKilledCommandLeavesWhatWasThere",
	"import": "TestAKilledCommandLeavesWhatWasThere", "swap": "TestAKilledCommandLeavesWhatWasThere",
	"synthetic": "TestAKilledCommandLeavesWhatWasThere", "conversations": "TestAKilledCommandLeavesWhatWasThere",
	"plot": "TestAKilledCommandLeavesWhatWasThere", "evaluate": "TestAKilledCommandLeavesWhatWasThere",
	"replies":    "TestAKilledCommandLeavesWhatWasThere",
	"candidates": "TestAKilledCommandLeavesWhatWasThere", "lift": "TestAKilledCommandLeavesWhatWasThere",
	"reader":     "TestRunTrainsAReader in train, with libtorch",
	"rewrite":    "TestAKilledCommandLeavesWhatWasThere",
	"train":      "TestKilledRunResumes in train, with libtorch",
	"experiment": "TestKilledExperimentGoesOn, with libtorch",
	"compare":    "writes nothing", "mean": "writes nothing",
}

func TestEveryCommandThatWritesIsKilled(t *testing.T) {
	var names []string
	for _, c := range program.Commands {
		names = append(names, c.Name)
	}
	killed.Covered(t, names, killTests)
}

// A command that is killed at any moment leaves what was there before, or all that it
// writes.
func TestAKilledCommandLeavesWhatWasThere(t *testing.T) {
	run := func(t *testing.T, line []string) { mustRun(t, "", strings.Join(line, " ")) }
	var writers []killed.Writer
	if !killed.Child() {
		writers = killable(t)
	}
	killed.Test(t, run, writers...)
}

// killable makes what the commands read, and returns those whose kills are tested here.
func killable(t *testing.T) (list []killed.Writer) {
	dir := aRun(t)
	for name, content := range benchmark {
		put(t, filepath.Join(dir, name), []byte(content))
	}
	writeZip(t, filepath.Join(dir, "bge-small-en-v1.jar"), map[string][]byte{"m.onnx": tinyGraph(t, "plain"), "vocab.txt": tinyFile(t, "vocab.txt")})
	set := tinySet(t)
	put(t, filepath.Join(dir, "some.jsonl"), []byte(toReply))
	put(t, filepath.Join(dir, "fewer.jsonl"), []byte(toReply[:strings.Index(toReply, "\n")+1]))
	put(t, filepath.Join(dir, "named.jsonl"), []byte(`{"id":"1_2","conversation":"1","source":"s","turns":[{"question":"How tall is the Eiffel Tower?","reply":"300 m"},{"question":"Who designed it?"}],"rewrite":"Who designed the Eiffel Tower?"}`+"\n"))
	titles := `{"_id":"1","title":"Otter","text":"x"}` + "\n" + `{"_id":"2","title":"Eiffel Tower","text":"x"}` + "\n"
	put(t, filepath.Join(dir, "titles.jsonl"), []byte(titles))
	for _, split := range []string{"train", "dev", "test"} {
		put(t, filepath.Join(dir, "less", split+".jsonl"), nil)
	}
	put(t, filepath.Join(dir, "asked.txt"), []byte(tinyAnswers))
	for name, content := range tinydense.Sentence(len(tinyVocabulary(t, set)), `{"name": "tiny", "space": "tiny"}`) {
		put(t, filepath.Join(set, "dense", name), content)
	}
	goldOf(t, dir, "mtrag", "what is a debit?")
	goldOf(t, dir, "other-mtrag", "what is a credit?")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ Model string }
		json.NewDecoder(r.Body).Decode(&ask)
		fmt.Fprintf(w, `{"choices": [{"message": {"content": "What does %s say?"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}`, ask.Model)
	}))
	t.Cleanup(server.Close)
	for _, w := range []struct{ name, line, one, two string }{
		{"export", "export --licence MIT DIR/run OUT --name", "one", "two"},
		{"unpack", "unpack DIR/bge-small-en-v1.jar --out OUT --query-tokens", "20", "12"},
		{"import", "import parley --vocab ../models/splade-tiny/vocab.txt --out OUT", "conversations/dev.jsonl", "conversations/choice.jsonl"},
		{"swap", "swap --titles DIR/titles.jsonl --out OUT --examples", "DIR/named.jsonl", "DIR/named.jsonl --times 2"},
		{"synthetic", "synthetic --distractors DIR/titles.jsonl --out OUT --mtrag", "DIR/mtrag", "DIR/other-mtrag"},
		{"conversations", "conversations export OUT --encoder SET/encoder --articles SET/articles --data", "SET/data", "DIR/less"},
		{"plot", "plot --out OUT", "DIR/run", "DIR/run DIR/run"},
		{"evaluate", "evaluate --bm25 --input conversation" + data + " --run OUT --tag", "one", "two"},
		{"rewrite", "rewrite --examples DIR/some.jsonl --all --out OUT --url " + server.URL + "/v1 --model", "one", "two"},
		{"candidates", "candidates --answers DIR/asked.txt --encoder SET/encoder --collection SET/articles --out OUT --questions", "1", "2"},
		{"lift", "lift --encoder SET/encoder --dense SET/dense --passages SET/corpus.jsonl --questions DIR/asked.txt --held-out 1 --out OUT --lift-weight", "1", "2"},
		{"replies", "replies --encoder SET/encoder --passages SET/corpus.jsonl --cache DIR/cache --mass 1 --out OUT --examples", "DIR/some.jsonl", "DIR/fewer.jsonl"},
	} {
		out := filepath.Join(dir, "written", w.name, "out")
		line := func(last string) []string {
			return strings.Fields(strings.NewReplacer("DIR", dir, "SET", set, "OUT", out).Replace(w.line + " " + last))
		}
		list = append(list, killed.Writer{Name: w.name, Out: out, Lines: [2][]string{line(w.one), line(w.two)}})
	}
	return list
}

// goldOf writes a benchmark with one synthetic question.
func goldOf(t *testing.T, dir, name, question string) {
	for at, text := range map[string]string{
		"human/qrels_a.tsv":            "query-id\tcorpus-id\tscore\nh<::>1\tp1\t1\n",
		"passages/a.jsonl.gz":          `{"id":"p1","title":"","text":"Secret gold."}` + "\n" + `{"id":"p2","title":"","text":"Credit cards."}` + "\n",
		"synthetic/synthetic.jsonl.gz": `{"task_id":"c<::>1","input":[{"speaker":"user","text":"` + question + `"}],"targets":[{"text":"An entry."}],"contexts":[{"text":"A debit is an entry."}]}` + "\n",
	} {
		if strings.HasSuffix(at, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.Write([]byte(text))
			z.Close()
			text = b.String()
		}
		put(t, filepath.Join(dir, name, at), []byte(text))
	}
}
