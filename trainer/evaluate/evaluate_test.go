package evaluate

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/index"
	"parley/shared/lines"
	"parley/shared/sparse"
	"parley/trainer/metrics"
)

func put(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Open reads every input in its own way, and only judged queries. Errors name what is
// wrong.
func TestOpenReadsEveryInput(t *testing.T) {
	passages := put(t, "corpus.jsonl", `{"_id":"otter","title":"Otter","text":"Otters swim."}`)
	queries := put(t, "queries.jsonl", `{"_id":"c<::>2","text":"|user|: how?"}`+"\n"+`{"_id":"d<::>1","text":"not judged"}`)
	questions := put(t, "questions.jsonl", `{"_id":"c<::>2","text":"|user|: who swims?\n|user|: how?"}`)
	tasks := put(t, "tasks.jsonl", `{"task_id":"c<::>1","turn_id":1,"user":{"text":"who swims?"},"agent":{"text":"Otters."}}`+"\n"+
		`{"task_id":"c<::>2","turn_id":2,"user":{"text":"how?"},"agent":{"text":"Well."}}`)
	qrels := put(t, "qrels.tsv", "query-id\tcorpus-id\tscore\nc<::>2\totter\t1\n")
	s, err := Open(Files{Passages: []string{passages}, Tasks: []string{tasks}, Qrels: []string{qrels},
		Queries: map[string][]string{Last: {queries}, Questions: {questions}, Conversation: {queries}}})
	if err != nil {
		t.Fatal(err)
	}
	for input, want := range map[string][]conversation.Turn{
		Last:         {{Question: "how?"}},
		Questions:    {{Question: "who swims?"}, {Question: "how?"}},
		Conversation: {{Question: "who swims?", Reply: "Otters."}, {Question: "how?"}},
	} {
		if got := s.Queries[input]; len(got) != 1 || got[0].ID != "c<::>2" || !reflect.DeepEqual(got[0].Turns, want) {
			t.Errorf("%s: %+v, want %+v", input, got, want)
		}
	}
	if s.JudgedIn["c<::>2"] != qrels || s.Qrels["c<::>2"]["otter"] != 1 || len(s.Passages.IDs) != 1 {
		t.Errorf("%+v", s)
	}
	trec := put(t, "qrels.txt", "e 0 otter 2\n")
	if all, in, err := ReadQrels([]string{qrels, trec}); err != nil || len(all) != 2 || all["e"]["otter"] != 2 || in["e"] != trec {
		t.Errorf("both forms of qrels: %v, %v, %v", all, in, err)
	}
	var named *lines.Error
	if _, _, err := ReadQrels([]string{trec, put(t, "more.txt", "e 0 otter 1\n")}); !errors.As(err, &named) || !strings.Contains(err.Error(), `query "e" is also judged in another file`) {
		t.Errorf("judged twice: %v", err)
	}
	if _, err := Open(Files{Qrels: []string{trec}, Queries: map[string][]string{Last: {queries}}}); err == nil || !strings.Contains(err.Error(), "none of the queries is judged") {
		t.Errorf("nothing is judged: %v", err)
	}
}

// Documents that are left out take no place in a ranking.
func TestIndexWithoutSomeDocuments(t *testing.T) {
	b := index.NewBuilder(4)
	for _, w := range []float32{4, 3, 2, 1} {
		if err := b.Add(sparse.Vector{Terms: []uint32{1}, Weights: []float32{w}}); err != nil {
			t.Fatal(err)
		}
	}
	var file strings.Builder
	if _, err := b.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	opened, err := index.Open([]byte(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	q := sparse.Vector{Terms: []uint32{1}, Weights: []float32{1}}
	ids := []string{"book/a", "b", "book/c", "d"}
	found := func(leaveOut func(string) bool) (docs []string) {
		hits, postings := OpenIndex(opened, ids, leaveOut).Search(q, 2)
		for _, h := range hits {
			docs = append(docs, h.Doc)
		}
		if postings != 4 {
			t.Errorf("%d postings touched, want 4", postings)
		}
		return docs
	}
	if got := found(func(id string) bool { return strings.HasPrefix(id, "book/") }); !reflect.DeepEqual(got, []string{"b", "d"}) {
		t.Errorf("without the books: %q", got)
	}
	if got := found(nil); !reflect.DeepEqual(got, []string{"book/a", "b"}) {
		t.Errorf("with all: %q", got)
	}
}

func TestSettings(t *testing.T) {
	own := encoder.Encoder{Query: conversation.Form{MaxTokens: 64, HistoryType: 1, ReplyTokens: 32}, QueryTerms: 40, QuestionWords: .5, HistoryWords: 1}
	enc := own
	Own.Apply(&enc)
	if !reflect.DeepEqual(enc, own) {
		t.Errorf("its own settings change it: %+v", enc)
	}
	Settings{QueryTokens: 16}.Apply(&enc)
	want := own
	want.Query = conversation.Form{MaxTokens: 16}
	want.QueryTerms, want.QuestionWords, want.HistoryWords = 0, 0, 0
	if !reflect.DeepEqual(enc, want) {
		t.Errorf("%+v, want %+v", enc, want)
	}
}

// Computed by hand: in one of four queries, B is right and A is not. All 16 ways to
// assign signs to the difference give a mean as far from 0, so p is 1.
func TestCompare(t *testing.T) {
	report := func(ranks ...int) metrics.Report {
		run, qrels := metrics.Run{}, metrics.Qrels{}
		for i, rank := range ranks {
			id := string(rune('a' + i))
			qrels[id] = metrics.Grades{"right": 1}
			hits := []metrics.Hit{{Doc: "wrong", Score: 2}, {Doc: "right", Score: float64(3 - 2*(rank-1))}}
			run[id] = hits
		}
		return metrics.Evaluate(run, qrels)
	}
	all, err := Compare(report(1, 2, 2, 2), report(1, 1, 2, 2), 1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := all[metrics.MRR]
	if c.A != .625 || c.B != .75 || c.Gain != .125 || c.Relative != .2 || c.P != 1 || c.Low != 0 || !(c.High > .2 && c.High <= .5) {
		t.Errorf("%+v", c)
	}
}
