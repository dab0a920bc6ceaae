"""Launched runs of the tiny model, as tests start and end them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from napari_icenet.jobs.detached import alive
from napari_icenet.training.launch import launch as launching
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.process_record import read_launch
from tests.training.runs import wait_for

ROOT = Path(__file__).parents[2]


def at_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Launched processes know the tiny model, and keep their lists in ``folder``."""
    monkeypatch.setattr(launching, "MODULE", "tests.training.tiny")
    # This tree, wherever the package is installed from.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("ICENET_HOME", str(folder))


def wait_for_state(run: Path, *states: str) -> None:
    """Until the run is in one of these states, and its processes have said all they have to say."""

    def there() -> bool:
        status = RunFolder(run).status()
        return status is not None and status.state in states

    wait_for(there)


def wait_for_end(run: Path) -> None:
    """Until neither trainer nor supervisor is there."""

    def ended() -> bool:
        record = read_launch(RunFolder(run).launch)
        return record is not None and record.ended and not alive(record.supervisor)

    wait_for(ended)


def end_all(folder: Path) -> None:
    """End what a test has left."""
    for path in folder.rglob("launch.json"):
        record = read_launch(path)
        for pid in (record.supervisor, record.pid) if record is not None else ():
            if pid and pid != os.getpid() and alive(pid):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
