package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"parley/shared/answer"
	"parley/shared/message"
	"parley/trainer/progress"
)

// An instance is a turn as the two stages answer it, with one history.
type instance struct {
	features     []float64 // of the sparse stage's ranking (answer.Engine.Features)
	sparse, both bool      // the right article is first
	sure         float64   // as package answer has it now
	sparseMS     float64
	denseMS      float64 // what the second stage adds
	of           int     // conversation
}

// A surely is the report of conversations sure.
type surely struct {
	Splits []string `json:"splits"`
	Turns  int      `json:"turns"`
	Right  float64  `json:"right"` // share of the turns whose first article is right by the sparse stage
	// Coefficients are those that fit these turns, in the order of answer's features; of
	// the rest, figures are by the coefficients that package answer has.
	Coefficients []float64 `json:"coefficients"`
	LogLoss      float64   `json:"log_loss"`        // of the fitted, on held-out conversations
	Constant     float64   `json:"log_loss_of_one"` // of the share of right ones
	Bins         []bin     `json:"calibration"`
	Curve        []spent   `json:"curve"` // with --dense
}

// A bin is a part of the turns by how sure the stage is.
type bin struct {
	From, To float64
	Turns    int
	Sure     float64 // mean
	Right    float64 // share
}

// A spent is what a threshold costs and gives.
type spent struct {
	Above float64 `json:"sure_above"` // 0: the second stage always answers; above 1: never
	Dense float64 `json:"dense_share"`
	Right float64 `json:"right"`
	MS    float64 `json:"ms"` // mean of both stages
}

// ridge is what the squared coefficients are multiplied by in the loss, but for the constant.
const ridge = 1

// sure fits the estimate of how often the sparse stage's first result is right, and
// draws the cascade's curve.
func (o *conversing) sure(ctx context.Context, stdout, stderr *os.File) error {
	e, err := conversationEngine(ctx, o.encoder, o.base, o.folder, o.articles, o.second, o.cache, stderr)
	if err != nil {
		return err
	}
	meter := progress.New(stderr, "turns", 0, int64(o.turns()))
	var all []instance
	done, conversation := 0, 0
	for _, split := range o.splits {
		for i := range o.set[split] {
			c := &o.set[split][i]
			conversation++
			err := converse(e, c, o.replies, o.second.Stage, 3, func(turn int, asked []message.Turn, a message.Answer) error {
				done++
				meter.Update(int64(done), "")
				x, err := instanceOf(e, asked, rightOnes(gold(&c.Turns[turn], o.pooled)))
				if x != nil {
					x.of = conversation
					all = append(all, *x)
				}
				return errors.Join(err, ctx.Err())
			})
			if err != nil {
				return err
			}
		}
	}
	meter.Done("")
	if len(all) == 0 {
		return fmt.Errorf("no turn of %s can be answered", strings.Join(o.splits, ", "))
	}
	r := report(all)
	r.Splits = o.splits
	if e.Dense != nil {
		r.Curve = curve(all)
	}
	if o.json {
		return printJSON(stdout, r)
	}
	return r.print(stdout)
}

// instanceOf asks a turn of the stages; nil where there is nothing to answer.
func instanceOf(e *answer.Engine, asked []message.Turn, right map[string]bool) (*instance, error) {
	features, err := e.Features(message.Ask{Turns: asked})
	if errors.Is(err, answer.ErrNoQuestion) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	x := &instance{sure: float64(answer.Sure(features))}
	for _, f := range features {
		x.features = append(x.features, float64(f))
	}
	a, err := ask(e, asked, 1, "", message.StageSparse)
	if err != nil {
		return nil, err
	}
	x.sparse, x.sparseMS = right[firstOf(a)], a.Cost.EncodeMS+a.Cost.SearchMS
	if e.Dense != nil {
		if a, err = ask(e, asked, 1, "", message.StageBoth); err != nil {
			return nil, err
		}
		x.both, x.denseMS = right[firstOf(a)], a.Cost.DenseMS
	}
	return x, nil
}

func report(all []instance) *surely {
	r := &surely{Turns: len(all)}
	for _, x := range all {
		if x.sparse {
			r.Right += 1 / float64(len(all))
		}
	}
	r.Coefficients = fitInstances(all)
	// Held out: each conversation is judged by what the other nine tenths gave.
	const folds = 10
	for k := range folds {
		var train, test []instance
		for _, x := range all {
			if x.of%folds == k {
				test = append(test, x)
			} else {
				train = append(train, x)
			}
		}
		w := fitInstances(train)
		for _, x := range test {
			r.LogLoss += logLoss(logistic(w, x.features), x.sparse) / float64(len(all))
			r.Constant += logLoss(r.Right, x.sparse) / float64(len(all))
		}
	}
	for i := range 10 {
		b := bin{From: float64(i) / 10, To: float64(i+1) / 10}
		for _, x := range all {
			if x.sure >= b.From && (x.sure < b.To || i == 9) {
				b.Turns++
				b.Sure += x.sure
				if x.sparse {
					b.Right++
				}
			}
		}
		if b.Turns > 0 {
			b.Sure, b.Right = b.Sure/float64(b.Turns), b.Right/float64(b.Turns)
			r.Bins = append(r.Bins, b)
		}
	}
	return r
}

func fitInstances(all []instance) []float64 {
	samples := make([]sample, len(all))
	for i, x := range all {
		samples[i] = sample{x.features, x.sparse, 1}
	}
	return fit(samples, ridge)
}

// curve says for thresholds what is spent and what is right.
func curve(all []instance) []spent {
	var out []spent
	for _, above := range []float64{0, .5, .6, .7, .75, .8, .85, .9, .95, 2} {
		s := spent{Above: above}
		n := float64(len(all))
		for _, x := range all {
			first := x.sparse
			s.MS += x.sparseMS / n
			if above == 0 || x.sure < above && above <= 1 {
				first = x.both
				s.Dense += 1 / n
				s.MS += x.denseMS / n
			}
			if first {
				s.Right += 1 / n
			}
		}
		out = append(out, s)
	}
	return out
}

func (r *surely) print(stdout *os.File) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "%s: %d turns, the sparse stage's first article is right in %.1f %%.\n", strings.Join(r.Splits, ", "), r.Turns, 100*r.Right)
	fmt.Fprintf(w, "Coefficients that fit them (log loss on held-out conversations %.4f; of the mean alone %.4f):\n\n", r.LogLoss, r.Constant)
	for i, c := range r.Coefficients {
		fmt.Fprintf(w, "%s%.3f", map[bool]string{true: "", false: ", "}[i == 0], c)
	}
	fmt.Fprintln(w, "\n\n| as sure as\t| turns\t| mean\t| right\t|\n|---\t|---:\t|---:\t|---:\t|")
	for _, b := range r.Bins {
		fmt.Fprintf(w, "| %.1f to %.1f\t| %d\t| %.3f\t| %.3f\t|\n", b.From, b.To, b.Turns, b.Sure, b.Right)
	}
	if r.Curve != nil {
		fmt.Fprintln(w, "\n| the dense stage is skipped\t| it is asked in\t| right article first\t| mean ms\t|\n|---\t|---:\t|---:\t|---:\t|")
		for _, s := range r.Curve {
			when := fmt.Sprintf("where sure >= %v", s.Above)
			switch {
			case s.Above == 0:
				when = "never"
			case s.Above > 1:
				when = "always"
			}
			fmt.Fprintf(w, "| %s\t| %.1f %%\t| %.1f %%\t| %.1f\t|\n", when, 100*s.Dense, 100*s.Right, s.MS)
		}
	}
	return w.Flush()
}
