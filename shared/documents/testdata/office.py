"""Writes harbour.docx and notes.odt, by python-docx and odfpy (pip install python-docx odfpy)."""

import os
import zipfile

import docx
from odf import dc, office, table, text
from odf.opendocument import OpenDocumentText

d = docx.Document()
d.add_heading("Harbour handbook", 0)
d.add_heading("Arriving", 1)
p = d.add_paragraph("Call the harbour master on channel 12.\tThen wait.")
p.add_run(" Bold").bold = True
d.add_paragraph("First", style="List Bullet")
d.add_paragraph("Second", style="List Number")
d.add_heading("Fees", 2)
t = d.add_table(rows=3, cols=3, style="Table Grid")
for i, row in enumerate([["Boat", "Summer", "Winter"], ["under 8 m", "20", "10"], ["over 8 m", "30", "15"]]):
    for j, c in enumerate(row):
        t.cell(i, j).text = c
t.cell(1, 0).merge(t.cell(1, 1))
d.sections[0].header.paragraphs[0].text = "HEADER"
d.sections[0].footer.paragraphs[0].text = "FOOTER"
d.add_comment(d.paragraphs[2].runs, text="A COMMENT", author="Somebody")
d.add_paragraph("A quote", style="Intense Quote")
d.save("large.docx")
with zipfile.ZipFile("large.docx") as large, zipfile.ZipFile("harbour.docx", "w", zipfile.ZIP_DEFLATED) as small:
    for f in large.namelist():
        if "thumbnail" not in f and "theme" not in f and "customXml" not in f and "WithEffects" not in f:
            small.writestr(zipfile.ZipInfo(f), large.read(f), zipfile.ZIP_DEFLATED, 9)
os.remove("large.docx")

o = OpenDocumentText()
o.meta.addElement(dc.Title(text="Harbour notes"))
o.text.addElement(text.H(outlinelevel=1, text="Arriving"))
p = text.P(text="Call ")
p.addElement(text.S(c=3))
p.addText("channel")
p.addElement(text.Tab())
p.addText("12.")
p.addElement(text.LineBreak())
p.addText("Then wait.")
note, body = text.Note(noteclass="footnote", id="f1"), text.NoteBody()
body.addElement(text.P(text="Since 2019."))
note.addElement(text.NoteCitation(text="1"))
note.addElement(body)
p.addElement(note)
comment = office.Annotation()
comment.addElement(dc.Creator(text="Somebody"))
comment.addElement(text.P(text="A COMMENT"))
p.addElement(comment)
o.text.addElement(p)
items = text.List()
for s in ["One", "Two"]:
    item = text.ListItem()
    item.addElement(text.P(text=s))
    items.addElement(item)
o.text.addElement(items)


def row(*cells):
    r = table.TableRow()
    for s in cells:
        cell = table.TableCell()
        cell.addElement(text.P(text=s))
        r.addElement(cell)
    return r


t, head = table.Table(name="Fees"), table.TableHeaderRows()
head.addElement(row("Boat", "Fee"))
t.addElement(head)
t.addElement(row("small", "20"))
o.text.addElement(t)
o.save("notes.odt")
