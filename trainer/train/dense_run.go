//go:build libtorch

package train

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/trainer/torch"
)

// freezeDense freezes the parts of a dense student that do not train.
func (r *runner) freezeDense() error {
	c := r.student.Config
	switch {
	case !c.Bare:
		return fmt.Errorf("%s has a masked-LM head; a dense student must be a BertModel without one", r.c.Encoder)
	case c.Width != r.p.dense.dim:
		return fmt.Errorf("the vectors of %s have %d values, the teacher's %d; they cannot be compared", r.c.Encoder, c.Width, r.p.dense.dim)
	case r.c.TrainLayers > c.Layers:
		return fmt.Errorf("train-layers is %d, the encoder has %d layers", r.c.TrainLayers, c.Layers)
	}
	if r.c.TrainLayers > 0 {
		if err := r.student.FreezeBelow(c.Layers - r.c.TrainLayers); err != nil {
			return err
		}
	}
	if r.c.FreezeTypes {
		return r.student.FreezeTypes()
	}
	return nil
}

func (r *runner) denseSettings() encoder.Settings {
	return encoder.Settings{
		Name:             filepath.Base(r.c.Out),
		QueryTokens:      r.c.MaxTokens,
		HistoryTokenType: r.c.HistoryType,
		ReplyTokens:      r.c.ReplyTokens,
		Pooling:          r.c.Pooling,
		Space:            r.p.dense.space,
		SpaceFingerprint: r.p.dense.print,
		PassageTokens:    r.p.dense.tokens,
		PassageTokenType: r.c.PassageType,
	}
}

// denseLoss returns the weights of a dense student's loss.
func (c *Config) denseLoss() torch.DenseLoss {
	return torch.DenseLoss{Distance: c.Distance, KLD: c.KLD, Temperature: c.Temperature, InfoNCE: c.InfoNCE, Tau: c.Tau}
}

// denseBatch returns a batch with its targets, the step's passages and, if the loss
// needs them, candidates. These are cut to the shortest list in the batch.
func (r *runner) denseBatch(in []input, of []int, step int) (*torch.DenseBatch, error) {
	b, t := &torch.DenseBatch{}, &r.p.dense
	if n := r.c.PassageTexts; n > 0 {
		b.Also = &torch.DenseBatch{}
		for k := range n {
			i := ((step-1)*n + k) % len(t.texts)
			in := conversation.Passage(r.p.tokenizer, t.texts[i], cmp.Or(r.c.PassageSize, t.tokens))
			for j := range in.Types {
				in.Types[j] = uint8(r.c.PassageType)
			}
			b.Also.IDs, b.Also.Types = append(b.Also.IDs, in.IDs), append(b.Also.Types, in.Types)
			b.Also.Target = append(b.Also.Target, t.vectors[i*t.dim:][:t.dim])
		}
	}
	least := 0
	for _, i := range of {
		e := &r.p.train[in[i].example]
		b.IDs, b.Types = append(b.IDs, in[i].IDs), append(b.Types, in[i].Types)
		b.Target = append(b.Target, t.queries[e.Rewrite])
		if t.passages == nil {
			continue
		}
		l, err := r.p.list(e)
		if err != nil {
			return nil, err
		}
		var docs []uint32
		var vectors [][]float32
		var scores []float32
		for _, p := range r.c.sample(random(r.c.Seed, r.state.Epoch, 1000+in[i].example), l).places {
			docs = append(docs, l.Docs[p])
			vectors = append(vectors, t.passages[int(l.Docs[p])*t.dim:][:t.dim])
			scores = append(scores, l.Scores[p])
		}
		b.Docs, b.Passages, b.Teacher = append(b.Docs, docs), append(b.Passages, vectors), append(b.Teacher, scores)
		if n := len(docs); least == 0 || n < least {
			least = n
		}
	}
	for i := range b.Docs {
		b.Docs[i], b.Passages[i], b.Teacher[i] = b.Docs[i][:least], b.Passages[i][:least], b.Teacher[i][:least]
	}
	return b, nil
}

// measureDense returns the mean cosine between the student's vectors and those of the
// rewrites on the dev set.
func (r *runner) measureDense(ctx context.Context) (float64, Line, error) {
	plain := r.c
	plain.Unrelated, plain.Rewrites, plain.EngineShare, plain.Preamble = 0, 0, 0, 0
	in := r.p.inputs(&plain, r.p.dev, 0)
	line := Line{"dev_cosine": 0}
	count := map[string]float64{}
	const batch = 64
	for first := 0; first < len(in); first += batch {
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
		part := in[first:min(first+batch, len(in))]
		var ids [][]int32
		var types [][]uint8
		for _, x := range part {
			ids, types = append(ids, x.IDs), append(types, x.Types)
		}
		vectors, err := r.student.Vectors(ids, types, torch.Pooling(r.c.Pooling), r.c.Mixed)
		if err != nil {
			return 0, nil, err
		}
		for k, v := range vectors {
			e := &r.p.dev[part[k].example]
			cosine := 0.0
			for j, x := range r.p.dense.queries[e.Rewrite] {
				cosine += float64(x) * float64(v[j])
			}
			line["dev_cosine"] += cosine / float64(len(in))
			of := "dev_cosine/" + e.Source
			count[of]++
			line[of] += (cosine - line[of]) / count[of]
		}
	}
	return line["dev_cosine"], line, nil
}
