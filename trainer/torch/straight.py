"""A training step as one would write it in PyTorch at first: transformers' model, all
logits, the loss on dense vectors. Prints the loss of the first step and the seconds
of a step.

    python3 straight.py FOLDER BATCH.json STEPS THREADS     (TestSpeed writes BATCH.json)
"""
import json, sys, time
import torch
from transformers import AutoModelForMaskedLM

folder, batch, steps, threads = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
model = AutoModelForMaskedLM.from_pretrained(folder).eval()  # eval: no dropout, as there
opt = torch.optim.AdamW(model.parameters(), lr=1e-5)
V = model.config.vocab_size
ids = torch.tensor(batch["ids"])
mask = torch.ones_like(ids)
teacher = torch.tensor(batch["teacher"])
docs = torch.zeros(*teacher.shape, V)
for b, list in enumerate(batch["docs"]):
    for c, (terms, weights) in enumerate(list):
        docs[b, c, terms] = torch.tensor(weights)
for i in range(steps + 1):
    if i == 1:
        begin = time.time()
    logits = model(input_ids=ids, attention_mask=mask).logits
    q = (torch.log1p(torch.relu(logits)) * mask[:, :, None]).max(1).values
    s = torch.einsum("bv,bcv->bc", q, docs)
    loss = torch.nn.functional.kl_div(torch.log_softmax(s, -1), torch.log_softmax(teacher, -1), reduction="batchmean", log_target=True)
    if i == 0:
        first = loss.item()
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
    opt.step()
print("%.4f %.4f" % (first, (time.time() - begin) / steps))
