"""Outlines and lines with no more corners than can be seen: pure geometry, in pixels of the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.vectors.features import in_pixels

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Corners this close to the line without them are not drawn, px.
TOLERANCE_PX = 0.2


def seen(features: GeoDataFrame, frame: Grid) -> GeoDataFrame:
    """Features to draw: in pixels, simplified to 0.2 px, outlines cut one frame's size beyond the frame.

    A coast line of a continent has millions of corners, a glacier's share of it some thousands.

    Parameters
    ----------
    features : geopandas.GeoDataFrame
        As :func:`~napari_icenet.velocity.vectors.features.read_features` gives them.
    frame : Grid

    Returns
    -------
    geopandas.GeoDataFrame
        x = col, y = row; a row for each part of an outline that is cut in parts.
    """
    drawn = in_pixels(features, frame)
    height, width = frame.shape
    around = shapely.box(-width, -height, 2 * width, 2 * height)
    shapes = drawn.geometry.array
    wide = (drawn["kind"] == "outline").to_numpy() & ~shapely.covers(around, shapes)
    shapes[wide] = shapely.intersection(shapely.make_valid(shapes[wide]), around)
    drawn = drawn.set_geometry(shapely.simplify(shapes, TOLERANCE_PX)).explode(ignore_index=True)
    types = {"outline": "Polygon", "line": "LineString", "point": "Point"}
    return drawn[(drawn.geometry.geom_type == drawn["kind"].map(types)) & ~drawn.geometry.is_empty]
