"""One step of the optimiser: losses, gradients over pieces and processes, and what may go wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_icenet.errors import TrainingError
from napari_icenet.models.precision import arithmetic
from napari_icenet.training.loop.distributed import Group
from napari_icenet.training.loop.optim import WeightAverage, learning_rate, make_optimiser
from napari_icenet.training.objectives.base import Objective
from napari_icenet.training.settings import RunSettings

#: Steps in a row without a finite loss after which a run gives up; scaled gradients of fp16 may overflow longer.
MOST_SKIPPED, MOST_OVERFLOWN = 5, 40
_NOISE = 13


@dataclass(frozen=True)
class StepReport:
    """Report of a step: losses, gradient and notices.

    Attributes
    ----------
    losses : dict of str to float
        ``loss`` and its terms, means over all processes; not finite where the step was skipped for it.
    learning_rate : float
    grad_norm : float
        Length of the gradient before it was clipped.
    skipped : bool
        Whether the weights were left as they were, for loss or gradient were not finite.
    sequences : int
        Of all processes.
    notices : tuple of str
        What the user should know of.
    """

    losses: dict[str, float]
    learning_rate: float
    grad_norm: float
    skipped: bool
    sequences: int
    notices: tuple[str, ...] = ()


class Stepper:
    """Takes steps.

    Parameters
    ----------
    objective : Objective
        Its network must be on the device already.
    settings : RunSettings
    device : torch.device
    kind : torch.dtype
        Of mixed precision; float32 for none.
    group : Group
    """

    def __init__(
        self, objective: Objective, settings: RunSettings, device: torch.device, kind: torch.dtype, group: Group
    ) -> None:
        self.objective, self.device, self.kind, self.group = objective, device, kind, group
        self._settings, self._seed = settings.optimisation, settings.seed
        self.network = objective.network
        self._parameters = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimiser = make_optimiser(self._parameters, self._settings)
        self.average = WeightAverage(self.network, self._settings.average)
        self.scaler = torch.amp.GradScaler(device.type, enabled=kind == torch.float16)
        self.pieces = self._settings.pieces
        self.skipped = 0
        self._generator = torch.Generator(device)

    def take(self, arrays: Mapping[str, NDArray[Any]], step: int) -> StepReport:
        """Take a step, counted from 1.

        Parameters
        ----------
        arrays : mapping of str to array
            This process's part of the batch.
        step : int

        Raises
        ------
        TrainingError
            The loss is not finite again and again, or the memory does not hold even one sequence.
        """
        batch = {name: torch.from_numpy(np.ascontiguousarray(array)).to(self.device) for name, array in arrays.items()}
        size = len(next(iter(batch.values())))
        notices: tuple[str, ...] = ()
        gathered = [buffer.clone() for buffer in self.network.buffers()]
        while True:
            losses = self._gradients(batch, size, step)
            if not self.group.any(losses is None):
                break
            notices = (self._in_smaller_pieces(size),)
        assert losses is not None
        means = dict(zip(losses, self.group.mean(list(losses.values())), strict=True))
        rate = learning_rate(step, self._settings)
        norm, done = self._descend(rate) if math.isfinite(means["loss"]) else (math.nan, False)
        if done:
            self.average.update(self.network, step)
        else:
            # Norm layers have already taken in what was not finite.
            for buffer, before in zip(self.network.buffers(), gathered, strict=True):
                buffer.copy_(before)
        self._count_skipped(step, done, means["loss"])
        return StepReport(means, rate, norm, not done, size * self.group.world, notices)

    def _gradients(self, batch: dict[str, Tensor], size: int, step: int) -> dict[str, float] | None:
        """Losses of the batch, their gradients left with the parameters; None where memory ran out."""
        self.optimiser.zero_grad(set_to_none=True)
        # The numbers of a step depend on nothing but the run's seed and the step: there is no state to be saved.
        self._generator.manual_seed(_seed(self._seed, step, self.group.rank))
        torch.manual_seed(_seed(self._seed + 1, step, self.group.rank))
        totals: dict[str, Tensor] = {}
        # What is summed up stays on the device until the end: asking for it would wait for the GPU.
        try:
            for start in range(0, size, math.ceil(size / self.pieces)):
                piece = {name: tensor[start : start + math.ceil(size / self.pieces)] for name, tensor in batch.items()}
                share = len(next(iter(piece.values()))) / size
                with arithmetic(self.device, self.kind):
                    losses = self.objective.losses(piece, step, self._generator)
                self.scaler.scale(losses["loss"] * share).backward()  # type: ignore[no-untyped-call]
                for name, loss in losses.items():
                    totals[name] = totals.get(name, 0) + loss.detach().float() * share
        except torch.OutOfMemoryError:
            return None
        except RuntimeError as error:
            if "can't allocate memory" not in str(error):
                raise
            return None
        values = torch.stack(list(totals.values())).cpu().tolist()
        return dict(zip(totals, values, strict=True))

    def _in_smaller_pieces(self, size: int) -> str:
        self.optimiser.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.pieces >= size:
            raise TrainingError(
                f"the memory of {self.device} does not hold even one sequence at a time; choose a smaller network."
            )
        self.pieces = min(2 * self.pieces, size)
        return (
            f"the memory of {self.device} does not hold {size} sequences at once; "
            f"from now on each batch is worked through in {self.pieces} pieces"
        )

    def _descend(self, rate: float) -> tuple[float, bool]:
        """Length of the gradient, and whether the weights were changed along it."""
        self.group.average_gradients(self._parameters)
        self.group.average_buffers(self.network)
        for part in self.optimiser.param_groups:
            part["lr"] = rate
        self.scaler.unscale_(self.optimiser)
        clip = self._settings.clip or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(self._parameters, clip))
        finite = math.isfinite(norm)
        if finite or self.scaler.is_enabled():
            self.scaler.step(self.optimiser)
            self.scaler.update()
        return norm, finite

    def _count_skipped(self, step: int, done: bool, loss: float) -> None:
        self.skipped = 0 if done else self.skipped + 1
        overflow = self.scaler.is_enabled() and math.isfinite(loss)
        if self.skipped >= (MOST_OVERFLOWN if overflow else MOST_SKIPPED):
            raise TrainingError(
                f"loss or gradient was not finite in {self.skipped} steps in a row, up to step {step}; "
                "lower the learning rate, or train in fp32."
            )


def _seed(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, _NOISE, step, rank]).generate_state(1, np.uint64)[0] >> 1)
