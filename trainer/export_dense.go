package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"parley/shared/cli"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/trainer/evaluate"
)

// readDense reads a dense student and makes the files that ship.
func (x *export) readDense(best string, set encoder.Settings, levels encoder.Levels) error {
	if set.QueryTerms != 0 || set.AloneBelow != 0 || set.HistoryWords != 0 {
		return cli.Usagef("--query-terms, --alone-below and --history-words are for a sparse encoder; this run's is dense")
	}
	var err error
	if x.settings, err = settingsOf(best); err != nil {
		return err
	}
	x.settings.Name, x.settings.DenseWeight, x.settings.DenseZero, x.settings.SureAbove = set.Name, set.DenseWeight, set.DenseZero, set.SureAbove
	if x.whole, err = encoder.QuantizeTo(levels, folder.Files(best), &x.settings); err != nil {
		return fmt.Errorf("%s: %w", best, err)
	}
	x.files = x.whole
	x.dense, err = encoder.LoadSentence(evaluate.Held(x.whole))
	if err != nil {
		return fmt.Errorf("%s, quantised: %w", best, err)
	}
	return nil
}

// shareVocabulary leaves vocab.txt out. It must be equal to the base's, byte for
// byte.
func (x *export) shareVocabulary(base string) error {
	vocab, err := os.ReadFile(filepath.Join(base, "vocab.txt"))
	if err != nil {
		return err
	}
	if !bytes.Equal(vocab, x.whole["vocab.txt"]) {
		return fmt.Errorf("%s has another vocab.txt: a dense encoder shares the vocabulary with the sparse one beside it", base)
	}
	x.files = maps.Clone(x.whole)
	delete(x.files, "vocab.txt")
	x.base = filepath.Base(base)
	return nil
}

// describeDense writes what a dense encoder is and how it was trained.
func (x *export) describeDense(line func(format string, args ...any)) {
	c, s := &x.run.Config, &x.settings
	line("---\nlicense: %s\nlanguage: en\npipeline_tag: feature-extraction\ntags: [dense-retrieval, conversational-search, convdr]\n---", strings.ToLower(x.licence))
	line("# %s\n", s.Name)
	replies := "its replies' texts included"
	switch {
	case s.ReplyTokens < 0:
		replies = "its questions alone, without the replies"
	case s.ReplyTokens > 0:
		replies = fmt.Sprintf("of each reply the first %d", s.ReplyTokens)
	}
	pooled := "the first token's last hidden state"
	if s.Pooling == encoder.Mean {
		pooled = "the mean of the last hidden states"
	}
	line("A dense encoder for conversational search: %s. It reads a whole conversation, the current question first, cut to %d tokens (%s), with token type %d for all that was said before; it gives a vector of %d values, %s scaled to length 1.",
		x.shape(), s.QueryTokens, replies, s.HistoryTokenType, x.dense.Dim(), pooled)
	doc := c.DocEncoder
	if doc == "" {
		doc = c.Encoder
	}
	line("\nTrained from `%s`, it gives a conversation the vector that `%s`, which stayed as it was, gives the rewritten question (ConvDR: Yu et al. 2021, arXiv 2105.04166). Its vectors are compared with those of passages in the space `%s`.",
		shortPath(c.Encoder), shortPath(doc), s.Space)
	if c.PassageTexts > 0 {
		line("\nIt has also learnt that encoder's vectors of passages, with token type %d, and can read them itself.", s.PassageTokenType)
	}
	if s.DenseWeight > 0 {
		line("\nA passage's score is its sparse score + %v x (cosine - %v).", s.DenseWeight, s.DenseZero)
	}
	if s.SureAbove > 0 {
		line("Where the sparse stage is sure of its first result with a probability of %v, this one is not asked.", s.SureAbove)
	}
	if x.base != "" {
		line("\nIt has no vocabulary of its own: that of `%s` is the same.", x.base)
	}
	x.table(line)
}

// stages returns the names of the stages that a figure is of.
func (f *figure) stages() string {
	if f.Cost == nil || f.Cost.Stages == nil {
		return "sparse"
	}
	return f.Cost.Stages.Stage
}
