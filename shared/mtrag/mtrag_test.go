package mtrag

import (
	"reflect"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/lines"
)

func reader(t testing.TB, text string) *lines.Reader {
	r, err := lines.NewReader(strings.NewReader(text), "f")
	if err != nil {
		t.Skip(err)
	}
	return r
}

func TestSpeakersAreTakenOff(t *testing.T) {
	for text, want := range map[string]string{
		"|user|: who?":    "who?",
		"|user|:  who?\n": "who?",
		"who?":            "who?",
		"|user|:":         "",
		"a |user|: b":     "a |user|: b",
	} {
		if got := Question(text); got != want {
			t.Errorf("Question(%q) = %q, want %q", text, got, want)
		}
	}
	got := Questions("|user|: one\ntwo lines\n|user|: two")
	if want := []conversation.Turn{{Question: "one\ntwo lines"}, {Question: "two"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("Questions = %v, want %v", got, want)
	}
}

const tasks = `{"task_id":"c<::>10","turn_id":10,"user":{"text":"q10"},"agent":{"text":"a10"}}
{"task_id":"c<::>1","turn_id":1,"user":{"text":" q1"},"agent":{"text":"a1\n"}}
`

func TestConversationStandsAsItWasWhenAsked(t *testing.T) {
	text := strings.ReplaceAll(tasks, "10", "2")
	c, err := ReadTasks(reader(t, text))
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]conversation.Turn{
		"c<::>1": {{Question: "q1"}},
		"c<::>2": {{Question: "q1", Reply: "a1"}, {Question: "q2"}},
	} {
		got, err := c.Until(query)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", query, got, err, want)
		}
	}
	if c["c"][1].Reply != "a2" {
		t.Error("Until changed the conversation")
	}
	for _, query := range []string{"c<::>3", "d<::>1", "c", "c<::>0", "c<::>1x", "c<::>-1"} {
		if turns, err := c.Until(query); err == nil {
			t.Errorf("%s: %v without error", query, turns)
		}
	}
}

func TestBadTasksAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		tasks:                         `f:2: conversation "c" has no turn 2`,
		"\n{":                         "f:2: not a task",
		`{"task_id":"c","turn_id":1}`: `f:1: id "c" is not of the form`,
		`{"task_id":"c<::>1"}`:        `f:1: task_id "c<::>1" and turn_id 0 disagree`,
	} {
		if _, err := ReadTasks(reader(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func FuzzTasks(f *testing.F) {
	f.Add(tasks)
	f.Add(`{"task_id":"c<::>1","turn_id":1,"user":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadTasks(reader(t, text))
		if (c == nil) == (err == nil) {
			t.Errorf("%v with error %v", c, err)
		}
		for id, turns := range c {
			if len(turns) == 0 {
				t.Errorf("conversation %q is empty", id)
			}
		}
	})
}

func TestReadSyntheticNamesTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"{": "f:1: not a synthetic turn",
		`{"task_id":"c","input":[{"speaker":"user","text":"a"}],"targets":[{"text":"b"}]}`:       "f:1: id \"c\" is not of the form",
		`{"task_id":"c<::>2","input":[{"speaker":"user","text":"a"}],"targets":[{"text":"b"}]}`:  "f:1: \"c<::>2\" does not have 2 questions",
		`{"task_id":"c<::>1","input":[{"speaker":"agent","text":"a"}],"targets":[{"text":"b"}]}`: "f:1: \"c<::>1\" does not have 1 questions",
		`{"task_id":"c<::>1","input":[{"speaker":"user","text":"a"}]}`:                           "f:1: \"c<::>1\" does not have",
	} {
		if _, err := ReadSynthetic(reader(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
