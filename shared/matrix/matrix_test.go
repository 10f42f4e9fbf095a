package matrix

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// eachPath runs a test once for every path of this machine.
func eachPath(t *testing.T, f func(t *testing.T)) {
	was := active
	defer func() { active = was }()
	for _, b := range builds {
		active = b
		t.Run(string(b.path), f)
	}
}

func rows(r *rand.Rand, m, n int, spread float64) []float32 {
	x := make([]float32, m*Pad(n))
	for i := range m {
		for j := range n {
			x[i*Pad(n)+j] = float32(r.NormFloat64() * spread)
		}
	}
	return x
}

func int8s(r *rand.Rand, n int) []int8 {
	w := make([]int8, n)
	for i := range w {
		w[i] = int8(r.IntN(256) - 128)
	}
	return w
}

func TestExp(t *testing.T) {
	for x := float32(0); x > -87; x -= 0.00137 {
		want := math.Exp(float64(x))
		if got := float64(exp(x)); math.Abs(got-want) > 2e-7*want {
			t.Fatalf("exp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := exp(-1e30); got <= 0 || got > 2e-38 {
		t.Errorf("exp(-1e30) = %v", got)
	}
}

func TestLog1p(t *testing.T) {
	for x := float32(1e-30); x < 1e30; x *= 1.0093 {
		want := math.Log1p(float64(x))
		if got := float64(Log1p(x)); math.Abs(got-want) > 2.5e-7*want {
			t.Fatalf("Log1p(%v) = %v, want %v", x, got, want)
		}
	}
	if Log1p(0) != 0 {
		t.Errorf("Log1p(0) = %v", Log1p(0))
	}
}

func TestGELU(t *testing.T) {
	for x := float32(-12); x < 12; x += 0.00173 {
		want := float64(x) * 0.5 * (1 + math.Erf(float64(x)/math.Sqrt2))
		if got := float64(gelu(x)); math.Abs(got-want) > 4e-7*math.Max(1, math.Abs(float64(x))) {
			t.Fatalf("gelu(%v) = %v, want %v", x, got, want)
		}
	}
	if got := gelu(0); got != 0 {
		t.Errorf("gelu(0) = %v", got)
	}
}

func TestQuantizeRow(t *testing.T) {
	for _, c := range []struct {
		x     []float32
		q     []int16
		scale float32
	}{
		{[]float32{127, -127, 0.5, 1.5, 2.5, -0.5, -1.5}, []int16{127, -127, 0, 2, 2, 0, -2}, 1},
		{[]float32{0, 0}, []int16{0, 0}, 0},
		{[]float32{1e-38, -1e-40}, []int16{0, 0}, 0},
		{[]float32{3e38, -3e38, 1e30}, []int16{127, -127, 0}, float32(3e38) / 127},
	} {
		q := make([]int16, len(c.x))
		scale := quantizeRow(c.x, q)
		if scale != c.scale {
			t.Errorf("%v: scale %v, want %v", c.x, scale, c.scale)
		}
		for i := range q {
			if q[i] != c.q[i] {
				t.Errorf("%v: %v, want %v", c.x, q, c.q)
				break
			}
		}
	}
}

// Every operation against float64, on ragged sizes.
func TestLinearInt8(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		var s Scratch
		for _, size := range [][3]int{{1, 1, 1}, {3, 5, 7}, {4, 16, 16}, {7, 100, 130}, {33, 65, 300}} {
			m, n, k := size[0], size[1], size[2]
			w, bias, scale := int8s(r, n*k), rows(r, 1, n, 1)[:n], make([]float32, n)
			for i := range scale {
				scale[i] = r.Float32() / 100
			}
			x := rows(r, m, k, 2)
			W, err := NewInt8(w, scale, bias, n, k)
			if err != nil {
				t.Fatal(err)
			}
			out, best := make([]float32, m*Pad(n)), make([]float32, Pad(n))
			s.Linear(out, x, m, W)
			s.Max(best, x, m, W)
			terms, winners := make([]uint32, n), make([]int32, n)
			for i := range terms {
				terms[i] = uint32(i)
			}
			s.Winners(winners, terms, x, m, W)
			some := make([]float32, n)
			if s.MaxOf(some, terms, x, m, W); !slices.Equal(some, best[:n]) {
				t.Fatalf("%v: MaxOf differs from Max", size)
			}
			q := make([]int16, Pad(k))
			most := make([]float32, n)
			for i := range m {
				up := quantizeRow(x[i*Pad(k):(i+1)*Pad(k)], q)
				for j := range n {
					var sum int32
					for l := range k {
						sum += int32(q[l]) * int32(w[j*k+l])
					}
					want := dequantize(sum, up, scale[j], bias[j])
					if got := out[i*Pad(n)+j]; got != want {
						t.Fatalf("%v: out[%d][%d] = %v, want %v", size, i, j, got, want)
					}
					if i == 0 || want > most[j] {
						most[j] = want
					}
				}
				for j := n; j < Pad(n); j++ {
					if out[i*Pad(n)+j] != 0 {
						t.Fatalf("%v: the pad out[%d][%d] is not zero", size, i, j)
					}
				}
			}
			row, buf := make([]float32, k), make([]int8, Pad(k))
			for j := range n {
				if best[j] != most[j] {
					t.Fatalf("%v: Max gives %v for output %d, want %v", size, best[j], j, most[j])
				}
				if got := out[int(winners[j])*Pad(n)+j]; got != most[j] {
					t.Fatalf("%v: the winner of output %d has %v, the maximum is %v", size, j, got, most[j])
				}
				W.Row(row, j, buf)
				for l := range k {
					if row[l] != float32(w[j*k+l])*scale[j] {
						t.Fatalf("%v: Row(%d)[%d] = %v", size, j, l, row[l])
					}
				}
			}
		}
	})
}

func TestLinearFloat32(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		var s Scratch
		for _, size := range [][3]int{{1, 1, 1}, {3, 5, 7}, {7, 100, 130}, {33, 65, 300}, {2, 129, 16}} {
			m, n, k := size[0], size[1], size[2]
			x, bias := rows(r, m, k, 1), rows(r, 1, n, 1)[:n]
			w := make([]float32, n*k)
			for i := range w {
				w[i] = float32(r.NormFloat64())
			}
			W, err := NewFloat32(w, bias, n, k)
			if err != nil {
				t.Fatal(err)
			}
			out, best := make([]float32, m*Pad(n)), make([]float32, Pad(n))
			s.Linear(out, x, m, W)
			s.Max(best, x, m, W)
			terms, winners := make([]uint32, n), make([]int32, n)
			for i := range terms {
				terms[i] = uint32(i)
			}
			s.Winners(winners, terms, x, m, W)
			some := make([]float32, n)
			if s.MaxOf(some, terms, x, m, W); !slices.Equal(some, best[:n]) {
				t.Fatalf("%v: MaxOf differs from Max", size)
			}
			for j := range n {
				most := float32(math.Inf(-1))
				for i := range m {
					want := float64(bias[j])
					for l := range k {
						want += float64(x[i*Pad(k)+l]) * float64(w[j*k+l])
					}
					got := out[i*Pad(n)+j]
					if math.Abs(float64(got)-want) > 1e-4 {
						t.Fatalf("%v: out[%d][%d] = %v, want %v", size, i, j, got, want)
					}
					most = max(most, got)
				}
				if best[j] != most {
					t.Fatalf("%v: Max gives %v for output %d, Linear's maximum is %v", size, best[j], j, most)
				}
				if got := out[int(winners[j])*Pad(n)+j]; got != most {
					t.Fatalf("%v: the winner of output %d has %v, the maximum is %v", size, j, got, most)
				}
			}
		}
	})
}

func TestAttention(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		var s Scratch
		for _, size := range [][3]int{{1, 1, 16}, {5, 2, 32}, {16, 3, 16}, {37, 2, 64}, {70, 1, 48}} {
			m, heads, D := size[0], size[1], size[2]
			H := heads * D
			qkv, ctx := rows(r, m, 3*H, 1), make([]float32, m*H)
			scale := float32(1 / math.Sqrt(float64(D)))
			s.Attention(ctx, qkv, m, heads, D, scale)
			for h := range heads {
				for i := range m {
					e, total := make([]float64, m), 0.0
					for j := range m {
						var dot float64
						for d := range D {
							dot += float64(qkv[i*3*H+h*D+d]) * float64(qkv[j*3*H+H+h*D+d])
						}
						e[j] = math.Exp(dot * float64(scale))
						total += e[j]
					}
					for d := range D {
						var want float64
						for j := range m {
							want += e[j] / total * float64(qkv[j*3*H+2*H+h*D+d])
						}
						if got := ctx[i*H+h*D+d]; math.Abs(float64(got)-want) > 1e-5 {
							t.Fatalf("%v: ctx[%d][%d][%d] = %v, want %v", size, i, h, d, got, want)
						}
					}
				}
			}
		}
	})
}

func TestAddNorm(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, size := range [][2]int{{1, 1}, {3, 5}, {2, 16}, {5, 128}, {4, 312}, {3, 100}} {
			m, n := size[0], size[1]
			N := Pad(n)
			x, y, gamma, beta := rows(r, m, n, 3), rows(r, m, n, 1), rows(r, 1, n, 1), rows(r, 1, n, 1)
			got := append([]float32(nil), x...)
			AddNorm(got, y, gamma, beta, m, n, 1e-12)
			for i := range m {
				var mean, variance float64
				for j := range n {
					mean += float64(x[i*N+j]+y[i*N+j]) / float64(n)
				}
				for j := range n {
					d := float64(x[i*N+j]+y[i*N+j]) - mean
					variance += d * d / float64(n)
				}
				for j := range N {
					want := 0.0
					if j < n {
						want = (float64(x[i*N+j]+y[i*N+j])-mean)/math.Sqrt(variance+1e-12)*float64(gamma[j]) + float64(beta[j])
					}
					if g := float64(got[i*N+j]); math.Abs(g-want) > 1e-5 && n > 1 || math.IsNaN(g) {
						t.Fatalf("%v: x[%d][%d] = %v, want %v", size, i, j, g, want)
					}
				}
			}
		}
	})
}

func TestNewRefusesSizesThatDoNotFit(t *testing.T) {
	if _, err := NewInt8(make([]int8, 5), make([]float32, 2), nil, 2, 3); err == nil {
		t.Error("5 weights passed for 2 x 3")
	}
	if _, err := NewInt8(make([]int8, 6), make([]float32, 1), nil, 2, 3); err == nil {
		t.Error("1 scale passed for 2 rows")
	}
	if _, err := NewFloat32(make([]float32, 6), make([]float32, 1), 2, 3); err == nil {
		t.Error("1 bias passed for 2 rows")
	}
	if err := Use("abacus"); err == nil {
		t.Error("Use of an unknown path gave no error")
	}
}
