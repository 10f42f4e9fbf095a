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
	"unicode"
)

// One of the examples is the beginning of a conversation of the test split, another is
// but for a question; the rest were made for the page, the first of them for the README
// too. None of their questions is in our training split.
func TestExamplesAreNotOfTheTrainingSplit(t *testing.T) {
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
	if len(examples) != 4 || examples[0][0] != "How tall is the Eiffel Tower?" {
		t.Fatalf("examples: %q", examples)
	}

	var split [][]string
	known := map[string][2]string{} // question of the test split -> rewrite, ids of what answers
	for _, c := range conversations(t, "test") {
		var questions []string
		for _, turn := range c {
			questions = append(questions, turn.Question)
			var gold []string
			for _, g := range turn.Gold {
				gold = append(gold, g.ID)
			}
			known[turn.Question] = [2]string{turn.Rewrite, strings.Join(gold, " ")}
		}
		split = append(split, questions)
	}
	trained := map[string]bool{}
	for _, c := range conversations(t, "train") {
		for _, turn := range c {
			trained[squeeze(turn.Rewrite)] = true
		}
	}
	ofSplit := 0
	for _, e := range examples {
		if slices.ContainsFunc(split, func(c []string) bool { return len(c) >= len(e) && slices.Equal(c[:len(e)], e) }) {
			ofSplit++
		}
	}
	if ofSplit != 1 {
		t.Errorf("%d examples are beginnings of conversations of the test split", ofSplit)
	}
	// What the page knows of them is what the split says.
	n := 0
	for _, m := range regexp.MustCompile(`<span data-q data-rewrite="(.*?)" data-gold="(.*?)">(.*?)</span>`).FindAllSubmatch(page, -1) {
		is := func(i int) string { return html.UnescapeString(string(m[i])) }
		if trained[squeeze(is(1))] {
			t.Errorf("%q: this question is in the training split", is(3))
		}
		if is(1) == "" || is(2) == "" {
			t.Errorf("%q comes without a rewrite, or without what answers it", is(3))
		}
		if want, ok := known[is(3)]; ok {
			n++
			if is(1) != want[0] || is(2) != want[1] {
				t.Errorf("%q: rewrite %q, gold %q; the split says %q", is(3), is(1), is(2), want)
			}
		}
	}
	if n != 6 {
		t.Errorf("%d questions of the split come with a rewrite", n)
	}
}

type turn struct {
	Question, Rewrite string
	Gold              []struct{ ID string }
}

// conversations are those of a split of our own.
func conversations(t *testing.T, split string) (all [][]turn) {
	t.Helper()
	f, err := os.Open("../../trainer/conversations/" + split + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct{ Turns []turn }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c.Turns)
	}
	if lines.Err() != nil || len(all) == 0 {
		t.Fatalf("%s: %d conversations, %v", split, len(all), lines.Err())
	}
	return all
}

// squeeze is a question without what spelling may differ in.
func squeeze(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}
