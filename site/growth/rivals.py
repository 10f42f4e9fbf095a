"""bmp (Mallia, Suel and Tonellotto 2024, exact) and Seismic (Bruch and others 2024, at recall
.99 of the best ten) for `go run ./site/growth --rivals PYTHON`, which says where they are
asked in turn with Parley. PYTHON has

    python3 -m pip install bmp==0.2.8 pyseismic-lsr==0.5.4 numpy

The folder that is its first argument holds index.ciff for bmp, docs.jsonl for Seismic, and
queries.jsonl; the engines to start are its further arguments. It prints a JSON list of the
engines, and then, for each line "ENGINE DEPTH" that it reads, the seconds of each question,
of processor time on all threads.
"""
import json, multiprocessing, os, resource, sys, time

MINUTES = 15  # of processor time, on one thread, in which an index has to be made
MEMORY = 14  # gigabytes that its making may take: beside what Parley and the other hold


def times(ask, queries):
    out = []
    for q in queries:
        begin = time.process_time()
        ask(q)
        out.append(time.process_time() - begin)
    return out


def recall(found, queries, k=10):
    """The share of what was found that is as good as the k-th best."""
    share = 0
    for q in queries:
        best = q["best"]
        good = {d for d, score in best if score >= best[min(k, len(best)) - 1][1]}
        share += min(1, len(good.intersection(found(q))) / min(k, len(best)))
    return share / len(queries)


def bmp(folder, queries):
    import bmp
    at = os.path.join(folder, "index.bmp")
    bmp.ciff2bmp(os.path.join(folder, "index.ciff"), at, 32, True)
    s = bmp.Searcher(at)
    scale = max(w for q in queries for w in q["v"].values()) / 255 or 1  # it keeps small whole numbers
    for q in queries:
        q["bmp"] = {t: w / scale for t, w in q["v"].items()}
    search = lambda q, k=10: s.search(q["bmp"], k, 1.0, 1.0)
    return search, {"bytes": os.path.getsize(at), "recall_10": recall(lambda q: [int(d) for d in search(q)[0]], queries)}


def build_seismic(folder):
    from seismic import SeismicIndex
    resource.setrlimit(resource.RLIMIT_CPU, (60 * MINUTES, 60 * MINUTES))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY << 30, MEMORY << 30))
    SeismicIndex.build(os.path.join(folder, "docs.jsonl"), load_content=False, num_threads=1).save(os.path.join(folder, "seismic"))


def seismic(folder, queries):
    import numpy
    from seismic import SeismicIndex, get_seismic_string
    text = get_seismic_string()
    building = multiprocessing.get_context("fork").Process(target=build_seismic, args=(folder,))
    building.start()
    building.join()
    if building.exitcode:
        raise ImportError(f"its index was not made in {MINUTES} minutes of processor time and {MEMORY} GiB (exit code {building.exitcode})")
    at = os.path.join(folder, "seismic.index.seismic")
    x = SeismicIndex.load(at)
    for q in queries:
        q["terms"] = numpy.array(list(q["v"]), dtype=text)
        q["weights"] = numpy.array(list(q["v"].values()), dtype=numpy.float32)
    some, settings = queries[::max(1, len(queries) // 40)], []
    for cut in (8, 16, 32, 64):
        for factor in (1., .9, .8, .6, .4, 0.):
            search = lambda q, k=10, cut=cut, factor=factor: x.search("q", q["terms"], q["weights"], k, cut, factor)
            settings.append((sum(times(search, some)), search, f"query_cut {cut}, heap_factor {factor}"))
    got = 0
    for _, search, setting in sorted(settings, key=lambda s: s[0]):
        if recall(lambda q: [int(h[2]) for h in search(q)], some) >= .99:
            got = recall(lambda q: [int(h[2]) for h in search(q)], queries)
            if got >= .99:
                return search, {"bytes": os.path.getsize(at), "recall_10": got, "setting": setting}
    raise ImportError(f"no setting reached a recall of .99 (the last {got:.3f})")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    # Programs that print to the standard output must not be taken for answers.
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    queries = [q for q in map(json.loads, open(os.path.join(sys.argv[1], "queries.jsonl"))) if q["best"]]
    searches, engines = {}, []
    for name in sys.argv[2:]:
        try:
            searches[name], about = {"bmp": bmp, "Seismic": seismic}[name](sys.argv[1], queries)
            engines.append({"engine": name, **about})
        except ImportError as e:
            engines.append({"engine": name, "absent": str(e)})
    print(json.dumps(engines), file=out)
    for line in sys.stdin:
        name, depth = line.split()
        print(json.dumps(times(lambda q: searches[name](q, int(depth)), queries)), file=out)


main()
