"""The button that opens scenes and turns into Cancel while it does."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_icenet.gui.session.open_sample import TITLES, open_sample
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.job import Job
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.theme import TIGHT, make_primary, quiet


class OpeningBar(QWidget):
    """Open folder… and Open sample, with progress below while either is at work.

    Attributes
    ----------
    folder_chosen : Signal(str)
        The user has chosen a folder to open.
    """

    folder_chosen = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._remembered = Remembered("scenes")
        self.open_button = make_primary(QPushButton("Open folder…", self))
        self.open_button.setToolTip(
            "A folder of Landsat products, one product, a folder of dated images, or a saved stack (.zarr). "
            "It can also be dropped on the picture."
        )
        self.open_button.clicked.connect(self._open_or_cancel)
        self.sample_button = QPushButton("Open sample", self)
        menu = QMenu(self.sample_button)
        for name, title in TITLES.items():
            menu.addAction(title, lambda name=name: open_sample(session, name))
        self.sample_button.setMenu(menu)
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 100)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.doing = quiet(parent=self)
        self.doing.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open_button, 3)
        buttons.addWidget(self.sample_button, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TIGHT)
        layout.addLayout(buttons)
        layout.addWidget(self.progress)
        layout.addWidget(self.doing)
        session.job_changed.connect(self._follow)
        self._follow(session.job)

    def choose(self) -> None:
        """Ask for a folder and have it opened."""
        start = self._remembered.get("folder", str(Path.home()))
        folder = QFileDialog.getExistingDirectory(self, "Open scenes", start)
        if folder:
            self._remembered.set("folder", str(Path(folder).parent))
            self.folder_chosen.emit(folder)

    def _open_or_cancel(self) -> None:
        if self._session.job is None:
            self.choose()
            return
        self._session.cancel()
        self.open_button.setText("Cancelling…")
        self.open_button.setEnabled(False)

    def _follow(self, job: Job | None) -> None:
        working = job is not None
        self.open_button.setEnabled(True)
        self.open_button.setText("Cancel" if working else "Open folder…")
        self.sample_button.setEnabled(not working)
        self.progress.setVisible(working)
        self.doing.setVisible(working)
        if job is not None:
            self._show_progress(0.0, job.description)
            job.progressed.connect(self._show_progress)

    def _show_progress(self, fraction: float, text: str) -> None:
        self.progress.setValue(round(100 * fraction))
        if text:
            self.doing.setText(text)
