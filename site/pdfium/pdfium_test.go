package pdfium

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	pdfium "github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"

	"parley/shared/documents"
	"parley/shared/pdf"
)

// read reads a PDF as `parley index` does.
func read(t testing.TB, name string, content []byte) (*documents.Document, []string) {
	t.Helper()
	docs, notes := documents.Read(name, content, documents.Options{PDF: Open})
	var said []string
	for _, n := range notes {
		said = append(said, n.Error())
	}
	if len(docs) == 0 {
		return nil, said
	}
	return &docs[0], said
}

func load(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// The texts are those that testdata/make.py drew.
func TestPDFs(t *testing.T) {
	for _, c := range []struct {
		name, title string
		text        string
		notes       []string
	}{
		{"hyphens.pdf", "Of lighthouses", "The keeper of a lighthouse lives on the island. His well-known lamp is seen for twenty miles; that well-known lamp was built after the Anglo-Saxon pattern. He keeps a diary which goes on upon the next page, in the same sentence.\n\nAnother paragraph.", nil},
		{"columns.pdf", "Birds of the valley, as they were counted by the miller and his wife", "The left column tells of the owl, which hunts at night over the meadows and sleeps in the barn by day. Its feathers are so soft that it flies without a sound, and its ears find a mouse under the snow. The young ones hiss when someone comes near to them. In winter it moves to the village.\n\nThe right column tells of the stork, which nests upon the chimney of the mill. It clatters with its bill and eats frogs from the ditches. In August it flies to the south, over the sea, and comes back in the spring to the very same nest. The miller counts them each year and writes it on the door.\n\nThis line stands under both columns and is as wide as the two of them together are.", nil},
		{"turned.pdf", "turned", "The table of tides is printed along the long edge of the paper.\n\nSheet 7 B", nil},
		{"form.pdf", "form", "Name of the ship: Albatross", nil},
		{"scanned.pdf", "scanned", "Only this page has a text.", []string{"scanned.pdf: no text, only a picture (scanned?), on page 1"}},
		{"locked.pdf", "", "", []string{"locked.pdf: protected by a password; open it, take the password off and save it again"}},
	} {
		d, notes := read(t, c.name, load(t, c.name))
		if !slices.Equal(notes, c.notes) {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.notes)
		}
		if d == nil {
			d = &documents.Document{}
		}
		if d.Title != c.title || d.Text != c.text {
			t.Errorf("%s: %q: %q, want %q: %q", c.name, d.Title, d.Text, c.title, c.text)
		}
	}
}

// Headings, a table, a list, a listing, running heads, pages.
func TestAReport(t *testing.T) {
	d, notes := read(t, "report.pdf", load(t, "report.pdf"))
	if want := []string{"report.pdf: what repeats at the head or foot of its pages was left out: “Harbour Office – Annual Report Confidential”"}; !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
	var headings []string
	for _, h := range d.Headings {
		headings = append(headings, fmt.Sprint(h.Level, " ", d.Text[h.Start:h.End]))
	}
	// The title of the file is that of a program, and the first heading the better one.
	if want := []string{"2 Traffic", "3 Cargo", "2 Dues", "2 Repairs"}; d.Title != "Annual Report of the Harbour" || !slices.Equal(headings, want) {
		t.Errorf("%q: headings %q, want %q", d.Title, headings, want)
	}
	for _, part := range []string{
		"\n\nCargo, Ships, Tonnes\nTimber, 201, 80,400\nGrain, 118, 64,900\nSalt, 93, 12,100\n\n• Pilots board at the outer buoy.\n• Tugs are ordered a day ahead.\n\n",
		"\n\ndef dues(ship):\n    if ship.tonnes > 500:\n        return 120\n    return 40\n\n",
	} {
		if !strings.Contains(d.Text, part) {
			t.Errorf("the text does not hold %q", part)
		}
	}
	if len(d.Tables) != 1 || d.Text[d.Tables[0].Start:d.Tables[0].Header] != "Cargo, Ships, Tonnes" {
		t.Errorf("tables %+v", d.Tables)
	}
	if strings.Contains(d.Text, "Harbour Office") {
		t.Error("the running head is in the text")
	}
	// Each passage knows its page, and the whole text is in them.
	pages := map[string]int{}
	for _, p := range documents.Cut(*d, 190, func(s string) int { return len(strings.Fields(s)) }) {
		for _, quay := range []string{"Quay 1 ", "Quay 8 ", "Quay 14 "} {
			if strings.HasPrefix(p.Text, quay) {
				pages[quay] = p.Page
			}
		}
	}
	if pages["Quay 1 "] != 1 || pages["Quay 14 "] != 3 {
		t.Errorf("pages %v", pages)
	}
}

// paper returns a PDF of one page with the content, and further objects, from number 5 on.
// Objects are "dictionary" and, unless empty, "stream".
func paper(content string, more ...[2]string) []byte {
	objects := append([][2]string{
		{"<</Type/Catalog/Pages 2 0 R>>", ""},
		{"<</Type/Pages/Kids[3 0 R]/Count 1>>", ""},
		{"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>/XObject<</X 5 0 R>>>>>>", ""},
		{"<<>>", content},
	}, more...)
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		dict, stream := o[0], o[1]
		if stream != "" {
			dict = strings.TrimSuffix(dict, ">>") + fmt.Sprintf("/Length %d>>", len(stream))
			stream = "\nstream\n" + stream + "\nendstream"
		}
		fmt.Fprintf(&b, "%d 0 obj\n%s%s\nendobj\n", i+1, dict, stream)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}

func TestDamagedPDFs(t *testing.T) {
	whole := load(t, "hyphens.pdf")
	for name, content := range map[string][]byte{
		"empty":     {},
		"no PDF":    []byte("Not a PDF at all."),
		"the start": whole[:len(whole)/3],
	} {
		d, notes := read(t, "a.pdf", content)
		if d != nil || len(notes) != 1 || !strings.Contains(notes[0], "not a whole PDF") {
			t.Errorf("%s: %+v, %q", name, d, notes)
		}
	}
	// Without its table of objects it is still found.
	if d, notes := read(t, "a.pdf", bytes.Replace(paper("BT /F 12 Tf 50 700 Td (Found all the same.) Tj ET"), []byte("startxref"), []byte("starthere"), 1)); d == nil || d.Text != "Found all the same." {
		t.Errorf("%+v, %q", d, notes)
	}
}

// Forms within forms, each shown ten times, would take years. The file is given up, what
// was read of others stays, and the next is read.
func TestAPDFWithoutEnd(t *testing.T) {
	defer func(d time.Duration) { patience = d }(patience)
	patience = 2 * time.Second
	const form = "<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>/XObject<</X %d 0 R>>>>>>"
	var forms [][2]string
	for i := range 12 {
		forms = append(forms, [2]string{fmt.Sprintf(form, 6+i), strings.Repeat("/X Do ", 10)})
	}
	forms = append(forms, [2]string{fmt.Sprintf(form, 1), "BT /F 12 Tf 50 700 Td (ha) Tj ET"})
	begin := time.Now()
	d, notes := read(t, "a.pdf", paper("/X Do", forms...))
	if d != nil || !slices.ContainsFunc(notes, func(s string) bool { return strings.Contains(s, "a.pdf: page 1: stopped: it took longer than 2s") }) {
		t.Errorf("%+v, %q", d, notes)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("giving it up took %v", took)
	}
	patience = time.Minute
	if d, notes := read(t, "b.pdf", paper("BT /F 12 Tf 50 700 Td (The next one.) Tj ET")); d == nil || d.Text != "The next one." {
		t.Errorf("the next file: %+v, %q", d, notes)
	}
}

// A stream that unpacks to a gigabyte and a half, in two steps, takes no more than the
// memory that a PDF may have.
func TestABombIsGivenUp(t *testing.T) {
	pack := func(b []byte) []byte {
		var out bytes.Buffer
		z, _ := zlib.NewWriterLevel(&out, zlib.BestSpeed)
		z.Write(b)
		z.Close()
		return out.Bytes()
	}
	defer func(d time.Duration) { patience = d }(patience)
	patience = 10 * time.Second
	part := make([]byte, 1<<20)
	var inner bytes.Buffer
	z, _ := zlib.NewWriterLevel(&inner, zlib.BestSpeed)
	for range 1500 {
		z.Write(part)
	}
	z.Close()
	content := string(pack(inner.Bytes()))
	file := paper(content)
	file = bytes.Replace(file, []byte("4 0 obj\n<</Length"), []byte("4 0 obj\n<</Filter[/FlateDecode/FlateDecode]/Length"), 1)
	d, notes := read(t, "a.pdf", file)
	t.Logf("%d bytes: %q", len(file), notes)
	if d != nil || len(notes) == 0 {
		t.Errorf("%+v, %q", d, notes)
	}
	// What the system counts, where it tells: PDFium's memory ends at 1 GiB.
	status, err := os.ReadFile("/proc/self/status")
	if m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status); err == nil && m != nil {
		if kB, _ := strconv.Atoi(string(m[1])); kB > 1600<<10 {
			t.Errorf("the process took %d MiB", kB>>10)
		}
	}
}

func TestErrors(t *testing.T) {
	if _, err := Open(bytes.NewReader(load(t, "locked.pdf"))); !errors.Is(err, pdf.ErrEncrypted) {
		t.Errorf("%v", err)
	}
	f, err := Open(bytes.NewReader(load(t, "hyphens.pdf")))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Pages() != 2 || f.Title() != "Of lighthouses" || f.Attachments() != 0 {
		t.Errorf("%d pages, %q, %d attachments", f.Pages(), f.Title(), f.Attachments())
	}
	if _, err := f.Page(7); err == nil || errors.Is(err, pdf.ErrStopped) {
		t.Errorf("page 8 of 2: %v", err)
	}
	if p, err := f.Page(1); err != nil || len(p.Chars) < 40 {
		t.Errorf("page 2 after that: %d characters, %v", len(p.Chars), err)
	}
}

// A fails stands for a PDFium that loads a page once and not again, after what is written
// upon it became a part of it. Other calls than these cause a panic.
type fails struct {
	pdfium.Pdfium
	loaded, closed int
}

func (f *fails) FPDF_LoadPage(*requests.FPDF_LoadPage) (*responses.FPDF_LoadPage, error) {
	if f.loaded++; f.loaded > 1 {
		return nil, pdferrors.ErrPage
	}
	return &responses.FPDF_LoadPage{}, nil
}

func (f *fails) FPDFPage_GetAnnotCount(*requests.FPDFPage_GetAnnotCount) (*responses.FPDFPage_GetAnnotCount, error) {
	return &responses.FPDFPage_GetAnnotCount{Count: 1}, nil
}

func (f *fails) FPDFPage_Flatten(*requests.FPDFPage_Flatten) (*responses.FPDFPage_Flatten, error) {
	return &responses.FPDFPage_Flatten{}, nil
}

func (f *fails) FPDF_ClosePage(*requests.FPDF_ClosePage) (*responses.FPDF_ClosePage, error) {
	f.closed++
	return &responses.FPDF_ClosePage{}, nil
}

// A page that does not load for the second time is damaged, and the pages after it are read.
func TestAPageThatIsNotLoadedAgain(t *testing.T) {
	p := &fails{}
	f := &file{instance: p}
	if _, err := f.Page(0); !errors.Is(err, pdferrors.ErrPage) || errors.Is(err, pdf.ErrStopped) || p.loaded != 2 || p.closed != 1 {
		t.Errorf("%v, loaded %d times and closed %d", err, p.loaded, p.closed)
	}
}

// FuzzOpen: no bytes cause a panic or an endless wait.
func FuzzOpen(f *testing.F) {
	defer func(d time.Duration) { patience = d }(patience)
	patience = 10 * time.Second
	for _, name := range []string{"hyphens.pdf", "form.pdf", "locked.pdf", "scanned.pdf"} {
		f.Add(load(f, name))
	}
	f.Add(paper("BT /F 12 Tf 50 700 Td (Words) Tj ET"))
	f.Fuzz(func(t *testing.T, content []byte) { read(t, "a.pdf", content) })
}
