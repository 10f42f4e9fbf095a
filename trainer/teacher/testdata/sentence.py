"""Makes the tiny random sentence encoder of the folder sentence, over the vocabulary
of this one (transformers 5.24.0, torch 2.7.1):  python sentence.py
"""
import os, shutil
import torch
from transformers import BertConfig, BertModel

here = os.path.dirname(os.path.abspath(__file__))
vocab = os.path.join(here, "vocab.txt")
torch.manual_seed(2)
m = BertModel(BertConfig(vocab_size=sum(1 for _ in open(vocab)), hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                         intermediate_size=16, max_position_embeddings=16, initializer_range=0.4))
m.save_pretrained(os.path.join(here, "sentence"))
shutil.copy(vocab, os.path.join(here, "sentence"))
