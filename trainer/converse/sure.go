package converse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"parley/shared/answer"
	"parley/shared/message"
)

// An instance is a turn as the two stages answer it, with the same history.
type instance struct {
	features     []float64 // of the sparse stage's ranking (answer.Engine.Features)
	sparse, both bool      // the right article is first, by the sparse stage and by all that are loaded
	sure         float64   // the present estimate of package answer
	sparseMS     float64
	denseMS      float64 // what the other stages add
	of           int     // the number of the conversation
}

// A Sureness is the report of Sure.
type Sureness struct {
	Splits []string `json:"splits"`
	Turns  int      `json:"turns"`
	Right  float64  `json:"right"` // share of the turns for which the sparse stage's first article is right
	// Coefficients are those that fit these turns, in the order of answer's features.
	// The other figures are by the coefficients in package answer.
	Coefficients []float64 `json:"coefficients"`
	LogLoss      float64   `json:"log_loss"`        // of the fitted estimate, on held-out conversations
	Constant     float64   `json:"log_loss_of_one"` // of the share of right turns, used for all turns
	Bins         []Bin     `json:"calibration"`
	Curve        []Spent   `json:"curve"` // only with a second stage
}

// A Bin has the turns for which the estimate is in one range.
type Bin struct {
	From, To float64
	Turns    int
	Sure     float64 // mean
	Right    float64 // share
}

// A Spent is the cost and the gain of a threshold.
type Spent struct {
	Above float64 `json:"sure_above"` // 0: the second stage always answers; above 1: never
	Dense float64 `json:"dense_share"`
	Right float64 `json:"right"`
	MS    float64 `json:"ms"` // mean time of both stages
}

// ridge is the factor of the squared coefficients in the loss, except for that of the
// constant.
const ridge = 1

// Sure plays the splits and fits the estimate of how often the sparse stage's first
// result is right. If the engine has a second stage, it also draws the cascade's curve.
func (p *Player) Sure(ctx context.Context) (*Sureness, error) {
	p.begin("turns", p.turns(p.Splits))
	var all []instance
	conversation := 0
	for _, split := range p.Splits {
		err := p.playSplit(ctx, split, 3, func(t Played) error {
			if t.Place == 0 {
				conversation++
			}
			x, err := p.instance(t)
			if x != nil {
				x.of = conversation
				all = append(all, *x)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	p.meter.Done("")
	if len(all) == 0 {
		return nil, fmt.Errorf("no turn of %s can be answered", strings.Join(p.Splits, ", "))
	}
	r := sureness(all)
	r.Splits = p.Splits
	if p.Engine.Dense != nil {
		r.Curve = curve(all)
	}
	return r, nil
}

// instance asks the stages a turn's question; it returns nil if there is nothing to
// answer.
func (p *Player) instance(t Played) (*instance, error) {
	right := rightOnes(gold(t.judged(), p.Pooled))
	features, err := p.Engine.Features(message.Ask{Turns: t.Asked})
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
	a, err := Ask(p.Engine, message.Ask{Turns: t.Asked, K: 1, Stage: message.StageSparse})
	if err != nil {
		return nil, err
	}
	x.sparse, x.sparseMS = right[firstOf(a)], a.Cost.EncodeMS+a.Cost.SearchMS
	if p.Engine.Dense != nil {
		stage := message.StageBoth
		if p.Engine.Reader != nil && p.Stage != message.StageBoth {
			stage = message.StageRead
		}
		if a, err = Ask(p.Engine, message.Ask{Turns: t.Asked, K: 1, Stage: stage}); err != nil {
			return nil, err
		}
		x.both, x.denseMS = right[firstOf(a)], a.Cost.DenseMS+a.Cost.ReaderMS
	}
	return x, nil
}

// sureness fits the instances, and measures the estimate in package answer.
func sureness(all []instance) *Sureness {
	r := &Sureness{Turns: len(all)}
	for _, x := range all {
		if x.sparse {
			r.Right += 1 / float64(len(all))
		}
	}
	r.Coefficients = fitInstances(all)
	r.LogLoss, r.Constant = heldOut(all, r.Right)
	r.Bins = bins(all)
	return r
}

// heldOut returns the mean log loss of each conversation by the coefficients of the
// other nine tenths, and that of the constant share.
func heldOut(all []instance, share float64) (loss, constant float64) {
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
			loss += logLoss(logistic(w, x.features), x.sparse) / float64(len(all))
			constant += logLoss(share, x.sparse) / float64(len(all))
		}
	}
	return loss, constant
}

// bins returns ten ranges of the estimate, without those that have no turns.
func bins(all []instance) (list []Bin) {
	for i := range 10 {
		b := Bin{From: float64(i) / 10, To: float64(i+1) / 10}
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
			list = append(list, b)
		}
	}
	return list
}

func fitInstances(all []instance) []float64 {
	samples := make([]sample, len(all))
	for i, x := range all {
		samples[i] = sample{x.features, x.sparse, 1}
	}
	return fit(samples, ridge)
}

// curve returns the cost and the gain of a list of thresholds.
func curve(all []instance) []Spent {
	var out []Spent
	for _, above := range []float64{0, .5, .6, .7, .75, .8, .85, .9, .95, 2} {
		s := Spent{Above: above}
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
