// Package carried puts the files that the command carries into the user's cache, where the
// rest of the program reads them as it reads any folder. They are written once, and
// compared with those of the command whenever they are used: a file that was altered or is
// missing is written again.
package carried

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"parley"
	"parley/shared/durable"
)

// CacheVariable names the environment variable with the folder to use as cache, in place
// of the system's cache of the user.
const CacheVariable = "PARLEY_CACHE"

// Cache returns a folder of the user's cache by that name. It need not exist yet.
func Cache(name string) (string, error) {
	dir := os.Getenv(CacheVariable)
	if dir == "" {
		system, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("there is no folder for a cache: %w; name one in %s", err, CacheVariable)
		}
		dir = filepath.Join(system, "parley")
	}
	dir, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		return "", fmt.Errorf("the cache %s: %w", name, err)
	}
	return dir, nil
}

// Models returns the folder models/ as this command carries it: the family of encoders,
// the built-in collection in vital-articles, and the experiments' figures. Each version of
// it has a folder of its own.
func Models() (string, error) {
	files, err := fs.Sub(parley.Files, "models")
	if err != nil {
		return "", err
	}
	manifest, err := fs.ReadFile(files, "manifest.json") // it has the sums of all others
	if err != nil {
		return "", err
	}
	dir, err := Cache(fmt.Sprintf("models-%.8x", sha256.Sum256(manifest)))
	if err != nil {
		return "", err
	}
	compared.Lock()
	defer compared.Unlock()
	if compared.folder == dir {
		return dir, nil
	}
	if err := unpack(files, dir); err != nil {
		return "", err
	}
	compared.folder = dir
	return dir, nil
}

// compared is the folder that this process has compared already.
var compared struct {
	sync.Mutex
	folder string
}

// unpack makes the folder dir hold files, and writes those alone that are not there as
// they should be.
func unpack(files fs.FS, dir string) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		at := filepath.Join(dir, filepath.FromSlash(name))
		if same, err := equal(files, name, at); err != nil || same {
			return err
		}
		err = os.MkdirAll(filepath.Dir(at), 0o755)
		if err == nil {
			err = durable.Write(at, func(w io.Writer) error {
				f, err := files.Open(name)
				if err != nil {
					return err
				}
				defer f.Close()
				_, err = io.Copy(w, f)
				return err
			})
		}
		if err != nil {
			return fmt.Errorf("the encoders and the collection that parley carries could not be unpacked: %w; name a folder that can be written in %s, or other folders with --encoder and --collection", err, CacheVariable)
		}
		return nil
	})
}

// equal says whether the file at a path has the content of that name in files. An error is
// one of files.
func equal(files fs.FS, name, at string) (bool, error) {
	want, err := files.Open(name)
	if err != nil {
		return false, err
	}
	defer want.Close()
	size, err := want.Stat()
	if err != nil {
		return false, err
	}
	have, err := os.Open(at)
	if err != nil {
		return false, nil
	}
	defer have.Close()
	if info, err := have.Stat(); err != nil || info.Size() != size.Size() {
		return false, nil
	}
	var a, b [1 << 16]byte
	for left := size.Size(); left > 0; {
		n := int(min(left, int64(len(a))))
		if _, err := io.ReadFull(want, a[:n]); err != nil {
			return false, err
		}
		if _, err := io.ReadFull(have, b[:n]); err != nil || !bytes.Equal(a[:n], b[:n]) {
			return false, nil
		}
		left -= int64(n)
	}
	return true, nil
}
