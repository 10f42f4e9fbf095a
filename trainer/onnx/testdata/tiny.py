"""Makes tiny random encoders as ONNX files, beside what Hugging Face's transformers saves
of the same weights and what onnxruntime makes of a few inputs (torch 2.7.1,
transformers 4.46.3, onnx 1.23.2, onnxruntime 1.32.0):  python tiny.py

Of one BertModel, exported in the ways that are about:
  plain.onnx.gz     opset 11, matrices transposed under new names, norms in pieces
  fused.onnx.gz     opset 20: LayerNormalization, Gelu
  unfolded.onnx.gz  the weights by their own names, transposed when it runs
  pooler.onnx.gz    with its pooler, a Gemm
  half.onnx.gz      float16 weights
  model.safetensors, config.json, vocab.txt, hidden.json
What is refused: int8.onnx.gz, optimised.onnx.gz, distilbert.onnx.gz, gpt2.onnx.gz, relu.onnx.gz
"""
import gzip, json, os, string, tempfile
import numpy as np, onnx, onnxruntime, torch
from onnx import numpy_helper
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.transformers import optimizer
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, GPT2Config, GPT2Model

here = os.path.dirname(os.path.abspath(__file__))
pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.ascii_lowercase]
sizes = dict(vocab_size=len(pieces), hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
             max_position_embeddings=16, initializer_range=0.4, layer_norm_eps=1e-6, attn_implementation="eager")


def random(model, seed):
    torch.manual_seed(seed)
    with torch.no_grad():  # biases and norms start at 0 and 1, which would hide mistakes
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * 0.4 + (1 if p.dim() == 1 else 0))
    return model.eval()


def keep(name, data):
    with open(f"{here}/{name}.onnx.gz", "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(data)
    print(name, len(data))


def export(model, tmp, opset=17, fold=True, types=True, outputs=("last_hidden_state",)):
    ids = torch.tensor([[2, 7, 9, 3]])
    names = ["input_ids", "attention_mask"] + ["token_type_ids"] * types
    args = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    torch.onnx.export(model, (), tmp, kwargs={n: args[n] for n in names}, input_names=names, output_names=list(outputs), opset_version=opset, do_constant_folding=fold,
                      dynamic_axes={n: {0: "batch", 1: "tokens"} for n in names}, dynamo=False)
    return open(tmp, "rb").read()


with tempfile.TemporaryDirectory() as tmp:
    at = tmp + "/x.onnx"
    bert = random(BertModel(BertConfig(**sizes), add_pooling_layer=False), 1)
    bert.save_pretrained(here)
    with open(here + "/vocab.txt", "w") as f:
        f.write("\n".join(pieces) + "\n")
    keep("plain", export(bert, at, opset=11))
    session, cases = onnxruntime.InferenceSession(at), []
    rng = np.random.default_rng(1)
    for length in (1, 2, 9, 16):
        ids = rng.integers(0, len(pieces), (1, length))
        types = rng.integers(0, 2, (1, length))
        out = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types})[0][0]
        cases.append({"ids": ids[0].tolist(), "types": types[0].tolist(), "hidden": [[round(float(x), 5) for x in row] for row in out]})
    with open(here + "/hidden.json", "w") as f:
        json.dump(cases, f)

    export(bert, at, opset=11)
    quantize_dynamic(at, tmp + "/q.onnx")
    keep("int8", open(tmp + "/q.onnx", "rb").read())
    fused = optimizer.optimize_model(at, model_type="bert", num_heads=3, hidden_size=12, opt_level=0)
    keep("optimised", fused.model.SerializeToString())

    keep("fused", export(bert, at, opset=20))
    keep("unfolded", export(bert, at, fold=False))
    half = onnx.load(at)
    for w in half.graph.initializer:
        w.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(w).astype("float16"), w.name))
    keep("half", half.SerializeToString())
    with_pooler = BertModel(BertConfig(**sizes))
    with_pooler.load_state_dict(bert.state_dict(), strict=False)
    keep("pooler", export(with_pooler.eval(), at, outputs=("last_hidden_state", "pooler_output")))

    keep("relu", export(random(BertModel(BertConfig(**sizes, hidden_act="relu"), add_pooling_layer=False), 2), at))
    keep("distilbert", export(random(DistilBertModel(DistilBertConfig(vocab_size=31, dim=12, n_layers=1, n_heads=3, hidden_dim=20, max_position_embeddings=16,
                                                                        attn_implementation="eager")), 3), at, types=False))
    keep("gpt2", export(random(GPT2Model(GPT2Config(vocab_size=31, n_embd=12, n_layer=1, n_head=3, n_positions=16, use_cache=False,
                                                    attn_implementation="eager")), 4), at, types=False))
