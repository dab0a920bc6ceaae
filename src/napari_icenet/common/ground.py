"""What a coordinate system says of the ground: metres, longitude and latitude, and on which body."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import pyproj
from pyproj import Geod, Transformer
from pyproj.exceptions import ProjError
from rasterio.crs import CRS

from napari_icenet.errors import TrackingError

_WGS84 = Geod(ellps="WGS84")
#: Bodies whose equatorial radius is the Earth's to within this part are the Earth, as PROJ has it.
_SAME_BODY = 0.005
_GIVEN = re.compile(r"pixel size of \S+ m as given")


@dataclass(frozen=True)
class Ground:
    """The ground that a coordinate system lies on.

    Attributes
    ----------
    body : {'Earth', 'another body', 'plane'}
        A plane is a local (engineering) system: metres without longitude and latitude.
    geod : pyproj.Geod or None
        WGS84 on the Earth, elsewhere the body's own ellipsoid; None on a plane.
    to_degrees : pyproj.Transformer or None
        To longitude and latitude: of WGS84 on the Earth, elsewhere of the body itself.
    metres_per_unit : float
        Metres in a unit of the map; NaN where that is an angle.
    given : str or None
        ``pixel size of 30 m as given``, where nothing else places the pictures (:func:`given_plane`).
    """

    body: Literal["Earth", "another body", "plane"]
    geod: Geod | None
    to_degrees: Transformer | None
    metres_per_unit: float
    given: str | None = None


def given_plane(metres: float) -> CRS:
    """The local system of pictures of which no more is known than the size of a pixel, as a person gave it.

    Its name says so, so that all that names the coordinate system of a result tells it, files included.

    Parameters
    ----------
    metres : float
        Side of a pixel, m.
    """
    return CRS.from_wkt(f'LOCAL_CS["pixel size of {metres:.12g} m as given",UNIT["metre",1]]')


@lru_cache(maxsize=64)
def ground_of(wkt: str) -> Ground:
    """The ground of a coordinate system.

    Raises
    ------
    ValueError
        It has no unit of length, or no way to longitude and latitude.
    """
    crs = pyproj.CRS.from_wkt(wkt)
    if crs.is_engineering:
        axis = crs.axis_info[0]
        factor = float(axis.unit_conversion_factor)
        # "unknown" of 1 is what nobody named; "unknown" of 0.01 are centimetres, and GeoTIFF makes degrees of 0.01745.
        no_length = axis.unit_name == "unknown" and (factor == 1 or math.isclose(factor, math.pi / 180))
        if no_length or axis.unit_name == "degree":
            raise ValueError(f"{crs.name} has no unit of length")
        return Ground("plane", None, None, factor, given=crs.name if _GIVEN.fullmatch(crs.name) else None)
    base, ellipsoid = crs.geodetic_crs, crs.ellipsoid
    if base is None or ellipsoid is None or crs.is_geocentric:
        raise ValueError(f"{crs.name} has no way to longitude and latitude")
    factor = float("nan") if crs.is_geographic else float(crs.axis_info[0].unit_conversion_factor)
    earth = abs(ellipsoid.semi_major_metre / _WGS84.a - 1) < _SAME_BODY
    try:
        to_degrees = Transformer.from_crs(wkt, "EPSG:4326" if earth else base, always_xy=True)
    except ProjError as error:
        raise ValueError(f"{crs.name} has no way to longitude and latitude") from error
    return Ground("Earth" if earth else "another body", _WGS84 if earth else crs.get_geod(), to_degrees, factor)


def share_body(one: CRS | None, other: CRS | None) -> bool:
    """True if places of one coordinate system can be told in another: both of one body, or both local."""
    if one is None or other is None:
        return False
    try:
        mine, theirs = ground_of(one.to_wkt()), ground_of(other.to_wkt())
    except ValueError:  # a system without metres, such as a geocentric one
        return bool(one == other)
    # To GDAL all local systems in metres are equal, whatever they are called.
    if mine.given != theirs.given:
        return False
    if one == other:
        return True
    if mine.geod is None or theirs.geod is None:
        return mine.body == theirs.body and mine.metres_per_unit == theirs.metres_per_unit
    return bool(abs(mine.geod.a / theirs.geod.a - 1) < _SAME_BODY)


def way_between(source: Any, target: Any, called: str) -> Transformer:
    """The transformer of map coordinates (x, y) or (longitude, latitude) from one system to another.

    Parameters
    ----------
    source, target : anything that pyproj takes for a coordinate system
    called : str
        What lies in one of them, for the message.

    Raises
    ------
    TrackingError
        There is no way: the two are of different bodies, or one is a local system.
    """
    try:
        return Transformer.from_crs(source, target, always_xy=True)
    except ProjError as error:
        here, there = pyproj.CRS(source), pyproj.CRS(target)
        if here.is_engineering and here == there and here.name == there.name:
            return Transformer.from_pipeline("+proj=noop")  # PROJ knows no way from a local system, even to itself
        names = f"{here.name} and {there.name}"
        raise TrackingError(
            f"{called} and the pictures have no common map ({names}, one of them local or of another body); "
            "give both in one coordinate system."
        ) from error
