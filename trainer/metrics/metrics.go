// Package metrics measures rankings against relevance judgements exactly as
// trec_eval does, ties included, and tests whether two systems differ.
package metrics

import (
	"cmp"
	"math"
	"slices"

	"parley/shared/trec"
)

// TREC's terms, from package trec.
type (
	Hit    = trec.Hit
	Run    = trec.Run
	Grades = trec.Grades
	Qrels  = trec.Qrels
)

// A Measure is a measure of a ranking, a column of the tables.
type Measure int

const (
	MRR    Measure = iota // 1 / rank of the first relevant document (recip_rank)
	NDCG3                 // ndcg_cut_3
	NDCG5                 // ndcg_cut_5
	NDCG10                // ndcg_cut_10
	R5                    // recall_5
	R10                   // recall_10
	R100                  // recall_100
	Measures
)

// Names are the measures' names in tables. Keys are their names in JSON and in
// trec_eval.
var (
	Names = [Measures]string{"MRR", "nDCG@3", "nDCG@5", "nDCG@10", "R@5", "R@10", "R@100"}
	Keys  = [Measures]string{"recip_rank", "ndcg_cut_3", "ndcg_cut_5", "ndcg_cut_10", "recall_5", "recall_10", "recall_100"}
)

// Values has a value for each measure.
type Values [Measures]float64

// Query measures the answers to one query. It sorts hits in place. If no document
// is relevant, every measure is 0.
//
//	nDCG@k = sum_{i<=k} g_i / log2(i+1), over the same sum of the best order
//
// The gain g is the grade itself (Järvelin and Kekäläinen 2002, as in trec_eval's
// ndcg_cut).
func Query(hits []Hit, grades Grades) Values {
	trec.Rank(hits)
	var ideal []int
	for _, g := range grades {
		if g > 0 {
			ideal = append(ideal, g)
		}
	}
	var v Values
	relevant := len(ideal)
	if relevant == 0 {
		return v
	}
	slices.SortFunc(ideal, func(a, b int) int { return cmp.Compare(b, a) })

	var dcg, best, found float64
	for i := range 100 { // no cut-off is deeper; only MRR needs later ranks
		if i < len(hits) {
			if g := grades[hits[i].Doc]; g > 0 {
				found++
				dcg += float64(g) / math.Log2(float64(i+2))
			}
		}
		if i < relevant {
			best += float64(ideal[i]) / math.Log2(float64(i+2))
		}
		switch i + 1 {
		case 3:
			v[NDCG3] = dcg / best
		case 5:
			v[NDCG5] = dcg / best
			v[R5] = found / float64(relevant)
		case 10:
			v[NDCG10] = dcg / best
			v[R10] = found / float64(relevant)
		case 100:
			v[R100] = found / float64(relevant)
		}
	}
	for i, h := range hits {
		if grades[h.Doc] > 0 {
			v[MRR] = 1 / float64(i+1)
			break
		}
	}
	return v
}

// A Report has the measures of a run.
type Report struct {
	Mean    Values
	ByQuery map[string]Values
	// Missing are the judged queries for which the run has no answer. They count as
	// 0, as in trec_eval -c.
	Missing []string
	// Unjudged are the run's queries without judgements. They do not count.
	Unjudged []string
}

// Evaluate measures run over all queries of qrels. It sorts run's hits in place.
func Evaluate(run Run, qrels Qrels) Report {
	r := Report{ByQuery: make(map[string]Values, len(qrels))}
	// A sum of floats depends on its order, so the order is that of the sorted ids,
	// not the map's.
	for _, id := range sortedKeys(qrels) {
		hits, ok := run[id]
		if !ok {
			r.Missing = append(r.Missing, id)
		}
		v := Query(hits, qrels[id])
		r.ByQuery[id] = v
		for m := range v {
			r.Mean[m] += v[m] / float64(len(qrels))
		}
	}
	for _, id := range sortedKeys(run) {
		if _, ok := qrels[id]; !ok {
			r.Unjudged = append(r.Unjudged, id)
		}
	}
	return r
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
