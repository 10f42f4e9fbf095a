package answer

import (
	"cmp"
	"slices"
	"testing"

	"parley/shared/index"
	"parley/shared/message"
)

// A ranking begins with the results of Ask, for each stage, and is as long as requested.
func TestRankGoesOnWhereAskEnds(t *testing.T) {
	e := twoStages(t, `{"name": "tiny", "query_tokens": 64, "dense_weight": 20, "dense_zero": 0.5, "sure_above": 0.5}`)
	for _, a := range []message.Ask{turns("Which river is the longest?"), tower, turns("iron", "A metal.", "what is it made of?")} {
		for _, a.Stage = range []string{"", message.StageSparse, message.StageDense, message.StageBoth} {
			a.K = maxK
			var want []index.Hit
			answered := ask(t, e, a)
			for _, r := range answered.Results {
				want = append(want, index.Hit{Doc: r.Doc, Score: r.Score})
			}
			var before int
			for _, k := range []int{0, 1, maxK, 150, e.Passages.Len(), 100_000} {
				hits, stage, err := e.Rank(a, k)
				if err != nil || stage != answered.Stage {
					t.Fatalf("%q: stage %q, %v", a.Stage, stage, err)
				}
				n := min(k, len(want))
				if len(hits) < n || len(hits) > k || !slices.Equal(hits[:n], want[:n]) {
					t.Errorf("%q, the best %d: %d, or others than Ask's", a.Stage, k, len(hits))
				}
				if !slices.IsSortedFunc(hits, func(a, b index.Hit) int { return cmp.Compare(b.Score, a.Score) }) || len(hits) < before {
					t.Errorf("%q: %d hits, of fewer %d", a.Stage, len(hits), before)
				}
				before = len(hits)
			}
			if stage := answered.Stage; stage == message.StageDense && before != e.Passages.Len() {
				t.Errorf("%s ends at %d of %d passages", stage, before, e.Passages.Len())
			}
		}
	}
}
