package evaluate

import (
	"fmt"
	"slices"

	"parley/shared/lines"
	"parley/shared/trec"
	"parley/trainer/disk"
	"parley/trainer/metrics"
)

// A Comparison is one measure of two runs.
type Comparison struct {
	A        float64 `json:"a"`
	B        float64 `json:"b"`
	Gain     float64 `json:"gain"`
	Relative float64 `json:"relative"` // gain / a; 0 where a is 0
	Low      float64 `json:"low"`      // of the gain's 95 % interval
	High     float64 `json:"high"`
	P        float64 `json:"p"` // of the paired randomisation test
}

// ReadRun reads a TREC run from a file and reports on it. A run that answers no judged
// query is an error.
func ReadRun(path string, qrels metrics.Qrels) (report metrics.Report, err error) {
	err = disk.Lines(path, func(r *lines.Reader) error {
		run, err := trec.ReadRun(r)
		if err != nil {
			return err
		}
		report = metrics.Evaluate(run, qrels)
		return nil
	})
	if err == nil && len(report.Missing) == len(qrels) {
		err = fmt.Errorf("%s answers none of the %d judged queries: do run and qrels belong together?", path, len(qrels))
	}
	return report, err
}

// Compare says what run b gains over a, by measure, over the queries that both report on.
// Tests and intervals take so many trials; equal seeds give equal figures.
func Compare(a, b metrics.Report, trials int, seed uint64) (all [metrics.Measures]Comparison, err error) {
	var ids []string
	for id := range a.ByQuery {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for m := range metrics.Measures {
		var values [2][]float64
		for _, id := range ids {
			values[0], values[1] = append(values[0], a.ByQuery[id][m]), append(values[1], b.ByQuery[id][m])
		}
		d, err := metrics.Compare(values[0], values[1], 0, trials, seed)
		if err != nil {
			return all, err
		}
		c := Comparison{A: a.Mean[m], B: b.Mean[m], Gain: d.Mean, Low: d.Low, High: d.High, P: d.P}
		if c.A > 0 {
			c.Relative = c.Gain / c.A
		}
		all[m] = c
	}
	return all, nil
}
