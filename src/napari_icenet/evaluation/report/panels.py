"""The paper's Figure 3: chips of the past, predictions, and what came, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.palette import colour_of
from napari_icenet.common.types import F32
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.evaluation.report.figure_style import headline
from napari_icenet.evaluation.report.markdown import number, title_of
from napari_icenet.evaluation.report.panel_cases import choose_cases
from napari_icenet.evaluation.scoring.past import past_of
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.matching.template import HIGH_PASS, Predictor, predicted
from napari_icenet.velocity.quality.figure_style import LINE, PANEL, QUIET, TEXT, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_icenet.evaluation.evaluate import Evaluation
    from napari_icenet.evaluation.settings import Mode

#: Inches: a chip, the gap between chips, that between groups of columns, and the margins.
_CHIP, _GAP, _GROUP, _ROW, _LEFT, _TOP, _BOTTOM = 1.25, 0.07, 0.2, 0.42, 1.75, 1.55, 0.3


def panels_figure(made: Evaluation, mode: Mode) -> Figure:
    """Worst, median and best chips, by the mean correlation of all predictors at t2.

    Columns: three past frames, the last of them t0, which is persistence; the templates of the other
    predictors for t2; the high-pass of t0; t1, t2, and the high-pass of t2.
    """
    scores = made.scores[mode]
    cases = choose_cases(scores)
    others = [p for p, one in enumerate(made.predictors) if one.name not in ("persistence", HIGH_PASS)]
    groups = [3, len(others) + 1, 3]
    places = _columns(groups)
    width = places[-1] + _CHIP + 0.35
    height = _TOP + len(cases) * (_CHIP + _ROW) + _BOTTOM
    figure = new_figure(width, height)
    headline(
        figure, made.source, f"What was seen, predicted, and came — {made.source.name}, tracking {mode}",
        "ranked by the mean correlation of all predictors at t2; numbers are the correlation with t2; "
        "each chip is stretched by itself, 2–98 %",
    )  # fmt: skip
    for r, (kind, i) in enumerate(cases):
        sequence = made.sequence(mode, i)
        top = _TOP + r * (_CHIP + _ROW)
        images = _images(sequence, made.settings.t0, made.predictors, others)
        axes = [_axes(figure, x, top, width, height) for x in places]
        for panel, image in zip(axes, images, strict=True):
            _show(panel, image)
        _score_lines(axes, scores.ncc[i, :, 1], made.predictors, others, counted=scores.counted[i, 1])
        if r == 0:
            _titles(axes, made.predictors, others)
        _day_lines(axes, sequence, made.settings.t0, groups)
        words = f"{scores.band[i]}, row {scores.place[i, 0]},\ncolumn {scores.place[i, 1]}\n"
        words += f"t0 {sequence.times[0, made.settings.t0].astype('datetime64[D]')}"
        figure.text(0.35 / width, 1 - (top + 0.12) / height, kind, color=TEXT, fontsize=12, va="center")
        figure.text(0.35 / width, 1 - (top + 0.36) / height, words, color=QUIET, fontsize=9, va="top", linespacing=1.5)
    return figure


def _columns(groups: Sequence[int]) -> list[float]:
    places, x = [], _LEFT
    for group in groups:
        for _ in range(group):
            places.append(x)
            x += _CHIP + _GAP
        x += _GROUP
    return places


def _axes(figure: Figure, x: float, top: float, width: float, height: float) -> Axes:
    axes = figure.add_axes((x / width, 1 - (top + _CHIP) / height, _CHIP / width, _CHIP / height))
    axes.set(xticks=[], yticks=[], facecolor=PANEL)
    for spine in axes.spines.values():
        spine.set(color=LINE, linewidth=0.8)
    return axes


def _images(sequence: Sequences, t0: int, predictors: Sequence[Predictor], others: Sequence[int]) -> list[F32 | None]:
    """Pictures of one row, column by column; None where there is no template."""
    chips, sharp = sequence.chips[0], prefilter(HIGH_PASS)
    past = past_of(sequence, 0, t0, 2)
    made = [predicted(predictors[p], past) for p in others]
    seen: list[F32 | None] = [chips[t] if t >= 0 else None for t in range(t0 - 2, t0 + 1)]
    templates = [None if one is None else one.template for one in made]
    return [*seen, *templates, sharp(chips[t0]), chips[t0 + 1], chips[t0 + 2], sharp(chips[t0 + 2])]


def _show(axes: Axes, image: F32 | None) -> None:
    if image is None or not np.isfinite(image).any():
        word = "no template" if image is None else "missing"
        axes.text(0.5, 0.5, word, color=QUIET, fontsize=8, ha="center", va="center", transform=axes.transAxes)
        return
    low, high = np.nanpercentile(image, (2, 98))
    axes.imshow(image, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), interpolation="nearest")


def _titles(axes: Sequence[Axes], predictors: Sequence[Predictor], others: Sequence[int]) -> None:
    words = [("t−2", TEXT), ("t−1", TEXT), ("t0\nPersistence", colour_of("persistence"))]
    words += [(title_of(predictors[p].name), colour_of(predictors[p].name)) for p in others]
    words += [("High-pass\nof t0", colour_of(HIGH_PASS)), ("t1", TEXT), ("t2", TEXT), ("High-pass\nof t2", TEXT)]
    for panel, (word, colour) in zip(axes, words, strict=True):
        panel.set_title(word, color=_lighter(colour), fontsize=10, pad=7)


def _lighter(colour: str) -> str:
    # The blue of persistence is too dark for words on this ground.
    return {"#0072B2": "#4FA3DB"}.get(colour, colour)


def _score_lines(
    axes: Sequence[Axes], ncc: NDArray[np.float64], predictors: Sequence[Predictor], others: Sequence[int], *,
    counted: bool,
) -> None:  # fmt: skip
    names = [one.name for one in predictors]
    shown = [(2, "persistence"), *((3 + k, names[p]) for k, p in enumerate(others)), (3 + len(others), HIGH_PASS)]
    best = int(ncc.argmax())  # chips with NaN are never chosen
    for column, name in shown:
        if name in names and counted:
            p = names.index(name)
            axes[column].set_xlabel(
                number(float(ncc[p]), 2), color=_lighter(colour_of(name)), fontsize=10, labelpad=3,
                fontweight="bold" if p == best else "normal",
            )  # fmt: skip


def _day_lines(axes: Sequence[Axes], sequence: Sequences, t0: int, groups: Sequence[int]) -> None:
    """Days from t0 under the frames that were observed."""
    days = sequence.days[0] - sequence.days[0, t0]
    first = groups[0] + groups[1]
    for column, t in ((0, t0 - 2), (1, t0 - 1), (first, t0 + 1), (first + 1, t0 + 2)):
        if t >= 0:
            text = f"{days[t]:+.0f} d".replace("-", "−")
            axes[column].set_xlabel(text, color=QUIET, fontsize=9, labelpad=3)
