"""Ticks of an axis of dates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def date_ticks(times: NDArray[np.datetime64]) -> list[list[tuple[float, str]]]:
    """Labelled and small ticks of an axis of dates in seconds: days, months or years, at most eight labels."""
    first, last = times.min().astype("datetime64[D]"), times.max().astype("datetime64[D]")
    days = int((last - first).astype(int))
    if days < 75:
        step = max(1, -(-days // 6))
        major = np.arange(first, last + 1, step)
        return [[(_seconds(d), _text(d, "%d %b")) for d in major], []]
    months = np.arange(first.astype("datetime64[M]"), last.astype("datetime64[M]") + 2)
    step = next((s for s in (1, 2, 3, 6, 12) if len(months) / s <= 8), 12 * -(-len(months) // 96))
    number = months.astype(int)  # months since January 1970
    labelled = number % step == 0
    texts = [
        (_seconds(m), _text(m, "%Y") if step >= 12 else _text(m, "%b %Y" if k == 0 or n % 12 == 0 else "%b"))
        for k, (m, n) in enumerate(zip(months[labelled], number[labelled], strict=True))
    ]
    small = [] if step >= 12 else [(_seconds(m), "") for m in months[~labelled]]
    return [texts, small]


def _seconds(when: np.datetime64) -> float:
    return float(when.astype("datetime64[s]").astype(int))


def _text(when: np.datetime64, form: str) -> str:
    return str(when.astype("datetime64[D]").item().strftime(form)).lstrip("0")
