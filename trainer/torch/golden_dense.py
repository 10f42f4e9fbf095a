"""Makes testdata/bare and testdata/dense.json.gz: a small BertModel, and what
transformers and PyTorch's own autograd compute of a dense student's losses with it.

    python3 golden_dense.py    (torch, transformers, safetensors, numpy)

The model is the body of testdata/bert, which golden.py made.
"""
import base64, gzip, json, os, shutil
import numpy as np, torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "testdata")
g = np.random.default_rng(11)

state = {k[5:]: v for k, v in load_file(os.path.join(out, "bert", "model.safetensors")).items() if k.startswith("bert.")}
config = json.load(open(os.path.join(out, "bert", "config.json"))) | {"architectures": ["BertModel"]}
folder = os.path.join(out, "bare")
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
save_file(state, os.path.join(folder, "model.safetensors"), {"format": "pt"})
json.dump(config, open(os.path.join(folder, "config.json"), "w"), indent=1, sort_keys=True)
model = BertModel(BertConfig(**{k: v for k, v in config.items() if k != "architectures"}, attn_implementation="eager"), add_pooling_layer=False)
missing = model.load_state_dict(state, strict=False)
assert not missing.missing_keys and not missing.unexpected_keys, missing
model.eval()

V, H, B, C, T, TAU = config["vocab_size"], config["hidden_size"], 3, 4, .3, .2
ids = [g.integers(5, V, n).tolist() for n in (7, 4, 9)]
types = [[0] * 3 + [1] * (len(x) - 3) for x in ids]
docs = [[7, 2, 9, 4], [3, 7, 8, 1], [5, 6, 3, 9]]  # two are candidates of others
unit = lambda x: (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype("f4")
passage = {d: unit(g.normal(size=H)) for d in range(10)}
target = unit(g.normal(size=(B, H)))
teacher = g.uniform(.2, .9, (B, C)).astype("f4")


def f32(t):
    return base64.b64encode(np.asarray(t.detach().numpy() if torch.is_tensor(t) else t, dtype="<f4").tobytes()).decode()


def vectors(pooling):
    n = max(map(len, ids))
    x = torch.tensor([r + [0] * (n - len(r)) for r in ids])
    k = torch.tensor([r + [0] * (n - len(r)) for r in types])
    m = torch.tensor([[1] * len(r) + [0] * (n - len(r)) for r in ids])
    h = model(input_ids=x, token_type_ids=k, attention_mask=m).last_hidden_state
    v = h[:, 0] if pooling == "cls" else (h * m[:, :, None]).sum(1) / m.sum(1, keepdim=True)
    return torch.nn.functional.normalize(v, dim=-1)


def losses(q):
    D = torch.tensor(np.stack([[passage[d] for d in row] for row in docs]))
    s = torch.einsum("bh,bch->bc", q, D)
    t = torch.tensor(teacher)
    yield "distance", ((q - torch.tensor(target)) ** 2).sum(1).mean()
    lp, lq = torch.log_softmax(t / T, -1), torch.log_softmax(s / T, -1)
    yield "kld", (lp.exp() * (lp - lq)).sum(1).mean()
    loss = 0
    for b in range(B):
        mine = [s[b, c] for c in range(C)] + [q[b] @ D[o, 0] for o in range(B) if docs[o][0] not in docs[b]]
        loss = loss - torch.log_softmax(torch.stack(mine) / TAU, -1)[0] / B
    yield "infonce", loss


cases = {}
for pooling in "cls", "mean":
    for name, _ in list(losses(vectors(pooling))):
        model.zero_grad()
        loss = dict(losses(vectors(pooling)))[name]
        loss.backward()
        cases[pooling + "_" + name] = {"loss": loss.item(), "grads": {k: f32(p.grad) for k, p in model.named_parameters() if p.grad is not None}}
result = {"ids": ids, "types": types, "docs": docs, "passages": {d: f32(v) for d, v in passage.items()},
          "target": [f32(v) for v in target], "teacher": teacher.astype(float).tolist(), "temperature": T, "tau": TAU,
          "vectors": {p: [f32(v) for v in vectors(p)] for p in ("cls", "mean")}, "cases": cases}
with gzip.GzipFile(os.path.join(out, "dense.json.gz"), "wb", mtime=0) as f:
    f.write(json.dumps(result, sort_keys=True).encode())
