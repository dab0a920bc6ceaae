"""Start child processes, and send objects through a pipe to them; large arrays go as they lie in memory."""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO, Any

_LENGTH = struct.Struct("<Q")


class Pipe:
    """Two ends of two pipes: what is written here is read over there, and the other way round.

    Parameters
    ----------
    source, sink : binary file
        Where objects come from, and where they go. Only from and to processes of one's own, for what arrives is
        unpickled.
    """

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source, self._sink = source, sink
        self._lock = threading.Lock()

    def send(self, item: Any) -> None:
        """Write an object; waits while the other side does not read.

        Raises OSError: the other side is gone.
        """
        buffers: list[pickle.PickleBuffer] = []
        head = pickle.dumps(item, protocol=5, buffer_callback=buffers.append)
        views = [memoryview(head), *(buffer.raw() for buffer in buffers)]
        with self._lock:
            self._sink.write(_LENGTH.pack(len(views)) + b"".join(_LENGTH.pack(view.nbytes) for view in views))
            for view in views:
                self._sink.write(view)
            self._sink.flush()

    def receive(self) -> Any:
        """The next object.

        Raises EOFError: the other side is gone.
        """
        (count,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        sizes = [_LENGTH.unpack(self._exactly(_LENGTH.size))[0] for _ in range(count)]
        head, *buffers = [self._exactly(size) for size in sizes]
        return pickle.loads(head, buffers=buffers)

    def close(self) -> None:
        """Close the way out, which tells the other side that nothing more comes."""
        # What could not be flushed was for a process that is gone.
        with contextlib.suppress(OSError):
            self._sink.close()

    def _exactly(self, size: int) -> bytearray:
        out = bytearray(size)
        view, have = memoryview(out), 0
        while have < size:
            # Files without a buffer give what there is.
            got = self._source.readinto(view[have:])  # type: ignore[attr-defined]
            if not got:
                raise EOFError
            have += got
        return out


def start_child(
    module: str, argument: str = "", environment: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], Pipe]:
    """Start a process that runs the ``main`` of a module, and the pipe to it.

    It is started from nothing, not forked: a fork would share the locks of this process's threads. Nor does it run
    the main script anew, as those of ``multiprocessing`` do, for that may open a window.

    Parameters
    ----------
    module : str
        Its ``main`` talks through :func:`pipe_to_parent`.
    argument : str
        Of ``main``.
    environment : mapping of str to str, optional
        Variables of its environment beside those of this process.
    """
    # Ctrl-C in a shell reaches all processes of a command and is the parent's business, while imports go on, too.
    deaf = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    start = f"{deaf}; import sys; sys.path[:] = {sys.path!r}; from {module} import main; main({argument!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", start],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return process, Pipe(process.stdout, process.stdin)


def pipe_to_parent() -> Pipe:
    """The pipe to the process that :func:`start_child` was called in, over the standard streams."""
    source, sink = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not come between the objects.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return Pipe(source, sink)
