//go:build libtorch

package torch

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path"
	"path/filepath"
	"testing"
)

// A state dict is a program that builds it. Whatever it does, reading it returns
// tensors or an error.
func FuzzPickle(f *testing.F) {
	whole, err := os.ReadFile("testdata/bert/pytorch_model.bin")
	if err != nil {
		f.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		f.Fatal(err)
	}
	var program []byte
	rest := map[string][]byte{}
	for _, file := range z.File {
		r, err := file.Open()
		if err != nil {
			f.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			f.Fatal(err)
		}
		if path.Base(file.Name) == "data.pkl" {
			program = data
		}
		rest[file.Name] = data
	}
	f.Add(uint16(0), []byte(nil))
	for at := 0; at < len(program); at += 97 {
		f.Add(uint16(at), []byte("\xff\xff\xff\x7f"))
	}
	f.Add(uint16(0), []byte("\x80\x02B\xff\xff\xff\x7f")) // bytes of 2 GB that are not there
	f.Add(uint16(0), []byte("\x80\x02cposix\nsystem\nU\x02idR."))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, at uint16, change []byte) {
		var b bytes.Buffer
		out := zip.NewWriter(&b)
		for name, data := range rest {
			if path.Base(name) == "data.pkl" {
				data = bytes.Clone(data)
				copy(data[int(at)%len(data):], change)
			}
			w, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			if err != nil {
				t.Fatal(err)
			}
			w.Write(data)
		}
		out.Close()
		file := filepath.Join(dir, "pytorch_model.bin")
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		found, err := readPickle(file)
		for name, w := range found {
			if err == nil && product(w.shape) != len(w.v) {
				t.Errorf("%q has %d values, shape %v", name, len(w.v), w.shape)
			}
		}
	})
}
