"""Makes correlation maps for a window: the tool behind it is made when it is first needed, and heard on Qt's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.stack import SceneStack

if TYPE_CHECKING:
    from napari_icenet.evaluation.correlation_map.background import MapTool


class MapMaker(QObject):
    """Hands requests on to a tool, and what it says from its thread to the interface's.

    Parameters
    ----------
    make_tool : callable, optional
        Makes the tool; default :class:`~napari_icenet.evaluation.correlation_map.background.MapTool`.

    Attributes
    ----------
    maps_changed : Signal(CorrelationMaps)
    progressed : Signal(float, str)
    failed : Signal(Exception)
    busy_changed : Signal(bool)
        As the tool's; slots are methods of a QObject, which are called on its own thread.
    tool : MapTool or None
        Before the first request there is none.
    """

    maps_changed = Signal(object)
    progressed = Signal(float, str)
    failed = Signal(object)
    busy_changed = Signal(bool)

    def __init__(self, make_tool: Callable[[], MapTool] | None = None) -> None:
        super().__init__()
        self._make_tool = make_tool or _make_tool
        self.tool: MapTool | None = None

    def start(
        self,
        stack: SceneStack,
        settings: MapSettings,
        predictor_set: PredictorSet,
        area: NDArray[np.bool_] | None = None,
    ) -> None:
        """Make maps of a stack; an older request is dropped."""
        self._the_tool().start(stack, settings, predictor_set, area)

    def prepare(self, stack: SceneStack, settings: MapSettings, predictor_set: PredictorSet) -> None:
        """Have processes and networks ready for such maps."""
        self._the_tool().prepare(stack, settings, predictor_set)

    def cancel(self) -> None:
        """Stop making maps."""
        if self.tool is not None:
            self.tool.cancel()

    def close(self) -> None:
        """End all work, and say no more."""
        if isalive(self):  # type: ignore[no-untyped-call]
            self.blockSignals(True)
        if self.tool is not None:
            self.tool.close()

    def _the_tool(self) -> MapTool:
        if self.tool is None:
            tool = self.tool = self._make_tool()
            tool.maps_changed.connect(self.maps_changed.emit)
            tool.progressed.connect(self.progressed.emit)
            tool.failed.connect(self.failed.emit)
            tool.busy_changed.connect(self.busy_changed.emit)
        return self.tool


def import_tool() -> None:
    """Load what the first map needs, which takes half a second; may be called on any thread."""
    from napari_icenet.evaluation.correlation_map import background as map_tool

    assert map_tool


def _make_tool() -> MapTool:
    from napari_icenet.evaluation.correlation_map.background import MapTool

    return MapTool()
