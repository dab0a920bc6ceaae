"""Processes of this machine, seen from others: whether one is there, and how to start one that outlives its parent."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

#: How much a process in the background gives way to the window, as of ``nice``.
NICE = 10


def alive(pid: int) -> bool:
    """Whether a process of this machine is there, and not merely waiting for its parent to notice its end."""
    if pid <= 0:
        return False
    if os.name == "nt":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # type: ignore[attr-defined]
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)  # type: ignore[attr-defined]
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _ended(pid)


def _ended(pid: int) -> bool:
    """Whether a process has ended and only its entry is left; told by Linux alone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    # The name, in brackets, may hold anything.
    return stat[stat.rfind(b")") + 1 :].split()[:1] in ([b"Z"], [b"X"])


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
    more: dict[str, Any] = {}
    if os.name == "nt":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined]
        more["creationflags"] = flags | (subprocess.BELOW_NORMAL_PRIORITY_CLASS if nice else 0)  # type: ignore[attr-defined]
    else:
        more["start_new_session"] = True
    started = subprocess.Popen(
        list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        env=None if environment is None else {**os.environ, **environment}, close_fds=True, **more,
    )  # fmt: skip
    if nice and os.name != "nt":
        _give_way(started.pid)
    # Whoever started a process has to notice its end, or its entry stays.

    def wait() -> None:
        status = started.wait()
        if ended is not None:
            ended(status)

    threading.Thread(target=wait, name="reaper", daemon=True).start()
    return started


def _give_way(pid: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    except OSError:
        return  # it has ended already, or the system does not let anybody


def out_of_memory_kills() -> int:
    """How often this system, or this container, has killed a process for want of memory; 0 where it does not tell."""
    count = 0
    for path, name in (("/proc/vmstat", "oom_kill"), ("/sys/fs/cgroup/memory.events", "oom_kill")):
        try:
            lines = Path(path).read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        count += sum(int(words[1]) for words in map(str.split, lines) if words[:1] == [name] and words[1].isdigit())
    return count
