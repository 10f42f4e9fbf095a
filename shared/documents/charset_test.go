package documents

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode/utf32"
)

func in(t *testing.T, label, s string) string {
	t.Helper()
	out, err := encoding.ReplaceUnsupported(lookup(label).NewEncoder()).String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What people wrote in their languages, in the character sets of their time, is told by
// the bytes alone.
func TestCharacterSetsAreFoundOut(t *testing.T) {
	for _, c := range []struct{ label, text string }{
		{"windows-1252", "Wo ist das Büro? Am Südkai."},
		{"windows-1252", "Größe: 12 Tonnen, geöffnet täglich"},
		{"windows-1252", "Le café ouvre à midi; l’été, dès neuf heures. Ça coûte 3 €."},
		{"windows-1252", "¿Dónde está el baño? Mañana, por la mañana."},
		{"windows-1252", "A estação não é longe; há também um café."},
		{"windows-1252", "Perché no? La città è più bella così."},
		{"windows-1252", "Båten går till ön på lördag, söndag är det stängt."},
		{"windows-1252", "The “café” opens at noon — daily. Price 3 €."},
		{"windows-1252", "It’s open – mostly."},
		{"windows-1252", "Temperature 20°C, price £3"},
		{"windows-1250", "Dźwig podnosi dwanaście ton. Łódź jest większa niż część."},
		{"windows-1250", "Jeřáb zvedne dvanáct tun, říkají, že příště víc."},
		{"windows-1250", "A daru tizenkét tonnát emel; az őrült szél erősödő."},
		{"iso-8859-2", "Dźwig podnosi dwanaście ton, też w święta. Łąka śpi."},
		{"windows-1254", "Vinç on iki ton kaldırır; öğle tatili değişir, çıkış şurada."},
		{"macintosh", "Wo ist das Büro? Am Südkai, gegenüber, täglich geöffnet."},
		{"macintosh", "Le café ouvre à midi, l’été dès neuf heures."},
		{"cp850", "Wo ist das Büro? Am Südkai, täglich geöffnet, schön."},
		{"windows-1251", "Кран поднимает двенадцать тонн. Где находится контора?"},
		{"koi8-r", "Кран поднимает двенадцать тонн. Где находится контора?"},
		{"ibm866", "Кран поднимает двенадцать тонн. Где находится контора?"},
		{"iso-8859-5", "Кран поднимает двенадцать тонн. Где находится контора?"},
		{"windows-1253", "Ο γερανός σηκώνει δώδεκα τόνους κάθε μέρα."},
		{"windows-1255", "המנוף מרים שנים עשר טון בכל יום"},
		{"windows-1256", "ترفع الرافعة اثني عشر طنا كل يوم"},
		{"shift_jis", "クレーンは十二トンを持ち上げます。事務所はどこですか。"},
		{"euc-jp", "クレーンは十二トンを持ち上げます。事務所はどこですか。"},
		{"iso-2022-jp", "クレーンは十二トンを持ち上げます。事務所はどこですか。"},
		{"gb18030", "起重机可以起吊十二吨的货物。办公室在哪里？请每天上午来。"},
		{"big5", "起重機可以起吊十二噸的貨物。辦公室在哪裡？請每天上午來。"},
		{"euc-kr", "크레인은 십이 톤을 들어 올립니다. 사무실은 어디에 있습니까?"},
		{"utf-16le", "The crane lifts twelve tonnes."},
		{"utf-16be", "Wo ist das Büro? Am Südkai."},
		{"utf-16le", "Кран поднимает двенадцать тонн. Где находится контора?"},
		{"utf-16be", "起重机可以起吊十二吨 的货物。\n办公室在哪里？\n"},
		{"utf-32le", "The café opens at noon."},
		{"utf-32be", "Кран поднимает двенадцать тонн."},
	} {
		data := in(t, c.label, c.text)
		text, notes, ok := (&decoder{name: "a.txt", kind: Text}).decode([]byte(data))
		if !ok || text != c.text {
			t.Errorf("%s: %q, want %q (%v)", c.label, text, c.text, notes)
			continue
		}
		label := strings.ToUpper(c.label)
		if len(notes) != 1 && c.label != "iso-2022-jp" || len(notes) > 0 && (!notes[0].Kept || !strings.Contains(strings.ToUpper(notes[0].Why), label)) {
			t.Errorf("%s: notes %v", c.label, notes)
		}
		// And as the person says it, without a note.
		if _, notes, _ := (&decoder{name: "a.txt", kind: Text, asked: c.label}).decode([]byte(data)); len(notes) > 0 && !strings.HasPrefix(c.label, "utf-32") && c.label != "cp850" {
			t.Errorf("%s: asked for, notes %v", c.label, notes)
		}
	}
}

func TestByteOrderMarksDecide(t *testing.T) {
	const text = "Caf\u00e9 \U0001D11E"
	le, be := utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	l32, _ := le.NewEncoder().String(text)
	b32, _ := be.NewEncoder().String(text)
	for what, data := range map[string]string{
		"UTF-8": "\xef\xbb\xbf" + text, "UTF-16, little": "\xff\xfe" + in(t, "utf-16le", text), "UTF-16, big": "\xfe\xff" + in(t, "utf-16be", text),
		"UTF-32, little": l32, "UTF-32, big": b32,
	} {
		if got, notes, ok := (&decoder{name: "a.txt", kind: Text}).decode([]byte(data)); !ok || got != text || len(notes) != 0 {
			t.Errorf("%s: %q %v", what, got, notes)
		}
	}
}

// One bad byte costs its word, one zero byte nothing.
func TestBadBytesCostTheirPlaceAlone(t *testing.T) {
	for _, c := range []readCase{
		{"a byte that is nothing", "a.txt", "Log\n\nOne.\n\nBroken \xff byte.\n\nTwo.", []string{" | Log | One.//Broken \uFFFD byte.//Two."}, []string{"5: 1 byte is not UTF-8 (0xff)"}},
		{"half a character", "a.txt", "Log\n\nThe café and the caf\xc3 here.\n\nTwo.", []string{" | Log | The café and the caf\uFFFD here.//Two."}, []string{"3: 1 byte is not UTF-8"}},
		{"bad bytes in UTF-8", "a.csv", "title,text\nCafé,Büro \xe9t\xe9\nBar,Öl und Über.\n", []string{":2 | Café | Büro \uFFFDt\uFFFD", ":3 | Bar | Öl und Über."}, []string{"2: 2 bytes are not UTF-8"}},
		{"a zero byte in a cell", "a.csv", "title,text\nA,One.\nB,wi\x00th\nC,Three.\n", []string{":2 | A | One.", ":3 | B | with", ":4 | C | Three."}, []string{"3: 1 zero byte was left out"}},
		{"a zero byte in JSON Lines", "a.jsonl", "{\"text\":\"One.\"}\n{\"text\":\"T\x00wo.\"}\n", []string{":1 |  | One.", ":2 |  | Two."}, []string{"2: 1 zero byte"}},
		{"a byte that is nothing in JSON Lines", "a.jsonl", "{\"text\":\"One.\"}\n{\"text\":\"T\xffwo.\"}\n", []string{":1 |  | One.", ":2 |  | T\uFFFDwo."}, []string{"2: 1 byte is not UTF-8"}},
		{"windows-1252 in a CSV", "a.csv", "question,answer\nWo ist das B\xfcro?,Am S\xfcdkai\n", []string{":2 | Wo ist das Büro? | Am Südkai"}, []string{" not UTF-8: read as windows-1252"}},
		{"UTF-16 with half a unit", "a.txt", "\xff\xfeH\x00i\x00 \x00x", []string{" | a | Hi \uFFFD"}, []string{"1: 1 place is not UTF-16LE"}},
		{"a page that says another set than its bytes", "a.html", "<meta charset=utf-8><p>caf\xe9", []string{" | a | café"}, []string{" not UTF-8: read as windows-1252"}},
		{"a page that says Latin-1 and is UTF-8", "a.html", "<meta charset=iso-8859-1><p>café", []string{" | a | café"}, nil},
	} {
		c.test(t)
	}
}

func TestBinaryFilesAreRefusedByName(t *testing.T) {
	random := make([]byte, 4096)
	x := uint32(1)
	for i := range random {
		x = x*1664525 + 1013904223
		random[i] = byte(x >> 24)
	}
	for what, data := range map[string]string{
		"a PDF": "%PDF-1.7 x", "a zip archive": "PK\x03\x04xx", "an image": "\x89PNG\r\n\x1a\n", "noise": string(random),
		"an old Word file": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xxxx", "a program": "\x7fELF\x02\x01\x01\x00",
	} {
		for _, name := range []string{"a.txt", "a.csv", "a.jsonl", "a.md"} {
			docs, notes := Read(name, []byte(data), Options{})
			if len(docs) != 0 || len(notes) != 1 || notes[0].Kept || notes[0].File != name || !strings.HasPrefix(notes[0].Why, "a binary file") {
				t.Errorf("%s as %s: %v %v", what, name, docs, notes)
			}
		}
	}
}
