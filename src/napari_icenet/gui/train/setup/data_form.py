"""Form of a run's data: the open stack, cut as chosen here, or a dataset that is there already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.gui.forms.field_editor import FieldEditor
from napari_icenet.gui.forms.schema import fields_of
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train.setup.area import AreaBox
from napari_icenet.gui.train.setup.data_words import LOOKS, SOURCES, TIPS, suited
from napari_icenet.gui.train.setup.planner import Wanted
from napari_icenet.gui.widgets.checklist import Checklist
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.theme import close_grid
from napari_icenet.gui.widgets.toggles import Toggles
from napari_icenet.scenes.stack import SceneStack

STACK, DATASET = 0, 1
_FIELDS = fields_of(DatasetSettings)
#: More than this for validation and the test each, in percent, would leave little to learn from.
_MOST_HELD_OUT = 45
#: Folded away.
_FOLDED = ("tracking", "seed")


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
        self.editors = {
            name: FieldEditor(_FIELDS[name], self.more if name in _FOLDED else self, look=look)
            for name, look in LOOKS.items()
        }
        for editor in self.editors.values():
            editor.changed.connect(self._tell)
        self.area = AreaBox(session, self)
        self._describe(self.area, "area")
        self.draw = QPushButton("Draw", self)
        self.draw.setToolTip("Draw a polygon on the picture; a double click or Esc ends it.")
        self.draw.setAccessibleName("Draw an area to learn from")
        self.held_out = QSpinBox(self.more)
        self.held_out.setRange(0, _MOST_HELD_OUT)
        self.held_out.setSingleStep(5)
        self.held_out.setSuffix(" %")
        self._describe(self.held_out, "held_out")
        # A value typed digit by digit must not be judged after each digit.
        self.held_out.setKeyboardTracking(False)
        self.held_out.valueChanged.connect(self._tell)
        self.spare = QCheckBox("Spare what the weights never saw", self.more)
        self.spare.setChecked(True)
        self._describe(self.spare, "spare")
        self.spare.toggled.connect(self._tell)
        self.weights: str | None = None
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
            **{name: editor.value() for name, editor in self.editors.items()},
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
        for name, editor in self.editors.items():
            editor.set_value(values.get(name, editor.field.default))
        self.held_out.setValue(round(100 * values.get("validation", _FIELDS["validation"].default)))
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
        for row, name in enumerate(_FOLDED):
            self._add(folded, name, row, 0)
        folded.addWidget(self._label("Each", "held_out", self.held_out), 0, 2)
        folded.addWidget(self.held_out, 0, 3)
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
        for k, name in enumerate(("chip", "stride", "scale", "frames")):
            self._add(grid, name, 2 + k // 2, 2 * (k % 2))
        self._add(grid, "split_by", 4, 0, columns=3)
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

    def _add(self, grid: QGridLayout, name: str, row: int, column: int, columns: int = 1) -> None:
        editor = self.editors[name]
        grid.addWidget(editor.label, row, column)
        grid.addWidget(editor.widget, row, column + 1, 1, columns)

    def _describe(self, widget: QWidget, name: str) -> None:
        widget.setToolTip(TIPS[name])
        widget.setAccessibleDescription(TIPS[name])

    def _label(self, text: str, name: str, buddy: QWidget) -> QLabel:
        label = QLabel(text)
        label.setToolTip(TIPS[name])
        label.setBuddy(buddy)
        buddy.setAccessibleName(text)
        return label
