"""Makes the dataset of a plan, in a process of its own, while the window goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_icenet.errors import Cancelled, IceNetError
from napari_icenet.training.data.build_process import build
from napari_icenet.training.data.plan import DataPlan


class Builder(QObject):
    """One dataset at a time; Cancel acts at once, and finished parts stay.

    Attributes
    ----------
    progressed : Signal(float, str)
    ended : Signal(object, str)
        What is to be done then, and a sentence where it failed; both are nothing where it was cancelled.
    """

    progressed = Signal(float, str)
    ended = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cancelling = False
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def busy(self) -> bool:
        """True if a dataset is being made."""
        return self._thread is not None

    def build(self, plan: DataPlan, path: Path, then: Callable[[], Any]) -> None:
        """Make a dataset, or what is missing of it; ``then`` is handed back at the end."""
        if self._thread is None:
            self._stop.clear()
            self.cancelling = False
            self._thread = threading.Thread(target=self._run, args=(plan, path, then), name="icenet-build", daemon=True)
            self._thread.start()

    def cancel(self) -> None:
        """Stop making it."""
        self.cancelling = self.busy
        self._stop.set()

    def close(self) -> None:
        """Stop, and say nothing more; may be called while Qt goes down."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            # Its process is killed before the window is gone.
            thread.join(2)

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
            self._thread = None
        self._tell("ended", done, said)

    def _report(self, fraction: float, text: str) -> None:
        self._tell("progressed", fraction, text)

    def _tell(self, signal: str, *words: Any) -> None:
        if (signal == "ended" or not self._stop.is_set()) and isalive(self):  # type: ignore[no-untyped-call]
            getattr(self, signal).emit(*words)
