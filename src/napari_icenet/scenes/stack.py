"""Scenes on one grid: ``(time, band, y, x)``, read lazily by window."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.instant import Instant
from napari_icenet.common.text import percent_text
from napari_icenet.errors import SceneError, SceneWarning, StackError
from napari_icenet.scenes.bands import find_band
from napari_icenet.scenes.dates import date_labels, find_date
from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.origin import Origin
from napari_icenet.scenes.raster.array import scenes_of_array
from napari_icenet.scenes.raster.georeference import checked
from napari_icenet.scenes.scene import BandSource, Covariates, Flag, Notice, Scene, assumed_share

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from napari_icenet.scenes.align.date_shifts import DateShifts

# Frames are read from several threads, and each problem is to be told once.
_telling = Lock()


class SceneStack(Described):
    """Scenes on one grid, oldest first.

    Parameters
    ----------
    scenes : sequence of Scene
        Each on ``grid`` (their bands already windowed or reprojected to it).
    bands : sequence of str
        Names of the bands, in order; a scene that lacks one reads as fill there.
    grid : Grid
        The declared grid.
    name : str
        What the stack is called in lists.
    area : array of bool, (height, width), optional
        Area of interest; None where there is none.
    notices : iterable of Notice
        All that was reported while opening.

    Attributes
    ----------
    origin : Origin or None
        Where it was opened from; None for one that was made in memory.
    covariates : Covariates or None
        Further facts of each date (:func:`napari_icenet.scenes.covariates.give_covariates`); not saved with the stack.
    shifts : DateShifts or None
        Set to what ``measure_shifts`` has found, it corrects tracks and datasets; not saved with the stack.

    Raises
    ------
    StackError
        There is no scene, or the area of interest has another size than the grid.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        bands: Sequence[str],
        grid: Grid,
        *,
        name: str = "stack",
        area: NDArray[np.bool_] | None = None,
        notices: Iterable[Notice] = (),
    ) -> None:
        if not scenes:
            raise StackError(f"{name} holds no scene; name a folder with dated scenes.")
        if area is not None and area.shape != grid.shape:
            raise StackError(f"The area of interest of {name} is {area.shape}, its scenes are {grid.shape} pixels.")
        self.scenes = tuple(sorted(scenes, key=lambda scene: scene.time))
        self.bands = tuple(bands)
        self.grid = grid
        self.name = name
        self.area = area
        self.notices = list(notices)
        self.origin: Origin | None = None
        self.covariates: Covariates | None = None
        self.shifts: DateShifts | None = None
        self._assumption_told = False
        #: Display limits by date and band, kept by :func:`napari_icenet.scenes.statistics.contrast`.
        self.contrasts: dict[tuple[int, str], tuple[float, float]] = {}

    def facts(self) -> dict[str, str]:
        """Facts of a stack; nothing is read for them."""
        times, bands, height, width = self.shape
        noun = "notice" if len(self.notices) == 1 else "notices"
        return {
            "name": self.name,
            "dates": dates_text(self.times, "dates"),
            "shape": f"{times} × {bands} × {height} × {width}",
            "bands": ", ".join(self.bands),
            "CRS": self.grid.crs_name,
            "notices": f"{len(self.notices)} {noun}" if self.notices else "",
            "origin": "simulated" if self.simulated else "",
        }

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(time, band, y, x)."""
        return len(self.scenes), len(self.bands), self.grid.height, self.grid.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type that holds the stored values of every band and date."""
        kinds = {scene.bands[b].dtype for scene in self.scenes for b in self.bands if b in scene.bands}
        return np.result_type(*kinds) if kinds else np.dtype(np.float32)

    @property
    def times(self) -> NDArray[np.datetime64]:
        """Acquisition times, UTC, to the second; shape (time,)."""
        return np.array([scene.time for scene in self.scenes], "datetime64[s]")

    @property
    def days(self) -> NDArray[np.float64]:
        """Days since the first acquisition; shape (time,)."""
        return np.asarray((self.times - self.times[0]) / np.timedelta64(86400, "s"))

    @property
    def labels(self) -> tuple[str, ...]:
        """ISO dates; with the time where scenes share a day, and the id where they share the time."""
        return date_labels(self.scenes)

    @property
    def simulated(self) -> bool:
        """True if any scene comes from a simulator."""
        return any(scene.provenance.simulated for scene in self.scenes)

    def different_geometry(self, first: int, second: int) -> bool:
        """True if two dates are known to be seen from different paths or rows.

        Terrain that the product's elevation model misses then shifts between them (parallax).
        """
        return self.scenes[first].provenance.geometry_differs(self.scenes[second].provenance)

    def band(self, name: str | int) -> str:
        """The band's name in this stack, for a product name (``B4``), a number or an index from 1.

        Raises
        ------
        UsageError
            There is no such band; the message lists those there are.
        """
        return find_band(self.bands, name, self.name, by_place=True)

    def time_index(self, when: Instant | int) -> int:
        """Index of an acquisition, by ISO date (with time if two share a day), label, id, index, or date of any type.

        Raises
        ------
        UsageError
            It is no date; no scene, or more than one, has it.
        """
        return find_date(self.scenes, when, self.name)

    def read_values(self, time: Instant | int, band: str | int, window: Window | None = None) -> NDArray[Any] | None:
        """Stored values of a window inside the frame, in the file's own type.

        Returns
        -------
        array, (window.height, window.width), or None
            None where the scene lacks the band or its file cannot be read any more; the latter is
            reported once.
        """
        time = self.time_index(time)
        source = self.scenes[time].bands.get(self.band(band))
        if source is None:
            return None
        try:
            return source.read(window or self.grid.full_window)
        except SceneError as error:
            self._lost(time, self.band(band), error)
            return None

    def read_stored(
        self, time: Instant | int, band: str | int, window: Window | None = None
    ) -> tuple[NDArray[Any], NDArray[np.bool_]] | None:
        """As :meth:`read_values`, and with them what is fill; both (window.height, window.width)."""
        time, window, name = self.time_index(time), window or self.grid.full_window, self.band(band)
        values = self.read_values(time, name, window)
        if values is None:
            return None
        source = self.scenes[time].bands[name]
        try:
            fill = source.fill(window, values)
            if not self._assumption_told and fill.any():
                self._tell_assumption(time, source)
        except SceneError as error:
            self._lost(time, name, error)
            return None
        return values, fill

    def _tell_assumption(self, time: int, source: BandSource) -> None:
        """Tell, once for all dates, that zeros are taken for missing."""
        share = assumed_share(source)
        if not share:
            return
        with _telling:
            told, self._assumption_told = self._assumption_told, True
        if not told:
            self.warn(
                f"{self.name} declares no value for missing pixels: connected zeros and the like are taken for missing"
                f", {percent_text(share)} of {self.labels[time]}; declare another nodata value if they are measured."
            )

    def _lost(self, time: int, band: str, error: SceneError) -> None:
        message = f"{self.labels[time]} {band} cannot be read and counts as missing: {error}"
        self.warn(message, self.scenes[time].id)

    def read(
        self, time: Instant | int, band: str | int, window: Window | None = None, *, reflectance: bool = False
    ) -> NDArray[np.float32]:
        """One band of one date as float32; NaN is fill, and all that lies outside the frame.

        A file that cannot be read any more is all NaN and reported once.

        Parameters
        ----------
        time : int, str, datetime, date or datetime64
            As for :meth:`time_index`.
        band : str or int
            Name or number of the band.
        window : Window, optional
            May reach outside the frame. Default: the whole frame.
        reflectance : bool
            Scale to top-of-atmosphere (Level 1) or surface reflectance (Level 2).

        Returns
        -------
        array of float32, (window.height, window.width)

        Raises
        ------
        StackError
            Reflectance was asked for and the scene's metadata do not give it.
        """
        window = window or self.grid.full_window
        time, name = self.time_index(time), self.band(band)
        scene = self.scenes[time]
        scaling = scene.scaling.get(name)
        if reflectance and scaling is None and name in scene.bands:
            raise StackError(f"{scene.id} carries no reflectance scaling for {name}; use its stored values.")
        inner = window.clipped(self.grid.shape)
        stored = self.read_stored(time, name, inner) if inner.height and inner.width else None
        if stored is None:
            return np.full((window.height, window.width), np.nan, np.float32)
        with np.errstate(over="ignore"):  # beyond float32 lies only what is fill
            pixels = stored[0].astype(np.float32)
        if reflectance and scaling is not None:
            scaling.scale(pixels)
        np.copyto(pixels, np.float32(np.nan), where=stored[1])
        return window.padded(pixels, inner, np.nan)

    def flags(self, time: Instant | int, window: Window | None = None) -> NDArray[np.uint8]:
        """:class:`~napari_icenet.scenes.scene.Flag` bits of one date; outside the frame is fill.

        Returns
        -------
        array of uint8, (window.height, window.width)
        """
        time, window = self.time_index(time), window or self.grid.full_window
        inner = window.clipped(self.grid.shape)
        first = next((b for b in self.bands if b in self.scenes[time].bands), None)
        stored = self.read_stored(time, first, inner) if first and inner.height and inner.width else None
        if stored is None:
            return np.full((window.height, window.width), np.uint8(Flag.FILL))
        flags = self.mask(time, inner)
        flags |= stored[1] * np.uint8(Flag.FILL)
        return window.padded(flags, inner, np.uint8(Flag.FILL))

    def mask(self, time: int, window: Window) -> NDArray[np.uint8]:
        """Flags of the quality band alone, for a window inside the frame; 0 where there is none."""
        scene = self.scenes[time]
        if scene.mask is not None:
            try:
                return scene.mask.read(window).copy()
            except SceneError as error:
                self.warn(f"The mask of {self.labels[time]} cannot be read and is left out: {error}", scene.id)
        return np.zeros((window.height, window.width), np.uint8)

    def warn(self, message: str, scene: str | None = None) -> None:
        """Report something once: kept in ``notices`` and issued as a :class:`SceneWarning`."""
        notice = Notice(message, scene)
        with _telling:
            if notice in self.notices:
                return
            self.notices.append(notice)
        warnings.warn(message, SceneWarning, stacklevel=2)

    @classmethod
    def from_array(
        cls,
        array: Any,
        times: Sequence[Instant],
        *,
        bands: Sequence[str] | None = None,
        grid: Grid | None = None,
        name: str = "array",
        fill: Any = None,
    ) -> SceneStack:
        """A stack over an array (numpy, or one that is read when sliced: dask, zarr).

        Parameters
        ----------
        array : array or list, (time, y, x) or (time, band, y, x)
        times : sequence of str, datetime, date or datetime64
            One per picture, UTC.
        bands : sequence of str, optional
            Default ``B1``, ``B2`` …
        grid : Grid, optional
            Default: pixels without georeference, as of one that gives no metres (told in ``notices``).
        name : str
        fill : array of bool, (time, y, x) or (y, x), optional
            True where a picture holds no measurement.

        Raises
        ------
        StackError, UsageError
            The dates are not as many as the pictures; array, bands, grid and fill do not fit; a date is none.
        """
        grid, said = (None, None) if grid is None else checked(grid, name)
        found = scenes_of_array(array, times, bands=bands, grid=grid, name=name, fill=fill)
        return cls(*found, name=name, notices=[] if said is None else [Notice(said)])

    def to_xarray(self, *, reflectance: bool = False) -> xr.DataArray:
        """The stack as a lazy CF array with dates and coordinate system; NaN is missing.

        Parameters
        ----------
        reflectance : bool
            Scaled to reflectance, as by :meth:`read`; default: stored values.

        Returns
        -------
        xarray.DataArray of float32, (time, band, y, x)
            (row, col) without a map. Pictures are read, a band and date at a time, when they are asked for.
        """
        from napari_icenet.scenes.data_array import data_array

        def picture(time: int, band: str) -> NDArray[np.float32]:
            return self.read(time, band, reflectance=reflectance)

        said = {"long_name": "reflectance" if reflectance else "stored value", "units": "1"}
        said |= {"simulated": "yes" if self.simulated else "no"} | self.grid.attributes
        ids = [scene.id for scene in self.scenes]
        return data_array(picture, self.times, self.bands, self.grid, name=self.name, scenes=ids, attributes=said)

    def plot(self, time: Instant | int = 0, band: str | int = 1, *, ax: Axes | None = None) -> Axes:
        """Draw one band of one date in grey, from its 1st to its 99th percentile.

        Parameters
        ----------
        time : str, datetime, date, datetime64 or int
            As for :meth:`time_index`.
        band : str or int
        ax : Axes, optional
            Default: new ones.

        Raises
        ------
        UsageError
            There is no such date or band.
        """
        from napari_icenet.scenes.plot import draw_grey

        index, name = self.time_index(time), self.band(band)
        title = f"{self.name} · {name} · {self.labels[index]}"
        return draw_grey(self.read(index, name), self.grid, title=title, ax=ax)

    @classmethod
    def from_xarray(cls, array: xr.DataArray) -> SceneStack:
        """A stack over an xarray array, which is read when it is asked for.

        Parameters
        ----------
        array : xarray.DataArray, (time, band, y, x) or (time, y, x)
            With dates as ``time``; on a map with ``x, y`` (or ``lat, lon``) and a grid mapping or ``attrs["crs"]``.
            NaN is missing, and what ``attrs["_FillValue"]`` or ``attrs["nodata"]`` says.

        Raises StackError: other axes, no dates, no numbers, or coordinates that are no regular grid.
        """
        from napari_icenet.scenes.data_array import pictures_of

        parts = pictures_of(array)._asdict()
        said = parts.pop("said")
        made = cls.from_array(parts.pop("values"), **parts)
        if said is not None:
            made.warn(said)
        return made
