"""The summary of a stack as text that reads well in a shell."""

from __future__ import annotations

from collections.abc import Sequence

from napari_icenet.scenes.summary import GridSummary, SceneSummary, StackSummary

UNKNOWN = "–"


def summary_text(summary: StackSummary) -> str:
    """The whole summary: what it is, its grid, and a row per date."""
    note = " (simulated, not a measurement)" if summary.simulated else ""
    parts = ["\n".join([f"{summary.name}{note}", *_aligned(_head(summary))])]
    if summary.no_stack:
        parts.append(f"No stack: {summary.no_stack[0].lower()}{summary.no_stack[1:].rstrip('.')}.")
    parts.append("\n".join(_table(summary.scenes)))
    return "\n\n".join(parts)


def _head(summary: StackSummary) -> list[tuple[str, str]]:
    scenes = summary.scenes
    first, last = scenes[0].time.date().isoformat(), scenes[-1].time.date().isoformat()
    count = len(scenes)
    rows = [
        ("dates", f"{count}, {first} to {last}" if count > 1 else first),
        ("bands", f"{len(summary.bands)}: {', '.join(summary.bands)} ({summary.dtype})"),
    ]
    if summary.shape:
        rows.append(("shape", " × ".join(str(n) for n in summary.shape) + "  (time, band, y, x)"))
    if summary.grid:
        rows += grid_rows(summary.grid)
    if summary.area is not None:
        rows.append(("area", f"{_percent(summary.area)} of the frame is the area of interest"))
    if summary.geometries:
        rows.append(("path/row", f"{', '.join(summary.geometries)}; terrain shifts between them (parallax)"))
    return rows


def grid_rows(grid: GridSummary) -> list[tuple[str, str]]:
    """A grid as labelled lines."""
    if grid.name is None or grid.x is None or grid.y is None:
        return [("grid", f"{grid.height} × {grid.width} pixels, no map: displacements are in pixels")]
    code = f"EPSG:{grid.epsg}, " if grid.epsg else ""
    height, width = grid.pixel_size
    square = abs(height - width) < 1e-6 * height
    size = f"{height:.6g}" if square else f"{height:.6g} × {width:.6g}"
    rows = [
        ("grid", f"{code}{grid.name}"),
        ("pixel", f"{size} {grid.unit}{'' if square else ' (height × width)'}"),
        ("extent", f"x {_span(grid.x, grid.unit)}, y {_span(grid.y, grid.unit)}"),
    ]
    if grid.latitude is not None and grid.longitude is not None:
        scale = f", map scale {grid.map_scale:.4f}" if grid.map_scale is not None else ""
        rows.append(("centre", f"{place(grid.latitude, grid.longitude)}{scale}"))
    return rows


def place(latitude: float, longitude: float) -> str:
    """Latitude and longitude with their hemispheres."""
    return f"{abs(latitude):.4f}°{'N' if latitude >= 0 else 'S'} {abs(longitude):.4f}°{'E' if longitude >= 0 else 'W'}"


def _span(ends: tuple[float, float], unit: str) -> str:
    if unit == "degree":
        return f"{ends[0]:.5f} to {ends[1]:.5f}"
    return f"{ends[0]:.0f} to {ends[1]:.0f}"


def _table(scenes: Sequence[SceneSummary]) -> list[str]:
    rows = [("date", "sensor", "level", "path/row", "fill", "cloud", "scene")]
    rows += [
        (
            scene.date.removesuffix(f" {scene.id}"),
            scene.sensor or UNKNOWN,
            scene.level or UNKNOWN,
            UNKNOWN if scene.path is None or scene.row is None else f"{scene.path:03}/{scene.row:03}",
            _percent(scene.fill),
            UNKNOWN if scene.cloud is None else _percent(scene.cloud),
            scene.id,
        )
        for scene in scenes
    ]
    own = [scene.grid for scene in scenes]
    # Columns that say nothing on any date are left out.
    shown = [i for i in range(7) if i in (0, 4, 5, 6) or any(row[i] != UNKNOWN for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in shown}
    lines = []
    for n, row in enumerate(rows):
        cells = [row[i].rjust(widths[i]) if i in (4, 5) else row[i].ljust(widths[i]) for i in shown]
        lines.append("  ".join(cells).rstrip())
        grid = own[n - 1] if n else None
        if grid is not None:
            lines += [f"    {line}" for line in _aligned([("size", f"{grid.height} × {grid.width}"), *grid_rows(grid)])]
    return lines


def _aligned(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(label) for label, _ in rows)
    return [f"{label.ljust(width)}  {text}" for label, text in rows]


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "<0.1 %"
    return f"{100 * share:.1f} %" if share < 0.9995 or share == 1 else ">99.9 %"
