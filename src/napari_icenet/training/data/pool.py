"""The pool of sequences that a run learns from: datasets on disk, and simulated ice in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.dataset import SequenceDataset
from napari_icenet.errors import TrainingError
from napari_icenet.training.data.examples import Examples
from napari_icenet.training.data.sampler import Draw


class Source(Protocol):
    """Sequences that can be read in any order, from several threads at once."""

    weight: float

    def __len__(self) -> int: ...

    def read(self, indices: NDArray[np.intp]) -> Examples:
        """Sequences by index, in the order asked for."""
        ...


class DatasetSource:
    """One split of a dataset.

    Parameters
    ----------
    dataset : SequenceDataset
    indices : array of int, (n,)
        Those of its sequences that belong to the source.
    positions : array of float64, (n, T, 2), optional
        Where each frame shows what the first one shows.
    weight : float
        How often it is drawn from, relative to others.
    covariates : sequence of str
        Further facts of each date that are read, by name; missing where the dataset has none of a name.
    """

    def __init__(
        self,
        dataset: SequenceDataset,
        indices: NDArray[np.intp],
        positions: NDArray[np.float64] | None = None,
        weight: float = 1.0,
        covariates: Sequence[str] = (),
    ) -> None:
        self.dataset, self.indices, self.positions, self.weight = dataset, indices, positions, weight
        self.covariates = tuple(covariates)

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, indices: NDArray[np.intp]) -> Examples:
        """Sequences by index, in the order asked for."""
        found = self.dataset.read(self.indices[indices])
        return Examples(
            chips=found.chips,
            days=found.days,
            valid=found.valid,
            cloud=found.cloud,
            positions=None if self.positions is None else self.positions[indices],
            simulated=np.full(len(found), self.dataset.record.simulated),
            covariates=found.covariates_by_name(self.covariates) if self.covariates else None,
        )


class HeldSource:
    """Examples held in memory, their chips in half precision.

    Parameters
    ----------
    examples : Examples
        Chips may be float16, to take half the memory; they are read as float32.
    weight : float
        How often it is drawn from, relative to others.
    """

    def __init__(self, examples: Examples, weight: float = 1.0) -> None:
        self.examples, self.weight = examples, weight

    def __len__(self) -> int:
        return len(self.examples)

    def read(self, indices: NDArray[np.intp]) -> Examples:
        """Sequences by index, in the order asked for."""
        found = self.examples[indices]
        return replace(found, chips=found.chips.astype(np.float32))


class Pool:
    """Several sources as one.

    Parameters
    ----------
    sources : sequence of Source
        Those without a sequence are left out.

    Raises
    ------
    TrainingError
        There is no sequence at all.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(source for source in sources if len(source) and source.weight > 0)
        if not self.sources:
            raise TrainingError(
                "there are no training sequences; build a dataset with a training split, or ask for simulated ones."
            )

    def __len__(self) -> int:
        return sum(self.sizes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sequences in each source."""
        return tuple(len(source) for source in self.sources)

    @property
    def weights(self) -> tuple[float, ...]:
        """Relative frequency that each source is drawn with."""
        return tuple(source.weight for source in self.sources)

    def read(self, draws: Sequence[Draw]) -> Examples:
        """Sequences by source and index, in the order asked for."""
        parts, order = [], []
        for number, source in enumerate(self.sources):
            at = [place for place, draw in enumerate(draws) if draw[0] == number]
            if at:
                parts.append(source.read(np.array([draws[place][1] for place in at], np.intp)))
                order += at
        return Examples.concatenated(parts)[np.argsort(order)]
