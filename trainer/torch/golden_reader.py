"""Makes testdata/reader.json.gz: what PyTorch and its own autograd compute of a reader's
logits, losses and gradients. The reader is testdata/bare, of which the first layer and
the embeddings are frozen, with two heads.

    python3 golden_reader.py    (torch 2.7.1, safetensors, numpy)
"""
import base64, gzip, json, os
import numpy as np, torch
import torch.nn.functional as F
from safetensors.torch import load_file

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "testdata")
g = np.random.default_rng(12)
config = json.load(open(os.path.join(out, "bare", "config.json")))
H, HEADS = config["hidden_size"], config["num_attention_heads"]
w = load_file(os.path.join(out, "bare", "model.safetensors"))
heads = {n + "." + k: torch.tensor(g.normal(0, .5, s).astype("f4")) for n in ("relevance", "sentence") for k, s in (("weight", (1, H)), ("bias", 1))}
w |= heads
trained = {k: v.requires_grad_() for k, v in w.items() if k.startswith("encoder.layer.1.") or k in heads}

# Example 0 has two relevant passages and another; 1 one of each; 2 nothing relevant.
example = [0, 0, 0, 1, 1, 2, 2]
relevant = [True, False, True, True, False, False, False]
ids = [g.integers(5, config["vocab_size"], n).tolist() for n in (9, 7, 12, 10, 6, 8, 5)]
types = [[0] * 3 + [1] * (len(x) - 3) for x in ids]
# Of pair 2 one of three sentences answers, of pair 3 two of three. Pair 0 has one sentence,
# which tells nothing; pair 1 is not relevant.
sentences = [[[4, 8]], [[3, 6]], [[3, 5], [5, 6], [8, 11]], [[4, 6], [6, 8], [8, 9]], [], [], []]
right = [[True], [False], [False, True, False], [True, False, True], [], [], []]


def linear(x, name):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(x, name):
    return F.layer_norm(x, (H,), w[name + ".weight"], w[name + ".bias"], config["layer_norm_eps"])


def hidden(ids, types):
    e = "embeddings."
    x = norm(w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][:len(ids)] + w[e + "token_type_embeddings.weight"][types], e + "LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        p = "encoder.layer.%d." % layer
        q, k, v = (linear(x, p + "attention.self." + n).reshape(len(ids), HEADS, -1).transpose(0, 1) for n in ("query", "key", "value"))
        a = torch.softmax(q @ k.transpose(1, 2) / (H / HEADS) ** .5, -1) @ v
        x = norm(x + linear(a.transpose(0, 1).reshape(len(ids), H), p + "attention.output.dense"), p + "attention.output.LayerNorm")
        x = norm(x + linear(F.gelu(linear(x, p + "intermediate.dense")), p + "output.dense"), p + "output.LayerNorm")
    return x


def logits():
    x = [hidden(i, t) for i, t in zip(ids, types)]
    return torch.stack([linear(h[0], "relevance")[0] for h in x]), [[linear(h[a:b].mean(0), "sentence")[0] for a, b in s] for h, s in zip(x, sentences)]


def chosen(x, y):
    return torch.logsumexp(x, 0) - torch.logsumexp(x[y], 0)


rel, sent = logits()
y, of = torch.tensor(relevant), torch.tensor(example)
parts = {
    "pairs": F.binary_cross_entropy_with_logits(rel, y.float()),
    "list": torch.stack([chosen(rel[of == e], y[of == e]) for e in (0, 1)]).mean(),
    "sentences": torch.stack([chosen(torch.stack(sent[i]), torch.tensor(right[i])) for i in (2, 3)]).mean(),
}
loss = sum(parts.values())
loss.backward()


def f32(t):
    return base64.b64encode(np.asarray(t.detach().numpy(), dtype="<f4").tobytes()).decode()


result = {"ids": ids, "types": types, "example": example, "relevant": relevant, "sentences": sentences, "right": right,
          "heads": {k: f32(v) for k, v in heads.items()}, "relevance": f32(rel), "sentence": [[float(v) for v in s] for s in sent],
          "parts": {k: v.item() for k, v in parts.items()}, "loss": loss.item(), "grads": {k: f32(v.grad) for k, v in trained.items()}}
with gzip.GzipFile(os.path.join(out, "reader.json.gz"), "wb", mtime=0) as f:
    f.write(json.dumps(result, sort_keys=True).encode())
