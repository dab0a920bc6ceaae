"""Datasets and plans in words."""

from __future__ import annotations

from collections.abc import Mapping

from napari_icenet.common.text import grouped, size_text, span_text
from napari_icenet.gui.session.readout import SEPARATOR
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train.setup.planner import Planned
from napari_icenet.gui.train.setup.split_layer import COLOURS, WORDS
from napari_icenet.training.data.timing import training_seconds
from napari_icenet.training.settings import RunSettings

#: Where no such network was trained on this machine before.
FIRST_TIME = "its time is told after the first steps"


def plan_text(planned: Planned) -> str:
    """``3 640 sequences · 1.1 GB · about 6 min to cut``, and whether the held-out ice is that of the weights."""
    found = planned.estimate
    parts = [
        f"{grouped(found.sequences)} sequences",
        size_text(found.bytes),
        f"{'' if found.measured else 'about '}{span_text(found.seconds)} to cut",
    ]
    if planned.spared:
        parts.append("held out as when the weights were trained")
    return SEPARATOR.join(parts)


def split_text(counts: Mapping[str, int]) -> str:
    """How many sequences each split has, in its colour."""
    parts = [
        f"<span style='color:{COLOURS[name]}'>■</span>&nbsp;{WORDS[name]}&nbsp;{grouped(counts.get(name, 0))}"
        for name in COLOURS
        if name != "none" or counts.get(name, 0)
    ]
    return " &nbsp; ".join(parts).replace(COLOURS["none"], "#707070")


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


def training_text(settings: RunSettings, size: tuple[int, int] | None) -> str:
    """How long the training will take, by the pace of the last such run on this machine.

    Parameters
    ----------
    settings : RunSettings
    size : (int, int), optional
        Frames and chip of the sequences; None before they are known.
    """
    seconds = None if size is None else training_seconds(settings, *size)
    return FIRST_TIME if seconds is None else f"about {span_text(seconds)} to train"
