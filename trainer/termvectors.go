package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"parley/shared/cli"
	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/progress"
	"parley/shared/sparse"
	"parley/shared/termvectors"
	"parley/trainer/candidates"
	"parley/trainer/corpus"
	"parley/trainer/disk"
	"parley/trainer/evaluate"
	"parley/trainer/termfit"
	"parley/trainer/train"
)

var termVectorsCommand = cli.Command{
	Name: "term-vectors", Define: runTermVectors,
	Synopsis: `--dense DIR --passages FILES --out FILE [--examples FILES] [--questions FILES] [FLAGS]`,
	Summary:  "find a dense vector for each term, by which a dense encoder lifts passages' weights",
	About: `Finds, for each term of the sparse encoder's vocabulary, the dense vector whose sum over a
question's terms comes nearest to the dense encoder's vector of the question: a ridge
regression, without a judgement and without a teacher's ranking. With these, the weights of
a passage's terms take over what the dense encoder knows of the passage, and the sparse
stage alone ranks in part as the dense one does (package termvectors says how).

It learns from the rewrites of --examples (trainer import) and the questions of --questions
(as DPR's topics have them: question, a tab, answers). The mean of the dense vectors of some
of --passages is what is common to all passages. Questions of --exclude are left out. The
same files give the same vectors on one machine. The file is in Hugging Face's safetensors;
trainer evaluate --term-vectors measures it.`,
	Examples: `trainer term-vectors --dense build/bge --examples 'train/*.jsonl' --questions 'dpr/topics.dpr.*.txt.gz' --passages lead3.jsonl --out build/terms.safetensors
trainer evaluate --encoder models/splade-tiny --mtrag ../data/mtrag --input rewrite --term-vectors build/terms.safetensors --term-vectors-dense build/bge`,
}

// fitting are the values of the command's flags.
type fitting struct {
	encoder, dense, out          string
	examples, questions, exclude files
	passages                     files
	of, held                     int
	ridge, weight, above         float64
}

func runTermVectors(flags *cli.Flags) cli.Run {
	var o fitting
	flags.StringVar(&o.encoder, "encoder", "models/splade-tiny", "the sparse encoder's `folder`, which reads the questions")
	flags.StringVar(&o.dense, "dense", "", "the dense encoder's `folder`, which reads questions and passages")
	flags.Var(&o.examples, "examples", "examples whose rewrites are learned from, `files` as trainer import writes them")
	flags.Var(&o.questions, "questions", "questions with short answers, `files`")
	flags.Var(&o.exclude, "exclude", "examples whose questions and rewrites are left out, `files`")
	flags.Var(&o.passages, "passages", "a collection such as those to search, BEIR's corpus `files`")
	flags.IntVar(&o.of, "mean-of", 4000, "take the mean of `n` of --passages")
	flags.IntVar(&o.held, "held-out", 500, "keep `n` questions apart, to say how well the vectors fit others")
	flags.Float64Var(&o.ridge, "ridge", 10, "how `strongly` a term's vector is held near the dense vector of its own text")
	flags.Float64Var(&o.weight, "lift-weight", 30, "the `weight` of a dense score beside a term's weight")
	flags.Float64Var(&o.above, "lift-above", math.Inf(1), "the dense `score` above which a passage gains a term (+Inf: none is gained)")
	flags.StringVar(&o.out, "out", "", "write the vectors to `file`")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q: name files with flags", args)
		case o.out == "" || o.dense == "" || len(o.passages) == 0:
			return cli.Usagef("--dense, --passages and --out are needed")
		case len(o.examples)+len(o.questions) == 0:
			return cli.Usagef("nothing to learn from: give --examples or --questions")
		case o.of < 1 || o.held < 0 || !(o.ridge > 0) || !(o.weight >= 0) || !(o.above >= 0):
			return cli.Usagef("--mean-of has to be 1 or more, --ridge above 0, --held-out, --lift-weight and --lift-above 0 or more")
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
	sen, _, err := evaluate.LoadDense(o.dense, enc.Tokenizer)
	if err != nil {
		return err
	}
	if !sen.Tokenizer.Same(enc.Tokenizer) {
		return fmt.Errorf("%s and %s have different vocabularies", o.encoder, o.dense)
	}
	dim := sen.Dim()

	questions := make([]sparse.Vector, len(asked))
	dense := make([]float32, len(asked)*dim)
	err = each(ctx, progress.Await(s.Err, "questions", int64(len(asked))), len(asked), func() func(i int) error {
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
		}
	})
	if err != nil {
		return err
	}
	prior, err := embed(ctx, progress.Await(s.Err, "terms", int64(enc.Vocab())), sen, enc.Vocab(), func(in *conversation.Input, i int) {
		sen.Conversation(in, []conversation.Turn{{Question: pieceText(enc.Tokenizer.Piece(int32(i)))}})
	})
	if err != nil {
		return err
	}
	mean, err := o.mean(ctx, s, sen)
	if err != nil {
		return err
	}
	// Every so many is held out, so that all sources are.
	p := &termfit.Problem{Prior: prior, Dim: dim, Ridge: o.ridge}
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
	common := termfit.Mean(p.Dense, dim)
	fmt.Fprintf(s.Err, "fitting %d terms to %d questions\n", enc.Vocab(), len(p.Sparse))
	rows, err := p.Solve(ctx)
	if err != nil {
		return err
	}
	v, err := termvectors.New(rows, mean)
	if err != nil {
		return err
	}
	v.Weight, v.Above, v.Encoder, v.Dense = float32(o.weight), float32(o.above), enc.Name, sen.Space
	data, err := v.Encode()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(o.out, data); err != nil {
		return err
	}
	if len(held) > 0 {
		fmt.Fprintf(s.Out, "%d questions held out: the mean cosine of a question's dense vector with the sum of its terms' is %.3f (the means of both taken away)\n", len(held), termfit.Fit(rows, held, heldDense, common))
	}
	fmt.Fprintf(s.Out, "%s: %d vectors of length %d\n", filepath.ToSlash(o.out), enc.Vocab(), dim)
	return nil
}

// pieceText returns what a piece of a word is written as.
func pieceText(piece string) string {
	if inner := strings.TrimPrefix(piece, "##"); inner != "" {
		return inner
	}
	return piece
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
	n := min(o.of, len(of.Texts))
	all, err := embed(ctx, progress.Await(s.Err, "passages", int64(n)), sen, n, func(in *conversation.Input, i int) {
		sen.Passage(in, of.Texts[i*len(of.Texts)/n])
	})
	return termfit.Mean(all, sen.Dim()), err
}

// embed returns the dense vectors, [n][Dim], of the inputs that read makes.
func embed(ctx context.Context, meter *progress.Meter, sen *encoder.Sentence, n int, read func(in *conversation.Input, i int)) ([]float32, error) {
	dim := sen.Dim()
	all := make([]float32, n*dim)
	return all, each(ctx, meter, n, func() func(i int) error {
		session := sen.NewSession()
		var in conversation.Input
		return func(i int) error {
			read(&in, i)
			return session.Embed(all[i*dim:(i+1)*dim], in)
		}
	})
}

// each calls, for each i below n, a function of those that worker returns, one for each core.
func each(ctx context.Context, meter *progress.Meter, n int, worker func() func(i int) error) error {
	var mu sync.Mutex
	var failed error
	next, done := 0, 0
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			do := worker()
			for {
				mu.Lock()
				i := next
				next++
				stop := i >= n || failed != nil
				mu.Unlock()
				if stop {
					return
				}
				err := ctx.Err()
				if err == nil {
					err = do(i)
				}
				mu.Lock()
				if err != nil && failed == nil {
					failed = err
				}
				if done++; done%100 == 0 {
					meter.Update(int64(done), "")
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if failed == nil {
		meter.Done(fmt.Sprint(n))
	}
	return failed
}
