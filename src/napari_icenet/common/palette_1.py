"""The colour of each predictor, the same in every plot, layer, table and figure."""

from __future__ import annotations

from typing import Final

#: Of the Okabe–Ito palette, told apart by colour-blind eyes too.
COLOURS: Final[dict[str, str]] = {
    "persistence": "#0072B2",
    "high-pass": "#D55E00",
    "blurred": "#56B4E9",
    "median": "#999999",
    "consensus": "#CC79A7",
    "svg-lp": "#E69F00",
    "icenet": "#009E73",
}
_OTHER: Final = "#F0E442"


def colour_of(name: str) -> str:
    """The colour of a predictor, whatever its weights; yellow for one that has none of its own yet."""
    return COLOURS.get(name.partition("@")[0], _OTHER)
