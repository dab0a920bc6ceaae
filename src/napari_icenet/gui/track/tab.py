"""The Track tab: form, plots and tables around the picture."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.common.text import capital
from napari_icenet.gui.forms.remembered import remember_settings
from napari_icenet.gui.session.open_sample import SIMULATED, open_sample
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.track import files as track_files
from napari_icenet.gui.track.control import TrackControl
from napari_icenet.gui.track.form import REMEMBERED, TrackForm, settings_of_last_time
from napari_icenet.gui.track.plots import TrackPlots
from napari_icenet.gui.track.tables import DateTable, TrackTable
from napari_icenet.gui.widgets.empty_page import EmptyPage
from napari_icenet.gui.widgets.job import Job
from napari_icenet.gui.widgets.message import Message
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.tab import Tab
from napari_icenet.gui.widgets.theme import Fold
from napari_icenet.gui.widgets.throttle import Throttle

#: Tables follow a drag this often; the picture follows at once.
TABLES_SECONDS, TABLES_FRAMES = 0.2, 6
HINT = "Click the ice: a chip is placed there and followed through all dates."
STABLE_HINT = "Click ground that does not move, such as rock. Esc leaves it."
NO_MASK = "No mask"


class TrackTab(Tab):
    """Places, follows and shows chips.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    """

    def __init__(self, viewer: Any, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewer, self.session = viewer, session
        self._memory = Remembered("track")
        self._was_on = True
        self.control = control = TrackControl(viewer, session, settings_of_last_time(self._memory))
        self.form = TrackForm(self)
        self.plots = TrackPlots(viewer, self)
        self.track_table = TrackTable(self)
        self.date_table = DateTable(self)
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.caution = Message(self)
        self._tables = Throttle(self._fill_tables, seconds=TABLES_SECONDS, every=TABLES_FRAMES)
        self._lay_out()
        self._connect()
        session.job_changed.connect(self._on_job)
        self.closing(
            lambda: session.job_changed.disconnect(self._on_job), self._tables.stop, self.plots.release, control.close
        )
        self._on_tracker()

    # Layout

    def _lay_out(self) -> None:
        self.pages = QStackedLayout(self)
        empty = EmptyPage(
            "Open pictures of a glacier, then click the ice to follow it.",
            "Open the sample",
            "A simulated glacier of which every displacement is known.",
            self,
        )
        self.sample = empty.button
        self.pages.addWidget(empty)
        page = QWidget(self)
        self.pages.addWidget(page)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(self._buttons())
        layout.addWidget(self.form)
        layout.addWidget(self._more())
        layout.addWidget(self.message)
        layout.addWidget(self.caution)
        self.hint = QLabel(HINT, page)
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setMinimumHeight(80)
        self.results = QSplitter(Qt.Orientation.Vertical, page)
        self.results.setChildrenCollapsible(False)
        self.results.addWidget(self.plots)
        self.results.addWidget(self.track_table)
        self.results.addWidget(self.date_table)
        self.plots.setMinimumHeight(190)
        self.track_table.setMinimumHeight(44)
        self.date_table.setMinimumHeight(60)
        self.results.setSizes([300, 80, 170])
        for i, stretch in enumerate((5, 1, 3)):
            self.results.setStretchFactor(i, stretch)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.results, 1)
        layout.addLayout(self._file_buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        self.mode = QPushButton("Track mode", self)
        self.mode.setCheckable(True)
        self.mode.setToolTip("While it is on, a click on the picture places a chip and a drag moves it (T).")
        row.addWidget(self.mode, 1)
        self.stable = QPushButton("Stable ground", self)
        self.stable.setCheckable(True)
        self.stable.setToolTip(
            "The next click marks ground that does not move; its motion is shown beside the ice (S)."
        )
        row.addWidget(self.stable, 1)
        self.undo = _tool("↶", "Undo (Ctrl + Z).", self)
        self.redo = _tool("↷", "Do again (Ctrl + Shift + Z).", self)
        self.remove = _tool("✕", "Remove the selected track (Del).", self)
        self.keys = _tool("?", "All keys (?).", self)
        for button in (self.undo, self.redo, self.remove, self.keys):
            row.addWidget(button)
        return row

    def _more(self) -> Fold:
        inner = QWidget(self)
        self.mask_layer = QComboBox(inner)
        self.mask_layer.setToolTip("A layer of the frame's size that is above zero on ground that does not move.")
        self.coregister = QCheckBox("Less the shift of each date", inner)
        self.coregister.setToolTip(
            "Measure by how much each date's picture is shifted, on the mask of stable ground or on what stands still "
            "in velocity maps, and take it off positions and velocities. For stacks of several paths."
        )
        self.restore = QPushButton("Show removed layers again", inner)
        self.restore.setToolTip("Make the layers of the track again that were removed from the list of layers.")
        mask = QHBoxLayout()
        mask.addWidget(QLabel("Stable ground", inner))
        mask.addWidget(self.mask_layer, 1)
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.form.more)
        layout.addLayout(mask)
        layout.addWidget(self.coregister)
        layout.addWidget(self.restore)
        self.more = Fold("More", inner, self)
        return self.more

    def _file_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        self.export = QPushButton("Export…", self)
        self.export.setToolTip("Write all tracks, with scene ids, settings and version: CSV, GeoJSON or Parquet.")
        self.reopen = QPushButton("Open tracks…", self)
        self.reopen.setToolTip("Place the chips of an export again and follow them with its settings.")
        self.clear = QPushButton("Clear", self)
        self.clear.setToolTip("Remove all tracks; Undo brings them back.")
        for button in (self.export, self.reopen, self.clear):
            row.addWidget(button, 1)
        return row

    def _connect(self) -> None:
        control = self.control
        control.frame.connect(self._on_frame)
        control.tracker_changed.connect(self._on_tracker)
        control.message.connect(self._say)
        control.mode_changed.connect(self._on_mode)
        self.form.changed.connect(self._on_setting)
        self.form.released.connect(self._on_released)
        self.plots.date_chosen.connect(self._go_to)
        self.track_table.row_chosen.connect(lambda row: control.select(self.track_table.numbers[row], centre=True))
        self.date_table.row_chosen.connect(self._go_to)
        self.mode.clicked.connect(control.toggle)
        self.stable.clicked.connect(control.arm_stable)
        self.coregister.clicked.connect(control.coregister)
        for button, action in (
            (self.undo, control.undo),
            (self.redo, control.redo),
            (self.remove, control.remove),
            (self.keys, control.show_keys),
            (self.clear, control.clear),
            (self.restore, control.layers.restore),
        ):
            button.clicked.connect(lambda _checked=False, action=action: action())
        self.export.clicked.connect(self._ask_export)
        self.reopen.clicked.connect(self._ask_open)
        self.sample.clicked.connect(self._open_sample)
        self.mask_layer.activated.connect(self._on_mask)
        self.more.toggled.connect(lambda _open: self._fill_masks())

    # What the control says

    def _on_tracker(self) -> None:
        self.pages.setCurrentIndex(0 if self.control.tracker is None else 1)
        if self.control.tracker is not None and self.isVisible() and not self.control.tracker.marks:
            self.control.tool.enabled = True
        self._fill_controls()
        self._on_frame()

    def _on_mode(self) -> None:
        self.mode.setChecked(self.control.tool.enabled)
        self.stable.setChecked(self.control.stable_armed)
        self._fill_controls()

    def _on_frame(self) -> None:
        self._tables.ask()
        self._fill_plots()

    def _fill_controls(self) -> None:
        tracker = self.control.tracker
        if tracker is None:
            return
        stack = tracker.stack
        self.form.show_settings(tracker.settings, stack.bands, stack.band(tracker.settings.band))
        self.undo.setEnabled(tracker.can_undo)
        self.redo.setEnabled(tracker.can_redo)
        self.coregister.setChecked(stack.shifts is not None)
        self.coregister.setEnabled(self.session.job is None)
        some = bool(tracker.marks)
        self.remove.setEnabled(some)
        self.clear.setEnabled(some)
        self.export.setEnabled(some)
        waiting = self.control.stable_armed or not some
        self.hint.setText(STABLE_HINT if self.control.stable_armed else HINT)
        self.hint.setVisible(waiting)
        self.hint.setMaximumHeight(16777215 if not some else 40)
        self.results.setVisible(some)

    def _on_job(self, job: Job | None) -> None:
        self._fill_controls()

    def _fill_plots(self) -> None:
        tracker = self.control.tracker
        if tracker is None or not self.isVisible():
            return
        chosen = next((s for s in self.control.series() if s.track.number == tracker.selected), None)
        self.plots.show_track(chosen, tracker.time)

    def _fill_tables(self) -> None:
        self._fill_controls()
        tracker = self.control.tracker
        if tracker is None or not self.isVisible():
            return
        series = self.control.series()
        stable = tracker.stable if isinstance(tracker.stable, int) else None
        self.track_table.show_tracks(series, tracker.selected, stable)
        chosen = next((s for s in series if s.track.number == tracker.selected), None)
        self.date_table.show_series(chosen, tracker.time)
        self.caution.say("\n".join(capital(sentence) for sentence in tracker.cautions()))

    def _say(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    # What the user does

    def _on_setting(self, name: str, value: Any) -> None:
        if self.control.change(**{name: value}):
            remember_settings(self._memory, self.control.settings, REMEMBERED)

    def _on_released(self) -> None:
        if self.control.tracker is not None:
            self.control.tracker.finish_move()

    def _go_to(self, index: int) -> None:
        self.session.time = index

    def _ask_export(self) -> None:
        stack = self.session.stack
        if stack is not None:
            path = track_files.ask_export(self, stack.name, stack.grid.on_earth)
            if path is not None:
                self.control.export(path)

    def _ask_open(self) -> None:
        path = track_files.ask_open(self)
        if path is not None:
            self.control.reopen(path)

    def _open_sample(self) -> None:
        open_sample(self.session, SIMULATED)

    def _fill_masks(self) -> None:
        chosen = self.mask_layer.currentText()
        self.mask_layer.clear()
        self.mask_layer.addItem(NO_MASK)
        stack = self.session.stack
        if stack is None:
            return
        shape = tuple(stack.grid.shape)
        for layer in self.viewer.layers:
            data = getattr(layer, "data", None)
            if tuple(getattr(data, "shape", ())) == shape:
                self.mask_layer.addItem(layer.name)
        self.mask_layer.setCurrentText(chosen)

    def _on_mask(self, index: int) -> None:
        self.control.set_stable_mask(None if index <= 0 else self.viewer.layers[self.mask_layer.currentText()].data)

    # Coming and going

    def showEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Take the mouse again where it was left."""
        super().showEvent(event)
        if self.control.tracker is not None and self._was_on:
            self.control.tool.enabled = True
        self._on_frame()

    def hideEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Let go of the mouse: clicks on the picture belong to another tab."""
        super().hideEvent(event)
        self._was_on = self.control.tool.enabled or self.control.tracker is None
        self.control.tool.enabled = False


def _tool(text: str, tip: str, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setToolTip(tip)
    button.setFixedSize(28, 26)
    return button
