"""Scenes on one grid: ``(time, band, y, x)``, read lazily by window."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import SceneWarning, StackError, UsageError
from napari_icenet.scenes.array_band import ArrayBand
from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.scene import Flag, Notice, Provenance, Scene


class SceneStack:
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
        self.scenes = tuple(sorted(scenes, key=lambda scene: scene.time))
        self.bands = tuple(bands)
        self.grid = grid
        self.name = name
        self.area = area
        self.notices = list(notices)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(time, band, y, x)."""
        return len(self.scenes), len(self.bands), self.grid.height, self.grid.width

    @property
    def times(self) -> NDArray[np.datetime64]:
        """Acquisition times, UTC, to the second; shape (time,)."""
        return np.array([scene.time for scene in self.scenes], "datetime64[s]")

    @property
    def days(self) -> NDArray[np.float64]:
        """Days since the first acquisition; shape (time,)."""
        times = self.times
        days: NDArray[np.float64] = (times - times[0]) / np.timedelta64(86400, "s")
        return days

    @property
    def labels(self) -> tuple[str, ...]:
        """ISO dates, with the time where two scenes share a day."""
        days = [scene.time.date() for scene in self.scenes]
        return tuple(
            scene.time.isoformat(timespec="seconds") if days.count(day) > 1 else day.isoformat()
            for scene, day in zip(self.scenes, days, strict=True)
        )

    def band(self, name: str | int) -> str:
        """The band's name in this stack, for a product name (``B4``), a number or an index from 1.

        Raises
        ------
        UsageError
            There is no such band; the message lists those there are.
        """
        text = str(name).strip().upper()
        for candidate in (text, f"B{text}"):
            for band in self.bands:
                if band.upper() == candidate:
                    return band
        if text.isdigit() and 1 <= int(text) <= len(self.bands):
            return self.bands[int(text) - 1]
        raise UsageError(f"{self.name} has no band {name}; it has {', '.join(self.bands)}.")

    def time_index(self, when: str | datetime | int) -> int:
        """Index of an acquisition, by ISO date (``2020-01-31``, with time if two share a day) or index.

        Raises
        ------
        UsageError
            No scene, or more than one, has this date.
        """
        if isinstance(when, int):
            if not -len(self.scenes) <= when < len(self.scenes):
                raise UsageError(f"{self.name} has {len(self.scenes)} dates; there is no number {when}.")
            return when % len(self.scenes)
        text = when.isoformat(timespec="seconds") if isinstance(when, datetime) else when.strip()
        found = [i for i, scene in enumerate(self.scenes) if scene.time.isoformat(timespec="seconds").startswith(text)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                f"{self.name} has {len(found)} scenes on {text}; give the time too, as in {self.labels[found[0]]}."
            )
        raise UsageError(f"{self.name} has no scene of {text}; its dates are {', '.join(self.labels)}.")

    def read(
        self, time: int, band: str | int, window: Window | None = None, *, reflectance: bool = False
    ) -> NDArray[np.float32]:
        """One band of one date as float32; NaN is fill, and all that lies outside the frame.

        Parameters
        ----------
        time : int
            Index of the date.
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
        scene, name = self.scenes[time], self.band(band)
        out = np.full((window.height, window.width), np.nan, np.float32)
        source = scene.bands.get(name)
        inner = window.clipped(self.grid.shape)
        if source is None or inner.height == 0 or inner.width == 0:
            return out
        stored = source.read(inner)
        fill = source.fill(inner, stored)
        values = stored.astype(np.float32)
        if reflectance:
            scaling = scene.scaling.get(name)
            if scaling is None:
                raise StackError(f"{scene.id} carries no reflectance scaling for {name}; use its stored values.")
            values = (values * scaling.gain + scaling.offset) / np.float32(scaling.divisor)
        values[fill] = np.nan
        out[inner.shifted(-window.row, -window.col).slices] = values
        return out

    def flags(self, time: int, window: Window | None = None) -> NDArray[np.uint8]:
        """:class:`~napari_icenet.scenes.scene.Flag` bits of one date; outside the frame is fill.

        Returns
        -------
        array of uint8, (window.height, window.width)
        """
        window = window or self.grid.full_window
        scene = self.scenes[time]
        out = np.full((window.height, window.width), Flag.FILL, np.uint8)
        inner = window.clipped(self.grid.shape)
        if inner.height == 0 or inner.width == 0:
            return out
        flags = np.zeros((inner.height, inner.width), np.uint8) if scene.mask is None else scene.mask.read(inner).copy()
        first = next((scene.bands[b] for b in self.bands if b in scene.bands), None)
        flags[np.ones(flags.shape, bool) if first is None else first.fill(inner)] |= Flag.FILL
        out[inner.shifted(-window.row, -window.col).slices] = flags
        return out

    def warn(self, message: str, scene: str | None = None) -> None:
        """Report something once: kept in ``notices`` and issued as a :class:`SceneWarning`."""
        notice = Notice(message, scene)
        if notice not in self.notices:
            self.notices.append(notice)
            warnings.warn(message, SceneWarning, stacklevel=2)

    @classmethod
    def from_array(
        cls,
        array: Any,
        times: Sequence[datetime],
        *,
        bands: Sequence[str] | None = None,
        grid: Grid | None = None,
        name: str = "array",
        fill: Any = None,
    ) -> SceneStack:
        """A stack over pictures in memory (numpy, dask or anything sliced alike).

        Parameters
        ----------
        array : array, (time, y, x) or (time, band, y, x)
        times : sequence of datetime
            One per picture, UTC.
        bands : sequence of str, optional
            Default ``B1``, ``B2`` …
        grid : Grid, optional
            Default: pixels without georeference.
        name : str
        fill : array of bool, (time, y, x), optional
            True where a picture holds no measurement.

        Raises
        ------
        StackError
            The dates are not as many as the pictures, or the array has another number of axes.
        """
        if array.ndim == 3:
            array = array[:, None]
        if array.ndim != 4:
            raise StackError(f"{name} has {array.ndim} axes; a stack needs (time, y, x) or (time, band, y, x).")
        if len(times) != array.shape[0]:
            raise StackError(f"{name} has {array.shape[0]} pictures and {len(times)} dates; give one date for each.")
        names = tuple(bands or (f"B{i + 1}" for i in range(array.shape[1])))
        grid = grid or Grid(array.shape[2], array.shape[3])
        scenes = [
            Scene(
                id=f"{name} {i}",
                time=when,
                grid=grid,
                bands={b: ArrayBand(array[i, j], None if fill is None else fill[i]) for j, b in enumerate(names)},
                time_known=(when.hour, when.minute, when.second) != (0, 0, 0),
                provenance=Provenance(),
            )
            for i, when in enumerate(times)
        ]
        return cls(scenes, names, grid, name=name)


__all__ = ["ArrayBand", "Notice", "SceneStack"]
