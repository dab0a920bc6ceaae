"""Dates as people hand them over: text, datetime, date, numpy's and pandas' own; all as datetime in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from napari_icenet.errors import UsageError

#: A date in any of these types; text is ISO or ``YYYYMMDD``. pandas.Timestamp is a datetime.
Instant = str | date | np.datetime64

_COMPACT = re.compile(r"\d{8}(T\d{6}Z?)?", re.IGNORECASE)
_WAYS = "write 2020-01-31, or hand over a datetime"


def parsed(word: str) -> datetime | None:
    """A date as typed, UTC without time zone; None where it is none."""
    if not _COMPACT.fullmatch(word) and not re.match(r"\d{4}-\d{2}-\d{2}", word):
        return None
    try:
        when = datetime.fromisoformat(word)
    except ValueError:
        return None
    return _utc(when)


def instant(when: Any) -> datetime:
    """A date of any type, UTC without time zone; midnight where only the day is given.

    Raises UsageError: it is none, or cannot be read.
    """
    if isinstance(when, str):
        found = parsed(when.strip())
        if found is None:
            raise UsageError(f"Unreadable date: {when or 'an empty text'}; write 2020-01-31 or 20200131.")
        return found
    if isinstance(when, np.ndarray) and when.ndim == 0:
        when = when[()]
    if isinstance(when, np.datetime64):
        if np.isnat(when):
            raise UsageError(f"NaT is no date; {_WAYS}.")
        made = when.astype("datetime64[us]").item()
        if not isinstance(made, datetime):
            raise UsageError(f"The date {when} lies outside the years 1 to 9999; {_WAYS}.")
        return made
    if isinstance(when, datetime):
        if when != when:  # noqa: PLR0124 (pandas.NaT is a datetime that is not itself)
            raise UsageError(f"NaT is no date; {_WAYS}.")
        return _utc(datetime.combine(when.date(), when.timetz()))
    if isinstance(when, date):
        return datetime(when.year, when.month, when.day)
    raise UsageError(f"A {type(when).__name__} is no date; {_WAYS}.")


def _utc(when: datetime) -> datetime:
    return when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None)
