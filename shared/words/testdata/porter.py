"""Makes porter.txt.gz: word TAB stem, by Snowball's own Porter stemmer.

    pip install snowballstemmer==3.1.1
    python porter.py WORDS     # a file with a word a line, such as BERT's vocab.txt
"""
import gzip, io, sys
import snowballstemmer

stem = snowballstemmer.stemmer("porter").stemWord
words = {w.strip() for w in open(sys.argv[1], encoding="utf-8")}
words = sorted(w for w in words if w.isascii() and w.isalpha() and w.islower() and len(w) > 2)
out = io.BytesIO()
with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as z:
    z.write("".join(f"{w}\t{stem(w)}\n" for w in words).encode())
open("porter.txt.gz", "wb").write(out.getvalue())
print(len(words), "words")
