"""The page that sets up a run: which ice, which of it is held out, which settings; and starts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from napari_icenet.common.text import capital
from napari_icenet.errors import IceNetError
from napari_icenet.gui.session.readout import SEPARATOR
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train.runs.follower import RunFollower
from napari_icenet.gui.train.setup.builder import Builder
from napari_icenet.gui.train.setup.data_form import DATASET
from napari_icenet.gui.train.setup.data_panel import DataPanel
from napari_icenet.gui.train.setup.settings_form import FIRST, TITLES, SettingsForm
from napari_icenet.gui.train.setup.start import StartBar, start
from napari_icenet.gui.train.setup.words import name_text, training_text
from napari_icenet.gui.widgets.empty_page import EmptyPage
from napari_icenet.gui.widgets.message import Message
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.tab import Tab
from napari_icenet.gui.widgets.theme import GrowingFold
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.training.data.recipe import can_cut
from napari_icenet.training.settings import RunSettings

EMPTY = "Open pictures of a glacier, then train the network on its own ice."
#: What Start will do, by whether a run goes on and whether the sequences have yet to be cut.
AHEAD = {
    (False, False): "Trains at once",
    (False, True): "Cuts the sequences, then trains",
    (True, False): "Waits its turn, then trains",
    (True, True): "Waits its turn, then cuts the sequences and trains",
}
CANCELLED = "Cutting the sequences was cancelled; finished parts are kept for the next time."


class SetupPage(Tab):
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
        self.session, self.follower = session, follower
        self._memory = Remembered("train")
        self.data, self.settings = DataPanel(viewer, session, follower, self), SettingsForm(self)
        self.builder = Builder(self)
        self.name = QLineEdit(self)
        self.name.setToolTip("Name of the run, and of its folder. Default: by the ice and the preset.")
        self.name.setAccessibleName("Name of the run")
        self.bar = StartBar(self)
        self.message = Message(self)
        self._ahead = Throttle(self._show_ahead, seconds=0.15, every=1)
        self._lay_out()
        self._connect()
        preset = self._memory.get("preset", FIRST)
        self.settings.choose_preset(preset if preset in TITLES else FIRST)
        self.settings.editors["device"].set_value(self._memory.get("device", "auto"))
        self.data.form.show_stack(session.stack)
        self._show_page()

    @property
    def busy(self) -> bool:
        """True if a dataset is being made."""
        return self.builder.busy

    # Layout

    def _lay_out(self) -> None:
        self.pages = QStackedLayout(self)
        empty = EmptyPage(EMPTY, "Open scenes", "Go to the Scenes tab.", self)
        self.open_scenes = empty.button
        self.use_dataset = QPushButton("Use a dataset", empty)
        self.use_dataset.setToolTip("Train on sequences that were cut before, without any scenes.")
        layout = empty.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(layout.count() - 1, self.use_dataset, alignment=Qt.AlignmentFlag.AlignCenter)
        self.pages.addWidget(empty)
        page = QWidget(self)
        self.pages.addWidget(page)
        column = QVBoxLayout(page)
        column.setContentsMargins(6, 6, 6, 4)
        column.setSpacing(6)
        column.addWidget(self.data)
        column.addWidget(self.settings)
        named = QHBoxLayout()
        named.setSpacing(6)
        label = QLabel("Name", page)
        label.setBuddy(self.name)
        named.addWidget(label)
        named.addWidget(self.name, 1)
        column.addLayout(named)
        self.more = GrowingFold("All settings", self.settings.more, page)
        column.addWidget(self.more, 1000)
        column.addStretch(1)
        column.addWidget(self.bar)
        column.addWidget(self.message)

    def _connect(self) -> None:
        self.closing(self._ahead.stop, self.builder.close)
        self.listen(self.session.stack_changed, self._show_page)
        self.data.form.source_changed.connect(self._show_page)
        self.data.changed.connect(self._ahead.ask)
        self.settings.changed.connect(self._ahead.ask)
        self.builder.progressed.connect(self.bar.show_progress)
        self.builder.ended.connect(self._on_built)
        self.follower.runs_changed.connect(self._on_runs)
        self.bar.asked.connect(self.start)
        self.bar.cancelled.connect(self._cancel)
        self.open_scenes.clicked.connect(self.scenes_wanted)
        self.use_dataset.clicked.connect(lambda: self.data.form.show_source(DATASET))
        self.more.toggled.connect(self.settings.show_all)
        # Only one of the two is open, so that the page fits a small screen.
        self.more.toggled.connect(lambda open_: self.data.more.collapse() if open_ else None)
        self.data.more.toggled.connect(lambda open_: self.more.set_open(False) if open_ else None)

    # What the user does

    def start(self) -> None:
        """Start the run, or let it wait its turn; it cuts its dataset itself, where there is none yet."""
        self.say("")
        path, data = self.data.path, self.data
        settings = self.settings.settings(() if path is None else (path,), self._chip)
        if settings is None or path is None or data.trouble_with(settings):
            self._show_ahead()
            return
        self._memory.set("preset", self.settings.preset or FIRST)
        self._memory.set("device", settings.device)
        self.bar.show_busy(True, False)
        name = self.name.text().strip() or self.name.placeholderText()

        plan = data.planned.plan if data.from_stack and data.planned is not None else None
        if plan is None or can_cut(plan):
            self.bar.show_progress(0.0, "Looking whether all is there")
            self._launch(lambda: start(settings, name, plan))
        else:
            # What lives in this window alone is cut beside it, while it is open.
            self.bar.show_progress(0.0, "Cutting the sequences")
            self.builder.build(plan, path, lambda: start(settings, name))

    def show_settings(self, settings: RunSettings) -> None:
        """Set up a run like another one, on the same dataset."""
        self.settings.show_settings(settings)
        # One that has yet to be cut is set up again from the stack.
        if settings.data.datasets and Path(settings.data.datasets[0]).exists():
            self.data.show_dataset(Path(settings.data.datasets[0]))
        self._show_page()

    def say(self, sentence: str) -> None:
        """Show one sentence; empty takes the last one back."""
        self.message.say(capital(sentence))

    def _cancel(self) -> None:
        if self.builder.busy:
            self.builder.cancel()
            self.bar.show_busy(True, True)

    # What others say

    def _on_built(self, then: Callable[[], Path] | None, said: str) -> None:
        if then is None:
            self._end(said or CANCELLED)
        else:
            self._launch(then)

    def _launch(self, launched: Callable[[], Path]) -> None:
        def work() -> Path | str:
            try:
                return launched()
            except IceNetError as error:
                return str(error)

        self.follower.act(work, self._on_launched)

    def _on_launched(self, found: Path | str) -> None:
        self._end(found if isinstance(found, str) else "")
        if isinstance(found, Path):
            self.started.emit(found)

    def _end(self, said: str) -> None:
        self.bar.show_busy(False, False)
        self.say(said)
        self.data.refresh()
        self._show_ahead()

    def _on_runs(self) -> None:
        found = [(run.model, run.name, run.weights) for run in self.follower.runs if run.weights is not None]
        self.settings.offer_weights(found)
        self.bar.set_waits(bool(self.follower.active))
        if self.isVisible():
            self._ahead.ask()

    # What is shown

    @property
    def _chip(self) -> int | None:
        """Chip of the sequences, px; None before they are known."""
        size = self.data.sequence_size
        return None if size is None else size[1]

    def _show_page(self, *_: Any) -> None:
        nothing = self.session.stack is None and self.data.from_stack
        self.pages.setCurrentIndex(0 if nothing else 1)

    def _show_ahead(self) -> None:
        """Show what Start will do, or why it cannot."""
        settings, preset = self.settings.settings(chip=self._chip), self.settings.preset
        self.name.setPlaceholderText(name_text(self.data.ice, preset))
        if settings is not None:
            self.data.form.show_weights(settings.weights)
        if settings is None:
            self.bar.show_ahead("A setting above cannot be used.", False)
            return
        trouble = self.data.trouble_with(settings)
        if trouble:
            self.bar.show_ahead(capital(trouble), False)
            return
        path = self.data.path
        cut = self.data.from_stack and path is not None and not path.exists()
        words = AHEAD[bool(self.follower.active), cut]
        how_long = training_text(settings, self.data.sequence_size)
        goes_on = "goes on without the window"
        self.bar.show_ahead(SEPARATOR.join(part for part in (words, how_long, goes_on) if part), True)
