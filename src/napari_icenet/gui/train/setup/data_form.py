"""Form of a run's data: the open stack, cut as chosen here, or a dataset that is there already."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train.setup.area import AreaBox
from napari_icenet.gui.train.setup.data_words import SOURCES, SPLIT_BY, TIPS, TRACKINGS, suited
from napari_icenet.gui.train.setup.planner import Wanted
from napari_icenet.gui.widgets.checklist import Checklist
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.theme import close_grid
from napari_icenet.gui.widgets.toggles import Toggles
from napari_icenet.scenes.stack import SceneStack

STACK, DATASET = 0, 1
_FIRST = DatasetSettings()
_SIZES: Final = {"chip": "Chip", "stride": "Every", "scale": "c", "frames": "Frames"}


class DataForm(QWidget):
    """Source, bands, dates, area, chips and what is held out; :attr:`more` holds what is used less.

    Attributes
    ----------
    changed : Signal()
        Something was chosen.
    source_changed : Signal()
        The open stack, or a dataset.
    """

    changed = Signal()
    source_changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack: SceneStack | None = None
        self._filling = True
        self.more = QWidget(self)
        self.bands, self.dates = Checklist("bands", TIPS["bands"], self), Checklist("dates", TIPS["dates"], self)
        self.area, self.split_by = AreaBox(session, self), self._box("split_by", SPLIT_BY)
        self._describe(self.area, "area")
        self.tracking = self._box("tracking", TRACKINGS, self.more)
        self.draw = QPushButton("Draw", self)
        self.draw.setToolTip("Draw a polygon on the picture; a double click or Esc ends it.")
        self.draw.setAccessibleName("Draw an area to learn from")
        self.chip = self._number("chip", (16, 1024, 16), " px")
        self.stride = self._number("stride", (1, 1024, 8), " px")
        self.frames = self._number("frames", (3, 1000, 1), "")
        self.seed = self._number("seed", (0, 9999, 1), "", self.more)
        self.held_out = self._number("held_out", (0, 45, 5), " %", self.more)
        self.spare = QCheckBox("Spare what the weights never saw", self.more)
        self.spare.setChecked(True)
        self._describe(self.spare, "spare")
        self.spare.toggled.connect(self._tell)
        self.weights: str | None = None
        self.scale = QDoubleSpinBox(self)
        self.scale.setRange(1.1, 4.0)
        self.scale.setSingleStep(0.1)
        self.scale.setDecimals(1)
        self._describe(self.scale, "scale")
        self.scale.setKeyboardTracking(False)
        self.scale.valueChanged.connect(self._tell)
        self.path = QLineEdit(self)
        self.path.setPlaceholderText("….zarr")
        self._describe(self.path, "dataset")
        self.path.editingFinished.connect(self._tell)
        self.browse = QPushButton("Choose…", self)
        self.browse.clicked.connect(self._ask_dataset)
        self._lay_out()
        self.bands.changed.connect(self._tell)
        self.dates.changed.connect(self._tell)
        self.area.changed.connect(self._tell)
        self.draw.clicked.connect(self.area.draw)
        self._filling = False
        self.show_values({})

    # What is chosen

    @property
    def source(self) -> int:
        """The open stack (0), or a dataset (1)."""
        return DATASET if self.sources.key == "dataset" else STACK

    @property
    def dataset(self) -> Path | None:
        """The dataset that is named; None where none is."""
        text = self.path.text().strip()
        return Path(text).expanduser() if text else None

    def values(self) -> dict[str, Any]:
        """Choices of :func:`~napari_icenet.training.data.plan.make_plan`, but the area."""
        share = self.held_out.value() / 100
        all_dates = len(self.dates.ticked) == self.dates.list.count()
        return {
            "bands": tuple(self.bands.names),
            "dates": None if all_dates else self.dates.ticked,
            "chip": self.chip.value(),
            "scale": round(self.scale.value(), 2),
            "stride": self.stride.value(),
            "frames": self.frames.value(),
            "split_by": self.split_by.currentData(),
            "tracking": self.tracking.currentData(),
            "seed": self.seed.value(),
            "validation": share,
            "test": share,
        }

    def wanted(self) -> Wanted | None:
        """The dataset that is to be made of the open stack; None without one."""
        stack = self._stack
        if stack is None:
            return None
        values, ground = self.values(), self.area.ground()
        return Wanted(stack, values, lambda: ground, self.weights if self.spare.isChecked() else None)

    # What is shown

    def show_weights(self, weights: str | None) -> None:
        """Hear which weights the run starts from."""
        if weights != self.weights:
            self.weights = weights
            self._tell()

    def show_source(self, source: int) -> None:
        """Learn from the open stack (0), or from a dataset (1)."""
        self.sources.choose("dataset" if source == DATASET else "stack")
        for number, page in enumerate(self.pages):
            page.setVisible(number == source)
        self.source_changed.emit()
        self._tell()

    def show_dataset(self, path: Path) -> None:
        """Learn from a dataset."""
        self.path.setText(str(path))
        self.show_source(DATASET)

    def show_stack(self, stack: SceneStack | None) -> None:
        """List a stack's bands and dates; sizes are those that suit its frame."""
        if stack is self._stack:
            return
        self._filling = True
        self._stack = stack
        self.bands.show_items(() if stack is None else stack.bands)
        self.dates.show_items(() if stack is None else stack.labels)
        if stack is not None:
            self.show_values(suited(stack))
        self._filling = False
        self.area.list_layers()
        self._tell()

    def show_values(self, values: dict[str, Any]) -> None:
        """Show choices, those that are not named as at first."""
        before, self._filling = self._filling, True
        for name in ("chip", "stride", "frames", "seed"):
            getattr(self, name).setValue(values.get(name, getattr(_FIRST, name)))
        self.scale.setValue(values.get("scale", _FIRST.scale))
        self.held_out.setValue(round(100 * values.get("validation", _FIRST.validation)))
        for name in ("split_by", "tracking"):
            box = getattr(self, name)
            box.setCurrentIndex(max(0, box.findData(values.get(name, getattr(_FIRST, name)))))
        self._filling = before

    # What the user does

    def _ask_dataset(self) -> None:
        memory = Remembered("train")
        chosen = QFileDialog.getExistingDirectory(self, "Choose a dataset", memory.get("datasets", str(Path.home())))
        if chosen:
            memory.set("datasets", str(Path(chosen).parent))
            self.show_dataset(Path(chosen))

    def _tell(self, *_: Any) -> None:
        if not self._filling:
            self.changed.emit()

    # Layout

    def _lay_out(self) -> None:
        self.sources = Toggles(SOURCES, self)
        self.sources.choose("stack")
        self.sources.picked.connect(lambda key: self.show_source(DATASET if key == "dataset" else STACK))
        # Not a stack of widgets: that would be as high as its highest page.
        self.pages = (self._stack_page(), self._dataset_page())
        self.pages[DATASET].hide()
        folded = close_grid(self.more)
        folded.addWidget(self._label("Tracking", "tracking", self.tracking), 0, 0)
        folded.addWidget(self.tracking, 0, 1)
        folded.addWidget(self._label("Each", "held_out", self.held_out), 0, 2)
        folded.addWidget(self.held_out, 0, 3)
        folded.addWidget(self._label("Seed", "seed", self.seed), 1, 0)
        folded.addWidget(self.seed, 1, 1)
        folded.addWidget(self.spare, 2, 0, 1, 4)
        for column in (1, 3):
            folded.setColumnStretch(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.sources)
        for page in self.pages:
            layout.addWidget(page)

    def _stack_page(self) -> QWidget:
        page = QWidget(self)
        grid = close_grid(page)
        grid.addWidget(self._label("Bands", "bands", self.bands), 0, 0)
        grid.addWidget(self.bands, 0, 1)
        grid.addWidget(self._label("Dates", "dates", self.dates), 0, 2)
        grid.addWidget(self.dates, 0, 3)
        grid.addWidget(self._label("Area", "area", self.area), 1, 0)
        grid.addWidget(self.area, 1, 1, 1, 2)
        grid.addWidget(self.draw, 1, 3)
        for k, (words, name) in enumerate(
            (("Chip", "chip"), ("Every", "stride"), ("c", "scale"), ("Frames", "frames"))
        ):
            widget = getattr(self, name)
            grid.addWidget(self._label(words, name, widget), 2 + k // 2, 2 * (k % 2))
            grid.addWidget(widget, 2 + k // 2, 2 * (k % 2) + 1)
        grid.addWidget(self._label("Hold out", "split_by", self.split_by), 4, 0)
        grid.addWidget(self.split_by, 4, 1, 1, 3)
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
        return page

    def _dataset_page(self) -> QWidget:
        page = QWidget(self)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.path, 1)
        row.addWidget(self.browse)
        return page

    def _box(self, name: str, items: dict[str, str], parent: QWidget | None = None) -> QComboBox:
        box = QComboBox(parent or self)
        self._describe(box, name)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for key, title in items.items():
            box.addItem(title, key)
        box.currentIndexChanged.connect(self._tell)
        return box

    def _number(self, name: str, limits: tuple[int, int, int], suffix: str, parent: QWidget | None = None) -> QSpinBox:
        least, most, step = limits
        box = QSpinBox(parent or self)
        box.setRange(least, most)
        box.setSingleStep(step)
        box.setSuffix(suffix)
        self._describe(box, name)
        # A value typed digit by digit must not be judged after each digit.
        box.setKeyboardTracking(False)
        box.valueChanged.connect(self._tell)
        return box

    def _describe(self, widget: QWidget, name: str) -> None:
        widget.setToolTip(TIPS[name])
        widget.setAccessibleDescription(TIPS[name])

    def _label(self, text: str, name: str, buddy: QWidget) -> QLabel:
        label = QLabel(text)
        label.setToolTip(TIPS[name])
        label.setBuddy(buddy)
        buddy.setAccessibleName(text)
        return label
