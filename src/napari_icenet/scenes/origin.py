"""Origin of a stack: path and options, enough to open it again."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from napari_icenet.common.settings_model import FrozenModel


class Origin(FrozenModel):
    """Arguments of the call of :func:`~napari_icenet.scenes.open.open_stack` that opened a stack.

    Attributes
    ----------
    path : Path
        Absolute.
    bands : tuple of str or int, optional
    extent : {"intersection", "union"}
    crs : str, optional
        As text: ``EPSG:3031``, or WKT.
    exclude, only : tuple of str
        Dates left out, and paths and rows kept.
    pixel_size : float, optional
        m, as given for pictures that lie on no map.
    """

    path: Path
    bands: tuple[str | int, ...] | None = None
    extent: Literal["intersection", "union"] = "intersection"
    crs: str | None = None
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    pixel_size: float | None = None
