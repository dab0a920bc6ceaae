"""Summary of a stack for ``icenet info``; also of scenes that can form no stack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import numpy as np

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.instant import Instant
from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.common.text import percent_text
from napari_icenet.errors import StackError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.pixel_size import metres_per_pixel
from napari_icenet.scenes.scene import Notice, Scene
from napari_icenet.scenes.selection.choice import SceneChoice
from napari_icenet.scenes.selection.given import check_stack
from napari_icenet.scenes.stack import SceneStack

LOOKING_THREADS = 4
#: Opening the files is about so much of the time of a summary.
OPENING_PART = 0.2


class GridSummary(FrozenModel):
    """A grid in numbers.

    Attributes
    ----------
    height, width : int
        Pixels.
    epsg : int or None
        Code of the coordinate system, where it has one.
    name : str or None
        Name of the coordinate system; ``pixel size of 30 m as given`` where a person gave it; None without a map.
    unit : str
        Of pixel size and extent: ``m``, ``degree``, ``px`` …
    pixel_size : (float, float)
        Height and width of a pixel.
    x, y : (float, float) or None
        From and to, along the map's axes.
    latitude, longitude : float or None
        WGS84 degrees of the centre.
    map_scale : float or None
        Map metres per metre on the ground at the centre, which velocities are corrected for.
    """

    height: int
    width: int
    epsg: int | None = None
    name: str | None = None
    unit: str = "px"
    pixel_size: tuple[float, float] = (1.0, 1.0)
    x: tuple[float, float] | None = None
    y: tuple[float, float] | None = None
    latitude: float | None = None
    longitude: float | None = None
    map_scale: float | None = None

    @classmethod
    def of(cls, grid: Grid) -> GridSummary:
        """The summary of a grid."""
        crs = grid.crs
        if crs is None:
            return cls(height=grid.height, width=grid.width)
        corners = np.array([-0.5, grid.height - 0.5]), np.array([-0.5, grid.width - 0.5])
        x, y = (np.concatenate(v) for v in zip(grid.xy(*corners), grid.xy(corners[0], corners[1][::-1]), strict=True))
        row, col = (grid.height - 1) / 2, (grid.width - 1) / 2
        lon, lat = (float(v) for v in grid.lonlat(row, col)) if grid.has_lonlat else (None, None)
        return cls(
            height=grid.height,
            width=grid.width,
            epsg=crs.to_epsg(),
            name=_crs_title(grid),
            unit="degree" if crs.is_geographic else _length_unit(grid),
            pixel_size=grid.pixel_size,
            x=(float(x.min()), float(x.max())),
            y=(float(y.min()), float(y.max())),
            latitude=lat,
            longitude=lon,
            map_scale=grid.map_scale(row, col)[0] if crs.is_projected else None,
        )


class SceneSummary(FrozenModel):
    """One date.

    Attributes
    ----------
    date : str
        As in tables: ISO date, with the time where two scenes share a day.
    time : datetime
        UTC; midnight where only the day is known.
    id : str
    sensor, level, tier : str or None
    path, row : int or None
        Of the worldwide reference system 2, of Landsat 1–3 of the first.
    fill : float
        Share of the frame without measurement, 0–1, from a coarse look.
    cloud : float or None
        Share of the measured pixels that are flagged as cloud; None where there is no mask.
    bands : tuple of str
    grid : GridSummary or None
        The scene's own grid where the scenes form no stack.
    """

    date: str
    time: datetime
    id: str
    sensor: str | None
    level: str | None
    tier: str | None
    path: int | None
    row: int | None
    fill: float
    cloud: float | None
    bands: tuple[str, ...]
    grid: GridSummary | None = None


class StackSummary(Described, FrozenModel):
    """A stack, or the scenes that could form none.

    Attributes
    ----------
    name : str
    shape : tuple of int or None
        (time, band, y, x); None where the scenes form no stack.
    dtype : str
    bands : tuple of str
    grid : GridSummary or None
    scenes : tuple of SceneSummary
    geometries : tuple of str
        Path/row pairs, where there is more than one: terrain shifts between them.
    simulated : bool
    area : float or None
        Share of the frame inside the area of interest.
    no_stack : str or None
        Why the scenes form no stack.
    notices : tuple of str
    """

    name: str
    shape: tuple[int, int, int, int] | None
    dtype: str
    bands: tuple[str, ...]
    grid: GridSummary | None
    scenes: tuple[SceneSummary, ...]
    geometries: tuple[str, ...] = ()
    simulated: bool = False
    area: float | None = None
    no_stack: str | None = None
    notices: tuple[str, ...] = ()

    def facts(self) -> dict[str, str]:
        """Facts of a summary: dates, shape, coordinate system, share of measured pixels."""
        times = sorted(np.datetime64(scene.time.replace(tzinfo=None), "s") for scene in self.scenes)
        system = "no CRS" if self.grid is None or self.grid.name is None else self.grid.name
        code = None if self.grid is None else self.grid.epsg
        return {
            "name": self.name,
            "dates": dates_text(times, "dates"),
            "shape": "no stack" if self.shape is None else " × ".join(str(n) for n in self.shape),
            "CRS": system if code is None else f"EPSG:{code}",
            "valid": f"{percent_text(1 - float(np.mean([scene.fill for scene in self.scenes])))} measured",
            "origin": "simulated" if self.simulated else "",
        }


def describe(
    stack: SceneStack | str | Path,
    *,
    exclude: Instant | Iterable[Instant] = (),
    only: str | Iterable[str] = (),
    pixel_size: float | str | None = None,
    progress: Progress | None = None,
) -> StackSummary:
    """Dates, bands, grid and shares of a stack, or of the scenes under a path.

    Parameters
    ----------
    stack : SceneStack, str or Path
        A path may also hold a single scene, or scenes that share no ground.
    exclude, only, pixel_size : optional
        Of a path, as in :func:`~napari_icenet.scenes.open.open_stack`.
    progress : callable, optional
        Called with a fraction and a text; may raise ``Cancelled``.

    Raises
    ------
    StackError
        The path holds no scene that can be read.
    UsageError
        A choice does not fit what is there.
    """
    if not isinstance(stack, str | Path):
        check_stack(stack)
        if exclude or only or pixel_size is not None:
            raise UsageError("exclude, only and pixel_size choose of a path; open the stack with them instead.")
        return _of_stack(stack, progress)
    from napari_icenet.scenes.open import UnknownScenesError, find_scenes, open_stack, saved_stack_at, stack_of

    choice = SceneChoice.of(exclude, only)
    metres = None if pixel_size is None else metres_per_pixel(pixel_size)

    def opened() -> SceneStack:
        return open_stack(stack, exclude=choice.exclude, only=choice.only, pixel_size=metres)

    if saved_stack_at(Path(stack)):
        return _of_stack(opened(), progress)
    try:
        found = find_scenes(stack, choice=choice, progress=_part(progress, 0.0, OPENING_PART))
    except UnknownScenesError:
        return _of_stack(opened(), progress)
    looking = _part(progress, OPENING_PART, 1.0)
    try:
        return _of_stack(stack_of(found, pixel_size=metres), looking)
    except StackError as error:
        if metres is not None:  # it would be that of no scene
            raise
        return _of_scenes(found.name, found.scenes, found.notices, str(error).split(":\n", 1)[0], looking)


def _part(progress: Progress | None, start: float, stop: float) -> Progress | None:
    """Progress of one of two steps, told as that of the whole."""
    if progress is None:
        return None
    return lambda fraction, text: progress(start + fraction * (stop - start), text)


def _of_stack(stack: SceneStack, progress: Progress | None) -> StackSummary:
    from napari_icenet.scenes.statistics import shares

    scenes: list[SceneSummary] = []
    # Decoding full scenes takes the time, and GDAL leaves the other threads free while it does.
    with ThreadPoolExecutor(LOOKING_THREADS) as pool:
        looks = [pool.submit(shares, stack, i) for i in range(len(stack.scenes))]
        try:
            for scene, label, look in zip(stack.scenes, stack.labels, looks, strict=True):
                if progress:
                    progress(len(scenes) / len(looks), f"Looking at {label}")
                seen = look.result()
                scenes.append(_of_scene(scene, label, seen.fill, seen.cloud))
        finally:
            pool.shutdown(cancel_futures=True)
    seen_from = {scene.provenance.geometry: scene.provenance.path_row for scene in stack.scenes}
    geometries = [seen_from[key] or "" for key in sorted(key for key in seen_from if key is not None)]
    return StackSummary(
        name=stack.name,
        shape=stack.shape,
        dtype=str(stack.dtype),
        bands=stack.bands,
        grid=GridSummary.of(stack.grid),
        scenes=tuple(scenes),
        geometries=tuple(geometries) if len(geometries) > 1 else (),
        simulated=stack.simulated,
        area=None if stack.area is None else float(stack.area.mean()),
        notices=tuple(notice.message for notice in stack.notices),
    )


def _of_scenes(
    name: str, scenes: Sequence[Scene], notices: Sequence[Notice], why: str, progress: Progress | None
) -> StackSummary:
    """Each scene by itself, as a stack of one date."""
    from napari_icenet.scenes.selection.select import choose_bands
    from napari_icenet.scenes.stack import SceneStack

    each = []
    for i, scene in enumerate(scenes):
        if progress:
            progress(i / len(scenes), f"Looking at {scene.id}")
        alone = SceneStack([scene], tuple(scene.bands), scene.grid, name=scene.id)
        one = _of_stack(alone, None)
        each.append(one.scenes[0].model_copy(update={"grid": one.grid}))
    bands, band_notices = choose_bands(scenes, None, name, notices)
    kinds = {band.dtype for scene in scenes for band in scene.bands.values()}
    return StackSummary(
        name=name,
        shape=None,
        dtype=str(np.result_type(*kinds)),
        bands=bands,
        grid=None,
        scenes=tuple(each),
        simulated=any(scene.provenance.simulated for scene in scenes),
        no_stack=why,
        notices=tuple(notice.message for notice in (*notices, *band_notices)),
    )


def _of_scene(scene: Scene, label: str, fill: float, cloud: float | None) -> SceneSummary:
    origin = scene.provenance
    return SceneSummary(
        date=label,
        time=scene.time,
        id=scene.id,
        sensor=origin.sensor,
        level=origin.level,
        tier=origin.tier,
        path=origin.wrs_path,
        row=origin.wrs_row,
        fill=fill,
        cloud=cloud,
        bands=tuple(scene.bands),
    )


#: Names of units that files know by their length alone, m.
_UNITS = {1.0: "m", 0.01: "cm", 0.001: "mm", 1000.0: "km"}


def _length_unit(grid: Grid) -> str:
    factor = grid.ground.metres_per_unit
    assert grid.crs is not None
    unit = str(grid.crs.linear_units)
    return _UNITS.get(factor, f"× {factor:g} m" if unit == "unknown" else unit)


def _crs_title(grid: Grid) -> str:
    from pyproj import CRS

    assert grid.crs is not None
    # Files carry names of their own making; the register's is the one that readers know.
    epsg = grid.crs.to_epsg()
    crs = CRS.from_wkt(grid.crs.to_wkt()) if epsg is None else CRS.from_epsg(epsg)
    return str(crs.name)
