"""What tells a right match from a wrong one: each piece of evidence on pairs whose motion is exactly known.

The pictures are those of :mod:`pairs` and flow as there, between shear margins, under what real pairs suffer from:

* ``noise``: as much noise as texture.
* ``gaps``: the gaps of Landsat 7, differently placed on both dates.
* ``haze``: clouds with a texture of their own on the second date, from clear to opaque.
* ``melt``: the surface itself is another one on the second date, from hardly to wholly.

A match is right within 1 px of the truth; chips across which the flow differs by more than that have no right one and
are left out. Evidence: the height of the peak (NCC), its ratio to the highest rival, z
(its height above the surface's mean, in the surface's deviations), by how much the match back misses the start, the
formal error that the peak's curvature gives, and how far the match is from the median of its eight neighbours a
quarter of a chip away. Of each: the area under the curve that tells right from wrong (1 is perfect, .5 is chance),
and the share of all chips that can be accepted while at most 1 % of the accepted are wrong, by the best threshold;
for all conditions together that threshold, too. At last what the ratio alone lets pass::

    python benchmarks/judge.py [--chips 16 32 64 128] [--filters band high-pass none] [--conditions haze] [--quick]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pairs import Flow, moved, texture
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from napari_icenet.matching.engine import cpu
from napari_icenet.matching.engine._numba.compile import compile_kernels
from napari_icenet.matching.engine.batch import Search as Batch
from napari_icenet.matching.engine.peaks import Peaks, find_peaks
from napari_icenet.matching.prefilter import prefilter

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Places = NDArray[np.int64]

SIDE, RADIUS = 512, 16
#: A match farther from the truth is wrong, px.
RIGHT_PX = 1.0
#: Largest share of wrong matches among those accepted.
MAY_BE_WRONG = 0.01
#: Lowest ratios that click and map ask for.
RATIOS = (1.1, 1.5)
EVIDENCE = ("NCC", "ratio", "z", "back", "curvature", "neighbours")


@dataclass(frozen=True)
class Pair:
    """Two pictures (SIDE, SIDE) of ice that flows by ``pairs.Flow``; NaN is missing."""

    first: F32
    second: F32


def _noisy(first: F64, second: F64, rng: np.random.Generator, variance: float = 0.2) -> tuple[F64, F64]:
    return tuple(p + rng.normal(scale=variance**0.5, size=p.shape) for p in (first, second))  # type: ignore[return-value]


def _field(rng: np.random.Generator, length: float) -> F64:
    """A smooth random field, its values spread evenly over 0 to 1."""
    values = gaussian_filter(rng.normal(size=(SIDE, SIDE)), length, mode="wrap")
    return np.asarray(rankdata(values).reshape(values.shape) / values.size)


def noise(first: F64, second: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """As much noise as texture."""
    return _noisy(first, second, rng, 1.0)


def gaps(first: F64, second: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """Gaps of 33 rows' period, 2 px wide in the middle and 14 at the sides."""
    row, col = np.mgrid[:SIDE, :SIDE]
    pictures = _noisy(first, second, rng, 0.4)
    for picture in pictures:
        phase = rng.integers(33)
        picture[((row + phase + col // 7) % 33) < 2 + 12 * np.abs(col - SIDE / 2) / (SIDE / 2)] = np.nan
    return pictures


def haze(first: F64, second: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """Clouds over the second date: bright, with structure of their own, from clear (a third) to opaque."""
    opacity = np.clip(1.5 * _field(rng, 40) - 0.5, 0, 1)
    cloud = 6 * opacity + 0.5 * gaussian_filter(rng.normal(size=(SIDE, SIDE)), 3, mode="wrap") * 10
    return _noisy(first, (1 - opacity) * second + opacity * cloud, rng)


def melt(first: F64, second: F64, rng: np.random.Generator) -> tuple[F64, F64]:
    """Another surface on the second date, from hardly to wholly."""
    changed = np.clip(1.4 * _field(rng, 40) - 0.2, 0, 1)
    other = texture(SIDE, int(rng.integers(2**31)))
    return _noisy(first, np.sqrt(1 - changed) * second + np.sqrt(changed) * other, rng)


CONDITIONS: dict[str, Callable[[F64, F64, np.random.Generator], tuple[F64, F64]]] = {
    f.__name__: f for f in (noise, gaps, haze, melt)
}


def pair(condition: str, seed: int) -> Pair:
    """A pair under one condition; the same for the same seed."""
    still = texture(SIDE, 5000 + seed)
    made = CONDITIONS[condition](still, moved(still, Flow(SIDE)), np.random.default_rng(seed))
    return Pair(*(np.asarray(picture, np.float32) for picture in made))


@dataclass(frozen=True)
class Judged:
    """Matches of one chip size: which are right, and each piece of evidence, larger for better, (n,)."""

    right: NDArray[np.bool_]
    evidence: dict[str, F64]
    ratio: F64

    @staticmethod
    def together(parts: Sequence[Judged]) -> Judged:
        """Several batches as one."""
        evidence = {name: np.concatenate([p.evidence[name] for p in parts]) for name in EVIDENCE}
        return Judged(np.concatenate([p.right for p in parts]), evidence, np.concatenate([p.ratio for p in parts]))


@dataclass(frozen=True)
class Search:
    """Two filtered pictures, and chips of one that are searched for in the other."""

    first: F32
    second: F32
    chip: int
    independent: float

    def peaks(self, rows: Places, cols: Places) -> tuple[Peaks, F64, F64]:
        """Peaks of chips, and the mean and deviation of their surfaces."""
        zero, reach = np.zeros_like(rows), (RADIUS, RADIUS)
        batch = Batch.around(
            self.first, self.second, rows, cols, chip=self.chip, reach=reach, shift=(zero, zero), min_overlap=0.375
        )
        surfaces = np.concatenate([cpu.correlated(batch, slice(i, i + 64)) for i in range(0, len(rows), 64)])
        defined = np.isfinite(surfaces)
        count = np.maximum(defined.sum(axis=(1, 2)), 1)
        mean = np.where(defined, surfaces, 0).sum(axis=(1, 2)) / count
        spread = np.sqrt(np.where(defined, (surfaces - mean[:, None, None]) ** 2, 0).sum(axis=(1, 2)) / count)
        return find_peaks(surfaces, pixels=float(self.chip**2), share=self.independent), mean, spread

    def round_trip(self, rows: Places, cols: Places, peaks: Peaks) -> F64:
        """By how much the chip that was found misses the start when it is searched for there, px."""
        there = [np.nan_to_num(np.rint(p - RADIUS)).astype(np.int64) for p in (peaks.row, peaks.col)]
        back, _, _ = replace(self, first=self.second, second=self.first).peaks(rows + there[0], cols + there[1])
        # Chips are cut at whole pixels: the way back is less the fraction that was cut off.
        row, col = (b - RADIUS + whole for b, whole in ((back.row, there[0]), (back.col, there[1])))
        cut = [p - RADIUS - whole for p, whole in ((peaks.row, there[0]), (peaks.col, there[1]))]
        return np.nan_to_num(np.hypot(row + cut[0], col + cut[1]), nan=np.inf)


def judged(of: Pair, chip: int, name: str) -> Judged:
    """All matches of a pair with a peak off the border and a flow that is one, and what speaks for each."""
    chosen = prefilter(name)
    first, second = chosen(of.first), chosen(of.second)
    spacing, margin = max(chip // 4, 8), chip // 2 + RADIUS + 8
    places = np.arange(margin, SIDE - margin, spacing)
    rows, cols = (a.ravel().astype(np.int64) for a in np.meshgrid(places, places, indexing="ij"))
    search = Search(first, second, chip, chosen.independent)
    peaks, mean, spread = search.peaks(rows, cols)
    drow, dcol = peaks.row - RADIUS, peaks.col - RADIUS
    flow = Flow(SIDE)
    true = flow.displacement(rows - 0.5, cols - 0.5)
    off = np.hypot(drow - true[0], dcol - true[1])
    whole = flow.shear(rows - 0.5, cols - 0.5) * chip < RIGHT_PX
    peak = peaks.reason == 0
    found = peak & whole
    evidence = {
        "NCC": peaks.ncc.astype(float),
        "ratio": np.nan_to_num(peaks.peak_ratio.astype(float), nan=1.0),
        "z": np.nan_to_num((peaks.ncc - mean) / np.maximum(spread, 1e-9)),
        "back": -search.round_trip(rows, cols, peaks),
        "curvature": -np.nan_to_num(np.hypot(peaks.error_row, peaks.error_col).astype(float), nan=np.inf),
        "neighbours": -_from_neighbours(np.where(peak, drow, np.nan), np.where(peak, dcol, np.nan), len(places)),
    }
    kept = {key: values[found] for key, values in evidence.items()}
    return Judged(off[found] <= RIGHT_PX, kept, evidence["ratio"][found])


def _from_neighbours(drow: F64, dcol: F64, across: int) -> F64:
    """Distance from the median of the eight cells around, px; infinite where fewer than three are there."""
    distances = []
    for values in (drow, dcol):
        grid = np.pad(values.reshape(across, across), 1, constant_values=np.nan)
        around = [
            grid[1 + i : 1 + i + across, 1 + j : 1 + j + across]
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if (i, j) != (0, 0)
        ]
        stacked = np.stack(around)
        enough = np.isfinite(stacked).sum(axis=0) >= 3
        # Where too few are there anything does for the median; the distance is not known.
        middle = np.nanmedian(np.where(enough, stacked, 0), axis=0)
        distances.append(np.where(enough & np.isfinite(middle), grid[1:-1, 1:-1] - middle, np.nan))
    return np.nan_to_num(np.hypot(*distances), nan=np.inf).ravel()


def area_under_curve(values: F64, right: NDArray[np.bool_]) -> float:
    """Chance that a right match has more of the evidence than a wrong one."""
    ranks, good = rankdata(values), int(right.sum())
    bad = len(right) - good
    return float((ranks[right].sum() - good * (good + 1) / 2) / (good * bad)) if good and bad else float("nan")


def accepted(values: F64, right: NDArray[np.bool_]) -> tuple[float, float]:
    """Largest share of all matches above a threshold of which at most ``MAY_BE_WRONG`` are wrong, and that."""
    order = np.argsort(-values, kind="stable")
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    # Equal values are accepted together.
    last = np.r_[values[order][1:] != values[order][:-1], True]
    good = np.flatnonzero((wrong <= MAY_BE_WRONG) & last)
    return (float((good[-1] + 1) / len(order)), float(values[order][good[-1]])) if good.size else (0.0, np.inf)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, nargs="+", default=[16, 32, 64, 128])
    parser.add_argument("--filters", nargs="+", default=["band", "high-pass", "none"])
    parser.add_argument("--conditions", nargs="+", default=list(CONDITIONS), choices=list(CONDITIONS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one chip, one filter, one pair a condition")
    options = parser.parse_args()
    if options.quick:
        options.chips, options.filters, options.seeds = [32], ["band"], 1
    compile_kernels()
    pairs = {name: [pair(name, seed) for seed in range(options.seeds)] for name in options.conditions}
    head = " | ".join(EVIDENCE)
    rules = " | ".join(f"ratio > {least}" for least in RATIOS)
    print(f"| filter | chip | condition | chips | right | {head} | {head} | {rules} |")
    print("|---|--:|---|" + "--:|" * (2 + 2 * len(EVIDENCE) + len(RATIOS)))
    for name in options.filters:
        for chip in options.chips:
            of_all = {c: Judged.together([judged(p, chip, name) for p in made]) for c, made in pairs.items()}
            for condition, found in of_all.items():
                print(f"| {name} | {chip} | {condition} | {row(found)} |", flush=True)
            print(
                f"| {name} | {chip} | all | {row(Judged.together(list(of_all.values())), thresholds=True)} |",
                flush=True,
            )


def row(found: Judged, *, thresholds: bool = False) -> str:
    """Cells of one line of the table; with the thresholds of what can be accepted."""
    areas = [f"{area_under_curve(found.evidence[e], found.right):.2f}" for e in EVIDENCE]
    shares = []
    for evidence in EVIDENCE:
        share, least = accepted(found.evidence[evidence], found.right)
        shares.append(f"{share:.2f} ({abs(least):.2f})" if thresholds else f"{share:.2f}")
    rules = []
    for least in RATIOS:
        passed = found.ratio >= least
        rules.append(f"{passed.mean():.2f}, {np.mean(~found.right[passed]):.1%} wrong")
    return " | ".join([str(len(found.right)), f"{found.right.mean():.2f}", *areas, *shares, *rules])


if __name__ == "__main__":
    main()
