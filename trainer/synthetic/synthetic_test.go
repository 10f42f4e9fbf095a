package synthetic

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parley/shared/beir"
	"parley/shared/lines"
	"parley/shared/mtrag"
)

const synthetic = `{"task_id":"c<::>1","turn":"1","input":[{"speaker":"user","text":"what is a debit? "}],"targets":[{"speaker":"agent","text":"An entry."}],"contexts":[{"document_id":"x","text":"Debits and  credits."},{"document_id":"y","text":"Secret gold."}]}
{"task_id":"c<::>2","turn":"2","input":[{"speaker":"user","text":"what is a debit?"},{"speaker":"agent","text":"An entry."},{"speaker":"user","text":"and <credit>?"}],"targets":[{"speaker":"agent","text":"Another."}],"contexts":[{"document_id":"z","text":"Debits and credits. "},{"document_id":"w","text":"Credit cards."},{"document_id":"w","text":"Credit cards."}]}
{"task_id":"c<::>3","turn":"3","input":[{"speaker":"user","text":"a"},{"speaker":"agent","text":"b"},{"speaker":"user","text":"c"},{"speaker":"agent","text":"d"},{"speaker":"user","text":"thanks"}],"targets":[{"speaker":"agent","text":"You are welcome."}],"contexts":[]}
`

func reader(t *testing.T, text string) *lines.Reader {
	r, err := lines.NewReader(strings.NewReader(text), "f")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSyntheticTurnsBecomeAnEvaluation(t *testing.T) {
	turns, err := mtrag.ReadSynthetic(reader(t, synthetic))
	if err != nil || len(turns) != 3 || turns[1].Question != "and <credit>?" || turns[0].Question != "what is a debit?" || turns[1].Reply != "Another." {
		t.Fatalf("%v, %+v", err, turns)
	}
	e, err := Evaluate(turns, map[string]bool{"Secret gold.": true}, []beir.Document{{ID: "1-0", Title: "T", Text: "Other."}, {ID: "1-1", Text: " Credit cards."}, {ID: "1-2", Text: "Secret  gold."}})
	if err != nil {
		t.Fatal(err)
	}
	if e.Gold != 2 || e.LeftOut != 1 || e.Unasked != 1 || len(e.Corpus) != 3 {
		t.Errorf("%d gold, %d left out, %d unasked, %d passages", e.Gold, e.LeftOut, e.Unasked, len(e.Corpus))
	}
	dir := t.TempDir()
	if err := e.Write(dir); err != nil {
		t.Fatal(err)
	}
	debits, cards := passageID("Debits and credits."), passageID("Credit cards.")
	for name, want := range map[string]string{
		"corpus.jsonl": `{"_id":"` + debits + `","title":"","text":"Debits and  credits."}` + "\n" +
			`{"_id":"` + cards + `","title":"","text":"Credit cards."}` + "\n" + `{"_id":"1-0","title":"T","text":"Other."}` + "\n",
		"queries_last.jsonl": `{"_id":"c<::>1","text":"what is a debit?"}` + "\n" + `{"_id":"c<::>2","text":"and <credit>?"}` + "\n",
		"qrels.tsv":          "query-id\tcorpus-id\tscore\nc<::>1\t" + debits + "\t1\nc<::>2\t" + debits + "\t1\nc<::>2\t" + cards + "\t1\n",
	} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "tasks.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := mtrag.ReadTasks(reader(t, string(data)))
	if err != nil {
		t.Fatal(err)
	}
	said, err := all.Until("c<::>2")
	if err != nil || len(said) != 2 || said[0].Reply != "An entry." || said[1].Question != "and <credit>?" {
		t.Errorf("the conversation is %v, %v", said, err)
	}
	again, err := Evaluate(turns, map[string]bool{"Secret gold.": true}, nil)
	if err != nil || !reflect.DeepEqual(again.Corpus, e.Corpus[:2]) {
		t.Errorf("the same turns give other passages: %v, %v", again.Corpus, err)
	}
	if _, err := Evaluate(append(turns, turns[0]), nil, nil); err == nil || !strings.Contains(err.Error(), "c<::>1 is there twice") {
		t.Errorf("a turn twice: %v", err)
	}
}
