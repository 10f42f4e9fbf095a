"""Makes golden.json.gz: runs and qrels, and what trec_eval says of them.

    pip install pytrec-eval-terrier==0.5.11 numpy scipy
    python golden.py

Random cases with many tied scores and graded, zero and negative judgements,
and the edge cases by hand. `mean` is over all judged queries, a query without
an answer counting 0, as trec_eval -c has it. `tests` holds paired values with
the exact p of the randomisation test over all 2^n relabellings.
"""
import gzip, io, itertools, json
import numpy as np
import pytrec_eval

MEASURES = ["recip_rank", "ndcg_cut_3", "ndcg_cut_5", "ndcg_cut_10",
            "recall_5", "recall_10", "recall_100"]
WANTED = {"recip_rank", "ndcg_cut.3,5,10", "recall.5,10,100"}


def measured(run, qrels):
    got = pytrec_eval.RelevanceEvaluator(qrels, WANTED).evaluate(
        {q: d for q, d in run.items() if d})
    zero = dict.fromkeys(MEASURES, 0.0)
    by_query = {q: [got.get(q, zero)[m] for m in MEASURES] for q in qrels}
    mean = list(np.mean(list(by_query.values()), axis=0)) if by_query else []
    return {"run": run, "qrels": qrels, "by_query": by_query, "mean": mean}


rng = np.random.default_rng(1)
cases = []
for case in range(12):
    run, qrels = {}, {}
    for q in range(6):
        # Ids whose order as numbers and as bytes differ, and bytes above 127.
        docs = [f"d{i}" for i in range(150)] + ["é", "z", "Z", "~", "ü1"]
        judged = rng.choice(docs, size=int(rng.integers(1, 40)), replace=False)
        qrels[f"q{q}"] = {d: int(rng.choice([-2, -1, 0, 0, 1, 1, 2, 3, 7])) for d in judged}
        found = rng.choice(docs, size=int(rng.integers(1, len(docs))), replace=False)
        scale = [3, 1000, 1e9][case % 3]  # few distinct scores: ties
        run[f"q{q}"] = {d: float(rng.integers(0, scale)) / 7 for d in found}
    cases.append(measured(run, qrels))

edge_run = {
    "none-relevant": {"a": 2.0, "b": 1.0},
    "all-tied": {f"d{i}": 1.0 for i in range(120)},
    "negative-only": {"a": 2.0, "b": 1.0},
    "negative-scores": {"a": -2.0, "b": -1.0, "c": -1.0},
    "nothing-judged-found": {"x": 1.0},
    "tied-as-float32": {"a": 1.00000001, "b": 1.0, "c": 1.00000002},  # equal once 32 bits wide
    "apart-as-float32": {"a": 1.0000002, "b": 1.0},
    "deep": {f"d{i:03}": 1000.0 - i for i in range(300)},
    "one": {"a": 1.0},
    "unjudged-query": {"a": 1.0},
}
edge_qrels = {
    "none-relevant": {"a": 0, "c": 0},
    "all-tied": {"d7": 1, "d99": 2, "d0": 1},
    "negative-only": {"a": -1, "b": -2},
    "negative-scores": {"a": 1, "b": 0, "c": 2},
    "nothing-judged-found": {"a": 1},
    "tied-as-float32": {"a": 1},
    "apart-as-float32": {"a": 1},
    "deep": {"d150": 1, "d099": 1, "d100": 2},
    "one": {"a": 1},
    "missing": {"a": 1},
}
cases.append(measured(edge_run, edge_qrels))

tests = []
for n in (3, 8, 12):
    a = np.round(rng.random(n), 2)
    b = np.round(np.clip(a + rng.normal(.1, .25, n), 0, 1), 2)
    d = b - a
    sums = np.array([np.dot(s, d) for s in itertools.product([1, -1], repeat=n)])
    tests.append({"a": list(a), "b": list(b),
                  "p": float(np.mean(np.abs(sums) >= abs(d.sum()) - 1e-9))})

out = io.BytesIO()
with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as z:
    z.write(json.dumps({"measures": MEASURES, "cases": cases, "tests": tests}).encode())
open("golden.json.gz", "wb").write(out.getvalue())
