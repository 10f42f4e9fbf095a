// Package durable writes files that are whole or absent, and lets one process at a
// time work on a file that grows. It and package recordlog are those of shared that touch
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
// until then, and the temporary file of a failure is removed.
func Write(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
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
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	// The new name is in the folder, which not every system lets one sync: then the
	// name survives the program's end, though perhaps not the machine's.
	if d, err := os.Open(filepath.Dir(name)); err == nil {
		d.Sync()
		d.Close()
	}
	return nil
}
