package main

import (
	"context"
	"fmt"
	"path/filepath"

	"parley/shared/cli"
	"parley/shared/conversation"
	"parley/shared/cores"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/lift"
	"parley/shared/progress"
	"parley/shared/sparse"
	"parley/trainer/candidates"
	"parley/trainer/corpus"
	"parley/trainer/disk"
	"parley/trainer/embedding"
	"parley/trainer/evaluate"
	"parley/trainer/liftfit"
	"parley/trainer/train"
)

var liftCommand = cli.Command{
	Name: "lift", Define: runLift,
	Synopsis: `--dense DIR --passages FILES --out FILE [--examples FILES] [--questions FILES] [FLAGS]`,
	Summary:  "find how a dense encoder's vectors change the weights of passages' terms",
	About: `Finds the matrix by which the sum of what a dense encoder says of a question's terms,
weighted as the sparse encoder weighs them, comes nearest to the dense encoder's vector of
the question: a ridge regression, without a judgement and without a teacher's ranking. With
it, the weights of a passage's terms take over what the dense encoder knows of the passage,
and the sparse stage alone ranks in part as the dense one does (package lift says how).

It learns from the rewrites of --examples (trainer import) and the questions of --questions
(as DPR's topics have them: question, a tab, answers). The mean of the dense vectors of some
of --passages is what is common to all passages. Questions of --exclude are left out. The
same files give the same matrix on one machine. The file belongs into the folder of --terms,
in Hugging Face's safetensors; trainer evaluate --lift measures it, and parley index --lift
uses it.`,
	Examples: `trainer lift --dense build/bge --terms models/bge-small-conv --examples 'train/*.jsonl' --questions 'dpr/topics.dpr.*.txt.gz' --passages lead3.jsonl --out models/bge-small-conv/lift.safetensors
trainer evaluate --encoder models/splade-tiny --mtrag ../data/mtrag --input rewrite --lift models/bge-small-conv --lift-passages build/bge`,
}

// fitting are the values of the command's flags.
type fitting struct {
	encoder, dense, terms, out   string
	examples, questions, exclude files
	passages                     files
	of, held                     int
	weight                       float64
}

func runLift(flags *cli.Flags) cli.Run {
	var o fitting
	flags.StringVar(&o.encoder, "encoder", "models/splade-tiny", "the sparse encoder's `folder`, which reads the questions")
	flags.StringVar(&o.dense, "dense", "", "the dense encoder's `folder`, which reads questions and passages")
	flags.StringVar(&o.terms, "terms", "", "the `folder` of the dense encoder that is asked for the terms, if another (a student of it, as it ships)")
	flags.Var(&o.examples, "examples", "examples whose rewrites are learned from, `files` as trainer import writes them")
	flags.Var(&o.questions, "questions", "questions with short answers, `files`")
	flags.Var(&o.exclude, "exclude", "examples whose questions and rewrites are left out, `files`")
	flags.Var(&o.passages, "passages", "a collection such as those to search, BEIR's corpus `files`")
	flags.IntVar(&o.of, "mean-of", 4000, "take the mean of `n` of --passages")
	flags.IntVar(&o.held, "held-out", 500, "keep `n` questions apart, to say how well the matrix fits others")
	flags.Float64Var(&o.weight, "lift-weight", 30, "the `weight` of a dense score beside a term's weight")
	flags.StringVar(&o.out, "out", "", "write the matrix to `file`")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q: name files with flags", args)
		case o.out == "" || o.dense == "" || len(o.passages) == 0:
			return cli.Usagef("--dense, --passages and --out are needed")
		case len(o.examples)+len(o.questions) == 0:
			return cli.Usagef("nothing to learn from: give --examples or --questions")
		case o.of < 1 || o.held < 0 || !(o.weight >= 0):
			return cli.Usagef("--mean-of has to be 1 or more, --held-out and --lift-weight 0 or more")
		}
		return o.run(ctx, s)
	}
}

func (o *fitting) run(ctx context.Context, s cli.Streams) error {
	asked, err := o.asked()
	if err != nil {
		return err
	}
	if len(asked) <= o.held {
		return fmt.Errorf("%d questions are left to learn from and to hold out; --held-out is %d", len(asked), o.held)
	}
	enc, _, err := evaluate.Load(o.encoder, "")
	if err != nil {
		return err
	}
	sen, _, err := embedding.Load(o.dense, enc.Tokenizer)
	if err != nil {
		return err
	}
	if !sen.Tokenizer.Same(enc.Tokenizer) {
		return fmt.Errorf("%s and %s have different vocabularies", o.encoder, o.dense)
	}
	words, dim := sen, sen.Dim()
	if o.terms != "" {
		if words, _, err = embedding.Load(o.terms, enc.Tokenizer); err != nil {
			return err
		}
		if words.Space != sen.Space || words.Dim() != dim {
			return fmt.Errorf("%s does not compare with the vectors of %s: its space is %q, that of the other %q", o.terms, o.dense, words.Space, sen.Space)
		}
	}

	questions := make([]sparse.Vector, len(asked))
	dense := make([]float32, len(asked)*dim)
	err = each(ctx, s, "questions", len(asked), func() (func(i int) error, error) {
		sparse, other := enc.NewSession(), sen.NewSession()
		var in conversation.Input
		return func(i int) error {
			turns := []conversation.Turn{{Question: asked[i]}}
			in.Build(enc.Tokenizer, turns, enc.Query)
			v, _, err := sparse.EncodeQuery(in)
			if err != nil {
				return fmt.Errorf("question %q: %w", asked[i], err)
			}
			questions[i] = v.Clone()
			sen.Conversation(&in, turns)
			return other.Embed(dense[i*dim:(i+1)*dim], in)
		}, nil
	})
	if err != nil {
		return err
	}
	bar := progress.Await(s.Err, "terms", int64(enc.Vocab()))
	terms, err := lift.ReadTerms(ctx, words, enc.Vocab(), func(done int) { bar.Update(int64(done), "") })
	if err != nil {
		return err
	}
	bar.Done(fmt.Sprint(enc.Vocab()))
	mean, err := o.mean(ctx, s, sen)
	if err != nil {
		return err
	}
	// Every so many is held out, so that all sources are.
	p := &liftfit.Problem{Dim: dim, Terms: terms}
	var held []sparse.Vector
	var heldDense []float32
	for i, v := range questions {
		d := dense[i*dim : (i+1)*dim]
		if o.held > 0 && i%(len(questions)/o.held) == 0 && len(held) < o.held {
			held, heldDense = append(held, v), append(heldDense, d...)
		} else {
			p.Sparse, p.Dense = append(p.Sparse, v), append(p.Dense, d...)
		}
	}
	fmt.Fprintf(s.Err, "fitting %d questions\n", len(p.Sparse))
	found, err := p.Solve(ctx)
	if err != nil {
		return err
	}
	l, err := lift.New(found, mean)
	if err != nil {
		return err
	}
	l.Weight, l.Encoder, l.Space = float32(o.weight), enc.Name, sen.Space
	data, err := l.Encode()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(o.out, data); err != nil {
		return err
	}
	if len(held) > 0 {
		fit, err := p.Fit(found, held, heldDense)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "%d questions held out: the mean cosine of a question's dense vector with what the matrix makes of its terms is %.3f (the mean of all questions taken away from both)\n", len(held), fit)
	}
	fmt.Fprintf(s.Out, "%s: a matrix of %d x %d\n", filepath.ToSlash(o.out), terms.Width(), dim)
	return nil
}

// asked returns the questions to learn from, each once.
func (o *fitting) asked() (list []string, err error) {
	var not train.Exclusion
	if len(o.exclude) > 0 {
		of, err := disk.Examples(o.exclude)
		if err != nil {
			return nil, err
		}
		not = train.Exclude(of)
	}
	seen := map[string]bool{}
	add := func(q string) {
		if q != "" && !seen[q] && !not.Has(q) {
			seen[q] = true
			list = append(list, q)
		}
	}
	if len(o.examples) > 0 {
		examples, err := disk.Examples(o.examples)
		if err != nil {
			return nil, err
		}
		for _, x := range examples {
			add(x.Rewrite)
		}
	}
	if len(o.questions) > 0 {
		asked, err := candidates.ReadAsked(o.questions)
		if err != nil {
			return nil, err
		}
		for _, a := range asked {
			add(a.Question)
		}
	}
	return list, nil
}

// mean returns the mean of the dense vectors of some passages, spread over the collection.
func (o *fitting) mean(ctx context.Context, s cli.Streams, sen *encoder.Sentence) ([]float32, error) {
	of, err := corpus.Read(o.passages)
	if err != nil {
		return nil, err
	}
	n, dim := min(o.of, len(of.Texts)), sen.Dim()
	all := make([]float32, n*dim)
	err = each(ctx, s, "passages", n, func() (func(i int) error, error) {
		session := sen.NewSession()
		var in conversation.Input
		return func(i int) error {
			sen.Passage(&in, of.Texts[i*len(of.Texts)/n])
			return session.Embed(all[i*dim:(i+1)*dim], in)
		}, nil
	})
	return liftfit.Mean(all, dim), err
}

// each is cores.Each with a bar.
func each(ctx context.Context, s cli.Streams, what string, n int, worker func() (func(i int) error, error)) error {
	meter := progress.Await(s.Err, what, int64(n))
	err := cores.Each(ctx, n, worker, func(done int) { meter.Update(int64(done), "") })
	if err == nil {
		meter.Done(fmt.Sprint(n))
	}
	return err
}
