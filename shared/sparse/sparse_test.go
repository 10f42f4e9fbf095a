package sparse

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// random returns a vector of n distinct terms below vocab; weights are multiples
// of 1/8, so that equal weights occur.
func random(r *rand.Rand, vocab, n int) Vector {
	var v Vector
	for t := range vocab {
		if r.IntN(vocab-t) < n-len(v.Terms) {
			v.Terms = append(v.Terms, uint32(t))
			v.Weights = append(v.Weights, float32(1+r.IntN(24))/8)
		}
	}
	return v
}

func TestDotEqualsDenseProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		a, b := random(r, 300, r.IntN(80)), random(r, 300, r.IntN(80))
		var dense [300]float64
		for i, t := range a.Terms {
			dense[t] = float64(a.Weights[i])
		}
		var want float64
		for i, t := range b.Terms {
			want += dense[t] * float64(b.Weights[i])
		}
		// Weights are multiples of 1/8: every sum is exact in float32.
		if got := a.Dot(b); float64(got) != want || b.Dot(a) != got {
			t.Fatalf("Dot = %v and %v, want %v", got, b.Dot(a), want)
		}
	}
}

func TestTopKeepsTheHeaviestAndOfEqualsTheLowerTerm(t *testing.T) {
	v := Vector{Terms: []uint32{2, 3, 5, 7, 11}, Weights: []float32{1, 2, 1, 3, 1}}
	for _, c := range []struct {
		k    int
		want []uint32
	}{{-1, []uint32{}}, {0, []uint32{}}, {1, []uint32{7}}, {3, []uint32{2, 3, 7}}, {4, []uint32{2, 3, 5, 7}}, {5, v.Terms}, {9, v.Terms}} {
		got := v.Top(c.k)
		if !reflect.DeepEqual(got.Terms, c.want) {
			t.Errorf("Top(%d) keeps %v, want %v", c.k, got.Terms, c.want)
		}
		if err := got.Check(12); err != nil {
			t.Errorf("Top(%d): %v", c.k, err)
		}
	}
	if v.Terms[0] != 2 || v.Weights[3] != 3 {
		t.Error("Top changed its vector")
	}
}

// KeepTop, in place and without sorting, keeps the same terms as a sort does.
func TestKeepTopIsTheHeadOfTheSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var scratch []float32
	for range 2000 {
		v := Vector{}
		for term := range uint32(2 + r.IntN(12)) {
			v.Terms, v.Weights = append(v.Terms, term), append(v.Weights, float32(1+r.IntN(4))) // with ties
		}
		n := 1 + r.IntN(v.L0()-1)
		want := v.only(v.heaviest()[:n])
		var got Vector
		got, scratch = v.Clone().KeepTop(n, scratch)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%d of %v: %v, want %v", n, v, got, want)
		}
	}
}

func TestMassKeepsTheFewestThatWeighEnough(t *testing.T) {
	v := Vector{Terms: []uint32{2, 3, 5, 7, 11}, Weights: []float32{1, 2, 1, 3, 1}} // 8 in all
	for _, c := range []struct {
		share float64
		want  []uint32
	}{{-1, []uint32{}}, {0, []uint32{}}, {.01, []uint32{7}}, {3. / 8, []uint32{7}}, {.38, []uint32{3, 7}}, {5. / 8, []uint32{3, 7}}, {6. / 8, []uint32{2, 3, 7}}, {.9, v.Terms}, {1, v.Terms}, {2, v.Terms}} {
		got := v.Mass(c.share)
		if !reflect.DeepEqual(got.Terms, c.want) {
			t.Errorf("Mass(%v) keeps %v, want %v", c.share, got.Terms, c.want)
		}
		if err := got.Check(12); err != nil {
			t.Errorf("Mass(%v): %v", c.share, err)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		v := random(r, 300, 1+r.IntN(80))
		// Thirds make the sums round.
		for i := range v.Weights {
			v.Weights[i] /= 3
		}
		if got := v.Mass(1); got.L0() != v.L0() {
			t.Fatalf("Mass(1) keeps %d terms of %d", got.L0(), v.L0())
		}
		share := r.Float64()
		got, sum := v.Mass(share), 0.
		for _, w := range v.Weights {
			sum += float64(w)
		}
		part, least := 0., math.Inf(1)
		for _, w := range got.Weights {
			part += float64(w)
			least = min(least, float64(w))
		}
		if part < share*sum-1e-9 || part-least >= share*sum+1e-9 {
			t.Fatalf("Mass(%v) keeps %v of %v, its lightest term %v", share, part, sum, least)
		}
	}
	if got := (Vector{}).Mass(.9); got.L0() != 0 {
		t.Errorf("of nothing it keeps %v", got)
	}
}

func TestCheckNamesTheFault(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		v    Vector
		want string // "" for a sound vector
	}{
		{Vector{}, ""},
		{Vector{[]uint32{0, 9}, []float32{1, math.SmallestNonzeroFloat32}}, ""},
		{Vector{[]uint32{1}, nil}, "1 terms, but 0 weights"},
		{Vector{[]uint32{1, 10}, []float32{1, 1}}, "entry 1: term 10 is outside"},
		{Vector{[]uint32{4, 4}, []float32{1, 1}}, "entry 1: term 4 after term 4"},
		{Vector{[]uint32{4, 3}, []float32{1, 1}}, "entry 1: term 3 after term 4"},
		{Vector{[]uint32{4}, []float32{0}}, "entry 0: term 4 has the weight 0"},
		{Vector{[]uint32{4}, []float32{-1}}, "weight -1"},
		{Vector{[]uint32{4}, []float32{nan}}, "weight NaN"},
		{Vector{[]uint32{4}, []float32{inf}}, "weight +Inf"},
	} {
		err := c.v.Check(10)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("Check(%v) = %v, want %q", c.v, err, c.want)
		}
	}
}

// FLOPS is by definition the mean, over all pairs of a query and a document, of
// the number of terms that they share.
func TestFLOPSIsTheMeanOverlap(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const vocab = 50
	var queries, docs []Vector
	q, d := NewActivation(vocab), NewActivation(vocab)
	half := NewActivation(vocab)
	for i := range 40 {
		queries = append(queries, random(r, vocab, 5))
		q.Add(queries[i])
	}
	for i := range 60 {
		docs = append(docs, random(r, vocab, 20))
		if i%2 == 0 {
			d.Add(docs[i])
		} else {
			half.Add(docs[i])
		}
	}
	d.Merge(half)
	var shared float64
	for _, a := range queries {
		for _, b := range docs {
			in := map[uint32]bool{}
			for _, t := range a.Terms {
				in[t] = true
			}
			for _, t := range b.Terms {
				if in[t] {
					shared++
				}
			}
		}
	}
	want := shared / float64(len(queries)*len(docs))
	if got := FLOPS(q, d); math.Abs(got-want) > 1e-12 {
		t.Errorf("FLOPS = %v, want %v", got, want)
	}
	if q.L0() != 5 || d.L0() != 20 || d.Vectors() != 60 {
		t.Errorf("L0 %v and %v over %d documents, want 5, 20, 60", q.L0(), d.L0(), d.Vectors())
	}
	if e := NewActivation(vocab); FLOPS(e, d) != 0 || e.L0() != 0 || e.P(3) != 0 {
		t.Error("no queries: FLOPS, L0 and P must be 0")
	}
}
