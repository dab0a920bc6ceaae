#!/usr/bin/env bash
# Makes the virtual environment named by $1 and installs the package with its tested versions;
# sees to it that the system libraries napari draws with are there.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}

# Debian package for each library that Qt or OpenGL opens at run time.
declare -A package_of=(
  [libEGL.so.1]=libegl1 [libGL.so.1]=libgl1 [libxkbcommon-x11.so.0]=libxkbcommon-x11-0
  [libxcb-cursor.so.0]=libxcb-cursor0 [libxcb-icccm.so.4]=libxcb-icccm4 [libxcb-image.so.0]=libxcb-image0
  [libxcb-keysyms.so.1]=libxcb-keysyms1 [libxcb-randr.so.0]=libxcb-randr0
  [libxcb-render-util.so.0]=libxcb-render-util0 [libxcb-shape.so.0]=libxcb-shape0
  [libxcb-xinerama.so.0]=libxcb-xinerama0 [libdbus-1.so.3]=libdbus-1-3 [libfontconfig.so.1]=libfontconfig1
)

python=""
for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
  [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
  python=$candidate
  break
done
if [ -z "$python" ]; then
  echo "error: Python 3.11 or newer was not found; install it, or name it: make PYTHON=/path/to/python3" >&2
  exit 1
fi

missing=()
if [ "$(uname -s)" = Linux ]; then
  libraries=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
  for library in "${!package_of[@]}"; do
    grep -q "$library" <<<"$libraries" || missing+=("${package_of[$library]}")
  done
  # Mesa's software renderer, for machines without a graphics card.
  { [ -e /usr/lib/"$(uname -m)"-linux-gnu/dri/swrast_dri.so ] || ls /usr/lib*/*/libgallium* /usr/lib*/dri/swrast_dri.so >/dev/null 2>&1; } ||
    missing+=(libgl1-mesa-dri)
  command -v xvfb-run >/dev/null && command -v Xvfb >/dev/null || missing+=(xvfb xauth)
  command -v xauth >/dev/null || missing+=(xauth)
  "$python" -c 'import ensurepip' 2>/dev/null || missing+=("python3-venv")
fi
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "error: these libraries (Debian's names) are missing: ${missing[*]}; install them with your system's package manager." >&2
    exit 1
  elif [ "$(id -u)" != 0 ]; then
    echo "error: system libraries are missing; run: sudo apt-get install -y ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing system libraries: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing napari-icenet and what it needs into $venv (a few minutes the first time)."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
