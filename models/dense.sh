#!/bin/sh
# Exports the dense encoder that ships from the student of SEED, measures it as it ships,
# makes the built-in collection's dense vectors, and lists both:
#
#   sh models/dense.sh SEED [DATA]
#
# It needs build/trainer, the trainings of trainer/experiment/dense.sh in
# build/experiments/dense, and DATA, the folder that trainer/experiment/data.sh made
# (build/experiments/data if not given). The same training gives the same bytes.
set -eu
seed=${1:?SEED: the one whose student is best on dev}
data=${2:-build/experiments/data}
trainer=${TRAINER:-build/trainer}
work=build/levels
name=bge-small-conv
. models/dense.settings
mkdir -p "$work"

cat > "$work/dense-note.md" <<'NOTE'
The training conversations: QReCC (CC BY-SA 3.0), CANARD (CC BY-SA 4.0), ConvQuestions (CC BY 4.0), TREC CAsT 2019 and 2020 (MIT), and this project's own (CC BY-SA 4.0), each also with another name in place of what it talks about (`trainer swap`); none of MTRAG's conversations. bge-small-en-v1.5 is under MIT. The run with the best dev figure of three seeds ships; [models/experiments/dense](../experiments/dense/README.md) has the mean over the seeds.
NOTE

export="$trainer export --share models/splade-tiny --licence CC-BY-SA-4.0 $levels $weights --name $name --note $work/dense-note.md"
run=build/experiments/dense/student-seed$seed
$export "$run" "models/$name" > /dev/null
${GO:-go} run ./models/build --dense "$data/bge"

measure() { # SET, STAGE, FLAGS of the set
  set=$1 stage=$2
  shift 2
  mkdir -p "$work/$stage"
  $trainer evaluate --encoder models/splade-tiny-conv --base models/splade-tiny --passage-encoder models/splade-tiny --input conversation --read decide \
    --dense "models/$name" --dense-passages "$data/bge" --stage "$stage" --cache build/cache --json "$@" > "$work/$stage/$set.json"
}
for stage in sparse dense both; do
  measure "MTRAG pooled collection" $stage --mtrag "$data/mtrag"
  measure "our test split" $stage --passages "$data/conversations/corpus.jsonl" --tasks "$data/conversations/test/tasks.jsonl" \
    --queries "$data/conversations/test/queries_last.jsonl" --qrels "$data/conversations/test/qrels.tsv"
done
set -- 
for stage in sparse dense both; do
  for of in "MTRAG pooled collection" "our test split"; do set -- "$@" --figures "$work/$stage/$of.json"; done
done
$export "$@" "$run" "models/$name"
# The dense encoder's folder was written anew, without the reader, which was trained on these
# same weights (trainer/experiment/reader.sh).
reader=build/experiments/reader/seed1
if [ -f "$reader/best.json" ]; then
  $trainer export --reader-weight 4 --reader-results 5 --sentence-weight 2 "$reader" "models/$name" > /dev/null
else
  echo "models/$name has no reader now: $reader is not there; sh trainer/experiment/reader.sh train, then trainer export $reader models/$name" >&2
fi
${GO:-go} run ./models/build --list
