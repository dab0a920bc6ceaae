"""Numbers and sentences as the window, reports and the shell write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def decimal_text(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """A number for the table with a true minus sign; empty where there is none, no sign before zero."""
    if value is None or not np.isfinite(value):
        return ""
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def brief(value: object, letters: int = 24) -> str:
    """What a person gave, for a message: as it is where that is short, a long number as ``1e+300``, else cut."""
    text = str(value).strip()
    if len(text) <= letters:
        return text
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    return f"{number:.6g}" if np.isfinite(number) else f"{text[: letters - 1]}…"


def percent_text(share: float | None) -> str:
    """``39 %``; ``0.4 %`` below one."""
    if share is None or not np.isfinite(share):
        return ""
    percent = 100 * share
    return f"{percent:.1f} %" if 0 < percent < 0.95 else f"{percent:.0f} %"


def mean_text(mean: float | None, ends: Sequence[float] | None) -> str:
    """``.36 ± .03``, with half of the interval; empty where there is no mean."""
    if mean is None or not np.isfinite(mean):
        return ""
    return hundredths(mean) + ("" if ends is None else f" ± {hundredths((float(ends[1]) - float(ends[0])) / 2)}")


def interval_text(ends: Sequence[float]) -> str:
    """``.33 … .39``."""
    return f"{hundredths(float(ends[0]))} … {hundredths(float(ends[1]))}"


def capital(sentence: str) -> str:
    """A sentence that begins with a capital letter."""
    return sentence[:1].upper() + sentence[1:]


def hundredths(value: float) -> str:
    """``.87``, ``−.12``, ``1.00``."""
    text = f"{abs(value):.2f}"
    return ("−" if value < 0 and text != "0.00" else "") + text.removeprefix("0")


def signed(value: float, digits: int = 2) -> str:
    """``+0.12`` or ``−0.12``; no sign before zero."""
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else f"{'−' if value < 0 else '+'}{text}"


def grouped(value: float) -> str:
    """A whole number with thin spaces between thousands and a true minus sign."""
    return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "−")


def span_text(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h 20 min``, ``2 days 4 h``."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else "1 s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} day{'s' * (days != 1)}" + (f" {hours} h" if hours else "")


def size_text(size: float) -> str:
    """``340 kB``, ``1.2 GB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}" if size < 10 * factor else f"{size / factor:.0f} {unit}"
    return f"{size / 1e3:.0f} kB"


def number_text(value: float, error: float = float("nan")) -> str:
    """A value with as many digits as its error allows, and the error: ``778 ± 12``."""
    if not np.isfinite(value):
        return ""
    if not np.isfinite(error) or error <= 0:
        places = max(0, 2 - int(np.floor(np.log10(abs(value)))) if value else 2)
        return f"{value:.{min(places, 4)}f}"
    places = min(max(0, int(np.ceil(-np.log10(error)) + (error * 10 ** np.ceil(-np.log10(error)) < 3))), 4)
    return f"{value:.{places}f} ± {error:.{places}f}"
