"""The process that keeps a launched run: starts it, waits for its end, writes down its last words, starts the next.

Not a part of the interface of the library: :mod:`napari_icenet.training.launch.launch` starts it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

from napari_icenet.errors import IceNetError
from napari_icenet.jobs.detached import born_at, out_of_memory_kills, start_apart
from napari_icenet.training.launch.exit_reason import exit_reason
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.process_record import VARIABLE, Launch, read_launch, write_launch


def keep(folder: Path, token: str) -> None:
    """Train, and hand over to the next run of the queue."""
    run = RunFolder(folder)
    record = read_launch(run.launch)
    if record is None or record.token != token:
        return  # another launch has taken its place
    record = record.model_copy(update={"supervisor": os.getpid()})
    killed = out_of_memory_kills()
    child = _started(run, record)
    if isinstance(child, str):
        _tell(run, record.model_copy(update={"ended": True, "exit": 1, "words": child}))
    else:
        record = record.model_copy(update={"pid": child.pid, "born": born_at(child.pid)})
        _tell(run, record)
        asked = _pass_on(child)
        exit_status = child.wait()
        words = exit_reason(run, exit_status, no_memory=out_of_memory_kills() > killed)
        _tell(run, record.model_copy(update={"ended": True, "exit": exit_status, "words": words}))
        if asked.is_set():
            return  # the machine goes down; the queue waits
    from napari_icenet.training.launch.queue import Queue

    with suppress(IceNetError):
        Queue().tend()


def command(run: RunFolder, module: str, *, compare: bool) -> list[str]:
    """Command that trains: ``icenet train`` with the settings that were asked for."""
    words = [sys.executable, "-P", "-m", module, "train", "-o", str(run.path), *(["--compare"] if compare else [])]
    if not run.exists():
        return [*words, "--config", str(run.wanted)]
    wanted = json.loads(run.wanted.read_bytes())
    words += ["--resume", "--steps", str(wanted["optimisation"]["steps"]), "--device", wanted["device"]]
    return [*words, "--", *wanted["data"]["datasets"]]


def _started(run: RunFolder, record: Launch) -> subprocess.Popen[bytes] | str:
    """The process that trains, or why there is none."""
    try:
        program = command(run, record.module, compare=record.compare)
        with open(run.output, "ab") as output:
            output.write(b"\n" if output.tell() else b"")
            return start_apart(program, output=output, environment={VARIABLE: record.token}, nice=True)
    except OSError as error:
        return f"it cannot be started ({error.strerror or error}); free some space or memory, then start it again."
    except (ValueError, KeyError):
        return f"{run.wanted} is damaged; start or resume the run again."


def _tell(run: RunFolder, record: Launch) -> None:
    """Write down what is known of the launch; a full disk, which may be why it ended, is left alone."""
    with suppress(OSError):
        write_launch(run.launch, record)


def _pass_on(child: subprocess.Popen[bytes]) -> threading.Event:
    """Hand SIGTERM on to the run, which stops after its step; the event tells that it was heard."""
    heard = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        heard.set()
        with suppress(OSError):
            child.send_signal(number)

    signal.signal(signal.SIGTERM, handle)
    return heard


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2])
