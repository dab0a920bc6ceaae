"""Ask what happens to runs when the window closes: they go on, unless the user says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_icenet.errors import IceNetError
from napari_icenet.gui.train.runs.follower import RunFollower
from napari_icenet.training.results.summary import RunSummary
from napari_icenet.training.run_folder.folder import RunFolder

KEEP, STOP, STAY = "keep", "stop", "stay"


class Closing(QObject):
    """Asks, before a window closes, whether its runs are to go on.

    Parameters
    ----------
    window : QWidget
    follower : RunFollower
    building : callable
        Whether a dataset is being built, which ends with the window.
    """

    def __init__(self, window: QWidget, follower: RunFollower, building: Callable[[], bool]) -> None:
        super().__init__(follower)
        self._follower, self._building = follower, building
        window.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 (Qt's name)
        """Hold a window back whose user wants to stay."""
        # Other windows of the application are not asked for, and while Python ends nothing is known any more.
        if event.type() != QEvent.Type.Close or not hasattr(self, "_building") or not watched.isVisible():
            return False
        runs, building = self._follower.active, self._building()
        if not runs and not building:
            return False
        answer = ask(watched, runs, building)
        if answer == STAY:
            event.ignore()
            return True
        if answer == STOP:
            for run in runs:
                # A run that cannot be told goes on; it is found again by the next window.
                with suppress(IceNetError):
                    RunFolder(run.folder).request("stop")
        return False


def ask(parent: QWidget, runs: tuple[RunSummary, ...], building: bool) -> str:
    """Ask what is to become of the runs: ``keep``, ``stop``, or ``stay`` in the window."""
    box = QMessageBox(parent)
    box.setWindowTitle("Training goes on")
    box.setIcon(QMessageBox.Icon.Question)
    if runs:
        names = " and ".join(run.name for run in runs)
        box.setText(f"{names} {'is' if len(runs) == 1 else 'are'} being trained.")
        words = (
            "Training needs no window: kept going, it is found in the Train tab next time. Stopped, it can be resumed."
        )
    else:
        box.setText("A dataset is being built.")
        words = "Building ends with the window; finished parts are kept, and it goes on from there next time."
    if runs and building:
        words += " A dataset that is being built goes on from its finished parts next time."
    box.setInformativeText(words)
    keep = box.addButton("Keep going" if runs else "Close", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop training", QMessageBox.ButtonRole.DestructiveRole) if runs else None
    box.addButton("Stay here", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    clicked = box.clickedButton()
    return KEEP if clicked is keep else STOP if stop is not None and clicked is stop else STAY
