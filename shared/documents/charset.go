package documents

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode/utf32"
)

// A decoder gives a file's text as UTF-8 with "\n" line ends, and notes where that took a
// guess or a replacement. Of a binary file there is no text, and one note.
//
// A byte order mark decides, then what was asked for, then whether the bytes are UTF-16,
// UTF-32 or UTF-8, then what a page declares, then a guess (guessCharset). A byte that
// means nothing becomes U+FFFD, a zero byte goes: so one costs its word, not the file.
type decoder struct {
	name  string
	kind  Kind
	asked string // a character set, as HTML names it
	label string // what the file is in; "": ASCII so far
	lines int    // in the parts before
	begun bool
}

// decode takes the file, or a part of it that ends with a line.
func (d *decoder) decode(data []byte) (text string, notes []Note, ok bool) {
	note := func(line int, format string, a ...any) {
		if line > 0 {
			line += d.lines
		}
		notes = append(notes, Note{File: d.name, Line: line, Why: fmt.Sprintf(format, a...), Kept: true})
	}
	refuse := func(format string, a ...any) (string, []Note, bool) {
		return "", []Note{{File: d.name, Line: d.lines, Why: fmt.Sprintf(format, a...)}}, false
	}
	label := d.label
	if !d.begun {
		d.begun = true
		if what := magic(data); what != "" {
			return refuse("a binary file (it begins as %s does)", what)
		}
		data, label = unmark(data)
		if label == "" && d.asked != "" {
			if _, label = charset.Lookup(d.asked); label == "" {
				return refuse("no character set is called %q; there are utf-8, windows-1252, shift_jis and so on", d.asked)
			}
		}
		if label == "" {
			if label = wide(data); label != "" {
				note(0, "read as %s, which it does not say that it is", strings.ToUpper(label))
			}
		}
		d.label = label
	}
	if label == "" || label == "utf-8" {
		trimmed := bytes.TrimRight(data, "\x00")
		if n := controls(trimmed); n >= 4 && n > len(trimmed)/10 || n >= 4 && n > len(trimmed)/50 && !utf8.Valid(trimmed) {
			return refuse("a binary file (%d of its %d bytes are control characters)", n, len(trimmed))
		}
		if first := bytes.IndexByte(data, 0); first >= 0 {
			note(lineAt(data, first), "%s left out", plural(bytes.Count(data, []byte{0}), "zero byte was", "zero bytes were"))
			data = bytes.ReplaceAll(trimmed, []byte{0}, nil)
		}
		declared := ""
		if d.kind == HTML {
			declared = declaredCharset(data)
		}
		switch {
		case label == "" && bytes.Contains(data, []byte("\x1b$")) && (declared == "" || declared == "iso-2022-jp"):
			label = "iso-2022-jp"
		case utf8.Valid(data):
			label = "utf-8" // this part of it, at least
		case label == "utf-8":
			d.label = label
		case declared != "" && declared != "utf-8":
			label = declared
		default:
			if label = guessCharset(data); label != "utf-8" {
				note(0, "not UTF-8: read as %s", label)
			}
			d.label = label
		}
	}
	switch label {
	case "utf-8":
		if utf8.Valid(data) {
			text = string(data)
			break
		}
		first, bad := badBytes(data)
		note(lineAt(data, first), "%s not UTF-8 (0x%02x), and became \uFFFD", plural(bad, "byte is", "bytes are"), data[first])
		text = strings.ToValidUTF8(string(data), "\uFFFD")
	default:
		out, err := lookup(label).NewDecoder().Bytes(data)
		if err != nil { // a decoder replaces what it cannot read
			return refuse("as %s: %v", label, err)
		}
		text = string(out)
		if first := strings.IndexRune(text, utf8.RuneError); first >= 0 {
			note(1+strings.Count(text[:first], "\n"), "%s not %s, and became \uFFFD", plural(strings.Count(text, "\uFFFD"), "place is", "places are"), strings.ToUpper(label))
		}
		if strings.IndexByte(text, 0) >= 0 {
			text = strings.ReplaceAll(text, "\x00", "")
		}
		text = strings.TrimPrefix(text, "\uFEFF")
	}
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text, notes, true
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// lineAt is the line of an offset; line ends are those of any system.
func lineAt(data []byte, at int) int {
	before := data[:at]
	return 1 + max(bytes.Count(before, []byte("\n")), bytes.Count(before, []byte("\r")))
}

// unmark takes off a byte order mark, and names what it stands for.
func unmark(data []byte) (rest []byte, label string) {
	for _, m := range []struct{ mark, label string }{
		{"\xef\xbb\xbf", "utf-8"},
		{"\xff\xfe\x00\x00", "utf-32le"}, {"\x00\x00\xfe\xff", "utf-32be"},
		{"\xff\xfe", "utf-16le"}, {"\xfe\xff", "utf-16be"},
	} {
		if !bytes.HasPrefix(data, []byte(m.mark)) {
			continue
		}
		rest = data[len(m.mark):]
		if m.label == "utf-8" && !utf8.Valid(rest) && guessCharset(rest) != "utf-8" {
			return rest, "" // two files in one, or a mark put before the wrong one
		}
		return rest, m.label
	}
	return data, ""
}

// wide tells UTF-16 and UTF-32 without a mark by where the zero bytes are, "" for
// neither. In text of any script spaces and line ends have them.
func wide(data []byte) string {
	head := data[:min(len(data), 8192)&^3]
	if len(data) < 4096 {
		head = data[:len(data)&^1]
	}
	if len(head) < 4 {
		return ""
	}
	var zeros [4]int
	printable := 0
	for i, b := range head {
		if b == 0 {
			zeros[i%4]++
		} else if b >= ' ' && b < 0x7f || b == '\n' || b == '\r' || b == '\t' {
			printable++
		}
	}
	all := zeros[0] + zeros[1] + zeros[2] + zeros[3]
	if all == 0 {
		return ""
	}
	quarter := len(head) / 4
	switch {
	case len(head)%4 == 0 && zeros[3] == quarter && zeros[2] >= quarter*9/10 && zeros[0] < quarter/10+1:
		return "utf-32le"
	case len(head)%4 == 0 && zeros[0] == quarter && zeros[1] >= quarter*9/10 && zeros[3] < quarter/10+1:
		return "utf-32be"
	}
	units := len(head) / 2
	even, odd := zeros[0]+zeros[2], zeros[1]+zeros[3]
	little := odd > even
	if few, many := min(even, odd), max(even, odd); few*20 > many || many*50 < units {
		return ""
	}
	if all*10 < len(head)*3 && printable*10 > (len(head)-all)*9 {
		return "" // ASCII with some zero bytes, which as UTF-16 would look Chinese
	}
	for i := 0; i+1 < len(head); i += 2 {
		u := rune(head[i])<<8 | rune(head[i+1])
		if little {
			u = rune(head[i+1])<<8 | rune(head[i])
		}
		if u < ' ' && !unicode.IsSpace(u) || u >= 0xd800 && u < 0xe000 && (u < 0xd83c || u > 0xdfff) || u >= 0xe000 && u < 0xf900 || u >= 0xfffe {
			return "" // a control character, an unusual plane, private use, none at all
		}
	}
	if little {
		return "utf-16le"
	}
	return "utf-16be"
}

// magic tells what a file begins as that is surely no text, "" for none.
func magic(data []byte) string {
	for _, m := range []struct{ begin, what string }{
		{"%PDF-", "PDF"}, {"PK\x03\x04", "a zip archive"}, {"\x89PNG", "a PNG image"}, {"\xff\xd8\xff", "a JPEG image"},
		{"GIF8", "a GIF image"}, {"\x7fELF", "a program"}, {"MZ\x90\x00", "a program"}, {"\x00asm", "WebAssembly"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"}, {"SQLite format 3\x00", "an SQLite database"},
		{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"}, {"\xfd7zXZ\x00", "an xz archive"}, {"\x28\xb5\x2f\xfd", "a Zstandard archive"},
		{"BZh9", "a bzip2 archive"}, {"Rar!\x1a\x07", "a RAR archive"}, {"PAR1", "a Parquet file"}, {"OggS", "Ogg sound"},
		{"ID3\x03", "MP3 sound"}, {"ID3\x04", "MP3 sound"}, {"\x00\x00\x00\x20ftyp", "a film"}, {"\x00\x00\x00\x18ftyp", "a film"},
		{"\x1aE\xdf\xa3", "a film"}, {"wOF2", "a font"}, {"\x00\x01\x00\x00\x00", "a font"},
	} {
		if bytes.HasPrefix(data, []byte(m.begin)) {
			return m.what
		}
	}
	return ""
}

// controls counts the control characters that text does not have.
func controls(data []byte) (n int) {
	for _, b := range data[:min(len(data), 1<<16)] {
		if b < ' ' && (b < '\b' || b > '\r') && b != 0x1a && b != 0x1b || b == 0x7f {
			n++
		}
	}
	return n
}

// badBytes gives the offset of the first byte that is not UTF-8, and their number.
func badBytes(data []byte) (first, n int) {
	first = -1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			if first < 0 {
				first = i
			}
			n++
		}
		i += size
	}
	return first, n
}

// declaredCharset is the standard name of what a page says of its bytes, in a <meta> or
// an XML declaration, "" where it says nothing that is known. Browsers look at the first
// 1024 bytes; people's pages say it later, too.
func declaredCharset(data []byte) string {
	head := data[:min(len(data), 8192)]
	if bytes.HasPrefix(head, []byte("<?xml")) {
		declaration, _, _ := strings.Cut(string(head), "?>")
		if label := namedCharset(declaration, "encoding"); label != "" {
			return label
		}
	}
	z := html.NewTokenizer(bytes.NewReader(head))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, more := z.TagName()
			if string(tag) != "meta" {
				continue
			}
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				label := ""
				switch string(key) {
				case "charset":
					label = namedCharset("charset="+string(value), "charset")
				case "content":
					label = namedCharset(string(value), "charset")
				}
				if label != "" {
					return label
				}
			}
		}
	}
}

// namedCharset is the standard name of the character set in "charset=NAME", "" for one
// that is not known.
func namedCharset(s, key string) string {
	_, after, ok := strings.Cut(strings.ToLower(s), key)
	if !ok {
		return ""
	}
	if after, ok = strings.CutPrefix(strings.TrimLeft(after, " \t\n\r"), "="); !ok {
		return ""
	}
	after = strings.TrimLeft(after, "\"' \t\n\r")
	if end := strings.IndexAny(after, "\"'; \t\n\r/>"); end >= 0 {
		after = after[:end]
	}
	switch _, label := charset.Lookup(after); {
	case label == "replacement":
		return ""
	case strings.HasPrefix(label, "utf-16"):
		return "utf-8" // as the standard says: it was read as ASCII so far
	default:
		return label
	}
}

// lookup gives the encoding of a label that this package uses.
func lookup(label string) encoding.Encoding {
	switch label {
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case "cp850":
		return charmap.CodePage850
	}
	e, _ := charset.Lookup(label)
	return e
}

// What text in a single-byte character set looks like: the letters beyond ASCII that
// its languages have, after a space those that are seldom. Of those that fit equally
// well, the first counts.
var alphabets = []struct{ label, letters string }{
	{"windows-1252", "äöüß"}, {"windows-1252", "àâçéèêëîïôùûüœæ"}, {"windows-1252", "áéíñóúüªº"},
	{"windows-1252", "áâãàçéêíóôõúªº"}, {"windows-1252", "àèéìòù"}, {"windows-1252", "åäöé"}, {"windows-1252", "æøåé"},
	{"windows-1252", "áðéíóúýþæö"}, {"windows-1252", "éëïóüèö"},
	{"windows-1250", "ąćęłńóśźż"}, {"windows-1250", "áčďéěíňóřšťúůýž"}, {"windows-1250", "áéíóöőúüű"},
	{"windows-1250", "čćđšž"}, {"windows-1250", "áäčďéíľĺňóôŕšťúýž"}, {"iso-8859-2", "ąćęłńóśźż"},
	{"iso-8859-2", "áčďéěíňóřšťúůýž"}, {"windows-1254", "çğıöşüâî"}, {"windows-1257", "ąčęėįšųūž"}, {"windows-1257", "āčēģīķļņšūž"},
	{"macintosh", "äöüß"}, {"macintosh", "àâçéèêëîïôùûüœ"}, {"macintosh", "áéíñóúü"}, {"macintosh", "áâãàçéêíóôõú"},
	{"cp850", "äöüß"}, {"cp850", "àâçéèêëîïôùû"}, {"cp850", "áéíñóúü"},
	{"windows-1251", "оеаинтсрвлкм дпуяыьгзбчйхжшюцщэё"}, {"koi8-r", "оеаинтсрвлкм дпуяыьгзбчйхжшюцщэё"},
	{"ibm866", "оеаинтсрвлкм дпуяыьгзбчйхжшюцщэё"}, {"iso-8859-5", "оеаинтсрвлкм дпуяыьгзбчйхжшюцщэё"},
	{"windows-1251", "оаиневтрксіл дмупяьзгбчйхїцєжшющґ"}, {"windows-1253", "αοιετσνηυρπκς μλγδθωχφβξζψάέήίόύώϊϋ"},
	{"windows-1255", "ויהלאתרבמנשם עדחקפצגכןטזסךףץ"}, {"windows-1256", "اليمنورتبعهةد سفكقحجطصشأخىزثضغءذإآظئؤ"},
	{"windows-874", "านรกงอเมยลวดท่้ี ขคจฉชซญตถธบปผฝพฟภศษสหฬฮะำแโใไิึืุู็์ั"},
}

// guessCharset names the character set of bytes that are not UTF-8 throughout, "utf-8"
// where they are but for some.
func guessCharset(data []byte) string {
	const most = 1 << 16
	sample := data
	if len(data) > most {
		// From the first byte that matters: a long file can begin with English.
		at, _ := badBytes(data)
		at = max(at-1024, 0)
		sample = data[at:min(at+most, len(data))]
	}
	several, bad := 0, 0
	for i := 0; i < len(sample); {
		r, size := utf8.DecodeRune(sample[i:])
		if r == utf8.RuneError && size == 1 {
			bad++
		} else if size > 1 {
			several++
		}
		i += size
	}
	if several >= bad {
		return "utf-8"
	}
	if label := guessAsian(sample); label != "" {
		return label
	}
	best, score := "utf-8", .5
	for _, a := range alphabets {
		text, err := lookup(a.label).NewDecoder().Bytes(sample)
		if err != nil {
			continue
		}
		if s := fits(string(text), a.letters); s > score && (s != onlySigns || a.label == "windows-1252") {
			best, score = a.label, s
		}
	}
	return best
}

// onlySigns is how well quotation marks, dashes and the like fit, without a letter.
const onlySigns = .75

// fits says how well a text's letters beyond ASCII are those of a language, from -Inf
// to 1: what is none of them, a capital within a word, a sign between letters, and a
// letter alone that is no word count against it.
func fits(text, letters string) float64 {
	const alone = "àáâäåæèéêìíòóöúüøÀÁÄÅÆÈÉÊÓÖÜØоиаявускОИАЯВУСКіІїєηοόώά"
	often, seldom, _ := strings.Cut(letters, " ")
	var good, bad, marks, runs, rest int
	before, prev := ' ', ' '
	weigh := func(r, next rune) {
		if r < 0x80 {
			return
		}
		lower := unicode.ToLower(r)
		inside := unicode.IsLetter(prev) && unicode.IsLetter(next)
		switch {
		case r == utf8.RuneError || unicode.IsControl(r):
			bad += 2
		case !unicode.IsLetter(r) && !unicode.IsMark(r):
			if strings.ContainsRune("’‘'–—-­·", r) {
				marks++
			} else if inside {
				bad += 2
			} else if strings.ContainsRune("“”„«»…€£§°©®™•½¼¾±²³µ×¿¡‚‹›№", r) {
				marks++
			} else {
				bad++
			}
		case !strings.ContainsRune(often, lower) && !strings.ContainsRune(seldom, lower):
			bad++
		case r != lower && unicode.IsLower(prev):
			bad += 2
		case r == lower && unicode.IsUpper(prev) && unicode.IsUpper(before) && unicode.IsUpper(next):
			bad++
		case !unicode.IsLetter(prev) && !unicode.IsLetter(next) && !unicode.IsMark(prev) && !unicode.IsMark(next) && !strings.ContainsRune(alone, r):
			bad += 2
		default:
			if prev < 0x80 {
				runs++
			}
			if strings.ContainsRune(often, lower) {
				good++
			} else {
				rest++
			}
		}
	}
	at := ' '
	for _, next := range text + " " {
		weigh(at, next)
		before, prev, at = prev, at, next
	}
	if first, _ := utf8.DecodeRuneInString(letters); first >= 0x370 && good+rest < 2*runs+2 {
		return math.Inf(-1) // of another alphabet there are whole words
	}
	switch {
	case good+bad > 0:
		return float64(good-bad) / float64(good+bad+rest)
	case marks > 0:
		return onlySigns
	}
	return math.Inf(-1)
}

// guessAsian tells the character sets of two bytes a character by their structure, and
// by where their common characters lie; "" for none.
func guessAsian(data []byte) string {
	high, runs := 0, 0
	for i, b := range data {
		if b >= 0x80 {
			high++
			if i == 0 || data[i-1] < 0x80 {
				runs++
			}
		}
	}
	if high < 4 || high < 2*runs || otherAlphabet(data) {
		return ""
	}
	var kana, hangul, lead, odd, pairs int // as EUC
	for i := 0; i < len(data); i++ {
		b := data[i]
		if b < 0x80 {
			continue
		}
		if b < 0xa1 || i+1 >= len(data) || data[i+1] < 0xa1 {
			odd++
			continue
		}
		pairs++
		switch {
		case b == 0xa4 || b == 0xa5:
			kana++
		case b >= 0xb0 && b <= 0xc8:
			hangul++
			lead++
		case b >= 0xc9 && b <= 0xd7 || b >= 0xa1 && b <= 0xa3:
			lead++
		}
		i++
	}
	if pairs >= 3 && odd*50 <= pairs && (kana+lead)*10 >= pairs*8 {
		switch {
		case kana*8 >= pairs:
			return "euc-jp"
		case hangul*100 >= pairs*93:
			return "euc-kr"
		}
		if natural("big5", data) <= natural("gb18030", data) {
			return "gb18030"
		}
	}
	best, score := "", .7
	for _, label := range []string{"shift_jis", "big5", "gb18030"} {
		if s := natural(label, data); s > score {
			best, score = label, s
		}
	}
	return best
}

// otherAlphabet reports whether bytes are words in an alphabet of one byte a letter,
// with capitals where words have them: as pairs they would look Chinese.
func otherAlphabet(data []byte) bool {
	for _, a := range alphabets {
		if first, _ := utf8.DecodeRuneInString(a.letters); first < 0x370 {
			continue
		}
		if text, err := lookup(a.label).NewDecoder().Bytes(data); err == nil && fits(string(text), a.letters) > .6 {
			return true
		}
	}
	return false
}

// natural says how much of the bytes beyond ASCII makes common characters, 0 to 1.
func natural(label string, data []byte) float64 {
	text, err := lookup(label).NewDecoder().Bytes(data)
	if err != nil {
		return 0
	}
	good, all := 0, 0
	for i, r := range string(text) {
		if r < 0x80 {
			continue
		}
		all++
		switch {
		case r == utf8.RuneError && label != "gb18030" && i+3 >= len(text)-1:
			all-- // a sample's last character, halved
		case r >= 0x3040 && r < 0x3100 && label == "shift_jis", r >= 0x3000 && r < 0x3040, r >= 0xff00 && r < 0xff60:
			good++
		case r >= 0x4e00 && r < 0xa000:
			if b, err := lookup(label).NewEncoder().String(string(r)); err == nil && len(b) == 2 && everyday(label, b[0]) {
				good++
			}
		}
	}
	if all == 0 {
		return 0
	}
	return float64(good) / float64(all)
}

// everyday reports whether a character's first byte is in the part of the set that holds
// those of everyday use.
func everyday(label string, lead byte) bool {
	switch label {
	case "shift_jis":
		return lead >= 0x88 && lead <= 0x98
	case "big5":
		return lead >= 0xa4 && lead <= 0xc6
	}
	return lead >= 0xb0 && lead <= 0xd7
}
