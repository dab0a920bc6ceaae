"""How fast ice may be for a search to find it, and how slow to be told from rest."""

from __future__ import annotations

import math

from napari_icenet.scenes.grid import Grid
from napari_icenet.tracking.caution import Caution
from napari_icenet.tracking.track import DAYS_PER_YEAR

#: Many outlet glaciers are as fast (the fastest move 10–17 km/yr): a search that reaches less leaves them out, and
#: days in which the error of a match means more hide them, m/yr.
COMMON_SPEED = 1000.0
#: Matches err by about this much where nothing is known of them, px.
USUAL_ERROR_PX = 0.1


def speed_of(grid: Grid, pixels: tuple[float, float], days: float) -> float:
    """Speed on the ground, m/yr, that moves ice by some pixels in some days, along the axis where it is less.

    Parameters
    ----------
    grid : Grid
    pixels : (float, float)
        Along row and column.
    days : float
        Not 0; their sign does not matter.

    Returns
    -------
    float
        NaN without a map.
    """
    if not grid.georeferenced or not days:
        return math.nan
    middle = (grid.height - 1) / 2, (grid.width - 1) / 2
    ways = [grid.metres(*middle, *step) for step in ((pixels[0], 0), (0, pixels[1]))]
    return min(math.hypot(float(dx), float(dy)) for dx, dy in ways) / abs(days) * DAYS_PER_YEAR


def reach_caution(grid: Grid, radius: tuple[int, int], days: float, way_out: str, *, when: str = "") -> Caution | None:
    """That a search ends before fast ice; None where it does not, or no map tells metres.

    Parameters
    ----------
    grid : Grid
    radius : (int, int)
        Of the search along row and column, px.
    days : float
        Between the two dates.
    way_out : str
        What to do.
    when : str
        The dates, where they are not plain from what is told of.
    """
    speed = speed_of(grid, (float(radius[0]), float(radius[1])), days)
    if not speed < COMMON_SPEED:
        return None
    reached = (
        f"the search of ±{min(radius)} px in {days_text(days)}{when and f' ({when})'} reaches {speed_text(speed)} m/yr"
    )
    return Caution(
        "reach", f"{reached}; faster ice cannot be found and may be mapped wrong: {way_out}.", COMMON_SPEED / speed
    )


def short_caution(grid: Grid, days: float) -> Caution | None:
    """That in so few days the usual error of a match means more than the speed of fast ice; None where it does not."""
    speed = speed_of(grid, (USUAL_ERROR_PX, USUAL_ERROR_PX), days)
    if not speed > COMMON_SPEED:
        return None
    return Caution(
        "short",
        f"in {days_text(days)} the usual error of a match, {USUAL_ERROR_PX} px, means {speed:.0f} m/yr; slower ice "
        "cannot be told from ice at rest: choose dates farther apart.",
        speed,
    )


def speed_text(speed: float) -> str:
    """``815``; ``1.8`` below ten."""
    return f"{speed:.0f}" if speed >= 10 else f"{speed:.2g}"


def days_text(days: float) -> str:
    """``336 days``, ``1 day``, ``0.5 days``."""
    number = f"{abs(days):.0f}" if abs(days) >= 9.5 or abs(days) == round(abs(days)) else f"{abs(days):.1f}"
    return f"{number} day" if number == "1" else f"{number} days"
