package encoder

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"parley/shared/wordpiece"
)

// Encoders that were trained from one base with its word embedding frozen are a family:
// they share that table, nine tenths of the bytes, and the vocabulary. Share removes both
// from a member's folder; Over adds the base's again.

// A Base identifies the encoder whose word embedding and vocabulary a member shares, by
// fingerprints of its files: length in bytes and CRC-32C, as "231508-0a1b2c3d". It is
// stored in the member's config.json. It distinguishes bases; whether files are those that
// were published, the manifest's SHA-256s tell. crypto/sha256 here would add 57 kB to the
// page.
type Base struct {
	Weights string `json:"model.safetensors"`
	Vocab   string `json:"vocab.txt"`
}

// LoadOver loads a member over its base and shares the base's word embedding in memory, so
// a further member takes a tenth of the base's. It gives the same bits as
// Load(Over(member, base)). It returns a *FileError for a base that is not the member's,
// and for a base loaded from tokenizer.json, since the fingerprint is of vocab.txt.
func LoadOver(base *Encoder, member Files) (*Encoder, error) {
	data, err := member("config.json")
	if err != nil {
		return nil, missing("config.json", "the model's sizes", err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, blame("config.json", err)
	}
	switch want := c.parley.Base; {
	case want == nil:
		return nil, blame("config.json", errors.New("encoder: config.json names no base: this encoder is whole, load it without one"))
	case *want != base.files:
		return nil, blame("config.json", fmt.Errorf("encoder: config.json: this encoder was exported for a base whose files have the fingerprints %+v; those of %s have %+v", *want, base.Name, base.files))
	}
	c.parley.Base = nil
	e, err := assemble(c, base.Tokenizer, member, base.model.words)
	if err == nil {
		e.base = base
	}
	return e, err
}

// shares reports whether a member takes the tensor from its base.
func (c *config) shares(tensor string) bool {
	words := c.names().embeddings + "word_embeddings.weight"
	return tensor == words || tensor == words+".scale"
}

// Fingerprint tells the encoder from others, also from one of the same name: its vectors
// mean nothing to another. It is that of model.safetensors, and the CRC-32C of the model's
// sizes and the vocabulary, as "4661144-0a1b2c3d-4e5f6071".
func (e *Encoder) Fingerprint() string {
	return e.files.Weights + "-" + e.config.reads(e.Tokenizer)
}

// reads returns the CRC-32C of what vectors depend on beside the weights.
func (c *config) reads(t *wordpiece.Tokenizer) string {
	sum := crc32.New(castagnoli)
	fmt.Fprintln(sum, c.distil, c.hidden, c.layers, c.heads, c.inner, c.positions, c.types, c.eps, c.tied)
	sum.Write(t.List())
	return fmt.Sprintf("%08x", sum.Sum32())
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func fingerprint(data []byte) string {
	return fmt.Sprintf("%d-%08x", len(data), crc32.Checksum(data, castagnoli))
}

func isFingerprint(s string) bool {
	length, sum, ok := strings.Cut(s, "-")
	return ok && length != "" && strings.Trim(length, "0123456789") == "" &&
		len(sum) == 8 && strings.Trim(sum, "0123456789abcdef") == ""
}
