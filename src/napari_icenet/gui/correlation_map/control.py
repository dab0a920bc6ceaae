"""Joins a window to its correlation maps: requests in, layers and signals out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_icenet.common.text import capital
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps, Histogram
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.gui.correlation_map.layer_kinds import BEST
from napari_icenet.gui.correlation_map.layers import MapLayers
from napari_icenet.gui.correlation_map.words import failure_text, sentence_at, title
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.stack import SceneStack

if TYPE_CHECKING:
    from napari_icenet.evaluation.correlation_map.background import MapTool

#: Growing maps are drawn this often; thumbnails wait until nothing has grown for longer.
DRAW_SECONDS, SETTLE_SECONDS = 0.2, 0.8


class Summary(NamedTuple):
    """Numbers of maps as they stood, of both targets: worked out off the interface's thread."""

    maps: CorrelationMaps
    table: dict[str, Any]
    histograms: dict[int, Histogram]


class MapControl(QObject):
    """Correlation maps in one window; each stack keeps its own.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    make_tool : callable, optional
        Makes the tool; default :class:`~napari_icenet.evaluation.correlation_map.background.MapTool`.

    Attributes
    ----------
    stack_changed : Signal()
        Another stack, or none, is mapped.
    maps_changed : Signal()
        Maps have grown, or there are others; they are drawn already.
    summary_changed : Signal()
        Table and histograms have caught up.
    choice_changed : Signal()
        Another map, or the other target, is shown.
    progressed : Signal(float, str)
    busy_changed : Signal()
    message : Signal(str)
        One sentence for the user; empty takes the last one back.
    tool : MapTool or None
        Makes the maps; before the first request there is none.
    """

    stack_changed = Signal()
    maps_changed = Signal()
    summary_changed = Signal()
    choice_changed = Signal()
    progressed = Signal(float, str)
    busy_changed = Signal()
    message = Signal(str)

    def __init__(self, viewer: Any, session: Session, make_tool: Callable[[], MapTool] | None = None) -> None:
        super().__init__()
        self.viewer, self.session = viewer, session
        self.kind, self.target = "", 2
        self.cancelling = False
        self.summary: Summary | None = None
        self.tool: MapTool | None = None
        self._make_tool = make_tool or _make_tool
        self._mapped: SceneStack | None = None
        self._ready: tuple[SceneStack, PredictorSet] | None = None
        self._maps: dict[SceneStack, CorrelationMaps] = {}
        self._closed = False
        self._worker = LatestWorker("icenet-map-table", lambda _busy: None)
        self.layers = MapLayers(viewer, session.shown_layers)
        self._draw_soon = Throttle(self._draw, seconds=DRAW_SECONDS, every=1)
        self._settle = Throttle(self.layers.settle, seconds=SETTLE_SECONDS, every=10**9)
        self._worker.submit("import", _import_tool)  # the first map need not wait for it
        session.stack_changed.connect(self._on_stack)
        session.stacks_changed.connect(self._on_stacks)
        session.readout.add(self._say_at)
        session.readout.add_title(self._title)
        self.layers.changed.connect(session.readout.update)

    # What is

    @property
    def maps(self) -> CorrelationMaps | None:
        """The maps of the shown stack, as far as they are made."""
        return None if self.session.stack is None else self._maps.get(self.session.stack)

    def maps_of(self, stack: SceneStack) -> CorrelationMaps | None:
        """The maps of any open stack, as far as they are made."""
        return self._maps.get(stack)

    @property
    def busy(self) -> bool:
        """True if maps of the shown stack are being made."""
        return self._mapped is not None and self._mapped is self.session.stack

    # What is done

    def map(self, settings: MapSettings, predictor_set: PredictorSet, area: NDArray[np.bool_] | None) -> None:
        """Ask for maps of the shown stack; an older request is dropped, and what it made stays until then."""
        stack = self.session.stack
        if stack is None:
            return
        self.message.emit("")
        self.cancelling = False
        self._mapped = stack
        self._the_tool().start(stack, settings, predictor_set, area)

    def prepare(self, settings: MapSettings, predictor_set: PredictorSet) -> None:
        """Have processes and networks ready for a map of the shown stack that may be asked for soon."""
        stack = self.session.stack
        if stack is not None and self._mapped is None and self._ready != (stack, predictor_set):
            self._ready = (stack, predictor_set)
            self._the_tool().prepare(stack, settings, predictor_set)

    def cancel(self) -> None:
        """Stop mapping; what is done stays."""
        if self._mapped is not None:
            self.cancelling = True
            self._the_tool().cancel()
            self.busy_changed.emit()

    def take(self, maps: CorrelationMaps, stack: SceneStack | None = None) -> None:
        """Show maps that were read from a file instead of making some.

        Parameters
        ----------
        maps : CorrelationMaps
        stack : SceneStack, optional
            An open stack that they belong to; default the shown one.
        """
        stack = stack or self.session.stack
        if stack is None:
            self.say("open the scenes of these maps first.")
        elif maps.ground.grid != stack.grid:
            self.say(f"the maps are of {maps.ground.name} on another grid than {stack.name}; open its scenes.")
        else:
            if stack is self._mapped:
                self._drop()
            self._maps[stack] = maps
            if stack is self.session.stack:
                self._draw_soon.now()

    def choose(self, kind: str, target: int | None = None) -> None:
        """Show another map: of a predictor, by its key, or which is best; or compare with the other target."""
        target = target or self.target
        if (kind, target) != (self.kind, self.target):
            self.kind, self.target = kind, target
            self._show()
            self.choice_changed.emit()

    def say(self, sentence: str) -> None:
        """Tell the user something."""
        self.message.emit(capital(sentence))

    def close(self) -> None:
        """End all work and let go of the viewer; may be called twice."""
        if self._closed:
            return
        self._closed = True
        if isalive(self):  # type: ignore[no-untyped-call]
            self.blockSignals(True)
        self.session.stack_changed.disconnect(self._on_stack)
        self.session.stacks_changed.disconnect(self._on_stacks)
        self.session.readout.drop(self._say_at)
        self.session.readout.drop_title(self._title)
        self._draw_soon.stop()
        self._settle.stop()
        self._mapped = None
        if self.tool is not None:
            self.tool.close()
        self._worker.close()
        self.layers.close()

    # Drawing

    def _draw(self) -> None:
        maps = self.maps
        if maps is not None and self.kind not in (*maps.keys, BEST):
            self.kind = maps.keys[-1]
            self.choice_changed.emit()
        self._show()
        self.maps_changed.emit()
        if maps is None:
            self.summary = None
            self.summary_changed.emit()
        elif self.summary is None or self.summary.maps is not maps:
            stack = self.session.stack
            self._worker.submit("summary", lambda: self._summarize(stack, maps))

    def _show(self) -> None:
        stack = self.session.stack
        place = None if stack is None else Placement.of_choices(self.session.placement(stack, axes=2))
        self.layers.show(self.maps, place, self.kind, self.target)
        self._settle.ask()
        self.session.readout.update()

    def _summarize(self, stack: SceneStack | None, maps: CorrelationMaps) -> None:
        summary = Summary(maps, maps.table(), {target: maps.histogram(target) for target in (1, 2)})
        self._on_summary(stack, summary)

    def _title(self) -> str:
        maps, layer = self.maps, self.layers.layers.get(self.kind)
        if maps is None or layer is None or not layer.visible:
            return ""
        return title(maps, self.kind, self.target, side_by_side=self.layers.side_by_side)

    def _say_at(self, row: float, col: float) -> str:
        maps = self.maps
        return "" if maps is None else sentence_at(maps, row, col, self.target)

    # What others say, the tool on a thread of its own

    def _the_tool(self) -> MapTool:
        if self.tool is None:
            tool = self.tool = self._make_tool()
            tool.maps_changed.connect(self._on_maps)
            tool.progressed.connect(self._on_progress)
            tool.failed.connect(self._on_failure)
            tool.busy_changed.connect(self._on_busy)
        return self.tool

    def _drop(self) -> None:
        """Stop making maps, whose last tiles are not waited for."""
        self._mapped = None
        if self.tool is not None:
            self.tool.cancel()

    def _on_stack(self, stack: SceneStack | None) -> None:
        if self._mapped is not None and self._mapped is not stack:
            self._drop()
        self.cancelling = False
        self.summary = None
        self.message.emit("")
        self._draw_soon.now()
        self.stack_changed.emit()
        self.busy_changed.emit()

    def _on_stacks(self) -> None:
        if self._mapped is not None and self._mapped not in self.session.stacks:
            self._drop()
        self._ready = None
        for stack in [s for s in self._maps if s not in self.session.stacks]:
            del self._maps[stack]

    @on_main_thread
    def _on_maps(self, maps: CorrelationMaps) -> None:
        stack = self._mapped
        if stack is not None and (maps.ground.name, maps.ground.dates) == (stack.name, stack.labels):
            self._maps[stack] = maps
            if stack is self.session.stack:
                self._draw_soon.ask()

    @on_main_thread
    def _on_progress(self, share: float, text: str) -> None:
        if self.busy and not self.cancelling:
            self.progressed.emit(share, text)

    @on_main_thread
    def _on_failure(self, error: Exception) -> None:
        if self.busy:
            self.say(failure_text(error))

    @on_main_thread
    def _on_busy(self, busy: bool) -> None:
        if not busy:
            self._mapped, self.cancelling = None, False
        self.busy_changed.emit()

    @on_main_thread
    def _on_summary(self, stack: SceneStack | None, summary: Summary) -> None:
        # The maps may have grown meanwhile: numbers that lag a little are better than none.
        if stack is self.session.stack and self.maps is not None:
            self.summary = summary
            self.summary_changed.emit()


def _import_tool() -> None:
    """Load what the first map needs, which takes half a second."""
    from napari_icenet.evaluation.correlation_map import background

    assert background


def _make_tool() -> MapTool:
    from napari_icenet.evaluation.correlation_map.background import MapTool

    return MapTool()
