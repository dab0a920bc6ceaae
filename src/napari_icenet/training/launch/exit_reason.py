"""Exit reason of a run's process, in one sentence that says what to do."""

from __future__ import annotations

import os
import re
import signal

from napari_icenet.training.run_folder.folder import RunFolder

#: Bytes at the end of what a process has said that are looked through.
_TAIL = 65536
_ERROR = re.compile(r"^error: (.+)$", re.MULTILINE)
_RAISED = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Interrupt|Exit)\w*)(?:: (.+))?$", re.MULTILINE)


def exit_reason(run: RunFolder, exit_status: int, *, no_memory: bool = False) -> str:
    """Exit reason of a process with this status; empty where all went well.

    Parameters
    ----------
    run : RunFolder
    exit_status : int
        Negative for a signal.
    no_memory : bool
        Whether the system has killed processes for want of memory meanwhile.
    """
    if exit_status == 0:
        return ""
    if exit_status < 0 or exit_status in (128 + signal.SIGTERM, 128 + signal.SIGINT):
        return _signalled(abs(exit_status) % 128, no_memory, _on(run))
    tail = output_tail(run, _TAIL)
    found = _ERROR.findall(tail)
    if found:
        return str(found[-1])
    raised = _RAISED.findall(tail)
    if raised and raised[-1][0] == "MemoryError":
        return f"the memory is too small for this run; choose a smaller batch or fewer data, then {_on(run)}."
    what = f" ({': '.join(part for part in raised[-1] if part)})" if raised else f" (status {exit_status})"
    return f"it failed by a fault of the program{what}; {run.output} holds all it said."


def output_tail(run: RunFolder, most: int = _TAIL) -> str:
    """The end of what the process of a run has said."""
    try:
        with open(run.output, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - most))
            return file.read().decode("utf-8", "replace").replace("\r\x1b[K", "\n")
    except OSError:
        return ""


def _on(run: RunFolder) -> str:
    return "resume it" if run.exists() else "start it again"


def _signalled(number: int, no_memory: bool, onward: str) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name in ("SIGTERM", "SIGINT", "SIGHUP"):
        return f"it was stopped from outside ({name}); {onward} to go on."
    if name == "SIGKILL" and no_memory:
        return (
            f"the system ended it, for the memory was full; choose a smaller batch, or close programs, then {onward}."
        )
    if name == "SIGKILL":
        return f"it was killed, by somebody or by the system for want of memory; {onward} to go on."
    if name == "SIGBUS":
        return f"it lost its memory or its disk (SIGBUS); see that there is space, then {onward}."
    return f"it crashed ({name}); {onward} to go on from its last checkpoint."
