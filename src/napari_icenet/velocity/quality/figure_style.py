"""The look of report figures: dark and calm, its colours those of the window."""

from __future__ import annotations

from textwrap import fill, wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common import palette
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BACKGROUND, PANEL, LINE = "#14171B", "#1B1F24", "#3A414A"
TEXT, QUIET = "#E6E8EA", "#9BA3AC"
VALID, STABLE, ACCENT, WARN = "#009E73", "#56B4E9", "#E69F00", "#CC79A7"
SPEED_MAP = "viridis"
#: Correlation from −1 to 1, light in the middle.
NCC_STOPS = palette.NCC_STOPS
#: Differences, dark in the middle so that nothing looks like nothing.
DIFFERENCE_STOPS = ("#8FC7F2", "#2F78B5", "#1B1F24", "#C2622A", "#F6BE8C")
#: Closure and errors: from the panel's dark to light, zero-based.
MISFIT_STOPS = ("#1F242A", "#3B4A6B", "#7A6A9B", "#D08A8A", "#F7D9B0")
DENSITY_STOPS = ("#1B1F24", "#21435A", "#3E86AF", "#9BD3F2", "#FFFFFF")
REASON_COLOURS = {reason: palette.reason_colour(reason.name) for reason in LostReason}


#: Characters in a line of the words below a panel's title: what the narrow panels of a report hold.
_NOTE_WIDTH = 62


def new_figure(width: float, height: float) -> Figure:
    """An empty dark figure, independent of any window and of the user's matplotlib settings."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor=BACKGROUND)
    FigureCanvasAgg(figure)
    return figure


def colour_map(stops: tuple[str, ...], name: str) -> Any:
    """A colour map through stops at equal distances."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(stops))


def dress(axes: Axes, title: str, *, note: str = "") -> None:
    """Give a panel its colours, a title, and quiet words below that."""
    axes.set_facecolor(PANEL)
    for spine in axes.spines.values():
        spine.set_color(LINE)
        spine.set_linewidth(0.8)
    axes.tick_params(colors=QUIET, labelsize=8, length=3, width=0.8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=QUIET, size=8.5)
        axis.offsetText.set(color=QUIET, size=8)
    lines = wrap(note, _NOTE_WIDTH)
    axes.set_title(title, loc="left", color=TEXT, fontsize=11, pad=7 + 13 * len(lines))
    if lines:
        axes.annotate("\n".join(lines), (0, 1), (0, 6), "axes fraction", "offset points", color=QUIET, fontsize=8.5)


def bar(figure: Figure, image: Any, axes: Axes, label: str, **keywords: Any) -> None:
    """A colour bar beside a map, with its unit."""
    # Drawn into the panel's own room, so that panels stay in line.
    place = axes.inset_axes((1.025, 0.0, 0.03, 1.0))
    shown = figure.colorbar(image, cax=place, **keywords)
    shown.outline.set_edgecolor(LINE)
    shown.ax.tick_params(colors=QUIET, labelsize=8, length=3, width=0.8)
    shown.ax.yaxis.label.set_color(QUIET)
    shown.set_label(label, color=QUIET, size=8.5)


def legend(axes: Axes, **keywords: Any) -> None:
    """A legend without a frame that shouts."""
    made = axes.legend(fontsize=8, labelcolor=TEXT, frameon=True, **keywords)
    made.get_frame().set(facecolor=BACKGROUND, edgecolor="none", alpha=0.75)


def empty(axes: Axes, title: str, sentence: str) -> None:
    """A panel that has nothing to show, and says why."""
    dress(axes, title)
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, fill(sentence, 44), ha="center", va="center", color=QUIET, fontsize=9, transform=axes.transAxes)


class MapPlane:
    """Axes of a map's panel: kilometres of its grid, or pixels of the pictures."""

    def __init__(self, velocity_map: VelocityMap) -> None:
        t = velocity_map.cells.transform
        height, width = velocity_map.shape
        frame = velocity_map.frame
        self.in_km = frame.georeferenced and t.b == 0 and t.d == 0 and frame.crs is not None and frame.crs.is_projected
        if self.in_km:
            self.extent = (t.c / 1e3, (t.c + t.a * width) / 1e3, (t.f + t.e * height) / 1e3, t.f / 1e3)
            self.labels = ("x, km", "y, km")
        else:
            s = velocity_map.settings.spacing
            self.extent = (-0.5, width * s - 0.5, height * s - 0.5, -0.5)
            self.labels = ("column, px", "row, px")
        self.shape = (height, width)

    def show(self, axes: Axes, values: NDArray[Any], **keywords: Any) -> Any:
        """Draw cells as they are, unsmoothed."""
        image = axes.imshow(values, extent=self.extent, interpolation="nearest", aspect="equal", **keywords)
        axes.set(xticks=[], yticks=[], anchor="NW")
        return image

    def ticks(self, axes: Axes) -> None:
        """Give a panel its coordinates."""
        from matplotlib.ticker import MaxNLocator

        for axis, label in ((axes.xaxis, self.labels[0]), (axes.yaxis, self.labels[1])):
            axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
            axis.set_label_text(label)

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates of the columns' and the rows' centres."""
        left, right, bottom, top = self.extent
        height, width = self.shape
        across, down = (right - left) / width, (bottom - top) / height
        x, y = left + across * (np.arange(width) + 0.5), top + down * (np.arange(height) + 0.5)
        return np.asarray(x, float), np.asarray(y, float)
