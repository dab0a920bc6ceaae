"""One acquisition: its bands on disk or in memory, its masks and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntFlag
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Grid, Window


@dataclass(frozen=True)
class Notice:
    """Something the user should know of a scene or a stack, in one sentence.

    ``lacks`` names the bands of the scene whose absence the sentence explains.
    """

    message: str
    scene: str | None = None
    lacks: tuple[str, ...] = field(default=(), compare=False)


class Flag(IntFlag):
    """Bits of a mask's pixel; several may hold at once (uint8)."""

    FILL = 1
    CLOUD = 2
    SHADOW = 4
    CIRRUS = 8
    SNOW = 16
    WATER = 32
    #: Dilated cloud: the margin that a product draws around its clouds, not cloud itself.
    CLOUD_MARGIN = 64


#: What keeps the ice from being seen.
HIDDEN = Flag.CLOUD | Flag.SHADOW | Flag.CIRRUS


class BandSource(Protocol):
    """One band of one scene, read by window; a read raises SceneError where its file has vanished or is damaged."""

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values."""
        ...

    def read(self, window: Window) -> NDArray[Any]:
        """Stored values of a window inside the frame, untouched."""
        ...

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where a window inside the frame holds no measurement.

        ``values`` are those of the same window, where :meth:`read` has just given them: they
        spare a second read of the file.
        """
        ...


@runtime_checkable
class AssumesFill(Protocol):
    """A band that takes some pixels for missing without being told so by its source."""

    def assumed_share(self) -> float:
        """Share of the source, 0–1, that is assumed to be missing."""
        ...


def assumed_share(source: BandSource) -> float:
    """Share of a band, 0–1, that it takes for missing without being told so; 0 where it assumes nothing."""
    return source.assumed_share() if isinstance(source, AssumesFill) else 0.0


class MaskSource(Protocol):
    """Quality flags of one scene, read by window, with the errors of :class:`BandSource`."""

    def read(self, window: Window) -> NDArray[np.uint8]:
        """:class:`Flag` bits of a window inside the frame."""
        ...


def fill_marker(dtype: np.dtype[Any]) -> Any:
    """The stored value that stands for a missing pixel: NaN, 0 (unsigned) or the least (signed)."""
    if dtype.kind == "f":
        return dtype.type(np.nan)
    return dtype.type(0 if dtype.kind in "ub" else np.iinfo(dtype).min)


@dataclass(frozen=True)
class Scaling:
    """Reflectance = (``gain`` · DN + ``offset``) / ``divisor`` (Landsat product guides).

    ``divisor`` is the sine of the sun's elevation for top-of-atmosphere reflectance of Level 1,
    1 for surface reflectance of Level 2.
    """

    gain: float
    offset: float
    divisor: float = 1.0

    def scale(self, values: NDArray[np.float32]) -> None:
        """Turn stored values into reflectance, in place."""
        values *= np.float32(self.gain)
        values += np.float32(self.offset)
        values /= np.float32(self.divisor)


@dataclass(frozen=True)
class Provenance:
    """Provenance of a scene; None is unknown.

    ``wrs_path`` and ``wrs_row`` are of the worldwide reference system 2; ``level`` is the
    product's (``L1TP``, ``L2SP``, …), ``tier`` is ``T1``, ``T2``, ``RT`` or ``GT``. ``credit`` is the
    line that must stand beside what is made of the scene.
    """

    location: Path | None = None
    sensor: str | None = None
    level: str | None = None
    collection: str | None = None
    tier: str | None = None
    wrs_path: int | None = None
    wrs_row: int | None = None
    processed: date | None = None
    simulated: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    credit: str | None = None

    @property
    def path_row(self) -> str:
        """Path and row, such as ``011/012``; empty where not known."""
        return "" if self.wrs_path is None or self.wrs_row is None else f"{self.wrs_path:03}/{self.wrs_row:03}"

    def geometry_differs(self, other: Provenance) -> bool:
        """True if the two are known to be seen from different paths or rows."""
        pairs = ((self.wrs_path, other.wrs_path), (self.wrs_row, other.wrs_row))
        return any(mine is not None and theirs is not None and mine != theirs for mine, theirs in pairs)


@dataclass(frozen=True)
class Scene:
    """One acquisition.

    Attributes
    ----------
    id : str
        Product id, or the name of the file.
    time : datetime
        UTC, without time zone; midnight where only the date is known (``time_known`` False).
    grid : Grid
        The scene's own grid; all its ``bands`` lie on it.
    bands : mapping of str to BandSource
        By the product's names (``B1`` …) or ``B1``, ``B2`` … in the order of the file.
    mask : MaskSource or None
        Quality flags on the same grid.
    scaling : mapping of str to Scaling
        How stored values become reflectance, for the bands where that is known.
    """

    id: str
    time: datetime
    grid: Grid
    bands: Mapping[str, BandSource]
    time_known: bool = False
    mask: MaskSource | None = None
    scaling: Mapping[str, Scaling] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True, eq=False)
class Covariates:
    """Further facts of the dates of a stack.

    Attributes
    ----------
    names : tuple of str, (K,)
        With their units, as in the header of their file.
    values : array of float64, (time, K)
        NaN where missing.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
