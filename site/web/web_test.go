package web

import (
	"bufio"
	"encoding/json"
	"html"
	"os"
	"regexp"
	"slices"
	"testing"
)

// The examples that the page offers are beginnings of conversations that no
// encoder of ours was trained on, and the one that the README tells of.
func TestExamplesAreOfTheTestSplit(t *testing.T) {
	page, err := os.ReadFile("index.html")
	if err != nil {
		t.Fatal(err)
	}
	var examples [][]string
	question := regexp.MustCompile(`<span data-q>(.*?)</span>`)
	for _, example := range regexp.MustCompile(`(?s)data-example>(.*?)</button>`).FindAllSubmatch(page, -1) {
		var questions []string
		for _, q := range question.FindAllSubmatch(example[1], -1) {
			questions = append(questions, html.UnescapeString(string(q[1])))
		}
		examples = append(examples, questions)
	}
	if len(examples) != 4 || examples[0][0] != "How tall is the Eiffel Tower?" {
		t.Fatalf("examples: %q", examples)
	}

	f, err := os.Open("../../trainer/conversations/test.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var split [][]string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct{ Turns []struct{ Question string } }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		var questions []string
		for _, turn := range c.Turns {
			questions = append(questions, turn.Question)
		}
		split = append(split, questions)
	}
	for _, e := range examples[1:] {
		if len(e) < 3 || !slices.ContainsFunc(split, func(c []string) bool {
			return len(c) >= len(e) && slices.Equal(c[:len(e)], e)
		}) {
			t.Errorf("no conversation of the test split begins with %q", e)
		}
	}
}
