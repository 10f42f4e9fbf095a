package serve

import (
	"io/fs"
	"os"
)

// Folder returns the files of a folder on the disk. It looks up each file by the folder's
// name, so when another folder takes its place (parley build), that one is served; a
// look-up that fails because of the change is repeated. A symbolic link that leads out of
// the folder is treated as missing, unless links is set.
func Folder(dir string, links bool) fs.FS {
	if links {
		return os.DirFS(dir)
	}
	return folder(dir)
}

type folder string

func (f folder) Open(name string) (fs.File, error) { return within(f, name, fs.FS.Open) }

// Stat lets the handler see what a name stands for before it opens it.
func (f folder) Stat(name string) (fs.FileInfo, error) { return within(f, name, fs.Stat) }

// within calls look with the folder that has the name now, and again with the next one if
// that was replaced meanwhile.
func within[T any](f folder, name string, look func(fs.FS, string) (T, error)) (T, error) {
	for {
		var none T
		root, err := os.OpenRoot(string(f))
		if err != nil {
			return none, err
		}
		found, err := look(root.FS(), name)
		if err == nil {
			return found, root.Close()
		}
		was, wrong := root.Stat(".")
		root.Close()
		if is, e := os.Stat(string(f)); wrong != nil || e != nil || os.SameFile(was, is) {
			return none, err
		}
	}
}
