package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/shared/durable"
	"parley/shared/progress"
	"parley/trainer/evaluate"
	"parley/trainer/torch"
	"parley/trainer/train"
)

// A Lab runs a grid.
type Lab struct {
	Grid *Grid
	Data string // the folder of the data
	Work string // the folder of the trainings: trainings/KEY is a run of package train
	Out  string // the folder of the results
	// Choices also measures rows on Grid.Choices that were measured before without them.
	Choices bool
	Cache   string // the folder in which vectors and rankings are kept
	Threads int    // how many cores an operation in training uses; 0: libtorch's choice
	Device  string // cpu, cuda or cuda:N
	Stderr  io.Writer

	sums    Sums
	benches map[string]*bench // the open ones, by evaluation and encoder of passages
	// run and measure are train.Run and measureRow, except in tests.
	run     func(ctx context.Context, c train.Config, resume bool, stderr io.Writer) error
	measure func(ctx context.Context, r *Row, e *Evaluation, encoder string) (*Measured, error)
}

// A Job is a row, and what is done of it.
type Job struct {
	Row
	Key, Training string
	Missing       string  // what it needs but does not exist; "" if nothing is missing
	Result        *Result // nil if it is not measured yet
	Todo          []*Evaluation
	Trained       bool    // its training has ended
	Seconds       float64 // an estimate of the time left; 0 if it is done

	on map[string]string
}

// Done reports whether nothing is left to do.
func (j *Job) Done() bool { return j.Missing == "" && j.Result != nil && len(j.Todo) == 0 }

// measureSeconds is roughly the time that measuring a row takes. trainSeconds is that of
// a training, before any is known.
const measureSeconds, trainSeconds = 15, 300

// Jobs returns, for each row, what is done and what is left.
func (l *Lab) Jobs(rows []Row) ([]Job, error) {
	if l.sums == nil {
		l.sums = Sums{}
	}
	results, err := ReadResults(l.Out)
	if err != nil {
		return nil, err
	}
	byKey := map[string]*Result{}
	for _, r := range results {
		byKey[r.Key] = r
	}
	jobs := make([]Job, len(rows))
	for i := range rows {
		jobs[i].Row = rows[i]
		err := l.find(&jobs[i], byKey)
		var missing *Missing
		if errors.As(err, &missing) {
			jobs[i].Missing = missing.Path
		} else if err != nil {
			return nil, err
		}
	}
	l.estimate(jobs)
	return jobs, nil
}

// find finds out what is done of a job and what is left. If something does not exist, the
// error is a *Missing.
func (l *Lab) find(j *Job, byKey map[string]*Result) (err error) {
	if j.Key, j.Training, j.on, err = l.sums.keys(l.Data, &j.Row); err != nil {
		return err
	}
	j.Result = byKey[j.Key]
	asked := false
	for _, e := range l.Grid.measured() {
		if !e.Has(j.Measure.Input) {
			continue
		}
		asked = true
		if j.Result != nil && j.Result.Evaluations[e.Short] == nil && l.Grid.lackable(e) && !l.Choices {
			continue
		}
		data, err := l.sums.measuredOn(l.Data, e, &j.Row)
		if err != nil {
			return err
		}
		if j.Result == nil || j.Result.Evaluations[e.Short] == nil || j.Result.Evaluations[e.Short].Data != data {
			j.Todo = append(j.Todo, e)
		}
	}
	if !asked {
		return &Missing{fmt.Sprintf("an evaluation with the input %q", j.Measure.Input)}
	}
	return nil
}

// estimate estimates the time that is left, from the trainings that are done: those of
// the same experiment, or else all. A training that rows share counts once.
func (l *Lab) estimate(jobs []Job) {
	type mean struct{ seconds, trainings float64 }
	var all mean
	of := map[string]mean{} // by experiment
	for i := range jobs {
		if j := &jobs[i]; j.Result != nil && j.Training != "" {
			s := max(j.Result.Seconds, j.Result.TrainingSeconds)
			m := of[j.Experiment]
			of[j.Experiment] = mean{m.seconds + s, m.trainings + 1}
			all = mean{all.seconds + s, all.trainings + 1}
		}
	}
	planned := map[string]bool{}
	for i := range jobs {
		j := &jobs[i]
		if j.Missing != "" || j.Done() {
			continue
		}
		j.Seconds = measureSeconds
		if j.Training == "" {
			continue
		}
		_, err := train.ReadFinished(l.folder(j.Training))
		if j.Trained = err == nil; j.Trained || planned[j.Training] {
			continue
		}
		planned[j.Training] = true
		switch m := of[j.Experiment]; {
		case m.trainings > 0:
			j.Seconds += m.seconds / m.trainings
		case all.trainings > 0:
			j.Seconds += all.seconds / all.trainings
		default:
			j.Seconds += trainSeconds
		}
	}
}

// Has reports whether the evaluation has queries of an input.
func (e *Evaluation) Has(input string) bool { return len(e.Files(input)) > 0 }

// Files returns the queries' files of an input. A conversation's are those of its last
// turn.
func (e *Evaluation) Files(input string) []string {
	if list := e.Queries[input]; len(list) > 0 || input != evaluate.Conversation {
		return list
	}
	if len(e.Tasks) == 0 {
		return nil
	}
	return e.Queries[evaluate.Last]
}

func (l *Lab) folder(training string) string { return filepath.Join(l.Work, "trainings", training) }

// inARow is the number of rows that may fail one after another before Run gives up.
const inARow = 3

// Run does what is left of the rows, one after another. It can be stopped at any moment:
// measurements are already written, and a training continues from its checkpoint. Several
// programs may share the work: each skips a row that another is working on, and returns
// to it at the end. A row that fails does not stop the others.
func (l *Lab) Run(ctx context.Context, rows []Row) error {
	jobs, err := l.Jobs(rows)
	if err != nil {
		return err
	}
	var total, done float64
	without := 0
	var todo []*Job
	for i := range jobs {
		total += jobs[i].Seconds
		if jobs[i].Missing != "" {
			without++
			fmt.Fprintf(l.Stderr, "left out: %s, seed %d: %s is missing\n", jobs[i].Name(), jobs[i].Seed, jobs[i].Missing)
		} else if !jobs[i].Done() {
			todo = append(todo, &jobs[i])
		}
	}
	fmt.Fprintf(l.Stderr, "%d rows: %d done, %d to do, %d left out because data are missing\n", len(jobs), len(jobs)-len(todo)-without, len(todo), without)
	// The meter's units are estimated seconds.
	m := progress.New(l.Stderr, "experiments", 0, int64(total))
	var failed []error
	straight := 0
	for _, wait := range []bool{false, true} {
		var others []*Job
		for i, j := range todo {
			err := l.alone(ctx, j, wait)
			switch {
			case errors.Is(err, durable.ErrLocked):
				others = append(others, j)
				continue
			case err == nil:
				straight = 0
			case ctx.Err() != nil:
				return ctx.Err()
			default:
				err = fmt.Errorf("%s, seed %d: %w", j.Name(), j.Seed, err)
				fmt.Fprintf(l.Stderr, "failed: %v\n", err)
				failed = append(failed, err)
				if straight++; straight == inARow {
					return fmt.Errorf("%d rows failed one after another: %w", inARow, errors.Join(failed...))
				}
			}
			done += j.Seconds
			m.Update(int64(done), fmt.Sprintf("%d rows left", len(todo)-1-i+len(others)))
		}
		if todo = others; len(todo) > 0 && !wait {
			fmt.Fprintf(l.Stderr, "waiting for another program, which is working on %d rows\n", len(todo))
		}
	}
	m.Done("")
	if len(failed) > 0 {
		return fmt.Errorf("%d rows failed: %w", len(failed), errors.Join(failed...))
	}
	return nil
}

// alone does a job while no other program does. If another program is working on it and
// wait is false, it returns durable.ErrLocked.
func (l *Lab) alone(ctx context.Context, j *Job, wait bool) error {
	name := filepath.Join(l.Work, "locks", cmp.Or(j.Training, j.Key))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if wait {
		err = durable.Lock(ctx, f)
	} else {
		err = durable.TryLock(f)
	}
	if err != nil {
		return err
	}
	// While waiting, it may have been done by another program, or as a row with the same
	// settings.
	now, err := l.Jobs([]Row{j.Row})
	if err != nil || now[0].Done() {
		return err
	}
	fmt.Fprintf(l.Stderr, "\n%s, seed %d (%s)\n", j.Name(), j.Seed, j.Key)
	return l.do(ctx, &now[0])
}

// do trains, if that is left to do, and measures.
func (l *Lab) do(ctx context.Context, j *Job) error {
	res := &Result{Key: j.Key, Training: j.Training, Settings: j.Settings(), Data: j.on, Evaluations: map[string]*Measured{}}
	if j.Result != nil {
		res = j.Result
	}
	folder := ""
	if j.Training != "" {
		folder = l.folder(j.Training)
		if err := l.train(ctx, j, res, folder); err != nil {
			return err
		}
	} else {
		res.Revision, res.Modified = train.Revision()
	}
	measure := l.measureRow
	if l.measure != nil {
		measure = l.measure
	}
	for _, e := range j.Todo {
		m, err := measure(ctx, &j.Row, e, filepath.Join(folder, "best"))
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		if m.Data, err = l.sums.measuredOn(l.Data, e, &j.Row); err != nil {
			return err
		}
		res.Evaluations[e.Short] = m
	}
	return writeResult(l.Out, res)
}

// train trains or continues a training, if that is left to do, and sets the result's
// fields about the training.
func (l *Lab) train(ctx context.Context, j *Job, res *Result, folder string) error {
	whole := 0.0
	done, err := train.ReadFinished(folder)
	if err != nil {
		if whole, err = l.runTraining(ctx, j, folder); err != nil {
			return err
		}
		if done, err = train.ReadFinished(folder); err != nil {
			return err
		}
		// Files that are only needed to continue a training are two thirds of the bytes.
		for _, name := range []string{"optimizer.safetensors", "model.safetensors"} {
			if err := os.Remove(filepath.Join(folder, "checkpoint", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	if whole > 0 || res.Seconds == 0 {
		res.Seconds = whole
	}
	res.learnt(done)
	return nil
}

// runTraining trains, or continues a training, in a folder. seconds is 0 if it continued
// one.
func (l *Lab) runTraining(ctx context.Context, j *Job, folder string) (seconds float64, err error) {
	c, err := l.config(j, folder)
	if err != nil {
		return 0, err
	}
	_, err = os.Stat(filepath.Join(folder, "run.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	resume := err == nil
	if !resume {
		// It was stopped before it began, so what it may have left is of no use.
		if err := os.RemoveAll(folder); err != nil {
			return 0, err
		}
	}
	run := train.Run
	if l.run != nil {
		run = l.run
	}
	begin := time.Now()
	if err := run(ctx, c, resume, l.Stderr); errors.Is(err, torch.ErrAbsent) {
		return 0, torch.ErrAbsent // without the text that a training adds
	} else if err != nil {
		return 0, err
	}
	if resume {
		return 0, nil
	}
	return time.Since(begin).Seconds(), nil
}

// config returns a job's training, with paths on this disk.
func (l *Lab) config(j *Job, folder string) (train.Config, error) {
	c := j.Train
	c.Out, c.Cache, c.Threads, c.Device = folder, l.Cache, l.Threads, l.Device
	for _, list := range []*[]string{&c.Examples, &c.Dev, &c.Exclude, &c.Passages, &c.Teachers, &c.Engine} {
		names, err := Expand(l.Data, *list)
		if err != nil {
			return c, err
		}
		for i := range names {
			names[i] = Path(l.Data, names[i])
		}
		*list = names
	}
	for _, folder := range []*string{&c.Encoder, &c.DocEncoder, &c.Dense, &c.Lift, &c.LiftReader} {
		if *folder != "" {
			*folder = Path(l.Data, *folder)
		}
	}
	return c, nil
}

// learnt sets the fields about a training that has ended.
func (r *Result) learnt(done *train.Finished) {
	p := done.Provenance
	r.Revision, r.Modified, r.Examples, r.Steps = p.Revision, p.Modified, p.Train, done.Steps
	r.TrainingSeconds = 0
	for _, line := range done.Log {
		if line.Dev() {
			if int(line["epoch"]) == done.BestEpoch {
				r.Dev = devOf(p.Dev, done.BestEpoch, line)
			}
		} else if s := line["examples_per_second"]; s > 0 {
			r.TrainingSeconds += float64(done.Config.Batch) / s
		}
	}
}

// devOf reads the line of a dev evaluation from a run's log.
func devOf(examples, epoch int, line train.Line) *Dev {
	d := &Dev{Examples: examples, BestEpoch: epoch, NDCG10: six(line["dev_ndcg10"]), R100: six(line["dev_r100"]), L0: six(line["dev_l0"])}
	for key, v := range line {
		if source, ok := strings.CutPrefix(key, "dev_r100/"); ok {
			if d.Sources == nil {
				d.Sources = map[string]DevPart{}
			}
			d.Sources[cmp.Or(source, "unnamed")] = DevPart{six(line["dev_ndcg10/"+source]), six(v)}
		}
	}
	return d
}
