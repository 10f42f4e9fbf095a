package encoder

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"parley/shared/conversation"
	"parley/shared/matrix"
)

// Every logit of 240 texts, on every path, against transformers, which
// testdata/logits.py runs:
//
//	PARLEY_PYTHON=python3 PARLEY_MODEL=/folder/of/splade-tiny \
//	PARLEY_TEXTS='/folder/*.jsonl.gz' go test -run EveryLogit -v ./shared/encoder
func TestEveryLogitEqualsTransformers(t *testing.T) {
	python, model, texts := os.Getenv("PARLEY_PYTHON"), os.Getenv("PARLEY_MODEL"), os.Getenv("PARLEY_TEXTS")
	if python == "" || model == "" || texts == "" {
		t.Skip("PARLEY_PYTHON, PARLEY_MODEL and PARLEY_TEXTS name an interpreter with transformers, a float model and texts")
	}
	paths, err := filepath.Glob(texts)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files match %s", texts)
	}
	var sessions []*Session
	for _, p := range matrix.Paths() {
		if p == matrix.Portable && testing.Short() {
			continue
		}
		matrix.Use(p)
		sessions = append(sessions, load(t, folder(model)).NewSession())
	}
	small, err := Quantize(folder(model), nil)
	if err != nil {
		t.Fatal(err)
	}
	int8 := load(t, with(nil, small)).NewSession()

	cmd := exec.Command(python, append([]string{"testdata/logits.py", model, "240"}, paths...)...)
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
	vocab := int8.e.Vocab()
	count, logits, worst := 0, 0, 0.0
	var cosine float64
	for ; ; count++ {
		var n int32
		if err := binary.Read(r, binary.LittleEndian, &n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		ids, types, want := make([]int32, n), make([]int32, n), make([]float32, int(n)*vocab)
		for _, to := range []any{ids, types, want} {
			if err := binary.Read(r, binary.LittleEndian, to); err != nil {
				t.Fatal(err)
			}
		}
		in := conversation.Input{IDs: ids}
		for _, x := range types {
			in.Types = append(in.Types, uint8(x))
		}
		for i, s := range sessions {
			got, err := s.logits(in)
			if err != nil {
				t.Fatal(err)
			}
			V := matrix.Pad(vocab)
			for j := range want {
				d := math.Abs(float64(got[j/vocab*V+j%vocab] - want[j]))
				if !(d <= 1e-4) {
					t.Fatalf("text %d, %d tokens, path %v: logit [%d][%d] is %v, transformers gives %v", count, n, matrix.Paths()[i], j/vocab, j%vocab, got[j/vocab*V+j%vocab], want[j])
				}
				worst = max(worst, d)
			}
			logits += len(want)
		}
		v, _, _ := sessions[0].Encode(in)
		v = v.Clone()
		u, _, err := int8.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		cosine += float64(v.Dot(u)) / math.Sqrt(float64(v.Dot(v))*float64(u.Dot(u)))
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if count < 200 {
		t.Fatalf("%d texts, wanted 200 or more", count)
	}
	t.Logf("%d texts, %d logits compared, the largest difference %.2g; mean cosine of int8 and float vectors %.5f", count, logits, worst, cosine/float64(count))
}
