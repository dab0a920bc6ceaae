"""Follow a chip from one date forwards and backwards through all dates of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor

import numpy as np

from napari_icenet.common.instant import Instant
from napari_icenet.common.settings_model import given_or_default
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.matching.acceptance import NO_PEAK, chips_inside
from napari_icenet.matching.chips import as_position, check_fits, check_inside, chip_window, square
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.matching.match import CorrelationSurface, Match
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.template import HIGH_PASS, Predictor, check_predictor
from napari_icenet.matching.zncc import FLAT
from napari_icenet.scenes.selection.given import check_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.evidence import Correlator, Evidence, Place
from napari_icenet.tracking.observation import Observation
from napari_icenet.tracking.plausibility.track import with_cautions
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.track import Track

#: Valid chips that a lost frame is searched for with, newest first.
FALLBACKS = 3
_NAN = float("nan")


def follow(
    stack: SceneStack | Pictures,
    row: float | None = None,
    col: float | None = None,
    time: int | None = None,
    settings: TrackSettings | None = None,
    *,
    at: tuple[float, float] | None = None,
    date: Instant | int | None = None,
    number: int = 1,
    predictor: Predictor | None = None,
    pool: Executor | None = None,
    on_fix: Callable[[Track], None] | None = None,
    on_surface: Callable[[Observation, CorrelationSurface], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    cautions: bool = True,
) -> Track:
    """Follow the ice that is at (row, col) on one date through all dates.

    Parameters
    ----------
    stack : SceneStack or Pictures
        Pictures of the settings' band, where they are at hand. Where the stack has ``shifts``, chips are sought
        where these put them, and displacements are less them.
    row, col : float
        Position in pixels.
    time : int, optional
        Index of the date the chip is placed at; it is followed forwards and backwards from there. Default: the first.
    settings : TrackSettings, optional
    at : (float, float), optional
        (row, col), instead of the two.
    date : str, datetime, date, datetime64 or int, optional
        The date, as :meth:`~napari_icenet.scenes.stack.SceneStack.time_index` finds it, instead of ``time``.
    number : int
        Number of the track.
    predictor : Predictor, optional
        Makes the template; the settings of the track then have its name as their template.
    pool : Executor, optional
        Its thread begins the next search while a match is checked; the result is the same.
    on_fix : callable, optional
        Called with the track so far after each date; dates to come are
        :attr:`~napari_icenet.matching.lost_reason.LostReason.PENDING`.
    on_surface : callable, optional
        Called with the observation of each date whose search has given the whole correlation surface, and that one:
        what :func:`surface` would work out again.
    cancelled : callable, optional
        Asked before each date; the track so far is returned when it says yes.
    cautions : bool
        Whether to look, once at the end, for what cannot be right
        (:func:`~napari_icenet.tracking.plausibility.track.track_cautions`).

    Returns
    -------
    Track

    Raises
    ------
    TrackingError
        Only one scene; the chip is outside the frame, crosses its edge, or is fill or flat;
        the shift of its date is not known.
    UsageError
        The search window does not fit in the frame; unknown band, date, template or filter; no position, or two; the
        predictor is none, or the settings name another template.
    PredictorError
        The predictor failed.
    """
    settings = _with_predictor(given_or_default(TrackSettings, settings), predictor)
    row, col = _position(row, col, at)
    of = stack.stack if isinstance(stack, Pictures) else stack
    check_stack(of)
    if date is not None and time is not None:
        raise UsageError("Both time and date say when the chip is placed; give one of them.")
    time = of.time_index(date if date is not None else time if time is not None else 0)
    pictures = stack if isinstance(stack, Pictures) else Pictures(stack, settings.band)
    correlator = Correlator(pictures, settings, predictor, pool)
    track = _Follower(correlator, row, col, time, number=number, on_surface=on_surface).run(on_fix, cancelled)
    return with_cautions(track, pictures) if cautions and track.complete else track


def _position(row: float | None, col: float | None, at: tuple[float, float] | None) -> tuple[float, float]:
    """(row, col) as they were given, or as one pair."""
    if (at is None) == (row is None and col is None):
        raise UsageError("The position of the chip is needed once: give row and col, or at=(row, col).")
    return as_position((row, col) if at is None else at)


def _with_predictor(settings: TrackSettings, predictor: Predictor | None) -> TrackSettings:
    """The settings, with the predictor's name as their template."""
    if predictor is None:
        return settings
    check_predictor(predictor)
    if settings.template == predictor.name:
        return settings
    if settings.template != TrackSettings.model_fields["template"].default:
        raise UsageError(
            f"The settings name the template {settings.template}, the predictor is {predictor.name}; leave one out."
        )
    return settings.model_copy(update={"template": predictor.name})


class _Follower:
    def __init__(
        self,
        correlator: Correlator,
        row: float,
        col: float,
        time: int,
        *,
        number: int,
        on_surface: Callable[[Observation, CorrelationSurface], None] | None = None,
    ) -> None:
        pictures, settings = correlator.plain, correlator.settings
        self.on_surface = on_surface if correlator.keeps_surface else None
        check_start(pictures, row, col, time, settings)
        self.correlator, self.pictures, self.settings = correlator, pictures, settings
        self.row, self.col, self.time, self.number = float(row), float(col), time, number
        self.days = tuple(float(d) for d in pictures.stack.days)
        self.shifts = shifts = pictures.stack.shifts
        self.likely = [(0.0, 0.0)] * len(self.days) if shifts is None else [*zip(*shifts.likely, strict=True)]
        centre, start = (round(row), round(col)), (self.row, self.col)
        origin = Observation(time, *start, _NAN, _NAN, True, None, _NAN, (0.0, 0.0), time, centre, start, firm=True)
        self.observations: dict[int, Observation] = {time: origin}

    def track(self) -> Track:
        centre = (round(self.row), round(self.col))
        observations = tuple(
            self.observations.get(t) or Observation.lost(t, self.time, centre, LostReason.PENDING)
            for t in range(len(self.days))
        )
        stack = self.pictures.stack
        times = tuple(stack.times)
        return Track(
            self.number, self.time, self.row, self.col, self.settings, observations, self.days, stack.grid, times,
            shifts=self.shifts,
        )  # fmt: skip

    def run(self, on_fix: Callable[[Track], None] | None, cancelled: Callable[[], bool] | None) -> Track:
        for times in (range(self.time + 1, len(self.days)), range(self.time - 1, -1, -1)):
            for time in times:
                if cancelled is not None and cancelled():
                    return self.track()
                self._step(time, times)
                if on_fix is not None:
                    on_fix(self.track())
        return self.track()

    def _known(self, times: Iterable[int]) -> list[Observation]:
        """Valid observations from the origin on in one direction, in the order they were made."""
        made = [self.observations[self.time], *(self.observations[t] for t in times if t in self.observations)]
        return [fix for fix in made if fix.valid]

    def _centre(self, known: list[Observation], time: int) -> tuple[int, int]:
        if self.shifts is not None:
            # Where the ice was on the ground is not told by a date of unknown shift.
            known = [fix for fix in known if self.shifts.known[fix.time]]
        last = known[-1]
        row, col = self._less_shift(last)
        if self.settings.centring == "velocity" and len(known) > 1:
            before = known[-2]
            elapsed = self.days[last.time] - self.days[before.time]
            if elapsed:
                share = (self.days[time] - self.days[last.time]) / elapsed
                row_before, col_before = self._less_shift(before)
                row, col = row + share * (row - row_before), col + share * (col - col_before)
        shift_row, shift_col = self.likely[time]
        return round(row + shift_row), round(col + shift_col)

    def _less_shift(self, fix: Observation) -> tuple[float, float]:
        """Place of a chip on the ground."""
        shift_row, shift_col = self.likely[fix.time]
        return fix.row - shift_row, fix.col - shift_col

    def _step(self, time: int, times: range) -> None:
        known = self._known(times)
        centre = self._centre(known, time)
        if not chips_inside(*centre, self.settings.chip, self.pictures.shape):
            self.observations[time] = Observation.lost(time, known[-1].time, centre, LostReason.OUTSIDE)
            return
        if self.settings.tracking == "chain":
            first = self.settings.template == "first"
            evidence = self.correlator.best(_places(known[:1] if first else known), time, centre)
        else:
            evidence = self._best_evidence(known, time, times, centre)
        fix = self.observations[time] = self._fix(evidence, time, centre)
        if self.on_surface is not None:
            self.on_surface(fix, evidence.match.surface)

    def _tries(self, known: list[Observation]) -> list[list[Place]]:
        """The past that templates are made from: the start, or as each of the last few frames knew it."""
        firm = _places([fix for fix in known if fix.firm])
        if self.settings.template == "first":
            return [firm[:1]]
        return [firm[: len(firm) - i] for i in range(min(FALLBACKS, len(firm)))]

    def _best_evidence(self, known: list[Observation], time: int, times: range, centre: tuple[int, int]) -> Evidence:
        """The first try that is accepted; else the first try."""
        weighed: list[Evidence] = []
        for places in self._tries(known):

            def look_ahead(match: Match, source: Place = places[-1]) -> None:
                likely = self._fix(Evidence(match, source, firm=True), time, centre)
                self._begin_next([*known, likely], time + times.step, times)

            weighed.append(self.correlator.weigh(places, time, centre, located=look_ahead))
            if weighed[-1].reason is None:
                return weighed[-1]
            # No other template helps where there is no correlation at all.
            if weighed[-1].reason in NO_PEAK:
                break
        return weighed[0]

    def _begin_next(self, known: list[Observation], time: int, times: range) -> None:
        if time in times:
            centre = self._centre(known, time)
            if chips_inside(*centre, self.settings.chip, self.pictures.shape):
                self.correlator.begin(self._tries(known)[0][-1], time, centre)

    def _fix(self, evidence: Evidence, time: int, centre: tuple[int, int]) -> Observation:
        match, source = evidence.match, self.observations[evidence.source.time]
        if not match.found:
            return Observation.lost(time, source.time, centre, evidence.reason or LostReason.FILL)
        # The template was cut at a whole pixel: its match gives a displacement, the fraction is carried along.
        row = source.row + match.row - evidence.source.row
        col = source.col + match.col - evidence.source.col
        valid = evidence.reason is None
        return Observation(
            time,
            row if valid else _NAN,
            col if valid else _NAN,
            match.ncc,
            match.peak_ratio,
            valid,
            evidence.reason,
            evidence.round_trip_px,
            match.error_px,
            source.time,
            centre,
            (row, col),
            valid and evidence.firm,
        )


def _places(observations: list[Observation]) -> list[Place]:
    return [Place(fix.time, round(fix.row), round(fix.col)) for fix in observations]


def check_start(pictures: Pictures, row: float, col: float, time: int, settings: TrackSettings) -> None:
    """Refuse a chip that cannot be followed.

    Raises
    ------
    TrackingError, UsageError
        As in :func:`follow`.
    """
    stack = pictures.stack
    if len(stack.scenes) < 2:
        raise TrackingError(f"{stack.name} has only one scene; following ice needs at least two dates.")
    if stack.shifts is not None:
        stack.shifts.check(stack.labels, stack.name)
        if not stack.shifts.known[time]:
            raise TrackingError(
                f"The shift of {stack.labels[time]} against other dates is not known, so nothing can be followed from "
                "it; place the chip on another date, or leave co-registration off."
            )
    check_fits(settings.chip, settings.scale, settings.search, pictures.shape)
    check_inside(row, col, settings.chip, pictures.shape)
    chip = pictures.read(time, chip_window(row, col, settings.chip))
    where = f"the chip at row {row:.0f}, column {col:.0f} on {stack.labels[time]}"
    known = np.isfinite(chip)
    if not known.any():
        raise TrackingError(f"{where} holds no pixel with a measurement; choose another place or date.")
    if known.mean() < settings.min_overlap:
        raise TrackingError(
            f"{where} is {100 * (1 - known.mean()):.0f} % fill; choose another place or date, or a smaller chip."
        )
    values = chip[known]
    if np.ptp(values) <= FLAT * np.abs(values).max():
        raise TrackingError(f"{where} is flat, every pixel is {values[0]:g}; choose a place with texture.")


def unfollowed(
    pictures: Pictures, row: float, col: float, time: int, settings: TrackSettings, *, number: int = 1
) -> Track:
    """A track of a chip that cannot be followed: every date is lost, the first one too."""
    centre = (round(row), round(col))
    days = tuple(float(d) for d in pictures.stack.days)
    observations = tuple(Observation.lost(t, time, centre, LostReason.FILL) for t in range(len(days)))
    stack = pictures.stack
    where = float(row), float(col)
    return Track(
        number, time, *where, settings, observations, days, stack.grid, tuple(stack.times), shifts=stack.shifts
    )


def surface(pictures: Pictures, track: Track, time: int, *, predictor: Predictor | None = None) -> CorrelationSurface:
    """The correlation surface a fix was found on, for showing it over its search window.

    Parameters
    ----------
    pictures : Pictures
        Plain pictures of the track's band.
    track : Track
    time : int
        Index of the date. At the origin the chip is searched for in its own picture.
    predictor : Predictor, optional
        As for :func:`follow`.
    """
    correlator = Correlator(pictures, track.settings, predictor)
    fix = track.observations[time]
    past = [f for f in track.observations if f.firm and _between(f.time, track.origin_time, fix.source)]
    past.sort(key=lambda f: abs(f.time - track.origin_time))
    source = past or [track.observations[track.origin_time]]
    return correlator.search(correlator.main, correlator.template(_places(source), time), time, fix.centre)


def _between(time: int, start: int, stop: int) -> bool:
    return min(start, stop) <= time <= max(start, stop)


def prefetch(
    pictures: Pictures,
    row: float,
    col: float,
    settings: TrackSettings,
    *,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Read the surroundings of a point on all dates, so that following it reads no files."""
    side = settings.search + 2 * settings.reach
    window = square(round(row), round(col), side)
    for name in {"none", settings.prefilter, HIGH_PASS}:
        filtered = pictures.filtered(name)
        for time in range(len(pictures.stack.scenes)):
            if cancelled is not None and cancelled():
                return
            filtered.prefetch(time, window, settings.chip)
