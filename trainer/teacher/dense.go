package teacher

import (
	"context"
	"fmt"
	"os"

	"parley/shared/conversation"
	"parley/shared/cores"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/matrix"
	"parley/shared/safetensors"
	"parley/trainer/ranking"
)

// Embed encodes texts, cut at tokens tokens, on all cores, and returns their vectors,
// [len(texts)][s.Dim()]. It keeps them in the file at path; the name must depend on the
// texts and the encoder. It calls report with the number of texts that are done.
func Embed(ctx context.Context, s *encoder.Sentence, texts []string, tokens int, path string, report func(done int)) ([]float32, error) {
	return embed(ctx, s, texts, path, report, func(in *conversation.Input, text string) { in.Passage(s.Tokenizer, text, tokens) })
}

// EmbedPassages does what Embed does, for passages as s reads them: at its own length, and
// with its own token type.
func EmbedPassages(ctx context.Context, s *encoder.Sentence, texts []string, path string, report func(done int)) ([]float32, error) {
	return embed(ctx, s, texts, path, report, s.Passage)
}

func embed(ctx context.Context, s *encoder.Sentence, texts []string, path string, report func(done int), read func(in *conversation.Input, text string)) ([]float32, error) {
	dim := s.Dim()
	return Kept(path, len(texts), dim, func() ([]float32, error) {
		out := make([]float32, len(texts)*dim)
		return out, cores.Each(ctx, len(texts), func() (func(i int) error, error) {
			session := s.NewSession()
			var in conversation.Input
			return func(i int) error {
				read(&in, texts[i])
				if err := session.Embed(out[i*dim:], in); err != nil {
					return fmt.Errorf("passage %d: %w", i, err)
				}
				return nil
			}, nil
		}, report)
	})
}

// Kept returns the vectors, [n][dim], that the file at path has. Where it has none of that
// shape, it makes them and keeps them there.
func Kept(path string, n, dim int, vectors func() ([]float32, error)) ([]float32, error) {
	if data, err := os.ReadFile(path); err == nil {
		if f, err := safetensors.Read(data); err == nil {
			if t, ok := f.Tensor("vectors"); ok && len(t.Shape) == 2 && t.Shape[0] == n && t.Shape[1] == dim {
				return t.Float32s()
			}
		}
	}
	out, err := vectors()
	if err != nil {
		return nil, err
	}
	data, err := safetensors.Write([]safetensors.Tensor{safetensors.FromFloat32s("vectors", out, n, dim)}, nil)
	if err != nil {
		return nil, err
	}
	return out, durable.WriteFile(path, data)
}

// Dense returns a function that makes rankers. They rank by the inner product with the
// passages' vectors, [n][s.Dim()], which Embed returns, and keep the k best. The encoder
// reads instruction before each question.
func Dense(s *encoder.Sentence, vectors []float32, k int, instruction string) (func() Ranker, error) {
	dim := s.Dim()
	n := len(vectors) / dim
	docs, err := matrix.NewFloat32(vectors, nil, n, dim)
	if err != nil {
		return nil, err
	}
	return func() Ranker {
		session := s.NewSession()
		var scratch matrix.Scratch
		query, scores := make([]float32, matrix.Pad(dim)), make([]float32, matrix.Pad(n))
		above := make([]float64, n)
		var best []ranking.Hit
		return func(text string) (l List, err error) {
			if err := session.Embed(query, conversation.Passage(s.Tokenizer, instruction+text, s.MaxTokens())); err != nil {
				return l, err
			}
			scratch.Linear(scores, query, 1, docs)
			for d := range above {
				above[d] = float64(scores[d]) + 1 // a cosine is -1 or more, and package ranking leaves out scores of 0
			}
			best = ranking.Best(best, above, k)
			for _, h := range best {
				l.Docs = append(l.Docs, h.Doc)
				l.Scores = append(l.Scores, float32(h.Score-1))
			}
			return l, nil
		}
	}, nil
}
