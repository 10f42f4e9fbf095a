package words

import (
	"bufio"
	"compress/gzip"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestStemEqualsSnowballsPorter(t *testing.T) {
	f, err := os.Open("testdata/porter.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	n, wrong := 0, 0
	for sc := bufio.NewScanner(z); sc.Scan(); n++ {
		word, want, _ := strings.Cut(sc.Text(), "\t")
		if got := Stem(word); got != want {
			if wrong++; wrong <= 10 {
				t.Errorf("Stem(%q) = %q, want %q", word, got, want)
			}
		}
	}
	if n < 20000 {
		t.Errorf("only %d words", n)
	}
}

// read returns the words of text, each followed by the text that it stands in.
func read(text string) []string {
	var r Reader
	got := []string{}
	r.Each(text, func(w []byte, start, end int) { got = append(got, string(w)+"="+text[start:end]) })
	return got
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"who is it", ""},
		{"The Ships' captains", "ship=Ships captain=captains"},
		{"Zürich É́clair-3 Łódź Straße Þór", "zurich=Zürich eclair=É́clair 3=3 lodz=Łódź strass=Straße thor=Þór"},
		{"3.14 and 10,000,000 or 1,2", "3.14=3.14 10000000=10,000,000 1=1 2=2"},
		{"in 1889. The", "1889=1889"},
		{"12,3456 a1,000", "12=12 3456=3456 a1=a1 000=000"},
		{"U.S. and U.S.A., J.R.R. Tolkien", "us=U.S usa=U.S.A jrr=J.R.R tolkien=Tolkien"},
		{"Node.js e.g. x.com", "node=Node js=js eg=e.g x=x com=com"},
		{"C++, C# F#minor #tag c+", "c++=C++ c#=C# f=F minor=minor tag=tag c=c"},
		{"don't O'Brien's", "o=O brien=Brien"},
		{"東京都は日本", "東京=東京 京都=京都 都は=都は は日=は日 日本=日本"},
		{"水 and 火", "水=水 火=火"},
		{"カタ・カナ", "カタ=カタ カナ=カナ"},
		{"สวัสดี", "สว=สว วส=วัส สด=สด"},
		{"대한민국 서울", "대한민국=대한민국 서울=서울"},
		{"Москва москве", "москва=Москва москве=москве"},
		{"25°C €50 👍 naïve", "25=25 c=C 50=50 naiv=naïve"},
		{"soft\u00adhyphen zero\u200bwidth", "softhyphen=soft\u00adhyphen zerowidth=zero\u200bwidth"},
		{"\xff\xfea\xffb", "ab=a\xffb"},
		{strings.Repeat("x", 70) + " y", strings.Repeat("x", 64) + "=" + strings.Repeat("x", 70) + " y=y"},
	} {
		want := []string{}
		if c.want != "" {
			want = strings.Split(c.want, " ")
		}
		got := read(c.text)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.text, got, want)
		}
	}
}

// Any text gives words of valid UTF-8, in order, each from a range that does not begin
// before the previous one (pairs overlap).
func FuzzEach(f *testing.F) {
	for _, s := range []string{"a.b.c", "1,000.5#", "東a京", "\xff.\xff A", "c++++ U.S", "é\u0301 x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r Reader
		last := 0
		r.Each(text, func(w []byte, start, end int) {
			if len(w) == 0 || len(w) > maxWord+2 || !utf8.Valid(w) {
				t.Fatalf("word %q", w)
			}
			if start < last || end <= start || end > len(text) {
				t.Fatalf("%q stands at %d to %d, after %d, in %d bytes", w, start, end, last, len(text))
			}
			last = start
		})
	})
}

func TestEachDoesNotAllocate(t *testing.T) {
	var r Reader
	text := "The relational towers of Zürich, 東京都 and C++ in 1,000 places"
	visit := func([]byte, int, int) {}
	r.Each(text, visit)
	if n := testing.AllocsPerRun(100, func() { r.Each(text, visit) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestImpactsByHand(t *testing.T) {
	var c Counts
	c.Add("Tower", "tower tower paris")
	c.Add("", "bridge")
	c.Add("", "")
	c.Add("London", "tower of london bridge keep")
	if got, want := strings.Join(c.Words(), " "), "bridg keep london pari tower"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	// N 4; 4 + 1 + 0 + 5 words: 2.5 on average. A title counts twice.
	p := BM25{K1: .9, B: .4, Title: 2}
	part := func(df, tf, length float64) float64 {
		return math.Log(1+(4-df+.5)/(df+.5)) * tf / (tf + .9*(1-.4+.4*length/2.5))
	}
	for _, w := range []struct {
		word string
		docs []uint32
		want []float64
	}{
		{"tower", []uint32{0, 3}, []float64{part(2, 4, 4), part(2, 1, 5)}},
		{"london", []uint32{3}, []float64{part(1, 3, 5)}},
		{"bridg", []uint32{1, 3}, []float64{part(2, 1, 1), part(2, 1, 5)}},
		{"none", nil, nil},
	} {
		var docs []uint32
		i := 0
		for d, impact := range c.Impacts(w.word, p) {
			docs = append(docs, d)
			if math.Abs(float64(impact)-w.want[i]) > 1e-6 {
				t.Errorf("%s in %d: %v, want %v", w.word, d, impact, w.want[i])
			}
			i++
		}
		if !slices.Equal(docs, w.docs) || c.DF(w.word) != len(w.docs) {
			t.Errorf("%s: in %v, DF %d, want %v", w.word, docs, c.DF(w.word), w.docs)
		}
	}
}

func BenchmarkEach(b *testing.B) {
	text := strings.Repeat("The Eiffel Tower is a wrought-iron lattice tower on the Champ de Mars in Paris, France. ", 20)
	var r Reader
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.Each(text, func([]byte, int, int) {})
	}
}
