"""Datasets and plans in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from napari_icenet.gui.readout import SEPARATOR, grouped
from napari_icenet.gui.runs_words import size_text, span_text
from napari_icenet.gui.session import Session
from napari_icenet.gui.train_planner import Planned
from napari_icenet.gui.train_split_layer import COLOURS, WORDS
from napari_icenet.training.plan import Estimate

if TYPE_CHECKING:
    from napari_icenet.sequences.reading import IceNet


def plan_text(found: Estimate) -> str:
    """``3 640 sequences · 1.1 GB · about 6 min to cut``."""
    parts = [
        f"{grouped(found.sequences)} sequences",
        size_text(found.bytes),
        f"{'' if found.measured else 'about '}{span_text(found.seconds)} to cut",
    ]
    return SEPARATOR.join(parts)


def split_text(counts: Mapping[str, int]) -> str:
    """How many sequences each split has, in its colour."""
    parts = [
        f"<span style='color:{COLOURS[name]}'>■</span>&nbsp;{WORDS[name]}&nbsp;{grouped(counts.get(name, 0))}"
        for name in COLOURS
        if name != "none" or counts.get(name, 0)
    ]
    return " &nbsp; ".join(parts).replace(COLOURS["none"], "#707070")


def dataset_text(path: Path) -> str:
    """What a dataset holds, in a line or two.

    Raises
    ------
    DatasetError
        It cannot be read.
    """
    from napari_icenet.sequences.reading import open_dataset

    return facts_of(open_dataset(path))


def facts_of(icenet: IceNet) -> str:
    """The same of an open dataset."""
    settings = icenet.record.settings
    counts = {name: len(icenet.select(split=name)) for name in ("train", "validation", "test")}
    bands = list(dict.fromkeys(part.band for part in icenet.record.parts))
    parts = [
        f"{grouped(len(icenet))} sequences of {settings.frames} × {settings.chip} px",
        f"{len(bands)} band{'s' * (len(bands) != 1)}",
        ", ".join(f"{WORDS[name]} {grouped(count)}" for name, count in counts.items()),
        "held out by time" if settings.split_by == "time" else "held out by blocks",
    ]
    if icenet.record.simulated:
        parts.append("simulated")
    return SEPARATOR.join(parts)


def name_text(ice: str, preset: str) -> str:
    """What a run is called unless the user says otherwise."""
    return " ".join(part for part in (ice, preset or "run") if part)


def title_text(found: Planned, session: Session) -> str:
    """What the shown date is used for, where it is split by time."""
    stack = session.stack
    if stack is None:
        return ""
    label = stack.labels[session.time]
    labels = found.plan.stack.labels
    if label not in labels:
        return "not used"
    day = found.days[labels.index(label)]
    return "for training" if day == "train" else f"held out for {WORDS[day]}"
