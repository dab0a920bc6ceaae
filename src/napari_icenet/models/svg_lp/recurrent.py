"""Recurrent parts: LSTMs over vectors or over maps, and normal distributions from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from napari_icenet.models.svg_lp.settings import COARSEST, SvgLpSettings

#: Hidden and cell state of all layers.
State = tuple[Tensor, Tensor]


class VectorRecurrent(nn.Module):
    """A linear layer and LSTMs over sequences of vectors."""

    def __init__(self, inputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, hidden)
        self.lstm = nn.LSTM(hidden, hidden, layers)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Outputs (T, b, hidden) and the last state for inputs (T, b, inputs); without a state it begins with zero."""
        out, after = self.lstm(self.enter(inputs), state)
        return out, after


class ConvolutionalRecurrent(nn.Module):
    """Convolutional LSTMs (Shi et al. 2015, without peepholes) over sequences of maps.

    Parameters
    ----------
    inputs, hidden, layers : int
        Channels of the maps, and layers.
    """

    def __init__(self, inputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs, hidden, 3, padding=1)
        self.gates = nn.ModuleList(nn.Conv2d(2 * hidden, 4 * hidden, 3, padding=1) for _ in range(layers))
        self.hidden = hidden

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Outputs (T, b, hidden, 4, 4) and the last state for inputs (T, b, inputs, 4, 4)."""
        entered = _each(self.enter, inputs)
        if state is None:
            zero = entered.new_zeros(len(self.gates), *entered.shape[1:])
            state = zero, zero
        outputs, hiddens, cells = [], list(state[0]), list(state[1])
        for now in entered:
            for layer, gates in enumerate(self.gates):
                below = hiddens[layer - 1] if layer else now
                keep, write, show, new = gates(torch.cat([below, hiddens[layer]], 1)).chunk(4, 1)
                cells[layer] = torch.sigmoid(keep) * cells[layer] + torch.sigmoid(write) * torch.tanh(new)
                hiddens[layer] = torch.sigmoid(show) * torch.tanh(cells[layer])
            outputs.append(hiddens[-1])
        return torch.stack(outputs), (torch.stack(hiddens), torch.stack(cells))


@dataclass(frozen=True, eq=False)
class Normal:
    """Independent normal distributions.

    Attributes
    ----------
    mean, log_variance : Tensor, (T, b, z) or (T, b, z/16, 4, 4)
    """

    mean: Tensor
    log_variance: Tensor

    def at(self, noise: Tensor) -> Tensor:
        """μ + ε·σ for standard normal noise ε."""
        return self.mean + noise * torch.exp(0.5 * self.log_variance)

    def divergence(self, other: Normal) -> Tensor:
        """Kullback–Leibler divergence KL(self ‖ other), summed over the dimensions of z, (T, b)."""
        difference = self.log_variance - other.log_variance
        distance = (self.mean - other.mean).square() * torch.exp(-other.log_variance)
        return 0.5 * (torch.expm1(difference) - difference + distance).flatten(2).sum(2)


class LatentDistribution(nn.Module):
    """The posterior or the prior: a recurrent part with heads for μ and log σ² of z."""

    def __init__(self, settings: SvgLpSettings) -> None:
        super().__init__()
        self.recurrent = _recurrent(settings, settings.features)
        latent = latent_shape(settings)[0]
        self.mean = _projection(settings, latent)
        self.log_variance = _projection(settings, latent)

    def forward(self, features: Tensor, state: State | None = None) -> tuple[Normal, State]:
        """Distributions of z after each of the features (T, b, …), and the last state."""
        out, after = self.recurrent(features, state)
        return Normal(_each(self.mean, out), _each(self.log_variance, out)), after


class FeaturePredictor(nn.Module):
    """From the features of a frame and z to those of the next."""

    def __init__(self, settings: SvgLpSettings) -> None:
        super().__init__()
        self.recurrent = _recurrent(settings, settings.features + latent_shape(settings)[0])
        self.leave = _projection(settings, settings.features)

    def forward(self, features: Tensor, latent: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Features of the next frames (T, b, …), from −1 to 1, and the last state."""
        out, after = self.recurrent(torch.cat([features, latent], 2), state)
        return torch.tanh(_each(self.leave, out)), after


def latent_shape(settings: SvgLpSettings) -> tuple[int, ...]:
    """Shape of z of one frame."""
    if settings.recurrent == "vector":
        return (settings.latent,)
    return settings.latent // COARSEST**2, COARSEST, COARSEST


def _recurrent(settings: SvgLpSettings, inputs: int) -> nn.Module:
    kind = VectorRecurrent if settings.recurrent == "vector" else ConvolutionalRecurrent
    return kind(inputs, settings.hidden, settings.layers)


def _projection(settings: SvgLpSettings, out: int) -> nn.Module:
    if settings.recurrent == "vector":
        return nn.Linear(settings.hidden, out)
    return nn.Conv2d(settings.hidden, out, 3, padding=1)


def _each(layer: Any, sequence: Tensor) -> Tensor:
    """A layer applied to each step of a sequence (T, b, …)."""
    out: Tensor = layer(sequence.flatten(0, 1))
    return out.view(*sequence.shape[:2], *out.shape[1:])
