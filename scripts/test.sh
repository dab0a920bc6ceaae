#!/usr/bin/env bash
# The whole test suite. Windows open on a virtual screen, so that tests neither need nor disturb yours.
set -euo pipefail
cd "$(dirname "$0")/.."
# Each worker has a core: threads of NumPy's own would mostly wait for those of the other workers.
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
# Tests, and the processes that they start, are compiled once and not at every start.
unset PYTHONDONTWRITEBYTECODE
run=()
[ "$(uname -s)" = Linux ] && run=(scripts/on_screen.sh)
"${run[@]}" .venv/bin/python -m pytest -n "${TEST_WORKERS:-2}" --dist loadfile --no-loadscope-reorder "$@"
