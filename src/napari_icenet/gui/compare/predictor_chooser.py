"""Chooses which predictors are compared, with which weights, where, and of how many samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction, QColor
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.common.device import Listed, devices
from napari_icenet.errors import IceNetError
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.models.precision import NETWORK_AUTO
from napari_icenet.predictors.predictor_set import PredictorSet, PredictorSpec
from napari_icenet.predictors.registry import names
from napari_icenet.training.launch.list import Runs

#: Chosen when nothing was chosen yet.
FIRST_CHOSEN = ("persistence", "high-pass", "consensus", "svg-lp", "icenet")
#: Buttons of predictors in a row.
_ABREAST = 4
#: More samples change a mean no more, and take time.
_MOST_SAMPLES = 64
_DEVICE_TIP = "Where networks compute; auto takes a graphics processor where there is one."
_TIP = "Show what {} expects, and how right it was."
_NO_WEIGHTS = "{} has no weights for chips of {} px; choose another size of chip, or other weights."


class PredictorChooser(QWidget):
    """Buttons for predictors, a menu of weights, a device and a number of samples.

    Attributes
    ----------
    changed : Signal()
        Another predictor set is chosen.
    device_changed : Signal()
        Networks are to be computed elsewhere; their memory on the old device is not needed any more.
    failed : Signal(str)
        One sentence for the user.
    """

    changed = Signal()
    device_changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._memory = Remembered("compare")
        self._entries: list[PredictorSpec] = [PredictorSpec(name=name) for name in names()]
        self._chip: int | None = None
        self._filling = False
        self._worker: LatestWorker | None = None
        self.buttons: dict[str, QToolButton] = {}
        self._lay_out()
        self._recall()
        self._arrange()

    # What is chosen

    @property
    def predictor_set(self) -> PredictorSet:
        """The chosen predictors that can predict chips of the size in use."""
        chosen = tuple(e for e in self._entries if self.buttons[e.key].isChecked() and self.buttons[e.key].isEnabled())
        return PredictorSet(entries=chosen, device=self.device.currentData() or "auto", samples=self.samples.value())

    def show_line_up(self, predictor_set: PredictorSet) -> None:
        """Choose another predictor set; its weights are added to the choice."""
        for entry in predictor_set.entries:
            if entry.weights is not None:
                self._add(entry)
        self._filling = True
        for key, button in self.buttons.items():
            button.setChecked(key in predictor_set.keys)
        self._choose_device(predictor_set.device)
        self.samples.setValue(predictor_set.samples)
        self._filling = False
        self._on_chosen()

    def suit(self, chip: int) -> None:
        """Offer the predictors that know chips of this size; cards are read when it changes, not at every frame."""
        if chip != self._chip:
            self._chip = chip
            self._offer()

    def add_weights(self, path: Path) -> bool:
        """Add the predictor of a file of weights to the choice; False, and a message, where that fails."""
        try:
            entry = PredictorSpec.of_weights(path)
        except IceNetError as error:
            self.failed.emit(str(error))
            return False
        if entry.key not in self.buttons:
            self._add(entry)
            self._arrange()
        self.buttons[entry.key].setChecked(True)
        return True

    def remove_weights(self, key: str) -> None:
        """Take added weights out of the choice."""
        button = self.buttons.pop(key)
        self._entries = [entry for entry in self._entries if entry.key != key]
        button.hide()
        button.deleteLater()
        self._arrange()
        self._on_chosen()

    # Layout

    def _lay_out(self) -> None:
        self._grid = QGridLayout()
        self._grid.setSpacing(3)
        for entry in self._entries:
            self.buttons[entry.key] = self._button(entry)
        self.weights = QToolButton(self)
        self.weights.setText("Weights")
        self.weights.setToolTip("Add a network that you trained, or a file of weights, beside those of the package.")
        self.weights.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.weights)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.weights.setMenu(self.menu)
        self.device = QComboBox(self)
        self.device.addItem("auto", "auto")
        self.device.setAccessibleName("Device")
        self.device.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.device.activated.connect(self._on_device)
        self.samples = QSpinBox(self)
        self.samples.setRange(1, _MOST_SAMPLES)
        self.samples.setToolTip(
            "Samples that SVG-LP draws; it searches with their mean, and their deviation is its spread. Default: 1."
        )
        self.samples.setAccessibleName("Samples")
        self.samples.setFixedWidth(72)
        self.samples.valueChanged.connect(self._on_chosen)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.weights)
        row.addWidget(self.device, 1)
        row.addWidget(QLabel("Samples", self))
        row.addWidget(self.samples)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(self._grid)
        layout.addLayout(row)

    def _button(self, entry: PredictorSpec) -> QToolButton:
        button = QToolButton(self)
        button.setText(entry.title)
        button.setCheckable(True)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setToolTip(_TIP.format(entry.title))
        tint = ", ".join(map(str, QColor(entry.colour).getRgb()[:3]))
        button.setStyleSheet(
            f"QToolButton {{ border-left: 4px solid {entry.colour}; padding: 3px 2px; font-size: 11px; }}"
            "QToolButton { background: transparent; }"
            f"QToolButton:checked {{ background: rgba({tint}, 90); }}"
            f"QToolButton:focus {{ outline: none; border-bottom: 1px solid {entry.colour}; }}"
            "QToolButton:disabled { border-left-color: palette(mid); color: palette(mid); }"
        )
        button.toggled.connect(self._on_chosen)
        return button

    def _arrange(self) -> None:
        for k, entry in enumerate(self._entries):
            self._grid.addWidget(self.buttons[entry.key], k // _ABREAST, k % _ABREAST)
        for k in range(_ABREAST):
            self._grid.setColumnStretch(k, 1)
        self._offer()

    def _offer(self) -> None:
        if self._chip is None:
            return
        for entry in self._entries:
            button = self.buttons[entry.key]
            try:
                fits, tip = entry.fits(self._chip), _NO_WEIGHTS.format(entry.title, self._chip)
            except IceNetError as error:
                fits, tip = False, str(error)
            button.setEnabled(fits)
            button.setToolTip(_TIP.format(entry.title) if fits else tip)

    # Weights

    def _add(self, entry: PredictorSpec) -> None:
        if entry.key not in self.buttons:
            self._entries.append(entry)
            self.buttons[entry.key] = self._button(entry)
            self._arrange()

    def _fill_menu(self) -> None:
        self.menu.clear()
        self.menu.addSection("Add")
        runs = Runs()
        runs.refresh()
        for name, path in runs.weights_of():
            self._act(name, partial(self.add_weights, path))
        self._act("A file…", self._ask_file)
        added = [entry for entry in self._entries if entry.weights is not None]
        if added:
            self.menu.addSection("Take out")
        for entry in added:
            self._act(entry.title, partial(self.remove_weights, entry.key))

    def _act(self, words: str, does: Callable[[], Any]) -> None:
        action = QAction(words, self.menu)
        action.triggered.connect(lambda _checked: does())
        self.menu.addAction(action)

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Weights", self._memory.get("folder", ""), "Weights (*.safetensors)"
        )
        if path:
            self._memory.set("folder", str(Path(path).parent))
            self.add_weights(Path(path))

    # Device

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Find out, once, which devices there are."""
        super().showEvent(event)
        if self._worker is None:
            # Where there is a graphics processor this wakes PyTorch, which takes seconds.
            self._worker = LatestWorker("icenet-devices", lambda _busy: None)
            self._worker.submit("devices", lambda: self._list_devices(devices(NETWORK_AUTO)))

    @on_main_thread
    def _list_devices(self, found: list[Listed]) -> None:
        chosen = self.device.currentData()
        self.device.clear()
        self.device.addItem(f"auto: {found[0].title}" if found else "auto", "auto")
        for one in found:
            self.device.addItem(one.title, one.name)
        self._choose_device(chosen)

    def _choose_device(self, name: str) -> None:
        at = self.device.findData(name)
        if at < 0 and self.device.count() == 1:
            self.device.addItem(name, name)  # whether it is there is found out later
            at = self.device.count() - 1
        self.device.setCurrentIndex(max(at, 0))
        self.device.setToolTip(f"{_DEVICE_TIP} Now: {self.device.currentText()}.")

    def _on_device(self) -> None:
        self.device_changed.emit()
        self._on_chosen()

    # Memory

    def _on_chosen(self) -> None:
        if self._filling:
            return
        chosen = [key for key, button in self.buttons.items() if button.isChecked()]
        added = [str(entry.weights) for entry in self._entries if entry.weights is not None]
        self._memory.set("predictors", ",".join(chosen))
        self._memory.set("weights", "\n".join(added))
        self._memory.set("device", str(self.device.currentData() or "auto"))
        self._memory.set("samples", self.samples.value())
        self.changed.emit()

    def _recall(self) -> None:
        self._filling = True
        for path in self._memory.get("weights", "").split("\n"):
            try:
                if path:
                    self._add(PredictorSpec.of_weights(Path(path)))
            except IceNetError:
                continue  # deleted since
        chosen = self._memory.get("predictors", ",".join(FIRST_CHOSEN)).split(",")
        for key, button in self.buttons.items():
            button.setChecked(key in chosen)
        self._choose_device(self._memory.get("device", "auto"))
        self.samples.setValue(self._memory.get("samples", 1))
        self._filling = False
