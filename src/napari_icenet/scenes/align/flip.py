"""Scenes whose rows run north, turned to run south: exact, as no pixel is resampled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.scene import BandSource, MaskSource, Scene, assumed_share


def is_south_up(grid: Grid) -> bool:
    """True of a grid on a map whose first row is the southernmost, and that is not turned otherwise."""
    t = grid.transform
    return grid.georeferenced and t.b == 0 and t.d == 0 and t.e > 0


def flipped(grid: Grid) -> Grid:
    """The grid with its rows in the other order."""
    return replace(grid, transform=grid.transform @ Affine(1, 0, 0, 0, -1, grid.height))


def north_up(scene: Scene) -> Scene:
    """A scene whose first row is the northernmost; others are as they were."""
    if not is_south_up(scene.grid):
        return scene
    height = scene.grid.height
    return replace(
        scene,
        grid=flipped(scene.grid),
        bands={name: FlippedBand(band) for name, band in scene.bands.items()},
        mask=None if scene.mask is None else FlippedMask(scene.mask, height),
    )


class FlippedBand:
    """A band with its rows in the other order.

    Parameters
    ----------
    source : BandSource
    """

    def __init__(self, source: BandSource) -> None:
        self._source = source

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values."""
        return self._source.dtype

    def read(self, window: Window) -> NDArray[Any]:
        """Stored values of a window, untouched."""
        return np.ascontiguousarray(self._source.read(_mirrored(window, self.shape[0]))[::-1])

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where a window holds no measurement."""
        theirs = None if values is None else np.ascontiguousarray(values[::-1])
        return np.ascontiguousarray(self._source.fill(_mirrored(window, self.shape[0]), theirs)[::-1])

    def assumed_share(self) -> float:
        """Share of the source, 0–1, that is assumed to be missing without being declared so."""
        return assumed_share(self._source)


class FlippedMask:
    """A mask with its rows in the other order.

    Parameters
    ----------
    source : MaskSource
    height : int
        Of the frame, px.
    """

    def __init__(self, source: MaskSource, height: int) -> None:
        self._source = source
        self._height = height

    def read(self, window: Window) -> NDArray[np.uint8]:
        """:class:`~napari_icenet.scenes.scene.Flag` bits of a window inside the frame."""
        return np.ascontiguousarray(self._source.read(_mirrored(window, self._height))[::-1])


def _mirrored(window: Window, height: int) -> Window:
    return replace(window, row=height - window.stop[0])
