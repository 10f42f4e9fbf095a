package encoder

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strings"

	"parley/shared/safetensors"
)

// Encoders that were trained from one base with its word embedding frozen are a
// family: they share that table, nine tenths of the bytes, and the vocabulary. Share
// leaves both out of a member's folder; Over puts them back from the base's.

// A Base is the encoder whose word embedding and vocabulary a member shares, by the
// fingerprints of its files: length in bytes and CRC-32C, as "231508-0a1b2c3d". It
// stands in the member's config.json. That files are what was published, the
// manifest's SHA-256s say; this tells bases apart, and crypto/sha256 would add 57 kB
// to the page.
type Base struct {
	Weights string `json:"model.safetensors"`
	Vocab   string `json:"vocab.txt"`
}

// Share turns a whole folder's files, as Quantize gives them, into a member's: without
// vocab.txt and the word embedding, both of which must be the base's, bit for bit.
func Share(whole map[string][]byte, base Files) (map[string][]byte, error) {
	c, err := parseConfig(whole["config.json"])
	if err != nil {
		return nil, err
	}
	vocab, err := base("vocab.txt")
	if err != nil {
		return nil, missing("vocab.txt", "of the base", err)
	}
	if string(vocab) != string(whole["vocab.txt"]) {
		return nil, errors.New("encoder: the base has another vocab.txt: an encoder shares the vocabulary with its word embedding")
	}
	data, err := base(weightsFile)
	if err != nil {
		return nil, missing(weightsFile, "of the base", err)
	}
	theirs, err := safetensors.Read(data)
	if err != nil {
		return nil, fmt.Errorf("encoder: base: %s: %w", weightsFile, err)
	}
	own, err := safetensors.Read(whole[weightsFile])
	if err != nil {
		return nil, fmt.Errorf("encoder: %s: %w", weightsFile, err)
	}
	var kept []safetensors.Tensor
	for _, t := range own.Tensors {
		if !c.shares(t.Name) {
			kept = append(kept, t)
			continue
		}
		switch b, ok := theirs.Tensor(t.Name); {
		case !ok:
			return nil, &TensorError{"base: " + weightsFile, t.Name, "is missing: the base must be a whole encoder of the same architecture, quantised where this one is"}
		case b.DType != t.DType:
			return nil, &TensorError{"base: " + weightsFile, t.Name, fmt.Sprintf("is %s, this encoder's %s; quantise both, or neither", b.DType, t.DType)}
		case string(b.Data) != string(t.Data):
			return nil, &TensorError{weightsFile, t.Name, "is not the base's: only encoders trained from it with their embedding frozen can share it"}
		}
	}
	out := map[string][]byte{}
	if out[weightsFile], err = safetensors.Write(kept, map[string]string{"format": "pt"}); err != nil {
		return nil, err
	}
	set := c.parley
	set.Base = &Base{fingerprint(data), fingerprint(vocab)}
	out["config.json"], err = withSettings(whole["config.json"], &set)
	return out, err
}

// Over gives the files of the whole encoder from those of a member and of its base.
// It refuses a base that is not the one which the member was exported for. Of the
// base, model.safetensors and vocab.txt are read.
func Over(member, base Files) Files {
	read := func(name, want string) ([]byte, error) {
		data, err := base(name)
		if err != nil {
			// Not %w: that the base's vocabulary is missing must not send the loader
			// on to look for a tokenizer.json.
			return nil, fmt.Errorf("encoder: the base's %s, which this encoder shares, cannot be read: %v", name, err)
		}
		if got := fingerprint(data); got != want {
			return nil, fmt.Errorf("encoder: the base's %s has the fingerprint %s; this encoder was exported for a base with %s", name, got, want)
		}
		return data, nil
	}
	return func(name string) ([]byte, error) {
		data, err := member("config.json")
		if err != nil {
			return nil, err
		}
		c, err := parseConfig(data)
		if err != nil {
			return nil, err
		}
		shared := c.parley.Base
		if shared == nil {
			return nil, errors.New("encoder: config.json names no base: this encoder is whole, load it without one")
		}
		switch name {
		case "config.json":
			set := c.parley
			set.Base = nil
			return withSettings(data, &set)
		case "vocab.txt":
			return read(name, shared.Vocab)
		case weightsFile:
			// below
		default:
			return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		}
		theirs, err := read(name, shared.Weights)
		if err != nil {
			return nil, err
		}
		from, err := safetensors.Read(theirs)
		if err != nil {
			return nil, fmt.Errorf("encoder: the base's %s: %w", name, err)
		}
		if data, err = member(name); err != nil {
			return nil, err
		}
		own, err := safetensors.Read(data)
		if err != nil {
			return nil, fmt.Errorf("encoder: %s: %w", name, err)
		}
		all := own.Tensors
		for _, t := range from.Tensors {
			if c.shares(t.Name) {
				all = append(all, t)
			}
		}
		whole, err := safetensors.Write(all, map[string]string{"format": "pt"})
		if err != nil {
			return nil, fmt.Errorf("encoder: %s over its base's: %w", name, err)
		}
		return whole, nil
	}
}

// LoadOver loads a member over its base, of which it shares the word embedding in
// memory, too: each further member takes a tenth of the base's. Its bits are those
// of Load(Over(member, base)). It refuses a base that is not the member's own, and a
// base loaded from tokenizer.json, whose vocab.txt has no fingerprint.
func LoadOver(base *Encoder, member Files) (*Encoder, error) {
	data, err := member("config.json")
	if err != nil {
		return nil, missing("config.json", "the model's sizes", err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, err
	}
	switch want := c.parley.Base; {
	case want == nil:
		return nil, errors.New("encoder: config.json names no base: this encoder is whole, load it without one")
	case *want != base.files:
		return nil, fmt.Errorf("encoder: config.json: this encoder was exported for a base whose files have the fingerprints %+v; those of %s have %+v", *want, base.Name, base.files)
	}
	c.parley.Base = nil
	return assemble(c, base.Tokenizer, member, base.model.words)
}

// shares reports whether a tensor is the base's in a member.
func (c *config) shares(tensor string) bool {
	words := c.names().embeddings + "word_embeddings.weight"
	return tensor == words || tensor == words+".scale"
}

func fingerprint(data []byte) string {
	return fmt.Sprintf("%d-%08x", len(data), crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

func isFingerprint(s string) bool {
	length, sum, ok := strings.Cut(s, "-")
	return ok && length != "" && strings.Trim(length, "0123456789") == "" &&
		len(sum) == 8 && strings.Trim(sum, "0123456789abcdef") == ""
}
