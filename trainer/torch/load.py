"""Loads a folder by transformers and prints the logits of one input: FOLDER IDS TYPES."""
import json, sys, torch
from transformers import AutoModelForMaskedLM

folder, ids, types = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
model, info = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"], info
args = {} if model.config.model_type == "distilbert" else {"token_type_ids": torch.tensor([types])}
print(json.dumps(model.eval()(input_ids=torch.tensor([ids]), **args).logits.flatten().tolist()))
