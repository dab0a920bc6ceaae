"""The optimiser, its learning rate at every step, and the moving average of the weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from napari_icenet.training.settings import OptimisationSettings


def make_optimiser(parameters: Iterable[nn.Parameter], settings: OptimisationSettings) -> torch.optim.Optimizer:
    """Adam or AdamW over the parameters that learn."""
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    kind = torch.optim.Adam if settings.optimiser == "adam" else torch.optim.AdamW
    return kind(learning, lr=settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay)


def learning_rate(step: int, settings: OptimisationSettings) -> float:
    """Learning rate of a step, counted from 1: a straight rise, then a half cosine down.

    It depends on nothing but the step, so that there is no state to be saved.
    """
    if step <= settings.warm_up:
        return settings.learning_rate * step / (settings.warm_up + 1)
    left = max(settings.steps - settings.warm_up, 1)
    done = min((step - settings.warm_up) / left, 1)
    share = settings.final_share + (1 - settings.final_share) * (1 + math.cos(math.pi * done)) / 2
    return settings.learning_rate * share


class WeightAverage(AveragedModel):
    """Exponential moving average of a network's weights: smoother than any step, and better on held-out ice.

    At first it forgets quickly, so that the random start does not linger: step n keeps
    min(keep, (1 + n) / (10 + n)). What is no parameter (counts and means of norm layers) is copied.

    Parameters
    ----------
    network : nn.Module
        Copied: ``module`` is a network of its own, in evaluation mode.
    keep : float
        Share that is kept at each step; 0 follows the weights.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        def average(means: Sequence[Tensor], news: Sequence[Tensor], step: Tensor | int) -> None:
            kept = min(keep, (1 + int(step)) / (10 + int(step)))
            torch._foreach_lerp_(list(means), list(news), 1 - kept)

        super().__init__(network, multi_avg_fn=average)
        self.module.eval()

    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after a step, counted from 1; steps that were skipped count."""
        self.n_averaged.fill_(step)
        self.update_parameters(network)
