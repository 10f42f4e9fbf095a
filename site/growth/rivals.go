package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"parley/shared/durable"
	"parley/shared/index"
	"parley/shared/sparse"
)

// depths are the numbers of best passages that are asked for.
var depths = []int{10, 100}

// A rival is an engine that answers the queries, in milliseconds of processor time a
// question: the mean of each question's quickest round, and the median of all.
type rival struct {
	Name    string             `json:"engine"`
	Bytes   int                `json:"bytes,omitempty"` // of its index
	Recall  float64            `json:"recall_10,omitempty"`
	Setting string             `json:"setting,omitempty"`
	Absent  string             `json:"absent,omitempty"` // why it does not take part
	Quick   map[string]float64 `json:"ms_quickest,omitempty"`
	Median  map[string]float64 `json:"ms_median,omitempty"`

	ask func(k int) (seconds []float64, err error)
}

// takeTurns asks all engines, round by round.
func takeTurns(all []*rival, rounds int) error {
	for _, k := range depths {
		took := make([][][]float64, len(all)) // by engine, round, question
		for range rounds {
			for i, e := range all {
				if e.ask == nil {
					continue
				}
				seconds, err := e.ask(k)
				if err != nil {
					return fmt.Errorf("%s: %w", e.Name, err)
				}
				took[i] = append(took[i], seconds)
			}
		}
		for i, e := range all {
			if e.ask == nil {
				continue
			}
			if e.Quick == nil {
				e.Quick, e.Median = map[string]float64{}, map[string]float64{}
			}
			every := slices.Sorted(slices.Values(slices.Concat(took[i]...)))
			quick := slices.Clone(took[i][0])
			sum := 0.
			for q := range quick {
				for _, round := range took[i] {
					quick[q] = min(quick[q], round[q])
				}
				sum += quick[q]
			}
			name := fmt.Sprint(k)
			e.Quick[name], e.Median[name] = 1000*sum/float64(len(quick)), 1000*every[len(every)/2]
		}
	}
	return nil
}

var rivalsFile = filepath.Join("site", "growth", "rivals.py")

// startRivals gives the index and the queries to rivals.py, which starts the named engines,
// says which of them it could, and then answers one line with another: "bmp 10" with the
// seconds that each question took.
func startRivals(python string, names []string, x *index.Index, queries []sparse.Vector) (all []*rival, stop func(), err error) {
	folder, err := os.MkdirTemp("", "growth")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { os.RemoveAll(folder) }
	fail := func(err error) ([]*rival, func(), error) {
		remove()
		return nil, nil, fmt.Errorf("rivals.py: %w", err)
	}
	if err := export(x, folder, queries); err != nil {
		return fail(err)
	}
	cmd := exec.Command(python, append([]string{rivalsFile, folder}, names...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return fail(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	if err := cmd.Start(); err != nil {
		return fail(err)
	}
	stop = func() {
		in.Close() // which ends it
		cmd.Wait()
		remove()
	}
	said := json.NewDecoder(bufio.NewReader(out))
	if err := said.Decode(&all); err != nil {
		stop()
		return fail(fmt.Errorf("it could not begin: %w", err))
	}
	for _, e := range all {
		if e.Absent == "" {
			e.ask = func(k int) (seconds []float64, err error) {
				if _, err := io.WriteString(in, fmt.Sprintln(e.Name, k)); err != nil {
					return nil, err
				}
				if err := said.Decode(&seconds); err != nil || len(seconds) == 0 {
					return nil, fmt.Errorf("it ended: %v", err)
				}
				return seconds, nil
			}
		}
	}
	return all, stop, nil
}

// draw writes what was measured as a figure (trainer/plot).
func draw(file string, rows []row) error {
	type point struct {
		X float64 `json:"x"`
		Y float64 `json:"y"`
	}
	type series struct {
		Name   string  `json:"name"`
		Kind   string  `json:"kind"`
		Points []point `json:"points"`
	}
	type panel struct {
		Title  string    `json:"title"`
		X      string    `json:"x"`
		LogX   bool      `json:"log_x"`
		LogY   bool      `json:"log_y"`
		Series []*series `json:"series"`
	}
	var panels []*panel
	add := func(title, name string, x int, y float64) {
		i := slices.IndexFunc(panels, func(p *panel) bool { return p.Title == title })
		if i < 0 {
			i = len(panels)
			panels = append(panels, &panel{Title: title, X: "thousand passages", LogX: true, LogY: true})
		}
		p := panels[i]
		k := slices.IndexFunc(p.Series, func(s *series) bool { return s.Name == name })
		if k < 0 {
			k = len(p.Series)
			p.Series = append(p.Series, &series{Name: name, Kind: "curve"})
		}
		p.Series[k].Points = append(p.Series[k].Points, point{float64(x) / 1000, y})
	}
	for _, r := range rows {
		for _, e := range r.Engines {
			for depth, ms := range e.Quick {
				add("ms a question, the best "+depth, e.Name, r.Docs, ms)
			}
		}
		add("MB", "index.bin", r.Docs, float64(r.Bytes)/1e6)
		add("MB", "Parley's memory", r.Docs, float64(r.Memory)/1e6)
	}
	slices.SortFunc(panels, func(a, b *panel) int { return len(b.Title) - len(a.Title) })
	data, err := json.MarshalIndent(map[string]any{"name": "growth", "title": "How a search grows with the collection", "panels": panels}, "", " ")
	if err != nil {
		return err
	}
	return durable.WriteFile(file, append(data, '\n'))
}
