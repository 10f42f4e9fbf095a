package evaluate

import (
	"fmt"
	"io/fs"

	"parley/shared/encoder"
	"parley/shared/encoder/folder"
)

// Held returns a reader of an encoder's files that are in memory.
func Held(files map[string][]byte) encoder.Files {
	return func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
}

// Load loads an encoder's folder. A member of a family is loaded over the folder of its
// base; base is "" if dir is a whole encoder. sum is the checksum of its weights and
// vocabulary (folder.Summed.Weights).
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
		// The base is loaded on its own, too, because the encoder needs it to read
		// passages.
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

// LoadFiles loads a whole encoder and returns the checksum of its files. The sum does not
// cover the configuration: its lengths are in the key of the passages' vectors, and its
// other values show in the vectors. So a change to how queries are read does not invalidate
// the vectors.
func LoadFiles(files encoder.Files) (*encoder.Encoder, [32]byte, error) {
	summed := folder.Sum(files)
	enc, err := encoder.Load(summed.Read)
	return enc, summed.Weights(), err
}

// Settings change how an encoder reads questions.
type Settings struct {
	QueryTokens int // the length at which the input is cut, in tokens; 0: the encoder's own
	// In the following fields, -1 means the encoder's own value.
	HistoryType   int     // the token type of the history, 0 or 1
	ReplyTokens   int     // how many tokens of each reply are read; 0: all
	QueryTerms    int     // how many terms of a query are kept; 0: all
	QuestionWords float64 // without a word head: the weight of a word of the newest question; 0: words are not searched for
	HistoryWords  float64 // the factor of the word head's weights of words in the history
}

// Own means an encoder's own settings.
var Own = Settings{HistoryType: -1, ReplyTokens: -1, QueryTerms: -1, QuestionWords: -1, HistoryWords: -1}

// Apply changes enc's settings.
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
