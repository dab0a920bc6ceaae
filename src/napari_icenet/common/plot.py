"""Axes for the library's plots: neutral on light and dark ground, units on the axes, colours of the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.palette import NCC_STOPS, PRIMARY
from napari_icenet.common.types import F64

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Between black and white, so that it is read on either.
NEUTRAL = "#7F868E"


def new_axes(ax: Axes | None = None, *, size: tuple[float, float] = (6.4, 4.0)) -> Axes:
    """The axes given, or new ones, in quiet colours."""
    import matplotlib.pyplot as plt

    axes = plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
    for name, spine in axes.spines.items():
        spine.set_color(NEUTRAL)
        spine.set_linewidth(0.8)
        spine.set_visible(name in ("left", "bottom"))
    axes.tick_params(colors=NEUTRAL, labelsize=9, length=3, width=0.8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=NEUTRAL, size=10)
        axis.offsetText.set(color=NEUTRAL, size=9)
    axes.title.set(color=NEUTRAL, size=11)
    return axes


def correlation_map() -> Any:
    """The colour map of correlations from −1 to 1, light in the middle."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("correlation", list(NCC_STOPS))


def draw_in_time(
    times: NDArray[np.datetime64],
    values: F64,
    errors: F64 | None = None,
    *,
    label: str,
    ax: Axes | None = None,
    colour: str = PRIMARY,
    name: str | None = None,
) -> Axes:
    """Draw values over dates, joined by a line, with one-sigma errors.

    Parameters
    ----------
    times : array of datetime64, (n,)
    values : array of float, (n,)
        NaN is missing.
    errors : array of float, (n,), optional
    label : str
        Of the axis: quantity and unit.
    ax : Axes, optional
        Default: new ones.
    colour, name : str, optional
        Of the line.
    """
    axes = new_axes(ax)
    known = np.isfinite(values)
    style: dict[str, Any] = {"color": colour, "marker": "o", "markersize": 4, "linewidth": 1.4, "label": name}
    if errors is None:
        axes.plot(times[known], values[known], **style)
    else:
        axes.errorbar(times[known], values[known], errors[known], elinewidth=1, capsize=2, **style)
    axes.set_ylabel(label)
    return dated(axes)


def dated(axes: Axes) -> Axes:
    """The same axes with dates along x, and lines at the ticks of y."""
    from matplotlib import dates

    locator: Any = dates.AutoDateLocator
    formatter: Any = dates.ConciseDateFormatter
    ticks = locator()
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(formatter(ticks))
    axes.grid(visible=True, axis="y", color=NEUTRAL, alpha=0.25, linewidth=0.6)
    return axes
