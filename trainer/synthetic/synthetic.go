// Package synthetic makes an evaluation, to choose settings on, of MTRAG's synthetic
// conversations.
package synthetic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/beir"
	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/mtrag"
)

// SameText is what texts of one passage have in common, however they are spaced.
func SameText(text string) string { return strings.Join(strings.Fields(text), " ") }

// passageID names a passage that has no name of its own after its text.
func passageID(text string) string {
	sum := sha256.Sum256([]byte(SameText(text)))
	return "synthetic-" + hex.EncodeToString(sum[:8])
}

// An Evaluation is made of synthetic turns: every context is a passage, and relevant to
// the turns that hold it. Turns with none are part of the conversations and not asked.
type Evaluation struct {
	Corpus  []beir.Document // contexts in the turns' order, then the distractors
	Turns   []mtrag.Synthetic
	Qrels   map[string][]string // query: passages, in the turn's order
	Gold    int                 // passages that are contexts
	LeftOut int                 // contexts that are neither passage nor judged, different ones
	Unasked int                 // turns without a passage
}

// Evaluate makes an evaluation. leaveOut holds texts, as SameText gives them, that are
// no passages of it; a distractor that is a context or left out is passed over.
func Evaluate(turns []mtrag.Synthetic, leaveOut map[string]bool, distractors []beir.Document) (*Evaluation, error) {
	e := &Evaluation{Turns: turns, Qrels: map[string][]string{}}
	texts := map[string]string{} // passage: its text
	left := map[string]bool{}
	seen := map[string]bool{}
	for i := range turns {
		t := &turns[i]
		if seen[t.QueryID()] {
			return nil, fmt.Errorf("%s is there twice", t.QueryID())
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

// Write writes DIR/corpus.jsonl, tasks.jsonl, queries_last.jsonl and qrels.tsv.
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
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, b := range map[string]*bytes.Buffer{"corpus.jsonl": &corpus, "tasks.jsonl": &tasks, "queries_last.jsonl": &queries, "qrels.tsv": &qrels} {
		if err := durable.WriteFile(filepath.Join(dir, name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
