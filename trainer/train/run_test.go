//go:build libtorch

package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley/shared/conversation"
	"parley/shared/encoder"
	files "parley/shared/encoder/folder"
	densetiny "parley/shared/encoder/tiny"
	"parley/shared/importers"
	"parley/shared/lift"
	"parley/shared/safetensors"
	"parley/trainer/disk"
)

// small writes a data set into a folder and gives a run's configuration on it: the
// encoder of teacher/testdata, whose words are letters.
func small(t testing.TB, folder string) Config {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 2))
	letters := func(n int) string {
		var w []string
		for range n {
			w = append(w, string(rune('a'+r.IntN(26))))
		}
		return strings.Join(w, " ")
	}
	var passages, lines bytes.Buffer
	for i := range 60 {
		fmt.Fprintf(&passages, "{\"_id\": \"d%d\", \"text\": %q}\n", i, letters(8))
	}
	var list []importers.Example
	for i := range 48 {
		q := letters(3)
		e := importers.Example{ID: fmt.Sprint(i), Conversation: fmt.Sprint(i / 3), Rewrite: q}
		if i%3 > 0 {
			e.History = append(e.History, conversation.Turn{Question: letters(2), Reply: letters(3)})
		}
		e.Question = q[:3]
		list = append(list, e)
	}
	if err := importers.Write(&lines, list); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*bytes.Buffer{"passages.jsonl": &passages, "examples.jsonl": &lines} {
		if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := Default()
	c.Encoder, c.Cache = "../teacher/testdata", filepath.Join(folder, "cache")
	c.Examples, c.Passages = []string{filepath.Join(folder, "examples.jsonl")}, []string{filepath.Join(folder, "passages.jsonl")}
	c.MaxTokens, c.Depth, c.From, c.To, c.Candidates, c.DevFraction = 12, 40, 3, 30, 6, .25
	c.Batch, c.Epochs, c.SaveEvery, c.Rate, c.Freeze = 4, 4, 3, 1e-2, false
	c.FLOPS, c.L1, c.InBatch, c.Threads = .01, .01, "all", 1
	return c
}

// record writes a question to record while small's run learns.
func record(t testing.TB, folder string) string {
	path := filepath.Join(folder, "record.jsonl")
	var lines bytes.Buffer
	err := importers.Write(&lines, []importers.Example{{ID: "r", Conversation: "r", Question: "b", Rewrite: "a b z q", Positives: []string{"d7"},
		History: []conversation.Turn{{Question: "a b", Reply: "z"}}}})
	if err == nil {
		err = os.WriteFile(path, lines.Bytes(), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A run's course has the vectors of the recorded question after every so many steps,
// from before the first one, and where each term stands in the conversation.
func TestRunRecordsItsCourse(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	c.Out, c.Record, c.RecordEvery, c.Steps = filepath.Join(folder, "run"), []string{record(t, folder)}, 3, 10
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(c.Out, courseFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	var head courseHead
	if err := json.Unmarshal([]byte(lines[0]), &head); err != nil || len(head.Questions) != 1 || head.Steps != 10 || head.Every != 3 || head.Passages != 60 || head.L1 != c.L1 {
		t.Errorf("head %+v, %v", head, err)
	}
	var steps []int
	for _, line := range lines[1:] {
		var p struct {
			Step, Rank int
			Terms      [][]any
			First      []string
			FLOPS      float64
		}
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, p.Step)
		if len(p.Terms) == 0 || len(p.First) != 5 || p.FLOPS <= 0 || p.Rank < 1 || p.Rank > 60 {
			t.Errorf("step %d: %s", p.Step, line)
		}
		for i, x := range p.Terms {
			want := map[any]string{"b": "asked", "a": "said", "z": "said"}[x[0]]
			if want == "" {
				want = "added"
			}
			if x[2] != want || i > 0 && x[1].(float64) > p.Terms[i-1][1].(float64) {
				t.Errorf("step %d: %v, wanted it to be %s", p.Step, x, want)
			}
		}
	}
	if fmt.Sprint(steps) != "[0 3 6 9]" {
		t.Errorf("recorded after steps %v", steps)
	}
}

func quiet(t testing.TB) *os.File {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// same reports whether two runs ended with the same files.
func same(t *testing.T, a, b string) {
	t.Helper()
	for _, name := range []string{"checkpoint/model.safetensors", "checkpoint/optimizer.safetensors", "checkpoint/state.json", "best/model.safetensors",
		"checkpoint/doc/model.safetensors", "best/doc/model.safetensors", courseFile} {
		x, err := os.ReadFile(filepath.Join(a, name))
		if errors.Is(err, fs.ErrNotExist) && (strings.Contains(name, "doc/") || name == courseFile) {
			continue // documents were frozen, or nothing was recorded
		}
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.ReadFile(filepath.Join(b, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			t.Errorf("%s differs", name)
		}
	}
	steps := func(folder string) (n []int) {
		data, _ := os.ReadFile(filepath.Join(folder, "log.jsonl"))
		for line := range bytes.Lines(data) {
			var at struct {
				Step int     `json:"step"`
				Loss float64 `json:"loss"`
			}
			if err := json.Unmarshal(line, &at); err != nil {
				t.Errorf("%s: %v in %q", folder, err, line)
			}
			n = append(n, at.Step)
		}
		return n
	}
	if x, y := fmt.Sprint(steps(a)), fmt.Sprint(steps(b)); x != y {
		t.Errorf("logs tell of steps %s and %s", x, y)
	}
}

// A run makes the student rank more like the teacher than before, and records what it
// was made from.
func TestRunLearns(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	c.Out = filepath.Join(folder, "run")
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	var first, last float64
	data, _ := os.ReadFile(filepath.Join(c.Out, "log.jsonl"))
	for line := range bytes.Lines(data) {
		var at struct {
			Step int     `json:"step"`
			KLD  float64 `json:"kld"`
		}
		json.Unmarshal(line, &at)
		if at.KLD == 0 {
			continue
		}
		if at.Step <= 9 {
			first += at.KLD / 9
		} else if at.Step > 27 {
			last += at.KLD / 9
		}
	}
	if !(last < .8*first) {
		t.Errorf("divergence went from %.3f to %.3f", first, last)
	}
	for _, name := range []string{"run.json", "provenance.json", "best/config.json", "best/vocab.txt"} {
		if _, err := os.Stat(filepath.Join(c.Out, name)); err != nil {
			t.Error(err)
		}
	}
	if err := Run(context.Background(), c, false, quiet(t)); err == nil || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("a second run in the same folder: %v", err)
	}
	if err := Run(context.Background(), c, true, quiet(t)); err != nil {
		t.Errorf("resuming what has ended: %v", err)
	}
}

// denseStudent changes a run to that of a dense student, with all terms of its loss.
func denseStudent(c *Config) {
	c.Encoder, c.DenseStudent = "../teacher/testdata/sentence", true
	c.FLOPS, c.L1, c.InBatch, c.HistoryType = 0, 0, "none", 1
	c.Distance, c.KLD, c.InfoNCE, c.Temperature, c.Tau = 1, .1, .1, .2, .2
	c.PassageTexts, c.ReplyTokens, c.TrainLayers = 2, -1, 1
}

// A dense student comes nearer to the rewrites' vectors and keeps what is frozen, and
// package encoder reads it as it was trained.
func TestRunTrainsADenseStudent(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	denseStudent(&c)
	c.Out, c.Epochs = filepath.Join(folder, "run"), 8
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	log, err := ReadLog(filepath.Join(c.Out, "log.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var first, last, dev float64
	for _, l := range log {
		switch {
		case l.Dev():
			dev = max(dev, l["dev_cosine"])
		case first == 0:
			first = l["distance"]
		default:
			last = l["distance"]
		}
		if !l.Dev() && (l["kld"] == 0 || l["infonce"] == 0 || l["also"] == 0) {
			t.Fatalf("step %v lacks a term of its loss: %v", l["step"], l)
		}
	}
	if !(last < .7*first) {
		t.Errorf("the distance went from %.3f to %.3f", first, last)
	}
	s, err := encoder.LoadSentence(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(c.Out, "best", name)) })
	if err != nil {
		t.Fatal(err)
	}
	if s.Query.ReplyTokens != -1 || s.Query.MaxTokens != c.MaxTokens || s.Query.HistoryType != 1 {
		t.Errorf("it reads conversations as %+v", s.Query)
	}
	teacher, err := encoder.LoadSentence(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(c.Encoder, name)) })
	if err != nil {
		t.Fatal(err)
	}
	// The teacher's config.json names none, so its folder does.
	if s.Space != "sentence" || s.Pooling() != teacher.Pooling() {
		t.Errorf("space %q and pooling %q, the teacher's is %q", s.Space, s.Pooling(), teacher.Pooling())
	}
	// What the run measured, measured again.
	examples, err := disk.Import("jsonl", c.Examples, importers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, held := split(examples.Examples, c.DevFraction, c.Seed)
	student, frozen := s.NewSession(), teacher.NewSession()
	mean := 0.0
	for _, e := range held {
		q, want := make([]float32, s.Dim()), make([]float32, s.Dim())
		var in conversation.Input
		s.Conversation(&in, e.Turns())
		if err := student.Embed(q, in); err != nil {
			t.Fatal(err)
		}
		if err := frozen.Embed(want, conversation.Passage(teacher.Tokenizer, e.Rewrite, teacher.MaxTokens())); err != nil {
			t.Fatal(err)
		}
		for i := range q {
			mean += float64(q[i]) * float64(want[i]) / float64(len(held))
		}
	}
	if math.Abs(mean-dev) > .02 { // int8 against float32
		t.Errorf("the student's mean cosine is %.4f, the run said %.4f", mean, dev)
	}
}

// A run that is killed at any moment and resumed ends like one that was not.
func TestKilledRunResumes(t *testing.T) {
	if folder := os.Getenv("PARLEY_TRAIN_CHILD"); folder != "" {
		if n, err := strconv.ParseUint(os.Getenv("PARLEY_TRAIN_LARGEST"), 10, 64); err == nil {
			signal.Ignore(syscall.SIGXFSZ) // so that a write fails, as on a full disk
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
				t.Fatal(err)
			}
		}
		var c Config
		if err := c.Read(filepath.Join(folder, "child.json")); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(filepath.Join(c.Out, "run.json"))
		if err := Run(context.Background(), c, err == nil, quiet(t)); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name, change := range map[string]func(*Config){
		"queries": func(c *Config) { c.Average = .6 },
		"heads": func(c *Config) {
			c.Words, c.WordKLD, c.WordLoss, c.TopicLoss, c.Rewrites, c.Preamble, c.Postings = 1, .5, 1, 1, .3, .2, .01
		},
		"dense":     denseStudent,
		"documents": func(c *Config) { c.TrainDocs, c.DocFLOPS, c.DevPassages = true, .01, 30 },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			c := small(t, folder)
			c.TensorBoard = true
			if name == "queries" || name == "heads" {
				c.Record, c.RecordEvery = []string{record(t, folder)}, 2
			}
			change(&c)
			killAndResume(t, folder, c)
		})
	}
}

// Heads are trained, saved and read by package encoder; the word head moves no
// learned term.
func TestRunTrainsHeads(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	c.Clip, c.TopicLoss = 0, 1 // clipping goes by the whole gradient
	c.Out = filepath.Join(folder, "plain")
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	plain := c.Out
	c.Words, c.WordKLD, c.WordLoss, c.Out = 1, .5, 1, filepath.Join(folder, "words")
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	e, err := encoder.Load(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(c.Out, "best", name)) })
	if err != nil {
		t.Fatal(err)
	}
	if !e.SearchesWords() {
		t.Error("the encoder searches for no words")
	}
	read := func(run string) *safetensors.File {
		data, err := os.ReadFile(filepath.Join(run, "best", "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := safetensors.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	with := read(c.Out)
	for _, x := range read(plain).Tensors {
		if y, ok := with.Tensor(x.Name); !ok || !bytes.Equal(x.Data, y.Data) {
			t.Errorf("%s is another with words", x.Name)
		}
	}
	log, _ := os.ReadFile(filepath.Join(c.Out, "log.jsonl"))
	for _, part := range []string{`"words":`, `"word_kld":`, `"topic":`} {
		if !bytes.Contains(log, []byte(part)) {
			t.Errorf("the log has no %s", part)
		}
	}
}

// child is a process that begins or resumes the run of folder's child.json.
func child(folder string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledRunResumes$")
	cmd.Env = append(os.Environ(), "PARLEY_TRAIN_CHILD="+folder)
	return cmd
}

// A run names a full disk, wherever in the run it fills up. With room again, the run
// continues, and ends as if nothing had happened.
func TestFullDiskLosesNothing(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	c.TensorBoard = true
	c.Out = filepath.Join(folder, "whole")
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	whole := c.Out
	for largest, what := range map[int]string{ // bytes of a file that the disk has room for
		9000:  ".vectors", // of the passages
		11000: "model.safetensors",
		20000: "optimizer.safetensors",
	} {
		c.Out = filepath.Join(folder, fmt.Sprint("full", largest))
		if c.Cache = filepath.Join(folder, "cache"); what == ".vectors" {
			c.Cache = filepath.Join(folder, "fresh")
		}
		if err := writeJSON(filepath.Join(folder, "child.json"), c); err != nil {
			t.Fatal(err)
		}
		cmd := child(folder)
		cmd.Env = append(cmd.Env, fmt.Sprint("PARLEY_TRAIN_LARGEST=", largest))
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), what) || !strings.Contains(string(out), "too large") {
			t.Errorf("files of at most %d bytes: %v, wanted one about %s: %s", largest, err, what, out)
		}
		if out, err := child(folder).CombinedOutput(); err != nil {
			t.Fatalf("with room again: %v: %s", err, out)
		}
		same(t, whole, c.Out)
		sameEvents(t, c.Out)
	}
}

// killAndResume compares a run that is killed again and again with one that is not.
func killAndResume(t *testing.T, folder string, c Config) {
	c.Out = filepath.Join(folder, "whole")
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	whole := c.Out
	c.Out = filepath.Join(folder, "killed")
	if err := writeJSON(filepath.Join(folder, "child.json"), c); err != nil {
		t.Fatal(err)
	}
	child := func() *exec.Cmd { return child(folder) }
	for _, lines := range []int{2, 8, 10, 25} {
		cmd := child()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
			data, _ := os.ReadFile(filepath.Join(c.Out, "log.jsonl"))
			if bytes.Count(data, []byte("\n")) >= lines {
				break
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	if out, err := child().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	same(t, whole, c.Out)
	sameEvents(t, whole)
	sameEvents(t, c.Out)
}

// A run that is interrupted by a signal saves its state.
func TestInterruptedRunResumes(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	c.SaveEvery = 1000
	c.Out = filepath.Join(folder, "whole")
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	whole := c.Out
	c.Out = filepath.Join(folder, "stopped")
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		for {
			data, _ := os.ReadFile(filepath.Join(c.Out, "log.jsonl"))
			if bytes.Count(data, []byte("\n")) >= 4 {
				stop()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if err := Run(ctx, c, false, quiet(t)); err == nil {
		t.Skip("ended before it could be stopped")
	}
	if err := Run(context.Background(), c, true, quiet(t)); err != nil {
		t.Fatal(err)
	}
	same(t, whole, c.Out)
}

// Both encoders learn, are saved, and are measured; the document encoder as it was at
// first stays the teacher.
func TestRunTrainsDocuments(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	c.TrainDocs, c.DocFLOPS, c.DocL1, c.DocEntropy, c.DocTokens, c.DevPassages = true, .02, .01, .01, 9, 25
	c.Out = filepath.Join(folder, "run")
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	log, err := ReadLog(filepath.Join(c.Out, "log.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var first, last, dev Line
	for _, l := range log {
		if l.Dev() {
			dev = l
		} else if last = l; first == nil {
			first = l
		}
	}
	if !(last["doc_flops"] < .8*first["doc_flops"] && last["doc_l0"] > 0 && dev["dev_doc_l0"] > 0 && dev["dev_doc_l0"] < first["doc_l0"]) {
		t.Errorf("documents: FLOPS %.3f to %.3f, L0 %.1f to %.1f, on the dev set %.1f", first["doc_flops"], last["doc_flops"], first["doc_l0"], last["doc_l0"], dev["dev_doc_l0"])
	}
	f, err := ReadFinished(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if f.Provenance.Passages != 60 {
		t.Errorf("%d passages", f.Provenance.Passages)
	}
	base := readFile(t, filepath.Join(c.Encoder, "model.safetensors"))
	for _, name := range []string{"best", "best/doc"} {
		if bytes.Equal(base, readFile(t, filepath.Join(c.Out, name, "model.safetensors"))) {
			t.Errorf("%s is what it began from", name)
		}
	}
	doc, err := encoder.Load(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(c.Out, "best/doc", name)) })
	if err != nil {
		t.Fatal(err)
	}
	if doc.PassageTokens != 9 {
		t.Errorf("it reads %d tokens of a passage", doc.PassageTokens)
	}
	// What best.json vouches for holds the document encoder, too.
	path := filepath.Join(c.Out, "best/doc/model.safetensors")
	data := readFile(t, path)
	data[len(data)-1]++
	os.WriteFile(path, data, 0o644)
	if _, err := ReadFinished(c.Out); err == nil || !strings.Contains(err.Error(), "doc/model.safetensors") {
		t.Errorf("a changed document encoder: %v", err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEverySamplingAndLossRuns(t *testing.T) {
	folder := t.TempDir()
	base := small(t, folder)
	base.Epochs, base.Steps = 1, 2
	for name, change := range map[string]func(*Config){
		"top":      func(c *Config) { c.Sampling = "top" },
		"uniform":  func(c *Config) { c.Sampling = "uniform" },
		"score":    func(c *Config) { c.Sampling = "score" },
		"quantile": func(c *Config) { c.Sampling, c.Pseudo = "quantile", 3 },
		"bkl":      func(c *Config) { c.KLD, c.BKL, c.Entropy, c.AntiZero = 0, 1, .1, .1 },
		"gkl":      func(c *Config) { c.KLD, c.GKL, c.MarginMSE, c.Decay = 0, 1, .1, "cosine" },
		"random":   func(c *Config) { c.Random, c.Freeze, c.InBatch = true, true, "positives" },
		"no dev":   func(c *Config) { c.DevFraction = 0 },
		"docs":     func(c *Config) { c.TrainDocs, c.Freeze, c.DevFraction = true, true, 0 },
		"postings": func(c *Config) { c.Postings = .1 },
		"replies":  func(c *Config) { c.Replies, c.ReplyTokens = .5, 2 },
		"dense":    func(c *Config) { c.Dense, c.DenseTokens, c.Fuse = "../teacher/testdata/sentence", 12, "max" },
	} {
		c := base
		change(&c)
		c.Out = filepath.Join(folder, name)
		if err := Run(context.Background(), c, false, quiet(t)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rankings of other teachers, alone and fused.
func TestForeignTeachers(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	disco := map[string]map[string]float64{}
	var run strings.Builder
	for i := range 48 {
		id := fmt.Sprint(i)
		disco[id] = map[string]float64{}
		for k := range 20 {
			disco[id][fmt.Sprintf("d%d", (i+k)%60)] = float64(20 - k)
			fmt.Fprintf(&run, "%s Q0 d%d %d %d x\n", id, (i+2*k)%60, k+1, 100-k)
		}
	}
	data, _ := json.Marshal(disco)
	a, b := filepath.Join(folder, "disco.json"), filepath.Join(folder, "trec.run")
	os.WriteFile(a, data, 0o644)
	os.WriteFile(b, []byte(run.String()), 0o644)
	c.Epochs, c.Teachers, c.Fuse, c.Out = 1, []string{a, b}, "max", filepath.Join(folder, "run")
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	// A run that is killed while it reads a ranking leaves a part: it is read again.
	made, _ := filepath.Glob(filepath.Join(c.Cache, "*.ranking"))
	if len(made) != 2 {
		t.Fatalf("rankings %v", made)
	}
	half := readFile(t, made[0])
	os.WriteFile(made[0]+".part", half[:len(half)/2], 0o644)
	os.Remove(made[0])
	again := c
	again.Out = filepath.Join(folder, "again")
	if err := Run(context.Background(), again, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	same(t, c.Out, again.Out)
	if left, _ := filepath.Glob(filepath.Join(c.Cache, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	os.WriteFile(a, []byte(`{"0": {"nowhere": 1}}`), 0o644)
	c.Teachers, c.Out = []string{a}, filepath.Join(folder, "other")
	if err := Run(context.Background(), c, false, quiet(t)); err == nil || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Errorf("a ranking of another collection: %v", err)
	}
}

func TestRunRefusesWhatCannotWork(t *testing.T) {
	folder := t.TempDir()
	nan := filepath.Join(folder, "nan")
	if err := os.CopyFS(nan, os.DirFS("../teacher/testdata")); err != nil {
		t.Fatal(err)
	}
	weights := readFile(t, filepath.Join(nan, "model.safetensors"))
	binary.LittleEndian.PutUint32(weights[len(weights)-4:], math.Float32bits(float32(math.NaN())))
	os.WriteFile(filepath.Join(nan, "model.safetensors"), weights, 0o644)
	for says, damage := range map[string]func(*Config){
		"nowhere":        func(c *Config) { c.Encoder = filepath.Join(folder, "nowhere") },
		"gone.jsonl":     func(c *Config) { c.Examples = []string{filepath.Join(folder, "gone.jsonl")} },
		"max-tokens":     func(c *Config) { c.MaxTokens = 17 },
		"not finite":     func(c *Config) { c.KLD = 1e38; c.Distance = 1e38; c.Temperature = 1e-30 },
		`device "tpu"`:   func(c *Config) { c.Device = "tpu" },
		"no run":         func(c *Config) {},
		"examples.jsonl": func(c *Config) { c.Passages = c.Examples },
		"no passage":     func(c *Config) { c.Passages = []string{os.DevNull} },
		"nan":            func(c *Config) { c.Encoder, c.DocEncoder = nan, c.Encoder },
		"damaged":        func(c *Config) { c.DocEncoder, c.TrainDocs = nan, true },
		"doc-tokens":     func(c *Config) { c.DocTokens, c.TrainDocs = 17, true },
	} {
		c := small(t, folder)
		c.Out = filepath.Join(folder, "out "+says[:3])
		damage(&c)
		if err := Run(context.Background(), c, says == "no run", quiet(t)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, wanted %q", err, says)
		}
		if _, err := os.Stat(filepath.Join(c.Out, "run.json")); err == nil && says != "not finite" {
			t.Errorf("%q: it left a run, which the right flags could not begin in the same folder", says)
		}
	}
}

// With a lift, the passages' vectors and the teacher's ranking are others, a run trains on them, and it
// says what they were made of.
func TestRunOverLiftedPassages(t *testing.T) {
	folder := t.TempDir()
	c := small(t, folder)
	c.Lift, c.Epochs, c.Steps, c.Out = filepath.Join(folder, "dense"), 1, 2, filepath.Join(folder, "run")
	of := loadedFrom(t, c.Encoder)
	files := densetiny.Sentence(of.Vocab(), `{"name": "tiny"}`)
	matrix := make([]float32, 2*densetiny.Dim*densetiny.Dim)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range matrix {
		matrix[i] = r.Float32() - .5
	}
	l, err := lift.New(matrix, make([]float32, densetiny.Dim))
	if err != nil {
		t.Fatal(err)
	}
	l.Weight, l.Encoder, l.Space = 1, of.Name, "tiny"
	if files[lift.File], err = l.Encode(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.Lift, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(c.Lift, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	plain := c
	plain.Lift = ""
	lifted := made(t, &c)
	without := made(t, &plain)
	var fewer, changed, ranked int
	for i, v := range lifted.docs {
		if v.L0() < without.docs[i].L0() {
			fewer++
		} else if !slices.Equal(v.Weights, without.docs[i].Weights) {
			changed++
		}
	}
	for i := range lifted.train {
		a, errA := lifted.list(&lifted.train[i])
		b, errB := without.list(&without.train[i])
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if !slices.Equal(a.Docs, b.Docs) {
			ranked++
		}
	}
	if fewer == 0 || fewer+changed != len(lifted.docs) || ranked == 0 {
		t.Errorf("of %d passages, %d have fewer terms and %d other weights; %d rankings are others", len(lifted.docs), fewer, changed, ranked)
	}
	if err := Run(context.Background(), c, false, quiet(t)); err != nil {
		t.Fatal(err)
	}
	said := string(readFile(t, filepath.Join(c.Out, "provenance.json")))
	for _, name := range []string{"lift.safetensors", "dense/model.safetensors"} {
		if !strings.Contains(said, name) {
			t.Errorf("%s is not in\n%s", name, said)
		}
	}
	c.Lift, c.Out = folder, filepath.Join(folder, "other")
	if err := Run(context.Background(), c, false, quiet(t)); err == nil || !strings.Contains(err.Error(), "lift") {
		t.Errorf("a folder without a lift: %v", err)
	}
}

// made prepares a run.
func made(t *testing.T, c *Config) *prepared {
	t.Helper()
	p, err := prepare(context.Background(), c, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

func loadedFrom(t *testing.T, dir string) *encoder.Encoder {
	t.Helper()
	e, err := encoder.Load(files.Files(dir))
	if err != nil {
		t.Fatal(err)
	}
	return e
}
