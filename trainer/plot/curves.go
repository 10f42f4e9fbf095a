package plot

import (
	"math"

	"parley/trainer/train"
)

// A Run is a run's log and its name in the legend.
type Run struct {
	Name string
	Log  train.Log
}

// A panel is one quantity over the steps.
type panel struct {
	title, key string
	dev        bool // measured on the dev set: one point per epoch instead of a line over all steps
}

// panels lists the panels from the top. Curves leaves out a panel if no run has a
// value for it. The parts of the loss are between its sum and the dev set. They are
// drawn as they are logged: before they are multiplied by their weights and lambdas.
var panels = []panel{
	{"loss", "loss", false},
	{"KLD", "kld", false}, {"BKL", "bkl", false}, {"GKL", "gkl", false},
	{"InfoNCE", "infonce", false}, {"MarginMSE", "margin_mse", false}, {"distance to the teacher's vector", "distance", false},
	{"FLOPS of queries, before its lambda", "flops", false}, {"L1 of queries, before its lambda", "l1", false},
	{"entropy of queries, before its lambda", "entropy", false}, {"anti-zero term of queries, before its lambda", "anti_zero", false},
	{"FLOPS of documents, before its lambda", "doc_flops", false}, {"L1 of documents, before its lambda", "doc_l1", false},
	{"entropy of documents, before its lambda", "doc_entropy", false},
	{"L0 of queries, training", "l0", false}, {"L0 of documents, training", "doc_l0", false},
	{"dev nDCG@10", "dev_ndcg10", true}, {"dev R@100", "dev_r100", true},
	{"dev L0 of queries", "dev_l0", true}, {"dev L0 of documents", "dev_doc_l0", true},
	{"gradient's norm, before clipping", "norm", false},
	{"learning rate", "rate", false},
}

const (
	most  = 200 // the number of points of a curve; more steps are averaged
	early = .05 // the share of the steps whose values may be beyond the scale
)

// Curves returns a figure of runs' logs. It has a panel for each quantity for which a
// run has values, over the steps, and in it a curve for each run.
func Curves(runs []Run) *Figure {
	last := 1.0
	for _, r := range runs {
		for _, l := range r.Log {
			last = math.Max(last, l["step"])
		}
	}
	f := &Figure{Title: "Training curves"}
	for _, p := range panels {
		panel, low, high := Panel{Title: p.title, X: "step"}, math.Inf(1), math.Inf(-1)
		scaled := false
		for _, r := range runs {
			points := p.points(r.Log)
			if len(points) == 0 {
				continue
			}
			kind := Line
			if p.dev {
				kind = Curve
			}
			panel.Series = append(panel.Series, Series{Name: r.Name, Kind: kind, Points: points})
			for _, q := range points {
				// The first steps have extreme values that would flatten all later
				// ones. They do not count for the scale, and are drawn along its edge.
				if q.X < early*last && len(points) >= most/2 {
					scaled = true
					continue
				}
				low, high = math.Min(low, q.Y), math.Max(high, q.Y)
			}
		}
		if scaled && low < high {
			panel.Low, panel.High = low, high
		}
		if len(panel.Series) > 0 {
			f.Panels = append(f.Panels, panel)
		}
	}
	return f
}

// points returns the panel's values. If there are too many, it returns means of equal
// stretches of steps.
func (p panel) points(log train.Log) []XY {
	var all []XY
	for _, l := range log {
		if v, ok := l[p.key]; ok && l.Dev() == p.dev && !math.IsNaN(v) && !math.IsInf(v, 0) {
			all = append(all, XY{X: l["step"], Y: v})
		}
	}
	if p.dev || len(all) <= most {
		return all
	}
	var thin []XY
	for i := range most {
		part := all[i*len(all)/most : (i+1)*len(all)/most]
		var mean XY
		for _, q := range part {
			mean.X += q.X / float64(len(part))
			mean.Y += q.Y / float64(len(part))
		}
		thin = append(thin, mean)
	}
	return thin
}
