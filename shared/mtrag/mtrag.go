// Package mtrag reads the forms that only MTRAG has (Katsis et al. 2025, arXiv
// 2501.03468): the speakers' names in the queries; the tasks file, with people's
// conversations and the agent's replies; and the synthetic conversations.
package mtrag

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley/shared/conversation"
	"parley/shared/lenient"
	"parley/shared/lines"
)

const user = "|user|: "

// Question returns a query's text without the speaker's name.
func Question(text string) string {
	return strings.TrimSpace(strings.TrimPrefix(text, strings.TrimSpace(user)))
}

// Questions splits a query that contains all questions of a conversation, oldest
// first ("|user|: one\n|user|: two").
func Questions(text string) []conversation.Turn {
	var turns []conversation.Turn
	for _, q := range strings.Split(text, "\n"+user) {
		turns = append(turns, conversation.Turn{Question: Question(q)})
	}
	return turns
}

// Conversations are conversations by id, with their turns in order and replies
// included.
type Conversations map[string][]conversation.Turn

// A Record is a line of any of MTRAG's files:
//
//	{"task_id": "c<::>2", "turn_id": 2, "domain": "govt", "user": {"text": "..."}, "agent": {"text": "..."}}
//	{"task_id": "c<::>2", "input": [{"speaker": "user", "text": "..."}, ...], "targets": [...], "contexts": [...]}
//	{"_id": "c<::>2", "text": "|user|: ..."}
//
// The first form is a task, a turn of people's conversation. The second is a
// synthetic turn with its history. The third is a query in BEIR's form.
type Record struct {
	ID      lenient.Text `json:"task_id"` // conversation<::>turn
	Turn    lenient.Int  `json:"turn_id"` // only in tasks; from 1
	Domain  string       `json:"domain"`
	User    *Said        `json:"user"` // nil if this is not a task
	Agent   Said         `json:"agent"`
	Input   []Said       `json:"input"` // only in synthetic turns: the questions, and the replies between them
	Targets []Said       `json:"targets"`
	// Contexts are the passages from which a synthetic turn's reply was written.
	Contexts []Said       `json:"contexts"`
	QueryID  lenient.Text `json:"_id"` // only in queries
	Text     string       `json:"text"`
}

// A Said is what one speaker said.
type Said struct {
	Speaker string `json:"speaker"` // "user" or "agent"
	Text    string `json:"text"`
}

// Turns returns the conversation up to a synthetic turn, oldest first, with the
// texts unchanged. The last turn has no reply yet. It returns an error if the input
// does not end with a question.
func (r *Record) Turns() ([]conversation.Turn, error) {
	var turns []conversation.Turn
	for _, m := range r.Input {
		if m.Speaker == "user" {
			turns = append(turns, conversation.Turn{Question: m.Text})
		} else if len(turns) > 0 {
			turns[len(turns)-1].Reply = m.Text
		}
	}
	if len(turns) == 0 || turns[len(turns)-1].Reply != "" {
		return nil, fmt.Errorf("task %s does not end with a question", r.ID)
	}
	return turns, nil
}

// ReadTasks reads tasks.jsonl, in which each line is one turn of a conversation.
// Errors are of type *lines.Error.
func ReadTasks(r *lines.Reader) (Conversations, error) {
	tasks := map[string][]Record{}
	for _, line := range r.All() {
		var t Record
		if err := lenient.Unmarshal(line, &t); err != nil {
			return nil, r.Errorf("not a task: %w", err)
		}
		conv, turn, err := SplitID(string(t.ID))
		if err != nil {
			return nil, r.Errorf("%w", err)
		}
		if turn != int(t.Turn) {
			return nil, r.Errorf("task_id %q and turn_id %d disagree", t.ID, t.Turn)
		}
		if t.User == nil {
			return nil, r.Errorf("%q has no question", t.ID)
		}
		tasks[conv] = append(tasks[conv], t)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	all := Conversations{}
	for conv, ts := range tasks {
		// The file is sorted by id as text: turn 10 comes before turn 2.
		slices.SortFunc(ts, func(a, b Record) int { return cmp.Compare(a.Turn, b.Turn) })
		for i, t := range ts {
			if int(t.Turn) != i+1 {
				return nil, r.Errorf("conversation %q has no turn %d, or has it twice", conv, i+1)
			}
			all[conv] = append(all[conv], conversation.Turn{
				Question: strings.TrimSpace(t.User.Text),
				Reply:    strings.TrimSpace(t.Agent.Text),
			})
		}
	}
	return all, nil
}

// AppendTask appends a turn to b as a line of tasks.jsonl. turn counts from 1.
func AppendTask(b *bytes.Buffer, id string, turn int, said conversation.Turn) {
	type text struct {
		Text string `json:"text"`
	}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	err := e.Encode(struct {
		ID    string `json:"task_id"`
		Turn  int    `json:"turn_id"`
		User  text   `json:"user"`
		Agent text   `json:"agent"`
	}{id, turn, text{said.Question}, text{said.Reply}})
	if err != nil {
		panic("mtrag: strings can be written: " + err.Error())
	}
}

// Until returns the conversation as it was when the query was asked. Its last turn
// has no reply yet. It returns an error if the conversation, or the turn, is
// missing.
func (c Conversations) Until(query string) ([]conversation.Turn, error) {
	conv, turn, err := SplitID(query)
	if err != nil {
		return nil, err
	}
	if turn > len(c[conv]) {
		return nil, fmt.Errorf("query %q: the tasks hold %d turns of that conversation", query, len(c[conv]))
	}
	turns := slices.Clone(c[conv][:turn])
	turns[turn-1].Reply = ""
	return turns, nil
}

// SplitID splits a query's id, conversation<::>turn. Turns count from 1.
func SplitID(id string) (conv string, turn int, err error) {
	conv, number, _ := strings.Cut(id, "<::>")
	turn, err = strconv.Atoi(number)
	if err != nil || turn < 1 {
		return "", 0, fmt.Errorf("id %q is not of the form conversation<::>turn", id)
	}
	return conv, turn, nil
}

// A Synthetic is one turn of a synthetic conversation.
type Synthetic struct {
	Conversation    string
	Turn            int // from 1
	Question, Reply string
	Contexts        []string // texts of the passages from which the reply was written
}

// QueryID returns the turn's name in runs and qrels.
func (s *Synthetic) QueryID() string { return fmt.Sprintf("%s<::>%d", s.Conversation, s.Turn) }

// ReadSynthetic reads synthetic.jsonl. Errors are of type *lines.Error.
func ReadSynthetic(r *lines.Reader) ([]Synthetic, error) {
	var turns []Synthetic
	for _, line := range r.All() {
		var t Record
		if err := lenient.Unmarshal(line, &t); err != nil {
			return nil, r.Errorf("not a synthetic turn: %w", err)
		}
		conv, turn, err := SplitID(string(t.ID))
		if err != nil {
			return nil, r.Errorf("%w", err)
		}
		if n := len(t.Input); n != 2*turn-1 || t.Input[n-1].Speaker != "user" || len(t.Targets) == 0 {
			return nil, r.Errorf("%q does not have %d questions, the replies between them and its own reply", t.ID, turn)
		}
		s := Synthetic{conv, turn, strings.TrimSpace(t.Input[len(t.Input)-1].Text), strings.TrimSpace(t.Targets[0].Text), nil}
		for _, c := range t.Contexts {
			s.Contexts = append(s.Contexts, c.Text)
		}
		turns = append(turns, s)
	}
	return turns, r.Err()
}
