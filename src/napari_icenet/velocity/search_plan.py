"""Plan of the search of a pair of dates: radius and chips, checked against the frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.tracking.track import DAYS_PER_YEAR
from napari_icenet.velocity.settings import DEFAULT_RADIUS, VelocitySettings

#: A smaller radius leaves no room between the place itself and the border of the surface.
MIN_RADIUS = 3


@dataclass(frozen=True)
class Search:
    """Chips and radius of one pair.

    Attributes
    ----------
    chips : tuple of int
        Sides of the chips that fit into the frame, smallest first, px.
    radius : (int, int)
        Search radius along row and column, px.
    """

    chips: tuple[int, ...]
    radius: tuple[int, int]


def plan_search(frame: Grid, days: float, settings: VelocitySettings) -> Search:
    """Chips and radius for pictures ``days`` apart.

    Raises
    ------
    UsageError
        The chip, its search window or a cell is larger than the frame, or a speed in m/yr is given
        for pictures without a map.
    """
    size, side = f"{frame.height} × {frame.width}", min(frame.shape)
    if settings.chip > side:
        raise UsageError(f"A chip of {settings.chip} px is larger than the frame of {size} px; choose a smaller chip.")
    if settings.spacing > side:
        raise UsageError(f"Points {settings.spacing} px apart do not fit into the frame of {size} px; set them closer.")
    radius = search_radius(frame, days, settings)
    window = settings.chip + 2 * max(radius)
    if any(settings.chip + 2 * r > n for r, n in zip(radius, frame.shape, strict=True)):
        raise UsageError(
            f"A chip of {settings.chip} px searched ±{max(radius)} px away needs {window} px, "
            f"more than the frame of {size} px has; choose a smaller {_origin(settings)}."
        )
    return Search(tuple(chip for chip in settings.chips if chip <= side), radius)


def search_radius(frame: Grid, days: float, settings: VelocitySettings) -> tuple[int, int]:
    """Search radius along row and column, px, from a radius, a scale factor c or a maximum speed.

    Raises
    ------
    UsageError
        A speed in m/yr is given for pictures without a map.
    """
    if settings.max_speed is not None:
        if not frame.georeferenced:
            raise UsageError(
                "A maximum speed in m/yr needs scenes that lie on a map; give the search radius in pixels instead."
            )
        scale = max(frame.map_scale(frame.height / 2, frame.width / 2))
        reach = settings.max_speed * abs(days) / DAYS_PER_YEAR * scale
        # One pixel more: a peak on the border of its surface is not accepted.
        rows, cols = (max(math.ceil(reach / size) + 1, MIN_RADIUS) for size in frame.pixel_size)
        return rows, cols
    if settings.scale is not None:
        radius = max((2 * round(settings.scale * settings.chip / 2) - settings.chip) // 2, MIN_RADIUS)
    else:
        radius = DEFAULT_RADIUS if settings.radius is None else settings.radius
    return radius, radius


def _origin(settings: VelocitySettings) -> str:
    if settings.max_speed is not None:
        return "maximum speed, or dates closer together"
    return "scale factor" if settings.scale is not None else "radius"
