package experiment

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/shared/bundle"
	"parley/trainer/train"
)

// A desk is a Lab that only records its trainings and measurements.
type desk struct {
	*Lab
	trained, measured []string
	stop              bool // a training is interrupted before it has ended
	cancel            func()
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"data/encoder/config.json": "{}", "data/encoder/model.safetensors": "weights",
		"data/train-a.jsonl": "a", "data/train-b.jsonl": "b", "data/passages.jsonl": "p",
		"data/queries.jsonl": "q", "data/tasks.jsonl": "t", "data/qrels.tsv": "r",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stderr.Close() })
	d := &desk{}
	d.Lab = &Lab{
		Grid: readGrid(t, tiny), Data: filepath.Join(dir, "data"), Work: filepath.Join(dir, "work"), Out: filepath.Join(dir, "out"),
		Cache: "cache", Stderr: stderr,
	}
	d.Lab.run = func(ctx context.Context, c train.Config, resume bool, _ io.Writer) error {
		what := filepath.Base(c.Out)
		if resume {
			what += " again"
		}
		d.trained = append(d.trained, what)
		if c.Cache != "cache" || !slices.Equal(c.Examples, []string{filepath.Join(d.Data, "train-a.jsonl"), filepath.Join(d.Data, "train-b.jsonl")}) || c.Encoder != filepath.Join(d.Data, "encoder") {
			t.Errorf("trained with %+v", c)
		}
		if d.stop {
			d.cancel()
		}
		return fakeRun(t, c, !d.stop)
	}
	d.measure = func(ctx context.Context, r *Row, e *Evaluation, encoder string) (*Measured, error) {
		if r.Trained() != (encoder != "best") {
			t.Errorf("%s is measured with %q", r.Name(), encoder)
		}
		d.measured = append(d.measured, r.Name())
		return &Measured{Queries: 1, Metrics: map[string]float64{"recip_rank": 1}}, nil
	}
	return d
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var errStopped = errors.New("stopped")

// fakeRun writes the folder of a run, ended or not.
func fakeRun(t *testing.T, c train.Config, ended bool) error {
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.Out, "run.json"), string(config))
	write(t, filepath.Join(c.Out, "provenance.json"), `{"revision": "abc", "train_examples": 7, "dev_examples": 2}`)
	if !ended {
		write(t, filepath.Join(c.Out, "checkpoint/state.json"), `{"step": 1}`)
		return errStopped
	}
	write(t, filepath.Join(c.Out, "checkpoint/state.json"), `{"step": 2, "epoch": 1, "best": 1, "best_epoch": 1, "ended": true}`)
	write(t, filepath.Join(c.Out, "checkpoint/optimizer.safetensors"), "moments")
	write(t, filepath.Join(c.Out, "best/model.safetensors"), "weights")
	m, err := bundle.New([]bundle.File{bundle.Of("model.safetensors", "model.safetensors", []byte("weights"))})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.Out, "best.json"), string(m.Encode()))
	write(t, filepath.Join(c.Out, "log.jsonl"), `{"step":1,"epoch":1,"examples_per_second":8}
{"step":2,"epoch":1,"examples_per_second":16}
{"step":2,"epoch":1,"dev_r100":0.75,"dev_ndcg10":0.5,"dev_l0":20,"dev_r100/cast":0.5,"dev_ndcg10/cast":0.25}
`)
	return nil
}

func (d *desk) run(t *testing.T) error {
	t.Helper()
	d.trained, d.measured, d.sums = nil, nil, nil
	rows, err := d.Grid.Rows()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d.cancel = cancel
	return d.Run(ctx, rows)
}

func TestEveryRowIsDoneOnce(t *testing.T) {
	d := newDesk(t)
	if err := d.run(t); err != nil {
		t.Fatal(err)
	}
	// 13 of 14 rows, for the evaluation has no rewrites; the two of "cut" are measured
	// with the encoder of main/full.
	if len(d.trained) != 10 || len(d.measured) != 13 {
		t.Errorf("%d trainings, %d measured: %q", len(d.trained), len(d.measured), d.measured)
	}
	results, err := ReadResults(d.Out)
	if err != nil {
		t.Fatal(err)
	}
	trained := 0
	for _, r := range results {
		if r.Training == "" {
			continue
		}
		trained++
		// 32 examples a step, 8 and 16 a second.
		if r.TrainingSeconds != 6 || r.Dev == nil || r.Dev.R100 != .75 || r.Dev.Sources["cast"] != (DevPart{.25, .5}) || r.Examples != 7 || r.Steps != 2 || r.Revision != "abc" || len(r.Data) != 5 {
			t.Errorf("%+v", r)
		}
		if _, err := os.Stat(filepath.Join(d.Work, "trainings", r.Training, "checkpoint/optimizer.safetensors")); err == nil {
			t.Error("the moments of a training that has ended are kept")
		}
	}
	if len(results) != 13 || trained != 12 {
		t.Errorf("%d results, %d of trainings", len(results), trained)
	}
	if err := d.run(t); err != nil || len(d.trained)+len(d.measured) > 0 {
		t.Errorf("again: %q trained, %q measured, %v", d.trained, d.measured, err)
	}
}

func TestChangedDataAreNewWork(t *testing.T) {
	d := newDesk(t)
	if err := d.run(t); err != nil {
		t.Fatal(err)
	}
	// Other queries: everything is measured again, nothing trained.
	write(t, filepath.Join(d.Data, "queries.jsonl"), "other")
	if err := d.run(t); err != nil {
		t.Fatal(err)
	}
	if len(d.trained) != 0 || len(d.measured) != 13 {
		t.Errorf("other queries: %d trainings, %d measured", len(d.trained), len(d.measured))
	}
	write(t, filepath.Join(d.Data, "train-b.jsonl"), "other")
	if err := d.run(t); err != nil {
		t.Fatal(err)
	}
	if len(d.trained) != 10 || len(d.measured) != 12 {
		t.Errorf("other examples: %d trainings, %d measured", len(d.trained), len(d.measured))
	}
}

// A row that was measured before a further set was added is done without that set,
// unless Lab.Choices is set. A row that is not measured yet is measured on it.
func TestFurtherSetsToChooseOn(t *testing.T) {
	d := newDesk(t)
	rows, err := d.Grid.Rows()
	if err != nil {
		t.Fatal(err)
	}
	old := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Experiment == "main" })
	if err := d.Run(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	before := len(d.measured)
	further := d.Grid.Evaluations[0]
	further.Name, further.Short = "The further set", "further"
	d.Grid.Choices = []Evaluation{further}
	if err := d.run(t); err != nil {
		t.Fatal(err)
	}
	if len(d.measured) != 2*(13-before) {
		t.Errorf("measured %q, wanted the rows of main, twice", d.measured)
	}
	count := func() (with, without int) {
		results, err := ReadResults(d.Out)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Evaluations["further"] != nil {
				with++
			} else {
				without++
			}
		}
		return with, without
	}
	if with, without := count(); with != 13-before || without != before {
		t.Errorf("%d results with the further set, %d without", with, without)
	}
	if err := d.run(t); err != nil || len(d.trained)+len(d.measured) > 0 {
		t.Errorf("again: %q trained, %q measured, %v", d.trained, d.measured, err)
	}
	d.Choices = true
	if err := d.run(t); err != nil || len(d.trained) > 0 || len(d.measured) != before {
		t.Errorf("asked for: %q trained, %q measured, %v", d.trained, d.measured, err)
	}
	if with, without := count(); with != 13 || without != 0 {
		t.Errorf("asked for: %d results with the further set, %d without", with, without)
	}
	// Other data of the further set: what was measured on it is out of date.
	d.Choices = false
	write(t, filepath.Join(d.Data, "further.tsv"), "r")
	d.Grid.Choices[0].Qrels = []string{"DATA/further.tsv"}
	if err := d.run(t); err != nil || len(d.measured) != 13 {
		t.Errorf("other judgements: %q measured, %v", d.measured, err)
	}
}

func TestStoppedTrainingGoesOn(t *testing.T) {
	d := newDesk(t)
	d.stop = true
	if err := d.run(t); !errors.Is(err, context.Canceled) || len(d.trained) != 1 {
		t.Fatalf("%v, %q", err, d.trained)
	}
	d.stop = false
	first := d.trained[0]
	if err := d.run(t); err != nil {
		t.Fatal(err)
	}
	if d.trained[0] != first+" again" || len(d.trained) != 10 || slices.ContainsFunc(d.trained[1:], func(s string) bool { return strings.Contains(s, "again") }) {
		t.Errorf("%q", d.trained)
	}
	results, err := ReadResults(d.Out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Training == first && r.Seconds != 0 {
			t.Errorf("a training that was stopped says that it took %v s", r.Seconds)
		}
	}
}

// One row that fails does not stop the others; several in a row do.
func TestFailuresDoNotStopTheRest(t *testing.T) {
	d := newDesk(t)
	honest := d.Lab.run
	broken := errors.New("not finite")
	fails := func(c train.Config) bool { return c.L1 > 0 && c.Seed == 1 }
	d.Lab.run = func(ctx context.Context, c train.Config, resume bool, _ io.Writer) error {
		if fails(c) {
			return broken
		}
		return honest(ctx, c, resume, nil)
	}
	if err := d.run(t); !errors.Is(err, broken) || !strings.Contains(err.Error(), "2 rows failed") || len(d.trained) != 8 || len(d.measured) != 11 {
		t.Errorf("%v; %d trainings, %d measured", err, len(d.trained), len(d.measured))
	}
	d = newDesk(t)
	tried := 0
	d.Lab.run = func(ctx context.Context, c train.Config, resume bool, _ io.Writer) error {
		tried++
		return broken
	}
	if err := d.run(t); !errors.Is(err, broken) || tried != inARow {
		t.Errorf("%v after %d trainings", err, tried)
	}
}

// Two programs share the work: a row on which one is working is left for later by the
// other, which then finds it done.
func TestProgramsShareTheWork(t *testing.T) {
	d := newDesk(t)
	other := &desk{Lab: &Lab{}}
	*other.Lab = *d.Lab
	var mu sync.Mutex
	var trained []string
	note := func(c train.Config) error {
		mu.Lock()
		defer mu.Unlock()
		trained = append(trained, filepath.Base(c.Out))
		return fakeRun(t, c, true)
	}
	d.Lab.run = func(ctx context.Context, c train.Config, resume bool, _ io.Writer) error { return note(c) }
	d.measure = func(ctx context.Context, r *Row, e *Evaluation, encoder string) (*Measured, error) {
		return &Measured{Queries: 1}, nil
	}
	other.measure = d.measure
	first := true
	began, done := make(chan bool), make(chan error)
	other.Lab.run = func(ctx context.Context, c train.Config, resume bool, _ io.Writer) error {
		if first { // it holds the first training until the other has passed it over
			first = false
			began <- true
			for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
				if results, err := ReadResults(d.Out); err != nil || len(results) > 4 {
					break
				}
			}
		}
		return note(c)
	}
	go func() { done <- other.run(t) }()
	<-began
	if err := d.run(t); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	for _, key := range trained {
		if seen[key] {
			t.Errorf("%s is trained twice", key)
		}
		seen[key] = true
	}
	if results, err := ReadResults(d.Out); err != nil || len(results) != 13 || len(seen) != 10 {
		t.Errorf("%d results of %d trainings, %v", len(results), len(seen), err)
	}
}

func TestMissingDataLeaveRowsOut(t *testing.T) {
	d := newDesk(t)
	if err := os.Remove(filepath.Join(d.Data, "train-a.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(d.Data, "train-b.jsonl")); err != nil {
		t.Fatal(err)
	}
	rows, err := d.Grid.Rows()
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := d.Jobs(rows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range jobs {
		want := map[bool]string{true: "DATA/train-*.jsonl"}[jobs[i].Row.Trained()]
		if jobs[i].Measure.Input == "rewrite" {
			want = `an evaluation with the input "rewrite"`
		}
		if jobs[i].Missing != want {
			t.Errorf("%s: %q is missing, wanted %q", jobs[i].Name(), jobs[i].Missing, want)
		}
	}
	if err := d.run(t); err != nil || len(d.trained) != 0 || len(d.measured) != 1 {
		t.Errorf("%v, %q trained, %q measured", err, d.trained, d.measured)
	}
}

func TestResultsAreChecked(t *testing.T) {
	dir := t.TempDir()
	whole := zipped(t, `{"key": "a"}`)
	for text, says := range map[string]string{
		`{"key": "a", "nothing": 1}`:      "not a result",
		`{"key": "b"}`:                    "its key is",
		`{"key": "a"`:                     "unexpected EO",
		whole[:len(whole)-9]:              "unexpected EO", // also where the JSON is whole
		whole[:5]:                         "unexpected EO",
		whole[:len(whole)-8] + "12345678": "checksum",
	} {
		for _, name := range []string{"runs/a.json", "runs/a.json.gz"} {
			write(t, filepath.Join(dir, name), text)
			if _, err := ReadResults(dir); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), name+": ") {
				t.Errorf("%s, %q: %v, wanted %q", name, text, err, says)
			}
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A result that was written as plain JSON is read, sorted in among the packed ones, until
// it is written anew: then it is packed, and the plain one is gone. Where both are there,
// because a program was killed between, the packed one counts.
func TestPlainResultsAreRead(t *testing.T) {
	dir := t.TempDir()
	read := func() string {
		t.Helper()
		results, err := ReadResults(dir)
		if err != nil {
			t.Fatal(err)
		}
		s := ""
		for _, r := range results {
			s += fmt.Sprintf("%s %s %d, ", r.Key, r.Revision, r.Steps)
		}
		return s
	}
	plainB := `{"key": "b", "revision": "plain", "steps": 1}`
	write(t, filepath.Join(dir, "runs/b.json"), plainB)
	for _, key := range []string{"c", "a"} {
		if err := writeResult(dir, &Result{Key: key, Revision: "packed"}); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(); got != "a packed 0, b plain 1, c packed 0, " {
		t.Error(got)
	}
	if err := writeResult(dir, &Result{Key: "b", Revision: "anew", Steps: 2}); err != nil {
		t.Fatal(err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "runs/*")); err != nil || len(names) != 3 || filepath.Base(names[1]) != "b.json.gz" {
		t.Errorf("the files are %q, %v", names, err)
	}
	write(t, filepath.Join(dir, "runs/b.json"), plainB)
	if got := read(); got != "a packed 0, b anew 2, c packed 0, " {
		t.Error(got)
	}
}

// A result's file has no name and no time in it, so the same result has the same bytes; what
// is in it is JSON with one value a line.
func TestResultsHaveTheSameBytes(t *testing.T) {
	var before []byte
	for range 2 {
		dir := t.TempDir()
		if err := writeResult(dir, &Result{Key: "a", Revision: "abc", Evaluations: map[string]*Measured{}}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "runs/a.json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && !bytes.Equal(data, before) {
			t.Errorf("% x, then % x", before, data)
		}
		before = data
	}
	z, err := gzip.NewReader(bytes.NewReader(before))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	const want = "{\n \"key\": \"a\",\n \"settings\": {\n  \"measure\": {}\n },\n \"revision\": \"abc\",\n \"evaluations\": {}\n}\n"
	if err != nil || string(text) != want || !z.ModTime.IsZero() || z.Name != "" {
		t.Errorf("name %q, time %v, %v:\n%s", z.Name, z.ModTime, err, text)
	}
}
