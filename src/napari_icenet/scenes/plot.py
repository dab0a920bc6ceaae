"""Pictures and maps on a grid, drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.plot import NEUTRAL, new_axes
from napari_icenet.scenes.grid import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_image(
    values: NDArray[Any],
    grid: Grid,
    *,
    colours: Any,
    limits: tuple[float, float],
    label: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw values over their grid: kilometres of the map where it is straight on one, pixels otherwise.

    Parameters
    ----------
    values : array of float, (height, width)
        NaN is left empty.
    grid : Grid
    colours : str or Colormap
    limits : (float, float)
        Values of the first and the last colour.
    label : str
        Of the colour bar, with the unit; no bar without it.
    title : str
    ax : Axes, optional
        Default: new ones.
    """
    height, width = grid.shape
    t, unit = grid.transform, "px"
    extent: tuple[float, float, float, float] = (-0.5, width - 0.5, height - 0.5, -0.5)
    if grid.crs is not None and t.b == 0 and t.d == 0:
        size, unit = (1.0, "°") if grid.crs.is_geographic else (1e-3 * grid.ground.metres_per_unit, "km")
        extent = (size * t.c, size * (t.c + width * t.a), size * (t.f + height * t.e), size * t.f)
    share = abs((extent[3] - extent[2]) / (extent[1] - extent[0]))
    axes = new_axes(ax, size=(6.4, max(2.5, min(9.0, 5.2 * share + 0.6))))
    low, high = limits
    image = axes.imshow(values, colours, extent=extent, vmin=low, vmax=high, interpolation="nearest", aspect="equal")
    axes.set_xlabel(f"x ({unit})" if unit != "px" else "column (px)")
    axes.set_ylabel(f"y ({unit})" if unit != "px" else "row (px)")
    axes.set_title(title, loc="left", color=NEUTRAL, fontsize=11)
    axes.ticklabel_format(useOffset=False, style="plain")
    if label:
        bar = axes.figure.colorbar(image, ax=axes, shrink=0.85, pad=0.02, extend="neither")
        bar.set_label(label, color=NEUTRAL)
        bar.ax.tick_params(colors=NEUTRAL, labelsize=9)
        bar.outline.set_visible(False)
    return axes


def draw_grey(values: NDArray[np.float32], grid: Grid, *, title: str, ax: Axes | None = None) -> Axes:
    """Draw a picture in grey, from its 1st to its 99th percentile; see :func:`draw_image`."""
    known = values[np.isfinite(values)]
    low, high = (float(v) for v in np.percentile(known, (1, 99))) if known.size else (0.0, 1.0)
    return draw_image(values, grid, colours="gray", limits=(low, high), title=title, ax=ax)


def upper_limit(values: NDArray[Any], percentile: float = 98.0) -> float:
    """Limit that nearly all values lie below, for a scale that begins at zero; 1 where there is none."""
    known = values[np.isfinite(values)]
    found = float(np.percentile(known, percentile)) if known.size else 0.0
    return found if found > 0 else 1.0
