"""Makes the dataset of a plan, in a process of its own, while the window goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_icenet.errors import Cancelled, IceNetError
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.training.data.build_process import build
from napari_icenet.training.data.plan import DataPlan


class Builder(QObject):
    """One dataset at a time; Cancel acts at once, and finished parts stay.

    Attributes
    ----------
    busy : bool
        Whether a dataset is being made.
    progressed : Signal(float, str)
    ended : Signal(object, str)
        What is to be done then, and a sentence where it failed; both are nothing where it was cancelled.
    """

    progressed = Signal(float, str)
    ended = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.busy = self.cancelling = False
        self._worker = LatestWorker("icenet-build", lambda _busy: None)
        self._stop = threading.Event()

    def build(self, plan: DataPlan, path: Path, then: Callable[[], Any]) -> None:
        """Make a dataset, or what is missing of it; ``then`` is handed back at the end."""
        if not self.busy:
            self._stop.clear()
            self.busy, self.cancelling = True, False
            self._worker.submit("build", lambda: self._run(plan, path, then))

    def cancel(self) -> None:
        """Stop making it."""
        self.cancelling = self.busy
        self._stop.set()

    def close(self) -> None:
        """Stop, and say nothing more; may be called while Qt goes down."""
        self._stop.set()
        # Its process is killed before the window is gone.
        self._worker.wait(2)

    def _run(self, plan: DataPlan, path: Path, then: Callable[[], Any]) -> None:
        done: Callable[[], Any] | None = None
        said = ""
        try:
            build(plan, path, progress=self._report, cancelled=self._stop.is_set)
            done = then
        except Cancelled:
            said = ""
        except IceNetError as error:
            said = str(error)
        finally:
            self.busy = False
            self._end(done, said)

    @on_main_thread
    def _report(self, fraction: float, text: str) -> None:
        if not self._stop.is_set():
            self.progressed.emit(fraction, text)

    @on_main_thread
    def _end(self, done: Callable[[], Any] | None, said: str) -> None:
        self.ended.emit(done, said)
