"""Correlation maps as far as they are made: a cell for each place, a map for each predictor and target."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from napari_icenet.common.described import Described
from napari_icenet.common.plot import correlation_map
from napari_icenet.common.text import percent_text
from napari_icenet.common.types import F32
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.correlation_map.settings import DateWindow, MapSettings
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.scoring.table import LIMITS, mode_table
from napari_icenet.evaluation.settings import TARGETS
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.credit import credits_of
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: Width of a bar of the histogram.
_BAR = 0.05


class CellState(IntEnum):
    """State of a cell.

    OUTSIDE was not asked for; WAITING is not done yet; LOST shows too little ice before t0 or on the target to be
    judged; NO_TEMPLATE could be judged, but no predictor made a template; SCORED has a correlation.
    """

    OUTSIDE = 0
    WAITING = 1
    LOST = 2
    NO_TEMPLATE = 3
    SCORED = 4


class Place(NamedTuple):
    """Place of a cell's chip on a date: whole-pixel row and column, and the date's index."""

    row: int
    col: int
    time: int


@dataclass(frozen=True)
class MapMetadata:
    """The stack that maps show, in what a file of them has to say of it.

    Attributes
    ----------
    name, band : str
    grid : Grid
    dates : tuple of str
        Labels of all dates of the stack.
    simulated : bool
    credits : tuple of str
        Whom to thank for the scenes, each once.
    flow_known : bool
        Whether displacements are held against the exact flow, or by closure.
    """

    name: str
    band: str
    grid: Grid
    dates: tuple[str, ...]
    simulated: bool = False
    credits: tuple[str, ...] = ()
    flow_known: bool = False

    @classmethod
    def of(cls, stack: SceneStack, band: str, *, flow_known: bool = False) -> MapMetadata:
        """Metadata of a stack, as a file holds them."""
        credits = credits_of(stack.scenes)
        return cls(stack.name, stack.band(band), stack.grid, stack.labels, stack.simulated, credits, flow_known)


@dataclass(frozen=True, eq=False)
class WindowTracks:
    """The chips of one window of dates.

    Attributes
    ----------
    tracks : Tracks
    cells : array of int64, (n,)
        Cell of each chip, counted row by row.
    """

    tracks: Tracks
    cells: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Histogram:
    """Histogram of correlations over chips.

    Attributes
    ----------
    edges : array of float64, (n + 1,)
        Of the bars, −1 to 1; 0.3 and 0.7 are among them.
    counts : dict of array of int64, (n,)
        Chips of each predictor, by its key; those that count, without a template as 0.
    limits : (float, float)
        Below the first a correlation is low, above the second high.
    """

    edges: NDArray[np.float64]
    counts: dict[str, NDArray[np.int64]]
    limits: tuple[float, float] = LIMITS


@dataclass(frozen=True, eq=False, repr=False)
class CorrelationMaps(Described):
    """Correlation maps as far as they are done; later work makes new objects and never changes this one.

    A cell is a square of the side of the stride about the centre of a chip on the first date of its window.

    Attributes
    ----------
    settings : MapSettings
    predictor_set : PredictorSet
    ground : MapMetadata
        The stack.
    windows : tuple of DateWindow
        One for each t0.
    rows, cols : array of int64, (R,) and (C,)
        Positions of the cells' chips, px of the stack.
    values : dict of array of float32, (2, R, C)
        By key of the predictor set: correlation with t1 and with t2 in place; NaN where there is none. Over several t0
        the mean, where a t0 without a template counts as 0, as in the table.
    states : dict of array of uint8, (2, R, C)
        By key: :class:`CellState` of each target.
    done : float
        Share of the work that is done, 0 to 1.
    parts : tuple of Scores
        Of the chips that all predictors are done with; ``batch`` is the number of the window, ``index`` that of
        the chip among those that were followed.
    followed : dict of WindowTracks
        Chips by number of the window, as far as they were followed.
    """

    settings: MapSettings
    predictor_set: PredictorSet
    ground: MapMetadata
    windows: tuple[DateWindow, ...]
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    values: dict[str, F32]
    states: dict[str, NDArray[np.uint8]]
    done: float
    parts: tuple[Scores, ...] = ()
    followed: dict[int, WindowTracks] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """Ids of the predictors, in the order of the predictor set."""
        return self.predictor_set.keys

    @property
    def state(self) -> NDArray[np.uint8]:
        """:class:`CellState` of each cell for the target of the settings, (R, C)."""
        return self.state_of(self.settings.target)

    def state_of(self, target: int, key: str | None = None) -> NDArray[np.uint8]:
        """:class:`CellState` of each cell, (R, C), for t1 (1) or t2 (2).

        Parameters
        ----------
        target : {1, 2}
        key : str, optional
            Of one predictor. Default: the furthest of all of them.
        """
        if key is not None:
            return np.asarray(self.states[key][target - 1], np.uint8)
        return np.asarray(np.max([states[target - 1] for states in self.states.values()], axis=0), np.uint8)

    @cached_property
    def cells(self) -> Grid:
        """The cells as a grid on the map."""
        stride, grid = self.settings.stride, self.ground.grid
        # The centre of an even chip is the corner that its position's pixel shares with the one before.
        corner = Affine.translation(int(self.cols[0]) - stride / 2, int(self.rows[0]) - stride / 2)
        return Grid(len(self.rows), len(self.cols), grid.transform @ corner @ Affine.scale(stride), grid.crs)

    @cached_property
    def scores(self) -> Scores:
        """The scores of all chips that all predictors are done with, window by window."""
        if not self.parts:
            return Scores.none(len(self.keys))
        whole = Scores.concatenated(self.parts)
        return whole[np.lexsort((whole.index, whole.batch))]

    @cached_property
    def _table(self) -> dict[str, Any]:
        learned = {entry.key for entry in self.predictor_set.entries if entry.learned}
        drawn = {"resamples": self.settings.resamples, "seed": self.settings.seed}
        return mode_table(self.scores, self.keys, learned=learned, **drawn)

    def table(self) -> dict[str, Any]:
        """The paper's Table 1 of what is done: ``{"t1": {key: row}, "t2": {key: row}}``.

        A row has ``mean``, ``interval`` (95 %), ``low`` (share below 0.3), ``medium``, ``high`` (above 0.7), ``n``,
        ``difference`` and ``difference_interval`` (paired, to persistence), ``without_template``, ``left_out``,
        ``peak_ratio`` and ``error_px`` (medians of tracking with the template), and what else
        :func:`~napari_icenet.evaluation.scoring.table.target_table` has, and ``median``. All predictors are compared on
        the same chips. Worked out once.
        """
        return self._table

    def histogram(self, target: int) -> Histogram:
        """Histogram of the correlations with t1 (1) or t2 (2)."""
        edges = np.round(np.arange(-1, 1 + _BAR / 2, _BAR), 10)
        scores = self.scores
        chosen = scores.ncc[scores.counted[:, target - 1], :, target - 1]
        # The band from 0.3 to 0.7 holds both ends, and a bar all but its right one.
        inner = np.where(np.isclose(edges, LIMITS[1]), np.nextafter(edges, 2), edges)
        return Histogram(edges, {key: np.histogram(chosen[:, p], inner)[0] for p, key in enumerate(self.keys)})

    def best(self, target: int) -> NDArray[np.int16]:
        """Number in the predictor set of the predictor with the highest correlation, (R, C); −1 where there is none.

        Only cells that all predictors are done with are told; of equal ones the first wins.
        """
        values = np.stack([self.values[key][target - 1] for key in self.keys])
        waiting = np.any([self.states[key][target - 1] <= CellState.WAITING for key in self.keys], axis=0)
        none = np.isnan(values).all(0) | waiting
        return np.where(none, -1, np.where(np.isnan(values), -2, values).argmax(0)).astype(np.int16)

    def facts(self) -> dict[str, str]:
        """Facts of maps: stack, dates, shape, coordinate system, predictors, share of cells with a number."""
        known = np.isfinite(np.stack([self.values[key][self.settings.target - 1] for key in self.keys])).mean()
        dates = self.ground.dates
        return {
            "stack": self.ground.name,
            "dates": f"{dates[self.windows[0].start]} to {dates[self.windows[-1].t0]}",
            "shape": f"{len(self.keys)} predictors × {len(self.rows)} × {len(self.cols)}",
            "CRS": self.cells.crs_name,
            "valid": f"{percent_text(float(known))} scored",
            "done": "" if self.done >= 1 else f"{percent_text(self.done)} done",
            "predictors": ", ".join(self.keys),
        }

    def plot(self, predictor: str | None = None, target: int | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw the correlation of one predictor over the map, from −1 to 1.

        Parameters
        ----------
        predictor : str, optional
            One of :attr:`keys`; default: the last.
        target : {1, 2}, optional
            Default: that of the settings.
        ax : Axes, optional
            Default: new ones.

        Raises
        ------
        UsageError
            There is no such predictor.
        """
        from napari_icenet.scenes.plot import draw_image

        key, of = predictor or self.keys[-1], target or self.settings.target
        if key not in self.values:
            raise UsageError(f"The maps have no predictor {key}; choose {', '.join(self.keys)}.")
        title, label = f"{key} · {TARGETS[of - 1]}", "correlation"
        values = self.values[key][of - 1]
        return draw_image(
            values, self.cells, colours=correlation_map(), limits=(-1, 1), label=label, title=title, ax=ax
        )

    def to_xarray(self) -> xr.Dataset:
        """The maps as a CF dataset on (predictor, target, y, x), with the coordinate system; NaN is missing.

        ``ncc`` is the correlation, ``state`` the :class:`CellState` of each cell.
        """
        import xarray as xr

        from napari_icenet.scenes.cf_grid import SPATIAL_REF, coordinates, dimensions

        axes = ("predictor", "target", *dimensions(self.cells))
        place = {"grid_mapping": SPATIAL_REF} if self.cells.georeferenced else {}
        words = " ".join(state.name.lower() for state in CellState)
        ncc = {"long_name": "correlation of the template with what came, at zero shift", "units": "1", **place}
        state = {"long_name": "what is known of a cell", "flag_values": np.arange(len(CellState), dtype=np.int8)}
        state |= {"flag_meanings": words, **place}
        coords: dict[str, Any] = {"predictor": list(self.keys), "target": list(TARGETS), **coordinates(self.cells)}
        said = {
            "Conventions": "CF-1.8",
            "title": f"correlation of predictions with what came, {self.ground.name}",
            "simulated": "yes" if self.ground.simulated else "no",
            "settings": self.settings.model_dump_json(),
            **self.cells.attributes,
        }
        values = np.stack([self.values[key] for key in self.keys])
        states = np.stack([self.states[key] for key in self.keys]).astype(np.int8)
        variables = {"ncc": xr.Variable(axes, values, ncc), "state": xr.Variable(axes, states, state)}
        return xr.Dataset(variables, coords, said)

    def cell_at(self, row: float, col: float) -> tuple[int, int] | None:
        """The cell (r, c) that a position in px of the stack lies in; None beside the cells."""
        # The middle of a cell lies half a pixel before its chip's position.
        r, c = (
            int(np.floor((x + 0.5 - start[0]) / self.settings.stride + 0.5))
            for x, start in ((row, self.rows), (col, self.cols))
        )
        return (r, c) if 0 <= r < len(self.rows) and 0 <= c < len(self.cols) else None

    def chip_of(self, r: int, c: int, t0: int | None = None) -> Place | None:
        """Place of a cell's chip at t0, at which a click on the cell places a chip.

        Parameters
        ----------
        r, c : int
            The cell.
        t0 : int, optional
            Index of the date. Default: that of the settings, or else the latest at which the cell's chip was followed.

        Returns
        -------
        Place or None
            None where the cell's chip was not followed.
        """
        cell = r * len(self.cols) + c
        for number in sorted(self.followed, reverse=True):
            window, found = self.windows[number], self.followed[number]
            if t0 is not None and window.t0 != t0:
                continue
            at = np.flatnonzero(found.cells == cell)
            if at.size:
                tracks, k = found.tracks, window.last
                return Place(int(tracks.places_row[at[0], k]), int(tracks.places_col[at[0], k]), window.t0)
        return None


__all__ = ["TARGETS", "CellState", "CorrelationMaps", "Histogram", "MapMetadata", "Place", "WindowTracks"]
