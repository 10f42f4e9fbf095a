package serve

import (
	"io/fs"
	"os"
)

// Folder gives the files of a folder on the disk. Each is looked up anew, so a folder
// that another has taken the place of (parley build) is served from then on; a file
// that the change took away in the middle of a look-up is looked for once more. A
// symbolic link that leads out of the folder is no file of it, unless links says that
// it is.
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

// within does look in the folder that has the name now, and in the next one where
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
