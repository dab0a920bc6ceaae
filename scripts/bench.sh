#!/usr/bin/env bash
# Every benchmark, one after the other, so that none measures while another computes.
set -euo pipefail
cd "$(dirname "$0")/.."
run=()
[ "$(uname -s)" = Linux ] && run=(scripts/on_screen.sh)
for benchmark in benchmarks/*.py; do
  # Parts of others: engine.py measures speed and closure too.
  case "$(basename "$benchmark" .py)" in closure | machine | other_tools | pairs | speed) continue ;; esac
  echo "== $benchmark"
  "${run[@]}" .venv/bin/python "$benchmark"
done
