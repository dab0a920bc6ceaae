"""One chip against one date: the match, and the evidence for and against it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window
from napari_icenet.tracking.chips import chip_window, search_window
from napari_icenet.tracking.match import CorrelationSurface, LostReason, Match, find_peak
from napari_icenet.tracking.pictures import Pictures
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.templates import HIGH_PASS, Predictor, check_template
from napari_icenet.tracking.zncc import FLAT, zncc


@dataclass(frozen=True)
class Place:
    """A chip's place: a date and a whole-pixel position."""

    time: int
    row: int
    col: int


@dataclass(frozen=True)
class Evidence:
    """A match with what was found out about it.

    Attributes
    ----------
    match : Match
        Of the template, in the picture it is searched in.
    source : Place
        Where the template comes from.
    disagreement_px : float
        Distance to the match in the picture with the other filter; infinite where that has none.
    sharpness : float
        Peak ratio in the high-pass filtered picture.
    round_trip_px : float
        Miss of the backward match; NaN where it was not needed.
    reason : LostReason or None
    """

    match: Match
    source: Place
    disagreement_px: float
    sharpness: float
    round_trip_px: float
    reason: LostReason | None


class Correlator:
    """Matches chips of one track, with its settings, in its pictures.

    Parameters
    ----------
    pictures : Pictures
        Plain pictures of the band.
    settings : TrackSettings
    predictor : Predictor, optional
        Makes the template, where ``settings.template`` is its name.
    pool : Executor, optional
        Its thread takes half of the work; OpenCV lets go of the interpreter while it computes.

    Raises
    ------
    UsageError
        Unknown template or filter.
    """

    def __init__(
        self,
        pictures: Pictures,
        settings: TrackSettings,
        predictor: Predictor | None = None,
        pool: Executor | None = None,
    ) -> None:
        check_template(settings.template, predictor)
        self.settings = settings
        self.predictor = None if settings.template in ("persistence", "first", HIGH_PASS) else predictor
        name = HIGH_PASS if settings.template == HIGH_PASS else settings.prefilter
        if self.predictor is not None:
            name = self.predictor.prefilter
        self.plain = pictures.filtered("none")
        self.main = pictures.filtered(name)
        self.sharp = pictures.filtered(HIGH_PASS)
        self._pool = pool

    def template(self, sources: Sequence[Place]) -> NDArray[np.float32]:
        """Template from past places, oldest first; the last one alone counts without a predictor."""
        if self.predictor is None:
            return self.main.read(sources[-1].time, self._chip(sources[-1]))
        chips = np.stack([self.plain.read(place.time, self._chip(place)) for place in sources])
        return np.asarray(self.predictor(chips), np.float32)

    def _chip(self, place: Place) -> Window:
        return chip_window(place.row, place.col, self.settings.chip)

    def search(
        self, pictures: Pictures, template: NDArray[np.float32], time: int, centre: tuple[int, int]
    ) -> CorrelationSurface:
        """Correlation of a template over the search window around ``centre`` on a date."""
        settings = self.settings
        window = search_window(*centre, settings)
        values = zncc(
            pictures.read(time, window),
            template,
            norms=pictures.norms(time, window, settings.chip),
            min_overlap=settings.min_overlap,
        )
        half = settings.chip // 2
        return CorrelationSurface(values, window.row + half, window.col + half)

    def _match(self, pictures: Pictures, template: NDArray[np.float32], time: int, centre: tuple[int, int]) -> Match:
        return find_peak(self.search(pictures, template, time, centre), pixels=float(template.size))

    def why_empty(self, template: NDArray[np.float32], time: int, centre: tuple[int, int]) -> LostReason:
        """Why a surface holds no correlation at all."""
        window = search_window(*centre, self.settings)
        chip = self._chip(Place(time, *centre))
        if chip.clipped(self.plain.shape) != chip:
            return LostReason.OUTSIDE
        pixels = self.plain.read(time, window)
        known = np.isfinite(pixels)
        if known.mean() < self.settings.min_overlap or np.isfinite(template).mean() < self.settings.min_overlap:
            return LostReason.FILL
        values = pixels[known]
        return LostReason.FLAT if np.ptp(values) <= FLAT * np.abs(values).max() or _flat(template) else LostReason.FILL

    def follow_best(self, sources: Sequence[Place], time: int, centre: tuple[int, int]) -> Evidence:
        """The best match, believed whatever else is known: the paper's chain."""
        template = self.template(sources)
        match = self._match(self.main, template, time, centre)
        reason = None if match.found else self.why_empty(template, time, centre)
        nan = float("nan")
        return Evidence(match, sources[-1], nan, nan, nan, reason)

    def weigh(self, sources: Sequence[Place], time: int, centre: tuple[int, int]) -> Evidence:
        """The best match and its evidence: lost where that speaks against it."""
        settings, source = self.settings, sources[-1]
        other = self.sharp if self.main.filter.name != HIGH_PASS else self.plain
        chip = other.read(source.time, self._chip(source))
        second: Future[Match] | None = None
        check = partial(self._match, other, chip, time, centre)
        if self._pool is not None:
            second = self._pool.submit(check)
        template = self.template(sources)
        match = self._match(self.main, template, time, centre)
        rival = check() if second is None else second.result()
        sharpness = (match if other is self.plain else rival).peak_ratio
        nan = float("nan")
        if not match.found:
            return Evidence(match, source, nan, nan, nan, self.why_empty(template, time, centre))
        disagreement = match.distance(rival.row, rival.col) if rival.found else float("inf")
        reason = match.reason
        if reason is None and sharpness < settings.min_peak_ratio:
            reason = LostReason.AMBIGUOUS
        if reason is None and disagreement > settings.max_disagreement_px:
            reason = LostReason.DISAGREEMENT
        if reason is not None:
            return Evidence(match, source, disagreement, sharpness, nan, reason)
        back = self._back(match, source, time)
        if back > settings.max_round_trip_px:
            reason = LostReason.ROUND_TRIP
        return Evidence(match, source, disagreement, sharpness, back, reason)

    def _back(self, match: Match, source: Place, time: int) -> float:
        """By how much the chip found misses its origin when it is searched for there."""
        found = Place(time, round(match.row), round(match.col))
        pictures = self.sharp
        chip = pictures.read(time, self._chip(found))
        back = self._match(pictures, chip, source.time, (source.row, source.col))
        # The chip was cut at a whole pixel, so it starts from there and not from the sub-pixel peak.
        return back.distance(source.row + found.row - match.row, source.col + found.col - match.col)


def _flat(chip: NDArray[np.float32]) -> bool:
    known = chip[np.isfinite(chip)]
    return bool(known.size == 0 or np.ptp(known) <= FLAT * np.abs(known).max())
