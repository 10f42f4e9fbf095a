"""Vectors of texts as onnxruntime computes them in float32 from the ONNX file that a dense
encoder was taken from (trainer unpack), for TestSentenceEqualsOnnxruntime, which runs this:

    python dense.py MODEL.onnx TOKENIZER.json cls|mean COUNT TEXTS.jsonl[.gz] ...

Standard output, little endian, for each text: int32 bytes; the text in UTF-8; int32 n;
int32 ids[n]; int32 dim; float32 vector[dim] of length 1. The texts are COUNT lines spread
evenly over the files (of each its text, or its question), cut at 8 to 256 tokens by the
tokenizers library: every sixth at 8, every sixth at 256.

    python dense.py --golden MODEL.onnx TOKENIZER.json cls|mean OUT.json.gz

writes the vectors of golden's texts, below: sentences of this project, and the openings of
articles of models/vital-articles, read at 256 tokens; TestSentenceGolden reads them.
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
] + [  # the openings of ten articles
    "Marie Curie was a Polish and naturalised-French physicist and chemist who conducted pioneering research on radioactivity.",
    "The Amazon rainforest is a moist broadleaf tropical rainforest in the Amazon biome that covers most of the Amazon basin of South America.",
    "Photosynthesis is a process used by plants and other organisms to convert light energy into chemical energy.",
    "The French Revolution was a period of radical political and societal change in France that began with the Estates General of 1789.",
    "In computer science, a binary search tree is a rooted binary tree data structure with the key of each internal node being greater than all the keys in its left subtree.",
    "Jazz is a music genre that originated in the African-American communities of New Orleans, Louisiana, in the late 19th and early 20th centuries.",
    "The Pacific Ocean is the largest and deepest of Earth's five oceanic divisions.",
    "Inflation is an increase in the average price of goods and services in terms of money.",
    "Ludwig van Beethoven was a German composer and pianist.",
    "Chess is a board game for two players, played on a square board of 64 squares.",
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
