"""The loop: step after step, with validations, checkpoints and whatever the run is asked to do."""

from __future__ import annotations

import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from napari_icenet.errors import Cancelled, SceneWarning
from napari_icenet.jobs.progress import Progress
from napari_icenet.models.card import Card
from napari_icenet.models.precision import type_name
from napari_icenet.models.weights import save_weights
from napari_icenet.training.loop.checkpoint import (
    TrainingState,
    random_states,
    restore_random_states,
    save_checkpoint,
)
from napari_icenet.training.loop.prefetch import Batch
from napari_icenet.training.loop.sample_images import write_sample
from napari_icenet.training.loop.step import Stepper, StepReport
from napari_icenet.training.loop.throughput import Throughput
from napari_icenet.training.loop.validation import HeldOut, Judgement
from napari_icenet.training.run_folder.event_log import EventLog
from napari_icenet.training.run_folder.folder import Request, RunFolder
from napari_icenet.training.run_folder.status import RunStatus, State
from napari_icenet.training.settings import RunSettings

#: How often another process is told where the run stands, and a paused run looks whether to go on, seconds.
_REPORT, _LOOK = 1.0, 0.2


class Loop:
    """Trains until the last step, or until it is asked to stop.

    Parameters
    ----------
    settings : RunSettings
    folder : RunFolder
    stepper : Stepper
    held_out : HeldOut, optional
        None where nothing is validated, and in all processes but the first.
    card : Card
        Of the weights, but for what the run finds out.
    progress : callable, optional
    stop : callable
        Whether the caller asks to stop.
    """

    def __init__(
        self,
        settings: RunSettings,
        folder: RunFolder,
        stepper: Stepper,
        held_out: HeldOut | None,
        card: Card,
        *,
        progress: Progress | None,
        stop: Callable[[], bool],
    ) -> None:
        self.settings, self.folder, self.stepper, self.held_out = settings, folder, stepper, held_out
        self.group = stepper.group
        # Weights that are trained further are judged before the first step: the best ones may be those.
        self.at = TrainingState(validated=0 if settings.weights is None else -1)
        self._card, self._progress, self._stop = card, progress, stop
        self._log: EventLog | None = None
        self._sampler: dict[str, Any] = {}
        self._began = self._reported = 0.0
        self._throughput = Throughput()

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint."""
        stepper = self.stepper
        stepper.network.load_state_dict(state["model"])
        stepper.average.module.load_state_dict(state["average"])
        stepper.optimiser.load_state_dict(state["optimiser"])
        if state["scaler"]:
            stepper.scaler.load_state_dict(state["scaler"])
        stepper.pieces, stepper.skipped = state["pieces"], state["skipped"]
        self.at = TrainingState(**state["standing"])
        self._sampler = state["sampler"]
        restore_random_states(state["random"])

    def run(self, batches: Iterator[Batch]) -> State:
        """Take the steps that are left; ``finished`` or ``stopped``."""
        last = self.settings.optimisation.steps
        self._began, self._throughput = time.time(), Throughput()
        if self.group.first:
            self._log = EventLog(self.folder.log)
        try:
            self._tell("running", force=True)
            if self.at.owes_validation(self.settings) and not self._validated():
                return "stopped"
            self.stepper.network.train()
            if self.at.step >= last or self.at.has_given_up(self.settings):
                return "finished"
            before = time.perf_counter()
            for batch in batches:
                report = self.stepper.take(batch.arrays, self.at.step + 1)
                seconds = time.perf_counter() - before
                self.at.step, self._sampler = self.at.step + 1, batch.state
                self.at.seconds += seconds
                self._note(report, seconds)
                state = self._after(self.at.step == last)
                self._throughput.step()
                if state is not None:
                    return state
                before = time.perf_counter()
        finally:
            if self._log is not None:
                self._log.close()
                self._throughput.remember(self.settings, self.settings.optimisation.batch * self.group.world)
        raise AssertionError("batches have no end")

    def _after(self, ended: bool) -> State | None:
        """Validate, keep, pause or stop after a step; the state in which the run ends with it, if it does."""
        every = self.settings.validation.every
        if every and (self.at.step % every == 0 or ended):
            if not self._validated():
                self._keep()
                return "stopped"
            ended = self.group.any(ended or self.at.has_given_up(self.settings))
        requested = self._requested()
        if ended or requested != "run" or self.at.step % self.settings.checkpoint_every == 0:
            self._keep()
        if ended:
            return "finished"
        if requested == "pause":
            requested = self._pause()
        if requested == "stop":
            return "stopped"
        self._tell("running")
        return None

    def _validated(self) -> bool:
        """Validate; False where the run was asked to stop meanwhile: it is done again when the run goes on."""
        if self.group.any(not self._validate()):
            return False
        self.at.validated = self.at.step
        return True

    def _requested(self) -> Request:
        """Request to this or any process of the run."""
        asked = self.folder.requested() if self.group.first else "run"
        stop, pause = self.group.highest([float(self._stop() or asked == "stop"), float(asked == "pause")])
        return "stop" if stop else "pause" if pause else "run"

    def _pause(self) -> Request:
        self._tell("paused", force=True)
        requested = self._requested()
        while requested == "pause":
            time.sleep(_LOOK)
            requested = self._requested()
        self._throughput.skip()
        return requested

    def _note(self, report: StepReport, seconds: float) -> None:
        for notice in report.notices:
            self._warn(notice)
        if self._log is None:
            return
        values: dict[str, Any] = {"loss": report.losses["loss"], **report.losses}
        values |= {"learning_rate": report.learning_rate, "grad_norm": report.grad_norm}
        values |= {"sequences_per_second": report.sequences / seconds}
        self._log.write("step", self.at.step, values | ({"skipped": True} if report.skipped else {}))
        if self._progress is not None:
            text = f"step {self.at.step} of {self.settings.optimisation.steps}, loss {report.losses['loss']:.4g}"
            text += f", {report.sequences / seconds:.3g} sequences/s"
            if self.at.best:
                text += f", t2 {self.at.best['t2']:.3f} (persistence {self.at.best['persistence_t2']:.3f})"
            self._progress(self.at.step / self.settings.optimisation.steps, text)

    def _warn(self, text: str) -> None:
        if self._log is not None:
            self._log.write("notice", self.at.step, {"text": text})
            warnings.warn(text, SceneWarning, stacklevel=2)

    def _validate(self) -> bool:
        if self.held_out is None or self._log is None:
            return True
        from napari_icenet.predictors.learned import predictor_of

        began = time.perf_counter()
        sample = self.folder.path / "samples" / f"step-{self.at.step:08d}.png"
        network = self.stepper.average.module
        predictor = predictor_of(network, self._card, **self.settings.validation.options)
        try:
            judgement, made = self.held_out.judge(predictor, stop=self._tell_and_look)
        except Cancelled:
            return False
        results = self._results(judgement)
        better = self.at.improved_by(results["t2"])
        if self.settings.validation.samples:
            write_sample(sample, self.held_out, judgement, made, self.settings.validation.samples)
        if better:
            self.at.best, self.at.since_best = results, 0
            save_weights(self.folder.best, network, self._filled_card(), half=self.settings.half)
        else:
            self.at.since_best += 1
        values = results | {"best": better, "seconds": time.perf_counter() - began}
        if self.settings.validation.samples:
            values["sample"] = str(sample.relative_to(self.folder.path))
        self._log.write("validation", self.at.step, {k: v for k, v in values.items() if k != "step"})
        return True

    def _tell_and_look(self) -> bool:
        """Tell that the run goes on, and look whether it is asked to stop."""
        # A validation takes minutes on a slow machine; whoever looks on is told meanwhile.
        self._tell("running")
        return self._stop() or self.folder.requested() == "stop"

    def _results(self, judgement: Judgement) -> dict[str, Any]:
        names = ("t1", "t2", "persistence_t1", "persistence_t2")
        return {"step": self.at.step, "sequences": judgement.counted} | {
            name: round(getattr(judgement, name), 6) for name in names
        }

    def _filled_card(self) -> Card:
        """The card, with what is known at this step."""
        results = {"validation": dict(self.at.best)} if self.at.best else {}
        return self._card.model_copy(update={"steps": self.at.step, "results": results})

    def _keep(self) -> None:
        """Write a checkpoint and the last weights."""
        if not self.group.first:
            return
        stepper = self.stepper
        save_checkpoint(
            self.folder.checkpoints,
            self.at.step,
            {
                "settings": json.dumps(self.settings.model_dump(mode="json")),
                "standing": dict(vars(self.at)),
                "model": stepper.network.state_dict(),
                "average": stepper.average.module.state_dict(),
                "optimiser": stepper.optimiser.state_dict(),
                "scaler": stepper.scaler.state_dict(),
                "sampler": self._sampler,
                "random": random_states(),
                "pieces": stepper.pieces,
                "skipped": stepper.skipped,
            },
        )
        save_weights(self.folder.last, stepper.average.module, self._filled_card(), half=self.settings.half)

    def _tell(self, state: State, *, force: bool = False) -> None:
        now = time.monotonic()
        if not self.group.first or (now - self._reported < _REPORT and not force):
            return
        self._reported = now
        self.folder.write_status(self.status(state))

    def status(self, state: State, message: str = "") -> RunStatus:
        """Status of the run: steps, seconds left and best scores."""
        last, step_seconds = self.settings.optimisation.steps, self._throughput.seconds
        together = self.settings.optimisation.batch * self.group.world
        return RunStatus(
            state=state,
            pid=os.getpid(),
            host=socket.gethostname(),
            step=self.at.step,
            of=last,
            seconds=round(self.at.seconds, 1),
            seconds_left=None if step_seconds is None else round(step_seconds * (last - self.at.step), 1),
            sequences_per_second=float(f"{together / step_seconds:.4g}") if step_seconds else None,
            message=message,
            device=str(self.stepper.device),
            precision=type_name(self.stepper.kind),
            t2=self.at.best.get("t2"),
            persistence_t2=self.at.best.get("persistence_t2"),
            best_step=self.at.best.get("step"),
            started=self._began,
        )
