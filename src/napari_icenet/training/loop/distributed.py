"""Several processes that train one network, each on its part of the batch: started by ``torchrun``.

Gradients are averaged after the backward pass, in one message. So a process that runs out of memory,
meets a loss that is not finite, or is asked to stop can tell the others before any of them waits for
gradients that never come.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

#: Validation and preparation happen in the first process; the others wait as long as this.
_PATIENCE = timedelta(hours=24)


class Group:
    """The processes of a run; one alone, unless ``torchrun`` started it.

    Attributes
    ----------
    rank, world, local_rank : int
        Number of this process, how many there are, and its number on this machine.
    """

    def __init__(self, device_type: str = "cpu") -> None:
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        self._own = self.world > 1 and not dist.is_initialized()
        # gloo carries what is decided on the CPU, nccl the gradients of GPUs.
        backend = "cpu:gloo,cuda:nccl" if device_type == "cuda" else "gloo"
        if self._own:
            dist.init_process_group(backend, timeout=_PATIENCE)

    @property
    def first(self) -> bool:
        """True if this process speaks and writes for all."""
        return self.rank == 0

    def close(self) -> None:
        """Leave the group."""
        if self._own and dist.is_initialized():
            dist.destroy_process_group()

    def wait(self) -> None:
        """Until all processes have come here."""
        if self.world > 1:
            dist.barrier()

    def highest(self, values: Sequence[float]) -> list[float]:
        """The highest of each value over all processes."""
        return self._over_all(values, dist.ReduceOp.MAX)

    def mean(self, values: Sequence[float]) -> list[float]:
        """The mean of each value over all processes."""
        return [value / self.world for value in self._over_all(values, dist.ReduceOp.SUM)]

    def any(self, flag: bool) -> bool:
        """True if the flag is raised in any process."""
        return self.highest([float(flag)])[0] > 0

    def _over_all(self, values: Sequence[float], how: dist.ReduceOp.RedOpType) -> list[float]:
        if self.world == 1:
            return list(values)
        shared = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(shared, how)
        return [float(value) for value in shared]

    def share_weights(self, network: nn.Module) -> None:
        """Give all processes the first one's tensors."""
        if self.world > 1:
            for tensor in network.state_dict().values():
                dist.broadcast(tensor, 0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace the gradients by their mean over all processes."""
        if self.world == 1:
            return
        every = [parameter for parameter in parameters if parameter.requires_grad]
        used = self.highest([float(parameter.grad is not None) for parameter in every])
        chosen = [parameter for parameter, use in zip(every, used, strict=True) if use]
        for parameter in chosen:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self._average([parameter.grad for parameter in chosen if parameter.grad is not None])

    def average_buffers(self, network: nn.Module) -> None:
        """Replace what norm layers have gathered by its mean over all processes."""
        if self.world > 1:
            self._average([buffer for buffer in network.buffers() if buffer.is_floating_point()])

    def _average(self, tensors: Sequence[Tensor]) -> None:
        if not tensors:
            return
        flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])
        dist.all_reduce(flat, dist.ReduceOp.SUM)
        flat /= self.world
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.detach().copy_(part.view_as(tensor))
