"""What the tiny reader of TestReader says, as PyTorch computes it in float32: the sentence
encoder of the folder sentence, its first layer, two layers that a formula makes, and two
heads (torch 2.7.1, safetensors):  python reader.py > reader.json
"""
import json, math, os
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sentence")
w = load_file(os.path.join(here, "model.safetensors"))
vocab = {p: i for i, p in enumerate(open(os.path.join(here, "vocab.txt")).read().split())}
H, I, HEADS, LOWER, QUERY, PASSAGE = 24, 40, 2, 1, 12, 20


def made(seed, size, *shape):
    """Numbers that look random: the fraction of a large multiple of a sine."""
    n = math.prod(shape)
    def one(i):
        x = math.sin(i * 12.9898 + seed * 78.233) * 43758.5453
        return size * (2 * (x - math.floor(x)) - 1)
    return torch.tensor([one(i) for i in range(n)], dtype=torch.float64).float().reshape(shape)


seed = 0
for layer in (1, 2):
    p = "encoder.layer.%d." % layer
    for name, rows, columns in (("attention.self.query", H, H), ("attention.self.key", H, H), ("attention.self.value", H, H),
                                ("attention.output.dense", H, H), ("intermediate.dense", I, H), ("output.dense", H, I)):
        w[p + name + ".weight"], w[p + name + ".bias"] = made(seed, .6, rows, columns), made(seed + 1, .3, rows)
        seed += 2
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        w[p + name + ".weight"], w[p + name + ".bias"] = 1 + made(seed, .3, H), made(seed + 1, .3, H)
        seed += 2
for name in ("relevance", "sentence"):
    w[name + ".weight"], w[name + ".bias"] = made(seed, .5, 1, H), made(seed + 1, .5, 1)
    seed += 2


def linear(x, name):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(x, name):
    return F.layer_norm(x, (H,), w[name + ".weight"], w[name + ".bias"], 1e-12)


def hidden(ids, types):
    e = "embeddings."
    x = norm(w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][:len(ids)] + w[e + "token_type_embeddings.weight"][types], e + "LayerNorm")
    for layer in range(3):
        p = "encoder.layer.%d." % layer
        q, k, v = (linear(x, p + "attention.self." + n).reshape(len(ids), HEADS, -1).transpose(0, 1) for n in ("query", "key", "value"))
        a = F.scaled_dot_product_attention(q[None], k[None], v[None])[0].transpose(0, 1).reshape(len(ids), H)
        x = norm(x + linear(a, p + "attention.output.dense"), p + "attention.output.LayerNorm")
        x = norm(x + linear(F.gelu(linear(x, p + "intermediate.dense")), p + "output.dense"), p + "output.LayerNorm")
    return x


def pieces(text):
    return [vocab[("##" if i else "") + c] for word in text.lower().split() for i, c in enumerate(word)]


CLS, SEP = vocab["[CLS]"], vocab["[SEP]"]
out = []
for questions, title, sentences in (
    (["who is it"], "", ["It is I"]),                                       # without a title
    (["old", "and who"], "Me", ["It is I", "No", "Oh my"]),              # a history, and three sentences
    (["how are you"], "A title", ["abcdef ghij", "klm nopq", "rst", "uv"]), # cut within the third
):
    ids = [CLS]
    for q in reversed(questions):
        ids += pieces(q) + [SEP]
    assert len(ids) <= QUERY
    types = [0] * len(ids)
    passage, of = pieces(title), []
    of += [-1] * len(passage)
    for i, s in enumerate(sentences):
        passage += pieces(s)
        of += [i] * len(pieces(s))
    passage, of = passage[:PASSAGE - 1], of[:PASSAGE - 1]
    of = [-1] * len(ids) + of
    ids, types = ids + passage + [SEP], types + [1] * (len(passage) + 1)
    x = hidden(torch.tensor(ids), torch.tensor(types))
    logits = []
    for i in range(len(sentences)):
        rows = [k for k, n in enumerate(of) if n == i]
        logits.append(round(float(linear(x[rows].mean(0), "sentence")), 5) if rows else None)
    out.append({"questions": questions, "title": title, "sentences": sentences, "tokens": len(ids),
                "relevance": round(float(linear(x[0], "relevance")), 5), "logits": logits})
print("[" + ",\n ".join(json.dumps(c) for c in out) + "]")
