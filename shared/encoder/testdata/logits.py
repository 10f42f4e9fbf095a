"""Streams every logit of texts, as transformers computes them, for
TestEveryLogitEqualsTransformers, which runs this:

    python logits.py MODEL_FOLDER COUNT TEXTS.jsonl[.gz] ...

Standard output, little endian, for each text: int32 n; int32 ids[n];
int32 types[n]; float32 logits[n][vocab]. The texts are COUNT lines spread
evenly over the files, cut at 8 to 256 tokens; every second one is read with
token type 1 in its second half, where the model has types.
"""
import gzip, json, sys
import numpy as np, torch
from tokenizers import Tokenizer
from transformers import AutoModelForMaskedLM

folder, count, paths = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
lines = [l for p in paths for l in (gzip.open(p, "rt") if p.endswith(".gz") else open(p))]
tok = Tokenizer.from_file(folder + "/tokenizer.json")
tok.no_padding()
model = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
torch.set_num_threads(1)
for i in range(count):
    tok.enable_truncation([8, 16, 33, 64, 130, 256][i % 6])
    ids = tok.encode(json.loads(lines[i * len(lines) // count])["text"]).ids
    n = len(ids)
    types = [int(i % 2 and j >= n // 2) for j in range(n)]
    kw = {"token_type_ids": torch.tensor([types])} if model.config.model_type == "bert" else {}
    if not kw:
        types = [0] * n
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids]), **kw).logits[0].numpy()
    sys.stdout.buffer.write(np.array([n] + ids + types, "<i4").tobytes() + logits.astype("<f4").tobytes())
