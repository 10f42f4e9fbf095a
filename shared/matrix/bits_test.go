package matrix

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// inputs are rows that tempt an implementation to differ: plain, zero, huge,
// denormal, one loud value among quiet ones, exact halves for the rounding.
func inputs(r *rand.Rand, m, n int) map[string][]float32 {
	N := Pad(n)
	fill := func(f func(i, j int) float32) []float32 {
		x := make([]float32, m*N)
		for i := range m {
			for j := range n {
				x[i*N+j] = f(i, j)
			}
		}
		return x
	}
	normal := func() float32 { return float32(r.NormFloat64()) }
	return map[string][]float32{
		"normal":   fill(func(i, j int) float32 { return normal() * 3 }),
		"zero":     fill(func(i, j int) float32 { return 0 }),
		"negzero":  fill(func(i, j int) float32 { return float32(math.Copysign(0, -1)) }),
		"huge":     fill(func(i, j int) float32 { return normal() * 1e17 }),
		"denormal": fill(func(i, j int) float32 { return normal() * 1e-41 }),
		"tiny":     fill(func(i, j int) float32 { return normal() * tiny }),
		"spike": fill(func(i, j int) float32 {
			if j == i%n {
				return 1000
			}
			return normal()
		}),
		"halves": fill(func(i, j int) float32 {
			if j == 0 {
				return 127
			}
			return float32(r.IntN(253)-126) + 0.5
		}),
		"constant": fill(func(i, j int) float32 { return 0.1 }),
		"mixed":    fill(func(i, j int) float32 { return float32(math.Pow(10, float64(r.IntN(60)-40))) * normal() }),
	}
}

// sizes are m, n, k: around every tile's edges.
var sizes = [][3]int{
	{1, 1, 1}, {1, 64, 16}, {2, 16, 15}, {3, 17, 33}, {4, 48, 64}, {5, 63, 128}, {6, 64, 48}, {7, 65, 100}, {8, 80, 130},
	{11, 96, 17}, {12, 112, 312}, {13, 128, 16}, {16, 129, 32}, {17, 192, 64}, {31, 200, 96}, {64, 257, 128}, {67, 320, 500},
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v (%#x), the portable path gives %v (%#x)", what, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// Every operation of every path against the portable one, bit for bit.
func TestPathsGiveTheSameBits(t *testing.T) {
	if len(builds) == 1 {
		t.Skip("this machine has the portable path only")
	}
	if want := os.Getenv("PARLEY_PATHS"); want != "" && fmt.Sprint(Paths()) != want {
		t.Fatalf("this machine has the paths %v, wanted %s", Paths(), want)
	}
	was := active
	defer func() { active = was }()
	// run gives each path's outputs; portable comes first.
	run := func(t *testing.T, what string, f func() []float32) {
		t.Helper()
		active = builds[0]
		want := append([]float32(nil), f()...)
		for _, b := range builds[1:] {
			active = b
			sameBits(t, fmt.Sprintf("%s, %s", b.path, what), f(), want)
		}
	}
	r := rand.New(rand.NewPCG(9, 9))
	for i, size := range sizes {
		if testing.Short() && i%3 != 2 {
			continue
		}
		m, n, k := size[0], size[1], size[2]
		N := Pad(n)
		w8, scale, bias := int8s(r, n*k), make([]float32, n), rows(r, 1, n, 1)[:n]
		for i := range scale {
			scale[i] = r.Float32()
		}
		scale[0] = 0
		w32 := rows(r, 1, n*k, 1)[:n*k]
		terms := make([]uint32, n)
		for i := range terms {
			terms[i] = uint32(i)
		}
		gamma, beta, y := rows(r, 1, k, 1), rows(r, 1, k, 1), rows(r, m, k, 1)
		for kind, x := range inputs(r, m, k) {
			what := fmt.Sprintf("%v %s", size, kind)
			for _, weights := range []struct {
				name string
				make func() (*Weights, error)
			}{
				{"int8", func() (*Weights, error) { return NewInt8(w8, scale, bias, n, k) }},
				{"float", func() (*Weights, error) { return NewFloat32(w32, bias, n, k) }},
			} {
				make1 := func() *Weights {
					W, err := weights.make()
					if err != nil {
						t.Fatal(err)
					}
					return W
				}
				run(t, weights.name+" linear "+what, func() []float32 {
					out := make([]float32, m*N)
					new(Scratch).Linear(out, x, m, make1())
					return out
				})
				run(t, weights.name+" max "+what, func() []float32 {
					out := make([]float32, N)
					new(Scratch).Max(out, x, m, make1())
					return out
				})
				if weights.name == "int8" {
					run(t, "linear by panels "+what, func() []float32 {
						all, out := make([]float32, m*N), make([]float32, (n+panel-1)/panel*panel)
						w, s := make1(), new(Scratch)
						s.Linear(all, x, m, w)
						for first := 0; first < n; first += panel {
							s.Panel(out[first:first+panel], x, first, w)
						}
						sameBits(t, "linear by panels "+what+", against linear", out[:n], all[:n])
						return out[:n]
					})
				}
				run(t, weights.name+" winners "+what, func() []float32 {
					win := make([]int32, n)
					new(Scratch).Winners(win, terms, x, m, make1())
					out := make([]float32, n)
					for i, v := range win {
						out[i] = float32(v)
					}
					return out
				})
			}
			run(t, "gelu "+what, func() []float32 {
				out := append([]float32(nil), x...)
				GELU(out)
				return out
			})
			if kind == "huge" || kind == "mixed" {
				continue // the squares overflow
			}
			for name, y := range map[string][]float32{"": nil, "plus y": y} {
				run(t, "add norm "+name+what, func() []float32 {
					out := append([]float32(nil), x...)
					AddNorm(out, y, gamma, beta, m, k, 1e-12)
					return out
				})
			}
		}
	}
	for _, size := range [][3]int{{1, 1, 16}, {2, 2, 16}, {5, 1, 32}, {12, 2, 64}, {13, 1, 48}, {16, 3, 64}, {17, 2, 80}, {37, 2, 64}, {64, 1, 64}, {130, 2, 64}} {
		m, heads, D := size[0], size[1], size[2]
		for kind, x := range inputs(r, m, 3*heads*D) {
			if kind == "huge" || kind == "mixed" {
				continue
			}
			run(t, fmt.Sprintf("attention %v %s", size, kind), func() []float32 {
				ctx := make([]float32, m*heads*D)
				new(Scratch).Attention(ctx, x, m, heads, D, 0.125)
				return ctx
			})
		}
	}
}
