"""Arrays of a dense map of motion between two dates, and the velocities they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.scenes.grid import Grid
from napari_icenet.tracking.caution import Caution
from napari_icenet.tracking.track import DAYS_PER_YEAR
from napari_icenet.velocity.settings import VelocitySettings

#: Cells between the points at which the projection's scale is worked out; it is smooth.
_SCALE_STEP = 32


def map_cells(frame: Grid, spacing: int) -> Grid:
    """The grid of a map's cells on a frame: cell (i, j) covers ``spacing`` × ``spacing`` pixels.

    A cell's centre is the geometric centre of the even chip at
    ``(i·spacing + spacing/2, j·spacing + spacing/2)``, so positions in a map are exact.
    """
    return Grid(frame.height // spacing, frame.width // spacing, frame.transform @ Affine.scale(spacing), frame.crs)


@lru_cache(maxsize=4)
def _ground_scale(cells: Grid) -> tuple[F32, F32]:
    """See :attr:`MapArrays.ground_scale`; maps of many pairs share one grid, and so these arrays."""
    from scipy.interpolate import RegularGridInterpolator

    nodes = [np.unique(np.r_[np.arange(0, n, _SCALE_STEP), n - 1]).astype(float) for n in cells.shape]
    scales = np.array([[cells.map_scale(r, c) for c in nodes[1]] for r in nodes[0]])
    if min(len(n) for n in nodes) < 2:
        scales = np.broadcast_to(scales.reshape(-1, 2).mean(axis=0), (*cells.shape, 2))
        return scales[..., 0].astype(np.float32), scales[..., 1].astype(np.float32)
    places = np.stack(np.meshgrid(*(np.arange(n) for n in cells.shape), indexing="ij"), axis=-1)
    found = RegularGridInterpolator(nodes, scales)(places)
    return found[..., 0].astype(np.float32), found[..., 1].astype(np.float32)


@dataclass(frozen=True)
class Offset:
    """Apparent motion of stable ground between two dates: the scenes' misregistration.

    Attributes
    ----------
    drow, dcol : float
        Median over the ground, px.
    spread_row, spread_col : float
        1.4826 times the median absolute deviation, px.
    count : int
        Points it was measured at.
    source : {'mask', 'slow mode'}
        Ground that a mask names, or the slow mode of the map itself.
    """

    drow: float
    dcol: float
    spread_row: float
    spread_col: float
    count: int
    source: Literal["mask", "slow mode"]


@dataclass(frozen=True)
class MapArrays:
    """Displacement between two dates on a regular grid, with the evidence for every vector.

    Arrays have the shape (y, x) of ``cells``; NaN is missing.

    Attributes
    ----------
    drow, dcol : array of float32
        Displacement of the ice found at the cell's centre on the first date, px, as measured.
    ncc, peak_ratio : array of float32
        As in :class:`~napari_icenet.matching.engine.matches.Matches`.
    error_row, error_col : array of float32
        One-sigma errors, px: the match's formal one, or the scatter of the vectors around where that is larger.
    chip_size : array of uint16
        Side of the chip that won, px; where none did, of the last one tried; 0 where none was.
    reason : array of uint8
        Code of why a point is not valid (:data:`~napari_icenet.matching.lost_reason.REASONS`); 0 is valid.
    cells : Grid
        The map's own grid (:func:`map_cells`).
    frame : Grid
        The pictures' grid.
    times : (datetime64, datetime64)
        Acquisition times, UTC, of the first and the second date.
    scenes : (str, str)
        Ids of the two scenes.
    labels : (str, str)
        Their dates, as the stack labels them.
    settings : VelocitySettings
    radius : (int, int)
        Search radius used along row and column, px.
    stable : array of bool or None
        Cells on stable ground, where a mask was given or a slow mode found.
    offset : Offset or None
        Offset of stable ground, where it could be measured.
    offset_removed : bool
        Whether velocities are given less that offset. ``drow, dcol`` never are.
    device : str
        What the matches were computed with.
    simulated : bool
        Whether the pictures come from a simulator.
    notes : tuple of str
        What the reader of a file should know.
    cautions : tuple of Caution
        What cannot be right about it; each is among the notes, too. Files keep the notes alone.
    """

    drow: F32
    dcol: F32
    ncc: F32
    peak_ratio: F32
    error_row: F32
    error_col: F32
    chip_size: NDArray[np.uint16]
    reason: NDArray[np.uint8]
    cells: Grid
    frame: Grid
    times: tuple[np.datetime64, np.datetime64]
    scenes: tuple[str, str]
    labels: tuple[str, str]
    settings: VelocitySettings
    radius: tuple[int, int]
    stable: NDArray[np.bool_] | None = None
    offset: Offset | None = None
    offset_removed: bool = False
    device: str = ""
    simulated: bool = False
    notes: tuple[str, ...] = field(default=())
    cautions: tuple[Caution, ...] = field(default=())

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x): cells of the map."""
        return self.cells.shape

    @property
    def days(self) -> float:
        """Days from the first to the second acquisition; negative backwards in time."""
        return float((self.times[1] - self.times[0]) / np.timedelta64(1, "s")) / 86400

    @property
    def valid(self) -> NDArray[np.bool_]:
        """True if a vector is accepted; shape (y, x)."""
        return np.asarray(self.reason == 0)

    @property
    def rows(self) -> NDArray[np.float64]:
        """Row of each cell's centre in the frame's pixels; shape (y,)."""
        s = self.settings.spacing
        return np.arange(self.shape[0], dtype=np.float64) * s + (s - 1) / 2

    @property
    def cols(self) -> NDArray[np.float64]:
        """Column of each cell's centre in the frame's pixels; shape (x,)."""
        s = self.settings.spacing
        return np.arange(self.shape[1], dtype=np.float64) * s + (s - 1) / 2

    @cached_property
    def moved(self) -> tuple[F32, F32]:
        """(drow, dcol) in px, less the offset of stable ground where that is removed."""
        if not self.offset_removed or self.offset is None:
            return self.drow, self.dcol
        return self.drow - np.float32(self.offset.drow), self.dcol - np.float32(self.offset.dcol)

    @cached_property
    def ground_scale(self) -> tuple[F32, F32]:
        """The projection's scale along map x and y at every cell: map units per metre on the ground.

        Raises
        ------
        ValueError
            The frame is not georeferenced.
        """
        return _ground_scale(self.cells)

    def _per_year(self, drow: F32, dcol: F32) -> tuple[F32, F32]:
        t, (kx, ky) = self.frame.transform, self.ground_scale
        share = DAYS_PER_YEAR / self.days
        vx, vy = (t.a * dcol + t.b * drow) / kx * share, (t.d * dcol + t.e * drow) / ky * share
        return np.asarray(vx, np.float32), np.asarray(vy, np.float32)

    @cached_property
    def velocity(self) -> tuple[F32, F32]:
        """(vx, vy) along the grid's x and y, m/yr on the ground; px/day along (col, row) without a map."""
        drow, dcol = self.moved
        if not self.frame.georeferenced:
            return np.asarray(dcol / self.days, np.float32), np.asarray(drow / self.days, np.float32)
        return self._per_year(drow, dcol)

    @property
    def vx(self) -> F32:
        """Velocity along the grid's x, in :attr:`unit`."""
        return self.velocity[0]

    @property
    def vy(self) -> F32:
        """Velocity along the grid's y (down the rows without a map), in :attr:`unit`."""
        return self.velocity[1]

    @cached_property
    def v(self) -> F32:
        """Speed in :attr:`unit`."""
        return np.hypot(self.vx, self.vy)

    @property
    def unit(self) -> str:
        """``m/yr``, or ``px/day`` without a map."""
        return "m/yr" if self.frame.georeferenced else "px/day"

    @cached_property
    def velocity_error(self) -> tuple[F32, F32]:
        """One-sigma errors of (vx, vy), in :attr:`unit`.

        The match's own error, and with it the spread over stable ground where that was measured:
        what light, terrain and registration do to matches that should all be alike.
        """
        row, col = self.error_row, self.error_col
        if self.offset is not None:
            row = np.maximum(row, np.float32(self.offset.spread_row))
            col = np.maximum(col, np.float32(self.offset.spread_col))
        days = abs(self.days)
        if not self.frame.georeferenced:
            return np.asarray(col / days, np.float32), np.asarray(row / days, np.float32)
        t, (kx, ky) = self.frame.transform, self.ground_scale
        share = DAYS_PER_YEAR / days
        ex, ey = np.hypot(t.a * col, t.b * row) / kx * share, np.hypot(t.d * col, t.e * row) / ky * share
        return np.asarray(ex, np.float32), np.asarray(ey, np.float32)

    @cached_property
    def v_error(self) -> F32:
        """One-sigma error of the speed, in :attr:`unit`."""
        ex, ey = self.velocity_error
        speed = np.maximum(self.v, np.float32(1e-12))
        return np.asarray(np.hypot(ex * self.vx, ey * self.vy) / speed, np.float32)
