#!/bin/sh
# Trains readers on the dense encoder that ships, three seeds, and measures them with both
# stages beside them:
#
#   sh trainer/experiment/reader.sh train [DATA]      40 minutes of a core a seed, resumed where it stopped
#   sh trainer/experiment/reader.sh measure [DATA]    writes models/experiments/reader/*.json
#
# DATA is the folder that trainer/experiment/data.sh made, build/experiments/data if not
# given, with bge. For the questions with short answers, ANSWERS is a folder of DPR's topics
# (topics.dpr.*.txt.gz), and WIKI a collection to ask them of, as parley index writes it
# (wiki2018's passages); without them, train only reads examples that are there already.
# SEEDS="1 2 3" is what is done of it.
set -eu
what=${1:?train or measure}
data=${2:-build/experiments/data}
trainer=${TRAINER:-build/trainer}
runs=build/experiments/reader
out=models/experiments/reader
dense=models/bge-small-conv
seeds=${SEEDS:-1 2 3}
mkdir -p "$runs"

examples() { # FILE, flags of candidates
  file=$runs/$1
  shift
  [ -f "$file" ] || $trainer candidates --cache build/cache --out "$file" "$@"
}

case $what in
train)
  both="--dense $dense --dense-passages $data/bge --stage both"
  not="--exclude $data/exclude/mtrag.jsonl,trainer/conversations/dev.jsonl,trainer/conversations/test.jsonl,trainer/conversations/choice.jsonl"
  examples train.jsonl --splits train $both $not
  examples dev.jsonl --splits dev $both
  if ! [ -f "$runs/answers.jsonl" ]; then
    : "${ANSWERS:?a folder of topics.dpr.*.txt.gz}" "${WIKI:?the folder of an indexed collection}"
    examples answers.jsonl --answers "$ANSWERS/topics.dpr.nq.dev.txt.gz,$ANSWERS/topics.dpr.nq.test.txt.gz,$ANSWERS/topics.dpr.squad.test.txt.gz,$ANSWERS/topics.dpr.trivia.dev.txt.gz,$ANSWERS/topics.dpr.trivia.test.txt.gz" \
      --collection "$WIKI" --questions 6000 $not
  fi
  for seed in $seeds; do
    run=$runs/seed$seed
    if [ -f "$run/reader.json" ]; then
      $trainer reader --resume --out "$run"
      continue
    fi
    $trainer reader --encoder $dense --vocabulary models/splade-tiny --examples "$runs/train.jsonl,$runs/answers.jsonl" --dev "$runs/dev.jsonl" \
      --mixed --threads "${THREADS:-1}" --seed "$seed" --out "$run"
  done
  ;;
measure)
  mkdir -p "$out"
  put() { # FILE, a command that prints JSON
    file=$out/$1
    shift
    [ -f "$file" ] || { "$@" > "$file.part" && mv "$file.part" "$file"; }
  }
  for seed in $seeds; do
    folder=$runs/shipped-seed$seed
    $trainer export --reader-weight 4 --reader-results 5 --sentence-weight 2 "$runs/seed$seed" "$folder" > /dev/null
    for stage in both read; do
      of="--dense $folder --dense-passages $data/bge --stage $stage --cache build/cache --json"
      for set in mtrag choice test; do
        case $set in
        mtrag) questions="--mtrag $data/mtrag" ;;
        *) questions="--passages $data/conversations/corpus.jsonl --tasks $data/conversations/$set/tasks.jsonl --queries $data/conversations/$set/queries_last.jsonl --qrels $data/conversations/$set/qrels.tsv" ;;
        esac
        put $set-$stage-seed$seed.json $trainer evaluate --encoder models/splade-tiny-conv --base models/splade-tiny --passage-encoder models/splade-tiny \
          --input conversation --read decide $of $questions
      done
      put played-$stage-seed$seed.json $trainer conversations converse --splits dev,choice,test --pooled $of
    done
  done
  $trainer mean "$out"/mtrag-*.json "$out"/choice-*.json "$out"/test-*.json
  ;;
*)
  echo "$0: $what: want train or measure" >&2
  exit 2
  ;;
esac
