"""Long work off the interface's thread, with progress, Cancel and one sentence on failure."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from napari.utils import progress as activity
from qtpy.QtCore import QEventLoop, QObject, Signal

from napari_icenet.errors import Cancelled, IceNetError
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.jobs.progress import Progress

#: Progress is shown at most this often: faster than anyone reads, and it costs the interface nothing.
TICK_S = 0.1


class Job(QObject):
    """One piece of long work; its signals arrive on the interface's thread.

    Parameters
    ----------
    description : str
        Shown in napari's activity dock.
    work : callable
        Called on a worker thread with a ``progress(fraction, text)``; that call raises
        :class:`~napari_icenet.errors.Cancelled` once :meth:`cancel` was called.

    Attributes
    ----------
    progressed : Signal(float, str)
    returned : Signal(object)
        What ``work`` returned.
    failed : Signal(object)
        The :class:`~napari_icenet.errors.IceNetError`; not sent for a cancelled job.
    ended : Signal()
        Last of all, whatever happened.
    """

    progressed = Signal(float, str)
    returned = Signal(object)
    failed = Signal(object)
    ended = Signal()

    def __init__(self, description: str, work: Callable[[Progress], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.description = description
        self.running = False
        self.cancelled = False
        self.error: Exception | None = None
        self.result: Any = None
        self._work = work
        self._bar: Any = None
        self._last_tick = -TICK_S

    def start(self) -> Job:
        """Start on a worker thread."""
        self.running = True
        self._bar = activity(total=100, desc=self.description)
        # Not on a thread of Qt's pool: it uses them again, but Python forgets what it knew of them. pyproj 3.7 then
        # takes up a context that is freed, and the window crashes.
        LatestWorker("icenet-job", lambda _busy: None).submit("job", self._run)
        return self

    def cancel(self) -> None:
        """Ask the work to stop at its next report of progress; its result is dropped either way."""
        self.cancelled = True

    def wait(self) -> Any:
        """Result of the work; meanwhile the window stays alive.

        Raises
        ------
        IceNetError
            The work failed, or was cancelled.
        """
        self.wait_quietly()
        if self.cancelled:
            raise Cancelled(f"{self.description} was cancelled; nothing was changed.")
        if self.error is not None:
            raise self.error
        return self.result

    def wait_quietly(self) -> None:
        """Return once the work has ended, however it did; meanwhile the window stays alive."""
        if self.running:
            loop = QEventLoop()
            self.ended.connect(loop.quit)
            loop.exec()

    def _report(self, fraction: float, text: str) -> None:
        if self.cancelled:
            raise Cancelled(f"{self.description} was cancelled; nothing was changed.")
        now = monotonic()
        if now - self._last_tick >= TICK_S:
            self._last_tick = now
            self._tick(fraction, text)

    def _run(self) -> None:
        try:
            self.result = self._work(self._report)
        except IceNetError as error:
            self.error = error
        except Exception as error:
            # A fault of ours: napari shows it with its traceback; whoever waits gets it too.
            self.error = error
            raise
        finally:
            self._finish()

    @on_main_thread
    def _tick(self, fraction: float, text: str) -> None:
        if not self.running:
            return
        self.progressed.emit(fraction, text)
        # napari's bar lets events in while it updates: the job may end inside these two calls.
        if (bar := self._bar) is not None:
            bar.set_description(text or self.description)
            bar.update(round(100 * max(0.0, min(1.0, fraction))) - bar.n)

    @on_main_thread
    def _finish(self) -> None:
        self.running = False
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if isinstance(self.error, Cancelled):
            self.cancelled = True
        if not self.cancelled:
            if isinstance(self.error, IceNetError):
                self.failed.emit(self.error)
            elif self.error is None:
                self.returned.emit(self.result)
        self.ended.emit()
