// Package synthetic makes an evaluation for choosing settings, from MTRAG's synthetic
// conversations.
package synthetic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"parley/shared/beir"
	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/mtrag"
)

// SameText returns text with its white space normalised: texts that differ only in that
// are the same passage.
func SameText(text string) string { return strings.Join(strings.Fields(text), " ") }

// passageID returns an id made from the text, for a passage that has none.
func passageID(text string) string {
	sum := sha256.Sum256([]byte(SameText(text)))
	return "synthetic-" + hex.EncodeToString(sum[:8])
}

// An Evaluation is made from synthetic turns. Every context is a passage, and is
// relevant to the turns that have it. Turns without a passage are part of the
// conversations, but are not asked.
type Evaluation struct {
	Corpus  []beir.Document // the contexts in the order of the turns, then the distractors
	Turns   []mtrag.Synthetic
	Qrels   map[string][]string // the relevant passages of a query, in the turn's order
	Gold    int                 // the number of passages that are contexts
	LeftOut int                 // the number of different contexts that leaveOut names
	Unasked int                 // the number of turns without a passage
}

// Evaluate makes an evaluation. leaveOut has texts, as SameText returns them, that must
// not become passages. A distractor that is a context, or is left out, is skipped.
func Evaluate(turns []mtrag.Synthetic, leaveOut map[string]bool, distractors []beir.Document) (*Evaluation, error) {
	e := &Evaluation{Turns: turns, Qrels: map[string][]string{}}
	texts := map[string]string{} // by the passage's id
	left := map[string]bool{}
	seen := map[string]bool{}
	for i := range turns {
		t := &turns[i]
		if seen[t.QueryID()] {
			return nil, fmt.Errorf("turn %s is there twice", t.QueryID())
		}
		seen[t.QueryID()] = true
		for _, c := range t.Contexts {
			same := SameText(c)
			if same == "" {
				continue
			}
			if leaveOut[same] {
				left[same] = true
				continue
			}
			id := passageID(c)
			if was, ok := texts[id]; !ok {
				texts[id] = same
				e.Corpus = append(e.Corpus, beir.Document{ID: id, Text: strings.TrimSpace(c)})
			} else if was != same {
				return nil, fmt.Errorf("two texts have the id %s", id)
			}
			if !slices.Contains(e.Qrels[t.QueryID()], id) {
				e.Qrels[t.QueryID()] = append(e.Qrels[t.QueryID()], id)
			}
		}
	}
	e.Gold, e.LeftOut, e.Unasked = len(e.Corpus), len(left), len(turns)-len(e.Qrels)
	for _, d := range distractors {
		if _, ok := texts[passageID(d.Text)]; !ok && !leaveOut[SameText(d.Text)] {
			e.Corpus = append(e.Corpus, d)
		}
	}
	return e, nil
}

// Write writes corpus.jsonl, tasks.jsonl, queries_last.jsonl and qrels.tsv in the
// folder dir, in one step.
func (e *Evaluation) Write(dir string) error {
	var corpus, tasks, queries, qrels bytes.Buffer
	qrels.WriteString(beir.QrelsHeader)
	for _, d := range e.Corpus {
		beir.AppendDocument(&corpus, d)
	}
	for i := range e.Turns {
		t := &e.Turns[i]
		mtrag.AppendTask(&tasks, t.QueryID(), t.Turn, conversation.Turn{Question: t.Question, Reply: t.Reply})
		if len(e.Qrels[t.QueryID()]) == 0 {
			continue
		}
		beir.AppendQuery(&queries, t.QueryID(), t.Question)
		for _, id := range e.Qrels[t.QueryID()] {
			beir.AppendJudgement(&qrels, beir.Judgement{Query: t.QueryID(), Doc: id, Grade: 1})
		}
	}
	return durable.PublishFiles(dir, map[string][]byte{"corpus.jsonl": corpus.Bytes(), "tasks.jsonl": tasks.Bytes(), "queries_last.jsonl": queries.Bytes(), "qrels.tsv": qrels.Bytes()})
}
