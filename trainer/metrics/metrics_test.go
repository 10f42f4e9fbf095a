package metrics

import (
	"compress/gzip"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

type goldenCase struct {
	Run     map[string]map[string]float64 `json:"run"`
	Qrels   Qrels                         `json:"qrels"`
	ByQuery map[string][]float64          `json:"by_query"`
	Mean    []float64                     `json:"mean"`
}

type goldenFile struct {
	Measures []string     `json:"measures"`
	Cases    []goldenCase `json:"cases"`
	Tests    []struct {
		A, B []float64
		P    float64
	} `json:"tests"`
}

func golden(t *testing.T) goldenFile {
	f, err := os.Open("testdata/golden.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var g goldenFile
	if err := json.NewDecoder(z).Decode(&g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) == 0 || len(g.Tests) == 0 {
		t.Fatal("golden file is empty")
	}
	return g
}

func TestEqualsTrecEval(t *testing.T) {
	g := golden(t)
	if !slices.Equal(g.Measures, Keys[:]) {
		t.Fatalf("golden measures %v, ours %v", g.Measures, Keys)
	}
	for n, c := range g.Cases {
		run := Run{}
		for q, docs := range c.Run {
			for d, s := range docs { // map order: the ranking must not depend on it
				run[q] = append(run[q], Hit{Doc: d, Score: s})
			}
		}
		r := Evaluate(run, c.Qrels)
		if len(r.ByQuery) != len(c.ByQuery) {
			t.Errorf("case %d: %d queries measured, trec_eval %d", n, len(r.ByQuery), len(c.ByQuery))
		}
		for q, want := range c.ByQuery {
			for m, w := range want {
				if got := r.ByQuery[q][m]; math.Abs(got-w) > 1e-6 {
					t.Errorf("case %d, query %s: %s is %v, trec_eval says %v", n, q, Names[m], got, w)
				}
			}
		}
		for m, w := range c.Mean {
			if got := r.Mean[m]; math.Abs(got-w) > 1e-6 {
				t.Errorf("case %d: mean %s is %v, trec_eval -c says %v", n, Names[m], got, w)
			}
		}
	}
}

func TestMissingAndUnjudgedQueriesAreNamed(t *testing.T) {
	run := Run{"b": {{Doc: "x", Score: 1}}, "u2": {{Doc: "x", Score: 1}}, "u1": nil}
	r := Evaluate(run, Qrels{"b": {"x": 1}, "c": {"x": 1}, "a": {"x": 1}})
	if want := []string{"a", "c"}; !slices.Equal(r.Missing, want) {
		t.Errorf("missing %v, want %v", r.Missing, want)
	}
	if want := []string{"u1", "u2"}; !slices.Equal(r.Unjudged, want) {
		t.Errorf("unjudged %v, want %v", r.Unjudged, want)
	}
	if got := r.Mean[MRR]; math.Abs(got-1./3) > 1e-12 {
		t.Errorf("mean MRR %v, want 1/3: missing queries count as 0", got)
	}
}

func TestRandomisationTestFindsTheExactP(t *testing.T) {
	for _, c := range golden(t).Tests {
		d, err := Compare(c.A, c.B, 0, 100000, 1)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(d.P-c.P) > .01 {
			t.Errorf("n=%d: p %v, exact %v", len(c.A), d.P, c.P)
		}
	}
}

// The interval must hold the true difference in about 95 of 100 experiments.
func TestBootstrapIntervalCovers(t *testing.T) {
	const truth, queries, experiments = .05, 100, 400
	rnd := rand.New(rand.NewPCG(7, 7))
	hit := 0
	for range experiments {
		a, b := make([]float64, queries), make([]float64, queries)
		for i := range a {
			a[i] = rnd.Float64()
			b[i] = a[i] + truth + .3*rnd.NormFloat64()
		}
		d, err := Compare(a, b, 0, 500, 1)
		if err != nil {
			t.Fatal(err)
		}
		if d.Low <= truth && truth <= d.High {
			hit++
		}
	}
	if share := float64(hit) / experiments; share < .91 || share > .98 {
		t.Errorf("95 %% interval held the truth in %.1f %% of the experiments", 100*share)
	}
}

func TestNoDifferenceIsNotSignificant(t *testing.T) {
	a := []float64{.1, .5, .9}
	d, err := Compare(a, a, 0, 1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	if d.P != 1 || d.Mean != 0 || d.Low != 0 || d.High != 0 {
		t.Errorf("a system against itself: %+v", d)
	}
}

func TestCompareRefusesWhatIsNotPaired(t *testing.T) {
	for _, c := range []struct {
		a, b   []float64
		trials int
	}{{[]float64{1}, nil, 10}, {nil, nil, 10}, {[]float64{1}, []float64{1}, 0}} {
		if _, err := Compare(c.a, c.b, 0, c.trials, 1); err == nil {
			t.Errorf("Compare(%v, %v, %d) gave no error", c.a, c.b, c.trials)
		}
	}
}

// Rounded values give the same p-value as values before rounding; here, as many
// relabellings are ties as are not.
func TestCompareCountsTiesOfRoundedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	const rounded = .5 / 65535
	var a, b, x, y []float64
	for range 40 {
		a, b = append(a, float64(r.IntN(3))/3), append(b, float64(r.IntN(4))/3)
		x, y = append(x, math.Round(a[len(a)-1]*65535)/65535), append(y, math.Round(b[len(b)-1]*65535)/65535)
	}
	for i := range x { // as of several seeds, which are rounded each by itself
		x[i] += rounded * (2*r.Float64() - 1) / 2
	}
	want, err := Compare(a, b, 0, 20000, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Compare(x, y, 1.5*rounded, 20000, 1)
	if err != nil || got.P != want.P {
		t.Errorf("p %v of rounded values, %v of those that were not (%v)", got.P, want.P, err)
	}
	if plain, _ := Compare(x, y, 0, 20000, 1); plain.P >= want.P {
		t.Errorf("p %v without counting ties: this test does not see them", plain.P)
	}
}
