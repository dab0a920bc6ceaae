"""Texts of a film strip beside its chips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_icenet.evaluation.compare.comparison import Compared, Comparison, Judged
from napari_icenet.evaluation.compare.track_frames import Frame

#: What each line beside a predictor's chips means, for its tooltip.
MEANINGS = (
    ("NCC", "correlation of the expected chip with the one that came, in place, at t1 and t2 (1 is alike)"),
    ("Ratio", "how the best match stands out from its best rival in the search window (1 is ambiguous)"),
    ("Moved", "how far the ice has gone since t0, if this template is accepted"),
    ("Off", "how far that place lies from {}"),
)


def judged_words(judged: Sequence[Judged]) -> list[str]:
    """Correlation, peak ratio, displacement and miss for t1 and t2, a line each."""
    if not judged:
        return ["nothing came yet"]
    moved = [float(np.hypot(*one.moved)) for one in judged]
    return [
        _line("NCC", [one.ncc for one in judged], 2),
        _line("Ratio", [one.peak_ratio for one in judged], 2),
        _line("Moved", moved, 1, " px"),
        _line("Off", [one.off_px for one in judged], 2, " px"),
    ]


def row_words(one: Compared) -> str:
    """A row in words, for those who hear it."""
    return f"{one.entry.title}: {one.trouble or ', '.join(judged_words(one.judged))}"


def row_tip(one: Compared, made: Comparison) -> str:
    """Tooltip on the numbers of a row."""
    if one.trouble:
        return one.trouble
    reference = "where the ice truly is" if made.flow_known else "where the track has it"
    lines = [f"<b>{name}</b> {meaning.format(reference)}" for name, meaning in MEANINGS]
    why = [
        f"t{target}: {judged.match.reason.sentence}"
        for target, judged in enumerate(one.judged, 1)
        if judged.match is not None and judged.match.reason is not None
    ]
    click = "Click to lay what it expects on the picture."
    return "<br>".join([f"<b>{one.entry.title}</b>", *lines, *why, click])


def days(frame: Frame) -> str:
    """Days of a frame from t0, in words."""
    return f"{frame.days:+.0f} d".replace("-", "−")


def headline(made: Comparison, labels: Sequence[str]) -> str:
    """Headline of a comparison."""
    settings = made.track.settings
    return f"Track {made.track.number} · t0 {labels[made.time]} · {settings.chip} px, c {settings.scale:g}"


def _line(name: str, values: Sequence[float], digits: int, unit: str = "") -> str:
    shown = [_number(value, digits) for value in values]
    known = any(np.isfinite(values))
    return f"{name} " + " · ".join(shown) + (unit if known else "")


def _number(value: float, digits: int) -> str:
    return "–" if not np.isfinite(value) else f"{value:.{digits}f}".replace("-", "−")
