"""Turns a published collection into BEIR's corpus form, which `trainer train` reads:

    python passages.py full_wiki_segments.tsv --keep mistral.json > passages.jsonl
    python passages.py collection-paragraph/*.jsonl --keep train.jsonl --every 40 > passages.jsonl

Reads TSV of id, text, title (TopiOCQA) and JSON lines of id, contents (QReCC), plain or
gzip. Keeps the passages that the files of --keep name, rankings {query: {passage: score}},
TREC runs or examples with positives, and of the others every N-th; without either, all.
"""
import argparse, gzip, json, re, sys

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("collection", nargs="+")
arguments.add_argument("--keep", nargs="*", default=[], help="rankings or examples whose passages are kept")
arguments.add_argument("--every", type=int, default=0, help="keep every N-th of the others")
a = arguments.parse_args()


def reading(path):
    with open(path, "rb") as f:
        gzipped = f.read(2) == b"\x1f\x8b"
    return (gzip.open if gzipped else open)(path, "rt", encoding="utf-8", newline="\n")


def lines(path):
    with reading(path) as f:
        yield from f


KEY_OF_NUMBER = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*-?[0-9]')


def inner_keys(path):
    """The keys of numbers in one large JSON object, which is read a piece at a time."""
    rest = ""
    with reading(path) as f:
        while piece := f.read(1 << 24):
            rest += piece
            end = max(rest.rfind(between) for between in (',"', ', "', ",\n")) + 1  # never within a key
            for key in KEY_OF_NUMBER.findall(rest[:end]):
                yield json.loads(f'"{key}"')
            rest = rest[end:]
    for key in KEY_OF_NUMBER.findall(rest):
        yield json.loads(f'"{key}"')


kept = set()
for path in a.keep:
    with reading(path) as f:
        start = f.read(5)
    if start == '{"id"':
        for line in lines(path):
            kept.update(json.loads(line).get("positives", []))
    elif start[:1] == "{":
        kept.update(inner_keys(path))
    else:
        kept.update(line.split()[2] for line in lines(path) if len(line.split()) == 6)
if a.keep and not kept:
    sys.exit(f"{', '.join(a.keep)}: no passage is named there")

others, found = 0, 0
for path in a.collection:
    for n, line in enumerate(lines(path)):
        if line.startswith("{"):
            r = json.loads(line)
            r = {"_id": str(r["id"]), "text": r["contents"]}
        else:
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 3:
                sys.exit(f"{path}:{n + 1}: wanted id, text and title, with tabs between, or a JSON object")
            if n == 0 and fields[0] == "id":
                continue
            r = {"_id": fields[0], "title": fields[2].replace(" [SEP] ", ": "), "text": fields[1]}
        if r["_id"] in kept:
            found += 1
        elif kept or a.every:
            others += 1
            if not a.every or others % a.every:
                continue
        print(json.dumps(r, ensure_ascii=False))
if found < len(kept):
    print(f"{len(kept) - found} of {len(kept)} passages that were to be kept are not in the collection", file=sys.stderr)
