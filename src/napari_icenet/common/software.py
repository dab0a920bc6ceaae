"""Name and version of this package, for the record."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version


@cache
def software() -> str:
    """Name and version of this package, as files and tables tell it."""
    return f"napari-icenet {version('napari-icenet')}"
