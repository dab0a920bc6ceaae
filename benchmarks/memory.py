"""Memory and time of ``icenet velocity`` on a whole scene: a pair of 7800 × 7800 pixels mapped every 8 px.

    python benchmarks/memory.py [--size 7800] [--spacing 8] [--chip 32] [--folder FOLDER] [--limit 2]

Two Landsat-like products (uint16, tiled and deflated, a corner of each without data) are written once
into FOLDER. The ice moves as one by a known part of a pixel, so the map can be checked. Memory is the
greatest the command's process held, everything included. Quick: ``--size 2000``.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import xarray
from machine import machine
from open_large import BANDS, metadata, write_band
from scipy.ndimage import fourier_shift, gaussian_filter

DATES = (date(2019, 1, 1), date(2019, 1, 17))
#: How far the ice moves along rows and columns, px.
MOTION = (2.3, -3.6)
#: Side of the texture that is repeated: farther than any search reaches, and quickly made.
PERIOD = 975


def write_pair(folder: Path, size: int) -> Path:
    """Two product folders of a moving texture; done once."""
    archive = folder / f"pair-{size}"
    if (archive / "done").exists():
        return archive
    rng = np.random.default_rng(3)
    white = rng.normal(size=(PERIOD, PERIOD))
    ground = sum(s * gaussian_filter(white, s, mode="wrap") for s in (1.2, 4, 16))
    spectrum = np.fft.fft2(12000 + 800 * ground / ground.std())
    for number, day in enumerate(DATES):
        tile = np.fft.ifft2(fourier_shift(spectrum, np.multiply(MOTION, number))).real.astype(np.float32)
        values = np.empty((size, size), np.uint16)
        for row in range(size):
            line = np.resize(tile[row % PERIOD], size) + rng.normal(0, 200, size)
            values[row] = np.clip(line, 1, 65535)
            # The scene's slanted edge.
            values[row, : max(size // 4 - row, 0)] = 0
        product = f"LC08_L1TP_054118_{day:%Y%m%d}_20200908_02_T1"
        home = archive / product
        home.mkdir(parents=True, exist_ok=True)
        first = home / f"{product}_{BANDS[0]}.TIF"
        write_band(first, values)
        for band in BANDS[1:]:
            other = home / f"{product}_{band}.TIF"
            other.unlink(missing_ok=True)
            os.link(first, other)
        write_band(home / f"{product}_QA_PIXEL.TIF", np.where(values == 0, np.uint16(1), np.uint16(21824)))
        (home / f"{product}_MTL.txt").write_text(metadata(product, day))
    (archive / "done").touch()
    return archive


def peak_gb() -> float:
    """Greatest memory that a finished command held, GB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e9 / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "icenet-memory")
    parser.add_argument("--size", type=int, default=7800)
    parser.add_argument("--spacing", type=int, default=8)
    parser.add_argument("--chip", type=int, default=32)
    parser.add_argument("--limit", type=float, default=2.0, help="GB that the command may hold")
    chosen = parser.parse_args()
    archive = write_pair(chosen.folder, chosen.size)
    out, report = archive / "map.nc", archive / "report.json"
    days = [day.isoformat() for day in DATES]
    command = ["velocity", str(archive), "--first", days[0], "--second", days[1], "--spacing", str(chosen.spacing)]
    command += ["--chip", str(chosen.chip), "--max-chip", str(chosen.chip), "-o", str(out), "--report", str(report)]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "napari_icenet.cli.main", *command], check=True, stderr=subprocess.DEVNULL)
    seconds, held = time.perf_counter() - start, peak_gb()
    with xarray.open_dataset(out) as maps:
        miss = np.hypot(maps["drow"] - MOTION[0], maps["dcol"] - MOTION[1]).values
        points, valid = miss.size, float(np.isfinite(miss).mean())
    print(machine())
    print(f"{chosen.size}² pair, every {chosen.spacing} px, chip {chosen.chip}: {points} points, {valid:.0%} valid")
    print(f"median error {np.nanmedian(miss):.3f} px, 99 % within {np.nanpercentile(miss, 99):.3f} px")
    print(f"{seconds:.0f} s, {1e3 * seconds / points:.3f} ms/point, at most {held:.2f} GB")
    print(json.dumps({"seconds": round(seconds, 1), "peak_gb": round(held, 3), "points": points}))
    if held > chosen.limit:
        sys.exit(f"more than {chosen.limit:g} GB")


if __name__ == "__main__":
    main()
