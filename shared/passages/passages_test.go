package passages

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/shared/container"
	"parley/shared/example"
)

func file(t testing.TB, about About, all ...Passage) []byte {
	t.Helper()
	b := NewBuilder(about)
	for _, p := range all {
		if err := b.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	var buf bytes.Buffer
	n, err := b.WriteTo(&buf)
	if err != nil || n != int64(buf.Len()) {
		t.Fatalf("WriteTo = %d, %v; wrote %d bytes", n, err, buf.Len())
	}
	return buf.Bytes()
}

var (
	goldenAbout    = About{Title: "T", Link: "w/{title}"}
	goldenPassages = []Passage{
		{ID: "A b", Title: "A b", Text: "One.", URL: "w/A_b"},
		{ID: "7", Title: "C", Text: "Zwö", URL: "u"},
		{ID: "8"},
	}
)

// golden is the example in open.go, whose CRCs were computed bit by bit from the
// polynomial, not by this program.
func golden(t testing.TB) []byte { return example.Bytes(t, "open.go") }

func TestFileIsByteForByteAsLaidOut(t *testing.T) {
	want := golden(t)
	if got := file(t, goldenAbout, goldenPassages...); !bytes.Equal(got, want) {
		t.Errorf("the file is\n%swant\n%s", hex.Dump(got), hex.Dump(want))
	}
	s, err := Open(want)
	if err != nil {
		t.Fatal(err)
	}
	if s.About() != goldenAbout || s.Len() != len(goldenPassages) {
		t.Errorf("About %+v, Len %d", s.About(), s.Len())
	}
	for i, want := range goldenPassages {
		if got := s.At(i); got != want {
			t.Errorf("passage %d: %+v, want %+v", i, got, want)
		}
	}
}

func TestWhatIsAddedIsRead(t *testing.T) {
	about := About{
		Title: "Vital articles", Source: "<Wikipedia> & others", Licence: "CC BY-SA 4.0",
		LicenceURL: "https://creativecommons.org/licenses/by-sa/4.0/", Attribution: "“Wikipedia” contributors",
		Link: "https://en.wikipedia.org/wiki/{title}?id={id}&{", Encoder: "splade-tiny", Fingerprint: "4661144-b9cba2d4-5f3c2a11",
	}
	all := []Passage{
		{ID: "0"},
		{ID: "\x00", Title: "\x00", Text: "line\nline\r\n\t\x00", URL: "\x00"},
		{ID: "🗼", Title: "Tour Eiffel", Text: strings.Repeat("é", 1000), URL: "https://en.wikipedia.org/wiki/Tour_Eiffel?id=%F0%9F%97%BC&{"},
		{ID: "\uFFFD", Title: "0", Text: "<b>&amp;</b>\u202e"},
	}
	for range 3 {
		for _, link := range []string{about.Link, "", "fixed", "bad \xff{title}"} {
			a := about
			a.Link = link
			s, err := Open(file(t, a, all...))
			if err != nil {
				t.Fatal(err)
			}
			if link != "bad \xff{title}" && s.About() != a {
				t.Errorf("About %+v, want %+v", s.About(), a)
			}
			for i, want := range all {
				if got := s.At(i); got != want {
					t.Errorf("link %q, passage %d: %+v, want %+v", link, i, got, want)
				}
			}
		}
		all = all[:len(all)-1]
	}
}

func TestLinksAreEscapedAsWikipediaDoes(t *testing.T) {
	a := About{Link: "https://en.wikipedia.org/wiki/{title}"}
	for title, want := range map[string]string{
		"Eiffel Tower":                   "Eiffel_Tower",
		"2001: A Space Odyssey":          "2001:_A_Space_Odyssey",
		"Kurt Gödel":                     "Kurt_G%C3%B6del",
		"Schindler's List":               "Schindler%27s_List",
		"AC/DC":                          "AC/DC",
		"Mercury (planet)":               "Mercury_(planet)",
		"Who Framed Roger Rabbit?":       "Who_Framed_Roger_Rabbit%3F",
		"R&B+50%#1":                      "R%26B%2B50%25%231",
		"Martin Luther King Jr.":         "Martin_Luther_King_Jr.",
		"Wham!":                          "Wham!",
		"\"Heroes\" <Bowie>":             "%22Heroes%22_%3CBowie%3E",
		"東京":                             "%E6%9D%B1%E4%BA%AC",
		"~user_name-1;@$*,":              "~user_name-1;@$*,",
		"I Want to Hold Your Hand [2] ^": "I_Want_to_Hold_Your_Hand_%5B2%5D_%5E",
	} {
		if got := a.URL(Passage{Title: title}); got != "https://en.wikipedia.org/wiki/"+want {
			t.Errorf("%q becomes %s, want %s", title, got, want)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	b := NewBuilder(About{})
	if err := b.Add(Passage{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    Passage
		want string
	}{
		{Passage{Title: "x"}, "passage 1 has no id"},
		{Passage{ID: "a"}, `passage 1 has the id "a" of passage 0`},
		{Passage{ID: "b", Text: "fine \xff"}, `passage 1, id "b": texts: byte 5 is not UTF-8`},
		{Passage{ID: "b", Title: "\uFFFD\xed\xa0\x80"}, "titles: byte 3 is not UTF-8"}, // a surrogate
		{Passage{ID: "b\xc0"}, `id "b\xc0": ids: byte 1 is not UTF-8`},
		{Passage{ID: "b", URL: "\xfe"}, "urls: byte 0 is not UTF-8"},
	} {
		if err := b.Add(c.p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Add(%+v) = %v, want %q", c.p, err, c.want)
		}
	}
	var buf bytes.Buffer
	b.WriteTo(&buf)
	if s, err := Open(buf.Bytes()); err != nil || s.Len() != 1 {
		t.Errorf("after refusals: %v, %v", s, err)
	}
}

func refuse(t *testing.T, data []byte, what string, at int) {
	t.Helper()
	var fe *container.FormatError
	if _, err := Open(data); !errors.As(err, &fe) {
		t.Fatalf("%s at %d: error %v, want a *container.FormatError", what, at, err)
	}
	if fe.Section == "" || fe.Msg == "" || fe.Offset < 0 || fe.Offset > int64(len(data)) {
		t.Fatalf("%s at %d: %+v", what, at, fe)
	}
}

func TestDamageIsRefused(t *testing.T) {
	var all []Passage
	for i := range 30 {
		all = append(all, Passage{ID: fmt.Sprint(i), Title: "Title", Text: strings.Repeat("word ", i), URL: fmt.Sprint("https://", i)})
	}
	data := file(t, goldenAbout, all...)
	for n := range data {
		refuse(t, data[:n], "cut", n)
	}
	refuse(t, append(slices.Clone(data), 0), "a byte too many", len(data))
	for i := range data {
		for bit := range 8 {
			data[i] ^= 1 << bit
			refuse(t, data, "a flipped bit", i)
			data[i] ^= 1 << bit
		}
		for _, v := range []byte{0, 0xff, data[i] + 1} {
			if old := data[i]; v != old {
				data[i] = v
				refuse(t, data, "another byte", i)
				data[i] = old
			}
		}
	}
	if _, err := Open(data); err != nil {
		t.Fatal(err)
	}
}

// seal makes a file of sections with valid lengths and CRCs.
func seal(n uint32, body [sections][]byte) []byte {
	var sums []container.Sum
	for _, b := range body {
		sums = append(sums, container.SumOf(b))
	}
	data := form.Header(1, binary.LittleEndian.AppendUint32(nil, n), sums...)
	for _, b := range body {
		data = append(data, b...)
	}
	return data
}

// Files whose sums are right and whose content is nonsense.
func TestNonsenseIsRefused(t *testing.T) {
	for _, c := range []struct {
		n                               uint32
		about, ids, titles, texts, urls string
		section                         string
		offset                          int64
		msg                             string
	}{
		{1, "{}", "\xff", "\xff", "\xff", "\xff", "", 0, ""}, // sound
		{1, "{", "\xff", "\xff", "\xff", "\xff", "about", 80, "JSON"},
		{1, "{}", "", "\xff", "\xff", "\xff", "header", 28, "0 bytes for 1 passages"},
		{2, "{}", "a\xff", "\xff\xff", "\xff\xff", "\xff\xff", "ids", 84, "before passage 1 of 2"},
		{1, "{}", "a\xff", "\xff\xff", "\xff", "\xff", "titles", 85, "1 bytes follow"},
		{1, "{}", "a\xff", "\xff", "ab\x80\xff", "\xff", "texts", 87, "not UTF-8"},
		{1, "{}", "a\xff", "\xff", "\xfe\xff", "\xff", "texts", 85, "not UTF-8"},
		{1, "{}", "a\xff", "\xff", "\xff", "\xfe\xfe\xff", "urls", 86, "not UTF-8"},
		{1 << 31, "{}", "a\xff", "\xff", "\xff", "\xff", "header", 12, "2147483648 passages"},
		{1<<31 - 1, "{}", "a\xff", "\xff", "\xff", "\xff", "header", 28, "2 bytes for 2147483647 passages"},
	} {
		_, err := Open(seal(c.n, [sections][]byte{[]byte(c.about), []byte(c.ids), []byte(c.titles), []byte(c.texts), []byte(c.urls)}))
		if c.section == "" {
			if err != nil {
				t.Errorf("a sound file: %v", err)
			}
			continue
		}
		var fe *container.FormatError
		if !errors.As(err, &fe) || fe.Section != c.section || fe.Offset != c.offset || !strings.Contains(fe.Msg, c.msg) {
			t.Errorf("error %v, want %s, byte %d, %q", err, c.section, c.offset, c.msg)
		}
	}
}

type brokenWriter int

func (w *brokenWriter) Write(p []byte) (int, error) {
	n := min(len(p), int(*w))
	*w -= brokenWriter(n)
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func TestWriteErrorsAreReturned(t *testing.T) {
	b := NewBuilder(goldenAbout)
	for _, p := range goldenPassages {
		b.Add(p)
	}
	for room := range len(golden(t)) {
		w := brokenWriter(room)
		if n, err := b.WriteTo(&w); !errors.Is(err, io.ErrShortWrite) || n != int64(room) {
			t.Fatalf("room for %d bytes: %d, %v", room, n, err)
		}
	}
}

func TestReadingDoesNotCopy(t *testing.T) {
	s, err := Open(file(t, About{}, goldenPassages...))
	if err != nil {
		t.Fatal(err)
	}
	var p Passage
	if n := testing.AllocsPerRun(100, func() { p = s.At(1) }); n > 0 {
		t.Errorf("%v allocations a passage", n)
	}
	if p != goldenPassages[1] {
		t.Errorf("passage %+v", p)
	}
}

// FuzzOpen feeds Open the fuzzer's bytes, once as they are and once cut into
// sections with sums that fit.
func FuzzOpen(f *testing.F) {
	f.Add(file(f, goldenAbout, goldenPassages...), uint32(3), uint16(32), uint16(5), uint16(7), uint16(11))
	f.Add([]byte("{}a\xff\xff\xff\xfe\xff"), uint32(1), uint16(2), uint16(2), uint16(1), uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, n uint32, a, b, c, d uint16) {
		var body [sections][]byte
		rest := data
		for i, l := range []uint16{a, b, c, d} {
			l := min(int(l), len(rest))
			body[i], rest = rest[:l], rest[l:]
		}
		body[sections-1] = rest
		for _, file := range [][]byte{data, seal(n, body)} {
			s, err := Open(file)
			if fe := (*container.FormatError)(nil); err != nil && !errors.As(err, &fe) {
				t.Fatalf("error %v is no *container.FormatError", err)
			}
			if err != nil {
				continue
			}
			for i := range s.Len() {
				s.At(i)
			}
		}
	})
}

// FuzzRoundTrip: At returns what Add was given.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a", "b", "c", "d", "x{id}{title}", 0)
	f.Add("a", "b", "c", "d", "", 300)
	f.Fuzz(func(t *testing.T, id, title, text, url, link string, page int) {
		p := Passage{ID: id, Title: title, Text: text, URL: url, Page: page}
		b := NewBuilder(About{Link: link})
		if b.Add(p) != nil {
			return
		}
		var buf bytes.Buffer
		if _, err := b.WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		s, err := Open(buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got := s.At(0); got != p {
			t.Fatalf("%+v, want %+v", got, p)
		}
	})
}

// A page takes room only in a collection that has pages; a file without them is of
// version 1, which every program reads.
func TestPages(t *testing.T) {
	for _, pages := range [][]int{{0, 0}, {1, 2}, {0, 1000}} {
		b := NewBuilder(About{})
		for i, n := range pages {
			if err := b.Add(Passage{ID: fmt.Sprint(i), Page: n}); err != nil {
				t.Fatal(err)
			}
		}
		var buf bytes.Buffer
		if _, err := b.WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		if want := byte(1 + min(pages[1], 1)); buf.Bytes()[8] != want {
			t.Errorf("pages %v: version %d, want %d", pages, buf.Bytes()[8], want)
		}
		s, err := Open(buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range pages {
			if s.At(i).Page != n {
				t.Errorf("pages %v: passage %d is on page %d", pages, i, s.At(i).Page)
			}
		}
	}
	for _, body := range []string{"", "\x01", "\x01\x80", "\x01\xff\xff\xff\xff\xff\x01", "\x01\x01\x01"} {
		if _, err := splitPages([]byte(body), 2, 0); err == nil {
			t.Errorf("the pages %q of two passages were read", body)
		}
	}
	if NewBuilder(About{}).Add(Passage{ID: "a", Page: -1}) == nil {
		t.Error("page -1 was added")
	}
}

func BenchmarkOpen(b *testing.B) {
	var all []Passage
	for i := range 10000 {
		all = append(all, Passage{ID: fmt.Sprint("Title ", i), Title: fmt.Sprint("Title ", i), Text: strings.Repeat("words and Wörter ", 30)})
	}
	data := file(b, About{}, all...)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Open(data); err != nil {
			b.Fatal(err)
		}
	}
}

// What a collection has is not copied when it grows: then it would be in memory twice.
func TestGrowingCopiesNothing(t *testing.T) {
	text := strings.Repeat("twelve tonnes ", 300)
	const n = 5000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b := NewBuilder(About{})
	for i := range n {
		if err := b.Add(Passage{ID: strconv.Itoa(i), Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	// A quarter more than the texts is taken now, and the runtime adds some kilobytes of its own;
	// one copy would take twice the texts.
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(n*len(text)*3/2); got > most {
		t.Errorf("%d bytes were allocated for texts of %d, wanted at most %d", got, n*len(text), most)
	}
	var out bytes.Buffer
	if _, err := b.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	s, err := Open(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if p := s.At(i); p.Text != text || p.ID != strconv.Itoa(i) {
			t.Fatalf("passage %d is %q", i, p.ID)
		}
	}
}
