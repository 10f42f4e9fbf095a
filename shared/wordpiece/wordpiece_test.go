package wordpiece

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func readVocab(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../../models/splade-tiny/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func load(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := New(readVocab(t))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// describe writes tokens in a form for people.
func describe(tok *Tokenizer, text string, tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(tok.Piece(t.ID))
		b.WriteString("⟨")
		b.WriteString(text[t.Start:t.End])
		b.WriteString("⟩ ")
	}
	return b.String()
}

// The tokens and their byte ranges equal those of Hugging Face's tokenizers, on
// texts made by golden.py, or on the file that PARLEY_GOLDEN names.
func TestGolden(t *testing.T) {
	tok := load(t)
	path := "testdata/snippets.jsonl.gz"
	if p := os.Getenv("PARLEY_GOLDEN"); p != "" {
		path = p
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<28)
	n, wrong := 0, 0
	for lines.Scan() {
		var g struct {
			Text   string
			Tokens [][3]int
		}
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		n++
		want := make([]Token, len(g.Tokens))
		for i, w := range g.Tokens {
			want[i] = Token{int32(w[0]), w[1], w[2]}
		}
		if got := tok.Append(nil, g.Text, -1); !slices.Equal(got, want) {
			t.Errorf("text %d, %.200q:\n got %s\nwant %s", n, g.Text, describe(tok, g.Text, got), describe(tok, g.Text, want))
			if wrong++; wrong > 10 {
				t.FailNow()
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if n < 150 {
		t.Errorf("only %d texts", n)
	}
	t.Logf("%d texts", n)
}

// As TestGolden, but the texts are made here as golden.py made them, and only a
// checksum of the tokens of each is kept. To see what the tokens ought to be,
// write the text that the test reports to a file and give it to golden.py.
func TestChecksums(t *testing.T) {
	tok := load(t)
	for _, c := range []struct {
		name string
		make func(i int) string
		n    int
	}{{"random", randomText, 24000}, {"blocks", blockText, 0x1100}} {
		sums, err := os.ReadFile("testdata/" + c.name + ".crc32")
		if err != nil {
			t.Fatal(err)
		}
		if len(sums) != 4*c.n {
			t.Fatalf("%s.crc32 has %d bytes, not 4 for each of %d texts", c.name, len(sums), c.n)
		}
		var tokens []Token
		var buf []byte
		wrong := 0
		for i := range c.n {
			text := c.make(i)
			tokens = tok.Append(tokens[:0], text, -1)
			buf = buf[:0]
			for _, x := range tokens {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(x.ID))
				buf = binary.LittleEndian.AppendUint32(buf, uint32(x.Start))
				buf = binary.LittleEndian.AppendUint32(buf, uint32(x.End))
			}
			if got, want := crc32.ChecksumIEEE(buf), binary.LittleEndian.Uint32(sums[4*i:]); got != want {
				if wrong++; wrong <= 10 {
					t.Errorf("%s text %d, %+q: other tokens than tokenizers gives: %s", c.name, i, text, describe(tok, text, tokens))
				}
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d of %d texts differ", c.name, wrong, c.n)
		}
	}
}

// checkTokens tests what holds for the tokens of every text.
func checkTokens(t *testing.T, tok *Tokenizer, text string, tokens []Token) {
	t.Helper()
	before := Token{}
	for i, k := range tokens {
		if k.Start < 0 || k.Start >= k.End || k.End > len(text) {
			t.Fatalf("token %d of %q is [%d:%d] of %d bytes", i, text, k.Start, k.End, len(text))
		}
		if k.Start < before.Start || k.End < before.End {
			t.Fatalf("token %d of %q, [%d:%d], comes after [%d:%d]", i, text, k.Start, k.End, before.Start, before.End)
		}
		before = k
		from := text[k.Start:k.End]
		if utf8.ValidString(text) && !utf8.ValidString(from) {
			t.Fatalf("token %d of %q cuts a character: %q", i, text, from)
		}
		piece := tok.Piece(k.ID)
		if k.ID == tok.Special().Unk || strings.ContainsFunc(from, func(r rune) bool { return r < 0x20 || r >= 0x7f }) {
			continue
		}
		if begins := strings.TrimPrefix(piece, prefix); strings.ToLower(from) != begins && strings.ToLower(from) != piece {
			t.Fatalf("token %d of %q is %q, but stands for %q", i, text, piece, from)
		}
	}
}

func FuzzAppend(f *testing.F) {
	tok := load(f)
	f.Add("How tall is the Eiffel Tower? [SEP] ## #", 3)
	f.Add("\xff\xc3caf\xc3\xa9 \xed\xa0\x80 \ufffd \u0301a\u00ad", -1)
	f.Add("각각 中国 "+strings.Repeat("y", 101), 5)
	for i := range 20 {
		f.Add(randomText(i), 7)
	}
	f.Fuzz(func(t *testing.T, text string, max int) {
		all := tok.Append(nil, text, -1)
		checkTokens(t, tok, text, all)

		// At most max of them, the same ones, after the contents of dst.
		first := Token{ID: -7}
		want := append([]Token{first}, all...)
		if max >= 0 && max < len(all) {
			want = want[:1+max]
		}
		if got := tok.Append([]Token{first}, text, max); !slices.Equal(got, want) {
			t.Fatalf("%q at most %d: %v, want %v", text, max, got, want)
		}

		// The end agrees with the whole, and is complete where each token takes few bytes.
		end := tok.AppendEnd([]Token{first}, text, max)
		if end[0] != first || len(end)-1 > len(all) || max >= 0 && len(end)-1 > max ||
			!slices.Equal(end[1:], all[len(all)-len(end)+1:]) {
			t.Fatalf("%q at most %d from the end: %v, of %v", text, max, end, all)
		}
		if len(text) <= endBytes && max > 0 && len(end)-1 != min(max, len(all)) {
			t.Fatalf("%q at most %d from the end: %d tokens", text, max, len(end)-1)
		}

		// A byte that is not UTF-8 reads like U+FFFD.
		var valid []byte
		back := map[int]int{0: 0} // offset in valid to offset in text
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRuneInString(text[i:])
			valid = utf8.AppendRune(valid, r)
			i += size
			back[len(valid)] = i
		}
		same := tok.Append(nil, string(valid), -1)
		for i := range same {
			same[i].Start, same[i].End = back[same[i].Start], back[same[i].End]
		}
		if !slices.Equal(same, all) {
			t.Fatalf("%q as UTF-8: %v, not %v", text, same, all)
		}
	})
}

// Dropped characters are part of a token only between kept characters.
func TestRanges(t *testing.T) {
	tok := load(t)
	for text, want := range map[string]string{
		"\u00adsoft\u00adhyphen\u00ad": "soft⟨soft⟩ ##hy⟨hy⟩ ##ph⟨ph⟩ ##en⟨en⟩ ",
		"the\xfftower":                 "the⟨the⟩ ##tower⟨tower⟩ ",
		"to\xff\u0301w\u00ader\x80":    "tower⟨to\xff\u0301w\u00ader⟩ ",
		"cafe\u0301s":                  "cafes⟨cafe\u0301s⟩ ",
		"cafe\u0301":                   "cafe⟨cafe⟩ ",
		"café":                         "cafe⟨café⟩ ",
		"[SEP]":                        "[⟨[⟩ sep⟨SEP⟩ ]⟨]⟩ ",
		"中国":                           "中⟨中⟩ 国⟨国⟩ ",
		"각 x":                          "ᄀ⟨각⟩ ##ᅡ⟨각⟩ ##ᆨ⟨각⟩ x⟨x⟩ ",
		"≠ \u037e":                     "=⟨≠⟩ ;⟨\u037e⟩ ",
	} {
		if got := describe(tok, text, tok.Append(nil, text, -1)); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

// A megabyte costs only what is read of it, and one word of a megabyte is read once.
func TestHugeText(t *testing.T) {
	tok := load(t)
	const size = 1 << 20
	prose := strings.Repeat("the tower was built ", size/20)
	all := quickest(func() { tok.Append(nil, prose, -1) })
	if took := quickest(func() { tok.Append(nil, prose, 256) }); took > all/10 {
		t.Errorf("256 tokens of 1 MB took %v, all of it %v", took, all)
	}
	for _, text := range []string{strings.Repeat("a", size), strings.Repeat("é", size), strings.Repeat("각", size), strings.Repeat("\xff", size) + "a"} {
		var got []Token
		if took := quickest(func() { got = tok.Append(nil, text+" end", -1) }); took > 10*all {
			t.Errorf("%.4q... took %v, prose of that length %v", text, took, all)
		}
		if text[0] != '\xff' && (len(got) != 2 || got[0] != Token{tok.Special().Unk, 0, len(text)}) {
			t.Errorf("%.4q...: %v", text, got)
		}
	}
}

// quickest returns how long the quickest of three runs took: a ratio of two such times
// holds on a busy machine, too.
func quickest(run func()) time.Duration {
	best := time.Duration(1<<63 - 1)
	for range 3 {
		start := time.Now()
		run()
		best = min(best, time.Since(start))
	}
	return best
}

func TestAppendEnd(t *testing.T) {
	tok := load(t)
	const size = 1 << 20
	prose := strings.Repeat("the tower was built ", size/20)
	all := quickest(func() { tok.Append(nil, prose, -1) })
	for _, c := range []struct {
		name, text string
		max        int
		want       string
	}{
		{"a few", "How tall is the Eiffel Tower?", 3, "##el⟨el⟩ tower⟨Tower⟩ ?⟨?⟩ "},
		{"all", "Is it tall?", 4, "is⟨Is⟩ it⟨it⟩ tall⟨tall⟩ ?⟨?⟩ "},
		{"more than there are", "Is it tall?", 5, "is⟨Is⟩ it⟨it⟩ tall⟨tall⟩ ?⟨?⟩ "},
		{"none", "Is it tall?", 0, ""},
		{"no text", "", 3, ""},
		{"prose", strings.Repeat("the tower was built ", size/20) + "by whom?", 4, "built⟨built⟩ by⟨by⟩ whom⟨whom⟩ ?⟨?⟩ "},
		{"without spaces", strings.Repeat("中国", size/6), 2, "中⟨中⟩ 国⟨国⟩ "},
		{"after one huge word", strings.Repeat("é", size) + " by whom?", 9, "by⟨by⟩ whom⟨whom⟩ ?⟨?⟩ "},
		{"one huge word", strings.Repeat("é", size), 2, ""},
		{"before white space without end", "by whom?" + strings.Repeat(" ", size), 2, ""},
		{"bytes that are no text", "by whom?" + strings.Repeat("\xbf", size), 2, ""},
	} {
		var end []Token
		took := quickest(func() { end = tok.AppendEnd(nil, c.text, c.max) })
		if got := describe(tok, c.text, end); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if took > all/2 {
			t.Errorf("%s: took %v, all of a text of that length %v", c.name, took, all)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	tok := load(t)
	text := strings.Repeat("How tall is the Eiffel Tower? Très haute! 東京タワー 각 ", 20)
	dst := make([]Token, 0, len(text))
	if n := testing.AllocsPerRun(50, func() { dst = tok.Append(dst[:0], text, -1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	tok := load(b)
	for _, c := range []struct{ name, text string }{
		{"english", "The Eiffel Tower is a wrought-iron lattice tower on the Champ de Mars in Paris, France. It is named after the engineer Gustave Eiffel, whose company designed and built the tower from 1887 to 1889. "},
		{"french", "La tour Eiffel est une tour de fer puddlé de trois cent trente mètres de hauteur, située à Paris, à l’extrémité nord-ouest du parc du Champ-de-Mars en bordure de la Seine. "},
		{"chinese", "埃菲尔铁塔是位于法国巴黎战神广场的铁制镂空塔，世界著名建筑，也是法国文化象征之一。"},
		{"one word", strings.Repeat("x", 100) + " "},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := strings.Repeat(c.text, 4096/len(c.text)+1)
			dst := make([]Token, 0, len(text))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				dst = tok.Append(dst[:0], text, -1)
			}
			b.ReportMetric(float64(len(dst))*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// A source is golden.py's Source: splitmix64.
type source uint64

func (s *source) below(n int) int {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n))
}

func randomText(seed int) string {
	s := source(seed)
	var b []byte
	for range 1 + s.below(8) {
		if s.below(4) == 0 {
			b = append(b, words[s.below(len(words))]...)
		} else {
			a := alphabets[s.below(len(alphabets))]
			length := 1 + s.below(8)
			if s.below(50) == 0 {
				length = 95 + s.below(110)
			}
			for range length {
				r := a[0] + rune(s.below(int(a[1]-a[0]+1)))
				if 0xd800 <= r && r < 0xe000 {
					r = 'x'
				}
				b = utf8.AppendRune(b, r)
			}
		}
		b = append(b, gaps[s.below(len(gaps))]...)
	}
	return string(b)
}

// blockText holds each code point of block b between letters.
func blockText(b int) string {
	var parts []string
	for r := rune(b) << 8; r < rune(b+1)<<8; r++ {
		if r < 0xd800 || r >= 0xe000 {
			parts = append(parts, "a"+string(r)+"b")
		}
	}
	return strings.Join(parts, " ")
}

var (
	alphabets = [][2]rune{
		{0x61, 0x7a}, {0x61, 0x7a}, {0x61, 0x7a}, {0x41, 0x5a}, {0x30, 0x39}, {0x21, 0x2f},
		{0x00, 0x7f}, {0x80, 0xff}, {0x100, 0x17f}, {0x180, 0x24f}, {0x250, 0x2ff},
		{0x300, 0x36f}, {0x370, 0x3ff}, {0x400, 0x52f}, {0x530, 0x5ff}, {0x600, 0x6ff},
		{0x700, 0x8ff}, {0x900, 0x97f}, {0x980, 0xdff}, {0xe00, 0xfff}, {0x1000, 0x10ff},
		{0x1100, 0x11ff}, {0x1200, 0x167f}, {0x1680, 0x1aff}, {0x1b00, 0x1bff},
		{0x1e00, 0x1eff}, {0x1f00, 0x1fff}, {0x2000, 0x206f}, {0x2070, 0x218f},
		{0x2190, 0x2bff}, {0x2c00, 0x2fff}, {0x3000, 0x30ff}, {0x3100, 0x33ff},
		{0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa000, 0xabff}, {0xac00, 0xd7ff},
		{0xd800, 0xf8ff}, {0xf900, 0xfaff}, {0xfb00, 0xfdff}, {0xfe00, 0xffff},
		{0x10000, 0x10fff}, {0x11000, 0x11fff}, {0x12000, 0x1afff}, {0x1b000, 0x1d0ff},
		{0x1d100, 0x1d1ff}, {0x1d200, 0x1efff}, {0x1f000, 0x1faff}, {0x20000, 0x323af},
		{0xe0000, 0xe01ff}, {0x00, 0x10ffff},
	}
	words = []string{
		"the", "Eiffel", "Tower", "who", "DESIGNED", "it", "tokenization", "unaffable",
		"[SEP]", "[CLS]", "[MASK]", "##ing", "café", "cafe\u0301", "İstanbul", "don't", "e.g.",
		"東京", "한국어", "ひらがな", "العربية", "مَرْحَبًا", "עִבְרִית", "हिन्दी", "Ελληνικά", "Ёлка", "👍🏽", "❤\ufe0f",
		"soft\u00adhyphen", "zero\u200bwidth", "\ufffd",
		strings.Repeat("x", 99), strings.Repeat("y", 100), strings.Repeat("z", 101), strings.Repeat("aé", 50),
	}
	gaps = []string{" ", " ", " ", "", "", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2028", "\u0085", "-", "_"}
)
