"""The moving average of a network's weights: smoother than any step, and better on held-out ice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average of the weights.

    At first it forgets quickly, so that the random start does not linger: step n keeps
    min(keep, (1 + n) / (10 + n)). What is no parameter (counts and means of norm layers) is copied.

    Parameters
    ----------
    network : nn.Module
    keep : float
        Share that is kept at each step; 0 follows the weights.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self._network, self._keep = network, keep
        self._names = {name for name, _ in network.named_parameters()}
        self._mean = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        keep = min(self._keep, (1 + step) / (10 + step))
        means, news = [], []
        for name, tensor in self._network.state_dict().items():
            if name in self._names and tensor.is_floating_point():
                means.append(self._mean[name])
                news.append(tensor)
            else:
                self._mean[name].copy_(tensor)
        torch._foreach_lerp_(means, news, 1 - keep)

    @contextmanager
    def in_place(self) -> Iterator[nn.Module]:
        """The network with the averaged weights, in evaluation mode, for as long as the context lasts."""
        own = {name: tensor.detach().clone() for name, tensor in self._network.state_dict().items()}
        training = self._network.training
        self._network.load_state_dict(self._mean)
        self._network.eval()
        try:
            yield self._network
        finally:
            self._network.load_state_dict(own)
            self._network.train(training)

    @property
    def state(self) -> dict[str, Tensor]:
        """The averaged tensors, by name."""
        return dict(self._mean)

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continue with what was averaged before."""
        for name, tensor in self._mean.items():
            tensor.copy_(state[name])
