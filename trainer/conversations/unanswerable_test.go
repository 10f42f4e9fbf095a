package conversations

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnanswerableInputsAreShipped(t *testing.T) {
	set, err := Open(".")
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadUnanswerable("unanswerable.jsonl", set)
	if err != nil {
		t.Fatal(err)
	}
	type cell struct {
		kind  NoneKind
		split string
	}
	count := map[cell]int{}
	all, after := map[string]int{}, map[string]int{}
	for _, u := range list {
		count[cell{u.Kind, u.Split}]++
		all[u.Split]++
		if u.After != "" {
			after[u.Split]++
		}
		if !strings.HasPrefix(u.ID, "none-"+u.Split+"-") {
			t.Errorf("%s is of split %s", u.ID, u.Split)
		}
		if said := u.Until(); len(said) != u.Turns+1 || said[u.Turns].Question != u.Question || said[u.Turns].Reply != "" {
			t.Errorf("%s: Until gives %d turns that end with %+v", u.ID, len(said), said[len(said)-1])
		}
	}
	for kind, want := range map[NoneKind][3]int{
		Greeting: {22, 10, 16}, Thanks: {24, 12, 18}, SmallTalk: {41, 12, 20}, Gibberish: {37, 10, 16}, Language: {16, 14, 20},
		Emoji: {6, 5, 8}, Tool: {49, 12, 18}, Recent: {49, 12, 20}, Specific: {230, 25, 40}, Outside: {86, 23, 34},
	} {
		for i, split := range Splits {
			if got := count[cell{kind, split}]; got != want[i] {
				t.Errorf("%s has %d inputs of kind %s, want %d", split, got, kind, want[i])
			}
		}
	}
	for _, split := range Splits {
		if 3*after[split] < all[split] {
			t.Errorf("%d of %d inputs of %s follow on a conversation, want a third", after[split], all[split], split)
		}
	}
}

func TestHandbookIsShipped(t *testing.T) {
	h, err := OpenHandbook("handbook")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(h.Markdown, "\n## ")[1:] {
		heading, text, _ := strings.Cut(s, "\n")
		sections[heading] = text
		if n := len(strings.Fields(text)); n < 60 || n > 120 {
			t.Errorf("section %q has %d words, want 60 to 120", heading, n)
		}
	}
	if len(h.Headings) != 42 || len(sections) != len(h.Headings) {
		t.Errorf("%d headings and %d sections, want 42", len(h.Headings), len(sections))
	}
	answered := 0
	for _, q := range h.Questions {
		if q.Section == "" {
			continue
		}
		answered++
		if sections[q.Section] == "" {
			t.Errorf("%s: there is no section %q", q.ID, q.Section)
		}
	}
	if answered != 60 || len(h.Questions) != 120 {
		t.Errorf("%d of %d questions have an answer, want 60 of 120", answered, len(h.Questions))
	}
}

// No input of a split may be known from another split, nor one of the handbook from
// those of the encyclopedia. They are short, so the limit on their likeness is lower
// than that of the conversations' questions.
func TestNoQuestionIsThereTwice(t *testing.T) {
	set, err := Open(".")
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadUnanswerable("unanswerable.jsonl", set)
	if err != nil {
		t.Fatal(err)
	}
	h, err := OpenHandbook("handbook")
	if err != nil {
		t.Fatal(err)
	}
	type asked struct{ id, text string }
	var questions []asked
	for _, u := range list {
		questions = append(questions, asked{u.ID, u.Question})
	}
	for _, q := range h.Questions {
		questions = append(questions, asked{q.ID, q.Question})
	}
	for i, a := range questions {
		words := shingles(a.text)
		for _, b := range questions[:i] {
			if strings.EqualFold(a.text, b.text) {
				t.Errorf("%s and %s are both %q", b.id, a.id, a.text)
			} else if other := shingles(b.text); len(words) > 0 && len(other) > 0 && likeness(words, other) >= .5 {
				t.Errorf("%s %q is nearly %s %q", a.id, a.text, b.id, b.text)
			}
		}
	}
}

func TestBadUnanswerableInputsAreNamed(t *testing.T) {
	conversations, err := read(t, tiny)
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"id":"none-train-001","split":"train","kind":"greeting","question":"hi"}`
	const later = `{"id":"none-train-002","split":"train","kind":"thanks","after":"train-01-01","turns":3,"question":"thanks"}`
	path := filepath.Join(t.TempDir(), "unanswerable.jsonl")
	for _, c := range []struct{ old, new, want string }{
		{"", "", ""},
		{`"id":"none-train-002"`, `"id":"none-train-001"`, `id "none-train-001" is empty or occurs twice`},
		{`"id":"none-train-002"`, `"id":""`, `id "" is empty`},
		{`"split":"train"`, `"split":"choice"`, `there is no split "choice"`},
		{`"split":"train"`, `"split":"dev"`, `there is no conversation "train-01-01" in dev`},
		{`"kind":"thanks"`, `"kind":"thank"`, `there is no kind "thank"`},
		{`"question":"thanks"`, `"question":" "`, "no question"},
		{`"turns":3`, `"turns":4`, "after 4 turns of train-01-01, which has 3"},
		{`"turns":3`, `"turns":-1`, "after -1 turns"},
		{`"turns":3,`, ``, "give both after and turns"},
		{`"after":"train-01-01",`, ``, "give both after and turns"},
		{`"question":"thanks"`, `"question":"thanks","x":1`, "not an input"},
		{`"thanks"}`, `"thanks"}{}`, "more than one object"},
	} {
		bad := strings.Replace(later, c.old, c.new, 1)
		if err := os.WriteFile(path, []byte(good+"\n\n"+bad+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		list, err := ReadUnanswerable(path, Set{"train": conversations})
		if c.want == "" {
			if err != nil || len(list) != 2 || len(list[1].Until()) != 4 {
				t.Errorf("good lines: %v, %v", list, err)
			}
			continue
		}
		if bad == later || err == nil || !strings.Contains(err.Error(), "unanswerable.jsonl:3: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want line 3 and %q", bad, err, c.want)
		}
	}
}

func TestBadHandbooksAreNamed(t *testing.T) {
	const text = "# Rules\n\n## Leave\nYou have 28 days.\n\n## Dogs\nOn Fridays.\n"
	const good = `{"id":"handbook-001","question":"how much leave","section":"Leave"}`
	for _, c := range []struct{ text, line, want string }{
		{text, `{"id":"handbook-002","question":"hi"}`, ""},
		{text, `{"id":"handbook-002","question":"cats?","section":"Cats"}`, `questions.jsonl:2: the handbook has no section "Cats"`},
		{text, `{"id":"handbook-001","question":"dogs?","section":"Dogs"}`, `questions.jsonl:2: id "handbook-001"`},
		{text, `{"id":"handbook-002","question":"","section":"Dogs"}`, "questions.jsonl:2: no question"},
		{text, `{"id":"handbook-002","question":"dogs?","heading":"Dogs"}`, "questions.jsonl:2: not a question"},
		{text + "## Leave\n", `{"id":"handbook-002","question":"hi"}`, `handbook.md:8: a second section "Leave"`},
	} {
		dir := t.TempDir()
		for name, content := range map[string]string{"handbook.md": c.text, "questions.jsonl": good + "\n" + c.line + "\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		h, err := OpenHandbook(dir)
		if c.want == "" {
			if err != nil || len(h.Headings) != 2 || len(h.Questions) != 2 {
				t.Errorf("a good handbook: %+v, %v", h, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
