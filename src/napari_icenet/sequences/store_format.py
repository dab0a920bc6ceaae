"""What a dataset says of itself, beside its arrays: the attributes of the zarr store."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_icenet.scenes.credit import credit_of
from napari_icenet.scenes.scene import Scene
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.store_format import GridRecord
from napari_icenet.sequences.settings import DatasetSettings

FORMAT = "icenet dataset"
#: Raised when a reader of an older version would misread the store.
VERSION = 1

#: Arrays beside the chips: type, and axes after that of the sequences (T frames, or row and column).
TABLES: dict[str, tuple[type, str]] = {
    "times": (np.int64, "frame"),
    "days": (np.float64, "frame"),
    "days_since_last": (np.float64, "frame"),
    "rows": (np.int64, "frame"),
    "cols": (np.int64, "frame"),
    "track_rows": (np.float64, "frame"),
    "track_cols": (np.float64, "frame"),
    "ncc": (np.float32, "frame"),
    "peak_ratio": (np.float32, "frame"),
    "valid": (np.bool_, "frame"),
    "cloud": (np.float32, "frame"),
    "fill": (np.float32, "frame"),
    "split": (np.uint8, ""),
    "block": (np.int64, "place"),
}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceScene(_Record):
    """A scene that frames were cut from, and whom to thank for it."""

    id: str
    time: datetime
    sensor: str | None
    level: str | None
    collection: str | None
    tier: str | None
    wrs_path: int | None
    wrs_row: int | None
    processed: date | None
    simulated: bool
    credit: str | None

    @classmethod
    def of(cls, scene: Scene) -> SourceScene:
        """The record of a scene."""
        origin = scene.provenance
        return cls(
            id=scene.id, time=scene.time, sensor=origin.sensor, level=origin.level, collection=origin.collection,
            tier=origin.tier, wrs_path=origin.wrs_path, wrs_row=origin.wrs_row, processed=origin.processed,
            simulated=origin.simulated, credit=credit_of(origin),
        )  # fmt: skip


class SourceStack(_Record):
    """A stack that sequences were cut from: its bands, grid and scenes."""

    name: str
    bands: tuple[str, ...]
    dtype: str
    grid: GridRecord
    scenes: tuple[SourceScene, ...]

    @classmethod
    def of(cls, stack: SceneStack) -> SourceStack:
        """The record of a stack."""
        return cls(
            name=stack.name,
            bands=stack.bands,
            dtype=stack.dtype.str,
            grid=GridRecord.of(stack.grid),
            scenes=tuple(SourceScene.of(scene) for scene in stack.scenes),
        )


class Level(_Record):
    """Mean and standard deviation of all valid pixels of one band and date, in stored values; None where none is."""

    mean: float | None
    deviation: float | None


class Part(_Record):
    """The sequences of one stack, band and window of dates: ``count`` of them, one after the other.

    ``key`` tells by what they were made: the settings, and the pictures of the window. ``levels``
    are for normalising each frame; the stored chips are not normalised.
    """

    key: str
    stack: str
    band: str
    start: datetime
    count: int
    left_out: int
    levels: tuple[Level, ...]


class DatasetRecord(_Record):
    """The whole dataset: all but its arrays. ``files`` counts those of the chips, to notice a copy in part."""

    settings: DatasetSettings
    stacks: tuple[SourceStack, ...]
    parts: tuple[Part, ...]
    files: dict[str, int]
    simulated: bool

    @property
    def credits(self) -> tuple[str, ...]:
        """Whom to thank for the scenes, each once."""
        lines = (scene.credit for stack in self.stacks for scene in stack.scenes)
        return tuple(dict.fromkeys(line for line in lines if line is not None))
