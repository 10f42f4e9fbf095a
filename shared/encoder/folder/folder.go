// Package folder reads an encoder's files from a disk, and identifies the encoder by
// SHA-256 sums of what was read. Only the commands use it. Where there is a manifest, it
// verifies the files, as the page does (package bundle).
package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"sync"

	"parley/shared/bundle"
	"parley/shared/encoder"
)

// Files returns a reader of the files of a folder, verified as bundle.Within does: a
// flipped bit in an encoder's weights would change vectors without any error. The manifest
// is read with the first file.
func Files(dir string) encoder.Files {
	within := sync.OnceValues(func() (func(string) ([]byte, error), error) {
		at, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		above, name := filepath.Dir(at), filepath.Base(at)
		if above == at {
			name = "."
		}
		return bundle.Within(os.DirFS(above), name)
	})
	return func(name string) ([]byte, error) {
		read, err := within()
		if err != nil {
			return nil, err
		}
		return read(name)
	}
}

// Unverified returns a reader of the files of a folder without verifying them. While an
// encoder is being made, the manifest is still the old one's.
func Unverified(dir string) encoder.Files {
	return func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
}

// A Summed reads an encoder's files and sums up those that it read. The encoder always
// reads the same files in the same order.
type Summed struct {
	files        encoder.Files
	all, weights hash.Hash
	each         map[string]string
}

// Open is Sum for a folder; it returns an error where there is no such folder.
func Open(dir string) (*Summed, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file; give the folder that holds config.json and model.safetensors", dir)
	}
	return Sum(Files(dir)), nil
}

// Sum returns a Summed that reads through files.
func Sum(files encoder.Files) *Summed {
	return &Summed{files: files, all: sha256.New(), weights: sha256.New(), each: map[string]string{}}
}

// Read reads a file; it is an encoder.Files.
func (s *Summed) Read(name string) ([]byte, error) {
	data, err := s.files(name)
	if err != nil {
		return data, err
	}
	sum := sha256.Sum256(data)
	s.each[name] = hex.EncodeToString(sum[:])
	fmt.Fprintf(s.all, "%s %x\n", name, sum)
	if name != "config.json" {
		fmt.Fprintf(s.weights, "%s %d\n", name, len(data))
		s.weights.Write(data)
	}
	return data, nil
}

// All returns the sum over everything that was read: the SHA-256 of a line "NAME SHA256"
// for each file. Encoders with one sum are one encoder, settings included.
func (s *Summed) All() [sha256.Size]byte { return [sha256.Size]byte(s.all.Sum(nil)) }

// Weights returns the sum over everything that was read except config.json, whose settings
// say how texts are read: the SHA-256 of "NAME LENGTH", a line feed and the content of
// each file. Published evaluations call it encoder_sha256.
func (s *Summed) Weights() [sha256.Size]byte { return [sha256.Size]byte(s.weights.Sum(nil)) }

// Each returns the SHA-256 of each file that was read, in hexadecimal, by its name.
func (s *Summed) Each() map[string]string { return s.each }
