"""The status of a run, as its process writes it down and others read it."""

from __future__ import annotations

from typing import Literal

from napari_icenet.common.settings_model import FrozenModel

State = Literal["preparing", "running", "paused", "stopped", "finished", "failed"]
#: States in which a process is at work.
ACTIVE: tuple[State, ...] = ("preparing", "running", "paused")


class RunStatus(FrozenModel, extra="ignore"):
    """Status of a run, as of ``updated``.

    Attributes
    ----------
    state : {'preparing', 'running', 'paused', 'stopped', 'finished', 'failed'}
        A run whose process has died is ``stopped``: it can be continued.
    pid : int
    host : str
        Where the process runs, or ran.
    step, of : int
        Steps taken, and how many there will be.
    seconds : float
        Spent in steps so far.
    seconds_left : float, optional
        Until the last step, at the present pace.
    sequences_per_second : float, optional
        The present pace, validations included.
    message : str
        What is being done, or why the run failed.
    device, precision : str
    t2, persistence_t2 : float, optional
        Best mean correlation at t2 on held-out chips, and persistence's on the same.
    best_step : int, optional
    started, updated : float
        Seconds since 1970.
    launch : str
        Token of the launch that its process belongs to; empty where it was started by hand.
    """

    state: State
    pid: int = 0
    host: str = ""
    step: int = 0
    of: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    sequences_per_second: float | None = None
    message: str = ""
    device: str = ""
    precision: str = ""
    t2: float | None = None
    persistence_t2: float | None = None
    best_step: int | None = None
    started: float = 0.0
    updated: float = 0.0
    launch: str = ""
