"""Outlines, lines and points from files of a geographic information system, in pixels of a frame."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64
from napari_icenet.errors import SceneWarning
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.vectors.vector_files import bent, pixels_of, read_layers

#: Columns that name a feature, the first one found counts; lower case.
_NAMES = ("name", "glac_name", "glacier", "station", "site", "id", "fid")


@dataclass(frozen=True)
class Outline:
    """A polygon; the parts of a multi-polygon are outlines of one name.

    Attributes
    ----------
    shell : array of float64, (n, 2)
        (row, col), px; the first corner again at the end.
    holes : tuple of array of float64, (n, 2)
    name : str
        From a column ``name``, ``station``, ``id`` …, else the layer and a number.
    layer : str
        Layer of the file.
    attributes : dict
        The file's columns.
    """

    shell: F64
    holes: tuple[F64, ...]
    name: str
    layer: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A line, such as a flowline; the parts of a multi-line are lines of one name.

    Attributes
    ----------
    path : array of float64, (n, 2)
        (row, col), px, at least two places.
    name, layer, attributes
        As of an :class:`Outline`.
    """

    path: F64
    name: str
    layer: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A point, such as a GPS station.

    Attributes
    ----------
    row, col : float
        px.
    name, layer, attributes
        As of an :class:`Outline`.
    """

    row: float
    col: float
    name: str
    layer: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Features:
    """What a file holds that touches the frame, in pixels of the frame.

    Attributes
    ----------
    outlines : tuple of Outline
    lines : tuple of Line
    points : tuple of Place
    path : Path or None
        The file.
    notices : tuple of str
        What was left out, and why; one sentence each.
    """

    outlines: tuple[Outline, ...] = ()
    lines: tuple[Line, ...] = ()
    points: tuple[Place, ...] = ()
    path: Path | None = None
    notices: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.outlines or self.lines or self.points)


def read_features(path: str | Path, grid: Grid) -> Features:
    """Read outlines, lines and points, and bring them to a frame's pixels.

    Every layer of a GeoPackage is read, and from the file's coordinate reference system brought to
    the frame's. An edge is straight in the file's system, so it may bend in the frame's: corners are
    added until it is followed to 0.05 px. In degrees an edge takes the short way around the globe.
    GeoJSON is WGS84 unless it names another system (``"crs": null``: none). Heights are dropped.

    Parameters
    ----------
    path : path
        GeoPackage or GeoJSON; other vector files that GDAL knows are read too.
    grid : Grid
        The frame. Where it has no coordinate reference system, the file must have none either: its
        coordinates then are pixels, x = column and y = row, integer = pixel centre.

    Returns
    -------
    Features
        What touches the frame.

    Raises
    ------
    TrackingError
        The file is missing, is no vector file, is empty, or has no or an unknown coordinate
        reference system.

    Warns
    -----
    SceneWarning
        Nothing touches the frame, or something is left out; said in the notices too.
    """
    path = Path(path)
    tables = read_layers(path, grid)
    outlines: list[Outline] = []
    lines: list[Line] = []
    points: list[Place] = []
    shapeless = broken = 0
    for layer, table in tables:
        to_pixels = pixels_of(table.crs, grid, path)
        degrees = table.crs is not None and table.crs.is_geographic
        columns = [str(name) for name in table.columns if name != table.geometry.name]
        named = next((c for wanted in _NAMES for c in columns if c.lower() == wanted), None)
        for number, record in enumerate(table.to_dict("records"), 1):
            attributes = {name: _plain(record[name]) for name in columns}
            title = "" if named is None or attributes[named] is None else str(attributes[named]).strip()
            about = (title or f"{layer} {number}", layer, attributes)
            parts = _parts(record[table.geometry.name])
            shapeless += not parts
            for part in parts:
                corners = [_corners(ring, degrees) for ring in _rings(part)]
                if not _near(to_pixels(corners[0]), grid):
                    continue
                rings = [bent(ring, to_pixels) for ring in corners]
                if not all(np.isfinite(ring).all() for ring in rings):
                    broken += 1
                elif not _touches(part.geom_type, rings, grid):
                    continue
                elif part.geom_type == "Polygon":
                    outlines.append(Outline(rings[0], tuple(rings[1:]), *about))
                elif part.geom_type == "Point":
                    points.append(Place(float(rings[0][0, 0]), float(rings[0][0, 1]), *about))
                else:
                    lines.append(Line(rings[0], *about))
    notices = _notices(path, shapeless, broken, bool(outlines or lines or points))
    for notice in notices:
        warnings.warn(notice, SceneWarning, stacklevel=2)
    return Features(tuple(outlines), tuple(lines), tuple(points), path, notices)


def _notices(path: Path, shapeless: int, broken: int, any_found: bool) -> tuple[str, ...]:
    notices = []
    if shapeless:
        notices.append(f"{path.name}: features without a usable shape are left out ({shapeless}).")
    if broken:
        notices.append(f"{path.name}: features that reach where the frame's map cannot are left out ({broken}).")
    if not any_found:
        notices.append(f"{path.name} has nothing on this frame; check that it shows the same ground.")
    return tuple(notices)


def _parts(geometry: Any) -> list[Any]:
    """Polygons, lines and points of any geometry, empty ones left out."""
    if geometry is None or geometry.is_empty:
        return []
    return [p for part in geometry.geoms for p in _parts(part)] if hasattr(geometry, "geoms") else [geometry]


def _rings(part: Any) -> list[Any]:
    return [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]


def _corners(ring: Any, degrees: bool) -> F64:
    xy = np.asarray(ring.coords, float)[:, :2].copy()
    if degrees:
        xy[:, 0] = np.unwrap(xy[:, 0], period=360)
    return xy


def _near(corners: F64, grid: Grid) -> bool:
    """Whether a shape may touch the frame, given its corners: edges bend out by less than its size."""
    known = np.isfinite(corners).all(axis=1)
    if not known.all():
        return bool(known.any())  # all out of the map's reach is elsewhere; some, to be said
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = max(high - low)
    return bool((high + size >= -1).all() and (low - size <= grid.shape).all())


def _touches(kind: str, rings: Sequence[F64], grid: Grid) -> bool:
    import shapely

    frame = shapely.box(-0.5, -0.5, grid.height - 0.5, grid.width - 0.5)
    shape = {"Polygon": shapely.polygons, "Point": lambda ring: shapely.points(ring[0])}.get(kind, shapely.linestrings)
    return bool(shapely.make_valid(shape(rings[0])).intersects(frame))


def _plain(value: Any) -> Any:
    """A value of a column; None for a missing one."""
    return None if value is None or value != value else value  # noqa: PLR0124  (NaN and NaT differ from themselves)


def rasterized(features: Features, grid: Grid) -> NDArray[np.bool_]:
    """Pixels whose centre lies inside an outline, and in none of its holes.

    Parameters
    ----------
    features : Features
        Read for this frame.
    grid : Grid

    Returns
    -------
    array of bool, (y, x)
        All False without an outline.
    """
    from affine import Affine
    from rasterio.features import rasterize

    def ring(corners: F64) -> list[tuple[float, float]]:
        return [(float(col) + 0.5, float(row) + 0.5) for row, col in corners]

    shapes = [
        {"type": "Polygon", "coordinates": [ring(outline.shell), *map(ring, outline.holes)]}
        for outline in features.outlines
    ]
    if not shapes:
        return np.zeros(grid.shape, bool)
    return np.asarray(rasterize(shapes, out_shape=grid.shape, transform=Affine.identity(), dtype="uint8") > 0)
