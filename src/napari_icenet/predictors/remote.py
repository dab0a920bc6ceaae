"""Networks in a process of their own, so that an interactive program keeps its interpreter to itself.

A network's many small steps each wait for the interpreter; beside a window that draws, a prediction takes ten times
as long, and the window waits for PyTorch to be loaded. Sent to another process, it costs the way of its chips.
"""

from __future__ import annotations

import subprocess
import threading
import traceback
from collections.abc import Sequence
from typing import Any

from napari_icenet.errors import IceNetError, WeightsError
from napari_icenet.jobs.channel import Pipe, pipe_to_parent, start_beside
from napari_icenet.matching.template import Past, Prediction
from napari_icenet.predictors.learned import LearnedOptions


class PredictionProcess:
    """A process that holds networks; started when it is needed, and anew where it has died.

    It ends with :meth:`close`, and with the program that started it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Pipe | None = None

    @property
    def pid(self) -> int | None:
        """Number of the process; None where there is none."""
        return None if self._process is None else self._process.pid

    def prepare(self, predictors: Sequence[LearnedOptions]) -> None:
        """Start, and load these predictors' networks; does not wait for it."""
        with self._lock:
            if predictors:
                self._running().send(("load", list(predictors)))

    def predict(self, predictor: LearnedOptions, pasts: Sequence[Past]) -> list[Prediction | None]:
        """What the predictor's ``predict_many`` gives here.

        Raises
        ------
        IceNetError
            As there; and where the process has died twice.
        """
        with self._lock:
            for again in (True, False):
                try:
                    pipe = self._running()
                    pipe.send(("predict", predictor, list(pasts)))
                    answer = pipe.receive()
                    break
                except (OSError, EOFError) as error:
                    self._end()
                    if not again:
                        raise WeightsError(
                            f"the process that {predictor.title} is computed in has died, perhaps for want of "
                            "memory; choose other weights, or another device."
                        ) from error
        if isinstance(answer, IceNetError):
            raise answer
        made: list[Prediction | None] = answer
        return made

    def close(self) -> None:
        """End the process, and give back all its memory; the next prediction starts another."""
        with self._lock:
            self._end()

    def _running(self) -> Pipe:
        if self._pipe is None or self._process is None or self._process.poll() is not None:
            self._end()
            self._process, self._pipe = start_beside(__name__)
        return self._pipe

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = self._pipe = None


class Apart:
    """A learned predictor that is computed in another process.

    Parameters
    ----------
    predictor : LearnedOptions
    process : PredictionProcess
    """

    def __init__(self, predictor: LearnedOptions, process: PredictionProcess) -> None:
        self.predictor, self._process = predictor, process
        self.name, self.title, self.prefilter = predictor.name, predictor.title, predictor.prefilter

    def predict_many(self, pasts: Sequence[Past]) -> list[Prediction | None]:
        """What calling it on each past gives, in order."""
        return self._process.predict(self.predictor, pasts) if pasts else []

    def __call__(self, past: Past) -> Prediction | None:
        """The template; None where the past shows nothing."""
        return self.predict_many([past])[0]


def main() -> None:
    """Answer the program at the other end of the standard streams until it is gone."""
    pipe = pipe_to_parent()
    while True:
        try:
            kind, *content = pipe.receive()
        except (EOFError, KeyboardInterrupt):
            return
        if kind == "load":
            _load(*content)
        else:
            pipe.send(_answer(*content))


def _load(predictors: Sequence[LearnedOptions]) -> None:
    for one in predictors:
        try:
            one.network()
        except IceNetError:
            continue  # told when it is asked to predict


def _answer(predictor: LearnedOptions, pasts: Sequence[Past]) -> Any:
    try:
        return predictor.predict_many(pasts)
    except IceNetError as error:
        return error
    except Exception as error:  # noqa: BLE001 (whatever it is, it is told where the prediction was asked for)
        traceback.print_exc()
        return WeightsError(f"{predictor.title} failed ({type(error).__name__}: {error}); choose another device.")
