package tensorboard

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bytes equal those of TensorBoard's own writer, which were checked with its
// reader (golden.py).
func TestEqualsTensorBoardsWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.out.tfevents")
	w, err := Create(path, 1700000000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []struct {
		wall   float64
		step   int64
		values map[string]float64
	}{
		{1700000000.25, 1, map[string]float64{"dev/ndcg10": .5, "train/loss": 3.25}},
		{1700000001.5, 2, map[string]float64{"train/loss": -1e-7}},
		{1700000002, 300, map[string]float64{"train/" + strings.Repeat("x", 150): 7e8, "train/loss": .1}},
		{1700000003, 1 << 40, map[string]float64{"train/loss": 0}},
		{1700000004, 0, map[string]float64{"b": 1}},
	} {
		if err := w.Write(e.wall, e.step, e.values); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/golden.tfevents")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%x\nwanted\n%x", got, want)
	}
}

func TestSaysWhatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent", "events.out.tfevents")
	if _, err := Create(path, 0); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if w, err := Create("/dev/full", 0); err == nil {
		w.Close()
		t.Error("wrote to a full disk")
	} else if _, gone := os.Stat("/dev/full"); gone == nil && !strings.Contains(err.Error(), "no space") {
		t.Errorf("error %v", err)
	}
}
