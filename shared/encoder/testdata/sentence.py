"""Makes the tiny random sentence encoder of the folder sentence and its vectors, as
Hugging Face transformers computes them in float32: the mean of the last hidden
states, brought to length 1 (transformers 5.24.0, torch 2.7.1):  python sentence.py
"""
import json, os, string
import torch
from transformers import BertConfig, BertModel

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sentence")
pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.ascii_lowercase, *("##" + c for c in string.ascii_lowercase)]
torch.manual_seed(1)
m = BertModel(BertConfig(vocab_size=len(pieces), hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40,
                         max_position_embeddings=32, initializer_range=0.4)).eval()
with torch.no_grad():  # biases and norms start at 0 and 1, which would hide mistakes
    for p in m.parameters():
        if p.dim() == 1:
            p.add_(torch.randn_like(p) * 0.3)
m.save_pretrained(here)
with open(os.path.join(here, "vocab.txt"), "w") as f:
    f.write("\n".join(pieces) + "\n")
cases = []
for length in (1, 2, 9, 32):
    ids = torch.randint(0, len(pieces), (1, length))
    with torch.no_grad():
        v = torch.nn.functional.normalize(m(input_ids=ids).last_hidden_state[0].mean(0), dim=0)
    cases.append({"ids": ids[0].tolist(), "vector": [round(x, 6) for x in v.tolist()]})
with open(os.path.join(here, "vectors.json"), "w") as f:
    json.dump(cases, f)
