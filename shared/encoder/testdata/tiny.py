"""Makes the tiny random models of this folder and every logit of a few inputs,
as Hugging Face transformers computes them in float32 (transformers 5.23.0,
torch 2.7.1):  python tiny.py
"""
import gzip, json, os, shutil, string
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, DistilBertConfig, DistilBertForMaskedLM

here = os.path.dirname(os.path.abspath(__file__))
pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
pieces += list(string.ascii_lowercase) + ["##" + c for c in string.ascii_lowercase] + list(".,?!-'") + ["the", "tower"]

def bert(**kw):
    # Sizes that no vector width divides, and a head of 10.
    c = dict(vocab_size=len(pieces), hidden_size=20, num_hidden_layers=2, num_attention_heads=2, intermediate_size=37,
             max_position_embeddings=40, type_vocab_size=2, initializer_range=0.4)
    return BertForMaskedLM(BertConfig(**(c | kw)))

def old_names(t):
    return {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v for k, v in t.items()}

def make(name, seed, build, dtype=torch.float32, rename=None, parley=None):
    torch.manual_seed(seed)
    m = build().eval()
    with torch.no_grad():  # biases and norms start at 0 and 1, which would hide mistakes
        for n, p in m.named_parameters():
            if p.dim() == 1:
                p.add_(torch.randn_like(p) * 0.3)
    m = m.to(dtype)
    d = os.path.join(here, name)
    shutil.rmtree(d, ignore_errors=True)
    m.save_pretrained(d)
    f = os.path.join(d, "model.safetensors")
    if rename:
        save_file(rename(load_file(f)), f, metadata={"format": "pt"})
    for extra in os.listdir(d):
        if extra not in ("config.json", "model.safetensors"):
            os.remove(os.path.join(d, extra))
    if parley:
        p = os.path.join(d, "config.json")
        c = json.load(open(p)) | {"parley": parley}
        json.dump(c, open(p, "w"), indent=2, sort_keys=True)
    with open(os.path.join(d, "vocab.txt"), "w") as v:
        v.write("\n".join(pieces) + "\n")

    m = m.float()
    cases = []
    for length in (1, 2, 7, 16, 17, 33, 40):
        ids = torch.randint(0, len(pieces), (1, length))
        kw = {}
        if m.config.model_type == "bert":
            kw["token_type_ids"] = (torch.arange(length)[None] >= (length + 1) // 2).long()
        with torch.no_grad():
            logits = m(input_ids=ids, **kw).logits[0]
        types = kw["token_type_ids"][0].tolist() if kw else [0] * length
        cases.append({"ids": ids[0].tolist(), "types": types, "logits": [[float("%.6f" % x) for x in r] for r in logits.tolist()]})
    with gzip.GzipFile(os.path.join(d, "logits.json.gz"), "w", mtime=0) as z:
        z.write(json.dumps(cases, separators=(",", ":")).encode())

make("bert", 1, bert, rename=old_names, parley={"query_tokens": 32, "history_token_type": 1, "passage_tokens": 256})
make("bert-untied", 2, lambda: bert(tie_word_embeddings=False, hidden_size=32, num_attention_heads=1, num_hidden_layers=1, intermediate_size=64), dtype=torch.bfloat16)
make("distilbert", 3, lambda: DistilBertForMaskedLM(DistilBertConfig(
    vocab_size=len(pieces), dim=24, n_layers=3, n_heads=3, hidden_dim=30, max_position_embeddings=40, initializer_range=0.3)), dtype=torch.float16)
