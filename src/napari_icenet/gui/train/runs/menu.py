"""Menu of a run beside its buttons."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QMenu, QWidget

from napari_icenet.errors import IceNetError
from napari_icenet.gui.train.runs.actions import RunActions
from napari_icenet.gui.train.runs.follower import RunFollower
from napari_icenet.training.results.before_after import cancel_comparison
from napari_icenet.training.results.summary import RunSummary
from napari_icenet.training.run_folder.folder import RunFolder


class RunMenu(QMenu):
    """Holds what can be done with a run in the state it is in.

    Parameters
    ----------
    follower : RunFollower
    actions : RunActions
    parent : QWidget, optional

    Attributes
    ----------
    settings_wanted : Signal(object)
        The settings of the run are to be used again.
    said : Signal(str)
        One sentence for the user.
    """

    settings_wanted = Signal(object)
    said = Signal(str)

    def __init__(self, follower: RunFollower, actions: RunActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._follower, self._actions = follower, actions
        self.setToolTipsVisible(True)

    def offer(self, run: RunSummary | None) -> None:
        """List what can be done with a run; without one the menu is empty."""
        self.clear()
        if run is None:
            return
        actions, act = self._actions, self._follower.act
        self._add("Use these settings again", "Set up a new run with them.", lambda: self._use_again(run))
        self._add(
            "Open folder", "All that the run is: weights, cards, log, pictures.", lambda: actions.open_folder(run)
        )
        if run.state == "queued":
            self._add("Next in the queue", "Let it start before the others that wait.", lambda: actions.put_first(run))
        if run.resumable:
            self._add(
                "Resume with the datasets elsewhere…",
                "Name the places to which its datasets have moved.",
                lambda: actions.ask_datasets(run),
            )
        view = self._follower.views.get(run.folder)
        if view is not None and view.comparing is not None and view.comparing.state == "running":
            self._add(
                "Stop comparing",
                "Leave before and after uncompared; the weights stay.",
                lambda: act(lambda: cancel_comparison(run.folder)),
            )
        elif run.state == "finished" and run.weights is not None:
            self._add(
                "Compare before and after again",
                "Hold its weights once more against those before, on held-out ice; no step is taken.",
                lambda: actions.compare_again(run),
            )
        if run.active:
            self._add("End at once…", "Kill it where it does not heed Stop.", lambda: actions.end(run))
        if importlib.util.find_spec("tensorboard") is not None:
            from napari_icenet.gui.train.runs.tensorboard import open_board

            self._add("TensorBoard", "Show its curves there.", lambda: act(lambda: open_board(run.folder)))
        self.addSeparator()
        self._add("Delete…", "Delete it with all it holds, after asking.", lambda: actions.delete(run))

    def _add(self, words: str, tip: str, does: Callable[[], None]) -> None:
        action = self.addAction(words, does)
        assert action is not None  # Qt makes it with its title
        action.setToolTip(tip)

    def _use_again(self, run: RunSummary) -> None:
        try:
            self.settings_wanted.emit(RunFolder(run.folder).settings())
        except IceNetError as error:
            self.said.emit(str(error))
