"""Lines of longitude and latitude as GeoJSON, cut where they cross the 180th meridian (RFC 7946, 3.1.9)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

#: Decimals of longitude and latitude: a centimetre on the ground.
DEGREE_DECIMALS = 7


def line_geometry(lon: ArrayLike, lat: ArrayLike) -> dict[str, Any]:
    """A line as the geometry of a GeoJSON feature: a LineString, or a MultiLineString cut at 180°.

    Parameters
    ----------
    lon, lat : array of float, (n,)
        Corners in degrees, all finite; of two ways round the globe the line takes the shorter.

    Returns
    -------
    dict
        ``type`` and ``coordinates``.
    """
    east, north = np.asarray(lon, float), np.asarray(lat, float)
    parts: list[list[list[float]]] = [[]]
    for i in range(len(east)):
        if i and abs(east[i] - east[i - 1]) > 180:
            edge = float(np.copysign(180.0, east[i - 1]))
            beyond = east[i] + 2 * edge  # the corner's longitude counted on over the meridian
            share = (edge - east[i - 1]) / (beyond - east[i - 1])
            crossing = round(float(north[i - 1] + share * (north[i] - north[i - 1])), DEGREE_DECIMALS)
            if share > 0:
                parts[-1].append([edge, crossing])
            parts.append([] if share == 1 else [[-edge, crossing]])
        parts[-1].append([float(east[i]), float(north[i])])
    lines = [part for part in parts if len(part) > 1]
    if len(lines) == 1:
        return {"type": "LineString", "coordinates": lines[0]}
    return {"type": "MultiLineString", "coordinates": lines}
