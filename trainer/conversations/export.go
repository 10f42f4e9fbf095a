package conversations

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"parley/shared/beir"
	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/judged"
	"parley/shared/mtrag"
	"parley/shared/passages"
)

// FactbookPrefix begins the ids of the built-in collection's passages about countries,
// from the World Factbook. The articles' ids are their titles, which never begin with it.
const FactbookPrefix = "factbook/"

// Export writes the set, in one step, in the forms that `trainer evaluate` and other tools
// read:
//
//	DIR/corpus.jsonl                     the articles, BEIR
//	DIR/facts.jsonl                      the conversations of AddFacts to train on, in the set's own form
//	DIR/SPLIT/queries_last.jsonl         the questions as typed, BEIR
//	DIR/SPLIT/queries_conversation.jsonl the question, then what was said before it, oldest first, one line each
//	DIR/SPLIT/queries_rewrite.jsonl      the rewrites
//	DIR/SPLIT/tasks.jsonl                the conversations, MTRAG: for --input conversation
//	DIR/SPLIT/qrels.tsv, qrels.txt       the judgements, BEIR and TREC
//
// Queries are named CONVERSATION<::>TURN, with turns from 1. DIR/choice is for choosing
// settings, if the set has it: the conversations of dev and of choice, with the judgements
// of the writer and of the pool.
//
// Export leaves out the Factbook's passages, because they were added to the collection
// after the conversations were judged and the figures published. It also leaves out their
// judgements (factbook.tsv), and the facts that are held out.
func Export(s Set, articles *passages.Store, dir string) error {
	var corpus bytes.Buffer
	for i := range articles.Len() {
		p := articles.At(i)
		if strings.HasPrefix(p.ID, FactbookPrefix) {
			continue
		}
		beir.AppendDocument(&corpus, beir.Document{ID: p.ID, Title: p.Title, Text: p.Text})
	}
	ask := Set{}
	ask.AddFacts(articles, []string{Facts})
	var asked bytes.Buffer
	lines := json.NewEncoder(&asked)
	lines.SetEscapeHTML(false)
	for i := range ask[Facts] {
		if err := lines.Encode(&ask[Facts][i]); err != nil {
			return err
		}
	}
	files := map[string][]byte{"corpus.jsonl": corpus.Bytes(), "facts.jsonl": asked.Bytes()}
	for _, split := range Splits {
		exportSplit(files, split, s[split], func(t *judged.Turn) []judged.Gold { return t.Gold })
	}
	if len(s[Choice]) > 0 {
		exportSplit(files, Choice, slices.Concat(s["dev"], s[Choice]), (*judged.Turn).Judged)
	}
	return durable.PublishFiles(dir, files)
}

// exportSplit adds the files of a split: conversations with the judgements of their turns.
func exportSplit(files map[string][]byte, split string, list []judged.Conversation, judgements func(*judged.Turn) []judged.Gold) {
	var last, whole, rewrite, tasks, tsv, trec bytes.Buffer
	tsv.WriteString(beir.QrelsHeader)
	for i := range list {
		c := &list[i]
		for j, t := range c.Turns {
			id := c.QueryID(j)
			beir.AppendQuery(&last, id, t.Question)
			beir.AppendQuery(&rewrite, id, t.Rewrite)
			var text strings.Builder
			text.WriteString(t.Question)
			for _, before := range c.Turns[:j] {
				fmt.Fprintf(&text, "\n%s\n%s", before.Question, before.Reply)
			}
			beir.AppendQuery(&whole, id, text.String())
			mtrag.AppendTask(&tasks, id, j+1, conversation.Turn{Question: t.Question, Reply: t.Reply})
			for _, g := range judgements(&t) {
				beir.AppendJudgement(&tsv, beir.Judgement{Query: id, Doc: g.ID, Grade: g.Grade})
				fmt.Fprintf(&trec, "%s 0 %s %d\n", id, g.ID, g.Grade)
			}
		}
	}
	for name, f := range map[string]*bytes.Buffer{"queries_last.jsonl": &last, "queries_conversation.jsonl": &whole, "queries_rewrite.jsonl": &rewrite,
		"tasks.jsonl": &tasks, "qrels.tsv": &tsv, "qrels.txt": &trec} {
		files[path.Join(split, name)] = f.Bytes()
	}
}
