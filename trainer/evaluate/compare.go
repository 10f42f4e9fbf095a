package evaluate

import (
	"fmt"
	"slices"

	"parley/shared/lines"
	"parley/shared/trec"
	"parley/trainer/disk"
	"parley/trainer/metrics"
)

// A Comparison compares two runs by one measure.
type Comparison struct {
	A        float64 `json:"a"`
	B        float64 `json:"b"`
	Gain     float64 `json:"gain"`
	Relative float64 `json:"relative"` // gain / a; 0 if a is 0
	Low      float64 `json:"low"`      // the lower end of the gain's 95 % interval
	High     float64 `json:"high"`
	P        float64 `json:"p"` // the p-value of the paired randomisation test
}

// ReadRun reads a TREC run from a file and measures it. It returns an error if the run
// answers no judged query.
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
		err = fmt.Errorf("%s answers none of the %d judged queries; do the run and the qrels belong together?", path, len(qrels))
	}
	return report, err
}

// Compare compares run b with run a by every measure, over the queries that both reports
// have. It uses trials relabellings and resamples (metrics.Compare); equal seeds give
// equal figures.
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
