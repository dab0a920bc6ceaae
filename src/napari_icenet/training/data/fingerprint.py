"""Fingerprints of the data that a run learns from, exact enough to notice when they change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.datasets.dataset import SequenceDataset, open_dataset
from napari_icenet.datasets.sequences import SPLITS
from napari_icenet.datasets.settings import split_rule
from napari_icenet.errors import TrainingError, UsageError
from napari_icenet.models.card import Card, CardData, CardDataset
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import DataSettings

_BY_TIME = "what came after a day is held out; training and held-out ice share their ground"
_BY_BOTH = "some datasets by blocks of ground with a gap between them, some by time: what came after a day is held out"


class DatasetUse(FrozenModel, extra="ignore"):
    """A dataset, as a run found it.

    Attributes
    ----------
    path : str
    fingerprint : str
        Changes with the settings and pictures that its sequences were made of.
    sequences : dict of str to int
        By split, in the bands that are learned from.
    simulated : bool
    """

    path: str
    fingerprint: str
    sequences: dict[str, int]
    simulated: bool = False


class DataRecord(FrozenModel, extra="ignore"):
    """All data of a run: ``data.json``."""

    datasets: tuple[DatasetUse, ...]
    simulated: int


def open_datasets(settings: DataSettings) -> list[SequenceDataset]:
    """Open the datasets of a run.

    Raises
    ------
    DatasetError
        One cannot be opened.
    UsageError
        Their sequences are not alike, or one has no such band.
    """
    datasets = [open_dataset(path) for path in settings.datasets]
    for dataset in datasets[1:]:
        if dataset.shape != datasets[0].shape:
            one, other = (f"{d.path} has {d.shape[0]} frames of {d.shape[1]} px" for d in (datasets[0], dataset))
            raise UsageError(f"{one} and {other}; train on datasets made with the same chip and frames.")
    for dataset in datasets:
        there = set(dataset.band.tolist())
        if settings.bands is not None and not there & set(settings.bands):
            raise UsageError(f"{dataset.path} has none of the bands {', '.join(settings.bands)}.")
    return datasets


def chosen(dataset: SequenceDataset, split: str, bands: Sequence[str] | None) -> NDArray[np.intp]:
    """Indices of the sequences of a split, in some bands."""
    indices = dataset.select(split=split)
    return indices if bands is None else indices[np.isin(dataset.band[indices], list(bands))]


def fingerprint(dataset: SequenceDataset) -> str:
    """A checksum of a dataset's record and tables: another one, another dataset, wherever it lies."""
    checksum = hashlib.sha256(dataset.record.model_dump_json().encode())
    for name in sorted(dataset.tables):
        checksum.update(np.ascontiguousarray(dataset.tables[name]).tobytes())
    return checksum.hexdigest()[:32]


def data_record(datasets: Sequence[SequenceDataset], settings: DataSettings) -> DataRecord:
    """The record of the data of a run that begins."""
    return DataRecord(
        datasets=tuple(
            DatasetUse(
                path=str(dataset.path),
                fingerprint=fingerprint(dataset),
                sequences={split: len(chosen(dataset, split, settings.bands)) for split in SPLITS},
                simulated=dataset.record.simulated,
            )
            for dataset in datasets
        ),
        simulated=settings.simulated,
    )


def check_same_data(path: Path, datasets: Sequence[SequenceDataset]) -> None:
    """Make sure that a run goes on with the datasets it began with.

    Raises TrainingError: one has changed since, or there are others.
    """
    try:
        before = DataRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise TrainingError(f"{path} cannot be read; start the run anew with --force.") from error
    if len(before.datasets) != len(datasets):
        raise TrainingError(
            f"the run began with {len(before.datasets)} datasets, not {len(datasets)}; name the same ones, in order."
        )
    for then, now in zip(before.datasets, datasets, strict=True):
        if then.fingerprint != fingerprint(now):
            raise TrainingError(
                f"{now.path} has changed since the run began with {then.path}; "
                "bring that dataset back, or start a new run."
            )


def opened_again(settings: DataSettings) -> list[SequenceDataset]:
    """Open the datasets of a run that goes on; tells what to do where one has moved.

    Raises TrainingError: a dataset is not where it was.
    """
    for path in settings.datasets:
        if not Path(path).exists():
            raise TrainingError(
                f"{path} is gone since the run began; bring it back, or resume the run with its new place "
                "(icenet train DATASET -o RUN --resume)."
            )
    return open_datasets(settings)


def read_start(folder: RunFolder) -> Card | None:
    """The card of the weights that a run began with; None where there were none."""
    try:
        return Card.model_validate_json(folder.start.read_bytes())
    except (OSError, ValidationError):
        return None


def card_data(
    datasets: Sequence[SequenceDataset], record: DataRecord, start: Card | None = None
) -> tuple[CardData, tuple[str, ...]]:
    """Card's entries of the data, and whom to thank for them.

    Parameters
    ----------
    datasets : sequence of SequenceDataset
    record : DataRecord
    start : Card, optional
        Of the weights to start from: what those were trained on, these were, too.
    """
    datasets_of_card, credits = [], []
    for dataset, use in zip(datasets, record.datasets, strict=True):
        scenes = [scene for stack in dataset.record.stacks for scene in stack.scenes]
        credits += [scene.credit for scene in scenes if scene.credit]
        datasets_of_card.append(
            CardDataset(
                name=dataset.path.name,
                fingerprint=use.fingerprint,
                sequences=use.sequences,
                stacks=tuple(stack.name for stack in dataset.record.stacks),
                first=min((scene.time for scene in scenes), default=None),
                last=max((scene.time for scene in scenes), default=None),
                simulated=dataset.record.simulated,
                split=split_rule(dataset.record.settings),
            )
        )
    simulated = record.simulated
    if start is not None:
        known = {one.fingerprint for one in datasets_of_card}
        datasets_of_card += [one for one in start.data.datasets if one.fingerprint not in known]
        credits += start.credits
        simulated += start.data.simulated
    by_time = sum(dataset.record.settings.split_by == "time" for dataset in datasets)
    splits = {"splits": _BY_TIME if by_time == len(datasets) else _BY_BOTH} if by_time else {}
    return CardData(datasets=tuple(datasets_of_card), simulated=simulated, **splits), tuple(dict.fromkeys(credits))
