package web

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"math"
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

// What the experiments' page claims is what models/experiments has: each claim's chart is
// there, and the numbers of its sentence are those of the figures or the summary.
func TestClaimsAreWhatWasMeasured(t *testing.T) {
	read := func(name string, into any) {
		t.Helper()
		b, err := os.ReadFile("../../models/experiments/" + name)
		if err == nil {
			err = json.Unmarshal(b, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	type series struct {
		Name   string
		Points []struct{ X, Y float64 }
	}
	type panel struct {
		Title  string
		Series []series
	}
	var claims []struct {
		Claim, Verdict, Sentence, Figure string
		Chart                            struct {
			Figure string
			Panel  json.RawMessage
			Series []string
		}
	}
	var figures struct {
		Figures []struct {
			Name   string
			Panels []panel
		}
	}
	var summary struct {
		Headline struct {
			Evaluations map[string]struct {
				Flops  float64 `json:"flops_ratio"`
				Recall float64 `json:"recall100_drop"`
			}
		}
		Rows []struct {
			Experiment, Label string
			Evaluations       map[string]struct {
				Metrics map[string]struct{ Mean float64 }
			}
		}
	}
	read("claims.json", &claims)
	read("figures.json", &figures)
	read("summary.json", &summary)
	if len(claims) != 5 {
		t.Fatalf("%d claims", len(claims))
	}
	find := func(figure string, n int, name string) series {
		t.Helper()
		for _, f := range figures.Figures {
			if f.Name != figure {
				continue
			}
			for _, s := range f.Panels[n].Series {
				if s.Name == name {
					return s
				}
			}
		}
		t.Fatalf("no series %s in panel %d of %s", name, n, figure)
		return series{}
	}
	says := func(i int, format string, values ...any) {
		t.Helper()
		want := strings.ReplaceAll(" "+fmt.Sprintf(format, values...), " 0.", " .")
		if got := strings.ReplaceAll(" "+claims[i].Sentence, " 0.", " ."); !strings.Contains(got, want) {
			t.Errorf("claim %d lacks %q: %s", i+1, want, got)
		}
	}
	for _, c := range claims {
		if c.Verdict != "yes" && c.Verdict != "no" && c.Verdict != "partly" || c.Figure == "" {
			t.Errorf("%s: %s, %q", c.Claim, c.Verdict, c.Figure)
		}
		var n int
		if json.Unmarshal(c.Chart.Panel, &n) == nil {
			for _, s := range c.Chart.Series {
				find(c.Chart.Figure, n, s)
			}
		}
	}
	h := summary.Headline.Evaluations
	says(0, "%.1f times fewer FLOPS at %.1f %% of R@100 on MTRAG", h["mtrag"].Flops, 100*h["mtrag"].Recall)
	says(0, "%.1f times fewer at %.1f %% on our", h["parley"].Flops, 100*h["parley"].Recall)
	student, base := find("turns", 0, "temperature 2").Points, find("turns", 0, "base, conversation").Points
	says(1, "from %.0f active terms at turn 2 to %.0f at turns 9 to 12", student[1].Y, student[6].Y)
	says(1, "from %.0f to %.0f", base[1].Y, base[6].Y)
	alone := find("objective", 0, "KLD alone").Points[0].Y
	for _, p := range find("objective", 0, "infonce").Points {
		if d := math.Abs(p.Y - alone); d > .00205 {
			t.Errorf("InfoNCE of %v moves nDCG@10 by %v", p.X, d)
		}
	}
	top := 0.0
	for _, p := range find("objective", 0, "distance").Points {
		top = max(top, p.Y)
	}
	says(2, "from %.3f to %.3f", alone, top)
	c := map[float64]float64{}
	for _, p := range find("candidates", 3, "candidates").Points {
		c[p.X] = p.Y
	}
	says(3, "%.3f with one candidate beside the positive, %.3f with 4, %.3f with 16 and %.3f with 70", c[1], c[4], c[16], c[70])
	for _, set := range []string{"mtrag", "parley"} {
		r := map[string]float64{}
		for _, row := range summary.Rows {
			if row.Experiment == "sampling" {
				r[row.Label] = row.Evaluations[set].Metrics["recall_100"].Mean
			}
		}
		if lost, won := 1-r["ranks 2-10"]/r["ranks 11-960"], r["score"]/r["ranks 11-960"]-1; math.Round(100*lost) != 3 || math.Round(100*won) != 1 {
			t.Errorf("%s: the first ten ranks lose %.4f, the score gains %.4f", set, lost, won)
		}
	}
}
