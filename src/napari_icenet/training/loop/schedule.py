"""The optimiser, and its learning rate at every step."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from napari_icenet.training.settings import OptimisationSettings


def make_optimiser(parameters: Iterable[torch.nn.Parameter], settings: OptimisationSettings) -> torch.optim.Optimizer:
    """Adam or AdamW over the parameters that learn."""
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    kind = torch.optim.Adam if settings.optimiser == "adam" else torch.optim.AdamW
    return kind(learning, lr=settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay)


def learning_rate(step: int, settings: OptimisationSettings) -> float:
    """The learning rate of a step, counted from 1: a straight rise, then a half cosine down.

    It depends on nothing but the step, so that there is no state to be saved.
    """
    if step <= settings.warm_up:
        return settings.learning_rate * step / (settings.warm_up + 1)
    left = max(settings.steps - settings.warm_up, 1)
    done = min((step - settings.warm_up) / left, 1)
    share = settings.final_share + (1 - settings.final_share) * (1 + math.cos(math.pi * done)) / 2
    return settings.learning_rate * share
