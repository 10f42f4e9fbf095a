// Package mtrag reads what is MTRAG's own (Katsis et al. 2025, arXiv
// 2501.03468): speakers' names inside the queries, and the tasks file, which
// holds the conversations with the agent's replies.
package mtrag

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley/shared/conversation"
	"parley/shared/lines"
)

const user = "|user|: "

// Question is a query's text without the speaker's name.
func Question(text string) string {
	return strings.TrimSpace(strings.TrimPrefix(text, strings.TrimSpace(user)))
}

// Questions splits a query that holds all questions of a conversation, oldest
// first ("|user|: one\n|user|: two").
func Questions(text string) []conversation.Turn {
	var turns []conversation.Turn
	for _, q := range strings.Split(text, "\n"+user) {
		turns = append(turns, conversation.Turn{Question: Question(q)})
	}
	return turns
}

// Conversations holds every conversation by its id, turns in order, replies
// included.
type Conversations map[string][]conversation.Turn

type task struct {
	ID    string `json:"task_id"` // conversation<::>turn
	Turn  int    `json:"turn_id"` // from 1
	User  struct{ Text string }
	Agent struct{ Text string }
}

// ReadTasks reads tasks.jsonl: a line is one turn of one conversation.
func ReadTasks(r *lines.Reader) (Conversations, error) {
	tasks := map[string][]task{}
	for _, line := range r.All() {
		var t task
		if err := json.Unmarshal(line, &t); err != nil {
			return nil, r.Errorf("not a task: %w", err)
		}
		conv, turn, err := splitID(t.ID)
		if err != nil {
			return nil, r.Errorf("%w", err)
		}
		if turn != t.Turn {
			return nil, r.Errorf("task_id %q and turn_id %d disagree", t.ID, t.Turn)
		}
		tasks[conv] = append(tasks[conv], t)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	all := Conversations{}
	for conv, ts := range tasks {
		// The file is sorted by id as text, where 10 comes before 2.
		slices.SortFunc(ts, func(a, b task) int { return cmp.Compare(a.Turn, b.Turn) })
		for i, t := range ts {
			if t.Turn != i+1 {
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

// Until is the conversation as it stood when the query was asked: its last turn
// has no reply yet.
func (c Conversations) Until(query string) ([]conversation.Turn, error) {
	conv, turn, err := splitID(query)
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

func splitID(id string) (conv string, turn int, err error) {
	conv, number, _ := strings.Cut(id, "<::>")
	turn, err = strconv.Atoi(number)
	if err != nil || turn < 1 {
		return "", 0, fmt.Errorf("id %q is not of the form conversation<::>turn", id)
	}
	return conv, turn, nil
}
