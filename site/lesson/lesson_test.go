// Package lesson is a lesson plan and exercises about sparse retrieval, for those who teach
// with the page. This test holds every figure in them to the models that ship.
package lesson

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/message"
	"parley/site/collection"
)

var (
	peru  = []string{"How many people live in Peru?", "which languages do they speak?"}
	poets = []string{
		"who is the greatest russian poet, by most people opinion?",
		"After he died, who was most important?",
		"and which playwright called medicine his wife?",
		"His friend who wrote about him in memoirs, was he winning Nobel prize?",
	}
)

// class is what a class has before it: the built-in collection and the levels.
type class struct {
	*testing.T
	levels  []message.Level
	engines map[string]*answer.Engine
	usual   string
}

func newClass(t *testing.T) *class {
	t.Helper()
	root := filepath.Join("..", "..")
	f, err := collection.OpenEncoders(filepath.Join(root, "models"))
	if err != nil {
		t.Fatal(err)
	}
	x, p, err := collection.Open(filepath.Join(root, "models", "vital-articles"))
	if err != nil {
		t.Fatal(err)
	}
	c := &class{T: t, engines: map[string]*answer.Engine{}}
	for _, l := range f.List.Levels {
		e, err := f.Level(l.Name)
		if err != nil {
			t.Fatal(err)
		}
		if c.engines[l.Name], err = answer.New(e, x, p); err != nil {
			t.Fatal(err)
		}
		c.levels = append(c.levels, l.Level)
	}
	c.usual = f.List.Default
	return c
}

func (c *class) ask(level string, a message.Ask) *message.Answer {
	c.Helper()
	a.K, a.Stage = 100, message.StageSparse
	answer, err := c.engines[level].Ask(a)
	if err != nil {
		c.Fatal(err)
	}
	return &answer
}

// last answers the newest of the questions at a level; the replies before it are those of
// the level that the page uses.
func (c *class) last(level, read string, questions ...string) *message.Answer {
	c.Helper()
	var turns []message.Turn
	for _, q := range questions[:len(questions)-1] {
		a := c.ask(c.usual, message.Ask{Turns: append(slices.Clip(turns), message.Turn{Question: q})})
		turns = append(turns, message.Turn{Question: q, Reply: a.Quoted().Quotation()})
	}
	return c.ask(level, message.Ask{Turns: append(turns, message.Turn{Question: questions[len(questions)-1]}), Read: read})
}

func learned(a *message.Answer) (terms []message.Term) {
	for _, t := range a.Terms {
		if !t.Word {
			terms = append(terms, t)
		}
	}
	return terms
}

func rank(a *message.Answer, ids ...string) int {
	return 1 + slices.IndexFunc(a.Results, func(r message.Result) bool { return slices.Contains(ids, r.ID) })
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func name(t message.Term) string {
	if t.Word {
		return "“" + t.Text + "”"
	}
	return t.Text
}

func TestTheFiguresAreThoseOfTheModels(t *testing.T) {
	c := newClass(t)
	said := map[string]string{}
	for _, file := range []string{"README.md", "exercises.md"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said[file] = strings.Join(strings.Fields(string(content)), " ")
	}
	wants := func(file, format string, args ...any) {
		t.Helper()
		if text := fmt.Sprintf(format, args...); !strings.Contains(said[file], text) {
			t.Errorf("%s should say %q", file, text)
		}
	}
	last := c.levels[len(c.levels)-1]

	// The plan.
	first := c.last(c.usual, "", peru[0])
	alone, together := c.last(c.usual, message.ReadAlone, peru...), c.last(c.usual, message.ReadTogether, peru...)
	base := c.last(c.levels[0].Name, message.ReadTogether, peru...)
	typed := 0
	for _, term := range learned(first) {
		if term.Typed {
			typed++
		}
	}
	wants("README.md", "%d of 30,522 weights are not zero: %d typed, %d added", len(learned(first)), typed, len(learned(first))-typed)
	answers := []string{"factbook/peru/people", "Peru"}
	if r := rank(alone, answers...); r != 0 {
		t.Errorf("read alone, the passage that answers is at rank %d", r)
	}
	wants("README.md", "“%s”; the passage that answers is not among the first 100", alone.Quoted().Title)
	wants("README.md", "rank %d: “%s”", rank(together, answers...), together.Quoted().Title)
	wants("README.md", "%d terms, rank %d", len(learned(base)), rank(base, answers...))
	wants("README.md", "%d terms, rank %d", len(learned(together)), rank(together, answers...))

	// 1. A score is a sum.
	a := c.ask(c.usual, message.Ask{Turns: []message.Turn{{Question: peru[0]}}, Explain: true})
	r := a.Results[0]
	parts := slices.SortedFunc(slices.Values(r.Parts), func(x, y message.Part) int { return -cmp.Compare(x.Query*x.Doc, y.Query*y.Doc) })
	var sum float32
	for _, p := range parts[:3] {
		wants("exercises.md", "| %s | %.2f | %.2f | %.2f |", name(a.Terms[p.Term]), p.Query, p.Doc, p.Query*p.Doc)
		sum += p.Query * p.Doc
	}
	wants("exercises.md", "%.2f of %.2f", sum, r.Score)
	one, two := a.Terms[parts[0].Term], a.Terms[parts[1].Term]
	off := c.ask(c.usual, message.Ask{Turns: []message.Turn{{Question: peru[0]}}, Weights: []message.Weight{{Text: one.Text, Word: one.Word}, {Text: two.Text, Word: two.Word}}})
	wants("exercises.md", "Without %s and %s the first result is “%s”", name(one), name(two), off.Results[0].Title)

	// 2. Where a follow-up gets its words.
	n := 0
	for _, term := range learned(together) {
		if term.Turn == 0 && n < 3 {
			kind := "added"
			if term.Typed {
				kind = "typed"
			}
			wants("exercises.md", "%s (%s)", name(term), kind)
			n++
		}
	}
	wants("exercises.md", "“%s” is quoted", alone.Quoted().Title)

	turns := []message.Turn{{}, {Question: peru[1]}}
	without := c.ask(c.usual, message.Ask{Turns: turns, Read: message.ReadTogether})
	if !slices.EqualFunc(learned(without), learned(alone), func(x, y message.Term) bool { return x.Text == y.Text && x.Weight == y.Weight }) {
		t.Error("turn 1 left out is not the same as turn 2 read alone")
	}

	// 3. What sparsity costs.
	var usual, sparsest *message.Answer
	for _, l := range c.levels {
		a := c.last(l.Name, message.ReadTogether, poets...)
		wants("exercises.md", "| %d | %s | %d |", len(learned(a)), thousands(a.Cost.Postings), rank(a, "Maxim_Gorky"))
		if l.Name == c.usual {
			usual = a
		}
		if l.Name == last.Name {
			sparsest = a
		}
	}
	wants("exercises.md", "%.1f times fewer", float64(usual.Cost.Postings)/float64(sparsest.Cost.Postings))
	wants("exercises.md", "from rank %d to rank %d", rank(usual, "Maxim_Gorky"), rank(sparsest, "Maxim_Gorky"))
	wants("README.md", "%s to %s postings", thousands(usual.Cost.Postings), thousands(sparsest.Cost.Postings))
	gone := learned(sparsest)
	wants("README.md", "%d of %d learned terms", len(gone), len(learned(usual)))
	if slices.ContainsFunc(gone, func(t message.Term) bool { return t.Text == "history" }) {
		t.Error("“history” is still lit")
	}
}

// The averages are those that models/README.md publishes.
func TestTheAveragesArePublished(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "models", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "| 4x |") && strings.HasSuffix(line, "| 2.1 % | 1.3 % |\n") {
			return
		}
	}
	t.Error("models/README.md has another loss of the level 4x; README.md and exercises.md repeat it")
}

// The page's script asks the same questions, so that nobody who changes one forgets the
// other.
func TestTheTourAsksTheSame(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "web", "steps.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range slices.Concat(peru, poets) {
		if !strings.Contains(string(content), "'"+q+"'") {
			t.Errorf("steps.js does not ask %q", q)
		}
	}
}
