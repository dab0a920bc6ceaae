"""The Scenes tab: what is open, and how it is shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.gui.scenes.date_table import DateTable
from napari_icenet.gui.scenes.dates_dialog import DatesDialog
from napari_icenet.gui.scenes.display_panel import DisplayPanel
from napari_icenet.gui.scenes.facts import count, facts
from napari_icenet.gui.scenes.opening_bar import OpeningBar
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.session.session_file import SUFFIX
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.tab import Tab
from napari_icenet.gui.widgets.theme import GAP, Fold, quiet
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.store.zarr_store import save_stack

_SESSIONS = f"Sessions (*{SUFFIX})"
_OPEN_SESSION = "Open the stacks of a saved session, with their tracks, maps and choices."
_EXTENTS = {"intersection": "Ground that all dates show", "union": "All ground that any date shows"}


class ScenesTab(Tab):
    """Open stacks, choose band and mask, see the dates and what was left out.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    parent : QWidget, optional

    Attributes
    ----------
    session_to_save, session_to_open : Signal(Path)
        The whole state of the window is to be written to a file, or read from one.
    """

    session_to_save = Signal(object)
    session_to_open = Signal(object)

    def __init__(self, viewer: Any, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._remembered = Remembered("scenes")
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self._empty_page())
        self.pages.addWidget(self._stack_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.pages)
        session.stacks_changed.connect(self._list_stacks)
        session.stack_changed.connect(self._show_stack)
        session.notices_changed.connect(self._show_notices)
        self._list_stacks()
        self._show_stack(session.stack)

    def open_folder(self, folder: str) -> None:
        """Open a folder with the options chosen."""
        choices: dict[str, Any] = {"extent": self.extent.currentData()}
        if self.detail.currentData():
            choices["bands"] = tuple(self.detail.currentData().split(","))
        if self.crs.text().strip():
            choices["crs"] = self.crs.text().strip()
        choices |= {name: _words(field) for name, field in self.chosen.items() if _words(field)}
        if self.pixel_size.text().strip():
            choices["pixel_size"] = self.pixel_size.text().strip()
        self.session.open(folder, **choices)

    def save(self) -> None:
        """Ask where, and save the shown stack as zarr."""
        stack = self.session.stack
        if stack is None:
            return
        folder = self._remembered.get("folder", str(Path.home()))
        start = str(Path(folder) / f"{stack.name}.zarr")
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            "Save stack",
            start,
            "Stack (*.zarr)",
            options=QFileDialog.Option.DontConfirmOverwrite | QFileDialog.Option.DontUseNativeDialog,
        )
        if chosen:
            self.save_to(stack, Path(chosen).with_suffix(".zarr"))

    def save_to(self, stack: SceneStack, path: Path) -> None:
        """Save a stack off the interface's thread; ask before an older one is replaced."""
        overwrite = path.exists()
        if overwrite:
            question = QMessageBox.question(self, "Save stack", f"Replace {path.name}?")
            if question != QMessageBox.StandardButton.Yes:
                return

        def write(progress: Progress) -> Any:
            return save_stack(stack, path, overwrite=overwrite, progress=progress)

        self.session.run(f"Saving {path.name}", write)

    def ask_save_session(self) -> None:
        """Ask where, and have the session saved."""
        name = "session" if self.session.stack is None else self.session.stack.name
        start = str(Path(self._remembered.get("folder", str(Path.home()))) / f"{name}{SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(self, "Save session", start, _SESSIONS)
        if chosen:
            path = Path(chosen)
            self.session_to_save.emit(path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX))

    def ask_session(self) -> None:
        """Ask which session, and have it opened."""
        start = self._remembered.get("folder", str(Path.home()))
        chosen, _ = QFileDialog.getOpenFileName(self, "Open session", start, _SESSIONS)
        if chosen:
            self.session_to_open.emit(Path(chosen))

    def _empty_page(self) -> QWidget:
        page = QWidget(self)
        line = QLabel("Open a folder of scenes, or drop one on the picture.", page)
        line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        line.setWordWrap(True)
        bar = OpeningBar(self.session, page)
        bar.folder_chosen.connect(self.open_folder)
        layer = QPushButton("Use a napari layer as stack…", page)
        layer.setFlat(True)
        layer.clicked.connect(self._use_layer)
        saved = QPushButton("Open session…", page)
        saved.setFlat(True)
        saved.setToolTip(_OPEN_SESSION)
        saved.clicked.connect(self.ask_session)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addStretch(2)
        layout.addWidget(line)
        layout.addSpacing(GAP)
        layout.addWidget(bar)
        layout.addWidget(layer)
        layout.addWidget(saved)
        layout.addStretch(3)
        return page

    def _stack_page(self) -> QWidget:
        page = QWidget(self)
        self.bar = OpeningBar(self.session, page)
        self.bar.folder_chosen.connect(self.open_folder)
        self.chooser = QComboBox(page)
        self.chooser.setToolTip("The open stacks; the chosen one is shown and tracked.")
        self.chooser.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.chooser.activated.connect(self._choose_stack)
        close = QToolButton(page)
        close.setText("×")
        close.setToolTip("Close this stack")
        close.clicked.connect(self._close_stack)
        choosing = QHBoxLayout()
        choosing.addWidget(self.chooser, 1)
        choosing.addWidget(close)
        self.facts = quiet(parent=page)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.display = DisplayPanel(self.session, page)
        self.dates = DateTable(self.session, page)
        self.notices = QListWidget(page)
        self.notices.setWordWrap(True)
        self.notices.setMaximumHeight(110)
        self.notice_fold = Fold("Notices", self.notices, page)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self.bar)
        layout.addLayout(choosing)
        layout.addWidget(self.facts)
        layout.addWidget(self.display)
        layout.addWidget(self.dates, 1)
        folds = QVBoxLayout()
        folds.setSpacing(0)
        folds.addWidget(self.notice_fold)
        folds.addWidget(self._options())
        layout.addLayout(folds)
        return page

    def _options(self) -> QWidget:
        inner = QWidget(self)
        self.extent = QComboBox(inner)
        for extent, title in _EXTENTS.items():
            self.extent.addItem(title, extent)
        self.extent.setToolTip("The grid of the next folder that is opened. Default: ground that all dates show.")
        self.extent.setCurrentIndex(max(0, self.extent.findData(self._remembered.get("extent", "intersection"))))
        self.extent.activated.connect(lambda _: self._remembered.set("extent", str(self.extent.currentData())))
        self.detail = QComboBox(inner)
        self.detail.addItem("All bands at 30 m", "")
        self.detail.addItem("Band 8 alone, at 15 m", "B8")
        self.detail.setToolTip("What the next folder of Landsat products opens as. Default: all bands but band 8.")
        self.crs = QLineEdit(inner)
        self.crs.setPlaceholderText("as the scenes")
        self.crs.setToolTip("Map projection of the next folder, such as EPSG:3031; needed where scenes have several.")
        form = QFormLayout(inner)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Grid", self.extent)
        form.addRow("Bands", self.detail)
        form.addRow("Projection", self.crs)
        self.pixel_size = QLineEdit(inner)
        self.pixel_size.setPlaceholderText("by the map")
        self.pixel_size.setToolTip(
            "Metres of a pixel of the next folder, where its pictures lie on no map: speeds are then in m/yr."
        )
        self.chosen = {"exclude": QLineEdit(inner), "only": QLineEdit(inner)}
        self.chosen["exclude"].setPlaceholderText("no date")
        self.chosen["exclude"].setToolTip("Dates of the next folder that are left out, such as 2020-01-31, 2020-02-16.")
        self.chosen["only"].setPlaceholderText("every path and row")
        self.chosen["only"].setToolTip("Paths and rows of the next folder that are kept, such as 233/013, or 233.")
        form.addRow("Pixel size", self.pixel_size)
        form.addRow("Leave out", self.chosen["exclude"])
        form.addRow("Path/row", self.chosen["only"])
        buttons = QHBoxLayout()
        save = QPushButton("Save stack…", inner)
        save.setToolTip("Write the shown stack as one zarr folder, which opens again identical.")
        save.clicked.connect(self.save)
        layer = QPushButton("Use layer as stack…", inner)
        layer.setToolTip("Take any image layer (time, y, x) of this window, with dates that you type or paste.")
        layer.clicked.connect(self._use_layer)
        buttons.addWidget(save)
        buttons.addWidget(layer)
        form.addRow(buttons)
        sessions = QHBoxLayout()
        keep = QPushButton("Save session…", inner)
        keep.setToolTip("Write stacks (by their place on the disk), tracks, maps and choices as one file.")
        keep.clicked.connect(self.ask_save_session)
        back = QPushButton("Open session…", inner)
        back.setToolTip(_OPEN_SESSION)
        back.clicked.connect(self.ask_session)
        sessions.addWidget(keep)
        sessions.addWidget(back)
        form.addRow(sessions)
        return Fold("Options", inner, self)

    def _list_stacks(self) -> None:
        self.chooser.clear()
        for stack in self.session.stacks:
            self.chooser.addItem(stack.name)

    def _show_stack(self, stack: SceneStack | None) -> None:
        self.pages.setCurrentIndex(0 if stack is None else 1)
        if stack is not None:
            self.chooser.setCurrentIndex(self.session.stacks.index(stack))
            lines = [*facts(stack), self.session.credits.get(stack, "")]
            self.facts.setText("<br>".join(line for line in lines if line))
        self._show_notices()

    def _show_notices(self) -> None:
        stack = self.session.stack
        notices = [] if stack is None else stack.notices
        self.notices.clear()
        self.notices.addItems([notice.message for notice in notices])
        self.notice_fold.set_title(count(len(notices), "notice"))
        self.notice_fold.setVisible(bool(notices))

    def _choose_stack(self, index: int) -> None:
        self.session.show(self.session.stacks[index])

    def _close_stack(self) -> None:
        if self.session.stack is not None:
            self.session.close_stack(self.session.stack)

    def _use_layer(self) -> None:
        DatesDialog(self.session, self).open()


def _words(field: QLineEdit) -> tuple[str, ...]:
    """What is typed, between commas, semicolons or blanks."""
    return tuple(word for word in re.split(r"[\s,;]+", field.text()) if word)
