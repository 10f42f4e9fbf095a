package passages

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"parley/shared/example"
)

// However a file is cut, a stream reads the titles and texts that Open reads, each as soon
// as its last byte has come.
func TestAStreamReadsWhatComes(t *testing.T) {
	b := NewBuilder(About{Title: "T"})
	for i, p := range []Passage{{Title: "A", Text: "One."}, {}, {Title: "Größe", Text: strings.Repeat("long ", 900)}, {Text: "x", Page: 3}} {
		p.ID = string(rune('a' + i))
		if err := b.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	var paged bytes.Buffer
	if _, err := b.WriteTo(&paged); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, data := range [][]byte{example.Bytes(t, "open.go"), paged.Bytes()} {
		whole, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		var want [][2]string
		for i := range whole.Len() {
			p := whole.At(i)
			want = append(want, [2]string{p.Title, p.Text})
		}
		for _, most := range []int{1, 7, 100, 1000, len(data)} {
			var s Stream
			var got [][2]string
			for rest := data; len(rest) > 0; {
				n := min(1+r.IntN(most), len(rest))
				if most == len(data) {
					n = len(data)
				}
				piece := bytes.Clone(rest[:n])
				if err := s.Add(piece, func(title, text string) {
					got = append(got, [2]string{strings.Clone(title), strings.Clone(text)})
				}); err != nil {
					t.Fatal(err)
				}
				clear(piece) // it may be used for something else
				rest = rest[n:]
			}
			if s.Len() != len(want) || !slices.Equal(got, want) {
				t.Errorf("in pieces of %d bytes: %d passages, %q", most, s.Len(), got)
			}
		}
		// The text of the first passage, and no more.
		var s Stream
		first := bytes.Index(data, []byte("One."))
		if err := s.Add(data[:first+5], func(string, string) {}); err != nil || s.Len() != 1 {
			t.Errorf("after the first text there are %d passages, %v", s.Len(), err)
		}
	}
}

// What is no such file, or a damaged one, is an error or ends early.
func TestAStreamOfNonsense(t *testing.T) {
	data := example.Bytes(t, "open.go")
	for i := range data {
		for _, flip := range []byte{1, 0x80, 0xff} {
			wrong := bytes.Clone(data)
			wrong[i] ^= flip
			var s Stream
			if err := s.Add(wrong, func(string, string) {}); err == nil && i < 0x50 {
				t.Errorf("byte %d of the header was altered, and nothing was said", i)
			}
			if s.Len() > 3 {
				t.Errorf("byte %d was altered: %d passages", i, s.Len())
			}
		}
	}
}

func FuzzStream(f *testing.F) {
	data := example.Bytes(f, "open.go")
	f.Add(data, 3)
	f.Add(data[:60], 1)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		cut = min(max(cut, 0), len(data))
		var s Stream
		for _, piece := range [][]byte{data[:cut], data[cut:]} {
			if s.Add(piece, func(string, string) {}) != nil {
				return
			}
		}
		if whole, err := Open(data); err == nil && whole.Len() != s.Len() {
			t.Errorf("a stream has %d passages of %d", s.Len(), whole.Len())
		}
	})
}
