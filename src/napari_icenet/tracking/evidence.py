"""One chip against one date: the match, and the evidence for and against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_icenet.matching.acceptance import chips_inside, judge_match
from napari_icenet.matching.chips import chip_window, search_window, square
from napari_icenet.matching.coarse_peak import peak_patch
from napari_icenet.matching.engine.engine import default_engine
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.matching.match import CorrelationSurface, Match, find_peak
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.template import (
    HIGH_PASS,
    PAST_CHIPS,
    Past,
    Predictor,
    check_template,
    predicted,
    prefilter_of,
)
from napari_icenet.matching.zncc import largest_overlap
from napari_icenet.scenes.grid import Window
from napari_icenet.tracking.settings import TrackSettings


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
    firm : bool
        Whether the template's own highest peak lies where the high-pass filtered chip's does.
    round_trip_px : float
        Miss of the backward match; NaN where it was not needed.
    reason : LostReason or None
    """

    match: Match
    source: Place
    firm: bool = False
    round_trip_px: float = float("nan")
    reason: LostReason | None = None


class Correlator:
    """Matches chips of one track, with its settings, in its pictures.

    Parameters
    ----------
    pictures : Pictures
        Plain pictures of the band.
    settings : TrackSettings
    predictor : Predictor, optional
        Makes the template, where ``settings.template`` is its name. One that wants the plain picture
        gets chips and picture with the settings' filter.
    pool : Executor, optional
        Its thread searches the next date while this one is checked; OpenCV lets go of the
        interpreter while it computes.

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
        self.settings, self.criteria = settings, settings.criteria
        self.predictor = predictor
        name = HIGH_PASS if settings.template == HIGH_PASS else settings.prefilter
        own = "none" if predictor is None else prefilter_of(predictor)
        filters_itself = own != "none"
        if filters_itself:
            name = own
        self.plain = pictures.filtered("none")
        self.main = pictures.filtered(name)
        self.sharp = pictures.filtered(HIGH_PASS)
        self._past = self.plain if filters_itself else self.main
        self._pool = pool
        self._ahead: tuple[tuple[Place, int, tuple[int, int]], Future[Match]] | None = None

    def template(self, sources: Sequence[Place], time: int) -> NDArray[np.float32]:
        """Template for a date from past places, oldest first; without a predictor the last one alone counts.

        All NaN where the predictor can make none.
        """
        if self.predictor is None:
            return self.main.read(sources[-1].time, self._chip(sources[-1]))
        sources = sources[-PAST_CHIPS:]
        chips = np.stack([self._past.read(place.time, self._chip(place)) for place in sources])
        # Backwards in time the past is what was tracked before, too.
        all_days = self.plain.stack.days
        gaps = [abs(float(all_days[place.time] - all_days[sources[-1].time])) for place in sources]
        ahead = abs(float(all_days[time] - all_days[sources[-1].time]))
        steps = max(1, abs(time - sources[-1].time))
        cloud = np.array([self.plain.cloud(place.time, self._chip(place)) for place in sources])
        given = self.plain.stack.covariates
        facts = () if given is None else (given.values[[place.time for place in sources]], given.names)
        past = Past(chips, -np.array(gaps), np.ones(len(sources), bool), ahead, steps, cloud, *facts)
        made = predicted(self.predictor, past)
        return np.full(chips.shape[1:], np.nan, np.float32) if made is None else made.template

    def _chip(self, place: Place) -> Window:
        return chip_window(place.row, place.col, self.settings.chip)

    def search(
        self, pictures: Pictures, template: NDArray[np.float32], time: int, centre: tuple[int, int]
    ) -> CorrelationSurface:
        """Correlation of a template over the search window around ``centre`` on a date."""
        return self._surface(pictures, template, time, search_window(*centre, self.settings.search))

    def _surface(
        self, pictures: Pictures, template: NDArray[np.float32], time: int, window: Window
    ) -> CorrelationSurface:
        values = default_engine().surface(
            pictures.read(time, window),
            template,
            norms=pictures.norms(time, window, self.settings.chip),
            min_overlap=self.settings.min_overlap,
        )
        half = self.settings.chip // 2
        return CorrelationSurface(values, window.row + half, window.col + half)

    def _match(self, pictures: Pictures, template: NDArray[np.float32], time: int, centre: tuple[int, int]) -> Match:
        surface, share = self.search(pictures, template, time, centre), pictures.filter.independent
        return find_peak(surface, pixels=float(template.size), share=share)

    def _peak(
        self,
        pictures: Pictures,
        template: NDArray[np.float32],
        time: int,
        centre: tuple[int, int],
        hint: tuple[float, float],
    ) -> Match:
        """The highest peak over the search window, without a peak ratio.

        Found coarse to fine, beginning at ``hint`` if it is one of the coarse peaks; on the whole
        surface where the coarse one is not clear.
        """
        window = search_window(*centre, self.settings.search)
        norms = pictures.norms(time, window, self.settings.chip)
        row0, col0 = window.row + self.settings.chip // 2, window.col + self.settings.chip // 2
        patch = None
        if norms is not None and not math.isnan(hint[0]):
            start = round(hint[0]) - row0, round(hint[1]) - col0
            patch = peak_patch(pictures.read(time, window), template, norms, start)
        if patch is None:
            return self._match(pictures, template, time, centre)
        values, row, col = patch
        surface, share = CorrelationSurface(values, row0 + row, col0 + col), pictures.filter.independent
        return find_peak(surface, pixels=float(template.size), share=share)

    def why_empty(self, template: NDArray[np.float32], time: int, centre: tuple[int, int]) -> LostReason:
        """Reason why a surface holds no correlation at all."""
        if not chips_inside(*centre, self.settings.chip, self.plain.shape):
            return LostReason.OUTSIDE
        window = self.plain.read(time, search_window(*centre, self.settings.search))
        reason = judge_match(LostReason.FILL, self.criteria, overlap=largest_overlap(template, window))
        return reason or LostReason.FILL

    def best(self, sources: Sequence[Place], time: int, centre: tuple[int, int]) -> Evidence:
        """The highest correlation, accepted whatever else is known: the paper's chain."""
        template = self.template(sources, time)
        match = self._match(self.main, template, time, centre)
        reason = judge_match(match.reason, self.criteria) if match.found else self.why_empty(template, time, centre)
        return Evidence(match, sources[-1], match.found, reason=reason)

    def begin(self, source: Place, time: int, centre: tuple[int, int]) -> None:
        """Start the high-pass search that :meth:`weigh` is likely to need next, if there is a pool.

        Only time is lost where another one is needed.
        """
        if self._pool is not None:
            if self._ahead is not None:
                self._ahead[1].cancel()
            self._ahead = (source, time, centre), self._pool.submit(self._sharp_match, source, time, centre)

    def _sharp_match(self, source: Place, time: int, centre: tuple[int, int]) -> Match:
        return self._match(self.sharp, self.sharp.read(source.time, self._chip(source)), time, centre)

    def weigh(
        self,
        sources: Sequence[Place],
        time: int,
        centre: tuple[int, int],
        *,
        located: Callable[[Match], None] | None = None,
    ) -> Evidence:
        """The match that the evidence supports, or the reason why it is lost.

        The high-pass filtered chip is searched for over the whole window: its surface is sharp, so
        a rival or a peak at the border shows. The template's own highest peak should lie there too.
        Where it does not (a cloud's edge or a shadow may correlate better), it must at least have a
        lower, positive peak there, and the high-pass position is taken. At last the chip found must
        lead back to the start.

        ``located`` is called with a good high-pass match before the other checks are made.
        """
        source = sources[-1]
        if self._ahead is not None and self._ahead[0] == (source, time, centre):
            sharp = self._ahead[1].result()
        else:
            sharp = self._sharp_match(source, time, centre)
        reason = sharp.reason
        if not sharp.found:
            reason = self.why_empty(self.sharp.read(source.time, self._chip(source)), time, centre)
        else:
            reason = judge_match(reason, self.criteria, peak_ratio=sharp.peak_ratio)
        if reason is None and located is not None:
            located(sharp)
        match, template = sharp, self.template(sources, time)
        if not self._is_sharp:
            match = self._peak(self.main, template, time, centre, (sharp.row, sharp.col))
        match = replace(match, peak_ratio=sharp.peak_ratio)
        if reason is None and not match.found:
            reason = self.why_empty(template, time, centre)
        if reason is not None:
            return Evidence(match, source, reason=reason)
        firm = self._is_sharp or self.criteria.agrees(match.distance(sharp.row, sharp.col))
        if not firm:
            near, distance = self._near(template, time, sharp)
            reason = judge_match(None, self.criteria, disagreement_px=distance)
            if reason is not None:
                return Evidence(match, source, reason=reason)
            match = replace(sharp, ncc=near.ncc)
        back = self._back(sharp, source, time)
        return Evidence(match, source, firm, back, judge_match(None, self.criteria, round_trip_px=back))

    @property
    def keeps_surface(self) -> bool:
        """True if a match has the correlation of the template over the whole search window, not just around a peak."""
        return self.settings.tracking == "chain" or self._is_sharp

    @property
    def _is_sharp(self) -> bool:
        return self.predictor is None and self.main.filter.name == HIGH_PASS

    def _near(self, template: NDArray[np.float32], time: int, sharp: Match) -> tuple[Match, float]:
        """Peak of the template's own surface around the high-pass peak, and its distance: infinite if not positive."""
        limit = self.settings.max_disagreement_px
        side = self.settings.chip + 2 * (int(np.ceil(limit)) + 2)
        window = square(round(sharp.row), round(sharp.col), side)
        match = find_peak(self._surface(self.main, template, time, window))
        positive = match.reason is None and match.ncc > 0
        return match, match.distance(sharp.row, sharp.col) if positive else math.inf

    def _back(self, match: Match, source: Place, time: int) -> float:
        """By how much the high-pass chip found misses its start when it is searched for there."""
        found = Place(time, round(match.row), round(match.col))
        chip = self.sharp.read(time, self._chip(found))
        place = source.row, source.col
        back = self._peak(self.sharp, chip, source.time, place, place)
        # The chip was cut at a whole pixel, so it starts from there and not from the sub-pixel peak.
        return back.distance(source.row + found.row - match.row, source.col + found.col - match.col)
