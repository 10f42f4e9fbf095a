"""ONNX files of a dense encoder in the kinds of arithmetic that onnxruntime has, for
dense_throughput.py and wasm/kernel/bench:  python dense_onnx.py MODEL.onnx HEADS HIDDEN OUT

    f32.onnx         as it is             f32-fused.onnx   through onnxruntime's transformer optimizer
    int8*.onnx       quantize_dynamic of both, QInt8 and QUInt8, per tensor and per channel
    list.json        their names

Needs onnx and onnxruntime.
"""
import json, pathlib, shutil, sys
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers import optimizer


def make(source, heads, hidden, out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, out / "f32.onnx")
    optimizer.optimize_model(source, model_type="bert", num_heads=heads, hidden_size=hidden, opt_level=1).save_model_to_file(str(out / "f32-fused.onnx"))
    models = ["f32.onnx", "f32-fused.onnx"]
    quant_pre_process(source, str(out / "prepared.onnx"), skip_symbolic_shape=True)
    for base, name in (("prepared", ""), ("f32-fused", "-fused")):
        for kind, suffix in ((QuantType.QInt8, "s"), (QuantType.QUInt8, "u")):
            for per_channel in (False, True):
                file = f"int8{name}-{suffix}{'-channel' if per_channel else ''}.onnx"
                quantize_dynamic(str(out / f"{base}.onnx"), str(out / file), weight_type=kind, per_channel=per_channel,
                                 extra_options={"DefaultTensorType": TensorProto.FLOAT})
                models.append(file)
    (out / "prepared.onnx").unlink()
    (out / "list.json").write_text(json.dumps(models))
    return [out / m for m in models]


if __name__ == "__main__":
    for path in make(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]):
        print(path.name, path.stat().st_size)
