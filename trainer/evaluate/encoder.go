package evaluate

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/encoder"
)

// A Sum is the SHA-256 over an encoder's weights and vocabulary.
type Sum [32]byte

// Folder reads an encoder's files from a folder.
func Folder(dir string) encoder.Files {
	return func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
}

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
// which is "" where dir is whole.
func Load(dir, base string) (*encoder.Encoder, Sum, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, Sum{}, err
	} else if !info.IsDir() {
		return nil, Sum{}, fmt.Errorf("%s is a file; give the folder that holds config.json and model.safetensors", dir)
	}
	files := Folder(dir)
	if base != "" {
		files = encoder.Over(files, Folder(base))
	}
	enc, sum, err := LoadFiles(files)
	if err == nil && base != "" {
		// Loaded once more for the encoder to know its base, which reads passages.
		var b *encoder.Encoder
		if b, err = encoder.Load(Folder(base)); err == nil {
			enc, err = encoder.LoadOver(b, Folder(dir))
		}
	}
	if err != nil {
		return nil, sum, fmt.Errorf("%s: %w", dir, err)
	}
	return enc, sum, nil
}

// LoadFiles loads a whole encoder.
func LoadFiles(files encoder.Files) (*encoder.Encoder, Sum, error) {
	h := sha256.New()
	enc, err := encoder.Load(func(name string) ([]byte, error) {
		data, err := files(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		// The configuration's lengths are in the collection's key; what else it
		// says shows in the vectors. So a change of the query's form keeps them.
		if name != "config.json" {
			fmt.Fprintf(h, "%s %d\n", name, len(data))
			h.Write(data)
		}
		return data, err
	})
	return enc, Sum(h.Sum(nil)), err
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
