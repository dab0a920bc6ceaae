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
    """

    path: Path
    bands: tuple[str | int, ...] | None = None
    extent: Literal["intersection", "union"] = "intersection"
    crs: str | None = None
