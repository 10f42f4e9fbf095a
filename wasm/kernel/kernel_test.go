package kernel

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"parley/shared/matrix"
)

// The committed binary is what compiling its source gives, byte for byte.
func TestReproducible(t *testing.T) {
	folder := compile(t)
	for name, committed := range map[string][]byte{"kernel.wasm": Binary, "relaxed.wasm": Relaxed} {
		again, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, committed) {
			t.Errorf("kernel.c builds to %d bytes that differ from %s's %d: run ./build.sh and commit it", len(again), name, len(committed))
		}
	}
}

// compile returns a folder in which build.sh has built the kernels.
func compile(t *testing.T, flags ...string) string {
	t.Helper()
	const version = "14.0.6"
	for _, tool := range []string{"clang-14", "wasm-ld-14"} {
		out, err := exec.Command(tool, "--version").CombinedOutput()
		if err != nil {
			t.Skipf("%s is not installed (Debian 12: apt install clang lld): %v", tool, err)
		}
		if !strings.Contains(string(out), version) {
			t.Skipf("kernel.wasm is built by %s %s; here is %s", tool, version, bytes.SplitN(out, []byte("\n"), 2)[0])
		}
	}
	folder := t.TempDir()
	if out, err := exec.Command("./build.sh", append([]string{folder}, flags...)...).CombinedOutput(); err != nil {
		t.Fatalf("build.sh: %v\n%s", err, out)
	}
	return folder
}

// The dot product of bytes stands in relaxed.wasm once for every product that kernel.c
// writes: 4 tokens and 1, and before each of these the sum of the weights, 2 vectors each, in
// linear and head; and once in each of the three functions that ask what it makes of a byte
// below zero.
func TestRelaxedHasTheDotProduct(t *testing.T) {
	const want = (4+1+1+1)*2*2 + 3
	if n := bytes.Count(Relaxed, []byte{0xfd, 0x93, 0x02}); n != want {
		t.Errorf("there are %d, wanted %d", n, want)
	}
}

func TestSize(t *testing.T) {
	for name, binary := range map[string][]byte{"kernel.wasm": Binary, "relaxed.wasm": Relaxed} {
		if len(binary) > 10<<10 {
			t.Errorf("%s has %d bytes; the limit is 10 KB", name, len(binary))
		}
	}
}

// A kernel instance over memory of its own, which stands for the Go instance's.
type instance struct {
	t      testing.TB
	memory api.Memory
	module api.Module
	next   uint32
}

const pages = 256

func instantiate(t testing.TB) *instance { return instanceOf(t, Binary) }

func instanceOf(t testing.TB, binary []byte) *instance {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { r.Close(ctx) })
	// A module with nothing but an exported memory.
	memory := []byte("\x00asm\x01\x00\x00\x00" + "\x05\x04\x01\x00\x80\x02" + "\x07\x0a\x01\x06memory\x02\x00")
	env, err := r.InstantiateWithConfig(ctx, memory, wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := r.InstantiateWithConfig(ctx, binary, wazero.NewModuleConfig().WithName("kernel"))
	if err != nil {
		t.Fatal(err)
	}
	in := &instance{t: t, memory: env.Memory(), module: k}
	// Every byte that no operation may write holds this.
	fill := bytes.Repeat([]byte{0xA5}, pages<<16)
	in.memory.Write(0, fill)
	in.next = 1 << 16
	return in
}

// room leaves n bytes between guards, not aligned beyond 4 bytes, as Go's
// allocations are.
func (in *instance) room(n int) uint32 {
	at := in.next + 68
	in.next = at + uint32(n)
	return at
}

func put[T any](in *instance, v []T) uint32 {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, v)
	at := in.room(b.Len())
	if !in.memory.Write(at, b.Bytes()) {
		in.t.Fatal("out of memory")
	}
	in.next = (in.next + 3) &^ 3
	return at
}

func (in *instance) floats(at uint32, n int) []float32 {
	b, ok := in.memory.Read(at, uint32(4*n))
	if !ok {
		in.t.Fatal("out of memory")
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func (in *instance) call(name string, args ...any) {
	stack := make([]uint64, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case uint32:
			stack[i] = uint64(a)
		case int:
			stack[i] = api.EncodeI32(int32(a))
		case float32:
			stack[i] = api.EncodeF32(a)
		}
	}
	if _, err := in.module.ExportedFunction(name).Call(context.Background(), stack...); err != nil {
		in.t.Fatalf("%s: %v", name, err)
	}
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v (%#x), plain Go gives %v (%#x)", what, i,
				got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// rows returns m rows of n values with zero padding.
func rows(r *rand.Rand, m, n int, spread float64) []float32 {
	x := make([]float32, m*matrix.Pad(n))
	for i := range m {
		for j := range n {
			x[i*matrix.Pad(n)+j] = float32(r.NormFloat64() * spread)
		}
	}
	return x
}

// pack packs weights in the kernel's order, written independently.
func pack(w []int8, n, k int) []int8 {
	N, K := matrix.Pad(n), matrix.Pad(k)
	p := make([]int8, N*K)
	for i := range n {
		for j := range k {
			p[i/8*8*K+j/2*16+i%8*2+j%2] = w[i*k+j]
		}
	}
	return p
}

var shapes = [][3]int{ // m, n, k
	{1, 1, 1}, {1, 16, 16}, {2, 17, 3}, {3, 5, 7}, {4, 16, 16}, {5, 40, 33}, {6, 8, 130}, {7, 100, 129},
	{11, 65, 300}, {16, 384, 128}, {33, 128, 512}, {64, 512, 128}, {64, 1000, 128},
}

func portable(t *testing.T) {
	was := matrix.Current()
	if err := matrix.Use(matrix.Portable); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { matrix.Use(was) })
}

// packQuads is pack for relaxed.wasm.
func packQuads(w []int8, n, k int) []int8 {
	N, K := matrix.Pad(n), matrix.Pad(k)
	p := make([]int8, N*K)
	for i := range n {
		for j := range k {
			p[i/8*8*K+j/4*32+i%8*4+j%4] = w[i*k+j]
		}
	}
	return p
}

func TestInt8(t *testing.T) { testInt8(t, Binary, pack) }

// relaxed.wasm has the same bits on processors of both kinds. wazero does not have the
// instruction, so the kernel is compiled with others that do as each kind does.
func TestRelaxedInt8(t *testing.T) {
	for kind, flags := range map[string][]string{"as SDOT": {"-DSIGNED"}, "as VPDPBUSD": nil} {
		t.Run(kind, func(t *testing.T) {
			binary, err := os.ReadFile(filepath.Join(compile(t, append(flags, "-include", "testdata/dot.h")...), "relaxed.wasm"))
			if err != nil {
				t.Fatal(err)
			}
			testInt8(t, binary, packQuads)
		})
	}
}

func testInt8(t *testing.T, binary []byte, pack func(w []int8, n, k int) []int8) {
	portable(t)
	r := rand.New(rand.NewPCG(1, 1))
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		N, K := matrix.Pad(n), matrix.Pad(k)
		for _, spread := range []float64{1, 1e-6, 1e6, 1e-33} {
			w, scale, bias := make([]int8, n*k), make([]float32, n), rows(r, 1, n, 1)
			for i := range w {
				w[i] = int8(r.IntN(256) - 128)
			}
			for i := range scale {
				scale[i] = r.Float32() / 100
			}
			x := rows(r, m, k, spread)
			if m > 2 {
				clear(x[K : 2*K]) // a row of nothing
			}
			layer, err := matrix.NewInt8(w, scale, bias[:n], n, k)
			if err != nil {
				t.Fatal(err)
			}
			var scratch matrix.Scratch
			want, most := make([]float32, m*N), make([]float32, N)
			scratch.Linear(want, x, m, layer)
			scratch.Max(most, x, m, layer)

			in := instanceOf(t, binary)
			wscale := make([]float32, N)
			copy(wscale, scale)
			px, pw, ps, pb := put(in, x), put(in, pack(w, n, k)), put(in, wscale), put(in, bias)
			q, qs, out, head := put(in, make([]int16, m*K)), put(in, make([]float32, m)), put(in, want), put(in, most)
			in.memory.Write(out, bytes.Repeat([]byte{0xA5}, 4*len(want)))
			in.call("quantize", px, q, qs, m, K)
			in.call("linear_int8", q, qs, pw, ps, pb, out, m, N, K)
			in.call("head_int8", q, qs, pw, ps, pb, head, m, N, K)
			same(t, fmt.Sprint("linear_int8 ", s, spread), in.floats(out, m*N), want)
			same(t, fmt.Sprint("head_int8 ", s, spread), in.floats(head, N), most)
			in.guards(px, pw, ps, pb, q, qs, out, head)
		}
	}
}

// guards checks the bytes before each allocation, the low memory, where a C
// stack or globals would be, and what lies after the last.
func (in *instance) guards(at ...uint32) {
	in.t.Helper()
	check := func(from, to uint32) {
		b, _ := in.memory.Read(from, to-from)
		for i, v := range b {
			if v != 0xA5 {
				in.t.Fatalf("byte %d was written, which belongs to no operand", int(from)+i)
			}
		}
	}
	check(0, 1<<16)
	for _, a := range at {
		check(a-64, a)
	}
	check(in.next+4, pages<<16)
}

func TestMatmul(t *testing.T) {
	portable(t)
	r := rand.New(rand.NewPCG(2, 2))
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		N, K := matrix.Pad(n), matrix.Pad(k)
		x, w, bias := rows(r, m, k, 1), rows(r, 1, n*k, 1)[:n*k], rows(r, 1, n, 1)
		layer, err := matrix.NewFloat32(w, bias[:n], n, k)
		if err != nil {
			t.Fatal(err)
		}
		var scratch matrix.Scratch
		want := make([]float32, m*N)
		scratch.Linear(want, x, m, layer)

		b := make([]float32, k*N)
		for i := range n {
			for j := range k {
				b[j*N+i] = w[i*k+j]
			}
		}
		in := instantiate(t)
		px, pb, pbias, out := put(in, x), put(in, b), put(in, bias), put(in, make([]float32, m*N))
		in.call("matmul", px, pb, pbias, out, K, N, N, m, N, k)
		same(t, fmt.Sprint("matmul ", s), in.floats(out, m*N), want)
		in.guards(px, pb, pbias, out)
		if layer, err = matrix.NewFloat32(w, nil, n, k); err != nil {
			t.Fatal(err)
		}
		scratch.Linear(want, x, m, layer)
		in.call("matmul", px, pb, uint32(0), out, K, N, N, m, N, k)
		// Linear adds a bias of zero, which turns -0 into +0; else nothing.
		got := in.floats(out, m*N)
		for i := range got {
			got[i] += 0
		}
		same(t, fmt.Sprint("matmul without bias ", s), got, want)
	}
}

func TestAttention(t *testing.T) {
	portable(t)
	r := rand.New(rand.NewPCG(3, 3))
	for _, s := range [][3]int{{1, 1, 16}, {2, 2, 16}, {3, 1, 32}, {4, 2, 64}, {5, 3, 32}, {16, 12, 32}, {31, 2, 64}, {64, 2, 64}, {65, 1, 48}, {130, 2, 64}} {
		m, heads, D := s[0], s[1], s[2]
		for _, spread := range []float64{1, 5} { // the second reaches exp's floor
			qkv, want := rows(r, m, 3*heads*D, spread), make([]float32, m*heads*D)
			scale := float32(1 / math.Sqrt(float64(D)))
			var scratch matrix.Scratch
			scratch.Attention(want, qkv, m, heads, D, scale)
			in := instantiate(t)
			work := make([]float32, matrix.Pad(m)*(D+16))
			for i := range work { // what another call left behind
				work[i] = 1e30
			}
			px, out, pw := put(in, qkv), put(in, want), put(in, work)
			in.call("attention", px, out, pw, m, heads, D, scale)
			same(t, fmt.Sprint("attention ", s, spread), in.floats(out, len(want)), want)
			in.guards(px, out, pw)
		}
	}
}

func TestAddNorm(t *testing.T) {
	portable(t)
	r := rand.New(rand.NewPCG(4, 4))
	for _, s := range [][2]int{{1, 1}, {2, 2}, {3, 15}, {4, 16}, {5, 17}, {7, 31}, {64, 128}, {3, 312}, {2, 768}} {
		m, n := s[0], s[1]
		for _, withY := range []bool{true, false} {
			x, y, gamma, beta := rows(r, m, n, 3), rows(r, m, n, 1), rows(r, 1, n, 1), rows(r, 1, n, 1)
			in := instantiate(t)
			px, py, pg, pb := put(in, x), put(in, y), put(in, gamma), put(in, beta)
			if !withY {
				y = nil
				py = 0
			}
			matrix.AddNorm(x, y, gamma, beta, m, n, 1e-12)
			in.call("add_norm", px, py, pg, pb, m, n, float32(1e-12))
			same(t, fmt.Sprint("add_norm ", s, withY), in.floats(px, len(x)), x)
			in.guards(px, pg, pb)
		}
	}
}

func TestGELU(t *testing.T) {
	portable(t)
	var x []float32
	for v := float32(-14); v < 14; v += 0.00173 {
		x = append(x, v)
	}
	x = append(x, 0, float32(math.Copysign(0, -1)), 1e-38, -1e-38, 1e30, -1e30, 1e-44)
	x = append(x, make([]float32, matrix.Pad(len(x))-len(x))...)
	in := instantiate(t)
	at := put(in, x)
	in.call("gelu", at, len(x))
	matrix.GELU(x)
	same(t, "gelu", in.floats(at, len(x)), x)
	in.guards(at)
}
