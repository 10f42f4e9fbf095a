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
	what  string
}

// NewReporter returns a Reporter that writes to w.
func NewReporter(w io.Writer) *Reporter { return &Reporter{w: w} }

// Show reports progress; use it as Options.Progress.
func (r *Reporter) Show(p Progress) {
	what := "passages"
	if p.Dense {
		what = "dense vectors"
	} else if p.Terms {
		what = "terms"
	}
	if r.meter == nil || r.what != what {
		r.Clear()
		r.meter, r.what = progress.Await(r.w, what, int64(p.Total)), what
	}
	note := fmt.Sprintf("%d of %d", p.Done, p.Total)
	if !p.Terms {
		note += fmt.Sprintf(", %.1f MB", float64(p.Bytes)/1e6)
	}
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
