package onnx

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"parley/shared/safetensors"
)

// open reads a file that testdata/tiny.py made.
func open(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".onnx.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func saved(t testing.TB) *safetensors.File {
	t.Helper()
	data, err := os.ReadFile("testdata/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every way of exporting an encoder gives the tensors that transformers saves for
// it, bit for bit, and its sizes.
func TestReadGivesWhatTransformersSaves(t *testing.T) {
	want := saved(t)
	for _, name := range []string{"plain", "fused", "unfolded", "pooler", "half"} {
		b, err := Read(open(t, name), 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := Bert{b.Vocab, b.Positions, b.Types, b.Hidden, b.Layers, b.Heads, b.Inner, b.Eps, b.Producer, nil}
		if x := (Bert{31, 16, 2, 12, 2, 3, 20, 1e-6, "pytorch", nil}); got.Vocab != x.Vocab || got.Positions != x.Positions || got.Types != x.Types ||
			got.Hidden != x.Hidden || got.Layers != x.Layers || got.Heads != x.Heads || got.Inner != x.Inner || got.Eps != x.Eps || got.Producer != x.Producer {
			t.Errorf("%s: sizes %+v, wanted %+v", name, got, x)
		}
		if len(b.Tensors) != len(want.Tensors) {
			t.Errorf("%s: %d tensors, wanted %d", name, len(b.Tensors), len(want.Tensors))
		}
		for _, x := range b.Tensors {
			w, ok := want.Tensor(x.Name)
			if !ok || !slices.Equal(w.Shape, x.Shape) {
				t.Errorf("%s: tensor %s of shape %v, transformers has %v", name, x.Name, x.Shape, w.Shape)
				continue
			}
			if name != "half" {
				if !bytes.Equal(x.Data, w.Data) {
					t.Errorf("%s: tensor %s has other bits", name, x.Name)
				}
				continue
			}
			a, _ := x.Float32s()
			for i, v := range must(w.Float32s()) {
				if math.Abs(float64(a[i]-v)) > math.Abs(float64(v))/2048+1e-7 {
					t.Errorf("%s: tensor %s [%d] is %v, in float32 it was %v", name, x.Name, i, a[i], v)
					break
				}
			}
		}
	}
}

func must(v []float32, err error) []float32 {
	if err != nil {
		panic(err)
	}
	return v
}

func TestReadRefusesByName(t *testing.T) {
	for name, want := range map[string]string{
		"int8": "quantised (operator", "optimised": "rewritten for one program", "distilbert": "DistilBERT", "gpt2": "decoder", "relu": "Relu",
	} {
		_, err := Read(open(t, name), 0)
		var typed *Error
		if !errors.As(err, &typed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; wanted a word of %q", name, err, want)
		}
	}
	if _, err := Read(open(t, "plain"), 4); err == nil || !strings.Contains(err.Error(), "3 attention heads, config.json says 4") {
		t.Errorf("other heads: %v", err)
	}
}

// A name that was changed in the file is found and reported.
func TestReadNamesWhatIsMissing(t *testing.T) {
	whole := open(t, "plain")
	for _, c := range []struct{ old, new, want string }{
		{"encoder.layer.1.output.LayerNorm.bias", "encoder.layer.1.output.LayerNorm.bile", `"encoder.layer.1.output.LayerNorm.bias" is missing`},
		{"embeddings.position_embeddings.weight", "embeddings.possession_embeddng.weight", `"embeddings.position_embeddings.weight" is missing`},
		{"/layer.1/attention/self/query/MatMul\x22\x06", "/layer.1/attention/self/value/MatMul\x22\x06", "encoder.layer.1.attention.self.value.weight and encoder.layer.1.attention.self.query.weight"},
		{"/encoder/layer.0/output/dense/MatMul", "/encoder/layer.0/outlet/dense/MatMul", ""}, // its bias says it
		{"/layer.1/attention/self/query/MatMul", "/layer.1/attention/self/value/MatMul", "which another node computes, too"},
		{"Softmax", "Hardmax", `operator "Hardmax"`},
	} {
		data := bytes.ReplaceAll(whole, []byte(c.old), []byte(c.new))
		if bytes.Equal(data, whole) {
			t.Fatalf("%s is not in the file", c.old)
		}
		_, err := Read(data, 0)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s for %s: %v", c.new, c.old, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v; wanted a word of %q", c.new, c.old, err, c.want)
		}
	}
}

func TestReadRefusesDamage(t *testing.T) {
	whole := open(t, "plain")
	for _, n := range []int{0, 1, 10, 1000, len(whole) / 2, len(whole) - 1} {
		var typed *Error
		if _, err := Read(whole[:n], 0); !errors.As(err, &typed) {
			t.Errorf("%d bytes of %d: %v", n, len(whole), err)
		}
	}
	message := func(number uint64, body ...byte) []byte {
		return append(binary.AppendUvarint(binary.AppendUvarint(nil, number<<3|2), uint64(len(body))), body...)
	}
	graph := func(body ...byte) []byte { return message(7, body...) }
	for want, data := range map[string][]byte{
		"wire kind 3":                    {7<<3 | 3},
		"no field begins":                {0},
		"field 7 ends after":             {7<<3 | 2, 200, 1},
		"field 1 is of wire kind":        graph(1<<3|0, 1),
		"a second graph":                 append(graph(), graph()...),
		"sparse":                         graph(message(15)...),
		"operators of its own":           message(25),
		"no file can hold":               graph(message(5, 8, 255, 255, 255, 255, 15, 8, 255, 255, 255, 255, 15)...),
		"takes 8":                        graph(message(5, append([]byte{8, 2, 16, 1}, message(9, 1, 2, 3, 4)...)...)...),
		"does not have as many elements": graph(message(5, 8, 2, 16, 1)...),
		"more than 8 dimensions":         graph(message(5, bytes.Repeat([]byte{8, 1}, 9)...)...),
		"there is no number here":        graph(message(5, message(1, 255)...)...),
		"is missing among 0":             graph(),
		"more than 100 attributes":       graph(message(1, bytes.Repeat([]byte{5<<3 | 2, 0}, 101)...)...),
	} {
		var typed *Error
		if _, err := Read(data, 0); !errors.As(err, &typed) || !strings.Contains(err.Error(), want) {
			t.Errorf("% x: %v; wanted a word of %q", data, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"plain", "unfolded", "pooler", "half"} {
		f.Add(open(f, name))
	}
	f.Add([]byte{7<<3 | 2, 4, 5<<3 | 2, 2, 8, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Read(data, 0)
		if err != nil {
			var typed *Error
			if !errors.As(err, &typed) {
				t.Fatalf("untyped error %v", err)
			}
			if typed.Offset < 0 || typed.Offset > int64(len(data)) {
				t.Fatalf("an error at byte %d of %d", typed.Offset, len(data))
			}
			return
		}
		if _, err := safetensors.Write(b.Tensors, nil); err != nil {
			t.Fatal(err)
		}
	})
}
