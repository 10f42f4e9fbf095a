#!/bin/sh
# Makes DATA/engine/replies.jsonl: the training examples with the replies that an engine
# gives, the student of the row "words/learned words", seed 1, which `make experiments`
# leaves in build/experiments/trainings. The rows that are trained on it can be done then:
#
#   sh trainer/experiment/replies.sh [DATA]
#
# DATA is build/experiments/data if not given. The same training gives the same bytes.
set -eu
data=${1:-build/experiments/data}
trainer=${TRAINER:-build/trainer}
key=$($trainer experiment --list --json --data "$data" --only "words/learned words" --seeds 1 | sed -n 's/.*"key": "\(.*\)",/\1/p')
training=$(gzip -dc "models/experiments/runs/$key.json.gz" | sed -n 's/.*"training": "\(.*\)",/\1/p')
: "${training:?the row is not done yet: run make experiments}"
mkdir -p "$data/engine"
# The order of the passages is the grid's: so their vectors are taken from the trainings' cache.
$trainer replies --encoder "build/experiments/trainings/$training/best" --passage-encoder models/splade-tiny \
  --examples "$data/train/*.jsonl,trainer/conversations/train.jsonl" \
  --passages "$data/mtrag/passages/*.jsonl.gz,$data/lead3.jsonl,$data/conversations/corpus.jsonl" \
  --cache build/cache --out "$data/engine/replies.jsonl"
