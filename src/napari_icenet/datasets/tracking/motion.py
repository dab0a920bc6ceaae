"""Motion of the ice between two dates, measured once on a lattice and read off by every track near by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.tracking.matcher import Matcher
from napari_icenet.matching.acceptance import judge_matches
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.template import HIGH_PASS

#: Nodes of the lattice that are measured together, along each axis.
_GROUP = 4
#: Chips from this side on are found at half the resolution.
_HALVED = 64
#: How far from its place at half the resolution a match is placed at full, px.
_NEAR = 4
#: Share of a track's surroundings (weights of the nodes around it) that must have been measured.
_LEAST = 0.5


@dataclass(frozen=True, eq=False)
class Moved:
    """Displacement (px) of n tracks and the peak ratio of its matches, (n,); NaN where none may be accepted."""

    drow: F64
    dcol: F64
    peak_ratio: F64


@dataclass(frozen=True, eq=False)
class _Field:
    """Displacements and peak ratios at the nodes (height, width, 3), and which groups of nodes were measured."""

    values: F64
    groups: set[tuple[int, int]] = field(default_factory=set)


class Motion:
    """Motion of one band between any two dates.

    Windows of dates overlap, and so do their tracks: what one of them measured between two dates
    serves all that come near. Chips on a lattice of half their side are sought in the high-pass
    filtered picture; a match counts if its peak stands out and the way back leads to the start. A
    track reads its displacement off the nodes around it, linearly.

    What is measured depends on the two dates and the place alone, in batches that are always the same:
    results are, to the bit, those of any other order of asking.

    Parameters
    ----------
    pictures : Pictures
        Of the band, unfiltered.
    settings : DatasetSettings
    engine : Engine
    """

    def __init__(self, pictures: Pictures, settings: DatasetSettings, engine: Engine) -> None:
        chip = settings.chip
        factor = 2 if chip >= _HALVED and chip % 4 == 0 else 1
        self._criteria = settings.criteria_for("robust")
        self._matcher = Matcher(
            pictures.filtered(HIGH_PASS), engine,
            chip=chip, reach=settings.reach, min_overlap=self._criteria.min_overlap, factor=factor,
        )  # fmt: skip
        # Found and checked at half the resolution, a match is placed at full: sheared ice asks for it.
        self._fine = (
            None
            if factor == 1
            else Matcher(
                pictures.filtered(HIGH_PASS), engine, chip=chip, reach=_NEAR, min_overlap=self._criteria.min_overlap
            )
        )
        self._spacing = chip // 2
        self._shape = tuple(max(0, (size - chip) // self._spacing + 1) for size in pictures.shape)
        # Searches are centred on multiples of this, so that few differ and none misses what it should reach.
        self._step = max(factor, settings.reach // 2 // factor * factor)
        self._fields: dict[tuple[int, int, int, int], _Field] = {}

    def forget_before(self, date: int) -> None:
        """Forget what was measured from dates before the one with this index."""
        self._fields = {key: found for key, found in self._fields.items() if min(key[:2]) >= date}

    def between(self, times: tuple[int, int], places: tuple[F64, F64], expected: tuple[F64, F64]) -> Moved:
        """Displacement of tracks from one date to another.

        Parameters
        ----------
        times : (int, int)
            Indices of the dates.
        places : (array of float64, array of float64), each (n,)
            Rows and columns on the first.
        expected : (array of float64, array of float64), each (n,)
            Displacement that the search is centred on, to half the reach.
        """
        out = np.full((len(places[0]), 3), np.nan)
        centres = np.stack([np.rint(e / self._step).astype(np.int64) * self._step for e in expected], axis=1)
        for centre in np.unique(centres, axis=0):
            here = np.flatnonzero((centres == centre).all(axis=1))
            nodes, weights = self._around(np.stack([places[0][here], places[1][here]], axis=1))
            out[here] = self._read((*times, int(centre[0]), int(centre[1])), nodes, weights)
        return Moved(out[:, 0], out[:, 1], out[:, 2])

    def _around(self, places: F64) -> tuple[NDArray[np.int64], F64]:
        """The four nodes around places (n, 2), (n, 4, 2), and their weights (n, 4), 0 off the lattice."""
        at = (places - self._matcher.chip // 2) / self._spacing
        low = np.floor(at).astype(np.int64)
        part = at - low
        corners = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
        nodes = low[:, None] + corners
        weights = np.where(corners == 1, part[:, None], 1 - part[:, None]).prod(axis=2)
        off = ((nodes < 0) | (nodes >= self._shape)).any(axis=2)
        return np.where(off[..., None], 0, nodes), np.where(off, 0, weights)

    def _read(self, key: tuple[int, int, int, int], nodes: NDArray[np.int64], weights: F64) -> F64:
        found = self._fields.setdefault(key, _Field(np.full((*self._shape, 3), np.nan)))
        wanted = {(int(r), int(c)) for r, c in np.unique(nodes[weights > 0] // _GROUP, axis=0)}
        missing = sorted(wanted - found.groups)
        if len(missing) > 1 and self._matcher.engine.threads > 1:
            with ThreadPoolExecutor(self._matcher.engine.threads) as pool:
                list(pool.map(lambda group: self._measure(key, group, found), missing))
        else:
            for group in missing:
                self._measure(key, group, found)
        found.groups.update(missing)
        values = found.values[nodes[..., 0], nodes[..., 1]]
        weights = np.where(np.isnan(values[..., 0]), 0, weights)
        total = weights.sum(axis=1)
        mean = (weights[..., None] * np.nan_to_num(values)).sum(axis=1) / np.maximum(total, _LEAST)[:, None]
        return np.where((total >= _LEAST)[:, None], mean, np.nan)

    def _measure(self, key: tuple[int, int, int, int], group: tuple[int, int], out: _Field) -> None:
        """Seek the chips of a group of nodes on the other date, and back."""
        first, second, matcher = key[0], key[1], self._matcher
        index = np.stack(
            [g.ravel() for g in np.meshgrid(*(
                np.arange(k * _GROUP, min((k + 1) * _GROUP, size)) for k, size in zip(group, self._shape, strict=True)
            ), indexing="ij")]
        )  # fmt: skip
        rows, cols = index * self._spacing + matcher.chip // 2
        centre = np.full_like(rows, key[2]), np.full_like(cols, key[3])
        around = matcher.around(group, _GROUP * self._spacing, max(abs(key[2]), abs(key[3])) + self._spacing)
        forth = matcher.match(around, (first, second), (rows, cols), centre)
        good = np.flatnonzero(judge_matches(forth.reason, self._criteria, peak_ratio=forth.peak_ratio) == 0)
        f = matcher.factor
        moves = [np.rint(d[good] / f).astype(np.int64) * f for d in (forth.drow, forth.dcol)]
        kept = matcher.inside(rows[good] + moves[0], cols[good] + moves[1])
        good, forth, moves = good[kept], forth[good[kept]], [m[kept] for m in moves]
        if not good.size:
            return
        there = rows[good] + moves[0], cols[good] + moves[1]
        back = matcher.match(around, (second, first), there, (-moves[0], -moves[1]))
        missed = np.where(back.valid, np.hypot(forth.drow + back.drow, forth.dcol + back.dcol), np.inf)
        sure = judge_matches(forth.reason, self._criteria, round_trip_px=missed) == 0
        values = np.stack([forth.drow[sure], forth.dcol[sure], forth.peak_ratio[sure]], axis=1)
        if self._fine is not None and sure.any():
            here, near = good[sure], (moves[0][sure], moves[1][sure])
            wide = self._fine.around(
                group, _GROUP * self._spacing, matcher.reach + 2 * self._spacing + max(map(abs, key[2:]))
            )
            placed = self._fine.match(wide, (first, second), (rows[here], cols[here]), near)
            better = placed.valid
            values[better, 0], values[better, 1] = placed.drow[better], placed.dcol[better]
        out.values[index[0][good[sure]], index[1][good[sure]]] = values
