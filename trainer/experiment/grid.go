// Package experiment runs a grid of trainings and measurements, each of them once, and
// makes tables and figures of the results.
//
//	grid.json         the experiments (Grid); Rows returns their rows
//	runs/KEY.json.gz  the result of one row with one seed (Result)
//	summary.json      the rows' means over the seeds, and the headline (Summary)
//
// A row's key is made from its configuration and from the checksums of its training
// data. So the file of a result shows that it is done, and a change of either makes new
// work.
package experiment

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"parley/trainer/train"
)

// A Grid is the file that lists the experiments, in the order in which they run.
type Grid struct {
	About []string `json:"about"` // a comment for the reader of the file
	// Base is the configuration of every training, except for what its experiment sets:
	// fields of a run's configuration that replace those of train.Default(). Paths that
	// begin with DATA/ are in the folder of the data.
	Base  json.RawMessage `json:"base"`
	Seeds []int           `json:"seeds"`
	// Evaluations are the sets on which every row is measured. Choice, if there is one,
	// is the set on which the headline's level is chosen; tables and figures leave it
	// out.
	Evaluations []Evaluation `json:"evaluations"`
	Choice      *Evaluation  `json:"choice"`
	// Choices are further sets for choosing settings. The report does not depend on
	// them. Every new row is measured on them; a row that was measured before they were
	// added is only measured on them if Lab.Choices is set.
	Choices []Evaluation `json:"choices"`
	// Baseline is the row, EXPERIMENT/LABEL, against which significance is tested.
	Baseline    string       `json:"baseline"`
	Headline    Headline     `json:"headline"`
	Experiments []Experiment `json:"experiments"`
	Figures     []FigureSpec `json:"figures"`
}

// An Evaluation is a collection with judged queries, in files of BEIR's and TREC's
// forms. The files' names may be patterns.
type Evaluation struct {
	Name     string `json:"name"`  // for tables: "MTRAG, pooled collection"
	Short    string `json:"short"` // for keys: "mtrag"
	Passages []string
	// Queries are the files of each input. For the input "conversation", the ids are
	// those of "last", and the turns are in Tasks.
	Queries map[string][]string
	Tasks   []string
	Qrels   []string
}

// A Headline names the rows that summary.json's first figures compare: the row without a
// regulariser and, from the experiments Among, the level that is chosen on Grid.Choice
// (see HeadlineFigures).
type Headline struct {
	Unregularised string   `json:"unregularised"`
	Among         []string `json:"among"`
}

// An Experiment is a group of rows that answer one question.
type Experiment struct {
	Name  string `json:"name"`
	About string `json:"about"` // the question that it answers
	Stage int    `json:"stage"` // lower stages run first
	// Against is the row, EXPERIMENT/LABEL, with which the table compares FLOPS and
	// R@100: the student before the regulariser or the pruning.
	Against string `json:"against"`
	Seeds   []int  `json:"seeds"` // empty: the grid's seeds
	// Set changes the base for all rows. It has fields of a run's configuration or of
	// Measure.
	Set map[string]json.RawMessage `json:"set"`
	// Points are the rows by name. Without any, there is one row with the experiment's
	// name.
	Points []Point `json:"points"`
	// Vary makes a row from every point for each value of a field or, if there are
	// several fields, for each combination, in the order of the fields' names.
	Vary map[string][]json.RawMessage `json:"vary"`
}

// A Point is a row or, with Vary, several.
type Point struct {
	Label string                     `json:"label"`
	Set   map[string]json.RawMessage `json:"set"`
}

// Measure says how a row is measured.
type Measure struct {
	System      string `json:"system,omitempty"`       // student; or, without training, base, idf or bm25
	Input       string `json:"input,omitempty"`        // as in trainer evaluate --input
	QueryTokens int    `json:"query-tokens,omitempty"` // 0: the encoder's own length
	ReplyTokens int    `json:"query-reply,omitempty"`  // how many tokens of each reply are read; 0: the encoder's own
	// QuestionWords is the weight of a word of the newest question, beside the encoder's
	// vector. 0: no words, unless the student has learned to weight words.
	QuestionWords float64 `json:"question-words,omitempty"`
	// HistoryWords is the factor of the word head's weights of words in the history; 0:
	// the student's own, 1.
	HistoryWords float64 `json:"history-words,omitempty"`
	Top          int     `json:"query-top,omitempty"`       // keep the n heaviest terms of a query; 0: all
	Threshold    float64 `json:"query-threshold,omitempty"` // of these, keep those with at least this weight
	Int8         bool    `json:"int8,omitempty"`            // quantise the query encoder as for shipping
}

// The systems that Measure.System may name.
const (
	Student = "student" // the trained encoder
	Base    = "base"    // the passages' encoder, without distillation
	IDF     = "idf"     // the input's tokens, weighted by their idf over the passages
	BM25    = "bm25"
)

// A Row is one system with one seed.
type Row struct {
	Experiment, Label string
	Train             train.Config // only for a student; Out and Cache are empty, Seed is set
	Measure           Measure
	Seed              int // 0 if nothing is trained
	Varied            map[string]float64
}

// Name returns EXPERIMENT/LABEL. The rows of all seeds have the same name.
func (r *Row) Name() string { return r.Experiment + "/" + r.Label }

// Trained reports whether the row needs a training.
func (r *Row) Trained() bool { return r.Measure.System == Student }

// ReadGrid reads a grid's file. An unknown field is an error.
func ReadGrid(path string) (*Grid, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g := &Grid{}
	if err := strict(data, g); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%s:%d: %w", path, 1+bytes.Count(data[:syntax.Offset], []byte("\n")), err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := g.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

// measured returns the sets on which rows are measured, including Choice and Choices.
func (g *Grid) measured() []*Evaluation {
	var all []*Evaluation
	for i := range g.Evaluations {
		all = append(all, &g.Evaluations[i])
	}
	if g.Choice != nil {
		all = append(all, g.Choice)
	}
	for i := range g.Choices {
		all = append(all, &g.Choices[i])
	}
	return all
}

// lackable reports whether a row that was measured before may lack the set.
func (g *Grid) lackable(e *Evaluation) bool {
	return slices.ContainsFunc(g.Choices, func(c Evaluation) bool { return c.Short == e.Short })
}

func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func (g *Grid) check() error {
	if len(g.Seeds) == 0 {
		return errors.New("seeds: there must be at least one")
	}
	if len(g.Evaluations) == 0 {
		return errors.New("evaluations: there must be at least one")
	}
	shorts := map[string]bool{}
	for _, e := range g.measured() {
		switch {
		case e.Name == "" || e.Short == "" || shorts[e.Short]:
			return fmt.Errorf("evaluation %q: it needs a name and a short name that no other has", e.Name)
		case len(e.Passages) == 0 || len(e.Queries) == 0 || len(e.Qrels) == 0:
			return fmt.Errorf("evaluation %q: passages, queries and qrels are needed", e.Name)
		}
		shorts[e.Short] = true
	}
	rows, err := g.Rows()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for i := range rows {
		names[rows[i].Name()] = true
	}
	for i := range g.Figures {
		if err := g.Figures[i].check(g, names); err != nil {
			return err
		}
	}
	named := []string{g.Baseline, g.Headline.Unregularised}
	for _, x := range g.Experiments {
		named = append(named, x.Against)
	}
	for _, name := range named {
		if name != "" && !names[name] {
			return fmt.Errorf("there is no row %q; a row's name is EXPERIMENT/LABEL", name)
		}
	}
	for _, name := range g.Headline.Among {
		if !slices.ContainsFunc(g.Experiments, func(e Experiment) bool { return e.Name == name }) {
			return fmt.Errorf("headline: there is no experiment %q", name)
		}
	}
	return nil
}

// Rows returns the rows of the grid by stage. In each stage the first seed of all rows
// comes before the second, so that complete curves are available early.
func (g *Grid) Rows() ([]Row, error) {
	type place struct{ stage, seed int }
	var all []Row
	places := map[string]map[int]place{} // by experiment and seed
	for _, x := range g.Experiments {
		if x.Name == "" || strings.ContainsAny(x.Name, "/,") || places[x.Name] != nil {
			return nil, fmt.Errorf("experiment %q: it needs a name that no other has, without / and comma", x.Name)
		}
		places[x.Name] = map[int]place{0: {x.Stage, 0}}
		rows, err := g.rows(&x)
		if err != nil {
			return nil, fmt.Errorf("experiment %q: %w", x.Name, err)
		}
		seeds := x.Seeds
		if len(seeds) == 0 {
			seeds = g.Seeds
		}
		for i, seed := range seeds {
			if seed < 1 {
				return nil, fmt.Errorf("experiment %q: seed %d: seeds begin at 1", x.Name, seed)
			}
			places[x.Name][seed] = place{x.Stage, i}
			for _, r := range rows {
				if r.Trained() {
					r.Seed, r.Train.Seed = seed, seed
				} else if i > 0 {
					continue
				}
				all = append(all, r)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Row) int {
		p, q := places[a.Experiment][a.Seed], places[b.Experiment][b.Seed]
		return cmp.Or(cmp.Compare(p.stage, q.stage), cmp.Compare(p.seed, q.seed))
	})
	return all, nil
}

func (g *Grid) rows(x *Experiment) ([]Row, error) {
	points := x.Points
	if len(points) == 0 {
		points = []Point{{}}
	}
	var rows []Row
	labels := map[string]bool{}
	fields := slices.Sorted(maps.Keys(x.Vary))
	for _, p := range points {
		combinations := []map[string]json.RawMessage{{}}
		for _, field := range fields {
			var more []map[string]json.RawMessage
			for _, c := range combinations {
				for _, v := range x.Vary[field] {
					next := maps.Clone(c)
					next[field] = v
					more = append(more, next)
				}
			}
			combinations = more
		}
		for _, c := range combinations {
			r := Row{Experiment: x.Name, Train: train.Default(), Measure: Measure{System: Student, Input: "conversation"}, Varied: map[string]float64{}}
			parts := []string{}
			if p.Label != "" {
				parts = append(parts, p.Label)
			}
			for _, field := range fields {
				text := strings.Trim(string(c[field]), `"`)
				parts = append(parts, field+" "+text)
				if v, err := strconv.ParseFloat(text, 64); err == nil {
					r.Varied[field] = v
				}
			}
			if r.Label = strings.Join(parts, ", "); r.Label == "" {
				r.Label = x.Name
			}
			if labels[r.Label] {
				return nil, fmt.Errorf("two rows are called %q", r.Label)
			}
			labels[r.Label] = true
			if len(g.Base) > 0 {
				if err := strict(g.Base, &r.Train); err != nil {
					return nil, fmt.Errorf("base: %w", err)
				}
			}
			for _, set := range []map[string]json.RawMessage{x.Set, p.Set, c} {
				if err := r.set(set); err != nil {
					return nil, fmt.Errorf("%s: %w", r.Label, err)
				}
			}
			r.Train.Cache, r.Train.Out, r.Train.Seed = "", "", 0
			if err := r.check(); err != nil {
				return nil, fmt.Errorf("%s: %w", r.Label, err)
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// set sets fields of the row's training and of its Measure.
func (r *Row) set(fields map[string]json.RawMessage) error {
	for name, value := range fields {
		one, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err != nil {
			return err
		}
		into := any(&r.Train)
		if hasField(reflect.TypeFor[Measure](), name) {
			into = &r.Measure
		}
		if err := strict(one, into); err != nil {
			return err
		}
	}
	return nil
}

func hasField(t reflect.Type, name string) bool {
	for i := range t.NumField() {
		if tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); tag == name {
			return true
		}
	}
	return false
}

func (r *Row) check() error {
	switch r.Measure.System {
	case Student:
		c := r.Train
		c.Out = "folder" // is set when it runs
		if c.TrainDocs {
			return errors.New("train-docs: the same encoder must encode the passages for all rows; use trainer train and trainer evaluate")
		}
		return c.Check()
	case Base, IDF, BM25:
		return nil
	}
	return fmt.Errorf("system %q: want %s, %s, %s or %s", r.Measure.System, Student, Base, IDF, BM25)
}

// Select returns the rows of the named experiments and seeds; nil means all.
func Select(rows []Row, experiments []string, seeds []int) ([]Row, error) {
	for _, name := range experiments {
		if !slices.ContainsFunc(rows, func(r Row) bool { return r.Experiment == name || r.Name() == name }) {
			return nil, fmt.Errorf("the grid has no experiment %q", name)
		}
	}
	var kept []Row
	for _, r := range rows {
		if experiments != nil && !slices.Contains(experiments, r.Experiment) && !slices.Contains(experiments, r.Name()) {
			continue
		}
		if seeds != nil && r.Seed != 0 && !slices.Contains(seeds, r.Seed) {
			continue
		}
		kept = append(kept, r)
	}
	return kept, nil
}

// dataPrefix begins a path in the folder of the data.
const dataPrefix = "DATA/"

// Path returns the place of a grid's path, given the folder of the data.
func Path(data, path string) string {
	if rest, ok := strings.CutPrefix(path, dataPrefix); ok {
		return filepath.Join(data, filepath.FromSlash(rest))
	}
	return filepath.FromSlash(path)
}

// Expand expands a grid's patterns to names in the grid's form, sorted. If a pattern
// matches no file, the error is a *Missing.
func Expand(data string, patterns []string) ([]string, error) {
	var names []string
	for _, p := range patterns {
		found, err := filepath.Glob(Path(data, p))
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", p, err)
		}
		if len(found) == 0 {
			return nil, &Missing{p}
		}
		for _, f := range found {
			if strings.HasPrefix(p, dataPrefix) {
				rel, err := filepath.Rel(data, f)
				if err != nil {
					return nil, err
				}
				f = dataPrefix + filepath.ToSlash(rel)
			}
			names = append(names, filepath.ToSlash(f))
		}
	}
	return names, nil
}

// A Missing names a file of the grid that does not exist.
type Missing struct{ Path string }

func (m *Missing) Error() string { return m.Path + " is missing" }
