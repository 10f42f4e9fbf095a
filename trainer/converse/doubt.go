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

// An input is something typed, and the features of the engine's answer.
type input struct {
	sample            // is: the first result answers
	kind       string // the kind of an unanswerable input; "" for a turn of a conversation
	answerable bool
	history    bool // there were turns before it
	keyword    bool // a question that keywords made
	handbook   bool
	small      bool // the engine recognises it as small talk
	about      bool // the question only names what the first result is about
	said       string
}

// A Doubted is the report of Doubt.
type Doubted struct {
	Stage string `json:"stage"`
	// Fitted are the coefficients that fit the train split, choice and their unanswerable
	// inputs, in the order of answer's features. Above is the threshold chosen on dev. With
	// the reader, both are from choice and dev.
	Fitted []float64 `json:"coefficients"`
	Above  float64   `json:"answers_above"`
	// Splits are measured with the coefficients and the threshold in package answer.
	Splits []DoubtedSplit `json:"splits"`
}

// A DoubtedSplit has the figures of a split.
type DoubtedSplit struct {
	Split      string             `json:"split"`
	None       int                `json:"unanswerable"`
	Recognised float64            `json:"recognised"` // share of the unanswerable inputs
	Kinds      map[string]float64 `json:"kinds"`
	Right      int                `json:"rightly_answered"` // the number of turns whose first result is right
	Lost       float64            `json:"lost"`             // share of the right turns that are doubted
	Wrong      int                `json:"wrongly_answered"`
	Spared     float64            `json:"spared"` // share of the wrong turns that are doubted
	Curve      []DoubtedPoint     `json:"curve"`
}

// A DoubtedPoint has the figures with another threshold.
type DoubtedPoint struct {
	Lost       float64 `json:"lost"`
	Recognised float64 `json:"recognised"`
	Spared     float64 `json:"spared"`
	Above      float64 `json:"answers_above"`
}

const (
	doubtRidge = 3
	// doubtLost is the share of dev's correctly answered turns that the threshold may
	// lose. It is below the 4 % that are allowed on test, because a threshold that is
	// chosen on one split loses a little more on another.
	doubtLost = .03
	// keywordWeight is the weight of a question in key words in the fit, and
	// handbookWeight that of a question about the handbook, of which there are sixty.
	keywordWeight  = .3
	handbookWeight = 5
	// wrongWeight is the weight of a wrongly answered turn in the fit. To say nothing
	// there is good, too, but the question could have been answered.
	wrongWeight = .1
)

// An estimate returns the probability that a first result answers, from its features.
type estimate func(features []float64) float64

// Doubt fits the estimate of whether the first result answers at all, on train, choice
// and the inputs in the folder dir, unanswerable.jsonl and handbook/. It measures the
// estimate in package answer on the player's splits or, if fitted is true, the one that
// it has just fitted. inputs are all inputs of those splits.
func (p *Player) Doubt(ctx context.Context, dir string, fitted bool) (report *Doubted, inputs []DoubtedInput, err error) {
	none, err := conversations.ReadUnanswerable(filepath.Join(dir, "unanswerable.jsonl"), p.Set)
	if err != nil {
		return nil, nil, err
	}
	stage := message.StageSparse
	switch {
	case p.Engine.Dense == nil || p.Stage == message.StageSparse:
	case p.Engine.Reader != nil && p.Stage != message.StageBoth && p.Stage != message.StageDense:
		stage = message.StageRead
	default:
		stage = message.StageBoth
	}
	played, err := p.playDoubt(ctx, none, stage != message.StageRead)
	if err != nil {
		return nil, nil, err
	}
	handbook, err := p.playHandbook(filepath.Join(dir, "handbook"), played)
	if err != nil {
		return nil, nil, err
	}
	if stage != message.StageSparse {
		delete(played, handbookFit) // it has no dense vectors
		delete(played, handbookTest)
	}
	r := &Doubted{Stage: cmp.Or(p.Stage, stage)}
	chosen := played["dev"] // the inputs on which the threshold is chosen
	if stage == message.StageRead {
		chosen = slices.Concat(played[conversations.Choice], played["dev"])
		r.Fitted = fitRead(chosen)
	} else {
		r.Fitted = fitDoubt(slices.Concat(played["train"], played[conversations.Choice], played[handbookFit]))
	}
	now := func(x []float64) float64 { return logistic(r.Fitted, x) }
	r.Above = threshold(chosen, now, doubtLost)
	by, above := answers(stage), float64(answer.AnswersAbove(stage))
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

// answers returns the estimate in package answer.
func answers(stage string) estimate {
	return func(x []float64) float64 {
		f := make([]float32, len(x))
		for i, v := range x {
			f[i] = float32(v)
		}
		return float64(answer.Answers(f, stage))
	}
}

// playDoubt plays the splits that the fit and the report need, with train where the fit
// needs it. It returns the inputs by split: the turns of conversations, train's questions in
// key words, and the unanswerable inputs.
func (p *Player) playDoubt(ctx context.Context, none []conversations.Unanswerable, train bool) (map[string][]input, error) {
	splits := []string{conversations.Choice, "dev"}
	if train {
		splits = []string{"train", conversations.Choice, "dev"}
	}
	for _, s := range p.Splits {
		if !slices.Contains(splits, s) {
			splits = append(splits, s)
		}
	}
	none = slices.DeleteFunc(none, func(u conversations.Unanswerable) bool { return !slices.Contains(splits, u.Split) })
	typed := 0
	if train {
		for i := range p.Set["train"] {
			typed += len(keywords(&p.Set["train"][i]))
		}
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

// playKeywords asks the questions that keywords makes from a conversation.
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

// typed asks the last of asked after the turns before it, and counts it as done.
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

// inputOf returns the last of asked as an input, with what the engine knows of its answer
// a.
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

// A keyworded is a question by itself, mostly in key words, as many people type, and the
// articles that answer it.
type keyworded struct {
	question string
	right    map[string]bool
}

// keywords makes questions from a conversation: the name of the first turn's article, the
// words of the second turn's rewrite without stop words, and the rewrites of the second
// and third turn. Most unanswerable inputs are short; without these questions, the fit
// would learn that short inputs have no answer.
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

// Every other question about the handbook is for the fit, the others are for testing it.
const (
	handbookFit  = "handbook, to fit"
	handbookTest = "handbook, to test"
)

// playHandbook asks the questions about the handbook, each by itself, in a collection
// made from it. The collection is small, and in its words people say "I" and "you". It
// returns the number of passages.
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
	cutter, reader, builder := collect.NewCutter(base, set), collect.NewPassageEncoder(base, set), collect.NewBuilder(base.Vocab(), passages.About{Title: "handbook", Encoder: base.Name, Fingerprint: base.Fingerprint()})
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

// fitRead fits the estimate for answers that the reader gave. The reader was trained on
// train and its unanswerable inputs, so that what it says of them is no measure of what it
// says of others. Elsewhere there are too few inputs to fit all coefficients. Therefore the
// sum of both stages is kept as one feature, beside the reader's two:
//
//	z = a + b (sum of both stages' coefficients x features) + c relevant + d likely
func fitRead(all []input) []float64 {
	both := answer.AnswerCoefficients(message.StageBoth)
	n := len(both)
	var samples []sample
	for i := range all {
		in := &all[i]
		if in.x == nil || in.small || in.handbook {
			continue
		}
		s := in.sample
		s.weight = 1
		if !s.is && in.answerable {
			s.weight = wrongWeight
		}
		s.x = []float64{1, 0, in.x[n-2], in.x[n-1]}
		for j, c := range both {
			s.x[1] += float64(c) * in.x[j]
		}
		samples = append(samples, s)
	}
	w := fit(samples, 1)
	fitted := make([]float64, n)
	for j, c := range both {
		fitted[j] = w[1] * float64(c)
	}
	fitted[0] += w[0]
	fitted[n-2], fitted[n-1] = w[2], w[3]
	return fitted
}

// fitDoubt fits the coefficients. It gives the unanswerable inputs the same total weight
// as the correctly answered turns, separately for those after a history and those
// without, because the number of each was the writer's choice.
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
		if in.x == nil || in.small { // there is nothing to estimate
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
	// Ridge needs features of the same scale, so each is scaled to a deviation of 1.
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

// threshold returns the largest threshold below which at most a share lost of the
// correctly answered turns is.
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

// A tally counts inputs, and those that were doubted.
type tally struct {
	right, lost      float64 // correctly answered; of these, doubted
	wrong, spared    float64 // wrongly answered; of these, doubted
	none, recognised float64 // unanswerable; of these, doubted
	kinds            map[string][2]float64
}

// tallied counts inputs. It doubts an input if it is small talk, found nothing, or has an
// estimate below above; but not if the question only names what the result is about.
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

// shares returns the shares that are doubted of the correctly answered, the unanswerable
// and the wrongly answered inputs.
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

// A DoubtedInput has the estimate for an input.
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
