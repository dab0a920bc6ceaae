#!/usr/bin/env bash
# The demo in a window where there is a screen; else on a virtual one, with a screenshot.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  exec .venv/bin/icenet demo
fi
mkdir -p demo
scripts/on_screen.sh .venv/bin/icenet demo --screenshot demo/track.png --compare demo/compare.png \
  --map demo/map.png
echo "No display here: the window was drawn on a virtual screen, see demo/track.png, demo/compare.png and demo/map.png"
