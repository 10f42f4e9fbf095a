package conversations

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/durable"
	"parley/shared/judged"
	"parley/shared/passages"
)

// FactbookPrefix begins the ids of the built-in collection's passages about countries, of
// the World Factbook. The articles' ids are their titles, which begin otherwise.
const FactbookPrefix = "factbook/"

// Export writes the set in the forms that `trainer evaluate` and other tools read:
//
//	DIR/corpus.jsonl                     the articles, BEIR
//	DIR/SPLIT/queries_last.jsonl         the questions as typed, BEIR
//	DIR/SPLIT/queries_conversation.jsonl the question, then what was said before it, oldest first, a line each
//	DIR/SPLIT/queries_rewrite.jsonl      the rewrites
//	DIR/SPLIT/tasks.jsonl                the conversations, MTRAG: for --input conversation
//	DIR/SPLIT/qrels.tsv, qrels.txt       the judgements, BEIR and TREC
//
// Queries are named CONVERSATION<::>TURN, turns from 1. DIR/choice is what settings
// are chosen on, where the set has it: the conversations of dev and of choice, judged
// by the writer and by the pool.
//
// The passages of the Factbook are left out of the corpus: they came to the collection
// after the conversations were judged and the figures published. The judgements that there
// are of them (factbook.tsv) are left out, too.
func Export(s Set, articles *passages.Store, dir string) error {
	var corpus jsonl
	for i := range articles.Len() {
		p := articles.At(i)
		if strings.HasPrefix(p.ID, FactbookPrefix) {
			continue
		}
		corpus.add(document{p.ID, p.Title, p.Text})
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := corpus.write(filepath.Join(dir, "corpus.jsonl")); err != nil {
		return err
	}
	for _, split := range Splits {
		if err := exportSplit(s[split], func(t *judged.Turn) []judged.Gold { return t.Gold }, filepath.Join(dir, split)); err != nil {
			return err
		}
	}
	if len(s[Choice]) == 0 {
		return nil
	}
	return exportSplit(slices.Concat(s["dev"], s[Choice]), (*judged.Turn).Judged, filepath.Join(dir, Choice))
}

type document struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

type query struct {
	ID   string `json:"_id"`
	Text string `json:"text"`
}

type said struct {
	Text string `json:"text"`
}

type task struct {
	ID    string `json:"task_id"`
	Turn  int    `json:"turn_id"`
	User  said   `json:"user"`
	Agent said   `json:"agent"`
}

// exportSplit writes conversations with what judgements knows of their turns.
func exportSplit(list []judged.Conversation, judgements func(*judged.Turn) []judged.Gold, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var last, whole, rewrite, tasks jsonl
	var tsv, trec bytes.Buffer
	tsv.WriteString("query-id\tcorpus-id\tscore\n")
	for i := range list {
		c := &list[i]
		for j, t := range c.Turns {
			id := c.QueryID(j)
			last.add(query{id, t.Question})
			rewrite.add(query{id, t.Rewrite})
			var text strings.Builder
			text.WriteString(t.Question)
			for _, before := range c.Turns[:j] {
				fmt.Fprintf(&text, "\n%s\n%s", before.Question, before.Reply)
			}
			whole.add(query{id, text.String()})
			tasks.add(task{id, j + 1, said{t.Question}, said{t.Reply}})
			for _, g := range judgements(&t) {
				fmt.Fprintf(&tsv, "%s\t%s\t%d\n", id, g.ID, g.Grade)
				fmt.Fprintf(&trec, "%s 0 %s %d\n", id, g.ID, g.Grade)
			}
		}
	}
	for name, f := range map[string]*jsonl{"queries_last": &last, "queries_conversation": &whole, "queries_rewrite": &rewrite, "tasks": &tasks} {
		if err := f.write(filepath.Join(dir, name+".jsonl")); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(filepath.Join(dir, "qrels.tsv"), tsv.Bytes()); err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, "qrels.txt"), trec.Bytes())
}

// jsonl collects lines of JSON.
type jsonl struct {
	text bytes.Buffer
	err  error
}

func (j *jsonl) add(v any) {
	e := json.NewEncoder(&j.text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil && j.err == nil {
		j.err = err
	}
}

func (j *jsonl) write(path string) error {
	if j.err != nil {
		return j.err
	}
	return durable.WriteFile(path, j.text.Bytes())
}
