"""The paper's Figure 4: correlation maps of the region, one per predictor, on one scale of colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.plot import correlation_map
from napari_icenet.evaluation.report.figure_style import Origin, headline
from napari_icenet.evaluation.report.markdown import number, title_of, windows_words
from napari_icenet.evaluation.scoring.place_means import PlaceMeans
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.quality.figure_style import QUIET, TEXT, dress, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_icenet.evaluation.evaluate import Evaluation

#: Inches: a panel's larger side, the headline, and the margins.
_PANEL, _TOP, _LEFT, _RIGHT, _BOTTOM, _GAP = 3.0, 1.55, 0.95, 1.15, 0.65, 0.28
#: Inches: between rows of panels, and of the line that explains cells without a number.
_BETWEEN, _KEY = 0.55, 0.35


@dataclass(frozen=True, eq=False)
class Row:
    """A row of panels.

    Attributes
    ----------
    label : str
    values : sequence of array of float32, (height, width)
        Of each predictor; NaN where there is none.
    notes : sequence of str
        A quiet line over each panel.
    marked : sequence of dict of array of bool, (height, width)
        For each panel, cells that are filled with a colour, by what they are.
    """

    label: str
    values: Sequence[NDArray[np.float32]]
    notes: Sequence[str]
    marked: Sequence[Mapping[str, NDArray[np.bool_]]] = ()


@dataclass(frozen=True, eq=False)
class Layout:
    """Layout that all panels have in common.

    Attributes
    ----------
    titles : sequence of str
        Of the columns.
    cells : Grid
    row, col, stride : int
        Position of the first cell's chip, and side of a cell, px.
    colours : dict of str
        Of cells without a number, by what they are.
    label : str
        Of the scale of colours.
    """

    titles: Sequence[str]
    cells: Grid
    row: int
    col: int
    stride: int
    colours: Mapping[str, str] = field(default_factory=dict)
    label: str = "mean NCC"


def map_figure(made: Evaluation, maps: Mapping[str, PlaceMeans], name: str) -> Figure:
    """Maps of the correlation at t2: a row for each way of tracking, a column for each predictor.

    Parameters
    ----------
    made : Evaluation
    maps : dict of PlaceMeans
        By way of tracking; all of one stack.
    name : str
        The stack's.
    """
    first = next(iter(maps.values()))
    bands = ", ".join(made.source.bands) if len(made.source.bands) < 8 else f"{len(made.source.bands)} bands"
    words = (
        f"Correlation of the prediction for t2 with t2 — {name}",
        f"mean over {bands} and {windows_words(made)}, at zero shift; "
        f"a cell is {first.stride} px, its chip {made.settings.chip} px",
    )
    rows = [
        Row(
            mode,
            [shown.values[c, 1] for c in range(len(made.names))],
            [f"mean {number(made.tables[mode]['t2'][predictor]['mean'])}" for predictor in made.names],
        )
        for mode, shown in maps.items()
    ]
    layout = Layout([title_of(name) for name in made.names], first.cells, first.row, first.col, first.stride)
    return draw_maps(rows, layout, made.source, words)


def draw_maps(rows: Sequence[Row], layout: Layout, origin: Origin, words: tuple[str, str]) -> Figure:
    """Panels of correlation on one scale of colours, from −1 to 1.

    Parameters
    ----------
    rows : sequence of Row
        At least one.
    layout : Layout
    origin : Origin
        Whom to thank, and whether the scenes are simulated.
    words : (str, str)
        Title, and a quiet line below it.
    """
    extent, labels = _extent(layout)
    ratio = abs(extent[3] - extent[2]) / abs(extent[1] - extent[0])
    width, height = (_PANEL, _PANEL * ratio) if ratio <= 1 else (_PANEL / ratio, _PANEL)
    columns, below = len(layout.titles), _BOTTOM + (_KEY if layout.colours else 0)
    across = max(_LEFT + columns * width + (columns - 1) * _GAP + _RIGHT, 9.5)
    down = _TOP + len(rows) * height + (len(rows) - 1) * _BETWEEN + below
    figure = new_figure(across, down)
    headline(figure, origin, *words)
    colours = correlation_map()
    for r, row in enumerate(rows):
        bottom = (down - _TOP - (r + 1) * height - r * _BETWEEN) / down
        for c, values in enumerate(row.values):
            box = ((_LEFT + c * (width + _GAP)) / across, bottom, width / across, height / down)
            axes = figure.add_axes(box)
            image = _panel(axes, values, extent, colours)
            for what, where in (row.marked[c] if row.marked else {}).items():
                _fill(axes, where, extent, layout.colours[what])
            dress(axes, layout.titles[c] if r == 0 else "", note=row.notes[c])
            _ticks(axes, labels, left=c == 0, bottom=r == len(rows) - 1)
        axes.annotate(
            row.label, (0.12 / across, bottom + height / down / 2), xycoords="figure fraction", rotation=90,
            color=TEXT, fontsize=12, va="center", ha="left",
        )  # fmt: skip
    place = figure.add_axes(
        ((across - _RIGHT + 0.22) / across, below / down, 0.14 / across, (down - _TOP - below) / down)
    )
    bar = figure.colorbar(image, cax=place, ticks=np.linspace(-1, 1, 9))
    bar.outline.set_visible(False)
    place.tick_params(colors=QUIET, labelsize=8)
    bar.set_label(layout.label, color=QUIET, size=9)
    _explain(figure, layout.colours)
    return figure


def _panel(axes: Axes, values: NDArray[np.float32], extent: tuple[float, float, float, float], colours: Any) -> Any:
    return axes.imshow(values, extent=extent, vmin=-1, vmax=1, cmap=colours, interpolation="nearest", aspect="equal")


def _fill(axes: Axes, where: NDArray[np.bool_], extent: tuple[float, float, float, float], colour: str) -> None:
    """Paint cells in one colour."""
    from matplotlib.colors import ListedColormap

    painted = np.ma.masked_where(~where, where.astype(np.uint8))
    axes.imshow(painted, extent=extent, cmap=ListedColormap([colour]), interpolation="nearest", aspect="equal")


def _explain(figure: Figure, colours: Mapping[str, str]) -> None:
    """Name the colours of cells without a number, at the foot."""
    across, down = figure.get_figwidth(), figure.get_figheight()
    x = _LEFT
    for what, colour in colours.items():
        box = figure.add_axes((x / across, 0.1 / down, 0.14 / across, 0.14 / down))
        box.set(facecolor=colour, xticks=[], yticks=[])
        for spine in box.spines.values():
            spine.set(color=QUIET, linewidth=0.6)
        figure.text((x + 0.22) / across, 0.17 / down, what, color=QUIET, fontsize=8.5, va="center")
        x += 0.5 + 0.075 * len(what)


def _extent(layout: Layout) -> tuple[tuple[float, float, float, float], tuple[str, str]]:
    t, cells = layout.cells.transform, layout.cells
    if cells.crs is not None and cells.crs.is_projected and t.b == 0 and t.d == 0:
        corners = t.c / 1e3, (t.c + t.a * cells.width) / 1e3, (t.f + t.e * cells.height) / 1e3, t.f / 1e3
        return corners, ("x, km", "y, km")
    top, left, side = layout.row - layout.stride / 2, layout.col - layout.stride / 2, layout.stride
    return (left, left + side * cells.width, top + side * cells.height, top), ("column, px", "row, px")


def _ticks(axes: Axes, labels: tuple[str, str], *, left: bool, bottom: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    for axis, label, shown in ((axes.xaxis, labels[0], bottom), (axes.yaxis, labels[1], left)):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axis.set_label_text(label if shown else "")
    axes.tick_params(labelleft=left, labelbottom=bottom)
