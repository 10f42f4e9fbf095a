"""Measures bmp (Mallia, Suel and Tonellotto 2024, exact) and Seismic (Bruch and others 2024,
at recall .99 of the best ten) on what `go run ./site/growth --ciff FOLDER` wrote:

    python3 -m pip install bmp==0.2.8 pyseismic-lsr==0.5.4 numpy
    python3 site/growth/rivals.py FOLDER

One thread each, the median time of a question over three rounds, in milliseconds. Run it in
the same quiet minutes as growth itself.
"""
import json, os, statistics, sys, time


def varint(b, p):
    v = shift = 0
    while True:
        c = b[p]
        p += 1
        v |= (c & 127) << shift
        shift += 7
        if c < 128:
            return v, p


def message(b):
    """The fields of a protocol buffer's message: (number, value)."""
    p = 0
    while p < len(b):
        tag, p = varint(b, p)
        if tag & 7 == 0:
            v, p = varint(b, p)
        elif tag & 7 == 1:
            v, p = b[p:p + 8], p + 8
        else:
            n, p = varint(b, p)
            v, p = b[p:p + n], p + n
        yield tag >> 3, v


def vectors(path):
    """The documents of a CIFF file: [{term: impact}]."""
    data = memoryview(open(path, "rb").read())
    n, p = varint(data, 0)
    header = dict(message(data[p:p + n]))
    p += n
    docs = [([], []) for _ in range(header[6] if 6 in header else header[3])]
    for _ in range(header[2]):
        n, p = varint(data, p)
        term, doc = None, 0
        for number, v in message(data[p:p + n]):
            if number == 1:
                term = bytes(v).decode()
            elif number == 4:
                fields = dict(message(v))
                doc += fields.get(1, 0)
                docs[doc][0].append(term)
                docs[doc][1].append(fields.get(2, 0))
        p += n
    return docs


def median(ask, queries):
    times = []
    for _ in range(3):
        for q in queries:
            begin = time.perf_counter()
            ask(q)
            times.append(time.perf_counter() - begin)
    return round(1000 * statistics.median(times), 3)


def recall(found, queries, k=10):
    return sum(len(set(found(q)) & set(q["best"][:k])) / max(1, len(q["best"][:k])) for q in queries) / len(queries)


def bmp(folder, queries):
    import bmp
    at = os.path.join(folder, "index.bmp")
    if not os.path.exists(at):
        bmp.ciff2bmp(os.path.join(folder, "index.ciff"), at, 32, True)
    s = bmp.Searcher(at)
    scale = max(w for q in queries for w in q["v"].values()) / 255 or 1  # bmp keeps small whole numbers
    for q in queries:
        q["bmp"] = {t: w / scale for t, w in q["v"].items()}
    out = {"bytes": os.path.getsize(at)}
    for k in (10, 100):
        out[f"ms {k}"] = median(lambda q: s.search(q["bmp"], k, 1.0, 1.0), queries)
    out["recall 10"] = recall(lambda q: [int(d) for d in s.search(q["bmp"], 10, 1.0, 1.0)[0]], queries)
    return out


def seismic(folder, queries):
    import numpy
    from seismic import SeismicDataset, SeismicIndex
    text = "U30"
    data = SeismicDataset()
    for i, (terms, impacts) in enumerate(vectors(os.path.join(folder, "index.ciff"))):
        data.add_document(str(i), numpy.array(terms, dtype=text), numpy.array(impacts, dtype=numpy.float32))
    begin = time.perf_counter()
    x = SeismicIndex.build_from_dataset(data, num_threads=1)
    built = time.perf_counter() - begin
    for q in queries:
        q["terms"] = numpy.array(list(q["v"]), dtype=text)
        q["weights"] = numpy.array(list(q["v"].values()), dtype=numpy.float32)
    for cut in (5, 8, 12, 16, 24, 32, 48, 64):
        for factor in (1.0, .9, .8, .7, .5, .3, 0.):
            search = lambda q, k=10: x.search("q", q["terms"], q["weights"], k, cut, factor)
            got = recall(lambda q: [int(h[2]) for h in search(q)], queries)
            if got >= .99:
                return {"ms 10": median(search, queries), "recall 10": round(got, 4), "query_cut": cut, "heap_factor": factor, "build_seconds": round(built, 1)}
    return {"recall 10": got, "note": "no setting reached .99"}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name in sorted(os.listdir(sys.argv[1]), key=int):
        folder = os.path.join(sys.argv[1], name)
        queries = [q for q in map(json.loads, open(os.path.join(folder, "queries.jsonl"))) if q["best"]]
        for engine in (bmp, seismic):
            try:
                print(json.dumps({"docs": int(name), "engine": engine.__name__, **engine(folder, queries)}), flush=True)
            except ImportError as e:
                print(f"{engine.__name__}: {e}; see the head of this file", file=sys.stderr)


main()
