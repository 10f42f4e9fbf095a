package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"parley/shared/answer"
	"parley/shared/beir"
	"parley/shared/cli"
	"parley/shared/collect"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/importers"
	"parley/shared/index"
	"parley/shared/lines"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/progress"
	"parley/shared/sparse"
	"parley/trainer/converse"
	"parley/trainer/corpus"
	"parley/trainer/disk"
	"parley/trainer/evaluate"
)

var repliesCommand = cli.Command{
	Name: "replies", Define: runReplies,
	Synopsis: `--examples FILES --passages FILES --out FILE [FLAGS]`,
	Summary:  "put the engine's own replies into the histories of training examples",
	About: `Replaces the replies in training examples by those that the engine itself would have
given: for each conversation, turn by turn, the sentence that it quotes from the
passages, with its own earlier replies in the history. The data set's replies come
from people who knew the answer; in use, a wrong quotation is often there instead. A
turn without a reply in the data set gets one, too. A turn for which the engine finds
nothing has none.

The examples are in the form that trainer import writes, or whole conversations; ids,
questions, rewrites and positives stay as they are. The passages are in BEIR's form.
They are encoded once by --passage-encoder; the vectors are kept in --cache. The same
files give the same bytes.

Without --encoder, the engine uses the default level of models/family.json.`,
	Examples: `trainer replies --examples canard.jsonl,qrecc.jsonl --passages lead3.jsonl --out engine.jsonl
trainer replies --encoder runs/one/best --passage-encoder models/splade-tiny --examples 'train/*.jsonl' \
  --passages 'lead3.jsonl,mtrag/passages/*.jsonl.gz' --cache build/cache --out engine.jsonl
trainer train --examples engine.jsonl --encoder BASE --passages corpus.jsonl --out runs/two`,
}

// replying are the values of the command's flags.
type replying struct {
	encoder, base, passageEncoder string
	examples, passages            files
	cache, out                    string
	mass                          float64
	json                          bool
}

func runReplies(flags *cli.Flags) cli.Run {
	var o replying
	flags.StringVar(&o.encoder, "encoder", "", "query encoder's `folder` (empty: the default level of models/family.json)")
	flags.StringVar(&o.base, "base", "", "the base encoder's `folder`, if --encoder was exported with --share")
	flags.StringVar(&o.passageEncoder, "passage-encoder", "", "encoder's `folder` for the passages (empty: --base, or else --encoder)")
	flags.Var(&o.examples, "examples", "examples, `files`")
	flags.Var(&o.passages, "passages", "the collection to quote from: BEIR's corpus `files`; several become one pool")
	flags.StringVar(&o.cache, "cache", "cache", "`folder` in which the passages' vectors are kept")
	flags.Float64Var(&o.mass, "mass", .9, "keep the heaviest terms of each passage, up to this `share` of its weight; .9 is what ships")
	flags.StringVar(&o.out, "out", "", "write the examples to `file`")
	flags.BoolVar(&o.json, "json", false, "print the figures as JSON")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q: name files with flags", args)
		case len(o.examples) == 0:
			return cli.Usagef("no --examples")
		case len(o.passages) == 0:
			return cli.Usagef("no --passages")
		case o.out == "":
			return cli.Usagef("no --out")
		case !(o.mass > 0 && o.mass <= 1):
			return cli.Usagef("--mass %v is not a share above 0, at most 1", o.mass)
		case o.encoder == "" && o.base != "":
			return cli.Usagef("--base names what --encoder shares: give both")
		}
		if o.encoder == "" {
			var err error
			if o.encoder, o.base, err = converse.DefaultLevel(familyFile); err != nil {
				return err
			}
		}
		return o.run(ctx, s.Out, s.Err)
	}
}

// A replied is what the command prints.
type replied struct {
	Examples int `json:"examples"`
	Turns    int `json:"earlier_turns"` // in all examples
	Asked    int `json:"asked"`         // different histories, each asked once
	Silent   int `json:"without_reply"` // those of Asked for which the engine found nothing
}

func (o *replying) run(ctx context.Context, stdout, stderr io.Writer) error {
	// The quick files are read first, so that a wrong name is reported at once.
	examples, err := disk.Examples(o.examples)
	if err != nil {
		return err
	}
	enc, _, err := evaluate.Load(o.encoder, o.base)
	if err != nil {
		return err
	}
	of, weights, err := loadFrozen(cmp.Or(o.passageEncoder, o.base, o.encoder))
	if err != nil {
		return err
	}
	x, store, err := o.collection(ctx, of, weights, stderr)
	if err != nil {
		return err
	}
	t := plant(examples)
	figures := replied{Examples: len(examples), Asked: t.histories}
	meter := progress.New(stderr, "replies", 0, int64(t.histories))
	done := 0
	err = t.answer(ctx, runtime.GOMAXPROCS(0), func() (*answer.Engine, error) { return answer.New(enc, x, store) }, func(silent bool) {
		if silent {
			figures.Silent++
		}
		done++
		meter.Update(int64(done), fmt.Sprintf("%d of %d", done, t.histories))
	})
	if err != nil {
		return err
	}
	meter.Done(fmt.Sprintf("%d questions", t.histories))
	for i := range examples {
		figures.Turns += len(examples[i].History)
		t.put(&examples[i])
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	if err := durable.Write(o.out, func(w io.Writer) error { return importers.Write(w, examples) }); err != nil {
		return err
	}
	if o.json {
		return cli.JSON(stdout, figures)
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "examples\t%d\n", figures.Examples)
	fmt.Fprintf(w, "earlier turns\t%d\n", figures.Turns)
	fmt.Fprintf(w, "different histories, each asked once\t%d\n", figures.Asked)
	fmt.Fprintf(w, "that found nothing\t%d\n", figures.Silent)
	return w.Flush()
}

// loadFrozen loads the encoder of the passages, and returns its checksum. A training uses
// the same checksum in the name of its cached vectors (train/prepare.go), so that it need
// not encode the same collection a second time.
func loadFrozen(dir string) (*encoder.Encoder, [32]byte, error) {
	enc, sum, err := evaluate.Load(dir, "")
	if err != nil {
		err = fmt.Errorf("%s, the passages' encoder: %w", dir, err)
	}
	return enc, sum, err
}

// collection encodes the passages, or reads their vectors from the cache, and returns
// their index and texts.
func (o *replying) collection(ctx context.Context, enc *encoder.Encoder, weights [32]byte, stderr io.Writer) (*index.Index, *passages.Store, error) {
	docs, err := corpus.Read(o.passages)
	if err != nil {
		return nil, nil, err
	}
	e := evaluate.Evaluator{Set: &evaluate.Set{Passages: docs}, Cache: o.cache, Progress: stderr}
	vectors, err := e.EncodePassages(ctx, enc, weights, evaluate.Pruning{Mass: o.mass})
	if err != nil {
		return nil, nil, err
	}
	return indexDocuments(o.passages, vectors, enc.Vocab(), passages.About{Title: "passages", Encoder: enc.Name, Fingerprint: enc.Fingerprint()})
}

// indexDocuments reads the documents of files in BEIR's form again, for their titles and
// texts (collection.Read has only one text for each), and indexes them with their
// vectors.
func indexDocuments(paths []string, vectors []sparse.Vector, vocab int, about passages.About) (*index.Index, *passages.Store, error) {
	b := collect.NewBuilder(vocab, about)
	for _, path := range paths {
		err := disk.Lines(path, func(r *lines.Reader) error {
			for d, err := range beir.Documents(r) {
				if err != nil {
					return err
				}
				if b.Len() == len(vectors) {
					return r.Errorf("passage %q was not there before: the file has grown since", d.ID)
				}
				p := passages.Passage{ID: d.ID, Title: d.Title, Text: d.Text}
				// ClapNQ's texts begin with a line that repeats their title. It would be
				// in every quotation of the first sentence.
				if text, ok := strings.CutPrefix(p.Text, p.Title+"\n"); ok && strings.TrimSpace(text) != "" {
					p.Text = text
				}
				if err := b.Add(p, vectors[b.Len()]); err != nil {
					return r.Errorf("%w", err)
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	made, err := b.Files()
	if err != nil {
		return nil, nil, err
	}
	content := map[string][]byte{}
	for _, f := range made {
		content[f.Name] = f.Content
	}
	return collect.Join(content["index.bin"], content["passages.bin"])
}

// A tree contains the histories of all examples: the path from a root to a node is the
// questions of a conversation up to some turn. The engine's reply depends only on them,
// because its own earlier replies follow from them. So each node is asked once, however
// many examples share it.
type tree struct {
	roots     []*node
	first     map[string]*node // the roots, by question
	histories int              // the number of nodes
}

type node struct {
	question, reply string
	next            []*node
}

// plant makes the tree of the examples' histories. Its nodes are in the order of the
// examples.
func plant(examples []importers.Example) *tree {
	t := &tree{first: map[string]*node{}}
	for i := range examples {
		var at *node
		for _, turn := range examples[i].History {
			next := t.find(at, turn.Question)
			if next == nil {
				next = &node{question: turn.Question}
				t.histories++
				if at == nil {
					t.roots = append(t.roots, next)
					t.first[turn.Question] = next
				} else {
					at.next = append(at.next, next)
				}
			}
			at = next
		}
	}
	return t
}

// find returns the node after at that asks question, and adds it if it is new. at is nil
// before the roots.
func (t *tree) find(at *node, question string) *node {
	if at == nil {
		return t.first[question]
	}
	for _, n := range at.next {
		if n.question == question {
			return n
		}
	}
	return nil
}

// put replaces the replies to the example's earlier turns by the engine's.
func (t *tree) put(e *importers.Example) {
	var at *node
	e.History = slices.Clone(e.History) // other examples share the history
	for i := range e.History {
		at = t.find(at, e.History[i].Question)
		e.History[i].Reply = at.reply
	}
}

// repliesK is the number of results to ask for: the reply comes from one of the first
// three.
const repliesK = 3

// answer asks all nodes. It distributes conversations over workers, each with an engine
// of its own. After each node it calls report with whether the engine found nothing.
func (t *tree) answer(ctx context.Context, workers int, engine func() (*answer.Engine, error), report func(silent bool)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	roots := make(chan *node)
	asked := make(chan bool, 64)
	errs := make(chan error, workers)
	var wg sync.WaitGroup
	for range workers {
		e, err := engine()
		if err != nil {
			return err
		}
		wg.Go(func() {
			for n := range roots {
				if err := n.ask(ctx, e, nil, asked); err != nil {
					errs <- err
					stop()
					return
				}
			}
		})
	}
	go func() {
		defer close(roots)
		for _, n := range t.roots {
			select {
			case roots <- n:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		wg.Wait()
		close(asked)
	}()
	for silent := range asked {
		report(silent)
	}
	select {
	case err := <-errs:
		return err
	default:
		return ctx.Err()
	}
}

// ask asks the node's question after what was said, and then the nodes after it.
func (n *node) ask(ctx context.Context, e *answer.Engine, said []message.Turn, asked chan<- bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	said = append(said, message.Turn{Question: n.question})
	a, err := converse.Ask(e, message.Ask{Turns: said, K: repliesK})
	if err != nil {
		return fmt.Errorf("%q: %w", n.question, err)
	}
	newest := &said[len(said)-1]
	newest.Quote(a.Quoted())
	newest.Begins = a.Begins
	n.reply = newest.Reply
	asked <- n.reply == ""
	for _, next := range n.next {
		// Each writes its turn to the same memory after said, one after the other.
		if err := next.ask(ctx, e, said, asked); err != nil {
			return err
		}
	}
	return nil
}
