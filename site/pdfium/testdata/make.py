"""Makes the PDFs beside it: pip install reportlab==4.4.4 pillow; python3 make.py

report.pdf   four pages: headings, a table, a list, a listing, running heads and page numbers
hyphens.pdf  words that are hyphenated, and a sentence over two pages
columns.pdf  two columns under a title, drawn line by line across both
turned.pdf   a page whose text runs upwards, with a note across it
form.pdf     a form with a field that was filled in
locked.pdf   needs a password
scanned.pdf  two pages: a picture, and one line of text
"""
import io

from reportlab.lib import colors, pdfencrypt
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas
from reportlab.platypus import (BaseDocTemplate, Frame, ListFlowable, PageTemplate, Paragraph,
                                Preformatted, Spacer, Table)
from PIL import Image


def new(name, **options):
    c = canvas.Canvas(name, pagesize=A4, invariant=1, pageCompression=1, **options)
    return c


def lines(c, x, y, texts, size=10, font="Times-Roman", pitch=13):
    c.setFont(font, size)
    for text in texts:
        c.drawString(x, y, text)
        y -= pitch
    return y


def report():
    body = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=13, spaceAfter=6)
    one = ParagraphStyle("one", body, fontName="Helvetica-Bold", fontSize=16, leading=20, spaceBefore=12, spaceAfter=8)
    two = ParagraphStyle("two", body, fontName="Helvetica-Bold", fontSize=12, leading=15, spaceBefore=8, spaceAfter=4)
    title = ParagraphStyle("title", one, fontSize=22, leading=28)
    code = ParagraphStyle("code", body, fontName="Courier", fontSize=9, leading=11)

    def furniture(c, d):
        c.setFont("Helvetica", 8)
        c.drawString(72, 800, "Harbour Office \u2013 Annual Report")
        c.drawRightString(520, 800, "Confidential")
        c.drawCentredString(297, 40, str(c.getPageNumber()))

    d = BaseDocTemplate("report.pdf", pagesize=A4, invariant=1, title="Microsoft Word - report_final2.docx")
    d.addPageTemplates([PageTemplate(frames=[Frame(72, 60, 451, 722)], onPage=furniture)])
    fill = "The harbour master writes down each ship that comes and goes, with its cargo and its draught. " * 6
    story = [
        Paragraph("Annual Report of the Harbour", title),
        Paragraph("Traffic", one),
        Paragraph("In the year of the report 412 ships came to the harbour, which is a tenth more than in the year before. Most of them carried timber.", body),
        Paragraph(fill, body),
        Paragraph("Cargo", two),
        Table([["Cargo", "Ships", "Tonnes"], ["Timber", "201", "80,400"], ["Grain", "118", "64,900"], ["Salt", "93", "12,100"]],
              colWidths=[120, 80, 80], style=[("FONT", (0, 0), (-1, -1), "Times-Roman", 10), ("ALIGN", (1, 0), (-1, -1), "RIGHT")]),
        Spacer(1, 10),
        ListFlowable([Paragraph("Pilots board at the outer buoy.", body), Paragraph("Tugs are ordered a day ahead.", body)], bulletType="bullet", start="\u2022"),
        Paragraph("Dues", one),
        Paragraph(fill * 2, body),
        Preformatted("def dues(ship):\n    if ship.tonnes > 500:\n        return 120\n    return 40", code),
        Paragraph(fill, body),
        Paragraph("Repairs", one),
    ] + [Paragraph("Quay %d was closed for repairs in %s. " % (n, month) + fill, body)
         for n, month in enumerate(["January", "March", "April", "May", "June", "July", "August", "October", "November", "December", "spring", "autumn", "summer", "winter"], 1)]
    d.build(story)


def hyphens():
    """Pages drawn by hand: ends of lines are where they are put."""
    c = new("hyphens.pdf")
    c.setTitle("Of lighthouses")
    lines(c, 72, 780, ["The keeper of a light-", "house lives on the island. His well-", "known lamp is seen for twenty miles; that well-known lamp", "was built after the Anglo-", "Saxon pattern. He keeps a diary"])
    lines(c, 72, 780 - 5 * 13, ["which goes on upon"], pitch=13)
    c.showPage()
    lines(c, 72, 780, ["the next page, in the same sentence.", "", "Another paragraph."])
    c.showPage()
    c.save()


def columns():
    left = ["The left column tells of the owl,", "which hunts at night over the", "meadows and sleeps in the barn by", "day. Its feathers are so soft that", "it flies without a sound, and its", "ears find a mouse under the snow.", "The young ones hiss when someone", "comes near to them. In winter it", "moves to the village."]
    right = ["The right column tells of the stork,", "which nests upon the chimney of", "the mill. It clatters with its bill", "and eats frogs from the ditches.", "In August it flies to the south,", "over the sea, and comes back in", "the spring to the very same nest.", "The miller counts them each year", "and writes it on the door."]
    c = new("columns.pdf")
    lines(c, 72, 780, ["Birds of the valley, as they were counted by the miller and his wife"], size=14)
    c.setFont("Times-Roman", 10)
    for i, (a, b) in enumerate(zip(left, right)):
        c.drawString(72, 740 - 13 * i, a)
        c.drawString(310, 740 - 13 * i, b)
    lines(c, 72, 600, ["This line stands under both columns and is as wide as the two of them together are."])
    c.save()


def turned():
    c = new("turned.pdf")
    c.saveState()
    c.translate(300, 100)
    c.rotate(90)
    lines(c, 0, 0, ["The table of tides is printed", "along the long edge of the paper."])
    c.restoreState()
    c.setFont("Times-Roman", 8)
    c.drawString(72, 780, "Sheet 7 B")
    c.save()


def form():
    c = new("form.pdf")
    lines(c, 72, 780, ["Name of the ship:"])
    c.acroForm.textfield(name="ship", value="Albatross", x=160, y=770, width=120, height=20, fontSize=10, forceBorder=False)
    c.save()


def locked():
    c = new("locked.pdf", encrypt=pdfencrypt.StandardEncryption("secret", ownerPassword="owner", strength=128))
    lines(c, 72, 780, ["Nobody reads this."])
    c.save()


def scanned():
    picture = io.BytesIO()
    Image.new("L", (40, 40), 128).save(picture, "PNG")
    c = new("scanned.pdf")
    c.drawImage(ImageReader(picture), 72, 500, 300, 300)
    c.showPage()
    lines(c, 72, 780, ["Only this page has a text."])
    c.save()


for make in report, hyphens, columns, turned, form, locked, scanned:
    make()
