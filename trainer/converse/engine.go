package converse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"parley/shared/answer"
	"parley/shared/family"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/trainer/evaluate"
)

// DefaultLevel returns the folder of the default level in a family's file
// (models/family.json), and the folder of its base; base is "" if the level is the base
// itself.
func DefaultLevel(file string) (encoder, base string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("cannot find the default encoder: %w; name one with --encoder", err)
	}
	f, err := family.Parse(data)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", filepath.Dir(file), err)
	}
	level, err := f.Level(f.Default)
	if err != nil {
		return "", "", err
	}
	of, err := f.Level(f.Base)
	if err != nil {
		return "", "", err
	}
	folder := func(l family.Level) string { return filepath.Join(filepath.Dir(file), filepath.FromSlash(l.Folder)) }
	if level.Name != of.Name {
		base = folder(of)
	}
	return folder(level), base, nil
}

// Files are the files from which an engine over the articles is made.
type Files struct {
	Encoder, Base string         // folders; Base is "" if Encoder is whole
	Articles      string         // the folder with the articles' index.bin
	Dense         evaluate.Dense // a second stage, if any
	Cache         string         // the folder in which the second stage's vectors are kept
}

// Engine opens an engine over articles.
func (f *Files) Engine(ctx context.Context, articles *passages.Store, progress io.Writer) (*answer.Engine, error) {
	enc, _, err := evaluate.Load(f.Encoder, f.Base)
	if err != nil {
		return nil, err
	}
	x, err := openIndex(f.Articles)
	if err != nil {
		return nil, err
	}
	e, err := answer.New(enc, x, articles)
	if err != nil {
		return nil, fmt.Errorf("%s over %s: %w", f.Encoder, f.Articles, err)
	}
	if f.Dense.Encoder == "" {
		return e, nil
	}
	var texts []string
	for i := range articles.Len() {
		texts = append(texts, passages.EncoderText(articles.At(i)))
	}
	s, v, err := f.Dense.Open(ctx, enc.Tokenizer, texts, f.Cache, progress)
	if err == nil {
		err = f.Dense.Join(e, s, v)
	}
	return e, err
}

// openIndex opens the index in a folder of articles.
func openIndex(folder string) (*index.Index, error) {
	path := filepath.Join(folder, "index.bin")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	x, err := index.Open(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

// Ask calls e.Ask, but returns an empty answer if the input has nothing to search for.
// In a conversation, that is a turn without a reply, here as in the page.
func Ask(e *answer.Engine, a message.Ask) (message.Answer, error) {
	found, err := e.Ask(a)
	if errors.Is(err, answer.ErrNoQuestion) {
		return message.Answer{}, nil
	}
	return found, err
}

// firstOf returns the first article of an answer, or "" if nothing was found.
func firstOf(a message.Answer) string {
	if len(a.Results) == 0 {
		return ""
	}
	return a.Results[0].ID
}
