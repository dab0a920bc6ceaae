"""Colours and colormaps of the window, reports and figures, each with one meaning everywhere.

Chosen from the Okabe–Ito palette: no meaning rests on red against green.
"""

from __future__ import annotations

from typing import Final

#: The one button of a tab that does the next thing.
PRIMARY: Final = "#0072B2"

CHIP: Final = "#F0E442"
SEARCH: Final = "#FFFFFF"
MATCH: Final = "#009E73"
LOST: Final = "#9A9A9A"
STABLE: Final = "#56B4E9"
AREA: Final = "#CC79A7"

#: Mask colours, by the label's name; all told apart by lightness too.
MASK: Final[dict[str, str]] = {
    "fill": "#3A3A3A",
    "cloud": "#E69F00",
    "shadow": "#5B3FA0",
    "cirrus": "#F0C9E0",
    "snow": "#A6E1FF",
    "water": "#0072B2",
}

#: Correlation runs from −1 to 1 with 0 in the middle: blue, nearly white, orange.
NCC_STOPS: Final = ("#08306B", "#4F94CD", "#F4F4F4", "#F0A04B", "#8C3B00")
#: Speed starts at zero, perceptually uniform.
SPEED_COLORMAP: Final = "viridis"

#: Arrows of a velocity map: seen on every colour of the speed, and on ice and rock.
ARROW: Final = "#FFFFFF"
#: Why a match is not valid, by the reason's name; told apart by lightness too.
REASON: Final[dict[str, str]] = {
    "PENDING": "#2B2B2B",
    "FILL": "#4A4A4A",
    "FLAT": "#A6E1FF",
    "OUTSIDE": "#9A9A9A",
    "BORDER": "#E69F00",
    "AMBIGUOUS": "#CC79A7",
    "DISAGREEMENT": "#F0E442",
    "ROUND_TRIP": "#5B3FA0",
    "OUTLIER": "#0072B2",
    "MIXED": "#D55E00",
}
#: Why a cell of a correlation map has no number, by the state's name: unlike all of the scale.
CELL: Final[dict[str, str]] = {"WAITING": "#2B3038", "LOST": "#444444", "NO_TEMPLATE": "#5B3FA0"}
#: A reason that has no colour of its own yet.
OTHER_REASON: Final = "#FFFFFF"

#: The colour of each predictor, the same in every plot, layer, table and figure.
PREDICTOR: Final[dict[str, str]] = {
    "persistence": "#0072B2",
    "high-pass": "#D55E00",
    "blurred": "#56B4E9",
    "median": "#999999",
    "consensus": "#CC79A7",
    "svg-lp": "#E69F00",
    "icenet": "#009E73",
}
#: A predictor that has no colour of its own yet.
OTHER_PREDICTOR: Final = "#F0E442"


def reason_colour(name: str) -> str:
    """Return the colour of a reason by its name; white for one that has none of its own yet."""
    return REASON.get(name, OTHER_REASON)


def colour_of(name: str) -> str:
    """Return the colour of a predictor, whatever its weights; yellow for one that has none of its own yet."""
    return PREDICTOR.get(name.partition("@")[0], OTHER_PREDICTOR)
