// Package experiment runs a grid of trainings and measurements, once each, and makes
// tables and figures of what they gave.
//
//	grid.json      what is asked (Grid); Rows lays it out
//	runs/KEY.json  what one row with one seed gave (Result)
//	summary.json   the rows' means over the seeds, the headline (Summary)
//
// A row's key is made of its configuration and of the checksums of the data that it is
// trained on, so what is done is known by its file, and a change of either is new work.
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

// A Grid is the file that lists the experiments, in the order that they run.
type Grid struct {
	About []string `json:"about"` // lines for who reads the file
	// Base is what every training is, but for what its experiment sets: fields of a
	// run's configuration over train.Default(). Paths that begin with DATA/ lie in the
	// folder of the data.
	Base  json.RawMessage `json:"base"`
	Seeds []int           `json:"seeds"`
	// Evaluations are the sets that every row is measured on, and Choice, where there is
	// one, the set on which the headline's level is chosen: tables and figures leave it out.
	Evaluations []Evaluation `json:"evaluations"`
	Choice      *Evaluation  `json:"choice"`
	// Choices are further sets to choose settings on. They decide nothing of the report;
	// every new row is measured on them, and one that was measured before they were named
	// lacks them, unless Lab.Choices asks.
	Choices []Evaluation `json:"choices"`
	// Baseline is the row, EXPERIMENT/LABEL, that significance is tested against.
	Baseline    string       `json:"baseline"`
	Headline    Headline     `json:"headline"`
	Experiments []Experiment `json:"experiments"`
	Figures     []FigureSpec `json:"figures"`
}

// An Evaluation is a collection with judged queries, in files of BEIR's and TREC's
// forms; patterns expand.
type Evaluation struct {
	Name     string `json:"name"`  // as tables have it: "MTRAG, pooled collection"
	Short    string `json:"short"` // as keys have it: "mtrag"
	Passages []string
	// Queries are the files of each input. The conversation is read from Tasks, its
	// queries' ids from those of "last".
	Queries map[string][]string
	Tasks   []string
	Qrels   []string
}

// Headline names what summary.json's first figures compare: the row without a
// regulariser and, of the experiments Among, the level that is chosen on Grid.Choice
// (HeadlineFigures says how).
type Headline struct {
	Unregularised string   `json:"unregularised"`
	Among         []string `json:"among"`
}

// An Experiment is some rows under one question.
type Experiment struct {
	Name  string `json:"name"`
	About string `json:"about"` // the question
	Stage int    `json:"stage"` // the lower ones run first
	// Against is the row, EXPERIMENT/LABEL, that the table compares FLOPS and R@100
	// with: the student that a regulariser or pruning begins from.
	Against string `json:"against"`
	Seeds   []int  `json:"seeds"` // empty: the grid's
	// Set changes the base for all rows: fields of a run's configuration or of Measure.
	Set map[string]json.RawMessage `json:"set"`
	// Points are rows by name; without, there is one, of the experiment's own name.
	Points []Point `json:"points"`
	// Vary makes of every point one row for each value of a field, or for each
	// combination where there are several fields, in the order of their names.
	Vary map[string][]json.RawMessage `json:"vary"`
}

// A Point is a row, or with Vary several.
type Point struct {
	Label string                     `json:"label"`
	Set   map[string]json.RawMessage `json:"set"`
}

// Measure is how a row is measured.
type Measure struct {
	System      string `json:"system,omitempty"`       // student, or without training: base, idf, bm25
	Input       string `json:"input,omitempty"`        // as trainer evaluate --input
	QueryTokens int    `json:"query-tokens,omitempty"` // 0: the encoder's own length
	ReplyTokens int    `json:"query-reply,omitempty"`  // first tokens of each reply; 0: the encoder's own
	// QuestionWords is what a word of the newest question weighs, beside the encoder's
	// vector; 0: none, unless the student has learned to weigh words.
	QuestionWords float64 `json:"question-words,omitempty"`
	// HistoryWords is what the word head's weights of words of the history are multiplied
	// by; 0: the student's own, 1.
	HistoryWords float64 `json:"history-words,omitempty"`
	Top          int     `json:"query-top,omitempty"`       // keep the n heaviest terms of a query
	Threshold    float64 `json:"query-threshold,omitempty"` // and those that weigh at least so much
	Int8         bool    `json:"int8,omitempty"`            // quantise the query encoder as it ships
}

// The systems that Measure.System names.
const (
	Student = "student" // the trained encoder
	Base    = "base"    // the passages' encoder, undistilled
	IDF     = "idf"     // the input's tokens, weighted by their idf over the passages
	BM25    = "bm25"
)

// A Row is one system, with one seed.
type Row struct {
	Experiment, Label string
	Train             train.Config // of a student; Out and Cache empty, Seed set
	Measure           Measure
	Seed              int // 0 where nothing is trained
	Varied            map[string]float64
}

// Name is EXPERIMENT/LABEL, which the seeds share.
func (r *Row) Name() string { return r.Experiment + "/" + r.Label }

// Trained says whether the row needs a training.
func (r *Row) Trained() bool { return r.Measure.System == Student }

// ReadGrid reads a grid's file; a field that there is not is refused.
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

// measured are the sets that rows are measured on, Choice and Choices included.
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

// lackable says whether a row that was measured before may lack the set.
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
		return errors.New("seeds: at least one is needed")
	}
	if len(g.Evaluations) == 0 {
		return errors.New("evaluations: at least one is needed")
	}
	shorts := map[string]bool{}
	for _, e := range g.measured() {
		switch {
		case e.Name == "" || e.Short == "" || shorts[e.Short]:
			return fmt.Errorf("evaluation %q: it needs a name and a short name of its own", e.Name)
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
			return fmt.Errorf("there is no row %q, as EXPERIMENT/LABEL", name)
		}
	}
	for _, name := range g.Headline.Among {
		if !slices.ContainsFunc(g.Experiments, func(e Experiment) bool { return e.Name == name }) {
			return fmt.Errorf("headline: there is no experiment %q", name)
		}
	}
	return nil
}

// Rows lays the grid out: stage by stage, in each the first seed of all rows before
// the second, so that whole curves are there early.
func (g *Grid) Rows() ([]Row, error) {
	type place struct{ stage, seed int }
	var all []Row
	places := map[string]map[int]place{} // experiment, seed
	for _, x := range g.Experiments {
		if x.Name == "" || strings.ContainsAny(x.Name, "/,") || places[x.Name] != nil {
			return nil, fmt.Errorf("experiment %q: it needs a name of its own, without / and comma", x.Name)
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
				return nil, fmt.Errorf("experiment %q: seed %d: they begin at 1", x.Name, seed)
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

// set sets fields of the row's training and of its measuring.
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
		c.Out = "folder" // is given when it runs
		if c.TrainDocs {
			return errors.New("train-docs: rows are measured on passages that one encoder encoded for all; use trainer train and trainer evaluate")
		}
		return c.Check()
	case Base, IDF, BM25:
		return nil
	}
	return fmt.Errorf("system %q: want %s, %s, %s or %s", r.Measure.System, Student, Base, IDF, BM25)
}

// Select keeps the rows of the named experiments and seeds; nil keeps all.
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

// dataPrefix begins a path that lies in the folder of the data.
const dataPrefix = "DATA/"

// Path is where a path of the grid lies, given the folder of the data.
func Path(data, path string) string {
	if rest, ok := strings.CutPrefix(path, dataPrefix); ok {
		return filepath.Join(data, filepath.FromSlash(rest))
	}
	return filepath.FromSlash(path)
}

// Expand expands patterns of the grid to names as the grid has them, sorted; what is
// not there is an error.
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

// A Missing error names a file of the grid that is not there.
type Missing struct{ Path string }

func (m *Missing) Error() string { return m.Path + " is missing" }
