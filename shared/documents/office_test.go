package documents

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// archive makes a zip of files, by name and content in turn.
func archive(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	wordNS = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"` +
		` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wps="x" xmlns:v="y" xmlns:m="z" xmlns:dgm="d"`
	relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	styles    = `<w:styles` + wordNS + `>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Chapter of mine"/><w:basedOn w:val="Base"/></w:style>
<w:style w:type="paragraph" w:styleId="Base"><w:name w:val="Base"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Aufz"><w:name w:val="Aufzählung"/><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="SourceCode"><w:name w:val="Source Code"/></w:style>
<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
</w:styles>`
)

// word makes a document of Word of what is in its body.
func word(t testing.TB, body string, more ...string) string {
	return archive(t, append([]string{
		"[Content_Types].xml", `<Types/>`,
		"_rels/.rels", fmt.Sprintf(relations, `<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>`),
		"word/styles.xml", styles,
		"word/document.xml", `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document` + wordNS + `><w:body>` + body + `</w:body></w:document>`,
	}, more...)...)
}

func wp(style, runs string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>` + runs + `</w:p>`
}

func wr(text string) string { return `<w:r><w:t xml:space="preserve">` + text + `</w:t></w:r>` }

func TestWordsTextIsReadInReadingOrder(t *testing.T) {
	for what, c := range map[string]struct{ body, text string }{
		"headings of other languages, by level and by style": {
			wp("berschrift1", wr("Ankommen")) + wp("Mine", wr("Anlegen")) + `<w:p><w:pPr><w:outlineLvl w:val="2"/></w:pPr>` + wr("Leinen") + `</w:p>` + wp("Titre2", wr("Sans style")) + wp("Loop", wr("Text.")),
			"Anlegen\n\nLeinen\n\nSans style\n\nText."},
		"runs, tabs, breaks and hyphens": {
			`<w:p>` + wr("Non") + wr("sense ") + `<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>co</w:t><w:softHyphen/><w:t>op</w:t></w:r><w:r><w:t xml:space="preserve"> e</w:t><w:noBreakHyphen/><w:t>mail, 5&#160;km, soft&#173;ly, x&#8209;y</w:t></w:r></w:p>`,
			"Nonsense a b\ncoop e-mail, 5 km, softly, x-y"},
		"changes that are tracked": {
			`<w:p>` + wr("We ") + `<w:del w:id="1"><w:r><w:delText>never </w:delText></w:r></w:del><w:ins w:id="2">` + wr("always ") + `</w:ins>` + wr("win.") + `<w:moveFrom>` + wr("Gone") + `</w:moveFrom><w:moveTo>` + wr(" Come.") + `</w:moveTo></w:p>` +
				`<w:p><w:pPr><w:rPr><w:del w:id="3"/></w:rPr></w:pPr>` + wr("One ") + `</w:p><w:p>` + wr("paragraph.") + `</w:p>`,
			"We always win. Come.\n\nOne paragraph."},
		"lists": {
			wp("Aufz", wr("one")) + wp("Aufz", wr("two")) + `<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>` + wr("three") + `</w:p>` + wp("Aufz", "") + `<w:p>` + wr("Text.") + `</w:p>`,
			"one\ntwo\nthree\n\nText."},
		"notes stand behind their paragraph": {
			`<w:p>` + wr("Tide") + `<w:r><w:footnoteReference w:id="2"/></w:r>` + wr(" turns.") + `<w:r><w:endnoteReference w:id="2"/></w:r></w:p><w:p>` + wr("Next.") + `</w:p>`,
			"Tide turns.\n\nAt six.\n\nAt the end.\n\nNext."},
		"links and fields": {
			`<w:p><w:hyperlink r:id="rId9">` + wr("the harbour") + `</w:hyperlink><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> REF x </w:instrText></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>Y</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` + wr("INNER") + `<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` + wr(" on page 4") + `<w:r><w:fldChar w:fldCharType="end"/></w:r><w:fldSimple w:instr=" DATE ">` + wr(", May") + `</w:fldSimple></w:p>`,
			"the harbour on page 4, May"},
		"a text box, once": {
			`<w:p>` + wr("Before ") + `<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx><w:txbxContent><w:p>` + wr("In the box.") + `</w:p></w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent><w:p>` + wr("In the box.") + `</w:p></w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>` + wr("after.") + `</w:p>`,
			"Before after.\n\nIn the box."},
		"contents as a field, and a capital over several lines": {
			`<w:p>` + wr("Before.") + `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> TOC \o </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` + wr("Fees 4") + `</w:p><w:p>` + wr("Tables 5") + `<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p><w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr>` + wr("O") + `</w:p><w:p>` + wr("nce.") + `</w:p>`,
			"Before.\n\nOnce."},
		"contents, and what asks to be filled in": {
			`<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr><w:sdtContent><w:p>` + wr("Contents") + `</w:p></w:sdtContent></w:sdt>` + wp("Verzeichnis1", wr("Fees 4")) +
				`<w:sdt><w:sdtContent><w:p>` + wr("Held. ") + `<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>` + wr("Click here.") + `</w:sdtContent></w:sdt></w:p></w:sdtContent></w:sdt>`,
			"Held."},
		"formulas, ruby and symbols": {
			`<w:p><m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath><w:r><w:sym w:font="Symbol" w:char="F062"/><w:sym w:font="Symbol" w:char="00DA"/></w:r><w:r><w:ruby><w:rt>` + wr("kan") + `</w:rt><w:rubyBase>` + wr("漢") + `</w:rubyBase></w:ruby></w:r></w:p>`,
			"E=mcβ∨漢"},
		"code": {
			wp("SourceCode", wr("if a:")) + wp("SourceCode", wr("    b()")) + wp("Loop", wr("Text.")),
			"if a:\n    b()\n\nText."},
		"what is not known is read through": {
			`<w:customXml><w:p><w:smartTag>` + wr("one ") + `</w:smartTag><w:bdo>` + wr("two") + `</w:bdo></w:p></w:customXml><w:unheard><w:p>` + wr("three") + `</w:p></w:unheard>`,
			"one two\n\nthree"},
	} {
		docs, notes := Read("a.docx", []byte(word(t, c.body,
			"word/footnotes.xml", `<w:footnotes`+wordNS+`><w:footnote w:type="separator" w:id="0"><w:p>`+wr("---")+`</w:p></w:footnote><w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>`+wr(" At six.")+`</w:p></w:footnote></w:footnotes>`,
			"word/endnotes.xml", `<w:endnotes`+wordNS+`><w:endnote w:id="2"><w:p>`+wr("At the end.")+`</w:p></w:endnote></w:endnotes>`,
			"word/header1.xml", `<w:hdr`+wordNS+`><w:p>`+wr("HEADER")+`</w:p></w:hdr>`,
			"word/comments.xml", `<w:comments`+wordNS+`><w:comment><w:p>`+wr("COMMENT")+`</w:p></w:comment></w:comments>`)), Options{})
		if len(docs) != 1 || len(notes) != 0 || docs[0].Text != c.text {
			t.Errorf("%s: %+v, %v, wanted %q", what, docs, notes, c.text)
		}
	}
}

func TestWordsHeadingsAreSections(t *testing.T) {
	d := read(t, "a/my_notes.docx", word(t, wp("berschrift1", wr("Fees"))+`<w:p>`+wr("20 euros.")+`</w:p>`+wp("Mine", wr("Discount"))+`<w:p>`+wr("None.")+`</w:p>`), Options{})[0]
	same(t, d.Title, "Fees")
	same(t, d.Text, "20 euros.\n\nDiscount\n\nNone.")
	same(t, d.Headings, []Heading{{Start: 11, End: 19, Level: 2}})
	title := func(core string) string {
		return `<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>` + core + `</dc:title></cp:coreProperties>`
	}
	text := `<w:p>` + wr("Text.") + `</w:p>`
	for _, c := range []struct{ core, body, want string }{
		{"Harbour &amp; quay", wp("Titel", wr("Other")) + text, "Harbour & quay"},
		{"Microsoft Word - x.doc", wp("Titel", wr("The harbour")) + text, "The harbour"},
		{"", text, "my notes"},
	} {
		d := read(t, "a/my_notes.docx", word(t, c.body, "docProps/core.xml", title(c.core)), Options{})[0]
		same(t, d.Title, c.want)
		same(t, strings.HasSuffix(d.Text, "Text."), true)
	}
}

func TestWordsTablesAreRowsUnderTheirHeader(t *testing.T) {
	cell := func(s string) string { return `<w:tc><w:tcPr/><w:p>` + wr(s) + `</w:p></w:tc>` }
	row := func(cells ...string) string { return `<w:tr>` + strings.Join(cells, "") + `</w:tr>` }
	header := `<w:tr><w:trPr><w:tblHeader/></w:trPr>` + cell("Boat") + cell("Fee") + `</w:tr>`
	d := read(t, "a.docx", word(t, `<w:p>`+wr("Fees:")+`</w:p><w:tbl><w:tblPr/>`+header+
		row(`<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr><w:p>`+wr("small")+`</w:p></w:tc>`, cell("20"))+
		row(`<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc>`, `<w:tc><w:p>`+wr("10")+`</w:p><w:p>`+wr("in winter")+`</w:p></w:tc>`)+
		`<w:tr><w:trPr><w:del w:id="1"/></w:trPr>`+cell("gone")+`</w:tr>`+
		row(`<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p>`+wr("no dogs")+`</w:p></w:tc>`)+`</w:tbl><w:p>`+wr("After.")+`</w:p>`), Options{})[0]
	same(t, d.Text, "Fees:\n\nBoat, Fee\nsmall, 20\n10 in winter\nno dogs\n\nAfter.")
	same(t, d.Tables, []Table{{Start: 7, Header: 16, End: 47}})
	// One that only lays the page out.
	d = read(t, "a.docx", word(t, `<w:tbl><w:tblPr><w:tblLook w:val="04A0"/></w:tblPr>`+row(`<w:tc>`+wp("berschrift1", wr("Left"))+`<w:p>`+wr("Text.")+`</w:p></w:tc>`, `<w:tc><w:tbl>`+row(cell("a"), cell("b"))+row(cell("c"), cell("d"))+`</w:tbl><w:p/></w:tc>`)+`</w:tbl>`), Options{})[0]
	same(t, d.Text, "Text.\n\na, b\nc, d")
	same(t, d.Title, "Left")
}

func TestRaisedFiguresOfWordStayPowers(t *testing.T) {
	raised := func(s string) string {
		return `<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>` + s + `</w:t></w:r>`
	}
	d := read(t, "a.docx", word(t, `<w:p>`+wr("10")+raised("3")+wr(" litres, 5 m")+raised("2")+wr(", the 2")+raised("nd")+`</w:p>`), Options{})[0]
	if want := "10^3 litres, 5 m2, the 2nd"; d.Text != want {
		t.Errorf("%q, wanted %q", d.Text, want)
	}
}

func TestWhatWordHidesIsSaid(t *testing.T) {
	docs, notes := Read("a.docx", []byte(word(t, `<w:p>`+wr("Seen.")+`<w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden.</w:t></w:r><w:r><w:drawing><dgm:relIds r:dm="rId7"/></w:drawing></w:r><w:r><w:drawing><c:chart xmlns:c="c" r:id="x"/></w:drawing></w:r></w:p>`,
		"word/_rels/document.xml.rels", fmt.Sprintf(relations, `<Relationship Id="rId7" Type="x/diagramData" Target="diagrams/data1.xml"/>`),
		"word/diagrams/data1.xml", `<dgm:dataModel xmlns:dgm="d" xmlns:a="a"><dgm:pt><dgm:t><a:p><a:r><a:t>In a diagram</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:dataModel>`)), Options{})
	if len(docs) != 1 || docs[0].Text != "Seen.\n\nIn a diagram" {
		t.Errorf("%+v", docs)
	}
	if len(notes) != 2 || notes[0].Why != "hidden text was not read (once)" || notes[1].Why != "a chart was not read (once)" {
		t.Errorf("%v", notes)
	}
}

const odfNS = ` xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"` +
	` xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="d" xmlns:style="s" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:svg="v"`

// odf makes a text document in ODF of what is in its body.
func odf(t testing.TB, body string, more ...string) string {
	return archive(t, append([]string{
		"mimetype", "application/vnd.oasis.opendocument.text",
		"META-INF/manifest.xml", `<manifest:manifest xmlns:manifest="m"><manifest:file-entry manifest:full-path="/"/></manifest:manifest>`,
		"content.xml", `<?xml version="1.0" encoding="UTF-8"?><office:document-content` + odfNS + `><office:automatic-styles><style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/><style:style style:name="P2" style:family="paragraph" style:parent-style-name="Table_20_Heading"/></office:automatic-styles><office:body><office:text>` + body + `</office:text></office:body></office:document-content>`,
	}, more...)...)
}

func TestODFsTextIsReadInReadingOrder(t *testing.T) {
	for what, c := range map[string]struct{ body, text string }{
		"white space": {
			`<text:p>a  b` + "\n  " + `c<text:s text:c="3"/>d<text:tab/>e<text:line-break/>f<text:span>g</text:span>` + "\u00ad" + `h 5` + "\u00a0" + `km</text:p>`,
			"a b c d e\nfgh 5 km"},
		"headings and lists": {
			`<text:h text:outline-level="2">Fees</text:h><text:p>Text.</text:p><text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>two</text:p></text:list-item></text:list></text:list-item></text:list><text:p>End.</text:p>`,
			"Fees\n\nText.\n\none\ntwo\n\nEnd."},
		"notes, comments and changes": {
			`<text:tracked-changes><text:changed-region><text:deletion><text:p>DELETED</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>Tide<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>At six.</text:p></text:note-body></text:note> turns<text:change text:change-id="x"/>.<office:annotation><dc:creator>X</dc:creator><text:p>COMMENT</text:p></office:annotation></text:p><text:p>Next.</text:p>`,
			"Tide turns.\n\nAt six.\n\nNext."},
		"links and text boxes": {
			`<text:p>See <text:a>the quay</text:a>.<draw:frame><draw:text-box><text:p>In the box.</text:p></draw:text-box><svg:title>ALT</svg:title></draw:frame></text:p><draw:frame><draw:text-box><text:p>Another.</text:p></draw:text-box></draw:frame><text:p>End.</text:p>`,
			"See the quay.\n\nIn the box.\n\nAnother.\n\nEnd."},
		"shapes": {
			`<text:p>A<draw:g><draw:custom-shape><text:p>one</text:p><text:p>two</text:p></draw:custom-shape></draw:g> b</text:p>`,
			"A b\n\none\n\ntwo"},
		"sections; contents are none": {
			`<text:section><text:table-of-content><text:index-body><text:p>CONTENTS</text:p></text:index-body></text:table-of-content><text:p>Text <text:ruby><text:ruby-base>漢</text:ruby-base><text:ruby-text>kan</text:ruby-text></text:ruby></text:p></text:section>`,
			"Text 漢"},
		"a table": {
			`<table:table><table:table-column/><table:table-row><table:table-cell><text:p text:style-name="P2">Boat</text:p></table:table-cell><table:table-cell><text:p text:style-name="P2">Fee</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>no dogs</text:p></table:table-cell><table:covered-table-cell><text:p>COVERED</text:p></table:covered-table-cell></table:table-row></table:table>`,
			"Boat, Fee\nno dogs"},
	} {
		docs, notes := Read("a.odt", []byte(odf(t, c.body, "meta.xml", `<office:document-meta`+odfNS+`><office:meta><dc:title>Harbour</dc:title></office:meta></office:document-meta>`)), Options{})
		if len(docs) != 1 || len(notes) != 0 || docs[0].Text != c.text || docs[0].Title != "Harbour" {
			t.Errorf("%s: %+v, %v, wanted %q", what, docs, notes, c.text)
		}
		if what == "a table" {
			same(t, docs[0].Tables, []Table{{Start: 0, Header: 9, End: 17}})
		}
		if what == "headings and lists" {
			same(t, docs[0].Headings, []Heading{{Start: 0, End: 4, Level: 2}})
		}
	}
	docs, notes := Read("a.odt", []byte(odf(t, `<text:p>Seen.<text:span text:style-name="T">HIDDEN</text:span></text:p><text:p text:style-name="T">Seen, too.</text:p>`,
		"styles.xml", `<office:document-styles`+odfNS+`><style:style style:name="T" style:family="text"><style:text-properties text:display="none"/></style:style></office:document-styles>`)), Options{})
	if len(docs) != 1 || docs[0].Text != "Seen.\n\nSeen, too." || len(notes) != 1 || notes[0].Why != "hidden text was not read (once)" {
		t.Errorf("%v %v", docs, notes)
	}
	d := read(t, "a.odt", odf(t, `<text:p text:style-name="P1">The harbour</text:p><text:p>Text.</text:p>`), Options{})[0]
	same(t, d.Title, "The harbour")
	same(t, d.Text, "Text.")
}

const slideNS = ` xmlns:p="p" xmlns:a="a" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:mc="m"`

func shape(kind, text string) string {
	return `<p:sp><p:nvSpPr><p:cNvPr id="2" name="NAME"/><p:cNvSpPr/><p:nvPr>` + kind + `</p:nvPr></p:nvSpPr><p:txBody><a:bodyPr/>` + text + `</p:txBody></p:sp>`
}

func ap(text string) string { return `<a:p><a:r><a:rPr/><a:t>` + text + `</a:t></a:r></a:p>` }

func slideOf(shapes string) string {
	return `<p:sld` + slideNS + `><p:cSld><p:spTree>` + shapes + `</p:spTree></p:cSld></p:sld>`
}

// deck makes a presentation of three slides, whose parts are not numbered in their order.
func deck(t testing.TB) string {
	return archive(t,
		"_rels/.rels", fmt.Sprintf(relations, `<Relationship Id="rId1" Type="x/officeDocument" Target="/ppt/presentation.xml"/>`),
		"ppt/presentation.xml", `<p:presentation`+slideNS+`><p:sldIdLst><p:sldId id="256" r:id="rId3"/><p:sldId id="257" r:id="rId2"/><p:sldId id="258" r:id="rId4"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", fmt.Sprintf(relations, `<Relationship Id="rId2" Type="x/slide" Target="slides/slide1.xml"/><Relationship Id="rId3" Type="x/slide" Target="slides/slide2.xml"/><Relationship Id="rId4" Type="x/slide" Target="slides/slide3.xml"/>`),
		"ppt/slides/slide2.xml", slideOf(shape(`<p:ph type="ctrTitle"/>`, ap("The harbour"))+shape(`<p:ph type="sldNum"/>`, `<a:p><a:fld type="slidenum"><a:t>1</a:t></a:fld></a:p>`)+shape(`<p:ph type="ftr"/>`, ap("FOOTER"))),
		"ppt/slides/slide1.xml", slideOf(shape(`<p:ph idx="1"/>`, ap("Summer is dear")+`<a:p><a:r><a:t>Winter</a:t></a:r><a:br/><a:r><a:t>is cheap</a:t></a:r></a:p>`)+shape(`<p:ph type="title"/>`, ap("Fees"))+
			`<p:grpSp>`+shape("", ap("A box"))+`</p:grpSp><mc:AlternateContent><mc:Choice>`+shape("", ap("Once"))+`</mc:Choice><mc:Fallback>`+shape("", ap("Twice"))+`</mc:Fallback></mc:AlternateContent>`),
		"ppt/slides/_rels/slide1.xml.rels", fmt.Sprintf(relations, `<Relationship Id="rId1" Type="x/notesSlide" Target="../notesSlides/notesSlide1.xml"/>`),
		"ppt/notesSlides/notesSlide1.xml", slideOf(shape(`<p:ph type="sldImg"/>`, "")+shape(`<p:ph type="body" idx="1"/>`, ap("Smile."))+shape(`<p:ph type="sldNum"/>`, ap("2"))),
		"ppt/slides/slide3.xml", slideOf(`<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tblPr firstRow="1"/><a:tr><a:tc><a:txBody>`+ap("Boat")+`</a:txBody></a:tc><a:tc><a:txBody>`+ap("Fee")+`</a:txBody></a:tc></a:tr><a:tr><a:tc gridSpan="2"><a:txBody>`+ap("no dogs")+`</a:txBody></a:tc><a:tc hMerge="1"><a:txBody>`+ap("MERGED")+`</a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>`),
		"ppt/slideMasters/slideMaster1.xml", slideOf(shape("", ap("MASTER"))))
}

func TestSlidesAreReadInTheirOrder(t *testing.T) {
	d := read(t, "talk.pptx", deck(t), Options{})[0]
	same(t, d.Title, "The harbour")
	same(t, d.Text, "slide 1: The harbour\n\nslide 2: Fees\n\nSummer is dear\nWinter\nis cheap\n\nA box\n\nOnce\n\nSpeaker notes: Smile.\n\nslide 3\n\nBoat, Fee\nno dogs")
	var titles []string
	for _, p := range Cut(d, 18, func(s string) int { return len(strings.Fields(s)) }) {
		titles = append(titles, p.Title)
	}
	same(t, titles, []string{"The harbour", "The harbour > slide 2: Fees", "The harbour > slide 3"})
	same(t, len(d.Tables), 1)
	// One without titles goes by its file's name.
	d = read(t, "talk.pptx", archive(t, "ppt/presentation.xml", `<p:presentation`+slideNS+`><p:sldIdLst><p:sldId id="9" r:id="r"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", fmt.Sprintf(relations, `<Relationship Id="r" Target="s.xml"/>`), "ppt/s.xml", slideOf(shape("", ap("Text.")))), Options{})[0]
	same(t, d.Title, "talk")
	same(t, d.Text, "slide 1\n\nText.")
}

// novel makes a book; its chapters go by their place in the spine.
func novel(t testing.TB, more ...string) string {
	page := func(body string) string {
		return `<?xml version="1.0" encoding="UTF-8"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>TITLE</title><script/></head><body>` + body + `</body></html>`
	}
	return archive(t, append([]string{
		"mimetype", "application/epub+zip",
		"META-INF/container.xml", `<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`,
		"OEBPS/content.opf", `<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Quay</dc:title><dc:creator>A. Author</dc:creator></metadata><manifest>` +
			`<item id="b" href="b%20two.xhtml" media-type="application/xhtml+xml"/><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/><item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/><item id="c" href="cover.xhtml"/><item id="t" href="contents.xhtml"/><item id="i" href="i.png" media-type="image/png"/></manifest>` +
			`<spine toc="ncx"><itemref idref="c"/><itemref idref="n"/><itemref idref="t"/><itemref idref="a"/><itemref idref="b" linear="no"/><itemref idref="a"/></spine><guide><reference type="cover" href="cover.xhtml"/></guide></package>`,
		"OEBPS/cover.xhtml", page(`<p>COVER</p>`),
		"OEBPS/nav.xhtml", page(`<nav epub:type="toc"><ol><li><a href="a.xhtml">Dawn</a></li><li><a href="b%20two.xhtml#x">Noon</a></li></ol></nav>`),
		"OEBPS/contents.xhtml", page(`<h1>Contents</h1><p><a href="a.xhtml">Dawn, when the tide turns</a></p><p><a href="b.xhtml">Noon, when it is hot</a></p><p><a href="c.xhtml">Dusk, when all are home</a></p>`),
		"OEBPS/a.xhtml", page(`<h1>Dawn</h1><p>The tide<sup><a epub:type="noteref" href="#n1">1</a></sup> turned<span epub:type="pagebreak" id="p4">4</span>.</p><a id="x"/><h2>Six</h2><p>It was&#160;late&nbsp;&mdash; early.</p><aside epub:type="footnote" id="n1"><p>At six.</p></aside>`),
		"OEBPS/b two.xhtml", page(`<p>It was hot.</p><footer><p>Gulls slept.</p></footer>`),
	}, more...)...)
}

func TestABooksChaptersAreReadInTheOrderOfItsSpine(t *testing.T) {
	d := read(t, "quay.epub", novel(t), Options{})[0]
	same(t, d.Title, "The Quay")
	same(t, d.Text, "Dawn\n\nThe tide turned.\n\nSix\n\nIt was late — early.\n\nAt six.\n\nNoon\n\nIt was hot.\n\nGulls slept.")
	var heads []string
	for _, h := range d.Headings {
		heads = append(heads, fmt.Sprint(h.Level, d.Text[h.Start:h.End], h.Anchor))
	}
	same(t, heads, []string{"1Dawn", "2Six", "1Noon"})
	// Fonts may be hidden, text may not.
	method := func(s string) string {
		return `<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="` + s + `"/><enc:CipherData><enc:CipherReference URI="OEBPS/a"/></enc:CipherData></enc:EncryptedData></encryption>`
	}
	read(t, "quay.epub", novel(t, "META-INF/encryption.xml", method("http://www.idpf.org/2008/embedding")), Options{})
	docs, notes := Read("quay.epub", []byte(novel(t, "META-INF/encryption.xml", method("http://www.w3.org/2001/04/xmlenc#aes128-cbc"))), Options{})
	if len(docs) != 0 || len(notes) != 1 || !strings.Contains(notes[0].Why, "DRM") {
		t.Errorf("%v %v", docs, notes)
	}
}

func TestFilesOfOtherProgramsThatCannotBeReadSayWhatToDo(t *testing.T) {
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	locked := ole + strings.Repeat("\x00", 500) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	whole := word(t, `<w:p>`+wr("Text.")+`</w:p>`)
	flagged := []byte(whole) // every file in it says that it is encrypted
	for _, mark := range []string{"PK\x01\x02", "PK\x03\x04"} {
		for i := range flagged {
			if bytes.HasPrefix(flagged[i:], []byte(mark)) {
				flagged[i+map[string]int{"PK\x01\x02": 8, "PK\x03\x04": 6}[mark]] |= 1
			}
		}
	}
	for _, c := range []struct{ name, data, why string }{
		{"a.docx", "", "empty"},
		{"a.docx", locked, "protected by a password"},
		{"a.pptx", locked, "protected by a password"},
		{"a.docx", string(flagged), "protected by a password"},
		{"a.odt", odf(t, "", "META-INF/MANIFEST.xml", ""), "no text in it"},
		{"b.odt", archive(t, "content.xml", "\x00\x01", "META-INF/manifest.xml", `<m:manifest xmlns:m="m"><m:encryption-data/></m:manifest>`), "protected by a password"},
		{"a.docx", ole, "before 2007 under a new name; open it and save it as DOCX"},
		{"a.docx", "{\\rtf1 x}", "RTF under another name"},
		{"a.docx", "just text", "not whole"},
		{"a.docx", "%PDF-1.7", "it begins as PDF does"},
		{"a.docx", whole[:len(whole)-30], "not whole"},
		{"a.docx", archive(t, "x", "y"), "no such document is in it"},
		{"a.pptx", whole, "no presentation is in it"},
		{"a.docx", deck(t), "no document of Word is in it"},
		{"a.epub", whole, "no book is in it"},
		{"a.odt", whole, "no such document is in it"},
		{"a.docx", word(t, `<w:p/>`), "no text in it"},
		{"a.docx", word(t, `</w:p>`), "damaged"},
		{"a.eml", "", "empty"},
		{"a.eml", "just text\n\nmore", "no message is in it"},
		{"a.eml", "PK\x03\x04", "a zip archive"},
		{"a.doc", ole, "save it as .docx"},
		{"a.ppt", ole, "save it as .pptx"},
		{"a.xls", ole, "save it as .xlsx or CSV"},
		{"a.rtf", "x", "save it as .docx"},
		{"a.mobi", "x", "convert it to .epub"},
		{"a.msg", ole, ".eml"},
	} {
		docs, notes := Read(c.name, []byte(c.data), Options{})
		if len(docs) != 0 || len(notes) != 1 || !strings.Contains(notes[0].Why, c.why) || notes[0].OtherFormat || notes[0].Kept {
			t.Errorf("%s: %v %v, wanted %q", c.name, docs, notes, c.why)
		}
	}
	// What comes before the damage is read.
	docs, notes := Read("a.docx", []byte(word(t, `<w:p>`+wr("Text.")+`</w:p><w:p></w:r>`)), Options{})
	if len(docs) != 1 || docs[0].Text != "Text." || len(notes) != 1 || !strings.Contains(notes[0].Why, "what follows that place was not read") {
		t.Errorf("%v %v", docs, notes)
	}
}

func TestADocumentThatUnpacksToTooMuchIsRefused(t *testing.T) {
	for name, data := range map[string]string{
		"a.docx": word(t, `<w:p><w:r><w:t>`+strings.Repeat("x", 1<<19)),
		"b.docx": word(t, strings.Repeat(`<w:p/>`, 1<<16)),
		"a.odt":  odf(t, `<text:p>`+strings.Repeat("x", 1<<19)),
		"a.epub": novel(t, "OEBPS/a.xhtml", strings.Repeat("x", 1<<19), "META-INF/encryption.xml", strings.Repeat(" ", 1<<19)),
	} {
		docs, notes := Read(name, []byte(data), Options{MaxBytes: 1 << 18})
		if len(docs) != 0 || len(notes) != 1 || !strings.Contains(notes[0].Why, "too much unpacked") {
			t.Errorf("%s: %d documents, %v", name, len(docs), notes)
		}
	}
}

func TestNestingInOfficeDocumentsNeedsLittleStackAndLosesNoText(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(256 << 10))
	const n = 3000
	for name, data := range map[string]string{
		"tables.docx": word(t, strings.Repeat(`<w:tbl><w:tr><w:tc>`, n)+`<w:p>`+wr("deep")+`</w:p>`+strings.Repeat(`</w:tc></w:tr></w:tbl>`, n)),
		"boxes.docx":  word(t, strings.Repeat(`<w:p><w:r><w:txbxContent>`, n)+`<w:p>`+wr("deep")+`</w:p>`+strings.Repeat(`</w:txbxContent></w:r></w:p>`, n)),
		"lists.odt":   odf(t, strings.Repeat(`<text:list><text:list-item>`, n)+`<text:p>deep</text:p>`+strings.Repeat(`</text:list-item></text:list>`, n)),
		"spans.odt":   odf(t, `<text:p>`+strings.Repeat(`<text:span>`, n)+`deep`+strings.Repeat(`</text:span>`, n)+`</text:p>`),
		"groups.pptx": archive(t, "ppt/presentation.xml", `<p:presentation`+slideNS+`><p:sldIdLst><p:sldId r:id="r"/></p:sldIdLst></p:presentation>`, "ppt/_rels/presentation.xml.rels", fmt.Sprintf(relations, `<Relationship Id="r" Target="s.xml"/>`),
			"ppt/s.xml", slideOf(strings.Repeat(`<p:grpSp>`, n)+shape("", ap("deep"))+strings.Repeat(`</p:grpSp>`, n))),
		"divs.epub": archive(t, "META-INF/container.xml", `<c><rootfile full-path="o.opf"/></c>`, "o.opf", `<package><item id="a" href="a.html"/><itemref idref="a"/></package>`, "a.html", strings.Repeat("<div>", n)+"deep"),
		"parts.eml": "Subject: deep\n" + strings.Repeat("Content-Type: message/rfc822\n\n", n) + "Subject: x\n\ndeep",
	} {
		done := make(chan []Document)
		var notes []Note
		begin := time.Now()
		go func() { // on a stack of its own
			var docs []Document
			docs, notes = Read(name, []byte(data), Options{})
			done <- docs
		}()
		docs := <-done
		said := len(notes) > 0 && strings.Contains(notes[0].Why, "deep")
		if !said || len(docs) != 1 && !strings.HasSuffix(name, ".eml") || len(docs) == 1 && !strings.Contains(docs[0].Text, "deep") {
			t.Errorf("%s: %+v, %v", name, docs, notes)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// Files that other programs have written; testdata/office.py made them.
func TestFilesThatOtherProgramsWrote(t *testing.T) {
	for name, want := range map[string]string{
		"harbour.docx": "Arriving\n\nCall the harbour master on channel 12. Then wait. Bold\n\nFirst\nSecond\n\nFees\n\nBoat, Summer, Winter\nunder 8 m 20, 10\nover 8 m, 30, 15\n\nA quote",
		"notes.odt":    "Arriving\n\nCall channel 12.\nThen wait.\n\nSince 2019.\n\nOne\nTwo\n\nBoat, Fee\nsmall, 20",
	} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		docs, notes := Read(name, data, Options{})
		if len(docs) != 1 || len(notes) != 0 || docs[0].Text != want {
			t.Errorf("%s: %+v, %v", name, docs, notes)
		}
	}
}

// fuzzOffice reads what a document holds in one of its parts, and the archive itself.
func fuzzOffice(f *testing.F, name string, pack func(t testing.TB, part string) string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s), false)
		f.Add([]byte(pack(f, s)), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, whole bool) {
		if !whole {
			data = []byte(pack(t, string(data)))
		}
		checkRead(t, name, data)
	})
}

func FuzzDOCX(f *testing.F) {
	fuzzOffice(f, "a.docx", func(t testing.TB, s string) string { return word(t, s) },
		wp("berschrift1", wr("a"))+wp("Aufz", wr("b"))+`<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr><w:tc>`+wp("", wr("c"))+`</w:tc><w:tc/></w:tr><w:tr><w:tc><w:p><w:r><w:txbxContent><w:p>`+wr("d")+`</w:p></w:txbxContent></w:r></w:p></w:tc></w:tr></w:tbl>`,
		wp("SourceCode", wr("a\n  b"))+`<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:sym w:char="F0E0"/><w:br/></w:r></w:p><w:sdt><w:sdtContent/></w:sdt>`)
}

func FuzzODT(f *testing.F) {
	fuzzOffice(f, "a.odt", func(t testing.TB, s string) string { return odf(t, s) },
		`<text:h text:outline-level="9">a</text:h><text:list><text:list-item><text:p>b<text:s text:c="9"/><text:line-break/>c</text:p></text:list-item></text:list>`,
		`<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row></table:table-header-rows><table:table-row><table:table-cell><table:table/></table:table-cell></table:table-row></table:table><draw:frame><draw:text-box><text:p>b</text:p></draw:text-box></draw:frame>`)
}

func FuzzPPTX(f *testing.F) {
	f.Add([]byte(deck(f)), true)
	fuzzOffice(f, "a.pptx", func(t testing.TB, s string) string {
		return archive(t, "ppt/presentation.xml", `<p:presentation`+slideNS+`><p:sldIdLst><p:sldId r:id="r"/></p:sldIdLst></p:presentation>`, "ppt/_rels/presentation.xml.rels", fmt.Sprintf(relations, `<Relationship Id="r" Target="s.xml"/>`), "ppt/s.xml", slideOf(s))
	}, shape(`<p:ph type="title"/>`, ap("a"))+shape("", ap("b")+ap("c")), `<a:tbl><a:tblPr firstRow="1"/><a:tr><a:tc><a:txBody>`+ap("a")+`</a:txBody></a:tc></a:tr></a:tbl>`)
}

func FuzzEPUB(f *testing.F) {
	f.Add([]byte(novel(f)), true)
	fuzzOffice(f, "a.epub", func(t testing.TB, s string) string {
		return archive(t, "META-INF/container.xml", `<c><rootfile full-path="o.opf"/></c>`, "o.opf", `<package><item id="a" href="a.html"/><item id="n" href="a.html" properties="nav"/><itemref idref="a"/></package>`, "a.html", s)
	}, `<h1>a</h1><p>b<a epub:type=noteref>1</a>`, `<nav epub:type=toc><a href="x%20y#z">a</a></nav><p>b`)
}
