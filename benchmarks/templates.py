"""Chips followed through cloud with each template, held against simulated truth or against the flow on clear dates.

    python benchmarks/templates.py [--templates persistence,consensus,icenet] [--seeds 3] [--stack FOLDER]

Without a stack, skies of simulated ice (the preset byrd) are followed; the truth is then exact. On a real stack
the truth is the ice's own mean motion: a straight line in time through what robust tracking finds on the dates
that it believes, chip by chip, where it finds enough of them.

Columns, for the mode ``chain`` (every date moves the track, as in the paper) and ``robust`` (dates that fail do
not): the share of dates after the first on which the chip is lost, the share on which it is farther than 2 px
from the truth, both together, the share of tracks that end lost or wrong, and the root mean square and the
median of the error on dates that are right and clear, px.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from machine import machine  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from napari_icenet.matching.pictures import Pictures  # noqa: E402
from napari_icenet.predictors.as_templates import template_predictor  # noqa: E402
from napari_icenet.scenes import open_stack  # noqa: E402
from napari_icenet.scenes.stack import SceneStack  # noqa: E402
from napari_icenet.simulation import load_truth, simulate  # noqa: E402
from napari_icenet.tracking.follow import follow  # noqa: E402
from napari_icenet.tracking.settings import TrackSettings  # noqa: E402

#: Farther from the truth than this is wrong, px.
WRONG_PX = 2.0
#: A chip with more cloud than this is no longer a clear one.
CLEAR = 0.1
#: Dates that a chip must be believed on for its mean motion to be known.
KNOWN_DATES = 6
Truth = Callable[[float, float], NDArray[np.float64] | None]


@dataclass(frozen=True)
class Case:
    """A stack, where chips start, and where they truly are on every date, (T, 2)."""

    stack: SceneStack
    positions: list[tuple[float, float]]
    truth: Truth


def grid(stack: SceneStack, chip: int, step: int) -> list[tuple[float, float]]:
    """Places whose search windows stay in the frame, on the ice where the ice is known."""
    height, width = stack.shape[-2:]
    margin = chip
    found = [
        (float(r), float(c))
        for r in range(margin, height - margin + 1, step)
        for c in range(margin, width - margin + 1, step)
    ]
    return found if stack.area is None else [p for p in found if stack.area[int(p[0]), int(p[1])]]


def simulated(seeds: int, chip: int, step: int) -> Iterator[Case]:
    """Skies of the preset byrd over different ice."""
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            path = simulate(Path(folder) / "ice", preset="byrd", dates=12, size=512, bands=1, seed=seed)
            stack, known = open_stack(path), load_truth(path)

            def truth(row: float, col: float, known=known, dates: int = stack.shape[0]) -> NDArray[np.float64]:
                moved = [known.displacement(row - 0.5, col - 0.5, 0, k) for k in range(dates)]
                return np.array([(row + float(dr), col + float(dc)) for dr, dc in moved])

            yield Case(stack, grid(stack, chip, step), truth)


def real(path: Path, chip: int, step: int, dates: int) -> Iterator[Case]:
    """A stack whose chips move steadily."""
    whole = open_stack(path)
    pictures = Pictures(whole, 1, "none")
    settings = TrackSettings(chip=chip, scale=1.5, tracking="robust")
    days = np.asarray(whole.days, float)

    def truth(row: float, col: float) -> NDArray[np.float64] | None:
        track = follow(pictures, row, col, 0, settings)
        good = np.asarray(track.valid)
        if good.sum() < KNOWN_DATES:
            return None
        start = int(np.flatnonzero(good)[0])
        line = [np.polyfit(days[good], np.asarray(x)[good], 1) for x in (track.rows, track.cols)]
        if start:
            return None
        return np.stack([np.polyval(fit, days) - np.polyval(fit, days[0]) for fit in line], -1) + np.array([row, col])

    yield Case(whole, grid(whole, chip, step), truth)


def cloud_of(stack: SceneStack, rows: NDArray, cols: NDArray, chip: int) -> NDArray:  # type: ignore[type-arg]
    """Share of cloud in the true chip of every date; NaN where the scene has no mask."""
    from napari_icenet.scenes import Flag, Window

    out = np.full(len(rows), np.nan)
    for t, (row, col) in enumerate(zip(rows, cols, strict=True)):
        window = Window(round(row) - chip // 2, round(col) - chip // 2, chip, chip)
        if stack.scenes[t].mask is not None:
            flags = stack.flags(t, window)
            out[t] = np.mean((flags & (Flag.CLOUD | Flag.SHADOW | Flag.CIRRUS)) != 0)
    return out


def measure(cases: Iterator[Case], templates: list[str], chip: int, scale: float) -> dict[tuple[str, str], list]:
    """Per mode and template: (lost, wrong, error, clear) of every chip and date, (T − 1,) each."""
    found: dict[tuple[str, str], list] = {}
    for case in cases:
        pictures = Pictures(case.stack, 1, "none")
        for row, col in case.positions:
            true = case.truth(row, col)
            if true is None:
                continue
            clear = cloud_of(case.stack, true[:, 0], true[:, 1], chip) <= CLEAR
            for mode in ("chain", "robust"):
                for name in templates:
                    settings = TrackSettings(chip=chip, scale=scale, template=name, tracking=mode)
                    track = follow(pictures, row, col, 0, settings, predictor=template_predictor(name))
                    at = np.stack([track.rows, track.cols], -1)
                    held = np.asarray(track.valid)
                    error = np.hypot(*(at - true).T)
                    wrong = held & ~(error <= WRONG_PX)
                    found.setdefault((mode, name), []).append(np.stack([~held, wrong, error, clear])[:, 1:])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--templates", default="persistence,median,consensus,svg-lp,icenet")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--stack", type=Path)
    parser.add_argument("--chip", type=int, default=128)
    parser.add_argument("--scale", type=float, default=1.5)
    parser.add_argument("--step", type=int, default=64)
    options = parser.parse_args()
    print(machine())
    if options.stack is None:
        cases = simulated(options.seeds, options.chip, options.step)
    else:
        cases = real(options.stack, options.chip, options.step, 12)
    found = measure(cases, options.templates.split(","), options.chip, options.scale)
    print("| tracking | template | chips | lost | wrong | lost or wrong | tracks that end so | rms px | median px |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (mode, name), parts in found.items():
        lost, wrong, error, clear = np.stack(parts, 1)
        right = (lost == 0) & (wrong == 0)
        seen = right & (clear > 0) if (clear > 0).any() else right
        both = (lost + wrong) > 0
        print(
            f"| {mode} | {name} | {len(lost)} | {lost.mean():.1%} | {wrong.mean():.1%} | {both.mean():.1%} "
            f"| {both[:, -1].mean():.1%} | {np.sqrt(np.mean(error[seen] ** 2)):.3f} | {np.median(error[seen]):.3f} |"
        )


if __name__ == "__main__":
    main()
