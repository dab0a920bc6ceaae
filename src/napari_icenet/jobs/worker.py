"""Child side of a worker process: calls functions that are asked for through its pipe until that closes.

It ends with the one that started it, however that ends, for the pipe closes then. Told to stop, it gives up its call
within milliseconds and keeps all it has loaded.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
import traceback
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Any

from napari_icenet.errors import IceNetError
from napari_icenet.jobs.channel import Pipe, pipe_to_parent


class Stopped(BaseException):
    """The call is not wanted any more."""


class Worker:
    """First argument of a function that is called in a worker process.

    Parameters
    ----------
    pipe : Pipe
        Messages in: ``("item", key, item)``, ``("call", number, function, arguments)`` and ``("stop", number)``.
        Messages out: ``("ready",)``, ``("progress", number, share, text)``, ``("done", number, result)``,
        ``("failed", number, exception)`` and ``("stopped", number)``.

    Attributes
    ----------
    items : dict of str to object
        Sent once, and used by many calls.
    kept : dict of str to object
        For functions: what they have made, for the next call.
    """

    def __init__(self, pipe: Pipe) -> None:
        self.items: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self._pipe = pipe
        self._messages: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._number = self._stopped = 0
        self._interruptible = False

    def progress(self, share: float, text: str) -> None:
        """Tell how far the call is, 0 to 1, and what is being done."""
        with self.uninterrupted():
            self._pipe.send(("progress", self._number, share, text))

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """Put off a stop: half an import or half a network would be left, and the process is kept."""
        self._interruptible = False
        try:
            yield
        finally:
            self._interruptible = True
            self._interrupt()

    def work(self, setup: str) -> None:
        """Work until the pipe closes; on the main thread."""
        signal.signal(signal.SIGINT, self._interrupt)
        if setup:
            resolve_name(setup)()
        threading.Thread(target=self._listen, name="icenet-pipe", daemon=True).start()
        self._pipe.send(("ready",))
        while True:
            kind, *content = self._messages.get()
            if kind == "item":
                key, item = content
                self.items[key] = item
            else:
                self._answer(*content)

    def _listen(self) -> None:
        while True:
            try:
                message = self._pipe.receive()
            except EOFError:
                # Nobody waits for results any more, and the main thread may be deep in a network.
                os._exit(0)
            except Exception:  # noqa: BLE001 (unpickling calls anything)
                # What was sent is not known here, such as a class of the main script; the parent hears of the end.
                traceback.print_exc()
                os._exit(1)
            if message[0] == "stop":
                self._stopped = max(self._stopped, message[1])
                interrupt_main()
            else:
                self._messages.put(message)

    def _interrupt(self, *_: Any) -> None:
        # Runs on the main thread between two instructions; a Ctrl-C in the shell is the parent's business.
        if self._interruptible and self._number <= self._stopped:
            self._interruptible = False
            raise Stopped

    def _answer(self, number: int, function: str, arguments: tuple[Any, ...]) -> None:
        self._number = number
        try:
            if number <= self._stopped:
                raise Stopped
            result = self._call(function, arguments)
        except Stopped:
            self._pipe.send(("stopped", number))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is told where the call was asked for)
            self._pipe.send(("failed", number, _sendable(error)))
        else:
            try:
                self._pipe.send(("done", number, result))
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                self._pipe.send(("failed", number, _sendable(error)))

    def _call(self, function: str, arguments: tuple[Any, ...]) -> Any:
        called = resolve_name(function)
        try:
            self._interruptible = True
            return called(self, *arguments)
        finally:
            self._interruptible = False


def _sendable(error: Exception) -> Exception:
    """An error without the objects of this process; errors of ours are their sentence."""
    if isinstance(error, IceNetError):
        return type(error)(str(error))
    traceback.print_exc()
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 (pickling calls anything)
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def main(setup: str = "") -> None:
    """Work for the process at the other end of the standard streams."""
    Worker(pipe_to_parent()).work(setup)
