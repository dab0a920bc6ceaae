"""Shares of each chip that are hidden or missing on one date."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.tracking.matcher import tiles
from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.scene import HIDDEN
from napari_icenet.scenes.stack import SceneStack

Places = tuple[NDArray[np.int64], NDArray[np.int64]]


def cloud_shares(stack: SceneStack, time: int, places: Places, chip: int) -> NDArray[np.float32]:
    """Share of cloud, shadow and cirrus in each chip (n,); NaN where the scene has no mask.

    Parameters
    ----------
    places : (array of int64, array of int64), each (n,)
        Rows and columns; the chips may cross the edge of the frame.
    chip : int
        Side of the chips, px.
    """
    if stack.scenes[time].mask is None:
        return np.full(len(places[0]), np.nan, np.float32)
    return _shares(lambda window: (stack.flags(time, window) & np.uint8(HIDDEN)) > 0, places, chip)


def fill_shares(pictures: Pictures, time: int, places: Places, chip: int) -> NDArray[np.float32]:
    """Share of missing pixels in each chip (n,); parameters as of :func:`cloud_shares`."""
    return _shares(lambda window: np.isnan(pictures.read(time, window)), places, chip)


def _shares(marked: Callable[[Window], NDArray[np.bool_]], places: Places, chip: int) -> NDArray[np.float32]:
    out = np.empty(len(places[0]), np.float32)
    half = chip // 2
    for _, group in tiles(*places, np.arange(len(out))):
        rows, cols = places[0][group] - half, places[1][group] - half
        top, left = int(rows.min()), int(cols.min())
        window = Window(top, left, int(rows.max()) - top + chip, int(cols.max()) - left + chip)
        sums = cv2.integral(marked(window).view(np.uint8))
        r, c = rows - top, cols - left
        count = sums[r + chip, c + chip] - sums[r, c + chip] - sums[r + chip, c] + sums[r, c]
        out[group] = count / chip**2
    return out
