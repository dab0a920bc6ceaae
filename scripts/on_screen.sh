#!/usr/bin/env bash
# Runs a command on a virtual screen of its own, with the software renderer.
set -euo pipefail
export QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1
exec xvfb-run --auto-servernum --server-args="-screen 0 ${SCREEN_SIZE:-1600x1000}x24 +extension GLX" "$@"
