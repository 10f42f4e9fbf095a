package collection

import (
	"fmt"
	"io"

	"parley/shared/progress"
)

// A Reporter shows the progress of Build or AddDense to a person.
type Reporter struct {
	w     io.Writer
	meter *progress.Meter
	dense bool
}

// NewReporter returns a Reporter that writes to w.
func NewReporter(w io.Writer) *Reporter { return &Reporter{w: w} }

// Show reports progress; use it as Options.Progress.
func (r *Reporter) Show(p Progress) {
	if r.meter == nil || r.dense != p.Dense {
		r.Clear()
		what := "passages"
		if p.Dense {
			what = "dense vectors"
		}
		r.meter, r.dense = progress.Await(r.w, what, int64(p.Total)), p.Dense
	}
	note := fmt.Sprintf("%d of %d, %.1f MB", p.Done, p.Total, float64(p.Bytes)/1e6)
	if p.Rate > 0 {
		note += fmt.Sprintf(", %.0f/s", p.Rate)
	}
	r.meter.Update(int64(p.Done), note)
}

// Clear ends the report and removes the bar.
func (r *Reporter) Clear() {
	if r.meter != nil {
		r.meter.Clear()
	}
}
