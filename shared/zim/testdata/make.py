"""Writes the archives of the tests: new.zim.gz and plain.zim by libzim (pip install
libzim==3.13.1), and old.zim by the format's description, with an xz cluster, one of
8-byte positions, and the namespaces of before 2021. What is in them, zim_test.go says."""

import gzip
import hashlib
import lzma
import os
import struct

from libzim.writer import Compression, Creator, Hint, Item, StringProvider


class Page(Item):
    def __init__(self, path, title, content, mime="text/html", front=True):
        super().__init__()
        self.path, self.title, self.content, self.mime, self.front = path, title, content, mime, front

    def get_path(self):
        return self.path

    def get_title(self):
        return self.title

    def get_mimetype(self):
        return self.mime

    def get_contentprovider(self):
        return StringProvider(self.content)

    def get_hints(self):
        return {Hint.FRONT_ARTICLE: self.front, Hint.COMPRESS: True}


def page(title, body, head=""):
    return f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


TOWER = page("Eiffel Tower", """<div id="mw-content-text" class="mw-parser-output"><h1>Eiffel Tower</h1>
<p>The tower is 330 metres tall.<sup class="reference"><a href="#cite_note-1">[1]</a></sup></p>
<h2>Design<span class="mw-editsection"><a href="edit">[edit]</a></span></h2><p>Gustave Eiffel's company designed it.</p>
<div class="navbox"><a href="Paris">Paris</a> towers</div></div>
<div class="zim-footer">This article is issued from <a class="external text" href="https://en.wikipedia.org/wiki/Eiffel_Tower?oldid=1">Wikipedia</a>. The text is licensed under Creative Commons.</div>""")
PARIS = page("Paris", "<h1>Paris</h1><p>Paris is the capital of France.</p>", '<link rel="canonical" href="https://en.wikipedia.org/wiki/Paris">')


def write(name, compression, front):
    with Creator(name).config_compression(compression).config_clustersize(1024) as c:
        c.set_mainpath("Paris")
        c.add_item(Page("Eiffel_Tower", "Eiffel Tower", TOWER, front=front))
        c.add_item(Page("Paris", "", PARIS, front=front))
        c.add_item(Page("frame.html", "A frame", page("Frame", "<p>Part of a page.</p>"), front=False))
        c.add_item(Page("style.css", "", "p { margin: 0 }", "text/css", False))
        c.add_item(Page("manual.pdf", "Manual", "%PDF-1.4", "application/pdf", front))
        c.add_redirection("Tour_Eiffel", "Tour Eiffel", "Eiffel_Tower", {Hint.FRONT_ARTICLE: front})
        c.add_redirection("La_Tour", "La Tour", "Tour_Eiffel", {Hint.FRONT_ARTICLE: front})
        c.add_alias("City_of_Light", "City of Light", "Paris", {Hint.FRONT_ARTICLE: False})
        for key, value in {
            "Title": "Two places", "Language": "eng", "Date": "2026-11-01", "Creator": "Wikipedia", "License": "CC BY-SA 4.0",
            "Source": "en.wikipedia.org", "Scraper": "mwoffliner 1.14", "Name": "places", "Publisher": "Parley", "Description": "Two places",
        }.items():
            c.add_metadata(key, value)


write("new.zim", Compression.zstd, True)
with open("new.zim", "rb") as f, open("new.zim.gz", "wb") as out:  # its index of titles is mostly empty
    out.write(gzip.compress(f.read(), 9, mtime=0))
os.remove("new.zim")
write("plain.zim", Compression.none, False)


def cluster(blobs, kind):
    width = "<Q" if kind & 16 else "<I"
    at = struct.calcsize(width) * (len(blobs) + 1)
    head = b""
    for b in blobs:
        head += struct.pack(width, at)
        at += len(b)
    data = head + struct.pack(width, at) + b"".join(blobs)
    if kind & 15 == 4:
        data = lzma.compress(data, check=lzma.CHECK_CRC32)
    return bytes([kind]) + data


def old():
    mimes = ["text/html", "text/plain"]
    clusters = [
        cluster([TOWER.encode(), PARIS.encode()], 4),
        cluster([b"Old places", b"fra"], 17),
        cluster([page("Lyon", "<p>Lyon is on the Rhône.</p>").encode()], 20),
    ]
    redirect = 0xFFFF
    entries = sorted([  # namespace, path, title, type, cluster or what it leads to, blob
        ("A", "Eiffel_Tower.html", "Eiffel Tower", 0, 0, 0),
        ("A", "Lyon.html", "", 0, 2, 0),
        ("A", "Paris.html", "Paris", 0, 0, 1),
        ("A", "Tour_Eiffel.html", "", redirect, 0, 0),
        ("A", "circle.html", "", redirect, 4, 0),
        ("M", "Language", "", 1, 1, 1),
        ("M", "Title", "", 1, 1, 0),
    ])
    dirents = []
    for space, path, title, mime, where, blob in entries:
        d = struct.pack("<HBcII", mime, 0, space.encode(), 0, where)
        if mime != redirect:
            d += struct.pack("<I", blob)
        dirents.append(d + path.encode() + b"\0" + title.encode() + b"\0")
    body = b"".join(m.encode() + b"\0" for m in mimes) + b"\0"
    at = 80 + len(body)
    paths = b""
    for d in dirents:
        paths += struct.pack("<Q", at)
        at += len(d)
    body += b"".join(dirents)
    path_list = at
    body += paths
    title_list = path_list + len(paths)
    body += b"".join(struct.pack("<I", i) for i in sorted(range(len(entries)), key=lambda i: (entries[i][0], entries[i][2] or entries[i][1])))
    cluster_list = 80 + len(body)
    at = cluster_list + 8 * len(clusters)
    for c in clusters:
        body += struct.pack("<Q", at)
        at += len(c)
    body += b"".join(clusters)
    head = struct.pack("<IHH16sIIQQQQIIQ", 72173914, 5, 0, b"\1" * 16, len(entries), len(clusters), path_list, title_list, cluster_list, 80, 2, 0xFFFFFFFF, 80 + len(body))
    data = head + body
    with open("old.zim", "wb") as f:
        f.write(data + hashlib.md5(data).digest())


old()
