"""The ice that is learned from: its form, what that gives, and where it lies on the picture."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_icenet.common.text import size_text
from napari_icenet.common.user_files import home
from napari_icenet.errors import IceNetError
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train.runs.follower import RunFollower
from napari_icenet.gui.train.setup.data_form import DATASET, STACK, DataForm
from napari_icenet.gui.train.setup.dataset_facts import DatasetFacts, facts_of
from napari_icenet.gui.train.setup.planner import Planned, Planner, free_space
from napari_icenet.gui.train.setup.preview import DateStrip, SequencePreview
from napari_icenet.gui.train.setup.split_layer import SplitLayer
from napari_icenet.gui.train.setup.words import plan_text, split_text, title_text
from napari_icenet.gui.widgets.tab import Tab
from napari_icenet.gui.widgets.theme import Fold, quiet
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.training.settings import RunSettings

#: At the end of the names of datasets that were made here.
_KEY = re.compile(r"-[0-9a-f]{12}$")
_LOOKING = "looking at the data …"


class DataPanel(Tab):
    """The form, sizes and splits of what it asks for, and a preview.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    follower : RunFollower
        Whose thread reads datasets.
    parent : QWidget, optional

    Attributes
    ----------
    changed : Signal()
        More is known of the data, or other data were chosen.
    """

    changed = Signal()

    def __init__(self, viewer: Any, session: Session, follower: RunFollower, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewer, self.session, self.follower = viewer, session, follower
        self.planned: Planned | None = None
        self.facts: DatasetFacts | None = None
        self.trouble = _LOOKING
        self.form, self.planner = DataForm(session, self), Planner(self)
        self.splits = SplitLayer(viewer, session.shown_layers)
        self.sizes, self.legend = quiet("", self), quiet("", self)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setToolTip(
            "Sequences by split, as if the ice stood still: those whose ice flows into a gap count for none."
        )
        self.days, self.preview = DateStrip(self), SequencePreview(self)
        self.look = QPushButton("Preview", self)
        self.look.setToolTip("Cut a few sequences for real, to see whether the ice is followed.")
        self.more = Fold("More on the data", self.form.more, self)
        self._soon = Throttle(self.refresh, seconds=0.25, every=1)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.sizes, 1)
        row.addWidget(self.look, alignment=Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.form)
        layout.addWidget(self.more)
        layout.addLayout(row)
        for widget in (self.legend, self.days, self.preview):
            layout.addWidget(widget)
        self._connect()

    def _connect(self) -> None:
        readout, layers, area = self.session.readout, self.viewer.layers, self.form.area
        readout.add_title(self._title)
        self.closing(self._soon.stop, self.planner.close, partial(readout.drop_title, self._title))
        self.closing(area.release, self.splits.close)
        self.listen(self.session.stack_changed, self._on_stack)
        self.listen(layers.events.inserted, area.list_layers)
        self.listen(layers.events.removed, area.list_layers)
        self.form.changed.connect(self._soon.ask)
        self.form.source_changed.connect(self._on_source)
        self.planner.planned.connect(self._on_planned)
        self.planner.previewed.connect(self.preview.show_sequences)
        self.planner.failed.connect(self._fail)
        self.planner.ended.connect(self._on_plan_ended)
        self.look.clicked.connect(self._preview)

    # What is chosen

    @property
    def from_stack(self) -> bool:
        """True if it is the open stack."""
        return self.form.source == STACK

    @property
    def path(self) -> Path | None:
        """The dataset: where it is, or where it is going to be."""
        if not self.from_stack:
            return self.form.dataset
        return None if self.planned is None else self.planned.plan.place_in(datasets_folder())

    @property
    def sequence_size(self) -> tuple[int, int] | None:
        """Frames and chip of the sequences; None before they are known."""
        if self.planned is not None:
            settings = self.planned.plan.settings
            return settings.frames, settings.chip
        return None if self.facts is None else self.facts.size

    @property
    def ice(self) -> str:
        """Name of the ice."""
        stack, dataset = self.session.stack, self.form.dataset
        if not self.from_stack and dataset is not None:
            return _KEY.sub("", dataset.stem)
        return "ice" if stack is None else stack.name

    def trouble_with(self, settings: RunSettings) -> str:
        """Sentence on data that cannot be learned from with these settings; empty where they can."""
        if self.trouble:
            return self.trouble
        counts = self.planned.estimate.by_split if self.planned is not None else {}
        counts = self.facts.counts if self.facts is not None else counts
        training, held_out = counts.get("train", 0) + settings.data.simulated, counts.get("validation", 0)
        if not training:
            return "no ice is left to learn from; choose a smaller chip or stride, or a larger area."
        if settings.validation.every and not held_out:
            return (
                "no ice is held out for validation, the frame is too small for these blocks; hold out later dates, "
                "or choose a smaller chip or another seed."
            )
        if settings.optimisation.batch > training:
            return (
                f"a batch of {settings.optimisation.batch} is larger than the {training} training sequences; "
                "choose a smaller batch, or a smaller stride."
            )
        return "" if self.planned is None else _room(self.planned)

    def show_dataset(self, path: Path) -> None:
        """Choose a dataset."""
        self.form.show_dataset(path)

    # What is shown

    def refresh(self) -> None:
        """Work out anew what the data would be."""
        if not self.from_stack:
            self._read()
        elif self.session.stack is not None and self.isVisible():
            try:
                wanted = self.form.wanted()
            except IceNetError as error:
                self._fail(str(error))
                return
            if wanted is not None:
                self.planner.plan(wanted)

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """The splits lie on the picture while the panel is seen."""
        super().showEvent(event)
        self._soon.ask()

    def hideEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """And are out of the way while it is not."""
        self.splits.hide()
        super().hideEvent(event)
        if self.planned is not None and self.planned.days:
            # What the date is used for is no longer said over the picture.
            self.session.readout.update()

    def _show(self) -> None:
        found, facts, stack = self.planned, self.facts, self.session.stack
        counts = found.estimate.by_split if found is not None else facts.counts if facts is not None else None
        self.sizes.setText(plan_text(found) if found is not None else "" if facts is None else facts.text)
        self.legend.setText("" if counts is None else split_text(counts))
        self.legend.setVisible(counts is not None)
        self.days.show_days(*(((), ()) if found is None else (found.days, found.plan.stack.labels)))
        self.look.setVisible(self.from_stack)
        self.look.setEnabled(found is not None)
        place = None
        if stack is not None and self.isVisible():
            place = Placement.of_choices(self.session.placement(stack, axes=2))
        if found is not None:
            # Split by time, all ground is on all sides: the dates tell, not the picture.
            self.splits.show(None if found.days else found.codes, found.step, place)
        else:
            self.splits.show(None if facts is None else facts.codes, 1 if facts is None else facts.step, place)
        self.session.readout.update()
        self.changed.emit()

    def _fail(self, sentence: str) -> None:
        self.planned, self.facts, self.trouble = None, None, sentence
        self.preview.show_sequences(None)
        self._show()

    # What others say

    def _on_stack(self, stack: SceneStack | None) -> None:
        self.form.show_stack(stack)
        if self.from_stack:
            self._fail(_LOOKING)
        self._soon.ask()

    def _on_source(self) -> None:
        self.more.setVisible(self.from_stack)
        self._fail(_LOOKING)
        self._soon.now()

    def _on_planned(self, found: Planned) -> None:
        if not self.from_stack or found.plan.stack.grid != getattr(self.session.stack, "grid", None):
            return
        before, self.planned, self.facts, self.trouble = self.planned, found, None, ""
        if before is None or before.plan.key != found.plan.key:
            self.preview.show_sequences(None)
        self._show()

    def _on_plan_ended(self) -> None:
        self.look.setText("Preview")
        self.look.setEnabled(self.planned is not None)

    def _preview(self) -> None:
        if self.planned is not None:
            self.splits.restore()
            self.look.setEnabled(False)
            self.look.setText("Cutting …")
            self.planner.preview(self.planned.plan)

    def _read(self) -> None:
        path, stack = self.form.dataset, self.session.stack
        if path is None:
            self._fail("choose a dataset.")
            return

        def read() -> DatasetFacts | str:
            try:
                return facts_of(path, stack)
            except IceNetError as error:
                return str(error)

        def take(found: DatasetFacts | str) -> None:
            if path != self.form.dataset or self.form.source != DATASET:
                return
            if isinstance(found, str):
                self._fail(found)
                return
            self.planned, self.facts, self.trouble = None, found, ""
            self._show()

        self.follower.act(read, take)

    def _title(self) -> str:
        """Beside the date over the picture: what the date is used for, where it is split by time."""
        found = self.planned
        if found is None or not found.days or not self.isVisible():
            return ""
        return title_text(found, self.session)


def datasets_folder() -> Path:
    """Folder of datasets made here."""
    return home() / "datasets"


def _room(planned: Planned) -> str:
    """Sentence on a dataset that does not fit on the disk; empty where it does, or is there already."""
    folder = datasets_folder()
    free, needed = free_space(folder), planned.estimate.bytes
    if free is None or needed < 0.95 * free or planned.plan.place_in(folder).exists():
        return ""
    return (
        f"the dataset needs {size_text(needed)}, and {size_text(free)} are free on the disk of {folder}; "
        "choose a larger stride or fewer bands, or free some space."
    )
