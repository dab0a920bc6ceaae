"""The map page: how well each predictor foresaw the ice, place by place, growing while one looks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from napari_icenet.common.text import capital
from napari_icenet.errors import IceNetError
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.gui.correlation_map import export as map_export
from napari_icenet.gui.correlation_map.control import MapControl
from napari_icenet.gui.correlation_map.form import FIRST, REMEMBERED, MapForm
from napari_icenet.gui.correlation_map.plan import Plan, plan
from napari_icenet.gui.correlation_map.pointer import MapPointer
from napari_icenet.gui.correlation_map.result import MapResult
from napari_icenet.gui.correlation_map.words import place_text
from napari_icenet.gui.forms.remembered import remember_settings, remembered_settings
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.empty_page import EmptyPage
from napari_icenet.gui.widgets.message import Message
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.run_bar import RunBar
from napari_icenet.gui.widgets.tab import Tab
from napari_icenet.gui.widgets.theme import Fold
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.jobs.progress import Progress
from napari_icenet.predictors.predictor_set import PredictorSet

EMPTY = "Open pictures of a glacier, then see where each predictor foresees the ice, and where it fails."
MAP = "Map correlation"
MAP_TIP = (
    "Follow a chip at every cell up to t0, have each predictor expect t1 and t2, and correlate that with what came. "
    "The maps grow on the picture; Cancel keeps what is done."
)
#: After so long on the page, processes and networks are got ready.
PREPARE_SECONDS = 1.5


class MapPage(Tab):
    """Maps correlation and shows what came out.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    predictor_set : callable
        The predictors that are compared, with their weights, device and samples; asked anew at
        each map. Call :meth:`refresh` when it has others.
    parent : QWidget, optional
    control : MapControl, optional

    Attributes
    ----------
    chip_wanted : Signal(float, float, int)
        A cell was clicked: row and column of its chip, px of the stack, on the date of that index.
    message : Signal(str)
        What the page says to the user; empty takes the last sentence back.
    scenes_wanted : Signal()
        The user wants to open scenes first.
    """

    chip_wanted = Signal(float, float, int)
    message = Signal(str)
    scenes_wanted = Signal()

    def __init__(
        self,
        viewer: Any,
        session: Session,
        predictor_set: Callable[[], PredictorSet],
        parent: QWidget | None = None,
        *,
        control: MapControl | None = None,
    ) -> None:
        super().__init__(parent)
        self.viewer, self.session = viewer, session
        self._line_up = predictor_set
        self._memory = Remembered("map")
        self._plan: Plan | None = None
        self.control = control = control or MapControl(viewer, session)
        self.form = MapForm(session, self)
        self.form.show_settings(remembered_settings(self._memory, MapSettings, REMEMBERED, t0=FIRST.t0))
        self.run = RunBar(self, action=MAP, tip=MAP_TIP)
        self.said = Message(self)
        self.result = MapResult(control, self)
        self.pointer = MapPointer(viewer, session)
        self._ahead = Throttle(self._show_ahead, seconds=0.25, every=1)
        # Who looks around a little on this page will want a map.
        self._prepare = Throttle(self._get_ready, seconds=PREPARE_SECONDS, every=10**9)
        self._lay_out()
        self._connect()
        self._on_stack()

    # Layout

    def _lay_out(self) -> None:
        self.pages = QStackedLayout(self)
        empty = EmptyPage(EMPTY, "Open scenes", "Go to the Scenes tab.", self)
        self.open_scenes = empty.button
        self.pages.addWidget(empty)
        page = QWidget(self)
        self.pages.addWidget(page)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        self.more = Fold("More", self._folded(page), page)
        for widget in (self.form, self.more, self.run, self.said):
            layout.addWidget(widget)
        layout.addWidget(self.result, 1000)
        layout.addStretch(1)
        layout.addLayout(self._file_buttons())

    def _folded(self, page: QWidget) -> QWidget:
        inner = QWidget(page)
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.form.more)
        self.restore = QPushButton("Show removed layers again", inner)
        self.restore.setToolTip("Make the layers of the maps again that were removed from the list of layers.")
        self.restore.hide()
        layout.addWidget(self.restore)
        return inner

    def _file_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        self.export = QPushButton("Export", self)
        self.export.setToolTip("Write the maps as far as they are made, with settings and version.")
        menu = QMenu(self.export)
        menu.setToolTipsVisible(True)
        for kind, export in map_export.EXPORTS.items():
            action = menu.addAction(export.title, lambda kind=kind: self._ask_write(kind))
            assert action is not None  # Qt makes it with its title
            action.setToolTip(export.tip)
        self.export.setMenu(menu)
        self.open = QPushButton("Open maps…", self)
        self.open.setToolTip("Show maps that were saved here.")
        row.addWidget(self.export, 1)
        row.addWidget(self.open, 1)
        return row

    def _connect(self) -> None:
        control, session = self.control, self.session
        control.stack_changed.connect(self._on_stack)
        control.maps_changed.connect(self._on_maps)
        control.busy_changed.connect(self._on_busy)
        control.progressed.connect(self.run.show_progress)
        control.message.connect(self.say)
        control.layers.changed.connect(self._on_layers)
        session.time_changed.connect(self._ahead.ask)
        session.band_changed.connect(self._ahead.ask)
        self.closing(self.pointer.close, control.close, self._ahead.stop, self._prepare.stop)
        self.closing(partial(self.form.watch, []))
        self.listen(self.viewer.scene.camera.events, self._ask_ahead)
        self.listen(self.viewer.layers.events.inserted, self.form.list_areas)
        self.listen(self.viewer.layers.events.removed, self.form.list_areas)
        self.form.changed.connect(self._ahead.ask)
        self.run.asked.connect(self.map)
        self.run.cancelled.connect(control.cancel)
        self.restore.clicked.connect(control.layers.restore)
        self.open.clicked.connect(self._ask_open)
        self.open_scenes.clicked.connect(self.scenes_wanted)
        self.pointer.hovered.connect(self.result.point_at)
        self.pointer.clicked.connect(self._on_click)

    # What the user does

    def map(self) -> None:
        """Map correlation with what the form says."""
        self._ahead.now()
        ahead = self._plan
        if ahead is None or ahead.settings is None or ahead.predictor_set is None:
            self.say(ahead.sentence if ahead is not None else EMPTY)
            return
        try:
            area = drawn_areas.area_of(self.session, self.form.where.currentText())
        except IceNetError as error:
            self.control.say(str(error))
            return
        remember_settings(self._memory, ahead.settings, REMEMBERED)
        self.control.map(ahead.settings, ahead.predictor_set, area)

    def write_to(self, kind: str, path: Path) -> None:
        """Write the maps off the interface's thread; ``kind`` is one of :data:`map_export.EXPORTS`."""
        maps, stack = self.control.maps, self.session.stack
        if maps is None or stack is None:
            return

        def write(progress: Progress) -> None:
            map_export.write(kind, maps, stack, path, progress)

        self.session.run(f"Writing {path.name}", write, lambda _none: self.say(f"Wrote {path.name}."))

    def open_maps(self, path: Path) -> None:
        """Read maps off the interface's thread and show them."""
        self.session.run(f"Opening {path.name}", lambda _progress: map_export.read(path), self.control.take)

    def say(self, sentence: str) -> None:
        """Show one sentence; empty takes the last one back."""
        self.said.say(sentence)
        self.message.emit(sentence)

    def refresh(self) -> None:
        """Look at the predictor set anew: the user has chosen other predictors, weights or another device."""
        self._ahead.ask()

    def _ask_write(self, kind: str) -> None:
        if self.session.stack is not None and self.control.maps is not None:
            path = map_export.ask_write(self, kind, self.session.stack.name)
            if path is not None:
                self.write_to(kind, path)

    def _ask_open(self) -> None:
        path = map_export.ask_open(self)
        if path is not None:
            self.open_maps(path)

    # The picture

    def showEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Clicks on the picture mean cells while the page is shown."""
        super().showEvent(event)
        self.pointer.enabled = True
        self._ahead.ask()

    def hideEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """And no longer."""
        self.pointer.enabled = False
        super().hideEvent(event)

    def _on_click(self, row: float, col: float) -> None:
        maps = self.control.maps
        at = None if maps is None else maps.cell_at(row, col)
        if maps is None or at is None:
            return
        chip = maps.chip_of(*at)
        if chip is not None:
            self.chip_wanted.emit(float(chip.row), float(chip.col), int(chip.time))
        elif place_text(maps, row, col, self.control.target):
            self.say("The chip of this cell has not been followed to t0; click another one.")

    # What is shown

    def _on_stack(self) -> None:
        self.pages.setCurrentIndex(0 if self.session.stack is None else 1)
        self.form.list_areas()
        self._on_maps()
        self._on_busy()
        self._ahead.now()

    def _on_maps(self) -> None:
        self.export.setEnabled(self.control.maps is not None)

    def _on_layers(self) -> None:
        self.restore.setVisible(bool(self.control.layers.removed))

    def _on_busy(self) -> None:
        self.run.show_busy(self.control.busy, self.control.cancelling)
        self._ahead.ask()

    def _ask_ahead(self, _event: Any = None) -> None:
        if self.form.where.currentText() == drawn_areas.VIEW and self.isVisible():
            self._ahead.ask()

    def _show_ahead(self) -> None:
        if self.session.stack is None:
            self._plan = None
            return
        self._plan = plan(self.session, self.form, self._line_up)
        self.run.show_ahead(capital(self._plan.sentence), self._plan.possible)
        if self.isVisible() and self._plan.settings is not None and self._plan.predictor_set is not None:
            self._prepare.ask()

    def _get_ready(self) -> None:
        ahead = self._plan
        if self.isVisible() and ahead is not None and ahead.settings is not None and ahead.predictor_set is not None:
            self.control.prepare(ahead.settings, ahead.predictor_set)
