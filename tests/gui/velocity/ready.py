"""Velocity maps whose every value is known, and a window to show them in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from unittest import mock

import napari
import numpy as np

from napari_icenet.errors import TrackingError
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.velocity.control import VelocityControl
from napari_icenet.gui.velocity.tab import VelocityTab
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.velocity.background import VelocityMapper
from napari_icenet.velocity.map_arrays import map_cells
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap
from tests.gui.ice import moving_ice

#: One cell of a known map is lost for each of these reasons.
LOST = {(1, 2): LostReason.AMBIGUOUS, (2, 1): LostReason.FLAT, (0, 0): LostReason.FILL}


def known_map(stack, first, second, settings) -> VelocityMap:
    """Ice that is the faster the farther right, and flows up and to the right; three cells are lost."""
    cells = map_cells(stack.grid, settings.spacing)
    i, j = np.meshgrid(*map(np.arange, cells.shape), indexing="ij")
    drow = (-0.5 * (j + 1) * (second - first)).astype(np.float32)
    dcol = ((j + 1) * (second - first)).astype(np.float32)
    reason = np.zeros(cells.shape, np.uint8)
    for at, why in LOST.items():
        reason[at] = reason_code(why)
        drow[at] = dcol[at] = np.nan
    like = np.ones(cells.shape, np.float32)
    return VelocityMap(
        drow=drow,
        dcol=dcol,
        ncc=(0.5 + 0.01 * i).astype(np.float32),
        peak_ratio=2.4 * like,
        error_row=0.1 * like,
        error_col=0.1 * like,
        chip_size=np.full(cells.shape, settings.chip, np.uint16),
        reason=reason,
        cells=cells,
        frame=stack.grid,
        times=(stack.times[first], stack.times[second]),
        scenes=(stack.scenes[first].id, stack.scenes[second].id),
        labels=(stack.labels[first], stack.labels[second]),
        settings=settings,
        radius=(25, 25),
        device="CPU",
    )


#: Whether a viewer of this process has registered napari's actions. It may be done once, and the viewers of single
#: tests, which have actions of their own, make napari forget that it was.
_registered: list[bool] = []


def kept_viewer() -> napari.Viewer:
    """A viewer for all tests of a module; another one may have registered plugins and actions, which is done once."""
    with ExitStack() as known:
        known.enter_context(mock.patch("napari.plugins._initialize_plugins", return_value=None))
        if _registered:
            known.enter_context(mock.patch("napari._qt.qt_main_window.init_qactions"))
        _registered.append(True)
        return napari.Viewer(show=True)


class Workshop:
    """Makes known maps, when the test lets it, and remembers what it was asked."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()
        self.asked: list[dict] = []
        self.error: str = ""

    def map_pairs(self, stack, pairs, settings, *, progress: Callable[[float, str], None], **choices):
        self.asked.append({"pairs": pairs, "settings": settings, **choices})
        progress(0.5, "tile 1 of 2")
        while not self.go.wait(0.01):
            progress(0.5, "tile 1 of 2")
        if self.error:
            raise TrackingError(self.error)
        return [known_map(stack, i, j, settings) for i, j in pairs]

    def mapper(self, stack) -> VelocityMapper:
        return VelocityMapper(stack, map_pairs=self.map_pairs, quality_report=lambda maps: None)


class Desk:
    """A window with the Velocity tab, and what tests do with it."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = viewer, qtbot
        self.workshop = Workshop()
        viewer.window._qt_window.resize(1280, 800)
        self.session = Session.of(viewer)
        self.control = VelocityControl(viewer, self.session, self.workshop.mapper)
        self.tab = VelocityTab(viewer, self.session, self.control)
        viewer.window.add_dock_widget(self.tab, name="IceNet")

    def begin(self):
        """As a new window would be, but for its stack and layers: those take seconds to make."""
        self.workshop.go.set()
        self.settle()
        self.workshop.asked.clear()
        self.workshop.error = ""
        for other in self.session.stacks[1:]:
            self.session.close_stack(other)
        if not self.session.stacks:
            self.session.add_stack(moving_ice())
        for layer in [other for other in self.viewer.layers if other.name == "stable ground"]:
            self.viewer.layers.remove(layer)
        self.control.mapper.take([])
        self.control.layers.restore()
        if "speed" in self.control.layers.layers:
            layers = self.control.layers
            layers.layers["speed"].contrast_limits = layers._limits[layers.layers["speed"]]
        self.tab.form.show_settings(VelocitySettings())
        self.tab.form.boxes["pairs"].setCurrentIndex(0)
        for name, index in (("first", 0), ("second", 1)):
            self.tab.form.boxes[name].setCurrentIndex(index)
        self.session.time = 0
        self.qtbot.wait(50)

    def map(self):
        self.tab.run.button.click()
        self.settle()

    def settle(self):
        self.qtbot.waitUntil(lambda: not self.control.busy, timeout=60_000)
        self.qtbot.waitUntil(lambda: self.tab.run.button.text() == "Map velocity", timeout=60_000)
        self.qtbot.wait(20)  # what the thread has sent is on its way
        self.qtbot.waitUntil(lambda: not self.control.layers._next.isActive(), timeout=60_000)

    def layer(self, kind):
        return self.control.layers.layers[kind]

    def names(self):
        return [layer.name for layer in self.viewer.layers if layer.name.startswith("velocity")]
