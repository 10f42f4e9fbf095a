package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/trainer/metrics"
)

// A part is some of the queries, measured by themselves.
type part struct {
	Name    string             `json:"name"`
	Queries int                `json:"queries"`
	Metrics map[string]float64 `json:"metrics"`

	values metrics.Values
}

// What --by names.
const (
	byTurn   = "turn"   // how deep in its conversation a question stands
	byDomain = "domain" // the file that judges it
)

// turnID is MTRAG's conversation<::>turn, or TREC's conversation_turn.
var turnID = regexp.MustCompile(`(?:<::>|_)([1-9][0-9]*)$`)

// depths are the parts by turn: from, to.
var depths = [][2]int{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 6}, {7, 8}, {9, 12}, {13, 1 << 30}}

// turnPart is the part by turn that a query belongs to.
func turnPart(id string) (key int, label string, err error) {
	m := turnID.FindStringSubmatch(id)
	if m == nil {
		return 0, "", wrongUse("--by turn: query %q does not say its turn, as conversation<::>2 or conversation_2 do", id)
	}
	turn, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, "", wrongUse("--by turn: query %q: %w", id, err)
	}
	for i, d := range depths {
		if d[0] <= turn && turn <= d[1] {
			switch {
			case d[0] == d[1]:
				return i, fmt.Sprintf("turn %d", d[0]), nil
			case i == len(depths)-1:
				return i, fmt.Sprintf("turns %d on", d[0]), nil
			}
			return i, fmt.Sprintf("turns %d-%d", d[0], d[1]), nil
		}
	}
	panic("unreachable: depths leave no gap")
}

// partsBy splits a report. file says in which file a query is judged.
func partsBy(by string, report metrics.Report, file map[string]string) ([]part, error) {
	name := turnPart
	if by == byDomain {
		files := slices.Sorted(maps.Values(file))
		files = slices.Compact(files)
		labels := domains(files)
		name = func(id string) (int, string, error) {
			i, _ := slices.BinarySearch(files, file[id])
			return i, labels[i], nil
		}
	}
	found := map[int]*part{}
	// Sums of floats depend on their order: go by sorted id.
	for _, id := range slices.Sorted(maps.Keys(report.ByQuery)) {
		key, label, err := name(id)
		if err != nil {
			return nil, err
		}
		p := found[key]
		if p == nil {
			p = &part{Name: label, Metrics: map[string]float64{}}
			found[key] = p
		}
		p.Queries++
		for m, v := range report.ByQuery[id] {
			p.values[m] += v
		}
	}
	var parts []part
	for _, key := range slices.Sorted(maps.Keys(found)) {
		p := found[key]
		for m := range p.values {
			p.values[m] /= float64(p.Queries)
			p.Metrics[metrics.Keys[m]] = p.values[m]
		}
		parts = append(parts, *p)
	}
	return parts, nil
}

// domains are files' names without what all have in common: clapnq and cloud, of
// qrels_clapnq.tsv and qrels_cloud.tsv.
func domains(files []string) []string {
	words := make([][]string, len(files))
	for i, f := range files {
		base := filepath.Base(f)
		for _, ext := range []string{".gz", ".tsv", ".txt", ".jsonl", ".qrels"} {
			base = strings.TrimSuffix(base, ext)
		}
		words[i] = strings.Split(base, "_")
	}
	for len(files) > 1 {
		first, last := true, true
		for _, w := range words {
			first = first && len(w) > 1 && w[0] == words[0][0]
			last = last && len(w) > 1 && w[len(w)-1] == words[0][len(words[0])-1]
		}
		if !first && !last {
			break
		}
		for i, w := range words {
			if first {
				words[i] = w[1:]
			} else {
				words[i] = w[:len(w)-1]
			}
		}
	}
	labels := make([]string, len(files))
	for i, w := range words {
		labels[i] = strings.Join(w, "_")
	}
	return labels
}
