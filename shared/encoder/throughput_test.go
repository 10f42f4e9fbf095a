package encoder

import (
	"encoding/binary"
	"flag"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/shared/conversation"
	"parley/shared/matrix"
)

var throughput struct {
	ids, model, path, kind string
	workers                int
}

func init() {
	t := &throughput
	flag.StringVar(&t.ids, "ids", "", "TestThroughput: a file of token ids, int32 n and int32 ids[n] for each passage")
	flag.StringVar(&t.model, "model", "", "TestThroughput: a folder with float weights")
	flag.StringVar(&t.path, "path", "", "TestThroughput: the path of package matrix (default: the fastest)")
	flag.StringVar(&t.kind, "kind", "int8", "TestThroughput: int8 or float, or dense: a Sentence in int8")
	flag.IntVar(&t.workers, "workers", 1, "TestThroughput: goroutines")
}

// TestThroughput is one side of testdata/throughput.py, which compares it with
// PyTorch, and of testdata/dense_throughput.py, which compares a dense encoder with
// onnxruntime.
func TestThroughput(t *testing.T) {
	o := &throughput
	if o.ids == "" || o.model == "" {
		t.Skip("testdata/throughput.py runs this")
	}
	if o.path != "" {
		defer matrix.Use(matrix.Current())
		if err := matrix.Use(matrix.Path(o.path)); err != nil {
			t.Fatal(err)
		}
	}
	files := folder(o.model)
	if o.kind == "int8" {
		small, err := Quantize(files, nil)
		if err != nil {
			t.Fatal(err)
		}
		files = with(nil, small)
	}
	var session func() func(conversation.Input) error
	if o.kind == "dense" {
		s, err := LoadSentence(files)
		if err != nil {
			t.Fatal(err)
		}
		session = func() func(conversation.Input) error {
			one, v := s.NewSession(), make([]float32, s.Dim())
			return func(in conversation.Input) error { return one.Embed(v, in) }
		}
	} else {
		e := load(t, files)
		session = func() func(conversation.Input) error {
			s := e.NewSession()
			return func(in conversation.Input) error {
				_, _, err := s.Encode(in)
				return err
			}
		}
	}
	data, err := os.ReadFile(o.ids)
	if err != nil {
		t.Fatal(err)
	}
	var inputs []conversation.Input
	for len(data) > 0 {
		n := int(binary.LittleEndian.Uint32(data))
		in := conversation.Input{Types: make([]uint8, n)}
		for i := range n {
			in.IDs = append(in.IDs, int32(binary.LittleEndian.Uint32(data[4+4*i:])))
		}
		inputs, data = append(inputs, in), data[4+4*n:]
	}
	start := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for range o.workers {
		all.Go(func() {
			encode := session()
			for i := next.Add(1) - 1; i < int64(len(inputs)); i = next.Add(1) - 1 {
				if err := encode(inputs[i]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	t.Logf("%s, %s, %d workers: %.1f passages/s", matrix.Current(), o.kind, o.workers, float64(len(inputs))/time.Since(start).Seconds())
}
