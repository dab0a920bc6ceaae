"""Facts of a stack in the words and numbers of the Scenes tab."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from napari_icenet.common.text import grouped
from napari_icenet.gui.session.placement import pixel_in_world
from napari_icenet.scenes.stack import SceneStack


def facts(stack: SceneStack) -> list[str]:
    """Dates, bands, grid and origin, a line each."""
    times, bands, height, width = stack.shape
    first, last = (scene.time.date().isoformat() for scene in (stack.scenes[0], stack.scenes[-1]))
    lines = [f"{count(times, 'date')}, {first} to {last}" if times > 1 else f"1 date, {first}"]
    size = f"{count(bands, 'band')}, {grouped(width)} × {grouped(height)} px"
    grid = stack.grid
    if grid.crs is None:
        lines += [size, "No map coordinates: lengths are in pixels"]
    else:
        pixel_height, pixel_width = pixel_in_world(grid)
        unit = "°" if grid.crs.is_geographic else " m"
        same = abs(pixel_height - pixel_width) < 1e-6 * pixel_width
        pixel = f"{pixel_width:.5g}{unit}" if same else f"{pixel_width:.5g} × {pixel_height:.5g}{unit}"
        lines.append(f"{size} of {pixel}")
        code = grid.crs.to_epsg()
        lines.append(" ".join(part for part in (f"EPSG:{code}" if code else "", crs_name(stack)) if part))
    if stack.simulated:
        lines.append("Simulated: its flow is known exactly")
    sensors = Counter(scene.provenance.sensor for scene in stack.scenes if scene.provenance.sensor)
    if sensors:
        lines.append(", ".join(f"{sensor} ({number})" for sensor, number in sorted(sensors.items())))
    return lines


def crs_name(stack: SceneStack) -> str:
    """The map projection's name."""
    if stack.grid.crs is None:
        return ""
    from pyproj import CRS

    return str(CRS.from_wkt(stack.grid.crs.to_wkt()).name)


def path_row(stack: SceneStack, time: int) -> str:
    """``054/118`` of the worldwide reference system, or a dash."""
    return stack.scenes[time].provenance.path_row or "–"


def unusual_geometry(stack: SceneStack) -> list[bool]:
    """For each date, whether it is seen from another path or row than most."""
    seen: Sequence[str] = [path_row(stack, time) for time in range(len(stack.scenes))]
    commonest = Counter(text for text in seen if text != "–").most_common(1)
    if not commonest:
        return [False] * len(seen)
    reference = seen.index(commonest[0][0])
    return [stack.different_geometry(time, reference) for time in range(len(seen))]


def count(number: int, noun: str) -> str:
    """``1 date``, ``12 dates``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
