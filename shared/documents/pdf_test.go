package documents

import (
	"testing"

	"parley/shared/pdf"
)

// What follows a table is not of it: else a passage that begins there would repeat the
// table's header.
func TestATableOfAPDFEndsWithItsRows(t *testing.T) {
	page := pdf.Page{Height: 842}
	y := float32(700)
	for _, cells := range [][]string{{"Cargo", "Ships"}, {"Timber", "201"}, {"Grain", "118"}, {"Whoever brings salt pays no dues at the quay."}} {
		for i, cell := range cells {
			x := 72 + 150*float32(i)
			for _, r := range cell {
				if r != ' ' {
					page.Chars = append(page.Chars, pdf.Char{Rune: r, Left: x, Right: x + 3 + float32(r%4), Bottom: y, Top: y + 7, Size: 10, Weight: 400})
				} else {
					page.Chars = append(page.Chars, pdf.Char{Rune: r})
				}
				x += 4 + float32(r%4)
			}
		}
		page.Chars = append(page.Chars, pdf.Char{Rune: '\r'}, pdf.Char{Rune: '\n'})
		y -= 13
	}
	p := NewPDFReader("dues.pdf")
	p.Add(page)
	docs, notes := p.End("", 0)
	if len(docs) != 1 || len(notes) != 0 || docs[0].Text != "Cargo, Ships\nTimber, 201\nGrain, 118\n\nWhoever brings salt pays no dues at the quay." {
		t.Fatalf("%+v, %v", docs, notes)
	}
	if d := docs[0]; len(d.Tables) != 1 || d.Text[d.Tables[0].Start:d.Tables[0].End] != "Cargo, Ships\nTimber, 201\nGrain, 118" {
		t.Errorf("%+v", d.Tables)
	}
}
