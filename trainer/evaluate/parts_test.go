package evaluate

import (
	"slices"
	"testing"

	"parley/trainer/metrics"
)

func TestDomainsAreWhatFilesDoNotShare(t *testing.T) {
	for _, c := range []struct{ files, want []string }{
		{[]string{"h/qrels_clapnq.tsv", "h/qrels_cloud.tsv"}, []string{"clapnq", "cloud"}},
		{[]string{"a_test.tsv.gz", "b_c_test.tsv.gz"}, []string{"a", "b_c"}},
		{[]string{"qrels.tsv", "qrels_b.tsv"}, []string{"qrels", "qrels_b"}},
		{[]string{"one/qrels.tsv"}, []string{"qrels"}},
	} {
		if got := domains(c.files); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.files, got, c.want)
		}
	}
}

func TestSameRanking(t *testing.T) {
	a := []metrics.Hit{{Doc: "a", Score: 2}, {Doc: "b", Score: 1}}
	if err := sameRanking(a, slices.Clone(a)); err != nil {
		t.Error(err)
	}
	for _, b := range [][]metrics.Hit{a[:1], {a[1], a[0]}, {a[0], {Doc: "b", Score: 1.5}}} {
		if sameRanking(a, b) == nil {
			t.Errorf("%v and %v pass for the same", a, b)
		}
	}
}
