package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"strconv"
	"time"
)

// An entry is a file of an archive.
type entry struct {
	name    string
	content []byte
	program bool
}

func (e *entry) mode() fs.FileMode {
	if e.program {
		return 0o755
	}
	return 0o644
}

// within puts files into a folder.
func within(folder string, files []entry) []entry {
	var moved []entry
	for _, e := range files {
		e.name = folder + "/" + e.name
		moved = append(moved, e)
	}
	return moved
}

// at returns the time that a number of seconds stands for. Zip's calendar begins in 1980.
func at(seconds string) (time.Time, error) {
	n, err := strconv.ParseInt(seconds, 10, 64)
	t := time.Unix(n, 0).UTC()
	if err != nil || t.Year() < 1980 || t.Year() > 2107 {
		return t, fmt.Errorf("%s: %q are no seconds of a time from 1980 to 2107", epoch, seconds)
	}
	return t, nil
}

// tarball makes a .tar.gz of files. Nothing in it comes from the machine that makes it.
func tarball(files []entry, when time.Time) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: int64(f.mode()), Size: int64(len(f.content)), ModTime: when, Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := t.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// zipped makes a .zip of files, likewise.
func zipped(files []entry, when time.Time) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: when}
		h.SetMode(f.mode())
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
