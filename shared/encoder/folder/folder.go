// Package folder reads an encoder's files from a disk, and tells the encoder from all
// others by SHA-256 sums of what was read. The commands need it. What they read is
// verified by a manifest where there is one, as the page verifies its files (package bundle).
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

// Files reads the files of a folder, verified as bundle.Within does: a bit that was
// flipped in an encoder's weights gives other vectors, and no error by itself. The
// manifest is read with the first file.
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

// Unverified reads the files of a folder as they are: while an encoder is made anew, the
// manifest tells of the one before it.
func Unverified(dir string) encoder.Files {
	return func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
}

// A Summed is an encoder's files, and sums of those that were read through it. The
// encoder decides which it reads, and in what order: always the same.
type Summed struct {
	files        encoder.Files
	all, weights hash.Hash
	each         map[string]string
}

// Open is Sum of a folder, which must be there.
func Open(dir string) (*Summed, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file; give the folder that holds config.json and model.safetensors", dir)
	}
	return Sum(Files(dir)), nil
}

// Sum sums up files as they are read.
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

// All is the sum over all that was read. Encoders of one sum are one encoder, settings
// included: the SHA-256 of a line "NAME SHA256" for each file.
func (s *Summed) All() [sha256.Size]byte { return [sha256.Size]byte(s.all.Sum(nil)) }

// Weights is the sum over all that was read but config.json, whose settings say how texts
// are read: the SHA-256 of "NAME LENGTH", a line feed and the content of each file. It is
// the encoder_sha256 of published evaluations.
func (s *Summed) Weights() [sha256.Size]byte { return [sha256.Size]byte(s.weights.Sum(nil)) }

// Each is the SHA-256 of each file that was read, in hexadecimal, by its name.
func (s *Summed) Each() map[string]string { return s.each }
