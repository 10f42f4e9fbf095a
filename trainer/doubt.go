package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"parley/shared/answer"
	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/judged"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/words"
	"parley/trainer/conversations"
	"parley/trainer/progress"
)

// An input is what was typed, and what the engine made of it.
type input struct {
	sample            // is: the first result answers
	kind       string // of the unanswerable; "" of a turn of a conversation
	answerable bool
	history    bool // there were turns before
	keyword    bool // a question made in key words
	handbook   bool
	small      bool // recognised as small talk
	about      bool // the question only names what the first result is about
	said       string
}

// A doubted is the report of conversations doubt.
type doubted struct {
	Stage string `json:"stage"`
	// Fitted are the coefficients that fit the train split, choice and their unanswerable
	// inputs, in the order of answer's features; Above is the threshold chosen on dev.
	Fitted []float64 `json:"coefficients"`
	Above  float64   `json:"answers_above"`
	// By the coefficients and the threshold that package answer has.
	Splits []doubtedSplit `json:"splits"`
}

// A doubtedSplit says how it goes on a split.
type doubtedSplit struct {
	Split      string             `json:"split"`
	None       int                `json:"unanswerable"`
	Recognised float64            `json:"recognised"` // of the unanswerable
	Kinds      map[string]float64 `json:"kinds"`
	Right      int                `json:"rightly_answered"` // turns whose first result is right
	Lost       float64            `json:"lost"`             // of these
	Wrong      int                `json:"wrongly_answered"`
	Spared     float64            `json:"spared"` // of these
	Curve      []doubtedPoint     `json:"curve"`
}

// A doubtedPoint is what another threshold would do.
type doubtedPoint struct {
	Lost       float64 `json:"lost"`
	Recognised float64 `json:"recognised"`
	Spared     float64 `json:"spared"`
	Above      float64 `json:"answers_above"`
}

const (
	doubtRidge = 3
	// doubtLost is the share of dev's rightly answered turns that the threshold may lose:
	// less than the 4 % that are allowed on test, for a threshold chosen on one split loses
	// a little more on another.
	doubtLost = .03
	// keywordWeight is what a question in key words counts, handbookWeight one about the
	// handbook: there are sixty of these.
	keywordWeight  = .3
	handbookWeight = 5
	// wrongWeight is what a wrongly answered turn counts in the fit: to say nothing there
	// is good, too, but its question was one to answer.
	wrongWeight = .1
)

// doubt fits the estimate of whether the first result answers.
func (o *conversing) doubt(ctx context.Context, stdout, stderr *os.File) error {
	none, err := conversations.ReadUnanswerable(filepath.Join(o.data, "unanswerable.jsonl"), o.set)
	if err != nil {
		return err
	}
	e, err := conversationEngine(ctx, o.encoder, o.base, o.folder, o.articles, o.second, o.cache, stderr)
	if err != nil {
		return err
	}
	splits := []string{"train", conversations.Choice, "dev"}
	for _, s := range o.splits {
		if !slices.Contains(splits, s) {
			splits = append(splits, s)
		}
	}
	none = slices.DeleteFunc(none, func(u conversations.Unanswerable) bool { return !slices.Contains(splits, u.Split) })
	total := len(none)
	for _, s := range splits {
		for i := range o.set[s] {
			total += len(o.set[s][i].Turns)
			if s == "train" {
				total += len(keywords(&o.set[s][i]))
			}
		}
	}
	meter := progress.New(stderr, "inputs", 0, int64(total))
	done := 0
	played := map[string][]input{}
	replies := map[string][]message.Turn{}
	tell := func(split, kind string, asked []message.Turn, right func(first string) bool, a *message.Answer, keyword bool) error {
		done++
		meter.Update(int64(done), "")
		in, err := inputOf(e, asked, o.second.Stage, a)
		if err != nil {
			return err
		}
		in.kind, in.answerable, in.keyword = kind, kind == "", keyword
		in.is = len(a.Results) > 0 && right(a.Results[0].ID)
		played[split] = append(played[split], in)
		return ctx.Err()
	}
	for _, split := range splits {
		for i := range o.set[split] {
			c := &o.set[split][i]
			err := converse(e, c, o.replies, o.second.Stage, 3, func(turn int, asked []message.Turn, a message.Answer) error {
				if turn == len(c.Turns)-1 {
					replies[c.ID] = slices.Clone(asked)
				}
				right := rightOnes(gold(&c.Turns[turn], true))
				return tell(split, "", asked, func(first string) bool { return right[first] }, &a, false)
			})
			if err != nil {
				return err
			}
			if split != "train" {
				continue
			}
			for _, q := range keywords(c) {
				asked := []message.Turn{{Question: q.question}}
				a, err := ask(e, asked, 1, "", o.second.Stage)
				if err == nil {
					err = tell(split, "", asked, func(first string) bool { return q.right[first] }, &a, true)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", c.ID, err)
				}
			}
		}
	}
	for _, u := range none {
		asked := append(slices.Clone(replies[u.After][:min(u.Turns, len(replies[u.After]))]), message.Turn{Question: u.Question})
		a, err := ask(e, asked, 0, "", o.second.Stage)
		if err == nil {
			err = tell(u.Split, string(u.Kind), asked, func(string) bool { return false }, &a, false)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", u.ID, err)
		}
	}
	meter.Done("")
	handbookPassages, err := playHandbook(e.Encoder, filepath.Join(o.data, "handbook"), played)
	if err != nil {
		return err
	}

	r := doubted{Stage: cmp.Or(o.second.Stage, message.StageSparse)}
	both := e.Dense != nil && o.second.Stage != message.StageSparse
	if both {
		delete(played, handbookFit) // it has no dense vectors
		delete(played, handbookTest)
	}
	r.Fitted = fitDoubt(slices.Concat(played["train"], played[conversations.Choice], played[handbookFit]))
	r.Above = threshold(played["dev"], func(x []float64) float64 { return logistic(r.Fitted, x) }, doubtLost)
	by := func(x []float64) float64 {
		f := make([]float32, len(x))
		for i, v := range x {
			f[i] = float32(v)
		}
		return float64(answer.Answers(f, both))
	}
	if o.fitted {
		by = func(x []float64) float64 { return logistic(r.Fitted, x) }
	}
	above := float64(answer.AnswersAbove(both))
	if o.fitted {
		above = r.Above
	}
	for _, split := range append(slices.Clone(o.splits), handbookTest) {
		if played[split] == nil {
			continue
		}
		above := above
		if split == handbookTest {
			above *= answer.Trusted(handbookPassages)
		}
		r.Splits = append(r.Splits, splitDoubt(split, played[split], by, above))
	}
	if o.out != "" {
		if err := writeDoubt(o.out, append(slices.Clone(o.splits), handbookTest), played, by); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(stdout, r)
	}
	return r.print(stdout)
}

// inputOf is what was asked last, and answered so, as far as the engine knows.
func inputOf(e *answer.Engine, asked []message.Turn, stage string, a *message.Answer) (input, error) {
	question := asked[len(asked)-1].Question
	in := input{history: len(asked) > 1, said: question}
	in.small = a.Doubt == message.DoubtGreeting || a.Doubt == message.DoubtThanks
	in.about = len(a.Results) > 0 && e.IsAbout(question, a.Results[0].Title)
	features, _, err := e.AnswerFeatures(message.Ask{Turns: asked, Stage: stage})
	if err != nil && !errors.Is(err, answer.ErrNoQuestion) {
		return in, err
	}
	for _, f := range features {
		in.x = append(in.x, float64(f))
	}
	return in, nil
}

// A keyworded is a question by itself, most in key words, as many type it, and what
// answers it.
type keyworded struct {
	question string
	right    map[string]bool
}

// keywords makes some of a conversation: the first turn's article by its name, the words
// of the second turn's rewrite but for stop words, and the rewrites of the second and the
// third, asked by themselves. Without them the fit would learn that short inputs have no
// answer, for most of the unanswerable are short.
func keywords(c *judged.Conversation) (list []keyworded) {
	if right := rightOnes(gold(&c.Turns[0], true)); len(right) > 0 {
		list = append(list, keyworded{strings.ToLower(strings.ReplaceAll(c.Turns[0].Gold[0].ID, "_", " ")), right})
	}
	if len(c.Turns) > 1 {
		var kept []string
		for _, w := range strings.Fields(strings.ToLower(c.Turns[1].Rewrite)) {
			if w = strings.Trim(w, "?.,!;:\"'"); !words.Stop(w) {
				kept = append(kept, w)
			}
		}
		if right := rightOnes(gold(&c.Turns[1], true)); len(kept) > 0 && len(right) > 0 {
			list = append(list, keyworded{strings.Join(kept, " "), right})
		}
	}
	for i := 1; i < min(3, len(c.Turns)); i++ {
		if right := rightOnes(gold(&c.Turns[i], true)); len(right) > 0 {
			list = append(list, keyworded{c.Turns[i].Rewrite, right})
		}
	}
	return list
}

// Every other question about the handbook is for the fit, the rest for testing it.
const (
	handbookFit  = "handbook, to fit"
	handbookTest = "handbook, to test"
)

// playHandbook asks the questions about the handbook, each by itself, of a collection made
// of it: a small one, in whose words people say "I" and "you". It gives its passages.
func playHandbook(enc *encoder.Encoder, dir string, played map[string][]input) (passages int, err error) {
	h, err := conversations.OpenHandbook(dir)
	if err != nil {
		return 0, err
	}
	e, err := handbookEngine(enc, h)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	for i, q := range h.Questions {
		asked := []message.Turn{{Question: q.Question}}
		a, err := ask(e, asked, 0, "", "")
		if err != nil {
			return 0, fmt.Errorf("%s: %w", q.ID, err)
		}
		in, err := inputOf(e, asked, "", &a)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", q.ID, err)
		}
		in.kind, in.answerable, in.handbook = "handbook", q.Section != "", true
		in.is = in.answerable && len(a.Results) > 0 && strings.Contains(a.Results[0].Title+"\n"+a.Results[0].Text, q.Section)
		to := handbookFit
		if i%2 == 1 {
			to = handbookTest
		}
		played[to] = append(played[to], in)
	}
	return e.Passages.Len(), nil
}

// handbookEngine indexes the handbook as the page would.
func handbookEngine(enc *encoder.Encoder, h *conversations.Handbook) (*answer.Engine, error) {
	var set collect.Settings
	base := enc.Base()
	if err := set.For(base); err != nil {
		return nil, err
	}
	docs, _ := documents.Read("handbook.md", []byte(h.Markdown), documents.Options{})
	cutter, reader, builder := collect.NewCutter(base, set), collect.NewEncoder(base, set), collect.NewBuilder(base.Vocab(), passages.About{Title: "handbook", Encoder: base.Name})
	for _, d := range docs {
		for _, p := range cutter.Cut(d, nil) {
			v, _, err := reader.Encode(p)
			if err == nil {
				err = builder.Add(p, v)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	files, err := builder.Files()
	if err != nil {
		return nil, err
	}
	x, p, err := collect.Open(func(name string) ([]byte, error) {
		for _, f := range files {
			if f.Name == name {
				return f.Content, nil
			}
		}
		return nil, fs.ErrNotExist
	})
	if err != nil {
		return nil, err
	}
	return answer.New(enc, x, p)
}

// fitDoubt weighs the unanswerable as much, all in all, as the rightly answered, those
// behind a history and those without apart: how often either comes is the writer's doing.
func fitDoubt(all []input) []float64 {
	behind := func(in *input) int {
		if in.history {
			return 1
		}
		return 0
	}
	var right, none [2]float64
	for i := range all {
		switch in := &all[i]; {
		case in.x == nil || in.small || in.handbook:
		case in.is:
			right[behind(in)]++
		case !in.answerable:
			none[behind(in)]++
		}
	}
	var samples []sample
	for i := range all {
		in := &all[i]
		if in.x == nil || in.small { // nothing to estimate
			continue
		}
		s := in.sample
		switch k := behind(in); {
		case s.is:
			s.weight = (right[0] + right[1]) / 2 / right[k]
		case in.answerable:
			s.weight = wrongWeight
		default:
			s.weight = (right[0] + right[1]) / 2 / none[k]
		}
		if in.keyword {
			s.weight *= keywordWeight
		}
		if in.handbook && (s.is || !in.answerable) {
			s.weight = handbookWeight
		}
		samples = append(samples, s)
	}
	// Ridge is fair to features of one scale: they are brought to a deviation of 1.
	deviation := make([]float64, len(samples[0].x))
	for j := range deviation {
		var sum, squares float64
		for _, s := range samples {
			sum, squares = sum+s.x[j], squares+s.x[j]*s.x[j]
		}
		n := float64(len(samples))
		if deviation[j] = math.Sqrt(max(squares/n-sum*sum/n/n, 0)); j == 0 || deviation[j] < 1e-6 {
			deviation[j] = 1
		}
	}
	for i := range samples {
		samples[i].x = slices.Clone(samples[i].x)
		for j, d := range deviation {
			samples[i].x[j] /= d
		}
	}
	w := fit(samples, doubtRidge)
	for j, d := range deviation {
		w[j] /= d
	}
	return w
}

// threshold is the largest below which at most a share of the rightly answered lies.
func threshold(all []input, by func([]float64) float64, lost float64) float64 {
	var right []float64
	for _, in := range all {
		if in.is && !in.small {
			right = append(right, by(in.x))
		}
	}
	slices.Sort(right)
	return right[min(int(lost*float64(len(right))), len(right)-1)]
}

func splitDoubt(split string, all []input, by func([]float64) float64, above float64) doubtedSplit {
	s := doubtedSplit{Split: split, Kinds: map[string]float64{}}
	count := func(above float64) (lost, recognised, spared float64, kinds map[string][2]float64) {
		kinds = map[string][2]float64{}
		var right, wrong, none float64
		for _, in := range all {
			doubts := in.small || in.x == nil || by(in.x) < above && !in.about
			d := 0.
			if doubts {
				d = 1
			}
			switch {
			case in.is:
				right, lost = right+1, lost+d
			case in.answerable:
				wrong, spared = wrong+1, spared+d
			default:
				none, recognised = none+1, recognised+d
				k := kinds[in.kind]
				kinds[in.kind] = [2]float64{k[0] + d, k[1] + 1}
			}
		}
		s.Right, s.Wrong, s.None = int(right), int(wrong), int(none)
		return lost / max(1, right), recognised / max(1, none), spared / max(1, wrong), kinds
	}
	var kinds map[string][2]float64
	s.Lost, s.Recognised, s.Spared, kinds = count(above)
	for k, n := range kinds {
		s.Kinds[k] = n[0] / n[1]
	}
	for _, lost := range []float64{.01, .02, .03, .04, .05, .07, .1} {
		p := doubtedPoint{Above: threshold(all, by, lost)}
		p.Lost, p.Recognised, p.Spared, _ = count(p.Above)
		s.Curve = append(s.Curve, p)
	}
	return s
}

// writeDoubt writes every input with what was estimated of it, a JSON line each.
func writeDoubt(file string, splits []string, played map[string][]input, by func([]float64) float64) error {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	for _, split := range splits {
		for _, in := range played[split] {
			line := struct {
				Split    string    `json:"split"`
				Kind     string    `json:"kind,omitempty"`
				Question string    `json:"question"`
				Right    bool      `json:"right"`
				Small    bool      `json:"small_talk,omitempty"`
				Keyword  bool      `json:"keyword,omitempty"`
				Answers  float64   `json:"answers"`
				Features []float64 `json:"features"`
			}{split, in.kind, in.said, in.is, in.small, in.keyword, 0, in.x}
			if in.x != nil {
				line.Answers = by(in.x)
			}
			if err := out.Encode(line); err != nil {
				return err
			}
		}
	}
	return durable.WriteFile(file, b.Bytes())
}

func (r *doubted) print(stdout *os.File) error {
	fmt.Fprintf(stdout, "Stage %s. Coefficients that fit train and choice, and the threshold of dev:\n\n", r.Stage)
	for i, c := range r.Fitted {
		fmt.Fprintf(stdout, "%s%.3f", map[bool]string{true: "", false: ", "}[i == 0], c)
	}
	fmt.Fprintf(stdout, "\nabove %.3f\n\n", r.Above)
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| split\t| unanswerable\t| recognised\t| rightly answered\t| lost\t| wrongly answered\t| spared\t|\n|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	for _, s := range r.Splits {
		fmt.Fprintf(w, "| %s\t| %d\t| %s\t| %d\t| %s\t| %d\t| %s\t|\n", s.Split, s.None, percent(s.Recognised, s.None), s.Right, percent(s.Lost, s.Right), s.Wrong, percent(s.Spared, s.Wrong))
	}
	fmt.Fprint(w, "\n| recognised\t|")
	for _, k := range conversations.NoneKinds {
		fmt.Fprintf(w, " %s\t|", k)
	}
	fmt.Fprint(w, "\n|---\t|")
	for range conversations.NoneKinds {
		fmt.Fprint(w, "---:\t|")
	}
	fmt.Fprintln(w)
	for _, s := range r.Splits {
		fmt.Fprintf(w, "| %s\t|", s.Split)
		for _, k := range conversations.NoneKinds {
			fmt.Fprintf(w, " %s\t|", percent(s.Kinds[string(k)], 1))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "\n| split\t| lost\t| recognised\t| spared\t| above\t|\n|---\t|---:\t|---:\t|---:\t|---:\t|")
	for _, s := range r.Splits {
		for _, p := range s.Curve {
			fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %s\t| %.3f\t|\n", s.Split, percent(p.Lost, 1), percent(p.Recognised, 1), percent(p.Spared, 1), p.Above)
		}
	}
	return w.Flush()
}
