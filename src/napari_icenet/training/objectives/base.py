"""Protocol of an objective: a network, batches for it, and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from napari_icenet.training.data.examples import Examples


class Objective(Protocol):
    """Objective of one kind of network. Built as ``Class(network, settings)``.

    Attributes
    ----------
    network : nn.Module
        What is trained; all of its parameters that need a gradient.
    wants_positions : bool
        Whether :meth:`prepare` needs the sub-pixel positions of the frames.
    settings_type : type of BaseModel
        Its options: a frozen pydantic model whose fields all have defaults.
    """

    network: nn.Module
    wants_positions: ClassVar[bool]
    settings_type: ClassVar[type[BaseModel]]

    def prepare(self, examples: Examples, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """Make a batch: random choice of frames, augmentation, units.

        Runs on the CPU, in a thread, ahead of the step; nothing but ``rng`` may be random. The first
        axis of every array is that of the sequences, so that a batch too large for the memory can be cut.
        """
        ...

    def losses(self, batch: dict[str, Tensor], step: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses of a batch: the sum that is minimised, ``loss``, and its terms, each a mean over the batch.

        Runs under autocast where precision is mixed. Random numbers come from ``generator``, which is
        on the batch's device.
        """
        ...
