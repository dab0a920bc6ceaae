"""Chips from small to large: the smallest that succeeds, and that agrees with its neighbours, wins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import Index
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.acceptance import NO_PIXELS, judge_matches
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.velocity.mixed_motion import holds_two
from napari_icenet.velocity.outliers import neighbour_consistent
from napari_icenet.velocity.sheared_chips import middles_elsewhere, torn_cells
from napari_icenet.velocity.tile_checkpoint import FinishedTiles
from napari_icenet.velocity.tiles import PairMatcher, tiles_of

#: Share of the points that a larger chip is expected to have left to do, for the progress.
_LEFT = 0.15
#: A larger chip that could not be tried says less than the smaller one that failed.
_NOT_TRIED = tuple(map(reason_code, NO_PIXELS))
_MIXED = reason_code(LostReason.MIXED)


@dataclass
class Levels:
    """One run through the chips.

    Attributes
    ----------
    matcher : PairMatcher
    shape : (int, int)
        Cells of the map; the matcher's points in this order, row by row.
    finished : FinishedTiles or None
        Where finished tiles are kept.
    title : str
        The pair, for the progress.
    progress : callable or None
    """

    matcher: PairMatcher
    shape: tuple[int, int]
    finished: FinishedTiles | None
    title: str
    progress: Progress | None

    def run(self) -> Matches:
        """Matches of all points, those that fail with the reason why.

        Raises
        ------
        Cancelled
            ``progress`` asked to stop; finished tiles are kept.
        TrackingError
            They cannot be kept.
        """
        search, count = self.matcher.search, self.shape[0] * self.shape[1]
        found = Matches.empty(count, search.chips[0], LostReason.OUTSIDE)
        accepted, mixed = np.zeros((2, count), bool)
        for level, chip in enumerate(search.chips):
            # A larger chip around one that holds two motions holds them, too.
            todo = np.flatnonzero(~accepted & ~mixed)
            start, end = self._span(level)
            new = self._match(todo, chip, start, end)
            agree = self._neighbours_agree(found, accepted, todo, new, end)
            new.reason[:] = judge_matches(new.reason, self.matcher.settings.criteria, neighbours_agree=agree)
            new.reason[self._mixed(found, accepted, todo, new)] = _MIXED
            passed = agree & new.valid
            told = np.ones(len(todo), bool) if level == 0 else ~np.isin(new.reason, _NOT_TRIED)
            found[todo[told]] = new[told]
            accepted[todo[passed]] = True
            mixed[todo] = new.reason == _MIXED
        torn = torn_cells(found, accepted, self.shape, self.matcher.settings.spacing)
        found.reason[torn[middles_elsewhere(self.matcher, found, torn)]] = _MIXED
        return found

    def _mixed(self, found: Matches, accepted: NDArray[np.bool_], todo: Index, new: Matches) -> NDArray[np.bool_]:
        """New matches of chips that hold two motions, so that the cell's own is not known; shape of ``todo``."""

        def laid(fresh: NDArray[np.floating], old: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
            values = np.full(len(accepted), np.nan) if old is None else np.where(accepted, old, np.nan)
            values[todo] = fresh
            return values.reshape(self.shape)

        valid = new.valid
        moved = tuple(
            laid(np.where(valid, fresh, np.nan), old) for fresh, old in ((new.drow, found.drow), (new.dcol, found.dcol))
        )
        lost = tuple(laid(np.where(valid, np.nan, fresh)) for fresh in (new.drow, new.dcol))
        others = ((laid(new.rival_row), laid(new.rival_col)), (lost[0], lost[1]))
        chip, spacing = int(new.chip[0]) if len(new) else 0, self.matcher.settings.spacing
        reach, step = (max(round(px / spacing), 1) for px in (chip, chip / 2))
        return holds_two(new, (moved[0], moved[1]), others, todo, reach=reach, step=step)

    def _span(self, level: int) -> tuple[float, float]:
        """Start and end of a level in the progress of the run."""
        rows, cols = self.matcher.search.radius
        work = np.array([(chip + 2 * rows) * (chip + 2 * cols) for chip in self.matcher.search.chips], float)
        work[1:] *= _LEFT
        ends = np.r_[0, np.cumsum(work)] / work.sum()
        return float(ends[level]), float(ends[level + 1])

    def _match(self, todo: Index, chip: int, start: float, end: float) -> Matches:
        """Matches of the points ``todo`` with one chip, in their order."""
        tiles = tiles_of(self.matcher.points, todo, self.matcher.pictures.shape[1])
        parts = []
        for done, tile in enumerate(tiles):

            def pause(share: float, done: int = done) -> None:
                if self.progress is not None:
                    text = f"{self.title}: chip {chip}, tile {done + 1} of {len(tiles)}"
                    self.progress(start + (end - start) * (done + share) / len(tiles), text)

            matches = self.finished.read(chip, tile.number, len(tile.points)) if self.finished else None
            if matches is None:
                matches = self.matcher.match(tile, chip, pause)
                if self.finished:
                    self.finished.write(chip, tile.number, matches)
            parts.append(matches)
        if not parts:
            return Matches.empty(0, chip, LostReason.OUTSIDE)
        order = np.argsort(np.concatenate([tile.points for tile in tiles]))
        return Matches.concatenated(parts)[order]

    def _neighbours_agree(
        self, found: Matches, accepted: NDArray[np.bool_], todo: Index, new: Matches, end: float
    ) -> NDArray[np.bool_]:
        """New matches that agree with their neighbours; shape of ``todo``."""
        if not len(todo):
            return np.zeros(0, bool)
        chip = int(new.chip[0])
        accepted_here = accepted.reshape(self.shape)

        def together(old: NDArray[np.float64], fresh: NDArray[np.float64]) -> NDArray[np.float32]:
            values = np.where(accepted, old, np.nan)
            values[todo] = np.where(new.valid, fresh, np.nan)
            return values.astype(np.float32).reshape(self.shape)

        def pause() -> None:
            if self.progress is not None:
                self.progress(end, f"{self.title}: chip {chip}, neighbours compared")

        drow, dcol = together(found.drow, new.drow), together(found.dcol, new.dcol)
        step = round(chip / 2 / self.matcher.settings.spacing)
        passed = neighbour_consistent(
            drow, dcol, self.matcher.search.radius, step=step, trusted=accepted_here, pause=pause
        )
        return np.asarray(passed.ravel()[todo])
