package train

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/trainer/tensorboard"
)

// sameEvents checks that a run has one event file, with the same values as its log.
func sameEvents(t *testing.T, run string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(run, "events.out.tfevents.*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("event files %v, %v; wanted one", found, err)
	}
	log, err := ReadLog(filepath.Join(run, "log.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "wanted")
	w, err := tensorboard.Create(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range log {
		if err := writeEvent(w, l); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	got, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const first = 40 // bytes of the first record, which has the time of the file
	if len(got) < first || !bytes.Equal(got[first:], want[first:]) {
		t.Errorf("%s is not what log.jsonl makes: %d bytes, wanted %d", found[0], len(got), len(want))
	}
}

func TestEventsSayWhatTheLogSays(t *testing.T) {
	dir := t.TempDir()
	lines := []string{
		`{"step":1,"epoch":1,"time":1700000000.5,"loss":2,"kld":1}`,
		`{"step":2,"epoch":1,"time":1700000001,"loss":1.5,"kld":0.5}`,
		`{"step":2,"epoch":1,"time":1700000002,"dev_ndcg10":0.25,"dev_r100":0.5}`,
		`{"step":3,"epoch":2,"loss":1}`, // as logs were before they had the time
	}
	text := []byte(strings.Join(lines, "\n") + "\n")
	if err := os.WriteFile(filepath.Join(dir, "log.jsonl"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, kept := range [][]byte{text[:len(text)/2], text} { // the second replaces the first
		kept = kept[:bytes.LastIndexByte(kept, '\n')+1]
		w, err := openEvents(dir, kept)
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	sameEvents(t, dir)
	if _, err := openEvents(dir, []byte("no line of a log\n")); err == nil || !strings.Contains(err.Error(), "log.jsonl") {
		t.Errorf("error %v", err)
	}
}
