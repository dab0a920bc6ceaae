"""One chip against one date: the match, and the evidence for and against it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window
from napari_icenet.tracking.chips import chip_window, search_window, square
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
        In robust tracking its peak ratio is that of the high-pass surface, which decides.
    source : Place
        Where the template comes from.
    round_trip_px : float
        Miss of the backward match; NaN where it was not needed.
    reason : LostReason or None
    """

    match: Match
    source: Place
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
        return self._surface(pictures, template, time, search_window(*centre, self.settings))

    def _surface(
        self, pictures: Pictures, template: NDArray[np.float32], time: int, window: Window
    ) -> CorrelationSurface:
        values = zncc(
            pictures.read(time, window),
            template,
            norms=pictures.norms(time, window, self.settings.chip),
            min_overlap=self.settings.min_overlap,
        )
        half = self.settings.chip // 2
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

    def best(self, sources: Sequence[Place], time: int, centre: tuple[int, int]) -> Evidence:
        """The highest correlation, believed whatever else is known: the paper's chain."""
        template = self.template(sources)
        match = self._match(self.main, template, time, centre)
        reason = None if match.found else self.why_empty(template, time, centre)
        return Evidence(match, sources[-1], float("nan"), reason)

    def weigh(self, sources: Sequence[Place], time: int, centre: tuple[int, int]) -> Evidence:
        """The match that the evidence supports, or the reason why it is lost.

        The high-pass filtered chip is searched for over the whole window: its surface is sharp, so
        a rival or a peak at the border shows. The template's own surface must have a peak close by,
        unless the high-pass peak is decisive, and the chip found must lead back to the start.
        """
        settings, source = self.settings, sources[-1]
        template = self.template(sources)
        sharp_chip = template if self._is_sharp else self.sharp.read(source.time, self._chip(source))
        sharp = self._match(self.sharp, sharp_chip, time, centre)
        reason = sharp.reason
        if not sharp.found:
            reason = self.why_empty(sharp_chip, time, centre)
        elif reason is None and sharp.peak_ratio < settings.min_peak_ratio:
            reason = LostReason.AMBIGUOUS
        if reason is not None:
            return self._lost(template, sharp, source, time, centre, reason)
        miss: Future[float] | None = None
        if self._pool is not None:
            miss = self._pool.submit(self._back, sharp, source, time)
        near = self._near(sources, template, time, sharp)
        match = sharp if near is None or self._is_sharp else near
        if near is None and sharp.peak_ratio < settings.decisive_peak_ratio:
            reason = LostReason.DISAGREEMENT
        back = self._back(sharp, source, time) if miss is None else miss.result()
        if reason is None and back > settings.max_round_trip_px:
            reason = LostReason.ROUND_TRIP
        if reason is not None:
            return self._lost(template, sharp, source, time, centre, reason, back)
        return Evidence(replace(match, peak_ratio=sharp.peak_ratio), source, back, None)

    @property
    def _is_sharp(self) -> bool:
        return self.predictor is None and self.main.filter.name == HIGH_PASS

    def _near(self, sources: Sequence[Place], template: NDArray[np.float32], time: int, sharp: Match) -> Match | None:
        """The peak of the template's own surface beside the high-pass peak, or None.

        The template's surface may well be higher elsewhere: clouds and their shadows see to that.
        """
        limit = self.settings.max_disagreement_px
        reach = int(np.ceil(limit)) + 2
        pictures = self.main
        if self._is_sharp:
            pictures, template = self.plain, self.plain.read(sources[-1].time, self._chip(sources[-1]))
        place = (round(sharp.row), round(sharp.col))
        side = self.settings.chip + 2 * reach
        surface = self._surface(pictures, template, time, square(*place, side))
        match = find_peak(surface, pixels=float(template.size))
        agrees = match.reason is None and match.distance(sharp.row, sharp.col) <= limit
        return match if agrees else None

    def _lost(
        self,
        template: NDArray[np.float32],
        sharp: Match,
        source: Place,
        time: int,
        centre: tuple[int, int],
        reason: LostReason,
        back: float = float("nan"),
    ) -> Evidence:
        """A lost frame, with the template's best match for the record."""
        match = sharp if self._is_sharp else self._match(self.main, template, time, centre)
        return Evidence(replace(match, peak_ratio=sharp.peak_ratio), source, back, reason)

    def _back(self, match: Match, source: Place, time: int) -> float:
        """By how much the high-pass chip found misses its start when it is searched for there."""
        found = Place(time, round(match.row), round(match.col))
        chip = self.sharp.read(time, self._chip(found))
        back = self._match(self.sharp, chip, source.time, (source.row, source.col))
        # The chip was cut at a whole pixel, so it starts from there and not from the sub-pixel peak.
        return back.distance(source.row + found.row - match.row, source.col + found.col - match.col)


def _flat(chip: NDArray[np.float32]) -> bool:
    known = chip[np.isfinite(chip)]
    return bool(known.size == 0 or np.ptp(known) <= FLAT * np.abs(known).max())
