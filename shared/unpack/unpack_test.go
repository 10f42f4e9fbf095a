package unpack

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"testing"
)

func zipped(t testing.TB, name string, write func(io.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	write(w)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zeros(n int) func(io.Writer) {
	return func(w io.Writer) {
		for block := make([]byte, 1<<20); n > 0; n -= len(block) {
			w.Write(block[:min(n, len(block))])
		}
	}
}

// within fails where f uses more than most bytes of memory.
func within(t *testing.T, most uint64, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > most {
		t.Errorf("%d MB were taken, more than %d", used>>20, most>>20)
	}
}

func TestGzip(t *testing.T) {
	text := make([]byte, 1<<20)
	for i := range text {
		text[i] = byte(rand.Uint32())
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(text)
	z.Close()
	for want, in := range map[bool][]byte{true: packed.Bytes(), false: append([]byte("x"), text...)} {
		r, gz, err := Gzip(bytes.NewReader(in))
		if err != nil || gz != want {
			t.Fatal(gz, err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.HasSuffix(got, text) {
			t.Errorf("gzip %v: %d bytes, %v", gz, len(got), err)
		}
	}
	if r, gz, err := Gzip(bytes.NewReader(nil)); err != nil || gz {
		t.Error("nothing:", gz, err)
	} else if _, err := r.ReadByte(); err != io.EOF {
		t.Error(err)
	}
	if _, gz, err := Gzip(bytes.NewReader([]byte("\x1f\x8bx"))); err == nil || !gz {
		t.Error("half a header was taken")
	}
}

func TestABombIsAnError(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	zeros(20 << 20)(z)
	z.Close()
	within(t, 2<<20, func() {
		r, _, err := gunzip(bytes.NewReader(packed.Bytes()), func(packed int64) int64 { return max(8<<20, packed*Ratio) })
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); !errors.Is(err, ErrTooMuch) || n > 8<<20 {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
	bomb := zipped(t, "index.bin", zeros(40<<20))
	within(t, 40<<20, func() {
		if _, err := Zip(bytes.NewReader(bomb), int64(len(bomb)), 8<<20); !errors.Is(err, ErrTooMuch) {
			t.Error(err)
		}
	})
	// The index claims 3 GiB; the file has a few bytes.
	liar := zipped(t, "index.bin", func(w io.Writer) { io.WriteString(w, "some bytes") })
	at := bytes.Index(liar, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(liar[at+24:], 3<<30)
	within(t, 1<<20, func() {
		Zip(bytes.NewReader(liar), int64(len(liar)), 4<<30)
	})
	for packed, want := range map[int64]int64{0: Max, Max / Ratio: Max, Max: Max * Ratio} {
		if got := Bound(packed); got != want {
			t.Errorf("Bound(%d) = %d", packed, got)
		}
	}
}

func TestZip(t *testing.T) {
	data := zipped(t, "folder/index.bin", func(w io.Writer) { io.WriteString(w, "postings") })
	files, err := Zip(bytes.NewReader(data), int64(len(data)), 8)
	if err != nil || string(files["index.bin"]) != "postings" || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
	if _, err := Zip(bytes.NewReader(data), int64(len(data)), 7); !errors.Is(err, ErrTooMuch) {
		t.Error(err)
	}
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 0x10
		if files, err := Zip(bytes.NewReader(damaged), int64(len(data)), Max); err == nil && files["index.bin"] != nil && string(files["index.bin"]) != "postings" {
			t.Errorf("byte %d: %q", i, files["index.bin"])
		}
	}
}

func TestArchive(t *testing.T) {
	data := zipped(t, `Word\Document.xml`, func(w io.Writer) { io.WriteString(w, "text") })
	open := func(most int64) (string, error) {
		a, err := OpenArchive(bytes.NewReader(data), int64(len(data)), most)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Has("word/document.xml") || a.Has("word") {
			t.Error("names are not told apart")
		}
		if _, err := a.Open("x"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		r, err := a.Open("/word/document.xml")
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(r)
		return string(text), err
	}
	if text, err := open(4); text != "text" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := open(3); !errors.Is(err, ErrTooMuch) {
		t.Error(err)
	}
	data[bytes.Index(data, []byte("PK\x01\x02"))+8] |= 1
	if _, err := open(4); !errors.Is(err, ErrEncrypted) {
		t.Error(err)
	}
	if _, err := OpenArchive(bytes.NewReader(data[:9]), 9, 9); err == nil {
		t.Error("what is no archive is opened")
	}
	bomb := zipped(t, "a", zeros(40<<20))
	within(t, 2<<20, func() {
		a, err := OpenArchive(bytes.NewReader(bomb), int64(len(bomb)), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := a.Open("a")
		if _, err := io.Copy(io.Discard, r); !errors.Is(err, ErrTooMuch) {
			t.Error(err)
		}
	})
}
