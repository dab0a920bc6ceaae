"""Sequences for an evaluation, read from a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.dataset import SequenceDataset, open_dataset
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.datasets.settings import split_rule
from napari_icenet.errors import DatasetError, UsageError
from napari_icenet.evaluation.scoring.past import past_of
from napari_icenet.evaluation.settings import EvaluationSettings, Mode
from napari_icenet.evaluation.sources.stack import BATCH, Batch, Task
from napari_icenet.predictors.blurred import choose_sigma
from napari_icenet.scenes.bands import find_band
from napari_icenet.scenes.grid import Grid

#: Sequences of the training split that σ of the blurred predictor is chosen on.
_CHOSEN_ON = 128


class DatasetSource:
    """Reads sequences of a dataset, in the order of the store.

    Parameters
    ----------
    dataset : SequenceDataset
    settings : EvaluationSettings
        Chip, scale, stride and frames must be the dataset's (:func:`dataset_settings`).
    most : int, optional
        Sequences that are read at most, evenly over the split. Default: all.

    Raises
    ------
    UsageError
        The dataset was tracked in another way, or has no such band.
    DatasetError
        No sequence is left in the split.
    """

    flow_known = False
    notices: tuple[str, ...] = ()

    def __init__(self, dataset: SequenceDataset, settings: EvaluationSettings, most: int | None = None) -> None:
        self.dataset, self.settings, self._most = dataset, settings, most
        made: Mode = dataset.record.settings.tracking
        if settings.tracking not in ("both", made):
            raise UsageError(
                f"{dataset.path} was tracked as {made}; ask for tracking={made} (--tracking {made}), or leave it out."
            )
        self.modes: tuple[Mode, ...] = (made,)
        every = tuple(dict.fromkeys(part.band for part in dataset.record.parts))
        self.bands = tuple(
            dict.fromkeys(find_band(every, b, self.name, by_place=False) for b in settings.bands or every)
        )
        self.simulated, self.credits = dataset.record.simulated, dataset.record.credits
        chosen = dataset.select(split=settings.split)
        self._chosen = chosen[np.isin(dataset.band[chosen], self.bands)]
        if not self._chosen.size:
            where = f"split {settings.split}" if settings.split else f"bands {', '.join(self.bands)}"
            raise DatasetError(f"{dataset.path} has no sequence in {where}; choose another, or build a larger dataset.")
        if most is not None and len(self._chosen) > most:
            self._chosen = self._chosen[np.linspace(0, len(self._chosen) - 1, most).round().astype(np.intp)]

    @property
    def name(self) -> str:
        """Name of what is evaluated."""
        return self.dataset.path.name

    @property
    def starts(self) -> tuple[np.datetime64, ...]:
        """First dates of the windows."""
        return tuple(np.unique(self.dataset.tables["times"][self._chosen, 0]))

    @property
    def grids(self) -> dict[str, Grid]:
        """The map grid of each stack, by its name."""
        return {stack.name: stack.grid.grid() for stack in self.dataset.record.stacks}

    @property
    def split_by(self) -> dict[str, Any] | None:
        """Rule that decides which of its ice is held out, as cards tell it."""
        return split_rule(self.dataset.record.settings)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of what is known of each date beside its picture."""
        return self.dataset.record.covariates

    @property
    def batches(self) -> int:
        """Batches there are."""
        return -(-len(self._chosen) // BATCH)

    @property
    def amount(self) -> int:
        """Sequences there are."""
        return len(self._chosen)

    def again_by(self) -> Callable[[], DatasetSource]:
        """Recipe by which another process opens the source once more."""
        return partial(_opened, self.dataset.path, self.settings, self._most)

    def tasks(self, processes: int = 1) -> list[Task]:
        """The whole in parts."""
        cuts = np.linspace(0, self.batches, min(self.batches, 3 * processes) + 1).round().astype(int)
        return [Task(self.modes[0], (int(i), int(j)), int(j - i)) for i, j in pairwise(cuts)]

    def read(self, task: Task) -> Iterator[Batch]:
        """The sequences of a task, batch by batch, in the order of the store."""
        for number in range(*task.part):
            lot = self._chosen[number * BATCH : (number + 1) * BATCH]
            title = f"sequences {lot[0] + 1} to {lot[-1] + 1}, {task.mode}"
            yield Batch((number,), self.dataset.read(lot), None, lot, title)

    def again(self, lot: NDArray[np.intp], index: int) -> Sequences:
        """One sequence of a batch that was read before, by its lot."""
        return self.dataset.read(lot[index : index + 1])

    def sigma(self) -> float | None:
        """σ of the blurred predictor that suits the training split, where another one is evaluated; else None.

        Chosen for t2 on an even sample of the split.
        """
        train = self.dataset.select(split="train")
        train = train[np.isin(self.dataset.band[train], self.bands)]
        if self.settings.split in (None, "train") or not train.size:
            return None
        t0 = self.settings.t0
        even = np.unique(np.linspace(0, len(train) - 1, min(_CHOSEN_ON, len(train))).round().astype(np.intp))
        shown = self.dataset.read(train[even])
        pasts = [past_of(shown, i, t0, 2) for i in range(len(shown))]
        try:
            return choose_sigma(pasts, list(shown.chips[:, t0 + 2]))
        except UsageError:
            return None  # nothing correlates in this split: the default stays


def _opened(path: Path, settings: EvaluationSettings, most: int | None) -> DatasetSource:
    return DatasetSource(open_dataset(path), settings, most)


def dataset_settings(dataset: SequenceDataset, given: dict[str, object]) -> dict[str, object]:
    """Complete the settings that were given by those the dataset was made with.

    Raises UsageError: something was asked for that the dataset was made without.
    """
    made = dataset.record.settings
    out = dict(given)
    for name in ("chip", "scale", "stride", "frames"):
        own = getattr(made, name)
        if given.get(name) not in (None, own):
            raise UsageError(
                f"{dataset.path} was made with {name} {own:g}, not {given[name]}; "
                f"leave --{name} out, or evaluate a stack."
            )
        out[name] = own
    return out
