"""Makes testdata/: small random encoders, and what transformers and PyTorch's own
autograd compute with them.

    python3 golden.py          (torch 2.7.1, transformers, safetensors, numpy)

testdata/{bert,distilbert}   encoders in Hugging Face's layout
testdata/golden.json.gz      the batch, logits, and each loss with all its gradients
"""
import base64, gzip, json, os, shutil
import numpy as np, torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForMaskedLM, DistilBertConfig, DistilBertForMaskedLM

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "testdata")
torch.manual_seed(5)
g = np.random.default_rng(5)
V, H = 48, 8


def f32(t):
    a = np.asarray(t.detach().float().numpy() if torch.is_tensor(t) else t, dtype="<f4")
    return base64.b64encode(a.tobytes()).decode()


def save(model, name):
    folder = os.path.join(out, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with torch.no_grad():  # wide enough that logits differ in sign and size
        for p in model.parameters():
            p.add_(torch.randn_like(p) * 0.35)
    state = {k: v.clone().contiguous() for k, v in model.state_dict().items()
             if "decoder" not in k and k != "vocab_projector.weight" and "position_ids" not in k}
    save_file(state, os.path.join(folder, "model.safetensors"), {"format": "pt"})
    torch.save(state, os.path.join(folder, "pytorch_model.bin"))
    model.config.architectures = [type(model).__name__]
    with open(os.path.join(folder, "config.json"), "w") as f:
        f.write(json.dumps(model.config.to_diff_dict() | {"tie_word_embeddings": True}, indent=1, sort_keys=True))
    return model.eval()


bert = save(BertForMaskedLM(BertConfig(
    vocab_size=V, hidden_size=H, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
    max_position_embeddings=16, type_vocab_size=2)), "bert")
distil = save(DistilBertForMaskedLM(DistilBertConfig(
    vocab_size=V, dim=H, n_layers=2, n_heads=2, hidden_dim=12, max_position_embeddings=16)), "distilbert")

B, C = 3, 4
ids = [g.integers(5, V, n).tolist() for n in (7, 4, 9)]
types = [[0] * 3 + [1] * (len(x) - 3) for x in ids]
docs = [[7, 2, 9, 4], [3, 7, 8, 1], [5, 6, 3, 9]]  # two queries share documents
tokens = {d: g.integers(5, V, int(g.integers(4, 12))).tolist() for d in range(10)}
frozen = {}
for d in range(10):
    terms = sorted(g.choice(V, 20, replace=False).tolist())
    frozen[d] = (terms, g.uniform(.1, 2, len(terms)).astype("f4").tolist())
teacher = g.uniform(2, 9, (B, C)).astype("f4")
weight = g.uniform(0, 2, (B, C)).astype("f4")
tq = []
for b in range(B):
    terms = sorted(g.choice(V, 12, replace=False).tolist())
    tq.append((terms, g.uniform(.1, 2, len(terms)).astype("f4").tolist()))


def dense(terms, w):
    v = torch.zeros(V)
    v[terms] = torch.tensor(w)
    return v


def pad(rows):
    n = max(map(len, rows))
    return torch.tensor([r + [0] * (n - len(r)) for r in rows]), torch.tensor([[1] * len(r) + [0] * (n - len(r)) for r in rows])


def splade(model, rows, kinds=None):
    x, m = pad(rows)
    args = {} if kinds is None or model is distil else {"token_type_ids": pad(kinds)[0]}
    logits = model(input_ids=x, attention_mask=m, **args).logits
    w = torch.log1p(torch.relu(logits)) * m[:, :, None]
    return w.amax(1)


T, TAU, GAMMA = 1.7, .8, 2.0
t, off = torch.tensor(teacher), torch.tensor(weight)


def losses(q, D, weights):
    s = torch.einsum("bv,bcv->bc", q, D)
    lq = torch.log_softmax(s / T + (off if weights else 0), -1)
    lp = torch.log_softmax(t / T + (off if weights else 0), -1)
    p = lp.exp()
    kl = p * (lp - lq)
    yield "kld", kl.sum(1).mean()
    if weights:
        return
    yield "bkl", (kl[:, 0] + (lq.exp() * lq)[:, 1:].sum(1)).mean()
    yield "gkl", ((1 - lq[:, 0].exp()) ** GAMMA * kl[:, 0] + (lq.exp()[:, 1:] ** GAMMA * kl[:, 1:]).sum(1)).mean()
    yield "infonce", -torch.log_softmax(s / TAU, -1)[:, 0].mean()
    for which in "positives", "all":
        loss = 0
        for b in range(B):
            mine = [s[b, c] for c in range(C if which == "positives" else 1)]
            for o in range(B):
                for c in range(1 if which == "positives" else C):
                    if docs[o][c] not in docs[b]:
                        mine.append(q[b] @ D[o, c])
            loss = loss - torch.log_softmax(torch.stack(mine) / TAU, -1)[0] / B
        yield "infonce_" + which, loss
    margin = (s[:, :1] - s[:, 1:]) - (t[:, :1] - t[:, 1:])
    yield "margin_mse", (margin ** 2).mean()
    yield "distance", ((q - torch.stack([dense(*x) for x in tq])) ** 2).sum(1).mean()


def regularisers(q, prefix=""):
    yield prefix + "flops", (q.mean(0) ** 2).sum()
    yield prefix + "l1", q.sum(1).mean()
    yield prefix + "postings", (q * (torch.arange(V) % 7 / 7)).sum(1).mean()
    p = q / q.sum(1, keepdim=True)
    yield prefix + "entropy", -(p * torch.log(p.clamp_min(1e-12))).sum(1).mean()
    yield prefix + "anti_zero", (1 / (q.sum(1) ** 2 + .01)).mean()


def cases(model, train_docs):
    def make(weights):
        q = splade(model, ids, types)
        if train_docs:
            rows = [tokens[d] for list in docs for d in list]
            dv = splade(bert2, rows)
            D = dv.view(B, C, V)
        else:
            D = torch.stack([torch.stack([dense(*frozen[d]) for d in list]) for list in docs])
        found = dict(losses(q, D, weights))
        if not weights:
            found.update(regularisers(q))
            if train_docs:
                found.update(regularisers(dv, "doc_"))
        return found
    return make


def gradients(model, make, names, prefix="", doc=None):
    done = {}
    for name in names:
        for m in filter(None, (model, doc)):
            m.zero_grad()
        loss = make()[name]
        loss.backward()
        grads = {"query." + k: f32(p.grad) for k, p in model.named_parameters() if p.grad is not None and p.requires_grad}
        if doc:
            grads |= {"doc." + k: f32(p.grad) for k, p in doc.named_parameters() if p.grad is not None}
        done[prefix + name] = {"loss": loss.item(), "grads": grads}
    return done


import copy
bert2 = copy.deepcopy(bert)
frozen_case, weighted, both = cases(bert, False), cases(bert, False), cases(bert, True)
names = ["kld", "bkl", "gkl", "infonce", "infonce_positives", "infonce_all", "margin_mse", "distance", "flops", "l1", "postings", "entropy", "anti_zero"]
golden = {
    "ids": ids, "types": types, "docs": docs, "tokens": {str(k): v for k, v in tokens.items()},
    "frozen": {str(k): v for k, v in frozen.items()}, "teacher": teacher.tolist(), "log_weight": weight.tolist(), "teacher_query": tq,
    "temperature": T, "tau": TAU, "gamma": GAMMA,
    "logits": {},
    "bert": gradients(bert, lambda: frozen_case(False), names)
            | gradients(bert, lambda: weighted(True), ["kld"], "weighted_"),
    "distilbert": gradients(distil, lambda: cases(distil, False)(False), ["kld"]),
    "documents": gradients(bert, lambda: both(False), ["kld", "infonce_all", "doc_flops"], doc=bert2),
}
for name, model in ("bert", bert), ("distilbert", distil):
    x = torch.tensor([ids[2]])
    args = {} if model is distil else {"token_type_ids": torch.tensor([types[2]])}
    golden["logits"][name] = f32(model(input_ids=x, **args).logits)

# Five AdamW steps on KLD, clipped, matrices decayed, warm-up by hand.
m = copy.deepcopy(bert)
opt = torch.optim.AdamW([
    {"params": [p for p in m.parameters() if p.dim() == 2], "weight_decay": .1},
    {"params": [p for p in m.parameters() if p.dim() != 2], "weight_decay": 0.}], lr=1e-2, betas=(.9, .98), eps=1e-7)
steps = []
for i in range(5):
    for group in opt.param_groups:
        group["lr"] = 1e-2 * (i + 1)
    opt.zero_grad()
    loss = cases(m, False)(False)["kld"]
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(m.parameters(), .05)
    opt.step()
    steps.append([loss.item(), norm.item()])
golden["adamw"] = {"steps": steps, "weights": {k: f32(p) for k, p in m.named_parameters()}}

with open(os.path.join(out, "golden.json.gz"), "wb") as f:
    with gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(json.dumps(golden).encode())
