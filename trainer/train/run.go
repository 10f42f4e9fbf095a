//go:build libtorch

package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/importers"
	"parley/shared/progress"
	"parley/shared/safetensors"
	"parley/shared/sparse"
	"parley/trainer/exact"
	"parley/trainer/metrics"
	"parley/trainer/tensorboard"
	"parley/trainer/torch"
)

// Run trains or, if resume is true, continues the run in c.Out. A run can be stopped at
// any moment: it then loses at most --save-every steps and, on the CPU, ends with the
// same weights as one that was not stopped. It writes messages to stderr.
func Run(ctx context.Context, c Config, resume bool, stderr io.Writer) error {
	if err := c.Check(); err != nil {
		return err
	}
	file := filepath.Join(c.Out, "run.json")
	device, err := starts(file, resume, c.Device, c.Threads)
	if err != nil {
		return err
	}
	p, err := prepare(ctx, &c, stderr)
	if err != nil {
		return err
	}
	defer p.close()
	r := &runner{c: c, p: p, device: device, stderr: stderr, folder: filepath.Join(c.Out, "checkpoint")}
	defer r.close()
	if err := r.begin(resume); err != nil {
		return err
	}
	// The folder is made only now, so that a run that cannot begin leaves none.
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	if !resume {
		if err := writeProvenance(c.Out, p); err != nil {
			return err
		}
		if err := writeJSON(file, c); err != nil {
			return err
		}
	}
	if err := r.openLog(); err != nil {
		return err
	}
	if err := r.openCourse(c.steps(len(p.train))); err != nil {
		return err
	}
	return r.train(ctx)
}

// starts prepares libtorch for a run whose configuration is in file, and returns the device.
func starts(file string, resume bool, name string, threads int) (device int, err error) {
	if device, err = torch.Device(name); err != nil {
		return 0, err
	}
	if threads > 0 {
		torch.Threads(threads)
	}
	return device, startsAt(file, resume)
}

// startsAt returns an error if a run cannot begin, or continue, whose configuration is in
// file.
func startsAt(file string, resume bool) error {
	_, err := os.Stat(file)
	switch {
	case err == nil && !resume:
		return fmt.Errorf("%s already has a run; give --resume to continue it, or another --out", filepath.Dir(file))
	case errors.Is(err, fs.ErrNotExist) && resume:
		return fmt.Errorf("%s has no run to continue: %s is missing", filepath.Dir(file), file)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

type runner struct {
	c       Config
	p       *prepared
	device  int
	stderr  io.Writer
	folder  string
	student *torch.Model
	doc     *torch.Model // nil without --train-docs
	trainer *torch.Trainer
	state   state
	log     *os.File
	events  *tensorboard.Writer // nil without --tensorboard
	course  *os.File            // nil without --record
	share   []float32           // see shares
	index   searcher            // the collection, for the dev set, if documents are frozen
}

// begin makes the student and its optimiser, or reads them from the checkpoint.
func (r *runner) begin(resume bool) (err error) {
	from := r.c.Encoder
	if resume {
		var err error
		if resume, err = r.hasCheckpoint(); err != nil {
			return err
		}
		if resume {
			from = r.folder
		}
	}
	if r.c.Random && !resume {
		var config []byte
		if config, err = os.ReadFile(filepath.Join(from, "config.json")); err == nil {
			r.student, err = torch.New(config, r.device, uint64(r.c.Seed))
		}
	} else {
		r.student, err = torch.Load(from, r.device)
	}
	if err != nil {
		return err
	}
	if want := r.p.tokenizer.Size(); r.student.Config.Vocab != want {
		return fmt.Errorf("%s has a vocabulary of %d, the document encoder one of %d; their vectors cannot be compared", r.c.Encoder, r.student.Config.Vocab, want)
	}
	if r.c.MaxTokens > r.student.Config.Positions {
		return fmt.Errorf("max-tokens is %d, the encoder has %d positions", r.c.MaxTokens, r.student.Config.Positions)
	}
	if r.c.HistoryType > 0 && r.student.Config.Types <= r.c.HistoryType {
		return fmt.Errorf("history-type is %d, but the encoder has %d token types; set it to 0", r.c.HistoryType, r.student.Config.Types)
	}
	switch {
	case r.c.DenseStudent:
		err = r.freezeDense()
	case r.c.Freeze:
		err = r.student.FreezeEmbedding()
	}
	if err != nil {
		return err
	}
	if r.c.Words > 0 {
		err = r.student.AddHead(torch.WordHead, uint64(r.c.Seed))
	}
	if r.c.TopicLoss > 0 && err == nil {
		err = r.student.AddHead(torch.TopicHead, uint64(r.c.Seed))
	}
	if err != nil {
		return err
	}
	if r.c.TrainDocs {
		from := r.docFolder()
		if resume {
			from = filepath.Join(r.folder, "doc")
		}
		if err := r.loadDoc(from); err != nil {
			return err
		}
	}
	torch.Seed(int64(r.c.Seed))
	r.trainer, err = torch.NewTrainer(r.student, r.doc, torch.AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Decay: r.c.Weight, Clip: r.c.Clip, Mixed: r.c.Mixed})
	if err != nil {
		return err
	}
	r.state.Best = -1
	if resume {
		if err := r.restore(); err != nil {
			return fmt.Errorf("%s: %w", r.folder, err)
		}
	}
	return nil
}

// hasCheckpoint reports whether there is a checkpoint. Without one, the run was stopped
// before its first, and begins again.
func (r *runner) hasCheckpoint() (bool, error) {
	_, err := os.Stat(r.folder)
	if errors.Is(err, fs.ErrNotExist) {
		// If the run was killed between two renames, the last checkpoint still has the
		// other name.
		if err := os.Rename(r.folder+".old", r.folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		_, err = os.Stat(r.folder)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (r *runner) restore() error {
	data, err := os.ReadFile(filepath.Join(r.folder, "state.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &r.state); err != nil {
		return fmt.Errorf("state.json: %w", err)
	}
	if data, err = os.ReadFile(filepath.Join(r.folder, "optimizer.safetensors")); err != nil {
		return err
	}
	f, err := safetensors.Read(data)
	if err != nil {
		return err
	}
	return r.trainer.Restore(f, int64(r.state.Step))
}

// save writes a checkpoint beside the last one, then replaces that.
func (r *runner) save() error {
	part := r.folder + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := r.student.Save(part, nil); err != nil {
		return err
	}
	if r.doc != nil {
		if err := r.doc.Save(filepath.Join(part, "doc"), nil); err != nil {
			return err
		}
	}
	moments, _, err := r.trainer.State()
	if err != nil {
		return err
	}
	data, err := safetensors.Write(moments, nil)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(part, "optimizer.safetensors"), data); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(part, "state.json"), r.state); err != nil {
		return err
	}
	old := r.folder + ".old"
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	if err := os.Rename(r.folder, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(part, r.folder); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// openLog opens log.jsonl, and removes lines of steps that were lost.
func (r *runner) openLog() error {
	path := filepath.Join(r.c.Out, "log.jsonl")
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(data) {
		var at Line
		if json.Unmarshal(line, &at) != nil || at["step"] < 1 || at["step"] > float64(r.state.Step) || line[len(line)-1] != '\n' {
			continue
		}
		if at.Dev() && at["step"] == float64(r.state.Step) && r.state.Batch > 0 {
			continue // the end of the epoch was not saved, and will be repeated
		}
		kept.Write(line)
	}
	if err := durable.WriteFile(path, kept.Bytes()); err != nil {
		return err
	}
	if r.log, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0); err == nil && r.c.TensorBoard {
		r.events, err = openEvents(r.c.Out, kept.Bytes())
	}
	return err
}

func (r *runner) write(line Line) error {
	line["time"] = float64(time.Now().UnixMilli()) / 1000
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err = r.log.Write(append(data, '\n')); err == nil && r.events != nil {
		err = writeEvent(r.events, line)
	}
	return err
}

func (r *runner) close() {
	if r.trainer != nil {
		r.trainer.Close()
	}
	for _, e := range []*torch.Model{r.student, r.doc} {
		if e != nil {
			e.Close()
		}
	}
	if r.log != nil {
		r.log.Close()
	}
	if r.course != nil {
		r.course.Close()
	}
	if r.events != nil {
		r.events.Close()
	}
}

// settings returns how the student reads a conversation, for its config.json.
func (r *runner) settings() map[string]any {
	if r.c.DenseStudent {
		return map[string]any{"parley": r.denseSettings()}
	}
	return map[string]any{"parley": encoder.Settings{
		Name:             filepath.Base(r.c.Out),
		QueryTokens:      r.c.MaxTokens,
		HistoryTokenType: r.c.HistoryType,
		ReplyTokens:      r.c.ReplyTokens,
		WordHead:         r.c.Words > 0,
		TopicHead:        r.c.TopicLoss > 0,
		PassageTokens:    r.p.frozen.PassageTokens,
	}}
}

func (r *runner) train(ctx context.Context) error {
	c := r.c
	if r.state.Ended {
		fmt.Fprintf(r.stderr, "the run has already ended; its encoder is in %s\n", filepath.Join(c.Out, "best"))
		return nil
	}
	total := c.steps(len(r.p.train))
	all, trained := r.student.Size()
	if r.doc != nil {
		a, t := r.doc.Size()
		all, trained = all+a, trained+t
	}
	fmt.Fprintf(r.stderr, "%d examples, %d dev examples, %d passages; %d of %d parameters train; %d steps\n",
		len(r.p.train), len(r.p.dev), len(r.p.texts), trained, all, total)
	m := progress.New(r.stderr, "training", int64(r.state.Step), int64(total))
	saved := r.state.Step
	stopped := func(why error) error {
		if r.state.Step > saved {
			if err := r.save(); err != nil {
				return errors.Join(why, err)
			}
		}
		return why
	}
	for r.state.Epoch < c.Epochs && r.state.Step < total {
		in := r.p.inputs(&c, r.p.train, r.state.Epoch)
		batches := c.batches(in, r.state.Epoch)
		for r.state.Batch < len(batches) && r.state.Step < total {
			if err := ctx.Err(); err != nil {
				return stopped(err)
			}
			begin := time.Now()
			step, of := r.state.Step+1, batches[r.state.Batch]
			parts, err := r.step(in, of, step, total)
			if err != nil {
				return stopped(fmt.Errorf("step %d: %w", step, err))
			}
			if float64(total-step) < c.Average*float64(total) {
				if err := r.trainer.Average(); err != nil {
					return stopped(fmt.Errorf("step %d: %w", step, err))
				}
			}
			r.state.Step = step
			r.state.Batch++
			took := time.Since(begin)
			line := Line{"step": float64(step), "epoch": float64(r.state.Epoch + 1), "rate": c.rate(step, total),
				"examples_per_second": float64(len(of)) / took.Seconds()}
			for k, v := range parts {
				line[k] = v
			}
			if err := r.write(line); err != nil {
				return stopped(err)
			}
			if step%c.RecordEvery == 0 {
				if err := r.record(step, parts); err != nil {
					return stopped(err)
				}
			}
			m.Update(int64(step), fmt.Sprintf("%s, %.0f examples/s", parts, float64(len(of))/took.Seconds()))
			if step%c.SaveEvery == 0 {
				if err := r.save(); err != nil {
					return err
				}
				saved = step
			}
		}
		if r.state.Batch == len(batches) || r.state.Step == total {
			if err := r.endEpoch(ctx); err != nil {
				return stopped(err)
			}
			r.state.Epoch++
			r.state.Batch = 0
			if c.Patience > 0 && r.state.Without >= c.Patience {
				fmt.Fprintf(r.stderr, "no better dev figure for %d epochs: stopping\n", r.state.Without)
				break
			}
			if err := r.save(); err != nil {
				return err
			}
			saved = r.state.Step
		}
	}
	r.state.Ended = true
	if err := r.save(); err != nil {
		return err
	}
	m.Done(fmt.Sprintf("best after epoch %d, in %s", r.state.BestAt, filepath.Join(c.Out, "best")))
	return nil
}

// step takes a step on the inputs of a batch.
func (r *runner) step(in []input, of []int, step, total int) (torch.Parts, error) {
	if r.c.DenseStudent {
		b, err := r.denseBatch(in, of, step)
		if err != nil {
			return nil, err
		}
		return r.trainer.StepDense(b, r.c.denseLoss(), torch.Pooling(r.c.Pooling), r.c.rate(step, total))
	}
	b, err := r.batch(in, of)
	if err != nil {
		return nil, err
	}
	return r.trainer.Step(b, r.loss(step, total), r.c.rate(step, total))
}

// loss returns the weights of the loss at a step. Postings needs the share of passages
// with each term.
func (r *runner) loss(step, total int) torch.Loss {
	l := r.c.loss(step, total)
	if r.c.Postings == 0 {
		return l
	}
	l.Query.Share = r.shares()
	return l
}

// shares returns the share of the passages with each term.
func (r *runner) shares() []float32 {
	if r.share == nil {
		r.share = make([]float32, max(r.p.frozen.Vocab(), r.p.words.dims()))
		for i := range r.p.docs {
			for _, j := range r.p.docs[i].Terms {
				r.share[j] += 1 / float32(len(r.p.docs))
			}
		}
	}
	return r.share
}

// batch returns a batch with candidates for its examples.
func (r *runner) batch(in []input, of []int) (*torch.Batch, error) {
	b := &torch.Batch{Dims: r.p.words.dims()}
	weighted := false
	for _, i := range of {
		e := &r.p.train[in[i].example]
		l, err := r.p.list(e)
		if err != nil {
			return nil, err
		}
		drawn := r.c.sample(random(r.c.Seed, r.state.Epoch, 1000+in[i].example), l)
		var docs []uint32
		var vectors []sparse.Vector
		var tokens [][]int32
		var scores []float32
		for _, p := range drawn.places {
			docs = append(docs, l.Docs[p])
			if r.doc != nil {
				tokens = append(tokens, r.passage(l.Docs[p]))
			} else {
				vectors = append(vectors, r.p.docs[l.Docs[p]])
			}
			scores = append(scores, l.Scores[p])
		}
		b.IDs, b.Types = append(b.IDs, in[i].IDs), append(b.Types, in[i].Types)
		b.Words, b.Builds = append(b.Words, in[i].words), append(b.Builds, in[i].builds)
		if r.p.words != nil {
			rewritten := r.p.words.terms(e.Rewrite)
			more := make([]float32, len(vectors))
			for k, v := range vectors {
				more[k] = float32(r.c.Words) * score(rewritten, v)
			}
			b.TeacherWords = append(b.TeacherWords, more)
		}
		b.Docs, b.Teacher = append(b.Docs, docs), append(b.Teacher, scores)
		if r.doc != nil {
			b.Tokens = append(b.Tokens, tokens)
		} else {
			b.Frozen = append(b.Frozen, vectors)
		}
		w := drawn.logWeight
		if w == nil {
			w = make([]float32, len(docs))
		} else {
			weighted = true
		}
		b.LogWeight = append(b.LogWeight, w)
		if r.c.Distance != 0 {
			b.Query = append(b.Query, r.p.queries[e.Rewrite])
		}
	}
	if !weighted {
		b.LogWeight = nil
	}
	return b, nil
}

// endEpoch measures the student on the dev set, and keeps it if it is the best so far.
// Without a dev set, it always keeps it.
func (r *runner) endEpoch(ctx context.Context) (err error) {
	if r.trainer.Averaged() > 0 {
		if err := r.trainer.Swap(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.trainer.Swap()) }()
	}
	figure, line, err := r.measure(ctx)
	if err != nil {
		return err
	}
	if line != nil {
		line["step"], line["epoch"] = float64(r.state.Step), float64(r.state.Epoch+1)
		if err := r.write(line); err != nil {
			return err
		}
		if r.c.DenseStudent {
			fmt.Fprintf(r.stderr, "\nepoch %d: dev cosine %.4f\n", r.state.Epoch+1, line["dev_cosine"])
		} else {
			fmt.Fprintf(r.stderr, "\nepoch %d: dev nDCG@10 %.4f, R@100 %.4f, L0 %.1f\n", r.state.Epoch+1, line["dev_ndcg10"], line["dev_r100"], line["dev_l0"])
		}
	}
	if len(r.p.dev) > 0 && figure <= r.state.Best {
		r.state.Without++
		return nil
	}
	r.state.Best, r.state.BestAt, r.state.Without = figure, r.state.Epoch+1, 0
	best := filepath.Join(r.c.Out, "best")
	if err := r.student.Save(best, r.settings()); err != nil {
		return err
	}
	if err := copyTokenizer(r.c.Encoder, best); err != nil {
		return err
	}
	if r.doc != nil {
		if err := r.saveBestDoc(best); err != nil {
			return err
		}
	}
	return writeBest(r.c.Out)
}

// relevant is the number of a teacher's first passages that are relevant on the dev
// set.
const relevant = 10

// measure compares the student's ranking with the teacher's on the dev set. The student
// ranks the collection (or, if documents train, a part of it) by its learned terms. The
// measures are nDCG@10 and R@100; the teacher's first ten passages are relevant. The
// figure is the mean of the two.
func (r *runner) measure(ctx context.Context) (float64, Line, error) {
	if len(r.p.dev) == 0 {
		return 0, nil, nil
	}
	if r.c.DenseStudent {
		return r.measureDense(ctx)
	}
	docL0 := 0.0
	if r.doc != nil {
		var err error
		if r.index, docL0, err = r.measureDocs(ctx); err != nil {
			return 0, nil, err
		}
	} else if r.index.Index == nil {
		r.index.Index = exact.New(r.p.docs)
	}
	plain := r.c
	plain.Unrelated, plain.Rewrites, plain.Replies, plain.EngineShare = 0, 0, 0, 0
	in := r.p.inputs(&plain, r.p.dev, 0)
	values := make([]metrics.Values, len(in))
	errs := make([]error, len(in))
	var l0 int
	var wg sync.WaitGroup
	limit := make(chan searcher, 16)
	for range cap(limit) {
		limit <- r.index.share()
	}
	const batch = 64
	for first := 0; first < len(in); first += batch {
		part := in[first:min(first+batch, len(in))]
		var ids [][]int32
		var types [][]uint8
		for _, x := range part {
			ids, types = append(ids, x.IDs), append(types, x.Types)
		}
		vs, err := r.student.Encode(ids, types, nil)
		if err != nil {
			return 0, nil, err
		}
		for k, v := range vs {
			l0 += v.L0()
			index := <-limit
			wg.Go(func() {
				defer func() { limit <- index }()
				i := first + k
				values[i], errs[i] = r.agreement(index, v, &r.p.dev[in[i].example])
			})
		}
	}
	wg.Wait()
	var ndcg, recall float64
	sources, count := map[string]*metrics.Values{}, map[string]float64{}
	for i := range values {
		if errs[i] != nil {
			return 0, nil, errs[i]
		}
		ndcg += values[i][metrics.NDCG10] / float64(len(in))
		recall += values[i][metrics.R100] / float64(len(in))
		of := r.p.dev[in[i].example].Source
		if sources[of] == nil {
			sources[of] = &metrics.Values{}
		}
		count[of]++
		for m, v := range values[i] {
			sources[of][m] += (v - sources[of][m]) / count[of]
		}
	}
	line := Line{"dev_ndcg10": ndcg, "dev_r100": recall, "dev_l0": float64(l0) / float64(len(in))}
	if r.doc != nil {
		line["dev_doc_l0"] = docL0
	}
	if len(sources) > 1 { // a source that is not trained on tells more than the others
		for of, v := range sources {
			line["dev_ndcg10/"+of], line["dev_r100/"+of] = v[metrics.NDCG10], v[metrics.R100]
		}
	}
	return (ndcg + recall) / 2, line, nil
}

func (r *runner) agreement(index searcher, v sparse.Vector, e *importers.Example) (metrics.Values, error) {
	l, err := r.p.list(e)
	if err != nil {
		return metrics.Values{}, err
	}
	grades := metrics.Grades{}
	for _, d := range l.Docs[:min(relevant, len(l.Docs))] {
		grades[fmt.Sprint(d)] = 1
	}
	var hits []metrics.Hit
	for _, h := range index.Search(v, 100) {
		hits = append(hits, metrics.Hit{Doc: fmt.Sprint(index.doc(h.Doc)), Score: h.Score})
	}
	return metrics.Query(hits, grades), nil
}
