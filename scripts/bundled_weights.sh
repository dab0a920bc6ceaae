#!/usr/bin/env bash
# The bundled weights, made anew: datasets, training, the table on held-out blocks, and the cards.
#   scripts/bundled_weights.sh REAL WORK
# REAL holds perito_moreno and kangerlussuaq; WORK is a folder to make. Hours on two cores.
set -euo pipefail
real=$(realpath "$1") work=$2
icenet=$(realpath .venv/bin/icenet) python=$(realpath .venv/bin/python) bundle=$(realpath scripts/bundle_weights.py)
mkdir -p "$work" && cd "$work"
split="--block 3 --gap 32 --validation 0.12 --test 0.25"
# shellcheck disable=SC2086
{
  $icenet dataset "$real/perito_moreno" -o perito_robust.zarr --tracking robust --stride 32 $split
  $icenet dataset "$real/perito_moreno" -o perito_chain.zarr --tracking chain --stride 64 $split
}
$icenet dataset "$real/kangerlussuaq" -o kangerlussuaq.zarr --tracking robust --stride 32 --validation 0 --test 0
shared=(perito_robust.zarr kangerlussuaq.zarr --simulated 192 --threads 1 --device cpu
  --set data.simulated_share=0.1 --set data.simulation.per_glacier=24 --set data.pool=pool
  --set "data.shares=[0.9, 0.1]" --set validation.every=250 --set checkpoint_every=250)
$icenet train "${shared[@]}" -o icenet-run --model icenet --steps 1550 --set objective.consecutive=0.6 \
  --set optimisation.batch=12 --set optimisation.learning_rate=0.002 --set optimisation.warm_up=100 \
  --set optimisation.average=0.998 --set optimisation.weight_decay=0.0001 --set validation.sequences=192
$icenet train perito_robust.zarr perito_chain.zarr kangerlussuaq.zarr -o icenet-both --model icenet --steps 450 \
  --weights icenet-run/best.safetensors --threads 1 --device cpu --set "data.shares=[0.5, 0.45, 0.05]" --set data.pool=pool \
  --set objective.consecutive=0.7 --set optimisation.batch=12 --set optimisation.warm_up=30 --set optimisation.average=0.99 \
  --set optimisation.weight_decay=0.0001 --set validation.every=150 --set validation.sequences=192 \
  --set checkpoint_every=150
$icenet train "${shared[@]}" -o svg-lp-run --model svg-lp --steps 1250 \
  --set model_settings.channels=16 --set model_settings.lost=skipped --set model_settings.seen=4 \
  --set objective.blind=0.2 --set objective.beta=0.00001 --set optimisation.optimiser=adam \
  --set optimisation.warm_up=100 --set optimisation.average=0.995 --set validation.sequences=96
weights=(--weights icenet-both/best.safetensors --weights svg-lp-run/best.safetensors)
for mode in robust chain; do
  $icenet evaluate "perito_$mode.zarr" --split test "${weights[@]}" -o "held_out_$mode" --force
done
for run in icenet-both svg-lp-run; do
  $python "$bundle" "$run" --report perito_moreno_test_robust=held_out_robust --report perito_moreno_test_chain=held_out_chain
done
