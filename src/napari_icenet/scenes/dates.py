"""Dates in words: typed lists, labels of scenes, and the scene that a date means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from napari_icenet.errors import UsageError
from napari_icenet.scenes.scene import Scene

# A blank between an ISO date and its time belongs to the date; any other separates two dates.
_DATE_AND_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}) +(\d{1,2}:\d{2})")
_COMPACT = re.compile(r"\d{8}(T\d{6}Z?)?", re.IGNORECASE)


def _parse(word: str) -> datetime | None:
    if not _COMPACT.fullmatch(word) and not re.match(r"\d{4}-\d{2}-\d{2}", word):
        return None
    try:
        when = datetime.fromisoformat(word)
    except ValueError:
        return None
    return when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None)


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
    parsed = {word: _parse(word) for word in words}
    unreadable = [word for word, when in parsed.items() if when is None]
    if unreadable:
        noun = "date" if len(unreadable) == 1 else "dates"
        raise UsageError(f"Unreadable {noun}: {', '.join(unreadable)}; write 2020-01-31 or 20200131.")
    return [when for word in words if (when := parsed[word]) is not None]


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


def find_date(scenes: Sequence[Scene], when: str | datetime | int, name: str) -> int:
    """Index of the scene that a date, a label, an id or an index means.

    Parameters
    ----------
    scenes : sequence of Scene
    when : str, datetime or int
    name : str
        What the scenes are called in an error.

    Raises
    ------
    UsageError
        No scene, or more than one, has this date.
    """
    if isinstance(when, int):
        if not -len(scenes) <= when < len(scenes):
            raise UsageError(f"{name} has {len(scenes)} dates; there is no number {when}.")
        return when % len(scenes)
    found = scenes_of_date(scenes, when)
    if len(found) == 1:
        return found[0]
    raise no_one_date(scenes, when, found, name)


def scenes_of_date(scenes: Sequence[Scene], when: str | datetime) -> list[int]:
    """Indices of all scenes that a date, a label or an id means; one alone for a label or an id."""
    labels, text = date_labels(scenes), _typed(when)
    for i, scene in enumerate(scenes):
        if text in (labels[i], scene.id):
            return [i]
    # A typed "2020-01-31 14:03" and one with a time zone mean the same as the ISO form.
    text = re.sub(r"(?<=\d) (?=\d)", "T", text).removesuffix("Z")
    return [i for i, scene in enumerate(scenes) if text and scene.time.isoformat(timespec="seconds").startswith(text)]


def no_one_date(scenes: Sequence[Scene], when: str | datetime, found: Sequence[int], name: str) -> UsageError:
    """The error of a date that means none of the scenes, or several, ``found``; it names those there are."""
    labels, text = date_labels(scenes), _typed(when)
    if found:
        some = ", ".join(labels[i] for i in found)
        return UsageError(f"{name} has {len(found)} scenes of {text}; choose one of {some}.")
    return UsageError(f"{name} has no scene of {text or 'an empty date'}; its dates are {', '.join(labels)}.")


def _typed(when: str | datetime) -> str:
    return when.isoformat(timespec="seconds") if isinstance(when, datetime) else when.strip()
