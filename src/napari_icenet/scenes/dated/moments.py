"""Dates and times of day in a name, as cameras, browsers and agencies write them; always UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

_FIRST = re.compile(r"^(?P<year>\d{4})(?P<dash>-?)(?P<month>\d{2})(?P=dash)(?P<day>\d{2})")
_ANYWHERE = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?<=\dto))(?P<year>(?:19|20)\d{2})(?P<dash>[-_.]?)(?P<month>\d{2})(?P=dash)(?P<day>\d{2})"
)
# A day of the year is one beyond doubt at the start of a name, or with a time behind it.
_DAY_OF_YEAR = re.compile(
    r"(?:^|(?<![0-9A-Za-z])(?=\d{7}T\d{6}))(?P<year>(?:19|20)\d{2})(?P<day>[0-3]\d{2})(?!\d)", re.IGNORECASE
)

# A date behind a date ends a span or tells of a processing: its year is never a time of day.
_LATER = re.compile(
    r"""[T _-]{0,3}(?:19|20)\d{2}(?:-(?:0[1-9]|1[0-2])(?!\d) |
        (?P<dash>[-_.]?)(?:0[1-9]|1[0-2])(?P=dash)(?:0[1-9]|[12]\d|3[01])(?!\d))""",
    re.VERBOSE | re.IGNORECASE,
)
_HOUR, _MINUTE, _SECOND = r"(?P<hour>[01]\d|2[0-3])", r"(?P<minute>[0-5]\d)", r"(?P<second>[0-5]\d)"
_ENDS = r"(?![0-9A-Za-z])"
#: Times of day, the surest writing first. Fractions of a second set apart by a point are read over.
_CLOCKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:(?P<apart>[ _.-]{{0,3}}T?)| at ){_HOUR}(?P<dash>[:._-]?){_MINUTE}(?P=dash){_SECOND}(?:[.,]\d+)?(?!\d)",
        # Thousandths that are glued on, which stay in the name: they keep pictures of one second apart.
        rf"(?P<apart>[ _.-]{{0,3}}T?){_HOUR}{_MINUTE}{_SECOND}(?=\d{{3}}(?!\d))",
        rf"(?P<apart>[ _-]?T?){_HOUR}h{_MINUTE}(?:m(?:in)?{_SECOND}s?)?{_ENDS}",
        rf"(?P<apart>T){_HOUR}_{_MINUTE}(?=Z?{_ENDS})",
        rf"(?P<apart>[T _-]?){_HOUR}(?P<dash>[:-]?){_MINUTE}(?=[ _]?[AP]M{_ENDS}|Z?(?:UTC|GMT)|Z?{_ENDS})",
        rf"(?P<apart>T){_HOUR}(?=Z?{_ENDS})",
    )
)
_HALF = re.compile(rf"[ _]?(?P<half>[AP])M{_ENDS}", re.IGNORECASE)
_ZONE = re.compile(
    r"""(?:\d{3})?Z?(?:[ _]?(?:UTC|GMT)(?P<zone>))?
        (?P<sign>[+-])(?P<hours>\d{1,2})(?:(?P<dash>[:_-]?)(?P<minutes>\d{2}))?(?!\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_SEPARATED = re.compile(r"[\s_.~–-]{0,3}(?:to)?[\s_.~–-]{0,3}", re.IGNORECASE)
_UNFINISHED = re.compile(r"[ _-]{1,3}(?:19|20)\d{2}-(?:0[1-9]|1[0-2])(?![0-9A-Za-z])")
_DAYS_OF_YEAR = re.compile(r"^(?:19|20)\d{2}[0-3]\d{2}[ _.-]{1,3}(?:19|20)\d{2}[0-3]\d{2}(?![0-9A-Za-z])")


@dataclass(frozen=True)
class Moment:
    """A date in a name, with its time of day where that is written.

    Attributes
    ----------
    when : datetime
        UTC; midnight where there is a day alone (``time_known`` False).
    time_known : bool
    start, end : int
        Where it stands in the name.
    doubt : str or None
        What its time may mean otherwise.
    """

    when: datetime
    time_known: bool
    start: int
    end: int
    doubt: str | None = None


def moments(text: str) -> list[Moment]:
    """All dates in a name that exist, in their order."""
    found: dict[int, Moment] = {}
    for pattern in (_DAY_OF_YEAR, _ANYWHERE, _FIRST):
        for match in pattern.finditer(text):
            moment = _moment(match, text)
            if moment is not None:
                found[moment.start] = moment
    ordered: list[Moment] = []
    for start in sorted(found):
        if not ordered or start >= ordered[-1].end:
            ordered.append(found[start])
    return ordered


def begins_with_date(text: str) -> bool:
    """True if a name begins as with a date, be it one that does not exist."""
    match = _FIRST.match(text)
    return match is not None and _end(match, text) is not None


def spans_days(text: str, found: list[Moment]) -> bool:
    """True if two different days stand side by side in a name, as the first and last of a span."""
    for one, other in pairwise(found):
        between = text[one.end : other.start]
        if one.when.date() != other.when.date() and _SEPARATED.fullmatch(between):
            return True
    return _DAYS_OF_YEAR.match(text) is not None or any(_UNFINISHED.match(text, one.end) for one in found[:1])


def _moment(match: re.Match[str], text: str) -> Moment | None:
    year, day = int(match["year"]), int(match["day"])
    ends = _end(match, text)
    if ends is None:
        return None
    try:
        if match.re is _DAY_OF_YEAR:
            on = date(year, 1, 1) + timedelta(days=day - 1)
            if on.year != year:
                return None
        else:
            on = date(year, int(match["month"]), day)
        clock, end, ahead, doubt = ends
        # A zone may lead out of the calendar.
        when = datetime.combine(on, clock or time()) - ahead
    except (ValueError, OverflowError):
        return None
    return Moment(when, clock is not None, match.start(), end, doubt)


_Clock = tuple[time | None, int, timedelta, str | None]


def _end(match: re.Match[str], text: str) -> _Clock | None:
    """The time of day behind a date, where it ends, how far it is ahead of UTC; None if a digit runs on."""
    at, of_year = match.end(), match.re is _DAY_OF_YEAR
    clock = None if _LATER.match(text, at) else next((c for p in _CLOCKS if (c := p.match(text, at))), None)
    if clock is None:
        stop = re.compile(_ENDS if of_year else r"(?!\d)")
        return (None, at, timedelta(), None) if stop.match(text, at) else None
    parts = clock.groupdict()
    hour, minute, second = (int(parts.get(part) or 0) for part in ("hour", "minute", "second"))
    end = clock.end()
    doubt = None
    if "-" in (parts.get("apart") or "") and not parts.get("second") and parts.get("dash") != ":":
        month = int(parts["hour"])
        if not of_year and (month, minute) > (int(match["month"]), int(match["day"])) and month <= 12 and minute <= 31:
            doubt = "a time or the last day of a span"
    half = _HALF.match(text, end)
    if half and 1 <= hour <= 12:
        hour, end = hour % 12 + 12 * (half["half"].upper() == "P"), half.end()
    ahead, zone_end, said = _zone(text, end, iso="T" in (parts.get("apart") or "").upper())
    if zone_end == end and text[end : end + 1].upper() == "Z":
        zone_end += 1
    return time(hour, minute, second), zone_end, ahead, doubt or said


def _zone(text: str, at: int, *, iso: bool) -> tuple[timedelta, int, str | None]:
    """How far a time is ahead of UTC by what stands behind it, where that ends, and what is in doubt."""
    none = timedelta(), at, None
    match = _ZONE.match(text, at)
    if match is None or _LATER.match(text, match.start("sign")):
        return none
    hours, minutes, minus = int(match["hours"]), match["minutes"], match["sign"] == "-"
    said = match["zone"] is not None or not minus
    if minus and not said:
        # Behind a dash stand numbers of all kinds: four digits are a zone if there is such a one.
        if minutes is None:
            digits = len(match["hours"]) == 2
            doubt = "a zone or a number" if digits and iso and hours <= 12 else None
            return timedelta(), at, doubt
        if match["dash"] not in ("", ":"):
            return none
    ahead = timedelta(hours=hours, minutes=int(minutes or 0))
    exists = ahead <= timedelta(hours=12 if minus else 14) and int(minutes or 0) % 15 == 0
    if not exists:
        return (timedelta(), at, "a zone that does not exist") if said else none
    return -ahead if minus else ahead, match.end(), None
