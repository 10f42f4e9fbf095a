package collection

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parley/shared/bundle"
	"parley/shared/sparse"
)

// madeFile is a file in a collection's folder that says how its vectors were made: the key
// of the work and the SHA-256 of the index, both in hexadecimal.
const madeFile = "encoded-by"

func made(key [sha256.Size]byte, index []byte) []byte {
	sum := sha256.Sum256(index)
	return []byte(hex.EncodeToString(key[:]) + " " + hex.EncodeToString(sum[:]) + "\n")
}

// reuse takes the vectors of texts that stay from the collection in out, if they were made
// with the same key; it returns the number of passages that get one. A folder that is
// damaged or of another encoder gives none.
func reuse(w *work[sparse.Vector], out string, key [sha256.Size]byte) (int, error) {
	said, err := os.ReadFile(filepath.Join(out, madeFile))
	if err != nil {
		return 0, nil
	}
	content, err := os.ReadFile(filepath.Join(out, "index.bin"))
	if err != nil || !bytes.Equal(said, made(key, content)) {
		return 0, nil
	}
	x, store, err := Open(out)
	if err != nil {
		return 0, nil
	}
	vectors := x.Vectors()
	return w.seed(len(vectors), func(i int) textHash { return hashText(store.At(i)) }, func(i int) sparse.Vector { return vectors[i] })
}

// mayWrite returns an error for a folder that has other programs' files under a
// collection's file names.
func mayWrite(out string) error {
	info, err := os.Stat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is a file; a collection is a folder", out)
	}
	refuse := func(name string) error {
		return fmt.Errorf("%s has a %s that is not a collection's: nothing was written; name another folder", out, name)
	}
	raw, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err == nil {
		m, err := bundle.Parse(raw)
		if err != nil {
			return refuse("manifest.json")
		}
		if _, ok := m.File("index.bin"); !ok {
			return refuse("manifest.json")
		}
		return nil
	}
	for _, name := range []string{"index.bin", "passages.bin", "dense.bin"} {
		f, err := os.Open(filepath.Join(out, name))
		if err != nil {
			continue
		}
		head := make([]byte, len("PARLEY"))
		_, err = f.Read(head)
		f.Close()
		if err != nil || string(head) != "PARLEY" {
			return refuse(name)
		}
	}
	return nil
}
