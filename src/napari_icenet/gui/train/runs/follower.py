"""Follows all runs while the window goes on: a clock that asks, and a thread that looks, reads and acts."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_icenet.errors import IceNetError
from napari_icenet.gui.train.runs.reader import POINTS, RunReader, RunView
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.training.launch.list import Runs
from napari_icenet.training.launch.queue import Queue
from napari_icenet.training.results.summary import RunSummary

#: Between two looks, ms: while the tab is seen, and while it is not.
SEEN_MS, UNSEEN_MS = 500, 2000
#: A run is read in full at most so often, s, and then together with its numbers: where no graphics processor is
#: at hand, every repaint composes the whole window anew.
FULL_S = 1.5
#: And at least so often, s, while it goes on; in between once its curves have grown by what can be seen of them.
AT_LEAST_S = 5.0
#: Runs that are read in full: the chosen one, and the one it is compared with.
MOST_CHOSEN = 2


class RunFollower(QObject):
    """The runs there are, and all that is shown of the chosen ones.

    Attributes
    ----------
    runs_changed : Signal()
        :attr:`runs` is another list, or has other numbers.
    view_changed : Signal(object)
        A :class:`~napari_icenet.gui.train.runs.reader.RunView` of a chosen run.
    failed : Signal(str)
        One sentence for the user.
    """

    runs_changed = Signal()
    view_changed = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs: tuple[RunSummary, ...] = ()
        self.views: dict[Path, RunView] = {}
        self.chosen: tuple[Path, ...] = ()
        self.looks = 0
        self._runs, self._queue = Runs(), Queue()
        self._readers: dict[Path, RunReader] = {}
        self._read: dict[Path, tuple[float, RunSummary | None]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="icenet-follow")
        self._look_due: Future[None] | None = None
        self._closed, self._seen = False, False
        self._last_words = ""
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(UNSEEN_MS)

    @property
    def active(self) -> tuple[RunSummary, ...]:
        """Runs that a process is at work on."""
        return tuple(run for run in self.runs if run.active)

    def find(self, folder: Path | None) -> RunSummary | None:
        """A run by its folder."""
        return next((run for run in self.runs if run.folder == folder), None)

    def set_seen(self, seen: bool) -> None:
        """Look more often while somebody looks on; unseen, curves are left unread."""
        self._seen = seen
        self._timer.setInterval(SEEN_MS if seen else UNSEEN_MS)
        if seen:
            self.look()

    def choose(self, folders: tuple[Path, ...]) -> None:
        """Read these runs in full: one, or two that are compared."""
        folders = folders[:MOST_CHOSEN]
        if folders == self.chosen:
            return
        self.chosen = folders
        for path in [path for path in self.views if path not in folders]:
            del self.views[path]
        self.look()

    def look(self, *, in_full: bool = False) -> None:
        """Look at all runs, soon; at the chosen ones in full where that is due, or asked for."""
        if not self._closed and (self._look_due is None or self._look_due.done()):
            self._look_due = self._thread.submit(self._look, self.chosen if self._seen else (), in_full)
            self._look_due.add_done_callback(lambda future: self._on_done(None, future))

    def act(self, work: Callable[[], Any], then: Callable[[Any], Any] | None = None) -> None:
        """Do something to a run off the interface's thread; ``then`` gets the result on it, errors are said."""
        if not self._closed:
            self._thread.submit(work).add_done_callback(lambda future: self._on_done(then, future))
            self._look_due = None
            self.look(in_full=True)

    def close(self) -> None:
        """End the thread; may be called twice, and while Qt goes down."""
        self._closed = True
        if isalive(self._timer):  # type: ignore[no-untyped-call]
            self._timer.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)

    # On the thread

    def _look(self, chosen: tuple[Path, ...], in_full: bool) -> None:
        said = ""
        try:
            self._queue.tend()
            changed = self._runs.refresh()
        except IceNetError as error:
            changed, said = False, str(error)
        runs = self._runs.runs if changed or not self.looks else None
        for path in [path for path in self._readers if path not in chosen]:
            del self._readers[path], self._read[path]
        if runs is not None and any(path not in self._readers for path in chosen):
            # A long log takes a moment; the list does not wait for it.
            self._on_looked(runs, (), said)
            runs = None
        views = [view for path in chosen if in_full or self._due(path, changed) for view in self._read_in_full(path)]
        # Numbers and curves are told in one, so that the window is painted once.
        self._on_looked(runs, tuple(views), said)

    def _due(self, path: Path, changed: bool) -> bool:
        """True if a chosen run is to be read in full: together with its numbers, if they change."""
        if path not in self._read:
            return True
        (read, before), now = self._read[path], self._runs.find(path)
        if before is None or now is None or now.state != before.state:
            return True
        waited = time.monotonic() - read
        # Of a long curve a few more steps are less than a pixel.
        grown = now.step - before.step > before.step / POINTS or now.t2 != before.t2
        due = FULL_S if grown or not now.active else AT_LEAST_S
        return waited >= due and (changed or not now.active or waited >= due + FULL_S)

    def _read_in_full(self, path: Path) -> list[RunView]:
        reader = self._readers.setdefault(path, RunReader(path))
        self._read[path] = time.monotonic(), self._runs.find(path)
        while not self._closed:
            view = reader.read()
            if not reader.behind:
                return [] if view is None else [view]
            if view is not None:
                self._on_looked(None, (view,), "")
        return []

    # On the interface's

    @on_main_thread
    def _on_looked(self, runs: tuple[RunSummary, ...] | None, views: tuple[RunView, ...], said: str) -> None:
        if self._closed:
            return
        self.looks += 1
        if runs is not None:
            self.runs = runs
            self.runs_changed.emit()
        views = tuple(view for view in views if view.folder in self.chosen)
        self.views |= {view.folder: view for view in views}
        for view in views:
            self.view_changed.emit(view)
        if said and said != self._last_words:
            self.failed.emit(said)
        self._last_words = said

    @on_main_thread
    def _on_done(self, then: Callable[[Any], Any] | None, future: Future[Any]) -> None:
        if self._closed or future.cancelled():
            return
        error = future.exception()
        if isinstance(error, IceNetError):
            self.failed.emit(str(error))
        elif error is not None:
            raise error  # a fault of ours: napari shows it with its traceback
        elif then is not None:
            then(future.result())
