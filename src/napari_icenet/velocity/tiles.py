"""The points of a map, tile by tile: what is in memory is the surroundings of one batch of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import Index
from napari_icenet.matching.acceptance import chips_inside
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.matching.pictures import TILE, Pictures
from napari_icenet.scenes.grid import Window
from napari_icenet.velocity.mixed_motion import Chips, find_second_motions
from napari_icenet.velocity.search_plan import Search
from napari_icenet.velocity.settings import VelocitySettings

#: Pixels of search windows matched between two looks at whether to stop: some tenths of a second.
_BATCH_PIXELS = 1e7
_OUTSIDE = reason_code(LostReason.OUTSIDE)


@dataclass(frozen=True)
class Points:
    """Positions and search centres of the chips of a map; every array has the shape (n,).

    Attributes
    ----------
    rows, cols : array of int
        Places of the chips on the frame.
    shift_rows, shift_cols : array of int
        Where the search is centred, from the chip's place, px.
    """

    rows: Index
    cols: Index
    shift_rows: Index
    shift_cols: Index

    def window(self, chosen: Index, chip: int, radius: tuple[int, int]) -> Window:
        """All pixels that the chips and search windows of some points cover; may reach outside the frame."""
        half = chip // 2
        sides = []
        for at, shift, reach in zip((self.rows, self.cols), (self.shift_rows, self.shift_cols), radius, strict=True):
            place, goal = at[chosen], at[chosen] + shift[chosen]
            low, high = min(place.min(), goal.min() - reach), max(place.max(), goal.max() + reach)
            sides.append((int(low) - half, int(high) + half))
        (top, bottom), (left, right) = sides
        return Window(top, left, bottom - top, right - left)


@dataclass(frozen=True)
class Tile:
    """Points whose chips lie in one tile of the pictures; ``number`` counts the frame's tiles by row."""

    number: int
    points: Index


def tiles_of(points: Points, chosen: Index, width: int) -> list[Tile]:
    """The tiles of a frame ``width`` pixels wide that hold any of the chosen points, row by row."""
    across = -(-width // TILE)
    numbers = points.rows[chosen] // TILE * across + points.cols[chosen] // TILE
    order = np.argsort(numbers, kind="stable")
    found, starts = np.unique(numbers[order], return_index=True)
    parts = np.split(chosen[order], starts)[1:]
    return [Tile(int(number), part) for number, part in zip(found, parts, strict=True)]


def batches(points: Points, chosen: Index, chip: int, radius: tuple[int, int]) -> Iterator[Index]:
    """Neighbouring points in batches that take some tenths of a second each."""
    most = max(int(_BATCH_PIXELS / ((chip + 2 * radius[0]) * (chip + 2 * radius[1]))), 16)
    if len(chosen) <= most:
        yield chosen
        return
    rows, cols = points.rows[chosen], points.cols[chosen]
    along = rows if np.ptp(rows) >= np.ptp(cols) else cols
    order = np.argsort(along, kind="stable")
    middle = len(order) // 2
    for half in (order[:middle], order[middle:]):
        yield from batches(points, chosen[np.sort(half)], chip, radius)


@dataclass(frozen=True)
class PairMatcher:
    """Matches points of one date in another, reading no more of the pictures than a batch needs.

    Attributes
    ----------
    pictures : Pictures
    first, second : int
        Indices of the dates.
    points : Points
    search : Search
    settings : VelocitySettings
    engine : Engine
    """

    pictures: Pictures
    first: int
    second: int
    points: Points
    search: Search
    settings: VelocitySettings
    engine: Engine

    def match(self, tile: Tile, chip: int, pause: Callable[[float], None]) -> Matches:
        """Matches of a tile's points, in their order.

        ``pause`` is called before each batch with the share of the tile that is done; it may raise to stop.
        """
        parts, places, done = [], [], 0
        for chosen in batches(self.points, tile.points, chip, self.search.radius):
            pause(done / len(tile.points))
            parts.append(self._match(chosen, chip))
            places.append(chosen)
            done += len(chosen)
        return Matches.concatenated(parts)[np.argsort(np.concatenate(places))]

    def _match(self, chosen: Index, chip: int) -> Matches:
        window = self.points.window(chosen, chip, self.search.radius).clipped(self.pictures.shape)
        before, after = (self.pictures.read(date, window) for date in (self.first, self.second))
        points, settings = self.points, self.settings
        found = Matches.empty(len(chosen), chip, LostReason.FILL)
        away = self._away(chosen, chip)
        found.reason[away] = _OUTSIDE
        # Most of what lies in fill is settled here: the exact way of leaving pixels out takes its time.
        places = points.rows[chosen] - window.row, points.cols[chosen] - window.col
        # Without enough pixels in the smallest chip a larger one would tell of the ground around.
        full = _least_known_share(before, *places, {chip, self.search.chips[0]})
        hope = ~away & (full >= settings.min_overlap) & bool(np.isfinite(after).any())
        todo = chosen[hope]
        if len(todo):
            chips = Chips(
                before, after, points.rows[todo] - window.row, points.cols[todo] - window.col,
                points.shift_rows[todo], points.shift_cols[todo], chip, self.search.radius, settings.min_overlap,
                self.pictures.filter.independent, self.engine,
            )  # fmt: skip
            matches = self.engine.match(
                before,
                after,
                chips.rows,
                chips.cols,
                chip=chip,
                radius=chips.radius,
                shift_rows=chips.shift_rows,
                shift_cols=chips.shift_cols,
                min_overlap=settings.min_overlap,
                min_peak_ratio=settings.min_peak_ratio,
                coarse_to_fine=settings.coarse_to_fine,
                affine=settings.affine,
                independent=chips.independent,
                norms=chips.norms(chip),
            )
            find_second_motions(matches, chips, self.search.chips[0])
            found[hope] = matches
        return found

    def _away(self, chosen: Index, chip: int) -> NDArray[np.bool_]:
        """Points whose chip crosses the edge of the frame, or whose search window lies beyond it."""
        half, points, radius, shape = chip // 2, self.points, self.search.radius, self.pictures.shape
        away = ~chips_inside(points.rows[chosen], points.cols[chosen], chip, shape)
        for at, shift, reach, size in zip(
            (points.rows, points.cols), (points.shift_rows, points.shift_cols), radius, shape, strict=True
        ):
            goal = at[chosen] + shift[chosen]
            away |= (goal + reach + half <= 0) | (goal - reach - half >= size)
        return away


def _least_known_share(picture: NDArray[np.float32], rows: Index, cols: Index, sides: set[int]) -> NDArray[np.float64]:
    """Share of valid pixels in chips of a picture, the least of some sides (n,); what lies outside is not valid."""
    known, (height, width) = cv2.integral(np.isfinite(picture).view(np.uint8)), picture.shape
    least = np.ones(len(rows))
    for side in sides:
        half = side // 2
        top, bottom = np.clip(rows - half, 0, height), np.clip(rows + half, 0, height)
        left, right = np.clip(cols - half, 0, width), np.clip(cols + half, 0, width)
        count = known[bottom, right] - known[top, right] - known[bottom, left] + known[top, left]
        least = np.minimum(least, count / side**2)
    return least
