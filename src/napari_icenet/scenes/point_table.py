"""Tables whose rows lie at pixels, as points on their map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


def point_table(table: pd.DataFrame, rows: ArrayLike, cols: ArrayLike, grid: Grid) -> gpd.GeoDataFrame:
    """A table with a point for every row, in the grid's coordinate system; none where the place is not known.

    Parameters
    ----------
    table : pandas.DataFrame, n rows
    rows, cols : array of float, (n,)
        Pixels; NaN is unknown.
    grid : Grid

    Raises
    ------
    UsageError
        The grid has no coordinate reference system.
    """
    import geopandas as gpd
    import shapely

    if grid.crs is None:
        raise UsageError("These pictures have no coordinate reference system; use to_dataframe() instead.")
    x, y = grid.xy(rows, cols)
    points = np.full(len(table), None, object)
    known = np.isfinite(x) & np.isfinite(y)
    points[known] = shapely.points(x[known], y[known])
    return gpd.GeoDataFrame(table, geometry=points, crs=grid.crs.to_wkt())
