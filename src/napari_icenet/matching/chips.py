"""Windows of chips and searches on the pixel grid."""

from __future__ import annotations

import math

import numpy as np

from napari_icenet.common.text import brief
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.scenes.grid import Window


def as_position(given: object) -> tuple[float, float]:
    """(row, col) of whatever two numbers are given as.

    Raises UsageError: they are no two numbers.
    """
    try:
        row, col = (float(v) for v in np.asarray(given, float))
    except (TypeError, ValueError):
        row = col = math.nan
    if isinstance(given, str) or not (math.isfinite(row) and math.isfinite(col)):
        raise UsageError(f"{given!r} is no position; give (row, col), two numbers of pixels.")
    return row, col


def square(row: int, col: int, side: int) -> Window:
    """The square of even ``side`` at an integer position.

    It covers rows ``row - side/2 … row + side/2 - 1``, and columns likewise; its geometric centre
    lies half a pixel above and left of (row, col).
    """
    return Window(row - side // 2, col - side // 2, side, side)


def chip_window(row: float, col: float, chip: int) -> Window:
    """The chip of side ``chip`` at (row, col), placed on the nearest whole pixel."""
    return square(round(row), round(col), chip)


def search_window(row: float, col: float, search: int) -> Window:
    """The search window of side c·C = ``search`` at (row, col), placed on the nearest whole pixel."""
    return square(round(row), round(col), search)


def check_fits(chip: int, scale: float, search: int, shape: tuple[int, int]) -> None:
    """Refuse a search window larger than the frame.

    Parameters
    ----------
    chip, search : int
        Sides of the chip and of the search window, px.
    scale : float
        Scale factor c.
    shape : (int, int)
        Of the frame.

    Raises
    ------
    UsageError
        c·C exceeds the frame; the message says what fits.
    """
    side = min(shape)
    if chip > side:
        raise UsageError(
            f"a chip of {chip} px does not fit in a frame of {shape[0]} × {shape[1]} px; "
            f"choose at most {max(16, 2 * int(side / scale / 2))} px."
        )
    if search > side:
        largest = int(10 * side / chip) / 10
        advice = f"c of at most {largest:.1f} or " if largest >= 1.1 else ""
        raise UsageError(
            f"a search window of c·C = {search} px does not fit in a frame of {shape[0]} × {shape[1]} px; "
            f"choose {advice}a chip of at most {2 * int(side / scale / 2)} px."
        )


def check_inside(row: float, col: float, chip: int, shape: tuple[int, int]) -> None:
    """Refuse a chip that leaves the frame.

    Raises
    ------
    TrackingError
        The position lies outside the frame, or the chip crosses its edge.
    """
    height, width = shape
    if not (-0.5 <= row <= height - 0.5 and -0.5 <= col <= width - 0.5):
        raise TrackingError(
            f"row {brief(f'{row:.0f}')}, column {brief(f'{col:.0f}')} lies outside the frame of {height} × {width} px; "
            "choose a position inside."
        )
    window = chip_window(row, col, chip)
    if window.clipped(shape) != window:
        half = chip // 2
        raise TrackingError(
            f"a chip of {chip} px at row {row:.0f}, column {col:.0f} crosses the edge of the frame; "
            f"choose rows {half}–{height - half} and columns {half}–{width - half}, or a smaller chip."
        )
