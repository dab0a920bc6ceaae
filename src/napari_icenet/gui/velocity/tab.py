"""The Velocity tab: which dates are mapped and how, what came out, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from napari_icenet.common.text import capital
from napari_icenet.errors import IceNetError
from napari_icenet.gui.forms.remembered import remember_settings, remembered_settings
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.velocity import files as velocity_files
from napari_icenet.gui.velocity.along import VelocityAlong
from napari_icenet.gui.velocity.along_panel import AlongPanel
from napari_icenet.gui.velocity.control import VelocityControl
from napari_icenet.gui.velocity.form import REMEMBERED, VelocityForm
from napari_icenet.gui.velocity.options import VelocityOptions
from napari_icenet.gui.velocity.result import VelocityResult
from napari_icenet.gui.velocity.words import estimate
from napari_icenet.gui.widgets.empty_page import EmptyPage
from napari_icenet.gui.widgets.message import Message
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.run_bar import RunBar
from napari_icenet.gui.widgets.tab import Tab
from napari_icenet.gui.widgets.theme import Fold, GrowingFold
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.jobs.progress import Progress
from napari_icenet.velocity.cautions import AHEAD, cautions_ahead, cautions_of
from napari_icenet.velocity.io.write import write_maps
from napari_icenet.velocity.settings import VelocitySettings

EMPTY = "Open pictures of a glacier, then map how fast it flows between two dates."
ONE_DATE = "This stack has no two dates; a velocity map needs two."


class VelocityTab(Tab):
    """Maps velocity and shows what came out.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    control : VelocityControl, optional

    Attributes
    ----------
    scenes_wanted : Signal()
        The user wants to open scenes first.
    """

    scenes_wanted = Signal()

    def __init__(
        self, viewer: Any, session: Session, control: VelocityControl | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.viewer, self.session = viewer, session
        self._memory = Remembered("velocity")
        self.control = control = control or VelocityControl(viewer, session)
        self.form = VelocityForm(self)
        self.form.show_settings(remembered_settings(self._memory, VelocitySettings, REMEMBERED))
        self.options = VelocityOptions(session, self)
        self.run = RunBar(self)
        self.along = AlongPanel(VelocityAlong(control), self)
        self.message, self.caution = Message(self), Message(self)
        self._ahead = Throttle(self._show_ahead, seconds=0.15, every=1)
        self._lay_out()
        self._connect()
        self.closing(self.along.plot.release, self.along.model.close, control.close, self._ahead.stop)
        self._on_mapper()

    # Layout

    def _lay_out(self) -> None:
        self.pages = QStackedLayout(self)
        empty = EmptyPage(EMPTY, "Open scenes", "Go to the Scenes tab.", self)
        self.open_scenes = empty.button
        self.open_scenes.clicked.connect(self.scenes_wanted)
        self.pages.addWidget(empty)
        page = QWidget(self)
        self.pages.addWidget(page)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        layout.addWidget(self.form)
        inner = QWidget(page)
        folded = QVBoxLayout(inner)
        folded.setContentsMargins(12, 0, 0, 0)
        folded.setSpacing(3)
        folded.addWidget(self.form.more)
        folded.addWidget(self.options)
        self.more = Fold("More", inner, page)
        layout.addWidget(self.more)
        layout.addWidget(self.run)
        layout.addWidget(self.message)
        layout.addWidget(self.caution)
        self.result = VelocityResult(self.control, page)
        layout.addWidget(self.result)
        self.lines = GrowingFold("Along a line, beside GPS", self.along, page)
        layout.addWidget(self.lines, 1000)
        layout.addStretch(1)
        layout.addLayout(self._file_buttons())

    def _file_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        self.save = QPushButton("Save…", self)
        self.save.setToolTip("Write all maps, with settings and version: NetCDF, or one map as GeoTIFF.")
        self.write = QPushButton("Report…", self)
        self.write.setToolTip("Write how good the maps are: numbers as JSON, and one figure.")
        self.reopen = QPushButton("Open map…", self)
        self.reopen.setToolTip("Show the maps of a NetCDF file that was saved here or by icenet velocity.")
        for button in (self.save, self.write, self.reopen):
            row.addWidget(button, 1)
        return row

    def _connect(self) -> None:
        control = self.control
        control.mapper_changed.connect(self._on_mapper)
        control.maps_changed.connect(self._on_maps)
        control.busy_changed.connect(self._on_busy)
        control.device_changed.connect(self._ahead.ask)
        control.progressed.connect(self.run.show_progress)
        control.message.connect(self.message.say)
        control.layers.changed.connect(self._show_restore)
        self.session.band_changed.connect(self.form.show_band)
        self.form.changed.connect(self._ahead.ask)
        self.run.asked.connect(self.map)
        self.run.cancelled.connect(control.cancel)
        self.options.restore.clicked.connect(control.layers.restore)
        self.options.failed.connect(control.say)
        self.more.toggled.connect(self.options.refresh)
        # Only one of the two is open, so that the tab fits a small screen.
        self.more.toggled.connect(lambda open_: self.lines.set_open(False) if open_ else None)
        self.lines.toggled.connect(lambda open_: self.more.collapse() if open_ else None)
        self.along.wanted.connect(lambda: self.lines.set_open(True))
        self.save.clicked.connect(self._ask_save)
        self.write.clicked.connect(self._ask_report)
        self.reopen.clicked.connect(self._ask_open)

    # What the user does

    def map(self) -> None:
        """Map velocity with what the form says."""
        try:
            settings, pairs = self.form.settings(), self.form.pairs
            stable: NDArray[np.bool_] | None = self.options.stable()
        except IceNetError as error:
            self.control.say(str(error))
            return
        remember_settings(self._memory, settings, REMEMBERED)
        self.control.map(pairs, settings, stable=stable, prior=self.options.prior)

    def save_to(self, path: Path) -> None:
        """Write the maps off the interface's thread."""
        maps, series = self.control.maps, self.control.series

        def write(_progress: Progress) -> None:
            write_maps(maps, path, series=series if path.suffix.lower() == ".nc" else None)

        self.session.run(f"Saving {path.name}", write, lambda _none: self.message.say(f"Wrote {path.name}."))

    def report_to(self, path: Path) -> None:
        """Write the quality report and its figure off the interface's thread."""
        maps, report = self.control.maps, self.control.report

        def write(_progress: Progress) -> None:
            velocity_files.write_report(maps, report, path)

        done = f"Wrote {path.name} and {path.with_suffix('.png').name}."
        self.session.run(f"Writing {path.name}", write, lambda _none: self.message.say(done))

    def open_map(self, path: Path) -> None:
        """Read maps off the interface's thread and show them."""
        self.session.run(
            f"Opening {path.name}", lambda _progress: velocity_files.read(path), lambda found: self.control.take(*found)
        )

    def _ask_save(self) -> None:
        stack, count = self.session.stack, len(self.control.maps)
        if stack is not None and count:
            path = velocity_files.ask_save(self, stack.name, count)
            if path is not None:
                self.save_to(path)

    def _ask_report(self) -> None:
        stack = self.session.stack
        if stack is not None and self.control.maps:
            path = velocity_files.ask_report(self, stack.name)
            if path is not None:
                self.report_to(path)

    def _ask_open(self) -> None:
        path = velocity_files.ask_open(self, "Open velocity map", velocity_files.MAPS)
        if path is not None:
            self.open_map(path)

    # What is shown

    def _on_mapper(self) -> None:
        mapper = self.control.mapper
        self.pages.setCurrentIndex(0 if mapper is None else 1)
        self.form.show_stack(None if mapper is None else mapper.stack, self.session.band)
        self.options.refresh()
        self._on_maps()
        self._on_busy()
        self._ahead.now()

    def _on_maps(self) -> None:
        for button in (self.save, self.write):
            button.setVisible(bool(self.control.maps))
        self.caution.say("\n".join(map(capital, cautions_of(self.control.maps, leave_out=AHEAD))))

    def _show_restore(self) -> None:
        self.options.restore.setVisible(bool(self.control.layers.removed))

    def _on_busy(self) -> None:
        self.run.show_busy(self.control.busy, self.control.cancelling)
        self._ahead.ask()

    def _show_ahead(self) -> None:
        stack, mapper = self.session.stack, self.control.mapper
        if stack is None or mapper is None:
            return
        if len(set(stack.times)) < 2:
            self.run.show_ahead(ONE_DATE, False)
            return
        try:
            text = estimate(stack, self.form.pairs, self.form.settings())
        except IceNetError as error:
            self.run.show_ahead(capital(str(error)), False)
            return
        text = f"{text} · {mapper.device}" if mapper.device else text
        cautions = cautions_ahead(stack, self.form.pairs, self.form.settings(), prior=self.options.prior is not None)
        self.run.show_ahead("\n".join([text, *map(capital, cautions)]), True)
