package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/shared/example"
)

// file returns a file with the given header and body, right or wrong.
func file(header, body string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), body...)
}

func TestWriteThenReadGivesTheSameTensors(t *testing.T) {
	in := []Tensor{
		FromInt8s("b.weight", []int8{-128, 127, 0, 1, 2, 3}, 2, 3),
		FromFloat32s("a", []float32{1, -2.5}, 2),
		FromFloat32s("scalar", []float32{7}),
		FromFloat32s("empty", nil, 0, 4),
	}
	data, err := Write(in, map[string]string{"format": "pt", "a": "b"})
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Write([]Tensor{in[3], in[2], in[1], in[0]}, map[string]string{"a": "b", "format": "pt"})
	if !bytes.Equal(data, again) {
		t.Error("the order of the tensors given changes the bytes written")
	}
	f, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata["format"] != "pt" || len(f.Tensors) != 4 {
		t.Fatalf("read %d tensors, metadata %v", len(f.Tensors), f.Metadata)
	}
	for _, want := range in {
		got, ok := f.Tensor(want.Name)
		if !ok || got.DType != want.DType || len(got.Shape) != len(want.Shape) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s: got %+v", want.Name, got)
		}
	}
	b, _ := f.Tensor("b.weight")
	if v, err := b.Int8s(); err != nil || !reflect.DeepEqual(v, []int8{-128, 127, 0, 1, 2, 3}) {
		t.Errorf("b.weight = %v, %v", v, err)
	}
	if _, err := b.Float32s(); err == nil {
		t.Error("Float32s of an I8 tensor gave no error")
	}
}

// The bytes below were written by the reference implementation (safetensors
// 0.8.0: save({"w": float32[[1, 2]], "h": float16[0.5], "b": bfloat16[-3]})).
// The example's bytes were put together independently of this program.
func TestTheExampleInTheComment(t *testing.T) {
	want := example.Bytes(t, "safetensors.go")
	got, err := Write([]Tensor{
		{Name: "w", DType: I8, Shape: []int{2, 3}, Data: []byte{127, 0, 129, 64, 156, 1}},
		FromFloat32s("w.scale", []float32{.5, .25}, 2),
	}, nil)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, wrote\n% x, the comment says\n% x", err, got, want)
	}
	f, err := Read(want)
	if err != nil {
		t.Fatal(err)
	}
	scale, _ := f.Tensor("w.scale")
	if values, err := scale.Float32s(); err != nil || !slices.Equal(values, []float32{.5, .25}) {
		t.Errorf("w.scale is %v, %v", values, err)
	}
}

func TestReadReferenceFile(t *testing.T) {
	header := `{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]},"h":{"dtype":"F16","shape":[1],"data_offsets":[10,12]}}  `
	data := file(header, "\x00\x00\x80\x3f\x00\x00\x00\x40\x40\xc0\x00\x38")
	f, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"w": {1, 2}, "h": {0.5}, "b": {-3}} {
		x, _ := f.Tensor(name)
		if got, err := x.Float32s(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %v, %v; want %v", name, got, err, want)
		}
	}
	var back []Tensor
	for _, x := range f.Tensors {
		back = append(back, x)
	}
	if out, err := Write(back, nil); err != nil || !bytes.Equal(out, data) {
		t.Errorf("written back:\n%q\nwant\n%q (%v)", out, data, err)
	}
}

func TestReadRefusesAndSaysWhy(t *testing.T) {
	ok := `{"x":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}}`
	for _, c := range []struct{ header, body, want string }{
		{ok, "a", "cut off"},
		{ok, "abc", "belong to no tensor"},
		{`[]`, "", "not a JSON object"},
		{`{"x":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}`, "ab", "not JSON"},
		{ok + "x", "ab", "follows"},
		{`{"x":{"dtype":"I3","shape":[2],"data_offsets":[0,2]}}`, "ab", `unknown dtype "I3"`},
		{`{"x":{"dtype":"I8","shape":[3],"data_offsets":[0,2]}}`, "ab", "takes 3 bytes"},
		{`{"x":{"dtype":"I8","shape":[-2],"data_offsets":[0,2]}}`, "ab", "negative"},
		{`{"x":{"dtype":"I8","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,2]}}`, "ab", "overflows"},
		{`{"x":{"dtype":"I8","shape":[9223372036854775807],"data_offsets":[0,2]}}`, "ab", "beyond"},
		{`{"x":{"dtype":"I8","data_offsets":[0,2]}}`, "ab", "no shape"},
		{`{"x":{"dtype":"I8","shape":[2],"data_offsets":[2,0]}}`, "ab", "backwards"},
		{`{"x":{"dtype":"I8","shape":[2],"data_offsets":[0]}}`, "ab", "wanted 2"},
		{`{"x":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"x":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}}`, "ab", "twice"},
		{`{"x":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"I8","shape":[2],"data_offsets":[1,3]}}`, "abc", "ends at byte"},
		{`{"x":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}`, "ab", "starts here"},
		{`{"x":7}`, "", "does not parse"},
		{`{"__metadata__":{"a":1}}`, "", "strings"},
	} {
		_, err := Read(file(c.header, c.body))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.header, err, c.want)
		}
	}
	for _, data := range [][]byte{nil, {1, 2, 3}, {255, 255, 255, 255, 255, 255, 255, 255}, {9, 0, 0, 0, 0, 0, 0, 0, '{'}} {
		if _, err := Read(data); err == nil {
			t.Errorf("% x: no error", data)
		}
	}
}

func TestFloat32sRefusesWhatIsNotFinite(t *testing.T) {
	x := FromFloat32s("w", []float32{0, float32(math.Inf(1))}, 2)
	if _, err := x.Float32s(); err == nil || !strings.Contains(err.Error(), "element 1") {
		t.Errorf("got %v", err)
	}
}

func TestHalf(t *testing.T) {
	for h, want := range map[uint16]float32{0: 0, 1: 1.0 / (1 << 24), 0x03FF: 1023.0 / (1 << 24), 0x0400: 1.0 / (1 << 14), 0x3C00: 1, 0x7BFF: 65504, 0xC000: -2} {
		if got := half(h); got != want {
			t.Errorf("half(%#x) = %v, want %v", h, got, want)
		}
	}
	if math.Signbit(float64(half(0x8000))) != true {
		t.Error("half(-0) lost its sign")
	}
}

func FuzzRead(f *testing.F) {
	ok, _ := Write([]Tensor{FromInt8s("x", []int8{1, 2}, 2), FromFloat32s("y", []float32{3}, 1, 1)}, map[string]string{"k": "v"})
	f.Add(ok)
	f.Add(ok[:len(ok)-1])
	f.Add(file(`{"x":{"dtype":"I8","shape":[0,9],"data_offsets":[0,0]}}`, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		for _, x := range file.Tensors {
			if len(x.Data) != x.Len()*x.DType.Size() {
				t.Fatalf("%s: %d bytes for shape %v of %s", x.Name, len(x.Data), x.Shape, x.DType)
			}
			x.Float32s()
			x.Int8s()
		}
		// Write, then Read, returns the same tensors.
		out, err := Write(file.Tensors, file.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(out); err != nil {
			t.Fatal(err)
		}
	})
}
