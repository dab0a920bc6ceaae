"""Compares predictors on one piece of ice as it is dragged about: the newest request wins.

Networks compute in a process of their own, so that a window keeps its interpreter to itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from psygnal import Signal

from napari_icenet.errors import IceNetError
from napari_icenet.evaluation.compare.comparison import Comparison, compare
from napari_icenet.evaluation.scoring.displacement import Flow
from napari_icenet.evaluation.scoring.known_flow import known_flow
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.matching.pictures import Pictures
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.predictors.remote import PredictionProcess
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.track import Track


@dataclass(frozen=True, eq=False)
class ComparisonRequest:
    """Request for a comparison: stack, track, date and predictors."""

    pictures: Pictures
    track: Track
    time: int
    predictor_set: PredictorSet

    def is_as(self, other: ComparisonRequest | None) -> bool:
        """True if another question has the same answer."""
        return (
            other is not None
            and self.track is other.track
            and (self.time, self.predictor_set, self.pictures.band)
            == (other.time, other.predictor_set, other.pictures.band)
        )


class CompareTool:
    """Answers on a thread of its own, predictor by predictor. Its signals come from that thread.

    Attributes
    ----------
    compared : Signal(Comparison)
        More is worked out; ``whole`` says whether that is all.
    failed : Signal(IceNetError)
        Nothing can be compared here.
    busy_changed : Signal(bool)
    """

    compared = Signal(object)
    failed = Signal(object)
    busy_changed = Signal(bool)

    def __init__(self) -> None:
        self._worker = LatestWorker("icenet-compare", self.busy_changed.emit)
        self._asked: ComparisonRequest | None = None
        self._flows: WeakKeyDictionary[SceneStack, Sequence[Flow]] = WeakKeyDictionary()
        self._process = PredictionProcess()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Number of the process that networks compute in; None where there is none."""
        return self._process.pid

    def prepare(self, predictor_set: PredictorSet) -> None:
        """Load the networks of a predictor set soon, in the process that they compute in."""

        def load() -> None:
            try:
                made = predictor_set.make()
            except IceNetError:
                return  # told when something is compared
            self._process.prepare([one for one in made if isinstance(one, LearnedOptions)])

        if not self._closed:
            self._worker.submit("prepare", load)

    def give_back(self) -> None:
        """Give back the memory that networks hold, on whatever device; the next comparison loads them again."""
        if not self._closed:
            self._worker.submit("give back", self._process.close)

    def ask(self, pictures: Pictures, track: Track, time: int, predictor_set: PredictorSet) -> bool:
        """Compare soon, and let go of what was asked before; False where that was the same.

        Parameters
        ----------
        pictures : Pictures
            Plain pictures of the track's band.
        track : Track
        time : int
            Index of the date of t0.
        predictor_set : PredictorSet
        """
        question = ComparisonRequest(pictures, track, time, predictor_set)
        if self._closed or question.is_as(self._asked):
            return False
        self._asked = question
        self._worker.submit("compare", lambda: self._answer(question))
        return True

    def forget(self) -> None:
        """Drop the comparison that is under way."""
        self._asked = None
        self._worker.drop("compare")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way; False if that took longer than ``timeout`` seconds."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """End the thread and the process; may be called twice."""
        self._closed = True
        self.forget()
        self._worker.close()
        self._process.close()

    def _answer(self, question: ComparisonRequest) -> None:
        def tell(part: Comparison) -> None:
            if self._asked is question:
                self.compared.emit(part)

        try:
            made = compare(
                question.pictures,
                question.track,
                question.time,
                question.predictor_set,
                flow=self._flow(question.pictures.stack),
                process=self._process,
                still_wanted=lambda: self._asked is question,
                on_part=tell,
            )
        except IceNetError as error:
            if self._asked is question:
                self.failed.emit(error)
            return
        if made is not None:
            tell(made)

    def _flow(self, stack: SceneStack) -> Flow | None:
        if stack not in self._flows:
            flow = known_flow(stack)
            self._flows[stack] = () if flow is None else (flow,)
        return next(iter(self._flows[stack]), None)
