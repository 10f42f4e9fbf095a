//go:build libtorch

package train

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/shared/safetensors"
	"parley/trainer/candidates"
)

// smallReader writes examples in which the passage that answers has the question's letter,
// in the sentence that answers, and gives a run's configuration on them.
func smallReader(t *testing.T, folder string) ReaderConfig {
	t.Helper()
	r := rand.New(rand.NewPCG(8, 8))
	letter := func(not string) string {
		for {
			if l := string(rune('a' + r.IntN(26))); l != not {
				return l
			}
		}
	}
	for name, n := range map[string]int{"train.jsonl": 60, "dev.jsonl": 12} {
		var all []candidates.Example
		for i := range n {
			q := letter("")
			e := candidates.Example{ID: fmt.Sprint(i), Source: candidates.Answers, Questions: []string{q}}
			for k := range 3 {
				p := candidates.Passage{Text: letter(q) + " " + letter(q) + "? " + strings.ToUpper(letter(q)) + " " + letter(q) + "?"}
				if k == 0 && i%4 > 0 {
					p.Text = p.Text[:5] + strings.ToUpper(q) + p.Text[6:]
					p.Relevant, p.Sentences = true, []int{1}
				}
				e.Passages = append(e.Passages, p)
			}
			all = append(all, e)
		}
		var b bytes.Buffer
		if err := candidates.Write(&b, all); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := DefaultReader()
	c.Encoder, c.Vocabulary = "../torch/testdata/bare", "../teacher/testdata/sentence"
	c.Lower, c.Layers, c.QueryTokens, c.PassageTokens = 1, 1, 6, 10
	c.Examples, c.Dev = []string{filepath.Join(folder, "train.jsonl")}, []string{filepath.Join(folder, "dev.jsonl")}
	c.Rate, c.Batch, c.Epochs, c.SaveEvery, c.Threads = 1e-2, 6, 3, 1000, 1
	return c
}

// A reader learns, keeps what it shares with the dense encoder, and a run that is stopped
// and continued ends with the same bytes.
func TestRunTrainsAReader(t *testing.T) {
	folder := t.TempDir()
	c := smallReader(t, folder)
	c.Out = filepath.Join(folder, "whole")
	if err := RunReader(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFinishedReader(c.Out)
	if err != nil || f.Steps != 30 || !IsReader(c.Out) || f.Provenance.Train != 60 || len(f.Provenance.SHA256) < 5 {
		t.Fatalf("%v, %+v", err, f)
	}
	var dev []float64
	for _, l := range f.Log {
		if l.Dev() {
			dev = append(dev, l["dev_loss"])
		} else if l["pairs"] == 0 || l["norm"] == 0 {
			t.Errorf("step %v: %v", l["step"], l)
		}
	}
	if len(dev) != 3 || !(dev[2] < dev[0]) {
		t.Errorf("the dev loss was %v", dev)
	}
	read := func(path string) *safetensors.File {
		data, err := os.ReadFile(filepath.Join(path, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := safetensors.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	before := read(c.Encoder)
	for _, x := range read(filepath.Join(c.Out, "best")).Tensors {
		was, ok := before.Tensor(x.Name)
		trains := strings.HasPrefix(x.Name, "encoder.layer.1.") || strings.HasPrefix(x.Name, "relevance.") || strings.HasPrefix(x.Name, "sentence.")
		if same := ok && bytes.Equal(was.Data, x.Data); same == trains {
			t.Errorf("%s trains: %v, stays the same: %v", x.Name, trains, same)
		}
	}

	whole := c.Out
	c.Out = filepath.Join(folder, "stopped")
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		for {
			if data, _ := os.ReadFile(filepath.Join(c.Out, "log.jsonl")); bytes.Count(data, []byte("\n")) >= 4 {
				stop()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if err := RunReader(ctx, c, false, quiet(t)); err == nil {
		t.Skip("ended before it could be stopped")
	}
	if _, err := ReadFinishedReader(c.Out); err == nil || !strings.Contains(err.Error(), "trainer reader --resume") {
		t.Error(err)
	}
	if err := RunReader(context.Background(), c, true, quiet(t)); err != nil {
		t.Fatal(err)
	}
	same(t, whole, c.Out)
}

func TestRunReaderRefusesWhatCannotWork(t *testing.T) {
	folder := t.TempDir()
	good := smallReader(t, folder)
	for name, c := range map[string]struct {
		change func(*ReaderConfig)
		want   string
	}{
		"layers":     {func(c *ReaderConfig) { c.Layers = 9 }, "layers"},
		"vocabulary": {func(c *ReaderConfig) { c.Vocabulary = folder }, "--vocabulary"},
		"other":      {func(c *ReaderConfig) { c.Vocabulary = "../../models/splade-tiny" }, "vocabulary of"},
		"length":     {func(c *ReaderConfig) { c.PassageTokens = 1000 }, "positions"},
		"examples":   {func(c *ReaderConfig) { c.Examples = []string{filepath.Join(folder, "none")} }, "none"},
		"encoder":    {func(c *ReaderConfig) { c.Encoder = "../teacher/testdata" }, "BertModel"},
	} {
		x := good
		x.Out = filepath.Join(folder, name)
		c.change(&x)
		if err := RunReader(context.Background(), x, false, quiet(t)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if _, err := os.Stat(x.Out); err == nil {
			t.Errorf("%s: a run that could not begin left a folder", name)
		}
	}
}
