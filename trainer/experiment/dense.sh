#!/bin/sh
# Trains the dense students of conversations, three seeds, and measures them with the
# sparse ones beside them:
#
#   sh trainer/experiment/dense.sh train [DATA]      an hour of two cores, resumed where it stopped
#   sh trainer/experiment/dense.sh measure [DATA]    half an hour; writes models/experiments/dense/*.json
#   sh trainer/experiment/dense.sh size [DATA]       an hour: students of 6 and 3 layers, seed 1, and their figures beside the 12 of it
#   sh trainer/experiment/dense.sh objective [DATA]  other losses than the distance, STEPS steps each, and their figures on dev and choice;
#                                                    ten minutes of one core for the teacher's ranking, once, and then for each row
#
# DATA is the folder that trainer/experiment/data.sh made, build/experiments/data if not
# given, with bge. The sparse students are those of the row "words/learned words" of
# `make experiments`, seed by seed. SEEDS="1 2 3" is what is done of it; of objective, ROWS,
# too (names below; all with seed 1 if not given), and TEST="NAMES" are those that are also
# measured on MTRAG and on our test split. MIXED= computes in float32, which is faster on a
# CPU without AVX-512.
set -eu
what=${1:?train, measure, size or objective}
data=${2:-build/experiments/data}
trainer=${TRAINER:-build/trainer}
runs=build/experiments/dense
out=models/experiments/dense
seeds=${SEEDS:-1 2 3}
mkdir -p "$runs" "$out"

train() { # NAME SEED LAYERS, flags beyond the recipe; a body of LAYERS of which 6 train at most
  run=$runs/$1-seed$2 seed=$2 layers=$3
  shift 3
  body=$data/bge
  if [ "$layers" != 12 ]; then
    body=$data/bge-$layers
    [ -d "$body" ] || $trainer unpack "$data/bge" --layers "$layers" --out "$body"
  fi
  if [ -f "$run/run.json" ]; then
    $trainer train --resume --out "$run"
    return
  fi
  $trainer train --dense-student --encoder "$body" --doc-encoder "$data/bge" --out "$run" --seed "$seed" --cache build/cache \
    --examples "$data/train/qrecc.jsonl,$data/train/canard.jsonl,$data/train/convquestions.jsonl,$data/train/cast2019-training.jsonl,$data/train/cast2019.jsonl,$data/train/cast2020.jsonl,trainer/conversations/train.jsonl,$data/swapped.jsonl" \
    --dev trainer/conversations/dev.jsonl,trainer/conversations/choice.jsonl \
    --exclude "$data/exclude/mtrag.jsonl,trainer/conversations/test.jsonl" --passages "$data/lead3.jsonl" \
    --train-layers $((layers < 6 ? layers : 6)) --max-tokens 112 --history-type 1 --reply-tokens -1 --unrelated .25 --unrelated-rewrites .15 \
    --passage-texts 2 --passage-size 96 --passage-type 1 --distance 1 --kld 0 --infonce 0 \
    --rate 1e-4 --warm-up .03 --weight-decay 0 --batch 32 --epochs 2 --steps 750 ${MIXED---mixed} --threads "${THREADS:-2}" --save-every 50 "$@"
}

if [ "$what" = train ]; then
  for seed in $seeds; do train student "$seed" 12; done
  exit
fi
case $what in measure | size | objective) ;; *) echo "$0: $what: want train, measure, size or objective" >&2; exit 2 ;; esac

# How a dense student ships (models/dense.sh): chosen on dev.
. models/dense.settings

if [ "$what" = size ]; then
  train student 1 12
  train layers6 1 6
  train layers3 1 3
  for of in 12:student 6:layers6 3:layers3; do
    for bits in int8:127:63 4-bit:7:7; do
      matrices=${bits#*:}
      name=${of%%:*}-layers-${bits%%:*}
      $trainer export --licence CC-BY-SA-4.0 --share models/splade-tiny --levels "${matrices%:*}" --word-levels "${matrices#*:}" $weights --name "$name" "$runs/${of#*:}-seed1" "$runs/$name" > /dev/null
      for set in choice test; do
        for stage in dense both; do
          file=$runs/$name-$set-$stage.json
          [ -f "$file" ] || { $trainer evaluate --encoder models/splade-tiny-conv --base models/splade-tiny --passage-encoder models/splade-tiny --input conversation \
            --dense "$runs/$name" --dense-passages "$data/bge" --stage $stage --cache build/cache --json --passages "$data/conversations/corpus.jsonl" \
            --tasks "$data/conversations/$set/tasks.jsonl" --queries "$data/conversations/$set/queries_last.jsonl" --qrels "$data/conversations/$set/qrels.tsv" > "$file.part" && mv "$file.part" "$file"; }
        done
      done
    done
  done
  wc -c "$runs"/*-layers-*/model.safetensors
  $trainer mean "$runs"/*-layers-*.json
  exit
fi

if [ "$what" = objective ]; then
  # The temperatures are of cosines, which differ little: bge itself was trained with .01 to .02.
  flags() { # NAME: a row's loss
    case $1 in
    distance) echo ;;
    kld-1) echo --distance 0 --kld 1 --temperature 1 ;;
    kld-.1) echo --distance 0 --kld 1 --temperature .1 ;;
    distance-kld-1) echo --kld 1 --temperature 1 ;;
    distance-kld-.1) echo --kld 1 --temperature .1 ;;
    distance-kld-.02) echo --kld 1 --temperature .02 ;;
    distance-infonce) echo --infonce .1 --tau .05 ;;
    distance-kld-infonce) echo --kld 1 --temperature .1 --infonce .1 --tau .05 ;;
    distance-kld-64) echo --kld 1 --temperature .1 --candidates 64 ;;
    *) echo "$0: ROWS: no row $1" >&2; return 2 ;;
    esac
  }
  rows=${ROWS:-distance kld-1 kld-.1 distance-kld-1 distance-kld-.1 distance-kld-.02 distance-infonce distance-kld-infonce distance-kld-64}
  steps=${STEPS:-150}
  for seed in ${SEEDS:-1}; do
    for name in $rows; do
      loss=$(flags "$name")
      train "objective-$steps/$name" "$seed" 12 --steps "$steps" $loss
      run=$runs/objective-$steps/$name-seed$seed
      [ -d "$run/int8" ] || $trainer export --licence CC-BY-SA-4.0 --share models/splade-tiny $weights --name "$name" "$run" "$run/int8" > /dev/null
      sets=choice
      case " ${TEST:-} " in *" $name "*) sets="choice test mtrag" ;; esac
      for set in $sets; do
        of="--passages $data/conversations/corpus.jsonl --tasks $data/conversations/$set/tasks.jsonl --queries $data/conversations/$set/queries_last.jsonl --qrels $data/conversations/$set/qrels.tsv"
        [ $set != mtrag ] || of="--mtrag $data/mtrag"
        for stage in dense both; do
          file=$runs/objective-$steps/$set-$stage-$name-seed$seed.json
          [ -f "$file" ] || { $trainer evaluate --encoder models/splade-tiny-conv --base models/splade-tiny --passage-encoder models/splade-tiny --input conversation \
            --dense "$run/int8" --dense-passages "$data/bge" --stage $stage --cache build/cache --json $of > "$file.part" && mv "$file.part" "$file"; }
        done
      done
    done
  done
  for stage in dense both; do $trainer mean "$runs/objective-$steps"/*-$stage-*.json; done
  exit
fi
history=.3 # what words of the history count, as models/levels.sh has it

row() { # NAME SEED, flags of evaluate: a file of the table
  file=$out/$set-$1-seed$2.json
  shift 2
  [ -f "$file" ] || { $trainer evaluate --base "" --encoder "$sparse" --passage-encoder models/splade-tiny --input conversation \
    --history-words $history --cache build/cache --by turn --json "$@" > "$file.part" && mv "$file.part" "$file"; }
}

for seed in $seeds; do
  run=$runs/student-seed$seed
  $trainer export --licence CC-BY-SA-4.0 --share models/splade-tiny $levels $weights --name "bge-small-conv-$seed" "$run" "$runs/int8-seed$seed" > /dev/null
  key=$($trainer experiment --list --json --data "$data" --only "words/learned words" --seeds "$seed" | sed -n 's/.*"key": "\(.*\)",/\1/p')
  training=$(gzip -dc "models/experiments/runs/$key.json.gz" | sed -n 's/.*"training": "\(.*\)",/\1/p')
  sparse=build/experiments/trainings/${training:?words/learned words, seed $seed, is not done yet: run make experiments}/best
  dense="--dense $runs/int8-seed$seed --dense-passages $data/bge"
  for set in mtrag test; do
    case $set in
    mtrag) of="--mtrag $data/mtrag" ;;
    test) of="--passages $data/conversations/corpus.jsonl --tasks $data/conversations/test/tasks.jsonl --queries $data/conversations/test/queries_last.jsonl --qrels $data/conversations/test/qrels.tsv" ;;
    esac
    row sparse "$seed" $of
    row sparse-without-words "$seed" $of --no-words
    row dense "$seed" $of $dense --stage dense
    row both-without-words "$seed" $of $dense --stage both --no-words
    row both "$seed" $of $dense --stage both
    # The passages read by the student itself, as in the page for a visitor's documents.
    [ "$set" = mtrag ] || row both-own-passages "$seed" $of --dense "$runs/int8-seed$seed" --stage both
  done
done
$trainer mean "$out"/*.json
