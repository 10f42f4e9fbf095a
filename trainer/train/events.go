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

// openEvents begins a run's event file for TensorBoard. It says what log.jsonl says:
// it is made of the log's lines so far, in place of earlier ones, so that a run that
// resumes has no step in it twice. Its name is new each time, by which TensorBoard,
// reading meanwhile, knows to begin again.
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
			return nil, fmt.Errorf("the event file of %s's log.jsonl: %w", folder, err)
		}
	}
	return w, nil
}

// writeEvent writes a line of the log: dev_r100 becomes dev/r100, kld train/kld.
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
