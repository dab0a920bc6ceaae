"""Covariates that a network learns from, and their scales over the training split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_icenet.datasets.dataset import SequenceDataset
from napari_icenet.errors import UsageError
from napari_icenet.matching.template import named_covariates
from napari_icenet.scenes.covariates import find_covariate
from napari_icenet.training.data.fingerprint import chosen


def covariate_settings(
    wanted: Sequence[str], datasets: Sequence[SequenceDataset], bands: Sequence[str] | None
) -> dict[str, Any]:
    """The network's settings that tell its covariates.

    Parameters
    ----------
    wanted : sequence of str
        By name; the unit may be left out.
    datasets : sequence of SequenceDataset
        Their training splits give the scales: each frame of each sequence counts once.
    bands : sequence of str, optional
        That are learned from.

    Returns
    -------
    dict
        ``covariates`` by full name, and ``covariate_scales``: mean and standard deviation of each.

    Raises
    ------
    UsageError
        No dataset has one of them, or it is the same on all dates.
    """
    known = tuple(dict.fromkeys(name for dataset in datasets for name in dataset.record.covariates))
    names = []
    for name in wanted:
        found = find_covariate(known, name)
        if found is None:
            here = f"they have {', '.join(known)}" if known else "they have none"
            raise UsageError(
                f"the datasets have no covariate {name}, {here}; add it with icenet dataset … --covariates FILE.csv."
            )
        names.append(found)
    parts = []
    for dataset in datasets:
        at = chosen(dataset, "train", bands)
        values = named_covariates(dataset.covariates(at), dataset.record.covariates, names, (len(at), dataset.shape[0]))
        parts.append(values.reshape(-1, len(names)))
    every = np.concatenate(parts) if parts else np.empty((0, len(names)))
    scales = []
    for name, values in zip(names, every.T, strict=True):
        column = values[np.isfinite(values)]
        if not column.size or np.ptp(column) == 0:
            raise UsageError(f"{name} is the same on all dates of the training split, or missing; leave it out.")
        scales.append((float(column.mean()), float(column.std())))
    return {"covariates": names, "covariate_scales": scales}
