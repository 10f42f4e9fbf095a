"""The encoder that ships, computed apart from this program: in double precision, with its
int8 weights times their scales, and with activations that nobody rounds.

    python3 shipped.py > shipped.json

It needs Python's standard library alone, and half a minute. TestShippedEncoderAgrees
compares with what it prints.
"""
import array
import json
import math
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(HERE, "..", "..", "..", "models", "splade-tiny")
TEXTS = ["What is the boiling point of water at high altitude?", "Who painted the Mona Lisa?", "What is jazz?"]


def tensors():
    with open(os.path.join(MODEL, "model.safetensors"), "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length))
        data = f.read()
    raw = {}
    for name, t in header.items():
        if name != "__metadata__":
            a = array.array({"F32": "f", "I8": "b"}[t["dtype"]])
            a.frombytes(data[t["data_offsets"][0]:t["data_offsets"][1]])
            raw[name] = (t["shape"], a)
    return raw


RAW = tensors()


def vector(name):
    return list(RAW[name][1])


def row(name, i):
    (_, width), values = RAW[name]
    scale = RAW[name + ".scale"][1][i] if name + ".scale" in RAW else 1
    return [scale * v for v in values[i * width:(i + 1) * width]]


def matrix(name):
    return [row(name, i) for i in range(RAW[name][0][0])]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def linear(x, name):
    weights, bias = matrix(name + ".weight"), vector(name + ".bias")
    return [[dot(w, v) + b for w, b in zip(weights, bias)] for v in x]


def norm(x, name):
    gamma, beta = vector(name + ".gamma"), vector(name + ".beta")
    out = []
    for v in x:
        mean = sum(v) / len(v)
        deviation = math.sqrt(sum((a - mean) ** 2 for a in v) / len(v) + 1e-12)
        out.append([(a - mean) / deviation * g + b for a, g, b in zip(v, gamma, beta)])
    return out


def gelu(x):
    return [[a / 2 * (1 + math.erf(a / math.sqrt(2))) for a in v] for v in x]


def add(x, y):
    return [[a + b for a, b in zip(v, w)] for v, w in zip(x, y)]


def attend(x, layer, heads=2):
    q, k, v = (linear(x, layer + "self." + n) for n in ("query", "key", "value"))
    size = len(x[0]) // heads
    out = [[] for _ in x]
    for h in range(heads):
        part = slice(h * size, (h + 1) * size)
        for i, qi in enumerate(q):
            scores = [dot(qi[part], kj[part]) / math.sqrt(size) for kj in k]
            most = max(scores)
            shares = [math.exp(s - most) for s in scores]
            total = sum(shares)
            out[i] += [sum(s / total * vj[d] for s, vj in zip(shares, v)) for d in range(h * size, (h + 1) * size)]
    return norm(add(linear(out, layer + "output.dense"), x), layer + "output.LayerNorm")


def encode(ids):
    e = "bert.embeddings."
    x = norm([[a + b + c for a, b, c in zip(row(e + "word_embeddings.weight", t), row(e + "position_embeddings.weight", i), row(e + "token_type_embeddings.weight", 0))]
              for i, t in enumerate(ids)], e + "LayerNorm")
    for layer in range(2):
        l = "bert.encoder.layer.%d." % layer
        x = attend(x, l + "attention.")
        x = norm(add(linear(gelu(linear(x, l + "intermediate.dense")), l + "output.dense"), x), l + "output.LayerNorm")
    x = norm(gelu(linear(x, "cls.predictions.transform.dense")), "cls.predictions.transform.LayerNorm")
    weights = {}
    bias = vector("cls.predictions.bias")
    for term in range(len(bias)):
        w = row("bert.embeddings.word_embeddings.weight", term)
        logit = max(dot(w, v) for v in x) + bias[term]
        if logit > 0:
            weights[term] = math.log1p(logit)
    return weights


def main():
    with open(os.path.join(MODEL, "vocab.txt"), encoding="utf-8") as f:
        pieces = f.read().split("\n")
    ids = {p: i for i, p in reversed(list(enumerate(pieces)))}
    out = []
    for text in TEXTS:
        words = text.lower().replace("?", " ?").split()  # all of them are pieces by themselves
        input_ids = [ids[w] for w in ["[CLS]"] + words + ["[SEP]"]]
        weights = encode(input_ids)
        best = sorted(weights, key=weights.get, reverse=True)
        out.append({"text": text, "ids": input_ids, "weights": {str(t): round(weights[t], 6) for t in best}})
        print(text, [pieces[t] for t in best], file=sys.stderr)
    json.dump(out, sys.stdout, indent=1)
    print()


main()
