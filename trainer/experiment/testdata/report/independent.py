"""What the report of the runs beside this file should say, computed apart from it.

    python3 independent.py > independent.json

It needs Python's standard library alone. Means and deviations are the textbook's. The
randomisation test and the bootstrap are not drawn by chance, but counted out over all
relabellings and all resamples; the report draws 10,000 of either, and report_test.go says
how far that may be off.
"""
import base64
import bisect
import collections
import glob
import gzip
import itertools
import json
import os
import statistics
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = 24


def read():
    rows = collections.defaultdict(list)
    for path in sorted(glob.glob(os.path.join(HERE, "runs", "*.json.gz"))):
        with gzip.open(path) as f:
            run = json.load(f)
        s = run["settings"]
        if s["measure"]["system"] != "student":
            name = {"bm25": "baselines/BM25", "base": "baselines/base | rewrite"}[s["measure"]["system"]]
        elif s["train"].get("l1"):
            name = "l1/l1 %g" % s["train"]["l1"]
        else:
            name = "main/full" if s["train"].get("infonce") else "main/KLD alone"
        rows[name].append(run)
    return rows


def stat(values):
    return {"mean": statistics.fmean(values), "sd": statistics.stdev(values) if len(values) > 1 else 0.0}


def queries(measured, key):
    raw = zlib.decompress(base64.b64decode(measured["per_query"][key]), wbits=-15)
    return [v / 65535 for (v,) in struct.iter_unpack("<H", raw)]


def of_seeds(runs, short, key):
    """The values of each query, means over the seeds."""
    return [statistics.fmean(q) for q in zip(*(queries(r["evaluations"][short], key) for r in runs))]


def convolve(distribution, steps):
    """The distribution after one more summand, which takes each of steps alike often."""
    out = collections.defaultdict(float)
    for total, p in distribution.items():
        for s in steps:
            out[total + s] += p / len(steps)
    return out


def sums(values):
    """The sums of the values with every choice of signs."""
    return [sum(v if s else -v for v, s in zip(values, signs)) for signs in itertools.product((0, 1), repeat=len(values))]


def randomised(differences):
    """The share of the relabellings whose mean is as far from 0: two halves meet."""
    half = len(differences) // 2
    right = sorted(sums(differences[half:]))
    reach = abs(sum(differences))
    if reach == 0:
        return 1.0
    far = 0
    for left in sums(differences[:half]):
        far += len(right) - bisect.bisect_left(right, reach - left) + bisect.bisect_right(right, -reach - left)
    return far / 2 ** len(differences)


def gain(row, baseline, short, key):
    differences = [a - b for a, b in zip(of_seeds(row, short, key), of_seeds(baseline, short, key))]
    # Values of queries are quarters, and seeds one, two or three: so all are multiples of
    # 1/24, but for what 16 bits round off.
    whole = [round(d * UNIT) for d in differences]
    assert all(abs(w - d * UNIT) < 0.01 for w, d in zip(whole, differences))
    resampled = {0: 1.0}
    for _ in whole:
        resampled = convolve(resampled, whole)

    def quantile(share):
        below = 0.0
        for total in sorted(resampled):
            below += resampled[total]
            if below >= share:
                return total / UNIT / len(whole)
    return {"mean": statistics.fmean(differences), "low": quantile(0.025), "high": quantile(0.975), "p": randomised(whole)}


def main():
    rows = read()
    out = {}
    for name, runs in rows.items():
        out[name] = {}
        for short in ("first", "second"):
            if short not in runs[0]["evaluations"]:
                continue
            measured = [r["evaluations"][short] for r in runs]
            e = out[name][short] = {"metrics": {k: stat([m["metrics"][k] for m in measured]) for k in measured[0]["metrics"]}}
            if "cost" in measured[0]:
                e["cost"] = {k: stat([m["cost"][k] for m in measured]) for k in measured[0]["cost"]}
            if name != "main/KLD alone":
                e["gains"] = {k: gain(runs, rows["main/KLD alone"], short, k) for k in ("ndcg_cut_10", "recall_100")}

    def mean(name, short, part, key):
        return statistics.fmean(r["evaluations"][short][part][key] for r in rows[name])

    def against(name, short):
        full = "main/full"
        return {
            "flops_ratio": mean(full, short, "cost", "flops") / mean(name, short, "cost", "flops"),
            "recall100_drop": 1 - mean(name, short, "metrics", "recall_100") / mean(full, short, "metrics", "recall_100"),
            "ndcg10_drop": 1 - mean(name, short, "metrics", "ndcg_cut_10") / mean(full, short, "metrics", "ndcg_cut_10"),
        }
    # The level with the fewest FLOPS on the third set of those that lose at most 1 % of
    # R@100 there and have three seeds.
    levels = [n for n in rows if n.startswith("l1/") and len(rows[n]) == 3 and against(n, "third")["recall100_drop"] <= 0.01]
    level = max(levels, key=lambda n: against(n, "third")["flops_ratio"])
    headline = {"level": level, "chosen": against(level, "third"), "evaluations": {s: against(level, s) for s in ("first", "second")}}
    json.dump({"headline": headline, "rows": out}, sys.stdout, indent=1, sort_keys=True)
    print()


main()
