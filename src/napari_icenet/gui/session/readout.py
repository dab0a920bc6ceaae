"""Readout of the shown date and of the pixel under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from napari_icenet.common.text import grouped
from napari_icenet.gui.session.date_axis import frame_at, shows_one_picture
from napari_icenet.gui.session.frame_cache import FrameCache
from napari_icenet.gui.session.frame_sources import MASK_NAMES, labels_of
from napari_icenet.gui.session.layers import StackLayers
from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.stack import SceneStack

SEPARATOR = " · "
#: Says more of a pixel: (row, col) to a short text, or nothing.
Addition = Callable[[float, float], str]


class Shown(Protocol):
    """Part of a session that the readout tells of."""

    viewer: Any
    cache: FrameCache
    stack_changed: Any
    band_changed: Any
    time_changed: Any

    @property
    def stack(self) -> SceneStack | None:
        """The shown stack."""

    @property
    def layers(self) -> StackLayers | None:
        """Its layers."""

    @property
    def time(self) -> int:
        """Index of the shown date."""

    @property
    def unseen(self) -> str:
        """Why no date is seen by itself; empty where one is."""

    def world_to_pixel(self, y: Any, x: Any) -> Any:
        """(row, col) in pixels of the shown stack."""


class Readout:
    """Date over the picture, and the status line.

    Parameters
    ----------
    session : Shown
    """

    def __init__(self, session: Shown) -> None:
        self._session = session
        self._additions: list[Addition] = []
        self._titles: list[Callable[[], str]] = []
        self._saying = ""
        viewer = session.viewer
        # napari writes its own line from a thread of its own; ours comes after it, whichever layer is active.
        viewer.events.status.connect(self._say, position="last")
        session.time_changed.connect(self.update)
        session.stack_changed.connect(self.update)
        session.band_changed.connect(self.update)
        session.cache.loaded.connect(self._frame_loaded)

    def add(self, addition: Addition) -> None:
        """Have more said at the end of the status line."""
        self._additions.append(addition)

    def drop(self, addition: Addition) -> None:
        """Have that no longer said."""
        self._additions.remove(addition)

    def add_title(self, title: Callable[[], str]) -> None:
        """Have more written behind the date over the picture; call :meth:`update` when it changes."""
        self._titles.append(title)

    def drop_title(self, title: Callable[[], str]) -> None:
        """Have that no longer written."""
        self._titles.remove(title)

    def update(self, *_: Any) -> None:
        """Write the date over the picture, and the status line anew."""
        stack = self._session.stack
        overlay = self._session.viewer.canvas.overlays.text
        if stack is None:
            overlay.text, overlay.visible = "", False
            return
        text = stack.labels[self._session.time]
        if self._session.unseen:
            text = self._without_date(stack)
        if stack.simulated:
            text += SEPARATOR + "simulated"
        layers = self._session.layers
        if layers is not None and layers.waiting and not self._session.unseen:
            text += SEPARATOR + "reading …"
        text = SEPARATOR.join([text, *(more for title in self._titles if (more := title()))])
        if not overlay.visible:
            overlay.position, overlay.font_size, overlay.visible = "top_center", 12, True
        overlay.text = text
        self._say()

    def at_cursor(self) -> str:
        """The status line of the pixel under the cursor; empty outside the picture."""
        stack = self._session.stack
        position = self._session.viewer.cursor.position
        if stack is None or len(position) < 2 or not shows_one_picture(self._session.viewer):
            return ""
        row, col = self._session.world_to_pixel(position[-2], position[-1])
        if not (-0.5 <= row < stack.grid.height - 0.5 and -0.5 <= col < stack.grid.width - 0.5):
            return ""
        return self.text(float(row), float(col))

    def text(self, row: float, col: float) -> str:
        """Date, place, value and mask of a pixel in one line."""
        session, stack = self._session, self._session.stack
        if stack is None:
            return ""
        if session.unseen:
            return SEPARATOR.join([self._without_date(stack), *place(stack.grid, row, col)])
        parts = [stack.labels[session.time], *place(stack.grid, row, col), self.value(row, col)]
        parts += [text for addition in self._additions if (text := addition(row, col))]
        return SEPARATOR.join(part for part in parts if part)

    def value(self, row: float, col: float) -> str:
        """Band, value with its unit, and what the mask says."""
        layers, stack, time = self._session.layers, self._session.stack, self._session.time
        if layers is None or stack is None:
            return ""
        pixel = Window(round(row), round(col), 1, 1)
        label = int(labels_of(stack.flags(time, pixel))[0, 0])
        mask = MASK_NAMES[label - 1] if label else ""
        bands = layers.composite_bands if layers.show_composite and layers.composite_bands else (layers.band,)
        values = [describe_value(stack, time, band, pixel, reflectance=layers.reflectance) for band in bands]
        if set(values) == {"fill"}:
            return f"{' '.join(bands)} fill"
        shown = ", ".join(f"{band} {value}" for band, value in zip(bands, values, strict=True))
        if layers.reflectance:
            shown += " reflectance"
        return SEPARATOR.join([shown, mask] if mask else [shown])

    def _without_date(self, stack: SceneStack) -> str:
        """What is seen where it is no single date of the stack."""
        if shows_one_picture(self._session.viewer):
            return f"no date of {stack.name} at frame {frame_at(self._session.viewer)}"
        return f"{stack.labels[0]} to {stack.labels[-1]}"

    def _say(self, event: Any = None) -> None:
        viewer = self._session.viewer
        if self._session.stack is None or not viewer.mouse_over_canvas:
            return
        if event is not None and viewer.status == self._saying:
            return  # our own line: to make it reads the pixel from the file
        text = self.at_cursor()
        if text and viewer.status != text:
            self._saying = text
            viewer.status = text

    def _frame_loaded(self, source: Any, time: int) -> None:
        if source.stack is self._session.stack and time == self._session.time:
            self.update()


def describe_value(stack: SceneStack, time: int, band: str, pixel: Window, *, reflectance: bool = False) -> str:
    """One pixel's value in words: ``0.633``, ``12 345 DN``, or ``fill``."""
    if reflectance and band in stack.scenes[time].scaling:
        value = float(stack.read(time, band, pixel, reflectance=True)[0, 0])
        return "fill" if np.isnan(value) else f"{value:.3f}"
    stored = stack.read_stored(time, band, pixel)
    if stored is None or stored[1][0, 0]:
        return "fill"
    exact = stored[0][0, 0]
    if reflectance:
        return "without scaling"
    return f"{grouped(int(exact))} DN" if stored[0].dtype.kind in "iub" else f"{float(exact):.5g}"


def place(grid: Grid, row: float, col: float) -> list[str]:
    """Map coordinates and latitude, longitude of a pixel position; row and column without a map."""
    if grid.crs is None:
        return [f"row {row:.0f} col {col:.0f}"]
    x, y = (float(v) for v in grid.xy(row, col))
    code = grid.crs.to_epsg()
    name = f" (EPSG:{code})" if code else ""
    if not grid.has_lonlat:
        return [f"x {grouped(x)} y {grouped(y)}{name}"]
    lon, lat = (float(v) for v in grid.lonlat(row, col))
    where = f"{abs(lat):.4f}°{'N' if lat >= 0 else 'S'} {abs(lon):.4f}°{'E' if lon >= 0 else 'W'}"
    if grid.crs.is_geographic:
        return [where + name]
    return [f"x {grouped(x)} y {grouped(y)}{name}", where]
