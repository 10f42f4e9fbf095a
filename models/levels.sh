#!/bin/sh
# Exports the encoders of conversations that ship, the levels, from students of the
# experiments, measures them as they ship, and lists them (make levels):
#
#   sh models/levels.sh [DATA]
#
# It needs build/trainer, the trainings that `make experiments` leaves in
# build/experiments/trainings, and DATA, the folder that trainer/experiment/data.sh made
# (build/experiments/data if not given). The same trainings give the same bytes.
set -eu
data=${1:-build/experiments/data}
trainer=${TRAINER:-build/trainer}
work=build/levels
base=models/splade-tiny
mkdir -p "$work"
alone=2 # z below which a question is read alone: chosen on dev by trainer conversations switch
history=.3 # what words of the history count: chosen on dev by trainer conversations converse

# level NAME ROW SEED TERMS: the row's student of that seed, the best of three on the sets to
# choose on, keeping TERMS learned terms of a query (0: all).
level() {
  name=$1 row=$2 seed=$3 terms=$4
  key=$($trainer experiment --list --json --data "$data" --only "$row" --seeds "$seed" | sed -n 's/.*"key": "\(.*\)",/\1/p')
  training=$(gzip -dc "models/experiments/runs/$key.json.gz" | sed -n 's/.*"training": "\(.*\)",/\1/p')
  : "${training:?$row, seed $seed, is not done yet: run make experiments}"
  run=build/experiments/trainings/$training
  echo "== $name: $row, seed $seed, in $run"
  export="$trainer export --share $base --licence CC-BY-SA-4.0 --query-terms $terms --alone-below $alone --history-words $history --name $name --note $work/note.md"
  # What is measured is what ships, under the name that it ships by.
  $export "$run" "models/$name" > /dev/null
  measure "$name" "MTRAG pooled collection" --mtrag "$data/mtrag"
  measure "$name" "our test split" --passages "$data/conversations/corpus.jsonl" --tasks "$data/conversations/test/tasks.jsonl" \
    --queries "$data/conversations/test/queries_last.jsonl" --qrels "$data/conversations/test/qrels.tsv"
  $export --figures "$work/MTRAG pooled collection.json" --figures "$work/our test split.json" "$run" "models/$name"
}

measure() { # NAME, SET, FLAGS of the set
  name=$1 set=$2
  shift 2
  $trainer evaluate --encoder "models/$name" --base "$base" --passage-encoder "$base" --input conversation --read decide \
    --cache build/cache --json "$@" > "$work/$set.json"
}

cat > "$work/note.md" <<'NOTE'
The training conversations: QReCC (CC BY-SA 3.0), CANARD (CC BY-SA 4.0), ConvQuestions (CC BY 4.0), TREC CAsT 2019 and 2020 (MIT), and this project's own (CC BY-SA 4.0); none of MTRAG's conversations. The teacher ranked MTRAG's pooled passages, the first three of each article of a 2018 Wikipedia, and this project's articles. The run with the best dev figure of three seeds ships; [models/experiments](../experiments/README.md) has the mean over the seeds, and how every setting was chosen.
NOTE

level splade-tiny-conv    "words/learned words" 2 0
level splade-tiny-conv-2x "words-postings/postings 0.2" 1 0
level splade-tiny-conv-4x "words-postings/postings 0.4" 1 12
level splade-tiny-conv-8x "words-postings/postings 0.4" 1 7
${GO:-go} run ./models/build --list
