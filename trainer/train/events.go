package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/trainer/tensorboard"
)

// openEvents creates a run's event file for TensorBoard and writes the lines of
// log.jsonl so far to it. It replaces earlier event files, so that no step of a run
// that resumes is in them twice. The file's name is new each time, which makes a
// running TensorBoard begin again.
func openEvents(folder string, log []byte) (*tensorboard.Writer, error) {
	old, err := filepath.Glob(filepath.Join(folder, "events.out.tfevents.*"))
	if err != nil {
		return nil, err
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	w, err := tensorboard.Create(filepath.Join(folder, fmt.Sprintf("events.out.tfevents.%d.parley", now.UnixMilli())), float64(now.Unix()))
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(log) {
		var l Line
		if err = json.Unmarshal(line, &l); err == nil {
			err = writeEvent(w, l)
		}
		if err != nil {
			w.Close()
			return nil, fmt.Errorf("cannot make the event file for the log.jsonl of %s: %w", folder, err)
		}
	}
	return w, nil
}

// writeEvent writes a line of the log: dev_r100 becomes dev/r100, and kld becomes
// train/kld.
func writeEvent(w *tensorboard.Writer, l Line) error {
	values := map[string]float64{}
	for k, v := range l {
		switch dev, ok := strings.CutPrefix(k, "dev_"); {
		case k == "step" || k == "time":
		case ok:
			values["dev/"+dev] = v
		case !l.Dev():
			values["train/"+k] = v
		}
	}
	return w.Write(l["time"], int64(l["step"]), values)
}
