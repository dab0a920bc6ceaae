"""Schema of a dataset's record: the attributes of the zarr store beside its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from math import isnan
from typing import Any, Literal

import numpy as np
from pydantic import SerializerFunctionWrapHandler, model_serializer

from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.scenes.credit import credit_of
from napari_icenet.scenes.scene import Scene
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.store.schema import GridRecord

FORMAT = "icenet dataset"
#: Raised when a reader of an older version would misread the store: 2 has covariates, 3 shifts of the dates.
VERSION = 3

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


class _Lean(FrozenModel):
    """A record that is written without the covariates and shifts that it does not have: as before there were any."""

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        for name in ("covariates", "shift", "shifts_from"):
            if not values.get(name):
                values.pop(name, None)
        return values


class SourceScene(_Lean):
    """A scene that frames were cut from, and whom to thank for it.

    ``shift`` is that of its picture against the reference date of its stack along row and column, and its error,
    px; None where it is not known, or nobody has measured it.
    """

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
    covariates: tuple[float | None, ...] | None = None
    shift: tuple[float, float, float] | None = None

    @classmethod
    def of(
        cls,
        scene: Scene,
        covariates: Sequence[float] | None = None,
        shift: tuple[float, float, float] | None = None,
    ) -> SourceScene:
        """The record of a scene; covariates that are NaN are missing."""
        origin = scene.provenance
        return cls(
            id=scene.id, time=scene.time, sensor=origin.sensor, level=origin.level, collection=origin.collection,
            tier=origin.tier, wrs_path=origin.wrs_path, wrs_row=origin.wrs_row, processed=origin.processed,
            simulated=origin.simulated, credit=credit_of(origin),
            covariates=None if covariates is None else tuple(None if isnan(v) else float(v) for v in covariates),
            shift=shift,
        )  # fmt: skip


class SourceStack(_Lean):
    """A stack that sequences were cut from: its bands, grid and scenes, and how their shifts were measured."""

    name: str
    bands: tuple[str, ...]
    dtype: str
    grid: GridRecord
    scenes: tuple[SourceScene, ...]
    shifts_from: Literal["mask", "slow mode"] | None = None

    @classmethod
    def of(cls, stack: SceneStack) -> SourceStack:
        """The record of a stack."""
        given = None if stack.covariates is None else stack.covariates.values.tolist()
        moved = [None] * len(stack.scenes) if stack.shifts is None else stack.shifts.measured
        return cls(
            name=stack.name,
            bands=stack.bands,
            dtype=stack.dtype.str,
            grid=GridRecord.of(stack.grid),
            scenes=tuple(
                SourceScene.of(scene, None if given is None else given[i], moved[i])
                for i, scene in enumerate(stack.scenes)
            ),
            shifts_from=None if stack.shifts is None else stack.shifts.source,
        )

    def with_covariates_of(self, before: SourceStack) -> SourceStack:
        """The same with what an older record knows of its scenes, where this one knows nothing of any."""
        if any(scene.covariates is not None for scene in self.scenes):
            return self
        known = {scene.id: scene.covariates for scene in before.scenes}
        scenes = tuple(scene.model_copy(update={"covariates": known.get(scene.id)}) for scene in self.scenes)
        return self.model_copy(update={"scenes": scenes})


class Level(FrozenModel):
    """Mean and standard deviation of all valid pixels of one band and date, in stored values; None where none is."""

    mean: float | None
    deviation: float | None


class Part(FrozenModel):
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


class DatasetRecord(_Lean):
    """The whole dataset: all but its arrays. ``files`` counts those of the chips, to notice a copy in part.

    ``covariates`` are the names, with units, of further facts of each date; their values stand with the scenes.
    """

    settings: DatasetSettings
    stacks: tuple[SourceStack, ...]
    parts: tuple[Part, ...]
    files: dict[str, int]
    simulated: bool
    covariates: tuple[str, ...] = ()

    @property
    def version(self) -> int:
        """The least version whose readers understand the dataset."""
        return VERSION if self.settings.coregister else 2 if self.covariates else 1

    @property
    def shifts_text(self) -> str:
        """Sentence on the shifts that displacements are less; empty where none are taken off."""
        if not self.settings.coregister:
            return ""
        scenes = [scene for stack in self.stacks for scene in stack.scenes]
        known = sum(scene.shift is not None for scene in scenes)
        ways = " and ".join(sorted({stack.shifts_from for stack in self.stacks if stack.shifts_from is not None}))
        return f"co-registered by {ways}, shift known on {known} of {len(scenes)} dates"

    @property
    def credits(self) -> tuple[str, ...]:
        """Whom to thank for the scenes, each once."""
        lines = (scene.credit for stack in self.stacks for scene in stack.scenes)
        return tuple(dict.fromkeys(line for line in lines if line is not None))
