"""Record of the process that was started for a run, and the effective status of the run."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pydantic import AliasChoices, Field, ValidationError

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.jobs.detached import alive
from napari_icenet.jobs.file_lock import held
from napari_icenet.training.run_folder.status import ACTIVE, RunStatus

#: Tells a process which launch it belongs to.
VARIABLE = "ICENET_LAUNCH"
_DIED = "its process has died; resume it to go on from its last checkpoint"


class Launch(FrozenModel, extra="ignore", populate_by_name=True):
    """A process that was started for a run, as its supervisor tells of it: ``launch.json``.

    Attributes
    ----------
    token : str
        Of this launch; the status of a run says which one it comes from.
    host : str
    supervisor, pid : int
        The process that watches, and the one that trains; 0 before there is one.
    born : float
        When the one that trains was started, in seconds since the machine was; 0 where that is not known.
    started : float
        Seconds since 1970.
    ended : bool
    exit : int, optional
        Its exit status; negative for a signal.
    words : str
        Why it ended, in one sentence; empty where all went well.
    module : str
        The program, as in ``python -m``.
    compare : bool
        Whether the weights are compared with those before, once the run has finished.
    """

    token: str
    host: str
    # Files of 0.1.0 call it the keeper.
    supervisor: int = Field(default=0, validation_alias=AliasChoices("supervisor", "keeper"))
    pid: int = 0
    born: float = 0.0
    started: float = 0.0
    ended: bool = False
    exit: int | None = None
    words: str = ""
    module: str = ""
    compare: bool = True

    @property
    def here(self) -> bool:
        """True if it was started on this machine."""
        return self.host == socket.gethostname()

    @property
    def going(self) -> bool:
        """True if its process, or the one that is about to start it, is there."""
        if self.ended or not self.here:
            return not self.ended
        return alive(self.pid, self.born) or (not self.pid and alive(self.supervisor))


def read_launch(path: Path) -> Launch | None:
    """Read the record of the last launch; None where there was none."""
    try:
        return Launch.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write_launch(path: Path, launch: Launch) -> None:
    """Tell of a launch; an :class:`OSError` says that the disk is full."""
    write_durably(path, launch.model_dump_json(indent=1).encode(), flush=False)


def own_token() -> str:
    """The launch that this process belongs to; empty where it was started by hand."""
    return os.environ.get(VARIABLE, "")


def effective_status(status: RunStatus | None, launch: Launch | None, folder: Path) -> RunStatus | None:
    """Effective status of a run, by its process's last report and what is known of that process.

    A process that says nothing is not taken for dead while it holds the folder: the machine may have
    slept, or its clock have been set.
    """
    if launch is not None and (status is None or (status.launch != launch.token and status.updated <= launch.started)):
        # The process that was started has not yet said anything, or never did.
        before = status or RunStatus(state="preparing", host=launch.host)
        changes: dict[str, object] = {
            "launch": launch.token,
            "host": launch.host,
            "pid": launch.pid or launch.supervisor,
        }
        if launch.going:
            return before.model_copy(update=changes | {"state": "preparing", "message": "starting"})
        state = "failed" if launch.ended and (launch.exit or 0) > 0 else "stopped"
        return before.model_copy(update=changes | {"state": state, "message": launch.words or _DIED})
    if status is None or status.state not in ACTIVE or status.host != socket.gethostname():
        return status
    if alive(status.pid) and held(folder) is not False:
        return status
    words = launch.words if launch is not None and launch.token == status.launch and launch.ended else ""
    fault = bool(words) and launch is not None and 0 < (launch.exit or 0) < 128
    return status.model_copy(update={"state": "failed" if fault else "stopped", "message": words or _DIED})
