// Package onnx reads a BERT encoder's weights from an ONNX file.
//
// An ONNX file is a protobuf message, ModelProto. Read uses these fields, by number
// (the schema is https://github.com/onnx/onnx/blob/main/onnx/onnx.proto):
//
//	ModelProto      2 producer_name, text    7 graph, GraphProto    25 functions
//	GraphProto      1 node, NodeProto ...    5 initializer, TensorProto ...
//	                15 sparse_initializer
//	NodeProto       1 input, text ...        2 output, text ...     3 name, text
//	                4 op_type, text          5 attribute, AttributeProto ...
//	                7 domain, text
//	AttributeProto  1 name, text             2 f, float32           3 i, int64
//	                4 s, text                5 t, TensorProto       8 ints, int64 ...
//	TensorProto     1 dims, int64 ...        2 data_type            4 float_data, float32 ...
//	                7 int64_data, int64 ...  8 name, text           9 raw_data, little endian
//	                14 data_location: 1 if the data are in another file
//
// The graph is a list of nodes, each of which is an operator on named values.
// Initialisers are the values that exist from the start: the weights. The names of
// weights and nodes come from the program that the file was exported from, Hugging
// Face's.
package onnx

import (
	"encoding/binary"
	"math"
)

// A graph is what Read uses of a file. Its tensors are in the file's memory.
type graph struct {
	producer string
	nodes    []node
	weights  []tensor
}

type node struct {
	name, op, domain string
	inputs, outputs  []string
	attributes       []attribute
	at               int
}

type attribute struct {
	name string
	i    int64
	f    float32
	s    string
	t    *tensor
	ints []int64
}

// The types of elements, with their numbers in TensorProto.DataType.
const (
	typeFloat    = 1
	typeInt64    = 7
	typeFloat16  = 10
	typeBFloat16 = 16
)

var typeNames = map[int]string{1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
	8: "text", 9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16", 21: "uint4", 22: "int4"}

// A tensor has its elements in raw, or else in floats (packed float32s) or ints.
type tensor struct {
	name        string
	dims        []int
	kind        int
	raw, floats []byte
	ints        []int64
	at          int
	elsewhere   bool // the data are in another file
}

// Limits on the contents of a file. BERT-large has 24 layers, about 400 weights and
// 2,000 nodes. A node of a few bytes takes a hundred in memory.
const (
	maxNodes   = 100_000
	maxWeights = 20_000
	maxDims    = 8
	maxInputs  = 100_000 // of all nodes together, inputs and outputs
)

// parse reads a file's graph and checks every bound.
func parse(data []byte) (*graph, error) {
	g, found, values := &graph{}, false, 0
	text := func(message string, x field, to *string) error {
		if err := x.want(message, length); err != nil {
			return err
		}
		*to = string(x.body)
		return nil
	}
	err := eachField("ModelProto", data, 0, func(x field) error {
		switch x.number {
		case 2:
			return text("ModelProto", x, &g.producer)
		case 25:
			return bad(x.at, "the model defines operators of its own; export it without them (torch.onnx.export with dynamo=False)")
		case 7:
			if found {
				return bad(x.at, "a second graph; an ONNX file has one")
			}
			found = true
		default:
			return nil
		}
		if err := x.want("ModelProto", length); err != nil {
			return err
		}
		return eachField("GraphProto", x.body, x.start, func(x field) error {
			switch x.number {
			case 1:
				if len(g.nodes) == maxNodes {
					return bad(x.at, "more than %d nodes; this is not BERT", maxNodes)
				}
				n, err := parseNode(x)
				if err != nil {
					return err
				}
				if values += len(n.inputs) + len(n.outputs); values > maxInputs {
					return bad(x.at, "more than %d inputs and outputs; this is not BERT", maxInputs)
				}
				g.nodes = append(g.nodes, n)
			case 5:
				if len(g.weights) == maxWeights {
					return bad(x.at, "more than %d weights; this is not BERT", maxWeights)
				}
				t, err := parseTensor(x)
				if err != nil {
					return err
				}
				g.weights = append(g.weights, *t)
			case 15:
				return bad(x.at, "the model has sparse weights; only dense ones are known here")
			}
			return nil
		})
	})
	if err == nil && !found {
		err = bad(0, "no graph is in the file's %d bytes; it is cut off, or not an ONNX file", len(data))
	}
	if err != nil {
		return nil, err
	}
	return g, nil
}

func parseNode(x field) (n node, err error) {
	n.at = x.at
	if err := x.want("GraphProto", length); err != nil {
		return n, err
	}
	err = eachField("NodeProto", x.body, x.start, func(x field) error {
		switch x.number {
		case 1, 2, 3, 4, 5, 7:
			if err := x.want("NodeProto", length); err != nil {
				return err
			}
		}
		switch x.number {
		case 1:
			n.inputs = append(n.inputs, string(x.body))
		case 2:
			n.outputs = append(n.outputs, string(x.body))
		case 3:
			n.name = string(x.body)
		case 4:
			n.op = string(x.body)
		case 7:
			n.domain = string(x.body)
		case 5:
			if len(n.attributes) == 100 {
				return bad(x.at, "NodeProto: more than 100 attributes")
			}
			a, err := parseAttribute(x)
			if err != nil {
				return err
			}
			n.attributes = append(n.attributes, a)
		}
		return nil
	})
	return n, err
}

func parseAttribute(x field) (a attribute, err error) {
	err = eachField("AttributeProto", x.body, x.start, func(x field) (err error) {
		kinds := map[int]int{1: length, 2: fixed32, 3: varint, 4: length, 5: length}
		if kind, ok := kinds[x.number]; ok {
			if err := x.want("AttributeProto", kind); err != nil {
				return err
			}
		}
		switch x.number {
		case 1:
			a.name = string(x.body)
		case 2:
			a.f = math.Float32frombits(uint32(x.value))
		case 3:
			a.i = int64(x.value)
		case 4:
			a.s = string(x.body)
		case 5:
			a.t, err = parseTensor(x)
		case 8:
			a.ints, err = x.ints("AttributeProto", a.ints)
		}
		return err
	})
	return a, err
}

// parseTensor reads a tensor. If its type is one that is read here, the number of its
// elements must agree with its shape.
func parseTensor(x field) (*tensor, error) {
	t := &tensor{at: x.at}
	if err := x.want("TensorProto", length); err != nil {
		return nil, err
	}
	var dims []int64
	err := eachField("TensorProto", x.body, x.start, func(x field) (err error) {
		switch x.number {
		case 1:
			if dims, err = x.ints("TensorProto", dims); err == nil && len(dims) > maxDims {
				err = bad(x.at, "TensorProto: more than %d dimensions", maxDims)
			}
		case 2:
			err = x.want("TensorProto", varint)
			t.kind = int(min(x.value, math.MaxInt32))
		case 4:
			// Packed, as all current writers write them; a single one would have kind
			// 5.
			err = x.want("TensorProto", length)
			t.floats = x.body
		case 7:
			t.ints, err = x.ints("TensorProto", t.ints)
		case 8:
			err = x.want("TensorProto", length)
			t.name = string(x.body)
		case 9:
			err = x.want("TensorProto", length)
			t.raw = x.body
		case 14:
			err = x.want("TensorProto", varint)
			t.elsewhere = x.value != 0
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	n := 1
	for _, d := range dims {
		if d < 0 || d > math.MaxInt32 || (d > 0 && n > math.MaxInt32/int(d)) {
			return nil, bad(x.at, "tensor %q has shape %v, which no file can hold", t.name, dims)
		}
		n *= int(d)
		t.dims = append(t.dims, int(d))
	}
	if t.elsewhere {
		return t, nil
	}
	width := map[int]int{typeFloat: 4, typeInt64: 8, typeFloat16: 2, typeBFloat16: 2}[t.kind]
	switch {
	case width == 0: // not used here, and refused where it would be used
	case t.kind == typeFloat && t.floats != nil && t.raw == nil:
		t.raw = t.floats
		fallthrough
	case t.raw != nil || n == 0:
		if len(t.raw) != n*width {
			return nil, bad(x.at, "tensor %q has %d bytes, its shape %v of %s takes %d", t.name, len(t.raw), t.dims, typeNames[t.kind], n*width)
		}
		if t.kind == typeInt64 {
			t.ints = make([]int64, n)
			for i := range t.ints {
				t.ints[i] = int64(binary.LittleEndian.Uint64(t.raw[8*i:]))
			}
		}
	case t.kind == typeInt64 && len(t.ints) == n:
	default:
		return nil, bad(x.at, "tensor %q does not have as many elements as its shape %v of %s requires", t.name, t.dims, typeNames[t.kind])
	}
	return t, nil
}

func (n *node) attribute(name string) (attribute, bool) {
	for _, a := range n.attributes {
		if a.name == name {
			return a, true
		}
	}
	return attribute{}, false
}
