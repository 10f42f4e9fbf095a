// Package embedding makes the vectors that a dense encoder has for the passages of a collection, and
// changes their sparse ones by them (package lift).
package embedding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"parley/shared/conversation"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/progress"
	"parley/shared/wordpiece"
	"parley/trainer/teacher"
)

// Load reads a dense encoder's folder. One that ships has no vocabulary and uses the
// sparse encoder's. sum is the checksum of its files except config.json.
func Load(dir string, vocabulary *wordpiece.Tokenizer) (s *encoder.Sentence, sum []byte, err error) {
	load := encoder.LoadSentence
	if _, missing := os.Stat(filepath.Join(dir, "vocab.txt")); missing != nil {
		load = func(files encoder.Files) (*encoder.Sentence, error) {
			return encoder.LoadSentenceOver(vocabulary, files)
		}
	}
	files := folder.Sum(folder.Files(dir))
	if s, err = load(files.Read); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	weights := files.Weights() // the settings do not change a text's vector
	return s, weights[:], nil
}

// Passages returns the vectors of texts by an encoder with the checksum sum, [len(texts)][Dim]. The
// folder cache keeps them for the next call.
func Passages(ctx context.Context, of *encoder.Sentence, sum []byte, texts []string, cache string, progressTo io.Writer) ([]float32, error) {
	if err := os.MkdirAll(cache, 0o777); err != nil {
		return nil, err
	}
	path := filepath.Join(cache, key(of, sum, texts)+".dense")
	meter := progress.Await(progressTo, "dense vectors of passages", int64(len(texts)))
	vectors, err := teacher.EmbedPassages(ctx, of, texts, path, func(done int) { meter.Update(int64(done), "") })
	if err == nil {
		meter.Done(fmt.Sprint(len(texts)))
	}
	return vectors, err
}

// key returns a key for the vectors of texts by an encoder with the checksum sum.
func key(of *encoder.Sentence, sum []byte, texts []string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%x %d %s ", sum, of.PassageTokens, of.Pooling())
	var in conversation.Input
	of.Passage(&in, "type") // sum does not cover the token type
	fmt.Fprint(h, in.Types[0], " ")
	for _, t := range texts {
		fmt.Fprintf(h, "%d ", len(t))
		h.Write([]byte(t))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
