#!/usr/bin/env python3
"""Makes what wordpiece_test.go compares with: tokens from Hugging Face's
tokenizers, with the byte range of each.

    pip install tokenizers==0.23.3
    python3 golden.py                      # writes testdata/
    python3 golden.py TEXTFILE OUT.jsonl.gz  # tokens of each line of a file
    PARLEY_GOLDEN=OUT.jsonl.gz go test -count=1 -run Golden .

Special tokens are not declared to the tokenizer, for here "[SEP]" typed by a
person is text; declared, tokenizers would cut it out of the text.

testdata/snippets.jsonl.gz  texts written below and their tokens, to read
testdata/random.crc32       RANDOM texts; a CRC-32 of the tokens of each
testdata/blocks.crc32       every code point, in blocks of 256; likewise

The texts of the last two are made again by wordpiece_test.go.
"""
import functools
import gzip
import json
import os
import re
import struct
import sys
import unicodedata
import zlib
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
VOCAB = os.path.join(HERE, "../../models/splade-tiny/vocab.txt")
RANDOM = 24000

with open(VOCAB, encoding="utf-8", newline="") as f:
    pieces = f.read().rstrip("\n").split("\n")
tokenizer = Tokenizer(models.WordPiece(
    {p: i for i, p in enumerate(pieces)}, unk_token="[UNK]",
    continuing_subword_prefix="##", max_input_chars_per_word=100))
tokenizer.normalizer = normalizers.BertNormalizer(
    clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
normalize = tokenizer.normalizer.normalize_str
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()


def tokens(text):
    """[[id, start, end]], ranges in bytes of UTF-8 (tokenizers counts characters)."""
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    kept = range(len(text))
    if any(is_kept_mark(c) for c in text):
        # Sorting marks (NFD), tokenizers takes a mark's range from the place it
        # is sorted to: in U+302E U+0323 the one it keeps, U+302E, gets the range
        # of the accent it strips. Ours is the mark's own, which tokenizers gives
        # too if the text is without what it would strip.
        kept = [i for i, c in enumerate(text) if normalize(c) != ""]
        text = "".join(text[i] for i in kept)
    e = tokenizer.encode(text, add_special_tokens=False)
    return [[i, at[kept[a]], at[kept[b - 1] + 1]] for i, (a, b) in zip(e.ids, e.offsets)]


@functools.cache
def is_kept_mark(c):
    return any(unicodedata.combining(x) for x in normalize(c))


def crc(text):
    return zlib.crc32(b"".join(struct.pack("<3I", *t) for t in tokens(text)))


# Keep in step with wordpiece_test.go: splitmix64, the alphabets, the order of draws.
class Source:
    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        m = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & m
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & m
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & m
        return (z ^ (z >> 31)) % n


ALPHABETS = [
    (0x61, 0x7A), (0x61, 0x7A), (0x61, 0x7A), (0x41, 0x5A), (0x30, 0x39), (0x21, 0x2F),
    (0x00, 0x7F), (0x80, 0xFF), (0x100, 0x17F), (0x180, 0x24F), (0x250, 0x2FF),
    (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x530, 0x5FF), (0x600, 0x6FF),
    (0x700, 0x8FF), (0x900, 0x97F), (0x980, 0xDFF), (0xE00, 0xFFF), (0x1000, 0x10FF),
    (0x1100, 0x11FF), (0x1200, 0x167F), (0x1680, 0x1AFF), (0x1B00, 0x1BFF),
    (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x218F),
    (0x2190, 0x2BFF), (0x2C00, 0x2FFF), (0x3000, 0x30FF), (0x3100, 0x33FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7FF),
    (0xD800, 0xF8FF), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFFFF),
    (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x12000, 0x1AFFF), (0x1B000, 0x1D0FF),
    (0x1D100, 0x1D1FF), (0x1D200, 0x1EFFF), (0x1F000, 0x1FAFF), (0x20000, 0x323AF),
    (0xE0000, 0xE01FF), (0x00, 0x10FFFF),
]
WORDS = [
    "the", "Eiffel", "Tower", "who", "DESIGNED", "it", "tokenization", "unaffable",
    "[SEP]", "[CLS]", "[MASK]", "##ing", "café", "cafe\u0301", "İstanbul", "don't", "e.g.",
    "東京", "한국어", "ひらがな", "العربية", "مَرْحَبًا", "עִבְרִית", "हिन्दी", "Ελληνικά", "Ёлка", "👍🏽", "❤\ufe0f",
    "soft\u00adhyphen", "zero\u200bwidth", "\ufffd", "x" * 99, "y" * 100, "z" * 101, "aé" * 50,
]
GAPS = [" ", " ", " ", "", "", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2028", "\u0085", "-", "_"]


def random_text(seed):
    s = Source(seed)
    text = ""
    for _ in range(1 + s.below(8)):
        if s.below(4) == 0:
            text += WORDS[s.below(len(WORDS))]
        else:
            lo, hi = ALPHABETS[s.below(len(ALPHABETS))]
            length = 1 + s.below(8)
            if s.below(50) == 0:
                length = 95 + s.below(110)
            for _ in range(length):
                cp = lo + s.below(hi - lo + 1)
                text += "x" if 0xD800 <= cp < 0xE000 else chr(cp)
        text += GAPS[s.below(len(GAPS))]
    return text


def block_text(b):
    return " ".join("a" + chr(cp) + "b" for cp in range(b << 8, (b + 1) << 8)
                    if not 0xD800 <= cp < 0xE000)


# \x, \u and \U followed by 2, 4 and 8 hexadecimal digits stand for a character.
ESCAPE = r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})"
SNIPPETS = r"""
How tall is the Eiffel Tower?
who designed it?
And when was it built? Was it meant to be permanent?
Hello, World! It's a test.
The quick brown fox jumps over the lazy dog; then, it sleeps.
naïve café résumé Ångström ÉCOLE façade jalapeño über Übermäßig
na\u0131\u0308ve cafe\u0301 re\u0301sume\u0301 A\u030angstro\u0308m e\u0301\u0302\u0303 \u0301start
Antoni Gaudí's Sagrada Família (begun 1882) isn't finished.
北京大学 is in 中国。我喜欢吃苹果,你呢?
東京タワー テスト ひらがな ガギグ か\u3099 ハンバーガー
한국어 문장입니다 각각 서울특별시 \u1112\u1161\u11ab
emoji 😀👍🏽 test ❤️ done 👨\u200d👩\u200d👧\u200d👦 🇫🇷🏴\U000e0067\U000e0062
don't can't U.S.A. $5.99 50% a/b c_d 1,000,000.50 -3.2e-10
[SEP] [MASK] in text [CLS] [UNK] [PAD] ##ing # ## [ SEP ]
zero\u200bwidth no\u00a0break em\u2003space thin\u2009space ideo\u3000graphic line\u2028para\u2029end nel\u0085x ogham\u1680x
tabs\x09and\x0anewlines\x0d\x0a  double   \x0b \x0c
İstanbul ISTANBUL ſtraße STRASSE ß ẞ K Å Ω
Ελληνικά Σίσυφος ΣΑΣ σας ΐ ᾳ ᾷ
Привет, Ёлка й Война и мир. Їжак ў
ﬁne ﬂag ½ ² ™ © ® № ℃ ŀ
—dash– “quotes” ‘x’ … • ‹a› «x» „low“ 、。「」
العربية مَرْحَبًا كيف حالك؟ ١٢٣ ﷺ ﻻ
עברית עִבְרִית שלום עולם ״ציטוט״
हिन्दी नमस्ते दुनिया क़ख़ग़ ०१२ ।
বাংলা ভাষা কো ৌ தமிழ் மொழி కన్నడ മലയാളം සිංහල ไทย ภาษา ລາວ བོད་ မြန်မာ ქართული ՀԱՅԵՐԵՆ ᏣᎳᎩ ᬅᬆ አማርኛ
é combining ñ o\u0308\u0304 \u0344 \u1e9b\u0323 ṩ s\u0323\u0307 s\u0307\u0323
tokenization unaffable embeddings xylophonically antidisestablishmentarianism
\u00ad soft\u00adhyphen \u00ad\u00ad a\u00ad
C++ #hash @user http://ex.com/?q=1&b=2 user.name+tag@example.co.uk C:\Windows\System32
control\x00\x01\x02chars\x7f\x80\x9f del \ufeffbom \u200e\u200f\u202a \ufff9 \U000e0001tag \ue000private \U0010fffd
\ufffdreplacement\ufffd \uffff \ufdd0 \U0001fffe
¿Qué? ¡Hola! §1 ¶2 ·x·
x=y+z^2 `code` ~t <b> | {a: [1, 2]} != == => -> ≠ ≮ ≯ \u037e \u1fef
func main() { fmt.Println("hello, 世界") } // TODO(x): why?
for i := 0; i < len(xs); i++ { s += xs[i]*y[i] }
SELECT a.id, COUNT(*) FROM t AS a WHERE a.name LIKE '%x_%' GROUP BY 1;
if __name__ == "__main__": sys.exit(main(argv[1:]))
<script>alert(1)</script> &amp; <p class="x">text</p>
㐀𠀀 ext 𪜀𫝀𫠠 豈 更 \U0002f800 \uf900 \ufa0e 〇 々 〆 ㍿
Ⅷ Ⓐ １２３ ＡＢＣ ｶﾞ ｈｅｌｌｏ，ｗｏｒｌｄ！
ǆ ŉ Ǆ ǅ ꙁ Ꙁ 𐐀 𐐨 𞤀 Ა Ꭰ Ɐ
𝐀𝒜𝔸 \U0001d15e \U0001d15f\u0323 \U0001d160 \U0001d16d\u302e \u1b44\u302f \u0915\u093c
\u0300 \u0300\u0301 a \u0323b c\u0488 \u20dd \ufe0f \u200d
1st 2nd 3rd 4x4 B2B H2O CO2 COVID-19 F-16 iPhone15 2024-05-06T07:08:09Z
Mr. Smith's dog; he said, "No!" -- and left... (really?)
  leading and trailing  
E = mc² ; ∑_{i=1}^{n} x_i ≤ ∞ ∀x∈ℝ √2 ≈ 1.414 π·r² ½ × ⅓ ÷ ¼ ± 0.5‰
Türkiye'nin başkenti Ankara'dır; ağaç, ığdır, şişe, çiçek.
Việt Nam: Tiếng Việt có dấu, đường phố Hà Nội
Zażółć gęślą jaźń. Příliš žluťoučký kůň. Łódź Ðe þorn Øre Œuvre
""".strip("\n").split("\n")


def snippets():
    texts = ["", " ", "\n\n\n", "\ufffd", "\u0301"]
    for s in SNIPPETS:
        texts.append(re.sub(ESCAPE, lambda m: chr(int(m[1] or m[2] or m[3], 16)), s))
    for n in (1, 50, 99, 100, 101, 102, 200, 1000):
        for c in ("a", "é", "e\u0301", "각", "字", "!", "ß", "\U0001f600"):
            texts.append("ok " + c * n + " ok")
            texts.append(c * n)
    texts.append(" ".join(SNIPPETS[:8]) * 4)
    return texts


def write(path, data):
    with open(path + ".tmp", "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.replace(path + ".tmp", path)


def lines(texts):
    out = "".join(json.dumps({"text": t, "tokens": tokens(t)}, ensure_ascii=False) + "\n" for t in texts)
    return gzip.compress(out.encode(), mtime=0)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        opener = gzip.open if sys.argv[1].endswith(".gz") else open
        with opener(sys.argv[1], "rt", encoding="utf-8", errors="replace") as f:
            write(sys.argv[2], lines(f))
    elif len(sys.argv) == 1:
        out = os.path.join(HERE, "testdata")
        write(out + "/snippets.jsonl.gz", lines(snippets()))
        for name, make, n in (("random", random_text, RANDOM), ("blocks", block_text, 0x1100)):
            write(f"{out}/{name}.crc32", b"".join(struct.pack("<I", crc(make(i))) for i in range(n)))
    else:
        sys.exit(__doc__)
