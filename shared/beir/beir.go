// Package beir reads and writes queries, collections and judgements in the form of the
// BEIR benchmark: JSON lines, and qrels as TSV with a header. It reads gzip, too.
package beir

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"

	"parley/shared/conversation"
	"parley/shared/lenient"
	"parley/shared/lines"
	"parley/shared/passages"
	"parley/shared/trec"
)

// A Query is a line of queries.jsonl. A line may have the turns of a conversation,
// oldest first, instead of a text; this is an extension of BEIR's form:
//
//	{"_id": "q1", "text": "how tall is the eiffel tower"}
//	{"_id": "q2", "turns": [{"question": "...", "reply": "..."}, {"question": "..."}]}
type Query struct {
	ID    string
	Text  string // the question; of a conversation, the last one
	Turns []conversation.Turn
}

// Said returns the query as a conversation: its Turns, or one turn with its Text.
func (q *Query) Said() []conversation.Turn {
	if q.Turns != nil {
		return q.Turns
	}
	return []conversation.Turn{{Question: q.Text}}
}

// A Document is a line of corpus.jsonl.
type Document struct {
	ID, Title, Text string
}

// Passage returns what the encoder reads of the document: its title, then its text. If
// the text already begins with the title, as in some collections, the title is not
// repeated.
func (d Document) Passage() string {
	return passages.EncoderText(passages.Passage{Title: d.Title, Text: d.Text})
}

// A record is a line of either file. If it has no "_id", its "id" is used, which
// MTRAG's passages and many other files have instead.
type record struct {
	ID    lenient.Text `json:"_id"`
	Alias lenient.Text `json:"id"`
	Title string       `json:"title"`
	Text  *string      `json:"text"`
	Turns []struct {
		Question string `json:"question"`
		Reply    string `json:"reply"`
	} `json:"turns"` // only in queries
}

func parse(r *lines.Reader, line []byte) (rec record, id string, err error) {
	if err := lenient.Unmarshal(line, &rec); err != nil {
		return rec, "", r.Errorf("not a JSON object with _id and text: %w", err)
	}
	if id = string(cmp.Or(rec.ID, rec.Alias)); id == "" {
		return rec, "", r.Errorf(`no "_id"`)
	}
	return rec, id, nil
}

// ReadQueries returns the queries in the file's order. If a line is not a query, or an
// id occurs twice, the error is a *lines.Error.
func ReadQueries(r *lines.Reader) ([]Query, error) {
	return readQueries(r, func(line []byte) (q Query, err error) {
		rec, id, err := parse(r, line)
		if err != nil {
			return q, err
		}
		q.ID = id
		for _, t := range rec.Turns {
			q.Turns = append(q.Turns, conversation.Turn{Question: t.Question, Reply: t.Reply})
		}
		switch {
		case rec.Text != nil:
			q.Text = *rec.Text
		case q.Turns != nil:
			q.Text = q.Turns[len(q.Turns)-1].Question
		default:
			return q, r.Errorf(`%q has no "text" and no "turns"`, id)
		}
		return q, nil
	})
}

// ReadQueriesTSV does what ReadQueries does, for MS MARCO's form: an id, a tab and a
// question.
func ReadQueriesTSV(r *lines.Reader) ([]Query, error) {
	return readQueries(r, func(line []byte) (q Query, err error) {
		id, text, ok := bytes.Cut(line, []byte("\t"))
		switch {
		case !ok:
			return q, r.Errorf("want an id, a tab and a question")
		case len(bytes.TrimSpace(id)) == 0:
			return q, r.Errorf("the query has no id")
		}
		return Query{ID: string(id), Text: string(text)}, nil
	})
}

// readQueries reads one query per line.
func readQueries(r *lines.Reader, parse func(line []byte) (Query, error)) ([]Query, error) {
	var queries []Query
	seen := map[string]int{}
	for n, line := range r.All() {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		q, err := parse(line)
		if err != nil {
			return nil, err
		}
		if first, ok := seen[q.ID]; ok {
			return nil, r.Errorf("query %q is here for the second time; the first is on line %d", q.ID, first)
		}
		seen[q.ID] = n
		queries = append(queries, q)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return queries, nil
}

// Documents yields the documents of a collection in the file's order. If something is
// wrong, it ends with the error, a *lines.Error.
func Documents(r *lines.Reader) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, line := range r.All() {
			rec, id, err := parse(r, line)
			if err != nil {
				yield(Document{}, err)
				return
			}
			if rec.Text == nil {
				yield(Document{}, r.Errorf(`%q has no "text"`, id))
				return
			}
			if !yield(Document{ID: id, Title: rec.Title, Text: *rec.Text}, nil) {
				return
			}
		}
		if err := r.Err(); err != nil {
			yield(Document{}, err)
		}
	}
}

// A Judgement is a line of qrels: how well a document answers a query.
type Judgement struct {
	Query, Doc string
	Grade      int
}

// Judgements yields the judgements of a file in its order. The file has a header line,
// and then lines of query TAB document TAB grade. If something is wrong, Judgements
// ends with the error, a *lines.Error.
func Judgements(r *lines.Reader) iter.Seq2[Judgement, error] {
	return func(yield func(Judgement, error) bool) {
		header := true
		for _, line := range r.All() {
			j, err := judgement(r, line, header)
			if err != nil {
				yield(j, err)
				return
			}
			if !header && !yield(j, nil) {
				return
			}
			header = false
		}
		if err := r.Err(); err != nil {
			yield(Judgement{}, err)
		}
	}
}

func judgement(r *lines.Reader, line []byte, header bool) (j Judgement, err error) {
	f := bytes.Split(line, []byte("\t"))
	if len(f) != 3 {
		return j, r.Errorf("%d fields between tabs, want 3: query-id corpus-id score", len(f))
	}
	grade, err := strconv.Atoi(string(f[2]))
	switch {
	case header && err == nil: // without this check, a file without a header would lose a judgement
		return j, r.Errorf("no header line (query-id, corpus-id, score)")
	case header:
		return j, nil
	case err != nil:
		return j, r.Errorf("score %q is not a whole number", f[2])
	}
	return Judgement{string(f[0]), string(f[1]), grade}, nil
}

// ReadQrels returns a file's judgements. A document that is judged twice for a query
// is an error.
func ReadQrels(r *lines.Reader) (trec.Qrels, error) {
	qrels := trec.Qrels{}
	for j, err := range Judgements(r) {
		if err != nil {
			return nil, err
		}
		if err := qrels.Add(j.Query, j.Doc, j.Grade); err != nil {
			return nil, r.Errorf("%w", err)
		}
	}
	return qrels, nil
}

// AppendDocument appends d to b as a line of corpus.jsonl.
func AppendDocument(b *bytes.Buffer, d Document) {
	appendLine(b, struct {
		ID    string `json:"_id"`
		Title string `json:"title"`
		Text  string `json:"text"`
	}{d.ID, d.Title, d.Text})
}

// AppendQuery appends a query to b as a line of queries.jsonl.
func AppendQuery(b *bytes.Buffer, id, text string) {
	appendLine(b, struct {
		ID   string `json:"_id"`
		Text string `json:"text"`
	}{id, text})
}

func appendLine(b *bytes.Buffer, line any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(line); err != nil {
		panic("beir: strings can be written: " + err.Error())
	}
}

// QrelsHeader is the first line of a file of qrels.
const QrelsHeader = "query-id\tcorpus-id\tscore\n"

// AppendJudgement appends j to b as a line of qrels.
func AppendJudgement(b *bytes.Buffer, j Judgement) {
	fmt.Fprintf(b, "%s\t%s\t%d\n", j.Query, j.Doc, j.Grade)
}
