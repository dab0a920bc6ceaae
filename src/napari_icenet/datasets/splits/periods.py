"""Splits by time: what came after a day is held out, on the same ground."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.sequences import SPLITS
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import DatasetError
from napari_icenet.scenes.stack import SceneStack

NONE = SPLITS.index("none")
#: Frames at the end of a sequence that are predicted: t1 and t2.
PREDICTED = 2


def settled_periods(stacks: Sequence[SceneStack], settings: DatasetSettings) -> DatasetSettings:
    """The same settings with the days that part the splits, so that the sequences have the shares asked for.

    Raises DatasetError: there are too few windows of dates to hold one out.
    """
    if settings.split_by != "time" or (settings.train_until is not None and settings.validation_until is not None):
        return settings
    last = np.sort(np.concatenate([stack.times[settings.frames - 1 :][: settings.windows] for stack in stacks]))
    count = len(last)
    # The window after a border has one predicted frame on either side of it, and belongs to no split.
    held_out = [max(2, round(share * count)) if share else 0 for share in (settings.validation, settings.test)]
    train = count - sum(held_out)
    if train < 1:
        raise DatasetError(
            f"{count} windows of {settings.frames} dates are too few to be split by time; "
            "add scenes, ask for fewer frames, or split by area."
        )
    # Without one of the two, its period is empty.
    borders = [_day(last[train - 1]), _day(last[train + held_out[0] - 1])]
    return settings.model_copy(
        update={
            "train_until": settings.train_until or borders[0],
            "validation_until": settings.validation_until or borders[1],
        }
    )


def split_of_windows(times: NDArray[np.datetime64], settings: DatasetSettings) -> NDArray[np.int64]:
    """Code of the split of sequences, by their times.

    Sequences for training lie before the first border with all their frames. Of held-out ones the frames
    that are predicted lie in their period; what is shown before may be older.

    Parameters
    ----------
    times : array of datetime64[s], (n, T)
    settings : DatasetSettings
        With the days that part the splits.

    Returns
    -------
    array of int64, (n,)
        ``none`` where predicted frames lie on either side of a border.
    """
    assert settings.train_until is not None
    assert settings.validation_until is not None
    train, validation = (
        np.datetime64(day.replace(tzinfo=None), "s") for day in (settings.train_until, settings.validation_until)
    )
    first, last = times[:, -PREDICTED], times[:, -1]
    period = np.where(last <= train, 0, np.where(last <= validation, 1, 2))
    before = np.where(first <= train, 0, np.where(first <= validation, 1, 2))
    return np.asarray(np.where(period == before, period, NONE), np.int64)


def _day(time: np.datetime64) -> datetime:
    return datetime.fromtimestamp(int(time.astype("datetime64[s]").astype(np.int64)), UTC)
