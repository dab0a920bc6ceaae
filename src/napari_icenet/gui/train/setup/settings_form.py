"""The settings of a run: a preset, the few that matter in view, and all others folded away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from napari_icenet.common.device import devices
from napari_icenet.common.text import capital
from napari_icenet.errors import IceNetError
from napari_icenet.gui.forms.field_editor import FieldEditor, to_text
from napari_icenet.gui.forms.schema import Group, form, from_form, own_form, values_of
from napari_icenet.gui.train.runs.words import MODEL_WORDS
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.gui.widgets.toggles import Toggles
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.models.precision import NETWORK_AUTO
from napari_icenet.training.data.start_weights import start_trouble
from napari_icenet.training.presets import PRESETS, preset_values
from napari_icenet.training.settings import RunSettings, make_run_settings

#: Title and name of each preset, the one to begin with first.
TITLES = {"quick": "Quick", "fine-tune": "Fine-tune", "paper": "Paper"}
FIRST = "fine-tune"
#: In view, two in a row; what is learned from stands above them.
SHOWN = ("model", "device", "optimisation.steps", "optimisation.batch", "optimisation.learning_rate", "weights")
_LABELS = {"optimisation.learning_rate": "Rate", "weights": "From", "model": "Network", "optimisation.batch": "Batch"}
#: Chosen in the form of the data.
_ELSEWHERE = ("data.datasets",)
#: Settings of the network and of what is minimised.
_OWN = ("model_settings.", "objective.")
RANDOM = "random weights"


class SettingsForm(QWidget):
    """Presets and the settings in view; :attr:`more` holds all others.

    Attributes
    ----------
    changed : Signal()
        Something was chosen.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._base: dict[str, Any] = {}
        self._devices_asked = False
        self._worker = LatestWorker("icenet-form", lambda _busy: None)
        self._own_of = ""
        self._weights: tuple[tuple[str, str, Path], ...] = ()
        self._devices: tuple[str, ...] = ()
        self.editors: dict[str, FieldEditor] = {}
        self.more = QWidget(self)
        self._lay_out()
        self.editors["model"].changed.connect(self._on_model)
        self.choose_preset(FIRST)

    # What is chosen

    @property
    def preset(self) -> str:
        """The preset that is marked; empty where settings of another run are shown."""
        return self.presets.key

    def settings(self, datasets: Sequence[Path] = (), chip: int | None = None) -> RunSettings | None:
        """All choices; None where one cannot be used, which is said beside its field.

        Parameters
        ----------
        datasets : sequence of Path
            What is learned from.
        chip : int, optional
            Of its sequences, px; weights that are for other chips are refused.
        """
        values = dict(self._base)
        for key, editor in self.editors.items():
            value = editor.value()
            own = key.startswith(_OWN)
            # What a network is like unless something else is said stays unsaid: weights may know better.
            if not own or key in values or to_text(value) != to_text(editor.field.default):
                values[key] = value
        values["data.datasets"] = [str(path) for path in datasets]
        settings, errors = from_form(values)
        for key, editor in self.editors.items():
            editor.say(errors.pop(key, ""))
        if errors:
            # Of a group, whose values do not fit together: beside its first field that is in view.
            group, sentence = next(iter(errors.items()))
            near = next((e for key, e in self.editors.items() if key.startswith(group)), self.editors["model"])
            near.say(sentence)
        return None if settings is None or self._cannot_work(settings, chip) else settings

    def choose_preset(self, name: str) -> None:
        """Show the values of a preset."""
        model = self.editors["model"].value()
        if name == "paper":
            model = "svg-lp"
        elif model not in MODEL_WORDS:
            model = "icenet"
        device = self.editors["device"].value()
        settings = make_run_settings(preset_values(name, model))
        self.show_settings(settings.model_copy(update={"device": device or "auto"}))
        self.presets.choose(name)
        self.changed.emit()

    def show_settings(self, settings: RunSettings) -> None:
        """Show the settings of another run."""
        self.presets.choose("")
        values = values_of(settings)
        # The network's own settings and the objective's come with values of their own; unnamed ones keep theirs.
        self._base = {key: value for key, value in values.items() if key not in _ELSEWHERE}
        for key, editor in self.editors.items():
            if key in values:
                editor.set_value(values[key])
            elif key.startswith(_OWN):
                editor.set_value(editor.field.default)
            editor.say("")
        self._list_weights()
        if self._own_of:
            self._ask_own()
        self.changed.emit()

    def offer_weights(self, found: Sequence[tuple[str, str, Path]]) -> None:
        """List what a run may start from: nothing, the package's own weights, and those of other runs.

        Parameters
        ----------
        found : sequence of (str, str, Path)
            Network, title and file.
        """
        if tuple(found) != self._weights:
            self._weights = tuple(found)
            self._list_weights()

    def _list_weights(self) -> None:
        model = self.editors["model"].value()
        items: list[tuple[str, Any]] = [(RANDOM, None)]
        items += [(f"bundled {title}", name) for name, title in MODEL_WORDS.items() if name == model]
        items += [(title, str(path)) for network, title, path in self._weights if network == model]
        self.editors["weights"].offer(items)

    def _cannot_work(self, settings: RunSettings, chip: int | None) -> bool:
        """Say beside their fields what this machine has not, or does not fit together."""
        said = {"device": self._device_trouble(settings.device), "weights": capital(start_trouble(settings, chip))}
        for key in filter(said.get, said):
            self.editors[key].say(said[key])
        return any(said.values())

    def _device_trouble(self, device: str) -> str:
        # As long as nobody knows which ones there are, none is refused.
        there = not self._devices or device == "auto" or any(name.startswith(device) for name in self._devices)
        return "" if there else f"This machine has no {device}; choose another device."

    # Layout

    def _lay_out(self) -> None:
        tips = {name: capital(PRESETS[name]) for name in TITLES}
        self.presets = Toggles({name: (title, tips[name]) for name, title in TITLES.items()}, self)
        self.presets.picked.connect(self.choose_preset)
        grid = _grid()
        self._fill(grid, list(form()), only=SHOWN)
        self._list_weights()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.presets)
        layout.addLayout(grid)
        self._lay_out_more()

    def _lay_out_more(self) -> None:
        self._inner = QWidget(self.more)
        self._groups = QVBoxLayout(self._inner)
        self._groups.setContentsMargins(0, 0, 6, 0)
        self._groups.setSpacing(2)
        for group in form():
            self._add_group(group)
        self._groups.addStretch(1)
        scroll = QScrollArea(self.more)
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._inner)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setMinimumHeight(120)
        layout = QVBoxLayout(self.more)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.addWidget(scroll)

    def _add_group(self, group: Group, at: int | None = None) -> None:
        kept = [field for field in group.fields if field.key not in SHOWN + _ELSEWHERE]
        if not kept:
            return
        box = QWidget(self._inner)
        box.setObjectName(group.key)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 4, 0, 2)
        layout.setSpacing(2)
        title = QLabel(f"<b>{group.title}</b>", box)
        layout.addWidget(title)
        grid = _grid(abreast=1)
        layout.addLayout(grid)
        self._fill(grid, [group], only=tuple(field.key for field in kept), abreast=1)
        self._groups.insertWidget(self._groups.count() if at is None else at, box)

    def _fill(self, grid: QGridLayout, groups: list[Group], *, only: tuple[str, ...], abreast: int = 2) -> None:
        fields = {field.key: field for group in groups for field in group.fields}
        for k, key in enumerate(key for key in only if key in fields):
            editor = self.editors[key] = FieldEditor(fields[key], self, listed=key == "weights")
            if abreast == 2 and key in _LABELS:
                editor.label.setText(_LABELS[key])
            row, column = 2 * (k // abreast), 2 * (k % abreast)
            grid.addWidget(editor.label, row, column)
            grid.addWidget(editor.widget, row, column + 1)
            if abreast == 1:
                unit = fields[key].unit
                grid.addWidget(QLabel("" if unit == "0 to 1" else unit, self), row, 2)
            grid.addWidget(editor.error, row + 1, column, 1, 3 if abreast == 1 else 2)
            editor.changed.connect(self._on_changed)
        if "model" in only:
            self.editors["model"].offer([(MODEL_WORDS.get(n, n), n) for n in fields["model"].choices])

    # What others say

    def _on_changed(self) -> None:
        self.changed.emit()

    def _on_model(self) -> None:
        """Weights of one network are no start for another; presets have values for each."""
        name, preset = self.editors["model"].value(), self.preset
        if preset and name in MODEL_WORDS:
            self.choose_preset("quick" if preset == "paper" and name != "svg-lp" else preset)
        elif self.editors["weights"].value() in MODEL_WORDS:
            self.editors["weights"].set_value(name)

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Find out, once, which devices there are."""
        super().showEvent(event)
        if not self._devices_asked:
            self._devices_asked = True
            # Where there is a graphics processor this wakes PyTorch, which takes seconds.
            self._worker.submit("devices", lambda: self._list_devices(devices(NETWORK_AUTO)))

    def show_all(self, shown: bool) -> None:
        """Fetch the network's own settings, which takes PyTorch, when all settings are unfolded."""
        if shown:
            self._ask_own()

    @on_main_thread
    def _list_devices(self, found: Any) -> None:
        auto = f"auto: {found[0].title}" if found else "auto"
        self._devices = tuple(one.name for one in found)
        self.editors["device"].offer([(auto, "auto"), *((one.title, one.name) for one in found)])
        self.changed.emit()

    def _ask_own(self) -> None:
        model = str(self.editors["model"].value())
        if model != self._own_of:
            self._own_of = model
            self._worker.submit("own", partial(self._find_own, model))

    def _find_own(self, model: str) -> None:
        try:
            groups = own_form(model)
        except IceNetError:
            return  # a run of another version of the package; its settings are kept as they are
        self._add_own(model, groups)

    @on_main_thread
    def _add_own(self, model: str, groups: tuple[Group, ...]) -> None:
        if model != self.editors["model"].value():
            return
        for key in [key for key in self.editors if key.startswith(_OWN)]:
            editor = self.editors.pop(key)
            editor.deleteLater()
        for group in groups:
            for old in self._inner.findChildren(QWidget, group.key):
                self._groups.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._add_group(group, self._groups.count() - 1)
            for field in group.fields:
                self.editors[field.key].set_value(self._base.get(field.key, field.default))


def _grid(abreast: int = 2) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(6)
    grid.setVerticalSpacing(2)
    for k in range(abreast):
        grid.setColumnStretch(2 * k + 1, 1)
    return grid
