"""Passages a second, PyTorch float32 against this package, in one run on the
same cores with the same token ids, alternating round by round:

    python throughput.py MODEL_FOLDER PASSAGES.jsonl[.gz] ... [--count 600]

Both sides get token ids and give sparse vectors. PyTorch reads batches sorted by
length, the best of several batch sizes, and pools as lean as it can; the Go side
reads one passage a call and finds the winning tokens, too. Run from anywhere;
needs torch, transformers, tokenizers and a Go toolchain.

Where other work disturbs the machine, compare passages a CPU second, with
--threads 1 --cpu: PyTorch's threads spin while they wait.
"""
import argparse, gzip, json, os, resource, statistics, subprocess, tempfile, time
import numpy as np, torch
from tokenizers import Tokenizer
from transformers import AutoModelForMaskedLM

a = argparse.ArgumentParser()
a.add_argument("model")
a.add_argument("passages", nargs="+")
a.add_argument("--count", type=int, default=600)
a.add_argument("--rounds", type=int, default=5)
a.add_argument("--threads", type=int, default=os.cpu_count())
a.add_argument("--cpu", action="store_true", help="count CPU seconds, not seconds")
a.add_argument("--paths", default="avx512,avxvnni,avx2,avx512/float")
a = a.parse_args()

lines = [l for p in a.passages for l in (gzip.open(p, "rt") if p.endswith(".gz") else open(p))]
tok = Tokenizer.from_file(a.model + "/tokenizer.json")
tok.no_padding()
tok.enable_truncation(256)
ids = [tok.encode(json.loads(lines[i * len(lines) // a.count])["text"]).ids for i in range(a.count)]
print(f"{a.count} passages, {sum(map(len, ids)) / a.count:.0f} tokens on average, {a.threads} threads")

torch.set_num_threads(a.threads)
model = AutoModelForMaskedLM.from_pretrained(a.model, dtype=torch.float32).eval()
order = sorted(ids, key=len)

@torch.inference_mode()
def pytorch(batch):
    clock = time.process_time if a.cpu else time.perf_counter
    start = clock()
    for i in range(0, len(order), batch):
        some = order[i:i + batch]
        width = max(map(len, some))
        x = torch.tensor([s + [0] * (width - len(s)) for s in some])
        mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s in some])
        logits = model(input_ids=x, attention_mask=mask).logits
        logits.masked_fill_(mask[:, :, None] == 0, 0)
        best = logits.amax(1).relu_().log1p_()
        for row in best:
            row.nonzero()
    return len(order) / (clock() - start)

here = os.path.dirname(os.path.abspath(__file__))
with tempfile.TemporaryDirectory() as tmp:
    subprocess.run(["go", "test", "-c", "-o", tmp + "/encoder.test", "."], cwd=here + "/..", check=True)
    for name, some in ("ids", ids), ("none", []):
        with open(tmp + "/" + name, "wb") as f:
            for s in some:
                f.write(np.array([len(s)] + s, "<i4").tobytes())

    def run(path, name):
        path, _, kind = path.partition("/")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run([tmp + "/encoder.test", "-test.run", "^TestThroughput$", "-test.v", "-ids", tmp + "/" + name, "-model", a.model,
                              "-path", path, "-kind", kind or "int8", "-workers", str(a.threads)], cwd=here + "/..", check=True, capture_output=True, text=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return float(next(l for l in out.splitlines() if "passages/s" in l).split()[-2]), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def parley(path):
        rate, cpu = run(path, "ids")
        return len(ids) / (cpu - run(path, "none")[1]) if a.cpu else rate  # less what loading takes

    pytorch(16)
    batch = max((1, 4, 8, 16, 32), key=pytorch)
    sides = {f"PyTorch float32, batch {batch}": lambda: pytorch(batch)}
    for p in a.paths.split(","):
        sides["parley " + p] = lambda p=p: parley(p)
    figures = {k: [] for k in sides}
    for r in range(a.rounds):
        for k, f in sides.items():
            figures[k].append(f())
        print(f"round {r + 1}: " + "; ".join(f"{k} {v[-1]:.0f}" for k, v in figures.items()), flush=True)
    base = next(iter(figures.values()))
    for k, v in figures.items():
        print(f"{k}: median {statistics.median(v):.0f} passages/{'CPU second' if a.cpu else 's'}, {statistics.median(x / y for x, y in zip(v, base)):.2f} times PyTorch (median of the rounds' ratios)")
