"""Files of velocity maps: where they may be written, and which format a name asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_icenet.common.atomic_io import check_destination
from napari_icenet.errors import UsageError
from napari_icenet.matching.acceptance import NO_PIXELS
from napari_icenet.matching.lost_reason import reason_code
from napari_icenet.velocity.velocity_map import VelocityMap, several_maps

if TYPE_CHECKING:
    from napari_icenet.velocity.time_series.series import VelocitySeries

NETCDF = (".nc",)
GEOTIFF = (".tif", ".tiff")
SUFFIXES = (*NETCDF, *GEOTIFF)


def check_output(path: Path, pairs: int = 1) -> None:
    """Make sure that maps can be written to a file, before they are computed.

    Parameters
    ----------
    path : Path
    pairs : int
        How many maps there will be.

    Raises
    ------
    UsageError
        The name ends in no suffix that is known, or its format holds one map only.
    TrackingError
        The folder is missing or closed.
    """
    check_destination(path, SUFFIXES, "velocity maps")
    if path.suffix.lower() in GEOTIFF and pairs > 1:
        raise UsageError(f"{path} can hold one pair, not {pairs}; choose one (--first and --second), or write a .nc.")


def write_maps(
    maps: Sequence[VelocityMap] | VelocityMap, path: str | Path, *, series: VelocitySeries | None = None
) -> None:
    """Write maps as NetCDF (``.nc``) or as a Cloud-Optimised GeoTIFF (``.tif``), by the name's suffix.

    Parameters
    ----------
    maps : sequence of VelocityMap, or one
        On one grid; a GeoTIFF holds one.
    path : path
        Replaced if it is there; whole or absent.
    series : VelocitySeries, optional
        The time series inverted from the maps; NetCDF only.

    Raises
    ------
    UsageError
        Another suffix, or more than the format holds.
    TrackingError
        The file cannot be written.
    """
    from napari_icenet.velocity.io.geotiff import write_geotiff
    from napari_icenet.velocity.io.netcdf import write_netcdf

    if isinstance(maps, str | Path):
        raise UsageError("The maps come first, then the path; write icenet.write_maps(maps, path).")
    maps, path = several_maps(maps), Path(path)
    if not maps:
        raise UsageError(f"There is no velocity map to write to {path}; map a pair of dates first.")
    check_output(path, len(maps))
    if series is not None and path.suffix.lower() not in NETCDF:
        raise UsageError(f"{path} holds no time series; write a .nc, or leave series out.")
    if path.suffix.lower() in NETCDF:
        write_netcdf(maps, path, series=series)
    else:
        write_geotiff(maps[0], path)


def summary(maps: Sequence[VelocityMap] | VelocityMap) -> str:
    """Summary of maps in two lines: valid share and median speed, offset of stable ground.

    The share is that of the quality report: points outside the pictures' pixels do not count.
    """
    blank = [reason_code(reason) for reason in NO_PIXELS]
    maps = [maps] if isinstance(maps, VelocityMap) else maps
    points = sum(int((~np.isin(m.reason, blank)).sum()) for m in maps)
    valid = sum(int(m.valid.sum()) for m in maps)
    share = f" ({100 * valid / points:.1f} %)" if points else ""
    speeds = np.concatenate([m.v[m.valid] for m in maps])
    first = maps[0]
    pair = f"{first.labels[0]} → {first.labels[1]}" if len(maps) == 1 else f"{len(maps)} pairs"
    speed = f", median speed {float(np.median(speeds)):.4g} {first.unit}" if len(speeds) else ""
    return f"{pair}: {valid} of {points} points with pixels are valid{share}{speed}\n{_stable_ground(maps)}"


def _stable_ground(maps: Sequence[VelocityMap]) -> str:
    offsets = [m.offset for m in maps if m.offset is not None]
    if not offsets:
        return "stable ground: none given or found, nothing removed"
    removed = sum(m.offset_removed for m in maps)
    if len(maps) > 1:
        middle = float(np.median([np.hypot(o.drow, o.dcol) for o in offsets]))
        return (
            f"stable ground: measured in {len(offsets)} of {len(maps)} pairs, median offset {middle:.3f} px; "
            f"removed from {removed}"
        )
    (offset,) = offsets
    return (
        f"stable ground ({offset.source}, {offset.count} points): {offset.drow:+.3f} px down, {offset.dcol:+.3f} px "
        f"right, spread {offset.spread_row:.3f}, {offset.spread_col:.3f} px; {'removed' if removed else 'not removed'}"
    )
