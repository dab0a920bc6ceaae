"""Origin of a stack: path and options, enough to open it again."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Origin(BaseModel):
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

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    bands: tuple[str | int, ...] | None = None
    extent: Literal["intersection", "union"] = "intersection"
    crs: str | None = None
