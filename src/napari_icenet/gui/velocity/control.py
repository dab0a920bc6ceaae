"""Joins a window to its velocity maps: requests in, layers and signals out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_icenet.common.text import capital
from napari_icenet.errors import IceNetError, TrackingError
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.velocity.dates import map_at, pair_of
from napari_icenet.gui.velocity.layers import VelocityLayers
from napari_icenet.gui.velocity.picture import top_speed
from napari_icenet.gui.velocity.placement import frame_placement
from napari_icenet.gui.velocity.words import sentence_at, title
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.background import Pair, VelocityMapper
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.time_series.series import VelocitySeries
from napari_icenet.velocity.velocity_map import VelocityMap


class VelocityControl(QObject):
    """Velocity maps in one window; each stack keeps its own.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    make_mapper : callable, optional
        Makes the mapper of a stack; default :class:`~napari_icenet.velocity.background.VelocityMapper`.

    Attributes
    ----------
    mapper_changed : Signal()
        Another stack, or none, is mapped.
    maps_changed : Signal()
        There are other maps; they are drawn already.
    shown_changed : Signal()
        Another one of them is shown.
    progressed : Signal(float, str)
    busy_changed : Signal()
    device_changed : Signal()
    message : Signal(str)
        One sentence for the user; empty takes the last one back.
    """

    mapper_changed = Signal()
    maps_changed = Signal()
    shown_changed = Signal()
    progressed = Signal(float, str)
    busy_changed = Signal()
    device_changed = Signal()
    message = Signal(str)

    def __init__(
        self, viewer: Any, session: Session, make_mapper: Callable[[SceneStack], VelocityMapper] = VelocityMapper
    ) -> None:
        super().__init__()
        self.viewer, self.session = viewer, session
        self.mapper: VelocityMapper | None = None
        self.cancelling = False
        self._make_mapper = make_mapper
        self._mappers: dict[SceneStack, VelocityMapper] = {}
        self._take_over()
        self._index = 0
        self._closed = False
        self.layers = VelocityLayers(viewer, session.shown_layers)
        session.stack_changed.connect(self._on_stack)
        session.stacks_changed.connect(self._on_stacks)
        session.time_changed.connect(self._on_time)
        session.readout.add(self._say_at)
        session.readout.add_title(self._title)
        self.layers.changed.connect(session.readout.update)
        self._on_stack(session.stack)

    # What is

    @property
    def maps(self) -> tuple[VelocityMap, ...]:
        """All maps of the shown stack."""
        # While the session changes to another stack, the maps are still those of the former.
        return () if self.mapper is None or self.mapper.stack is not self.session.stack else self._maps

    @property
    def series(self) -> VelocitySeries | None:
        """The time series inverted from the maps, where their pairs are redundant."""
        return self._series if self.maps else None

    @property
    def report(self) -> Any:
        """How good the maps are."""
        return self._report if self.maps else None

    @property
    def index(self) -> int:
        """Which of the maps is shown."""
        return self._index

    @property
    def shown(self) -> VelocityMap | None:
        """The map that is drawn."""
        return self.maps[self._index] if self._index < len(self.maps) else None

    @property
    def busy(self) -> bool:
        """Whether maps are being made."""
        return self.mapper is not None and self.mapper.busy

    def maps_of(self, stack: SceneStack) -> tuple[VelocityMap, ...]:
        """The maps of any open stack."""
        mapper = self._mappers.get(stack)
        return () if mapper is None else tuple(mapper.maps)

    def series_of(self, stack: SceneStack) -> VelocitySeries | None:
        """The time series inverted from the maps of any open stack."""
        mapper = self._mappers.get(stack)
        return None if mapper is None else mapper.series

    # What is done

    def map(
        self,
        pairs: Sequence[Pair],
        settings: VelocitySettings,
        *,
        stable: NDArray[np.bool_] | None = None,
        prior: Path | None = None,
    ) -> None:
        """Ask for maps; the ones there are stay until these are done."""
        if self.mapper is None:
            return
        self.message.emit("")
        self.cancelling = False
        try:
            self.mapper.map(pairs, settings, stable=stable, prior=prior)
        except IceNetError as error:
            self.say(str(error))

    def cancel(self) -> None:
        """Stop mapping; the maps stay as they are."""
        if self.mapper is not None and self.mapper.busy:
            self.cancelling = True
            self.mapper.cancel()
            self.busy_changed.emit()

    def choose(self, index: int) -> None:
        """Show another map, and the date it starts from."""
        if not 0 <= index < len(self.maps):
            return
        self._show(index)
        stack = self.session.stack
        times = None if stack is None else pair_of(stack, self.maps[index])
        if times is not None:
            self.session.time = times[0]

    def take(self, maps: Sequence[VelocityMap], report: Any = None, series: VelocitySeries | None = None) -> None:
        """Show maps read from a file."""
        if self.mapper is None or not maps:
            return
        try:
            for found in maps:
                self._place_of(found)
        except TrackingError as error:
            self.say(str(error))
            return
        self.mapper.take(maps, report, series)

    def say(self, sentence: str) -> None:
        """Tell the user something."""
        self.message.emit(capital(sentence))

    def close(self) -> None:
        """End all threads and let go of the viewer; may be called twice."""
        if self._closed:
            return
        self._closed = True
        if isalive(self):  # type: ignore[no-untyped-call]
            self.blockSignals(True)
        self.session.stack_changed.disconnect(self._on_stack)
        self.session.stacks_changed.disconnect(self._on_stacks)
        self.session.time_changed.disconnect(self._on_time)
        self.session.readout.drop(self._say_at)
        self.session.readout.drop_title(self._title)
        # All are told to stop before one is waited for.
        for mapper in self._mappers.values():
            mapper.cancel()
        self._keep(())
        self.layers.close()

    # Drawing

    def _take_over(self) -> None:
        """Hold what the mapper has: it may have more at any moment, which is not drawn yet."""
        mapper = self.mapper
        self._maps = () if mapper is None else mapper.maps
        self._series = None if mapper is None else mapper.series
        self._report = None if mapper is None else mapper.report
        self._top = top_speed(self._maps)

    def _show(self, index: int) -> None:
        self._index = index
        found = self.shown
        if found is None:
            self.layers.show(None)
        else:
            self.layers.show(found, self._place_of(found), self._top)
        self.session.readout.update()
        self.shown_changed.emit()

    def _place_of(self, found: VelocityMap) -> Placement:
        stack = self.session.stack
        if stack is None:
            raise TrackingError("open the scenes of this map first.")
        return frame_placement(found, stack, Placement.of_choices(self.session.placement(stack, axes=2)))

    def _title(self) -> str:
        found, layer, stack = self.shown, self.layers.layers.get("speed"), self.session.stack
        if found is None or layer is None or stack is None or not layer.visible:
            return ""
        times = pair_of(stack, found)
        dates = f"to {found.labels[1]}" if times is not None and times[0] == self.session.time else title(found)
        return f"speed {dates}, {found.unit}"

    def _say_at(self, row: float, col: float) -> str:
        found = self.shown
        if found is None or self.session.stack is None:
            return ""
        world = self.session.pixel_to_world(row, col)
        at = self._place_of(found).to_pixel(world[..., 0], world[..., 1])
        return sentence_at(found, float(at[0]), float(at[1]))

    # What others say

    def _on_stack(self, stack: SceneStack | None) -> None:
        if self.mapper is not None:
            self.mapper.cancel()
        mapper = self.mapper = None if stack is None else self._mapper_of(stack)
        self.cancelling = False
        self.message.emit("")
        if mapper is not None and not mapper.device:
            mapper.find_device()
        self._take_over()
        self.mapper_changed.emit()
        self._show(self._index_at(self.session.time, 0))
        self.maps_changed.emit()
        self.busy_changed.emit()

    def _on_stacks(self) -> None:
        if self.mapper is not None and self.mapper.stack not in self.session.stacks:
            self.mapper = None
        self._keep(self.session.stacks)

    def _mapper_of(self, stack: SceneStack) -> VelocityMapper:
        if stack not in self._mappers:
            mapper = self._mappers[stack] = self._make_mapper(stack)
            mapper.maps_changed.connect(partial(self._on_maps, mapper))
            mapper.progressed.connect(partial(self._on_progress, mapper))
            mapper.failed.connect(partial(self._on_failure, mapper))
            mapper.busy_changed.connect(partial(self._on_busy, mapper))
            mapper.device_changed.connect(partial(self._on_busy, mapper))
        return self._mappers[stack]

    def _keep(self, stacks: Sequence[SceneStack]) -> None:
        """Close the mappers of all other stacks."""
        for stack in [stack for stack in self._mappers if stack not in stacks]:
            self._mappers.pop(stack).close()

    def _on_time(self, time: int) -> None:
        index = self._index_at(time, self._index)
        if index != self._index and index < len(self.maps):
            self._show(index)

    def _index_at(self, time: int, now: int) -> int:
        stack = self.session.stack
        return 0 if stack is None or not self.maps else map_at(stack, self.maps, time, now)

    @on_main_thread
    def _on_maps(self, mapper: VelocityMapper, _maps: tuple[VelocityMap, ...]) -> None:
        if mapper is self.mapper and not self._closed:
            self._take_over()
            self._show(self._index_at(self.session.time, 0))
            self.maps_changed.emit()

    @on_main_thread
    def _on_progress(self, mapper: VelocityMapper, share: float, text: str) -> None:
        if mapper is self.mapper and not self.cancelling:
            self.progressed.emit(share, text)

    @on_main_thread
    def _on_failure(self, mapper: VelocityMapper, sentence: str) -> None:
        if mapper is self.mapper:
            self.say(sentence)

    @on_main_thread
    def _on_busy(self, mapper: VelocityMapper, _news: bool | str) -> None:
        if mapper is self.mapper:
            if not mapper.busy:
                self.cancelling = False
            self.busy_changed.emit()
            self.device_changed.emit()
