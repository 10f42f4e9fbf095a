package converse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"parley/shared/answer"
	"parley/shared/family"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/trainer/evaluate"
)

// DefaultLevel returns the folder of the default level of a family's file
// (models/family.json), and that of the base which it shares, "" where it is the base.
func DefaultLevel(file string) (encoder, base string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("to find the default encoder (or name one with --encoder): %w", err)
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

// Files are what an engine over the articles is made of.
type Files struct {
	Encoder, Base string         // folders; Base is "" where Encoder is whole
	Articles      string         // folder of the articles' index.bin
	Dense         evaluate.Dense // a second stage
	Cache         string         // folder that keeps the second stage's vectors
}

// Engine opens an engine over articles.
func (f *Files) Engine(ctx context.Context, articles *passages.Store, progress *os.File) (*answer.Engine, error) {
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
		err = e.SetDense(s, v)
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

// Ask is e.Ask with an empty answer where there is nothing to answer: in a conversation
// that is a turn without a reply, in the page as here.
func Ask(e *answer.Engine, a message.Ask) (message.Answer, error) {
	found, err := e.Ask(a)
	if errors.Is(err, answer.ErrNoQuestion) {
		return message.Answer{}, nil
	}
	return found, err
}

// firstOf is the article that stands first, "" where nothing was found.
func firstOf(a message.Answer) string {
	if len(a.Results) == 0 {
		return ""
	}
	return a.Results[0].ID
}
