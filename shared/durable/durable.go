// Package durable writes files, and folders of files, that are complete or absent, and
// locks files that one process at a time may extend. Of shared, it and a few other
// packages for the commands alone touch a disk (see ARCHITECTURE.md); the page does not
// use it.
package durable

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
)

// WriteFile writes content to the file name, as Write does.
func WriteFile(name string, content []byte) error {
	return Write(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Write creates or replaces the file name with what write writes. It writes to a temporary
// name in the same folder, syncs, and renames. So the file under that name is always
// complete, whenever the program is killed and whatever fails; the old one stays until the
// rename. A failure removes the temporary file; that of a killed program is removed by the
// next Write of the same file.
func Write(name string, write func(io.Writer) error) error {
	dir, base := filepath.Dir(name), filepath.Base(name)
	sweep(dir, base)
	var f *os.File
	temporary, lock, err := create(func() (_ string, err error) {
		if f != nil {
			f.Close() // another process's sweep took it
		}
		if f, err = os.CreateTemp(dir, "."+base+newName+"*"); err != nil {
			return "", err
		}
		return f.Name(), nil
	})
	if err != nil {
		return err
	}
	defer lock.Close()
	b := bufio.NewWriterSize(f, 1<<16)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Chmod(0o644) // CreateTemp makes it readable by its owner alone
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if !locks {
		lock.Close() // a system without locks may refuse to rename an open file
	}
	if err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		os.Remove(temporary)
		return err
	}
	syncFolder(dir)
	return nil
}
