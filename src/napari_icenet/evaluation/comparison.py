"""One piece of ice on one date: what each predictor expects of the next two frames, and how right it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import TrackingError
from napari_icenet.evaluation.correlation import Image, correlation
from napari_icenet.evaluation.displacement import TemplateTracking
from napari_icenet.tracking.chips import chip_window
from napari_icenet.tracking.pictures import Pictures
from napari_icenet.tracking.prefilter import prefilter
from napari_icenet.tracking.templates import PAST_CHIPS, Past, Prediction, Predictor
from napari_icenet.tracking.track import Track

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: Frames after t0 that are predicted: t1 and t2.
AHEAD = (1, 2)


@dataclass(frozen=True, eq=False)
class Frame:
    """The chip of a track on one date.

    Attributes
    ----------
    time : int
        Index of the date.
    days : float
        Days since t0.
    chip : array of float32, (C, C)
        NaN is missing.
    row, col : int
        Whole-pixel position that it was cut at.
    found : bool
        Whether tracking believes the position; where not, it lies between those that it believes.
    cloud : float
        Share of cloud, shadow and cirrus; NaN where the scene has no mask.
    """

    time: int
    days: float
    chip: F32
    row: int
    col: int
    found: bool
    cloud: float


@dataclass(frozen=True, eq=False)
class Judged:
    """A template for one frame, held against what came.

    Attributes
    ----------
    prediction : Prediction or None
        None where none can be made.
    chip : array of float32, (C, C)
        What came, filtered as the template is.
    ncc : float
        Correlation in place (equation 1 of the paper); NaN without a template, or where too little is known.
    peak_ratio : float
        How the peak stands out when the template's middle is searched for; NaN without a peak.
    drow, dcol : float
        Where that peak lies from the tracked position, px; NaN without one.
    """

    prediction: Prediction | None
    chip: F32
    ncc: float
    peak_ratio: float
    drow: float
    dcol: float


@dataclass(frozen=True, eq=False)
class Compared:
    """What one predictor makes of a past.

    Attributes
    ----------
    name, title, prefilter : str
        Of the predictor.
    judged : tuple of Judged
        For t1 and t2, as far as there are such dates.
    """

    name: str
    title: str
    prefilter: str
    judged: tuple[Judged, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """All predictors on one piece of ice.

    Attributes
    ----------
    track : int
        Number of the track.
    past : tuple of Frame
        Up to eight frames, oldest first; the last is t0.
    ahead : tuple of Frame
        t1 and t2, as far as the stack has them.
    compared : tuple of Compared
        In the order asked for.
    reach_px : int
        How far templates were searched for.
    """

    track: int
    past: tuple[Frame, ...]
    ahead: tuple[Frame, ...]
    compared: tuple[Compared, ...]
    reach_px: int


def compare(
    pictures: Pictures,
    track: Track,
    time: int,
    predictors: Sequence[Predictor],
    *,
    still_wanted: Callable[[], bool] = lambda: True,
) -> Comparison | None:
    """What predictors expect after a date, and how right they were.

    Parameters
    ----------
    pictures : Pictures
        Plain pictures of the track's band.
    track : Track
    time : int
        Index of the date of t0.
    predictors : sequence of Predictor
    still_wanted : callable
        Asked before each template; None is returned when it says no.

    Raises
    ------
    TrackingError
        The track is not known on any date, or nothing of the past shows ice.
    """
    rows, cols = _positions(track)
    days = np.asarray(pictures.stack.days, np.float64)
    frames = [
        _frame(pictures, track, t, float(days[t] - days[time]), (int(rows[t]), int(cols[t])))
        for t in range(max(0, time + 1 - PAST_CHIPS), min(time + len(AHEAD), len(rows) - 1) + 1)
    ]
    past = tuple(frame for frame in frames if frame.time <= time)
    ahead = tuple(frame for frame in frames if frame.time > time)
    if not any(Image.of(frame.chip).usable for frame in past):
        raise TrackingError(
            "none of the frames up to this date shows enough of this ice; choose a later date, or another chip."
        )
    tracking = TemplateTracking(max(2, track.settings.chip // 8))
    # One past for all predictors: what they work out about it, such as how its frames align, they share.
    shown = [_past(past, frame) for frame in ahead]
    made = []
    for one in predictors:
        sharp = prefilter(one.prefilter)
        judged = []
        for frame, known in zip(ahead, shown, strict=True):
            if not still_wanted():
                return None
            judged.append(_judged(one, known, sharp(frame.chip), tracking))
        made.append(Compared(one.name, one.title, one.prefilter, tuple(judged)))
    return Comparison(track.number, past, ahead, tuple(made), tracking.reach)


def _positions(track: Track) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whole-pixel positions on every date: lost ones lie between those that are known."""
    good = np.flatnonzero(np.asarray(track.valid))
    if not good.size:
        raise TrackingError("this chip was not found on any date; place it elsewhere.")
    times = np.arange(len(track.fixes))
    rows, cols = (np.interp(times, good, np.asarray(x)[good]) for x in (track.rows, track.cols))
    return np.rint(rows).astype(np.int64), np.rint(cols).astype(np.int64)


def _frame(pictures: Pictures, track: Track, time: int, days: float, place: tuple[int, int]) -> Frame:
    window = chip_window(*place, track.settings.chip)
    return Frame(
        time, days, pictures.read(time, window), *place, bool(track.fixes[time].valid), pictures.cloud(time, window)
    )


def _past(frames: Sequence[Frame], target: Frame) -> Past:
    return Past(
        np.stack([frame.chip for frame in frames]),
        np.array([frame.days for frame in frames]),
        np.array([frame.found for frame in frames]),
        target.days,
        target.time - frames[-1].time,
        np.array([frame.cloud for frame in frames]),
    )


def _judged(one: Predictor, past: Past, chip: F32, tracking: TemplateTracking) -> Judged:
    made = one(past)
    if made is None:
        return Judged(None, chip, np.nan, np.nan, np.nan, np.nan)
    place, ratio = tracking.find(made.template, chip)
    return Judged(made, chip, correlation(Image.of(made.template), Image.of(chip)), ratio, *place.tolist())
