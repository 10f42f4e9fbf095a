package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/answer"
	"parley/shared/cli"
	"parley/shared/collect"
	"parley/shared/family"
	"parley/shared/message"
	"parley/site/carried"
	"parley/site/collection"
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
	encoder, level, collection string
	dense, stage               string
}

func (o *sources) flags(l *cli.Flags) {
	l.StringVar(&o.collection, "collection", "", "the collection's `folder`")
	l.StringVar(&o.encoder, "encoder", "", "the encoder's `folder`, or a family's")
	l.StringVar(&o.level, "level", "", "which of the family's encoders reads the questions, by `name`; empty: the family's default")
	l.StringVar(&o.dense, "dense", "", "the dense encoder's `folder`, for the second stage; empty: the family's, where it is installed")
	l.StringVar(&o.stage, "stage", "", "which `stages` answer: sparse, dense or both; empty: both, or only the sparse one where it is sure or the other is missing")
	cli.OneOf(l, "stage", message.StageSparse, message.StageDense, message.StageBoth)
}

func (o *sources) check() error {
	switch o.stage {
	case "", message.StageSparse, message.StageDense, message.StageBoth:
		return nil
	}
	return cli.Usagef("--stage %s: wanted %s, %s or %s", o.stage, message.StageSparse, message.StageDense, message.StageBoth)
}

// errNoVectors says that a collection has no dense vectors.
var errNoVectors = errors.New("the collection has no dense vectors")

// openEngine joins an encoder (in a family, the one of the level), a collection, and the
// dense stage if there is one. If there is none, absent says why and the sparse stage
// answers alone, unless a flag asks for the dense stage; then that reason is the error.
func openEngine(o sources, log io.Writer) (e *answer.Engine, absent, err error) {
	encoderDir, err := encoderFolder(o.encoder)
	if err != nil {
		return nil, nil, err
	}
	collectionDir, err := collectionFolder(o.collection)
	if err != nil {
		return nil, nil, err
	}
	encoders, err := collection.OpenEncoders(encoderDir)
	if err != nil {
		return nil, nil, err
	}
	enc, err := encoders.Level(o.level)
	if errors.Is(err, family.ErrNoLevel) {
		return nil, nil, cli.WrongUse(fmt.Errorf("--level %w", err))
	}
	if err != nil {
		return nil, nil, err
	}
	c, wrong := collection.OpenAll(collectionDir)
	if wrong != nil {
		// Perhaps only the dense vectors cannot be read.
		c = &collect.Collection{}
		if c.Index, c.Passages, err = collection.Open(collectionDir); err != nil {
			return nil, nil, err
		}
	}
	if e, err = answer.New(enc, c.Index, c.Passages); err != nil {
		return nil, nil, fmt.Errorf("%s and %s: %w", encoderDir, collectionDir, err)
	}
	if warning, err := encoders.Foreign(c.Passages.About()); err != nil {
		return nil, nil, fmt.Errorf("%s and %s: %w", encoderDir, collectionDir, err)
	} else if warning != "" {
		fmt.Fprintf(log, "warning: %s: %s\n", collectionDir, printable(warning))
	}
	wanted := o.dense != "" || o.stage == message.StageDense || o.stage == message.StageBoth
	if wrong != nil {
		absent = wrong
	} else if c.Dense == nil {
		absent = fmt.Errorf("%s: %w; `%s` adds them", collectionDir, errNoVectors, cli.Typed("parley", "index", "--dense", "--out", collectionDir, "--encoder", o.encoder))
	} else if o.stage != message.StageSparse || wanted {
		absent = second(e, c, encoders, o.dense)
	}
	switch {
	case absent == nil:
	case wanted:
		return nil, nil, fmt.Errorf("the dense stage: %w", absent)
	case !errors.Is(absent, collection.ErrNoDense) && !errors.Is(absent, errNoVectors):
		fmt.Fprintf(log, "the sparse stage answers alone: %s\n", printable(absent.Error()))
	}
	return e, absent, nil
}

// second gives an engine its dense stage; the error says why there is none.
func second(e *answer.Engine, c *collect.Collection, encoders *collection.Encoders, dir string) error {
	if dir == "" {
		var err error
		if dir, err = encoders.DenseFolder(false); err != nil {
			return err
		}
	}
	d, err := collection.OpenDense(dir, e.Encoder.Tokenizer)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no dense encoder in this folder", err)
	}
	if err == nil {
		err = e.SetDense(d.Sentence, c.Dense)
	}
	return err
}
