package collection

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// An archive whose index claims gigabytes causes an error, and uses no memory.
func TestAnArchiveThatPromisesTooMuch(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"manifest.json", "index.bin", "passages.bin"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("a few bytes"))
	}
	z.Close()
	data := b.Bytes()
	for at := 0; ; at += 4 {
		i := bytes.Index(data[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		at += i
		binary.LittleEndian.PutUint32(data[at+24:], 3<<30)
	}
	name := filepath.Join(t.TempDir(), "bomb.zip")
	for _, content := range [][]byte{data, []byte("no archive")} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := Open(name)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "bomb.zip") {
			t.Error(err)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 10 {
			t.Errorf("%d MB were taken", used)
		}
	}
}
