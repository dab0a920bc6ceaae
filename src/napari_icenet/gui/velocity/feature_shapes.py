"""Outlines and lines with no more corners than can be seen: pure geometry, in pixels of the frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.vectors.features import Features, Line, Outline

#: Corners this close to the line without them are not drawn, px.
TOLERANCE_PX = 0.2


def seen(features: Features, frame: Grid) -> Features:
    """Features to draw: simplified to 0.2 px, outlines cut one frame's size beyond the frame.

    A coast line of a continent has millions of corners, a glacier's share of it some thousands.
    """
    return replace(
        features,
        outlines=tuple(part for outline in features.outlines for part in _cut(outline, frame)),
        lines=tuple(_simpler(line) for line in features.lines),
    )


def _simpler(line: Line) -> Line:
    shape = shapely.simplify(shapely.linestrings(line.path), TOLERANCE_PX)
    return replace(line, path=np.asarray(shapely.get_coordinates(shape), float))


def _cut(outline: Outline, frame: Grid) -> list[Outline]:
    height, width = frame.shape
    around = shapely.box(-height, -width, 2 * height, 2 * width)
    shape = shapely.Polygon(outline.shell, outline.holes)
    if not around.covers(shape):
        shape = shapely.intersection(shapely.make_valid(shape), around)
    shape = shapely.simplify(shape, TOLERANCE_PX)
    return [
        replace(outline, shell=_corners(part.exterior), holes=tuple(map(_corners, part.interiors)))
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon" and not part.is_empty
    ]


def _corners(ring: Any) -> Any:
    return np.asarray(shapely.get_coordinates(ring), float)
