"""Comparison of weights before and after a run, and of what needs no training, on ice that was held out."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.errors import Cancelled, IceNetError, TrainingError
from napari_icenet.jobs.detached import alive
from napari_icenet.jobs.progress import Progress
from napari_icenet.training.results.comparison import BeforeAfter, Score
from napari_icenet.training.run_folder.folder import RunFolder

#: How often another process is told how far the comparison is, seconds.
_TELL = 0.5


class Comparing(FrozenModel, extra="ignore"):
    """Progress of a comparison: ``comparing.json``."""

    state: Literal["running", "done", "failed", "cancelled"]
    done: float = 0.0
    message: str = ""
    pid: int = 0
    host: str = ""


def read_comparison(folder: str | Path) -> BeforeAfter | None:
    """The comparison of a run; None where there is none yet."""
    try:
        return BeforeAfter.model_validate_json(RunFolder(folder).comparison.read_bytes())
    except (OSError, ValidationError):
        return None


def comparing(folder: str | Path) -> Comparing | None:
    """Read the progress of the comparison of a run; None where none was begun."""
    try:
        found = Comparing.model_validate_json(RunFolder(folder).comparing.read_bytes())
    except (OSError, ValidationError):
        return None
    if found.state == "running" and found.host == socket.gethostname() and not alive(found.pid):
        return found.model_copy(update={"state": "failed", "message": "its process has died; compare again."})
    return found


def cancel_comparison(folder: str | Path) -> None:
    """End a comparison that is going on, at once; the run and its weights are untouched."""
    found = comparing(folder)
    if found is None or found.state != "running" or found.host != socket.gethostname() or found.pid == os.getpid():
        return
    with suppress(OSError):
        os.kill(found.pid, signal.SIGTERM)
    _tell(RunFolder(folder), Comparing(state="cancelled", done=found.done, message="cancelled"))


def compare_weights(folder: str | Path, *, progress: Progress | None = None) -> BeforeAfter:
    """Compare weights before and after a run on its held-out ice, and keep the result in its folder.

    Parameters
    ----------
    folder : path
        Of a run with weights.
    progress : Progress, optional

    Raises
    ------
    TrainingError
        The run has no weights or no held-out ice, or the result cannot be written.
    DatasetError, WeightsError, StackError
        A dataset or weights cannot be read, or nothing can be judged.
    """
    from napari_icenet.training.results.held_out_scores import score_run

    run, reported = RunFolder(folder), 0.0
    running = Comparing(state="running", pid=os.getpid(), host=socket.gethostname(), message="opening the dataset")

    def say(fraction: float, text: str) -> None:
        nonlocal reported
        if time.monotonic() - reported > _TELL:
            reported = time.monotonic()
            _tell(run, running.model_copy(update={"done": fraction, "message": text}))
        if progress is not None:
            progress(fraction, text)

    _tell(run, running)
    try:
        made = score_run(run, say)
        content = (json.dumps(made.model_dump(mode="json"), indent=2) + "\n").encode()
        write_durably(run.comparison, content)
    except Cancelled:
        _tell(run, Comparing(state="cancelled", message="cancelled"))
        raise
    except IceNetError as error:
        _tell(run, Comparing(state="failed", message=str(error)))
        raise
    except OSError as error:
        words = f"{run.comparison} cannot be written ({error.strerror or error}); free some space, then compare again."
        _tell(run, Comparing(state="failed", message=words))
        raise TrainingError(words) from error
    _tell(run, Comparing(state="done", done=1.0))
    return made


def as_text(made: BeforeAfter) -> str:
    """The table as lines for the shell."""
    lines = [f"held out   {made.sequences} sequences of the {made.split} split, in {made.blocks} blocks"]
    lines += [f"{row.title:<28} t1 {_said(row.t1)}   t2 {_said(row.t2)}" for row in made.rows]
    if made.gain is not None:
        ends = made.gain.t2_interval
        sure = f" ({ends[0]:+.3f} … {ends[1]:+.3f})" if ends else ""
        lines.append(f"gain       {made.gain.t2:+.3f} at t2{sure}")
    return "\n".join([*lines, *made.notices])


def _said(score: Score) -> str:
    return f"{score.mean:.3f}" + (f" ({score.interval[0]:.3f} … {score.interval[1]:.3f})" if score.interval else "")


def _tell(run: RunFolder, state: Comparing) -> None:
    """Say how far it is; a full disk, which may be why it failed, is left alone."""
    with suppress(OSError):
        write_durably(run.comparing, state.model_dump_json(indent=1).encode(), flush=False)
