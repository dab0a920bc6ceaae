"""The quality report as one figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_icenet.common.atomic_io import write_whole
from napari_icenet.common.text import signed
from napari_icenet.velocity.quality import figure_panels as panels
from napari_icenet.velocity.quality.assess import quality_report
from napari_icenet.velocity.quality.closure import closure, triplets
from napari_icenet.velocity.quality.figure_style import ACCENT, QUIET, TEXT, new_figure
from napari_icenet.velocity.quality.report import QualityReport
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 130


def report_figure(
    maps: Sequence[VelocityMap] | VelocityMap, path: str | Path, report: QualityReport | None = None
) -> None:
    """Write the quality of maps as one figure, whole or not at all.

    Of several maps, one is drawn: of those with nearly as many valid vectors as the fullest, that over
    the longest time. Closure is that of the triangle with the most points among those it belongs to,
    and all pairs are compared.

    Parameters
    ----------
    maps : VelocityMap, or sequence of them
    path : path
        Ends in .png, .pdf or .svg.
    report : QualityReport, optional
        As :func:`~napari_icenet.velocity.quality.assess.quality_report` has made it of the same maps.

    Raises
    ------
    UsageError
        There is no map, or the name ends in another suffix.
    TrackingError
        The file cannot be written.
    """
    several = [maps] if isinstance(maps, VelocityMap) else list(maps)
    judged = quality_report(several) if report is None else report
    figure = draw(several, judged)

    def write(beside: Path) -> None:
        figure.savefig(beside, dpi=DOTS_PER_INCH, facecolor=figure.get_facecolor())

    write_whole(path, dict.fromkeys((".png", ".pdf", ".svg"), write), "figures of the quality")


def draw(maps: Sequence[VelocityMap], report: QualityReport) -> Figure:
    """The figure itself; see :func:`report_figure`."""
    index = _worth_showing(report)
    shown, quality = maps[index], report.maps[index]
    figure = new_figure(19.0, 9.6)
    grid = figure.add_gridspec(
        2, 4, width_ratios=(2.3, 1, 1, 1), left=0.04, right=0.98, top=0.825, bottom=0.07, wspace=0.34, hspace=0.42
    )
    _headline(figure, shown, report, index)

    def panel(row: int, col: int) -> Axes:
        return figure.add_subplot(grid[row, col])

    panels.speed(figure, figure.add_subplot(grid[:, 0]), shown)
    panels.validity(panel(0, 1), shown, quality)
    panels.strain(figure, panel(1, 1), shown, quality)
    panels.static_ground(panel(0, 2), shown, quality)
    found = _closure(shown, maps)
    if found is None:
        panels.error(figure, panel(1, 2), shown, report.closure_note or "")
    else:
        panels.misfit(figure, panel(1, 2), shown, found, report)
    if len(maps) > 1:
        both = grid[0, 3].subgridspec(2, 1, hspace=1.0)
        panels.correlation(figure.add_subplot(both[0]), figure.add_subplot(both[1]), shown, quality)
        panels.pairs(panel(1, 3), report.maps)
    else:
        panels.correlation(panel(0, 3), panel(1, 3), shown, quality)
    return figure


def _worth_showing(report: QualityReport) -> int:
    """Of the maps with nearly as many valid vectors as the fullest, the one over the longest time."""
    most = max(q.valid for q in report.maps)
    return max(range(len(report.maps)), key=lambda k: (report.maps[k].valid >= 0.95 * most, abs(report.maps[k].days)))


def _closure(shown: VelocityMap, maps: Sequence[VelocityMap]) -> Any:
    """Of the triangles that the map is a side of, else of all, the one with the most points."""
    three = triplets(maps)
    own = [t for t in three if any(side is shown for side in t)] or three
    found = [closure(*t) for t in own]
    return max(found, key=lambda c: int(np.isfinite(c.drow).sum())) if found else None


def _headline(figure: Figure, shown: VelocityMap, report: QualityReport, index: int) -> None:
    quality = report.maps[index]
    first, second = shown.labels
    title = f"{first} → {second}"
    if len(report.maps) > 1:
        title += f"   (one of {len(report.maps)} maps)"
    figure.text(0.04, 0.955, title, color=TEXT, fontsize=17, va="center")
    if report.simulated:
        figure.text(0.98, 0.955, "SIMULATED", color=ACCENT, fontsize=13, fontweight="bold", va="center", ha="right")
    settings = shown.settings
    chips = f"{settings.chips[0]} px" if len(settings.chips) == 1 else f"{settings.chips[0]}–{settings.chips[-1]} px"
    words = [
        f"{abs(shown.days):.1f} days",
        f"band {settings.band}",
        f"chip {chips}",
        f"every {settings.spacing} px",
        f"search ±{shown.radius[0]} × ±{shown.radius[1]} px" if shown.radius[0] != shown.radius[1]
        else f"search ±{shown.radius[0]} px",
        f"filter {settings.prefilter}",
        _offset_words(shown),
    ]  # fmt: skip
    if quality.formal_error_px is not None:
        words.insert(-1, f"formal error {quality.formal_error_px.median:.3f} px")
    figure.text(0.04, 0.917, "   ·   ".join(words), color=QUIET, fontsize=10, va="center")


def _offset_words(shown: VelocityMap) -> str:
    offset = shown.offset
    if offset is None:
        return "offset of the scenes not known"
    size = f"{signed(offset.drow)} px down, {signed(offset.dcol)} px right"
    return f"offset {size}, {'removed' if shown.offset_removed else 'not removed'}"
