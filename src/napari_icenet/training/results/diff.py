"""Two runs side by side: the settings that differ, and what each came to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_icenet.training.results.summary import RunSummary, summarize_run
from napari_icenet.training.run_folder.folder import RunFolder


@dataclass(frozen=True)
class Difference:
    """A setting in which two runs differ.

    Attributes
    ----------
    key : str
        As of ``icenet train --set``.
    first, second : object
        Plain values; None where a run has no such setting.
    """

    key: str
    first: Any
    second: Any


@dataclass(frozen=True)
class RunComparison:
    """Two runs.

    Attributes
    ----------
    first, second : RunSummary
        What each came to; curves are read by :class:`~napari_icenet.training.results.curves.Curves`.
    settings : tuple of Difference
    same_ice : bool
        Whether both were judged on the same held-out ice, so that their results may be compared.
    """

    first: RunSummary
    second: RunSummary
    settings: tuple[Difference, ...]
    same_ice: bool


def compare_runs(first: str | Path, second: str | Path) -> RunComparison:
    """Compare two runs.

    Raises TrainingError: one is no run, or damaged.
    """
    one, other = (RunFolder(path).settings().model_dump(mode="json") for path in (first, second))
    found, others = dict(_flat(one)), dict(_flat(other))
    keys = [*found, *(key for key in others if key not in found)]
    different = tuple(
        Difference(key, found.get(key), others.get(key)) for key in keys if found.get(key) != others.get(key)
    )
    return RunComparison(
        summarize_run(Path(first)), summarize_run(Path(second)), different, _judged_on(first) == _judged_on(second)
    )


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _judged_on(path: str | Path) -> tuple[object, ...]:
    """Facts that decide on which chips a run is validated."""
    run = RunFolder(path)
    settings = run.settings()
    try:
        uses = json.loads(run.data.read_bytes())["datasets"]
        data: object = tuple(use["fingerprint"] for use in uses)
    except (OSError, ValueError, KeyError, TypeError):
        data = settings.data.datasets
    return data, settings.data.bands, settings.validation.sequences, settings.seed
