"""The panels of the report figure, one function each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_icenet.common.text import signed
from napari_icenet.matching.acceptance import NO_PIXELS
from napari_icenet.matching.lost_reason import REASONS, LostReason, reason_code
from napari_icenet.velocity.quality.closure import Closure
from napari_icenet.velocity.quality.density import static_density
from napari_icenet.velocity.quality.figure_style import (
    ACCENT,
    BACKGROUND,
    DENSITY_STOPS,
    DIFFERENCE_STOPS,
    LINE,
    MISFIT_STOPS,
    NCC_STOPS,
    QUIET,
    REASON_COLOURS,
    SPEED_MAP,
    STABLE,
    TEXT,
    VALID,
    WARN,
    MapPlane,
    bar,
    colour_map,
    dress,
    empty,
    legend,
)
from napari_icenet.velocity.quality.report import MapQuality, QualityReport, StaticTerrain
from napari_icenet.velocity.quality.strain import strain_rates
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Arrows along the longer side of the speed map.
ARROWS = 18


def speed(figure: Figure, axes: Axes, velocity_map: VelocityMap) -> None:
    """Speed, with sparse arrows of where the ice goes."""
    plane, valid = MapPlane(velocity_map), velocity_map.valid
    _ground(axes, plane, velocity_map)
    values = np.where(valid, velocity_map.v, np.nan)
    top = float(np.nanpercentile(values, 99.5)) if valid.any() else 1.0
    image = plane.show(axes, values, cmap=SPEED_MAP, vmin=0, vmax=top or 1.0)
    _arrows(axes, plane, velocity_map, top)
    removed = "less the offset of stable ground" if velocity_map.offset_removed else "as measured"
    plane.ticks(axes)
    dress(axes, "Speed", note=f"{removed}; arrows show displacement")
    bar(
        figure,
        image,
        axes,
        f"speed, {velocity_map.unit}",
        extend="max" if np.nanmax(values, initial=0) > top else "neither",
    )


def _ground(axes: Axes, plane: MapPlane, velocity_map: VelocityMap) -> None:
    """Points that failed and points without pixels, told apart behind a map."""
    from matplotlib.colors import ListedColormap

    nothing = np.isin(velocity_map.reason, [reason_code(r) for r in NO_PIXELS])
    plane.show(axes, nothing.astype(float), cmap=ListedColormap(["#3A4048", BACKGROUND]), vmin=0, vmax=1)


def _arrows(axes: Axes, plane: MapPlane, velocity_map: VelocityMap, top: float) -> None:
    step = max(round(max(velocity_map.shape) / ARROWS), 1)
    part = (slice(step // 2, None, step), slice(step // 2, None, step))
    drow, dcol = (d[part].astype(float) for d in velocity_map.moved)
    good = velocity_map.valid[part] & (velocity_map.v[part] > 0.1 * top)
    if not good.any():
        return
    x, y = plane.centres()
    x, y = np.meshgrid(x[part[1]], y[part[0]])
    longest = float(np.percentile(np.hypot(drow, dcol)[good], 98)) or 1.0
    length = 1.4 * step * (abs(plane.extent[1] - plane.extent[0]) / plane.shape[1])
    up = -1.0 if plane.in_km else 1.0
    axes.quiver(
        x[good], y[good], dcol[good] / longest * length, up * drow[good] / longest * length,
        angles="xy", scale_units="xy", scale=1, color="white", width=0.0032, headwidth=4.2, headlength=4.5,
        headaxislength=4, alpha=0.9, edgecolor="#00000090", linewidth=0.4,
    )  # fmt: skip


def validity(axes: Axes, velocity_map: VelocityMap, quality: MapQuality) -> None:
    """Panel of valid points, and of the reasons why others are not."""
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    plane = MapPlane(velocity_map)
    colours = [VALID, *(REASON_COLOURS[r] for r in LostReason)]
    norm = BoundaryNorm(np.arange(len(colours) + 1) - 0.5, len(colours))
    plane.show(axes, velocity_map.reason, cmap=ListedColormap(colours), norm=norm)
    if velocity_map.stable is not None and velocity_map.stable.any() and not velocity_map.stable.all():
        x, y = plane.centres()
        axes.contour(x, y, velocity_map.stable, levels=[0.5], colors=[STABLE], linewidths=0.9)
    share = (
        "no points"
        if quality.valid_share is None
        else f"{100 * quality.valid_share:.1f} % of {quality.points:,} points"
    )
    dress(axes, "Valid", note=share.replace(",", "\u2009"))
    patches = [Patch(color=VALID, label=f"valid  {_grouped(quality.valid)}")]
    patches += [
        Patch(facecolor=REASON_COLOURS[r], edgecolor=LINE, label=f"{r.value}  {_grouped(quality.invalid[r.value])}")
        for r in REASONS
        if r is not None and r.value in quality.invalid
    ]
    if velocity_map.stable is not None and velocity_map.stable.any():
        patches.append(Patch(facecolor="none", edgecolor=STABLE, label="stable ground"))
    legend(
        axes, handles=patches, loc="upper left", bbox_to_anchor=(-0.02, -0.015), borderaxespad=0, handlelength=1.0,
        ncols=3, columnspacing=1.0, handletextpad=0.5,
    )  # fmt: skip


def correlation(axes: Axes, second: Axes, velocity_map: VelocityMap, quality: MapQuality) -> None:
    """Distributions of the correlation and of the peak ratio over valid points."""
    valid = velocity_map.valid
    for panel, values, spread, name in (
        (axes, velocity_map.ncc[valid], quality.ncc, "NCC"),
        (second, velocity_map.peak_ratio[valid], quality.peak_ratio, "peak ratio"),
    ):
        known = values[np.isfinite(values)]
        if spread is None or not known.size:
            empty(panel, name, "There is no valid match.")
            continue
        end = 1.0 if name == "NCC" else max(float(np.percentile(known, 99.5)), 1.5)
        start = min(0.0, float(known.min())) if name == "NCC" else 1.0
        edges = np.linspace(start, end, 41)
        counts, _ = np.histogram(known, edges)
        middle = (edges[1:] + edges[:-1]) / 2
        shades = colour_map(NCC_STOPS, "ncc")((middle + 1) / 2) if name == "NCC" else STABLE
        panel.bar(middle, 100 * counts / known.size, width=np.diff(edges), color=shades, linewidth=0)
        panel.axvline(spread.median, color=TEXT, linewidth=1)
        panel.set(xlim=(start, end), xlabel=f"{name} of valid matches", ylabel="% of points")
        dress(panel, "Correlation" if name == "NCC" else "Peak ratio", note=f"median {spread.median:.2f}")


def static_ground(axes: Axes, velocity_map: VelocityMap, quality: MapQuality) -> None:
    """Density of displacements on stable ground, with its half-widths and peak."""
    from matplotlib.patches import Rectangle

    found, density = quality.static_terrain, static_density(velocity_map)
    if isinstance(found, str) or density is None:
        empty(axes, "Static terrain", found if isinstance(found, str) else "")
        return
    (bu, bv), (du, dv) = density.peak, density.half_width
    reach = 2.2 * max(du, dv)
    extent = (density.x[0], density.x[-1], density.y[0], density.y[-1])
    shades = colour_map(DENSITY_STOPS, "density")
    axes.imshow(density.values, extent=extent, origin="lower", cmap=shades, aspect="equal", interpolation="bilinear")
    axes.add_patch(Rectangle((bu - du, bv - dv), 2 * du, 2 * dv, fill=False, edgecolor=ACCENT, linewidth=1.2))
    axes.plot(bu, bv, "+", color=ACCENT, markersize=8, markeredgewidth=1.4)
    axes.axhline(0, color=QUIET, linewidth=0.6)
    axes.axvline(0, color=QUIET, linewidth=0.6)
    far = max(reach, 1.15 * abs(bu), 1.15 * abs(bv))
    x_middle, y_middle = (0.0, 0.0) if far > reach else (bu, bv)
    axes.set(xlim=(x_middle - far, x_middle + far), ylim=(y_middle + far, y_middle - far))
    axes.set(xlabel="along columns, px", ylabel="down rows, px", anchor="NW")
    box = {"facecolor": BACKGROUND, "edgecolor": "none", "alpha": 0.7, "pad": 3}
    words = _terrain_words(found, velocity_map.unit)
    axes.text(0.03, 0.97, words, color=TEXT, fontsize=8.5, va="top", transform=axes.transAxes, bbox=box)
    source = "mask" if found.source == "mask" else "slow mode"
    dress(axes, "Static terrain", note=f"{_grouped(found.points)} points, {source}")


def _terrain_words(found: StaticTerrain, unit: str) -> str:
    def one(symbol: str, px: float, velocity: float) -> str:
        return f"{symbol} {px:.2f} px   {rounded(velocity)} {unit}"

    return "\n".join(
        (
            one("δu", found.du_px.value, found.du.value),
            one("δv", found.dv_px.value, found.dv.value),
            f"bias {signed(found.bias_u_px.value)}, {signed(found.bias_v_px.value)} px",
        )
    )


def strain(figure: Figure, axes: Axes, velocity_map: VelocityMap, quality: MapQuality) -> None:
    """Shear rate of the flowing ice, as smooth as its matches are good."""
    found = quality.strain
    if isinstance(found, str):
        empty(axes, "Strain rate along the flow", found)
        return
    rates, plane = strain_rates(velocity_map), MapPlane(velocity_map)
    limit = float(np.nanpercentile(np.abs(rates.shear), 98)) or 1.0
    image = plane.show(axes, rates.shear, cmap=colour_map(DIFFERENCE_STOPS, "difference"), vmin=-limit, vmax=limit)
    words = f"δx′x′ {rounded(found.along.value)}   δx′y′ {rounded(found.shear.value)} {found.unit}"
    dress(axes, "Shear rate along the flow", note=words)
    bar(figure, image, axes, f"shear rate x′y′, {rates.unit}", extend="both")


def misfit(figure: Figure, axes: Axes, velocity_map: VelocityMap, found: Closure, report: QualityReport) -> None:
    """Closure of a triangle of dates."""
    numbers = next(c for c in report.closure if c.labels == found.labels)
    plane = MapPlane(velocity_map)
    if numbers.p90_px is None or numbers.median_px is None:
        empty(axes, "Closure", "No point has a vector in all three maps.")
        return
    top = max(2 * numbers.p90_px, 0.05)
    image = plane.show(axes, found.length, cmap=colour_map(MISFIT_STOPS, "misfit"), vmin=0, vmax=top)
    words = f"median {numbers.median_px:.3f}, p90 {numbers.p90_px:.3f} px; " + " → ".join(t[5:] for t in found.labels)
    dress(axes, "Closure", note=words)
    bar(figure, image, axes, "misfit, px", extend="max")


def error(figure: Figure, axes: Axes, velocity_map: VelocityMap, note: str) -> None:
    """One-sigma error of the speed, where there is no closure to show."""
    plane = MapPlane(velocity_map)
    values = np.where(velocity_map.valid, velocity_map.v_error, np.nan)
    known = values[np.isfinite(values)]
    if not known.size:
        empty(axes, "Error of the speed", "There is no valid match.")
        return
    top = float(np.percentile(known, 98)) or 1.0
    image = plane.show(axes, values, cmap=colour_map(MISFIT_STOPS, "misfit"), vmin=0, vmax=top)
    dress(axes, "Error of the speed", note=note)
    bar(figure, image, axes, f"one sigma, {velocity_map.unit}", extend="max")


def pairs(axes: Axes, reports: Sequence[MapQuality]) -> None:
    """Static terrain or formal error of every pair, in order of the days between its dates."""
    ordered = sorted(reports, key=lambda q: abs(q.days))
    days = [abs(q.days) for q in ordered]
    drawn = [
        (d, q.static_terrain) for d, q in zip(days, ordered, strict=True) if isinstance(q.static_terrain, StaticTerrain)
    ]
    formal = [(d, q.formal_error_px.median) for d, q in zip(days, ordered, strict=True) if q.formal_error_px]
    if drawn:
        for name, colour, marker in (("du_px", STABLE, "o"), ("dv_px", ACCENT, "s")):
            values = [getattr(g, name) for _, g in drawn]
            at = [d for d, _ in drawn]
            axes.vlines(at, [v.low for v in values], [v.high for v in values], color=colour, alpha=0.5, linewidth=1)
            axes.plot(at, [v.value for v in values], marker, color=colour, markersize=4, linestyle="none",
                      label="δu" if name == "du_px" else "δv")  # fmt: skip
    if formal:
        axes.plot([d for d, _ in formal], [e for _, e in formal], "D", color=WARN, markersize=3.5, label="formal error")
    axes.set(xlabel="days between the dates", ylabel="px", xlim=(0, None), ylim=(0, 1.15 * axes.get_ylim()[1]))
    dress(axes, "All pairs", note=f"{len(reports)} maps")
    if drawn or formal:
        legend(axes, loc="best", ncols=3)


def rounded(value: float) -> str:
    """A number with two or three digits that count."""
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2g}" if size < 0.01 else f"{value:.2f}" if size >= 1 else f"{value:.3f}"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u2009")
