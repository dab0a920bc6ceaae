"""Figure of scores by stratum: shares of well correlated chips by what they have in common."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_icenet.common.palette import colour_of
from napari_icenet.evaluation.report.figure_style import headline
from napari_icenet.evaluation.report.markdown import title_of
from napari_icenet.velocity.quality.figure_style import LINE, PANEL, QUIET, TEXT, dress, empty, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_icenet.evaluation.evaluate import Evaluation

_ROW, _TOP = 3.0, 1.75


def strata_figure(made: Evaluation) -> Figure:
    """Bars of the shares above 0.7 (full) and from 0.3 to 0.7 (pale), at t2, with the mean and its interval.

    A row for each way of tracking, a panel for each property, in that a bar for each predictor.
    """
    divisions = {mode: list(found.values()) for mode, found in made.strata.items()}
    widths = [max(sum(len(d["strata"]) for d in column), 1) for column in zip(*divisions.values(), strict=True)]
    height = _TOP + _ROW * len(divisions) + 0.35
    figure = new_figure(16.0, height)
    headline(
        figure, made.source, f"Where predictors win and fail at t2 — {made.source.name}",
        "bars: shares of chips that correlate above 0.7 (full) and from 0.3 to 0.7 (pale); "
        "dots: mean correlation, with its 95 % interval where several blocks hold chips",
    )  # fmt: skip
    grid = figure.add_gridspec(
        len(divisions), len(widths), width_ratios=[max(w, 1.4) for w in widths],
        left=0.055, right=0.985, top=1 - _TOP / height, bottom=0.72 / height, wspace=0.14, hspace=0.38,
    )  # fmt: skip
    for r, (mode, columns) in enumerate(divisions.items()):
        lowest = _lowest(columns)
        for c, division in enumerate(columns):
            axes = figure.add_subplot(grid[r, c])
            heading = division["title"] if r == 0 else ""
            if division["strata"]:
                _bars(axes, division["strata"], lowest)
                dress(axes, heading)
            else:
                # A narrow panel, whose words are broken to fit.
                empty(axes, heading, "")
                axes.text(
                    0.5, 0.5, fill(division["note"], 14), ha="center", va="center", color=QUIET, fontsize=9,
                    linespacing=1.5, transform=axes.transAxes,
                )  # fmt: skip
            if c == 0:
                axes.set_ylabel(f"{mode}\n\nshare, mean NCC", color=TEXT, fontsize=9)
            # Numbers stand once in a row, at the first panel that has a scale.
            axes.tick_params(labelleft=not any(columns[k]["strata"] for k in range(c)))
    _legend(figure, made, height)
    return figure


def _lowest(divisions: list[dict[str, Any]]) -> float:
    """Lower end of the scale: 0, or below the lowest mean or interval."""
    rows = [row for d in divisions for part in d["strata"].values() for row in part["predictors"].values()]
    ends = [end for row in rows for end in (row["mean"], *(row["interval"] or ()))]
    return 1.1 * min(0.0, *(float(end) for end in ends))


def _bars(axes: Axes, strata: dict[str, Any], lowest: float) -> None:
    names = list(next(iter(strata.values()))["predictors"])
    width = 0.84 / len(names)
    for s, part in enumerate(strata.values()):
        for p, name in enumerate(names):
            row, x = part["predictors"][name], s + (p - (len(names) - 1) / 2) * width
            colour = colour_of(name)
            axes.bar(x, row["high"], width * 0.9, color=colour, zorder=2)
            axes.bar(x, row["medium"], width * 0.9, bottom=row["high"], color=colour, alpha=0.35, zorder=2)
            if row["interval"] is not None:
                axes.plot([x, x], row["interval"], color=TEXT, linewidth=0.9, zorder=3)
            axes.plot(x, row["mean"], "o", color=TEXT, markersize=3, zorder=4)
    axes.set_xticks(np.arange(len(strata)), [f"{name}\nn {part['n']}" for name, part in strata.items()])
    axes.set_xlim(-0.55, len(strata) - 0.45)
    axes.set_ylim(lowest, 1)
    axes.set_yticks([0, 0.3, 0.7, 1])
    axes.grid(axis="y", color=LINE, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.set_facecolor(PANEL)


def _legend(figure: Figure, made: Evaluation, height: float) -> None:
    from matplotlib.patches import Patch

    figure.legend(
        handles=[Patch(color=colour_of(name), label=title_of(name)) for name in made.names],
        loc="upper left", bbox_to_anchor=(0.013, 1 - 0.85 / height), ncols=len(made.names), fontsize=9,
        labelcolor=QUIET, frameon=False, handlelength=1.2, columnspacing=1.6,
    )  # fmt: skip
