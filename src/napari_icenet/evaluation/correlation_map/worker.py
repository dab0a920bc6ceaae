"""A process that works on maps: it takes jobs from a pipe until that closes.

It ends with the one that started it, however that ends, for the pipe closes then. Told to stop, it gives up
its job within milliseconds and keeps all it has loaded.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
import warnings
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from napari_icenet.errors import SceneWarning
from napari_icenet.jobs.channel import Pipe, pipe_to_parent

#: A processor's worth of politeness towards the window and whatever else is at work.
_NICE = 5


class Stopped(BaseException):
    """The job is not wanted any more."""


class Worker:
    """Takes and does jobs, one after the other.

    Parameters
    ----------
    pipe : Pipe
        Messages in: ``("stack", stack)``, ``("order", Order)``, ``("job", run, Job)`` and ``("stop", run)``.
        Messages out: ``("ready",)``, ``("share", run, share, text)``, ``("done", run, result)`` and
        ``("failed", run, exception)`` and ``("stopped", run)``.
    """

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._messages: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._run = 0
        self._stopped = 0
        self._disturbable = False
        self._bench: Any = None

    def work(self) -> None:
        """Work until the pipe closes; on the main thread."""
        signal.signal(signal.SIGINT, self._interrupted)
        threading.Thread(target=self._listen, name="icenet-map-pipe", daemon=True).start()
        self._pipe.send(("ready",))
        while True:
            self._handle(*self._messages.get())

    def _listen(self) -> None:
        while True:
            try:
                message = self._pipe.receive()
            except EOFError:
                # Nobody waits for results any more, and the main thread may be deep in a network.
                os._exit(0)
            if message[0] == "stop":
                self._stopped = max(self._stopped, message[1])
                interrupt_main()
            else:
                self._messages.put(message)

    def _interrupted(self, *_: Any) -> None:
        # Runs on the main thread between two instructions; a Ctrl-C in the shell is the parent's business.
        if self._disturbable and self._run <= self._stopped:
            self._disturbable = False
            raise Stopped

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        self._disturbable = False
        try:
            yield
        finally:
            self._disturbable = True
            self._interrupted()

    def _handle(self, kind: str, *content: Any) -> None:
        if kind == "stack":
            from napari_icenet.evaluation.correlation_map.tasks import Bench

            self._bench = Bench(content[0], self._undisturbed)
        elif kind == "order":
            self._bench.take(content[0])
        else:
            self._do(*content)

    def _do(self, run: int, job: Any) -> None:
        self._run = run
        try:
            if run <= self._stopped:
                raise Stopped
            result = self._done(job)
        except Stopped:
            self._pipe.send(("stopped", run))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is told where the map was asked for)
            from napari_icenet.evaluation.correlation_map.scheduler_1 import told

            traceback.print_exc()
            self._pipe.send(("failed", run, told(error)))
        else:
            self._pipe.send(("done", run, result))

    def _done(self, job: Any) -> Any:
        try:
            self._disturbable = True
            return self._bench.do(job, self._say)
        finally:
            self._disturbable = False

    def _say(self, share: float, text: str) -> None:
        with self._undisturbed():
            self._pipe.send(("share", self._run, share, text))


def main() -> None:
    """Work for the process at the other end of the standard streams."""
    pipe = pipe_to_parent()
    if hasattr(os, "nice"):
        os.nice(_NICE)
    # What could not be read is told with the results; the rest was said where the stack was opened.
    warnings.simplefilter("ignore", SceneWarning)
    import cv2

    # There are as many processes as cores.
    cv2.setNumThreads(1)
    Worker(pipe).work()


if __name__ == "__main__":
    sys.exit("this is started by the maps themselves")
