"""The map grid that all scenes of a stack share, and windows on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod
from rasterio.crs import CRS

from napari_icenet.common.ground import Ground, ground_of
from napari_icenet.errors import UsageError

#: Two grids are in phase when their origins differ by whole pixels to within this part of a pixel.
PHASE_TOLERANCE_PX = 1e-3


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels, which may reach outside the frame.

    Attributes
    ----------
    row, col : int
        Top-left pixel.
    height, width : int
        Size in pixels.
    """

    row: int
    col: int
    height: int
    width: int

    @property
    def stop(self) -> tuple[int, int]:
        """Row and column just past the last pixel."""
        return self.row + self.height, self.col + self.width

    def clipped(self, shape: tuple[int, int]) -> Window:
        """The part inside a frame of ``shape`` (height, width); its size may be 0."""
        row, col = min(max(self.row, 0), shape[0]), min(max(self.col, 0), shape[1])
        bottom, right = self.stop
        bottom, right = min(max(bottom, row), shape[0]), min(max(right, col), shape[1])
        return Window(row, col, bottom - row, right - col)

    def padded(self, pixels: NDArray[Any], part: Window, missing: Any) -> NDArray[Any]:
        """Pixels of the whole window, given those of a ``part`` of it; the others are ``missing``."""
        if part == self:
            return pixels
        out = np.full((self.height, self.width), missing, pixels.dtype)
        out[part.shifted(-self.row, -self.col).slices] = pixels
        return out

    def tiles(self, side: int) -> Iterator[Window]:
        """Squares of ``side`` pixels that fill the window, row by row; those at its end are cut to fit."""
        bottom, right = self.stop
        for row in range(self.row, bottom, side):
            for col in range(self.col, right, side):
                yield Window(row, col, min(side, bottom - row), min(side, right - col))

    def shifted(self, drow: int, dcol: int) -> Window:
        """The same rectangle, moved."""
        return Window(self.row + drow, self.col + dcol, self.height, self.width)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices; only for a window inside its frame."""
        return slice(self.row, self.stop[0]), slice(self.col, self.stop[1])


@dataclass(frozen=True)
class Grid:
    """A regular grid of pixels, georeferenced or not.

    Integer (row, col) are pixel centres, row downward. ``transform`` is GDAL's: it maps the
    corner of pixel (0, 0), so that the centre of (row, col) lies at
    ``transform @ (col + 0.5, row + 0.5)``.

    Attributes
    ----------
    height, width : int
        Size in pixels.
    transform : Affine
        Pixel corner to map coordinates, in units of ``crs``; the identity without a ``crs``.
    crs : rasterio.crs.CRS or None
        None where the pictures carry no georeference; where a person gave the size of their pixels, a local
        system in metres from the upper left corner, named by it (:func:`~napari_icenet.common.ground.given_plane`).
    """

    height: int
    width: int
    transform: Affine = field(default_factory=Affine.identity)
    crs: CRS | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width

    @property
    def georeferenced(self) -> bool:
        """True if map coordinates, and so metres, are known."""
        return self.crs is not None

    @property
    def on_map(self) -> bool:
        """True if pictures of one place lie at one place: not where the size of a pixel alone is known."""
        return self.crs is not None and self.ground.given is None

    @property
    def pixel_size_note(self) -> str | None:
        """``pixel size of 30 m as given``, which metres rest on, where a person gave it; else None."""
        return None if self.crs is None else self.ground.given

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes of what is made on the grid: :attr:`pixel_size_note` as ``georeference``, where there is one."""
        return {} if self.pixel_size_note is None else {"georeference": self.pixel_size_note}

    @property
    def crs_name(self) -> str:
        """``EPSG:3031``, the system's own name where it has no code, or ``no CRS``."""
        return "no CRS" if self.crs is None else crs_name(self.crs)

    @property
    def pixel_size(self) -> tuple[float, float]:
        """(height, width) of a pixel in units of the map, positive; (1, 1) without a map."""
        t = self.transform
        return float(np.hypot(t.b, t.e)), float(np.hypot(t.a, t.d))

    @property
    def full_window(self) -> Window:
        """The whole frame."""
        return Window(0, 0, self.height, self.width)

    def xy(self, row: ArrayLike, col: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Map coordinates of pixel positions, in units of the map."""
        r, c = np.asarray(row, float) + 0.5, np.asarray(col, float) + 0.5
        t = self.transform
        return t.a * c + t.b * r + t.c, t.d * c + t.e * r + t.f

    def rowcol(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixel positions (fractional) of map coordinates; the inverse of :meth:`xy`."""
        t = ~self.transform
        x, y = np.asarray(x, float), np.asarray(y, float)
        return t.d * x + t.e * y + t.f - 0.5, t.a * x + t.b * y + t.c - 0.5

    @property
    def ground(self) -> Ground:
        """The body that the grid lies on.

        Raises
        ------
        ValueError
            The grid has no coordinate reference system, or one without metres.
        """
        if self.crs is None:
            raise ValueError("this grid has no coordinate reference system")
        return ground_of(self.crs.to_wkt())

    @property
    def on_earth(self) -> bool:
        """True if longitude and latitude of WGS84 are known."""
        return self.crs is not None and self.ground.body == "Earth"

    @property
    def has_lonlat(self) -> bool:
        """True if longitude and latitude are known, on the Earth or on another body."""
        return self.crs is not None and self.ground.to_degrees is not None

    @property
    def geod(self) -> Geod:
        """The ellipsoid of the body: WGS84 on the Earth.

        Raises
        ------
        ValueError
            The grid has no longitude and latitude.
        """
        geod = self.ground.geod
        if geod is None:
            raise ValueError("this grid has no longitude and latitude")
        return geod

    def lonlat(self, row: ArrayLike, col: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitude and latitude (degrees) of pixel positions: of WGS84 on the Earth, elsewhere the body's own.

        Raises
        ------
        ValueError
            The grid has no longitude and latitude.
        """
        change = self.ground.to_degrees
        if change is None:
            raise ValueError("this grid has no longitude and latitude")
        lon, lat = change.transform(*self.xy(row, col))
        return np.asarray(lon), np.asarray(lat)

    def map_scale(self, row: float, col: float) -> tuple[float, float]:
        """The projection's scale along map x and map y: map units per metre on the ground (:attr:`geod`).

        1.02 means that the map draws ground 2 % too long. UTM and polar stereographic are
        conformal, so both numbers are equal there; of a geographic grid they are degrees per
        metre, of a local one units per metre.

        Raises
        ------
        ValueError
            The grid has no coordinate reference system.
        """
        ground = self.ground
        if ground.geod is None or ground.to_degrees is None:
            return 1 / ground.metres_per_unit, 1 / ground.metres_per_unit
        # Measured with geodesics over about a kilometre: exact to 1e-6 for any projection and unit.
        x, y = (float(v) for v in self.xy(row, col))
        step = 0.005 if self.crs is not None and self.crs.is_geographic else 500.0
        lon, lat = ground.to_degrees.transform([x - step, x + step, x, x], [y, y, y - step, y + step])
        _, _, ground_x = ground.geod.inv(lon[0], lat[0], lon[1], lat[1])
        _, _, ground_y = ground.geod.inv(lon[2], lat[2], lon[3], lat[3])
        return 2 * step / float(ground_x), 2 * step / float(ground_y)

    def azimuth(self, row: float, col: float, drow: float, dcol: float) -> float:
        """Degrees clockwise of a step in pixels: from true north, on a plane from the grid's y, else from the top.

        The step should be long enough for a bearing and short enough for the map to be straight.
        """
        if not self.georeferenced:
            return float(np.degrees(np.arctan2(dcol, -drow)) % 360)
        if not self.has_lonlat:
            dx, dy = (float(v) for v in self.metres(row, col, drow, dcol))
            return float(np.degrees(np.arctan2(dx, dy)) % 360)
        lon, lat = self.lonlat([row, row + drow], [col, col + dcol])
        return float(self.geod.inv(lon[0], lat[0], lon[1], lat[1])[0]) % 360

    def metres(
        self, row: float, col: float, drow: ArrayLike, dcol: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ground metres (dx, dy) along the grid's x and y of a displacement in pixels.

        The projection's scale at (row, col) is divided out.

        Raises
        ------
        ValueError
            The grid has no coordinate reference system.
        """
        t = self.transform
        dr, dc = np.asarray(drow, float), np.asarray(dcol, float)
        kx, ky = self.map_scale(row, col)
        return (t.a * dc + t.b * dr) / kx, (t.d * dc + t.e * dr) / ky

    def offset_of(self, other: Grid) -> tuple[int, int] | None:
        """Whole-pixel position of ``other``'s pixel (0, 0) on this grid, or None if out of phase."""
        if self.crs != other.crs:
            return None
        mine, theirs = self.transform, other.transform
        size = max(self.pixel_size)
        # A drift of the pixel size adds up over the frame, so it is judged over the whole of it.
        reach = max(*self.shape, *other.shape)
        if any(
            abs(p - q) * reach > PHASE_TOLERANCE_PX * size
            for p, q in zip(mine[:2] + mine[3:5], theirs[:2] + theirs[3:5], strict=True)
        ):
            return None
        row, col = (float(v) for v in self.rowcol(*(float(v) for v in other.xy(0, 0))))
        if abs(row - round(row)) > PHASE_TOLERANCE_PX or abs(col - round(col)) > PHASE_TOLERANCE_PX:
            return None
        return round(row), round(col)

    def to_geobox(self) -> Any:
        """The grid as a GeoBox of odc-geo, which loads and reprojects data onto it.

        Raises
        ------
        UsageError
            odc-geo is not installed.
        """
        try:
            from odc.geo.geobox import GeoBox
        except ImportError as error:
            raise UsageError("A GeoBox needs odc-geo, which is not installed; run pip install odc-geo.") from error
        return GeoBox(self.shape, self.transform, None if self.crs is None else self.crs.to_wkt())

    def window(self, window: Window) -> Grid:
        """The grid of a window on this one."""
        return Grid(
            window.height,
            window.width,
            self.transform @ Affine.translation(window.col, window.row),
            self.crs,
        )


def crs_name(crs: CRS) -> str:
    """``EPSG:3031``, or the system's own name where it has no code."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code is not None else str(pyproj.CRS.from_wkt(crs.to_wkt()).name)
