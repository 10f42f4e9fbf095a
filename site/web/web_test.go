package web

import (
	"bufio"
	"encoding/json"
	"html"
	"os"
	"regexp"
	"slices"
	"strings"
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
	question := regexp.MustCompile(`<span data-q[^>]*>(.*?)</span>`)
	for _, example := range regexp.MustCompile(`(?s)data-example>(.*?)</button>`).FindAllSubmatch(page, -1) {
		var questions []string
		for _, q := range question.FindAllSubmatch(example[1], -1) {
			questions = append(questions, html.UnescapeString(string(q[1])))
		}
		examples = append(examples, questions)
	}
	if len(examples) != 4 || examples[0][0] != "When was the Eiffel Tower built?" {
		t.Fatalf("examples: %q", examples)
	}

	f, err := os.Open("../../trainer/conversations/test.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var split [][]string
	known := map[string][2]string{} // question -> rewrite, ids of what answers
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct {
			Turns []struct {
				Question, Rewrite string
				Gold              []struct{ ID string }
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		var questions []string
		for _, turn := range c.Turns {
			questions = append(questions, turn.Question)
			var gold []string
			for _, g := range turn.Gold {
				gold = append(gold, g.ID)
			}
			known[turn.Question] = [2]string{turn.Rewrite, strings.Join(gold, " ")}
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
	// What the page knows of them is what the split says.
	n := 0
	for _, m := range regexp.MustCompile(`<span data-q data-rewrite="(.*?)" data-gold="(.*?)">(.*?)</span>`).FindAllSubmatch(page, -1) {
		is := func(i int) string { return html.UnescapeString(string(m[i])) }
		if want, ok := known[is(3)]; ok {
			n++
			if is(1) != want[0] || is(2) != want[1] {
				t.Errorf("%q: rewrite %q, gold %q; the split says %q", is(3), is(1), is(2), want)
			}
		}
	}
	if n < 9 {
		t.Errorf("%d questions of the split come with a rewrite", n)
	}
}
