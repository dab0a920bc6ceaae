"""Style of the figures of an evaluation: one scale of correlation, a headline, and how they are saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from napari_icenet.velocity.quality.figure_style import ACCENT, QUIET, TEXT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 130


class Origin(Protocol):
    """Origin of the data that a figure shows, for its headline."""

    @property
    def simulated(self) -> bool:
        """True if the scenes come from a simulator."""

    @property
    def credits(self) -> tuple[str, ...]:
        """Whom to thank for the scenes, each once."""


def headline(figure: Figure, origin: Origin, title: str, note: str) -> None:
    """Title and a quiet line at the top, whom to thank at the foot, and a word that says what is simulated."""
    height, width = figure.get_figheight(), figure.get_figwidth()
    left, right = 0.35 / width, 1 - 0.35 / width
    figure.text(left, 1 - 0.38 / height, title, color=TEXT, fontsize=16, va="center")
    figure.text(left, 1 - 0.72 / height, note, color=QUIET, fontsize=10, va="center")
    if origin.credits:
        words = " · ".join(origin.credits)
        figure.text(right, 0.12 / height, words, color=QUIET, fontsize=8, va="center", ha="right")
    if origin.simulated:
        figure.text(
            right, 1 - 0.38 / height, "SIMULATED", color=ACCENT, fontsize=12, fontweight="bold", va="center", ha="right"
        )


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, without a date in it."""
    figure.savefig(path, dpi=DOTS_PER_INCH, facecolor=figure.get_facecolor(), metadata={"Software": None})
