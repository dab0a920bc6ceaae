"""Find the peak of a correlation surface coarse to fine: a small part of the whole search.

The whole window is looked over at a quarter of the resolution; then the few places that could hold
the highest peak are correlated at full resolution. Where the coarse surface leaves too many such
places there is no answer, and the whole surface has to be computed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.matching.zncc import CONTRAST, unit_template

#: Pixels of a side that are averaged into one.
FACTOR = 4
#: A smaller chip has too few coarse pixels, and is searched for in no time anyway.
SMALLEST_CHIP = 80
#: Coarse peaks this far below the highest may be the highest at full resolution: a peak between two
#: coarse placements is cut off, and fine texture is averaged away.
MARGIN = 0.15
#: Places looked at in full resolution before the search gives up.
PLACES = 3
#: Placements around a peak that belong to it, at the coarse resolution.
_APART = 2
#: Placements correlated on each side of a place: what a peak needs around it to be refined.
_REACH = 2
#: Times a patch may follow a rising surface.
_MOVES = 8


def peak_patch(
    window: NDArray[np.float32],
    chip: NDArray[np.float32],
    norms: NDArray[np.float32],
    hint: tuple[int, int] | None = None,
) -> tuple[NDArray[np.float32], int, int] | None:
    """The surroundings of the highest peak of :func:`~napari_icenet.matching.zncc.zncc`.

    Parameters
    ----------
    window : array of float32, (height, width)
        Without missing pixels.
    chip : array of float32, (C, C)
        NaN is missing.
    norms : array of float32, (height - C + 1, width - C + 1)
        :func:`~napari_icenet.matching.zncc.norm_map` of the window.
    hint : (int, int), optional
        Placement to begin with at full resolution, where a coarse peak lies within 2 px of it.

    Returns
    -------
    values : array of float32, (n, m)
        Part of the surface, 2 px on each side of its highest pixel or as far as the surface goes.
    row, col : int
        Where the part starts in the surface.

    None where the chip is small, flat or incomplete, where a patch is flat, or where several places
    are about as good at the coarse resolution.
    """
    if chip.shape[0] < SMALLEST_CHIP or min(norms.shape) <= 2 * FACTOR:
        return None
    template = unit_template(chip)
    calm, lively, _, _ = cv2.minMaxLoc(norms)
    if template is None or calm == 0 or lively > CONTRAST * calm:
        return None
    coarse, level = _coarse_surface(window, template, norms.shape)
    places = _places(coarse)
    if places is None:
        return None
    search = _Search(window, template, norms, level)
    best: tuple[NDArray[np.float32], int, int] | None = None
    for row, col in places:
        near = hint is not None and max(abs(hint[0] - row), abs(hint[1] - col)) <= FACTOR // 2
        found = search.climb(*(hint if hint is not None and near else (row, col)))
        if found is None:
            return None
        if best is None or found[0].max() > best[0].max():
            best = found
    return best


def _coarse_surface(
    window: NDArray[np.float32], template: NDArray[np.float32], shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], np.float32]:
    """Correlation of the averaged pictures, its placement i being placement FACTOR · i; the window's mean."""
    side = template.shape[0] // FACTOR
    # Averages start at the same corner in both, so that no fraction of a pixel comes in.
    height, width = (side + (n - 1) // FACTOR for n in shape)
    small = _averaged(template, side, side)
    wide = _averaged(window, height, width)
    level = np.float32(cv2.mean(wide)[0])
    wide -= level
    return np.asarray(cv2.matchTemplate(wide, small, cv2.TM_CCOEFF_NORMED), np.float32), level


def _averaged(picture: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    part = picture[: height * FACTOR, : width * FACTOR]
    # OpenCV averages 2 × 2 pixels much faster than 4 × 4.
    half = cv2.resize(part, (2 * width, 2 * height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(half, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _places(coarse: NDArray[np.float32]) -> list[tuple[int, int]] | None:
    """Full-resolution placements near the coarse peaks that count, highest first; None if too many."""
    rest = coarse.copy()
    places: list[tuple[int, int]] = []
    floor = -np.inf
    while True:
        row, col = divmod(int(rest.argmax()), rest.shape[1])
        top = float(rest[row, col])
        if not top > floor:
            return places
        if len(places) == PLACES:
            return None
        floor = max(floor, top - MARGIN)
        places.append((_between(coarse[:, col], row), _between(coarse[row], col)))
        rest[max(row - _APART, 0) : row + _APART + 1, max(col - _APART, 0) : col + _APART + 1] = -np.inf


def _between(line: NDArray[np.float32], i: int) -> int:
    """Full-resolution placement of a coarse peak: a parabola's, to save a move."""
    if not 0 < i < len(line) - 1:
        return FACTOR * i
    before, here, after = line[i - 1 : i + 2].tolist()
    bend = 2 * here - before - after
    return round(FACTOR * (i + max(-0.5, min(0.5, 0.5 * (after - before) / bend)))) if bend > 0 else FACTOR * i


class _Search:
    """Correlation at full resolution, a few placements at a time."""

    def __init__(
        self,
        window: NDArray[np.float32],
        template: NDArray[np.float32],
        norms: NDArray[np.float32],
        level: np.float32,
    ) -> None:
        self._window, self._template, self._norms, self._level = window, template, norms, level
        self._lines: dict[int, NDArray[np.float32]] = {}

    def climb(self, row: int, col: int) -> tuple[NDArray[np.float32], int, int] | None:
        """The patch around the peak that is reached uphill from a placement."""
        height, width = self._norms.shape
        for _ in range(_MOVES):
            row, col = min(max(row, 0), height - 1), min(max(col, 0), width - 1)
            top, left = max(row - _REACH, 0), max(col - _REACH, 0)
            values = self._values(top, min(row + _REACH + 1, height), left, min(col + _REACH + 1, width))
            i, j = divmod(int(values.argmax()), values.shape[1])
            if (top + i, left + j) == (row, col):
                return values, top, left
            row, col = top + i, left + j
        return None

    def _values(self, top: int, bottom: int, left: int, right: int) -> NDArray[np.float32]:
        side = self._template.shape[0]
        part = self._window[top : bottom - 1 + side, left : right - 1 + side] - self._level
        wide, pixels, line = part.shape[1], part.ravel(), self._line(part.shape[1])
        values = np.empty((bottom - top, right - left), np.float32)
        for i in range(bottom - top):
            values[i] = np.correlate(pixels[i * wide : (i + side) * wide], line)
        values /= self._norms[top:bottom, left:right]
        return np.clip(values, -1, 1, out=values)

    def _line(self, wide: int) -> NDArray[np.float32]:
        """The template's rows one after the other, as far apart as those of a part ``wide`` pixels wide.

        A placement is then one product of two lines, and the placements of a row are a
        one-dimensional correlation.
        """
        if wide not in self._lines:
            side = self._template.shape[0]
            spaced = np.zeros((side, wide), np.float32)
            spaced[:, :side] = self._template
            self._lines[wide] = spaced.ravel()[: side * wide - (wide - side)]
        return self._lines[wide]
