package publish

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"parley/shared/collect"
)

// The budgets, in bytes as served with Brotli: what a visit loads before the page is
// there, and before a question can be asked. 20 KB of the first page are the words that are no
// misspellings (shared/spelling), which nothing compresses. A few KB are left; Brotli's result varies
// by 2 KB where 38 bytes of a program differ.
const (
	FirstPageBudget = 1_370_000
	DataBudget      = 9_000_000
	// The same for a collection in parts: its program fetches them, too, and 5 MB are for what
	// is loaded of the collection beside the encoder before a question (SCALE.md).
	PartsPageBudget = 1_430_000
	PartsDataBudget = 9_500_000
	LevelsBudget    = 9_000_000 // all levels of a family together, without the base
	// The second stage, loaded on request: its encoder, and the collection's dense
	// vectors.
	DenseBudget   = 26_000_000
	VectorsBudget = 4_000_000
	// WidgetBudget is for the first use of <parley-search> on a small site: nearly all of it
	// is the encoder.
	WidgetBudget = 6_000_000
)

// A Report describes what Build wrote.
type Report struct {
	Out        string  `json:"out"`
	Files      []Sizes `json:"files"`
	FirstPage  Sizes   `json:"first_page"` // everything that loads before encoder, index and texts
	Data       Sizes   `json:"data"`       // encoder, index and texts
	Levels     Sizes   `json:"levels"`     // of a family: all levels but the base; Data contains the default
	Dense      Sizes   `json:"dense"`      // the second stage's encoder
	Vectors    Sizes   `json:"vectors"`    // the passages' dense vectors
	Parts      Sizes   `json:"parts"`      // of a collection in parts: those that questions fetch
	PartFiles  int     `json:"part_files"`
	Widget     int     `json:"widget"` // what a first use of <parley-search> loads, as served
	Compressed bool    `json:"compressed"`

	ours, widget bool
}

// Sizes are those of one file, or a sum, in bytes: stored, and as served, which is the
// same where a file is not compressed.
type Sizes struct {
	Name   string `json:"name"`
	Path   string `json:"path,omitempty"`
	Bytes  int    `json:"bytes"`
	Brotli int    `json:"brotli"`
	Gzip   int    `json:"gzip"`
}

func (s *Sizes) add(t Sizes) {
	s.Bytes += t.Bytes
	s.Brotli += t.Brotli
	s.Gzip += t.Gzip
}

func report(o Options, files []file, first int) *Report {
	r := &Report{Out: o.Out, FirstPage: Sizes{Name: "first page"}, Data: Sizes{Name: "encoder, index, texts"}, Levels: Sizes{Name: "levels"},
		Dense: Sizes{Name: "dense encoder"}, Vectors: Sizes{Name: "dense vectors"}, Widget: first, widget: o.Widget, ours: o.Ours, Compressed: o.Level != None}
	for _, f := range files {
		if f.part {
			r.Parts.add(Sizes{Bytes: len(f.content), Brotli: len(f.content), Gzip: len(f.content)})
			r.PartFiles++
			continue
		}
		s := Sizes{Name: f.name, Path: f.path, Bytes: len(f.content), Gzip: len(f.content)}
		s.Brotli = f.served()
		if f.small[1] != nil {
			s.Gzip = len(f.small[1])
		}
		r.Files = append(r.Files, s)
		if strings.HasPrefix(f.name, "levels/") {
			r.Levels.add(s)
		}
		if strings.HasPrefix(f.name, "dense/") {
			r.Dense.add(s)
		}
		if f.name == "collection/"+collect.DenseFile {
			r.Vectors.add(s)
		}
		if strings.HasPrefix(f.path, "data/") {
			if !f.later {
				r.Data.add(s)
			}
		} else if firstPage(f.name) {
			r.FirstPage.add(s)
		}
	}
	return r
}

// onDemand are the files that a visit loads only when the visitor opens what needs them:
// the panels for documents and for sharing, the switch of a dense stage, the lesson, and
// an icon for installing. kernel-relaxed.wasm loads in the place of kernel.wasm, which is
// as large.
var onDemand = []string{"kernel-relaxed.wasm", "panels.js", "panels.css", "documents.js", "reader.js", "share.js", "earlier.js", "better.js", "lesson.js", "lesson.css", "files-worker.js", "files.wasm", pdfium,
	"dial.js", "dial.css", "compare.js", "lens.js", "glossary.js", "glossary.css", "charts.js", "charts.css", "levels.json", "card.css", "icon-maskable.svg"}

// firstPage reports whether every visit loads the file. It does not load licences, model
// cards, experiments, files on demand, parley.js, and the icons for installing the page as an
// application.
func firstPage(name string) bool {
	return !strings.HasPrefix(name, "cards/") && !strings.HasPrefix(name, "experiments.") && name != "LICENSE" && name != "NOTICE" && path.Ext(name) != ".png" &&
		!slices.Contains(onDemand, name) && !slices.Contains(packaged, name)
}

// Over compares the report with the budget. err is about the program, which is ours, and
// about our own second stage; warning is about the data, which may be anyone's.
func (r *Report) Over() (warning string, err error) {
	if !r.Compressed {
		return "", nil
	}
	page, data := FirstPageBudget, DataBudget
	if r.PartFiles > 0 {
		page, data = PartsPageBudget, PartsDataBudget
	}
	if n := r.Data.Brotli; n > data {
		warning = fmt.Sprintf("encoder, index and texts are %s to load, more than %s: visitors wait; fewer passages, or fewer terms of each (parley index --mass 0.8), make it smaller", megabytes(n), megabytes(data))
	}
	if n := r.Levels.Brotli; n > LevelsBudget && warning == "" {
		warning = fmt.Sprintf("the levels are %s together, more than %s: ship fewer", megabytes(n), megabytes(LevelsBudget))
	}
	for _, part := range []struct {
		is           string
		size, budget int
	}{{"the dense encoder is", r.Dense.Brotli, DenseBudget}, {"the passages' dense vectors are", r.Vectors.Brotli, VectorsBudget}} {
		over := fmt.Sprintf("better answers: %s %s to load, more than %s", part.is, megabytes(part.size), megabytes(part.budget))
		switch {
		case part.size <= part.budget:
		case r.ours:
			err = errors.New(over)
		case warning == "":
			warning = over
		}
	}
	if n := r.FirstPage.Brotli; n > page {
		err = fmt.Errorf("the first page is %s to load, more than %s", megabytes(n), megabytes(page))
	}
	if r.widget && r.Widget > WidgetBudget && warning == "" {
		warning = fmt.Sprintf("the first search loads %s, more than %s: fewer passages, or fewer terms of each (parley index --mass 0.8), make it smaller", megabytes(r.Widget), megabytes(WidgetBudget))
	}
	return warning, err
}

func megabytes(n int) string { return fmt.Sprintf("%.2f MB", float64(n)/1e6) }

// Print writes the sizes as a table, largest first.
func (r *Report) Print(w io.Writer) {
	files := slices.Clone(r.Files)
	slices.SortStableFunc(files, func(a, b Sizes) int { return cmp.Compare(b.Bytes, a.Bytes) })
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(s Sizes) {
		if r.Compressed {
			fmt.Fprintf(t, "%d\t%d\t%d\t  %s\n", s.Bytes, s.Gzip, s.Brotli, s.Name)
		} else {
			fmt.Fprintf(t, "%d\t  %s\n", s.Bytes, s.Name)
		}
	}
	if r.Compressed {
		fmt.Fprintf(t, "bytes\tgzip\tbrotli\t  file\n")
	} else {
		fmt.Fprintf(t, "bytes\t  file\n")
	}
	for _, s := range files {
		row(s)
	}
	if !r.widget {
		row(r.FirstPage)
	}
	row(r.Data)
	if r.Levels.Bytes > 0 {
		row(r.Levels)
	}
	t.Flush()
	if r.PartFiles > 0 {
		fmt.Fprintf(w, "the collection in %d parts: %s, of which a question fetches what it needs\n", r.PartFiles, megabytes(r.Parts.Bytes))
	}
	if r.widget {
		fmt.Fprintf(w, "the first search loads %s, which the visitor is told before\n", megabytes(r.Widget))
	}
	if n := r.Dense.Brotli + r.Vectors.Brotli; n > 0 {
		fmt.Fprintf(w, "better answers: %s, loaded on request (encoder %s, vectors %s)\n", megabytes(n), megabytes(r.Dense.Brotli), megabytes(r.Vectors.Brotli))
	}
}
