"""Throughput of training: seconds from step to step, whatever the clock on the wall does."""

from __future__ import annotations

import time
from collections.abc import Callable

from napari_icenet.training.data.timing import remember_training
from napari_icenet.training.settings import RunSettings

#: An interval so many times longer than usual, and so many seconds at least, is a machine asleep, not a slow step.
_ODD, _LEAST = 30.0, 60.0
#: Weight of the newest interval in what is usual, at least: about the last thousand steps count.
_NEWEST = 1e-3
#: After so many steps a run has found its pace.
_STEADY = 20


class Throughput:
    """Seconds from step to step, validations and checkpoints included, without pauses and sleep.

    Parameters
    ----------
    clock : callable
        Seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._mean, self._longest, self._count = 0.0, 0.0, 0
        self._before = clock()

    @property
    def seconds(self) -> float | None:
        """Mean seconds of a step, of late; None before the first."""
        return self._mean if self._count else None

    def step(self) -> None:
        """A step was taken."""
        now = self._clock()
        interval, self._before = now - self._before, now
        # The longest interval before is a validation; a longer one by far is none of ours.
        if self._count and interval > max(_LEAST, _ODD * max(self._mean, self._longest)):
            return
        self._longest = max(self._longest, interval)
        self._count += 1
        self._mean += (interval - self._mean) * max(1 / self._count, _NEWEST)

    def remember(self, settings: RunSettings, together: int) -> None:
        """Keep the pace, by which the next such run says how long it will take.

        Parameters
        ----------
        settings : RunSettings
            Complete.
        together : int
            Sequences of a step, in all processes.
        """
        if self._count >= _STEADY and self._mean > 0:
            remember_training(settings, together / self._mean)

    def skip(self) -> None:
        """Leave out the time since the last step: the run was paused."""
        self._before = self._clock()
