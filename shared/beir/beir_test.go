package beir

import (
	"reflect"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/lines"
	"parley/shared/trec"
)

func reader(t testing.TB, text string) *lines.Reader {
	r, err := lines.NewReader(strings.NewReader(text), "f")
	if err != nil {
		t.Skip(err)
	}
	return r
}

func readDocuments(r *lines.Reader) (docs []Document, err error) {
	for d, err := range Documents(r) {
		if err != nil {
			return docs, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func TestReadsEveryFile(t *testing.T) {
	queries, err := ReadQueries(reader(t, `{"_id":"2","text":"b"}`+"\n"+`{"_id":"1","text":"","metadata":{"x":1}}`))
	if want := []Query{{ID: "2", Text: "b"}, {ID: "1"}}; err != nil || !reflect.DeepEqual(queries, want) {
		t.Errorf("queries %v, %v", queries, err)
	}
	docs, err := readDocuments(reader(t, `{"_id":"2","title":"T","text":"b"}`+"\n"+`{"id":"1","text":"c"}`))
	if want := []Document{{"2", "T", "b"}, {"1", "", "c"}}; err != nil || !reflect.DeepEqual(docs, want) {
		t.Errorf("documents %v, %v", docs, err)
	}
	qrels, err := ReadQrels(reader(t, "query-id\tcorpus-id\tscore\n2\ta b\t1\n2\tc\t-1\r\n"))
	if want := (trec.Qrels{"2": {"a b": 1, "c": -1}}); err != nil || !reflect.DeepEqual(qrels, want) {
		t.Errorf("qrels %v, %v", qrels, err)
	}
}

// A query may be a conversation; in a table it is an id and a question.
func TestQueriesOfOtherForms(t *testing.T) {
	queries, err := ReadQueries(reader(t, `{"id":"1","turns":[{"question":"who?","reply":"Ada."},{"question":"when?"}]}`+"\n"+`{"_id":"2","text":"b"}`))
	said := []conversation.Turn{{Question: "who?", Reply: "Ada."}, {Question: "when?"}}
	if err != nil || len(queries) != 2 || queries[0].Text != "when?" || !reflect.DeepEqual(queries[0].Said(), said) ||
		!reflect.DeepEqual(queries[1].Said(), []conversation.Turn{{Question: "b"}}) {
		t.Errorf("%+v, %v", queries, err)
	}
	queries, err = ReadQueriesTSV(reader(t, "7\thot\tleaf\n\n8\t\n"))
	if want := []Query{{ID: "7", Text: "hot\tleaf"}, {ID: "8"}}; err != nil || !reflect.DeepEqual(queries, want) {
		t.Errorf("%+v, %v", queries, err)
	}
	for text, want := range map[string]string{
		"7 no tab":          "f:1: want an id, a tab and a question",
		"7\ta\n\n7\tb\n":    `f:3: query "7" is here for the second time; the first is on line 1`,
		"8\tx\n \thot leaf": "f:2: the query has no id",
	} {
		if _, err := ReadQueriesTSV(reader(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func TestTitleIsReadOnce(t *testing.T) {
	for d, want := range map[Document]string{
		{Title: "T", Text: "b"}:    "T\nb",
		{Title: "T", Text: "T\nb"}: "T\nb",
		{Text: "b"}:                "b",
	} {
		if got := d.Passage(); got != want {
			t.Errorf("%v reads %q, want %q", d, got, want)
		}
	}
}

// In some files ids are numbers, and files that pandas wrote have NaN and 12.0.
func TestIDsMayBeNumbers(t *testing.T) {
	const text = `{"_id":12,"text":"a"}` + "\n" + `{"id":13.0,"text":"b","metadata":{"year":NaN}}`
	queries, err := ReadQueries(reader(t, text))
	if err != nil || len(queries) != 2 || queries[0].ID != "12" || queries[1].ID != "13" {
		t.Errorf("%+v, %v", queries, err)
	}
	docs, err := readDocuments(reader(t, text))
	if err != nil || len(docs) != 2 || docs[0].ID != "12" || docs[1].ID != "13" {
		t.Errorf("%+v, %v", docs, err)
	}
}

func TestBadLinesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		`{"_id":"1","text":"a"}` + "\n{": "f:2: not a JSON object",
		`{"_id":[1],"text":"a"}`:         "f:1: not a JSON object",
		`{"text":"a"}`:                   `f:1: no "_id"`,
		`{"_id":"1"}`:                    `f:1: "1" has no "text" and no "turns"`,
		`{"_id":"1","text":"a"}` + "\n\n" + `{"_id":"1","text":"b"}`: `f:3: query "1" is here for the second time; the first is on line 1`,
	} {
		if _, err := ReadQueries(reader(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	if docs, err := readDocuments(reader(t, `{"_id":"1","text":"a"}`+"\n[]")); len(docs) != 1 || err == nil {
		t.Errorf("%v, %v", docs, err)
	}
	for text, want := range map[string]string{
		"1\ta\t1":                   "f:1: no header line",
		"q\td\ts\n1 a 1":            "f:2: 1 fields between tabs",
		"q\td\ts\n1\ta\tyes":        `f:2: score "yes" is not a whole number`,
		"q\td\ts\n1\ta\t1\n1\ta\t2": `f:3: query "1" judges document "a" twice`,
	} {
		if _, err := ReadQrels(reader(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func FuzzReaders(f *testing.F) {
	f.Add(`{"_id":"1","title":"t","text":"a"}`)
	f.Add("query-id\tcorpus-id\tscore\n1\ta\t1\n")
	f.Add(`{"_id":null,"id":"\ud800","text":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		queries, err := ReadQueries(reader(t, text))
		if err != nil && queries != nil {
			t.Error("queries and an error")
		}
		for _, q := range queries {
			if q.ID == "" {
				t.Error("a query without id")
			}
		}
		readDocuments(reader(t, text))
		if qrels, err := ReadQrels(reader(t, text)); (qrels == nil) == (err == nil) {
			t.Errorf("%v with error %v", qrels, err)
		}
	})
}
