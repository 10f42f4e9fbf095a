#!/bin/sh
# Finds how a dense encoder's vectors change the weights of passages' terms (shared/lift), and measures what
# that gives the sparse stage:
#
#   sh trainer/experiment/lift.sh QUESTIONS [DATA] [OUT]
#
# QUESTIONS holds topics.dpr.*.txt.gz, the questions of Natural Questions, SQuAD and TriviaQA as DPR has
# them; DATA is the folder that data.sh made. The lift and the figures go to OUT, build/lift if not given; the
# lift that ships is a copy of OUT/dense/lift.safetensors. It needs build/trainer. Most of the time is the
# dense encoder's reading of MTRAG's passages, twenty minutes of two cores, which build/cache keeps.
# models/experiments/lift/README.md has the tables.
set -eu
[ $# -ge 1 ] || { echo "usage: sh $0 QUESTIONS [DATA] [OUT]" >&2; exit 2; }
questions=$1
data=${2:-build/experiments/data}
out=${3:-build/lift}
trainer=${TRAINER:-build/trainer}
base=models/splade-tiny
dense=$out/dense
mkdir -p "$dense"

cp models/bge-small-conv/config.json models/bge-small-conv/model.safetensors "$dense"
[ -f "$dense/lift.safetensors" ] || $trainer lift --encoder $base --dense "$data/bge" --terms "$dense" --passages "$data/lead3.jsonl" \
  --examples "$data/train/*.jsonl,trainer/conversations/train.jsonl" --questions "$questions/topics.dpr.*.txt.gz" \
  --exclude "$data/exclude/mtrag.jsonl,trainer/conversations/dev.jsonl,trainer/conversations/choice.jsonl,trainer/conversations/test.jsonl" \
  --out "$dense/lift.safetensors"

# row NAME FLAGS: measured with and without the lift.
row() {
  name=$1
  shift
  for lifted in "" -lifted; do
    [ -f "$out/$name$lifted.json" ] && continue
    echo "== $name$lifted"
    lift=
    [ -z "$lifted" ] || lift="--lift $dense --lift-passages $data/bge"
    # shellcheck disable=SC2086 # words of flags
    $trainer evaluate --cache build/cache --json $lift "$@" > "$out/part"
    mv "$out/part" "$out/$name$lifted.json"
  done
}

conversation="--encoder models/splade-tiny-conv --base $base --passage-encoder $base --input conversation --read decide"
for set in choice test mtrag; do
  case $set in
  mtrag) of="--mtrag $data/mtrag" rewrite= ;;
  *)
    in=$data/conversations/$set
    of="--passages $data/conversations/corpus.jsonl --tasks $in/tasks.jsonl --qrels $in/qrels.tsv"
    rewrite="--queries $in/queries_rewrite.jsonl" last="--queries $in/queries_last.jsonl"
    ;;
  esac
  [ $set != mtrag ] || last=
  row "$set-rewrite" --encoder $base --no-words --input rewrite $of $rewrite
  row "$set-conversation" $conversation $of $last
  row "$set-conversation-without-words" $conversation --no-words $of $last
  row "$set-both" $conversation $of $last --dense models/bge-small-conv --dense-passages "$data/bge" --stage both
done
