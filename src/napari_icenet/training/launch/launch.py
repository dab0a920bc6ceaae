"""Runs in processes of their own, which outlive the window that started them.

A launched run has a supervisor: a small process that starts ``icenet train``, waits for its end, writes
down its last words, compares the weights with those before, and starts the next run of the queue.
Without its supervisor a run goes on as before; only its last words are then unknown.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import TrainingError, UsageError
from napari_icenet.jobs.detached import alive, start_apart
from napari_icenet.jobs.file_lock import locked
from napari_icenet.training.presets import merged
from napari_icenet.training.run_folder.folder import STARTING, RunFolder
from napari_icenet.training.run_folder.process_record import Launch, read_launch, write_launch
from napari_icenet.training.run_folder.status import ACTIVE
from napari_icenet.training.settings import RunSettings, make_run_settings

if TYPE_CHECKING:
    from napari_icenet.training.data.plan import DataPlan

#: The program that trains, as in ``python -m``.
MODULE = "napari_icenet.cli.main"
_SUPERVISOR = "napari_icenet.training.launch.supervisor"
#: Tries, 50 ms apart, before a folder counts as in use: a process that was killed takes a moment to let go.
_TRIES = 20
#: A process that has said its last word is waited for at most so long, seconds.
_PATIENCE_S = 15.0


def launch(
    folder: str | Path,
    settings: RunSettings,
    *,
    plan: DataPlan | None = None,
    compare: bool = True,
    module: str | None = None,
) -> RunFolder:
    """Start a run in a process of its own, at once; its folder tells what it does.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    settings : RunSettings
    plan : DataPlan, optional
        Of a dataset that the run cuts first, to the place that the settings name, where it is not there yet.
    compare : bool
        Whether the weights are compared with those before on held-out ice, once the run has finished.
    module : str, optional
        The program that trains; default: :data:`MODULE`.

    Raises
    ------
    UsageError
        The folder holds something else.
    TrainingError
        The folder cannot be written, is in use, or the process cannot be started.
    """
    run = RunFolder(folder)
    want(run, settings, plan)
    return _start(run, compare=compare, module=module)


def resume(
    folder: str | Path,
    *,
    datasets: Sequence[str] | None = None,
    steps: int | None = None,
    device: str | None = None,
    compare: bool = True,
    module: str | None = None,
) -> RunFolder:
    """Go on with a run in a process of its own, at once.

    Parameters
    ----------
    folder : path
    datasets : sequence of str, optional
        Where its datasets are now, in order, if they have moved.
    steps : int, optional
        Steps that there are to be in all, if others than before.
    device : str, optional
        Where it goes on, if elsewhere than before.
    compare, module
        As of :func:`launch`.

    Raises
    ------
    TrainingError
        There is no run, it is going on already, or the process cannot be started.
    """
    run = RunFolder(folder)
    values = run.settings().model_dump(mode="json")
    if steps is not None:
        values = merged(values, {"optimisation": {"steps": steps}})
    if device is not None:
        values = merged(values, {"device": device})
    if datasets is not None:
        values = merged(values, {"data": {"datasets": [str(Path(path).resolve()) for path in datasets]}})
    settings = make_run_settings(values)
    if not run.exists():
        # It was refused before it began.
        return launch(folder, settings, compare=compare, module=module)
    wait_until_left(run)
    _write_wanted(run, settings)
    return _start(run, compare=compare, module=module)


def going_on(run: RunFolder) -> TrainingError:
    """Error for whoever starts a run that is going on."""
    return TrainingError(
        f"{run.path.name} is going on already, perhaps by another window; follow it, or stop it first."
    )


def wait_until_left(run: RunFolder) -> None:
    """Wait for the processes of a run that has ended to leave its folder; they take a moment.

    Raises TrainingError: the run is going on.
    """
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        status, record = run.status(), read_launch(run.launch)
        if status is not None and status.state in ACTIVE:
            raise going_on(run)
        if record is None or not record.here or not record.going:
            return
        time.sleep(0.05)


def want(run: RunFolder, settings: RunSettings, plan: DataPlan | None = None) -> None:
    """Make the folder of a run that is to be started, with its settings, and what it is to cut first.

    Raises
    ------
    UsageError
        The folder holds something else.
    TrainingError
        It cannot be written.
    """
    _check_untouched(run)
    try:
        run.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{run.path} cannot be made ({error.strerror or error}); choose another folder.") from error
    if plan is not None and settings.data.datasets:
        # First, for settings make a run of the folder.
        from napari_icenet.training.data.recipe import write_recipe

        write_recipe(run, plan, Path(settings.data.datasets[0]))
    _write_wanted(run, settings)


def start_wanted(folder: str | Path, *, compare: bool = True, module: str | None = None) -> RunFolder:
    """Start a run whose folder was made with its settings before (:func:`want`); otherwise as :func:`launch`."""
    run = RunFolder(folder)
    # Settings that were damaged meanwhile are told of here, and not by a process.
    run.wanted_settings()
    _check_untouched(run)
    return _start(run, compare=compare, module=module)


def end(folder: str | Path) -> None:
    """End a run at once, which has been asked to stop and does not; what came after its last checkpoint is lost."""
    run = RunFolder(folder)
    status, record = run.status(), read_launch(run.launch)
    if status is None or status.state not in ACTIVE or status.host != socket.gethostname():
        return
    born = {status.pid: 0.0}
    if record is not None and record.token == status.launch:
        # What was given the number of a run's process after its end is left alone.
        born[record.pid] = record.born
    for pid in set(born) - {0, os.getpid()}:
        if alive(pid, born[pid]):
            with suppress(OSError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def refuse(run: RunFolder, words: str) -> None:
    """Tell in the folder of a run why it was not started; nothing where that cannot be written."""
    record = Launch(
        token=uuid4().hex, host=socket.gethostname(), started=time.time(), ended=True, exit=1, words=words
    )  # fmt: skip
    with suppress(OSError):
        write_launch(run.launch, record)


def _check_untouched(run: RunFolder) -> None:
    if not run.untouched():
        raise UsageError(f"{run.path} is there already; choose another name, or resume the run in it.")


def _write_wanted(run: RunFolder, settings: RunSettings) -> None:
    try:
        write_durably(run.wanted, (json.dumps(settings.model_dump(mode="json"), indent=2) + "\n").encode())
    except OSError as error:
        raise TrainingError(f"{run.wanted} cannot be written ({error.strerror or error}); free some space.") from error


def _start(run: RunFolder, *, compare: bool, module: str | None) -> RunFolder:
    """Start the supervisor of a run; one at a time, however many windows ask for it."""
    with locked(run.path, STARTING):
        before = read_launch(run.launch)
        if before is not None and before.going:
            raise TrainingError(f"{run.path} is in use by a run that is going on; stop that one first.")
        with locked(run.path, tries=_TRIES):
            pass  # nobody trains here who was started by hand, and one that was killed has let go
        record = Launch(
            token=uuid4().hex, host=socket.gethostname(), supervisor=os.getpid(), started=time.time(),
            module=module or MODULE, compare=compare,
        )  # fmt: skip

        def supervisor_ended(status: int) -> None:
            now = read_launch(run.launch)
            if status and now is not None and now == record:
                words = "the process that starts it came to nothing; install napari-icenet again"
                with suppress(OSError):
                    write_launch(run.launch, now.model_copy(update={"ended": True, "exit": 1, "words": words}))

        try:
            run.control.unlink(missing_ok=True)
            write_launch(run.launch, record)
            # -P: nothing of the folder that the window was started in is taken for a library.
            start_apart(
                [sys.executable, "-P", "-m", _SUPERVISOR, str(run.path.absolute()), record.token],
                ended=supervisor_ended,
            )
        except OSError as error:
            raise TrainingError(
                f"the run in {run.path} cannot be started ({error.strerror or error}); free some space or memory."
            ) from error
    return run
