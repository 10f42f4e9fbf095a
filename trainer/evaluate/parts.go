package evaluate

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

// A Part is a group of queries, measured by itself.
type Part struct {
	Name    string             `json:"name"`
	Queries int                `json:"queries"`
	Metrics map[string]float64 `json:"metrics"` // means, by metrics.Keys

	Values metrics.Values `json:"-"` // the same as Metrics
}

// The ways to group the queries of a report.
const (
	ByTurn   = "turn"   // by the question's place in its conversation
	ByDomain = "domain" // by the file of the query's judgements
)

// A TurnError says that a query's id does not contain its turn.
type TurnError struct{ Query string }

func (e *TurnError) Error() string {
	return fmt.Sprintf("query %q does not say its turn, as conversation<::>2 or conversation_2 do", e.Query)
}

// turnID matches MTRAG's ids, conversation<::>turn, and TREC's, conversation_turn.
var turnID = regexp.MustCompile(`(?:<::>|_)([1-9][0-9]*)$`)

// depths are the ranges of turns that make the parts by turn: from, to.
var depths = [][2]int{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 6}, {7, 8}, {9, 12}, {13, 1 << 30}}

// TurnPart returns the part by turn that a query belongs to: its place among the
// parts, and its name. The error is a *TurnError.
func TurnPart(id string) (place int, name string, err error) {
	m := turnID.FindStringSubmatch(id)
	if m == nil {
		return 0, "", &TurnError{id}
	}
	turn, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, "", &TurnError{id} // a number beyond any turn's
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

// Parts groups a report on the set by ByTurn or ByDomain, and measures each group.
// The error of ByTurn is a *TurnError.
func (s *Set) Parts(by string, report metrics.Report) ([]Part, error) {
	part := TurnPart
	if by == ByDomain {
		part = s.domainPart()
	}
	found := map[int]*Part{}
	// A sum of floats depends on its order, so the order is that of the sorted ids.
	for _, id := range slices.Sorted(maps.Keys(report.ByQuery)) {
		place, name, err := part(id)
		if err != nil {
			return nil, err
		}
		p := found[place]
		if p == nil {
			p = &Part{Name: name}
			found[place] = p
		}
		p.Queries++
		for m, v := range report.ByQuery[id] {
			p.Values[m] += v
		}
	}
	var parts []Part
	for _, place := range slices.Sorted(maps.Keys(found)) {
		p := found[place]
		for m := range p.Values {
			p.Values[m] /= float64(p.Queries)
		}
		p.Metrics = Named(p.Values)
		parts = append(parts, *p)
	}
	return parts, nil
}

// domainPart returns a function like TurnPart, for the file that judges a query.
func (s *Set) domainPart() func(id string) (place int, name string, err error) {
	files := slices.Compact(slices.Sorted(maps.Values(s.JudgedIn)))
	names := domains(files)
	return func(id string) (int, string, error) {
		i, _ := slices.BinarySearch(files, s.JudgedIn[id])
		return i, names[i], nil
	}
}

// domains returns files' names without the parts that all have in common: clapnq and
// cloud for qrels_clapnq.tsv and qrels_cloud.tsv.
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
