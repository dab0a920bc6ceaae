"""Ice narrower than a chip, fronts and gaps: how many vectors a map calls valid that are wrong.

Every pair is exact: still ground and ice are two textures of :mod:`pairs`, the ice moved as a whole in Fourier
space; which of the two a pixel shows follows from the shape of the ice. White noise is added as there.

* ``strip``: ice of 16 to 96 px between still walls, at every azimuth, that moves along itself.
* ``front``: all ice above a line moves towards it and over the still ice beyond, as a surge does.
* ``gaps``: a picture that moves as a whole, seen through the gaps of Landsat 7 since 2003.

Found is the share of cells whose vector is valid and right, wrong the share of the valid vectors that are off by
more than 1 px, with the 95 % interval of independent pairs. Cells are counted on the ice (strip) or everywhere::

    python benchmarks/structures.py [--chip 32] [--spacing 8] [--quick]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pairs import SNR, texture
from scipy.ndimage import fourier_shift

from napari_icenet.matching.engine.engine import Engine
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap

SIDE = 400
WIDTHS = (16, 24, 32, 48, 64, 96)
AZIMUTHS = tuple(range(0, 180, 15))
#: How far the ice moves, px.
STEP = 6.3
#: A vector that is off by more is wrong, px.
WRONG_PX = 1.0


@dataclass(frozen=True)
class Pair:
    """Two pictures, and where which motion is true.

    Attributes
    ----------
    first, second : array of float32, (SIDE, SIDE)
    ice : array of bool, (SIDE, SIDE)
        Pixels of the first picture that move.
    step : (float, float)
        Their motion along rows and columns, px; all others stand still.
    """

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    ice: NDArray[np.bool_]
    step: tuple[float, float]

    def map(self, engine: Engine, settings: VelocitySettings) -> VelocityMap:
        """Map of the pair, its dates 16 days apart."""
        start = datetime(2020, 1, 1)
        stack = SceneStack.from_array(np.stack([self.first, self.second]), [start, start + timedelta(days=16)])
        return map_pair(stack, 0, 1, settings, engine=engine)

    def judged(self, found: VelocityMap) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
        """Cells on the ice, valid cells, and how far each vector is off, px."""
        rows, cols = (np.asarray(a, int) for a in np.meshgrid(found.rows, found.cols, indexing="ij"))
        ice = self.ice[rows, cols]
        off = np.hypot(found.drow - np.where(ice, self.step[0], 0), found.dcol - np.where(ice, self.step[1], 0))
        return ice, found.valid, off


def with_noise(pictures: list[NDArray[np.float64]], seed: int, noise: float) -> list[NDArray[np.float32]]:
    """The pictures with white noise of this variance, independent in each."""
    rng = np.random.default_rng(seed)
    return [(p + rng.normal(scale=noise**0.5, size=p.shape)).astype(np.float32) for p in pictures]


def shifted(picture: NDArray[np.float64], step: tuple[float, float]) -> NDArray[np.float64]:
    """The periodic picture moved by a fraction of a pixel, exactly."""
    return np.asarray(np.fft.ifft2(fourier_shift(np.fft.fft2(picture), step)).real)


def strip(width: int, azimuth: float, seed: int, noise: float = 1 / SNR) -> Pair:
    """Ice of ``width`` px through the middle, along ``azimuth`` (degrees from down to right)."""
    along = np.array([np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth))])
    row, col = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    ice = np.abs(row * along[1] - col * along[0]) < width / 2
    step = (float(STEP * along[0]), float(STEP * along[1]))
    rock, flowing = texture(SIDE, 1000 + seed), texture(SIDE, 2000 + seed)
    pictures = [np.where(ice, flowing, rock), np.where(ice, shifted(flowing, step), rock)]
    return Pair(*with_noise(pictures, seed, noise), ice, step)


def front(azimuth: float, seed: int, noise: float = 1 / SNR) -> Pair:
    """Ice that surges along ``azimuth`` over still ice beyond a line through the middle."""
    along = np.array([np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth))])
    row, col = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    beyond = row * along[0] + col * along[1]
    step = (float(STEP * along[0]), float(STEP * along[1]))
    still, flowing = texture(SIDE, 1000 + seed), texture(SIDE, 2000 + seed)
    pictures = [np.where(beyond < 0, flowing, still), np.where(beyond < STEP, shifted(flowing, step), still)]
    return Pair(*with_noise(pictures, seed, noise), beyond < 0, step)


def gaps(phase: int, seed: int, noise: float = 1 / SNR) -> Pair:
    """A picture that moves as a whole behind gaps of 33 rows' period, 2 px wide in the middle and 14 at the sides."""
    side, step = SIDE, (3.0, -2.0)
    row, col = np.mgrid[:side, :side]
    ice = texture(side, 1000 + seed)
    pictures = with_noise([ice, shifted(ice, step)], seed, noise)
    for number, picture in enumerate(pictures):
        shut = ((row + phase * number + col // 7) % 33) < 2 + 12 * np.abs(col - side / 2) / (side / 2)
        picture[shut] = np.nan
    return Pair(pictures[0], pictures[1], np.ones((side, side), bool), step)


def cases(quick: bool, only: str = "") -> Iterator[tuple[str, bool, list[Pair]]]:
    """Title, whether cells on the ice alone are counted, and pairs; of those whose title holds ``only``."""
    azimuths, phases = (AZIMUTHS[:2], (5,)) if quick else (AZIMUTHS, (5, 11, 16))
    made: list[tuple[str, bool, Callable[[], list[Pair]]]] = []
    for noise, words in ((0.0, "no noise"), (1 / SNR, "noise")):
        made += [
            (f"strip {width} px, {words}", True, partial(_strips, width, azimuths, noise))
            for width in (WIDTHS[1:2] if quick else WIDTHS)
        ]
        made.append((f"front, {words}", False, partial(_fronts, azimuths, noise)))
        made.append((f"gaps, {words}", False, partial(_gaps, phases, noise)))
    for title, on_ice, make in made:
        if only in title:
            yield title, on_ice, make()


def _strips(width: int, azimuths: Sequence[int], noise: float) -> list[Pair]:
    return [strip(width, azimuth, azimuth, noise) for azimuth in azimuths]


def _fronts(azimuths: Sequence[int], noise: float) -> list[Pair]:
    return [front(azimuth + 180 * (azimuth % 2), azimuth, noise) for azimuth in azimuths]


def _gaps(phases: Sequence[int], noise: float) -> list[Pair]:
    return [gaps(phase, phase, noise) for phase in phases]


def away_from_edge(found: VelocityMap, distance: int) -> NDArray[np.bool_]:
    """Cells of a map at least ``distance`` px away from the edge of the frame."""
    rows, cols = ((a >= distance) & (a < SIDE - distance) for a in (found.rows, found.cols))
    return np.asarray(rows[:, None] & cols)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chip", type=int, default=32)
    parser.add_argument("--max-chip", type=int, default=128)
    parser.add_argument("--spacing", type=int, default=8)
    parser.add_argument("--radius", type=int, default=25)
    parser.add_argument("--only", default="", help="cases whose title holds these words")
    parser.add_argument("--quick", action="store_true", help="a few azimuths and widths")
    options = parser.parse_args()
    settings = VelocitySettings(
        chip=options.chip, max_chip=options.max_chip, spacing=options.spacing, radius=options.radius
    )
    engine = Engine("cpu")
    print("| case | cells | valid | found | wrong | of all valid in the frame |")
    print("|---|--:|--:|--:|--:|--:|")
    for title, on_ice, pairs in cases(options.quick, options.only):
        counts = []
        for pair in pairs:
            found = pair.map(engine, settings)
            ice, valid, off = pair.judged(found)
            # Nearer to the edge of the frame a chip, or what it is searched in, crosses it.
            counted = away_from_edge(found, options.chip // 2 + options.radius) & (ice | (not on_ice))
            with np.errstate(invalid="ignore"):
                wrong = valid & (off > WRONG_PX)
            counts.append([counted.sum(), (counted & valid).sum(), (counted & wrong).sum(), valid.sum(), wrong.sum()])
        cells, valid, wrong, everywhere, wrong_everywhere = np.sum(counts, axis=0)
        print(
            f"| {title} | {cells} | {valid / cells:.1%} | {(valid - wrong) / cells:.1%} | "
            f"{wrong / max(valid, 1):.2%} | {wrong_everywhere / max(everywhere, 1):.2%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
