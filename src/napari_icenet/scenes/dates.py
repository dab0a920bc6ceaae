"""Dates in words: typed lists, labels of scenes, and the scene that a date means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import cast

import numpy as np

from napari_icenet.common.instant import Instant, instant, parsed
from napari_icenet.errors import UsageError
from napari_icenet.scenes.scene import Scene

_ZONED = re.compile(r"T\d{2}:?\d{2}.*[+-]\d{2}(:?\d{2})?$")
_COMPACT = re.compile(r"\d{8}")
# A blank between an ISO date and its time belongs to the date; any other separates two dates.
_DATE_AND_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}) +(\d{1,2}:\d{2})")


def parse_dates(text: str) -> list[datetime]:
    """Dates as typed or pasted: ISO or ``YYYYMMDD``, separated by commas, semicolons, blanks or lines.

    Parameters
    ----------
    text : str
        For example ``2020-01-31, 2020-02-16T14:03`` or a pasted column of ``20200131``.

    Returns
    -------
    list of datetime
        In the order given, UTC without time zone; midnight where only the day is given.

    Raises
    ------
    UsageError
        There is no date, or some cannot be read; the message names each of those.
    """
    words = [word for word in re.split(r"[\s,;]+", _DATE_AND_TIME.sub(r"\1T\2", text)) if word]
    if not words:
        raise UsageError("There is no date here; type one for each picture, for example 2020-01-31.")
    found = {word: parsed(word) for word in words}
    unreadable = [word for word, when in found.items() if when is None]
    if unreadable:
        noun = "date" if len(unreadable) == 1 else "dates"
        raise UsageError(f"Unreadable {noun}: {', '.join(unreadable)}; write 2020-01-31 or 20200131.")
    return [when for word in words if (when := found[word]) is not None]


def date_labels(scenes: Sequence[Scene]) -> tuple[str, ...]:
    """ISO dates; with the time where scenes share a day, and the id where they share the time."""
    days = Counter(scene.time.date() for scene in scenes)
    times = Counter(scene.time for scene in scenes)
    labels = []
    for scene in scenes:
        day = scene.time.date()
        label = day.isoformat() if days[day] == 1 else scene.time.isoformat(timespec="seconds")
        labels.append(label if times[scene.time] == 1 else f"{label} {scene.id}")
    return tuple(labels)


def find_date(scenes: Sequence[Scene], when: Instant | int, name: str) -> int:
    """Index of the scene that a date, a label, an id or an index means.

    Parameters
    ----------
    scenes : sequence of Scene
    when : str, datetime, date, datetime64 or int
        A day, or midnight in any other type than text, means the scene of that day.
    name : str
        What the scenes are called in an error.

    Raises
    ------
    UsageError
        It is no date; no scene, or more than one, has it.
    """
    if isinstance(when, int | np.integer) and not isinstance(when, bool | np.timedelta64):
        if not -len(scenes) <= when < len(scenes):
            raise UsageError(f"{name} has {len(scenes)} dates; there is no number {when}.")
        return int(when) % len(scenes)
    found = scenes_of_date(scenes, cast("Instant", when))
    if len(found) == 1:
        return found[0]
    raise no_one_date(scenes, cast("Instant", when), found, name)


def scenes_of_date(scenes: Sequence[Scene], when: Instant) -> list[int]:
    """Indices of all scenes that a date, a label or an id means; one alone for a label or an id.

    Raises UsageError: it is no date.
    """
    labels, text = date_labels(scenes), _typed(when)
    for i, scene in enumerate(scenes):
        if text in (labels[i], scene.id):
            return [i]
    times = [scene.time.isoformat(timespec="seconds") for scene in scenes]
    if not isinstance(when, str) and text.endswith("T00:00:00"):
        # A day is midnight in these types; a scene of midnight itself goes first.
        return [i for i, time in enumerate(times) if time == text] or _begin(times, text[:10])
    # A typed "2020-01-31 14:03" and one with a time zone mean the same as the ISO form.
    text = re.sub(r"(?<=\d) (?=\d)", "T", text).removesuffix("Z")
    if _ZONED.search(text) and (told := parsed(text)) is not None:
        text = told.isoformat(timespec="seconds")
    elif _COMPACT.fullmatch(text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return _begin(times, text)


def _begin(times: Sequence[str], text: str) -> list[int]:
    return [i for i, time in enumerate(times) if text and time.startswith(text)]


def no_one_date(scenes: Sequence[Scene], when: Instant, found: Sequence[int], name: str) -> UsageError:
    """The error of a date that means none of the scenes, or several, ``found``; it names those there are."""
    labels, text = date_labels(scenes), _typed(when).removesuffix("T00:00:00")
    if found:
        some = ", ".join(labels[i] for i in found)
        return UsageError(f"{name} has {len(found)} scenes of {text}; choose one of {some}.")
    return UsageError(f"{name} has no scene of {text or 'an empty date'}; its dates are {', '.join(labels)}.")


def date_text(when: Instant) -> str:
    """A date as it is typed: text as it is, of other types the day where that is all they tell.

    Raises UsageError: it is no date.
    """
    return when if isinstance(when, str) else _typed(when).removesuffix("T00:00:00")


def _typed(when: Instant) -> str:
    return when.strip() if isinstance(when, str) else instant(when).isoformat(timespec="seconds")
