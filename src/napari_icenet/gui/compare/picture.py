"""Arrays and positions of a comparison's overlays, in pixels of the stack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.palette import SEARCH
from napari_icenet.common.types import F32
from napari_icenet.evaluation.compare.comparison import Compared, Comparison, Judged
from napari_icenet.evaluation.compare.track_frames import Frame, Target
from napari_icenet.gui.track.geometry import dashed, outline, square
from napari_icenet.gui.widgets.chip_image import stretch
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.matching.template import HIGH_PASS, Prediction

#: Differences are drawn up to so many standard deviations.
DEVIATIONS = 2.0
#: Half the cross in the middle of a placed chip, px of the stack.
_CROSS_PX = 3.0


@dataclass(frozen=True, eq=False)
class Overlay:
    """One picture in place.

    Attributes
    ----------
    values : array of float32, (h, w)
    row0, col0 : int
        Pixel of the stack that ``values[0, 0]`` lies on.
    limits : (float, float)
        Values of the first and the last colour.
    """

    values: F32
    row0: int
    col0: int
    limits: tuple[float, float]


def overlay(kind: str, made: Comparison, one: Compared, target: int) -> Overlay | None:
    """Overlay of a predictor for one kind of layer; None where it gives nothing.

    Parameters
    ----------
    kind : {"expected", "came", "difference", "spread", "high-pass", "surface"}
    made : Comparison
    one : Compared
        The predictor's part of it.
    target : {1, 2}
    """
    if kind == "high-pass":
        return stretched(prefilter(HIGH_PASS)(made.past[-1].chip), made.past[-1])
    frame, judged = made.at(target), one.at(target)
    if frame is None:
        return None
    if kind == "came":
        return stretched(frame.chip if judged is None else judged.chip, frame)
    return None if judged is None or judged.prediction is None else _predicted(kind, judged, judged.prediction, frame)


def _predicted(kind: str, judged: Judged, made: Prediction, target: Target) -> Overlay | None:
    if kind == "expected":
        return stretched(made.template, target)
    if kind == "surface" and judged.match is not None:
        surface = judged.match.surface
        return Overlay(surface.values, surface.row0, surface.col0, (-1.0, 1.0))
    if kind == "difference":
        # Each in its own standard deviations, as correlation sees them.
        values = np.asarray(_standard(judged.chip) - _standard(made.template), np.float32)
        return Overlay(values, *_corner(values, target), (-DEVIATIONS, DEVIATIONS))
    if kind == "spread" and made.spread is not None:
        values = np.asarray(made.spread / _deviation(made.template), np.float32)
        return Overlay(values, *_corner(values, target), (0.0, 1.0))
    return None


@dataclass(frozen=True, eq=False)
class Places:
    """Outlines as napari vectors.

    Attributes
    ----------
    vectors : array of float64, (n, 2, 2)
    colours : list of str, (n,)
    """

    vectors: NDArray[np.float64]
    colours: list[str]


def places(made: Comparison, target: int) -> Places:
    """Positions of the chip at t1 or t2 by each template, and of the ice: dashed by the track."""
    vectors, colours = [np.zeros((0, 2, 2))], []
    for one in made.compared:
        judged = one.at(target)
        if judged is None or judged.match is None or not judged.placed:
            continue
        mark = _mark(judged.match.row, judged.match.col, made.track.settings.chip)
        vectors.append(mark)
        colours += [one.entry.colour] * len(mark)
    frame = made.at(target)
    reference = None if frame is None else frame.reference
    if frame is not None and reference is not None:
        edges = square(*reference, made.track.settings.chip)
        lines = dashed(*edges) if frame.known is None else outline(*edges)
        # The reference lies on top: every outline is held against it.
        lines = np.concatenate([lines, _cross(*reference)])
        vectors.append(lines)
        colours += [SEARCH] * len(lines)
    return Places(np.concatenate(vectors), colours)


def _mark(row: float, col: float, chip: int) -> NDArray[np.float64]:
    return np.concatenate([outline(*square(row, col, chip)), _cross(row, col)])


def _cross(row: float, col: float) -> NDArray[np.float64]:
    # The middle of an even chip lies half a pixel before its position.
    y, x, half = row - 0.5, col - 0.5, _CROSS_PX
    return np.array([[[y - half, x], [2 * half, 0]], [[y, x - half], [0, 2 * half]]])


def stretched(chip: F32, frame: Frame) -> Overlay:
    """A chip where a frame was cut, stretched between its percentiles."""
    return Overlay(chip, *_corner(chip, frame), stretch(chip))


def _corner(chip: F32, frame: Frame) -> tuple[int, int]:
    return frame.row - chip.shape[0] // 2, frame.col - chip.shape[1] // 2


def _standard(chip: F32) -> F32:
    known = chip[np.isfinite(chip)]
    return np.asarray((chip - (known.mean() if known.size else 0)) / _deviation(chip), np.float32)


def _deviation(chip: F32) -> float:
    known = chip[np.isfinite(chip)]
    return max(float(known.std(dtype=np.float64)), 1e-9) if known.size else 1.0
