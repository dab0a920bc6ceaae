"""The page that sets up a run: which ice, which of it is held out, which settings; and starts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from napari_icenet.errors import IceNetError
from napari_icenet.gui.empty_page import EmptyPage
from napari_icenet.gui.map_words import capital
from napari_icenet.gui.pace import Pace
from napari_icenet.gui.placement import Placement
from napari_icenet.gui.session import Session
from napari_icenet.gui.theme import Fold, GrowingFold, quiet
from napari_icenet.gui.train_builder import Builder
from napari_icenet.gui.train_data_form import DATASET, STACK, DataForm
from napari_icenet.gui.train_follow import RunFollower
from napari_icenet.gui.train_planner import Planned, Planner, free_space
from napari_icenet.gui.train_preview import DateStrip, SequencePreview
from napari_icenet.gui.train_settings_form import SettingsForm
from napari_icenet.gui.train_split_layer import SplitLayer
from napari_icenet.gui.train_start import StartBar, start
from napari_icenet.gui.train_words import dataset_text, name_text, plan_text, split_text, title_text
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.training.home import home
from napari_icenet.training.settings import RunSettings

EMPTY = "Open pictures of a glacier, then train the network on its own ice."


class SetupPage(QWidget):
    """Data, settings and Start.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    follower : RunFollower
    parent : QWidget, optional

    Attributes
    ----------
    scenes_wanted : Signal()
    started : Signal(object)
        The folder of a run that was started, or waits.
    """

    scenes_wanted = Signal()
    started = Signal(object)

    def __init__(self, viewer: Any, session: Session, follower: RunFollower, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewer, self.session, self.follower = viewer, session, follower
        self.planned: Planned | None = None
        self._trouble, self._dataset_words = "", ""
        self._seen_dataset: Path | None = None
        self._starting = False
        self.data, self.settings = DataForm(session, self), SettingsForm(self)
        self.planner, self.builder = Planner(self), Builder(self)
        self.splits = SplitLayer(viewer, lambda: () if session.layers is None else session.layers.layers)
        self.sizes, self.legend = quiet("", self), quiet("", self)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.days, self.preview = DateStrip(self), SequencePreview(self)
        self.look = QPushButton("Preview", self)
        self.look.setToolTip("Cut a few sequences for real, to see whether the ice is followed.")
        self.name = QLineEdit(self)
        self.name.setToolTip("Name of the run, and of its folder. Default: by the ice and the preset.")
        self.name.setAccessibleName("Name of the run")
        self.bar = StartBar(self)
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.hide()
        self._plan_soon = Pace(self._plan, seconds=0.25, every=1)
        self._show_soon = Pace(self._show_ahead, seconds=0.15, every=1)
        self._lay_out()
        self._connect()
        self._on_stack(session.stack)

    @property
    def busy(self) -> bool:
        """Whether a dataset is being made."""
        return self.builder.busy

    # Layout

    def _lay_out(self) -> None:
        self.pages = QStackedLayout(self)
        empty = EmptyPage(EMPTY, "Open scenes", "Go to the Scenes tab.", self)
        self.open_scenes = empty.button
        self.use_dataset = QPushButton("Train on a dataset that is there already", empty)
        self.use_dataset.setFlat(True)
        layout = empty.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(layout.count() - 1, self.use_dataset, alignment=Qt.AlignmentFlag.AlignCenter)
        self.pages.addWidget(empty)
        page = QWidget(self)
        self.pages.addWidget(page)
        column = QVBoxLayout(page)
        column.setContentsMargins(6, 6, 6, 4)
        column.setSpacing(5)
        column.addWidget(self.data)
        self.more_data = Fold("More on the data", self.data.more, page)
        column.addWidget(self.more_data)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.sizes, 1)
        row.addWidget(self.look, alignment=Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        for widget in (self.legend, self.days, self.preview, self.settings):
            column.addWidget(widget)
        named = QHBoxLayout()
        named.setSpacing(6)
        label = QLabel("Name", page)
        label.setBuddy(self.name)
        named.addWidget(label)
        named.addWidget(self.name, 1)
        column.addLayout(named)
        self.more_settings = GrowingFold("All settings", self.settings.more, page)
        column.addWidget(self.more_settings, 1000)
        column.addStretch(1)
        column.addWidget(self.bar)
        column.addWidget(self.message)

    def _connect(self) -> None:
        session, layers = self.session, self.viewer.layers
        session.stack_changed.connect(self._on_stack)
        session.readout.add_title(self._title)
        for events in (layers.events.inserted, layers.events.removed):
            events.connect(self.data.list_areas)
        self.data.changed.connect(self._plan_soon.ask)
        self.data.source_changed.connect(self._on_source)
        self.settings.changed.connect(self._show_soon.ask)
        self.planner.planned.connect(self._on_planned)
        self.planner.previewed.connect(self._on_previewed)
        self.planner.failed.connect(self._on_plan_failed)
        self.planner.ended.connect(self._on_plan_ended)
        self.builder.progressed.connect(self.bar.show_progress)
        self.builder.ended.connect(self._on_built)
        self.follower.runs_changed.connect(self._on_runs)
        self.bar.asked.connect(self.start)
        self.bar.cancelled.connect(self._cancel)
        self.look.clicked.connect(self._preview)
        self.open_scenes.clicked.connect(self.scenes_wanted)
        self.use_dataset.clicked.connect(lambda: self.data.show_source(DATASET))
        self.more_settings.toggled.connect(self.settings.show_all)
        # Only one of the two is open, so that the page fits a small screen.
        self.more_settings.toggled.connect(lambda open_: self.more_data.collapse() if open_ else None)
        self.more_data.toggled.connect(lambda open_: self.more_settings.set_open(False) if open_ else None)
        self.name.textEdited.connect(lambda _text: self._show_soon.ask())

    def closer(self) -> Callable[[], None]:
        """Ends threads and lets go of the viewer; touches no widget, for they are being deleted then."""
        planner, builder, splits, data = self.planner, self.builder, self.splits, self.data
        paces, session, layers = (self._plan_soon, self._show_soon), self.session, self.viewer.layers
        title, on_stack, areas, release = self._title, self._on_stack, self.data.list_areas, data.release

        def close() -> None:
            for pace in paces:
                pace.stop()
            planner.close()
            builder.close()
            session.stack_changed.disconnect(on_stack)
            session.readout.drop_title(title)
            for events in (layers.events.inserted, layers.events.removed):
                events.disconnect(areas)
            release()
            splits.close()

        return close

    # What the user does

    def start(self) -> None:
        """Make the dataset where there is none yet, then start the run or let it wait its turn."""
        self.say("")
        path = self._dataset_path()
        settings = self.settings.settings(() if path is None else (path,))
        if settings is None or not self._ahead()[1]:
            self._show_ahead()
            return
        self._starting = True
        self.bar.show_busy(True, False)
        name = self.name.text().strip() or self.name.placeholderText()

        def launched() -> Path:
            return start(settings, name)

        if self.data.source == STACK and self.planned is not None and path is not None:
            self.bar.show_progress(0.0, "Cutting the sequences")
            self.builder.build(self.planned.plan, path, launched)
        else:
            self.bar.show_progress(0.0, "Looking whether all is there")
            self._launch(launched)

    def show_settings(self, settings: RunSettings) -> None:
        """Set up a run like another one."""
        self.settings.show_settings(settings)
        if settings.data.datasets:
            self.data.show_dataset(Path(settings.data.datasets[0]))
        self._on_source()

    def say(self, sentence: str) -> None:
        """Show one sentence; empty takes the last one back."""
        self.message.setText(capital(sentence))
        self.message.setVisible(bool(sentence))

    def _cancel(self) -> None:
        self.builder.cancel()
        self.bar.show_busy(True, True)

    def _preview(self) -> None:
        if self.planned is not None:
            self.splits.restore()
            self.look.setEnabled(False)
            self.look.setText("Cutting …")
            self.planner.preview(self.planned.plan)

    # What others say

    def _on_built(self, then: Callable[[], Any] | None, said: str) -> None:
        if then is not None:
            self._launch(then)
            return
        self._end(said or "Building the dataset was cancelled; finished parts are kept for the next time.")

    def _launch(self, launched: Callable[[], Path]) -> None:
        self.follower.act(lambda: _or_sentence(launched), self._on_launched)

    def _on_launched(self, found: Path | str) -> None:
        if isinstance(found, str):
            self._end(found)
            return
        self._end("")
        self.started.emit(found)

    def _end(self, said: str) -> None:
        self._starting = False
        self.bar.show_busy(False, False)
        self.say(said)
        self._show_ahead()

    def _on_stack(self, stack: SceneStack | None) -> None:
        self.data.show_stack(stack)
        self.planned, self._trouble = None, ""
        self.preview.show_sequences(None)
        self.splits.show(None, None)
        self._show_page()
        self._plan_soon.ask()

    def _on_source(self) -> None:
        self._show_page()
        self._plan_soon.now()

    def _on_runs(self) -> None:
        self.settings.offer_weights([(run.name, run.weights) for run in self.follower.runs if run.weights is not None])
        self.bar.set_waits(bool(self.follower.active))

    def _on_planned(self, found: Planned) -> None:
        before = self.planned
        self.planned, self._trouble = found, ""
        if before is None or before.plan.key != found.plan.key:
            self.preview.show_sequences(None)
        self._show_plan()

    def _on_plan_failed(self, sentence: str) -> None:
        self.planned, self._trouble = None, sentence
        self.preview.show_sequences(None)
        self._show_plan()

    def _on_plan_ended(self) -> None:
        self.look.setText("Preview")
        self.look.setEnabled(self.planned is not None)

    def _on_previewed(self, found: Any) -> None:
        self.preview.show_sequences(found)

    # What is shown

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """The splits lie on the picture while the page is seen."""
        super().showEvent(event)
        self._plan_soon.ask()

    def hideEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """And are out of the way while it is not."""
        if self.viewer.layers is not None:
            self.splits.hide()
        super().hideEvent(event)

    def _show_page(self) -> None:
        nothing = self.session.stack is None and self.data.source == STACK
        self.pages.setCurrentIndex(0 if nothing else 1)
        stack = self.data.source == STACK
        for widget in (self.more_data, self.look):
            widget.setVisible(stack)

    def _plan(self) -> None:
        """Work out anew what the data would be."""
        if self.data.source == DATASET:
            self._read_dataset()
            return
        try:
            wanted = self.data.wanted()
        except IceNetError as error:
            self._on_plan_failed(str(error))
            return
        if wanted is not None and self.isVisible():
            self.planner.plan(wanted)
        else:
            self._show_ahead()

    def _read_dataset(self) -> None:
        path = self.data.dataset
        self._seen_dataset, self._dataset_words, self._trouble = path, "", ""
        self.planned = None
        if path is None:
            self._trouble = "choose a dataset."
        else:
            self.follower.act(lambda: _or_error(lambda: dataset_text(path)), lambda found: self._on_read(path, *found))
        self._show_plan()

    def _on_read(self, path: Path, text: str, trouble: str) -> None:
        if path == self._seen_dataset and self.data.source == DATASET:
            self._dataset_words, self._trouble = text, trouble
            self._show_plan()

    def _show_plan(self) -> None:
        found, stack = self.planned, self.session.stack
        self.sizes.setText(self._dataset_words if found is None else plan_text(found.estimate))
        self.legend.setText("" if found is None else split_text(found.estimate.by_split))
        self.legend.setVisible(found is not None)
        self.days.show_days(*(((), ()) if found is None else (found.days, found.plan.stack.labels)))
        self.look.setEnabled(found is not None)
        place = None
        if stack is not None and self.isVisible():
            whole = self.session.placement(stack, axes=2)
            place = Placement(tuple(whole["translate"]), tuple(whole["scale"]), str(whole["units"][-1]))
        self.splits.show(found, place)
        self.session.readout.update()
        self._show_ahead()

    def _show_ahead(self) -> None:
        source = self.data.dataset if self.data.source == DATASET else None
        stack = self.session.stack
        ice = source.stem if source is not None else stack.name if stack is not None else "ice"
        self.name.setPlaceholderText(name_text(ice, self.settings.preset))
        self.bar.show_ahead(*self._ahead())

    def _ahead(self) -> tuple[str, bool]:
        """What stands beside Start: what it will do, or why it cannot."""
        settings = self.settings.settings()
        if self._trouble:
            return capital(self._trouble), False
        if self.data.source == STACK and self.planned is None:
            return "Looking at the data …", False
        if settings is None:
            return "A setting above cannot be used.", False
        words = ""
        if self.data.source == STACK and self.planned is not None:
            words, possible = _fits(self.planned, settings)
            if not possible:
                return words, False
        return words or "The run goes on by itself, also when the window is closed.", True

    def _dataset_path(self) -> Path | None:
        if self.data.source == DATASET:
            return self.data.dataset
        return None if self.planned is None else self.planned.plan.place_in(datasets_folder())

    def _title(self) -> str:
        """Beside the date over the picture: what the date is used for, where it is split by time."""
        found = self.planned
        if found is None or not self.isVisible() or not found.days:
            return ""
        return title_text(found, self.session)


def datasets_folder() -> Path:
    """Where datasets made here are kept."""
    return home() / "datasets"


def _fits(planned: Planned, settings: RunSettings) -> tuple[str, bool]:
    """Whether a plan is enough for the settings, and has room on the disk; what will be done."""
    from napari_icenet.gui.runs_words import size_text

    found = planned.estimate
    training, held_out = found.by_split.get("train", 0) + settings.data.simulated, found.by_split.get("validation", 0)
    if not training:
        return "No ice is left to learn from; choose a smaller chip or stride, or a larger area.", False
    if settings.validation.every and not held_out:
        return (
            "No ice is held out for validation: the frame is too small for blocks. Hold out later dates, "
            "choose a smaller chip, or another seed.",
            False,
        )
    if settings.optimisation.batch > training:
        return (
            f"A batch of {settings.optimisation.batch} is larger than the {training} training sequences; "
            "choose a smaller batch, or a smaller stride.",
            False,
        )
    folder = datasets_folder()
    free = free_space(folder)
    if free is not None and found.bytes > 0.95 * free and not planned.plan.place_in(folder).exists():
        return (
            f"The dataset needs {size_text(found.bytes)} and {size_text(free)} are free on the disk of {folder}; "
            "choose a larger stride or fewer bands, or free some space.",
            False,
        )
    if planned.plan.place_in(folder).exists():
        return "The dataset is there already; training starts at once, and goes on without the window.", True
    return "Cuts the sequences, then trains; the training goes on without the window.", True


def _or_sentence(work: Callable[[], Path]) -> Path | str:
    """The result, or why there is none."""
    try:
        return work()
    except IceNetError as error:
        return str(error)


def _or_error(work: Callable[[], str]) -> tuple[str, str]:
    """A text, or why there is none."""
    try:
        return work(), ""
    except IceNetError as error:
        return "", str(error)
