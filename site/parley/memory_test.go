//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"

	"parley/shared/cli"
	"parley/site/collection/tiny"
)

const limited = "PARLEY_LIMITED"

// within runs a command line in a process of its own, and fails the test where that takes
// more memory than so many MiB, whatever it is used for.
func within(t *testing.T, most int, args ...string) (code int, said string) {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "-test.run", "^TestHostileInputsStayWithinTheirMemory$")
	c.Env = append(os.Environ(), limited+"="+string(text))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil && out.Len() == 0 {
		t.Fatal(err)
	}
	if took := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10; took > int64(most) {
		t.Errorf("parley %s took %d MiB, at most %d are allowed", args[0], took, most)
	} else {
		t.Logf("parley %s: %d MiB of %d", args[0], took, most)
	}
	return c.ProcessState.ExitCode(), out.String()
}

// zeros returns n MiB of zeros as DEFLATE packs them, and their CRC-32.
func zeros(t *testing.T, n int) (packed []byte, crc uint32) {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 1<<20)
	for i := range 2 {
		w.Write(part)
		w.Flush()
		if i == 0 {
			b.Reset() // what begins with zeros before it can follow any such part
		}
	}
	again := bytes.Clone(b.Bytes())
	b.Reset()
	w.Reset(&b)
	w.Write(part)
	w.Flush()
	packed = append(b.Bytes(), bytes.Repeat(again, n-1)...)
	packed = append(packed, 1, 0, 0, 0xff, 0xff) // the last block, with nothing
	for range n {
		crc = crc32.Update(crc, crc32.IEEETable, part)
	}
	return packed, crc
}

// zipBomb returns an archive whose files have n MiB of zeros each.
func zipBomb(t *testing.T, packed []byte, crc uint32, n int, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: crc, CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(n) << 20})
		if err == nil {
			_, err = w.Write(packed)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zimOf returns a ZIM archive with one entry, the second blob of a cluster.
func zimOf(cluster []byte) []byte {
	le := binary.LittleEndian
	b := append(make([]byte, 80), "text/html\x00\x00"...)
	entry := len(b)
	b = append(b, 0, 0, 0, 'A', 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0)
	b = append(b, "a\x00\x00"...)
	paths := len(b)
	b = le.AppendUint64(b, uint64(entry))
	packs := len(b)
	b = le.AppendUint64(b, uint64(len(b)+8))
	b = append(b, cluster...)
	le.PutUint32(b, 0x44d495a)
	le.PutUint16(b[4:], 5)
	le.PutUint32(b[24:], 1)
	le.PutUint32(b[28:], 1)
	le.PutUint64(b[32:], uint64(paths))
	le.PutUint64(b[48:], uint64(packs))
	le.PutUint64(b[56:], 80)
	le.PutUint64(b[72:], uint64(len(b)))
	return append(b, make([]byte, 16)...)
}

// xzZeros is a chunk of LZMA2, 1 MiB of zeros, behind which any other may follow.
const xzZeros = "7///ANldAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XACP0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1Iq9+SVJQA="

// xzOf returns a stream of xz: data, and then n MiB of zeros.
func xzOf(t *testing.T, data []byte, n int) []byte {
	t.Helper()
	zeros, err := base64.StdEncoding.DecodeString(xzZeros)
	if err != nil {
		t.Fatal(err)
	}
	summed := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
	padded := func(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
	flags := []byte{0, 0}                                               // no checksum of what is unpacked
	block := summed([]byte{2, 0, 0x21, 1, 16, 0, 0, 0})                 // its header: one filter, LZMA2, a window of 1 MiB
	block = append(block, 1, byte((len(data)-1)>>8), byte(len(data)-1)) // a chunk that is not packed
	block = append(append(append(block, data...), bytes.Repeat(zeros, n)...), 0)
	index := binary.AppendUvarint([]byte{0, 1}, uint64(len(block)))
	index = summed(padded(binary.AppendUvarint(index, uint64(len(data)+n<<20))))
	out := append([]byte("\xfd7zXZ\x00"), binary.LittleEndian.AppendUint32(flags[:2:2], crc32.ChecksumIEEE(flags))...)
	out = append(append(out, padded(block)...), index...)
	end := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(end))
	return append(append(out, end...), "YZ"...)
}

// Inputs that unpack to gigabytes, or whose reading took memory without end, are refused or
// read within bounds, by what the system counts.
func TestHostileInputsStayWithinTheirMemory(t *testing.T) {
	if text := os.Getenv(limited); text != "" {
		var args []string
		if err := json.Unmarshal([]byte(text), &args); err != nil {
			t.Fatal(err)
		}
		os.Exit(commandLine.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: os.Stdout, Err: os.Stderr}, args))
	}
	const huge = 700 // MiB
	packed, crc := zeros(t, huge)
	gz := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}, packed...)
	gz = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(gz, crc), huge<<20)

	// The article is the second of two blobs, behind 200 MiB.
	var list []byte
	for _, at := range []uint32{12, 200 << 20, 200<<20 + 9} {
		list = binary.LittleEndian.AppendUint32(list, at)
	}
	var z bytes.Buffer
	w, err := zstd.NewWriter(&z)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(list)
	for part, i := make([]byte, 1<<20), 0; i < 201; i++ {
		w.Write(part)
	}
	w.Close()
	dir := t.TempDir()
	encoder := filepath.Join(dir, "encoder")
	if err := tiny.Write(encoder, 1); err != nil {
		t.Fatal(err)
	}
	bombs, whole := filepath.Join(dir, "bombs"), filepath.Join(dir, "whole")
	files := map[string][]byte{
		"bombs/a.txt.gz":    gz,
		"bombs/b.jsonl.gz":  gz,
		"bombs/c.docx":      zipBomb(t, packed, crc, huge, "[Content_Types].xml", "word/document.xml"),
		"bombs/e.zim":       zimOf(append([]byte{5}, z.Bytes()...)),
		"bombs/f.zim":       zimOf(append([]byte{4}, xzOf(t, list, 201)...)),
		"bombs/g.json":      bytes.Repeat([]byte("["), 10<<20),
		"collection.zip":    zipBomb(t, packed, crc, huge, "manifest.json", "index.bin", "passages.bin"),
		"whole/letters.txt": append([]byte("Tower\n\n"), bytes.Repeat([]byte("a"), 10<<20)...),
		"whole/links.md":    bytes.Repeat([]byte("[a]\n"), 1<<16),
		"whole/deep.html":   append(bytes.Repeat([]byte("<div>"), 1<<18), "The tower is tall."...),
	}
	for name, content := range files {
		put(t, filepath.Join(dir, filepath.FromSlash(name)), string(content))
	}
	out := filepath.Join(dir, "out")
	for _, x := range []struct {
		most, code int
		args       []string
		says       []string
	}{
		{700, cli.Failed, []string{"index", "--encoder", encoder, "--out", filepath.Join(dir, "none"), bombs},
			[]string{"a.txt.gz: gzip: too much unpacked", "b.jsonl.gz:1: a line of more than 64 MiB", "c.docx", "(e.zim/a, f.zim/a)", "g.json:1: not JSON"}},
		{500, cli.OK, []string{"index", "--encoder", encoder, "--out", out, whole}, []string{"3 documents"}},
		{500, cli.OK, []string{"search", "--encoder", encoder, "--collection", out, "how tall is the tower?"}, []string{"The tower is tall."}},
		{300, cli.Failed, []string{"search", "--encoder", encoder, "--collection", filepath.Join(dir, "collection.zip"), "tower"}, []string{"collection.zip: manifest.json: too much unpacked"}},
	} {
		code, said := within(t, x.most, x.args...)
		for _, want := range x.says {
			if code != x.code || !strings.Contains(said, want) {
				t.Errorf("%v: exit code %d, wanted %q: %.2000s", x.args, code, want, said)
			}
		}
	}
}
