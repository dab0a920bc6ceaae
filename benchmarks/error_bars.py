"""How often the truth lies within a map's error bars: on pairs with exactly known flow, and on the simulated sample.

Pairs are those of :mod:`pairs` with shear margins, at three ratios of signal to noise (variances); low shear is less
than a quarter pixel across a chip of 32 px. On the sample, light and shadows move besides. Right error bars
hold 68 % of the errors within one sigma and 95 % within two, along rows and along columns::

    python benchmarks/error_bars.py [--quick]
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pairs import LOW_SHEAR_PX, Flow, moved, texture

from napari_icenet.samples import byrd_folder
from napari_icenet.scenes.open import open_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.simulation import load_truth
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap

SIDE = 512
RATIOS = (10, 5, 1)
F64 = NDArray[np.float64]


def line(title: str, found: VelocityMap, true: tuple[F64, F64], cells: NDArray[np.bool_]) -> str:
    """A row of the table: share of the errors of some valid cells within one and two sigma."""
    chosen = found.valid & cells
    errors = [np.abs(m - t)[chosen] for m, t in zip((found.drow, found.dcol), true, strict=True)]
    bars = [bar[chosen] for bar in (found.error_row, found.error_col)]
    rms = np.sqrt(np.mean(np.square(errors)))
    shares = [f"{np.mean(e <= k * b):.0%}" for k in (1, 2) for e, b in zip(errors, bars, strict=True)]
    return f"| {title} | {chosen.sum()} | {rms:.3f} | {' | '.join(shares)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one pair of each kind, every 16 px")
    options = parser.parse_args()
    spacing = 16 if options.quick else 8
    print("| pictures | vectors | rms error, px | 1 σ, rows | 1 σ, columns | 2 σ, rows | 2 σ, columns |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    flow, start = Flow(SIDE), datetime(2020, 1, 1)
    still = texture(SIDE, 11)
    for ratio in RATIOS[1:2] if options.quick else RATIOS:
        rng = np.random.default_rng(2)
        frames = [p + rng.normal(scale=ratio**-0.5, size=p.shape) for p in (still, moved(still, flow))]
        stack = SceneStack.from_array(np.asarray(frames, np.float32), [start, start + timedelta(days=16)])
        found = map_pair(stack, 0, 1, VelocitySettings(spacing=spacing, radius=16))
        row, col = np.meshgrid(found.rows, found.cols, indexing="ij")
        low = flow.shear(row, col) * 32 < LOW_SHEAR_PX
        for title, cells in (("low shear", low), ("shear", ~low)):
            print(line(f"signal to noise {ratio}, {title}", found, flow.displacement(row, col), cells), flush=True)
    stack, truth = open_stack(byrd_folder()), load_truth(byrd_folder())
    for date in range(1 if options.quick else len(stack.scenes) - 1):
        found = map_pair(stack, date, date + 1, VelocitySettings(band="B4", spacing=max(spacing, 16)))
        row, col = np.meshgrid(found.rows, found.cols, indexing="ij")
        true = truth.displacement(row, col, date, date + 1)
        title = f"sample, {found.labels[0]}, {found.days:.0f} days"
        print(line(title, found, (true[0], true[1]), np.ones(found.shape, bool)), flush=True)


if __name__ == "__main__":
    main()
