package evaluate

import (
	"fmt"
	"io/fs"

	"parley/shared/encoder"
	"parley/shared/encoder/folder"
)

// Held reads an encoder's files from memory.
func Held(files map[string][]byte) encoder.Files {
	return func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
}

// Load loads an encoder's folder; a member of a family over the folder of its base,
// which is "" where dir is whole. sum is over its weights and vocabulary
// (folder.Summed.Weights).
func Load(dir, base string) (enc *encoder.Encoder, sum [32]byte, err error) {
	if _, err := folder.Open(dir); err != nil {
		return nil, sum, err
	}
	files := folder.Files(dir)
	if base != "" {
		files = encoder.Over(files, folder.Files(base))
	}
	enc, sum, err = LoadFiles(files)
	if err == nil && base != "" {
		// Loaded once more for the encoder to know its base, which reads passages.
		var b *encoder.Encoder
		if b, err = encoder.Load(folder.Files(base)); err == nil {
			enc, err = encoder.LoadOver(b, folder.Files(dir))
		}
	}
	if err != nil {
		return nil, sum, fmt.Errorf("%s: %w", dir, err)
	}
	return enc, sum, nil
}

// LoadFiles loads a whole encoder. The configuration is not in the sum: its lengths are in
// the key of the passages' vectors, and what else it says shows in them. So a change of the
// query's form keeps the vectors.
func LoadFiles(files encoder.Files) (*encoder.Encoder, [32]byte, error) {
	summed := folder.Sum(files)
	enc, err := encoder.Load(summed.Read)
	return enc, summed.Weights(), err
}

// Settings change how an encoder reads questions.
type Settings struct {
	QueryTokens int // cut the input at so many tokens; 0: the encoder's own length
	// Of the rest, -1 is the encoder's own.
	HistoryType   int     // token type of the history, 0 or 1
	ReplyTokens   int     // read so many tokens of each reply; 0: all
	QueryTerms    int     // keep so many terms of a query; 0: all
	QuestionWords float64 // what a word of the newest question weighs, without a word head; 0: words are not searched for
	HistoryWords  float64 // what the word head's weights of words of the history are multiplied by
}

// Own are an encoder's own settings.
var Own = Settings{HistoryType: -1, ReplyTokens: -1, QueryTerms: -1, QuestionWords: -1, HistoryWords: -1}

// Apply makes the settings enc's.
func (s Settings) Apply(enc *encoder.Encoder) {
	if s.QueryTokens > 0 {
		enc.Query.MaxTokens = s.QueryTokens
	}
	if s.HistoryType >= 0 {
		enc.Query.HistoryType = uint8(s.HistoryType)
	}
	if s.ReplyTokens >= 0 {
		enc.Query.ReplyTokens = s.ReplyTokens
	}
	if s.QueryTerms >= 0 {
		enc.QueryTerms = s.QueryTerms
	}
	if s.QuestionWords >= 0 {
		enc.QuestionWords = float32(s.QuestionWords)
	}
	if s.HistoryWords >= 0 {
		enc.HistoryWords = float32(s.HistoryWords)
	}
}
