package main

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

	"parley/shared/answer"
	"parley/shared/cli"
	"parley/shared/collect"
	"parley/shared/family"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/site/carried"
	"parley/site/collection"
	"parley/site/engine"
	"parley/site/publish"
)

// located returns the folder that a flag names. Without one, it is a folder of models/ in
// the repository that contains the working directory, or else the one that the command
// carries.
func located(given, flagName, makeWith, name string) (string, error) {
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return "", fmt.Errorf("--%s %s: there is no such folder; `parley %s` makes one", flagName, given, makeWith)
			}
			return "", err
		}
		return given, nil
	}
	root, err := publish.Root(".")
	if err != nil {
		dir, err := carried.Models()
		return filepath.Join(dir, name), err
	}
	dir := filepath.Join(root, "models", name)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("no %s: %s is not there; `make models` makes it, or give another folder with --%s", flagName, dir, flagName)
	}
	return dir, nil
}

func encoderFolder(given string) (string, error) {
	return located(given, "encoder", "quantize", "")
}

// openEncoders opens the encoders that a flag names, and loads the one for passages.
func openEncoders(given string) (encoders *collection.Encoders, base *collection.LoadedEncoder, err error) {
	dir, err := encoderFolder(given)
	if err != nil {
		return nil, nil, err
	}
	if encoders, err = collection.OpenEncoders(dir); err != nil {
		return nil, nil, err
	}
	base, err = encoders.Base()
	return encoders, base, err
}

func collectionFolder(given string) (string, error) {
	return located(given, "collection", "index", "vital-articles")
}

// sources are the encoder, collection and stages that a command's flags name.
type sources struct {
	encoder, level string
	collections    []string // several are searched as one
	dense, stage   string
	engine         string // its address, where an engine ranks
}

func (o *sources) flags(l *cli.Flags) {
	l.StringArrayVar(&o.collections, "collection", nil, "the collection's `folder`; given several times, all are searched together")
	l.StringVar(&o.encoder, "encoder", "", "the encoder's `folder`, or a family's")
	l.StringVar(&o.level, "level", "", "which of the family's encoders reads the questions, by `name`; empty: the family's default")
	l.StringVar(&o.dense, "dense", "", "the dense encoder's `folder`, for the second stage; empty: the family's, where it is installed")
	l.StringVar(&o.stage, "stage", "", "which `stages` answer: sparse, dense, both, or read, which is both and the reader over the first results; empty: all that are there, or only the sparse one where it is sure")
	cli.OneOf(l, "stage", message.StageSparse, message.StageDense, message.StageBoth, message.StageRead)
}

// engineFlag is the flag of commands that can ask an engine.
func (o *sources) engineFlag(l *cli.Flags) {
	l.StringVar(&o.engine, "engine", "", "ask the search engine at this `URL`, which `parley load` has filled, or a file of SQLite; the questions are encoded here")
}

func (o *sources) check() error {
	if o.engine != "" && (len(o.collections) > 0 || o.dense != "" || o.asksDense()) {
		return cli.Usagef("--engine takes the place of --collection, and has no dense stage")
	}
	switch o.stage {
	case "", message.StageSparse, message.StageDense, message.StageBoth, message.StageRead:
		return nil
	}
	return cli.Usagef("--stage %s: wanted %s, %s, %s or %s", o.stage, message.StageSparse, message.StageDense, message.StageBoth, message.StageRead)
}

// asksDense reports whether --stage needs the dense stage.
func (o *sources) asksDense() bool {
	return o.stage == message.StageDense || o.stage == message.StageBoth || o.stage == message.StageRead
}

// errNoReader says that a dense encoder has no reader.
var errNoReader = errors.New("the dense encoder has no reader")

// errNoVectors says that a collection has no dense vectors.
var errNoVectors = errors.New("the collection has no dense vectors")

// An asked is an engine that answers, and what it answers from.
type asked struct {
	*answer.Engine
	// collection has the collection's description and titles: all its passages, unless
	// another search engine has them.
	collection *passages.Store
	absent     error // why there is no dense stage
	unread     error // why there is no reader, where there is a dense stage
	// another returns an engine of its own for another goroutine.
	another func() (*answer.Engine, error)
}

// openEngine joins an encoder (in a family, the one of the level), a collection, here or in a
// search engine, and the dense stage if there is one. If there is none, absent says why and
// the sparse stage answers alone, unless a flag asks for the dense stage; then that reason is
// the error.
func openEngine(ctx context.Context, o sources, log io.Writer) (*asked, error) {
	encoderDir, err := encoderFolder(o.encoder)
	if err != nil {
		return nil, err
	}
	encoders, err := collection.OpenEncoders(encoderDir)
	if err != nil {
		return nil, err
	}
	enc, err := encoders.Level(o.level)
	if errors.Is(err, family.ErrNoLevel) {
		return nil, cli.WrongUse(fmt.Errorf("--level %w", err))
	}
	if err != nil {
		return nil, err
	}
	var a *asked
	var where string
	var c *collect.Collection
	var wrong error
	if o.engine != "" {
		live, err := engine.Open(ctx, o.engine)
		if err != nil {
			return nil, err
		}
		where = live.String()
		a = &asked{collection: live.About, absent: errors.New("the engine has no dense vectors"),
			another: func() (*answer.Engine, error) { return answer.Over(enc, live.Source(ctx)) }}
	} else {
		if c, where, wrong, err = openCollections(o.collections); err != nil {
			return nil, err
		}
		a = &asked{collection: c.Passages}
		a.another = func() (*answer.Engine, error) {
			one, err := answer.New(enc, c.Index, c.Passages)
			if err == nil && a.Engine != nil {
				if err = one.SetDense(a.Dense, a.Vectors); err == nil {
					err = one.SetReader(a.Reader)
				}
			}
			return one, err
		}
	}
	if a.Engine, err = a.another(); err != nil {
		return nil, fmt.Errorf("%s and %s: %w", encoderDir, where, err)
	}
	if warning, err := encoders.Foreign(a.collection.About()); err != nil {
		return nil, fmt.Errorf("%s and %s: %w", encoderDir, where, err)
	} else if warning != "" {
		fmt.Fprintf(log, "warning: %s: %s\n", where, printable(warning))
	}
	if o.engine != "" {
		return a, nil
	}
	wanted := o.dense != "" || o.asksDense()
	if wrong != nil {
		a.absent = wrong
	} else if c.Dense == nil {
		a.absent = fmt.Errorf("%s: %w; `%s` adds them", where, errNoVectors, cli.Typed("parley", "index", "--dense", "--out", where, "--encoder", o.encoder))
	} else if o.stage != message.StageSparse || wanted {
		a.absent, a.unread = second(a.Engine, c, encoders, o.dense)
	}
	switch {
	case a.absent == nil:
	case wanted:
		return nil, fmt.Errorf("the dense stage: %w", a.absent)
	case !errors.Is(a.absent, collection.ErrNoDense) && !errors.Is(a.absent, errNoVectors):
		fmt.Fprintf(log, "the sparse stage answers alone: %s\n", printable(a.absent.Error()))
	}
	switch {
	case a.absent != nil || a.unread == nil:
	case o.stage == message.StageRead:
		return nil, fmt.Errorf("the reader: %w", a.unread)
	case !errors.Is(a.unread, errNoReader):
		fmt.Fprintf(log, "the first results are not read once more: %s\n", printable(a.unread.Error()))
	}
	return a, nil
}

// openCollections opens a collection, or several as one. wrong says why the dense vectors
// of one cannot be read.
func openCollections(given []string) (c *collect.Collection, name string, wrong, err error) {
	if len(given) == 0 {
		given = []string{""}
	}
	var list []collect.Named
	var names []string
	for _, dir := range given {
		at, err := collectionFolder(dir)
		if err != nil {
			return nil, "", nil, err
		}
		one, bad := collection.OpenAll(at)
		if bad != nil {
			// Perhaps only the dense vectors cannot be read.
			wrong = bad
			one = &collect.Collection{}
			if one.Index, one.Passages, err = collection.Open(at); err != nil {
				return nil, "", nil, err
			}
		}
		list = append(list, collect.Named{Name: cmp.Or(one.Passages.About().Title, filepath.Base(at)), Collection: one})
		names = append(names, at)
	}
	name = strings.Join(names, ", ")
	if len(list) == 1 {
		return list[0].Collection, name, wrong, nil
	}
	files, err := collect.Merge(list)
	if err != nil {
		return nil, "", nil, err
	}
	c, err = collect.OpenFiles(files)
	return c, name, wrong, err
}

// second gives an engine its dense stage, with the reader if there is one; absent says why
// there is no dense stage, and unread why there is no reader.
func second(e *answer.Engine, c *collect.Collection, encoders *collection.Encoders, dir string) (absent, unread error) {
	if dir == "" {
		var err error
		if dir, err = encoders.DenseFolder(false); err != nil {
			return err, nil
		}
	}
	d, err := collection.OpenDense(dir, e.Encoder.Tokenizer)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no dense encoder in this folder", err), nil
	}
	if err == nil {
		err = e.SetDense(d.Sentence, c.Dense)
	}
	if err != nil {
		return err, nil
	}
	r, err := collection.OpenReader(dir, d)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, fmt.Errorf("%s: %w", dir, errNoReader)
	}
	return nil, e.SetReader(r)
}
