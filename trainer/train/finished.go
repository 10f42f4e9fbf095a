package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"parley/shared/bundle"
	"parley/shared/durable"
)

// A state is the progress of a run. A checkpoint has it beside weights and moments.
type state struct {
	Step    int     `json:"step"`  // the number of steps done
	Epoch   int     `json:"epoch"` // the next step's epoch, from 0
	Batch   int     `json:"batch"` // the next step's batch in the epoch
	Best    float64 `json:"best"`  // the best figure on the dev set
	BestAt  int     `json:"best_epoch"`
	Without int     `json:"epochs_without_better"`
	Ended   bool    `json:"ended"`
}

// A Provenance lists what a run was made from.
type Provenance struct {
	Revision string            `json:"revision"`
	Modified bool              `json:"modified"` // the program had uncommitted changes
	Go       string            `json:"go"`
	Train    int               `json:"train_examples"`
	Dev      int               `json:"dev_examples"`
	Passages int               `json:"passages"`
	SHA256   map[string]string `json:"sha256"` // of every file that was read, by path
}

// encoderFiles are the files that an encoder's folder, and best/, may have.
var encoderFiles = []string{"config.json", "model.safetensors", "pytorch_model.bin",
	"vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}

// writeBest writes best.json, the manifest of best/ and, if there is one, of
// best/doc/.
func writeBest(run string) error {
	var files []bundle.File
	for _, folder := range []string{"", "doc"} {
		for _, name := range encoderFiles {
			name := path.Join(folder, name)
			data, err := os.ReadFile(filepath.Join(run, "best", filepath.FromSlash(name)))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			files = append(files, bundle.Of(name, name, data))
		}
	}
	m, err := bundle.New(files)
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(run, "best.json"), m.Encode())
}

// A Finished is a run that has ended.
type Finished struct {
	Config     Config
	Provenance Provenance
	Steps      int
	BestEpoch  int // from 1
	Log        Log
}

// ReadFinished reads a run's folder. It returns an error if the run has not ended,
// or if its best encoder differs from what the run wrote.
func ReadFinished(run string) (*Finished, error) {
	if _, err := os.Stat(filepath.Join(run, "run.json")); err != nil {
		return nil, fmt.Errorf("%s is not the folder of a run: %w", run, err)
	}
	f := &Finished{}
	if err := f.Config.Read(filepath.Join(run, "run.json")); err != nil {
		return nil, err
	}
	s, err := ended(run, &f.Provenance, "trainer train")
	if err != nil {
		return nil, err
	}
	f.Steps, f.BestEpoch = s.Step, s.BestAt
	f.Log, err = ReadLog(filepath.Join(run, "log.jsonl"))
	return f, err
}

// ended reads the state and the provenance of a run that command made, and verifies its
// best encoder. It returns an error if the run has not ended.
func ended(run string, from *Provenance, command string) (s state, err error) {
	for name, into := range map[string]any{"checkpoint/state.json": &s, "provenance.json": from} {
		path := filepath.Join(run, filepath.FromSlash(name))
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && into == any(&s) {
			return s, fmt.Errorf("the run in %s has no checkpoint yet; finish it with %s --resume --out %s", run, command, run)
		}
		if err != nil {
			return s, err
		}
		if err := json.Unmarshal(data, into); err != nil {
			return s, fmt.Errorf("%s: %w", path, err)
		}
	}
	if !s.Ended {
		return s, fmt.Errorf("the run in %s has not ended, it is at step %d; finish it with %s --resume --out %s", run, s.Step, command, run)
	}
	return s, verifyBest(run, &s)
}

func verifyBest(run string, s *state) error {
	best := filepath.Join(run, "best")
	data, err := os.ReadFile(filepath.Join(run, "best.json"))
	if err == nil {
		m, err := bundle.Parse(data)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(run, "best.json"), err)
		}
		if err := m.Verify(os.DirFS(best)); err != nil {
			return fmt.Errorf("%s is not what the run wrote: %w", best, err)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Earlier versions kept no checksums of best/. If the last epoch was the best,
	// the checkpoint has the same weights.
	if s.BestAt == s.Epoch {
		a, err := os.ReadFile(filepath.Join(best, "model.safetensors"))
		if err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(run, "checkpoint", "model.safetensors"))
		if err != nil {
			return err
		}
		if bytes.Equal(a, b) {
			return nil
		}
		return fmt.Errorf("%s is not what the run wrote: its weights are not those of the checkpoint, though epoch %d was the last and the best", best, s.BestAt)
	}
	return fmt.Errorf("%s has no best.json to verify %s by: an older program trained it; train it again", run, best)
}

// A Line is a line of log.jsonl: numbers by name. Every line has "step", "epoch"
// and "time" (when it was written, in seconds since 1970). A line of the dev set
// has "dev_r100", or "dev_cosine" if the student is dense, or "dev_first" of a reader.
type Line map[string]float64

// Dev reports whether the line is an evaluation on the dev set, not a step.
func (l Line) Dev() bool {
	_, sparse := l["dev_r100"]
	_, dense := l["dev_cosine"]
	_, reader := l["dev_first"]
	return sparse || dense || reader
}

// A Log has the lines of a run's log.jsonl, in order.
type Log []Line

// ReadLog reads log.jsonl. It ignores an incomplete last line, which a run that was
// killed may leave.
func ReadLog(path string) (Log, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var log Log
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if line[len(line)-1] != '\n' {
			break
		}
		var l Line
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, fmt.Errorf("%s:%d: not a line of a run's log: %w", path, n, err)
		}
		if l["step"] < 1 {
			return nil, fmt.Errorf("%s:%d: not a line of a run's log: it has no step", path, n)
		}
		log = append(log, l)
	}
	return log, nil
}
