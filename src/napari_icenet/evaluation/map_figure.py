"""The paper's Figure 4: correlation maps of the region, one per predictor, on one scale of colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.evaluation.figure_look import correlation_colours, headline
from napari_icenet.evaluation.maps import CorrelationMaps
from napari_icenet.evaluation.table_text import number, title_of, windows_words
from napari_icenet.tracking.velocity.figure_style import QUIET, TEXT, dress, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_icenet.evaluation.evaluate import Evaluation

#: Inches: a panel's larger side, the headline, and the margins.
_PANEL, _TOP, _LEFT, _RIGHT, _BOTTOM, _GAP = 3.0, 1.55, 0.95, 1.15, 0.65, 0.28


def map_figure(made: Evaluation, maps: Mapping[str, CorrelationMaps], name: str) -> Figure:
    """Maps of the correlation at t2: a row for each way of tracking, a column for each predictor.

    Parameters
    ----------
    made : Evaluation
    maps : dict of CorrelationMaps
        By way of tracking; all of one stack.
    name : str
        The stack's.
    """
    first = next(iter(maps.values()))
    extent, labels = _extent(first)
    ratio = abs(extent[3] - extent[2]) / abs(extent[1] - extent[0])
    width, height = (_PANEL, _PANEL * ratio) if ratio <= 1 else (_PANEL / ratio, _PANEL)
    rows, columns = len(maps), len(made.names)
    across = max(_LEFT + columns * width + (columns - 1) * _GAP + _RIGHT, 9.5)
    down = _TOP + rows * height + (rows - 1) * 0.55 + _BOTTOM
    figure = new_figure(across, down)
    bands = ", ".join(made.source.bands) if len(made.source.bands) < 8 else f"{len(made.source.bands)} bands"
    headline(
        figure, made, f"Correlation of the prediction for t2 with t2 — {name}",
        f"mean over {bands} and {windows_words(made)}, at zero shift; "
        f"a cell is {first.stride} px, its chip {made.settings.chip} px",
    )  # fmt: skip
    colours = correlation_colours()
    for r, (mode, shown) in enumerate(maps.items()):
        bottom = (down - _TOP - (r + 1) * height - r * 0.55) / down
        for c, predictor in enumerate(made.names):
            box = ((_LEFT + c * (width + _GAP)) / across, bottom, width / across, height / down)
            axes = figure.add_axes(box)
            image = _panel(axes, shown.values[c, 1], extent, colours)
            mean = made.tables[mode]["t2"][predictor]["mean"]
            dress(axes, title_of(predictor) if r == 0 else "", note=f"mean {number(mean)}")
            _ticks(axes, labels, left=c == 0, bottom=r == rows - 1)
        axes.annotate(
            mode, (0.12 / across, bottom + height / down / 2), xycoords="figure fraction", rotation=90,
            color=TEXT, fontsize=12, va="center", ha="left",
        )  # fmt: skip
    place = figure.add_axes(
        ((across - _RIGHT + 0.22) / across, _BOTTOM / down, 0.14 / across, (down - _TOP - _BOTTOM) / down)
    )
    bar = figure.colorbar(image, cax=place, ticks=np.linspace(-1, 1, 9))
    bar.outline.set_visible(False)
    place.tick_params(colors=QUIET, labelsize=8)
    bar.set_label("mean NCC", color=QUIET, size=9)
    return figure


def _panel(axes: Axes, values: NDArray[np.float32], extent: tuple[float, float, float, float], colours: Any) -> Any:
    return axes.imshow(values, extent=extent, vmin=-1, vmax=1, cmap=colours, interpolation="nearest", aspect="equal")


def _extent(maps: CorrelationMaps) -> tuple[tuple[float, float, float, float], tuple[str, str]]:
    t, cells = maps.cells.transform, maps.cells
    if cells.crs is not None and cells.crs.is_projected and t.b == 0 and t.d == 0:
        corners = t.c / 1e3, (t.c + t.a * cells.width) / 1e3, (t.f + t.e * cells.height) / 1e3, t.f / 1e3
        return corners, ("x, km", "y, km")
    top, left, side = maps.row - maps.stride / 2, maps.col - maps.stride / 2, maps.stride
    return (left, left + side * cells.width, top + side * cells.height, top), ("column, px", "row, px")


def _ticks(axes: Axes, labels: tuple[str, str], *, left: bool, bottom: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    for axis, label, shown in ((axes.xaxis, labels[0], bottom), (axes.yaxis, labels[1], left)):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axis.set_label_text(label if shown else "")
    axes.tick_params(labelleft=left, labelbottom=bottom)
