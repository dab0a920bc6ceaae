"""Picture of one track at one date: plain numbers, no Qt and no napari."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common import palette
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.matching.match import CorrelationSurface
from napari_icenet.tracking.click_tracker import ClickTracker
from napari_icenet.tracking.settings import changed
from napari_icenet.tracking.track import Track

Point = tuple[float, float]


@dataclass(frozen=True)
class OtherTrack:
    """A track that is not selected: its chip at the date shown, and its path."""

    number: int
    colour: str
    at: Point | None
    chip: int
    path: NDArray[np.float64]


@dataclass(frozen=True)
class TrackPicture:
    """One track at one date.

    Attributes
    ----------
    number : int
        Of the track, from 1.
    chip : int
        Side of the chip, pixels.
    at : (row, col)
        Where the chip stands that is searched for: the last valid position.
    window : (row, col, side) or None
        Centre and side of the search window; None where nothing is searched.
    match : (row, col) or None
        Where the chip was found; None where it is lost or not yet computed.
    surface : array of float32, (h, w), or None
        Correlation by position of the chip; NaN where it is unknown.
    surface_origin : (row, col)
        Position of the chip for ``surface[0, 0]``.
    path : array, (time, 2)
        Positions (row, col); NaN where lost.
    lost : array, (time, 2)
        Where a lost chip was looked for; NaN where it was found.
    labels : tuple of str
        Dates.
    now : int
        Index of the date shown.
    note : str
        Short text at the chip: its correlation, or why it is lost.
    others : tuple of OtherTrack
    """

    number: int
    chip: int
    at: Point
    path: NDArray[np.float64]
    lost: NDArray[np.float64]
    labels: tuple[str, ...]
    now: int
    window: tuple[float, float, int] | None = None
    match: Point | None = None
    surface: NDArray[np.float32] | None = None
    surface_origin: tuple[int, int] = (0, 0)
    note: str = ""
    others: tuple[OtherTrack, ...] = field(default=())


#: Colours of tracks in tables and beside the selected one; none of them is a predictor's.
TRACK_COLOURS = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#BBCC33", "#DDDDDD")


def track_colour(number: int, *, stable: bool = False) -> str:
    """The colour of a track, by its number from 1."""
    if stable:
        return palette.STABLE
    return TRACK_COLOURS[(number - 1) % len(TRACK_COLOURS)]


def picture_of(
    track: Track,
    time: int,
    labels: tuple[str, ...],
    *,
    surface: CorrelationSurface | None = None,
    others: Iterable[Track] = (),
    stable: int | None = None,
) -> TrackPicture:
    """Picture of a track at one date.

    Parameters
    ----------
    track : Track
        The selected one.
    time : int
        Index of the date shown.
    labels : tuple of str
        Date of each frame.
    surface : CorrelationSurface, optional
        Of this track at this date.
    others : iterable of Track
        Those not selected.
    stable : int, optional
        Number of the one on stable ground.
    """
    path = np.stack([track.rows, track.cols], axis=1)
    lost = np.full_like(path, np.nan)
    for i, fix in enumerate(track.observations):
        if not fix.valid and fix.reason is not LostReason.PENDING:
            lost[i] = fix.centre
    fix = track.observations[time]
    source = track.observations[fix.source]
    at = (source.row, source.col) if source.valid else (float(fix.centre[0]), float(fix.centre[1]))
    origin = time == track.origin_time
    return TrackPicture(
        number=track.number,
        chip=track.settings.chip,
        at=at,
        path=path,
        lost=lost,
        labels=labels,
        now=time,
        window=(float(fix.centre[0]), float(fix.centre[1]), track.settings.search),
        match=(fix.row, fix.col) if fix.valid and not origin else None,
        surface=None if surface is None else surface.values,
        surface_origin=(0, 0) if surface is None else (surface.row0, surface.col0),
        note=_note(track, time),
        others=tuple(
            OtherTrack(
                number=other.number,
                colour=track_colour(other.number, stable=other.number == stable),
                at=chip_at(other, time),
                chip=other.settings.chip,
                path=np.stack([other.rows, other.cols], axis=1),
            )
            for other in others
        ),
    )


def chip_at(track: Track, time: int) -> Point:
    """Position of a track's chip at a date: its match, or where it was looked for."""
    fix = track.observations[time]
    return (fix.row, fix.col) if fix.valid else (float(fix.centre[0]), float(fix.centre[1]))


def _note(track: Track, time: int) -> str:
    fix = track.observations[time]
    if time == track.origin_time:
        return "start"
    if fix.valid:
        return f"NCC {fix.ncc:.2f}"
    if fix.reason is None or fix.reason is LostReason.PENDING:
        return "…"
    return f"lost: {fix.reason.value}"


def picture_now(
    tracker: ClickTracker, surface: Callable[[Track, int], CorrelationSurface | None]
) -> TrackPicture | None:
    """The selected track of a click-tracker as far as it is computed; None without one.

    Parameters
    ----------
    tracker : ClickTracker
    surface : callable
        The correlation surface of a track on a date, where it is at hand.
    """
    if tracker.selected is None:
        return None
    number, time, tracks = tracker.selected, tracker.time, tracker.tracks
    mark, track, labels = tracker.marks[number], tracks.get(number), tracker.stack.labels
    settings = tracker.settings
    window = (float(round(mark.row)), float(round(mark.col)), settings.search)
    # A surface is the same at any c, and an older place of a dragged chip is drawn where it was;
    # what another band, filter or template gave is not shown once that has changed.
    if track is None or changed(track.settings, scale=settings.scale) != settings:
        unknown = np.full((len(labels), 2), np.nan)
        path = unknown.copy()
        path[mark.time] = mark.row, mark.col
        at = (mark.row, mark.col)
        return TrackPicture(number, settings.chip, at, path, unknown, labels, time, window=window, note="…")
    picture = picture_of(
        track,
        time,
        labels,
        surface=surface(track, time),
        others=[t for n, t in tracks.items() if n != number],
        stable=tracker.stable if isinstance(tracker.stable, int) else None,
    )
    moved = (track.origin_row, track.origin_col, track.origin_time) != (mark.row, mark.col, mark.time)
    if moved and time == mark.time:
        return replace(picture, at=(mark.row, mark.col), window=window, match=None, note="…")
    if track.settings.scale != settings.scale and picture.window is not None:
        return replace(picture, window=(*picture.window[:2], settings.search))
    return picture
