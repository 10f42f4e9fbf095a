package converse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/answer"
	"parley/shared/collect"
	"parley/shared/documents"
	"parley/shared/encoder"
	"parley/shared/judged"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/words"
	"parley/trainer/conversations"
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

// A Doubted is the report of Doubt.
type Doubted struct {
	Stage string `json:"stage"`
	// Fitted are the coefficients that fit the train split, choice and their unanswerable
	// inputs, in the order of answer's features; Above is the threshold chosen on dev.
	Fitted []float64 `json:"coefficients"`
	Above  float64   `json:"answers_above"`
	// By the coefficients and the threshold that package answer has.
	Splits []DoubtedSplit `json:"splits"`
}

// A DoubtedSplit says how it goes on a split.
type DoubtedSplit struct {
	Split      string             `json:"split"`
	None       int                `json:"unanswerable"`
	Recognised float64            `json:"recognised"` // of the unanswerable
	Kinds      map[string]float64 `json:"kinds"`
	Right      int                `json:"rightly_answered"` // turns whose first result is right
	Lost       float64            `json:"lost"`             // of these
	Wrong      int                `json:"wrongly_answered"`
	Spared     float64            `json:"spared"` // of these
	Curve      []DoubtedPoint     `json:"curve"`
}

// A DoubtedPoint is what another threshold would do.
type DoubtedPoint struct {
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

// An estimate is the probability that a first result answers, of its features.
type estimate func(features []float64) float64

// Doubt fits the estimate of whether the first result answers at all, on train, choice
// and the inputs of dir, unanswerable.jsonl and handbook/. Of the player's splits it
// judges the estimate that package answer has, or with fitted the one that was fitted
// now. inputs are all that was typed in those splits.
func (p *Player) Doubt(ctx context.Context, dir string, fitted bool) (report *Doubted, inputs []DoubtedInput, err error) {
	none, err := conversations.ReadUnanswerable(filepath.Join(dir, "unanswerable.jsonl"), p.Set)
	if err != nil {
		return nil, nil, err
	}
	played, err := p.playDoubt(ctx, none)
	if err != nil {
		return nil, nil, err
	}
	handbook, err := p.playHandbook(filepath.Join(dir, "handbook"), played)
	if err != nil {
		return nil, nil, err
	}
	both := p.Engine.Dense != nil && p.Stage != message.StageSparse
	if both {
		delete(played, handbookFit) // it has no dense vectors
		delete(played, handbookTest)
	}
	r := &Doubted{Stage: cmp.Or(p.Stage, message.StageSparse)}
	r.Fitted = fitDoubt(slices.Concat(played["train"], played[conversations.Choice], played[handbookFit]))
	now := func(x []float64) float64 { return logistic(r.Fitted, x) }
	r.Above = threshold(played["dev"], now, doubtLost)
	by, above := answers(both), float64(answer.AnswersAbove(both))
	if fitted {
		by, above = now, r.Above
	}
	for _, split := range append(slices.Clone(p.Splits), handbookTest) {
		if played[split] == nil {
			continue
		}
		above := above
		if split == handbookTest {
			above *= answer.Trusted(handbook)
		}
		r.Splits = append(r.Splits, splitDoubt(split, played[split], by, above))
		for i := range played[split] {
			inputs = append(inputs, played[split][i].report(split, by))
		}
	}
	return r, inputs, nil
}

// answers is the estimate that package answer has.
func answers(both bool) estimate {
	return func(x []float64) float64 {
		f := make([]float32, len(x))
		for i, v := range x {
			f[i] = float32(v)
		}
		return float64(answer.Answers(f, both))
	}
}

// playDoubt plays the splits that the fit and the report need, by split: their
// conversations' turns, the questions in key words of train, and the unanswerable.
func (p *Player) playDoubt(ctx context.Context, none []conversations.Unanswerable) (map[string][]input, error) {
	splits := []string{"train", conversations.Choice, "dev"}
	for _, s := range p.Splits {
		if !slices.Contains(splits, s) {
			splits = append(splits, s)
		}
	}
	none = slices.DeleteFunc(none, func(u conversations.Unanswerable) bool { return !slices.Contains(splits, u.Split) })
	typed := 0
	for i := range p.Set["train"] {
		typed += len(keywords(&p.Set["train"][i]))
	}
	p.begin("inputs", p.turns(splits)+typed+len(none))
	played := map[string][]input{}
	replies := map[string][]message.Turn{}
	for _, split := range splits {
		err := p.playSplit(ctx, split, 3, func(t Played) error {
			in, err := inputOf(p.Engine, t.Asked, p.Stage, &t.Answer)
			if err != nil {
				return err
			}
			in.answerable = true
			in.is = len(t.Answer.Results) > 0 && rightOnes(gold(t.judged(), true))[firstOf(t.Answer)]
			played[split] = append(played[split], in)
			if t.Place < len(t.Of.Turns)-1 {
				return nil
			}
			replies[t.Of.ID] = slices.Clone(t.Asked)
			if split != "train" {
				return nil
			}
			typed, err := p.playKeywords(ctx, t.Of)
			played[split] = append(played[split], typed...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, u := range none {
		asked := append(slices.Clone(replies[u.After][:min(u.Turns, len(replies[u.After]))]), message.Turn{Question: u.Question})
		in, _, err := p.typed(ctx, asked, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.ID, err)
		}
		in.kind = string(u.Kind)
		played[u.Split] = append(played[u.Split], in)
	}
	p.meter.Done("")
	return played, nil
}

// playKeywords asks what keywords makes of a conversation.
func (p *Player) playKeywords(ctx context.Context, c *judged.Conversation) (list []input, err error) {
	for _, q := range keywords(c) {
		in, a, err := p.typed(ctx, []message.Turn{{Question: q.question}}, 1)
		if err != nil {
			return nil, err
		}
		in.answerable, in.keyword = true, true
		in.is = len(a.Results) > 0 && q.right[firstOf(a)]
		list = append(list, in)
	}
	return list, nil
}

// typed asks what was typed behind what was said, and counts it as done.
func (p *Player) typed(ctx context.Context, asked []message.Turn, k int) (in input, a message.Answer, err error) {
	if a, err = p.ask(asked, k, ""); err != nil {
		return in, a, err
	}
	p.count()
	if in, err = inputOf(p.Engine, asked, p.Stage, &a); err != nil {
		return in, a, err
	}
	return in, a, ctx.Err()
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
// of it: a small one, in whose words people say "I" and "you". It returns the number of
// its passages.
func (p *Player) playHandbook(dir string, played map[string][]input) (passages int, err error) {
	h, err := conversations.OpenHandbook(dir)
	if err != nil {
		return 0, err
	}
	e, err := handbookEngine(p.Engine.Encoder, h)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	for i, q := range h.Questions {
		asked := []message.Turn{{Question: q.Question}}
		a, err := Ask(e, message.Ask{Turns: asked})
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
	cutter, reader, builder := collect.NewCutter(base, set), collect.NewPassageEncoder(base, set), collect.NewBuilder(base.Vocab(), passages.About{Title: "handbook", Encoder: base.Name})
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
func threshold(all []input, by estimate, lost float64) float64 {
	var right []float64
	for _, in := range all {
		if in.is && !in.small {
			right = append(right, by(in.x))
		}
	}
	slices.Sort(right)
	return right[min(int(lost*float64(len(right))), len(right)-1)]
}

// A tally counts inputs that were doubted.
type tally struct {
	right, lost      float64 // rightly answered; and doubted
	wrong, spared    float64 // wrongly answered; and doubted
	none, recognised float64 // unanswerable; and doubted
	kinds            map[string][2]float64
}

// tallied doubts what is small talk, found nothing, or is estimated below above, unless
// the question only names what the result is about.
func tallied(all []input, by estimate, above float64) tally {
	t := tally{kinds: map[string][2]float64{}}
	for _, in := range all {
		d := 0.
		if in.small || in.x == nil || by(in.x) < above && !in.about {
			d = 1
		}
		switch {
		case in.is:
			t.right, t.lost = t.right+1, t.lost+d
		case in.answerable:
			t.wrong, t.spared = t.wrong+1, t.spared+d
		default:
			t.none, t.recognised = t.none+1, t.recognised+d
			k := t.kinds[in.kind]
			t.kinds[in.kind] = [2]float64{k[0] + d, k[1] + 1}
		}
	}
	return t
}

// shares are of the rightly answered, the unanswerable and the wrongly answered.
func (t *tally) shares() (lost, recognised, spared float64) {
	return t.lost / max(1, t.right), t.recognised / max(1, t.none), t.spared / max(1, t.wrong)
}

func splitDoubt(split string, all []input, by estimate, above float64) DoubtedSplit {
	t := tallied(all, by, above)
	s := DoubtedSplit{Split: split, Kinds: map[string]float64{}, Right: int(t.right), Wrong: int(t.wrong), None: int(t.none)}
	s.Lost, s.Recognised, s.Spared = t.shares()
	for k, n := range t.kinds {
		s.Kinds[k] = n[0] / n[1]
	}
	for _, lost := range []float64{.01, .02, .03, .04, .05, .07, .1} {
		p := DoubtedPoint{Above: threshold(all, by, lost)}
		t := tallied(all, by, p.Above)
		p.Lost, p.Recognised, p.Spared = t.shares()
		s.Curve = append(s.Curve, p)
	}
	return s
}

// A DoubtedInput says what was estimated of an input.
type DoubtedInput struct {
	Split    string    `json:"split"`
	Kind     string    `json:"kind,omitempty"`
	Question string    `json:"question"`
	Right    bool      `json:"right"`
	Small    bool      `json:"small_talk,omitempty"`
	Keyword  bool      `json:"keyword,omitempty"`
	Answers  float64   `json:"answers"`
	Features []float64 `json:"features"`
}

func (in *input) report(split string, by estimate) DoubtedInput {
	r := DoubtedInput{split, in.kind, in.said, in.is, in.small, in.keyword, 0, in.x}
	if in.x != nil {
		r.Answers = by(in.x)
	}
	return r
}
