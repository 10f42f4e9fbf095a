package mtrag

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/durable"
	"parley/shared/lines"
	"parley/trainer/beir"
)

// A Synthetic is a turn of MTRAG's synthetic part: a line holds the turn with what was
// said before it, and the passages that its reply was written from, as texts.
type Synthetic struct {
	Conversation    string
	Turn            int // from 1
	Question, Reply string
	Contexts        []string
}

// QueryID names the turn in runs and qrels.
func (s *Synthetic) QueryID() string { return fmt.Sprintf("%s<::>%d", s.Conversation, s.Turn) }

// ReadSynthetic reads synthetic.jsonl.
func ReadSynthetic(r *lines.Reader) ([]Synthetic, error) {
	type said struct{ Speaker, Text string }
	var turns []Synthetic
	for _, line := range r.All() {
		var t struct {
			ID       string `json:"task_id"`
			Input    []said
			Targets  []said
			Contexts []struct{ Text string }
		}
		if err := json.Unmarshal(line, &t); err != nil {
			return nil, r.Errorf("not a synthetic turn: %w", err)
		}
		conv, turn, err := splitID(t.ID)
		if err != nil {
			return nil, r.Errorf("%w", err)
		}
		if n := len(t.Input); n != 2*turn-1 || t.Input[n-1].Speaker != "user" || len(t.Targets) == 0 {
			return nil, r.Errorf("%q does not hold %d questions, the replies between them and its own", t.ID, turn)
		}
		s := Synthetic{conv, turn, strings.TrimSpace(t.Input[len(t.Input)-1].Text), strings.TrimSpace(t.Targets[0].Text), nil}
		for _, c := range t.Contexts {
			s.Contexts = append(s.Contexts, c.Text)
		}
		turns = append(turns, s)
	}
	return turns, r.Err()
}

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
	Turns   []Synthetic
	Qrels   map[string][]string // query: passages, in the turn's order
	Gold    int                 // passages that are contexts
	LeftOut int                 // contexts that are neither passage nor judged, different ones
	Unasked int                 // turns without a passage
}

// Evaluate makes an evaluation. leaveOut holds texts, as SameText gives them, that are
// no passages of it; a distractor that is a context or left out is passed over.
func Evaluate(turns []Synthetic, leaveOut map[string]bool, distractors []beir.Document) (*Evaluation, error) {
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
	type said struct {
		Text string `json:"text"`
	}
	var corpus, tasks, queries, qrels bytes.Buffer
	qrels.WriteString("query-id\tcorpus-id\tscore\n")
	var failed error
	add := func(to *bytes.Buffer, v any) {
		out := json.NewEncoder(to)
		out.SetEscapeHTML(false)
		if err := out.Encode(v); err != nil && failed == nil {
			failed = err
		}
	}
	for _, d := range e.Corpus {
		add(&corpus, struct {
			ID    string `json:"_id"`
			Title string `json:"title"`
			Text  string `json:"text"`
		}{d.ID, d.Title, d.Text})
	}
	for i := range e.Turns {
		t := &e.Turns[i]
		add(&tasks, struct {
			ID    string `json:"task_id"`
			Turn  int    `json:"turn_id"`
			User  said   `json:"user"`
			Agent said   `json:"agent"`
		}{t.QueryID(), t.Turn, said{t.Question}, said{t.Reply}})
		if len(e.Qrels[t.QueryID()]) == 0 {
			continue
		}
		add(&queries, struct {
			ID   string `json:"_id"`
			Text string `json:"text"`
		}{t.QueryID(), t.Question})
		for _, id := range e.Qrels[t.QueryID()] {
			qrels.WriteString(t.QueryID() + "\t" + id + "\t1\n")
		}
	}
	if failed != nil {
		return failed
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
