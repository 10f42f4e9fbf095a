package documents

import (
	"fmt"
	"strings"
	"testing"
)

// workbookOf makes a workbook of what is in its sheets, by name and content in turn; a
// name that ends with "-" is that of a hidden sheet.
func workbookOf(t testing.TB, sheets ...string) string {
	var list, links strings.Builder
	var files []string
	for i := 0; i < len(sheets); i += 2 {
		state := ""
		name, hidden := strings.CutSuffix(sheets[i], "-")
		if hidden {
			state = ` state="hidden"`
		}
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" r:id="r%d"%s/>`, name, i+1, i, state)
		fmt.Fprintf(&links, `<Relationship Id="r%d" Type="x/worksheet" Target="worksheets/s%d.xml"/>`, i, i)
		files = append(files, fmt.Sprintf("xl/worksheets/s%d.xml", i), `<worksheet><sheetData>`+sheets[i+1]+`</sheetData></worksheet>`)
	}
	return archive(t, append(files,
		"xl/workbook.xml", `<workbook xmlns:r="r"><sheets>`+list.String()+`</sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", fmt.Sprintf(relations, links.String()+`<Relationship Id="t" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="s" Type="x/styles" Target="styles.xml"/>`),
		"xl/sharedStrings.xml", `<sst><si><t>Question</t></si><si><t>Answer</t></si><si><r><t>When is </t></r><r><rPr/><t>it open?</t></r><rPh><t>KANA</t></rPh></si><si><t>From nine to five.</t></si></sst>`,
		"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm"/><numFmt numFmtId="165" formatCode="0.0 &quot;days&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`)...)
}

func TestSheetsAreTables(t *testing.T) {
	const faq = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3" t="s"><v>3</v></c></row>`
	same(t, read(t, "faq.xlsx", workbookOf(t, "FAQ", faq), Options{}), []Document{{ID: "faq.xlsx:3", Title: "When is it open?", Text: "From nine to five."}})
	text := func(s string) string { return `<c t="inlineStr"><is><t>` + s + `</t></is></c>` }
	const numbered = `<row><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>text</t></is></c></row><row><c><v>1</v></c><c t="inlineStr"><is><t>%s</t></is></c></row>`
	docs, notes := Read("faq.xlsx", []byte(workbookOf(t, "FAQ", faq, "One", fmt.Sprintf(numbered, "Tea is a leaf."), "Two", fmt.Sprintf(numbered, "A whale is no fish."), "Old-", faq, "Empty", "", "Figures", `<row><c><v>1</v></c></row>`)), Options{})
	var ids []string
	for _, d := range docs {
		ids = append(ids, d.ID+" "+d.Text)
	}
	same(t, ids, []string{"faq.xlsx:FAQ:3 From nine to five.", "1 Tea is a leaf.", "faq.xlsx:Two:1 A whale is no fish."})
	if len(notes) != 2 || notes[0].Why != `the sheet "Old" is hidden, and was not read` || !strings.HasPrefix(notes[1].Why, `sheet "Figures": `) || notes[1].File != "faq.xlsx" {
		t.Errorf("%v", notes)
	}
	// What cells show.
	docs = read(t, "a.xlsx", workbookOf(t, "S", `<row>`+text("Name")+text("text")+`</row>`+
		`<row>`+text("a date")+`<c s="1"><v>45352</v></c></row><row>`+text("a time")+`<c s="2"><v>45352.4375</v></c></row>`+
		`<row>`+text("a number")+`<c s="3"><v>0.30000000000000004</v></c></row><row>`+text("truth")+`<c t="b"><v>1</v></c></row><row>`+text("computed")+`<c t="str"><f>A1</f><v>words</v></c></row>`+
		`<row>`+text("wrong")+`<c t="e"><v>#N/A</v></c></row>`), Options{Columns: Columns{Title: "Name", Text: "text"}})
	var got []string
	for _, d := range docs {
		got = append(got, d.Title+": "+d.Text)
	}
	same(t, got[:5], []string{"a date: 2024-03-01", "a time: 2024-03-01 10:30", "a number: 0.3", "truth: TRUE", "computed: words"})
}

func FuzzXLSX(f *testing.F) {
	fuzzOffice(f, "a.xlsx", func(t testing.TB, s string) string { return workbookOf(t, "A", s, "B", s) },
		`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="ZZ1" t="s"><v>1</v></c></row><row r="3"><c s="1"><v>2e9</v></c><c t="inlineStr"><is><t>a</t></is></c></row>`)
}
