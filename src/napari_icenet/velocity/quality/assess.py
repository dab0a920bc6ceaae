"""Quality report of velocity maps, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.atomic_io import write_whole
from napari_icenet.common.software import software
from napari_icenet.errors import UsageError
from napari_icenet.matching.acceptance import NO_PIXELS
from napari_icenet.matching.lost_reason import REASONS
from napari_icenet.velocity.quality.closure import Closure, closure, triplets
from napari_icenet.velocity.quality.density import Density, per_pixel, static_density
from napari_icenet.velocity.quality.report import (
    ClosureQuality,
    MapQuality,
    OffsetQuality,
    QualityReport,
    Spread,
    StaticTerrain,
    StrainVariability,
    Value,
)
from napari_icenet.velocity.quality.strain import strain_density, strain_rates
from napari_icenet.velocity.stable_ground.coregistration import offset_error, residual
from napari_icenet.velocity.velocity_map import VelocityMap, several_maps

#: Reasons that say a point has no pixels to match, not that its match failed.


def quality_report(maps: Sequence[VelocityMap] | VelocityMap) -> QualityReport:
    """Judge maps, each for itself and, where three dates close, against each other.

    Parameters
    ----------
    maps : sequence of VelocityMap, or one

    Raises
    ------
    UsageError
        There is no map.
    """
    maps = several_maps(maps)
    if not maps:
        raise UsageError("There is no velocity map to judge; map a pair of dates first.")
    judged = tuple(judge(one) for one in maps)
    closures = tuple(judge_closure(closure(*three)) for three in triplets(maps))
    shares = [one.valid_share for one in judged if one.valid_share is not None]
    return QualityReport(
        software=software(),
        simulated=any(one.simulated for one in maps),
        maps=judged,
        closure=closures,
        closure_note=None if closures else _no_closure(maps),
        valid_share=float(np.median(shares)) if shares else None,
    )


def judge(velocity_map: VelocityMap) -> MapQuality:
    """The quality of one map."""
    valid = velocity_map.valid
    codes = np.bincount(velocity_map.reason.ravel(), minlength=len(REASONS))
    counts = {r.value: int(n) for r, n in zip(REASONS, codes, strict=False) if r is not None and n}
    points = valid.size - sum(counts.get(reason.value, 0) for reason in NO_PIXELS)
    error = np.hypot(velocity_map.error_row, velocity_map.error_col)[valid] / np.sqrt(2)
    first, second = velocity_map.times
    return MapQuality(
        labels=velocity_map.labels,
        scenes=velocity_map.scenes,
        times=(f"{first.astype('datetime64[s]')}Z", f"{second.astype('datetime64[s]')}Z"),
        days=velocity_map.days,
        unit=velocity_map.unit,
        settings=velocity_map.settings.model_dump(mode="json"),
        radius_px=velocity_map.radius,
        device=velocity_map.device,
        notes=velocity_map.notes,
        cells=valid.size,
        points=points,
        valid=int(valid.sum()),
        valid_share=int(valid.sum()) / points if points else None,
        invalid=counts,
        chip_px={str(side): int((velocity_map.chip_size[valid] == side).sum()) for side in
                 np.unique(velocity_map.chip_size[valid])},
        ncc=_spread(velocity_map.ncc[valid]),
        peak_ratio=_spread(velocity_map.peak_ratio[valid]),
        formal_error_px=_spread(error),
        speed=_spread(velocity_map.v[valid]),
        speed_error=_spread(velocity_map.v_error[valid]),
        offset=_offset(velocity_map),
        static_terrain=_static_terrain(velocity_map),
        strain=_strain(velocity_map),
    )  # fmt: skip


def judge_closure(found: Closure) -> ClosureQuality:
    """Numbers of one triangle of dates."""
    length = found.length[np.isfinite(found.length)].astype(float)
    shift = [d[np.isfinite(d)].astype(float) for d in (found.drow, found.dcol)]
    some = length.size > 0
    return ClosureQuality(
        labels=found.labels,
        points=length.size,
        share=length.size / found.comparable if found.comparable else None,
        median_px=float(np.median(length)) if some else None,
        p90_px=float(np.percentile(length, 90)) if some else None,
        rms_px=float(np.sqrt(np.mean(length**2))) if some else None,
        bias_px=(float(np.median(shift[0])), float(np.median(shift[1]))) if some else None,
    )


def write_report(report: QualityReport, path: str | Path) -> None:
    """Write a report as JSON, whole or not at all.

    Raises
    ------
    UsageError
        The name does not end in .json.
    TrackingError
        The file cannot be written.
    """
    text = report.model_dump_json(indent=1) + "\n"

    def write(beside: Path) -> None:
        beside.write_text(text, encoding="utf-8")

    write_whole(path, {".json": write}, "quality reports")


def is_report(path: Path) -> bool:
    """Whether a file is empty, or one that :func:`write_report` has written."""
    try:
        text = path.read_text(encoding="utf-8")
        return not text or QualityReport.model_validate_json(text) is not None
    except (OSError, ValueError):
        return False


def _no_closure(maps: Sequence[VelocityMap]) -> str:
    dates = {time for one in maps for time in one.times}
    if len(dates) < 3:
        return "Closure needs three dates."
    return (
        "Closure needs, for three dates, the maps of all three pairs, and here no triangle of dates is complete; "
        "map all pairs."
    )


def _spread(values: NDArray[np.floating]) -> Spread | None:
    known = np.asarray(values[np.isfinite(values)], float)
    if not known.size:
        return None
    low, middle, high = (float(v) for v in np.percentile(known, (10, 50, 90)))
    return Spread(p10=low, median=middle, p90=high)


def _offset(velocity_map: VelocityMap) -> OffsetQuality | None:
    offset = velocity_map.offset
    if offset is None:
        return None
    error, left = offset_error(velocity_map), residual(velocity_map)
    if np.isnan(error).any():
        return None
    return OffsetQuality(
        source=offset.source,
        points=offset.count,
        drow_px=_with_range(offset.drow, error[0]),
        dcol_px=_with_range(offset.dcol, error[1]),
        spread_px=(offset.spread_row, offset.spread_col),
        removed=velocity_map.offset_removed,
        left_px=None if left is None or np.isnan(left.drow) else (left.drow, left.dcol),
        rms_px=None if left is None else left.rms,
    )


def _with_range(value: float, error: float) -> Value:
    return Value(value=value, low=value - 1.96 * error, high=value + 1.96 * error)


def _measured(value: float, interval: tuple[float, float], factor: float = 1.0) -> Value:
    return Value(value=value * factor, low=interval[0] * factor, high=interval[1] * factor)


def _static_terrain(velocity_map: VelocityMap) -> StaticTerrain | str:
    if velocity_map.stable is None:
        return "No stable ground is known; give a mask."
    density = static_density(velocity_map)
    if density is None:
        points = int((velocity_map.stable & velocity_map.valid).sum())
        return f"Only {points} points lie on stable ground; give a larger mask."
    scale = per_pixel(velocity_map)

    def both(factors: tuple[float, float]) -> tuple[Value, Value, Value, Value]:
        return (
            _measured(density.half_width[0], density.half_width_range[0], abs(factors[0])),
            _measured(density.half_width[1], density.half_width_range[1], abs(factors[1])),
            _turned(density, 0, factors[0]),
            _turned(density, 1, factors[1]),
        )

    du_px, dv_px, bias_u_px, bias_v_px = both((1.0, 1.0))
    du, dv, bias_u, bias_v = both(scale)
    source = "mask" if velocity_map.offset is None else velocity_map.offset.source
    return StaticTerrain(
        points=density.count,
        source=source,
        du_px=du_px,
        dv_px=dv_px,
        bias_u_px=bias_u_px,
        bias_v_px=bias_v_px,
        du=du,
        dv=dv,
        bias_u=bias_u,
        bias_v=bias_v,
        outside_share=density.outside,
        bandwidth_px=density.bandwidth,
    )


def _turned(density: Density, axis: int, factor: float) -> Value:
    low, high = sorted(v * factor for v in density.peak_range[axis])
    return Value(value=density.peak[axis] * factor, low=low, high=high)


def _strain(velocity_map: VelocityMap) -> StrainVariability | str:
    rates = strain_rates(velocity_map)
    density = strain_density(velocity_map, rates)
    if density is None:
        return f"Too few of the {int(rates.flowing.sum())} cells that flow have neighbours; map more closely."
    return StrainVariability(
        points=density.count,
        unit=rates.unit,
        along=_measured(density.half_width[0], density.half_width_range[0]),
        shear=_measured(density.half_width[1], density.half_width_range[1]),
        middle_along=density.peak[0],
        middle_shear=density.peak[1],
    )
