package container

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"parley/shared/example"
)

var form = &Format{Name: "example", What: "example", Magic: "EXAMPLE1", Versions: []Layout{
	{Numbers: 4, Sections: []string{"first", "second"}},
	{Numbers: 8}, // a body of its own
}}

func file() []byte {
	return append(form.Header(1, []byte{7, 0, 0, 0}, SumOf([]byte("ab")), SumOf(nil)), "ab"...)
}

func TestTheExampleInTheComment(t *testing.T) {
	if got, want := file(), example.Bytes(t, "container.go"); !bytes.Equal(got, want) {
		t.Errorf("wrote\n% x, the comment says\n% x", got, want)
	}
	f, err := form.Open(file())
	if err != nil || f.Version != 1 || !bytes.Equal(f.Numbers, []byte{7, 0, 0, 0}) || len(f.Sections) != 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	if s := f.Sections[0]; string(s.Data) != "ab" || s.At != 0x2c || s.Entry != 0x10 {
		t.Errorf("%+v", s)
	}
	if s := f.Sections[1]; len(s.Data) != 0 || s.At != 0x2e || s.Entry != 0x1c {
		t.Errorf("%+v", s)
	}
}

func TestAFileWithoutSectionsHasABody(t *testing.T) {
	data := append(form.Header(2, []byte("12345678")), "what follows"...)
	f, err := form.Open(data)
	if err != nil || f.Version != 2 || string(f.Numbers) != "12345678" || string(f.Body) != "what follows" {
		t.Errorf("%+v, %v", f, err)
	}
}

// Of a file that is still coming, the header says where its sections will be.
func TestTheBeginningOfAFile(t *testing.T) {
	for n := range file() {
		f, ends, err := form.Begin(file()[:n])
		if err != nil || (f == nil) != (n < 0x2c) {
			t.Fatalf("of %d bytes: %+v, %v", n, f, err)
		}
		if f != nil && (f.Sections[0].At != 0x2c || ends[0] != 0x2e || f.Sections[1].At != 0x2e || ends[1] != 0x2e) {
			t.Errorf("of %d bytes: %+v, which end at %d", n, f.Sections, ends)
		}
	}
	damaged := file()
	damaged[12] ^= 1
	long := append(form.Header(1, []byte{7, 0, 0, 0}, Sum{Length: 1 << 62}, Sum{Length: 1 << 62}), "ab"...)
	for _, data := range [][]byte{damaged, long} {
		if _, _, err := form.Begin(data); err == nil {
			t.Errorf("% x is the beginning of a file", data)
		}
	}
}

// Any byte that is cut off, added or changed is detected, and the error says where.
func TestDamageIsRefused(t *testing.T) {
	good := file()
	check := func(what string, at int, data []byte) {
		t.Helper()
		var wrong *FormatError
		if _, err := form.Open(data); !errors.As(err, &wrong) || wrong.Format != "example" || wrong.Offset < 0 || wrong.Offset > int64(len(data)) {
			t.Errorf("%s at %d: %v", what, at, err)
		}
	}
	for i := range good {
		check("cut", i, good[:i])
		for bit := range 8 {
			data := bytes.Clone(good)
			data[i] ^= 1 << bit
			check("flipped", i, data)
		}
	}
	check("a byte more", len(good), append(bytes.Clone(good), 0))
}

// repair corrects the header's CRC.
func repair(data []byte, size int) []byte {
	le.PutUint32(data[size-4:], CRC(data[:size-4]))
	return data
}

func TestErrorsSayWhatAndWhere(t *testing.T) {
	with := func(at int, b ...byte) []byte {
		data := file()
		copy(data[at:], b)
		return repair(data, 44)
	}
	damaged := file()
	damaged[45]++
	for says, data := range map[string][]byte{
		`example: header, byte 0: starts with "?XAMPLE1": this is no example (want "EXAMPLE1")`: with(0, '?'),
		"header, byte 8: version 3: this program reads versions 1 to 2":                         with(8, 3),
		"header, byte 8: version 0: this program reads":                                         with(8, 0),
		"header, byte 16: section first has 3 bytes, but only 2 follow: truncated":              with(16, 3),
		"header, byte 16: section first has 18446744073709551615 bytes":                         with(16, bytes.Repeat([]byte{0xff}, 8)...),
		"header, byte 28: section second has 1 bytes, but only 0 follow":                        with(28, 1),
		"header, byte 45: 1 bytes follow the last section":                                      with(16, 1),
		"first, byte 44: CRC-32C is":                                                            damaged,
	} {
		if _, err := form.Open(data); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
	}
}

// Header writes the same header again for every file that opens.
func FuzzOpen(f *testing.F) {
	f.Add(file(), true)
	f.Add(append(form.Header(2, []byte("12345678")), "body"...), true)
	f.Fuzz(func(t *testing.T, data []byte, sound bool) {
		if size := 44; sound && len(data) >= size {
			if data = bytes.Clone(data); data[8] == 2 {
				size = form.Versions[1].HeaderSize()
			}
			data = repair(data, size)
		}
		got, err := form.Open(data)
		if err != nil {
			if wrong := (*FormatError)(nil); !errors.As(err, &wrong) {
				t.Fatal(err)
			}
			return
		}
		var sums []Sum
		var rest []byte
		for _, s := range got.Sections {
			sums, rest = append(sums, SumOf(s.Data)), append(rest, s.Data...)
		}
		again := append(form.Header(got.Version, got.Numbers, sums...), append(rest, got.Body...)...)
		if !bytes.Equal(again, data) {
			t.Errorf("% x, written again % x", data, again)
		}
	})
}
