"""Networks in a process of their own, so that an interactive program keeps its interpreter to itself.

A network's many small steps each wait for the interpreter; beside a window that draws, a prediction takes ten times
as long, and the window waits for PyTorch to be loaded. Sent to another process, it costs the way of its chips.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Sequence

from napari_icenet.errors import IceNetError, WeightsError
from napari_icenet.jobs.worker import Worker
from napari_icenet.jobs.worker_process import WorkerDiedError, WorkerProcess
from napari_icenet.matching.template import Past, Prediction
from napari_icenet.predictors.learned import LearnedOptions


class PredictionProcess:
    """A process that holds networks; started when it is needed, and anew where it has died.

    It ends with :meth:`close`, and with the program that started it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None

    @property
    def pid(self) -> int | None:
        """Number of the process; None where there is none."""
        return None if self._process is None else self._process.pid

    def prepare(self, predictors: Sequence[LearnedOptions]) -> None:
        """Start, and load these predictors' networks; does not wait for it."""
        with self._lock:
            if predictors:
                self._running().start(f"{__name__}:load", list(predictors))

    def predict(self, predictor: LearnedOptions, pasts: Sequence[Past]) -> list[Prediction | None]:
        """Call the predictor's ``predict_many`` in the process.

        Raises IceNetError: as there; and where the process has died twice.
        """
        with self._lock:
            for again in (True, False):
                try:
                    made: list[Prediction | None] = self._running().call(f"{__name__}:predict", predictor, list(pasts))
                    break
                except WorkerDiedError as error:
                    self._end()
                    if not again:
                        raise WeightsError(
                            f"the process that {predictor.title} is computed in {error}; choose other weights, "
                            "or another device."
                        ) from error
        return made

    def close(self) -> None:
        """End the process, and give back all its memory; the next prediction starts another."""
        with self._lock:
            self._end()

    def _running(self) -> WorkerProcess:
        if self._process is None or not self._process.running:
            self._end()
            self._process = WorkerProcess()
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process.release()
        self._process = None


class RemotePredictor:
    """A learned predictor that is computed in another process."""

    def __init__(self, predictor: LearnedOptions, process: PredictionProcess) -> None:
        self.predictor, self._process = predictor, process
        self.name, self.title, self.prefilter = predictor.name, predictor.title, predictor.prefilter

    def predict_many(self, pasts: Sequence[Past]) -> list[Prediction | None]:
        """Predict after each past, in order."""
        return self._process.predict(self.predictor, pasts) if pasts else []

    def __call__(self, past: Past) -> Prediction | None:
        """The template; None where the past shows nothing."""
        return self.predict_many([past])[0]


def load(_: Worker, predictors: Sequence[LearnedOptions]) -> None:
    """Load the networks of predictors, in the process that predicts."""
    for one in predictors:
        try:
            one.network()
        except IceNetError:
            continue  # told when it is asked to predict


def predict(_: Worker, predictor: LearnedOptions, pasts: Sequence[Past]) -> list[Prediction | None]:
    """Predict, in the process that predicts.

    Raises IceNetError: whatever went wrong.
    """
    try:
        return predictor.predict_many(pasts)
    except IceNetError:
        raise
    except Exception as error:
        traceback.print_exc()
        raise WeightsError(
            f"{predictor.title} failed ({type(error).__name__}: {error}); choose another device."
        ) from error
