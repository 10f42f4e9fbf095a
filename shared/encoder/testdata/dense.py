"""Vectors of texts as onnxruntime computes them in float32 from the ONNX file that a dense
encoder was taken from (trainer unpack), for TestSentenceEqualsOnnxruntime, which runs this:

    python dense.py MODEL.onnx TOKENIZER.json cls|mean COUNT TEXTS.jsonl[.gz] ...

Standard output, little endian, for each text: int32 bytes; the text in UTF-8; int32 n;
int32 ids[n]; int32 dim; float32 vector[dim] of length 1. The texts are COUNT lines spread
evenly over the files (of each its text, or its question), cut at 8 to 256 tokens by the
tokenizers library: every sixth at 8, every sixth at 256.

    python dense.py --golden MODEL.onnx TOKENIZER.json cls|mean OUT.json.gz

writes the vectors of golden, below, texts written for this, read at 256 tokens, for
TestSentenceGolden (onnxruntime 1.32.0, tokenizers 0.20.3; committed: bge-small-en-v1.5's).
"""
import gzip, json, sys
import numpy as np, onnxruntime
from tokenizers import Tokenizer

golden = [
    "how tall is the Eiffel Tower?",
    "How tall is it?",
    "and who designed it, when was it built, which company made it for the world fair?",
    "Why?",
    "is that the same as in 1990, or has it changed since then",
    "Represent this sentence for searching relevant passages: what do otters eat in winter?",
    "Represent this sentence for searching relevant passages: capital of Peru",
    "The question is read newest first; what was said before it follows, each text behind its own marker.",
    "An index holds, for every term, the passages that have it and how much it weighs in each.",
    "Ünïcödé: naïve café, Ångström, Fußball, 東京タワー, Привет, \u0645\u0631\u062d\u0628\u0627 — and an emoji \U0001F9A6.",
    "1,234.56 + 7/8 = ? (approx.) at 12:30 p.m. on 2024-02-29, for $9.99 or €10",
    "go test ./shared/encoder -run 'TestSentence$' && echo ok || exit 1",
    "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "?!?!... --- ***",
    "Tell me more about the second one. I meant the river, not the town; sorry.",
    "Which of the two was first, and by how many years?",
    "No, the other Washington.",
    "Thanks! Now something else: how do I make bread without yeast?",
    "what's the difference between a sparse and a dense vector of a text",
    "Marie Curie took the Nobel Prize twice, in physics and in chemistry, for what she found out about radium.",
    "Most of the Amazon's rain falls again on the forest that breathed it out, some of it five times before it reaches the Andes.",
    "Leaves make sugar of light, water and carbon dioxide, and give off the oxygen that is left over.",
    "In 1789 the king called the Estates General for money; within two months he faced a National Assembly instead.",
    "In a search tree every key to the left of a node is smaller than the node's own, every key to the right larger, so that a look-up goes down one path.",
    "Jazz grew up in New Orleans, out of blues, ragtime and brass bands, and reached Chicago by the river and the railway.",
    "The Pacific is larger than all land together; ships cross it in two weeks, a tsunami in a day.",
    "When prices rise faster than wages, the same month of work buys less at its end than at its beginning.",
    "Beethoven wrote his ninth symphony deaf, and had to be turned around to see the applause.",
    "A game of chess that neither side can win is drawn: by agreement, by stalemate, or because fifty moves went by without a capture.",
]


def vectors(model, tokenizer, pooling, items):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tok = Tokenizer.from_file(tokenizer)
    tok.no_padding()
    for text, cut in items:
        tok.enable_truncation(cut)
        ids = np.array([tok.encode(text).ids], "<i8")
        out = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})[0][0]
        v = (out[0] if pooling == "cls" else out.mean(0)).astype("f8")
        yield text, ids[0], v / np.linalg.norm(v)


def main(args):
    if args[0] == "--golden":
        model, tokenizer, pooling, out = args[1:]
        cases = [{"text": text, "vector": [round(float(x), 5) for x in v]} for text, _, v in vectors(model, tokenizer, pooling, [(t, 256) for t in golden])]
        with open(out, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
            z.write(json.dumps(cases, ensure_ascii=False, separators=(",", ":")).encode())
        return
    model, tokenizer, pooling, count, paths = *args[:3], int(args[3]), args[4:]
    lines = [l for p in paths for l in (gzip.open(p, "rt") if p.endswith(".gz") else open(p))]
    rows = [json.loads(lines[i * len(lines) // count]) for i in range(count)]
    texts = [r.get("text") or r["turns"][-1]["question"] for r in rows]
    cuts = [8, 16, 33, 64, 130, 256]
    for text, ids, v in vectors(model, tokenizer, pooling, [(t, cuts[i % 6]) for i, t in enumerate(texts)]):
        b = text.encode()
        sys.stdout.buffer.write(np.array([len(b)], "<i4").tobytes() + b + np.array([len(ids), *ids], "<i4").tobytes() +
                                np.array([len(v)], "<i4").tobytes() + v.astype("<f4").tobytes())


main(sys.argv[1:])
