"""Plans datasets and cuts a few sequences on a thread of its own: the newest request wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_icenet.datasets.sequences import SPLITS, Sequences
from napari_icenet.errors import Cancelled, IceNetError
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.training.data.plan import DataPlan, Estimate, make_plan, split_of_weights

NONE = SPLITS.index("none")
#: Code of ground that is not used at all, in the picture of the splits.
UNUSED = len(SPLITS)
#: Sides of the picture of the splits, at most: larger frames are drawn coarser.
MOST_PX = 2048
#: Sequences that are shown before a dataset is made.
PREVIEW = 6


@dataclass(frozen=True)
class Wanted:
    """A dataset that is wanted.

    Attributes
    ----------
    stack : SceneStack
    choices : dict
        Of :func:`~napari_icenet.training.data.plan.make_plan`.
    area : callable
        Gives the ground that is used; None for all of it.
    weights : str, optional
        Weights that are trained further; ice that they know is not held out.
    """

    stack: SceneStack
    choices: dict[str, Any]
    area: Callable[[], NDArray[np.bool_] | None]
    weights: str | None = None


@dataclass(frozen=True, eq=False)
class Planned:
    """A plan with all that is shown of it.

    Attributes
    ----------
    plan : DataPlan
    estimate : Estimate
    codes : array of uint8
        Splits on the picture, every :attr:`step`-th pixel; :data:`UNUSED` where no ice is used.
    step : int
    days : tuple of str
        The period of each date, where it is split by time.
    spared : bool
        Whether the same ice is held out as when the weights were trained that the run starts from.
    """

    plan: DataPlan
    estimate: Estimate
    codes: NDArray[np.uint8]
    step: int
    days: tuple[str, ...]
    spared: bool = False


class Planner(QObject):
    """Makes plans off the interface's thread.

    Attributes
    ----------
    planned : Signal(object)
        A :class:`Planned`, of the newest request.
    previewed : Signal(object)
        A few :class:`~napari_icenet.datasets.sequences.Sequences`.
    failed : Signal(str)
        Why the newest request cannot be planned or previewed.
    ended : Signal()
        Nothing is being worked on any more.
    """

    planned = Signal(object)
    previewed = Signal(object)
    failed = Signal(str)
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._newest = 0
        self._closed = False
        self._worker = LatestWorker("icenet-plan", lambda _busy: None)

    @property
    def busy(self) -> bool:
        """Whether something is being planned or cut."""
        return self._worker.busy

    def plan(self, wanted: Wanted) -> None:
        """Plan a dataset; an older request is dropped."""
        self._ask(lambda: planned(wanted))

    def preview(self, plan: DataPlan) -> None:
        """Cut a few sequences of a plan for real; planning anew cancels it."""
        mine = self._newest + 1

        def progress(_fraction: float, _text: str) -> None:
            if mine != self._newest or self._closed:
                raise Cancelled("the preview was cancelled.")

        self._ask(lambda: plan.preview(PREVIEW, progress=progress))

    def close(self) -> None:
        """Drop all that is asked for; what is being done ends by itself, soon."""
        self._closed = True
        self._newest += 1
        self._worker.drop("plan")

    def _ask(self, work: Callable[[], Any]) -> None:
        self._newest += 1
        if not self._closed:
            self._worker.submit("plan", partial(self._run, self._newest, work))

    def _run(self, number: int, work: Callable[[], Any]) -> None:
        try:
            self._show(number, work(), None)
        except IceNetError as error:
            self._show(number, None, error)

    @on_main_thread
    def _show(self, number: int, result: Any, error: IceNetError | None) -> None:
        if number != self._newest:
            return
        if error is not None:
            if not isinstance(error, Cancelled):
                self.failed.emit(str(error))
        elif isinstance(result, Sequences):
            self.previewed.emit(result)
        else:
            self.planned.emit(result)
        self.ended.emit()


def planned(wanted: Wanted) -> Planned:
    """A plan, and all that is shown of it.

    Raises
    ------
    IceNetError
        It cannot be made.
    """
    stack, choices = wanted.stack, wanted.choices
    known = {} if wanted.weights is None else split_of_weights(wanted.weights, stack.name, choices["chip"])
    plan = make_plan(stack, area=wanted.area(), **(choices | known))
    step = coarse_step(plan.stack.grid.shape)
    codes = plan.splits()[::step, ::step].copy()
    if plan.stack.area is not None:
        codes[~plan.stack.area[::step, ::step]] = UNUSED
    days = plan.split_dates()
    return Planned(plan, plan.estimate(), codes, step, days, bool(known))


def coarse_step(shape: tuple[int, int]) -> int:
    """Every so-manieth pixel of a frame is drawn."""
    return max(1, -(-max(shape) // MOST_PX))


def free_space(folder: Path) -> int | None:
    """Bytes that are free on the disk that a folder is, or will be, on."""
    import shutil

    for place in (folder, *folder.absolute().parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None
