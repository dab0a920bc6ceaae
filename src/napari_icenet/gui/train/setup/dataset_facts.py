"""A dataset that is there already: what it holds, and where its splits lie on the open stack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.text import grouped
from napari_icenet.datasets.sequences import SPLITS
from napari_icenet.datasets.splits.split_map import split_map
from napari_icenet.gui.session.readout import SEPARATOR
from napari_icenet.gui.train.setup.planner import coarse_step
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.store.schema import GridRecord

if TYPE_CHECKING:
    from napari_icenet.datasets.dataset import SequenceDataset


@dataclass(frozen=True, eq=False)
class DatasetFacts:
    """Facts of a dataset that are shown.

    Attributes
    ----------
    text : str
    counts : dict of str to int
        Sequences by split.
    size : (int, int)
        Frames, and side of the chip.
    codes : array of uint8, optional
        Splits on the picture, every :attr:`step`-th pixel; None where the dataset is of other ice than the
        open stack, or split by time.
    step : int
    """

    text: str
    counts: dict[str, int]
    size: tuple[int, int]
    codes: NDArray[np.uint8] | None = None
    step: int = 1


def facts_of(path: Path, stack: SceneStack | None) -> DatasetFacts:
    """Look into a dataset.

    Raises
    ------
    DatasetError
        It cannot be read.
    """
    from napari_icenet.datasets.dataset import open_dataset

    icenet = open_dataset(path)
    counts = {name: len(icenet.select(split=name)) for name in SPLITS}
    codes, step = None, 1
    record = icenet.record
    if stack is not None and record.settings.split_by == "area":
        step = coarse_step(stack.grid.shape)
        grid = GridRecord.of(stack.grid)
        mine = (one for one in record.stacks if one.name == stack.name or stack.grid.on_map)
        if any(one.grid == grid for one in mine):
            codes = split_map(stack.grid, record.settings)[::step, ::step].copy()
    return DatasetFacts(_text(icenet), counts, icenet.shape[:2], codes, step)


def _text(icenet: SequenceDataset) -> str:
    settings = icenet.record.settings
    bands = list(dict.fromkeys(part.band for part in icenet.record.parts))
    parts = [
        f"{grouped(len(icenet))} sequences of {settings.frames} × {settings.chip} px",
        f"{len(bands)} band{'s' * (len(bands) != 1)}",
        "later dates held out" if settings.split_by == "time" else "blocks of ground held out",
    ]
    if icenet.record.simulated:
        parts.append("simulated")
    return SEPARATOR.join(parts)
