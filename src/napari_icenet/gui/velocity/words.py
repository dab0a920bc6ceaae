"""Velocity maps in words: a cell, a whole map, an estimate of the work."""

from __future__ import annotations

import numpy as np

from napari_icenet.common.text import grouped, hundredths, signed
from napari_icenet.gui.session.readout import SEPARATOR
from napari_icenet.gui.velocity.picture import cell_at
from napari_icenet.matching.lost_reason import REASONS
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.map_arrays import map_cells
from napari_icenet.velocity.quality.report import QualityReport
from napari_icenet.velocity.search_plan import plan_search
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap


def sentence_at(found: VelocityMap, row: float, col: float) -> str:
    """Sentence on a pixel position of a map's frame; empty outside.

    For instance ``412 ± 9 m/yr toward 38° · NCC .87 · ratio 2.4 · chip 32``, or why it says nothing.
    """
    at = cell_at(found, row, col)
    if at is None:
        return ""
    reason = REASONS[int(found.reason[at])]
    if reason is not None:
        return f"no velocity: {reason.sentence[:1].lower()}{reason.sentence[1:].rstrip('.')}"
    parts = [speed_text(float(found.v[at]), float(found.v_error[at]), found.unit) + toward(found, at)]
    parts.append(f"NCC {hundredths(float(found.ncc[at]))}")
    if np.isfinite(found.peak_ratio[at]):
        parts.append(f"ratio {found.peak_ratio[at]:.1f}")
    parts.append(f"chip {int(found.chip_size[at])}")
    return SEPARATOR.join(parts)


def speed_text(speed: float, error: float, unit: str) -> str:
    """A speed with as many digits as its error allows: ``412 ± 9 m/yr``."""
    digits = 1
    scale = error if np.isfinite(error) and error > 0 else abs(speed)
    if scale > 0:
        digits = max(0, -int(np.floor(np.log10(scale))))
    value = grouped(speed) if digits == 0 else f"{speed:.{digits}f}"
    if not np.isfinite(error):
        return f"{value} {unit}"
    return f"{value} ± {error:.{digits}f} {unit}"


def toward(found: VelocityMap, at: tuple[int, int]) -> str:
    """Direction of a cell's motion: `` toward 38°``, from true north on a map, else from the picture's top."""
    azimuth = direction(found, at)
    return "" if azimuth is None else f" toward {azimuth % 360:.0f}°"


def direction(found: VelocityMap, at: tuple[int, int]) -> float | None:
    """Degrees clockwise from true north (from the top of a picture without a map); None at rest."""
    vx, vy = float(found.vx[at]), float(found.vy[at])
    if not np.isfinite(vx) or not np.isfinite(vy) or (vx == 0 and vy == 0):
        return None
    if not found.frame.georeferenced:
        return float(np.degrees(np.arctan2(vx, -vy)) % 360)
    row, col = float(found.rows[at[0]]), float(found.cols[at[1]])
    # The way of a few pixels in the velocity's direction, as the crow flies over the Earth.
    drow, dcol = (float(component[at]) * np.sign(found.days) for component in found.moved)
    share = 4 / np.hypot(drow, dcol)
    return found.frame.azimuth(row, col, share * drow, share * dcol)


def title(found: VelocityMap) -> str:
    """The dates of a map: ``2020-01-31 → 2020-02-20``."""
    return f"{found.labels[0]} → {found.labels[1]}"


def estimate(stack: SceneStack, pairs: list[tuple[int, int]], settings: VelocitySettings) -> str:
    """The work ahead: points, chips, and the largest window that is searched.

    Raises
    ------
    UsageError
        Dates, chip, spacing and search do not fit the frame.
    """
    plans = [plan_search(stack.grid, float(stack.days[j] - stack.days[i]), settings) for i, j in pairs]
    cells = map_cells(stack.grid, settings.spacing)
    points = cells.height * cells.width
    reach = max(max(plan.radius) for plan in plans)
    chips = plans[0].chips
    windows = " – ".join(str(side + 2 * reach) for side in dict.fromkeys((chips[0], chips[-1])))
    many = f"{len(pairs)} maps of " if len(pairs) > 1 else ""
    return f"{many}{grouped(points)} points · search ±{reach} px · windows {windows} px"


def number(value: float) -> str:
    """A number without needless digits: ``1 200``, ``7.2``, ``0.15``."""
    return grouped(value) if value >= 10 else f"{value:.2g}"


def summary(found: VelocityMap, report: QualityReport | None, index: int) -> str:
    """Quality of a map, in a few short lines of rich text."""
    quality = None if report is None else report.maps[index]
    count, points = int(found.valid.sum()), found.reason.size
    of = "points"
    if quality is not None:
        # Points without pixels on one of the dates say nothing of the matching.
        points, of = quality.points, "points with pixels"
    share = f"{100 * count / points:.0f} % valid" if points else "nothing valid"
    lines = [f"{share} ({grouped(count)} of {grouped(points)} {of}) · {abs(found.days):.1f} days", offset_text(found)]
    if quality is not None and not isinstance(quality.static_terrain, str):
        still = quality.static_terrain
        lines.append(
            f"Left on it: δu {number(still.du.value)}, δv {number(still.dv.value)}, "
            f"bias {signed(still.bias_u.value, 0)}, {signed(still.bias_v.value, 0)} {found.unit}"
        )
    if report is not None and (closed := [c.p90_px for c in report.closure if c.p90_px is not None]):
        triplets = f"{len(closed)} triplet{'s' * (len(closed) != 1)}"
        lines.append(f"Closure of {triplets}: nine in ten points within {float(np.median(closed)):.2f} px")
    return "<br>".join(lines)


def offset_text(found: VelocityMap) -> str:
    """Sentence on the apparent motion of stable ground, and whether it is removed."""
    offset = found.offset
    if offset is None:
        return "No stable ground: how far the scenes are shifted is not known"
    source = "given" if offset.source == "mask" else "found"
    size = f"{signed(offset.drow)}, {signed(offset.dcol)} px (row, col)"
    return f"Stable ground {source}: {size}, {'removed' if found.offset_removed else 'not removed'}"


def signed_speed(difference: float, error: float) -> str:
    """A difference of speeds with its sign: ``+3 ± 9 m/yr``."""
    text = speed_text(abs(difference), error, "m/yr")
    return ("−" if difference < 0 else "+") + text
