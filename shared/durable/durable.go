// Package durable writes files, and folders of files, that are whole or absent, and lets
// one process at a time work on a file that grows. It and package recordlog are those of shared that touch
// a disk: the commands need them, the page does not.
package durable

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
)

// WriteFile writes content as the file name; see Write.
func WriteFile(name string, content []byte) error {
	return Write(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Write makes the file name of what write writes: under a temporary name in the same
// folder, brought to the disk, then renamed. So under its name the file is whole,
// whenever the program is killed and whatever fails: what stood there before stays
// until then, and the temporary file of a failure is removed, that of a killed program by
// the next one that writes the file.
func Write(name string, write func(io.Writer) error) error {
	dir, base := filepath.Dir(name), filepath.Base(name)
	sweep(dir, base)
	var f *os.File
	temporary, lock, err := create(func() (_ string, err error) {
		if f != nil {
			f.Close() // another's sweep took it
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
		err = f.Chmod(0o644) // CreateTemp's is for its owner alone
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if !locks {
		lock.Close() // a system without locks may rename no file that is open
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
