// Package beir reads and writes queries, collections and judgements in the form of the
// BEIR benchmark, plain or gzip: JSON lines, and qrels as TSV with a header.
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

// A Query is a line of queries.jsonl. Turns are those of a conversation, oldest first,
// where the line has them in place of a text, which BEIR itself does not know:
//
//	{"_id": "q1", "text": "how tall is the eiffel tower"}
//	{"_id": "q2", "turns": [{"question": "...", "reply": "..."}, {"question": "..."}]}
type Query struct {
	ID    string
	Text  string // of a conversation, the last question
	Turns []conversation.Turn
}

// Said is the query as a conversation.
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

// Passage is what the encoder reads of the document: its title, then its text.
// Some collections already begin the text with the title; they get it once.
func (d Document) Passage() string {
	return passages.EncoderText(passages.Passage{Title: d.Title, Text: d.Text})
}

// record is a line of either file. "id" serves where "_id" is missing: MTRAG's
// passages and many others say so.
type record struct {
	ID    lenient.Text `json:"_id"`
	Alias lenient.Text `json:"id"`
	Title string       `json:"title"`
	Text  *string      `json:"text"`
	Turns []struct {
		Question string `json:"question"`
		Reply    string `json:"reply"`
	} `json:"turns"` // of a query alone
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

// ReadQueries reads queries in the file's order; an id stands once.
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

// ReadQueriesTSV is ReadQueries of MS MARCO's form: an id, a tab and a question.
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

// readQueries reads a query a line.
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
			return nil, r.Errorf("query %q again: it is on line %d already", q.ID, first)
		}
		seen[q.ID] = n
		queries = append(queries, q)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return queries, nil
}

// Documents yields the documents of a collection in the file's order, and last,
// where something is wrong, the error.
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

// A Judgement is a line of qrels.
type Judgement struct {
	Query, Doc string
	Grade      int
}

// Judgements yields a file's judgements in its order: a header line, then query TAB
// document TAB grade. Where something is wrong, the error comes last.
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
	case header && err == nil: // without this check a file that has no header would lose a judgement
		return j, r.Errorf("no header line (query-id, corpus-id, score)")
	case header:
		return j, nil
	case err != nil:
		return j, r.Errorf("score %q is not a whole number", f[2])
	}
	return Judgement{string(f[0]), string(f[1]), grade}, nil
}

// ReadQrels reads judgements; a document is judged once a query.
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

// AppendDocument appends a line of corpus.jsonl.
func AppendDocument(b *bytes.Buffer, d Document) {
	appendLine(b, struct {
		ID    string `json:"_id"`
		Title string `json:"title"`
		Text  string `json:"text"`
	}{d.ID, d.Title, d.Text})
}

// AppendQuery appends a line of queries.jsonl.
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

// QrelsHeader is the first line of qrels.
const QrelsHeader = "query-id\tcorpus-id\tscore\n"

// AppendJudgement appends a line of qrels, after the header.
func AppendJudgement(b *bytes.Buffer, j Judgement) {
	fmt.Fprintf(b, "%s\t%s\t%d\n", j.Query, j.Doc, j.Grade)
}
