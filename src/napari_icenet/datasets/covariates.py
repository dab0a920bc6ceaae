"""Covariates of a dataset: which there are, and their values on the dates of its sequences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64
from napari_icenet.datasets.schema import DatasetRecord, SourceStack
from napari_icenet.errors import DatasetError
from napari_icenet.scenes.stack import SceneStack


def names_of(stacks: Iterable[SceneStack], old: DatasetRecord | None) -> tuple[str, ...]:
    """Names of the covariates of a dataset that is made of stacks, or of an older one and stacks.

    Raises DatasetError: what is given does not agree, or not with what the older dataset has of other stacks.
    """
    stacks = list(stacks)
    given = {stack.covariates.names for stack in stacks if stack.covariates is not None}
    if len(given) > 1:
        raise DatasetError("The stacks come with different covariates; give all of them the same.")
    before = () if old is None else old.covariates
    if not given:
        return before
    (names,) = given
    kept = set() if old is None else {source.name for source in old.stacks} - {stack.name for stack in stacks}
    kept |= {stack.name for stack in stacks if stack.covariates is None}
    if before and before != names and kept:
        raise DatasetError(
            f"the dataset has the covariates {', '.join(before)} for {', '.join(sorted(kept))}, not "
            f"{', '.join(names)}; name these stacks, too, or give the same columns."
        )
    return names


def sources_of(stacks: Iterable[SceneStack], old: DatasetRecord | None) -> dict[str, SourceStack]:
    """Records of all stacks of a dataset by name, with the covariates that are given now or were before."""
    before: Mapping[str, SourceStack] = {} if old is None else {source.name: source for source in old.stacks}
    now = {stack.name: SourceStack.of(stack) for stack in stacks}
    return {
        **before,
        **{name: source.with_covariates_of(before[name]) if name in before else source for name, source in now.items()},
    }


class CovariateValues:
    """Looks covariates up by stack and time."""

    def __init__(self, record: DatasetRecord) -> None:
        self.names = record.covariates
        self._tables = {stack.name: self._table(stack) for stack in record.stacks} if self.names else {}

    def at(self, stack: NDArray[np.str_], times: NDArray[np.datetime64]) -> F64 | None:
        """Values (n, T, K) of sequences of stacks (n,) at times (n, T); None where the dataset has no covariates."""
        if not self.names:
            return None
        out = np.full((*times.shape, len(self.names)), np.nan)
        for name in np.unique(stack).tolist():
            here = stack == name
            known, values = self._tables[name]
            out[here] = values[np.searchsorted(known, times[here])]
        return out

    def _table(self, stack: SourceStack) -> tuple[NDArray[np.datetime64], F64]:
        # A scene that is newer than the covariates has none.
        none = (None,) * len(self.names)
        order = sorted(stack.scenes, key=lambda scene: scene.time)
        values = np.array([scene.covariates or none for scene in order], np.float64).reshape(len(order), -1)
        return np.array([scene.time for scene in order], "datetime64[s]"), values
