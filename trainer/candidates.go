package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/shared/answer"
	"parley/shared/cli"
	"parley/shared/conversation"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/importers"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/progress"
	"parley/shared/sentence"
	"parley/trainer/candidates"
	"parley/trainer/conversations"
	"parley/trainer/converse"
	"parley/trainer/disk"
	"parley/trainer/embedding"
	"parley/trainer/train"
)

var candidatesCommand = cli.Command{
	Name: "candidates", Define: runCandidates,
	Synopsis: `--out FILE [--splits LIST] [--answers FILES] [--rewrites FILES] [--collection DIR] [FLAGS]`,
	Summary:  "make the examples that the reader is trained on",
	About: `Writes the examples that trainer reader trains on: questions, passages that the engine
found for them, and which of these, and which of their sentences, answer.

--splits plays the project's conversations with the engine's own replies (train,
visitors, and facts, which a program makes, are to train on). A turn's
example has the right article and four others of the first ten results; the sentences
that answer are those most like the writer's reply. An unanswerable input's example has
the first three results, of which none is right.

--answers adds questions with short answers (Natural Questions, TriviaQA, SQuAD), in the
forms of DPR's topics, asked of the collection in the folder --collection by the sparse
stage. The first passage that has an answer is right, and so are its sentences that have
one; passages without an answer are not. With --follow-ups, conversations are made of
questions that name their subject: another question about it, then this one with a pronoun
in the name's place.

--rewrites adds follow-up questions of conversations in the form of trainer import, asked
of the same collection. What their rewrites find about their subject is read with them by
the reader of --dense; the best is taken for right, and the example has the conversation.

Questions and rewrites of --exclude are left out. The same files and the same --seed
give the same bytes. Without --encoder, the engine uses the default level of
models/family.json.`,
	Examples: `trainer candidates --splits train --dense models/bge-small-conv --dense-passages build/bge --stage both --out conversations.jsonl
trainer candidates --answers 'dpr/topics.dpr.*.txt.gz' --collection build/wiki --questions 6000 --follow-ups 3000 --out answers.jsonl
trainer candidates --rewrites qrecc.jsonl --collection build/wiki --dense models/bge-small-conv --out rewrites.jsonl
trainer reader --encoder models/bge-small-conv --vocabulary models/splade-tiny --examples conversations.jsonl,answers.jsonl --out runs/reader`,
}

// making are the values of the command's flags.
type making struct {
	data, splits, collection, out string
	files                         converse.Files
	answers, rewrites, exclude    files
	questions, followUps, seed    int
}

func runCandidates(flags *cli.Flags) cli.Run {
	var o making
	flags.StringVar(&o.data, "data", "trainer/conversations", "`folder` of the conversations")
	flags.StringVar(&o.splits, "splits", "", "the conversations' `splits` to play, with commas")
	flags.StringVar(&o.files.Articles, "articles", "models/vital-articles", "`folder` of the articles that the conversations are about, and their index")
	flags.StringVar(&o.files.Encoder, "encoder", "", "query encoder's `folder` (empty: the default level of models/family.json)")
	flags.StringVar(&o.files.Base, "base", "", "the base encoder's `folder`, if --encoder was exported with --share")
	denseFlags(flags, &o.files.Dense)
	flags.StringVar(&o.files.Cache, "cache", "cache", "`folder` in which the articles' dense vectors are kept")
	flags.Var(&o.answers, "answers", "questions with short answers, `files`")
	flags.IntVar(&o.followUps, "follow-ups", 0, "make at most `n` conversations of --answers, beside --questions")
	flags.Var(&o.rewrites, "rewrites", "conversations with rewrites, `files` as trainer import writes them")
	flags.StringVar(&o.collection, "collection", "", "`folder` of the collection that both are asked of: index.bin and passages.bin")
	flags.IntVar(&o.questions, "questions", 0, "make at most `n` examples of either (0: all)")
	flags.Var(&o.exclude, "exclude", "examples whose questions and rewrites are left out, `files`")
	flags.IntVar(&o.seed, "seed", 1, "the `number` that seeds what is drawn")
	flags.StringVar(&o.out, "out", "", "write the examples to `file`")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q: name files with flags", args)
		case o.out == "":
			return cli.Usagef("no --out, the file to write")
		case o.splits == "" && len(o.answers) == 0 && len(o.rewrites) == 0:
			return cli.Usagef("nothing to make examples of: give --splits, --answers or --rewrites")
		case (len(o.answers) > 0 || len(o.rewrites) > 0) != (o.collection != ""):
			return cli.Usagef("--answers and --rewrites are asked of --collection: give both")
		case len(o.rewrites) > 0 && o.files.Dense.Encoder == "":
			return cli.Usagef("--rewrites are read by the reader of --dense: give both")
		case o.questions < 0 || o.followUps < 0:
			return cli.Usagef("--questions %d or --follow-ups %d is negative", o.questions, o.followUps)
		case o.files.Encoder == "" && o.files.Base != "":
			return cli.Usagef("--base names what --encoder shares: give both")
		}
		if err := checkDense(&o.files.Dense); err != nil {
			return err
		}
		if o.splits != "" {
			for name := range strings.SplitSeq(o.splits, ",") {
				if !slices.Contains(conversations.Playable, name) {
					return cli.Usagef("--splits: there is no %q; there are %s", name, strings.Join(conversations.Playable, ", "))
				}
			}
		}
		if o.files.Encoder == "" {
			var err error
			if o.files.Encoder, o.files.Base, err = converse.DefaultLevel(familyFile); err != nil {
				return err
			}
		}
		return o.run(ctx, s)
	}
}

func (o *making) run(ctx context.Context, s cli.Streams) error {
	var of []importers.Example
	if len(o.exclude) > 0 {
		var err error
		if of, err = disk.Examples(o.exclude); err != nil {
			return err
		}
	}
	excluded := train.Exclude(of)
	var all []candidates.Example
	for _, make := range []func(context.Context, train.Exclusion, io.Writer) ([]candidates.Example, error){o.play, o.ask, o.learn} {
		made, err := make(ctx, excluded, s.Err)
		if err != nil {
			return err
		}
		all = append(all, made...)
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	if err := durable.Write(o.out, func(w io.Writer) error { return candidates.Write(w, all) }); err != nil {
		return err
	}
	count := map[string][3]int{} // by source: examples, those with a relevant passage, passages
	for i := range all {
		n := count[all[i].Source]
		n[0]++
		if all[i].Relevant() {
			n[1]++
		}
		n[2] += len(all[i].Passages)
		count[all[i].Source] = n
	}
	for _, source := range []string{candidates.Conversations, candidates.Unanswerable, candidates.Answers, candidates.Rewrites} {
		if n, ok := count[source]; ok {
			fmt.Fprintf(s.Out, "%-13s  %6d examples, %6d with a relevant passage, %6d passages\n", source, n[0], n[1], n[2])
		}
	}
	return nil
}

// play makes the examples of the conversations.
func (o *making) play(ctx context.Context, excluded train.Exclusion, stderr io.Writer) ([]candidates.Example, error) {
	if o.splits == "" {
		return nil, nil
	}
	set, err := conversations.Open(o.data)
	if err != nil {
		return nil, err
	}
	articles, err := conversations.Articles(o.files.Articles)
	if err != nil {
		return nil, err
	}
	set.AddFacts(articles, strings.Split(o.splits, ","))
	e, err := o.files.Engine(ctx, articles, stderr)
	if err != nil {
		return nil, err
	}
	p := &converse.Player{Engine: e, Set: set, Splits: strings.Split(o.splits, ","), Replies: converse.Engine, Stage: o.files.Dense.Stage, Pooled: true, Progress: stderr}
	return p.Candidates(ctx, o.data, uint64(o.seed), excluded.Has)
}

// A finder asks the collection's sparse stage.
type finder struct {
	ctx    context.Context
	engine *answer.Engine
	store  *passages.Store
}

// finder opens the collection.
func (o *making) finder(ctx context.Context, stderr io.Writer) (*finder, error) {
	store, err := conversations.Articles(o.collection)
	if err != nil {
		return nil, err
	}
	sparse := o.files
	sparse.Articles, sparse.Dense.Encoder = o.collection, ""
	e, err := sparse.Engine(ctx, store, stderr)
	return &finder{ctx, e, store}, err
}

// find is a candidates.Find. Turns without anything to search for find nothing.
func (f *finder) find(turns []conversation.Turn) (list []passages.Passage, err error) {
	if err := f.ctx.Err(); err != nil {
		return nil, err
	}
	asked := make([]message.Turn, len(turns))
	for i, t := range turns {
		asked[i] = message.Turn{Question: t.Question, Reply: t.Reply}
	}
	hits, _, err := f.engine.Rank(message.Ask{Turns: asked, Stage: message.StageSparse}, candidates.Found)
	switch {
	case errors.Is(err, answer.ErrNoQuestion):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%q: %w", turns[len(turns)-1].Question, err)
	}
	for _, h := range hits {
		list = append(list, f.store.At(int(h.Doc)))
	}
	return list, nil
}

// ask makes the examples of the questions with short answers.
func (o *making) ask(ctx context.Context, excluded train.Exclusion, stderr io.Writer) ([]candidates.Example, error) {
	if len(o.answers) == 0 {
		return nil, nil
	}
	asked, err := candidates.ReadAsked(o.answers)
	if err != nil {
		return nil, err
	}
	asked = slices.DeleteFunc(asked, func(a candidates.Asked) bool { return excluded.Has(a.Question) })
	f, err := o.finder(ctx, stderr)
	if err != nil {
		return nil, err
	}
	questions := o.questions
	if o.followUps > 0 {
		questions = 0 // conversations are made of all of them
	}
	most := len(asked)
	if questions > 0 {
		most = min(most, questions)
	}
	m := progress.New(stderr, "questions with answers", 0, int64(most))
	made, err := candidates.Answered(asked, f.find, questions, uint64(o.seed), func(examples int) { m.Update(int64(examples), "") })
	if err != nil {
		return nil, err
	}
	m.Done(fmt.Sprintf("%d examples", len(made)))
	if o.followUps == 0 {
		return made, nil
	}
	m = progress.New(stderr, "conversations of them", 0, int64(o.followUps))
	more, err := candidates.Followed(made, asked, f.find, o.followUps, uint64(o.seed), func(n int) { m.Update(int64(n), "") })
	if err != nil {
		return nil, err
	}
	m.Done(fmt.Sprintf("%d examples", len(more)))
	if o.questions > 0 && len(made) > o.questions {
		made = made[:o.questions]
	}
	return append(made, more...), nil
}

// learn makes the examples of the conversations with rewrites.
func (o *making) learn(ctx context.Context, excluded train.Exclusion, stderr io.Writer) ([]candidates.Example, error) {
	if len(o.rewrites) == 0 {
		return nil, nil
	}
	list, err := disk.Examples(o.rewrites)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e importers.Example) bool { return excluded.Has(e.Question, e.Rewrite) })
	f, err := o.finder(ctx, stderr)
	if err != nil {
		return nil, err
	}
	dense, _, err := embedding.Load(o.files.Dense.Encoder, f.engine.Encoder.Tokenizer)
	if err != nil {
		return nil, err
	}
	r, err := encoder.LoadReader(dense, folder.Files(o.files.Dense.Encoder))
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fmt.Errorf("--rewrites are read by a reader, and %s has none", o.files.Dense.Encoder)
	}
	teacher := r.NewSession()
	judge := func(question string, p passages.Passage) (relevance float32, sentences []float32, err error) {
		teacher.Ask([]conversation.Turn{{Question: question}})
		text := passages.EncoderText(p)
		return teacher.Read(text, len(text)-len(p.Text), sentence.Split(p.Text))
	}
	most := len(list)
	if o.questions > 0 {
		most = min(most, o.questions)
	}
	m := progress.New(stderr, "questions with rewrites", 0, int64(most))
	made, err := candidates.Rewritten(list, f.find, judge, o.questions, uint64(o.seed), func(examples int) { m.Update(int64(examples), "") })
	if err == nil {
		m.Done(fmt.Sprintf("%d examples", len(made)))
	}
	return made, err
}
