package judged

import (
	"errors"
	"strings"
	"testing"

	"parley/shared/lines"
)

const tower = `{"id": "c1", "topic": "Arts", "turns": [` +
	`{"question": "how tall is it", "rewrite": "How tall is the tower?", "reply": "330 m.", "gold": [{"id": "Tower", "grade": 2}], "kind": "first"},` +
	`{"question": "who built it", "rewrite": "Who built the tower?", "reply": "A firm.", "gold": [{"id": "Firm", "grade": 2}, {"id": "Tower", "grade": 1}], "kind": "pronoun", "needs_context": true},` +
	`{"question": "when", "rewrite": "When?", "reply": "1889.", "gold": [{"id": "Firm", "grade": 2}], "kind": "ellipsis"}]}`

func TestRead(t *testing.T) {
	list, err := Read(strings.NewReader("\n"+tower+"\n"), "f")
	if err != nil || len(list) != 1 || list[0].File != "f" || list[0].Line != 2 || len(list[0].Turns) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	c := &list[0]
	if !c.Turns[1].NeedsContext || c.Turns[1].Kind != Pronoun || c.QueryID(1) != "c1<::>2" {
		t.Errorf("%+v", c)
	}
	said := c.Until(1)
	if len(said) != 2 || said[0].Reply != "330 m." || said[1].Question != "who built it" || said[1].Reply != "" || c.Turns[1].Reply != "A firm." {
		t.Errorf("%+v", said)
	}
	if !c.Hops(1) || c.Hops(2) {
		t.Errorf("hops %v, %v", c.Hops(1), c.Hops(2))
	}
	c.Turns[0].Pooled = []Gold{{ID: "More", Grade: 1}}
	if j := c.Turns[0].Judged(); len(j) != 2 || j[1].ID != "More" || len(c.Turns[0].Gold) != 1 {
		t.Errorf("%+v", j)
	}
}

func TestWhatIsNotOfTheFormIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		tower + "\n{": "f:2: not a conversation",
		strings.Replace(tower, `"kind"`, `"sort"`, 1): `f:1: not a conversation: json: unknown field "sort"`,
		tower + tower:                  "f:1: more than one conversation on the line",
		`{"id": "c1", "turns": []}`:    "f:1: id or turns is missing",
		`{"turns": [{"question":""}]}`: "f:1: id or turns is missing",
	} {
		_, err := Read(strings.NewReader(text), "f")
		var at *lines.Error
		if !errors.As(err, &at) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
	if list, err := Read(strings.NewReader(tower+"\n["), "f"); err == nil || len(list) != 1 {
		t.Errorf("%d conversations before the error, %v", len(list), err)
	}
}
