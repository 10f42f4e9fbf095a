"""Texts a second through a dense encoder, onnxruntime's int8 against this package's, in one
run on the same cores with the same token ids, alternating round by round:

    python dense_throughput.py FOLDER MODEL.onnx TEXTS.jsonl[.gz] ... [--lengths 64,128] [--count 200]

FOLDER is what trainer unpack wrote of MODEL.onnx. Every text is cut or filled to a length
in tokens. onnxruntime reads batches, the best of several sizes, with each of its ways to
quantise (dense_onnx.py); compared is the fastest. How near its vectors are to those in
float32 is told beside, since its int8 rounds more coarsely. The Go side reads one text a
call. Needs onnx, onnxruntime, tokenizers and a Go toolchain; measure on a machine that
does nothing else.
"""
import argparse, gzip, json, os, statistics, subprocess, tempfile, time
import numpy as np, onnxruntime
from tokenizers import Tokenizer
from dense_onnx import make

a = argparse.ArgumentParser()
a.add_argument("folder")
a.add_argument("onnx")
a.add_argument("texts", nargs="+")
a.add_argument("--tokenizer", help="tokenizer.json (default: MODEL-tokenizer.json beside MODEL.onnx)")
a.add_argument("--lengths", default="64,128")
a.add_argument("--count", type=int, default=200)
a.add_argument("--rounds", type=int, default=5)
a.add_argument("--threads", type=int, default=2)
a.add_argument("--paths", default="avx512,avxvnni,avx2", help="of package matrix, those that the machine has")
a = a.parse_args()

folder = os.path.abspath(a.folder)
config = json.load(open(folder + "/config.json"))
tok = Tokenizer.from_file(a.tokenizer or a.onnx.removesuffix(".onnx") + "-tokenizer.json")
tok.no_padding()
lines = [l for p in a.texts for l in (gzip.open(p, "rt") if p.endswith(".gz") else open(p))]
everything = [json.loads(lines[i * len(lines) // a.count])["text"] for i in range(a.count)]
here = os.path.dirname(os.path.abspath(__file__))


def ids(text, length):
    body = tok.encode(text, add_special_tokens=False).ids or [100]
    body = (body * (length // len(body) + 1))[:length - 2]
    return [101, *body, 102]


def session(path):
    o = onnxruntime.SessionOptions()
    o.intra_op_num_threads = a.threads
    return onnxruntime.InferenceSession(str(path), o, providers=["CPUExecutionProvider"])


def theirs(s, rows, batch):
    out, start = [], time.perf_counter()
    for i in range(0, len(rows), batch):
        x = np.array(rows[i:i + batch], "<i8")
        out.append(s.run(None, {"input_ids": x, "attention_mask": np.ones_like(x), "token_type_ids": np.zeros_like(x)})[0][:, 0])
    return len(rows) / (time.perf_counter() - start), np.concatenate(out)


def cosine(x, y):
    return float(((x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)).mean())


print("onnxruntime", onnxruntime.__version__, "-", a.threads, "threads - load", os.getloadavg()[0])
with tempfile.TemporaryDirectory() as tmp:
    subprocess.run(["go", "test", "-c", "-o", tmp + "/encoder.test", "."], cwd=here + "/..", check=True)
    files = make(a.onnx, config["num_attention_heads"], config["hidden_size"], tmp)
    for length in map(int, a.lengths.split(",")):
        rows = [ids(t, length) for t in everything]
        with open(tmp + "/ids", "wb") as f:
            for r in rows:
                f.write(np.array([len(r)] + r, "<i4").tobytes())
        _, exact = theirs(session(files[0]), rows[:40], 8)
        best = {}  # of float32 and of int8: (rate, file, batch, cosine)
        for path in files:
            s = session(path)
            theirs(s, rows[:16], 8)
            for batch in (1, 4, 16):
                rate, v = theirs(s, rows[:40], batch)
                kind = path.name[:3]
                if rate > best.get(kind, (0,))[0]:
                    best[kind] = (rate, path, batch, cosine(v, exact))
        sides = {}
        for kind, (_, path, batch, like) in best.items():
            s = session(path)
            sides[f"onnxruntime {path.name}, batch {batch}, cosine {like:.4f}"] = lambda s=s, batch=batch: theirs(s, rows, batch)[0]

        def ours(path):
            out = subprocess.run([tmp + "/encoder.test", "-test.run", "^TestThroughput$", "-test.v", "-ids", tmp + "/ids", "-model", folder, "-path", path,
                                  "-kind", "dense", "-workers", str(a.threads)], cwd=here + "/..", capture_output=True, text=True)
            if out.returncode:
                raise SystemExit(out.stdout + out.stderr)
            return float(next(l for l in out.stdout.splitlines() if "passages/s" in l).split()[-2])

        for p in a.paths.split(","):
            sides["parley " + p] = lambda p=p: ours(p)
        figures = {k: [] for k in sides}
        for _ in range(a.rounds):
            for k, f in sides.items():
                figures[k].append(f())
        base = next(v for k, v in figures.items() if "int8" in k)
        for k, v in figures.items():
            print(f"{length} tokens: {k}: median {statistics.median(v):.1f} texts/s, best {max(v):.1f}; {statistics.median(x / y for x, y in zip(v, base)):.2f} times onnxruntime's int8", flush=True)
print("load", os.getloadavg()[0])
