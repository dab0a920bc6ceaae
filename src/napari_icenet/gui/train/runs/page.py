"""The runs there are: the list, and below it all that is known of the chosen one, as it grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.common.text import capital
from napari_icenet.errors import IceNetError
from napari_icenet.gui.train.runs.actions import NEXT, RunActions
from napari_icenet.gui.train.runs.chips import RunChips
from napari_icenet.gui.train.runs.curves import RunCurves
from napari_icenet.gui.train.runs.facts import RunLog, SettingsTable
from napari_icenet.gui.train.runs.follower import RunFollower
from napari_icenet.gui.train.runs.menu import RunMenu
from napari_icenet.gui.train.runs.reader import RunView
from napari_icenet.gui.train.runs.result import RunResult
from napari_icenet.gui.train.runs.table import RunsTable
from napari_icenet.gui.train.runs.words import progress_text, score_text, what_text
from napari_icenet.gui.widgets.empty_page import EmptyPage
from napari_icenet.gui.widgets.fixed_label import SteadyLine
from napari_icenet.gui.widgets.message import Message
from napari_icenet.gui.widgets.theme import make_primary, quiet
from napari_icenet.gui.widgets.toggles import Toggles
from napari_icenet.training.results.diff import compare_runs
from napari_icenet.training.results.summary import RunSummary
from napari_icenet.training.run_folder.folder import RunFolder

EMPTY = "Nothing was trained yet. Choose the ice and press Start; the run goes on by itself, and is followed here."
PANELS = {
    "Curves": "Losses, the correlation on held-out ice as it comes, and in the end before and after.",
    "Chips": "A few held-out chips, predicted anew at each validation.",
    "Settings": "What the run was made with; of two runs, what differs.",
    "Log": "What the run has said.",
}


class RunsPage(QWidget):
    """The list of runs, and one run in full, or two compared.

    Parameters
    ----------
    viewer : napari.Viewer
    follower : RunFollower
    parent : QWidget, optional

    Attributes
    ----------
    setup_wanted : Signal()
        The user wants to set up a run.
    settings_wanted : Signal(object)
        The settings of a run are to be used again.
    compare_wanted : Signal(object)
        A file of weights is to be compared on the picture.
    """

    setup_wanted = Signal()
    settings_wanted = Signal(object)
    compare_wanted = Signal(object)

    def __init__(self, viewer: Any, follower: RunFollower, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.follower = follower
        self.actions_ = RunActions(follower, self)
        self.table = RunsTable(self)
        self.what, self.line, self.score = quiet("", self), quiet("", self), quiet("", self)
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.next = make_primary(QPushButton(self))
        self.stop = QPushButton("Stop", self)
        self.stop.setToolTip("End it after the present step, with a checkpoint; it can be resumed at any time.")
        self.export = QPushButton("Export…", self)
        self.export.setToolTip("Write its best weights as one file that holds its card, for anyone who has icenet.")
        self.more = QToolButton(self)
        self.more.setText("⋯")
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.more.setAccessibleName("More that can be done with the run")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = RunMenu(follower, self.actions_, self.more)
        self.more.setMenu(self.menu)
        self.message = Message(self)
        self.curves, self.chips, self.result = RunCurves(viewer, self), RunChips(self), RunResult(self)
        self.settings, self.log = SettingsTable(self), RunLog(self)
        self._settings_of: tuple[Path, ...] = ()
        self._lay_out()
        self._connect()
        self._on_runs()

    # Layout

    def _lay_out(self) -> None:
        self.pages = QStackedLayout(self)
        empty = EmptyPage(EMPTY, "Set up a run", "Choose the ice and the settings.", self)
        self.set_up = empty.button
        self.pages.addWidget(empty)
        page = QWidget(self)
        self.pages.addWidget(page)
        self.panels = QStackedWidget(page)
        first = QWidget(self.panels)
        column = QVBoxLayout(first)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.curves, 1)
        column.addWidget(self.result)
        for panel in (first, self.chips, self.settings, self.log):
            self.panels.addWidget(panel)
        self.panels.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        buttons = QHBoxLayout()
        buttons.setSpacing(3)
        buttons.addWidget(self.next, 1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.export)
        buttons.addWidget(self.more)
        self.toggles = Toggles({title: (title, tip) for title, tip in PANELS.items()}, page)
        self.toggles.choose("Curves")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        for widget in (self.table, self.what, self.progress, SteadyLine(self.line, page), self.score):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        layout.addWidget(self.message)
        layout.addWidget(self.toggles)
        layout.addWidget(self.panels, 1)

    def _connect(self) -> None:
        follower, actions = self.follower, self.actions_
        follower.runs_changed.connect(self._on_runs)
        follower.view_changed.connect(self._on_view)
        follower.failed.connect(self.say)
        actions.said.connect(self.say)
        actions.changed.connect(self._show_run)
        self.table.chosen.connect(self.choose)
        self.table.delete_wanted.connect(self._delete)
        self.set_up.clicked.connect(self.setup_wanted)
        self.next.clicked.connect(self._on_next)
        self.stop.clicked.connect(lambda: self._with_run(lambda run: actions.request(run, "stop")))
        self.export.clicked.connect(lambda: self._with_run(actions.export))
        self.menu.aboutToShow.connect(lambda: self.menu.offer(self.run))
        self.menu.settings_wanted.connect(self.settings_wanted)
        self.menu.said.connect(self.say)
        self.toggles.picked.connect(self.show_panel)

    # What the user does

    @property
    def run(self) -> RunSummary | None:
        """The run that is shown."""
        return self.follower.find(self.follower.chosen[0]) if self.follower.chosen else None

    def choose(self, folders: Any) -> None:
        """Show a run, or two that are compared."""
        self.follower.choose(tuple(folders))
        self.table.mark_all(self.follower.chosen)
        self.say("")
        self._show_run()
        self._show_view()

    def show_panel(self, title: str) -> None:
        """Show another of the :data:`PANELS`."""
        self.toggles.choose(title)
        self.panels.setCurrentIndex(list(PANELS).index(title))
        self._show_view()

    def say(self, sentence: str) -> None:
        """Show one sentence; empty takes the last one back."""
        self.message.say(capital(sentence))

    def _on_next(self) -> None:
        run, actions = self.run, self.actions_
        if run is None:
            return
        if run.state == "finished":
            if run.weights is not None:
                self.compare_wanted.emit(run.weights)
        elif run.state in ("running", "paused", "preparing"):
            actions.request(run, {"running": "pause", "paused": "run", "preparing": "stop"}[run.state])
        elif run.state == "queued":
            actions.take_out(run)
        elif run.state == "damaged":
            actions.delete(run)
        else:
            actions.resume(run)

    def _with_run(self, does: Any) -> None:
        run = self.run
        if run is not None:
            does(run)

    def _delete(self) -> None:
        self._with_run(self.actions_.delete)

    # What is shown

    def _on_runs(self) -> None:
        runs = self.follower.runs
        self.pages.setCurrentIndex(1 if runs else 0)
        chosen = tuple(path for path in self.follower.chosen if self.follower.find(path) is not None)
        if not chosen and runs:
            # What goes on comes first, then the newest.
            chosen = (next((run for run in runs if run.active), runs[0]).folder,)
        if chosen != self.follower.chosen:
            self.follower.choose(chosen)
            self._show_view()
        self.table.show_runs(runs, chosen)
        self._show_run()

    def _show_run(self) -> None:
        run = self.run
        if run is None:
            return
        if not self.isVisible():
            return
        self.what.setText(what_text(run))
        self.what.setToolTip(str(run.folder))
        self.line.setText(progress_text(run))
        score = score_text(run)
        self.score.setText(score)
        self.score.setVisible(bool(score))
        self.progress.setVisible(run.active)
        # While it prepares, the line says what it does: a bar that moves for its own sake would have the window
        # composed anew tens of times a second, at the cost of the run.
        done = round(1000 * run.step / run.of) if run.of else 0
        if done != self.progress.value():
            # By itself the bar paints at once, ahead of the rest: the window would be composed twice.
            self.progress.setUpdatesEnabled(False)
            self.progress.setValue(done)
            self.progress.setUpdatesEnabled(True)
        words, tip = NEXT.get(run.state, NEXT["stopped"])
        waiting = self.actions_.waiting_for(run.folder)
        self.next.setText(waiting or words)
        self.next.setToolTip(tip)
        self.next.setEnabled(not waiting and (run.state not in ("stopped", "failed") or run.step < max(run.of, 1)))
        self.stop.setVisible(run.state in ("running", "paused"))
        # It need not wait for what was asked before: a stop goes over a pause and over going on.
        self.stop.setEnabled(not self.actions_.stopping(run.folder))
        self.export.setVisible(run.weights is not None and not run.active)

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Show what has come while the page was hidden."""
        super().showEvent(event)
        self._show_run()
        self._show_view()

    def _on_view(self, _view: RunView) -> None:
        self._show_view()

    def _show_view(self) -> None:
        chosen, run, number = self.follower.chosen, self.run, self.panels.currentIndex()
        views = [self.follower.views[path] for path in chosen if path in self.follower.views]
        view = views[0] if views and views[0].folder == chosen[0] else None
        if number == 0:
            models = [found.model if (found := self.follower.find(one.folder)) else "" for one in views]
            self.curves.show_views(views if view is not None else (), models, 0 if run is None else run.of)
            done = (None, None) if view is None else (view.result, view.comparing)
            self.result.show_result(*done, "" if run is None else run.model)
        elif number == 1:
            self.chips.show_samples(() if view is None else view.samples)
        elif number == 2 and chosen != self._settings_of:
            self._show_settings()
        elif number == 3:
            self.log.show_log(*(((), "") if view is None else (view.notices, view.log)))

    def _show_settings(self) -> None:
        chosen = self._settings_of = self.follower.chosen
        try:
            if len(chosen) > 1:
                comparison = compare_runs(*chosen)
                self.settings.show_comparison(comparison)
                if not comparison.same_ice:
                    self.say("The two were judged on different ice, so their correlations may not be compared.")
            else:
                self.settings.show_settings(RunFolder(chosen[0]).settings() if chosen else None)
        except IceNetError as error:
            self.settings.show_settings(None)
            self.say(str(error))
