//go:build !wasip1

// Only the commands share: none of this code is in the page's programs.

package encoder

import (
	"errors"
	"fmt"
	"io/fs"

	"parley/shared/safetensors"
)

// Share returns a member's files, given the files of the whole encoder as Quantize returns
// them: without vocab.txt and the word embedding. It returns an error unless both are the
// base's, bit for bit.
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

// Over returns the files of the whole encoder, given those of a member and of its base, of
// which it reads model.safetensors and vocab.txt. Reading fails where the base is not the
// one that the member was exported for.
func Over(member, base Files) Files {
	read := func(name, want string) ([]byte, error) {
		data, err := base(name)
		if err != nil {
			// Not %w: an error that wraps fs.ErrNotExist would make the loader look for a
			// tokenizer.json.
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
