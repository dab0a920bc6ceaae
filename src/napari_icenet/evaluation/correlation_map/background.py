"""Correlation maps as they are asked for one after another: a model without any window.

Methods return at once. The work is done in processes of its own, which are kept for the next map; what they find
is put together on a thread of the model, which emits all signals: a window has to pass them on to its own.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_icenet.common.device import cores
from napari_icenet.errors import IceNetError
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.evaluation.correlation_map.run import MapRun
from napari_icenet.evaluation.correlation_map.scheduler import Scheduler
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.stack import SceneStack

#: Processes at most: each has a copy of the networks in memory.
MOST_PROCESSES = 8


class MapTool:
    """Makes correlation maps, the newest request alone; what is done stays when it is cancelled or fails.

    Parameters
    ----------
    processes : int, optional
        That share the work. Default: one for each core, eight at most. Results do not depend on it.

    Attributes
    ----------
    maps : CorrelationMaps or None
        What was shown last.
    maps_changed : Signal(CorrelationMaps)
        At the start, and after tiles are done; the table has been worked out.
    progressed : Signal(float, str)
        Share of the work done, and what is being done.
    busy_changed : Signal(bool)
    failed : Signal(Exception)
        One sentence for the user; what is done stays.
    """

    maps_changed = Signal(CorrelationMaps)
    progressed = Signal(float, str)
    busy_changed = Signal(bool)
    failed = Signal(Exception)

    def __init__(self, processes: int | None = None) -> None:
        self.maps: CorrelationMaps | None = None
        self._size = processes or min(cores(), MOST_PROCESSES)
        self._scheduler = Scheduler(self._size, self)
        self._lock = threading.Condition()
        #: Requests that were made, and the last that is done with.
        self._asked, self._answered = 0, 0

    @property
    def busy(self) -> bool:
        """True if a map is asked for and not done."""
        with self._lock:
            return self._asked > self._answered

    @property
    def processes(self) -> tuple[int, ...]:
        """Numbers (PID) of the processes there are, at work or kept."""
        return tuple(worker.pid for worker in tuple(self._scheduler.pool.workers))

    def prepare(self, stack: SceneStack, settings: MapSettings, predictor_set: PredictorSet) -> None:
        """Start the processes and load the networks, so that a map that is asked for later starts at once."""
        scheduler = self._scheduler
        scheduler.pool.call(
            lambda: scheduler.get_ready(
                lambda: MapRun(0, scheduler.known(stack), settings, predictor_set, area=None, workers=self._size)
            )
        )

    def start(
        self,
        stack: SceneStack,
        settings: MapSettings,
        predictor_set: PredictorSet,
        area: NDArray[np.bool_] | None = None,
    ) -> None:
        """Ask for maps; an older request is dropped.

        Parameters
        ----------
        stack : SceneStack
            With a date after t0. Where it has only one, t2 stays empty.
        settings : MapSettings
        predictor_set : PredictorSet
            At least one predictor.
        area : array of bool, (y, x), optional
            On the stack's grid: cells whose centre lies in it. Default: the whole frame.
        """
        with self._lock:
            self._asked += 1
            number = self._asked
        chosen, scheduler = None if area is None else np.array(area, bool), self._scheduler
        self.busy_changed.emit(True)
        scheduler.pool.call(
            lambda: scheduler.begin(
                number,
                lambda: MapRun(
                    number, scheduler.known(stack), settings, predictor_set, area=chosen, workers=self._size
                ),
            )
        )

    def cancel(self) -> None:
        """Drop what is asked for; what is done stays."""
        with self._lock:
            if self._asked == self._answered:
                return
            number = self._asked
        self._scheduler.pool.call(lambda: self._cancelled(number))

    def take(self, maps: CorrelationMaps) -> None:
        """Show maps made elsewhere, for instance read from a file, instead of making some."""
        self.cancel()
        self._scheduler.pool.call(lambda: self.shown(maps))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no map is being made; False if that took longer than ``timeout`` seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: self._asked == self._answered, timeout)

    def close(self) -> None:
        """Cancel, and end the thread and all processes. The model cannot be used any more."""
        self._scheduler.pool.close()
        with self._lock:
            self._answered = self._asked
            self._lock.notify_all()

    # For the scheduler, on its thread

    def shown(self, maps: CorrelationMaps) -> None:
        """Maps as far as they are done."""
        self.maps = maps
        self.maps_changed.emit(maps)

    def said(self, share: float, text: str) -> None:
        """Receive the share of the work that is done, and what is being done."""
        self.progressed.emit(share, text)

    def stopped(self, number: int, error: IceNetError | None) -> None:
        """A run has ended: done, or for an error."""
        if error is not None:
            self.failed.emit(error)
        self._answer(number)

    def _cancelled(self, number: int) -> None:
        self._scheduler.stop(number)
        self._answer(number)

    def _answer(self, number: int) -> None:
        with self._lock:
            self._answered = max(self._answered, number)
            done = self._asked == self._answered
            self._lock.notify_all()
        if done:
            self.busy_changed.emit(False)
