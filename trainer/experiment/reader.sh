#!/bin/sh
# Trains readers on the dense encoder that ships, three seeds, and measures them with both
# stages beside them:
#
#   sh trainer/experiment/reader.sh train [DATA]      with FIRST, ten minutes and an hour of two cores a seed; without, three hours more; resumed where it stopped
#   sh trainer/experiment/reader.sh measure [DATA]    writes models/experiments/reader/*.json
#
# DATA is the folder that trainer/experiment/data.sh made, build/experiments/data if not
# given, with bge. For the questions with short answers, ANSWERS is a folder of DPR's topics
# (topics.dpr.*.txt.gz), and WIKI a collection to ask them of, as parley index writes it
# (wiki2018's passages); without them, train only reads examples that are there already.
# The rewrites of other conversations are judged by a teacher: a reader that was trained on
# the rest, or the one in the folder TEACHER. What they train reads questions alone. It is
# trained further on conversations with replies, which it makes itself; FIRST names the
# folder of another one to begin from, and the rest is then left out. SEEDS="1 2 3" is what
# is done of it. MIXED= computes in float32, which is faster on a CPU without AVX-512.
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

learn() { # RUN, flags
  run=$runs/$1
  shift
  if [ -f "$run/reader.json" ]; then
    $trainer reader --resume --out "$run"
  else
    $trainer reader --vocabulary models/splade-tiny ${MIXED---mixed} --threads "${THREADS:-2}" "$@" --out "$run"
  fi
}

# What is left out of all examples.
not="--exclude $data/exclude/mtrag.jsonl,trainer/conversations/dev.jsonl,trainer/conversations/test.jsonl,trainer/conversations/choice.jsonl"

# first trains the reader of questions alone, with seed 1, and exports it to $runs/first.
first() {
  both="--dense $dense --dense-passages $data/bge --stage both"
  examples first-train.jsonl --splits train $both $not
  examples first-dev.jsonl --splits dev $both
  examples first-train-2.jsonl --splits train --seed 2 $both $not # the same questions, other passages that do not answer
  if ! [ -f "$runs/answers.jsonl" ]; then
    : "${ANSWERS:?a folder of topics.dpr.*.txt.gz}" "${WIKI:?the folder of an indexed collection}"
    examples answers.jsonl --answers "$ANSWERS/topics.dpr.nq.dev.txt.gz,$ANSWERS/topics.dpr.nq.test.txt.gz,$ANSWERS/topics.dpr.squad.test.txt.gz,$ANSWERS/topics.dpr.trivia.dev.txt.gz,$ANSWERS/topics.dpr.trivia.test.txt.gz" \
      --collection "$WIKI" --questions 5000 --follow-ups 4000 $not
  fi
  read="--encoder $dense --dev $runs/first-dev.jsonl --query-tokens 64 --reply-tokens 0"
  if ! [ -f "$runs/rewrites.jsonl" ]; then
    : "${WIKI:?the folder of an indexed collection}"
    if [ -z "${TEACHER:-}" ]; then
      learn teacher $read --examples "$runs/first-train.jsonl,$runs/answers.jsonl"
      TEACHER=$runs/teacher-shipped
      cp -r $dense "$TEACHER"
      $trainer export "$runs/teacher" "$TEACHER" > /dev/null
    fi
    turns=$data/train/qrecc.jsonl,$data/train/canard.jsonl,$data/train/convquestions.jsonl,$data/train/cast2019-training.jsonl,$data/train/cast2019.jsonl,$data/train/cast2020.jsonl
    examples rewrites-vital.jsonl --rewrites "$turns" --collection models/vital-articles --dense "$TEACHER" $not
    examples rewrites.jsonl --rewrites "$turns" --collection "$WIKI" --dense "$TEACHER" $not
  fi
  learn first-seed1 $read --examples "$runs/first-train.jsonl,$runs/first-train-2.jsonl,$runs/answers.jsonl,$runs/rewrites.jsonl,$runs/rewrites-vital.jsonl"
  ship first-seed1 first
}

ship() { # RUN FOLDER: the dense encoder with the run's reader
  $trainer export --reader-weight 4 --reader-results 5 --sentence-weight 2 "$runs/$1" "$runs/$2" > /dev/null
}

case $what in
train)
  if [ -z "${FIRST:-}" ]; then
    [ -d "$runs/first" ] || first
    FIRST=$runs/first
  fi
  # The replies are those of all three stages, and of two for the visitors and for facts: others, and more that mislead.
  of="--dense $FIRST --dense-passages $data/bge"
  examples dev.jsonl --splits dev $of --stage read
  examples train.jsonl --splits train $of --stage read $not
  examples visitors.jsonl --splits visitors $of --stage both $not
  examples facts.jsonl --splits facts $of --stage both $not
  for seed in $seeds; do
    learn "seed$seed" --encoder "$FIRST" --further --seed "$seed" --dev "$runs/dev.jsonl" --rate 8e-5 --epochs 2 --steps 900 \
      --examples "$runs/train.jsonl,$runs/visitors.jsonl,$runs/facts.jsonl"
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
    ship "seed$seed" "shipped-seed$seed"
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
