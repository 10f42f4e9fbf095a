"""Prints words that are no misspellings, one a line, for `go run ./models/build --known words.txt`.

    apt-get download wamerican wbritish        # SCOWL's lists of common size, 2020.12.07
    for d in *.deb; do dpkg -x $d lists; done
    pip install wordfreq==3.1.1
    python models/build/known.py lists/usr/share/dict models/splade-tiny/vocab.txt > words.txt

A word is known if it is more frequent in wordfreq's English than misspellings are (FREQUENT).
A rarer one, down to another bound for names and one for the words of SCOWL, is known unless
wordfreq has a word a hundred times as frequent that is one edit away (calender, which is also
a machine). Words that the encoder has as one piece are known anyway.
"""

import sys

from wordfreq import top_n_list, zipf_frequency

FREQUENT = 3.0  # zipf: log10 of the occurrences in a billion words
NAMES = 2.75
RARE = 2.0  # SCOWL's words below it are seldom asked about
APART = 2.0

folder, vocabulary = sys.argv[1:]
pieces = {line.strip() for line in open(vocabulary, encoding="utf-8")}


def wanted(word):
    return word.isascii() and word.isalpha() and 5 <= len(word) <= 20 and word not in pieces


def zipf(word):
    return zipf_frequency(word, "en")


def edits(word):
    letters = "abcdefghijklmnopqrstuvwxyz"
    for i in range(len(word) + 1):
        for c in letters:
            yield word[:i] + c + word[i:]
            yield word[:i] + c + word[i + 1 :]
        yield word[:i] + word[i + 1 :]
        yield word[:i] + word[i + 1 : i + 2] + word[i : i + 1] + word[i + 2 :]


def alone(word):
    own = zipf(word)
    return own >= FREQUENT or max(zipf(e) for e in edits(word) if e != word) < own + APART


words = {w for w in top_n_list("en", 400000) if wanted(w) and zipf(w) >= NAMES}
for name in ["american-english", "british-english"]:
    for line in open(f"{folder}/{name}", encoding="utf-8"):
        word = line.strip().lower()
        if wanted(word) and zipf(word) >= RARE:
            words.add(word)
print("\n".join(sorted(filter(alone, words))))
