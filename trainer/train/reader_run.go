//go:build libtorch

package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/progress"
	"parley/shared/wordpiece"
	"parley/trainer/candidates"
	"parley/trainer/torch"
)

// RunReader trains a reader or, if resume is true, continues the run in c.Out, as Run does
// for an encoder.
func RunReader(ctx context.Context, c ReaderConfig, resume bool, stderr io.Writer) error {
	if err := c.Check(); err != nil {
		return err
	}
	file := filepath.Join(c.Out, ReaderFile)
	device, err := starts(file, resume, c.Device, c.Threads)
	if err != nil {
		return err
	}
	r := &readerRunner{runner: runner{c: Config{Out: c.Out}, device: device, stderr: stderr, folder: filepath.Join(c.Out, "checkpoint")}, c: c}
	defer r.close()
	sums, err := r.prepare()
	if err != nil {
		return err
	}
	if err := r.begin(resume); err != nil {
		return err
	}
	// The folder is made only now, so that a run that cannot begin leaves none.
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	if !resume {
		if err := provenance(c.Out, Provenance{Train: len(r.train), Dev: len(r.dev), SHA256: sums}); err != nil {
			return err
		}
		if err := writeJSON(file, c); err != nil {
			return err
		}
	}
	if err := r.openLog(); err != nil {
		return err
	}
	return r.run(ctx)
}

// A readerRunner is a runner whose student is a reader.
type readerRunner struct {
	runner
	c          ReaderConfig
	vocabulary int // its size
	train, dev []reading
}

// prepare reads the examples, and returns the checksums of all files that the run reads.
func (r *readerRunner) prepare() (sums map[string]string, err error) {
	p := prepared{sums: map[string]string{}}
	from := r.c.Vocabulary
	if from == "" {
		from = r.c.Encoder
	}
	files := folder.Sum(folder.Files(from))
	data, err := files.Read("vocab.txt")
	if err != nil {
		return nil, fmt.Errorf("the vocabulary: %w; give --vocabulary, an encoder's folder that has it", err)
	}
	t, err := wordpiece.New(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	p.noteSums(from, files)
	if err := p.sumStudent(&Config{Encoder: r.c.Encoder}, ""); err != nil {
		return nil, err
	}
	if r.c.Further {
		if err := p.sum(filepath.Join(r.c.Encoder, encoder.ReaderFile)); err != nil {
			return nil, err
		}
	}
	for _, set := range []struct {
		to    *[]reading
		paths []string
	}{{&r.train, r.c.Examples}, {&r.dev, r.c.Dev}} {
		examples, err := candidates.Read(set.paths)
		if err != nil {
			return nil, err
		}
		if err := p.sum(set.paths...); err != nil {
			return nil, err
		}
		for i := range examples {
			*set.to = append(*set.to, r.c.read(t, &examples[i]))
		}
	}
	if len(r.train) == 0 {
		return nil, errors.New("there is no example to train on")
	}
	r.vocabulary = t.Size()
	return p.sums, nil
}

// begin makes the reader and its optimiser, or reads them from the checkpoint.
func (r *readerRunner) begin(resume bool) (err error) {
	if resume {
		if resume, err = r.hasCheckpoint(); err != nil {
			return err
		}
	}
	if resume {
		if r.student, err = torch.Load(r.folder, r.device); err == nil {
			err = r.student.FreezeReader(r.c.Lower)
		}
	} else {
		r.student, err = torch.NewReader(r.c.Encoder, r.c.Lower, r.c.Layers, r.c.Further, r.device, uint64(r.c.Seed))
	}
	if err != nil {
		return err
	}
	c := r.student.Config
	switch {
	case c.Vocab != r.vocabulary:
		return fmt.Errorf("%s has a vocabulary of %d, the one that was read has %d pieces", r.c.Encoder, c.Vocab, r.vocabulary)
	case r.c.QueryTokens+r.c.PassageTokens > c.Positions:
		return fmt.Errorf("query-tokens and passage-tokens are %d together, the encoder has %d positions", r.c.QueryTokens+r.c.PassageTokens, c.Positions)
	}
	torch.Seed(int64(r.c.Seed))
	r.trainer, err = torch.NewTrainer(r.student, nil, torch.AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, Decay: r.c.Weight, Clip: r.c.Clip, Mixed: r.c.Mixed})
	if err != nil || !resume {
		return err
	}
	if err := r.restore(); err != nil {
		return fmt.Errorf("%s: %w", r.folder, err)
	}
	return nil
}

func (r *readerRunner) run(ctx context.Context) error {
	c := r.c
	best := filepath.Join(c.Out, "best")
	if r.state.Ended {
		fmt.Fprintf(r.stderr, "the run has already ended; its reader is in %s\n", best)
		return nil
	}
	schedule := c.schedule()
	total := schedule.steps(len(r.train))
	all, trained := r.student.Size()
	fmt.Fprintf(r.stderr, "%d examples, %d dev examples; %d of %d parameters train; %d steps\n", len(r.train), len(r.dev), trained, all, total)
	m := progress.New(r.stderr, "training", int64(r.state.Step), int64(total))
	saved := r.state.Step
	stopped := func(why error) error {
		if r.state.Step > saved {
			return errors.Join(why, r.save())
		}
		return why
	}
	begin, read := time.Now(), 0
	for r.state.Epoch < c.Epochs && r.state.Step < total {
		order := batches(len(r.train), c.Batch, 20, func(i int) int { return r.train[i].length }, random(c.Seed, r.state.Epoch, 2))
		for r.state.Batch < len(order) && r.state.Step < total {
			if err := ctx.Err(); err != nil {
				return stopped(err)
			}
			var of []reading
			for _, i := range order[r.state.Batch] {
				of = append(of, r.train[i])
			}
			b, step := readerBatch(of), r.state.Step+1
			start := time.Now()
			parts, err := r.trainer.StepReader(b, schedule.rate(step, total))
			if err != nil {
				return stopped(fmt.Errorf("step %d: %w", step, err))
			}
			r.state.Step = step
			r.state.Batch++
			read += tokens(b)
			line := Line{"step": float64(step), "epoch": float64(r.state.Epoch + 1), "rate": schedule.rate(step, total),
				"tokens_per_second": float64(tokens(b)) / time.Since(start).Seconds()}
			for k, v := range parts {
				line[k] = v
			}
			if err := r.write(line); err != nil {
				return stopped(err)
			}
			m.Update(int64(step), fmt.Sprintf("%s, %.0f tokens/s", parts, float64(read)/time.Since(begin).Seconds()))
			if step%c.SaveEvery == 0 {
				if err := r.save(); err != nil {
					return err
				}
				saved = step
			}
		}
		if err := r.endEpoch(ctx, best); err != nil {
			return stopped(err)
		}
		r.state.Epoch++
		r.state.Batch = 0
		if err := r.save(); err != nil {
			return err
		}
		saved = r.state.Step
	}
	r.state.Ended = true
	if err := r.save(); err != nil {
		return err
	}
	m.Done(fmt.Sprintf("best after epoch %d, in %s", r.state.BestAt, best))
	return nil
}

// endEpoch measures the reader on the dev set, and keeps it if its loss is the least so
// far. Without a dev set, it always keeps it.
func (r *readerRunner) endEpoch(ctx context.Context, best string) error {
	if len(r.dev) > 0 {
		line, err := r.measure(ctx)
		if err != nil {
			return err
		}
		line["step"], line["epoch"] = float64(r.state.Step), float64(r.state.Epoch+1)
		loss := line["dev_loss"]
		if err := r.write(line); err != nil {
			return err
		}
		fmt.Fprintf(r.stderr, "\nepoch %d: dev loss %.4f, first passage right %.1f %%, sentence right %.1f %%\n", r.state.Epoch+1, loss, 100*line["dev_first"], 100*line["dev_sentence"])
		if r.state.BestAt > 0 && loss >= r.state.Best {
			return nil
		}
		r.state.Best = loss
	}
	r.state.BestAt = r.state.Epoch + 1
	set := map[string]any{"parley": map[string]any{"reader": r.c.Settings()}}
	if err := r.student.Save(best, set); err != nil {
		return err
	}
	return writeBest(r.c.Out)
}

// measure returns the figures on the dev set.
func (r *readerRunner) measure(ctx context.Context) (Line, error) {
	var f readerFigures
	for i := range r.dev {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b := readerBatch(r.dev[i : i+1])
		relevance, sentences, err := r.student.Relevance(b.IDs, b.Types, b.Sentences, r.c.Mixed)
		if err != nil {
			return nil, err
		}
		f.add(&r.dev[i], relevance, sentences)
	}
	return f.line(), nil
}
