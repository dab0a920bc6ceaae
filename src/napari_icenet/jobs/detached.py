"""Start processes that outlive this one, and tell whether a process of this machine is there."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

#: How much a process in the background gives way to the window, as of ``nice``.
NICE = 10
#: Processes of one number that were born less than this apart, in seconds, are the same.
_SAME = 0.5


def alive(pid: int, born: float = 0.0) -> bool:
    """True if the process runs and is no zombie.

    Parameters
    ----------
    pid : int
        Number of a process of this machine.
    born : float
        What :func:`born_at` gave for it, so that another which was given the same number later is not taken for it.
        Default: any process of that number.
    """
    if pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        if born and abs(_born(process) - born) > _SAME:
            return False
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def born_at(pid: int) -> float:
    """Seconds from the start of the machine to that of the process, whatever happens to the clock; 0 if it is gone."""
    try:
        return _born(psutil.Process(pid))
    except psutil.Error:
        return 0.0


def _born(process: psutil.Process) -> float:
    return float(process.create_time() - psutil.boot_time())


def start_apart(
    command: Sequence[str],
    *,
    output: IO[bytes] | int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    nice: bool = False,
    ended: Callable[[int], object] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one and gets none of its signals.

    Parameters
    ----------
    command : sequence of str
    output : file, optional
        Takes all that it says; default: nothing does.
    environment : mapping, optional
        Variables beside those of this process.
    nice : bool
        Whether it gives way to windows.
    ended : callable, optional
        Told its exit status, on a thread of its own, if this process is still there.

    Raises
    ------
    OSError
        The system refuses it.
    """
    more: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        more = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    started = subprocess.Popen(
        list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        env=None if environment is None else {**os.environ, **environment}, close_fds=True, **more,
    )  # fmt: skip
    if nice:
        give_way(started.pid)
    # Whoever started a process has to notice its end, or its entry stays.

    def wait() -> None:
        status = started.wait()
        if ended is not None:
            ended(status)

    threading.Thread(target=wait, name="reaper", daemon=True).start()
    return started


def give_way(pid: int | None = None, nice: int = NICE) -> None:
    """Lower the priority of a process; nothing where it has ended, or the system does not let anybody.

    Parameters
    ----------
    pid : int, optional
        Default: this process.
    nice : int
        As of ``nice``; on Windows any is "below normal".
    """
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process(pid).nice(nice if os.name != "nt" else psutil.BELOW_NORMAL_PRIORITY_CLASS)


def out_of_memory_kills() -> int:
    """Count of processes that this system or container has killed for want of memory; 0 where it does not tell."""
    count = 0
    for path, name in (("/proc/vmstat", "oom_kill"), ("/sys/fs/cgroup/memory.events", "oom_kill")):
        try:
            lines = Path(path).read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        count += sum(int(words[1]) for words in map(str.split, lines) if words[:1] == [name] and words[1].isdigit())
    return count
