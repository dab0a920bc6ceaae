"""A band in an array, in memory or read when sliced."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window


class ArrayBand:
    """A band held in an array: numpy's, or one that is read when sliced (dask, zarr).

    Parameters
    ----------
    values : array, (height, width)
        NaN is fill in floating types.
    fill : array of bool, (height, width), optional
        Further pixels without a measurement.
    """

    def __init__(self, values: Any, fill: Any = None) -> None:
        self._values = values
        self._fill = fill

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._values.shape[0], self._values.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self._values.dtype)
        return dtype

    def read(self, window: Window) -> NDArray[Any]:
        """Values of a window inside the frame."""
        return np.asarray(self._values[window.slices])

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where there is no measurement."""
        fill: NDArray[np.bool_]
        if self.dtype.kind == "f":
            fill = np.isnan(self.read(window) if values is None else values)
        else:
            fill = np.zeros((window.height, window.width), bool)
        return fill if self._fill is None else fill | np.asarray(self._fill[window.slices])
